// The linkage verbs as one small program, for benchmarks: linkage_benchmark link-files|encode|link-clks …
#include <cstdio>

#include "linkage/linkage.hpp"

int main(int count, char** words) {
  if (count < 2) return 2;
  const std::string verb = words[1];
  const std::vector<std::string> arguments(words + 2, words + count);
  if (verb == "link-files") return joinedup::linkage::link_files_command(arguments);
  if (verb == "encode") return joinedup::linkage::encode_command(arguments);
  if (verb == "link-clks") return joinedup::linkage::link_clks_command(arguments);
  std::fprintf(stderr, "Unknown verb %s\n", verb.c_str());
  return 2;
}
