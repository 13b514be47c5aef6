"""Refresh beside a plain DuckDB script that yields the same tables from the same clean files on the same threads.
Answers first: rows of every table, and every sum of money, must agree. Then times, the whole process each, and peak memory.
Environment: JOINEDUP_BENCH_PEOPLE (1000000), JOINEDUP_BENCH_RUNS (1)."""
import glob, json, os, resource, subprocess, sys, time

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
program = f'{root}/build/release/bin/joinedup'
people = int(os.environ.get('JOINEDUP_BENCH_PEOPLE', '1000000'))
small = max(people // 10, 1000)
runs = int(os.environ.get('JOINEDUP_BENCH_RUNS', '1'))
threads = 2
work = f'{root}/bench/scratch/refresh'
os.makedirs(work, exist_ok=True)

def timed(command):
    """Wall seconds, user and system seconds, peak resident MiB of a whole process."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(f'{work}/last.log', 'w'))
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit(f'{command[0]} failed:\n' + open(f'{work}/last.log').read()[-2000:])
    return {'wall': wall, 'cpu': used.ru_utime + used.ru_stime, 'peak_mib': used.ru_maxrss / 1024}

def place(n):
    folder = f'{work}/place-{n}'
    if not os.path.exists(f'{folder}/place.toml'):
        subprocess.run([program, 'synth', '--place', folder, '--people', str(n), '--years', '1', '--seed', '1', '--error-rate-multiplier', '0'], check=True, stdout=subprocess.DEVNULL)
    return folder

def warm(folder):
    total = 0
    for file in glob.glob(f'{folder}/feeds/*/*'):
        with open(file, 'rb') as f:
            while chunk := f.read(1 << 24): total += len(chunk)
    return total

def ours(folder): return timed([program, 'refresh', '--place', folder, '--again', '--threads', str(threads), '--json'])
def peer(folder): return timed([sys.executable, f'{root}/bench/refresh/peer.py', folder, f'{work}/peer.duckdb', str(threads)])

def copy(folder):
    script = "import duckdb,glob,sys\ndb=duckdb.connect(config={'threads':%d})\n" % threads + \
             "for f in sorted(glob.glob(sys.argv[1]+'/feeds/*/*.csv')): db.execute(f\"COPY (FROM read_csv('{f}', all_varchar=true, header=true, encoding='{'latin-1' if 'housing' in f or 'voluntary' in f else 'utf-8'}')) TO '{sys.argv[2]}' (FORMAT parquet)\")"
    return timed([sys.executable, '-c', script, folder, f'{work}/copy.parquet'])

def answers(folder):
    import duckdb
    db = duckdb.connect()
    db.execute(f"ATTACH '{folder}/warehouse/current/warehouse.duckdb' AS ours (READ_ONLY); ATTACH '{work}/peer.duckdb' AS peer (READ_ONLY)")
    tables = [r[0] for r in db.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'peer' AND NOT temporary ORDER BY 1").fetchall()]
    differences, compared = [], []
    for table in tables:
        if table in ('price_list', 'row_kept', 'row_outcome', 'source'): continue
        columns = [r[0] for r in db.execute(f"SELECT column_name FROM duckdb_columns() WHERE database_name = 'peer' AND table_name = '{table}' AND column_name LIKE '%pence%'").fetchall()]
        sums = ', '.join(['count(*)'] + [f'coalesce(sum({c}), 0)::BIGINT' for c in columns])
        a, b = (db.execute(f'SELECT {sums} FROM {side}.{table}').fetchone() for side in ('ours', 'peer'))
        print(f'  {table:24s} {a[0]:>12,} rows  {"agrees" if a == b else f"DIFFERS: {a} / {b}"}')
        if a != b: differences.append(table)
        compared.append(table)
    return compared, differences

def median(values):
    values = sorted(values)
    return values[len(values) // 2]

folder, little = place(people), place(small)
size = warm(folder)
pairs = [(ours(folder), peer(folder)) for _ in range(runs)]
tables, differences = answers(folder)
copied = copy(folder)
warm(little)
few = ours(little)
ratio = median([a['wall'] / b['wall'] for a, b in pairs])
mine, theirs = pairs[-1]
growth = (median([a['cpu'] for a, _ in pairs]) / people) / (few['cpu'] / small)
peak = max(a['peak_mib'] for a, _ in pairs)
results = {'people': people, 'bytes': size, 'threads': threads, 'ours': [a for a, _ in pairs], 'peer': [b for _, b in pairs], 'copy': copied, 'small': few, 'differences': differences}
os.makedirs(f'{root}/bench/results', exist_ok=True)
json.dump(results, open(f'{root}/bench/results/refresh.json', 'w'), indent=1)
print(f'{people:,} people, {size / 1e9:.2f} GB of extracts, {threads} threads; ours {mine["wall"]:.1f} s, DuckDB script {theirs["wall"]:.1f} s, COPY to Parquet {copied["wall"]:.1f} s')
print(f'physical limit: {size / 1e9:.2f} GB read once; ours reads {size / 1e6 / mine["wall"]:.0f} MB/s end to end')
verdict = lambda good: 'met' if good else 'missed'
print(f'BENCH refresh.answers {len(tables) - len(differences)} of {len(tables)} tables (bar: all agree, to the row and penny) {verdict(not differences)}')
print(f'BENCH refresh.ratio_to_duckdb_script {ratio:.2f} x (bar: at most 1.5) {verdict(ratio <= 1.5 and not differences)}')
print(f'BENCH refresh.ratio_to_copy {mine["wall"] / copied["wall"]:.2f} x (bar: printed) met')
print(f'BENCH refresh.peak_memory {peak:.0f} MiB (bar: at most 8192) {verdict(peak <= 8192)}')
print(f'BENCH refresh.growth_per_person {growth:.2f} x (bar: at most 1.2) {verdict(growth <= 1.2)}')
