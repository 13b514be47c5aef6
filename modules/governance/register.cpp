#include <algorithm>
#include <filesystem>

#include "governance/governance.hpp"

namespace joinedup::governance {
namespace {

constexpr int days_of_warning = 60;

Standing standing_of(const place::Agreement& agreement, Date day) {
  if (day < agreement.from) return Standing::not_yet;
  if (!agreement.until || day <= *agreement.until) return Standing::in_force;
  return day <= *agreement.until + static_cast<int>(agreement.wind_down_days) ? Standing::winding_down : Standing::ended;
}

bool is_followed(const place::Place& place, const place::Agreement& agreement) {
  return std::any_of(place.agreements.begin(), place.agreements.end(), [&](const place::Agreement& next) {
    return &next != &agreement && next.partner == agreement.partner && next.purpose == agreement.purpose && next.from <= *agreement.until + 1 &&
           (!next.until || *agreement.until < *next.until);
  });
}

std::vector<std::string> concerns_of(const place::Place& place, const place::Agreement& agreement, Standing standing, Date day) {
  std::vector<std::string> out;
  if (standing == Standing::ended) return out;
  if (agreement.legal_basis.empty()) out.push_back("No legal basis is written down.");
  if (agreement.dpia.empty()) out.push_back("No data protection impact assessment is attached.");
  else if (!std::filesystem::exists(place.path(agreement.dpia))) out.push_back("The assessment it names is not there: " + agreement.dpia);
  if (agreement.approvals.empty()) out.push_back("Nobody's approval is written down.");
  for (const auto& approval : agreement.approvals)
    if (agreement.from < approval.on) out.push_back("It was approved by the " + approval.by + " only after it began.");
  if (standing == Standing::in_force && agreement.until && *agreement.until - day <= days_of_warning && !is_followed(place, agreement))
    out.push_back("It ends in " + std::to_string(*agreement.until - day) + " days and nothing follows it.");
  if (standing == Standing::winding_down)
    out.push_back("It has ended; people in care may be read about until " + (*agreement.until + static_cast<int>(agreement.wind_down_days)).to_iso() + ".");
  return out;
}

}  // namespace

std::string_view words(Standing standing) {
  switch (standing) {
    case Standing::not_yet: return "not yet in force";
    case Standing::in_force: return "in force";
    case Standing::winding_down: return "winding down";
    case Standing::ended: break;
  }
  return "ended";
}

std::string_view words(Phase phase) {
  switch (phase) {
    case Phase::none: return "shares nothing";
    case Phase::pseudonymised_feeds: return "pseudonymised feeds only";
    case Phase::view: return "sees the shared record";
    case Phase::write: break;
  }
  return "sees and writes";
}

Phase phase_of(const place::Place& place, const std::string& partner, Date day) {
  if (place.may_write(partner, day)) return Phase::write;
  if (place.cover(partner, "direct_care", day) != place::Cover::none) return Phase::view;
  return place.cover(partner, "secondary_use", day) == place::Cover::in_force ? Phase::pseudonymised_feeds : Phase::none;
}

std::vector<Entry> register_on(const place::Place& place, Date day) {
  std::vector<Entry> entries;
  for (const auto& agreement : place.agreements) {
    const auto standing = standing_of(agreement, day);
    entries.push_back({&agreement, standing, concerns_of(place, agreement, standing, day)});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.agreement->partner, a.agreement->purpose, a.agreement->from.days) < std::tie(b.agreement->partner, b.agreement->purpose, b.agreement->from.days);
  });
  return entries;
}

}  // namespace joinedup::governance
