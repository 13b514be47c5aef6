#!/usr/bin/env bash
# ./run bench audit: events a second on the disk, and how long a million take to verify. Options after the name go to run.py.
set -euo pipefail
cmake --build --preset release --target audit_benchmark >/dev/null
exec python3 bench/audit/run.py "$@"
