// sql_tokens: the words, quoted names, numbers, texts and signs of a condition.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::linkage {

struct Token {
  enum Type { word, quoted, number, text, symbol, end } type = end;
  std::string value;
  std::size_t at = 0;
};
Result<std::vector<Token>> read_tokens(std::string_view sql);  // the last one is `end`

}  // namespace joinedup::linkage
