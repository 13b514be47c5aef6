#!/usr/bin/env bash
# Rows a second of the synthetic place's generator. Its answers (marginals, errors, determinism) are tests, run first.
set -euo pipefail
cmake --preset release >/dev/null
cmake --build --preset release --target synth_test synth_benchmark -j2 >/dev/null
build/release/bin/synth_test --gtest_filter='Synth.TheSameBytes*:Synth.ARange*:Synth.GeneratedMarginals*' >bench/scratch/synth_test.txt 2>&1 ||
  { echo "The generator's answers are wrong: see bench/scratch/synth_test.txt" >&2; exit 1; }
build/release/bin/synth_benchmark | tee bench/scratch/synth.txt
awk 'BEGIN { printf "{\"name\":\"synth\",\"figures\":[" }
     /^BENCH/ { printf "%s{\"name\":\"%s\",\"value\":%s,\"unit\":\"%s\",\"result\":\"%s\"}", (n++ ? "," : ""), $2, $3, $4, ($NF ~ /^(met|missed)$/ ? $NF : "no bar") }
     END { print "]}" }' bench/scratch/synth.txt >bench/results/synth.json
