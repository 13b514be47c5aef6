// joinedup govern reidentify: who a found person is, for the team or practice that a released list gave them to.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "care_door/read_record.hpp"
#include "caseload/caseload.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"
#include "governance/memberships.hpp"
#include "governance/reidentify.hpp"
#include "identity/identity.hpp"

namespace joinedup::cli {
namespace {

constexpr const char* usage_text = "joinedup govern reidentify --place DIR --user U (--pseudonym P | --list L) --reason R [--json]";

struct Asked {
  std::string user, pseudonym, list, reason;
};

Result<Asked> read_asked(const Common& common) {
  Asked asked;
  const auto& words = common.rest;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    std::string* to = words[i] == "--user" ? &asked.user : words[i] == "--pseudonym" ? &asked.pseudonym : words[i] == "--list" ? &asked.list : words[i] == "--reason" ? &asked.reason : nullptr;
    if (to == nullptr || i + 1 == words.size()) return fail(ErrorCode::wrong_usage, usage_text);
    *to = words[i + 1];
  }
  if (common.place.empty() || asked.user.empty() || asked.pseudonym.empty() == asked.list.empty()) return fail(ErrorCode::wrong_usage, usage_text);
  return asked;
}

// Whoever stands at this terminal is trusted to be the account's owner, as with every command here.
struct Account {
  governance::Asker asker;
  std::string practitioner;
};
Result<Account> account_of(const std::string& place, const std::string& user) {
  using State = identity::Account::State;
  using Standing = governance::Asker::Account;
  JOINEDUP_TRY(const auto identity, identity::Identity::open({.place = place, .fhir_url = "https://joinedup.invalid/fhir"}));
  for (const auto& account : identity->accounts())
    if (account.user == user || account.id == user) {
      const bool works = account.kind == access::Subject::Kind::worker;
      return Account{{account.id, account.organisation, works ? account.roles : std::vector<std::string>{}, account.state == State::active ? Standing::in_use : Standing::suspended}, account.practitioner};
    }
  return Account{{{}, {}, {}, Standing::unknown}, {}};  // what was typed may be anybody's name: it is not written down
}

// Through the server where one runs; the record is let go before anything else is done.
Result<std::vector<std::string>> teams_of(const place::Place& place, const std::string& practitioner) {
  if (practitioner.empty() || !std::filesystem::exists(place.path("shared-record.sqlite"))) return std::vector<std::string>{};
  JOINEDUP_TRY(const auto record, care_door::read_record(place));
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  return governance::teams_of(practitioner, now, {.read = record.read, .find = record.find});
}

Result<governance::ReleasedList> list_of(const caseload::Store& store, const std::string& name) {
  JOINEDUP_TRY(const auto releases, store.releases({}));
  for (const auto& release : releases)
    if (release.list == name) {
      governance::ReleasedList out{release.team, {}};
      JOINEDUP_TRY(const auto members, store.members(name));
      for (const auto& member : members)
        if (member.state == "found") out.people.push_back(member.person_key);
      return out;
    }
  return fail(ErrorCode::not_found, "There is no such list.");
}

Result<int> run(const Common& common) {
  JOINEDUP_TRY(const auto asked, read_asked(common));
  JOINEDUP_TRY(const auto place, place::read_place(common.place));
  JOINEDUP_TRY(const auto account, account_of(common.place, asked.user));
  JOINEDUP_TRY(auto store, caseload::Store::open(place));
  JOINEDUP_TRY(auto log, audit::Log::open({.folder = place.path("audit"), .writer = "vault"}));
  JOINEDUP_TRY(auto reader, audit::Reader::open(place.path("audit")));
  governance::Reidentification way({.asker = account.asker,
                                    .log = log.get(),
                                    .reader = reader.get(),
                                    .teams = [&] { return teams_of(place, account.practitioner); },
                                    .is_released_to = [&](std::int64_t person, const std::string& team) { return store.was_released_to(person, team); },
                                    .is_released_at = [&](std::int64_t person, const std::string& practice) { return store.was_released_at(person, practice); },
                                    .list = [&](const std::string& name) { return list_of(store, name); },
                                    .name = [&](std::int64_t person) { return vault::reidentify(place, person); }});
  std::int64_t pseudonym = 0;
  if (asked.list.empty()) {
    const auto read = std::from_chars(asked.pseudonym.data(), asked.pseudonym.data() + asked.pseudonym.size(), pseudonym);
    if (read.ec != std::errc() || read.ptr != asked.pseudonym.data() + asked.pseudonym.size()) return fail(ErrorCode::wrong_usage, "A pseudonym is a number.", "--pseudonym");
  }
  JOINEDUP_TRY(const auto people, asked.list.empty() ? way.one(pseudonym, asked.reason) : way.list(asked.list, asked.reason));
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const auto& one : people) {
    const auto& who = one.person;
    out.push_back({{"pseudonym", std::to_string(one.pseudonym)}, {"nhs_number", who.nhs_number}, {"family_name", who.family_name}, {"given_name", who.given_name}, {"birth_date", who.birth_date}, {"postcode", who.postcode}});
    if (!common.json) std::printf("%s %s, born %s, NHS number %s, %s\n", who.given_name.c_str(), who.family_name.c_str(), who.birth_date.c_str(), who.nhs_number.c_str(), who.postcode.c_str());
  }
  if (common.json) std::printf("%s\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  return 0;
}

}  // namespace

int govern_reidentify(std::span<const std::string> arguments) {
  const auto common = read_common(arguments, {"--user", "--pseudonym", "--list", "--reason"});
  if (!common) return report_error(common.error());
  const auto done = run(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
