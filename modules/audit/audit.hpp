// Who looked, who changed, who was refused: an append-only log of its own, on the disk before the answer goes out.
//
//   JOINEDUP_TRY(auto log, Log::open({.folder = place.path("audit"), .writer = "serve"}));
//   log->append({.kind = "read", .user = "u-17", .resources = {"Observation/4/_history/2"}, .patients = {"9"}}, [](Result<void> kept) { … });
//   JOINEDUP_TRY(const auto verified, verify(place.path("audit")));         // verified.ok, .events, .first_bad
//
// Each writer has one hash chain; its heads are signed and exportable. No event holds a name, a number or a text of a record.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::audit {

struct Event {
  std::int64_t instant = 0;   // microseconds UTC; 0: now
  std::string kind;           // read, search, history, create, update, remove, patch, export, operation, sign_in, sign_out, decision, emergency, reidentify, agreement, administer, receive, deliver
  std::string outcome;        // allowed, denied, failed
  std::string user, session, client, practitioner, organisation, purpose;
  std::vector<std::string> roles;
  std::string address;        // of the network peer
  std::string request;        // the server's id of the request
  std::string query;          // of a search, as asked: it may tell of somebody, so only guardians read it
  std::string rule;           // that decided
  std::string reason;         // given by the user, where one is asked for
  std::vector<std::string> resources;  // "Type/id/_history/version"
  std::vector<std::string> patients;   // ids of the Patients whose records these are
};

struct Kept {
  std::uint64_t sequence = 0;  // within its writer, from 1
  std::string writer;
  Event event;
};

struct LogOptions {
  std::string folder;
  std::string writer;          // one chain each; one process at a time has it
  std::string signing_key_file;  // made (0600) where absent; empty: folder/signing.key
};

class Log {
 public:
  static Result<std::unique_ptr<Log>> open(LogOptions options);
  virtual ~Log() = default;
  // Calls `done` when the event is on the disk, or cannot be kept; many wait for one flush. Any thread.
  virtual void append(Event event, std::function<void(Result<void>)> done) = 0;
  Result<void> append_and_wait(Event event);
  // Of one person, the newest first: what the person's own view and AuditEvent?patient= are made of.
  virtual Result<std::vector<Kept>> of_patient(std::string_view patient, std::size_t count, std::optional<std::uint64_t> before = {}) = 0;
};

struct Verified {
  bool ok = false;
  std::uint64_t events = 0;
  std::string first_bad;       // where, and what is wrong; empty where all is well
};
// `heads_file`: signed heads exported earlier; with it truncation and replay of the whole are found too.
Result<Verified> verify(const std::string& folder, const std::string& heads_file = {});

// FHIR AuditEvent after IHE's Basic Audit Log Patterns.
std::string audit_event_json(const Kept& kept);

}  // namespace joinedup::audit
