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
    asked.add_argument("--training-rows", type=int, default=200_000)
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


def load():
    return os.getloadavg()[0]


def program(*words):
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "risk_models_benchmark", "-j2"], check=True, stdout=subprocess.DEVNULL)
    return json.loads(subprocess.run([bin_folder / "risk_models_benchmark", *map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout)


def training(asked):
    """Our trees beside XGBoost's own C interface: same library, same matrix, same settings; predictions equal before times."""
    t = program("training", asked.training_rows, 120, 20)
    what = f"{t['rows']} rows x {t['columns']}, {t['rounds']} rounds, predictions apart by {t['largest_difference']:.2g} at most"
    ratio = t["ours_wall"] / t["alone_wall"]
    yield "training_beside_xgboost", ratio, f"times its time, one thread each ({what}; {t['alone_wall']:.2f} s alone; load {load():.1f})", "within 1.15", ratio <= 1.15
    yield "training_beside_xgboost_processor", t["ours_processor"] / t["alone_processor"], "times its processor time", "reported", None
    yield "training_with_recalibration", t["learner_processor"] / t["alone_processor"], "times its processor time: fits to recalibrate by, then the fit on all", "reported", None
    shown = t["explained_shown_processor"] / t["predict_processor"]
    yield "explaining_those_shown", shown, f"times the processor time of scoring all {t['rows']} ({t['shown']} are shown, and explained)", "reported", None
    yield "explaining_everybody_instead", shown * t["rows"] / t["shown"], "times the processor time of scoring all (reckoned from those shown)", "reported", None


def features(asked):
    """Features of everybody as of a day beside twelve bare counts by person, over the same Parquet."""
    folder = pathlib.Path(f"bench/scratch/features-{asked.feature_people}")
    f = program("features", asked.feature_people, 2, folder)
    what = f"{f['people']} people, {f['events']} events of 3 years, {f['threads']} threads, {f['figures_compared']} features equal to their words"
    bare = min(f["bare_narrow_wall"], f["bare_tables_wall"])
    ratio = f["ours_wall"] / bare
    yield "features_beside_group_by", ratio, f"times its time ({what}; {bare:.2f} s bare; load {load():.1f})", "within 3", ratio <= 3
    ratio = f["ours_processor"] / min(f["bare_narrow_processor"], f["bare_tables_processor"])
    yield "features_beside_group_by_processor", ratio, "times its processor time", "reported", None
    yield "features_events_a_second", f["events"] / f["ours_wall"], "a second", "reported", None
    yield "features_peak_memory", f["peak_mib"], "MiB, the engine held to 8000", "reported", None
    yield "features_read_into_a_matrix", f["read_wall"], "s more", "reported", None
