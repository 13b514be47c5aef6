#include "backup/audit_copy.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/file.hpp"
#include "base/hash.hpp"

namespace joinedup::backup {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const std::string& folder, bool folders) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (!entry.is_symlink(ignored) && (folders ? entry.is_directory(ignored) : entry.is_regular_file(ignored))) out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

Result<Copied> put_text(const std::string& text, const std::string& to) {
  JOINEDUP_CHECK(write_file(to, text, FileMode::secret));
  Sha256 sum;
  sum.update(text);
  return Copied{sum.finish_hex(), text.size()};
}

// A head is overwritten in place: read until two readings agree.
Result<std::string> read_head(const std::string& path) {
  JOINEDUP_TRY(auto before, read_file(path));
  for (int i = 0; i < 1000; ++i) {
    JOINEDUP_TRY(auto text, read_file(path));
    if (text == before) return text;
    before = std::move(text);
  }
  return fail(ErrorCode::unavailable, "The newest head of the audit log changes again and again while it is read.", path);
}

// What grows at its end only, up to where it ends now: in the middle of an event, perhaps, as after a kill.
Result<Copied> copy_grown(const std::string& from, const std::string& to) {
  JOINEDUP_TRY(const auto text, read_file(from));
  return put_text(text, to);
}

}  // namespace

Result<void> copy_audit(const std::string& place, const Put& put) {
  const std::string folder = place + "/audit";
  if (!fs::is_directory(folder)) return {};
  // No key is rotated meanwhile.
  JOINEDUP_TRY(const auto lock, HeldLock::take(folder + "/keys.lock", "The audit log's keys are being changed.", HeldLock::Wait::yes));
  const auto copy = [&](const std::string& name) {
    return put("audit/" + name, [&](const std::string& to) { return copy_grown(folder + "/" + name, to); });
  };
  // Lists and keys, then writers, then their heads, then their events: each list names what comes after it, each head signs events that do.
  for (const auto& name : names_in(folder, false))
    if (!name.ends_with(".lock") && !name.ends_with(".new")) { JOINEDUP_CHECK(copy(name)); }
  const auto writers = names_in(folder, true);
  for (const auto& writer : writers)
    for (const auto& name : names_in(folder + "/" + writer, false)) {
      if (name.ends_with(".log") || name.ends_with(".idx") || name.ends_with(".new") || name.ends_with(".lock")) continue;
      if (name != "head") {
        JOINEDUP_CHECK(copy(writer + "/" + name));
        continue;
      }
      JOINEDUP_CHECK(put("audit/" + writer + "/head", [&](const std::string& to) -> Result<Copied> {
        JOINEDUP_TRY(const auto text, read_head(folder + "/" + writer + "/head"));
        return put_text(text, to);
      }));
    }
  for (const auto& writer : writers)
    for (const auto& name : names_in(folder + "/" + writer, false))
      if (name.ends_with(".log")) { JOINEDUP_CHECK(copy(writer + "/" + name)); }
  return {};
}

}  // namespace joinedup::backup
