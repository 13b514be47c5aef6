"""The published scores beside comorbidipy (PyPI): answers of 10,000 people compared person by person, then a million people timed.

    scores.py [--people 1000000] [--compare 10000] [--program build/release/bin/joinedup]

Gives its figures to run.py as a list of (name, value, unit, bar, met). A time is the whole program: file in, scores and every point out.
"""
import argparse
import csv
import json
import os
import pathlib
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


def ours(program, work, path, model):
    out = f"{work}/{model}/scores.csv"
    command = [program, "score", "--model", model, "--input", path, "--out", out, "--threads", "2", "--json"]
    start = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.time() - start
    if status != 0:
        raise SystemExit(f"our run of {model} failed")
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
    for name, model in models.items():
        mine = our_scores(ours(program, work, path, model)[0])
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
    seconds = processor = 0.0
    for name, model in models.items():
        _, said, taken, used, peak = ours(asked.program, work, path, model)
        seconds += taken
        processor += used
        rows.append((f"risk_scores_{model}_{asked.people}_people", taken, "s", "reported", None))
        rows.append((f"risk_scores_{model}_peak_memory", peak, "MiB", "reported", None))
    said, _ = theirs(work, path, asked.people)
    peer_seconds, peer_processor = sum(said["seconds"].values()), sum(said["processor_seconds"].values())
    rows.append(("risk_scores_comorbidipy_three_scores", peer_seconds, "s", "reported", None))
    rows.append(("risk_scores_ours_three_scores", seconds, "s", "reported", None))
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
