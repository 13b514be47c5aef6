// What the policy is meant to be, said once more: slow, obvious, sharing nothing with the room. The matrix test holds the two equal.
//
//   specification::may({"nurse", "search", "care_team", "fertility", "in_force"})
//
// The question is about one Observation of one person: somebody of a role, joined to the person by one relationship (or made to look so where
// the role can have none), asks in their role's own purpose; the Observation bears one label; one agreement is in one state.
#pragma once
#include <map>
#include <set>
#include <string>

namespace joinedup::access::specification {

struct Question {
  std::string role, interaction, relationship, label, agreement;
};

inline const std::set<std::string> carers = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead"};

inline const std::map<std::string, std::set<std::string>> who_sees = {
    {"safeguarding", {"gp", "social_worker", "safeguarding_lead"}},
    {"sexual_health", {"gp", "nurse", "safeguarding_lead", "person"}},
    {"mental_health", {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead", "person", "proxy"}},
    {"protected_address", {"gp", "co_ordinator", "social_worker", "safeguarding_lead", "person"}},
    {"gender_recognition", {"gp", "person"}},
    {"fertility", {"gp", "nurse", "person"}}};
inline const std::map<std::string, std::set<std::string>> who_sets = {
    {"safeguarding", {"safeguarding_lead"}}, {"sexual_health", {"gp", "nurse"}}, {"mental_health", {"gp", "nurse", "social_worker", "safeguarding_lead"}},
    {"protected_address", {"gp", "safeguarding_lead"}}, {"gender_recognition", {"gp"}}, {"fertility", {"gp", "nurse"}}};
inline const std::set<std::string> lifted_in_emergency = {"mental_health", "protected_address"};

// Is the asker joined to the person in a way that lets their role see anything of the record?
inline bool is_joined(const Question& q) {
  if (carers.contains(q.role)) return q.relationship == "registered_practice" || q.relationship == "care_team" || q.relationship == "accepted_referral" || q.relationship == "emergency";
  if (q.role == "person") return q.relationship == "own";
  if (q.role == "proxy") return q.relationship == "proxy_chosen" || q.relationship == "proxy_deputy";
  return q.role == "backend" && q.relationship == "own_data";
}

// Agreements bind organisations: their staff and their systems, not the person or who acts for them.
inline bool agreement_lets_read(const Question& q) {
  const bool personal = q.role == "person" || q.role == "proxy";
  const bool began_now = q.relationship == "emergency";  // after the agreement had ended
  if (q.agreement == "reader_ended") return personal;
  if (q.agreement == "reader_winding_down") return personal || !began_now;
  return true;
}

inline bool source_lets_read(const Question& q) {
  if (q.relationship == "own_data") return true;  // from the asker's own feed, which is not the one that ends
  if (q.agreement == "source_ended") return false;
  return q.agreement != "source_winding_down" || q.relationship != "emergency";
}

inline bool label_lets(const Question& q) {
  if (q.label == "none" || q.role == "backend") return true;
  if (who_sees.at(q.label).contains(q.role)) return true;
  return carers.contains(q.role) && q.relationship == "emergency" && lifted_in_emergency.contains(q.label);
}

inline bool sees_observation(const Question& q) {
  return is_joined(q) && q.relationship != "proxy_chosen" && label_lets(q) && agreement_lets_read(q) && source_lets_read(q);
}

inline bool sees_patient(const Question& q) {  // nobody's label, nobody's feed: a partner's system has no claim to it
  return is_joined(q) && q.relationship != "own_data" && agreement_lets_read(q);
}

inline bool organisation_may_write(const Question& q) { return !q.agreement.starts_with("reader_"); }

inline bool may(const Question& q) {
  const bool carer_writes = carers.contains(q.role) && is_joined(q) && q.relationship != "emergency";
  const bool system = q.role == "backend" && is_joined(q);
  if (q.interaction == "read" || q.interaction == "search" || q.interaction == "history") return sees_observation(q);
  if (q.interaction == "export") return q.role == "backend" && sees_observation(q) && q.agreement != "reader_winding_down";  // a partner takes its own data at once
  if (q.interaction == "include" || q.interaction == "chain" || q.interaction == "everything") return sees_patient(q) && sees_observation(q);
  if (q.interaction == "update" || q.interaction == "patch")
    return ((carer_writes && label_lets(q)) || system) && organisation_may_write(q) && (system || !q.agreement.starts_with("source_"));
  if (q.interaction == "create") {  // of the same, with the label, from no feed but a system's own
    if (system) return organisation_may_write(q) && q.label == "none";
    return carer_writes && organisation_may_write(q) && label_lets(q) && (q.label == "none" || who_sets.at(q.label).contains(q.role));
  }
  if (q.interaction == "delete") return system && organisation_may_write(q);
  return false;
}

}  // namespace joinedup::access::specification
