"""Makes modules/risk/reference/comorbidipy_golden.csv: scores by comorbidipy 0.5.0 of people on whom its own rules change nothing.

    make_golden.py --work DIR     (in the Python of requirements.lock)

Left out are people with a code of two groups, with AIDS or HIV, or with a negative score by the package's uncut sum: see explain.py.
"""
import argparse
import csv
import os
import pathlib

import explain
import scores

options = argparse.ArgumentParser()
options.add_argument("--work", required=True)
asked = options.parse_args()
os.makedirs(asked.work, exist_ok=True)
root = pathlib.Path(__file__).resolve().parents[2]
path = scores.make(asked.work, 700)
said, table = scores.theirs(asked.work, path, 700)
groups = [explain.read_score(root / "modules" / "risk" / "data" / f"{name}.csv")[0] for name in ("charlson_quan2011", "elixhauser_vw")]
people = {}
with open(path, encoding="utf-8") as file:
    for row in csv.DictReader(file):
        people.setdefault(row["person_id"], []).append(row["code"])


def plain(codes):
    for terms in groups:
        for code in codes:
            hits = [t for t, (_, prefixes) in terms.items() if prefixes and code.startswith(prefixes)]
            if len(hits) > 1 or "aids" in hits:
                return False
    return True


with open(root / "modules" / "risk" / "reference" / "comorbidipy_golden.csv", "w", encoding="utf-8") as file:
    file.write(f"# source: comorbidipy {said['comorbidipy']} (PyPI) with pandas {said['pandas']}, made by bench/risk/make_golden.py: charlson quan quan, elixhauser quan vw, hfrs\n")
    file.write("person_id,codes,charlson_quan2011,elixhauser_vw,hfrs\n")
    kept = 0
    for person, row in sorted(table.items()):
        if kept < 300 and plain(people[person]) and float(row["elixhauser"]) > 0:
            kept += 1
            file.write(f"{person},{' '.join(people[person])},{float(row['charlson']):.10g},{float(row['elixhauser']):.10g},{float(row['hfrs']):.10g}\n")
print(kept, "people")
