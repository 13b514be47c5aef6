"""./run bench linkage: ours beside Splink on the same model, rules and records; answers are compared before times.

    run.py [--rows 1000000] [--no-growth] [--no-added] [--no-peer] [--peer-runs 1] [--program P] [--names DIR]
           [--results bench/results/linkage.json]

Runs in a Python that holds requirements.lock (./run bench makes one). Ours and the peer take turns; of ours the median of
at least three counts, of the peer the best. Prints one BENCH line a figure, last. Wall-clock figures mean little unless
nothing else runs: the load average at the start is among the results, and processor time beside each time.
"""
import argparse
import json
import os
import pathlib
import statistics
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
options.add_argument("--peer-runs", type=int, default=1)
options.add_argument("--no-growth", dest="growth", action="store_false")
options.add_argument("--no-added", dest="added", action="store_false")
options.add_argument("--no-peer", dest="peer", action="store_false")
options.add_argument("--work", default="bench/scratch/linkage")
options.add_argument("--results", default="bench/results/linkage.json")
asked = options.parse_args()
os.makedirs(asked.work, exist_ok=True)
if not asked.program:
    subprocess.run(["cmake", "--preset", "release"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "linkage_benchmark", "-j2"], check=True, stdout=subprocess.DEVNULL)
    asked.program = "build/release/bin/linkage_benchmark"
lines, results = [], {}


def note(name, value, unit, bar, met, **more):
    verdict = "" if met is None else " met" if met else " missed"
    lines.append(f"BENCH {name} {value:.4g} {unit} (bar: {bar}){verdict}")
    results[name] = {"value": value, "unit": unit, "bar": bar, "met": met, **more}


def records(rows):
    path = f"{asked.work}/records_{rows}.parquet"
    if not os.path.exists(path):
        subprocess.run([asked.python, here / "make_records.py", "--rows", str(rows), "--names", asked.names, "--out", path], check=True)
    return path


class Run:
    """One command: its standard output, seconds, processor seconds, peak memory."""

    def __init__(self, command):
        start = time.time()
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE)
        self.output = process.stdout.read().decode()
        _, self.status, usage = os.wait4(process.pid, 0)
        self.seconds = time.time() - start
        self.processor = usage.ru_utime + usage.ru_stime
        self.gibibytes = usage.ru_maxrss / 1024 / 1024

    def last(self):
        return json.loads(self.output.strip().splitlines()[-1])


def ours(path, out, *extra, spec=here / "model.json"):
    run = Run([asked.program, "link-files", "--spec", spec, "--input", path, "--out", f"{asked.work}/{out}", "--no-train", "--min-probability", "0.5",
               "--cluster-probability", "0.95", "--format", "parquet", "--threads", "2", "--json", "--quiet", *extra])
    if run.status != 0:
        raise SystemExit("our run failed")
    return run


def same(one, other, **more):
    command = [asked.python, here / "compare.py", f"{asked.work}/{one}", f"{asked.work}/{other}"]
    return subprocess.run([str(word) for word in command] + [f"--{name.replace('_', '-')}" for name in more]).returncode == 0


def middle(runs, what):
    return statistics.median(getattr(run, what) for run in runs)


path = records(asked.rows)
load = os.getloadavg()[0]
mine, theirs = [ours(path, "ours")], []
if asked.peer:
    for _ in range(asked.peer_runs):
        theirs.append(Run([asked.python, here / "splink_peer.py", "--model", here / "model.json", "--input", path, "--out", f"{asked.work}/peer", "--threads", "2"]))
        mine.append(ours(path, "ours"))
while len(mine) < 3:
    mine.append(ours(path, "ours"))
found = mine[-1].last()
seconds, processor = middle(mine, "seconds"), middle(mine, "processor")
if asked.peer:
    if any(run.status != 0 for run in theirs):
        lines.append("BENCH linkage_peer 0 runs (bar: Splink installs and runs) missed")
        results["linkage_peer"] = {"value": 0, "unit": "runs", "bar": "Splink installs and runs", "met": False}
    else:
        agree = same("ours", "peer")
        note("linkage_same_pairs_weights_clusters", float(agree), "true", "1", agree)
        if agree:
            peer = min(theirs, key=lambda run: run.last()["seconds"])
            peer_seconds = peer.last()["seconds"]  # from its first statement: without Python's start
            note("linkage_times_faster_than_splink", peer_seconds / seconds, "times", "20", peer_seconds >= 20 * seconds, ours=seconds, splink=peer_seconds,
                 versions={name: peer.last()[name] for name in ("splink", "duckdb")})
            note("linkage_times_less_processor_time", peer.processor / processor, "times", "reported", None, ours=processor, splink=peer.processor)
