// One person's care record, opened for somebody who cares for them.
#include <ctime>

#include "care_door/resources.hpp"
#include "care_door/work.hpp"

namespace joinedup::care_door {
namespace {

// Organisations were written by a refresh: their names are all that is needed here.
Result<void> name_organizations(Work& work) {
  for (const auto& partner : work.place.partners) work.organization_ids[partner.code] = work.names.id("Organization", "organisation", partner.code);
  JOINEDUP_TRY(const auto practices, work.connection.query("SELECT DISTINCT ods_code FROM staging.main.gp_organisation WHERE ods_code IS NOT NULL"));
  for (const auto& row : practices.rows) work.organization_ids[row[0]] = work.names.id("Organization", "organisation", row[0]);
  return {};
}

}  // namespace

Result<OpenedRecord> open_person(const place::Place& place, const std::vector<place::FeedSpec>& feeds, const OpenRequest& request) {
  if (request.patient.empty()) return fail(ErrorCode::wrong_usage, "Say whose record, by the Patient's id.");
  if (request.who.empty() || request.why.empty()) return fail(ErrorCode::wrong_usage, "Say who opens this person's record, and why.");
  JOINEDUP_TRY(const auto lock, vault::PlaceLock::take(place, std::chrono::seconds(5), "A refresh of this place is running; this record can be opened when it has ended."));
  JOINEDUP_TRY(auto memory, Memory::open(place, request.patient));
  OpenedRecord opened;
  opened.patient = request.patient;
  auto entry = memory.patients().find(request.patient);
  if (entry != memory.patients().end() && !entry->second.replaced_by.empty()) {
    opened.patient = entry->second.replaced_by;
    entry = memory.patients().find(opened.patient);
  }
  if (entry == memory.patients().end() || !memory.written().contains(opened.patient))
    return fail(ErrorCode::not_found, "Nobody with this id was shared for care from this place's registers.");
  const auto care_key = entry->second.care_key;
  JOINEDUP_TRY(auto vault, vault::Vault::open(place));
  JOINEDUP_CHECK(vault.log_access(request.who, "opened a care record: " + request.why, "Patient/" + opened.patient, 1));
  JOINEDUP_TRY(auto target, open_target(place));
  JOINEDUP_TRY(const auto secret, naming_key(place, memory, vault));
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = 2}));
  JOINEDUP_TRY(auto connection, database.connect());
  Work work{.place = place, .feeds = feeds, .vault = vault, .memory = memory, .target = target, .names = Names(secret), .connection = connection};
  JOINEDUP_CHECK(work.open_sources(care_key));
  if (work.objecting.contains(care_key)) return fail(ErrorCode::forbidden, "This person objects to sharing their record for care.");
  JOINEDUP_CHECK(memory.open_for({opened.patient, request.who, request.why, work.recorded}));
  JOINEDUP_CHECK(name_organizations(work));
  JOINEDUP_CHECK(work.run_sql("sql/10_registration.sql"));
  work.people.patient_of[care_key] = opened.patient;
  work.open_care_keys.insert(care_key);
  Writer writer(memory, *target, 1, [&](const auto& feed, const auto& patient, const auto& targets, std::size_t number) { return work.provenance(feed, patient, targets, number); });
  JOINEDUP_CHECK(writer.open());
  JOINEDUP_CHECK(write_facts(work, writer));
  JOINEDUP_CHECK(writer.finish_part());
  opened.resources = writer.counts().wanted;
  opened.written = writer.counts().created + writer.counts().changed;
  opened.way = target->way();
  return opened;
}

}  // namespace joinedup::care_door
