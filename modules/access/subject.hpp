// Who asks, and what for: made by sign-in (room `identity`), judged by policy (this room), written down by `audit`.
//
//   Subject gp{.user = "u-17", .kind = Subject::Kind::worker, .practitioner = "p-3", .organisation = "A81001", .roles = {"gp"}, .purpose = Purpose::direct_care};
//
// It names accounts and resources by id only: a Subject may be logged, a name never is in it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace joinedup::access {

// What somebody looks for. One request has one purpose; secondary use is the default of nobody.
enum class Purpose : std::uint8_t { direct_care, administration, secondary_use, own_record };

// SMART App Launch 2: patient/Observation.rs?category=…
struct Scope {
  enum class Level : std::uint8_t { patient, user, system } level = Level::user;
  std::string type;                                           // a resource type, or "*"
  bool create = false, read = false, update = false, remove = false, search = false;
  std::string constraint;                                     // "category=vital-signs": a search that the resource must match; empty: any
};

struct Subject {
  enum class Kind : std::uint8_t { worker, person, proxy, backend } kind = Kind::worker;
  std::string user;             // the account's id
  std::string practitioner;     // Practitioner/<id> of a worker
  std::string patient;          // Patient/<id>: of a person, themselves
  std::string related_person;   // RelatedPerson/<id> of a proxy or carer
  std::string organisation;     // the partner's code, for whom they act
  std::vector<std::string> roles;  // modules/access/data/roles.csv: co_ordinator, gp, nurse, social_worker, team_lead, analyst, board, guardian, safeguarding_lead, administrator, person, proxy, backend
  Purpose purpose = Purpose::direct_care;
  std::string client;           // the app's client id; empty: our own pages
  std::optional<std::vector<Scope>> scopes;  // of an app's token: what it may do at most; nothing: our own pages, no narrower than the roles
  std::string launch_patient;   // an app launched in one person's context sees that person only
  std::string session;          // for the audit log; revoking it ends it
  std::string assurance;        // how they proved who they are: acr or vot as the provider gave it
};

}  // namespace joinedup::access
