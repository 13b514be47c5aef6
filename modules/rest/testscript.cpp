#include "rest/testscript.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "fhirpath/fhirpath.hpp"
#include "rest/testscript_state.hpp"

namespace joinedup::rest {

namespace {

class Script {
 public:
  Script(const Json& script, const TestScriptRun& run) : state_{run, script, {}, {}, {}} {}

  Result<TestReport> execute() {
    report_.name = member_text(state_.script, "name");
    JOINEDUP_CHECK(load_fixtures());
    bool ready = true;
    if (const Json* setup = state_.script.find("setup")) {
      JOINEDUP_TRY(ready, section(*setup, "setup"));
    }
    if (const Json* tests = state_.script.find("test")) {
      for (const Json& test : tests->items) {
        const std::string name = "test: " + (member_text(test, "name").empty() ? member_text(test, "id") : member_text(test, "name"));
        if (!ready) report_.actions.push_back({name, "", TestAction::Outcome::skipped, "the setup failed"});
        else JOINEDUP_CHECK(section(test, name));
      }
    }
    if (const Json* teardown = state_.script.find("teardown")) JOINEDUP_CHECK(section(*teardown, "teardown"));
    for (const auto& [type, id] : to_delete_) send("DELETE", "/" + type + "/" + id, "", {});
    return std::move(report_);
  }

 private:
  Result<void> load_fixtures() {
    const Json* fixtures = state_.script.find("fixture");
    if (fixtures == nullptr) return {};
    for (const Json& fixture : fixtures->items) {
      const std::string id = member_text(fixture, "id");
      const Json* resource = fixture.find("resource");
      const std::string reference = resource == nullptr ? "" : member_text(*resource, "reference");
      if (reference.starts_with('#')) {
        const Json* contained = state_.script.find("contained");
        if (contained != nullptr)
          for (const Json& one : contained->items)
            if ("#" + member_text(one, "id") == reference) state_.fixtures[id] = one.text();
      } else if (!reference.empty() && state_.run.fixture) {
        JOINEDUP_TRY(state_.fixtures[id], state_.run.fixture(reference));
      }
      const Json* create = fixture.find("autocreate");
      const Json* remove = fixture.find("autodelete");
      if (create == nullptr || create->scalar != "true") continue;
      const auto& text = state_.fixtures[id];
      JOINEDUP_TRY(const auto tree, Json::parse(text));
      const std::string type = member_text(tree, "resourceType");
      const std::string own = member_text(tree, "id");
      send(own.empty() ? "POST" : "PUT", "/" + type + (own.empty() ? "" : "/" + own), text, {});
      if (state_.last->response.status >= 300) return fail(ErrorCode::invalid_input, "A fixture of the TestScript cannot be created.", id);
      state_.exchanges[id] = *state_.last;
      if (remove != nullptr && remove->scalar == "true") to_delete_.emplace_back(type, own.empty() ? id_of(*state_.last) : own);
    }
    return {};
  }

  static std::string id_of(const Exchange& exchange) {
    const auto id = evaluate_text(exchange.response.body, "id");
    if (id && *id) return **id;
    std::string location(exchange.response.header("Location"));
    if (const auto at = location.find("/_history"); at != location.npos) location.resize(at);
    return location.substr(location.rfind('/') + 1);
  }

  void send(const std::string& method, std::string address, const std::string& body, std::vector<Header> headers) {
    Exchange exchange;
    Request& request = exchange.request;
    request.method = method;
    if (!state_.run.base_url.empty() && address.starts_with(state_.run.base_url)) address.erase(0, state_.run.base_url.size());
    if (!address.starts_with('/')) address.insert(0, "/");
    const auto mark = address.find('?');
    request.path = address.substr(0, mark);
    if (mark != address.npos) request.query = address.substr(mark + 1);
    request.body = body;
    request.headers = std::move(headers);
    request.permit = state_.run.permit;
    exchange.response = state_.run.send(request);
    std::string piece;
    for (bool more = static_cast<bool>(exchange.response.more); more;) {
      const auto got = exchange.response.more(piece);
      more = got.value_or(false);
      exchange.response.body += piece;
    }
    exchange.response.more = nullptr;
    state_.last = std::move(exchange);
  }

