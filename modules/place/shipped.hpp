// Files shipped with the program: price lists and code lists.
//
//   place::shipped_file("prices/hrg_price_illustrative.csv")   // its text, or nothing
#pragma once
#include <optional>
#include <string_view>

namespace joinedup::place {

std::optional<std::string_view> shipped_file(std::string_view name);

}  // namespace joinedup::place
