// joinedup govern emergency list | review: who opened a record in an emergency, and what the guardian found.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "access/access.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"
#include "fhir/values.hpp"

namespace joinedup::cli {
namespace {

constexpr const char* usage_text =
    "joinedup govern emergency list --place DIR [--json]                                   (overdue reviews first)\n"
    "joinedup govern emergency review N --as USER --outcome justified|not_justified [--comment TEXT] --place DIR   (not_justified ends it at once)";

std::int64_t now_micros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Result<int> list(const Common& common) {
  JOINEDUP_TRY(auto all, access::read_emergencies(common.place));
  const auto now = now_micros();
  std::stable_partition(all.begin(), all.end(), [&](const access::Emergency& e) { return e.overdue(now); });
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const auto& e : all) {
    const char* state = e.overdue(now) ? "overdue" : e.reviewed == 0 ? "waits for review" : e.outcome.c_str();
    if (common.json)
      out.push_back({{"number", e.id}, {"user", e.user}, {"organisation", e.organisation}, {"patient", e.patient}, {"reason", e.reason}, {"from", fhir::instant_text(e.from)},
                     {"until", fhir::instant_text(e.until)}, {"review_due", fhir::instant_text(e.review_due)}, {"state", state}, {"reviewer", e.reviewer}, {"comment", e.comment}});
    else
      std::printf("%lld  %s  %s of %s, Patient/%s, until %s: %s\n", static_cast<long long>(e.id), state, e.user.c_str(), e.organisation.c_str(), e.patient.c_str(),
                  fhir::instant_text(e.until).c_str(), e.reason.c_str());
  }
  if (common.json) std::printf("%s\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  else if (all.empty()) std::puts("Nobody has opened a record in an emergency.");
  return 0;
}

Result<int> run(const Common& common) {
  const auto& words = common.rest;
  if (words.empty()) return fail(ErrorCode::wrong_usage, usage_text);
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  if (!std::filesystem::is_directory(common.place)) return fail(ErrorCode::not_found, "There is no place here.", common.place);
  if (words[0] == "list" && words.size() == 1) return list(common);
  if (words[0] != "review" || (words.size() != 6 && words.size() != 8)) return fail(ErrorCode::wrong_usage, usage_text);
  access::Review review;
  for (std::size_t i = 2; i < words.size(); i += 2) (words[i] == "--as" ? review.reviewer : words[i] == "--outcome" ? review.outcome : review.comment) = words[i + 1];
  JOINEDUP_CHECK(access::review_emergency(common.place, std::atoll(words[1].c_str()), review, now_micros()));
  std::puts(common.json ? R"({"reviewed":true})" : "The review is kept.");
  return 0;
}

}  // namespace

int govern_emergency(std::span<const std::string> arguments) {
  const auto common = read_common(arguments, {"--as", "--outcome", "--comment"});
  if (!common) return report_error(common.error());
  const auto done = run(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
