// The one way to the shared record for whoever signs in: who asks, what they may, what they got, and the log of it before the answer.
//
//   Doorkeeper door({.who = …, .permit = …, .note = …, .handle = [&](const rest::Request& r) { return api.handle(r); }});
//   server->serve([&](rest::Request& request) { return door.answer(request); }, figures, pages);
//
// Nothing reaches `handle` without a subject and a permit. Every answer, a refusal too, has its event on the disk before it goes out:
// where it cannot be kept, the answer is 503 and nothing of it is sent. Only what the server is able to do (/metadata, the discovery
// of sign-in) is told to anybody. Who is nobody is turned away with an event too, but at most 20 a second: a flood of strangers must
// not fill the log's disk; how many more there were stands in the next event.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "access/subject.hpp"
#include "audit/audit.hpp"
#include "fhir/fhir.hpp"
#include "rest/rest.hpp"

namespace joinedup::server {

// What policy says of one resource, for the log: which rule it was.
struct Ruled {
  std::string rule;
  bool allowed = false;
};

struct DoorParts {
  std::function<Result<access::Subject>(const rest::Request&)> who;
  std::function<Result<std::unique_ptr<fhir::Permit>>(const access::Subject&)> permit;
  std::function<void(audit::Event, std::function<void(Result<void>)>)> note;
  std::function<rest::Response(const rest::Request&)> handle;
  // False since the log could not be written: then nothing is changed in the record either. May be absent.
  std::function<bool()> can_keep = {};
  // Asked after a read that found nothing, so that the log can tell what was refused from what was not there. May be absent.
  std::function<Ruled(const access::Subject&, const std::string& type, const std::string& id)> ruled = {};
  // AuditEvent is made from the log: reads and searches of it. May be absent.
  std::function<rest::Response(const access::Subject&, const rest::Request&)> audit_events = {};
  // What policy itself is asked to do (server/access_operations.hpp); nothing: not an address of its, or not for this subject. May be absent.
  std::function<std::optional<rest::Response>(const access::Subject&, const rest::Request&, audit::Event&)> own_operations = {};
  // POST Patient/[id]/$emergency-access: the grant, once its reason is taken. May be absent.
  std::function<Result<void>(const access::Subject&, const std::string& patient, const std::string& reason)> emergency = {};
};

class Doorkeeper {
 public:
  explicit Doorkeeper(DoorParts parts) : parts_(std::move(parts)) {}
  rest::Response answer(rest::Request& request) const;  // request.path is below /fhir; its permit is set; any thread

 private:
  rest::Response let_in(rest::Request& request, const access::Subject& subject, audit::Event& event) const;
  rest::Response emergency(const rest::Request& request, const access::Subject& subject, const std::string& patient, audit::Event& event) const;
  rest::Response kept(rest::Response response, audit::Event event) const;
  rest::Response stranger(const Error& error, audit::Event event) const;
  DoorParts parts_;
  mutable std::mutex strangers_;
  mutable std::int64_t strangers_second_ = 0;
  mutable unsigned strangers_noted_ = 0;
  mutable std::uint64_t strangers_uncounted_ = 0;
};

}  // namespace joinedup::server
