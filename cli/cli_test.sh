#!/usr/bin/env bash
# The command line from outside: exit statuses, one JSON document, sentences. usage: cli_test.sh PROGRAM
set -u
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
check() { # what, expected, actual
  if [ "$2" = "$3" ]; then return; fi
  echo "FAILED: $1: expected [$2], got [$3]"
  failures=$((failures + 1))
}
status_of() { "$@" >"$work/out" 2>"$work/err"; echo $?; }
is_one_json() { python3 -c 'import json,sys; json.load(open(sys.argv[1]))' "$1" 2>/dev/null && echo yes || echo no; }

check "no verb is wrong usage" 2 "$(status_of "$program")"
check "an unknown verb is wrong usage" 2 "$(status_of "$program" frobnicate)"
check "an unknown flag is wrong usage" 2 "$(status_of "$program" status --plaice x)"
check "help is not an error" 0 "$(status_of "$program" --help)"
check "no place is wrong usage" 2 "$(status_of "$program" refresh)"
check "a place that is not there" 1 "$(status_of "$program" refresh --place "$work/nowhere")"
check "says what to do" 1 "$(grep -c 'joinedup init --place' "$work/err")"
check "threads must be a number" 2 "$(status_of "$program" status --place x --threads many)"

check "version" 0 "$(status_of "$program" version --json)"
if command -v python3 >/dev/null; then
  check "version is one JSON document" yes "$(is_one_json "$work/out")"
  check "version has its five fields" "duckdb git sqlite version xgboost" \
    "$(python3 -c 'import json,sys; print(*sorted(json.load(open(sys.argv[1]))))' "$work/out")"
fi

# An answer that nobody could read to its end is a failure with a sentence: no crash, no silence.
(sleep 0.5; "$program" version 2>"$work/err"; echo $? >"$work/status") | true
check "a reader that went away" 1 "$(cat "$work/status")"
check "is said" 1 "$(grep -c 'could not be written to its end' "$work/err")"
check "a full disk" 1 "$("$program" version 2>"$work/err" >/dev/full; echo $?)"
check "a closed standard output" 1 "$("$program" version 2>"$work/err" >&-; echo $?)"
check "wrong usage stays wrong usage" 2 "$("$program" frobnicate 2>/dev/null >&-; echo $?)"

check "init" 0 "$(status_of "$program" init --place "$work/new" --name "Somewhere")"
check "a new place is for its owner only" 700 "$(stat -c %a "$work/new")"
check "init again changes nothing" 1 "$(status_of "$program" init --place "$work/new")"
check "status before any refresh" 1 "$(status_of "$program" status --place "$work/new")"

check "synth" 0 "$(status_of "$program" synth --place "$work/demo" --people 1024 --seed 3)"
check "refresh" 0 "$(status_of "$program" refresh --place "$work/demo" --json)"
if command -v python3 >/dev/null; then
  check "refresh --json is one JSON document" yes "$(is_one_json "$work/out")"
  "$program" status --place "$work/demo" --json >"$work/status.json"
  check "rows in = kept + rejected + withheld, and it reconciles" "True True" "$(python3 - "$work/status.json" <<'PY'
import json, sys
s = json.load(open(sys.argv[1]))
print(all(f['rows_in'] == f['rows_kept'] + f['rows_rejected'] + f['rows_withheld'] for f in s['feeds']), s['reconciled'])
PY
)"
  check "no line is silent where nothing comes by messages" "[]" "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["warnings"])' "$work/status.json")"
  check "the manifest names inputs and tables with their sums" "True True" "$(python3 - "$work/demo/warehouse/current/manifest.json" <<'PY'
import json, sys
m = json.load(open(sys.argv[1]))
print(all(len(i['sha256']) == 64 for i in m['inputs']), all(len(t['sha256']) == 64 for t in m['tables']))
PY
)"
fi
check "table" 0 "$(status_of "$program" table person --place "$work/demo" --format csv)"
check "table has the columns of the contract" 1 "$(head -n 1 "$work/out" | grep -c 'person_key,sex,birth_month')"
check "a table that is not there" 1 "$(status_of "$program" table nobody --place "$work/demo")"

