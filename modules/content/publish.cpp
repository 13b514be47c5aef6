#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "content/content.hpp"
#include "content_embedded.hpp"
#include "fhirpath/fhirpath.hpp"
#include "validation/validation.hpp"

namespace joinedup::content {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* source = "urn:joinedup:content";
constexpr std::array<const char*, 6> kinds = {"Questionnaire", "PlanDefinition", "ActivityDefinition", "Measure", "ValueSet", "CodeSystem"};
constexpr std::uintmax_t most_bytes = 2'000'000;

using Key = std::pair<std::string, std::string>;

// The first fault of a resource, in words; empty: none.
std::string fault_of(const json& resource) {
  const auto type = resource.is_object() ? resource.value("resourceType", json()) : json();
  if (!type.is_string()) return "it is not a FHIR resource";
  if (std::find(kinds.begin(), kinds.end(), type.get<std::string>()) == kinds.end()) return "only questionnaires, pathways (PlanDefinition), measures and code lists belong there";
  if (!resource.value("id", json()).is_string()) return "it has no id";
  const auto text = resource.dump();
  fhirpath::Document document;
  if (const auto parsed = document.parse(text); !parsed) return parsed.error().sentence;
  for (const auto& issue : validation::Validator::r4().validate(document, {.report = validation::Options::Report::errors_only, .profiles = {}}))
    if (issue.severity <= validation::Severity::error) return "it is not valid: " + issue.expression + ": " + issue.sentence;
  return {};
}

void add(std::map<Key, Piece>& all, json resource, std::string from) {
  if (!resource.contains("meta") || !resource["meta"].is_object()) resource["meta"] = json::object();
  resource["meta"]["source"] = source;
  const std::string type = resource["resourceType"], id = resource["id"];
  all[{type, id}] = {type, id, resource.dump(), std::move(from)};
}

// One resource of the place's own.
Result<json> read_own(const fs::path& file) {
  std::error_code unknown;
  if (fs::file_size(file, unknown) > most_bytes || unknown) return fail(ErrorCode::too_large, "it is larger than 2 MB or cannot be read");
  JOINEDUP_TRY(const auto text, read_file(file.string()));
  auto resource = json::parse(text, nullptr, false);
  if (resource.is_discarded()) return fail(ErrorCode::invalid_input, "it is not JSON");
  if (auto fault = fault_of(resource); !fault.empty()) return fail(ErrorCode::invalid_input, std::move(fault));
  return resource;
}

json without_server_parts(json resource) {
  if (resource.contains("meta")) resource["meta"].erase("versionId"), resource["meta"].erase("lastUpdated");
  return resource;
}

bool stands(fhir::Store& store, const Piece& piece, const json& wanted) {
  const auto now = store.read(piece.type, piece.id, fhir::PermitAll());
  return now && without_server_parts(json::parse(now->body, nullptr, false)) == without_server_parts(wanted);
}

}  // namespace

Result<Content> content_of(const place::Place& place) {
  Content out;
  std::map<Key, Piece> all;
  for (const auto& file : embedded_content()) add(all, json::parse(file.text), std::string(file.name));
  std::error_code unknown;
  std::vector<fs::path> own;
  for (fs::directory_iterator at(place.path("content"), unknown), end; !unknown && at != end; at.increment(unknown))
    if (at->path().extension() == ".json") own.push_back(at->path());
  std::sort(own.begin(), own.end());
  for (const auto& file : own) {
    auto resource = read_own(file);
    if (resource) add(all, std::move(*resource), file.filename().string());
    else out.notes.push_back("content/" + file.filename().string() + " is not used: " + resource.error().sentence + ".");
  }
  for (auto& [key, piece] : all) out.pieces.push_back(std::move(piece));
  return out;
}

Result<Published> publish(const place::Place& place, fhir::Store& store) {
  JOINEDUP_TRY(auto content, content_of(place));
  Published published{.notes = std::move(content.notes)};
  std::vector<fhir::Write> writes;
  for (const auto& piece : content.pieces) {
    if (stands(store, piece, json::parse(piece.body))) continue;
    writes.push_back({.kind = fhir::Write::Kind::update, .type = piece.type, .id = piece.id, .body = piece.body, .if_match = {}});
    ++published.written;
  }
  // What answers refer to is never taken away: it is retired.
  for (const char* type : kinds) {
    JOINEDUP_TRY(const auto query, fhir::parse_query(type, std::string("_source=") + source + "&_count=1000"));
    JOINEDUP_TRY(const auto page, store.search(query, fhir::PermitAll()));
    for (const auto& entry : page.entries) {
      auto resource = json::parse(entry.version.body, nullptr, false);
      const bool is_kept = std::any_of(content.pieces.begin(), content.pieces.end(), [&](const Piece& piece) { return piece.type == type && piece.id == entry.version.id; });
      if (is_kept || resource.value("status", "") == "retired") continue;
      resource["status"] = "retired";
      writes.push_back({.kind = fhir::Write::Kind::update, .type = type, .id = entry.version.id, .body = resource.dump(), .if_match = {}});
      ++published.retired;
    }
  }
  if (!writes.empty()) {
    JOINEDUP_TRY(const auto written, store.write(writes));
  }
  return published;
}

}  // namespace joinedup::content
