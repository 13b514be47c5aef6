#include "synth/geography.hpp"

#include <algorithm>
#include <cmath>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "synth/model.hpp"
#include "synth/tables.hpp"

namespace joinedup::synth {
namespace {

constexpr std::string_view street_names[] = {
    "Station", "Church", "Mill", "Victoria", "Albert", "Park", "School", "Chapel", "Meadow", "Bridge", "Queens", "Kings",
    "Spring", "Manor", "Grange", "York", "Windsor", "North", "South", "West", "Hill", "Green", "Orchard", "Cross",
    "Highfield", "Moor", "Oak", "Ash", "Elm", "Hawthorn", "Sycamore", "Lime", "Beech", "Cedar", "Rowan", "Willow",
    "Canal", "Market", "Garden", "Brook", "Lodge", "Bank", "Weaver", "Cotton", "Tanner", "Cooper", "Mason", "Smithy"};
constexpr std::string_view street_kinds[] = {"Road", "Street", "Avenue", "Close", "Lane", "Drive", "Terrace", "Grove"};
constexpr std::string_view towns[] = {"Northbeck", "Millford", "Ashbourne Moor", "Eastwick", "Kingsholme", "Westerby", "Staithwood", "Harrowden"};

std::vector<std::string> make_streets() {
  std::vector<std::string> streets;
  for (const auto name : street_names)
    for (const auto kind : street_kinds) streets.push_back(std::string(name) + " " + std::string(kind));
  return streets;
}

}  // namespace

Geography::Geography(const SynthOptions& options) {
  std::array<std::vector<Area>, 11> published;
  for (const auto& row : table_rows("data/lsoa.csv"))
    published[static_cast<std::size_t>(int_of(row[2]))].push_back({std::string(row[0]), std::string(row[1]), int_of(row[2])});
  // About 1,700 people an area, as in England.
  const auto wanted = std::clamp<std::uint64_t>((options.people + 16999) / 17000, 1, published[1].size());
  for (int decile = 1; decile <= 10; ++decile) {
    const auto& all = published[static_cast<std::size_t>(decile)];
    for (std::uint64_t i = 0; i < wanted; ++i) {
      by_decile_[static_cast<std::size_t>(decile)].push_back(static_cast<int>(areas_.size()));
      areas_.push_back(all[i * all.size() / wanted]);
    }
  }
  // List sizes at even steps of the published distribution, scaled so that the practices hold everyone.
  const auto sizes = table_rows("data/practice_list_size.csv");
  const auto count = std::max<std::uint64_t>(4, options.people / 9000);
  double sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    CounterRandom draw(options.seed, i, static_cast<std::uint64_t>(Stream::place));
    std::string code = "Z9" + std::to_string(10000 + i).substr(1);
    const auto step = (i * 2 + 1) * sizes.size() / (2 * count);
    practices_.push_back({code, std::string(street_names[i % std::size(street_names)]) + " Synthetic Surgery", draw.bits(), draw.bits()});
    practice_weight_.push_back(number_of(sizes[std::min<std::uint64_t>(step, sizes.size() - 1)][1]));
    sum += practice_weight_.back();
  }
  double running = 0;
  for (double& weight : practice_weight_) weight = running += weight / sum;
}

int Geography::area_of(int decile, std::uint64_t block) const {
  const auto& list = by_decile_[static_cast<std::size_t>(decile)];
  return list[block % list.size()];
}

int Geography::another_area(int area, std::uint64_t draw) const {
  const auto& list = by_decile_[static_cast<std::size_t>(areas_[static_cast<std::size_t>(area)].decile)];
  return list[draw % list.size()];
}

std::string Geography::postcode(int area, int number) const {
  constexpr std::string_view letters = "ABDEFGHJLNPQRSTUWXYZ";
  const int index = area * postcodes_per_area + number;
  const auto scrambled = static_cast<std::uint64_t>(index) * 7919 % 396000;  // 99 districts × 4,000; 7,919 is coprime
  std::string text = "JX" + std::to_string(scrambled / 4000 + 1) + " ";
  text += static_cast<char>('0' + scrambled / 400 % 10);
  text += letters[scrambled / 20 % 20];
  text += letters[scrambled % 20];
  return text;
}

int Geography::practice_of(int area, double u) const {
  // Half of an area's people choose among all practices by size, half take the area's own.
  const auto own = mix64(static_cast<std::uint64_t>(area), 77) >> 11;
  const double v = u < .5 ? static_cast<double>(own) * 0x1.0p-53 : (u - .5) * 2;
  const auto at = std::lower_bound(practice_weight_.begin(), practice_weight_.end() - 1, v);
  return static_cast<int>(at - practice_weight_.begin());
}

std::string_view Geography::street(std::uint64_t draw) const {
  static const auto streets = make_streets();
  return streets[draw % streets.size()];
}

std::string_view Geography::town(int area) const { return towns[static_cast<std::size_t>(area) % std::size(towns)]; }

}  // namespace joinedup::synth
