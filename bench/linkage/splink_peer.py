"""The peer: Splink with DuckDB on the same model, rules and records, to pairs and clusters as Parquet.

    splink_peer.py --model model.json --input records.parquet --out DIR --threads 2
"""
import argparse, json, os, time
import duckdb
import splink
from splink import DuckDBAPI, Linker

options = argparse.ArgumentParser()
for name in ("model", "input", "out"):
    options.add_argument("--" + name, required=True)
options.add_argument("--threads", type=int, default=2)
asked = options.parse_args()
os.makedirs(asked.out, exist_ok=True)
start = time.time()
connection = duckdb.connect(config={"threads": asked.threads})
api = DuckDBAPI(connection=connection)
connection.execute(f"CREATE TABLE people AS SELECT * FROM read_parquet('{asked.input}')")
if splink.__version__.startswith("4"):
    linker = Linker("people", asked.model, api)
else:
    linker = Linker(api.register("people"), asked.model)
pairs = linker.inference.predict(threshold_match_probability=0.5)
clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.95)
connection.execute(f"COPY {pairs.physical_name} TO '{asked.out}/pairs.parquet' (FORMAT parquet)")
connection.execute(f"COPY {clusters.physical_name} TO '{asked.out}/clusters.parquet' (FORMAT parquet)")
seconds = time.time() - start
rows = connection.execute(f"SELECT count(*) FROM {pairs.physical_name}").fetchone()[0]
groups = connection.execute(f"SELECT count(DISTINCT cluster_id) FROM {clusters.physical_name}").fetchone()[0]
print(json.dumps({"seconds": seconds, "pairs": rows, "clusters": groups, "splink": splink.__version__, "duckdb": duckdb.__version__}))
