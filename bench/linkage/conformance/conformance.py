"""Conformance with Splink itself: for each case, Splink's predictions and ours, pair by pair.

    conformance.py run --joinedup BIN --work DIR [--only NAME] [--count N]      compare; prints what differs
    conformance.py golden --out modules/linkage/testdata --count N               write the committed corpus

Run it in an environment that has splink (see ../requirements.lock); versions 4 and 5 serve.
"""
import argparse
import csv
import json
import os
import pickle
import subprocess
import sys

import duckdb
import splink
from splink import DuckDBAPI, Linker

from cases import cases
from records import COLUMNS, records


def write_inputs(work, how, count):
    """Writes the inputs that a case asks for, once; gives their paths."""
    work = f"{work}/inputs_{how['type']}_{how['inputs']}_{count}"
    paths = [f"{work}/{name}.{how['type']}" for name in ("AB" if how["inputs"] == 2 else "A")]
    if all(os.path.exists(path) for path in paths):
        return paths
    os.makedirs(work, exist_ok=True)
    rows = records(count, 20240)
    halves = [rows] if how["inputs"] == 1 else [rows[: count // 2], rows[count // 2:]]
    connection = duckdb.connect()
    for number, half in enumerate(halves):
        table = f"t{number}"
        connection.execute(f"CREATE TABLE {table} (" + ", ".join('"' + name.replace('"', '""') + '" ' + type_ for name, type_ in COLUMNS.items()) + ")")
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(COLUMNS))})", [list(row.values()) for row in half])
    if how["inputs"] == "column":
        connection.execute("CREATE TABLE combined AS SELECT 'west' AS source_dataset, * FROM t0 UNION ALL SELECT 'east', * FROM t1")
    tables = ["combined"] if how["inputs"] == "column" else [f"t{number}" for number in range(len(halves))]
    for table, path in zip(tables, paths):
        if how["type"] == "parquet":
            connection.execute(f"COPY {table} TO '{path}' (FORMAT parquet)")
        else:
            keep = [name for name, type_ in COLUMNS.items() if "[" not in type_]
            if table == "combined":
                keep.insert(0, "source_dataset")
            columns = ", ".join('"' + name.replace('"', '""') + '"' for name in keep)
            connection.execute(f"COPY (SELECT {columns} FROM {table}) TO '{path}' (HEADER, FORCE_QUOTE ('id'))")
    return paths


def kept(work, settings, paths, guess):
    """Splink's predictions, kept beside the case: they change only with its settings."""
    path = f"{work}/theirs.pickle"
    text = json.dumps([settings, paths, splink.__version__, guess])
    if os.path.exists(path):
        with open(path, "rb") as file:
            before, rows = pickle.load(file)
        if before == text:
            return rows
    try:
        rows = predict(settings, paths, guess)
    except Exception as error:  # a case that Splink itself cannot run is no case
        rows = " ".join(line for line in str(error).strip().splitlines() if "Error" in line)[:200] or str(error)[:200]
    with open(path, "wb") as file:
        pickle.dump((text, rows), file)
    return rows


def predict(settings, paths, guess):
    connection = duckdb.connect()
    names = []
    for path, name in zip(paths, "AB"):
        types = "sample_size=-1" if guess else "all_varchar=true, nullstr=''"
        reader = f"read_parquet('{path}')" if path.endswith("parquet") else f"read_csv('{path}', header=true, {types})"
        connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM {reader}')
        names.append(name)
    api = DuckDBAPI(connection=connection)
    if splink.__version__.startswith("4"):
        linker = Linker(names if len(names) > 1 else names[0], settings, api, set_up_basic_logging=False)
    else:
        tables = [api.register(name) for name in names]
        linker = Linker(tables if len(tables) > 1 else tables[0], settings)
    found = linker.inference.predict()
    answer = connection.execute(f"SELECT * FROM {found.physical_name}")
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row)) for row in answer.fetchall()]


