#!/usr/bin/env bash
# The program as it is shipped, with a hospital that is killed in the middle of its messages and begins again, and is itself killed:
# nothing is lost, nothing is doubled. usage: messages_test.sh PROGRAM
set -uo pipefail
program=$1
work=$(mktemp -d)
people=${JOINEDUP_MESSAGES:-150}
server=0
trap 'kill -9 $server 2>/dev/null; rm -rf "$work"' EXIT
"$program" init --place "$work/place" 2>/dev/null || { echo "FAILED: init"; exit 1; }
failures=0
expect() { [ "$2" = "$3" ] || { echo "FAILED: $1: expected [$3], was [$2]"; failures=$((failures + 1)); }; }
begin() {
  "$program" serve --place "$work/place" --port 0 --mllp-port "${1:-0}" --insecure-no-auth --access-log none >"$work/out" 2>"$work/log" &
  server=$!
  for _ in $(seq 400); do grep -q mllp "$work/out" && break; sleep 0.05; done
  base=$(sed -n 's/^Listening http/http/p' "$work/out")
  port=$(sed -n 's|^Listening mllp://127.0.0.1:||p' "$work/out")
  case $port in [0-9]*) ;; *) echo "FAILED: it said [$(cat "$work/out")]"; cat "$work/log"; exit 1 ;; esac
}
count() { curl -s "$base/$1" | sed -n 's/.*"total" *: *\([0-9]*\).*/\1/p' | head -1; }

# Each person is admitted and discharged: two messages.
for i in $(seq "$people"); do
  for kind in A01:20260101120000: A03:20260103120000:20260103113000; do
    trigger=${kind%%:*}; rest=${kind#*:}; when=${rest%%:*}; left=${rest#*:}
    printf 'MSH|^~\\&|PAS|RXX|JU||%s||ADT^%s|%s-%s|P|2.4\rEVN|%s|%s\rPID|1||M%s^^^RXX^MR||PERSON^Number||19500101|F\rPV1|1|I|Ward 1||||||||||||||||V%s|||||||||||||||||||||||||20260101113000|%s\r\n' \
      "$when" "$trigger" "$trigger" "$i" "$trigger" "$when" "$i" "$i" "$left"
  done
done >"$work/messages.hl7"

begin
# The sender is killed three times in the middle, and begins from the start each time: a hospital does not know what was taken.
for pause in 0.15 0.3 0.5; do
  "$program" messages send --to "127.0.0.1:$port" --file "$work/messages.hl7" >/dev/null 2>&1 &
  sender=$!
  sleep "$pause"
  kill -9 $sender 2>/dev/null
  wait $sender 2>/dev/null
done
# The receiver is killed in the middle too.
"$program" messages send --to "127.0.0.1:$port" --file "$work/messages.hl7" >/dev/null 2>&1 &
sender=$!
sleep 0.3
kill -9 $server
wait $server 2>/dev/null
wait $sender
expect "a sender whose receiver is gone" $? 1
begin "$port"
curl -sN "${base%/fhir}/events?types=Encounter" >"$work/events" &
listener=$!
sleep 0.3
said=$("$program" messages send --to "127.0.0.1:$port" --file "$work/messages.hl7" --json)
expect "every message is answered" "$said" "{\"codes\":{\"AA\":$((2 * people)),\"AE\":0,\"AR\":0},\"sent\":$((2 * people))}"
for _ in $(seq 100); do [ "$(count 'Encounter?status=finished&_total=accurate&_count=1')" = "$people" ] && break; sleep 0.1; done
expect "visits that ended" "$(count 'Encounter?status=finished&_total=accurate&_count=1')" "$people"
expect "visits" "$(count 'Encounter?_total=accurate&_count=1')" "$people"
expect "people" "$(count 'Patient?_total=accurate&_count=1')" "$people"
expect "messages that wrote, each once" "$(count 'Provenance?_total=accurate&_count=1')" "$((2 * people))"
grep -q '"type":"Encounter","id":"[-0-9a-f]*","version":' "$work/events" || { echo "FAILED: a page that listened heard nothing"; failures=$((failures + 1)); }
grep -q Number "$work/events" && { echo "FAILED: an event held a name"; failures=$((failures + 1)); }
kill -TERM $server
began=$(date +%s)
wait $server
expect "asked to stop" $? 0
[ $(($(date +%s) - began)) -lt 8 ] || { echo "FAILED: a page that listens kept the server from stopping"; failures=$((failures + 1)); }
wait $listener
expect "nothing undelivered" "$("$program" subscriptions dead --place "$work/place" --json)" "[]"
expect "for review" "$("$program" messages review --place "$work/place" --json)" "[]"
said=$("$program" messages import --place "$work/place" --file "$work/messages.hl7" --json | grep -o '"codes":{[^}]*}')
expect "the same from a file, answered alike" "$said" "\"codes\":{\"AA\":$((2 * people)),\"AE\":0,\"AR\":0}"
exit $((failures > 0))
