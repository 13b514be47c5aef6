// A team's figures as they leave the house: whole months, small numbers kept back. Inside this room only.
//
//   const auto shown = protect_team(months);            // the rule of docs/methods/small-numbers.md over all of the team's numbers at once
//   JOINEDUP_TRY(const auto written, publish_figures(room, api));   // a Measure and, for each team, a MeasureReport of each measure
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "casework/figures.hpp"
#include "disclosure/disclosure.hpp"
#include "rest/rest.hpp"

namespace joinedup::casework {

struct PublishedValue {
  disclosure::State state = disclosure::State::shown;
  std::optional<double> value;       // shown; nothing: there is nothing that it could be of
  std::optional<std::int64_t> of{};  // of a share that is shown: of how many
};

struct PublishedRow {
  std::string name;                              // "2026-05", or of a year's end "2026-03"
  bool is_year = false;                          // April to March, whole years only
  std::array<PublishedValue, fifths + 1> by{};   // the last: all
};

struct PublishedMeasure {
  Measured measure = caseload;
  std::vector<PublishedRow> rows;
};

// Every month that is given is taken as over. A year of how things stand on a day is the sum of its months' ends (person-months).
std::vector<PublishedMeasure> protect_team(const TeamMonths& months);

Result<std::uint64_t> publish_figures(const Room& room, const rest::Api& api);  // how many resources were written

}  // namespace joinedup::casework
