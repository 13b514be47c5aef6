// The store alone, without HTTP, filled with the Synthea bundles replicated with fresh ids, names and dates.
//   fhir_store_benchmark PATH RESOURCES [SECONDS=20] [CLIENTS=64] [PHASE]      PHASE: part of the name of the only one to run
// Fills PATH up to RESOURCES (what is there is kept), then measures reads, searches and durable creates, each for SECONDS, and
// searches beside creates. Answers are checked before times are printed; parameters are drawn uniformly.
#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <thread>

#include "base/hash.hpp"
#include "base/processor_time.hpp"
#include "fhir/replicate.hpp"

using namespace joinedup;
using namespace joinedup::fhir;

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
struct Latencies {
  std::vector<float> all;
  double seconds = 0, cpu_seconds = 0;
  double at(double part) {
    if (all.empty()) return 0;
    std::sort(all.begin(), all.end());
    return static_cast<double>(all[std::min(all.size() - 1, static_cast<std::size_t>(part * static_cast<double>(all.size())))]) * 1e3;
  }
  void print(const char* name) {
    std::printf("%-34s %9.0f /s   p50 %8.3f ms   p99 %8.3f ms   max %8.1f ms   CPU %5.1f s of %4.1f s, %6.0f us each\n", name, static_cast<double>(all.size()) / seconds,
                at(0.5), at(0.99), at(1), cpu_seconds, seconds, cpu_seconds / static_cast<double>(std::max<std::size_t>(1, all.size())) * 1e6);
    std::fflush(stdout);
  }
};

// `threads` call `work(thread, n)` for `seconds`; false ends the program: a wrong answer.
Latencies drive(unsigned threads, double seconds, const std::function<bool(unsigned, std::uint64_t)>& work) {
  std::vector<std::vector<float>> each(threads);
  std::vector<std::thread> crew;
  const double begin = now(), cpu_begin = processor_seconds();
  for (unsigned t = 0; t < threads; ++t)
    crew.emplace_back([&, t] {
      for (std::uint64_t n = 0; now() - begin < seconds; ++n) {
        const double from = now();
        if (!work(t, n)) {
          std::puts("A wrong answer; no time is reported.");
          std::fflush(stdout);
            std::_Exit(1);
        }
        each[t].push_back(static_cast<float>(now() - from));
      }
    });
  for (auto& one : crew) one.join();
  Latencies out;
  out.seconds = now() - begin, out.cpu_seconds = processor_seconds() - cpu_begin;
  for (auto& list : each) out.all.insert(out.all.end(), list.begin(), list.end());
  return out;
}

struct Bench {
  DurableStore& store;
  const std::vector<Template>& templates;
  std::uint64_t copies;
  std::map<std::string, std::vector<const Template*>> by_type;

  const Template& draw(CounterRandom& random, const std::string& type, std::uint64_t& k) const {
    k = random.below(copies);
    const auto& list = by_type.at(type);
    return *list[random.below(list.size())];
  }
  // The page must hold the resource that the parameters were drawn from.
  bool search(const std::string& type, const std::string& text, const std::string& id, std::size_t at_least = 1) const {
    const auto query = parse_query(type, text, Handling::strict);
    if (!query) return std::puts(query.error().sentence.c_str()), false;
    const auto page = store.search(*query, PermitAll());
    if (!page) return std::puts(page.error().sentence.c_str()), false;
    if (page->entries.size() < at_least) return std::printf("nothing for %s?%s\n", type.c_str(), text.c_str()), false;
    if (id.empty() || !page->next.empty()) return true;
    for (const auto& entry : page->entries)
      if (entry.version.id == id) return true;
    return std::printf("not found by %s?%s\n", type.c_str(), text.c_str()), false;
  }
  static std::string patient_of(const Template& t, std::uint64_t k) { return "Patient/" + fresh_id(t.patient.substr(8), k); }

  bool by_name(CounterRandom& random) const {
    std::uint64_t k = 0;
    const Template& t = draw(random, "Patient", k);
    return search("Patient", "name=" + fresh_family(t.family, k).substr(0, 8) + "&birthdate=" + fresh_date(t.date, k), fresh_id(t.id, k));
  }
  bool by_code(CounterRandom& random) const {
    std::uint64_t k = 0;
    const Template& t = draw(random, "Observation", k);
    return search("Observation", "patient=" + patient_of(t, k) + "&code=" + t.code + "&date=" + fresh_date(t.date, k), fresh_id(t.id, k));
  }
  bool by_chain(CounterRandom& random) const {
    std::uint64_t k = 0;
    const Template& t = draw(random, "Patient", k);
    return search("Encounter", "patient.family=" + fresh_family(t.family, k) + "&patient.birthdate=" + fresh_date(t.date, k) + "&_count=10", "");
  }
  bool by_include(CounterRandom& random) const {
    std::uint64_t k = 0;
    const Template& t = draw(random, "MedicationRequest", k);
    return search("MedicationRequest", "patient=" + patient_of(t, k) + "&_count=10&_include=MedicationRequest:patient", "", 2);
  }
  bool one_of_each(CounterRandom& random, std::uint64_t n) const {
    switch (n % 4) {
      case 0: return by_name(random);
      case 1: return by_code(random);
      case 2: return by_chain(random);
      default: return by_include(random);
    }
  }
};

