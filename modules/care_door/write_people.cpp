// Organisations, and a Patient for everybody on a practice's list.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "care_door/resources.hpp"
#include "care_door/work.hpp"

namespace joinedup::care_door {
namespace {

Result<std::vector<Registered>> read_groups(engine::Connection& connection) {
  std::vector<Registered> groups;
  JOINEDUP_CHECK(connection.scan("SELECT r.care_key, r.person_ref, CAST(r.nth = 1 AND r.registered AND d.date_of_death IS NULL AS INTEGER) FROM registration r "
                                 "LEFT JOIN person_died d ON d.care_key = r.care_key ORDER BY r.care_key, r.nth", [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      const auto care_key = batch.integer(0, row);
      if (groups.empty() || groups.back().care_key != care_key) groups.push_back({care_key, {}, batch.integer(2, row) != 0});
      if (!batch.is_null(1, row)) groups.back().registrations.push_back(batch.integer(1, row));
    }
    return {};
  }));
  return groups;
}

PatientFacts facts_of(const Work& work, const engine::Batch& batch, std::size_t row) {
  const auto text = [&](std::size_t column) { return batch.is_null(column, row) ? std::string() : std::string(batch.text(column, row)); };
  const auto date = [&](std::size_t column) {
    return batch.is_null(column, row) ? std::optional<Date>() : std::optional<Date>(Date{static_cast<std::int32_t>(batch.integer(column, row))});
  };
  PatientFacts facts;
  facts.source = work.source_of("gp_registration");
  facts.nhs_number = batch.is_null(1, row) ? 0 : static_cast<std::uint64_t>(batch.integer(1, row));
  facts.nhs_status = text(2);
  facts.family_name = text(3), facts.given_name = text(4), facts.middle_names = text(5);
  const auto sex = text(6);
  facts.sex = sex.empty() ? 'U' : sex[0];
  facts.birth_date = date(7);
  facts.house = text(8), facts.address_line_1 = text(9), facts.town = text(10), facts.postcode = text(11);
  facts.practice_id = work.organization_id(text(12));
  facts.registered = batch.integer(13, row) != 0;
  facts.date_of_death = date(14);
  return facts;
}

// A Patient whose registrations are in no register any more stays, and says that it is not in use.
Result<void> keep_departed(Work& work, Writer& writer) {
  std::map<std::string, bool> standing;
  for (const auto& [key, patient] : work.people.patient_of) standing[patient] = true;
  for (const auto& [patient, entry] : work.memory.patients()) {
    if (standing.contains(patient) || work.people.replaced.contains(patient) || !work.memory.written().contains(patient)) continue;
    if (work.objecting.contains(entry.care_key)) continue;
    JOINEDUP_TRY(const auto there, work.target->read("Patient", patient));
    if (!there) continue;
    auto json = nlohmann::ordered_json::parse(*there, nullptr, false);
    if (!json.is_object()) continue;
    json["meta"].erase("versionId");
    json["meta"].erase("lastUpdated");
    json["active"] = false;
    JOINEDUP_CHECK(writer.want({.type = "Patient", .id = patient, .feed = "gp_registration", .patient = {}, .body = json.dump()}));
  }
  return {};
}

}  // namespace

Result<void> write_organizations(Work& work, Writer& writer) {
  auto& all = work.organizations;
  const auto named = [&](const std::string& code) { return work.names.id("Organization", "organisation", code); };
  for (const auto& partner : work.place.partners) all[partner.code] = {"urn:joinedup:place", named(partner.code), partner.code, partner.name, partner.type, {}, {}};
  // A practice that is no partner by itself belongs to the one whose register names it: its agreement is the practice's.
  const auto registers = work.place.feeds.find("gp_registration");
  const std::string whole = registers == work.place.feeds.end() ? std::string() : named(registers->second.partner);
  for (const auto& team : work.place.teams)
    for (const auto& code : team.practices)
      if (!all.contains(code)) all[code] = {"urn:joinedup:place", named(code), code, {}, "general_practice", whole, {}};
  if (work.may_use("gp_registration")) {
    JOINEDUP_TRY(const auto practices, work.connection.query("SELECT ods_code, min(organisation_name) FROM staging.main.gp_organisation WHERE ods_code IS NOT NULL GROUP BY ods_code ORDER BY ods_code"));
    for (const auto& row : practices.rows)
      if (const auto known = all.find(row[0]); known == all.end() || known->second.name.empty())
        all[row[0]] = {work.source_of("gp_registration"), named(row[0]), row[0], row[1], "general_practice", whole, "gp_registration"};
  }
  for (const auto& [code, facts] : all) {
    work.organization_ids[code] = facts.id;
    JOINEDUP_CHECK(writer.want({.type = "Organization", .id = facts.id, .feed = facts.feed.empty() ? "joinedup" : std::string(facts.feed), .patient = {}, .body = organization_body(facts)}));
  }
  return {};
}

