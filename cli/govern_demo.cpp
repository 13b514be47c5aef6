// joinedup govern users demo: accounts to try a synthetic place with, one a role, each with a password made here. Never for real people.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"
#include "fhir/fhir.hpp"
#include "identity/identity.hpp"

namespace joinedup::cli {
namespace {

using nlohmann::json;

constexpr const char* role_system = "urn:joinedup:role";
constexpr const char* carer_id = "demo-carer";
constexpr const char* outsider_id = "demo-outsider";
constexpr const char* elsewhere_code = "ZX999";  // of no partner: ODS codes that begin with Z are nobody's

struct Wanted {
  const char* user;       // what they sign in as
  const char* role;       // that policy knows
  const char* directory;  // the role's code in the directory of staff
};
constexpr Wanted wanted[] = {{"demo.coordinator", "co_ordinator", "care_coordinator"}, {"demo.gp", "gp", "general_practitioner"},
                             {"demo.nurse", "nurse", "community_nurse"},             {"demo.socialworker", "social_worker", "social_worker"},
                             {"demo.teamlead", "team_lead", "team_lead"},            {"demo.analyst", "analyst", "analyst"},
                             {"demo.board", "board", "board_member"},
                             {"demo.guardian", "guardian", "caldicott_guardian"},    {"demo.safeguarding", "safeguarding_lead", "safeguarding_lead"}};

Result<std::vector<json>> found(fhir::Store& store, const std::string& type, const std::string& query) {
  JOINEDUP_TRY(const auto parsed, fhir::parse_query(type, query + "&_count=200"));
  JOINEDUP_TRY(const auto page, store.search(parsed, fhir::PermitAll()));
  std::vector<json> out;
  for (const auto& entry : page.entries) out.push_back(json::parse(entry.version.body));
  std::sort(out.begin(), out.end(), [](const json& a, const json& b) { return a["id"] < b["id"]; });
  return out;
}

std::string last_part(const std::string& reference) { return reference.substr(reference.rfind('/') + 1); }

Result<std::string> organisation_code(fhir::Store& store, const std::string& reference) {
  JOINEDUP_TRY(const auto version, store.read("Organization", last_part(reference), fhir::PermitAll()));
  for (const auto& identifier : json::parse(version.body).value("identifier", json::array()))
    if (identifier.value("system", "") == "https://fhir.nhs.uk/Id/ods-organization-code") return identifier.value("value", "");
  return std::string();
}

// The demonstration's person: the first on a caseload whose practice has a doctor among the workers.
struct Person {
  std::string patient, practice;
  std::set<std::string> colleagues;  // "Practitioner/…" of the team that looks after them
};
Result<Person> chosen_person(fhir::Store& store) {
  JOINEDUP_TRY(const auto episodes, found(store, "EpisodeOfCare", "status=active,planned,waitlist"));
  for (const auto& episode : episodes) {
    const auto practice = episode.value("/managingOrganization/reference"_json_pointer, std::string());
    JOINEDUP_TRY(const auto doctors, found(store, "PractitionerRole", std::string("role=") + role_system + "|general_practitioner&organization=" + practice));
    if (!doctors.empty()) return Person{last_part(episode.value("/patient/reference"_json_pointer, std::string())), practice};
  }
  // A place so small that nobody was found: the eldest on such a practice's list.
  JOINEDUP_TRY(const auto doctors, found(store, "PractitionerRole", std::string("role=") + role_system + "|general_practitioner"));
  if (doctors.empty()) return Person{};
  for (const auto& doctor : doctors) {
    const auto practice = doctor.value("/organization/reference"_json_pointer, std::string());
    JOINEDUP_TRY(auto query, fhir::parse_query("Patient", "active=true&_sort=birthdate&_count=20&organization=" + practice));
    JOINEDUP_TRY(const auto page, store.search(query, fhir::PermitAll()));
    for (const auto& entry : page.entries)
      if (entry.version.body.find("\"deceased") == std::string::npos) return Person{entry.version.id, practice};
  }
  return Person{};
}

// Who signs in works together: all are of the team that has the practice's doctor.
Result<std::set<std::string>> colleagues_of(fhir::Store& store, const std::string& practice) {
  std::set<std::string> doctors;
  JOINEDUP_TRY(const auto roles, found(store, "PractitionerRole", std::string("role=") + role_system + "|general_practitioner&organization=" + practice));
  for (const auto& role : roles) doctors.insert(role.value("/practitioner/reference"_json_pointer, std::string()));
  JOINEDUP_TRY(const auto teams, found(store, "CareTeam", "status=active"));
  for (const auto& team : teams) {
    std::set<std::string> members;
    bool has_doctor = false;
    for (const auto& participant : team.value("participant", json::array())) {
      const auto member = participant.value("/member/reference"_json_pointer, std::string());
      members.insert(member);
      has_doctor = has_doctor || doctors.contains(member);
    }
    if (has_doctor) return members;
  }
  return std::set<std::string>();
}

Result<identity::NewAccount> worker(fhir::Store& store, const Wanted& one, const Person& person) {
  std::string query = std::string("role=") + role_system + "|" + one.directory;
  if (std::string(one.role) == "gp" && !person.practice.empty()) query += "&organization=" + person.practice;
  JOINEDUP_TRY(const auto roles, found(store, "PractitionerRole", query));
  identity::NewAccount account{.user = one.user, .roles = {one.role}};
  if (roles.empty()) return account;
  const auto colleague = std::find_if(roles.begin(), roles.end(), [&](const json& role) { return person.colleagues.contains(role.value("/practitioner/reference"_json_pointer, std::string())); });
  const auto& role = colleague == roles.end() ? roles.front() : *colleague;
  account.practitioner = last_part(role.value("/practitioner/reference"_json_pointer, std::string()));
  JOINEDUP_TRY(account.organisation, organisation_code(store, role.value("/organization/reference"_json_pointer, std::string())));
  return account;
}

// A daughter whom the person chose to help: with their family name, and the given name of another woman of the place.
Result<void> write_carer(fhir::Store& store, const std::string& patient) {
  JOINEDUP_TRY(const auto version, store.read("Patient", patient, fhir::PermitAll()));
  json name = {{"family", json::parse(version.body).value("/name/0/family"_json_pointer, std::string())}};
  JOINEDUP_TRY(const auto women, found(store, "Patient", "gender=female&birthdate=gt1955&birthdate=lt1975"));
  for (const auto& woman : women)
    if (woman["id"] != patient && !name.contains("given") && woman.contains("/name/0/given/0"_json_pointer)) name["given"] = json::array({woman["name"][0]["given"][0]});
  const json related = {{"resourceType", "RelatedPerson"}, {"id", carer_id}, {"active", true}, {"patient", {{"reference", "Patient/" + patient}}},
                        {"relationship", json::array({{{"coding", json::array({{{"system", "http://terminology.hl7.org/CodeSystem/v3-RoleCode"}, {"code", "DAUC"}, {"display", "Daughter"}}})}}})},
                        {"name", json::array({name})}};
  const json consent = {{"resourceType", "Consent"}, {"id", carer_id}, {"status", "active"}, {"patient", {{"reference", "Patient/" + patient}}},
                        {"scope", {{"coding", json::array({{{"system", "http://terminology.hl7.org/CodeSystem/consentscope"}, {"code", "patient-privacy"}}})}}},
                        {"category", json::array({{{"coding", json::array({{{"system", "http://loinc.org"}, {"code", "59284-0"}}})}}})},
                        {"policyRule", {{"coding", json::array({{{"system", "urn:joinedup:proxy-authority"}, {"code", "chosen"}}})}}},
                        {"provision", {{"type", "permit"}, {"actor", json::array({{{"role", {{"coding", json::array({{{"system", "http://terminology.hl7.org/CodeSystem/v3-RoleCode"}, {"code", "DAUC"}}})}}},
                                                                                   {"reference", {{"reference", std::string("RelatedPerson/") + carer_id}}}}})}}}};
  for (const auto& resource : {related, consent}) {
    const std::string type = resource["resourceType"];
    if (const auto there = store.read(type, carer_id, fhir::PermitAll()); there && json::parse(there->body).value("/patient/reference"_json_pointer, "") == "Patient/" + patient) continue;
    JOINEDUP_CHECK(store.write({{.kind = fhir::Write::Kind::update, .type = type, .id = carer_id, .body = resource.dump(), .if_match = {}}}));
  }
  return {};
}

// Somebody who works elsewhere and has nothing to do with anybody here.
Result<identity::NewAccount> outsider(fhir::Store& store) {
  const std::string organization = std::string("Organization/") + outsider_id, practitioner = std::string("Practitioner/") + outsider_id;
  const json elsewhere = {{"resourceType", "Organization"}, {"id", outsider_id}, {"identifier", json::array({{{"system", "https://fhir.nhs.uk/Id/ods-organization-code"}, {"value", elsewhere_code}}})}, {"active", true}, {"name", "Community services of another place"}};
  const json nurse = {{"resourceType", "Practitioner"}, {"id", outsider_id}, {"active", true}, {"name", json::array({{{"text", "A nurse of another place"}}})}};
  const json role = {{"resourceType", "PractitionerRole"}, {"id", outsider_id}, {"active", true}, {"practitioner", {{"reference", practitioner}}}, {"organization", {{"reference", organization}}},
                     {"code", json::array({{{"coding", json::array({{{"system", role_system}, {"code", "community_nurse"}}})}}})}};
  for (const auto& resource : {elsewhere, nurse, role}) {
    const std::string type = resource["resourceType"];
    if (!store.read(type, outsider_id, fhir::PermitAll())) JOINEDUP_CHECK(store.write({{.kind = fhir::Write::Kind::update, .type = type, .id = outsider_id, .body = resource.dump(), .if_match = {}}}));
  }
  return identity::NewAccount{.user = "demo.outsider", .practitioner = outsider_id, .organisation = elsewhere_code, .roles = {"nurse"}};
}

std::string organisation_of_lead(const std::vector<identity::NewAccount>& people) {
  const auto found = std::find_if(people.begin(), people.end(), [](const identity::NewAccount& one) { return one.user == "demo.teamlead"; });
  return found == people.end() ? std::string() : found->organisation;
}

// The accounts of an earlier time, where all of them still stand: a demonstration that is begun again keeps its passwords.
std::vector<identity::DemoAccount> standing(const identity::Identity& identity, const std::string& place) {
  std::vector<identity::DemoAccount> out;
  const auto text = read_file(place + "/demo-users.json");
  const auto file = text ? json::parse(*text, nullptr, false) : json();
  if (!file.is_array()) return {};
  const auto accounts = identity.accounts();
  for (const auto& one : file) {
    out.push_back({one.value("role", ""), one.value("user", ""), one.value("password", ""), one.value("totp_secret", "")});
    if (std::none_of(accounts.begin(), accounts.end(), [&](const identity::Account& account) { return account.user == out.back().user; })) return {};
  }
  return out;
}

void print(const std::vector<identity::DemoAccount>& made, const Common& common) {
  if (common.json) {
    json out = json::array();
    for (const auto& one : made) out.push_back({{"role", one.role}, {"user", one.user}});
    std::puts(out.dump().c_str());
    return;
  }
  std::printf("Accounts to try this synthetic place with; each asks for a code too:\n\n  %-20s %-18s %-22s %s\n", "sign in as", "role", "password", "for an authenticator app");
  for (const auto& one : made) std::printf("  %-20s %-18s %-22s %s\n", one.user.c_str(), one.role.c_str(), one.password.c_str(), one.totp_secret.c_str());
  std::printf("\n  The code of this moment: joinedup govern users demo --code USER --place %s. The list is %s/demo-users.json.\n", common.place.c_str(), common.place.c_str());
}

// What an authenticator app would show at this moment (RFC 6238), for one of these accounts.
Result<int> show_code(const Common& common, const std::string& user) {
  JOINEDUP_TRY(const auto place, place::read_place(common.place));
  if (place.people != place::People::synthetic) return fail(ErrorCode::forbidden, "The people of this place are real: codes are for their authenticator apps.");
  JOINEDUP_TRY(const auto text, read_file(place.folder + "/demo-users.json"));
  const auto file = json::parse(text, nullptr, false);
  for (const auto& one : file.is_array() ? file : json::array()) {
    if (one.value("user", "") != user) continue;
    JOINEDUP_TRY(const auto code, identity::demo_code({one.value("role", ""), user, {}, one.value("totp_secret", "")}, std::time(nullptr)));
    std::puts(code.c_str());
    return 0;
  }
  return fail(ErrorCode::not_found, "There is no account of this name to try the place with; joinedup govern users demo lists them.");
}

Result<int> demo_users(const Common& common) {
  if (!common.place.empty() && common.rest.size() == 2 && common.rest[0] == "--code") return show_code(common, common.rest[1]);
  if (common.place.empty() || !common.rest.empty()) return fail(ErrorCode::wrong_usage, "joinedup govern users demo --place DIR [--code USER] [--json]");
  JOINEDUP_TRY(const auto place, place::read_place(common.place));
  if (place.people != place::People::synthetic)
    return fail(ErrorCode::forbidden, "The people of this place are real: invite its workers one by one with joinedup govern users invite.");
  JOINEDUP_TRY(const auto identity, identity::Identity::open({.place = place.folder, .fhir_url = "http://127.0.0.1/fhir"}));
  if (const auto there = standing(*identity, place.folder); !there.empty()) {
    print(there, common);
    return 0;
  }
  JOINEDUP_TRY(const auto store, fhir::open_store({.path = place.path("shared-record.sqlite")}));
  JOINEDUP_TRY(auto person, chosen_person(*store));
  if (!person.practice.empty()) {
    JOINEDUP_TRY(person.colleagues, colleagues_of(*store, person.practice));
  }
  std::vector<identity::NewAccount> people;
  for (const auto& one : wanted) {
    JOINEDUP_TRY(auto account, worker(*store, one, person));
    people.push_back(std::move(account));
  }
  // For the team lead's organisation: where a place keeps agreements, nobody outside of them writes, not even the directory.
  people.push_back({.user = "demo.administrator", .organisation = organisation_of_lead(people), .roles = {"administrator"}});
  JOINEDUP_TRY(auto stranger, outsider(*store));
  people.push_back(std::move(stranger));
  if (!person.patient.empty()) {
    JOINEDUP_CHECK(write_carer(*store, person.patient));
    people.push_back({.user = "demo.patient", .kind = access::Subject::Kind::person, .patient = person.patient, .roles = {"person"}});
    people.push_back({.user = "demo.carer", .kind = access::Subject::Kind::proxy, .related_person = carer_id, .roles = {"proxy"}});
  }
  JOINEDUP_TRY(const auto made, identity::make_demo_accounts(*identity, place.folder, people));
  print(made, common);
  return 0;
}

}  // namespace

int govern_demo(std::span<const std::string> arguments) {
  const auto common = read_common(arguments, {"--code"});
  if (!common) return report_error(common.error());
  const auto done = demo_users(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
