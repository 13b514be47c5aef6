"""The published scores beside comorbidipy (PyPI): answers of 10,000 people compared person by person, then a million people timed.

    scores.py [--people 1000000] [--compare 10000] [--program build/release/bin/joinedup]

Gives its figures to run.py as a list of (name, value, unit, bar, met). A time is the whole program: file in, scores and every point out.
"""
import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import explain

here = pathlib.Path(__file__).resolve().parent
models = {"charlson": "charlson_quan2011", "elixhauser": "elixhauser_vw", "hfrs": "hfrs"}
names = {"ami": "mi", "copd": "cpd"}  # the package's names of two groups


def make(work, people):
    path = f"{work}/codes_{people}.csv"
    if not os.path.exists(path):
        subprocess.run([sys.executable, here / "make_people.py", "--people", str(people), "--out", path], check=True)
    return path


def ours(program, work, path, names):
    """One run of the program for all the models named: the file is read once."""
    out = f"{work}/ours/{{model}}.csv"
    command = [program, "score", "--model", ",".join(names), "--input", path, "--out", out, "--threads", "2", "--json"]
    start = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.time() - start
    if status != 0:
        raise SystemExit(f"our run of {names} failed")
    return out, json.loads(said), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def theirs(work, path, people):
    out = f"{work}/peer_{people}.csv"
    run = subprocess.run([sys.executable, here / "comorbidipy_peer.py", "--input", path, "--out", out], stdout=subprocess.PIPE)
    if run.returncode != 0:
        return None
    with open(out, encoding="utf-8") as file:
        scores = {row["person_id"]: row for row in csv.DictReader(file)}
    return json.loads(run.stdout.decode().strip().splitlines()[-1]), scores


def our_scores(path):
    with open(path, encoding="utf-8") as file:
        return {row["person_id"]: float(row["score"]) for row in csv.DictReader(file)}


def compare(program, work, count):
    """People who agree, who differ as the rules of explain.py say, and who differ otherwise."""
    path = make(work, count)
    peer = theirs(work, path, count)
    if peer is None:
        return None
    said, scores = peer
    people = {}
    with open(path, encoding="utf-8") as file:
        for row in csv.DictReader(file):
            people.setdefault(row["person_id"], set()).add(row["code"])
    found = {}
    out = ours(program, work, path, list(models.values()))[0]
    for name, model in models.items():
        mine = our_scores(out.replace("{model}", model))
        terms, over = explain.read_score(here.parents[1] / "modules" / "risk" / "data" / f"{model}.csv")
        must = {}
        if name != "hfrs":
            order = [names.get(t, t) for t in said["order"][name]]
            must = explain.expected(people, terms, over, order, 2.0 if name == "charlson" else None)
        agree = explained = not_explained = 0
        for person, row in scores.items():
            their = float(row[name])
            if abs(their - mine[person]) < 1e-6:
                agree += 1
            elif person in must and abs(their - must[person]) < 1e-6:
                explained += 1
            else:
                not_explained += 1
        found[name] = {"people": len(mine), "agree": agree, "explained": explained, "not_explained": not_explained + abs(len(mine) - len(scores))}
    return found


def figures(asked):
    work = asked.work
    os.makedirs(work, exist_ok=True)
    rows = []
    found = compare(asked.program, work, asked.compare)
    if found is None:
        return [("risk_scores_peer", 0, "runs", "comorbidipy installs and runs", False)]
    for name, count in found.items():
        rows.append((f"risk_scores_{name}_people_who_agree", count["agree"], f"of {count['people']}", "reported", None))
        rows.append((f"risk_scores_{name}_differences_explained", count["explained"], f"of {count['people']}", "reported", None))
        rows.append((f"risk_scores_{name}_differences_not_explained", count["not_explained"], "people", "0", count["not_explained"] == 0))
    path = make(work, asked.people)
    runs = [ours(asked.program, work, path, list(models.values())) for _ in range(2)]
    load = f"load {os.getloadavg()[0]:.1f}"
    said, _ = theirs(work, path, asked.people)
    runs += [ours(asked.program, work, path, list(models.values())) for _ in range(2)]  # before and after, as the machine is shared
    seconds, processor = statistics.median(run[2] for run in runs), statistics.median(run[3] for run in runs)
    rows.append(("risk_scores_ours_peak_memory", runs[0][4], "MiB", "reported", None))
    all_of_them = [*models.values(), "acsc"]
    every = ours(asked.program, work, path, all_of_them)[2]
    rows.append(("risk_scores_every_score_of_codes", every, f"s, {len(all_of_them)} scores of {asked.people} people in one run", "reported", None))
    peer_seconds, peer_processor = sum(said["seconds"].values()), sum(said["processor_seconds"].values())
    rows.append(("risk_scores_comorbidipy_three_scores", peer_seconds, f"s, file read already; {load}", "reported", None))
    rows.append(("risk_scores_ours_three_scores", seconds, f"s, one run, file to files with every point; {load}", "reported", None))
    rows.append(("risk_scores_times_faster_than_comorbidipy", peer_seconds / seconds, "times", "20", peer_seconds >= 20 * seconds))
    rows.append(("risk_scores_times_less_processor_time", peer_processor / processor, "times", "reported", None))
    return rows


def options():
    asked = argparse.ArgumentParser()
    asked.add_argument("--program", default="build/release/bin/joinedup")
    asked.add_argument("--people", type=int, default=1000000)
    asked.add_argument("--compare", type=int, default=10000)
    asked.add_argument("--work", default="bench/scratch/risk")
    return asked
