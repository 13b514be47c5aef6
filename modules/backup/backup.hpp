// A place as a whole: put away, put back, brought to today's formats.
//
//   JOINEDUP_TRY(const auto taken, take_backup({.place = "place", .to = "/mnt/backup/2026-11-22"}));   // also while it is served
//   JOINEDUP_TRY(const auto restored, restore_backup({.place = "place", .from = "/mnt/backup/2026-11-22"}));
//   restored.kept_as;                                                    // "place.before-restore": what stood there
//   JOINEDUP_TRY(const auto lines, formats_of("place"));                 // what is on the disk, and what this program writes
//
// A backup holds everything below the place that nothing else can make again: whatever is not known to be derived is taken.
// The folder `to` is there when it is whole, and not before. A restore changes nothing until every sum, page and chain was
// checked; then the place is exchanged in one step.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::backup {

enum class Feeds { left_out, taken };  // partners' extracts: large, and perhaps to be had again

struct BackupOptions {
  std::string place, to;
  std::string keys_to;  // keys go here instead, so that who has the one has not the other; empty: with the rest
  Feeds feeds = Feeds::left_out;
  std::string program;  // its version, for the manifest
};
struct LeftOut {
  std::string path, because;
};
struct AuditState {
  bool is_there = false, ok = true;
  std::uint64_t events = 0;
  std::string first_bad;
};
struct Taken {
  std::string folder, instant, manifest_sha256;  // the sum: write it down elsewhere
  std::uint64_t files = 0, bytes = 0;
  std::vector<LeftOut> left_out;
  AuditState audit;
};
Result<Taken> take_backup(const BackupOptions& options);

struct RestoreOptions {
  std::string place, from;
  std::string keys_from;  // where keys_to was given
};
struct Restored {
  std::string taken, kept_as;  // when the backup was taken; where what stood there is, empty where nothing did
  std::uint64_t files = 0, bytes = 0;
  AuditState audit;
  std::vector<std::string> notes;  // what to do now
};
// conflict: a server or a refresh has the place. invalid_input: damaged. Nothing was changed then.
Result<Restored> restore_backup(const RestoreOptions& options);

struct Format {
  std::string path;         // below the place
  std::int64_t found = 0, current = 0;
};
Result<std::vector<Format>> formats_of(const std::string& place);  // of what is there

// Brings one file up; named by its path below the place.
struct Migration {
  std::string path;
  std::function<Result<void>()> run;
};
struct Upgraded {
  std::vector<Format> formats, brought_up;  // as they were found
  std::string backup;                       // where the place as it was lies; empty where nothing was to do
};
Result<Upgraded> upgrade_place(const std::string& place, const std::vector<Migration>& migrations, const std::string& program);
Result<Restored> upgrade_back(const std::string& place);  // to what stood before the last upgrade

}  // namespace joinedup::backup
