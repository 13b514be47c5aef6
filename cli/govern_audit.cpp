// joinedup govern audit: the log of who looked and who changed.
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "audit/audit.hpp"
#include "audit/unusual.hpp"
#include "base/date.hpp"
#include "base/text.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"

namespace joinedup::cli {
namespace {

constexpr const char* usage_text =
    "joinedup govern audit verify --place DIR [--heads FILE] [--json]   (FILE: heads exported earlier; exit 1 where the log is broken)\n"
    "joinedup govern audit heads --place DIR > heads.json                (keep it on another machine)\n"
    "joinedup govern audit unusual --place DIR [--from DATE] [--until DATE] [--json]   (for the guardian: looks to ask about; CSV without --json)\n"
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

Result<int> run_unusual(const Common& common, const std::string& folder, const std::string& from, const std::string& until) {
  constexpr std::int64_t day = 86'400'000'000;
  audit::UnusualOptions options;
  for (const auto& [text, to] : {std::pair(&from, &options.from), std::pair(&until, &options.until)}) {
    if (text->empty()) continue;
    const auto date = parse_iso_date(*text);
    if (!date || date->days < 1) return fail(ErrorCode::wrong_usage, "A date is written 2026-01-31.");
    *to = date->days * day;
  }
  JOINEDUP_TRY(auto reader, audit::Reader::open(folder));
  JOINEDUP_TRY(const auto report, audit::unusual_access(*reader, options));
  if (!common.json) {
    std::fputs(audit::unusual_csv(report).c_str(), stdout);
    for (const auto& rule : report.not_checked) std::fprintf(stderr, "Not checked: %s.\n", rule.c_str());
    return 0;
  }
  nlohmann::ordered_json out = {{"events", report.events}, {"found", nlohmann::ordered_json::array()}, {"not_checked", report.not_checked}};
  for (const auto& one : report.found)
    out["found"].push_back({{"day", one.day}, {"user", one.user}, {"role", one.role}, {"organisation", one.organisation}, {"rule", one.rule}, {"count", one.count}, {"score", one.score}, {"patients", one.patients}, {"sentence", one.sentence}});
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

Result<int> run(const Common& common) {
  std::string heads, from, until;
  const auto& words = common.rest;
  if (words.empty()) return fail(ErrorCode::wrong_usage, usage_text);
  for (std::size_t i = 1; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return fail(ErrorCode::wrong_usage, usage_text);
    (words[i] == "--heads" ? heads : words[i] == "--from" ? from : until) = words[i + 1];
  }
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  if (!std::filesystem::is_directory(common.place)) return fail(ErrorCode::not_found, "There is no place here.", common.place);
  const auto folder = common.place + "/audit";
  if (words[0] == "verify") return run_verify(common, folder, heads);
  if (words[0] == "unusual") return run_unusual(common, folder, from, until);
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
  const auto common = read_common(arguments, {"--heads", "--from", "--until"});
  if (!common) return report_error(common.error());
  const auto done = run(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
