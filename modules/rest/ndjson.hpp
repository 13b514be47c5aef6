// The record's resources as lines: what bulk export and `joinedup fhir export` write. Inside this room only.
//
//   LineOptions options{.type = "Observation", .since = "2024-01-01T00:00:00Z"};
//   JOINEDUP_TRY(auto count, write_lines(store, options, permit, [&](std::string_view line) -> Result<bool> { … return true; }));
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/fhir.hpp"

namespace joinedup::rest {

struct LineOptions {
  std::string type;
  std::string since;  // an instant; empty: from the beginning
  enum class Of : std::uint8_t { everybody, patients } of = Of::everybody;  // patients: what is in some patient's compartment
  std::vector<std::string> members;  // patients: of these only (ids); empty: of any
};

// Each line ends in a newline and has no other; false from the sink ends it. Gives how many lines there were.
Result<std::uint64_t> write_lines(fhir::Store& store, const LineOptions& options, const fhir::Permit& permit,
                                  const std::function<Result<bool>(std::string_view line)>& sink);

}  // namespace joinedup::rest
