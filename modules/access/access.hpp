// Who may see what, by policy that is data: deny by default. The only header of this room that others include (with subject.hpp).
//
//   JOINEDUP_TRY(auto access, Access::open(*store, place, {.base_url = "http://127.0.0.1:8080/fhir"}));
//   JOINEDUP_TRY(const auto permit, access->permit(subject));            // once a request: knows what was committed before it
//   request.permit = permit.get();
//   JOINEDUP_TRY(const Decision why, access->explain(subject, fhir::Action::read, "Observation", "7"));   // {allowed, rule, because}
//
// It keeps the record's relationships in memory, and reads what was committed since before a permit is made: a consent that is withdrawn
// acts on the very next request. Any thread may call. A permit must not outlive its Access.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/subject.hpp"
#include "base/result.hpp"
#include "fhir/permit.hpp"
#include "fhir/store.hpp"
#include "fhirpath/document.hpp"
#include "place/place.hpp"

namespace joinedup::access {

struct Decision {
  bool allowed = false;
  std::string rule;     // id of the rule or refusal that decided
  std::string because;  // its sentence
};

// Emergency access: to one person's record, for a reason, until a time; reviewed.
struct Emergency {
  std::int64_t id = 0;
  std::string user, practitioner, organisation, patient, reason;
  std::int64_t from = 0, until = 0, review_due = 0;  // microseconds UTC
  std::int64_t reviewed = 0;                         // 0: not yet
  std::string reviewer, outcome;                     // outcome: justified, not_justified
  std::string reviewer_practitioner, comment;        // what the guardian said of it; the person is not told
  enum class Shown : std::uint8_t { to_the_person, withheld } shown = Shown::to_the_person;
  bool overdue(std::int64_t now) const { return reviewed == 0 && now > review_due; }
};

// What became of a review.
struct Review {
  std::string reviewer, practitioner, outcome, comment;  // reviewer: the account's id
};

// Entries that a safeguarding lead keeps from the person or from a proxy. Nothing in any answer says that there are such.
struct Withheld {
  std::int64_t id = 0;
  std::string resource;     // "Observation/7"; empty: every entry of the person that is of `type`
  std::string patient, type;
  enum class From : std::uint8_t { person_and_proxies, proxies, one_proxy } from = From::person_and_proxies;
  std::string related_person;  // of one_proxy
  std::string by, practitioner, reason;
  std::int64_t at = 0, review_due = 0, ended = 0;  // ended 0: still withheld
};

struct AccessOptions {
  std::function<std::int64_t()> clock;     // microseconds UTC; the system's where absent
  std::string policy_folder;               // replaces shipped files by name; empty: DIR/policy of the place
  std::string base_url;                    // the store's: references that begin with it are local
  std::string ledger;                      // empty: DIR/access.sqlite of the place
  std::int64_t emergency_hours = 4, review_hours = 72;
};

class Access {
 public:
  static Result<std::unique_ptr<Access>> open(fhir::Store& store, const place::Place& place, AccessOptions options = {});
  virtual ~Access() = default;

  virtual Result<std::unique_ptr<fhir::Permit>> permit(const Subject& subject) = 0;
  virtual Result<Decision> explain(const Subject& subject, fhir::Action action, std::string_view type, std::string_view id) = 0;

  // By a worker in person, for direct care. forbidden: not their role, or no reason. The person sees it unless it is withheld.
  virtual Result<Emergency> emergency(const Subject& subject, std::string_view patient, const std::string& reason) = 0;
  virtual Result<std::vector<Emergency>> emergencies() = 0;  // the newest first
  // By a guardian, not of their own access. The comment is for those who answer for the place, at most 1,000 bytes.
  virtual Result<void> review_emergency(const Subject& guardian, std::int64_t id, const std::string& outcome, const std::string& comment) = 0;
  virtual Result<void> end_emergency(const Subject& subject, std::int64_t id) = 0;

  // By a safeguarding lead with a relationship to the person; needs a reason and a day of review.
  virtual Result<Withheld> withhold(const Subject& lead, Withheld what) = 0;
  virtual Result<std::vector<Withheld>> withheld(const Subject& lead) = 0;
  virtual Result<void> show_again(const Subject& lead, std::int64_t id) = 0;
  // Whether a person or who acts for them may not know of an entry that is, or was, there: then not from the list of who looked either.
  virtual bool hides_entry(const Subject& subject, std::string_view type, std::string_view id) = 0;
  // Whether an access of `user` is kept from the person's own list of who looked (an emergency that is withheld).
  virtual bool hides_from_person(std::string_view user, std::string_view patient) = 0;
};

// Who asked for a Subscription: the account in its extension urn:joinedup:subscriber, which the policy lets nobody write but that account.
inline constexpr std::string_view subscriber_extension = "urn:joinedup:subscriber";
std::string subscriber_of(const fhirpath::Document& subscription);  // empty: nobody, or more than one
// What is posted, with the asker's account in each Subscription of it (a Bundle's too), whatever stood there; nothing: there is none.
std::optional<std::string> with_subscriber(std::string_view body, const std::string& user);

// What the guardian and administrators are told of emergencies whose review is overdue: a Communication each, which names nobody; done once reviewed.
struct Notice {
  std::string id, body;
  bool is_done = false;
};
std::vector<Notice> notices_of(const std::vector<Emergency>& emergencies, std::int64_t now);

// Emergencies without the record, for the command line: of the place's own file, none where it is not there.
Result<std::vector<Emergency>> read_emergencies(const std::string& place_folder);
Result<void> review_emergency(const std::string& place_folder, std::int64_t id, const Review& review, std::int64_t at);

}  // namespace joinedup::access
