// Requests of any shape through the Api: bodies, patches, bundles, queries, headers. Whatever comes, the answer is a Response.
//   rest_fuzz -max_total_time=600 -rss_limit_mb=2048 corpus/
// The first byte picks the kind of request; the rest is the content, with a query before the first zero byte where one is used.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "rest/json_tree.hpp"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Server server;
  if (size < 2) return 0;
  if (++server.writes > 20000) {  // the record would fill the disk
    server.close();
    server.open();
  }
  std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1), query;
  if (const auto zero = rest.find('\0'); zero != rest.npos) query = rest.substr(0, zero), rest.erase(0, zero + 1);
  const char* json = "application/fhir+json";
  switch (data[0] % 12) {
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
