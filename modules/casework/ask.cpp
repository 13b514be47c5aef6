#include "casework/ask.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/text.hpp"

namespace joinedup::casework {

namespace {

constexpr std::size_t longest_text = 10'000;

// "W/\"3\"" or "\"3\""; 0: names no version.
std::uint64_t version_in(std::string_view tag) {
  const auto from = tag.find('"');
  if (from == tag.npos) return 0;
  std::uint64_t version = 0;
  std::from_chars(tag.data() + from + 1, tag.data() + tag.size(), version);
  return version;
}

std::uint64_t version_of(const Json& resource) {
  std::uint64_t version = 0;
  const auto text = text_at(resource, "meta/versionId");
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

}  // namespace

std::string Found::reference() const { return text_at(json, "resourceType") + "/" + text_at(json, "id"); }

Ask::Ask(const Room& of_room, const rest::OperationCall& of_call) : room(of_room), call(of_call) {
  const auto instant = room.clock();
  now = instant_text(instant);
  today = Date{static_cast<std::int32_t>(instant / 86'400'000'000)};
  parameters_ = Json::array();
  if (call.request.method == "POST" && !trim(call.request.body).empty()) {
    auto body = Json::parse(call.request.body, nullptr, false);
    if (!body.is_object() || text_at(body, "resourceType") != "Parameters") {
      fault_ = "What is posted to an operation is a Parameters resource.";
      return;
    }
    if (body.contains("parameter")) parameters_ = std::move(body["parameter"]);
    if (!parameters_.is_array()) fault_ = "The Parameters resource's parameter is not a list.";
  }
  if (call.request.method == "GET" || call.request.method == "HEAD")
    for (const auto& [name, text] : call.parameters) parameters_.push_back({{"name", name}, {"valueString", text}});
}

Result<void> Ask::readable() const {
  if (!fault_.empty()) return fail(ErrorCode::wrong_usage, fault_);
  return {};
}

const Json* Ask::parameter(const std::string& name) const {
  for (const auto& one : parameters_)
    if (one.is_object() && text_at(one, "name") == name) return &one;
  return nullptr;
}

const Json* Ask::value(const std::string& name) const {
  const auto* found = parameter(name);
  if (found == nullptr) return nullptr;
  for (const auto& [key, item] : found->items())
    if (key.starts_with("value")) return &item;
  return nullptr;
}

Result<std::string> Ask::text_or_none(const std::string& name) const {
  const auto* found = value(name);
  if (found == nullptr) return std::string();
  if (!found->is_string()) return fail(ErrorCode::invalid_input, "This is not a text.", name);
  std::string out(trim(found->get_ref<const std::string&>()));
  if (out.size() > longest_text) return fail(ErrorCode::invalid_input, "This is too long: at most 10,000 characters.", name);
  return out;
}

Result<std::string> Ask::text(const std::string& name, const std::string& missing) const {
  JOINEDUP_TRY(auto out, text_or_none(name));
  if (out.empty()) return fail(ErrorCode::invalid_input, missing, name);
  return out;
}

Result<Date> Ask::date(const std::string& name, const std::string& missing) const {
  JOINEDUP_TRY(const auto written, text(name, missing));
  const auto day = parse_iso_date(written.substr(0, 10));
  if (!day || (written.size() > 10 && written[10] != 'T')) return fail(ErrorCode::invalid_input, "This is not a date that exists. Dates are written 2026-11-30.", name);
  return *day;
}

Result<std::int64_t> Ask::integer(const std::string& name, const std::string& missing, std::int64_t least, std::int64_t most) const {
  const auto* found = value(name);
  if (found == nullptr) return fail(ErrorCode::invalid_input, missing, name);
  std::int64_t out = 0;
  bool good = found->is_number_integer();
  if (good) out = found->get<std::int64_t>();
  if (found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    good = read.ec == std::errc() && read.ptr == text.data() + text.size();
  }
  if (!good || out < least || out > most) return fail(ErrorCode::invalid_input, "This is a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".", name);
  return out;
}

Result<std::string> Ask::code(const std::string& name, const std::string& missing, const std::vector<std::string>& any_of) const {
  JOINEDUP_TRY(const auto out, text(name, missing));
  if (std::find(any_of.begin(), any_of.end(), out) != any_of.end()) return out;
  std::string words;
  for (const auto& one : any_of) words += (words.empty() ? "" : one == any_of.back() ? " or " : ", ") + one;
  return fail(ErrorCode::invalid_input, "This is one of " + words + ".", name);
}

Result<std::optional<Found>> Ask::reference_or_none(const std::string& name, const std::vector<std::string>& types) const {
  const auto* found = value(name);
  if (found == nullptr) return std::optional<Found>();
  const auto written = local(found->is_string() ? found->get<std::string>() : text_at(*found, "reference"));
  const auto type = written.substr(0, written.find('/'));
  if (!is_reference(written) || std::find(types.begin(), types.end(), type) == types.end()) {
    std::string words;
    for (const auto& one : types) words += (words.empty() ? "" : one == types.back() ? " or " : ", ") + one;
    return fail(ErrorCode::invalid_input, "This must be a reference to a " + words + ".", name);
  }
  auto got = read(written);
  // Denied and absent are the same: neither can be named here.
  if (!got && got.error().code == ErrorCode::not_found) {
    passed.reset();
    return fail(ErrorCode::invalid_input, "There is no such " + type + " that you can name.", name);
  }
  if (!got) return tl::unexpected(got.error());
  return std::optional(std::move(*got));
}

Result<Found> Ask::reference(const std::string& name, const std::string& missing, const std::vector<std::string>& types) const {
  JOINEDUP_TRY(auto found, reference_or_none(name, types));
  if (!found) return fail(ErrorCode::invalid_input, missing, name);
  return std::move(*found);
}

Result<std::vector<std::string>> Ask::references(const std::string& name) const {
  std::vector<std::string> out;
  for (const auto& one : parameters_) {
    if (!one.is_object() || text_at(one, "name") != name) continue;
    const auto text = text_at(one, "valueString");
    auto reference = text.empty() ? reference_at(one, "valueReference") : local(text);
    if (!is_reference(reference)) return fail(ErrorCode::invalid_input, "This must be a reference.", name);
    out.push_back(std::move(reference));
  }
  return out;
}

bool Ask::says_yes(const std::string& name) const {
  const auto* found = value(name);
  return found != nullptr && ((found->is_boolean() && found->get<bool>()) || (found->is_string() && found->get<std::string>() == "true"));
}

Result<Found> Ask::target() const {
  JOINEDUP_TRY(auto found, read(call.type + "/" + call.id));
  const auto match = call.request.header("If-Match");
  if (!match.empty() && match != "*" && version_in(match) != found.version)
    return pass(refusal(412, "conflict", "Somebody else changed this since you read it. Read it again: it is now version " + std::to_string(found.version) + "."));
  return found;
}

Result<Found> Ask::read(const std::string& reference) const {
  if (!is_reference(reference)) return fail(ErrorCode::not_found, "There is no such resource.");
  auto response = call.handle({.method = "GET", .path = "/" + reference});
  if (response.status == 410) return fail(ErrorCode::not_found, "This was deleted.");
  if (response.status == 404) return fail(ErrorCode::not_found, "There is no such resource.");
  if (response.status != 200) return pass(std::move(response));
  Found found{Json::parse(response.body, nullptr, false), version_in(response.header("ETag"))};
  if (!found.json.is_object()) return fail(ErrorCode::internal, "A resource could not be read.");
  return found;
}

Result<std::vector<Found>> Ask::search(const std::string& type_and_query, Reading reading, std::size_t most) const {
  std::vector<Found> all;
  const auto mark = type_and_query.find('?');
  const std::string path = "/" + type_and_query.substr(0, mark);
  std::string query = (mark == std::string::npos ? "" : type_and_query.substr(mark + 1) + "&") + "_count=500";
  while (!query.empty()) {
    auto response = (reading == Reading::shown ? call.handle : call.tally)({.method = "GET", .path = path, .query = query, .headers = {{"Prefer", "handling=strict"}}});
    if (response.status != 200) return pass(std::move(response));
    std::string body = std::move(response.body);
    if (response.more)
      for (bool goes_on = true; goes_on;) {
        std::string piece;
        JOINEDUP_TRY(goes_on, response.more(piece));
        body += piece;
      }
    auto bundle = Json::parse(body, nullptr, false);
    if (!bundle.is_object()) return fail(ErrorCode::internal, "A search could not be read.");
    query.clear();
    if (bundle.contains("entry"))
      for (auto& entry : bundle["entry"]) {
        if (text_at(entry, "search/mode") == "outcome" || !entry.contains("resource")) continue;
        Found one{std::move(entry["resource"]), 0};
        one.version = version_of(one.json);
        all.push_back(std::move(one));
      }
    if (all.size() > most) return fail(ErrorCode::too_large, "There is more than this operation looks at: over " + std::to_string(most) + " resources.");
    if (bundle.contains("link"))
      for (const auto& link : bundle["link"])
        if (text_at(link, "relation") == "next") {
          const auto url = text_at(link, "url");
          query = url.substr(std::min(url.size(), url.find('?') + 1));
        }
  }
  return all;
}

Json Ask::by() const {
  if (signs()) return {{"reference", call.request.author}};
  return {{"display", call.request.principal.empty() ? "Not signed in" : "A program"}};
}

tl::unexpected<Error> Ask::pass(rest::Response response) const {
  const int status = response.status;
  passed = std::move(response);
  return fail(status == 404 ? ErrorCode::not_found : ErrorCode::internal, "The record refused.");
}

const Json* node_at(const Json& json, std::string_view path) {
  const Json* here = &json;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto name = path.substr(0, slash);
    path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
    if (here->is_array()) {
      std::size_t at = 0;
      std::from_chars(name.data(), name.data() + name.size(), at);
      if (at >= here->size()) return nullptr;
      here = &(*here)[at];
    } else {
      if (!here->is_object()) return nullptr;
      const auto found = here->find(std::string(name));
      if (found == here->end()) return nullptr;
      here = &*found;
    }
  }
  return here;
}

std::string text_at(const Json& json, std::string_view path) {
  const auto* node = node_at(json, path);
  return node != nullptr && node->is_string() ? node->get<std::string>() : std::string();
}

std::string local(const std::string& reference) {
  std::string out = reference.substr(0, reference.find("/_history"));
  if (out.find("://") == out.npos) return out;
  const auto last = out.rfind('/');
  const auto before = last == out.npos || last == 0 ? out.npos : out.rfind('/', last - 1);
  return before == out.npos ? out : out.substr(before + 1);
}

bool is_reference(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos || slash == 0 || slash + 1 == text.size() || text.size() > 200) return false;
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(slash), fits) && std::all_of(text.begin() + static_cast<std::ptrdiff_t>(slash) + 1, text.end(), fits);
}

std::string reference_at(const Json& json, std::string_view path) { return local(text_at(json, std::string(path) + "/reference")); }

bool has_code(const Json& given, std::string_view system, std::string_view code) {
  if (given.is_array()) return std::any_of(given.begin(), given.end(), [&](const Json& one) { return has_code(one, system, code); });
  const auto* codings = node_at(given, "coding");
  if (codings == nullptr || !codings->is_array()) return false;
  return std::any_of(codings->begin(), codings->end(), [&](const Json& one) { return text_at(one, "system") == system && (code.empty() || text_at(one, "code") == code); });
}

const Json* extension(const Json& element, std::string_view url) {
  const auto* all = node_at(element, "extension");
  const Json* found = nullptr;
  if (all != nullptr && all->is_array())
    for (const auto& one : *all)
      if (text_at(one, "url") == url) found = &one;
  return found;
}

Json extension_of(std::string_view url, std::string_view kind, Json value) {
  Json out;
  out["url"] = url;
  out[std::string(kind)] = std::move(value);
  return out;
}

Json nested_extension(std::string_view url, std::vector<Json> parts) {
  Json out;
  out["url"] = url;
  out["extension"] = Json::array();
  for (auto& part : parts) out["extension"].push_back(std::move(part));
  return out;
}

void add_extension(Json& element, Json one) {
  if (!element.contains("extension")) element["extension"] = Json::array();
  element["extension"].push_back(std::move(one));
}

void set_extension(Json& element, Json one) {
  const auto url = text_at(one, "url");
  Json kept = Json::array();
  if (element.contains("extension"))
    for (auto& there : element["extension"])
      if (text_at(there, "url") != url) kept.push_back(std::move(there));
  kept.push_back(std::move(one));
  element["extension"] = std::move(kept);
}

Json reference_to(std::string_view reference) {
  Json out;
  out["reference"] = reference;
  return out;
}

Json coded(std::string_view system, std::string_view code, std::string_view text) {
  Json coding;
  coding["system"] = system;
  coding["code"] = code;
  Json out;
  out["coding"] = Json::array({std::move(coding)});
  if (!text.empty()) out["text"] = text;
  return out;
}

std::string instant_text(std::int64_t microseconds) {
  const std::time_t seconds = microseconds / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::string plural(std::size_t count, const std::string& one, const std::string& many) { return std::to_string(count) + " " + (count == 1 ? one : many); }

rest::Response answer_json(int status, const Json& json) {
  rest::Response out;
  out.status = status;
  out.headers.push_back({"Content-Type", "application/fhir+json; charset=utf-8"});
  if (const auto version = text_at(json, "meta/versionId"); !version.empty()) out.headers.push_back({"ETag", "W/\"" + version + "\""});
  out.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

rest::Response refusal(int status, const std::string& code, const std::string& sentence, const std::string& parameter) {
  Json issue{{"severity", "error"}, {"code", code}, {"details", {{"text", sentence}}}, {"diagnostics", sentence}};
  if (!parameter.empty()) issue["expression"] = Json::array({parameter});
  Json out{{"resourceType", "OperationOutcome"}};
  out["issue"] = Json::array({std::move(issue)});
  return answer_json(status, out);
}

bool is_open_task(const Json& task) {
  const auto status = text_at(task, "status");
  for (const auto one : split(open_task_statuses, ','))
    if (one == status) return true;
  return false;
}

std::string due_of(const Json& task) { return text_at(task, "restriction/period/end").substr(0, 10); }

}  // namespace joinedup::casework
