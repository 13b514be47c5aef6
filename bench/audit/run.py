"""./run bench audit: the log of who looked. The program holds the log to what it acknowledged before it reports a time:
verified whole, with as many events as were acknowledged, else no figure.

    --events N      how many are written and verified (1,000,000)
    --seconds S     for how long each number of waiting threads writes (3)
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess

root = pathlib.Path(__file__).resolve().parents[2]
program = pathlib.Path(os.environ.get("JOINEDUP_PROGRAMS", root / "build/release/bin")) / "audit_benchmark"
# name: what is held against it (the bar is for a million events), and which way is better
BARS = {"verify_1_threads": 10, "verify_2_threads": 10}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3)
    asked = parser.parse_args()
    place = root / "bench/scratch/audit"
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([program, place, str(asked.seconds), str(asked.events)], capture_output=True, text=True)
    load = os.getloadavg()[0]
    shutil.rmtree(place, ignore_errors=True)
    if done.returncode != 0:
        raise SystemExit("the benchmark ended: " + done.stderr[-500:])
    figures = []
    for line in done.stdout.splitlines():
        name, value, unit = line.split()
        figures.append({"name": name, "value": float(value), "unit": unit})
    out = {"events": asked.events, "load_average": load, "processors": os.cpu_count(), "figures": figures}
    (root / "bench/results/audit.json").write_text(json.dumps(out, indent=1) + "\n")
    print(f"{asked.events} events; load average {load:.1f} on {os.cpu_count()} processors; answers were compared first")
    for figure in figures:
        bar = BARS.get(figure["name"])
        verdict = ""
        if bar is not None:
            verdict = f" (bar: {bar} s for 1,000,000 events) " + ("met" if asked.events >= 1_000_000 and figure["value"] < bar else "missed")
        print(f"BENCH audit_{figure['name']} {figure['value']:g} {figure['unit']}{verdict}")


main()
