// joinedup govern caseload demo: a caseload that seems to have been lived with, over a synthetic place. Never for real people.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "care_door/care_door.hpp"
#include "access/access.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"
#include "fhir/fhir.hpp"
#include "identity/identity.hpp"
#include "living/living.hpp"
#include "place/place.hpp"

namespace joinedup::cli {
namespace {

constexpr std::size_t enough_people = 24;

// Where case finding found few, people are referred: their records are opened as for anybody who is referred.
Result<void> open_people(const place::Place& place, const std::string& first) {
  std::vector<std::string> people;
  {
    JOINEDUP_TRY(const auto store, fhir::open_store({.path = place.path("shared-record.sqlite")}));
    JOINEDUP_TRY(people, living::people_to_open(*store, enough_people, first));
  }
  if (people.empty()) return {};
  JOINEDUP_TRY(const auto feeds, place::shipped_feeds());
  for (const auto& patient : people) {
    const auto opened = care_door::open_person(place, feeds, {.patient = patient, .who = "demonstration", .why = "referred to the team"});
    // Who objects is left alone.
    if (!opened && opened.error().code != ErrorCode::forbidden && opened.error().code != ErrorCode::not_found) return tl::unexpected(opened.error());
  }
  return {};
}

// What a guardian has to review: a nurse opened the record of somebody who is with no team of theirs.
Result<void> open_in_an_emergency(const place::Place& place, fhir::Store& store, const access::Subject& nurse) {
  if (nurse.user.empty() || nurse.practitioner.empty()) return {};
  JOINEDUP_TRY(const auto access, access::Access::open(store, place, {}));
  JOINEDUP_TRY(const auto before, access->emergencies());
  if (!before.empty()) return {};
  JOINEDUP_TRY(const auto permit, access->permit(nurse));
  JOINEDUP_TRY(auto query, fhir::parse_query("Patient", "active=true&_sort=-birthdate&birthdate=lt1960"));
  JOINEDUP_TRY(const auto page, store.search(query, fhir::PermitAll()));
  for (const auto& entry : page.entries) {
    if (store.read("Patient", entry.version.id, *permit)) continue;
    JOINEDUP_TRY(const auto opened, access->emergency(nurse, entry.version.id, "Found confused at the bus stop; medicines and whom to call were needed at once."));
    break;
  }
  return {};
}

Result<int> demo_caseload(const Common& common) {
  if (common.place.empty() || common.rest.size() != 1 || common.rest[0] != "demo") return fail(ErrorCode::wrong_usage, "joinedup govern caseload demo --place DIR [--json]");
  JOINEDUP_TRY(const auto place, place::read_place(common.place));
  if (place.people != place::People::synthetic) return fail(ErrorCode::forbidden, "The people of this place are real: no caseload is made up for them.");
  living::Options options{.day = today(), .seed = 1, .patient = {}, .related = {}};
  access::Subject nurse;
  {
    JOINEDUP_TRY(const auto identity, identity::Identity::open({.place = place.folder, .fhir_url = "http://127.0.0.1/fhir"}));
    for (const auto& account : identity->accounts()) {
      if (account.user == "demo.nurse") nurse = {.user = account.id, .practitioner = account.practitioner, .organisation = account.organisation, .roles = account.roles};
      if (account.user == "demo.patient") options.patient = account.patient;
      if (account.user == "demo.carer") options.related = "RelatedPerson/" + account.related_person;
    }
  }
  JOINEDUP_CHECK(open_people(place, options.patient));
  JOINEDUP_TRY(const auto store, fhir::open_store({.path = place.path("shared-record.sqlite")}));
  JOINEDUP_TRY(const auto written, living::write_caseload(place, *store, options));
  if (!written.was_there) JOINEDUP_CHECK(open_in_an_emergency(place, *store, nurse));
  if (common.json) {
    std::puts(nlohmann::json({{"was_there", written.was_there}, {"by_type", written.by_type}, {"by_stage", written.by_stage}}).dump().c_str());
    return 0;
  }
  if (written.was_there) return 0;
  std::uint64_t people = 0, resources = 0;
  for (const auto& [stage, count] : written.by_stage) people += count;
  for (const auto& [type, count] : written.by_type) resources += count;
  std::printf("A caseload of %llu people who do not exist: %llu entries of plans, meetings, referrals, messages and alerts.\n", static_cast<unsigned long long>(people), static_cast<unsigned long long>(resources));
  return 0;
}

}  // namespace

int govern_caseload(std::span<const std::string> arguments) {
  const auto common = read_common(arguments);
  if (!common) return report_error(common.error());
  const auto done = demo_caseload(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
