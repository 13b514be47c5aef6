"""./run bench risk: each part checks answers first, then times. Prints one BENCH line a figure, last.

    run.py [--part scores] [--part training] [--part features] [--part uci]      all of them unless some are named

Writes bench/results/risk.json; figures of parts that were not run now stay there as they were, each with the day it was measured.
"""
import argparse
import datetime
import json
import os
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here))
import models  # noqa: E402
import scores  # noqa: E402

parts = {"scores": (scores, scores.figures), "training": (models, models.training), "features": (models, models.features), "uci": (models, models.uci)}
choice = argparse.ArgumentParser()
choice.add_argument("--part", action="append", choices=list(parts))
chosen, _ = choice.parse_known_args()
path = pathlib.Path("bench/results/risk.json")
lines = []
if not chosen.part:
    path.unlink(missing_ok=True)
for name in chosen.part or parts:
    module, figures = parts[name]
    asked, _ = module.options().parse_known_args()
    results = {}
    for figure, value, unit, bar, met in figures(asked):
        verdict = "" if met is None else " met" if met else " missed"
        lines.append(f"BENCH {figure} {value:.6g} {unit} (bar: {bar}){verdict}")
        results[figure] = {"value": value, "unit": unit, "bar": bar, "met": met, "part": name, "measured": datetime.date.today().isoformat()}
        print(f"  {name}: {lines[-1]}", file=sys.stderr, flush=True)
    os.makedirs(path.parent, exist_ok=True)
    kept = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(kept | results, indent=1) + "\n")
print("\n".join(lines))
