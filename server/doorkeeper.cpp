#include "server/doorkeeper.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "server/route_label.hpp"
#include "server/wire.hpp"

namespace joinedup::server {

namespace {

constexpr std::size_t longest_reason = 1000;
constexpr std::size_t longest_query = 16 * 1024;
constexpr unsigned most_strangers_a_second = 20;

// "/Patient/1/_history/2" in its parts.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (const auto part : split(path, '/'))
    if (!part.empty()) parts.emplace_back(part);
  return parts;
}

bool is_for_everybody(const rest::Request& request, const std::vector<std::string>& parts) {
  return (request.method == "GET" || request.method == "HEAD") && !parts.empty() && (parts[0] == "metadata" || parts[0] == "openapi.json") && parts.size() == 1;
}

std::string kind_of(const rest::Request& request, const std::vector<std::string>& parts) {
  const auto is = [&](std::string_view word) { return std::find(parts.begin(), parts.end(), word) != parts.end(); };
  if (is("$export") || is("$everything")) return "export";
  for (const auto& part : parts)
    if (part.starts_with('$')) return "operation";
  if (is("_history")) return parts.size() == 4 ? "read" : "history";
  if (request.method == "GET" || request.method == "HEAD") return parts.size() == 2 ? "read" : "search";
  if (is("_search")) return "search";
  if (parts.empty()) return "operation";  // a Bundle
  if (request.method == "POST") return "create";
  if (request.method == "PUT") return "update";
  if (request.method == "PATCH") return "patch";
  return request.method == "DELETE" ? "remove" : "operation";
}

std::string_view purpose_name(access::Purpose purpose) {
  switch (purpose) {
    case access::Purpose::direct_care: return "direct_care";
    case access::Purpose::administration: return "administration";
    case access::Purpose::secondary_use: return "secondary_use";
    case access::Purpose::own_record: break;
  }
  return "own_record";
}

void describe(const access::Subject& subject, audit::Event& event) {
  event.user = subject.user;
  event.session = subject.session;
  event.client = subject.client;
  event.practitioner = subject.practitioner;
  event.organisation = subject.organisation;
  event.purpose = purpose_name(subject.purpose);
  event.roles = subject.roles;
}

void add_all(const std::vector<rest::Shown>& all, audit::Event& event) {
  for (const auto& one : all) {
    event.resources.push_back(one.type + "/" + one.id + "/_history/" + std::to_string(one.version));
    event.patients.insert(event.patients.end(), one.patients.begin(), one.patients.end());
  }
}

void name_contents(const rest::Response& response, audit::Event& event) {
  add_all(response.shown, event);
  add_all(response.written, event);
  for (auto* list : {&event.resources, &event.patients}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
}

// Who signs what an operation writes.
std::string author_of(const access::Subject& subject) {
  if (!subject.practitioner.empty()) return "Practitioner/" + subject.practitioner;
  if (!subject.related_person.empty()) return "RelatedPerson/" + subject.related_person;
  return subject.patient.empty() ? std::string() : "Patient/" + subject.patient;
}

rest::Response refusal(const Error& error) {
  const auto& channel = error_channel(error.code);
  auto out = fault(channel.http_status, channel.fhir_issue, error.sentence);
  if (error.code == ErrorCode::unauthenticated) out.headers.push_back({"WWW-Authenticate", "Bearer realm=\"joinedup\""});
  return out;
}

// Parameters with a reason: {"parameter":[{"name":"reason","valueString":"…"}]}
std::string reason_in(const std::string& body) {
  const auto tree = nlohmann::json::parse(body, nullptr, false);
  if (!tree.is_object() || !tree.contains("parameter") || !tree["parameter"].is_array()) return {};
  for (const auto& one : tree["parameter"])
    if (one.is_object() && one.value("name", "") == "reason" && one.contains("valueString") && one["valueString"].is_string()) return one["valueString"];
  return {};
}

}  // namespace

// The answer waits for the log. An answer that fails already stays what it is; an event that cannot be kept makes it 503.
rest::Response Doorkeeper::kept(rest::Response response, audit::Event event) const {
  auto hold = [note = parts_.note, event = std::move(event)](std::function<void(Result<void>)> resume) mutable { note(std::move(event), std::move(resume)); };
  response.hold = std::move(hold);
  return response;
}

rest::Response Doorkeeper::emergency(const rest::Request& request, const access::Subject& subject, const std::string& patient, audit::Event& event) const {
  event.kind = "emergency";
  event.patients = {patient};
  event.reason = reason_in(request.body);
  if (event.reason.size() < 10 || event.reason.size() > longest_reason) {
    event.reason.clear();
    return fault(400, "required", "Emergency access asks for a reason in your own words, of 10 to 1,000 characters, as the parameter \"reason\".");
  }
  if (auto granted = parts_.emergency(subject, patient, event.reason); !granted) return refusal(granted.error());
  return fault(200, "informational", "You may open this record for a limited time. The person can see that you did, and the guardian reviews it.");
}

rest::Response Doorkeeper::let_in(rest::Request& request, const access::Subject& subject, audit::Event& event) const {
  const auto parts = parts_of(request.path);
  if (!parts.empty() && parts[0] == "AuditEvent") {
    if (request.method != "GET" && request.method != "HEAD") return fault(405, "not-supported", "The log of who looked is written by the server alone.");
    if (parts_.audit_events) return parts_.audit_events(subject, request);
  }
  if (parts_.can_keep && request.method != "GET" && request.method != "HEAD" && !parts_.can_keep())
    return fault(503, "transient", "The log of changes cannot be written at present, so nothing is changed. Try again when the administrator has made room.");
  if (parts_.emergency && parts.size() == 3 && parts[0] == "Patient" && parts[2] == "$emergency-access" && request.method == "POST")
    return emergency(request, subject, parts[1], event);
  if (parts_.own_operations)
    if (auto own = parts_.own_operations(subject, request, event)) return std::move(*own);
  request.principal = subject.user;
  request.author = author_of(subject);
  request.organisation = subject.organisation;
  auto permit = parts_.permit(subject);
  if (!permit) return refusal(permit.error());
  request.permit = permit->get();
  auto response = parts_.handle(request);
  name_contents(response, event);
  if (event.kind == "search" && parts.size() > 1 && parts.back() == "_search")
    event.query = parts.front() + "?" + request.query + (request.query.empty() || request.body.empty() ? "" : "&") + request.body.substr(0, longest_query);
  else if (event.kind == "search" && !request.query.empty()) event.query = request.path.substr(std::min<std::size_t>(1, request.path.size())) + "?" + request.query;
  // The answer does not tell what is refused from what is not there; the log does.
  if (response.status == 404 && parts.size() >= 2 && !parts[1].starts_with('_') && !parts[1].starts_with('$') && parts_.ruled) {
    const auto ruled = parts_.ruled(subject, parts[0], parts[1]);
    event.rule = ruled.rule;
    event.resources.push_back(parts[0] + "/" + parts[1]);
    event.outcome = ruled.allowed ? "failed" : "denied";
  }
  if (response.more)  // what comes in pieces asks the permit as it goes
    response.more = [more = std::move(response.more), owner = std::shared_ptr<fhir::Permit>(std::move(*permit))](std::string& piece) { return more(piece); };
  return response;
}

rest::Response Doorkeeper::stranger(const Error& error, audit::Event event) const {
  event.outcome = "denied";
  event.rule = error.code == ErrorCode::unauthenticated ? "nobody-signed-in" : "request-refused";
  {
    const std::lock_guard lock(strangers_);
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
    if (second != std::exchange(strangers_second_, second)) strangers_noted_ = 0;
    if (strangers_noted_ == most_strangers_a_second) {
      ++strangers_uncounted_;
      return refusal(error);
    }
    ++strangers_noted_;
    if (const auto more = std::exchange(strangers_uncounted_, 0); more > 0) event.rule += "; " + std::to_string(more) + " more before";
  }
  return kept(refusal(error), std::move(event));
}

rest::Response Doorkeeper::answer(rest::Request& request) const {
  const auto parts = parts_of(request.path);
  if (is_for_everybody(request, parts)) {
    static const fhir::PermitAll nothing_of_the_record;
    request.permit = &nothing_of_the_record;
    return parts_.handle(request);
  }
  audit::Event event;
  event.kind = kind_of(request, parts);
  event.address = request.peer;
  event.request = request.id;
  const auto subject = parts_.who(request);
  if (!subject) return stranger(subject.error(), std::move(event));
  describe(*subject, event);
  auto response = let_in(request, *subject, event);
  if (event.outcome.empty()) event.outcome = response.status < 400 ? "allowed" : response.status == 401 || response.status == 403 ? "denied" : "failed";
  return kept(std::move(response), std::move(event));
}

}  // namespace joinedup::server
