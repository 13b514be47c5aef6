#!/bin/sh
# Builds the fuzzer of searches with clang, ASan and UBSan and runs it: fuzz.sh [seconds] [seeds' folder]. Needs a release build first.
set -eu
here=$(cd "$(dirname "$0")" && pwd); root=$here/../..; build=$root/build/fuzz_fhir; seconds=${1:-60}; seeds=${2:-$build/seeds}
mkdir -p "$build" "$seeds"
compile() {  # SOURCE OBJECT
  [ "$2" -nt "$1" ] || clang++ -std=c++20 -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -DJOINEDUP_LIBFUZZER \
    -DJOINEDUP_SOURCE_DIR='""' -I"$root" -I"$root/modules" -I"$root/build/release/modules/fhir/embedded" -I"$root/build/release/modules/fhirpath/embedded" -c "$1" -o "$2"
}
for source in "$here"/*.cpp "$root"/modules/fhirpath/*.cpp "$root"/base/*.cpp "$root"/build/release/modules/fhir/embedded/*.cpp "$root"/build/release/modules/fhirpath/embedded/*.cpp; do
  case $source in *_test.cpp|*_benchmark.cpp|*/fhirpath_fuzz.cpp) continue ;; esac
  compile "$source" "$build/$(basename "$(dirname "$source")")_$(basename "$source" .cpp).o"
done
for room in fhir fhirpath; do clang++ -c "$root/build/release/modules/$room/embedded/${room}_embedded.S" -o "$build/${room}_embedded_s.o"; done
clang++ -fsanitize=fuzzer,address,undefined "$build"/*.o -o "$build/fhir_search_fuzz" -lsqlite3 -lsimdjson -lpugixml -lre2 -lz -lbz2 -lzstd -lcrypto -lpthread
# Something to begin with: the first two bytes choose, see fhir_search_fuzz.cpp.
n=0
for text in 'name=smith&birthdate=ge1970&_sort=-birthdate' 'identifier:of-type=t|MR|1' '_has:Observation:patient:code:in=http://v' 'general-practitioner.name:exact=x&_count=3' '_list=l&_id=p1,p2'; do
  printf '\000\000%s' "$text" > "$seeds/patient$n"; n=$((n + 1))
done
for text in 'code-value-quantity=l|c$gt1||mg&subject:Patient.gender=male' 'value-quantity=le1.5e0|http://unitsofmeasure.org|g' 'date=sa2011-07-01T11:12:13%2B02:00&_include=Observation:subject:Patient' 'code:not=c&status:missing=false&_total=accurate' 'patient=Patient/p1&_revinclude:iterate=Observation:patient'; do
  printf '\000\001%s' "$text" > "$seeds/observation$n"; n=$((n + 1))
done
printf '\000\002%s' '_type=Patient,Observation&_lastUpdated=gt2000&_sort=_id' > "$seeds/several"
printf '\002\000%s' '3-0123456789abcdef0123456789abcdef' > "$seeds/cursor"
printf '\003\000%s' '{"resourceType":"Patient","id":"x","meta":{"versionId":"1","tag":[{"code":"a"}]},"name":[{"family":"B"}]}' > "$seeds/body"
cd "$build" && ./fhir_search_fuzz -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -max_len=1024 "$seeds"
