// $validate, $everything, $expand.
#include "rest/operations.hpp"

#include <charconv>
#include <set>

#include "base/text.hpp"
#include "rest/search_bundle.hpp"
#include "rest/state.hpp"
#include "validation/validation.hpp"

namespace joinedup::rest {

namespace {

// The value of a Parameters resource's parameter, whatever its type.
std::string parameter_of(const Json& parameters, std::string_view wanted) {
  const Json* list = parameters.find("parameter");
  if (list == nullptr) return {};
  for (const Json& one : list->items) {
    const Json* name = one.find("name");
    if (name == nullptr || name->string() != wanted) continue;
    for (const auto& member : one.members)
      if (member.name.starts_with("value")) return member.value.kind == fhirpath::NodeKind::string ? member.value.string() : member.value.text();
  }
  return {};
}

const Json* resource_of(const Json& parameters, std::string_view wanted) {
  const Json* list = parameters.find("parameter");
  if (list == nullptr) return nullptr;
  for (const Json& one : list->items) {
    const Json* name = one.find("name");
    if (name != nullptr && name->string() == wanted) return one.find("resource");
  }
  return nullptr;
}

}  // namespace

std::vector<Issue> validation_issues(std::string_view body, const std::vector<std::string>& profiles, const validation::Validator* validator) {
  fhirpath::Document document;
  if (auto read = document.parse(body); !read) return {{"fatal", "structure", read.error().sentence, {}}};
  validation::Options options;
  options.profiles = profiles;
  std::vector<Issue> out;
  for (const auto& issue : (validator ? *validator : validation::Validator::r4()).validate(document, options))
    out.push_back({validation::severity_name(issue.severity), issue.code, issue.sentence, issue.expression});
  return out;
}

// R4: 200 with an OperationOutcome, whether it is valid or not.
Response validate(const State& state, const Call& call) {
  std::string body = call.request.body, mode(call.parameter("mode").value_or(""));
  std::vector<std::string> profiles;
  std::vector<Shown> looked_at;  // what is found wrong says something of it
  if (const auto profile = call.parameter("profile")) profiles.emplace_back(*profile);
  if (call.request.method == "GET") {
    auto there = state.store.read(call.type, call.id, call.permit);
    if (!there) return outcome_response(there.error());
    looked_at.push_back(shown(*there));
    body = there->body;
  } else if (auto tree = Json::parse(body); tree && call.type != "Parameters") {
    if (const Json* type = tree->find("resourceType"); type != nullptr && type->string() == "Parameters") {
      const Json* resource = resource_of(*tree, "resource");
      if (mode.empty()) mode = parameter_of(*tree, "mode");
      if (const auto profile = parameter_of(*tree, "profile"); !profile.empty()) profiles.push_back(profile);
      if (resource == nullptr && mode != "delete") return outcome_response({ErrorCode::wrong_usage, "The Parameters hold no resource to validate.", {}});
      body = resource != nullptr ? resource->text() : "";
    }
  }
  if (mode == "delete") return outcome_response(200, {{"information", "informational", "The resource could be deleted.", {}}});
  auto issues = validation_issues(body, profiles, state.options.validator);
  if (fhirpath::Document document; document.parse(body) && document.kind(0) == fhirpath::NodeKind::object && document.resource_type(0) != call.type && !document.resource_type(0).empty())
    issues.insert(issues.begin(), {"error", "invalid", "The resource is not of the type that the address names.", {}});
  if (issues.empty()) issues.push_back({"information", "informational", "No fault was found.", {}});
  Response response = outcome_response(200, issues);
  response.shown = std::move(looked_at);
  return response;
}

Response everything(const State& state, const Call& call) {
  // Denied and absent: the same answer.
  if (auto patient = state.store.read("Patient", call.id, call.permit); !patient) return outcome_response(patient.error());
  fhir::EverythingRequest request;
  request.patient = call.id;
  std::string self;
  for (const auto& [name, value] : call.parameters) {
    if (name == "_cursor") {
      request.cursor = value;
      continue;
    }
    if (name == "_since") request.since = value;
    else if (name == "_type") {
      for (const auto type : split(value, ',')) request.types.emplace_back(type);
    } else if (name == "_count") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), request.count);
      if (error != std::errc() || end != value.data() + value.size()) return outcome_response({ErrorCode::wrong_usage, "_count is not a number.", {}});
      request.count = std::clamp<std::size_t>(request.count, 1, fhir::most_per_page);
    } else if (name != "_format" && name != "_pretty" && name != "_summary" && name != "_elements") {
      // start and end would leave things out of a record that the asker believes to be whole.
      return outcome_response({ErrorCode::wrong_usage, "The parameter " + name + " is not offered for $everything.", {}});
    }
    self += (self.empty() ? "" : "&") + percent_encoded(name) + "=" + percent_encoded(value);
  }
  auto query = fhir::everything_query(request);
  if (!query) return outcome_response(query.error());
  auto page = state.store.search(*query, call.permit);
  if (!page) return outcome_response(page.error());
  query->used.assign(1, self);
  return search_response(state, call, *query, std::move(*page), state.address("Patient", call.id) + "/$everything");
}

