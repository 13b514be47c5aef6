// Where people live and who serves them: areas, postcodes, streets, practices, organisations. Area codes are real (their
// deprivation is published); postcodes begin with JX, an area that does not exist; organisation codes are not in use.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "synth/synth.hpp"

namespace joinedup::synth {

struct Area {
  std::string lsoa, council;
  int decile;
};

struct Practice {
  std::string code, name;
  std::uint64_t guid_high, guid_low;
};

class Geography {
 public:
  static constexpr int postcodes_per_area = 45;
  explicit Geography(const SynthOptions& options);
  const std::vector<Area>& areas() const { return areas_; }
  int area_of(int decile, std::uint64_t block) const;  // the area of that decile which this block of people lives in
  int another_area(int area, std::uint64_t draw) const;  // of the same decile, where there is more than one
  std::string postcode(int area, int number) const;      // "JX12 3AB"
  const std::vector<Practice>& practices() const { return practices_; }
  int practice_of(int area, double u) const;             // skewed as real lists are; nearer ones more often
  std::string_view street(std::uint64_t draw) const;
  std::string_view town(int area) const;

 private:
  std::vector<Area> areas_;
  std::array<std::vector<int>, 11> by_decile_;
  std::vector<Practice> practices_;
  std::vector<double> practice_weight_;
};

struct Organisation {
  std::string_view code, name, type;
};
inline constexpr Organisation organisations[] = {
    {"ZP001", "Synthetic Practices Federation", "general_practice"},
    {"ZA1", "Synthetic General Hospitals", "hospital"},
    {"ZA2", "Synthetic University Hospital", "hospital"},
    {"ZC1", "Synthetic Community Care", "community"},
    {"ZM1", "Synthetic Mental Health Partnership", "mental_health"},
    {"991", "Synthetic Council", "social_care"},
    {"ZH1", "Synthetic Homes", "housing"},
    {"ZH2", "Northside Synthetic Housing", "housing"},
    {"ZV1", "Synthetic Neighbours", "voluntary"},
    {"ZV2", "Synthetic Carers' Centre", "voluntary"},
    {"ZV3", "Synthetic Food and Advice", "voluntary"},
    {"ZR1", "Synthetic Register Office", "registration"},
};

}  // namespace joinedup::synth
