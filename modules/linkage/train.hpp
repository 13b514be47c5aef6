// train: m, u and the prior from the data alone. u from random pairs, corrected for the matches among them; m by
// expectation–maximisation, a pass for each training rule with the comparisons that the rule fixes left out; the prior from
// deterministic rules or, without any, from the passes. Method and sources: docs/methods/linkage-training.md.
//
//   auto trained = train_model(model, records, threads);   // changes model's probabilities
//   trained->warnings: levels that no pair showed, each a sentence
#pragma once
#include <string>
#include <vector>

#include "linkage/model.hpp"
#include "linkage/records.hpp"

namespace joinedup::linkage {

struct TrainingPass {
  std::string rule;
  double pairs = 0, match_share = 0;
  int iterations = 0;
  bool converged = false;
};

struct TrainingReport {
  std::vector<TrainingPass> passes;
  double random_pairs = 0;
  std::vector<std::string> warnings;
};

Result<TrainingReport> train_model(Model& model, const Records& records, unsigned threads);
double possible_pairs(const Model& model, const Records& records);

}  // namespace joinedup::linkage
