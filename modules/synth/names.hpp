// Names by published frequency, their short forms, and ways of getting them wrong.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"

namespace joinedup::synth {

class Names {
 public:
  Names();
  std::string_view surname(double u) const;
  std::string_view given(int sex, double u) const;
  std::string_view nickname(std::string_view given, CounterRandom& draw) const;  // empty where none is known

 private:
  struct Weighted {
    std::vector<std::string_view> names;
    std::vector<double> cumulative;
    std::string_view at(double u) const;
  };
  static Weighted read(std::string_view table);
  Weighted surname_, female_, male_;
  std::unordered_map<std::string_view, std::vector<std::string_view>> nicknames_;
};

std::string typing_error(std::string_view name, CounterRandom& draw);    // one letter dropped, doubled, swapped or wrong
std::string phonetic_error(std::string_view name, CounterRandom& draw);  // sounds alike
std::string title_case(std::string_view upper);
std::string accented(std::string_view upper);      // UTF-8; some names have an accented form
std::string to_windows_1252(std::string_view utf8);

}  // namespace joinedup::synth
