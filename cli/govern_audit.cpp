// joinedup govern audit: the log of who looked and who changed.
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "audit/audit.hpp"
#include "base/text.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"

namespace joinedup::cli {
namespace {

constexpr const char* usage_text =
    "joinedup govern audit verify --place DIR [--heads FILE] [--json]   (FILE: heads exported earlier; exit 1 where the log is broken)\n"
    "joinedup govern audit heads --place DIR > heads.json                (keep it on another machine)\n"
    "joinedup govern audit rotate-key --place DIR                        (the new key is signed by the old)";

Result<int> run_verify(const Common& common, const std::string& folder, const std::string& heads) {
  JOINEDUP_TRY(const auto verified, audit::verify(folder, {.heads_file = heads, .threads = common.threads}));
  if (common.json) {
    nlohmann::ordered_json out = {{"ok", verified.ok}, {"events", verified.events}, {"first_bad", nullptr}, {"notes", verified.notes}};
    if (!verified.first_bad.empty()) out["first_bad"] = verified.first_bad;
    std::printf("%s\n", out.dump().c_str());
  } else {
    if (verified.ok) std::printf("The audit log is whole: %s events.\n", with_commas(static_cast<std::int64_t>(verified.events)).c_str());
    else std::printf("The audit log is BROKEN. First: %s\nLeave it as it is, copy it, and tell the guardian.\n", verified.first_bad.c_str());
    for (const auto& note : verified.notes) std::printf("Note: %s.\n", note.c_str());
  }
  return verified.ok ? 0 : 1;
}

Result<int> run(const Common& common) {
  std::string heads;
  const auto& words = common.rest;
  if (words.empty()) return fail(ErrorCode::wrong_usage, usage_text);
  for (std::size_t i = 1; i < words.size(); i += 2) {
    if (words[i] != "--heads" || i + 1 == words.size()) return fail(ErrorCode::wrong_usage, usage_text);
    heads = words[i + 1];
  }
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  if (!std::filesystem::is_directory(common.place)) return fail(ErrorCode::not_found, "There is no place here.", common.place);
  const auto folder = common.place + "/audit";
  if (words[0] == "verify") return run_verify(common, folder, heads);
  if (words[0] == "heads") {
    JOINEDUP_TRY(const auto document, audit::export_heads(folder));
    std::fputs(document.c_str(), stdout);
    return 0;
  }
  if (words[0] == "rotate-key") {
    JOINEDUP_CHECK(audit::rotate_signing_key(folder));
    std::fputs("The audit log has a new signing key. Export its heads again.\n", stderr);
    return 0;
  }
  return fail(ErrorCode::wrong_usage, usage_text);
}

}  // namespace

int govern_audit(std::span<const std::string> arguments) {
  const auto common = read_common(arguments, {"--heads"});
  if (!common) return report_error(common.error());
  const auto done = run(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
