"""./run bench fhir: the shared record served over HTTP, loaded by clients on the same two cores. Answers are compared first.

The Synthea bundles are replicated with fresh ids, names and dates, imported by joinedup fhir import, served with durable writes, and
asked with parameters drawn uniformly; no answer is kept between requests. Beside every rate stands the processor time a request took
(server and load generator), because a shared machine's clock says less than that. The process and its page cache are held to 4 GiB by a
memory cgroup; the files are dropped from the page cache first and read once within it, as a server that has run for a while has them.

    --prepare       makes what takes long, untimed: the data, the place of 5 million, the peer's program and its filled database
    --data DIR      where that stands (15 GB); bench/scratch/fhir otherwise
JOINEDUP_BENCH_FHIR="--sizes 500000 …" gives options.
"""
import argparse
import collections
import concurrent.futures
import datetime
import http.client
import json
import os
import pathlib
import re
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
SET = 49_722  # resources of one copy of the set
SLICE = 250_000
FRESH = 500_000  # a place up to this size is imported anew in every run, which is timed; a larger one is prepared
FOUR_GIB = 4 << 30


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def whole(folder):
    return (folder / ".whole").exists()


def make_data(size):
    folder = scratch / f"data-{size}"
    if not whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([load, "make", folder, str(size)], check=True, stdout=subprocess.DEVNULL)
        (folder / ".whole").touch()
    return folder


