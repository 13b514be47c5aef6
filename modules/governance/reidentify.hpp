// Who a found person is: for the team or the practice that a released list gave them to, one person or one list at a time, not too
// often, and written down before anything is told. Everybody else is refused, and that is written down too.
//
//   Reidentification way({.asker = {"u-17", "A81001", {"co_ordinator"}}, .log = log, .reader = reader, .teams = …, .name = …});
//   JOINEDUP_TRY(const auto people, way.one(pseudonym, "first visit"));
//
// The caller has proved who the asker is. Analysts, guardians and administrators have no role here. To which teams they belong is asked
// of the shared record each time (memberships.hpp): who left a team yesterday is refused today. All who are refused for want of a
// relationship, or of an account in use, hear the same sentence; the log says which it was.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "audit/audit.hpp"
#include "base/result.hpp"
#include "vault/vault.hpp"

namespace joinedup::governance {

struct Asker {
  std::string user, organisation;  // organisation: their practice's or partner's code
  std::vector<std::string> roles;
  enum class Account : std::uint8_t { in_use, suspended, unknown } account = Account::in_use;
};

struct ReleasedList {
  std::string team;
  std::vector<std::int64_t> people;  // who were found, not who wait
};

struct ReidentificationParts {
  Asker asker;
  audit::Log* log = nullptr;
  audit::Reader* reader = nullptr;
  std::function<Result<std::vector<std::string>>()> teams;                                    // the asker's, at this moment
  std::function<Result<bool>(std::int64_t person, const std::string& team)> is_released_to;
  std::function<Result<bool>(std::int64_t person, const std::string& practice)> is_released_at;
  std::function<Result<ReleasedList>(const std::string& list)> list;                  // not_found
  std::function<Result<vault::IdentifiedPerson>(std::int64_t person)> name;
  std::size_t people_an_hour = 20, lists_a_day = 3;
  std::int64_t now = 0;                                                                       // microseconds; 0: the clock's
};

struct NamedPerson {
  std::int64_t pseudonym = 0;
  vault::IdentifiedPerson person;
};

class Reidentification {
 public:
  explicit Reidentification(ReidentificationParts parts) : parts_(std::move(parts)) {}
  Result<std::vector<NamedPerson>> one(std::int64_t pseudonym, const std::string& reason);
  Result<std::vector<NamedPerson>> list(const std::string& name, const std::string& reason);

 private:
  Result<void> refuse(audit::Event event, const std::string& rule, Error error);
  Result<void> look_at_asker(const audit::Event& event, const char* no_relationship);
  Result<void> look_at_pace(const audit::Event& event);
  Result<std::vector<NamedPerson>> tell(audit::Event event, const std::vector<std::int64_t>& people);
  audit::Event event_for(const std::string& reason) const;
  ReidentificationParts parts_;
};

}  // namespace joinedup::governance
