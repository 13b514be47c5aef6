"""People with ICD-10 codes for the benchmark of published scores: person_id,code, eight codes a person on average.

    make_people.py --people 1000000 --out codes.csv [--seed 1]

Codes are drawn from every prefix of our score files, some with a further character, and from codes in no group. The file is
in order of person, as an extract is.
"""
import argparse
import csv
import pathlib

import numpy

options = argparse.ArgumentParser()
options.add_argument("--people", type=int, required=True)
options.add_argument("--out", required=True)
options.add_argument("--seed", type=int, default=1)
asked = options.parse_args()
data = pathlib.Path(__file__).resolve().parents[2] / "modules" / "risk" / "data"

pool = set()
for name in ("hfrs", "charlson_quan2011", "elixhauser_vw"):
    with open(data / f"{name}.csv", encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            for code in row["codes"].split():
                pool.add(code if len(code) > 3 else code + "9")
listed = sorted(pool)
# As common as in a hospital's file: most codes are in no group of most scores.
others = [f"{letter}{number:03d}" for letter in "AHJKLMNOQRSTZ" for number in range(5, 1000, 37)]
pool = numpy.array(listed + [code for code in others if code not in pool])
weight = numpy.where(numpy.arange(len(pool)) < len(listed), 1.0 / len(listed), 1.0 / (len(pool) - len(listed)))

random = numpy.random.default_rng(asked.seed)
count = random.poisson(7, asked.people) + 1
person = numpy.repeat(numpy.arange(asked.people), count)
code = pool[random.choice(len(pool), size=len(person), p=weight / weight.sum())]
with open(asked.out, "w", encoding="utf-8") as file:
    file.write("person_id,code\n")
    for first in range(0, len(person), 1000000):
        file.write("".join(f"p{p:07d},{c}\n" for p, c in zip(person[first:first + 1000000], code[first:first + 1000000])))
