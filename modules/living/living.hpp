// A caseload that seems to have been lived with for a year, over a synthetic place: what a demonstration shows and what pages are tested
// against. Never for real people.
//
//   JOINEDUP_TRY(const auto who, people_to_open(*store, 24));                // to be opened first, where case finding found too few
//   JOINEDUP_TRY(const auto written, write_caseload(place, *store, {.day = today(), .patient = id}));
//   written.was_there;  written.by_type.at("CarePlan");                      // the second time nothing is written
//
// Everything is valid R4, written through rest::Api as anybody would write it, and the same for the same place, day and seed.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "fhir/fhir.hpp"
#include "place/place.hpp"

namespace joinedup::living {

struct Options {
  Date day;                 // that it is
  std::uint64_t seed = 1;
  std::string patient;      // the demonstration's person: active, with everything there is; empty: the first
  std::string related;      // who acts for them; empty: nobody
};

struct Written {
  bool was_there = false;   // by an earlier run: nothing is written again, whatever became of it since
  std::map<std::string, std::uint64_t> by_type, by_stage;
};

// For the process that holds the store. forbidden where the people of the place are real.
Result<Written> write_caseload(const place::Place& place, fhir::DurableStore& store, const Options& options);

// The eldest on the lists of a team's practices, as many as are missing to `wanted`, `first` before all: where case finding found too few,
// these were referred. Their records are to be opened before write_caseload. Empty: nobody is missing.
Result<std::vector<std::string>> people_to_open(fhir::Store& store, std::size_t wanted, const std::string& first = {});

}  // namespace joinedup::living
