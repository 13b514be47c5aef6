// One kept message after another into the shared record: whose it is, what the visit is now, who is told. Inside this room only.
//
//   JOINEDUP_TRY(auto applier, Applier::open({.place = &place, .clock = clock}, store));
//   JOINEDUP_TRY(const auto count, applier->apply_waiting(64));      // 0: nothing waits
//
// What a batch changes is one transaction of the record; what became of the messages is committed after it. A program that ends between the
// two finds by the message's Provenance that the record has it already.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "messages/event.hpp"
#include "messages/fold.hpp"
#include "messages/kept.hpp"

namespace joinedup::messages {

class Applier {
 public:
  static Result<std::unique_ptr<Applier>> open(const InboxOptions& options, fhir::Store& store);
  Result<std::size_t> apply_waiting(std::size_t most);
  Result<std::size_t> waiting();
  std::int64_t seen() const { return last_seen_; }
  Result<std::size_t> retry();
  Result<void> undo_merge(std::int64_t merge);

 private:
  Applier(const InboxOptions& options, fhir::Store& store) : options_(options), store_(store) {}
  struct Person {
    std::string patient, problem;  // one of them
    bool is_own = false;           // made by this room: unlinked, or linked since
  };
  struct Became {
    State state = State::applied;
    std::string reason, patient, origin;
  };
  Result<void> apply_batch(const std::vector<KeptMessage>& batch);
  Result<Became> apply_one(const KeptMessage& message);
  Result<Became> apply_event(const KeptMessage& message, const Event& event);
  Result<Person> resolve(const Event& event, std::int64_t message);
  Result<std::vector<std::string>> registered(const std::string& query);
  Result<std::string> merge(const Event& event, const Person& person, std::int64_t message);   // a problem, or nothing
  Result<void> join(const std::string& gone, const std::string& stays, const char* why, std::int64_t message, const std::string& key);
  Result<void> write_visit(const KeptMessage& message, const Event& event, const Person& person);
  Result<void> write_alert(const Event& event, const Stay& stay, const std::string& patient, const std::string& encounter);
  std::string partner_of(const Event& event) const;  // its code; empty: a sender that is no partner
  Result<void> write_patient(const std::string& patient);
  Result<void> write_provenance(const KeptMessage& message, const Event& event);
  Result<std::vector<Event>> events_of(const char* sql, const std::string& key);
  Result<std::string> nhs_number_of(const std::string& patient);
  void put(const std::string& type, const std::string& id, nlohmann::json body);
  std::string identity(const std::string& key);
  Result<void> set_identity(const std::string& key, const std::string& patient);
  bool is_own(const std::string& patient);
  std::string name(std::string_view type, std::string_view key) const;
  Result<std::vector<KeptMessage>> next(std::size_t most);

  InboxOptions options_;
  fhir::Store& store_;
  SqliteHandle file_;               // applied.sqlite, with kept.sqlite attached to read
  std::unique_ptr<HmacKey> key_;
  std::int64_t last_seen_ = 0, unsure_until_ = 0;
  std::vector<fhir::Write> writes_;                 // of the batch
  std::map<std::string, std::size_t> at_;           // "Type/id" → place in writes_
  std::vector<std::string> targets_;                // of the message at hand
  bool skip_writes_ = false;
};

}  // namespace joinedup::messages
