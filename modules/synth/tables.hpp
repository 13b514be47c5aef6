// The room's embedded tables as rows of texts; line 1 (the source) and the header are left out.
#pragma once
#include <charconv>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::synth {

using TableRow = std::vector<std::string_view>;
std::vector<TableRow> table_rows(std::string_view name);        // of modules/synth
std::vector<TableRow> place_table_rows(std::string_view name);  // of modules/place: "prices/…", "codes/…"
std::string_view place_file(std::string_view name);             // "layouts/…"

inline double number_of(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
inline int int_of(std::string_view text) { return static_cast<int>(number_of(text)); }

}  // namespace joinedup::synth
