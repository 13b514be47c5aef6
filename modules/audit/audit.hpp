// Who looked, who changed, who was refused: an append-only log of its own, on the disk before the answer goes out.
//
//   JOINEDUP_TRY(auto log, Log::open({.folder = place.path("audit"), .writer = "serve"}));
//   log->append({.kind = "read", .user = "u-17", .resources = {"Observation/4/_history/2"}, .patients = {"9"}}, [](Result<void> kept) { … });
//   JOINEDUP_TRY(auto reader, Reader::open(place.path("audit")));  reader->of_patient({.patient = "9"});
//   JOINEDUP_TRY(const auto verified, verify(place.path("audit")));         // verified.ok, .events, .first_bad
//
// Each writer has one hash chain; its heads are signed and exportable. No event holds a name, a number or a text of a record:
// a search's query and a reason in somebody's words are sealed to the guardian's key before they are written.
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
  std::string user, session, client, practitioner, organisation, purpose;  // session: an id that opens nothing
  std::vector<std::string> roles;
  std::string address;        // of the network peer
  std::string request;        // the server's id of the request
  std::string query;          // of a search, as asked: "Patient?name=smith". Sealed when written; empty when read without the guardian's key
  std::string rule;           // that decided
  std::string reason;         // given by the user, where one is asked for. Sealed likewise
  std::vector<std::string> resources;  // "Type/id/_history/version"
  std::vector<std::string> patients;   // ids of the Patients whose records these are
  // Set by the log:
  std::string shape;          // the query without its values: "Patient?name"
  std::string sealed;         // query and reason, for guardians
  std::string note;           // of the log's own events: what it found when it was opened; the key that seals
};

struct Kept {
  std::uint64_t sequence = 0;  // within its writer, from 1
  std::string writer;
  Event event;
};

struct LogOptions {
  std::string folder;
  std::string writer;             // one chain each; one process at a time has it; letters, digits, "_"
  std::string signing_key_file;   // made (0600) where absent; empty: folder/signing.key
  std::string guardian_key_file;  // the guardian's secret key, made (0600) where folder/guardian.pub is absent; empty: folder/guardian.key
  std::string heads_copy_file;    // a second place for signed heads, on another machine's disk if possible; may be empty
  std::size_t segment_bytes = 32 << 20;
  std::uint64_t head_events = 10'000;  // a line in heads.jsonl after so many, or so much time, and at the end
  std::int64_t head_seconds = 300;
  std::size_t queue_bytes = 64 << 20;  // what waits for the disk; more is refused
};

class Log {
 public:
  static Result<std::unique_ptr<Log>> open(LogOptions options);
  virtual ~Log() = default;  // waits for what was appended
  // Calls `done` when the event is on the disk, or cannot be kept; many wait for one flush. Any thread.
  virtual void append(Event event, std::function<void(Result<void>)> done) = 0;
  Result<void> append_and_wait(Event event);
  virtual bool can_keep() const = 0;      // false since a write has failed: refuse changes before they are made
  virtual std::string opened() const = 0;  // a sentence for the administrator, where the last run ended in the middle or the chain is broken
};

// Reads every writer's chain, also while they are written. One object may be used by many threads.
class Reader {
 public:
  static Result<std::unique_ptr<Reader>> open(std::string folder);
  virtual ~Reader() = default;
  struct Query {
    std::string patient, user, kind, outcome, organisation;  // empty: any
    std::int64_t from = 0, until = 0;                        // microseconds; 0: any
    std::size_t count = 100;
    std::string before;                                      // the id of the last one of the page before
    std::function<bool(const Kept&)> shows;                  // absent: all; what it hides leaves no gap: the page is filled
  };
  virtual Result<std::vector<Kept>> find(const Query& query) = 0;  // the newest first
  virtual Result<Kept> read(std::string_view id) = 0;              // not_found
};
std::string event_id(const Kept& kept);  // "serve-17"; that of its AuditEvent

// One chain's head at a time, as signed.
struct Head {
  std::string writer, chain, hash, instant, key, signature;
  std::uint64_t sequence = 0;
};
// The newest signed head of every chain and the keys that sign, as one JSON document to keep elsewhere.
Result<std::string> export_heads(const std::string& folder);
Result<void> rotate_signing_key(const std::string& folder, const std::string& signing_key_file = {});  // the new key is signed by the old

struct Verified {
  bool ok = false;
  std::uint64_t events = 0;
  std::string first_bad;           // where, and what is wrong; empty where all is well
  std::vector<std::string> notes;  // what is not wrong, but should be known
};
struct VerifyOptions {
  std::string heads_file;          // heads exported earlier; with them truncation and replay of the whole are found too
  unsigned threads = 2;
};
Result<Verified> verify(const std::string& folder, const VerifyOptions& options = {});

// FHIR AuditEvent after IHE's Basic Audit Log Patterns: one for every patient, as those ask, the first with event_id, then ".2", ".3", …
// With `patient`, the one that is about them; it names nobody else.
std::vector<std::string> audit_events_json(const Kept& kept, std::string_view patient = {});
// GET AuditEvent?… and GET AuditEvent/[id]. Parameters: patient, agent, date, subtype, outcome, _id, _count, and _before for the next page.
struct Viewer {
  std::string patient;                     // empty: everybody's (guardians); else this person's looks only
  std::function<bool(const Kept&)> shows;  // false: withheld; no page shows that it is
  std::string guardian_secret;             // where given, queries and reasons are opened
  std::string base_url;                    // "https://…/fhir"
};
Result<std::string> search_audit_events(Reader& reader, std::string_view query, const Viewer& viewer);  // a Bundle; percent-encoded query
Result<std::string> read_audit_event(Reader& reader, std::string_view id, const Viewer& viewer);        // not_found where it may not be seen

// The person's own view: who looked, when, from where, for what. No numbers that would show a gap, no words of anybody.
struct Look {
  std::string instant;                // 2026-01-31T09:30:00.123456Z
  std::string kind, practitioner, organisation, purpose;
  std::vector<std::string> roles;
  std::vector<std::string> types;     // of what was seen: Observation, Condition; where several people's records were seen at once, none
  bool is_emergency = false;
};
struct Looks {
  std::vector<Look> looks;
  std::int64_t next = 0;              // until, for the next page; 0: there is none
};
Result<Looks> own_view(Reader& reader, std::string_view patient, std::int64_t until, std::size_t count, const std::function<bool(const Kept&)>& is_withheld);

// Opens what is sealed, with the guardian's key.
Result<void> unseal_event(Event& event, const std::string& guardian_secret);
Result<std::string> read_guardian_key(const std::string& file);

}  // namespace joinedup::audit
