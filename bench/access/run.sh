#!/usr/bin/env bash
# ./run bench access: what sign-in, policy and the log of every access cost. Options after the name go to run.py.
set -euo pipefail
cmake --build --preset release --target fhir_load_benchmark >/dev/null
exec python3 bench/access/run.py "$@"
