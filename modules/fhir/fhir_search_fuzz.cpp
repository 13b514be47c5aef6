// Fuzzing of search strings (whose first byte chooses the type searched), of cursors, and of bodies on their way in; seeds in
// fuzz/ (see HACKING.md). Whatever comes: an answer or an error, never both
// a foreign cursor and an answer; pages end and show nothing twice.
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "base/fuzz.hpp"
#include "fhir/body.hpp"
#include "fhir/test_support.hpp"

using namespace joinedup;
using namespace joinedup::fhir;

namespace {

void must(bool good) {
  if (!good) std::abort();
}

DurableStore& store() {
  static TestFolder folder;
  static const auto made = [] {
    auto opened = *open_store({.path = folder.file("r.sqlite"), .base_url = "http://here/fhir", .segment_rows = 8});
    const auto put = [&](const char* type, const char* id, const std::string& rest) {
      must(opened->write({{.kind = Write::Kind::update, .type = type, .id = id, .body = std::string(R"({"resourceType":")") + type + "\"" + rest + "}"}}).has_value());
    };
    for (int i = 0; i < 6; ++i) {
      const std::string n = std::to_string(i);
      put("Patient", ("p" + n).c_str(), R"(,"name":[{"family":"Smith","given":["Zoë"]}],"gender":"male","birthDate":"1970-0)" + std::to_string(i + 1) +
                                            R"(","identifier":[{"type":{"coding":[{"system":"t","code":"MR"}]},"system":"s","value":")" + n + R"("}],"link":[{"other":{"reference":"Patient/p0"}}])");
      put("Observation", ("o" + n).c_str(), R"(,"status":"final","code":{"coding":[{"system":"l","code":"c"}],"text":"x"},"subject":{"reference":"Patient/p)" + n +
                                                R"("},"effectiveDateTime":"2011-07-01T11:12:13Z","valueQuantity":{"value":1.50,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"})");
    }
    put("ValueSet", "v", R"(,"url":"http://v","compose":{"include":[{"system":"l","concept":[{"code":"c"}]}]})");
    put("List", "l", R"(,"entry":[{"item":{"reference":"Patient/p1"}}])");
    opened->settle();
    return opened;
  }();
  return *made;
}

constexpr const char* types[] = {"Patient", "Observation", "", "ValueSet", "List", "MolecularSequence", "ChargeItem", "RiskAssessment"};

void search(std::string_view type, std::string_view text) {
  for (const Handling handling : {Handling::lenient, Handling::strict}) {
    auto query = parse_query(type, text, handling);
    if (!query) {
      must(!query.error().sentence.empty());
      continue;
    }
    must(handling == Handling::lenient || query->warnings.empty());
    if (query->count > 0 && query->count < 5) query->count = 5;
    std::set<std::string> seen;
    for (int page = 0; page < 10; ++page) {
      SearchTrace trace;
      const auto found = store().search(*query, PermitAll(), &trace);
      if (!found) break;
      for (const auto& entry : found->entries)
        if (entry.mode == SearchEntry::Mode::match) must(seen.insert(entry.version.type + "/" + entry.version.id).second);
      if (found->next.empty()) break;
      must(page < 9);
      query->cursor = found->next;
    }
  }
  if (auto query = parse_query(type, text)) (void)in_compartment(std::move(*query), "Patient", text.substr(0, 64));
}

void cursor(std::string_view text) {
  static const std::set<std::string> given = [] {
    std::set<std::string> out;
    auto query = *parse_query("Patient", "gender=male&_count=1");
    for (auto page = *store().search(query, PermitAll()); !page.next.empty(); page = *store().search(query, PermitAll())) out.insert(query.cursor = page.next);
    HistoryRequest history{.count = 2};
    for (auto page = *store().history(history, PermitAll()); !page.next.empty(); page = *store().history(history, PermitAll())) out.insert(history.cursor = page.next);
    return out;
  }();
  if (text.empty()) return;
  auto query = *parse_query("Patient", "gender=male&_count=1");
  query.cursor = text;
  must(!store().search(query, PermitAll()) || given.contains(query.cursor));
  must(!store().history({.count = 2, .cursor = std::string(text)}, PermitAll()) || given.contains(query.cursor));
  EverythingRequest everything{.patient = std::string(text.substr(0, 20)), .since = std::string(text), .types = {std::string(text.substr(0, 7))}, .cursor = std::string(text)};
  if (const auto asked = everything_query(everything)) must(!store().search(*asked, PermitAll()));
}

void body(std::string_view text) {
  fhirpath::Document document;
  const auto kept = keep_body(text, "Patient", "an-id", document);
  if (!kept) return;
  const auto out = with_meta(kept->text, kept->splice, 3, 1'700'000'000'000'000);
  must(document.parse(out).has_value());
  must(document.text_of(document.root(), "id") == "an-id");
  must(document.text_of(document.find(document.root(), "meta"), "versionId") == "3");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [kind, text] = fuzz_kind(data, size, {"search", "cursor", "body"});
  if (text.empty()) return 0;
  if (kind == 0) search(types[static_cast<unsigned char>(text[0]) % std::size(types)], text.substr(1));
  else if (kind == 1) cursor(text);
  else body(text);
  return 0;
}
