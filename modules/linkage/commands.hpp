// commands: flags as the linkage verbs read them.
#pragma once
#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::linkage {

struct Flags {
  std::map<std::string, std::vector<std::string>> values;
  std::vector<std::string> words;  // what is not an option
  bool has(const std::string& name) const { return values.contains(name); }
  std::string text(const std::string& name) const;  // the last given; empty where absent
  Result<double> number(const std::string& name, double otherwise, double least, double most) const;
  Result<unsigned> threads() const;
};

Result<Flags> read_flags(std::span<const std::string> arguments, const std::vector<std::string>& with_value, const std::vector<std::string>& without);
int finish(const char* verb, const Result<std::string>& done);  // prints; the exit status

}  // namespace joinedup::linkage