check "link history" 0 "$(status_of "$program" link history --place "$work/demo" --json)"
check "link quality" 0 "$(status_of "$program" link quality --place "$work/demo" --truth "$work/demo/truth/person.csv" --json)"
command -v python3 >/dev/null && check "link quality is one JSON document" yes "$(is_one_json "$work/out")"
check "pairs are for somebody with a name" 2 "$(status_of "$program" link review export --place "$work/demo" --out "$work/pairs.csv")"
check "link review export" 0 "$(status_of "$program" link review export --place "$work/demo" --out "$work/pairs.csv" --who "A. Clerk")"
check "link review export is for its owner only" 600 "$(stat -c %a "$work/pairs.csv")"
check "link review import of no decisions" 0 "$(status_of "$program" link review import --place "$work/demo" --input "$work/pairs.csv")"
row=$(sed -n 2p "$work/demo/truth/person.csv" | cut -d, -f2)
check "unlink asks who and why" 2 "$(status_of "$program" link unlink --place "$work/demo" --feed gp_registration --row-id "$row")"
check "unlink" 0 "$(status_of "$program" link unlink --place "$work/demo" --feed gp_registration --row-id "$row" --who "A. Clerk" --reason "a test")"
command -v python3 >/dev/null && check "unlink is one JSON document" yes "$(is_one_json "$work/out")"
check "unlink twice" 1 "$(status_of "$program" link unlink --place "$work/demo" --feed gp_registration --row-id "$row" --who "A. Clerk" --reason "a test")"
check "relink" 0 "$(status_of "$program" link relink --place "$work/demo" --feed gp_registration --row-id "$row" --who "A. Clerk" --reason "a test")"
check "there is no such link verb" 2 "$(status_of "$program" link guess --place "$work/demo")"
# Validation of predictions in any file.
{ echo "who,y,p"; for i in $(seq 1 300); do echo "$((i / 2)),$((i % 3 == 0 || i % 7 == 0)),0.$((10 + (i * 37) % 60 + (i % 3 == 0) * 20))"; done; } >"$work/scores.csv"
check "validate" 0 "$(status_of "$program" validate --data "$work/scores.csv" --outcome y --predict p --cluster who --seed 1 --out "$work/validated" --json)"
if command -v python3 >/dev/null; then
  check "validate --json is one JSON document" yes "$(is_one_json "$work/out")"
  check "metrics.json has the contract's fields" "True" "$(python3 -c 'import json,sys; m=json.load(open(sys.argv[1])); print({"auroc","auprc","oe","slope","intercept","brier","top_n","by_group","intervals"} <= set(m))' "$work/validated/metrics.json")"
fi
check "validate without an outcome is wrong usage" 2 "$(status_of "$program" validate --data "$work/scores.csv" --out "$work/validated")"
check "validate with a column that is not there" 1 "$(status_of "$program" validate --data "$work/scores.csv" --outcome z --out "$work/validated")"

# Nobody reads a table to its end.
set -o pipefail
timeout 60 "$program" table person_month --place "$work/demo" 2>"$work/err" | head -n 1 >"$work/out"
check "a table whose reader stops" 1 "$?"
check "its first line came" 1 "$(grep -c , "$work/out")"
check "and no more was said than that" 1 "$(wc -l <"$work/err")"
set +o pipefail

# Cases: found, released once, followed up, and named to the team only.
check "cases find" 0 "$(status_of "$program" cases find --place "$work/demo" --json)"
check "cases needs a word" 2 "$(status_of "$program" cases)"
check "cases find outside the data" 2 "$(status_of "$program" cases find --place "$work/demo" --as-of 2031-01-01)"
check "says which days" 1 "$(grep -c 'within the data' "$work/err")"
check "a release needs a name and a role" 2 "$(status_of "$program" cases release --place "$work/demo" --team "Neighbourhood team 1" --by "Dr A")"
check "chance needs an approver" 2 "$(status_of "$program" cases find --place "$work/demo" --allocate random --seed 1)"
if command -v python3 >/dev/null; then
  "$program" cases find --place "$work/demo" --json >"$work/cases.json" 2>/dev/null
  check "cases find --json is one JSON document" yes "$(is_one_json "$work/cases.json")"
  check "cases have the fields of the contract, and reasons with source, date and label" "True True" "$(python3 - "$work/cases.json" <<'PY'