class MemoryGroup:
    """4 GiB for the process and its page cache together, where this system lets us say so: cgroups of either version."""

    def __init__(self):
        self.path = None
        name = f"joinedup-bench-{os.getpid()}-{time.monotonic_ns()}"
        for folder, limit, self.most_name in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
                                              ("/sys/fs/cgroup", "memory.max", "memory.peak")):
            path = pathlib.Path(folder) / name
            try:
                path.mkdir()
            except OSError:
                continue
            try:
                (path / limit).write_text(str(FOUR_GIB))
                self.path = path
                return
            except OSError:
                path.rmdir()
        say("  no memory cgroup can be made here: the page cache is not held to 4 GiB")

    def enter(self):
        if self.path:
            (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def most(self):
        return int((self.path / self.most_name).read_text()) if self.path else None

    def close(self):
        if self.path:
            try:
                self.path.rmdir()
            except OSError as error:
                say(f"  the memory cgroup stays: {error}")


def files_of(place):
    return [f for f in sorted(place.rglob("*")) if f.is_file()]


def warm_files(place, group):
    """Out of everybody's page cache, then into this group's: otherwise what another process has read would not count."""
    for file in files_of(place):
        with open(file, "rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    begin = time.monotonic()
    subprocess.run(["cat", *files_of(place)], stdout=subprocess.DEVNULL, check=True, preexec_fn=group.enter)
    say(f"  files    {sum(f.stat().st_size for f in files_of(place)) / (1 << 30):.2f} GiB, read once in {time.monotonic() - begin:.1f} s")


def import_into(place, data, group, stored):
    """Seconds, processor seconds and peak memory of an import that adds so many resources."""
    begin = time.monotonic()
    child = subprocess.Popen([program, "fhir", "import", "--place", place, "--ndjson", data, "--json"], stdout=subprocess.PIPE, preexec_fn=group.enter)
    said = json.loads(child.stdout.read())
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0 and said["stored"] == stored and not said["rejected"], said
    return {"seconds": time.monotonic() - begin, "cpu": usage.ru_utime + usage.ru_stime, "most_mib": usage.ru_maxrss / 1024, "stored": stored}


def settle(place, group):
    """Served until the index is joined."""
    server, before, same = Ours(place, group), None, 0
    try:
        while same < 8:
            time.sleep(1)
            now = sorted(f.name for f in (place / "shared-record.sqlite.index").iterdir())
            at_work = any(f.endswith(".part") for f in now)
            same, before = (same + 1 if now == before and not at_work else 0), now
    finally:
        server.stop()


def prepare_place(size):
    """A large place, imported in slices, so that the NDJSON of all of it need not stand on the disk at once."""
    place = scratch / f"place-{size}"
    if whole(place):
        return
    place.mkdir(parents=True, exist_ok=True)
    group, done = MemoryGroup(), place / ".slices"
    slices = json.loads(done.read_text()) if done.exists() else []
    for begin in range(sum(s["stored"] for s in slices), size, SLICE):
        end = min(size, begin + SLICE)
        data = scratch / f"slice-{end}"
        shutil.rmtree(data, ignore_errors=True)
        subprocess.run([load, "make", data, str(end), str(begin)], check=True, stdout=subprocess.DEVNULL)
        slices.append(import_into(place, data, group, end - begin))
        shutil.rmtree(data)
        done.write_text(json.dumps(slices))
        say(f"  prepared {end:,} of {size:,}: {(end - begin) / slices[-1]['seconds']:.0f}/s, {1e6 * slices[-1]['cpu'] / (end - begin):.0f} µs of processor time each")
    settle(place, group)
    group.close()
    (place / ".whole").write_text(json.dumps({"stored": size, "slices": slices}))


def place_for(size, group):
    """A place that the run may write into, and what its import took (nothing where it was prepared)."""
    place, imported = scratch / f"run-{size}", None
    shutil.rmtree(place, ignore_errors=True)
    if size <= FRESH:
        place.mkdir(parents=True)
        imported = import_into(place, make_data(size), group, size)
        settle(place, group)
    else:
        prepare_place(size)
        subprocess.run(["cp", "-a", "--reflink=auto", scratch / f"place-{size}", place], check=True)
        subprocess.run(["sync"], check=True)
    warm_files(place, group)
    return place, imported


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


def run_loads(server, copies, seconds, warm, clients):
    kinds = ",".join(["read", *SEARCHES, "create"])
    child = subprocess.Popen([load, kinds, str(server.port), str(copies), str(seconds), str(warm), str(clients), str(server.pid), server.base],
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
        f"  memory {figure['server_most_mib']:.0f} MiB, {figure['server_own_mib']:.0f} its own  load average {figure['load_average']:.1f}")
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
    """HAPI FHIR's JPA server from Maven Central over an H2 file, default heap. Its own settings, but that references are not enforced,
    search results are not reused (nothing is, for either) and pages may be long enough to be compared. While its database is
    filled, which is not timed, it also leaves out what only a first load can (its mass ingestion mode) and has a larger H2 cache."""
    base, port = "/fhir", 18097

    @staticmethod
    def program():
        folder, here = scratch / "hapi", root / "bench/fhir/peer"
        for tool in ("mvn", "javac"):
            if not shutil.which(tool):
                raise OSError(f"{tool} is missing: apt-get install maven default-jdk-headless")
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "lib/.whole").exists():
            shutil.copy(here / "pom.xml", folder)
            subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            (folder / "lib/.whole").touch()
        subprocess.run(["javac", "-cp", f"{folder}/lib/*", "-d", folder / "classes", here / "Peer.java"], check=True)
        return folder

    def __init__(self, database, *options):
        folder = self.program()
        database.mkdir(exist_ok=True)
        self.process = subprocess.Popen(["java", *options, "-cp", f"{folder}/classes:{folder}/lib/*", "Peer", str(self.port), database],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.pid = self.process.pid
        for line in self.process.stdout:
            if line.startswith("Listening"):
                return
        raise OSError("the peer did not start")

    @classmethod
    def filled(cls, data, size):
        """The folder of a database that holds the data: by transactions of 25 PUTs, but for Provenance, which is not asked for beside it; four at a time, taken up where it was left.
        Larger transactions cost it more than their share: it looks through all of one at every entry."""
        database = scratch / "hapi" / f"db-{size}"
        done = database / ".filled"
        if (database / ".whole").exists():
            return database
        peer = cls(database, "-Dfill=true")
        begin, skipped, stored = time.monotonic(), int(done.read_text()) if done.exists() else 0, 0
        identity = re.compile(rb'"id"\s*:\s*"([^"]+)"')

        def batches():
            # Who is referred to comes first.
            first = ["Organization", "Practitioner", "Location", "PractitionerRole", "Patient", "Encounter"]
            entries = []
            held = [f for f in data.glob("*.ndjson") if f.stem != "Provenance"]  # 120, of which one refers to thousands: seconds each
            for file in sorted(held, key=lambda f: (first.index(f.stem) if f.stem in first else len(first), f.stem)):
                for line in open(file, "rb"):
                    url = file.stem.encode() + b"/" + identity.search(line).group(1)
                    entries.append(b'{"resource":' + line.strip() + b',"request":{"method":"PUT","url":"' + url + b'"}}')
                    if len(entries) == 25:
                        yield entries
                        entries = []
                if entries:  # one type at a time
                    yield entries
                    entries = []

        def send(entries):
            body = b'{"resourceType":"Bundle","type":"transaction","entry":[' + b",".join(entries) + b"]}"
            for attempt in range(5):
                connection = http.client.HTTPConnection("127.0.0.1", cls.port, timeout=900)
                connection.request("POST", cls.base, body, {"Content-Type": "application/fhir+json"})
                answer = connection.getresponse()
                said = answer.read()
                if answer.status == 200:
                    return len(entries)
            raise RuntimeError(said[:600])

        try:
            with concurrent.futures.ThreadPoolExecutor(4) as crew:
                waiting, told = collections.deque(), time.monotonic()
                seen = 0
                for entries in batches():
                    seen += len(entries)
                    if seen <= skipped:
                        continue
                    waiting.append(crew.submit(send, entries))
                    if len(waiting) > 4:
                        stored += waiting.popleft().result()
                        done.write_text(str(skipped + stored))
                    if time.monotonic() - told > 20:
                        told = time.monotonic()
                        say(f"  peer: {skipped + stored:,} of {size:,}, {stored / (told - begin):.0f}/s")
                stored += sum(w.result() for w in waiting)
        finally:
            peer.stop()
        (database / ".whole").write_text(json.dumps({"stored": skipped + stored, "seconds": time.monotonic() - begin}))
        return database

    def stop(self):
        self.process.terminate()
        self.process.wait(120)


class Lines(list):
    def bar(self, name, value, unit, text, met):
        self.append(f"BENCH {name} {value:.6g} {unit} (bar: {text}) {'met' if met else 'missed'}")
        say("  " + self[-1])

    def none(self, name, text, why):
        self.append(f"BENCH {name} none (bar: {text}) missed: not measured, {why}")
        say("  " + self[-1])


def measure(size, asked, lines, truth):
    say(f"{size:,} resources")
    group = MemoryGroup()
    place, imported = place_for(size, group)
    server = Ours(place, group)
    try:
        compare([server], truth, max(1, min(size, asked.truth_size) // SET))
        figures = run_loads(server, max(1, size // SET), asked.seconds, asked.warm, asked.clients)
    finally:
        server.stop()
    figures["group_most_bytes"] = group.most()
    group.close()
    if not asked.keep:
        shutil.rmtree(place)
    if imported:
        figures["import"] = imported
        rate = imported["stored"] / imported["seconds"]
        lines.bar(f"fhir_import_{size}", rate, "resources/s", ">= 20000", rate >= 20_000)
        lines.bar(f"fhir_import_memory_{size}", imported["most_mib"], "MiB", "<= 1024", imported["most_mib"] <= 1024)
    lines.bar(f"fhir_reads_{size}", figures["read"]["per_second"], "/s", ">= 25000", figures["read"]["per_second"] >= 25_000)
    for kind, words in SEARCHES.items():
        f = figures[kind]
        lines.bar(f"fhir_search_{kind}_{size}", f["per_second"], "/s", f">= 8000, {words}", f["per_second"] >= 8_000)
        lines.bar(f"fhir_search_{kind}_p99_{size}", f["p99_ms"], "ms", "<= 20", f["p99_ms"] <= 20)
    lines.bar(f"fhir_creates_{size}", figures["create"]["per_second"], "/s", f">= 3000, {asked.clients} clients, durable", figures["create"]["per_second"] >= 3_000)
    own = max(figures[k]["server_own_mib"] for k in ("read", *SEARCHES, "create"))
    resident = figures["create"]["server_most_mib"]
    lines.bar(f"fhir_memory_{size}", own, "MiB", f"<= 1024, the server's own; {resident:.0f} with the files that it maps, which are page cache", own <= 1024)
    if figures["group_most_bytes"] is None:
        lines.none(f"fhir_memory_and_cache_{size}", "<= 4 GiB, process and page cache", "no memory cgroup here")
    else:
        lines.bar(f"fhir_memory_and_cache_{size}", figures["group_most_bytes"] / (1 << 30), "GiB", "<= 4, process and page cache, held by a cgroup", figures["group_most_bytes"] <= FOUR_GIB)
    return figures


def flatness(small, large, lines):
    ratio = small["create"]["per_second"] / large["create"]["per_second"]
    lines.bar("fhir_flat_create", ratio, "x", "<= 1.3, rate at 500k over rate at 5M", ratio <= 1.3)
    for kind in SEARCHES:
        for part in ("p50_ms", "p99_ms"):
            ratio = large[kind][part] / small[kind][part]
            lines.bar(f"fhir_flat_{kind}_{part[:3]}", ratio, "x", "<= 1.3, at 5M over at 500k", ratio <= 1.3)


def beside_peer(asked, lines):
    size = asked.peer_size
    say(f"Beside HAPI FHIR 7.4.5, {size:,} resources")
    os.environ["JOINEDUP_BENCH_WITHOUT"] = "Provenance"
    data, copies, clients = make_data(size), max(1, size // SET), asked.peer_clients
    filled = Peer.filled(data, size)
    database = filled.with_name(f"run-{size}")
    shutil.rmtree(database, ignore_errors=True)
    subprocess.run(["cp", "-a", filled, database], check=True)
    truth = Truth(data)
    group = MemoryGroup()
    place, imported = place_for(size, group)
    ours = Ours(place, group)
    try:
        peer = Peer(database)
        try:
            compare([ours, peer], truth, copies, 10)
            phase = (copies, asked.peer_seconds, asked.peer_warm, clients)
            figures = {"ours": run_loads(ours, *phase), "peer": run_loads(peer, *phase), "import": imported}
        finally:
            peer.stop()
    finally:
        ours.stop()
    group.close()
    if not asked.keep:
        shutil.rmtree(place), shutil.rmtree(database)
    for kind in figures["ours"]:
        ratio = figures["ours"][kind]["per_second"] / figures["peer"][kind]["per_second"]
        lines.bar(f"fhir_peer_{kind}", ratio, "x", ">= 5, beside HAPI FHIR 7.4.5", ratio >= 5)
    ratio = figures["peer"]["create"]["server_most_mib"] / figures["ours"]["create"]["server_most_mib"]
    lines.bar("fhir_peer_memory", ratio, "x", ">= 10, the peer's peak over ours, mapped files counted", ratio >= 10)
    return figures


def main():
    global scratch
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, default=scratch, help="where data and places stand")
    parser.add_argument("--prepare", action="store_true", help="make what takes long, and measure nothing")
    parser.add_argument("--sizes", default="500000,5000000")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm", type=float, default=30)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--peer-size", type=int, default=100_000, help="0: no peer")
    parser.add_argument("--peer-clients", type=int, default=16)
    parser.add_argument("--peer-seconds", type=float, default=60)
    parser.add_argument("--peer-warm", type=float, default=30)
    parser.add_argument("--truth-size", type=int, default=100_000, help="answers are compared with those of this many, read one by one")
    parser.add_argument("--keep", action="store_true", help="leave the places that were written into")
    parser.add_argument("--results", type=pathlib.Path, default=root / "bench/results/fhir.json")
    asked = parser.parse_args(sys.argv[1:] + shlex.split(os.environ.get("JOINEDUP_BENCH_FHIR", "")))
    scratch = asked.data.resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    sizes = [int(s) for s in asked.sizes.split(",") if s]
    lines, results = Lines(), {"seconds": asked.seconds, "warm": asked.warm, "clients": asked.clients, "peer_seconds": asked.peer_seconds, "sizes": {}}
    if asked.prepare:
        for size in sizes:
            prepare_place(size) if size > FRESH else make_data(size)
        make_data(asked.truth_size)
        if asked.peer_size:
            Peer.filled(make_data(asked.peer_size), asked.peer_size)
        return
    truth = Truth(make_data(asked.truth_size))

    def write_down():
        results["bench"] = lines
        asked.results.parent.mkdir(exist_ok=True)
        asked.results.write_text(json.dumps(results, indent=1) + "\n")

    for size in sizes:
        try:
            results["sizes"][str(size)] = measure(size, asked, lines, truth)
        except (OSError, subprocess.CalledProcessError, AssertionError) as error:
            lines.none(f"fhir_{size}", "all of the above", str(error))
        write_down()
    if {"500000", "5000000"} <= set(results["sizes"]):
        flatness(results["sizes"]["500000"], results["sizes"]["5000000"], lines)
    else:
        lines.none("fhir_flat", "<= 1.3, at 5M over at 500k", "one of the two sizes is missing")
    if asked.peer_size:
        try:
            results["peer"] = beside_peer(asked, lines)
        except (OSError, subprocess.CalledProcessError, RuntimeError, AssertionError, http.client.HTTPException) as error:
            lines.none("fhir_peer", ">= 5 x", str(error))
    write_down()
    print("\n".join(lines))


main()
