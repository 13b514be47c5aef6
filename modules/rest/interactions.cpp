// Interactions with one resource: read, vread, create, update, patch, delete.
#include <openssl/rand.h>

#include <algorithm>

#include "base/hash.hpp"
#include "rest/operations.hpp"
#include "rest/patch.hpp"
#include "rest/state.hpp"
#include "validation/validation.hpp"

namespace joinedup::rest {

namespace {

constexpr int most_attempts = 20;

tl::unexpected<Error> denied() {
  return fail(ErrorCode::forbidden, "You are not allowed to write this resource.");
}

Response stale() {
  return outcome_response(412, {{"error", "conflict", "The resource was changed since the version that If-Match names. Read it again and repeat the change.", {}}});
}

// The version that If-Match or If-None-Match asks for; an error where it cannot be read.
Result<std::optional<std::uint64_t>> wanted_version(const Call& call) {
  const auto match = call.request.header("If-Match");
  if (!match.empty() && match != "*") {
    const auto version = read_etag(match);
    if (!version) return fail(ErrorCode::wrong_usage, "If-Match names no version of this server: it is of the form W/\"3\".");
    return std::optional(*version);
  }
  if (call.request.header("If-None-Match") == "*") return std::optional<std::uint64_t>(0);
  return std::optional<std::uint64_t>();
}

bool not_changed(const Call& call, const fhir::Version& version) {
  const auto unless = call.request.header("If-None-Match");
  if (!unless.empty()) return unless == "*" || read_etag(unless) == version.version;
  const auto since = call.request.header("If-Modified-Since");
  if (since.empty()) return false;
  const auto instant = read_http_date(since);
  return instant && version.instant / 1'000'000 <= *instant / 1'000'000;
}

// 410 for what was there and is deleted, told only to who may see its history; else 404.
Response absent(const State& state, const Call& call, const Error& error) {
  if (error.code != ErrorCode::not_found) return outcome_response(error);
  const auto page = state.store.history({.type = call.type, .id = call.id, .since = {}, .count = 1, .cursor = {}}, call.permit);
  if (page && !page->versions.empty() && page->versions[0].method == fhir::Method::remove) {
    Response response = outcome_response(410, {{"error", "deleted", "The resource was deleted.", {}}});
    response.headers.push_back({"ETag", etag(page->versions[0].version)});
    return response;
  }
  return outcome_response(error);
}

}  // namespace

bool is_type(std::string_view type) {
  return fhir::Definitions::r4().is_resource(type);
}

std::string random_uuid() {
  std::uint8_t bytes[16];
  RAND_bytes(bytes, sizeof bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  const std::string hex = to_hex({bytes, 16});
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" + hex.substr(20);
}

Result<std::optional<fhir::Version>> current(const State& state, std::string_view type, std::string_view id) {
  auto version = state.store.read(type, id, fhir::PermitAll());
  if (version) return std::optional(std::move(*version));
  if (version.error().code == ErrorCode::not_found) return std::optional<fhir::Version>();
  return tl::unexpected(version.error());
}

Shown shown(const fhir::Version& version) {
  return {version.type, version.id, version.version, patients_named(version.type, version.id, version.body)};
}

Response version_response(int status, const fhir::Version& version, const Shape& shape) {
  Response response = json_response(status, shaped(version.body, shape));
  response.headers.push_back({"ETag", etag(version.version)});
  response.headers.push_back({"Last-Modified", http_date(version.instant)});
  response.shown.push_back(shown(version));
  return response;
}

Result<std::string> id_of_body(std::string_view body, std::string_view type) {
  fhirpath::Document document;
  // R4 (http.html#create): 400 for what cannot be read as a resource, 422 for what can be read and is refused.
  if (auto read = document.parse(body); !read) return fail(ErrorCode::wrong_usage, read.error().sentence);
  const auto root = document.root();
  if (document.kind(root) != fhirpath::NodeKind::object || document.resource_type(root).empty())
    return fail(ErrorCode::wrong_usage, "The content is not a FHIR resource: it has no resourceType.");
  if (document.resource_type(root) != type) return fail(ErrorCode::wrong_usage, "The resource is not of the type that the address names.");
  return std::string(document.text_of(root, "id"));
}

Result<void> may_write(const State& state, std::string_view type, std::string_view id, std::string_view body, const fhir::Permit& permit) {
  static_cast<void>(state);
  if (permit.everything()) return {};
  fhirpath::Document document;
  JOINEDUP_CHECK(document.parse(body));
  if (!permit.allows(fhir::Action::write, {type, id, &document})) return denied();
  return {};
}

Result<void> may_change(const fhir::Version& now, const fhir::Permit& permit, fhir::Action action) {
  if (permit.everything()) return {};
  fhirpath::Document document;
  JOINEDUP_CHECK(document.parse(now.body));
  if (!permit.allows(action, {now.type, now.id, &document})) return denied();
  return {};
}

std::vector<Issue> faults(const State& state, std::string_view body) {
  if (state.options.validation == Validation::none) return {};
  return validation_issues(body, {}, state.options.validator);
}

std::optional<Response> refuse_invalid(const State& state, const std::vector<Issue>& issues, const std::string& place) {
  if (state.options.validation != Validation::reject) return {};
  if (std::none_of(issues.begin(), issues.end(), [](const Issue& one) { return one.severity == "error" || one.severity == "fatal"; })) return {};
  auto placed = issues;
  if (!place.empty())
    for (Issue& one : placed) one.diagnostics = place + ": " + one.diagnostics;
  return outcome_response(422, placed);
}

std::string marked(const State& state, std::string body) {
  if (state.options.validation == Validation::none || body.find("nhs-number") == body.npos) return body;
  fhirpath::Document document;
  if (!document.parse(body)) return body;
  auto out = validation::mark_failing_nhs_numbers(document);
  return out ? std::move(*out) : std::move(body);
}

std::optional<Response> prepare_write(const State& state, const Call& call, fhir::Write& write, std::vector<Issue>& found) {
  if (write.kind == fhir::Write::Kind::remove) return {};
  write.body = marked(state, std::move(write.body));
  // Warnings are told to those who ask for an outcome; for the others there is no need to look for them.
  if (state.options.validation == Validation::reject || call.prefer.returns == Prefer::Return::outcome) found = faults(state, write.body);
  return refuse_invalid(state, found, "");
}

Response write_one(const State& state, const Call& call, fhir::Write write) {
  std::vector<Issue> found;
  if (auto refused = prepare_write(state, call, write, found)) return std::move(*refused);
  auto written = state.store.write({write});
  if (!written) {
    if (written.error().code == ErrorCode::conflict && write.if_match) return stale();
    return outcome_response(written.error());
  }
  return written_response(state, call, written->front(), write.body, std::move(found));
}

Response written_response(const State& state, const Call& call, const fhir::Written& done, std::string_view body, std::vector<Issue> found) {
  Shown wrote{done.type, done.id, done.version, patients_named(done.type, done.id, body)};
  if (done.method == fhir::Method::remove) {
    Response response = empty_response(204);
    response.headers.push_back({"ETag", etag(done.version)});
    response.written.push_back(std::move(wrote));
    return response;
  }
  const int status = done.method == fhir::Method::create ? 201 : 200;
  Response response;
  switch (call.prefer.returns) {
    case Prefer::Return::minimal: response = empty_response(status); break;
    case Prefer::Return::outcome:
      found.insert(found.begin(), {"information", "informational", "The resource was kept.", {}});
      response = outcome_response(status, found);
      break;
    default: {
      auto kept = state.store.read_version(done.type, done.id, done.version, call.permit);
      response = kept ? json_response(status, std::move(kept->body)) : empty_response(status);
      if (kept) response.shown.push_back(shown(*kept));
    }
  }
  response.headers.push_back({"ETag", etag(done.version)});
  response.headers.push_back({"Last-Modified", http_date(done.instant)});
  response.headers.push_back({"Location", state.address(done.type, done.id) + "/_history/" + std::to_string(done.version)});
  response.written.push_back(std::move(wrote));
  return response;
}

Response read(const State& state, const Call& call) {
  auto version = state.store.read(call.type, call.id, call.permit);
  if (!version) return absent(state, call, version.error());
  if (not_changed(call, *version)) {
    Response response = empty_response(304);
    response.headers.push_back({"ETag", etag(version->version)});
    response.headers.push_back({"Last-Modified", http_date(version->instant)});
    response.shown.push_back(shown(*version));
    return response;
  }
  return version_response(200, *version, call.shape);
}

Response read_version(const State& state, const Call& call) {
  const auto number = read_etag(call.version);
  if (!number) return outcome_response({ErrorCode::not_found, "There is no such resource.", {}});
  const auto version = state.store.read_version(call.type, call.id, *number, call.permit);
  if (!version) return outcome_response(version.error());
  if (version->method == fhir::Method::remove) return outcome_response(410, {{"error", "deleted", "This version is the deletion of the resource.", {}}});
  return version_response(200, *version, call.shape);
}

Response create(const State& state, const Call& call) {
  if (!call.request.header("If-None-Exist").empty()) return conditional_create(state, call);
  // An id of the sender's own means nothing here: the store gives a new one.
  if (auto id = id_of_body(call.request.body, call.type); !id) return outcome_response(id.error());
  if (auto may = may_write(state, call.type, "", call.request.body, call.permit); !may) return outcome_response(may.error());
  const auto turn = state.turns.shared();
  return write_one(state, call, {.kind = fhir::Write::Kind::create, .type = call.type, .id = {}, .body = call.request.body, .if_match = {}});
}

Response update(const State& state, const Call& call) {
  auto id = id_of_body(call.request.body, call.type);
  if (!id) return outcome_response(id.error());
  if (*id != call.id)
    return outcome_response({ErrorCode::wrong_usage, id->empty() ? "The resource has no id; it must have the one in the address." : "The resource's id is not the one in the address.", {}});
  auto wanted = wanted_version(call);
  if (!wanted) return outcome_response(wanted.error());
  const bool must_exist = call.request.header("If-Match") == "*";
  fhir::Write write{.kind = fhir::Write::Kind::update, .type = call.type, .id = call.id, .body = call.request.body, .if_match = *wanted};
  if (auto may = may_write(state, call.type, call.id, call.request.body, call.permit); !may) return outcome_response(may.error());
  const auto turn = state.turns.shared();
  if (call.permit.everything() && !must_exist) return write_one(state, call, write);
  // What is asked of the permit, or by If-Match: *, is asked of one version; if it was changed meanwhile, it is asked again.
  for (int attempt = 0;; ++attempt) {
    auto now = current(state, call.type, call.id);
    if (!now) return outcome_response(now.error());
    if (must_exist && !*now) return stale();
    if (*now)
      if (auto may = may_change(**now, call.permit); !may) return outcome_response(may.error());
    // And once more of what would be: a permit compares it with what is there, which may have changed since.
    if (auto may = may_write(state, call.type, call.id, call.request.body, call.permit); !may) return outcome_response(may.error());
    if (!*wanted) write.if_match = *now ? (*now)->version : 0;
    Response response = write_one(state, call, write);
    if (response.status != 412 || *wanted || attempt == most_attempts) return response;
  }
}

Result<std::string> patched(const State& state, const Call& call, const fhir::Version& now) {
  const auto type = call.request.header("Content-Type");
  JOINEDUP_TRY(auto text, type.find("json-patch") != type.npos ? json_patch(now.body, call.request.body, state.options.most_patch_steps)
                                                               : fhirpath_patch(now.body, call.request.body, state.options.most_patch_steps));
  JOINEDUP_TRY(const auto id, id_of_body(text, now.type));
  if (id != now.id) return fail(ErrorCode::invalid_input, "A patch may not change the resource's id.");
  return text;
}

Response patch(const State& state, const Call& call) {
  const auto turn = state.turns.shared();
  return patch_one(state, call);
}

Response remove(const State& state, const Call& call) {
  const auto turn = state.turns.shared();
  return remove_one(state, call);
}

Response patch_one(const State& state, const Call& call) {
  auto wanted = wanted_version(call);
  if (!wanted) return outcome_response(wanted.error());
  // Somebody else may write between our read and our write: then the patch is applied again, to what they wrote.
  for (int attempt = 0;; ++attempt) {
    auto now = state.store.read(call.type, call.id, call.permit);
    if (!now) return absent(state, call, now.error());
    if (*wanted && **wanted != now->version) return stale();
    if (auto may = may_change(*now, call.permit); !may) return outcome_response(may.error());
    auto text = patched(state, call, *now);
    if (!text) return outcome_response(text.error());
    if (auto may = may_write(state, call.type, call.id, *text, call.permit); !may) return outcome_response(may.error());
    Response response = write_one(state, call, {.kind = fhir::Write::Kind::update, .type = call.type, .id = call.id, .body = std::move(*text), .if_match = now->version});
    if (response.status != 412 || *wanted || attempt == most_attempts) return response;
  }
}

Response remove_one(const State& state, const Call& call) {
  auto wanted = wanted_version(call);
  if (!wanted) return outcome_response(wanted.error());
  for (int attempt = 0;; ++attempt) {
    auto now = state.store.read(call.type, call.id, call.permit);
    if (!now) {
      // Deleted already, or never there as far as the caller may know: nothing to do.
      if (now.error().code != ErrorCode::not_found) return outcome_response(now.error());
      return *wanted ? stale() : empty_response(204);
    }
    if (auto may = may_change(*now, call.permit, fhir::Action::remove); !may) return outcome_response(may.error());
    const auto version = *wanted ? *wanted : std::optional(now->version);
    Response response = write_one(state, call, {.kind = fhir::Write::Kind::remove, .type = call.type, .id = call.id, .body = {}, .if_match = version});
    for (auto& one : response.written) one.patients = patients_named(now->type, now->id, now->body);
    if (response.status == 404) return empty_response(204);
    if (response.status != 412 || *wanted || attempt == most_attempts) return response;
  }
}

}  // namespace joinedup::rest
