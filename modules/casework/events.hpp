// What happened to people while they were on a caseload, by month. Inside this room only.
//
// A closed case closes the person's record to the team. So that earlier months do not lose what happened in them, a case keeps these
// numbers when it is closed (extension urn:joinedup:while-on-caseload): counts, and nothing of what they were.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "casework/ask.hpp"

namespace joinedup::casework {

struct Stay {
  Date from, until;  // until: exclusive
};
bool is_within(const std::vector<Stay>& stays, Date day);
std::vector<Stay> stays_of(const Json& episode, Date today);  // active and on hold

struct MonthEvents {
  int contacts = 0, admissions = 0, bed_days = 0, decisions = 0, carried_out = 0;
};
using Events = std::map<std::string, MonthEvents>;  // by "2026-11"

void count_encounter(const Json& encounter, const std::vector<Stay>& stays, Date since, Date today, Events& out);
void count_decision(const Json& task, Date today, Events& out);

Json kept_events(const Events& events, int fifth);
// Of a finished case; false: it keeps none.
bool read_kept_events(const Json& episode, Events& out, int& fifth);

}  // namespace joinedup::casework
