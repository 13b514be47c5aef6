// joinedup govern agreements: the register of what partners agreed to share, what is missing, and what soon ends.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"
#include "governance/governance.hpp"

namespace joinedup::cli {
namespace {

nlohmann::json as_json(const governance::Entry& entry) {
  const auto& agreement = *entry.agreement;
  return {{"id", agreement.id},
          {"partner", agreement.partner},
          {"purpose", agreement.purpose},
          {"from", agreement.from.to_iso()},
          {"until", agreement.until ? nlohmann::json(agreement.until->to_iso()) : nlohmann::json()},
          {"standing", governance::words(entry.standing)},
          {"legal_basis", agreement.legal_basis},
          {"feeds", agreement.feeds},
          {"with", agreement.with},
          {"concerns", entry.concerns}};
}

Result<int> agreements(const Common& common) {
  Date day = today();
  for (std::size_t i = 0; i < common.rest.size(); ++i) {
    if (common.rest[i] != "--on") return fail(ErrorCode::wrong_usage, "joinedup govern agreements takes --place and --on DATE.");
    const auto on = i + 1 < common.rest.size() ? parse_iso_date(common.rest[++i]) : std::nullopt;
    if (!on) return fail(ErrorCode::wrong_usage, "--on takes a day as 2026-04-01.");
    day = *on;
  }
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  JOINEDUP_TRY(const auto place, place::read_place(common.place));
  const auto entries = governance::register_on(place, day);
  if (common.json) {
    nlohmann::json out = {{"on", day.to_iso()}, {"agreements", nlohmann::json::array()}, {"partners", nlohmann::json::array()}};
    for (const auto& entry : entries) out["agreements"].push_back(as_json(entry));
    for (const auto& partner : place.partners) out["partners"].push_back({{"code", partner.code}, {"phase", governance::words(governance::phase_of(place, partner.code, day))}});
    std::puts(out.dump(2).c_str());
    return 0;
  }
  if (entries.empty()) std::puts("No agreement is entered in place.toml: no feed reaches the shared record, and nothing is withheld from the warehouse by agreement.");
  for (const auto& entry : entries) {
    std::printf("%-10s %-14s %s to %-11s %s\n", entry.agreement->partner.c_str(), entry.agreement->purpose.c_str(), entry.agreement->from.to_iso().c_str(),
                entry.agreement->until ? entry.agreement->until->to_iso().c_str() : "no end", std::string(governance::words(entry.standing)).c_str());
    for (const auto& concern : entry.concerns) std::printf("           %s\n", concern.c_str());
  }
  for (const auto& partner : place.partners)
    std::printf("%-10s %s: %s\n", partner.code.c_str(), partner.name.c_str(), std::string(governance::words(governance::phase_of(place, partner.code, day))).c_str());
  return 0;
}

}  // namespace

int govern_agreements(std::span<const std::string> arguments) {
  const auto common = read_common(arguments, {"--on"});
  if (!common) return report_error(common.error());
  const auto done = agreements(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
