// Who a found person is: for the team or the practice that a released list gave them to, one person or one list at a time, not too
// often, and written down before anything is told. Everybody else is refused, and that is written down too.
//
//   Reidentification way({.asker = {"u-17", "North", {"co_ordinator"}}, .log = log, .reader = reader, .cases = …, .name = …});
//   JOINEDUP_TRY(const auto people, way.one(pseudonym, "first visit"));
//
// The caller has proved who the asker is. Analysts, guardians and administrators have no role here.
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
  std::string user, organisation;  // organisation: a team's name or a practice's code
  std::vector<std::string> roles;
};

struct ReleasedList {
  std::string team;
  std::vector<std::int64_t> people;  // who were found, not who wait
};

struct ReidentificationParts {
  Asker asker;
  audit::Log* log = nullptr;
  audit::Reader* reader = nullptr;
  std::function<Result<bool>(std::int64_t person, const std::string& organisation)> is_released_to;  // its team or its practice
  std::function<Result<ReleasedList>(const std::string& list)> list;                                // not_found
  std::function<Result<vault::IdentifiedPerson>(std::int64_t person)> name;
  std::size_t people_an_hour = 20, lists_a_day = 3;
  std::int64_t now = 0;                                                                             // microseconds; 0: the clock's
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
  Result<void> look_at_asker(const audit::Event& event);
  Result<void> look_at_pace(const audit::Event& event);
  Result<std::vector<NamedPerson>> tell(audit::Event event, const std::vector<std::int64_t>& people);
  audit::Event event_for(const std::string& reason) const;
  ReidentificationParts parts_;
};

}  // namespace joinedup::governance
