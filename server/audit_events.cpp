#include "server/audit_events.hpp"

#include <algorithm>
#include <map>

#include "server/wire.hpp"

namespace joinedup::server {

namespace {

bool has_role(const access::Subject& subject, std::string_view role) {
  return std::find(subject.roles.begin(), subject.roles.end(), role) != subject.roles.end();
}

rest::Response json(std::string body) {
  rest::Response out;
  out.headers.push_back({"Content-Type", "application/fhir+json"});
  out.body = std::move(body);
  return out;
}

// The log as the person may read it: what they may not see is not named in it.
class Without final : public audit::Reader {
 public:
  Without(audit::Reader& log, std::function<bool(std::string_view)> hides, std::function<bool(const audit::Kept&)> shows) : log_(log), hides_(std::move(hides)), shows_(std::move(shows)) {}
  Result<std::vector<audit::Kept>> find(const Query& query) override {
    JOINEDUP_TRY(auto all, log_.find(query));
    for (auto& one : all) std::erase_if(one.event.resources, hides_);
    return all;
  }
  Result<audit::Kept> read(std::string_view id) override {
    JOINEDUP_TRY(auto one, log_.read(id));
    // Whether it is shown at all is asked of the whole; then it is read from here.
    if (shows_ && !shows_(one)) return fail(ErrorCode::not_found, "There is no such event.");
    std::erase_if(one.event.resources, hides_);
    return one;
  }

 private:
  audit::Reader& log_;
  std::function<bool(std::string_view)> hides_;
  std::function<bool(const audit::Kept&)> shows_;
};

rest::Response absent() { return fault(404, "not-found", "There is no such resource."); }

}  // namespace

rest::Response audit_events(const access::Subject& subject, const rest::Request& request, audit::Reader& log, const HidesFromPerson& hides, const HidesEntry& hides_entry, std::string_view base_url) {
  std::map<std::string, bool, std::less<>> known;  // entries asked about
  std::function<bool(std::string_view)> is_hidden = [](std::string_view) { return false; };
  const bool is_person = subject.kind == access::Subject::Kind::person && !subject.patient.empty();
  const bool is_guardian = subject.kind == access::Subject::Kind::worker && has_role(subject, "guardian");
  const auto path = std::string_view(request.path).substr(std::string_view("/AuditEvent").size());
  if (!is_person && !is_guardian) return path.size() > 1 ? absent() : json(R"({"resourceType":"Bundle","type":"searchset"})");
  audit::Viewer viewer{.base_url = std::string(base_url)};
  if (is_person) {
    viewer.patient = subject.patient.substr(subject.patient.rfind('/') + 1);
    is_hidden = [&](std::string_view resource) {
      const auto slash = resource.find('/'), end = resource.find('/', slash + 1);
      if (slash == resource.npos || !hides_entry) return false;
      const auto address = resource.substr(0, end);
      auto found = known.find(address);
      if (found == known.end()) found = known.emplace(std::string(address), hides_entry(address.substr(0, slash), address.substr(slash + 1))).first;
      return found->second;
    };
    viewer.shows = [&](const audit::Kept& kept) {
      const auto& resources = kept.event.resources;
      if (kept.event.outcome != "allowed" || hides(kept.event, viewer.patient)) return false;
      return resources.empty() || !std::all_of(resources.begin(), resources.end(), is_hidden);
    };
  }
  Without theirs(log, is_hidden, viewer.shows);
  audit::Reader& read = is_person ? static_cast<audit::Reader&>(theirs) : log;
  auto found = path.size() > 1 ? audit::read_audit_event(read, path.substr(1), viewer) : audit::search_audit_events(read, request.query, viewer);
  if (found) return json(std::move(*found));
  if (found.error().code == ErrorCode::not_found) return absent();
  if (found.error().code == ErrorCode::wrong_usage || found.error().code == ErrorCode::invalid_input) return fault(400, "invalid", found.error().sentence);
  return fault(503, "transient", "The log cannot be read at present. Try again in a moment.");
}

}  // namespace joinedup::server
