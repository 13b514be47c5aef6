// place_validation: a place's models held against what happened to people that they never saw, and against PARR-30 and age and sex.
//
//   PlaceValidationOptions options{.place = folder, .out = "out"};
//   JOINEDUP_TRY(const auto done, validate_place(options));     // out/<outcome>/report.html, metrics.json, held_out.csv
//   done.outcomes[0].validation.performance.slope
//
// Every person is predicted once: by a model learned from people of other practices, a year earlier, none of them among those
// predicted with it (or, with HoldOut::practice, in the same year too: what is new in the record's second year counts then). The models kept by `refresh` are made in the same way and then fitted on everybody; they are not read here.
#pragma once
#include <string>
#include <vector>

#include "risk/place_models.hpp"
#include "risk/place_sample.hpp"
#include "risk/validate.hpp"

namespace joinedup::risk {

struct PlaceValidationOptions {
  std::string place, out;
  std::vector<std::string> outcomes;  // empty: all that are yes or no
  std::uint64_t seed = 1;
  std::size_t replicates = 200;
  unsigned threads = 2;
  HoldOut hold_out = HoldOut::practice_and_year;
};

struct ValidatedOutcome {
  std::string outcome, what;
  Validation validation;
};
struct ValidatedPlace {
  std::vector<ValidatedOutcome> outcomes;
  std::vector<std::string> notes;  // a sentence each: what could not be judged, and why
};
Result<ValidatedPlace> validate_place(const PlaceValidationOptions& options);
// The same over a record that is open; tables risk_cohort, risk_feature, risk_outcome and risk_discharge_score must not be there.
Result<ValidatedPlace> validate_record(engine::Connection& connection, const PlaceModelOptions& model, const PlaceValidationOptions& options);
std::string validated_place_json(const ValidatedPlace& done);
std::string validated_place_screen(const ValidatedPlace& done, const std::string& out);

}  // namespace joinedup::risk
