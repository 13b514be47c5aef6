"""Are two runs' pairs the same? Both ways round, weights to 1e-6; and do the clusters part the records alike?

    compare.py OURS THEIRS     (folders with pairs.parquet and clusters.parquet)
"""
import sys
import duckdb

ours, theirs = sys.argv[1:3]
db = duckdb.connect()
columns = [row[0] for row in db.execute(f"DESCRIBE SELECT * FROM '{theirs}/pairs.parquet'").fetchall()]
left = "unique_id_l" if "unique_id_l" in columns else "join_key_l"
right = left[:-1] + "r"
db.execute(f"""CREATE TABLE x AS
  SELECT least(id_l, id_r) a, greatest(id_l, id_r) b, match_weight w FROM '{ours}/pairs.parquet'""")
db.execute(f"""CREATE TABLE y AS
  SELECT least({left}::VARCHAR, {right}::VARCHAR) a, greatest({left}::VARCHAR, {right}::VARCHAR) b, match_weight w FROM '{theirs}/pairs.parquet'""")
missing, extra, worst, both = db.execute("""
  SELECT count(*) FILTER (x.a IS NULL), count(*) FILTER (y.a IS NULL), coalesce(max(abs(x.w - y.w)), 0), count(*) FILTER (x.a IS NOT NULL AND y.a IS NOT NULL)
  FROM x FULL JOIN y ON x.a = y.a AND x.b = y.b""").fetchone()
ids = [row[0] for row in db.execute(f"DESCRIBE SELECT * FROM '{theirs}/clusters.parquet'").fetchall()]
parted = db.execute(f"""SELECT count(*) FROM (
  SELECT c.cluster_id, count(DISTINCT d.cluster_id) n, count(*) FROM '{ours}/clusters.parquet' c JOIN '{theirs}/clusters.parquet' d ON c.id = d.unique_id::VARCHAR GROUP BY 1 HAVING n > 1
  UNION ALL
  SELECT d.cluster_id, count(DISTINCT c.cluster_id) n, count(*) FROM '{ours}/clusters.parquet' c JOIN '{theirs}/clusters.parquet' d ON c.id = d.unique_id::VARCHAR GROUP BY 1 HAVING n > 1)""").fetchone()[0]
print(f"{both} pairs in both, {missing} missing, {extra} extra, worst weight difference {worst:.2e}, {parted} clusters parted differently")
sys.exit(0 if missing == 0 and extra == 0 and worst < 1e-6 and parted == 0 else 1)
