#!/usr/bin/env bash
# ./run bench [NAME…]: each benchmark checks answers first, then prints BENCH lines and writes bench/results/NAME.json.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
names=("$@")
[ ${#names[@]} -gt 0 ] || for folder in bench/*/run.*; do names+=("$(basename "$(dirname "$folder")")"); done
mkdir -p bench/scratch bench/results
command -v python3 >/dev/null || { echo "The benchmarks' peers need python3 and python3-venv: apt-get install python3 python3-venv" >&2; exit 1; }
for name in "${names[@]}"; do
  if [ -x "bench/$name/run.sh" ]; then bash "bench/$name/run.sh"
  elif [ -f "bench/$name/run.py" ]; then
    venv=bench/scratch/venv-$name
    if [ -f "bench/$name/requirements.lock" ] || grep -q . bench/peers.lock; then
      [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
      "$venv/bin/pip" install -q --disable-pip-version-check -r "$([ -f "bench/$name/requirements.lock" ] && echo "bench/$name/requirements.lock" || echo bench/peers.lock)" ||
        echo "The peer could not be installed; its figures are missed bars." >&2
    fi
    "$venv/bin/python" "bench/$name/run.py"
  else echo "There is no benchmark \"$name\"." >&2; exit 2; fi
done
