"""Are two runs' pairs the same? Both ways round, weights to 1e-6; and do the clusters part the records alike?

    compare.py OURS THEIRS [--clusters-only]     (folders with pairs.parquet and clusters.parquet)
"""
import sys
import duckdb

ours, theirs = sys.argv[1:3]
db = duckdb.connect()


def names(file):
    return [row[0] for row in db.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()]


def pairs_differ():
    left = next(name for name in ("id_l", "unique_id_l", "join_key_l") if name in names(f"{theirs}/pairs.parquet"))
    right = left[:-1] + "r"
    db.execute(f"""CREATE TABLE x AS
      SELECT least(id_l, id_r) a, greatest(id_l, id_r) b, match_weight w FROM '{ours}/pairs.parquet'""")
    db.execute(f"""CREATE TABLE y AS
      SELECT least({left}::VARCHAR, {right}::VARCHAR) a, greatest({left}::VARCHAR, {right}::VARCHAR) b, match_weight w FROM '{theirs}/pairs.parquet'""")
    missing, extra, worst, both = db.execute("""
      SELECT count(*) FILTER (x.a IS NULL), count(*) FILTER (y.a IS NULL), coalesce(max(abs(x.w - y.w)), 0), count(*) FILTER (x.a IS NOT NULL AND y.a IS NOT NULL)
      FROM x FULL JOIN y ON x.a = y.a AND x.b = y.b""").fetchone()
    print(f"{both} pairs in both, {missing} missing, {extra} extra, worst weight difference {worst:.2e}", file=sys.stderr)
    return missing or extra or both == 0 or worst >= 1e-6


def clusters_differ():
    key = "id" if "id" in names(f"{theirs}/clusters.parquet") else "unique_id"
    db.execute(f"CREATE TABLE c AS SELECT id, cluster_id FROM '{ours}/clusters.parquet'")
    db.execute(f"CREATE TABLE d AS SELECT {key}::VARCHAR id, cluster_id FROM '{theirs}/clusters.parquet'")
    alone = db.execute("SELECT count(*) FROM c FULL JOIN d ON c.id = d.id WHERE c.id IS NULL OR d.id IS NULL").fetchone()[0]
    parted = db.execute("""SELECT count(*) FROM (
      SELECT c.cluster_id, count(DISTINCT d.cluster_id) n FROM c JOIN d ON c.id = d.id GROUP BY 1 HAVING n > 1
      UNION ALL
      SELECT d.cluster_id, count(DISTINCT c.cluster_id) n FROM c JOIN d ON c.id = d.id GROUP BY 1 HAVING n > 1)""").fetchone()[0]
    print(f"{parted} clusters parted differently, {alone} records in one only", file=sys.stderr)
    return parted or alone


wrong = clusters_differ()
if "--clusters-only" not in sys.argv:
    wrong = pairs_differ() or wrong
sys.exit(1 if wrong else 0)
