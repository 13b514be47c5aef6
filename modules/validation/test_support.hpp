// Where the tests find examples and shared reference data. For tests of this room only.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.hpp"

namespace joinedup::validation {

inline std::string shared_data(const std::string& below) {
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  return (given != nullptr ? std::string(given) : std::string(JOINEDUP_SOURCE_DIR "/../shared/data")) + "/" + below;
}

inline std::string examples_folder() { return JOINEDUP_SOURCE_DIR "/packages/test/node_modules/hl7.fhir.r4.examples"; }

inline bool present(const std::string& path) { return std::filesystem::exists(path); }

inline std::vector<std::string> json_files(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    if (file.path().extension() == ".json") out.push_back(file.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace joinedup::validation
