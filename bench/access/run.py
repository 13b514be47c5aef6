"""./run bench access: the shared record asked by somebody who is signed in, each access judged by policy and on the disk before its answer;
and the same requests without sign-in, in the same run. Load generator and server share the same two cores.

The record is the replicated Synthea set (bench/fhir/run.py --prepare makes the place of 5 million). One doctor has a relationship to every
person in it by a CareTeam each. Every answer is checked for what it was drawn from; afterwards the log is verified and counted.

    --place DIR     a folder with the record; it is copied
    --copies N      how many copies of the set it holds
"""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time

root = pathlib.Path(__file__).resolve().parents[2]
programs = pathlib.Path(os.environ.get("JOINEDUP_PROGRAMS", root / "build/release/bin"))
program, load = programs / "joinedup", programs / "fhir_load_benchmark"
DOCTOR = "bench-doctor"
PLACE = """format = 1
[place]
name = "Benchmark place"
synthetic = true
data_from = 2000-01-01
data_to = 2026-03-31
[[partner]]
code = "BENCH"
name = "Benchmark practice"
type = "general_practice"
[[agreement]]
partner = "BENCH"
purpose = "direct_care"
from = 2000-01-01
"""


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Server:
    def __init__(self, place, *options):
        self.process = subprocess.Popen([program, "serve", "--place", place, "--port", "0", "--access-log", "none", "--validation", "none", *options], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split(":")[-1].split("/")[0])

    def get(self, path, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return json.loads(answer.read())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=120) != 0:
            raise SystemExit("the server did not end well")


def patients(place):
    server = Server(place, "--insecure-no-auth")
    found, path = [], "/fhir/Patient?_count=1000&_elements=id"
    while path:
        page = server.get(path)
        found += [entry["resource"]["id"] for entry in page.get("entry", [])]
        path = next((link["url"][link["url"].index("/fhir/"):] for link in page.get("link", []) if link["relation"] == "next"), None)
    server.stop()
    return found


def write_relationships(place, everybody):
    folder = place / "relationships"
    folder.mkdir()
    role = {"coding": [{"system": "urn:joinedup:role", "code": "general_practitioner"}]}
    who, practice = {"reference": f"Practitioner/{DOCTOR}"}, {"reference": f"Organization/{DOCTOR}"}
    ods = [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "BENCH"}]
    lines = {"Organization": [{"id": DOCTOR, "identifier": ods, "name": "Benchmark practice"}], "Practitioner": [{"id": DOCTOR}],
             "PractitionerRole": [{"id": DOCTOR, "practitioner": who, "organization": practice, "code": [role]}],
             "CareTeam": [{"id": f"bench-{i}", "status": "active", "subject": {"reference": f"Patient/{one}"}, "participant": [{"member": who}]} for i, one in enumerate(everybody)]}
    for kind, resources in lines.items():
        (folder / f"{kind}.ndjson").write_text("".join(json.dumps({"resourceType": kind, **one}) + "\n" for one in resources))
    done = subprocess.run([program, "fhir", "import", "--place", place, "--ndjson", folder, "--json"], check=True, capture_output=True, text=True)
    if json.loads(done.stdout)["stored"] != len(everybody) + 3:
        raise SystemExit("not every relationship was stored: " + done.stdout[:500])


def code_now(secret):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    return f"{(struct.unpack('>I', digest[digest[19] & 15:][:4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def sign_in(server, place):
    account = next(one for one in json.loads((place / "demo-users.json").read_text()) if one["role"] == "gp")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = json.dumps({"user": account["user"], "password": account["password"], "code": code_now(account["totp_secret"])})
    connection.request("POST", "/login", body, {"Content-Type": "application/json", "Accept": "application/json", "Origin": f"http://127.0.0.1:{server.port}"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"sign-in was answered {answer.status}")
    return "Cookie: " + "; ".join(value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie")


def run_loads(server, copies, asked, header=None):
    environment = dict(os.environ, JOINEDUP_BENCH_WITHOUT="Provenance")
    if header:
        environment["JOINEDUP_BENCH_HEADER"] = header
    done = subprocess.run([load, "read,mixed", str(server.port), str(copies), str(asked.seconds), str(asked.warm), str(asked.clients), str(server.process.pid)],
                          capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit("the load ended: " + done.stderr[-500:] + done.stdout[-500:])
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--place", type=pathlib.Path, default=root / "bench/scratch/fhir/place-5000000")
    parser.add_argument("--copies", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--warm", type=float, default=15)
    parser.add_argument("--clients", type=int, default=64)
    asked = parser.parse_args()
    place = root / "bench/scratch/access-place"
    shutil.rmtree(place, ignore_errors=True)
    say("copying the record")
    shutil.copytree(asked.place, place, ignore=shutil.ignore_patterns("*.lock"))
    (place / "place.toml").write_text(PLACE)
    everybody = patients(place)
    say(f"one doctor for {len(everybody)} people")
    write_relationships(place, everybody)
    subprocess.run([program, "govern", "users", "demo", "--place", place], check=True, stdout=subprocess.DEVNULL)
    plain = Server(place, "--insecure-no-auth")
    off = run_loads(plain, asked.copies, asked)
    plain.stop()
    server = Server(place)
    if "error" not in json.dumps(server.get("/fhir/Patient?_count=1")):
        raise SystemExit("it answered somebody who is not signed in")
    on = run_loads(server, asked.copies, asked, sign_in(server, place))
    server.stop()
    verified = json.loads(subprocess.run([program, "govern", "audit", "verify", "--place", place, "--json"], capture_output=True, text=True).stdout)
    figures = {"off": off, "on": on, "verified": verified, "people": len(everybody)}
    (root / "bench/results").mkdir(exist_ok=True)
    (root / "bench/results/access.json").write_text(json.dumps(figures, indent=1) + "\n")
    for kind, bar in (("read", 8000), ("mixed", 3000)):
        before, after = (next(one for one in runs if one["kind"] == kind) for runs in (off, on))
        rate = after["per_second"]
        print(f"BENCH access_{kind} {rate:.0f} a second with policy and committed audit, p99 {after['p99_ms']} ms; {before['per_second']:.0f} without "
              f"(bar: at least {bar}) {'met' if rate >= bar else 'missed'}")
    answered = sum(one["requests"] for one in on if "requests" in one)
    print(f"BENCH access_log_whole {verified['events']} events, {answered} answers timed (bar: the log is whole and holds every answer) "
          f"{'met' if verified['ok'] and verified['events'] >= answered else 'missed'}")


main()
