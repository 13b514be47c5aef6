// A team, who works in it, and its cases. Inside this room only.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "casework/ask.hpp"

namespace joinedup::casework {

struct Member {
  std::string role, practitioner;  // references; a person may have several roles
  std::string code, name;          // code of urn:joinedup:role
};

struct Team {
  Found care_team;
  std::string id, name;            // name: by which place.toml and the HealthcareService know it
  std::string service;             // HealthcareService/…; may be empty
  std::vector<Member> members;
  const place::Team* settings = nullptr;  // nothing: not of this place's file
};

// Whether the asker works in a team today, in person or in one of their roles. Who does not sign what they do is the place's own program.
Result<bool> works_in(const Ask& ask, const Json& care_team);
Result<Team> read_team(const Ask& ask, const std::string& reference);
// Episodes of the team in any of these states ("planned,waitlist"); empty: in any.
Result<std::vector<Found>> cases_of(const Ask& ask, const std::string& team_id, const std::string& statuses, Reading reading);
bool is_of_team(const Json& episode, const std::string& team_id);

}  // namespace joinedup::casework
