"""The same tables by a plain DuckDB script, as its author would tune it: typed columns only, projection pushed into read_csv,
people by NHS number and birth date, then the record's own SQL. Clean files only: it finds no faults and keeps no vault.
usage: peer.py PLACE OUT.duckdb THREADS"""
import glob, hashlib, hmac, os, re, sys, time, tomllib
import duckdb

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
place, out, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
feeds = [tomllib.load(open(f, 'rb')) for f in sorted(glob.glob(f'{root}/modules/place/feeds/*.toml'))]
settings = tomllib.load(open(f'{place}/place.toml', 'rb'))

DUCKDB = {'days_between': "date_diff('day', $1, $2)", 'add_days': '(($1) + CAST($2 AS INTEGER))', 'whole': '(($1) // ($2))',
          'half_up': '((2 * ($1) + ($2)) // (2 * ($2)))', 'temporary': 'CREATE OR REPLACE TEMPORARY TABLE $1', 'drop_table': 'DROP TABLE IF EXISTS $1'}

def render(sql):
    while (at := sql.rfind('{{')) >= 0:
        end = sql.index('}}', at)
        name, _, rest = sql[at + 2:end].partition('(')
        arguments = [a.strip() for a in rest.rpartition(')')[0].split(';')]
        sql = sql[:at] + re.sub(r'\$(\d)', lambda m: arguments[int(m[1]) - 1], DUCKDB[name.strip()]) + sql[end + 2:]
    return sql

BRITISH = {'asc_cld', 'housing', 'voluntary'}  # days as 29/02/2024
LATIN = {'housing', 'voluntary'}

def typed(column, feed):
    name = '"' + column['from'].replace('"', '""') + '"'
    kind = column['type']
    if kind == 'code': return f'upper(trim({name}))'
    if kind == 'integer': return f'CAST({name} AS BIGINT)'
    if kind == 'decimal': return f'CAST({name} AS DOUBLE)'
    if kind == 'date' and feed in BRITISH: return f"CAST(strptime({name}, '%d/%m/%Y') AS DATE)"
    if kind == 'date': return f'CAST({name} AS DATE)'
    if kind == 'pounds': return f'CAST(round(CAST({name} AS DOUBLE) * 100) AS BIGINT)'
    if kind == 'flag': return f'CAST({name} AS BOOLEAN)'
    if kind == 'time': return f"CAST(substr({name}, 1, 2) AS INTEGER) * 60 + CAST(substr({name}, 4, 2) AS INTEGER)"
    return name

if os.path.exists(out): os.remove(out)
db = duckdb.connect(out, config={'threads': threads, 'memory_limit': '8GB'})
started = time.time()
def lap(what):
    print(f'{time.time() - started:7.2f} s  {what}', file=sys.stderr)

db.execute("ATTACH ':memory:' AS door; ATTACH ':memory:' AS staged")
for feed in feeds:
    for table in feed['table']:
        if not table.get('layout'): continue
        files = sorted(glob.glob(f"{place}/feeds/{feed['feed']}/{table['files'] if isinstance(table['files'], str) else table['files'][0]}"))
        if not files: continue
        identity = table.get('identity', {})
        columns = [f'{typed(c, feed["feed"])} AS "{c["name"]}"' for c in table['columns']]
        if 'nhs_number' in identity: columns.append(f'CAST("{identity["nhs_number"]}" AS BIGINT) AS nhs')
        if 'birth_date' in identity: columns.append(typed({'from': identity['birth_date'], 'type': 'date'}, feed['feed']) + ' AS born')
        for field in ('sex', 'postcode', 'nhs_pseudonym', 'lsoa', 'local_id', 'local_id_organisation'):
            if field in identity: columns.append(f'"{identity[field]}" AS id_{field}')
        if table.get('reference'): columns.append(f'"{table["reference"]}" AS person_reference')
        encoding = ", encoding='latin-1'" if feed['feed'] in LATIN else ''
        db.execute(f'CREATE TABLE staged.{table["name"]} AS SELECT {", ".join(columns)} FROM read_csv({files}, header=true, all_varchar=true, delim=\',\', quote=\'"\'{encoding})')
lap('staged')