  // False: it failed, and the section ends.
  Result<bool> section(const Json& section, const std::string& name) {
    const Json* actions = section.find("action");
    if (actions == nullptr) return true;
    for (const Json& action : actions->items) {
      TestAction out{name, "", TestAction::Outcome::passed, ""};
      if (const Json* one = action.find("operation")) {
        out.label = member_text(*one, "label");
        JOINEDUP_CHECK(operation(*one));
      } else if (const Json* claim = action.find("assert")) {
        out.label = member_text(*claim, "label");
        JOINEDUP_TRY(const auto wrong, check_assert(state_, *claim));
        const Json* warning = claim->find("warningOnly");
        if (wrong) {
          out.said = *wrong;
          out.outcome = warning != nullptr && warning->scalar == "true" ? TestAction::Outcome::warned : TestAction::Outcome::failed;
        }
      }
      const bool failed = out.outcome == TestAction::Outcome::failed;
      report_.actions.push_back(std::move(out));
      if (failed) return false;
    }
    return true;
  }

  // "/Type/id" of what a response made or a fixture is.
  Result<std::string> target(const std::string& id, const std::string& type) {
    if (const Exchange* made = state_.exchange(id); made != nullptr && !id.empty()) {
      const auto own = evaluate_text(made->response.body, "resourceType");
      std::string of = type;
      if (of.empty()) {
        const auto tree = Json::parse(made->response.body);
        of = tree ? member_text(*tree, "resourceType") : "";
      }
      static_cast<void>(own);
      return "/" + of + "/" + id_of(*made);
    }
    JOINEDUP_TRY(const auto text, state_.source(id));
    JOINEDUP_TRY(const auto tree, Json::parse(text));
    return "/" + (type.empty() ? member_text(tree, "resourceType") : type) + "/" + member_text(tree, "id");
  }

  Result<void> operation(const Json& json) {
    const Json* coding = json.find("type");
    const std::string code = coding == nullptr ? "" : member_text(*coding, "code");
    std::string type = member_text(json, "resource"), url = member_text(json, "url"), method = member_text(json, "method");
    JOINEDUP_TRY(const std::string params, state_.substitute(member_text(json, "params")));
    const std::string source = member_text(json, "sourceId"), target_id = member_text(json, "targetId");
    std::string body;
    if (!source.empty()) {
      JOINEDUP_TRY(body, state_.source(source));
      JOINEDUP_TRY(body, state_.substitute(body));
      if (type.empty())
        if (const auto tree = Json::parse(body)) type = member_text(*tree, "resourceType");
    }
    for (char& c : method) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    if (method.empty()) method = method_of(code, body);
    if (method.empty()) return fail(ErrorCode::unsupported, "The TestScript has an operation that this runner does not know: " + code + ".");
    if (!url.empty()) {
      JOINEDUP_TRY(url, state_.substitute(url));
    } else if (code == "capabilities") {
      url = "/metadata" + params;
    } else if (code == "batch" || code == "transaction") {
      url = "/";
    } else {
      url = type.empty() ? "" : "/" + type;
      if (!target_id.empty()) {
        JOINEDUP_TRY(url, target(target_id, type));
      }
      if (code == "history") url += "/_history";
      if (code == "vread" && !target_id.empty()) {
        if (const Exchange* made = state_.exchange(target_id))
          if (const auto version = read_version(made->response)) url += "/_history/" + *version;
      }
      if (!known_interaction(code) && params.find('$') == params.npos) url += "/$" + code;
      url += (url.ends_with("/_history") && params.starts_with('/')) ? "" : params;
      if (code == "history" && params.starts_with('/')) url = "/" + type + params + (params.find("_history") == params.npos ? "/_history" : "");
    }
    JOINEDUP_TRY(auto headers, headers_of(json, body));
    send(method, url, body, std::move(headers));
    if (const auto id = member_text(json, "responseId"); !id.empty()) state_.exchanges[id] = *state_.last;
    if (const auto id = member_text(json, "requestId"); !id.empty()) state_.exchanges[id] = *state_.last, state_.fixtures[id] = state_.last->request.body;
    // What a fixture became can be named by the fixture's id.
    if ((code == "create" || code == "update" || code == "updateCreate") && !source.empty() && !state_.exchanges.contains(source) && state_.last->response.status < 300)
      state_.exchanges[source] = *state_.last;
    return {};
  }

  static std::optional<std::string> read_version(const Response& response) {
    const auto version = evaluate_text(response.body, "meta.versionId");
    return version && *version ? *version : std::nullopt;
  }

  static bool known_interaction(const std::string& code) {
    static const std::vector<std::string> all = {"", "read", "vread", "update", "updateCreate", "patch", "delete", "deleteCondSingle", "deleteCondMultiple", "history", "create", "search"};
    return std::find(all.begin(), all.end(), code) != all.end();
  }

  static std::string method_of(const std::string& code, const std::string& body) {
    if (code == "read" || code == "vread" || code == "history" || code == "search" || code == "capabilities") return "GET";
    if (code == "create" || code == "batch" || code == "transaction") return "POST";
    if (code == "update" || code == "updateCreate") return "PUT";
    if (code == "patch") return "PATCH";
    if (code.starts_with("delete")) return "DELETE";
    return code.empty() ? "" : body.empty() ? "GET" : "POST";
  }

