// In which teams somebody works at a moment, out of the shared record: the CareTeams of the place (they have no subject) in which
// their Practitioner, or a PractitionerRole of it, is a participant in force. Their names are those that lists are released to.
//
//   JOINEDUP_TRY(const auto teams, teams_of("p-3", now, {.read = record.read, .find = record.find}));   // {"Neighbourhood team 2"}
//
// Only an administrator may write such a CareTeam. What is ended, inactive, not begun, or cannot be read makes nobody a member.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::governance {

inline constexpr const char* team_system = "urn:joinedup:team";  // of the identifier that says which team a CareTeam is

struct MembershipSources {
  std::function<Result<std::optional<std::string>>(const std::string& type, const std::string& id)> read;       // a body; nothing: absent or deleted
  std::function<Result<std::vector<std::string>>(const std::string& type, const std::string& query)> find;      // bodies
};
// practitioner: a Practitioner's id; empty: an account of nobody in the directory, who is in no team. now: microseconds UTC.
Result<std::vector<std::string>> teams_of(const std::string& practitioner, std::int64_t now, const MembershipSources& record);

}  // namespace joinedup::governance
