// joinedup govern users demo: accounts to try a synthetic place with, one of each role, tied to workers of the place and to a person of
// its shared record. Passwords and TOTP secrets are random, shown nowhere but in demo-users.json (0600).
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "cli/govern.hpp"
#include "fhir/fhir.hpp"
#include "identity/identity.hpp"
#include "place/place.hpp"

namespace joinedup::cli {

namespace {

using nlohmann::json;

json first_of(fhir::Store& store, const std::string& type, const std::string& text) {
  auto query = fhir::parse_query(type, text + (text.empty() ? "" : "&") + "_count=1");
  if (!query) return {};
  const auto page = store.search(*query, fhir::PermitAll());
  return !page || page->entries.empty() ? json() : json::parse(page->entries[0].version.body, nullptr, false);
}

std::string referred(const json& resource, const char* element) {
  if (!resource.is_object() || !resource.contains(element)) return {};
  const auto reference = resource[element].value("reference", "");
  return reference.substr(reference.find('/') + 1);
}

std::string id_of(const json& resource) { return resource.is_object() ? resource.value("id", "") : std::string(); }

void tie_to_worker(identity::NewAccount& account, const place::Place& place, fhir::Store* store) {
  static const std::map<std::string, std::string> works_as = {{"co_ordinator", "care_coordinator"}, {"gp", "general_practitioner"}, {"social_worker", "social_worker"},
                                                              {"team_lead", "team_lead"},           {"analyst", "analyst"},         {"guardian", "caldicott_guardian"}};
  const auto role = works_as.find(account.roles.front());
  if (role == works_as.end()) return;
  for (const auto& worker : place.workers) {
    if (worker.role != role->second) continue;
    account.organisation = worker.organisation;
    if (store != nullptr) account.practitioner = id_of(first_of(*store, "Practitioner", "identifier=urn:joinedup:worker|" + worker.code));
    return;
  }
}

Result<int> make(const Common& common) {
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  JOINEDUP_TRY(const auto place, place::read_place(common.place));
  if (place.people != place::People::synthetic) return fail(ErrorCode::forbidden, "Accounts for trying out are for synthetic places only: this one is of real people.");
  std::unique_ptr<fhir::DurableStore> store;
  if (const auto file = place.path("shared-record.sqlite"); std::filesystem::exists(file)) {
    JOINEDUP_TRY(store, fhir::open_store({.path = file, .base_url = "http://127.0.0.1/fhir"}));
  }
  auto people = identity::demo_people();
  for (auto& account : people) {
    if (account.kind == access::Subject::Kind::worker) {
      tie_to_worker(account, place, store.get());
    } else if (store) {
      // Somebody who is cared for has most to see; whose carer is on record, most to share.
      const auto relation = first_of(*store, "RelatedPerson", "");
      auto patient = referred(relation, "patient");
      if (patient.empty()) patient = referred(first_of(*store, "EpisodeOfCare", "status=active"), "patient");
      if (patient.empty()) patient = id_of(first_of(*store, "Patient", ""));
      if (account.kind == access::Subject::Kind::person) account.patient = patient;
      else account.related_person = id_of(relation);
    }
  }
  JOINEDUP_TRY(const auto identity, identity::Identity::open({.place = common.place, .fhir_url = "https://joinedup.invalid/fhir"}));
  JOINEDUP_TRY(const auto made, identity::make_demo_accounts(*identity, common.place, people));
  const auto file = common.place + "/demo-users.json";
  if (common.json) std::puts(json{{"accounts", made.size()}, {"file", file}}.dump().c_str());
  else std::printf("%zu accounts to try the place with; names, passwords and TOTP secrets are in %s\n", made.size(), file.c_str());
  return 0;
}

}  // namespace

int govern_demo(std::span<const std::string> arguments) {
  const auto common = read_common(arguments);
  if (!common) return report_error(common.error());
  const auto done = make(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
