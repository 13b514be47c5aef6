#include "backup/backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>
#include <set>

#include "audit/audit.hpp"
#include "backup/audit_copy.hpp"
#include "backup/copy.hpp"
#include "backup/manifest.hpp"
#include "backup/place_locks.hpp"
#include "backup/plan.hpp"
#include "backup/state.hpp"
#include "base/file.hpp"
#include "fhir/store.hpp"

namespace joinedup::backup {
namespace {

namespace fs = std::filesystem;

std::string now_text() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

bool is_below(const std::string& path, const std::string& folder) { return path == folder || path.starts_with(folder + "/"); }

// A folder that takes its name when it is whole. What a killed run left is removed; what it did not make is left alone.
class Growing {
 public:
  static Result<Growing> begin(const std::string& wanted) {
    JOINEDUP_TRY(const auto to, place_folder(wanted));
    std::error_code ignored;
    if (fs::exists(to) && !(fs::is_directory(to) && fs::is_empty(to, ignored)))
      return fail(ErrorCode::conflict, "There is something here already; give a folder that is not there yet. Nothing was changed.", to);
    const std::string part = to + ".part", mark = part + "/" + unfinished_name;
    if (fs::exists(part) && !fs::is_empty(part, ignored)) {
      if (!fs::exists(mark)) return fail(ErrorCode::conflict, "A folder of this name is in the way; remove it, or give another name.", part);
      JOINEDUP_TRY(const auto lock, HeldLock::take(mark, "Another backup is being taken to this folder.", HeldLock::Wait::no));
      remove_marked(part, unfinished_name);
    }
    fs::remove(part, ignored);  // empty
    JOINEDUP_CHECK(make_folder(fs::path(to).parent_path()));
    if (::mkdir(part.c_str(), 0700) != 0) return tl::unexpected(system_error("The backup's folder cannot be made", part));
    JOINEDUP_TRY(auto lock, HeldLock::take(mark, "Another backup is being taken to this folder.", HeldLock::Wait::no));
    return Growing(to, part, std::move(lock));
  }
  Growing(Growing&&) = default;
  ~Growing() {
    if (lock_) remove_marked(part_, unfinished_name);  // not finished
  }
  const std::string& part() const { return part_; }
  const std::string& to() const { return to_; }
  Result<void> finish() {
    std::set<std::string> folders{part_};
    std::error_code failed;
    for (const auto& entry : fs::recursive_directory_iterator(part_, failed))
      if (entry.is_directory(failed)) folders.insert(entry.path());
    for (const auto& folder : folders) JOINEDUP_CHECK(sync_path(folder));
    if (::rename(part_.c_str(), to_.c_str()) != 0) return tl::unexpected(system_error("The backup cannot take its name", to_));
    lock_.reset();
    fs::remove(to_ + "/" + unfinished_name, failed);
    JOINEDUP_CHECK(sync_path(to_));
    return sync_path(fs::path(to_).parent_path());
  }

 private:
  Growing(std::string to, std::string part, HeldLock lock) : to_(std::move(to)), part_(std::move(part)), lock_(std::move(lock)) {}
  std::string to_, part_;
  std::optional<HeldLock> lock_;
};

struct Taking {
  const BackupOptions& options;
  std::string place;
  Growing& rest;
  Growing* keys;
  Manifest manifest;

  Result<void> put(const std::string& below, bool sqlite, const std::function<Result<Copied>(const std::string& to)>& copy) {
    const bool key = is_key(below);
    const std::string& root = key && keys != nullptr ? keys->part() : rest.part();
    const std::string to = root + "/" + below;
    JOINEDUP_CHECK(make_folders_for(root, below));
    JOINEDUP_TRY(auto copied, copy(to));
    manifest.files.push_back({below, std::move(copied.sha256), copied.bytes, sqlite, key});
    return {};
  }

  Result<void> take(const Item& item) {
    const std::string from = place + "/" + item.path;
    auto done = put(item.path, item.is_sqlite, [&](const std::string& to) -> Result<Copied> {
      if (item.order != Item::Order::record) return item.is_sqlite ? copy_sqlite(from, to) : copy_plain(from, to);
      JOINEDUP_CHECK(fhir::backup_store(from, to));
      JOINEDUP_CHECK(check_sqlite(to, Check::quick));
      return sum_of(to);
    });
    if (done || item.is_sqlite) return done;
    if (done.error().code == ErrorCode::not_found) return {};  // gone since it was listed
    if (done.error().code != ErrorCode::unavailable || !item.path.starts_with("feeds/")) return done;
    manifest.left_out.push_back({item.path, "it was still being written"});
    return {};
  }
};

AuditState audit_of(const std::string& folder, bool is_there) {
  if (!is_there) return {};
  const auto verified = audit::verify(folder);
  if (!verified) return {true, false, 0, verified.error().text()};
  return {true, verified->ok, verified->events, verified->first_bad};
}

}  // namespace

AuditState audit_state(const std::string& place) { return audit_of(place + "/audit", fs::exists(place + "/audit/keys.jsonl")); }

Result<Taken> take_backup(const BackupOptions& options) {
  JOINEDUP_TRY(const auto place, place_folder(options.place));
  if (!fs::is_directory(place) || !(fs::exists(place + "/place.toml") || fs::exists(place + "/shared-record.sqlite")))
    return fail(ErrorCode::not_found, "There is no place here.", options.place);
  for (const auto& to : {options.to, options.keys_to}) {
    if (to.empty()) continue;
    JOINEDUP_TRY(const auto folder, place_folder(to));
    if (is_below(folder, place)) return fail(ErrorCode::wrong_usage, "A backup goes outside the place, best to another disk.", to);
  }
  JOINEDUP_TRY(auto rest, Growing::begin(options.to));
  std::optional<Growing> keys;
  if (!options.keys_to.empty()) {
    JOINEDUP_TRY(const auto folder, place_folder(options.keys_to));
    if (is_below(folder, rest.to()) || is_below(rest.to(), folder)) return fail(ErrorCode::wrong_usage, "Keys go to a folder of their own, not into the other.", options.keys_to);
    JOINEDUP_TRY(auto begun, Growing::begin(options.keys_to));
    keys.emplace(std::move(begun));
  }
  Taking taking{options, place, rest, keys ? &*keys : nullptr, {options.program, now_text(), {}, {}, {}}};
  JOINEDUP_TRY(auto plan, plan_of(place, options.feeds));
  taking.manifest.left_out = std::move(plan.left_out);
  for (const auto& item : plan.items) JOINEDUP_CHECK(taking.take(item));
  JOINEDUP_CHECK(copy_audit(place, [&](const std::string& below, const auto& copy) { return taking.put(below, false, copy); }));
  taking.manifest.audit = audit_of(rest.part() + "/audit", fs::exists(rest.part() + "/audit/keys.jsonl"));
  JOINEDUP_TRY(auto sum, write_manifest(rest.part(), taking.manifest));
  if (keys) JOINEDUP_CHECK(keys->finish());
  JOINEDUP_CHECK(rest.finish());
  Taken out{rest.to(), taking.manifest.taken, std::move(sum), taking.manifest.files.size(), 0, taking.manifest.left_out, taking.manifest.audit};
  for (const auto& file : taking.manifest.files) out.bytes += file.bytes;
  return out;
}

}  // namespace joinedup::backup
