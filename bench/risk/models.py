"""Trained models: UCI diabetes over ten seeds, training beside XGBoost alone, features beside a bare group-by."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import zipfile

bin_folder = pathlib.Path("build/release/bin")


def options():
    asked = argparse.ArgumentParser()
    asked.add_argument("--seeds", type=int, default=10)
    asked.add_argument("--feature-people", type=int, default=1_000_000)
    asked.add_argument("--training-rows", type=int, default=300_000)
    return asked


def uci(asked):
    shared = pathlib.Path(os.environ.get("JOINEDUP_SHARED_DATA", "../shared/data"))
    archive = shared / "risk" / "uci_dataset_diabetes.zip"
    scratch = pathlib.Path("bench/scratch/uci")
    if not archive.exists():
        print("UCI diabetes is not here: its bars are not measured.")
        return
    with zipfile.ZipFile(archive) as files:
        files.extractall(scratch)
    data = scratch / "dataset_diabetes" / "diabetic_data.csv"
    seen = []
    for seed in range(asked.seeds):
        out = scratch / f"seed{seed}"
        subprocess.run([bin_folder / "joinedup", "validate", "--data", data, "--outcome", "readmitted=<30", "--cluster", "patient_nbr", "--seed", str(seed), "--bootstrap", "20", "--out", out], check=True, stdout=subprocess.DEVNULL)
        seen.append(json.loads((out / "metrics.json").read_text()))
    auroc = statistics.mean(m["auroc"] for m in seen)
    yield "uci_auroc_mean", auroc, f"AUROC over {asked.seeds} seeds", "at least 0.690", auroc >= 0.690
    for name, low, high in (("oe", 0.95, 1.05), ("slope", 0.9, 1.1)):
        for which, of in (("least", min), ("most", max)):
            value = of(m[name] for m in seen)
            yield f"uci_{name}_{which}", value, "over five folds of patients", f"{low} to {high}", low <= value <= high
    folds = [f[name] for m in seen for f in m["folds"] for name in ("slope",)]
    yield "uci_slope_of_one_fold_least", min(folds), "", "not a bar", None
    yield "uci_slope_of_one_fold_most", max(folds), "", "not a bar", None


def program(*words):
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "risk_models_benchmark", "-j2"], check=True, stdout=subprocess.DEVNULL)
    return json.loads(subprocess.run([bin_folder / "risk_models_benchmark", *map(str, words)], check=True, capture_output=True, text=True).stdout)


def figures(asked):
    yield from uci(asked)
    t = program("training", asked.training_rows, 120, 20)
    ratio = t["ours_processor"] / t["alone_processor"]
    yield "training_beside_xgboost", ratio, f"x processor time, {t['rows']} rows x {t['columns']}", "within 1.15", ratio <= 1.15
    f = program("features", asked.feature_people, 2)
    ratio = f["ours_processor"] / f["bare_processor"]
    yield "features_beside_group_by", ratio, f"x processor time, {f['people']} people, {f['events']} events", "within 3", ratio <= 3
