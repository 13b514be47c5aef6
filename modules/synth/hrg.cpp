#include "synth/hrg.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "synth/tables.hpp"

namespace joinedup::synth {
namespace {

struct Price {
  long long day_case, elective, emergency, short_stay_percent, trim_elective, trim_emergency, long_stay_day;
};
struct Prices {
  std::unordered_map<std::string_view, Price> by_hrg;
  std::unordered_map<std::string_view, std::vector<std::string_view>> by_root;  // the most complex first
  Prices() {
    for (const auto& row : place_table_rows("prices/hrg_price_illustrative.csv")) {
      const auto n = [&](std::size_t i) { return static_cast<long long>(number_of(row[i])); };
      by_hrg[row[0]] = {n(1), n(2), n(3), n(4), n(5), n(6), n(7)};
      by_root[row[0].substr(0, 4)].push_back(row[0]);
    }
    for (auto& [root, codes] : by_root) std::sort(codes.begin(), codes.end());
  }
};
const Prices& prices() {
  static const Prices list;
  return list;
}

}  // namespace

std::string_view hrg_of(std::string_view root, double severity, bool child) {
  const auto found = prices().by_root.find(root);
  if (found == prices().by_root.end()) return {};
  const auto& codes = found->second;
  const double place = std::clamp(1 - severity, 0.0, .9999) * (child ? 1.0 : .9);
  return codes[static_cast<std::size_t>(place * static_cast<double>(codes.size()))];
}

long long hrg_price(std::string_view hrg, Admission admission, int days, int critical_days) {
  const auto found = prices().by_hrg.find(hrg);
  if (found == prices().by_hrg.end()) return admission == Admission::day_case ? 90000 : admission == Admission::elective ? 350000 : 280000;
  const Price& p = found->second;
  if (admission == Admission::day_case) return p.day_case;
  const bool emergency = admission == Admission::emergency;
  const long long trim = emergency ? p.trim_emergency : p.trim_elective;
  const long long over = std::max(0LL, days - critical_days - trim);
  if (emergency && days < 2) return p.emergency * p.short_stay_percent / 100;
  return (emergency ? p.emergency : p.elective) + over * p.long_stay_day;
}

}  // namespace joinedup::synth
