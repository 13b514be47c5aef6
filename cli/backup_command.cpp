// joinedup backup, restore, upgrade: a place as a whole.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "backup/backup.hpp"
#include "base/text.hpp"
#include "cli/cli.hpp"
#include "fhir/store.hpp"
#include "vault/vault.hpp"

namespace joinedup::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* backup_usage =
    "joinedup backup --place DIR --to FOLDER [--keys-to FOLDER2] [--with-feeds] [--json]\n\n"
    "All of the place that nothing else can make again, also while it is served; FOLDER is there when it is whole. Keys go to FOLDER2 where it is given.\n"
    "Nothing is encrypted: docs/security/runbook-backup.md says how.";
constexpr const char* restore_usage =
    "joinedup restore --place DIR --from FOLDER [--keys-from FOLDER2] [--json]\n\n"
    "Checks every file first; what stands at DIR is kept beside it as DIR.before-restore. Stop the server before.";
constexpr const char* upgrade_usage =
    "joinedup upgrade --place DIR [--back] [--json]\n\n"
    "Brings files of older formats up, after a backup to DIR.before-upgrade; --back puts that backup back (what was written since is in DIR.before-restore only).";

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json json_of(const backup::AuditState& audit) {
  if (!audit.is_there) return nullptr;
  Json out = {{"ok", audit.ok}, {"events", audit.events}, {"first_bad", nullptr}};
  if (!audit.first_bad.empty()) out["first_bad"] = audit.first_bad;
  return out;
}

std::string amount(std::uint64_t files, std::uint64_t bytes) {
  return with_commas(static_cast<std::int64_t>(files)) + " files, " + with_commas(static_cast<std::int64_t>(bytes)) + " bytes";
}

std::string audit_line(const backup::AuditState& audit) {
  if (!audit.is_there) return "There is no audit log in it.\n";
  return audit.ok ? "The audit log in it is whole: " + with_commas(static_cast<std::int64_t>(audit.events)) + " events.\n" : "The audit log in it is BROKEN. First: " + audit.first_bad + "\n";
}

// A flag's value, taken out of what is left.
Result<std::string> take_value(std::vector<std::string>& rest, std::string_view flag) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] != flag) continue;
    if (i + 1 == rest.size()) return fail(ErrorCode::wrong_usage, std::string(flag) + " needs a value after it.");
    auto value = rest[i + 1];
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i), rest.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    return value;
  }
  return std::string();
}

Result<void> nothing_left(const Common& common, const char* usage) {
  if (!common.rest.empty()) return fail(ErrorCode::wrong_usage, usage);
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  return {};
}

void print_restored(const Common& common, const backup::Restored& done) {
  if (common.json) {
    Json out = {{"place", common.place}, {"taken", done.taken}, {"files", done.files}, {"bytes", done.bytes}, {"kept_as", nullptr}, {"audit", json_of(done.audit)}, {"notes", done.notes}};
    if (!done.kept_as.empty()) out["kept_as"] = done.kept_as;
    std::fputs(text_of(out).c_str(), stdout);
    return;
  }
  std::printf("The place is as it was at %s: %s, each as it was written.\n%s", done.taken.c_str(), amount(done.files, done.bytes).c_str(), audit_line(done.audit).c_str());
  if (!done.kept_as.empty()) std::printf("What stood there is kept: %s\n", done.kept_as.c_str());
  for (const auto& note : done.notes) std::printf("%s.\n", note.c_str());
}

Result<int> run_backup(Common common) {
  backup::BackupOptions options;
  options.program = program_version();
  JOINEDUP_TRY(options.to, take_value(common.rest, "--to"));
  JOINEDUP_TRY(options.keys_to, take_value(common.rest, "--keys-to"));
  if (take_flag(common.rest, "--with-feeds")) options.feeds = backup::Feeds::taken;
  JOINEDUP_CHECK(nothing_left(common, backup_usage));
  if (options.to.empty()) return fail(ErrorCode::wrong_usage, "Say where to with --to FOLDER.");
  options.place = common.place;
  JOINEDUP_TRY(const auto done, backup::take_backup(options));
  if (common.json) {
    Json out = {{"backup", done.folder}, {"taken", done.instant}, {"files", done.files}, {"bytes", done.bytes}, {"manifest_sha256", done.manifest_sha256}, {"audit", json_of(done.audit)}, {"left_out", Json::array()}};
    for (const auto& one : done.left_out) out["left_out"].push_back({{"path", one.path}, {"because", one.because}});
    std::fputs(text_of(out).c_str(), stdout);
  } else {
    std::printf("Backup of %s: %s in %s\n%sIts manifest's SHA-256, to be written down elsewhere: %s\n", done.instant.c_str(), amount(done.files, done.bytes).c_str(), done.folder.c_str(),
                audit_line(done.audit).c_str(), done.manifest_sha256.c_str());
    for (const auto& one : done.left_out) std::printf("Not in it: %s (%s).\n", one.path.c_str(), one.because.c_str());
    std::fputs("It is in the clear: encrypt it before it leaves this machine.\n", stdout);
  }
  if (!done.audit.ok) std::fprintf(stderr, "joinedup: the audit log is BROKEN; copy it as it is, and tell the guardian.\n");
  return 0;
}

