// wide: one row a person, the score's terms as columns. Inside the room only.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "risk/evaluate.hpp"

namespace joinedup::risk {

struct WideInput {
  std::vector<std::string_view> header;
  std::string_view rows;  // the text after the header
  std::string where;
  unsigned threads = 2;
};

struct WideSummary {
  std::uint64_t people = 0, not_scored = 0;
  std::vector<std::string> notes;
};

Result<void> score_wide(const PublishedScore& score, const WideInput& input, const std::function<Result<void>(Lines&)>& take, WideSummary& done);

}  // namespace joinedup::risk
