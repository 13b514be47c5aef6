// The slow, obvious twin of the coded scores: one person at a time, one term at a time, one prefix at a time.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "risk/risk.hpp"

namespace joinedup::risk::reference {

inline double naive_coded_score(const PublishedScore& score, const std::vector<std::string>& codes) {
  std::set<std::string> present;
  for (const auto& term : score.terms)
    for (const auto& prefix : term.codes)
      for (const auto& code : codes)
        if (normalise_icd10(code).rfind(prefix, 0) == 0) present.insert(term.name);
  double sum = 0;
  for (const auto& term : score.terms) {
    bool counts = present.contains(term.name);
    for (const auto& [winner, loser] : score.over)
      if (score.terms[loser].name == term.name && present.contains(score.terms[winner].name)) counts = false;
    if (counts) sum += term.levels[0].points;
  }
  return sum;
}

}  // namespace joinedup::risk::reference
