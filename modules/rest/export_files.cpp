#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/file.hpp"
#include "rest/bulk_files.hpp"
#include "rest/ndjson.hpp"

namespace joinedup::rest {

Result<std::vector<ExportedFile>> export_files(fhir::Store& store, const ExportOptions& options, const fhir::Permit& permit) {
  JOINEDUP_CHECK(make_folder(options.folder, FileMode::secret));
  std::vector<ExportedFile> out;
  const auto& types = options.types.empty() ? fhir::Definitions::r4().types() : options.types;
  for (const auto& type : types) {
    ExportedFile file{type, type + ".ndjson", 0};
    const std::string path = options.folder + "/" + file.name;
    std::FILE* to = nullptr;
    const auto write = [&](std::string_view line) -> Result<bool> {
      if (to == nullptr) {
        const int handle = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (handle < 0) return tl::unexpected(system_error("The file cannot be written", path));
        to = ::fdopen(handle, "wb");
      }
      if (std::fwrite(line.data(), 1, line.size(), to) != line.size()) return tl::unexpected(system_error("The file cannot be written", path));
      return true;
    };
    auto count = write_lines(store, {.type = type, .since = options.since}, permit, write);
    const bool whole = to == nullptr || (std::fflush(to) == 0 && ::fsync(::fileno(to)) == 0);
    if (to != nullptr) std::fclose(to);
    if (!count) return tl::unexpected(count.error());
    if (!whole) return tl::unexpected(system_error("The file cannot be written", path));
    file.count = *count;
    if (file.count > 0) out.push_back(std::move(file));
    else std::filesystem::remove(path);  // of an export before: it would be taken for part of this one
  }
  return out;
}

}  // namespace joinedup::rest