Result<void> write_patients(Work& work, Writer& writer) {
  auto& share = work.feed_shares["gp_registration"];
  share.feed = "gp_registration";
  JOINEDUP_TRY(const auto rows, work.connection.count("SELECT count(*) FROM staging.main.gp_registration"));
  share.rows_in = static_cast<std::uint64_t>(rows);
  if (!work.may_use("gp_registration")) {
    const bool winds_down = work.winding_down.contains("gp_registration");
    share.not_shared[winds_down ? "the agreement for direct care winds down" : "no agreement for direct care"] = share.rows_in;
    work.notes.push_back(winds_down ? "Nobody is added to the shared record or changed in it: the agreement for the practices' register winds down."
                                    : "Nobody is in the shared record: the practices' register may not be used for care.");
    return {};
  }
  JOINEDUP_CHECK(work.run_sql("sql/10_registration.sql"));
  JOINEDUP_CHECK(work.connection.run(work.may_use("deaths") ? "CREATE VIEW death_shared AS SELECT c.care_key, d.date_of_death FROM staging.main.death_registration d "
                                                              "LEFT JOIN row_fork f ON f.staged_table = 'death_registration' AND f.row_id = d.row_id "
                                                              "JOIN care_identity c ON c.identity_key = coalesce(f.identity_key, d.identity_key)"
                                                            : "CREATE TABLE death_shared(care_key BIGINT, date_of_death DATE)"));
  JOINEDUP_CHECK(work.run_sql("sql/12_person_died.sql"));
  JOINEDUP_CHECK(work.run_sql("sql/14_person_shown.sql"));
  JOINEDUP_TRY(const auto groups, read_groups(work.connection));
  work.people = place_people(groups, work.memory.patients(), work.memory.homes(), work.names);
  JOINEDUP_CHECK(work.memory.keep_people(work.people.changed, work.people.new_homes));
  std::uint64_t counted = 0;
  for (const auto& group : groups) {
    counted += group.registrations.size();
    const char* reason = work.objecting.contains(group.care_key) ? "objection to sharing for care" : !work.people.patient_of.contains(group.care_key) ? "not on a list today" : nullptr;
    if (reason) share.not_shared[reason] += group.registrations.size();
    else share.shared += group.registrations.size();
  }
  if (share.rows_in > counted) share.not_shared["deleted by the practice, or nobody's"] = share.rows_in - counted;
  JOINEDUP_CHECK(work.connection.scan("SELECT care_key, nhs_number, nhs_status, family_name, given_name, middle_names, sex, birth_date, house, address_line_1, town, postcode, ods_code, "
                                      "CAST(registered AS INTEGER), date_of_death FROM person_shown ORDER BY care_key", [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      const auto care_key = batch.integer(0, row);
      const auto patient = work.people.patient_of.find(care_key);
      if (patient == work.people.patient_of.end() || work.objecting.contains(care_key)) continue;
      auto facts = facts_of(work, batch, row);
      facts.id = patient->second;
      if (const auto others = work.people.replaces.find(facts.id); others != work.people.replaces.end()) facts.replaces = others->second;
      ++work.patients_standing;
      JOINEDUP_CHECK(writer.want({.type = "Patient", .id = facts.id, .feed = "gp_registration", .patient = {}, .body = patient_body(facts)}));
    }
    return {};
  }));
  std::set<std::string> hidden;
  for (const auto care_key : work.objecting)
    if (const auto patient = work.people.patient_of.find(care_key); patient != work.people.patient_of.end()) hidden.insert(patient->second);
  for (const auto& [patient, by] : work.people.replaced)
    if (!hidden.contains(by) && work.memory.written().contains(patient))
      JOINEDUP_CHECK(writer.want({.type = "Patient", .id = patient, .feed = "gp_registration", .patient = {}, .body = replaced_patient_body(work.source_of("gp_registration"), patient, by)}));
  return keep_departed(work, writer);
}

}  // namespace joinedup::care_door
