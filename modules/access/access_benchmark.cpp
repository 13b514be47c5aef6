// What policy costs: the same reads and searches through rest::Api with everything allowed and under a practice's permit, made anew for each
// request, in turns in one run. CPU time of one thread.
//   access_benchmark FOLDER_OF_NDJSON [rounds=9] [requests=400]
// Every Patient is registered with the asker's practice, so both give the same answers; one Observation in fifty bears a label that the asker sees.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "access/access.hpp"
#include "base/processor_time.hpp"
#include "base/random.hpp"
#include "rest/bulk_files.hpp"

namespace {

using namespace joinedup;
namespace fs = std::filesystem;

std::vector<std::string> some_ids(fhir::Store& store, const char* type, const char* query, std::size_t most) {
  std::vector<std::string> ids;
  std::string cursor;
  do {
    auto asked = fhir::parse_query(type, query);
    asked->cursor = cursor, asked->count = 1000;
    const auto page = store.search(*asked, fhir::PermitAll());
    if (!page) break;
    for (const auto& entry : page->entries) ids.push_back(entry.version.id);
    cursor = page->next;
  } while (!cursor.empty() && ids.size() < most);
  return ids;
}

// Gives each patient the practice, and each fiftieth observation a label.
void mark(fhir::Store& store, const char* type, const std::string& inserted, std::size_t every) {
  std::string cursor;
  std::size_t nth = 0;
  std::vector<fhir::Write> writes;
  do {
    auto asked = fhir::parse_query(type, "");
    asked->cursor = cursor, asked->count = 1000;
    const auto page = store.search(*asked, fhir::PermitAll());
    if (!page) return;
    for (const auto& entry : page->entries) {
      if (nth++ % every != 0) continue;
      std::string body = entry.version.body;
      if (inserted.starts_with("\"security")) {
        const auto meta = body.find("\"meta\":{");
        if (meta == body.npos || body.find("\"security\"") != body.npos) continue;
        body.insert(meta + 8, inserted + ",");
      } else {
        body.insert(body.rfind('}'), "," + inserted);
      }
      writes.push_back({.kind = fhir::Write::Kind::update, .type = entry.version.type, .id = entry.version.id, .body = std::move(body), .if_match = {}});
    }
    cursor = page->next;
  } while (!cursor.empty() && writes.size() < 100'000);
  for (std::size_t i = 0; i < writes.size(); i += 500)
    static_cast<void>(store.write({writes.begin() + static_cast<std::ptrdiff_t>(i), writes.begin() + static_cast<std::ptrdiff_t>(std::min(writes.size(), i + 500))}));
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return std::fprintf(stderr, "access_benchmark FOLDER_OF_NDJSON [rounds] [requests]\n"), 2;
  const int rounds = count > 2 ? std::atoi(words[2]) : 9, requests = count > 3 ? std::atoi(words[3]) : 400;
  const fs::path folder = fs::temp_directory_path() / ("joinedup-access-benchmark-" + std::to_string(getpid()));
  fs::create_directories(folder);
  auto store = fhir::open_store({.path = (folder / "r.sqlite").string(), .base_url = "http://here/fhir", .clock = {}, .new_id = {}});
  if (!store) return std::fprintf(stderr, "%s\n", store.error().text().c_str()), 1;
  const rest::Api api(**store, {.base_url = "http://here/fhir"});
  const auto done = rest::import_files(**store, api, {.form = rest::ImportOptions::Form::ndjson, .folder = words[1]});
  if (!done) return std::fprintf(stderr, "%s\n", done.error().text().c_str()), 1;
  static_cast<void>((*store)->write({{.kind = fhir::Write::Kind::update, .type = "Organization", .id = "bench",
      .body = R"({"resourceType":"Organization","id":"bench","identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"BENCH"}]})", .if_match = {}}}));
  mark(**store, "Patient", R"("generalPractitioner":[{"reference":"Organization/bench"}])", 1);
  mark(**store, "Observation", R"("security":[{"system":"urn:joinedup:label","code":"mental_health"}])", 50);
  (*store)->settle();
  place::Place place;
  place.folder = folder.string();
  const double before = thread_processor_seconds();
  auto access = access::Access::open(**store, place, {.clock = {}, .policy_folder = {}, .base_url = "http://here/fhir", .ledger = {}});
  if (!access) return std::fprintf(stderr, "%s\n", access.error().text().c_str()), 1;
  std::printf("%zu resources; opening the policy took %.2f s of CPU\n", done->stored, thread_processor_seconds() - before);
  access::Subject gp;
  gp.user = "u", gp.organisation = "BENCH", gp.practitioner = "x", gp.roles = {"gp"};
  const auto observations = some_ids(**store, "Observation", "", 20'000), patients = some_ids(**store, "Patient", "", 20'000);
  if (observations.empty() || patients.empty()) return std::fprintf(stderr, "There is nothing to ask about.\n"), 1;

  struct Mix {
    const char* name;
    std::function<std::pair<std::string, std::string>(CounterRandom&)> make;
  };
  const auto one_of = [](CounterRandom& random, const std::vector<std::string>& all) { return all[random.below(all.size())]; };
  const std::vector<Mix> mixes = {
      {"read Observation", [&](CounterRandom& r) { return std::pair("/Observation/" + one_of(r, observations), std::string()); }},
      {"read Patient", [&](CounterRandom& r) { return std::pair("/Patient/" + one_of(r, patients), std::string()); }},
      {"Observation?subject", [&](CounterRandom& r) { return std::pair(std::string("/Observation"), "subject=Patient/" + one_of(r, patients)); }},
      {"Condition?patient", [&](CounterRandom& r) { return std::pair(std::string("/Condition"), "patient=" + one_of(r, patients)); }},
      {"Observation?category", [&](CounterRandom& r) { return std::pair(std::string("/Observation"), "category=vital-signs&_count=20&date=ge20" + std::to_string(10 + r.below(12))); }},
      {"Observation total", [&](CounterRandom&) { return std::pair(std::string("/Observation"), std::string("category=vital-signs&_summary=count")); }},
      {"chain", [&](CounterRandom& r) { return std::pair(std::string("/Observation"), "subject:Patient._id=" + one_of(r, patients)); }}};
  const fhir::PermitAll everything;
  std::vector<double> all_ratios;
  bool same = true;
  for (const Mix& mix : mixes) {
    std::vector<double> on, off, ratios;
    for (int round = 0; round <= rounds; ++round) {
      double spent[2] = {0, 0};
      std::size_t bytes[2] = {0, 0};
      const int times = std::string_view(mix.name) == "Observation total" ? std::max(1, requests / 40) : requests;
      for (const int which : {round % 2, 1 - round % 2}) {
        CounterRandom random(7, static_cast<std::uint64_t>(round), 0);
        const double from = 1e6 * thread_processor_seconds();
        for (int i = 0; i < times; ++i) {
          rest::Request request;
          request.method = "GET";
          std::tie(request.path, request.query) = mix.make(random);
          std::unique_ptr<fhir::Permit> permit;
          if (which == 1) {
            auto made = (*access)->permit(gp);
            permit = std::move(*made);
          }
          request.permit = permit ? permit.get() : &everything;
          bytes[which] += api.handle(request).body.size();
        }
        spent[which] = (1e6 * thread_processor_seconds() - from) / times;
      }
      same = same && bytes[0] == bytes[1];
      if (round == 0) continue;  // to warm up
      off.push_back(spent[0]), on.push_back(spent[1]), ratios.push_back(spent[1] / spent[0]);
    }
    for (auto* list : {&on, &off, &ratios}) std::sort(list->begin(), list->end());
    const auto middle = ratios.size() / 2;
    std::printf("%-22s off %8.1f us  on %8.1f us  ratio %.3f (median of %d rounds; %.3f to %.3f)\n", mix.name, off[middle], on[middle], ratios[middle], rounds, ratios.front(), ratios.back());
    all_ratios.push_back(ratios[middle]);
  }
  std::sort(all_ratios.begin(), all_ratios.end());
  std::printf("median ratio %.3f, greatest %.3f; the answers are %s\n", all_ratios[all_ratios.size() / 2], all_ratios.back(), same ? "of equal size" : "NOT of equal size");
  access->reset(), store->reset();
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return same ? 0 : 1;
}
