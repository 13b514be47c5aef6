// A file compiled into the program (SQL, weights, code lists). Names are relative to the room, as "sql/10_person.sql".
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/text.hpp"

namespace joinedup {

struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

inline std::optional<std::string_view> find_embedded(std::span<const EmbeddedFile> files, std::string_view name) {
  for (const auto& file : files)
    if (file.name == name) return file.text;
  return std::nullopt;
}

// What a SQL file says of itself in the comments at its head: "-- grain: one row per person" has the grain "one row per person".
inline std::string header_value(std::string_view sql, std::string_view name) {
  const std::string start = "-- " + std::string(name) + ":";
  for (const auto line : split(sql, '\n')) {
    if (!line.starts_with("--")) break;
    if (line.starts_with(start)) return std::string(trim(line.substr(start.size())));
  }
  return {};
}

}  // namespace joinedup