import json, sys
cases = json.load(open(sys.argv[1]))
fields = {'pseudonym', 'team', 'state', 'rank', 'risk', 'impactability', 'care_gaps', 'reasons', 'excluded_because'}
print(all(fields <= set(c) for c in cases), all({'text', 'source', 'date', 'label'} <= set(r) for c in cases for r in c['reasons']) and any(c['state'] == 'found' and c['reasons'] for c in cases))
PY
)"
  "$program" cases find --place "$work/demo" --role team --json >"$work/cases-team.json" 2>/dev/null
  check "analysts get no labelled reason, the team gets them all" "True True" "$(python3 - "$work/cases.json" "$work/cases-team.json" <<'PY'
import json, sys
analyst, team = (json.load(open(f)) for f in sys.argv[1:])
labels = {r['label'] for c in analyst for r in c['reasons']}
print(labels <= {'normal', 'palliative'}, sum(len(c['reasons']) + c['reasons_withheld'] for c in analyst) == sum(len(c['reasons']) for c in team) > 0)
PY
)"
  team=$(python3 -c 'import json,sys; print(next(c["team"] for c in json.load(open(sys.argv[1])) if c["state"] == "found"))' "$work/cases.json")
  person=$(python3 -c 'import json,sys; print(next(c["pseudonym"] for c in json.load(open(sys.argv[1])) if c["state"] == "found"))' "$work/cases.json")
  check "why" 0 "$(status_of "$program" cases find --place "$work/demo" --why "$person")"
  check "why says where" 1 "$(grep -c '^On the list of team' "$work/out")"
  check "a list that has changed is not released" 1 "$(status_of "$program" cases release --place "$work/demo" --team "$team" --by "Dr A, GP" --list 0123)"
  check "release" 0 "$(status_of "$program" cases release --place "$work/demo" --team "$team" --by "Dr A, GP" --json)"
  check "release says who" yes "$(is_one_json "$work/out")"
  check "a claimed role is not believed" 2 "$(status_of "$program" cases reidentify --place "$work/demo" --pseudonym "$person" --role team --team "$team" --by "Nurse C" --reason visit)"
  check "and the right verb is named" 1 "$(grep -c 'joinedup govern reidentify' "$work/err")"
  check "an outcome" 0 "$(status_of "$program" cases outcome --place "$work/demo" --pseudonym "$person" --team "$team" --what declined --reason "prefers not" --by "Nurse C")"
  check "history" 0 "$(status_of "$program" cases history --place "$work/demo" --json)"
  check "history counts it" "1 {'prefers not': 1}" "$(python3 -c 'import json,sys; h=json.load(open(sys.argv[1]))[0]; print(h["outcomes"]["declined"], h["declined_because"])' "$work/out")"
  "$program" cases find --place "$work/demo" --why "$person" >"$work/out" 2>/dev/null
  check "who declined is not offered again" 1 "$(grep -c 'declined before' "$work/out")"
  echo "$(python3 -c 'import csv,sys; print(next(csv.DictReader(open(sys.argv[1])))["nhs_number"])' "$work/demo/truth/people.csv"),case_finding,2020-01-01," >>"$work/demo/reference/objections.csv"
  check "a new objection stops lists until it is honoured" 1 "$(status_of "$program" cases find --place "$work/demo")"
  check "says to refresh" 1 "$(grep -c 'Objections have changed' "$work/err")"
fi

