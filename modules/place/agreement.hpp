// What a partner agreed to share: which feeds, for which purpose, on what legal basis, with whom, from when to when. Part of place.hpp.
//
//   place.cover("RX1", Purpose…)  see Place::cover: in force, winding down (read-only, for people in care already), or none
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/date.hpp"

namespace joinedup::place {

struct Approval {
  std::string by;  // an office, not a name: "Caldicott guardian, RX1"
  Date on;
};

struct Agreement {
  std::string partner;
  std::string purpose;  // direct_care, secondary_use
  Date from;
  std::optional<Date> until;           // both inclusive; no end = until further notice
  std::string id;                      // in the register; partner-purpose-from where the file gives none
  std::string legal_basis;             // as the agreement words it: "UK GDPR 6(1)(e), 9(2)(h)"
  std::vector<std::string> feeds;      // empty: every feed of the partner
  std::vector<std::string> with;       // codes of the partners who may use it; empty: every partner of this place
  std::int64_t wind_down_days = 0;     // of direct care: how long people in care when it ends may still be read about
  // A partner joins in phases: without an agreement for direct care it sends pseudonymised feeds only; then it sees; then it writes.
  enum class Access : std::uint8_t { view, write } access = Access::write;
  std::string dpia;                    // file below the place's folder
  std::vector<Approval> approvals;
};

// What agreements say of a partner on a day. Winding down: for people in current care, to read, nothing else.
enum class Cover : std::uint8_t { none, winding_down, in_force };

}  // namespace joinedup::place
