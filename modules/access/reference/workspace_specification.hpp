// What the pages of the workspace need of the policy, said once more: slow, obvious, sharing nothing with the room.
//
//   workspace::may({"nurse", "update", "offered", "in_force"})
//
// Each thing stands once in the record (workspace_test.cpp puts it there). The asker is one account that is given every link: worker w of a
// team and of a service; or the person "own"; or their deputy. `create` is of one more such thing, in the asker's own name.
#pragma once
#include <map>
#include <set>
#include <string>

namespace joinedup::access::workspace {

struct Question {
  std::string role, interaction, what, agreement;
};
using Who = std::set<std::string>;
struct Terms {
  Who read, create, update, remove;
  bool of_care = true;  // people's records and teams' meetings: closed where the asker's organisation has no agreement
};

inline const Who nobody, carers = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead"}, themselves = {"person", "proxy"};
inline const Who works_here = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead", "administrator", "guardian", "backend", "board"};
inline const Who works_here_or_is_served = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead", "administrator", "guardian", "backend", "board", "person", "proxy"};
inline const Who everybody = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead", "administrator", "guardian", "backend", "person", "proxy", "analyst", "board"};
inline const Who carers_and_administrator = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead", "administrator"};
inline const Who lead = {"team_lead"}, leads = {"team_lead", "safeguarding_lead"}, administrator = {"administrator"}, person = {"person"};
inline const Who sees_safeguarding = {"gp", "social_worker", "safeguarding_lead"};

inline const std::map<std::string, Terms> things = {
    {"meeting", {carers, carers, carers, lead}},                   // an Appointment of staff: names nobody
    {"agenda", {carers, carers, carers, lead}},                    // a List that names nobody
    {"visit", {carers, carers, carers, leads}},                    // an Appointment of a person in the team's care
    {"item", {carers, carers, carers, leads}},                     // an agenda item about a person in the team's care
    {"item_of_other", {nobody, nobody, nobody, nobody}},           // … about anybody else
    {"slot", {works_here_or_is_served, administrator, carers_and_administrator, administrator, false}},
    {"standing_team", {works_here_or_is_served, administrator, administrator, administrator, false}},
    {"practitioner", {works_here_or_is_served, administrator, administrator, administrator, false}},
    {"practitioner_home", {works_here, administrator, administrator, administrator, false}},
    {"questionnaire", {everybody, administrator, administrator, administrator, false}},
    {"offered", {carers, nobody, carers, nobody}},                 // a referral to the service where w works
    {"offered_to_organisation", {carers, nobody, carers, nobody}}, // … to a service of w's organisation in which nobody is said to work
    {"offered_elsewhere", {nobody, nobody, nobody, nobody}},       // … to a service of w's organisation in which others work
    {"accepted_record", {carers, carers, carers, nobody}},         // an entry of a person whose referral w's service accepted
    {"past_case", {carers, nobody, nobody, nobody}},               // a case that w's team has closed
    {"past_record", {nobody, nobody, nobody, nobody}},             // an entry of that person
    {"trail", {carers, carers, nobody, nobody}},                   // who changed a case of the team: names the case only
    {"trail_of_hidden", {sees_safeguarding, carers, nobody, nobody}},
    {"own_task", {themselves, nobody, nobody, nobody}},
    {"own_team", {themselves, nobody, nobody, nobody}},
    {"own_appointment", {themselves, nobody, nobody, nobody}},
    {"message_to_own", {themselves, nobody, nobody, nobody}},      // from w
    {"own_message", {themselves, themselves, person, nobody}},     // from the person
    {"own_answers", {themselves, themselves, person, nobody}},
    {"own_score", {themselves, themselves, nobody, nobody}},
    {"own_finding", {themselves, nobody, nobody, nobody}},         // derived from no form of theirs
    {"own_choice", {person, person, person, nobody}},              // a Consent: the person's own, no proxy's
    {"own_trail", {themselves, themselves, nobody, nobody}}};

inline bool may(const Question& q) {
  const Terms& terms = things.at(q.what);
  const bool reads = q.interaction == "read" || q.interaction == "search";
  const Who& who = reads ? terms.read : q.interaction == "create" ? terms.create : q.interaction == "update" ? terms.update : terms.remove;
  if (!who.contains(q.role)) return false;
  if (themselves.contains(q.role) || q.agreement == "in_force") return true;  // agreements bind organisations
  if (!reads) return false;
  // The wind-down is for current care: offers begin something new, closed cases are over.
  if (q.agreement == "reader_winding_down" && (q.what.starts_with("offered") || q.what == "past_case")) return false;
  return !terms.of_care || q.agreement != "reader_ended";
}

}  // namespace joinedup::access::workspace
