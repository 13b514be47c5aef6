// work: one sharing in progress: where it reads from, what it has decided, what it counts. This room only.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/date.hpp"
#include "care_door/care_door.hpp"
#include "care_door/memory.hpp"
#include "care_door/names.hpp"
#include "care_door/people.hpp"
#include "care_door/resources.hpp"
#include "care_door/target.hpp"
#include "care_door/writer.hpp"
#include "engine/engine.hpp"
#include "vault/vault.hpp"

namespace joinedup::care_door {

struct Work {
  const place::Place& place;
  const std::vector<place::FeedSpec>& feeds;
  const vault::Vault& vault;
  Memory& memory;
  std::unique_ptr<Target>& target;
  Names names;
  engine::Connection& connection;

  std::string recorded = {};                               // the instant of this sharing, UTC
  std::set<std::string> agreed = {};                       // feeds that may be used for care today
  std::set<std::string> winding_down = {};                 // feeds whose agreement winds down: what was shared is left, for people in care
  std::map<std::string, FeedShare> feed_shares = {};
  People people = {};
  std::unordered_set<std::int64_t> objecting = {};         // care keys of who objects to sharing for care
  std::unordered_set<std::int64_t> objecting_to_finding = {};
  std::map<std::string, std::string> organization_ids = {};  // by code
  std::map<std::string, OrganizationFacts> organizations = {};  // by code
  std::unordered_set<std::int64_t> open_care_keys = {};      // found, on a caseload, or opened: their facts are shared
  std::map<std::string, std::string> team_ids = {};          // by name
  std::map<std::string, std::vector<std::string>> coordinators = {};  // PractitionerRoles, by team
  std::unordered_set<std::string> open_patients = {};        // their Patients
  std::uint64_t patients_standing = 0, people_open = 0;
  std::vector<std::string> notes = {};

  Result<void> open_sources(std::optional<std::int64_t> about = {});  // about: one care key only
  bool may_use(const std::string& feed) const { return agreed.contains(feed); }
  bool is_left_as_it_is(const WrittenResource& one) const;
  std::string source_of(const std::string& feed) const;         // meta.source of what it tells
  std::string organization_id(const std::string& code) const;  // empty where the code is nobody's here
  Wanted provenance(const std::string& feed, const std::string& patient, const std::vector<const Wanted*>& targets, std::size_t number) const;
  Result<void> run_sql(std::string_view file);

 private:
  Result<void> read_identities(std::optional<std::int64_t> about);
  Result<void> read_objections();
};

// The key that names resources. Refused where it is gone though resources are named by it: one made anew would write everything again under
// other ids, and what teams tied to the old ones would hang in the air.
Result<std::string> naming_key(const place::Place& place, Memory& memory, const vault::Vault& vault);

Result<void> write_organizations(Work& work, Writer& writer);
Result<void> write_patients(Work& work, Writer& writer);
Result<void> write_teams(Work& work, Writer& writer);  // with workers, services and places; after write_organizations
Result<void> write_cases(Work& work, Writer& writer, const ShareOptions& options);  // fills open_care_keys; after write_patients
Result<void> write_facts(Work& work, Writer& writer);
std::string summary_json(const Shared& shared, const std::string& at);

}  // namespace joinedup::care_door
