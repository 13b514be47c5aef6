// Requests of any shape through the Api: bodies, patches, bundles, queries. Whatever comes, the answer is a Response. Of a "request"
// the first byte picks what is asked; the rest is the content, with a query before the first zero byte where one is used. And "json":
// a text through every reader of JSON that this room has, which must agree on it. Seeds in fuzz/ (see HACKING.md).
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "base/file.hpp"
#include "base/fuzz.hpp"
#include "fhirpath/fhirpath.hpp"
#include "rest/json_tree.hpp"
#include "rest/links.hpp"
#include "rest/patch.hpp"
#include "rest/rest.hpp"

namespace {

using namespace joinedup;

struct Server {
  std::filesystem::path folder;
  std::unique_ptr<fhir::DurableStore> store;
  std::unique_ptr<rest::Api> api;
  int writes = 0;

  Server() { open(); }
  ~Server() { close(); }
  void open() {
    folder = std::filesystem::temp_directory_path() / ("joinedup-rest-fuzz-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    auto opened = fhir::open_store({.path = (folder / "r.sqlite").string(), .base_url = "http://here/fhir", .clock = {}, .new_id = {}});
    if (!opened) std::abort();
    store = std::move(*opened);
    rest::ApiOptions options;
    options.base_url = "http://here/fhir";
    options.most_entries = 200;
    api = std::make_unique<rest::Api>(*store, options);
    writes = 0;
    send("PUT", "/Patient/a", "", R"({"resourceType":"Patient","id":"a","gender":"female","name":[{"family":"A","given":["B",null],"_given":[null,{"id":"x"}]}],"identifier":[{"system":"s","value":"1"}]})", "");
  }
  void close() {
    api.reset();
    store.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  rest::Response send(const char* method, std::string path, std::string query, std::string body, const char* type) {
    const fhir::PermitAll everything;
    rest::Request request;
    request.method = method, request.path = std::move(path), request.query = std::move(query), request.body = std::move(body);
    request.permit = &everything;
    if (*type != '\0') request.headers.push_back({"Content-Type", type});
    auto response = api->handle(request);
    if (response.status < 200 || response.status > 599 || response.status == 500) {
      std::fprintf(stderr, "%s: %d %s\n", method, response.status, response.body.c_str());
      std::abort();
    }
    if (!response.body.empty() && !rest::Json::parse(response.body)) {
      std::fprintf(stderr, "not JSON: %s\n", response.body.c_str());
      std::abort();
    }
    return response;
  }
};

void must(bool good) {
  if (!good) std::abort();
}

// What one reader takes all take; what is written again is the same; and a file of such lines loses none.
void json(std::string_view text) {
  fhirpath::Document document;
  const bool reads = document.parse(text).has_value();
  const auto tree = rest::Json::parse(text);
  must(reads == tree.has_value());
  if (tree) {
    std::string pretty;
    tree->write_pretty(pretty);
    for (const auto& written : {tree->text(), pretty}) {
      const auto again = rest::Json::parse(written);
      must(again && rest::same_json(*tree, *again));
      must(document.parse(written).has_value());
    }
    const auto same = rest::replace_links(text, [](rest::LinkPlace, std::string_view) -> Result<std::optional<std::string>> { return std::nullopt; });
    must(!same || *same == text);
    const auto changed = rest::replace_links(text, [](rest::LinkPlace, std::string_view) -> Result<std::optional<std::string>> { return "a\"b"; });
    must(!changed || rest::Json::parse(*changed).has_value());
  }
  static const std::string folder = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path().string();
  for (const char* form : {".ndjson", ".json"}) {
    const std::string path = folder + "/joinedup-json-fuzz-" + std::to_string(getpid()) + form;
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    must(file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fclose(file) == 0);
    std::uint64_t resources = 0, faults = 0;
    const fhirpath::FeedHandler handler{.on_resource = [&](const fhirpath::FhirResource& one) { resources += !one.document->text(one.node).empty(); },
                                        .on_fault = [&](const fhirpath::FeedFault& one) { faults += !one.reason.empty(); }};
    if (const auto counts = fhirpath::read_fhir_file(path, handler)) must(counts->resources == resources && counts->rejected == faults && counts->read == resources + faults);
    ::unlink(path.c_str());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [kind, input] = fuzz_kind(data, size, {"request", "json"});
  if (kind == 1) {
    json(input);
    return 0;
  }
  static Server server;
  if (input.size() < 2) return 0;
  if (++server.writes > 20000) {  // the record would fill the disk
    server.close();
    server.open();
  }
  std::string rest(input.substr(1)), query;
  if (const auto zero = rest.find('\0'); zero != rest.npos) query = rest.substr(0, zero), rest.erase(0, zero + 1);
  const char* json = "application/fhir+json";
  switch (static_cast<unsigned char>(input[0]) % 12) {
    case 0: server.send("POST", "/Patient", query, rest, json); break;
    case 1: server.send("PUT", "/Patient/a", query, rest, json); break;
    case 2: server.send("PATCH", "/Patient/a", query, rest, "application/json-patch+json"); break;
    case 3: server.send("PATCH", "/Patient/a", query, rest, json); break;
    case 4: server.send("POST", "/", query, rest, json); break;
    case 5: server.send("GET", "/Patient", query, "", ""); break;
    case 6: server.send("PUT", "/Patient", query, rest, json); break;
    case 7: server.send("GET", "/" + query, rest, "", ""); break;
    case 8: server.send("GET", "/_history", query, "", ""); break;
    case 9: server.send("POST", "/ValueSet/$expand", query, rest, json); break;
    case 10: server.send("POST", "/Patient/$validate", query, rest, json); break;
    case 11:
      static_cast<void>(rest::json_patch(R"({"a":{"b":[1,2,{"c":"d"}]},"e":1.10})", rest, 50));
      static_cast<void>(rest::fhirpath_patch(R"({"resourceType":"Patient","id":"a","name":[{"given":["B",null],"_given":[null,{"id":"x"}]}]})", rest, 50));
      break;
    default: break;
  }
  return 0;
}
