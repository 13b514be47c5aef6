// A file compiled into the program (SQL, weights, code lists). Names are relative to the room, as "sql/10_person.sql".
#pragma once
#include <optional>
#include <span>
#include <string_view>

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

}  // namespace joinedup
