// joinedup govern audit: the log of who looked and who changed.
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "audit/audit.hpp"
#include "audit/unusual.hpp"
#include "base/date.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "care_door/read_record.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"
#include "governance/unusual_lookups.hpp"
#include "identity/identity.hpp"

namespace joinedup::cli {
namespace {

constexpr const char* usage_text =
    "joinedup govern audit verify --place DIR [--heads FILE] [--json]   (FILE: heads exported earlier; exit 1 where the log is broken)\n"
    "joinedup govern audit heads --place DIR > heads.json                (keep it on another machine)\n"
    "joinedup govern audit unusual --place DIR [--from DATE] [--until DATE] [--workers FILE] [--json]   (for the guardian: looks to ask about; CSV without --json.\n"
    "                             FILE: user,nhs_number,postcode of workers, as far as known: their own record, neighbours, colleagues. Read for this run, kept nowhere)\n"
    "joinedup govern audit rotate-key --place DIR                        (the new key is signed by the old; a running server takes it up)";

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

Result<std::vector<std::string>> lines_of(const std::string& file) {
  JOINEDUP_TRY(const auto text, read_file(file));
  std::vector<std::string> out;
  for (const auto line : split(text, '\n'))
    if (!trim(line).empty()) out.emplace_back(trim(line));
  return out;
}

// Accounts of workers; what the guardian knows of them besides (user,nhs_number,postcode), for this run only.
Result<std::vector<governance::KnownWorker>> workers_of(const std::string& place, const std::string& file) {
  JOINEDUP_TRY(const auto identity, identity::Identity::open({.place = place, .fhir_url = "https://joinedup.invalid/fhir"}));
  std::vector<governance::KnownWorker> out;
  std::map<std::string, std::size_t> at;
  for (const auto& account : identity->accounts()) {
    if (account.kind != access::Subject::Kind::worker) continue;
    at[account.user] = out.size();
    out.push_back({account.id, account.practitioner, account.organisation, {}, {}});
  }
  if (file.empty()) return out;
  JOINEDUP_TRY(const auto lines, lines_of(file));
  if (lines.empty() || lines[0] != "user,nhs_number,postcode") return fail(ErrorCode::invalid_input, "The first line must be user,nhs_number,postcode.", file + ":1");
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = split(lines[i], ',');
    const auto user = at.find(std::string(trim(fields[0])));
    if (fields.size() != 3 || user == at.end()) return fail(ErrorCode::invalid_input, "This line is not of the form user,nhs_number,postcode, or there is no account of this user.", file + ":" + std::to_string(i + 1));
    out[user->second].nhs_number = trim(fields[1]);
    out[user->second].postcode = trim(fields[2]);
  }
  return out;
}

// LSOAs by postcode, as the place's reference file has them; nothing where there is none.
Result<std::map<std::string, std::string>> areas_of(const place::Place& place) {
  std::map<std::string, std::string> out;
  if (place.postcodes_file.empty()) return out;
  JOINEDUP_TRY(const auto lines, lines_of(place.path(place.postcodes_file)));
  for (const auto& line : lines) {
    const auto fields = split(line, ',');
    std::string postcode;
    for (const char c : fields[0])
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) postcode += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (fields.size() > 1) out.emplace(std::move(postcode), std::string(fields[1]));
  }
  return out;
}

Result<int> run_unusual(const Common& common, const std::string& folder, const std::string& from, const std::string& until, const std::string& workers_file) {
  constexpr std::int64_t day = 86'400'000'000;
  std::int64_t first = 0, last = 0;
  for (const auto& [text, to] : {std::pair(&from, &first), std::pair(&until, &last)}) {
    if (text->empty()) continue;
    const auto date = parse_iso_date(*text);
    if (!date || date->days < 1) return fail(ErrorCode::wrong_usage, "A date is written 2026-01-31.");
    *to = date->days * day;
  }
  JOINEDUP_TRY(auto reader, audit::Reader::open(folder));
  JOINEDUP_TRY(const auto place, place::read_place(common.place));
  JOINEDUP_TRY(const auto workers, workers_of(common.place, workers_file));
  JOINEDUP_TRY(const auto areas, areas_of(place));
  JOINEDUP_TRY(const auto record, care_door::read_record(place));
  governance::UnusualSources sources{.read = record.read,
                                     .patients_of = [&](const std::string& number) { return record.find("Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|" + number); },
                                     .area_of = [&](const std::string& postcode) {
                                       const auto found = areas.find(postcode);
                                       return found == areas.end() ? std::string() : found->second;
                                     }};
  JOINEDUP_TRY(const auto lookups, governance::UnusualLookups::open(workers, std::move(sources)));
  JOINEDUP_TRY(auto report, audit::unusual_access(*reader, lookups->options(first, last)));
  report.not_checked.insert(report.not_checked.end(), lookups->not_checked().begin(), lookups->not_checked().end());
  if (lookups->unreadable() > 0) report.not_checked.push_back(std::to_string(lookups->unreadable()) + " people whose record could not be read");
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
  std::string heads, from, until, workers;
  const auto& words = common.rest;
  if (words.empty()) return fail(ErrorCode::wrong_usage, usage_text);
  for (std::size_t i = 1; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return fail(ErrorCode::wrong_usage, usage_text);
    (words[i] == "--heads" ? heads : words[i] == "--from" ? from : words[i] == "--workers" ? workers : until) = words[i + 1];
  }
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  if (!std::filesystem::is_directory(common.place)) return fail(ErrorCode::not_found, "There is no place here.", common.place);
  const auto folder = common.place + "/audit";
  if (words[0] == "verify") return run_verify(common, folder, heads);
  if (words[0] == "unusual") return run_unusual(common, folder, from, until, workers);
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
  const auto common = read_common(arguments, {"--heads", "--from", "--until", "--workers"});
  if (!common) return report_error(common.error());
  const auto done = run(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
