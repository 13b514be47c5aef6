// A folder for a test, a clock and ids that do not depend on the machine, small resources. For tests of this room only.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/test_folder.hpp"
#include "fhir/fhir.hpp"

namespace joinedup::fhir {

inline std::string shared_data(const std::string& below) {
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  return (given != nullptr ? std::string(given) : std::string(JOINEDUP_SOURCE_DIR "/../shared/data")) + "/" + below;
}

// A clock that goes on by a second at each look, and numbered ids.
struct Fixed {
  std::int64_t now = 1'700'000'000'000'000;
  int next = 0;
  StoreOptions options(const std::string& path, std::uint32_t segment_rows = 32768) {
    return {.path = path, .base_url = "http://here/fhir", .clock = [this] { return now += 1'000'000; },
            .new_id = [this] { return "n" + std::to_string(next++); }, .segment_rows = segment_rows};
  }
};

inline std::vector<std::string> ids_of(const SearchPage& page) {
  std::vector<std::string> out;
  for (const auto& entry : page.entries)
    out.push_back((entry.mode == SearchEntry::Mode::include ? "+" : "") + entry.version.type + "/" + entry.version.id);
  return out;
}

// "Patient", "" (several types), "Patient/1/Observation" and "Patient/1/" (its compartment).
inline Result<Query> read_query(std::string_view where, const std::string& text) {
  const auto slash = where.find('/'), last = where.rfind('/');
  if (slash == where.npos) return parse_query(where, text, Handling::strict);
  JOINEDUP_TRY(auto query, parse_query(where.substr(last + 1), text, Handling::strict));
  return in_compartment(std::move(query), where.substr(0, slash), where.substr(slash + 1, last - slash - 1));
}

// Every page of a search, one after the other.
inline Result<std::vector<std::string>> all_ids(Store& store, std::string_view type, const std::string& text) {
  std::vector<std::string> out;
  std::string cursor;
  do {
    JOINEDUP_TRY(auto query, read_query(type, text));
    query.cursor = cursor;
    JOINEDUP_TRY(const auto page, store.search(query, PermitAll()));
    for (auto& id : ids_of(page)) out.push_back(std::move(id));
    cursor = page.next;
  } while (!cursor.empty());
  return out;
}

}  // namespace joinedup::fhir
