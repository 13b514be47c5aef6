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

long long hrg_price(std::string_view hrg, Admission admission, Discharge discharge, int days, int critical_days) {
  constexpr long long critical_day = 180000;
  const long long critical = critical_days * critical_day;
  if (admission == Admission::regular) return 30000;
  const auto found = prices().by_hrg.find(hrg);
  if (found == prices().by_hrg.end()) {
    const bool stays = admission == Admission::elective || admission == Admission::emergency || admission == Admission::child_emergency;
    const long long base = admission == Admission::day_case || admission == Admission::birth ? 90000 : admission == Admission::maternity ? 320000
                           : admission == Admission::elective ? 350000 : 280000;
    const long long over = discharge == Discharge::done ? std::max(0, days - critical_days - (stays ? 15 : 10)) : 0;
    return base + over * (stays ? 25700 : 23900) + critical;
  }
  const Price& p = found->second;
  if (admission == Admission::day_case) return p.day_case;
  const bool planned = admission == Admission::elective;
  const long long trim = planned ? p.trim_elective : p.trim_emergency;
  if (admission == Admission::emergency && days < 2 && discharge == Discharge::done) return p.emergency * p.short_stay_percent / 100 + critical;
  const long long over = discharge == Discharge::done ? std::max(0LL, days - critical_days - trim) : 0;
  return (planned ? p.elective : p.emergency) + over * p.long_stay_day + critical;
}

}  // namespace joinedup::synth