note("linkage_end_to_end", seconds, "s", "reported", None, each=[run.seconds for run in mine], processor=processor, stages=found["seconds"], records=found["records"],
     pairs=found["pairs_scored"], written=found["pairs_written"])
note("linkage_pairs_settled_a_second", found["pairs_scored"] / found["seconds"]["scoring"], "pairs/s", "reported", None)
scored = [Run([asked.program, "score-all", here / "model.json", path, "2"]).last() for _ in range(3)]
rate = statistics.median(run["pairs"] / run["seconds"] for run in scored)
note("linkage_pairs_a_second", rate, "pairs/s", "1e7", rate >= 1e7, note="every candidate's weight in full, none settled by a bound; 2 threads")
peak = max(run.gibibytes for run in mine)
note("linkage_peak_memory", peak, "GiB", "4", peak <= 4)

# The least that must be moved: the file, each row once a rule with its codes, and each pair's codes and keys in the nearest cache.
import numpy
block = numpy.ones(1 << 25)
start = time.time()
for _ in range(4):
    block.copy()
bandwidth = 4 * 2 * block.nbytes / (time.time() - start)
shape = json.load(open(here / "model.json"))
columns, rules = len(shape["comparisons"]), len(shape["blocking_rules_to_generate_predictions"])
moved = os.path.getsize(path) + found["records"] * rules * 64 + found["pairs_scored"] * (columns + rules) * 4
note("linkage_times_the_physical_limit", seconds / (moved / bandwidth), "times", "reported", None, bytes=moved, bytes_a_second=bandwidth)

if asked.growth:
    base = None
    for rows in (100000, 1000000, 3000000):
        runs = [ours(records(rows), f"growth_{rows}") for _ in range(3 if rows < 3000000 else 1)]
        taken, pairs = middle(runs, "seconds"), runs[0].last()["pairs_scored"]
        each = taken / pairs
        note(f"linkage_growth_{rows}", taken, "s", "time a pair no worse than at 100,000 records", base is None or each <= base, pairs=pairs, nanoseconds_a_pair=each * 1e9,
             processor=middle(runs, "processor"), gibibytes=max(run.gibibytes for run in runs))
        base = base or each

if asked.added:
    import pyarrow.parquet as pq
    new = asked.rows // 100
    whole = records(asked.rows + new)
    table = pq.read_table(whole)
    pq.write_table(table.slice(0, asked.rows), f"{asked.work}/old.parquet")
    pq.write_table(table.slice(asked.rows), f"{asked.work}/new.parquet")
    indexed = ours(f"{asked.work}/old.parquet", "old", "--index")
    added = [ours(f"{asked.work}/new.parquet", "added", "--previous", f"{asked.work}/old") for _ in range(5)]
    full = [ours(whole, "whole", "--frequencies", f"{asked.work}/old") for _ in range(1)] + [ours(whole, "plain") for _ in range(3)]
    agree = same("added", "whole", clusters_only=True)
    note("linkage_added_same_clusters", float(agree), "true", "1", agree)
    share = middle(added, "seconds") / middle(full[1:], "seconds")
    note("linkage_added_share_of_full_run", share, "of a full run", "0.05", share <= 0.05 and agree, added=middle(added, "seconds"), full=middle(full[1:], "seconds"), each=[run.seconds for run in added],
         records=new, processor=middle(added, "processor"), full_processor=middle(full[1:], "processor"))
    note("linkage_full_run_with_index", indexed.seconds, "s", "reported", None)

results["machine"] = {"processors": os.cpu_count(), "load_at_start": load}
os.makedirs(os.path.dirname(asked.results) or ".", exist_ok=True)
with open(asked.results, "w") as file:
    json.dump(results, file, indent=1)
print("\n".join(lines))
