"""The peer of the published scores: comorbidipy (PyPI), on the scores that it has.

    comorbidipy_peer.py --input codes.csv --out scores.csv

Writes person_id,charlson,elixhauser,hfrs and prints one line of JSON: versions and seconds, reading and writing left out.
The package is used as installed. Version 0.5.0 looks for a warning class where pandas kept it until 1.4; it is put there again.
"""
import argparse
import json
import resource
import time

import pandas
import pandas.core.common
import pandas.errors

pandas.core.common.SettingWithCopyWarning = pandas.errors.SettingWithCopyWarning
import comorbidipy  # noqa: E402

options = argparse.ArgumentParser()
options.add_argument("--input", required=True)
options.add_argument("--out", required=True)
asked = options.parse_args()

people = pandas.read_csv(asked.input, dtype=str).rename(columns={"person_id": "id"})
seconds, processor, scores = {}, {}, {}


def timed(name, work):
    copy = people.copy()
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.time()
    result = work(copy)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds[name] = time.time() - start
    processor[name] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return result


scores["charlson"] = timed("charlson", lambda d: comorbidipy.comorbidity(d, age=None, score="charlson", icd="icd10", variant="quan", weighting="quan")).set_index("id")["comorbidity_score"]
scores["elixhauser"] = timed("elixhauser", lambda d: comorbidipy.comorbidity(d, age=None, score="elixhauser", icd="icd10", variant="quan", weighting="vw")).set_index("id")["comorbidity_score"]
scores["hfrs"] = timed("hfrs", lambda d: comorbidipy.hfrs(d)).set_index("id")["hfrs"]
table = pandas.DataFrame(scores)
table.index.name = "person_id"
table.sort_index().to_csv(asked.out, float_format="%.10g")
from comorbidipy.mapping import mapping  # noqa: E402

order = {name: list(mapping[f"{name}_icd10_quan"]) for name in ("charlson", "elixhauser")}
print(json.dumps({"order": order, "comorbidipy": comorbidipy.__version__, "pandas": pandas.__version__, "seconds": seconds, "processor_seconds": processor}))
