// Small file operations that say what went wrong. Writes are whole or not at all: a temporary beside, fsync, rename.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace joinedup {

Result<std::string> read_file(const std::string& path);
enum class FileMode { shared, secret };  // 0644, or 0600 for keys and people's data
Result<void> write_file(const std::string& path, std::string_view text, FileMode mode = FileMode::shared);
Result<void> make_folder(const std::string& path, FileMode mode = FileMode::shared);  // with its parents
Error system_error(const std::string& what, const std::string& path);  // from errno; ENOSPC becomes storage_full

}  // namespace joinedup