# People by NHS number and birth date; the commissioner's pseudonyms by hashing the numbers known.
sources = [t for f in feeds for t in f['table'] if 'nhs_number' in t.get('identity', {}) and 'birth_date' in t.get('identity', {})]
have = {r[0] for r in db.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'staged'").fetchall()}
if 'ecds_attendance' in have:
    key = open(f"{place}/{settings['feeds']['ecds']['nhs_pseudonym_key_file']}", 'rb').read()
    numbers = ' UNION '.join(f'SELECT nhs FROM staged.{t["name"]} WHERE nhs IS NOT NULL' for t in sources if t['name'] in have)
    known = db.execute(numbers).fetchnumpy()['nhs']
    inner = hmac.new(key, digestmod=hashlib.sha256)
    def pseudonym(number):
        h = inner.copy()
        h.update(b'%010d' % number)
        return h.hexdigest()[:16]
    import numpy
    hashed = {'nhs': known, 'pseudonym': numpy.array([pseudonym(n) for n in known.tolist()], dtype=object)}
    db.register('hashed', hashed)
    db.execute('CREATE TEMP TABLE pseudonyms AS SELECT nhs, pseudonym FROM hashed')
# Newborns' rows carry no number yet: that of another row of theirs at the same hospital, else the register's where birth date,
# postcode and sex are one person's (twins are not told apart so: each becomes somebody new, under a number below 0).
if {'inpatient_episode', 'gp_registration'} <= have:
    known = [f'SELECT id_local_id, id_local_id_organisation, nhs FROM staged.{t["name"]}' for t in sources if t['name'] in have and 'local_id' in t['identity'] and 'local_id_organisation' in t['identity']]
    if 'ecds_attendance' in have: known.append('SELECT id_local_id, id_local_id_organisation, nhs FROM staged.ecds_attendance JOIN pseudonyms ON pseudonym = id_nhs_pseudonym')
    db.execute(f"""CREATE TEMP TABLE local_number AS SELECT id_local_id, id_local_id_organisation, min(nhs) AS nhs FROM ({' UNION ALL '.join(known)}) WHERE nhs IS NOT NULL
                  GROUP BY 1, 2 HAVING count(DISTINCT nhs) = 1""")
    db.execute("""UPDATE staged.inpatient_episode t SET nhs = l.nhs FROM local_number l
                  WHERE t.nhs IS NULL AND l.id_local_id = t.id_local_id AND l.id_local_id_organisation = t.id_local_id_organisation""")
    db.execute("""UPDATE staged.inpatient_episode t SET nhs = r.nhs FROM (SELECT born, id_postcode, id_sex, min(nhs) AS nhs FROM staged.gp_registration GROUP BY 1, 2, 3 HAVING count(DISTINCT nhs) = 1) r
                  WHERE t.nhs IS NULL AND r.born = t.born AND r.id_postcode = t.id_postcode AND r.id_sex = CASE t.id_sex WHEN '1' THEN 'M' WHEN '2' THEN 'F' ELSE t.id_sex END""")
    db.execute("""UPDATE staged.inpatient_episode t SET nhs = -n.number FROM (SELECT id_local_id, id_local_id_organisation, row_number() OVER (ORDER BY 2, 1) AS number
                  FROM staged.inpatient_episode WHERE nhs IS NULL GROUP BY 1, 2) n WHERE t.nhs IS NULL AND n.id_local_id = t.id_local_id AND n.id_local_id_organisation = t.id_local_id_organisation""")
union = ' UNION '.join(f'SELECT nhs, born FROM staged.{t["name"]}' for t in sources if t['name'] in have)
db.execute(f'CREATE TABLE staged.person AS SELECT nhs, born, row_number() OVER (ORDER BY nhs, born) AS person_key FROM ({union}) WHERE nhs IS NOT NULL')
if 'ecds_attendance' in have:
    # Whoever the commissioner's file knows and nobody else does is a person too: without this their attendances would be lost.
    db.execute("""INSERT INTO staged.person SELECT NULL, NULL, (SELECT max(person_key) FROM staged.person) + row_number() OVER (ORDER BY id_nhs_pseudonym)
                  FROM (SELECT DISTINCT id_nhs_pseudonym FROM staged.ecds_attendance WHERE id_nhs_pseudonym NOT IN (SELECT pseudonym FROM pseudonyms))""")
    db.execute("""CREATE TABLE staged.pseudonym AS SELECT pseudonym, person_key FROM pseudonyms JOIN staged.person USING (nhs)
                  UNION ALL SELECT id_nhs_pseudonym, (SELECT max(person_key) FROM staged.person WHERE nhs IS NOT NULL) + row_number() OVER (ORDER BY id_nhs_pseudonym)
                  FROM (SELECT DISTINCT id_nhs_pseudonym FROM staged.ecds_attendance WHERE id_nhs_pseudonym NOT IN (SELECT pseudonym FROM pseudonyms))""")
lap('linked')

for feed in feeds:
    for table in feed['table']:
        name = table['name']
        if name not in have: continue
        columns = ', '.join(f't."{c["name"]}"' for c in table['columns'])
        identity, kind = table.get('identity', {}), table['person']
        if kind == 'none': sql = f'SELECT t.rowid AS source_row, {columns} FROM staged.{name} t'
        elif kind == 'reference':
            spine = {'gp': 'gp_registration', 'csds': 'csds_person', 'mhsds': 'mhsds_person'}[table['reference_scope']]
            sql = (f'SELECT p.person_key, t.rowid AS source_row, {columns} FROM staged.{name} t JOIN staged.reference_{table["reference_scope"]} p USING (person_reference)')
            if f'reference_{table["reference_scope"]}' not in have:
                db.execute(f'CREATE TABLE staged.reference_{table["reference_scope"]} AS SELECT s.person_reference, min(p.person_key) AS person_key FROM staged.{spine} s JOIN staged.person p ON p.nhs = s.nhs AND p.born = s.born GROUP BY 1')
                have.add(f'reference_{table["reference_scope"]}')
        elif 'nhs_pseudonym' in identity:
            sql = f'SELECT p.person_key, t.rowid AS source_row, {columns} FROM staged.{name} t JOIN staged.pseudonym p ON p.pseudonym = t.id_nhs_pseudonym'
        else: sql = f'SELECT p.person_key, t.rowid AS source_row, {columns} FROM staged.{name} t JOIN staged.person p ON p.nhs = t.nhs AND p.born = t.born'
        db.execute(f'CREATE VIEW door.{name} AS {sql}')
db.execute(f"""CREATE TABLE door.person_attribute AS
  SELECT p.person_key, coalesce(r.sex, 'U') AS sex, CAST(date_trunc('month', p.born) AS DATE) AS birth_month, a.lsoa11 AS lsoa,
         CAST(a.imd_decile AS INTEGER) AS imd_decile, CAST(p.person_key % 64 AS INTEGER) AS bucket
  FROM staged.person p
  LEFT JOIN (SELECT nhs, born, min(id_sex) AS sex, min(id_postcode) AS postcode FROM staged.gp_registration GROUP BY 1, 2) r ON r.nhs = p.nhs AND r.born = p.born
  LEFT JOIN read_csv('{place}/reference/postcode.csv', header=true, all_varchar=true) a ON a.postcode = r.postcode""")
db.execute(f"CREATE TABLE door.place_period AS SELECT DATE '{settings['place']['data_from']}' AS data_from, DATE '{settings['place']['data_to']}' AS data_to")

# The record's own SQL, with its price and code lists; empty tables stand for feeds that the place has not got.
TEXTS = {'hrg', 'admission', 'treatment_function', 'setting', 'kind', 'worker', 'bnf_chapter', 'service_type', 'service_component', 'basis', 'service'}
db.execute('CREATE TABLE price_list(list VARCHAR, file VARCHAR, illustrative BOOLEAN, prices INTEGER, source VARCHAR)')
for file in sorted(glob.glob(f'{root}/modules/place/prices/*.csv')):
    name = os.path.basename(file).replace('_illustrative', '').replace('_price.csv', '').replace('.csv', '')
    if name == 'hrg_price_base': continue
    header = open(file).read().split('\n')[1].split(',')
    db.execute(f"CREATE TEMP TABLE price_{name} AS SELECT " + ', '.join(f'CAST({c} AS {"VARCHAR" if c in TEXTS else "BIGINT"}) AS {c}' for c in header) +
               f" FROM read_csv('{file}', header=true, skip=1, all_varchar=true)")
for file, name, columns in (('condition_snomed', 'condition_snomed', 'CAST(snomed_concept AS BIGINT) AS snomed_concept, condition'), ('icd10_condition', 'icd10_condition', '#1 AS icd10, #2 AS condition'),
                            ('mhsds_reason_condition', 'mhsds_reason', '#1 AS reason, #2 AS condition'), ('fhir_encounter_class', 'fhir_encounter', '#1 AS class, #2 AS type_code, #3 AS goes_to')):
    db.execute(f"CREATE TEMP TABLE code_{name} AS SELECT {columns} FROM read_csv('{root}/modules/place/codes/{file}.csv', header=true, skip=1, all_varchar=true)")
SQL_TYPES = {'text': 'VARCHAR', 'code': 'VARCHAR', 'integer': 'BIGINT', 'decimal': 'DOUBLE', 'date': 'DATE', 'time': 'INTEGER', 'pounds': 'BIGINT', 'flag': 'BOOLEAN', 'reference': 'BIGINT'}
for feed in feeds:
    for table in feed['table']:
        if table['name'] in have: continue
        columns = ['source_row BIGINT'] + (['person_key BIGINT'] if table['person'] != 'none' else []) + [f'"{c["name"]}" {SQL_TYPES[c["type"]]}' for c in table['columns']]
        db.execute(f'CREATE TABLE door.{table["name"]}({", ".join(columns)})')
db.execute(f"""CREATE TEMP TABLE calendar_month AS SELECT CAST(m AS DATE) AS month, CAST(m + INTERVAL 1 MONTH - INTERVAL 1 DAY AS DATE) AS month_end
  FROM range(DATE '{settings['place']['data_from']}', DATE '{settings['place']['data_to']}' + INTERVAL 1 DAY, INTERVAL 1 MONTH) r(m)""")
for file in sorted(glob.glob(f'{root}/modules/record/sql/*.sql')):
    begun = time.time()
    db.execute(render(open(file).read()))
    lap(os.path.basename(file))
db.execute('CHECKPOINT')
lap('done')
