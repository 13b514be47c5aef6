"""./run bench fhir: the shared record served over HTTP, loaded by clients on the same two cores. Answers are compared first.

The Synthea bundles are replicated with fresh ids, names and dates, imported by joinedup fhir import, served with durable writes, and
asked with parameters drawn uniformly; nothing is cached between requests. Beside every rate stands the processor time a request took
(server and load generator), because a shared machine's clock says less than that. JOINEDUP_BENCH_FHIR="--sizes 100000 …" gives options.
"""
import argparse
import collections
import concurrent.futures
import datetime
import http.client
import json
import os
import pathlib
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import unicodedata
import urllib.parse

root = pathlib.Path(__file__).resolve().parents[2]
scratch = root / "bench/scratch/fhir"
programs = pathlib.Path(os.environ.get("JOINEDUP_PROGRAMS", root / "build/release/bin"))
program, load = programs / "joinedup", programs / "fhir_load_benchmark"
SEARCHES = {"name": "name + birth date", "code": "patient + code + date", "chain": "one chain", "include": "one _include"}
SET = 47_141  # resources of one copy of the set
FOUR_GIB = 4 << 30


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def make_data(size):
    folder = scratch / f"data-{size}"
    if not (folder / ".whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([load, "make", folder, str(size)], check=True, stdout=subprocess.DEVNULL)
        (folder / ".whole").touch()
    return folder


class MemoryGroup:
    """4 GiB for the process and its page cache together, where this system lets us say so."""

    def __init__(self):
        self.path = pathlib.Path(f"/sys/fs/cgroup/memory/joinedup-bench-{os.getpid()}")
        try:
            self.path.mkdir()
            (self.path / "memory.limit_in_bytes").write_text(str(FOUR_GIB))
        except OSError:
            self.path = None

    def enter(self):
        if self.path:
            (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def most(self):
        return int((self.path / "memory.max_usage_in_bytes").read_text()) if self.path else None

    def close(self):
        if self.path:
            try:
                self.path.rmdir()
            except OSError:
                pass


def import_into(place, data, group, size):
    """Seconds, processor seconds and peak memory of the import; nothing where the place is there already."""
    if (place / ".whole").exists():
        return json.loads((place / ".whole").read_text())
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    begin = time.monotonic()
    child = subprocess.Popen([program, "fhir", "import", "--place", place, "--ndjson", data, "--json"], stdout=subprocess.PIPE, preexec_fn=group.enter)
    said = json.loads(child.stdout.read())
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0 and said["stored"] == size and not said["rejected"], said
    out = {"seconds": time.monotonic() - begin, "cpu": usage.ru_utime + usage.ru_stime, "most_mib": usage.ru_maxrss / 1024}
    (place / ".whole").write_text(json.dumps(out))
    return out


class Ours:
    base = "/fhir"

    def __init__(self, place, group):
        self.process = subprocess.Popen([program, "serve", "--place", place, "--port", "0", "--insecure-no-auth", "--access-log", "none", "--validation", "none"],
                                        stdout=subprocess.PIPE, text=True, preexec_fn=group.enter)
        self.port = int(urllib.parse.urlsplit(self.process.stdout.readline().split()[1]).port)
        self.pid = self.process.pid

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0


def run_loads(server, copies, asked):
    kinds = ",".join(["read", *SEARCHES, "create"])
    child = subprocess.Popen([load, kinds, str(server.port), str(copies), str(asked.seconds), str(asked.warm), str(asked.clients), str(server.pid), server.base],
                             stdout=subprocess.PIPE, text=True)
    figures = {}
    for line in child.stdout:
        figure = json.loads(line)
        figures[figure["kind"]] = tell(figure)
    assert child.wait() == 0, "a wrong answer"
    return figures


def tell(figure):
    figure["cpu_us"] = 1e6 * (figure["server_cpu_s"] + figure["generator_cpu_s"]) / max(1, figure["requests"])
    say(f"  {figure['kind']:8} {figure['per_second']:9.0f}/s  p50 {figure['p50_ms']:.2f} ms  p99 {figure['p99_ms']:.2f} ms  {figure['cpu_us']:.0f} µs of both cores each"
        f"  memory {figure['server_most_mib']:.0f} MiB  load average {figure['load_average']:.1f}")
    return figure


def get(server, target):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("GET", server.base + target, headers={"Accept": "application/fhir+json", "Cache-Control": "no-cache"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (target, answer.status, body[:300])
    return json.loads(body)


def ids(bundle):
    return {e["resource"]["resourceType"] + "/" + e["resource"]["id"] for e in bundle.get("entry", []) if e.get("search", {}).get("mode") != "outcome"}


def folded(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Truth:
    """The same searches answered by reading every resource: written apart from the program."""

    def __init__(self, folder):
        def read(name):
            with open(folder / f"{name}.ndjson") as file:
                return [json.loads(line) for line in file]
        self.patients = read("Patient")
        self.observations, self.encounters, self.requests = (collections.defaultdict(list) for _ in range(3))
        for name, into in (("Observation", self.observations), ("Encounter", self.encounters), ("MedicationRequest", self.requests)):
            for one in read(name):
                into[one["subject"]["reference"]].append(one)

    def of(self, kind, target):
        query = dict(urllib.parse.parse_qsl(target.split("?")[1]))
        if kind == "name":
            return {"Patient/" + p["id"] for p in self.patients if p["birthDate"] == query["birthdate"] and any(
                folded(part).startswith(folded(query["name"])) for n in p["name"] for part in
                [n.get("family", ""), n.get("text", ""), *n.get("given", []), *n.get("prefix", []), *n.get("suffix", [])])}
        if kind == "code":
            return {"Observation/" + o["id"] for o in self.observations[query["patient"]]
                    if any(c["code"] == query["code"] for c in o["code"].get("coding", [])) and "effectiveDateTime" in o and instant(o["effectiveDateTime"]) == instant(query["date"])}
        if kind == "chain":
            who = [p["id"] for p in self.patients if p["birthDate"] == query["patient.birthdate"] and
                   any(folded(n.get("family", "")).startswith(folded(query["patient.family"])) for n in p["name"])]
            return {"Encounter/" + e["id"] for i in who for e in self.encounters["Patient/" + i]}
        return {query["patient"]} | {"MedicationRequest/" + m["id"] for m in self.requests[query["patient"]]}


def compare(servers, truth, copies, count=40):
    different = 0
    out = subprocess.run([load, "targets", ",".join(SEARCHES), str(copies), str(count)], stdout=subprocess.PIPE, check=True, text=True).stdout
    for line in out.splitlines():
        kind, target = line.split()
        wide = target.replace("_count=10", "_count=1000")
        wide += "" if "_count" in wide else "&_count=1000"
        expected = truth.of(kind, wide)
        for server in servers:
            found = ids(get(server, wide))
            if found != expected:
                different += 1
                say(f"  {type(server).__name__} differs on {kind}: {len(found)} found, {len(expected)} expected, {wide[:140]}")
    assert different == 0, "answers differ; no time is reported"
    say(f"  answers: {len(SEARCHES) * count} searches equal the truth on {', '.join(type(s).__name__ for s in servers)}")


class Peer:
    """HAPI FHIR's JPA server from Maven Central over an H2 file, default heap."""
    base, port = "/fhir", 18097

    def __init__(self):
        folder, here = scratch / "peer", root / "bench/fhir/peer"
        if not (folder / ".whole").exists():
            for tool in ("mvn", "javac"):
                if not shutil.which(tool):
                    raise OSError(f"{tool} is missing: apt-get install maven default-jdk-headless")
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(here / "pom.xml", folder)
            subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["javac", "-cp", f"{folder}/lib/*", "-d", folder / "classes", here / "Peer.java"], check=True)
            (folder / ".whole").touch()
        (folder / "db").mkdir(exist_ok=True)
        self.folder = folder
        self.process = subprocess.Popen(["java", "-cp", f"{folder}/classes:{folder}/lib/*", "Peer", str(self.port), folder / "db"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.pid = self.process.pid
        for line in self.process.stdout:
            if line.startswith("Listening"):
                break
        else:
            raise OSError("the peer did not start")

    def fill(self, data, size):
        """By batches of PUTs in transactions, four at a time; what is there already is kept."""
        done_file = self.folder / f".filled-{size}"
        if done_file.exists():
            return json.loads(done_file.read_text())

        def batches():
            entries = []
            # Who is referred to comes first.
            first = ["Organization", "Practitioner", "Location", "PractitionerRole", "Patient", "Encounter"]
            files = sorted(data.glob("*.ndjson"), key=lambda f: (first.index(f.stem) if f.stem in first else len(first), f.stem))
            for file in files:
                for line in open(file):
                    resource_ = json.loads(line)
                    entries.append({"resource": resource_, "request": {"method": "PUT", "url": f"{resource_['resourceType']}/{resource_['id']}"}})
                    if len(entries) == 200:
                        yield entries
                        entries = []
            if entries:
                yield entries

        def send(entries):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=900)
            body = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
            for attempt in range(5):
                connection.request("POST", self.base, body, {"Content-Type": "application/fhir+json"})
                answer = connection.getresponse()
                said = answer.read()
                if answer.status == 200:
                    return len(entries)
            raise RuntimeError(said[:600])

        begin, stored = time.monotonic(), 0
        with concurrent.futures.ThreadPoolExecutor(4) as crew:
            waiting = collections.deque()
            for entries in batches():
                waiting.append(crew.submit(send, entries))
                if len(waiting) > 8:
                    stored += waiting.popleft().result()
                    if stored % 10_000 == 0:
                        say(f"  peer: {stored} stored, {stored / (time.monotonic() - begin):.0f}/s")
            stored += sum(w.result() for w in waiting)
        out = {"stored": stored, "seconds": time.monotonic() - begin}
        done_file.write_text(json.dumps(out))
        return out

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="100000,500000,5000000")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm", type=float, default=30)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--peer-size", type=int, default=100_000, help="0: no peer")
    parser.add_argument("--peer-clients", type=int, default=16)
    asked = parser.parse_args(sys.argv[1:] + shlex.split(os.environ.get("JOINEDUP_BENCH_FHIR", "")))
    sizes = [int(s) for s in asked.sizes.split(",") if s]
    scratch.mkdir(parents=True, exist_ok=True)
    lines, results = [], {"seconds": asked.seconds, "warm": asked.warm, "clients": asked.clients, "sizes": {}}

    def bar(name, value, unit, text, met):
        lines.append(f"BENCH {name} {value:.6g} {unit} (bar: {text}) {'met' if met else 'missed'}")

    for size in sizes:
        say(f"{size:,} resources")
        copies, group = max(1, size // SET), MemoryGroup()
        data = make_data(size)
        place = scratch / f"place-{size}"
        imported = import_into(place, data, group, size)
        say(f"  import   {size / imported['seconds']:9.0f}/s  {1e6 * imported['cpu'] / size:.0f} µs of both cores each  memory {imported['most_mib']:.0f} MiB")
        server = Ours(place, group)
        try:
            if size == sizes[0]:
                compare([server], Truth(data), copies)
            figures = run_loads(server, copies, asked)
        finally:
            server.stop()
        figures["import"] = imported
        figures["group_most_bytes"] = group.most()
        group.close()
        results["sizes"][str(size)] = figures
        bar(f"fhir_import_{size}", size / imported["seconds"], "resources/s", ">= 20000", size / imported["seconds"] >= 20_000)
        bar(f"fhir_reads_{size}", figures["read"]["per_second"], "/s", ">= 25000", figures["read"]["per_second"] >= 25_000)
        for kind, words in SEARCHES.items():
            f = figures[kind]
            bar(f"fhir_search_{kind}_{size}", f["per_second"], "/s", f">= 8000, {words}", f["per_second"] >= 8_000)
            bar(f"fhir_search_{kind}_p99_{size}", f["p99_ms"], "ms", "<= 20", f["p99_ms"] <= 20)
        bar(f"fhir_creates_{size}", figures["create"]["per_second"], "/s", f">= 3000, {asked.clients} clients, durable", figures["create"]["per_second"] >= 3_000)
        most = max(imported["most_mib"], figures["create"]["server_most_mib"])
        bar(f"fhir_memory_{size}", most, "MiB", "<= 1024", most <= 1024)
    if {500_000, 5_000_000} <= set(sizes):
        small, large = results["sizes"]["500000"], results["sizes"]["5000000"]
        ratio = small["create"]["per_second"] / large["create"]["per_second"]
        bar("fhir_flat_create", ratio, "x", "<= 1.3, rate at 500k over rate at 5M", ratio <= 1.3)
        for kind in SEARCHES:
            for part in ("p50_ms", "p99_ms"):
                ratio = large[kind][part] / small[kind][part]
                bar(f"fhir_flat_{kind}_{part[:3]}", ratio, "x", "<= 1.3, at 5M over at 500k", ratio <= 1.3)
        most = large["group_most_bytes"]
        if most is not None:
            bar("fhir_memory_and_cache_5000000", most / (1 << 30), "GiB", "<= 4, page cache and process", most <= FOUR_GIB)
    if asked.peer_size:
        size = asked.peer_size
        if size < SET:
            os.environ["JOINEDUP_BENCH_SET"] = str(size)  # what is asked for is drawn from these
        say(f"HAPI FHIR, {size:,} resources")
        try:
            data, copies = make_data(size), max(1, size // SET)
            peer = Peer()
            try:
                filled = peer.fill(data, size)
                say(f"  peer holds {filled['stored']} resources, stored at {filled['stored'] / filled['seconds']:.0f}/s")
                group = MemoryGroup()
                place = scratch / f"place-{size}"
                import_into(place, data, group, size)
                truth = Truth(data)
                ours = Ours(place, group)
                compare([ours, peer], truth, copies, 10)
                asked.clients = asked.peer_clients
                of_ours, of_peer = run_loads(ours, copies, asked), run_loads(peer, copies, asked)
                figures = {kind: {"ours": of_ours[kind], "peer": of_peer[kind]} for kind in of_ours}
                ours.stop()
                group.close()
                results["peer"] = figures
                for kind, both in figures.items():
                    ratio = both["ours"]["per_second"] / both["peer"]["per_second"]
                    bar(f"fhir_peer_{kind}", ratio, "x", ">= 5, beside HAPI FHIR 7.4.5", ratio >= 5)
                ratio = figures["create"]["peer"]["server_most_mib"] / figures["create"]["ours"]["server_most_mib"]
                bar("fhir_peer_memory", ratio, "x", ">= 10, the peer's peak over ours", ratio >= 10)
            finally:
                peer.stop()
        except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
            say(f"The peer could not be measured: {error}")
            lines.append("BENCH fhir_peer 0 x (bar: >= 5) missed")
    results["bench"] = lines
    (root / "bench/results").mkdir(exist_ok=True)
    (root / "bench/results/fhir.json").write_text(json.dumps(results, indent=1) + "\n")
    print("\n".join(lines))


main()
