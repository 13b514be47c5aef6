// What a request costs in the Api, and how much of it is the store's: CPU time of one thread, over some Synthea bundles.
//   rest_benchmark [bundles=6] [requests=20000]      (JOINEDUP_SHARED_DATA)
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "base/processor_time.hpp"
#include "base/random.hpp"
#include "rest/bulk_files.hpp"

namespace {

using namespace joinedup;
namespace fs = std::filesystem;

template <class Work>
void measure(const char* name, int times, Work work) {
  work(0);
  const double from = 1e6 * thread_processor_seconds();
  std::size_t bytes = 0;
  for (int i = 0; i < times; ++i) bytes += work(i);
  std::printf("%-28s %8.1f us of CPU each, %zu bytes\n", name, (1e6 * thread_processor_seconds() - from) / times, bytes / static_cast<std::size_t>(times));
}

}  // namespace

int main(int count, char** words) {
  const std::size_t bundles = count > 1 ? static_cast<std::size_t>(std::atoi(words[1])) : 6;
  const int times = count > 2 ? std::atoi(words[2]) : 20000;
  const char* shared = std::getenv("JOINEDUP_SHARED_DATA");
  const std::string data = shared != nullptr ? shared : JOINEDUP_SOURCE_DIR "/../shared/data";
  const fs::path folder = fs::temp_directory_path() / ("joinedup-rest-benchmark-" + std::to_string(getpid()));
  fs::create_directories(folder / "in");
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(data + "/fhir/synthea")) files.push_back(file.path());
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i < std::min(files.size(), bundles + 2); ++i) fs::create_symlink(files[i], folder / "in" / files[i].filename());
  auto store = fhir::open_store({.path = (folder / "r.sqlite").string(), .base_url = "http://here/fhir", .clock = {}, .new_id = {}});
  if (!store) return std::fprintf(stderr, "%s\n", store.error().text().c_str()), 1;
  const rest::Api api(**store, {.base_url = "http://here/fhir"});
  const auto done = rest::import_files(**store, api, {.form = rest::ImportOptions::Form::bundles, .folder = (folder / "in").string()});
  if (!done) return std::fprintf(stderr, "%s\n", done.error().text().c_str()), 1;
  (*store)->settle();

  const fhir::PermitAll everything;
  std::vector<std::string> ids, patients;
  for (const char* type : {"Observation", "Patient"}) {
    auto query = fhir::parse_query(type, "_count=1000");
    const auto page = (*store)->search(*query, everything);
    for (const auto& entry : page->entries) (*type == 'O' ? ids : patients).push_back(entry.version.id);
  }
  CounterRandom draw(1, 1, 1);
  const auto get = [&](const std::string& path, const std::string& query) {
    rest::Request request;
    request.method = "GET", request.path = path, request.query = query, request.permit = &everything;
    return api.handle(request).body.size();
  };
  measure("read, store", times, [&](int) { return (*store)->read("Observation", ids[draw.below(ids.size())], everything)->body.size(); });
  measure("read, api", times, [&](int) { return get("/Observation/" + ids[draw.below(ids.size())], ""); });
  const auto search = [&](const char* type, const std::string& text) {
    const auto query = fhir::parse_query(type, text);
    return (*store)->search(*query, everything)->entries.size();
  };
  const auto patient_code = [&] { return "patient=Patient/" + patients[draw.below(patients.size())] + "&code=http://loinc.org|8302-2&date=ge2015-01-01"; };
  measure("patient+code+date, store", times / 4, [&](int) { return search("Observation", patient_code()); });
  measure("patient+code+date, api", times / 4, [&](int) { return get("/Observation", patient_code()); });
  const auto included = [&] { return "_id=" + ids[draw.below(ids.size())] + "&_include=Observation:patient"; };
  measure("_include, store", times / 4, [&](int) { return search("Observation", included()); });
  measure("_include, api", times / 4, [&](int) { return get("/Observation", included()); });
  const std::string body = R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8302-2"}]},"subject":{"reference":"Patient/)" + patients[0] + R"("},"valueQuantity":{"value":1.10,"unit":"m"}})";
  measure("create, store", times / 40, [&](int) { return (*store)->write({{.kind = fhir::Write::Kind::create, .type = "Observation", .id = {}, .body = body, .if_match = {}}})->size(); });
  measure("create, api", times / 40, [&](int) {
    rest::Request request;
    request.method = "POST", request.path = "/Observation", request.body = body, request.permit = &everything;
    return api.handle(request).body.size();
  });
  store->reset();
  fs::remove_all(folder);
  return 0;
}
