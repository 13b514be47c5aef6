// The record's relationships, consents and labels in memory, and what one subject may see of them. Inside this room only.
//
//   State state(store, policies, place, options, ledger);
//   JOINEDUP_CHECK(state.load());
//   JOINEDUP_CHECK(state.catch_up());                      // before every permit
//   JOINEDUP_TRY(auto view, state.view(subject));          // kept until something changes that it was made of, or time ends a part of it;
//                                                          // a change about a few people is read into it anew for them alone
//   state.decide(*view, fhir::Action::read, {"Observation", "7", &document}).allowed
//
// A view is what of a subject does not depend on a resource. Reading holds a shared lock for one decision.
#pragma once
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "access/facts.hpp"
#include "access/ledger.hpp"
#include "fhir/fhir.hpp"

namespace joinedup::access {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// How a subject is joined to one person.
struct Joined {
  std::uint32_t relations = 0, authorities = 0;
  std::int64_t since = always_until;  // the oldest of their relationships
};

// What agreements say of one feed's data, or of the asker's organisation.
struct Covered {
  place::Cover cover = place::Cover::in_force;
  std::int64_t ended = always_until;  // where it is winding down: when it ended
};

struct View {
  Subject subject;
  std::uint32_t roles = 0, purpose = 0;
  std::vector<std::string> holders;
  std::shared_ptr<const ByText<Joined>> people;  // by the Patient's id, as they were when all were read
  ByText<std::optional<Joined>> since;  // read anew after that; nothing: not joined any more
  const Joined* person(std::string_view id) const {
    if (const auto found = since.find(id); found != since.end()) return found->second ? &*found->second : nullptr;
    const auto found = people->find(id);
    return found == people->end() ? nullptr : &found->second;
  }
  struct Of {
    std::string patient;
    std::uint32_t relation = 0;
  };
  ByText<std::vector<Of>> only;       // resource → what joins the subject to it, and to nothing else of these people
  std::vector<const Rule*> rules;     // of the roles and the purpose
  struct OfScope {
    Scope scope;
    std::optional<fhir::Query> constraint;
    bool broken = false;              // its constraint cannot be read: it opens nothing
  };
  std::optional<std::vector<OfScope>> scopes;
  Covered reader;
  bool may_write = true;
  ByText<Covered> feeds;              // those that are not simply in force; "messages:RXX": what a partner's messages wrote
  mutable std::atomic<std::uint64_t> generation{0};  // it holds for this one and all before it since it was made
  std::int64_t good_until = always_until;
  std::shared_ptr<const fhir::PatientSet> plain, special, all, none;  // those of `since` are among `special`, whatever else they are in
};

// What one change of a fact may have changed in a view.
struct Touch {
  std::uint64_t generation = 0;
  bool everything = false;            // teams, roles, services, identifiers, agreements, emergencies, what is withheld
  std::vector<std::pair<std::string, std::string>> grants;  // holder, person
  std::vector<std::string> people;    // of whom something was labelled or refused
};

struct Verdict {
  bool allowed = false;
  std::string_view rule;
  const std::string* because = nullptr;  // the policy's own sentence
  const Label* label = nullptr;          // that decided
};

class State {
 public:
  State(fhir::Store& store, Policies policies, const place::Place& place, AccessOptions options, Ledger& ledger);
  Result<void> load();
  Result<void> catch_up();
  Result<void> reload_ledger();
  Result<void> read_objections();
  Result<std::shared_ptr<const View>> view(const Subject& subject);
  Verdict decide(const View& view, fhir::Action action, const fhir::Asked& asked) const;
  std::optional<fhir::Narrowing> narrowing(const View& view, fhir::Action action, std::string_view type) const;
  Verdict refused(std::string_view rule) const;
  const Policies& policies() const { return policies_; }
  std::int64_t now() const;
  void bump();
  bool knows_patient(std::string_view id) const;
  bool hides(std::string_view user, std::string_view patient) const;
  bool withholds(const Subject& subject, const std::string& address) const;  // one entry, by its address

