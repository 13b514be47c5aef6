// cross_validate: predictions for every row, each by a model that saw nothing of its cluster. Inside this room.
#pragma once
#include <span>

#include "risk/encode.hpp"
#include "risk/validate.hpp"

namespace joinedup::risk {

struct CrossValidated {
  std::vector<double> probability, before_recalibration;
  std::vector<std::uint8_t> fold;
  std::vector<Recalibration> recalibration;  // one a fold
  std::vector<double> gain;                  // of each feature of the trees, over the folds
  std::vector<std::string> feature_names;
};

struct CrossOptions {
  ModelKind model = ModelKind::xgboost;
  std::size_t folds = 5;
  std::uint64_t seed = 1;
  unsigned threads = 2;
  BoostedOptions boosted;
  double penalty = 30;
  EncoderOptions encoder;
};

// `rows`: those that take part; `cluster`: a hash of the cluster, over all rows of the file.
Result<CrossValidated> cross_validate(const Prepared& prepared, std::span<const std::uint32_t> rows, std::span<const std::uint8_t> outcome,
                                      std::span<const std::uint64_t> cluster, const CrossOptions& options);

}  // namespace joinedup::risk