# The whole place: put away, put back, with the same sums; nothing while a server has it.
check "refresh again" 0 "$(status_of "$program" refresh --place "$work/demo")"
check "backup" 0 "$(status_of "$program" backup --place "$work/demo" --to "$work/put-away" --with-feeds --json)"
if command -v python3 >/dev/null; then check "backup --json is one JSON document" yes "$(is_one_json "$work/out")"; fi
check "a backup is for its owner only" "" "$(find "$work/put-away" \( -type f ! -perm 600 \) -o \( -type d ! -perm 700 \))"
check "its sums are as sha256sum has them" 0 "$(cd "$work/put-away" && status_of sha256sum --quiet --check SHA256SUMS)"
check "a backup is not written over" 1 "$(status_of "$program" backup --place "$work/demo" --to "$work/put-away")"
check "a backup goes outside the place" 2 "$(status_of "$program" backup --place "$work/demo" --to "$work/demo/b")"
check "a backup of nothing" 1 "$(status_of "$program" backup --place "$work/nowhere" --to "$work/b")"
check "a backup to nowhere" 2 "$(status_of "$program" backup --place "$work/demo")"
check "restore into another folder" 0 "$(status_of "$program" restore --place "$work/again" --from "$work/put-away" --json)"
if command -v python3 >/dev/null; then check "restore --json is one JSON document" yes "$(is_one_json "$work/out")"; fi
check "restored, it is refreshed" 0 "$(status_of "$program" refresh --place "$work/again")"
if command -v python3 >/dev/null; then
  check "and has the same tables, with the same sums" True "$(python3 -c 'import json,sys; a,b=[{t["table"]:t["sha256"] for t in json.load(open(p))["tables"]} for p in sys.argv[1:]]; print(a==b and len(a)>30)' "$work/demo/warehouse/current/manifest.json" "$work/again/warehouse/current/manifest.json")"
  check "and nothing new in the shared record" "True" "$(python3 - "$work/demo/shared-record.sqlite" "$work/again/shared-record.sqlite" <<'PY'
import sqlite3, sys
print(len({sqlite3.connect(f).execute('SELECT count(*), max(row) FROM version').fetchone() for f in sys.argv[1:]}) == 1)
PY
)"
fi
check "nothing is of an older format" 0 "$(status_of "$program" upgrade --place "$work/again")"
check "and that is said" 1 "$(grep -c '^Nothing to do: all' "$work/out")"
check "there is nothing to go back to" 1 "$(status_of "$program" upgrade --place "$work/again" --back)"
"$program" serve --place "$work/again" --port 0 --insecure-no-auth --access-log none >"$work/listening" 2>"$work/err" &
server=$!
for _ in $(seq 200); do grep -qs Listening "$work/listening" && break; sleep 0.05; done
base=$(sed -n 's/^Listening //p' "$work/listening")
(while curl -s -o "$work/answer" -X POST -H 'Content-Type: application/fhir+json' --data '{"resourceType":"Patient"}' "$base/Patient"; do :; done) &
writer=$!
sleep 0.3
check "backup while it serves and is written to" 0 "$(status_of "$program" backup --place "$work/again" --to "$work/put-away-served" --keys-to "$work/put-away-keys" --with-feeds)"
check "no restore while it serves" 1 "$(status_of "$program" restore --place "$work/again" --from "$work/put-away")"
check "and the process is named" 1 "$(grep -c "process $server " "$work/err")"
check "no upgrade while it serves" 1 "$(status_of "$program" upgrade --place "$work/again")"
kill -TERM "$server"
wait "$server" "$writer"
check "keys are not with the rest" "" "$(find "$work/put-away-served" -name '*.key' -o -name '*.pem')"
check "without its keys it is not restored" 1 "$(status_of "$program" restore --place "$work/again" --from "$work/put-away-served")"
check "says how" 1 "$(grep -c -- '--keys-from' "$work/err")"
check "restore over a place" 0 "$(status_of "$program" restore --place "$work/again" --from "$work/put-away-served" --keys-from "$work/put-away-keys")"
check "what stood there is kept" yes "$([ -f "$work/again.before-restore/place.toml" ] && echo yes || echo no)"
"$program" fhir export --place "$work/again" --out "$work/exported" --json >/dev/null 2>"$work/err"
check "what was written while it served is in it" yes "$([ "$(grep -vc '"identifier"' "$work/exported/Patient.ndjson")" -gt 0 ] && echo yes || echo no)"
printf x >>"$work/put-away/shared-record.sqlite"
check "a damaged backup is refused" 1 "$(status_of "$program" restore --place "$work/again" --from "$work/put-away")"
check "with a sentence" 1 "$(grep -c 'The backup is damaged: .*nothing was changed. Take an older one' "$work/err")"

