#!/usr/bin/env bash
# ./run bench fhir: the server over HTTP under load, flat as it grows, beside HAPI FHIR. Options after the name go to run.py.
set -euo pipefail
cmake --build --preset release --target fhir_load_benchmark >/dev/null
exec python3 bench/fhir/run.py "$@"
