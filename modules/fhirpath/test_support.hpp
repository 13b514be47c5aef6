// Where the tests find the shared reference data, and small helpers. For tests of this room only.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/file.hpp"

namespace joinedup::fhirpath {

inline std::string shared_data(const std::string& below) {
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  return (given != nullptr ? std::string(given) : std::string(JOINEDUP_SOURCE_DIR "/../shared/data")) + "/" + below;
}

inline bool present(const std::string& path) {
  return std::filesystem::exists(path);
}

}  // namespace joinedup::fhirpath