def load(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def compare(settings, theirs, ours, paths):
    """Differences in words; empty where there are none."""
    identifier = settings.get("unique_id_column_name", "unique_id")
    wrong = []
    two = len(paths) == 2
    by_column = not two and settings["link_type"] != "dedupe_only"
    def key(row, side):
        value = str(row[f"{identifier}_{side}"])
        return f"{row['source_dataset_' + side]}:{value}" if two else value
    both = set()
    expected = {(key(row, "l"), key(row, "r")): row for row in theirs}
    def own(row, side):
        value = row[f"id_{side}"]
        return value
    shown = {}
    if two:
        for pair in expected:
            for one in pair:
                shown.setdefault(one.split(":", 1)[1], set()).add(one)
    def full(value):
        if not two:
            return value
        if value in shown and len(shown[value]) == 1:
            return next(iter(shown[value]))
        return value
    mine = {(full(own(row, "l")), full(own(row, "r"))): row for row in ours}
    if len(mine) != len(ours):
        wrong.append("a pair written twice")
    flipped = [pair for pair in expected if pair not in mine and (pair[1], pair[0]) in mine]
    if flipped:
        wrong.append(f"{len(flipped)} pairs with l and r exchanged, as {flipped[0]}")
    missing = [pair for pair in expected if pair not in mine and (pair[1], pair[0]) not in mine]
    extra = [pair for pair in mine if pair not in expected and (pair[1], pair[0]) not in expected]
    if missing or extra:
        wrong.append(f"{len(missing)} pairs missing {missing[:2]}, {len(extra)} extra {extra[:2]} (of {len(expected)})")
    prefix = settings.get("comparison_vector_value_column_prefix", "gamma_")
    gammas = [name for name in (theirs[0] if theirs else {}) if name.startswith(prefix)]
    worst, counts = 0.0, {}
    for pair, row in expected.items():
        one = mine.get(pair) or mine.get((pair[1], pair[0]))
        if one is None:
            continue
        for name in gammas:
            if name not in one:
                counts[f"no column {name}"] = 1
            elif int(one[name] or -99) != (row[name] if row[name] is not None else -99):
                counts[name] = counts.get(name, 0) + 1
                counts.setdefault(f"first {name}", f"{pair}: theirs {row[name]}, ours {one[name]}")
        try:
            gap = abs(float(one["match_weight"]) - float(row["match_weight"]))
        except (ValueError, TypeError):
            gap = 9e9
        worst = max(worst, gap)
        if str(one["match_key"]) != str(row["match_key"]):
            counts["match_key"] = counts.get("match_key", 0) + 1
    if counts:
        wrong.append(str(counts))
    if worst > 1e-6:
        wrong.append(f"worst weight difference {worst:.3g}")
    return wrong


def golden(out, work, count):
    """The corpus: records.csv, types.csv and cases.json. Pairs by row numbers of records.csv, gammas a sign a pair."""
    os.makedirs(out, exist_ok=True)
    rows = records(count, 20240)
    place = {str(row["id"]): number for number, row in enumerate(rows)} | {str(row["number"]): number for number, row in enumerate(rows)}
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t (" + ", ".join('"' + name + '" ' + type_ for name, type_ in COLUMNS.items()) + ")")
    connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(COLUMNS))})", [list(row.values()) for row in rows])
    connection.execute(f"COPY t TO '{out}/records.csv' (HEADER)")
    with open(f"{out}/types.csv", "w") as file:
        file.write("column,type\n" + "".join(f"{name},{type_}\n" for name, type_ in COLUMNS.items()))
    told, lists = [], []
    for name, settings, how in cases():
        settings = json.loads(json.dumps(settings))  # cases share parts, and change them from one to the next
        folder = f"{work}/{name}"
        os.makedirs(folder, exist_ok=True)
        paths = write_inputs(work, how, count)
        theirs = kept(folder, settings, paths, False)
        if isinstance(theirs, str):
            continue
        identifier = settings.get("unique_id_column_name", "unique_id")
        by_pair = sorted(theirs, key=lambda row: (place[str(row[identifier + "_l"])], place[str(row[identifier + "_r"])]))
        prefix = settings.get("comparison_vector_value_column_prefix", "gamma_")
        names = [column for column in (theirs[0] if theirs else {}) if column.startswith(prefix)]
        sign = lambda value: " " if value is None else "-" if value == -1 else str(value)
        patterns = ["".join(sign(row[column]) for column in names) for row in by_pair]
        weights = {}
        for pattern, row in zip(patterns, by_pair):
            weights.setdefault(pattern, set()).add(float(f"{row['match_weight']:.9f}"))
        one = {"name": name, "inputs": how["inputs"], "type": how["type"], "settings": settings,
               "pairs": " ".join(f"{place[str(row[identifier + '_l'])]}-{place[str(row[identifier + '_r'])]}" for row in by_pair),
               "match_keys": " ".join(str(row["match_key"]) for row in by_pair), "gammas": {column: "".join(pattern[at] for pattern in patterns) for at, column in enumerate(names)}}
        if all(str(row["match_key"]) == "0" for row in by_pair):
            one["match_keys"] = "0"
        if max(max(found) - min(found) for found in weights.values()) < 2e-9 if weights else True:
            one["weight_of"] = {pattern: min(found) for pattern, found in sorted(weights.items())}
        else:
            one["weights"] = [float(f"{row['match_weight']:.9f}") for row in by_pair]
        if one["pairs"] not in lists:  # many cases look at the same pairs: each list of pairs stands once
            lists.append(one["pairs"])
        one["pairs"] = lists.index(one["pairs"])
        for comparison in settings["comparisons"]:  # what changes no prediction
            for level in comparison["comparison_levels"]:
                for idle in ("label_for_charts", "fix_m_probability", "fix_u_probability"):
                    level.pop(idle, None)
            comparison.pop("comparison_description", None)
        for idle in ("retain_matching_columns", "retain_intermediate_calculation_columns", "em_convergence", "max_iterations", "linker_uid"):
            if name != "retained":
                settings.pop(idle, None)
        told.append(one)
    head = {"source": f"predictions of Splink {splink.__version__} with DuckDB {duckdb.__version__}, made by bench/linkage/conformance/conformance.py golden --count {count}"}
    with open(f"{out}/cases.json", "w") as file:
        file.write("{" + json.dumps(head)[1:-1] + ',\n"pairs":' + json.dumps(lists, separators=(",", ":")) + ',\n"cases":[\n')
        file.write(",\n".join(json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in told) + "\n]}\n")
    print(f"{len(told)} cases, {os.path.getsize(out + '/cases.json')} bytes")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("verb", choices=["run", "golden"])
    options.add_argument("--joinedup", default="joinedup")
    options.add_argument("--work", default="/tmp/conformance")
    options.add_argument("--out")
    options.add_argument("--only", default="")
    options.add_argument("--count", type=int, default=120)
    options.add_argument("--guess-types", action="store_true", help="every case as CSV, whose types Splink's DuckDB guesses; ids then compare as numbers there")
    asked = options.parse_args()
    import logging
    logging.disable(logging.WARNING)
    if asked.verb == "golden":
        return golden(asked.out, asked.work, asked.count)
    tried = equal = 0
    refused, different, unusable = [], [], []
    for name, settings, how in cases():
        if asked.only not in name:
            continue
        work = f"{asked.work}/{name}"
        os.makedirs(work, exist_ok=True)
        if asked.guess_types:
            how["type"] = "csv"
        paths = write_inputs(asked.work, how, asked.count)
        with open(f"{work}/settings.json", "w") as file:
            json.dump(settings, file, indent=1)
        theirs = kept(work, settings, paths, asked.guess_types)
        if isinstance(theirs, str):
            unusable.append((name, theirs))
            continue
        tried += 1
        command = [asked.joinedup, "link-files", "--spec", f"{work}/settings.json", "--out", f"{work}/out", "--no-train", "--quiet"]
        for path in paths:
            command += ["--input", path]
        subprocess.run(["rm", "-rf", f"{work}/out"])
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            refused.append((name, done.stderr.strip()[:300]))
            continue
        wrong = compare(settings, theirs, load(f"{work}/out/pairs.csv"), paths)
        if wrong:
            different.append((name, wrong))
        else:
            equal += 1
    print(f"splink {splink.__version__}, duckdb {duckdb.__version__}: {tried} cases, {equal} equal, {len(different)} different, {len(refused)} refused, {len(unusable)} not run by Splink")
    for title, items in (("DIFFERENT", different), ("REFUSED", refused), ("NOT RUN BY SPLINK", unusable)):
        print(title)
        for name, what in items:
            print("  ", name, "|", what)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