# A demonstration: accounts, and a caseload that is written once, however few were found; never for real people.
check "govern users demo" 0 "$(status_of "$program" govern users demo --place "$work/demo" --json)"
check "a sign-in of each role" 13 "$(grep -o '"user"' "$work/out" | wc -l)"
check "the code of this moment" 0 "$(status_of "$program" govern users demo --code demo.gp --place "$work/demo")"
check "is six digits" 1 "$(grep -cE '^[0-9]{6}$' "$work/out")"
check "govern caseload demo" 0 "$(status_of "$program" govern caseload demo --place "$work/demo" --json)"
check "plans, meetings and referrals were written" 3 "$(grep -oE '"(CarePlan|Appointment|ServiceRequest)":[1-9]' "$work/out" | wc -l)"
check "govern caseload demo again" 0 "$(status_of "$program" govern caseload demo --place "$work/demo" --json)"
check "writes nothing" 1 "$(grep -c '"was_there":true' "$work/out")"
check "real people have no caseload made up" 1 "$(status_of "$program" govern caseload demo --place "$work/new")"

# Bad input: the published version stays, the fault is said.
before=$(readlink "$work/demo/warehouse/current")
sed -i 's/^name/nmae/' "$work/demo/place.toml"
check "a misspelt key stops the refresh" 1 "$(status_of "$program" refresh --place "$work/demo")"
check "with its line" 1 "$(grep -cE 'place.toml:[0-9]+: .*nmae' "$work/err")"
check "and the published version stays" "$before" "$(readlink "$work/demo/warehouse/current")"

# Published scores over files.
printf 'person_id,code,date\na,I50.0,2024-01-01\na,F00.1,2024-02-01\nb,Z00.0,2023-01-01\n' >"$work/codes.csv"
check "score" 0 "$(status_of "$program" score --model hfrs --input "$work/codes.csv" --out "$work/scores/hfrs.csv" --json)"
check "score: columns of the contract" "person_id,score,version,status" "$(head -n 1 "$work/scores/hfrs.csv")"
check "score: a person's points" "a,F00,1,7.1" "$(sed -n 2p "$work/scores/breakdown.csv")"
check "score: nobody is left out" 3 "$(wc -l <"$work/scores/hfrs.csv")"
if command -v python3 >/dev/null; then check "score --json is one JSON document" yes "$(is_one_json "$work/out")"; fi
check "score: an unknown score" 2 "$(status_of "$program" score --model wizard --input "$work/codes.csv" --out "$work/x.csv")"
check "score: without --out" 2 "$(status_of "$program" score --model hfrs --input "$work/codes.csv")"
printf 'person_id,code\na,428.0\n' >"$work/icd9.csv"
check "score: another code system" 1 "$(status_of "$program" score --model hfrs --input "$work/icd9.csv" --out "$work/x.csv")"
check "score: and says so" 1 "$(grep -c 'row 1: .*not ICD-10' "$work/err")"
check "score: nothing was written" no "$([ -e "$work/x.csv" ] && echo yes || echo no)"

# Files into the shared record and out of it.
mkdir -p "$work/fhir-in" "$work/fhir-place"
printf '{"resourceType":"Patient","id":"a","multipleBirthInteger":1}\n{"resourceType":"Patient"\n' >"$work/fhir-in/a.ndjson"
check "fhir import: half of it is rejected" 3 "$(status_of "$program" fhir import --place "$work/fhir-place" --ndjson "$work/fhir-in" --json)"
check "fhir import: what was read and stored" 1 "$(grep -c '"read":2.*"line":2.*"stored":1' "$work/out")"
if command -v python3 >/dev/null; then check "fhir import --json is one JSON document" yes "$(is_one_json "$work/out")"; fi
check "fhir export" 0 "$(status_of "$program" fhir export --place "$work/fhir-place" --out "$work/fhir-out" --json)"
check "fhir export: one line" 1 "$(wc -l <"$work/fhir-out/Patient.ndjson")"
check "fhir export: for its owner only" 600 "$(stat -c %a "$work/fhir-out/Patient.ndjson")"
check "fhir import: neither form" 2 "$(status_of "$program" fhir import --place "$work/fhir-place")"
check "fhir: no such verb" 2 "$(status_of "$program" fhir burn --place "$work/fhir-place")"

[ "$failures" = 0 ] && echo "command line: all checks passed"
exit "$((failures > 0))"
