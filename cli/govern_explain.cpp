// joinedup govern explain: may this account do this with this resource, and which rule decides.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "access/access.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"
#include "identity/identity.hpp"
#include "place/place.hpp"

namespace joinedup::cli {
namespace {

constexpr const char* usage_text =
    "joinedup govern explain --user U --resource TYPE/ID --place DIR [--action read|write|delete|export] [--purpose P] [--json]\n"
    "P: direct_care, administration, secondary_use, own_record; where it is not given, the one of the account's roles.";

Result<access::Purpose> read_purpose(const std::string& text, const access::Subject& subject) {
  using access::Purpose;
  if (text.empty()) {
    if (subject.kind == access::Subject::Kind::person || subject.kind == access::Subject::Kind::proxy) return Purpose::own_record;
    const auto only = [&](std::string_view role) { return subject.roles.size() == 1 && subject.roles[0] == role; };
    return only("analyst") || only("board") ? Purpose::secondary_use : only("guardian") || only("administrator") ? Purpose::administration : Purpose::direct_care;
  }
  for (const auto& [name, purpose] : {std::pair("direct_care", Purpose::direct_care), std::pair("administration", Purpose::administration),
                                      std::pair("secondary_use", Purpose::secondary_use), std::pair("own_record", Purpose::own_record)})
    if (text == name) return purpose;
  return fail(ErrorCode::wrong_usage, "The purpose is direct_care, administration, secondary_use or own_record.");
}

Result<access::Subject> subject_of(const std::string& place, const std::string& user) {
  JOINEDUP_TRY(const auto identity, identity::Identity::open({.place = place, .fhir_url = "http://localhost/fhir"}));
  const auto all = identity->accounts();
  const auto found = std::find_if(all.begin(), all.end(), [&](const identity::Account& a) { return a.user == user || a.id == user; });
  if (found == all.end()) return fail(ErrorCode::not_found, "There is no account of this name in this place.");
  access::Subject subject;
  subject.user = found->id, subject.kind = found->kind, subject.practitioner = found->practitioner, subject.patient = found->patient;
  subject.related_person = found->related_person, subject.organisation = found->organisation, subject.roles = found->roles;
  if (found->state == identity::Account::State::disabled) subject.roles.clear();
  return subject;
}

Result<int> run(const Common& common) {
  std::string user, resource, action = "read", purpose;
  for (std::size_t i = 0; i < common.rest.size(); i += 2) {
    if (i + 1 == common.rest.size()) return fail(ErrorCode::wrong_usage, usage_text);
    const auto &word = common.rest[i], &value = common.rest[i + 1];
    if (word == "--user") user = value;
    else if (word == "--resource") resource = value;
    else if (word == "--action") action = value;
    else if (word == "--purpose") purpose = value;
    else return fail(ErrorCode::wrong_usage, usage_text);
  }
  const auto slash = resource.find('/');
  if (user.empty() || slash == std::string::npos || common.place.empty()) return fail(ErrorCode::wrong_usage, usage_text);
  JOINEDUP_TRY(const auto place, place::read_place(common.place));
  JOINEDUP_TRY(auto subject, subject_of(common.place, user));
  JOINEDUP_TRY(subject.purpose, read_purpose(purpose, subject));
  const auto asked = action == "write" ? fhir::Action::write : action == "delete" ? fhir::Action::remove : action == "export" ? fhir::Action::everything_export : fhir::Action::read;
  JOINEDUP_TRY(const auto store, fhir::open_store({.path = common.place + "/shared-record.sqlite", .base_url = {}, .clock = {}, .new_id = {}}));
  JOINEDUP_TRY(const auto access, access::Access::open(*store, place));
  JOINEDUP_TRY(const auto decision, access->explain(subject, asked, resource.substr(0, slash), resource.substr(slash + 1)));
  const char* word = decision.allowed ? "allowed" : "denied";
  if (common.json) std::printf("%s\n", nlohmann::ordered_json{{"decision", word}, {"rule", decision.rule}, {"because", decision.because}}.dump().c_str());
  else std::printf("%s by %s: %s\n", word, decision.rule.c_str(), decision.because.c_str());
  return 0;
}

}  // namespace

int govern_explain(std::span<const std::string> arguments) {
  const auto common = read_common(arguments, {"--user", "--resource", "--action", "--purpose"});
  if (!common) return report_error(common.error());
  const auto done = run(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