// --- $expand: of a stored ValueSet that lists its codes, or takes whole code systems that are stored ---

namespace {

constexpr std::size_t most_codes = 100'000;

struct Code {
  std::string system, code, display;
};

class Expansion {
 public:
  Expansion(const State& state, const Call& call) : state_(state), call_(call) {}

  Result<std::vector<Code>> of(const Json& value_set, int depth) {
    if (depth > 5) return fail(ErrorCode::too_large, "The ValueSet imports others too deeply.");
    const Json* compose = value_set.find("compose");
    std::vector<Code> out, without;
    if (compose == nullptr) {
      if (const Json* expansion = value_set.find("expansion")) contains(*expansion, out);
      return out;
    }
    if (const Json* include = compose->find("include"))
      for (const Json& part : include->items) JOINEDUP_CHECK(add(part, out, depth));
    if (const Json* exclude = compose->find("exclude"))
      for (const Json& part : exclude->items) JOINEDUP_CHECK(add(part, without, depth));
    std::set<std::pair<std::string, std::string>> gone;
    for (const Code& one : without) gone.emplace(one.system, one.code);
    std::erase_if(out, [&](const Code& one) { return !gone.emplace(one.system, one.code).second; });  // and what came before
    return out;
  }

  Result<Json> stored(const std::string& type, const std::string& url) {
    const auto bar = url.find('|');
    std::string query = "url=" + percent_encoded(url.substr(0, bar));
    if (bar != url.npos) query += "&version=" + percent_encoded(url.substr(bar + 1));
    JOINEDUP_TRY(auto asked, fhir::parse_query(type, query + "&_count=1&_sort=-_lastUpdated", fhir::Handling::strict));
    JOINEDUP_TRY(const auto page, state_.store.search(asked, call_.permit));
    if (page.entries.empty()) return fail(ErrorCode::not_found, "The " + type + " asked for is not kept here.");
    looked_at.push_back(shown(page.entries[0].version));
    return Json::parse(page.entries[0].version.body);
  }

  std::vector<Shown> looked_at;

 private:
  static std::string text(const Json& json, std::string_view name) {
    const Json* found = json.find(name);
    return found == nullptr ? std::string() : found->string();
  }
  static void contains(const Json& parent, std::vector<Code>& out) {
    const Json* list = parent.find("contains");
    if (list == nullptr) return;
    for (const Json& one : list->items) {
      if (!text(one, "code").empty()) out.push_back({text(one, "system"), text(one, "code"), text(one, "display")});
      contains(one, out);
    }
  }
  static void concepts(const Json& parent, const std::string& system, std::vector<Code>& out) {
    const Json* list = parent.find("concept");
    if (list == nullptr) return;
    for (const Json& one : list->items) {
      out.push_back({system, text(one, "code"), text(one, "display")});
      concepts(one, system, out);
    }
  }
  Result<void> add(const Json& part, std::vector<Code>& out, int depth) {
    if (part.find("filter") != nullptr) return fail(ErrorCode::invalid_input, "The ValueSet describes its codes by a filter; that needs a terminology server.");
    const std::string system = text(part, "system");
    std::vector<Code> own;
    if (part.find("concept") != nullptr) concepts(part, system, own);
    else if (!system.empty()) {
      JOINEDUP_TRY(const auto code_system, stored("CodeSystem", system));
      if (text(code_system, "content") != "complete") return fail(ErrorCode::invalid_input, "The CodeSystem that the ValueSet takes is kept here in part only.");
      concepts(code_system, system, own);
    }
    if (const Json* imports = part.find("valueSet")) {
      // Of several, and of a system beside them: what is in all.
      bool first = system.empty();
      for (const Json& url : imports->items) {
        JOINEDUP_TRY(const auto other, stored("ValueSet", url.string()));
        JOINEDUP_TRY(auto codes, of(other, depth + 1));
        if (first) own = std::move(codes);
        else {
          std::set<std::pair<std::string, std::string>> both;
          for (const Code& one : codes) both.emplace(one.system, one.code);
          std::erase_if(own, [&](const Code& one) { return !both.contains({one.system, one.code}); });
        }
        first = false;
      }
    }
    if (out.size() + own.size() > most_codes) return fail(ErrorCode::too_large, "The ValueSet holds more than " + std::to_string(most_codes) + " codes.");
    for (Code& one : own) out.push_back(std::move(one));
    return {};
  }