void memory(const char* when) {
  long pages = 0, resident = 0, shared = 0;
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld %ld %ld", &pages, &resident, &shared) != 3) resident = 0;
    std::fclose(f);
  }
  std::printf("memory %s: resident %.0f MB, of which files %.0f MB\n", when, static_cast<double>(resident) * 4096e-6, static_cast<double>(shared) * 4096e-6);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::puts("fhir_store_benchmark PATH RESOURCES [SECONDS=20] [CLIENTS=64]"), 2;
  const std::string path = argv[1];
  const auto wanted = static_cast<std::uint64_t>(std::atoll(argv[2]));
  const double seconds = argc > 3 ? std::atof(argv[3]) : 20;
  const unsigned clients = argc > 4 ? static_cast<unsigned>(std::atoi(argv[4])) : 64;
  const std::string folder = shared_data("fhir/synthea");
  if (!std::filesystem::exists(folder)) return std::puts("The Synthea bundles are not beside the source tree; nothing was measured."), 0;
  mallopt(M_ARENA_MAX, 4);
  const auto templates = load_templates(folder);
  auto store = open_store({.path = path});
  if (!store) return std::puts(store.error().text().c_str()), 1;
  const std::uint64_t there = (*store)->figures().rows, size = templates.size();
  std::uint64_t stored_bytes = 0;
  if (there < wanted) {
    std::atomic<std::uint64_t> next{there};
    std::atomic<std::uint64_t> bytes{0};
    const double begin = now(), cpu_begin = processor_seconds();
    std::vector<std::thread> crew;
    for (int t = 0; t < 3; ++t)
      crew.emplace_back([&] {
        std::vector<Write> batch;
        for (;;) {
          const std::uint64_t from = next.fetch_add(500);
          if (from >= wanted) return;
          batch.clear();
          for (std::uint64_t i = from; i < std::min(wanted, from + 500); ++i) {
            const Template& source = templates[i % size];
            batch.push_back({.kind = Write::Kind::create, .type = source.type, .id = fresh_id(source.id, i / size), .body = copy_of(source, i / size)});
            bytes += batch.back().body.size();
          }
          if (auto done = (*store)->write(batch); !done) {
            std::printf("%s\n", done.error().text().c_str());
            std::fflush(stdout);
            std::_Exit(1);
          }
        }
      });
    for (auto& one : crew) one.join();
    const double took = now() - begin;
    stored_bytes = bytes;
    std::printf("import %llu resources, %.0f MB: %.0f resources/s, CPU %.0f s of %.0f s\n", static_cast<unsigned long long>(wanted - there),
                static_cast<double>(stored_bytes) / 1e6, static_cast<double>(wanted - there) / took, processor_seconds() - cpu_begin, took);
    const double settled = now();
    (*store)->settle();
    std::printf("index written and joined after another %.1f s\n", now() - settled);
  }
  std::uint64_t index_bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(path + ".index")) {
    std::error_code ignored;
    struct stat status {};
    if (stat(file.path().c_str(), &status) == 0) index_bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  const auto figures = (*store)->figures();
  std::printf("rows %llu, segments %llu, records %.0f MB, index %.0f MB on disk\n", static_cast<unsigned long long>(figures.rows),
              static_cast<unsigned long long>(figures.segments), static_cast<double>(std::filesystem::file_size(path)) / 1e6, static_cast<double>(index_bytes) / 1e6);
  Bench bench{**store, templates, std::max<std::uint64_t>(1, wanted / size), {}};
  for (const Template& t : templates) {
    if (t.type == "Observation" && (t.code.empty() || t.date.empty())) continue;
    bench.by_type[t.type].push_back(&t);
    bench.by_type[""].push_back(&t);
  }
  const std::string only = argc > 5 ? argv[5] : "";
  const auto phase = [&](const char* name, unsigned threads, const auto& one) {
    if (std::string(name).find(only) == std::string::npos) return;
    drive(threads, seconds / 4, [&, random = std::vector<CounterRandom>(threads, CounterRandom(1, 2, 3))](unsigned t, std::uint64_t n) mutable {
      random[t] = CounterRandom(n, t, 99);
      return one(random[t], n);
    });
    drive(threads, seconds, [&](unsigned t, std::uint64_t n) {
      CounterRandom random(n, t, 5);
      return one(random, n);
    }).print(name);
  };
  phase("reads", 2, [&](CounterRandom& random, std::uint64_t) {
    std::uint64_t k = 0;
    const Template& t = bench.draw(random, "", k);
    const auto read = (*store)->read(t.type, fresh_id(t.id, k), PermitAll());
    return read && read->id == fresh_id(t.id, k);
  });
  phase("search name+birthdate", 2, [&](CounterRandom& random, std::uint64_t) { return bench.by_name(random); });
  phase("search patient+code+date", 2, [&](CounterRandom& random, std::uint64_t) { return bench.by_code(random); });
  phase("search chain", 2, [&](CounterRandom& random, std::uint64_t) { return bench.by_chain(random); });
  phase("search _include", 2, [&](CounterRandom& random, std::uint64_t) { return bench.by_include(random); });
  phase("search, the four mixed", 2, [&](CounterRandom& random, std::uint64_t n) { return bench.one_of_each(random, n); });
  memory("after searches");
  if (!only.empty()) return 0;
  std::atomic<std::uint64_t> fresh{0};
  const std::uint64_t run = mix64(figures.rows, 77);
  const auto create = [&](unsigned, std::uint64_t) {
    const std::uint64_t n = fresh++;
    const Template& t = templates[(n * 7919) % size];
    const auto done = (*store)->write({{.kind = Write::Kind::create, .type = t.type, .body = copy_of(t, run + n)}});
    return done.has_value();
  };
  drive(clients, seconds, create).print("durable creates");
  {
    std::thread beside([&] { drive(clients, seconds, create).print("durable creates beside searches"); });
    drive(1, seconds, [&](unsigned t, std::uint64_t n) {
      CounterRandom random(n, t, 6);
      return bench.one_of_each(random, n);
    }).print("searches beside creates");
    beside.join();
  }
  memory("at the end");
  std::printf("segments %llu\n", static_cast<unsigned long long>((*store)->figures().segments));
  return 0;
}
