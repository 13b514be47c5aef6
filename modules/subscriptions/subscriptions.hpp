// Who wants to know when the record changes: our own pages by server-sent events, partners by FHIR R4 Subscription (rest-hook).
// The only header that other rooms include.
//
//   auto events = Events::open(*store);
//   rest::Response page = events->stream(request, [&] { return permit_of(session); });   // GET /events
//   JOINEDUP_TRY(auto hooks, Hooks::open({.place_folder = dir, .permit_of = …}, *store));
//   hooks->stop(); events->stop();                                                       // before the server
//
// Both follow the record's changes and ask the permit of whoever listens about every one: nobody learns here of what they may not read.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "fhir/fhir.hpp"
#include "rest/rest.hpp"

namespace joinedup::subscriptions {

// Made again every few seconds, so that what was revoked ends at once; nothing: whoever listened is signed out.
using MakePermit = std::function<std::unique_ptr<fhir::Permit>()>;

struct EventsOptions {
  std::chrono::milliseconds heartbeat{15'000};
  std::chrono::milliseconds permit_age{5'000};
  std::size_t most_open = 2'000;
  std::size_t most_waiting_bytes = 64 * 1024;  // of one listener that reads slowly; then it is told to load anew
  std::uint64_t most_resumed = 5'000;          // changes that a returning listener is told of
};

// Only what changed is said: {"type":"Task","id":"1","version":3,"method":"update"}. Contents are read with the reader's own permit.
class Events {
 public:
  static std::unique_ptr<Events> open(fhir::DurableStore& store, EventsOptions options = {});
  virtual ~Events() = default;
  // `types=Task,Flag` of the query narrows; Last-Event-ID (or `after=`) goes on where a connection broke off.
  virtual rest::Response stream(const rest::Request& request, MakePermit make_permit) = 0;
  virtual std::size_t listeners() const = 0;
  virtual void stop() = 0;
};

struct HooksOptions {
  std::string place_folder;                    // PLACE/subscriptions/queue.sqlite
  // On whose behalf a Subscription asks, by its id; nothing: of nobody, so it is told nothing.
  std::function<std::unique_ptr<fhir::Permit>(const std::string& subscription)> permit_of;
  // For the log, before anything is told; an error: it is not told now, and tried again. May be absent.
  std::function<Result<void>(const std::string& subscription, const fhir::Version& version)> note = {};
  std::vector<std::string> allowed;            // "host:port" of receivers with private addresses
  std::string authority_file;                  // PEM; the system's where empty
  std::vector<std::chrono::milliseconds> pauses = {std::chrono::seconds(5), std::chrono::seconds(30), std::chrono::minutes(2), std::chrono::minutes(10), std::chrono::hours(1)};
  std::chrono::milliseconds timeout{10'000};   // of one delivery, all of it
  unsigned workers = 4;
};

class Hooks {
 public:
  static Result<std::unique_ptr<Hooks>> open(HooksOptions options, fhir::DurableStore& store);
  virtual ~Hooks() = default;
  virtual std::uint64_t delivered() const = 0;
  virtual void stop() = 0;
};

// What could not be delivered after the last pause. The Subscription's status is `error`; set to `requested` again it has its turn again.
struct Dead {
  std::string subscription, resource, reason, last_tried;
  std::uint64_t tries = 0;
};
Result<std::vector<Dead>> dead_letters(const std::string& place_folder);

}  // namespace joinedup::subscriptions