  const State& state_;
  const Call& call_;
};

}  // namespace

Response expand(const State& state, const Call& call) {
  std::string url(call.parameter("url").value_or("")), filter(call.parameter("filter").value_or(""));
  std::string count_text(call.parameter("count").value_or("1000")), offset_text(call.parameter("offset").value_or("0"));
  Expansion expansion(state, call);
  std::optional<Json> value_set;
  if (call.request.method == "POST") {
    auto body = Json::parse(call.request.body);
    if (!body) return outcome_response(body.error());
    if (const auto given = parameter_of(*body, "url"); !given.empty()) url = given;
    if (const auto given = parameter_of(*body, "filter"); !given.empty()) filter = given;
    if (const auto given = parameter_of(*body, "count"); !given.empty()) count_text = given;
    if (const auto given = parameter_of(*body, "offset"); !given.empty()) offset_text = given;
    if (const Json* given = resource_of(*body, "valueSet")) value_set = *given;
  }
  std::size_t count = 0, offset = 0;
  for (const auto& [text, number] : {std::pair(&count_text, &count), std::pair(&offset_text, &offset)})
    if (std::from_chars(text->data(), text->data() + text->size(), *number).ptr != text->data() + text->size())
      return outcome_response({ErrorCode::wrong_usage, "count and offset are numbers.", {}});
  if (!call.id.empty()) {
    auto there = state.store.read("ValueSet", call.id, call.permit);
    if (!there) return outcome_response(there.error());
    expansion.looked_at.push_back(shown(*there));
    if (auto tree = Json::parse(there->body)) value_set = std::move(*tree);
  } else if (!value_set) {
    if (url.empty()) return outcome_response({ErrorCode::wrong_usage, "Say which ValueSet: by url, by its id in the address, or in the body.", {}});
    auto there = expansion.stored("ValueSet", url);
    if (!there) return outcome_response(there.error());
    value_set = std::move(*there);
  }
  auto codes = expansion.of(*value_set, 0);
  if (!codes) return outcome_response(codes.error());
  if (!filter.empty())
    std::erase_if(*codes, [&](const Code& one) { return lower_ascii(one.display + " " + one.code).find(lower_ascii(filter)) == std::string::npos; });
  const std::size_t total = codes->size();
  std::string out = R"({"identifier":"urn:uuid:)" + random_uuid() + R"(","timestamp":")" + now_text() + R"(","total":)" + std::to_string(total) + R"(,"offset":)" + std::to_string(offset);
  std::string contains;
  for (std::size_t i = offset; i < total && i - offset < count; ++i) {
    const Code& one = (*codes)[i];
    contains += contains.empty() ? "{" : ",{";
    if (!one.system.empty()) contains += R"("system":)" + json_text(one.system) + ",";
    contains += R"("code":)" + json_text(one.code);
    if (!one.display.empty()) contains += R"(,"display":)" + json_text(one.display);
    contains += "}";
  }
  if (!contains.empty()) out += R"(,"contains":[)" + contains + "]";
  auto written = Json::parse(out + "}");
  if (!written) return outcome_response(written.error());
  value_set->erase("compose");
  value_set->member("expansion") = std::move(*written);
  Response response = json_response(200, value_set->text());
  response.shown = std::move(expansion.looked_at);
  return response;
}

}  // namespace joinedup::rest
