// decision: the yield of a list that holds the highest scores, weighted rows and all. Inside this room.
//
//   const ListYield yield = top_rows(rank_rows(score), outcome, 500);
//   yield.ppv, yield.sensitivity, score[yield.last_row];      // the lowest score that was reviewed
#pragma once
#include "risk/metrics.hpp"

namespace joinedup::risk {

struct ListYield {
  double events = 0, others = 0, events_reviewed = 0, others_reviewed = 0;
  std::uint32_t last_row = 0;
  Maybe ppv, sensitivity, number_needed_to_review, false_positive_rate, false_negative_rate;
};
// Ties at the cut are reviewed in proportion: the mean over random orders among them.
ListYield top_rows(const Ranked& ranked, std::span<const std::uint8_t> outcome, double reviewed, std::span<const double> weight = {});

}  // namespace joinedup::risk