  static std::string media_type(const std::string& given) {
    if (given == "json") return "application/fhir+json";
    if (given == "xml") return "application/fhir+xml";
    return given;
  }

  Result<std::vector<Header>> headers_of(const Json& json, const std::string& body) const {
    std::vector<Header> out;
    if (const auto accept = member_text(json, "accept"); !accept.empty()) out.push_back({"Accept", media_type(accept)});
    if (const auto type = member_text(json, "contentType"); !type.empty()) out.push_back({"Content-Type", media_type(type)});
    if (const Json* list = json.find("requestHeader"))
      for (const Json& one : list->items) {
        JOINEDUP_TRY(auto value, state_.substitute(member_text(one, "value")));
        out.push_back({member_text(one, "field"), std::move(value)});
      }
    const bool typed = std::any_of(out.begin(), out.end(), [](const Header& one) { return lower_ascii(one.name) == "content-type"; });
    if (!typed && !body.empty()) out.push_back({"Content-Type", "application/fhir+json"});
    return out;
  }

  ScriptState state_;
  TestReport report_;
  std::vector<std::pair<std::string, std::string>> to_delete_;
};

}  // namespace

std::string member_text(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  if (found == nullptr) return {};
  return found->kind == fhirpath::NodeKind::string ? found->string() : found->is_object() || found->is_list() ? "" : found->scalar;
}

Result<std::optional<std::string>> evaluate_text(const std::string& resource, const std::string& expression) {
  fhirpath::Document document;
  JOINEDUP_CHECK(document.parse(resource));
  JOINEDUP_TRY(const auto compiled, fhirpath::Expression::compile(expression));
  fhirpath::Context context;
  JOINEDUP_TRY(const auto found, compiled.evaluate(document.root_value(), context));
  if (found.empty()) return std::optional<std::string>();
  return std::optional(found.front().to_text());
}

const Exchange* ScriptState::exchange(const std::string& id) const {
  if (id.empty()) return last ? &*last : nullptr;
  const auto found = exchanges.find(id);
  return found == exchanges.end() ? nullptr : &found->second;
}

Result<std::string> ScriptState::source(const std::string& id) const {
  if (const auto found = fixtures.find(id); found != fixtures.end()) return found->second;
  if (const Exchange* made = exchange(id)) return made->response.body;
  return fail(ErrorCode::invalid_input, "The TestScript names a source that is neither a fixture nor a response: " + id + ".");
}

Result<std::string> ScriptState::substitute(std::string text) const {
  for (std::size_t from = text.find("${"), steps = 0; from != text.npos && steps < 1000; from = text.find("${", from), ++steps) {
    const std::size_t end = text.find('}', from);
    if (end == text.npos) break;
    const std::string name = text.substr(from + 2, end - from - 2);
    std::optional<std::string> value;
    if (const Json* variables = script.find("variable")) {
      for (const Json& variable : variables->items) {
        if (member_text(variable, "name") != name) continue;
        const std::string id = member_text(variable, "sourceId"), header = member_text(variable, "headerField");
        std::string expression = member_text(variable, "expression");
        if (expression.empty() && variable.find("path") != nullptr) expression = path_expression(member_text(variable, "path"));
        if (!header.empty()) {
          const Exchange* made = exchange(id);
          if (made != nullptr) value = std::string(made->response.header(header));
        } else if (!expression.empty()) {
          const Exchange* made = exchange(id);
          std::string resource = made != nullptr ? made->response.body : "";
          if (resource.empty()) {
            JOINEDUP_TRY(resource, source(id));
          }
          JOINEDUP_TRY(value, evaluate_text(resource, expression));
        }
        if (!value && variable.find("defaultValue") != nullptr) value = member_text(variable, "defaultValue");
      }
    }
    if (!value) return fail(ErrorCode::invalid_input, "The TestScript's variable " + name + " has no value.");
    text.replace(from, end + 1 - from, *value);
    from += value->size();
  }
  return text;
}

bool TestReport::passed() const {
  return std::none_of(actions.begin(), actions.end(), [](const TestAction& action) {
    return action.outcome == TestAction::Outcome::failed || action.outcome == TestAction::Outcome::skipped;
  });
}

Result<TestReport> run_test_script(std::string_view text, const TestScriptRun& run) {
  JOINEDUP_TRY(const auto script, Json::parse(text));
  if (member_text(script, "resourceType") != "TestScript") return fail(ErrorCode::invalid_input, "This is not a TestScript.");
  return Script(script, run).execute();
}

}  // namespace joinedup::rest
