// place.toml: who this place is, whose data it joins, and on what terms. Read strictly: an unknown key, a wrong type or a
// missing file is one sentence with the line.
//
//   JOINEDUP_TRY(const Place place, read_place("/srv/exampleshire"));
//   place.data_from, place.partners[0].code, place.feeds.at("ecds").partner
//   place.path("vault/identity.sqlite")          // below the place's folder
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "place/agreement.hpp"

namespace joinedup::place {

enum class People { real, synthetic };

struct Partner {
  std::string code;  // as organisation codes in feeds
  std::string name;
  std::string type;  // general_practice, hospital, community, mental_health, social_care, housing, voluntary, registration
};

struct FeedSettings {
  std::string partner;                 // code of the partner whose data it is
  std::string nhs_pseudonym_key_file;  // where the feed carries a pseudonymised NHS number; below the place's folder
};

// How people are linked beyond the exact steps.
struct LinkageSettings {
  bool probabilistic = true;               // false: exact steps and clerical decisions only
  std::optional<double> threshold_weight;  // in place of the one chosen for precision >= 99.95%
  std::int64_t review_capacity = 200;      // pairs offered to clerks at a time
};

// A team that holds a caseload: the practices whose people it looks after, and how many it can hold at a time.
struct Team {
  std::string name;
  std::vector<std::string> practices;
  std::int64_t capacity = 0;  // 0: it takes nobody on at present; whoever needs it waits
};

// Somebody who works for a partner or a practice, and which teams they are members of. place.toml holds no secret of theirs.
struct Worker {
  std::string code;          // their number with whoever employs them; one a place
  std::string given_name, family_name;
  std::string organisation;  // code of a partner, or of a practice of a team
  std::string role;          // one of worker_roles()
  std::vector<std::string> teams;
};
const std::vector<std::string>& worker_roles();  // care_coordinator, team_lead, general_practitioner, …

// How people are found for their own direct care (docs/methods/case-finding.md).
struct CaseFinding {
  double risk_at_least = 0.2;  // of an emergency admission within a year, 0…1
  int age_at_least = 18;
  std::string palliative_team = "palliative care co-ordination";  // who co-ordinates for people on an end-of-life register
  // Purposes of objection that take a person out of finding. A national data opt-out is not among them unless the place says so.
  std::vector<std::string> objections_that_remove = {"case_finding", "secondary_use"};
};

struct Place {
  std::string folder;
  std::string name;
  People people = People::real;
  Date data_from, data_to;          // the period of the record, both inclusive
  double rejected_percent = 1.0;    // above it a refresh ends with exit status 3
  std::uint64_t memory_limit_mib = 0;
  std::string postcodes_file;       // postcode,lsoa11,imd_decile,la_code; may be empty
  std::string objections_file;      // nhs_number,purpose,from,until; may be empty
  std::vector<Partner> partners;
  std::map<std::string, FeedSettings> feeds;
  LinkageSettings linkage;
  std::vector<Team> teams;
  std::vector<Worker> workers;
  std::string shared_record_profiles;  // a folder of FHIR profiles that what is written must meet where it claims them; may be empty
  CaseFinding case_finding;
  std::vector<Agreement> agreements;  // none at all: a place that has not set agreements up; nothing is withheld by them

  std::string path(const std::string& below) const { return folder + "/" + below; }
  // True where the place keeps agreements and none covers this partner, purpose and feed (empty: any of its feeds) on this day.
  bool lacks_agreement(const std::string& partner, const std::string& purpose, Date day, const std::string& feed = {}) const;
  Cover cover(const std::string& partner, const std::string& purpose, Date day, const std::string& feed = {}) const;
  bool may_write(const std::string& partner, Date day) const;  // into the shared record: an agreement for direct care with write access, in force
};

Result<Place> read_place(const std::string& folder);
Result<Place> parse_place(const std::string& text, const std::string& folder);  // for tests and editors

}  // namespace joinedup::place
