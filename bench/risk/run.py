"""./run bench risk: each part checks answers first, then times. Prints one BENCH line a figure, last.

A part is a module of this folder with options() and figures(asked); those that are there are run: scores, models.
"""
import importlib
import importlib.util
import json
import os
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here))
lines, results = [], {}
for part in ("scores", "models"):
    if importlib.util.find_spec(part) is None:
        continue
    module = importlib.import_module(part)
    asked, _ = module.options().parse_known_args()
    for name, value, unit, bar, met in module.figures(asked):
        verdict = "" if met is None else " met" if met else " missed"
        lines.append(f"BENCH {name} {value:.6g} {unit} (bar: {bar}){verdict}")
        results[name] = {"value": value, "unit": unit, "bar": bar, "met": met}
os.makedirs("bench/results", exist_ok=True)
with open("bench/results/risk.json", "w") as file:
    json.dump(results, file, indent=1)
    file.write("\n")
print("\n".join(lines))
