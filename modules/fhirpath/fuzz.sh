#!/bin/sh
# Builds the fuzzer with clang, ASan and UBSan and runs it: fuzz.sh [seconds] [seeds' folder]. Needs a release build first.
set -eu
here=$(cd "$(dirname "$0")" && pwd); root=$here/../..; build=$root/build/fuzz; seconds=${1:-60}; seeds=${2:-$build/fhirpath_seeds}
mkdir -p "$build" "$seeds"
generated=$root/build/release/modules/fhirpath/embedded
for source in "$here"/*.cpp "$root"/base/*.cpp; do
  case $source in *_test.cpp|*_benchmark.cpp) continue ;; esac
  object=$build/$(basename "$(dirname "$source")")_$(basename "$source" .cpp).o
  if [ "$object" -nt "$source" ]; then continue; fi
  clang++ -std=c++20 -g -O1 -DJOINEDUP_LIBFUZZER -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
    -I"$root" -I"$root/modules" -I"$generated" -c "$source" -o "$object"
done
clang++ -std=c++20 -g -I"$root" -I"$generated" -c "$generated/fhirpath_embedded.cpp" -o "$build/fhirpath_embedded.o"
clang++ -c "$generated/fhirpath_embedded.S" -o "$build/fhirpath_embedded_s.o"
clang++ -fsanitize=fuzzer,address,undefined "$build"/fhirpath_*.o "$build"/base_*.o -o "$build/fhirpath_fuzz" \
  -lsimdjson -lre2 -lz -lbz2 -lzstd -lcrypto -lpthread
cd "$build" && ./fhirpath_fuzz -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -max_len=4096 "$seeds"