Result<int> run_restore(Common common) {
  backup::RestoreOptions options;
  JOINEDUP_TRY(options.from, take_value(common.rest, "--from"));
  JOINEDUP_TRY(options.keys_from, take_value(common.rest, "--keys-from"));
  JOINEDUP_CHECK(nothing_left(common, restore_usage));
  if (options.from.empty()) return fail(ErrorCode::wrong_usage, "Say from where with --from FOLDER.");
  options.place = common.place;
  JOINEDUP_TRY(const auto done, backup::restore_backup(options));
  print_restored(common, done);
  return 0;
}

// Each room brings its own file up.
std::vector<backup::Migration> migrations_of(const std::string& folder) {
  return {{"shared-record.sqlite", [folder]() -> Result<void> {
             JOINEDUP_TRY([[maybe_unused]] const int had, fhir::upgrade_store(folder + "/shared-record.sqlite"));
             return {};
           }},
          {"vault/identity.sqlite", [folder]() -> Result<void> {
             JOINEDUP_TRY(const auto place, place::read_place(folder));
             JOINEDUP_TRY(const auto opened, vault::Vault::open(place));
             return {};
           }}};
}

Result<int> run_upgrade(Common common) {
  const bool back = take_flag(common.rest, "--back");
  JOINEDUP_CHECK(nothing_left(common, upgrade_usage));
  if (back) {
    JOINEDUP_TRY(const auto done, backup::upgrade_back(common.place));
    print_restored(common, done);
    return 0;
  }
  JOINEDUP_TRY(const auto done, backup::upgrade_place(common.place, migrations_of(common.place), program_version()));
  if (common.json) {
    const auto lines = [](const std::vector<backup::Format>& formats) {
      Json out = Json::array();
      for (const auto& one : formats) out.push_back({{"path", one.path}, {"found", one.found}, {"current", one.current}});
      return out;
    };
    Json out = {{"formats", lines(done.formats)}, {"brought_up", lines(done.brought_up)}, {"backup", nullptr}};
    if (!done.backup.empty()) out["backup"] = done.backup;
    std::fputs(text_of(out).c_str(), stdout);
    return 0;
  }
  for (const auto& one : done.brought_up)
    std::printf("%s: from format %lld to %lld.\n", one.path.c_str(), static_cast<long long>(one.found), static_cast<long long>(one.current));
  if (done.brought_up.empty()) std::printf("Nothing to do: all %zu files that carry a format are of today's.\n", done.formats.size());
  else std::printf("The place as it was: %s. Go back with joinedup upgrade --place %s --back.\n", done.backup.c_str(), common.place.c_str());
  return 0;
}

int run(std::span<const std::string> arguments, std::initializer_list<std::string_view> flags, const char* usage, Result<int> (*command)(Common)) {
  if (arguments.size() == 1 && arguments[0] == "--help") {
    std::puts(usage);
    return 0;
  }
  auto common = read_common(arguments, flags);
  if (!common) return report_error(common.error());
  const auto done = command(std::move(*common));
  return done ? *done : report_error(done.error());
}

}  // namespace

int backup_command(std::span<const std::string> arguments) { return run(arguments, {"--to", "--keys-to", "--with-feeds"}, backup_usage, run_backup); }
int restore_command(std::span<const std::string> arguments) { return run(arguments, {"--from", "--keys-from"}, restore_usage, run_restore); }
int upgrade_command(std::span<const std::string> arguments) { return run(arguments, {"--back"}, upgrade_usage, run_upgrade); }

}  // namespace joinedup::cli