 private:
  struct PatientFacts {
    std::vector<std::string> identifiers;
    std::int64_t born = always_from;
  };
  // What is to be decided of one version.
  struct Case {
    std::string_view type, id;
    std::string address;
    const fhirpath::Document* document = nullptr;
    fhir::Action action = fhir::Action::read;
    std::uint32_t deed = deed::read, labels = 0;
    std::vector<std::string_view> people;  // ids
    bool unknown_person = false;
    std::string_view source;
    std::vector<std::string_view> targets;  // of a Provenance: addresses of this server
  };

  void put(std::string_view type, std::string_view id, Facts facts);
  void forget(const std::string& address);
  void change(std::string_view type, std::string_view id, Facts facts);
  void note(Touch touch);
  Result<void> read_all(const std::string& type, const std::string& query);
  void apply(const fhir::Version& version);
  std::shared_ptr<View> make_view(const Subject& subject) const;
  // Nothing: everything is to be read again. The people of whom it holds no longer.
  std::optional<std::set<std::string>> outdated(const View& view) const;
  std::shared_ptr<View> renewed(const View& view, const std::set<std::string>& people) const;
  void find_holders(View& view) const;
  void join(View& view, const Grant& grant, ByText<Joined>& people) const;
  bool join_one(View& view, const Grant& grant, const std::string& id, Joined& person) const;
  void read_agreements(View& view) const;
  Covered covered(const std::string& partner, const std::string& purpose, Date day, const std::string& feed, const std::string& reader) const;
  std::vector<std::string> patients_of(std::string_view key) const;  // ids
  bool is_special(const std::string& patient, std::uint32_t hidden_labels) const;
  void find_people(Case& c) const;
  bool in_scope(const View& view, const Case& c) const;
  Verdict decide_locked(const View& view, fhir::Action action, const fhir::Asked& asked) const;
  Verdict by_rule(const View& view, const Rule& rule, const Case& c) const;
  const char* joined(const View& view, const Rule& rule, const Case& c, bool& emergency) const;
  const Label* label_against(const View& view, const Case& c, bool emergency, bool& unknown) const;
  bool refused_by_person(const View& view, const Case& c) const;
  bool is_withheld(const View& view, const Case& c) const;
  const char* written(const View& view, const Case& c, const Rule& rule) const;
  bool by_author(const View& view, const Rule& rule, const Case& c) const;
  bool is_only_joined(const View& view, const Case& c, std::string_view patient, std::uint32_t relation) const;
  bool sees_targets(const View& view, const Case& c) const;

  fhir::Store& store_;
  const Policies policies_;
  const AccessOptions options_;
  Ledger& ledger_;

  bool files_changed();

  mutable std::shared_mutex mutex_;  // what follows, but the views
  place::Place place_;
  std::uint64_t followed_ = 0, generation_ = 1;
  std::deque<Touch> touches_;                                 // the last changes of facts, one a generation
  ByText<Facts> facts_;                                       // by address, where a resource says anything
  ByText<std::unordered_set<std::string>> by_holder_;         // holder → addresses of resources that grant it something
  ByText<std::unordered_set<std::string>> granted_of_;        // person → addresses of other resources that grant something of theirs
  ByText<PatientFacts> patients_;
  ByText<std::unordered_set<std::string>> by_identifier_;     // "nhs:…", "ods:…" → addresses
  ByText<std::unordered_set<std::string>> teams_of_;          // member → CareTeams
  ByText<std::unordered_set<std::string>> roles_of_;          // Practitioner → PractitionerRoles
  ByText<std::unordered_set<std::string>> staff_of_;          // HealthcareService → PractitionerRoles
  ByText<std::unordered_set<std::string>> provided_by_;       // Organization → HealthcareServices
  ByText<std::unordered_set<std::string>> labelled_;          // person → addresses with a label
  ByText<std::unordered_set<std::string>> refusing_;          // person → Consents that refuse
  std::unordered_set<std::string, TextHash, std::equal_to<>> opted_out_;  // "nhs:…"
  std::vector<Emergency> emergencies_;
  std::vector<Withheld> withheld_;
  std::mutex views_mutex_;
  std::map<std::string, std::shared_ptr<const View>> views_;
  std::mutex following_;
  std::chrono::steady_clock::time_point look_again_;
  std::string files_;  // their times and sizes when they were read
};

std::uint32_t deed_of(fhir::Action action, std::string_view id);

}  // namespace joinedup::access
