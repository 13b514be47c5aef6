// What a backup holds, written last: manifest.json, and SHA256SUMS in the form of Debian's sha256sum. Inside this room only.
#pragma once
#include <string>
#include <vector>

#include "backup/backup.hpp"

namespace joinedup::backup {

inline constexpr int manifest_format = 1;
inline constexpr const char* unfinished_name = "UNFINISHED";  // stands in a folder until it is whole

struct Entry {
  std::string path, sha256;
  std::uint64_t bytes = 0;
  bool is_sqlite = false, is_key = false;
};
struct Manifest {
  std::string program, taken;
  std::vector<Entry> files;
  std::vector<LeftOut> left_out;
  AuditState audit;
};

Result<std::string> write_manifest(const std::string& folder, const Manifest& manifest);  // gives the manifest's sum
Result<Manifest> read_manifest(const std::string& folder);  // not_found: no backup. invalid_input: changed. unsupported: of a newer program
bool is_plain_path(std::string_view path);                  // below a folder, and not out of it again

}  // namespace joinedup::backup
