"""./run bench linkage: ours beside Splink on the same model, rules and records; answers are compared before times.

    run.py [--rows 1000000] [--no-growth] [--program P] [--names DIR] [--results bench/results/linkage.json]

Runs in a Python that holds requirements.lock (./run bench makes one). Prints one BENCH line a figure, last.
Wall-clock figures mean little unless nothing else runs.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve().parent
options = argparse.ArgumentParser()
shared = os.environ.get("JOINEDUP_SHARED_DATA", str(here.parent.parent.parent / "shared" / "data"))
options.add_argument("--program")
options.add_argument("--names", default=shared + "/linkage/names")
options.add_argument("--python", default=sys.executable)
options.add_argument("--rows", type=int, default=1000000)
options.add_argument("--no-growth", dest="growth", action="store_false")
options.add_argument("--work", default="bench/scratch/linkage")
options.add_argument("--results", default="bench/results/linkage.json")
asked = options.parse_args()
os.makedirs(asked.work, exist_ok=True)
if not asked.program:
    subprocess.run(["cmake", "--preset", "release"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "linkage_benchmark", "-j2"], check=True, stdout=subprocess.DEVNULL)
    asked.program = "build/release/bin/linkage_benchmark"
lines, results = [], {}


def note(name, value, unit, bar, met):
    verdict = "" if met is None else " met" if met else " missed"
    lines.append(f"BENCH {name} {value:.4g} {unit} (bar: {bar}){verdict}")
    results[name] = {"value": value, "unit": unit, "bar": bar, "met": met}


def records(rows):
    path = f"{asked.work}/records_{rows}.parquet"
    if not os.path.exists(path):
        subprocess.run([asked.python, here / "make_records.py", "--rows", str(rows), "--names", asked.names, "--out", path], check=True)
    return path


def ours(rows, extra=(), out="ours"):
    command = [asked.program, "link-files", "--spec", str(here / "model.json"), "--input", records(rows), "--out", f"{asked.work}/{out}_{rows}", "--no-train",
               "--min-probability", "0.5", "--cluster-probability", "0.95", "--format", "parquet", "--threads", "2", "--json", "--quiet", *extra]
    start = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit("our run failed")
    return json.loads(output), time.time() - start, usage


found, seconds, usage = ours(asked.rows)
peer_out = f"{asked.work}/peer_{asked.rows}"
before = resource.getrusage(resource.RUSAGE_CHILDREN)
peer = subprocess.run([asked.python, here / "splink_peer.py", "--model", here / "model.json", "--input", records(asked.rows), "--out", peer_out], stdout=subprocess.PIPE)
after = resource.getrusage(resource.RUSAGE_CHILDREN)
if peer.returncode != 0:
    lines.append("BENCH linkage_peer 0 runs (bar: Splink installs and runs) missed")
else:
    theirs = json.loads(peer.stdout.decode().strip().splitlines()[-1])
    same = subprocess.run([asked.python, here / "compare.py", f"{asked.work}/ours_{asked.rows}", peer_out]).returncode == 0
    note("linkage_same_pairs_weights_clusters", float(same), "true", "1", same)
    if same:
        note("linkage_times_faster_than_splink", theirs["seconds"] / seconds, "times", "20", theirs["seconds"] >= 20 * seconds)
        peer_cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        note("linkage_times_less_processor_time", peer_cpu / (usage.ru_utime + usage.ru_stime), "times", "reported", None)
note("linkage_end_to_end", seconds, "s", "reported", None)
rate = found["pairs_scored"] / found["seconds"]["scoring"]
note("linkage_pairs_a_second", rate, "pairs/s", "1e7", rate >= 1e7)
peak = usage.ru_maxrss / 1024 / 1024
note("linkage_peak_memory", peak, "GiB", "4", peak <= 4)
if asked.growth:
    base = None
    for rows in (100000, 1000000, 3000000):
        grown, taken, _ = ours(rows, out="growth")
        each = taken / grown["pairs_scored"]
        note(f"linkage_growth_{rows}", taken, "s", "time a pair no worse than at 100,000 records", base is None or each <= base)
        base = base or each
os.makedirs(os.path.dirname(asked.results) or ".", exist_ok=True)
with open(asked.results, "w") as file:
    json.dump(results, file, indent=1)
print("\n".join(lines))
