// csv_reader: RFC 4180 with two mercies: a file whose header has a space after every comma has no spaces before its values,
// and a file may end without a line break.
// Refuses, with the line, what would be read wrongly: text that is not UTF-8, a row with too many or too few fields,
// a quote that never closes, a value of more than a mebibyte.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::linkage {

constexpr std::size_t longest_value = 1 << 20;
using CsvRow = std::vector<std::string_view>;
// `header` is called once, then `row` for each data row; views last until the call returns.
Result<void> read_csv(const std::string& path, const std::function<Result<void>(const CsvRow&)>& header,
                      const std::function<Result<void>(const CsvRow&)>& row);
bool is_utf8(std::string_view text);

}  // namespace joinedup::linkage
