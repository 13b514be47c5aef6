#include "place/agreement.hpp"

#include <algorithm>

#include "place/place.hpp"
#include "place/read_agreements.hpp"

namespace joinedup::place {
namespace {

bool knows(const Place& place, const std::string& code) {
  return std::any_of(place.partners.begin(), place.partners.end(), [&](const Partner& p) { return p.code == code; });
}

Result<std::vector<Approval>> read_approvals(StrictTable& table, const std::string& file) {
  std::vector<Approval> approvals;
  for (const auto* item : table.tables("approval")) {
    StrictTable approval(*item, file, "[[agreement.approval]]");
    approvals.push_back({approval.text("by", Presence::required), approval.date("on", Presence::required).value_or(Date{})});
    JOINEDUP_CHECK(approval.finish());
  }
  return approvals;
}

void check(StrictTable& table, const Place& place, const Agreement& agreement) {
  if (agreement.purpose != "direct_care" && agreement.purpose != "secondary_use")
    table.complain("purpose", "The purpose of an agreement is direct_care or secondary_use.");
  if (!agreement.partner.empty() && !knows(place, agreement.partner))
    table.complain("partner", "No [[partner]] has the code \"" + agreement.partner + "\".");
  if (agreement.until && *agreement.until < agreement.from) table.complain("until", "The agreement ends before it starts.");
  for (const auto& feed : agreement.feeds)
    if (const auto found = place.feeds.find(feed); found == place.feeds.end() || found->second.partner != agreement.partner)
      table.complain("feeds", "\"" + feed + "\" is no feed of this partner.");
  for (const auto& other : agreement.with)
    if (!knows(place, other)) table.complain("with", "No [[partner]] has the code \"" + other + "\".");
  if (agreement.wind_down_days < 0 || agreement.wind_down_days > 366)
    table.complain("wind_down_days", "A wind-down takes from 0 to 366 days.");
  if (agreement.wind_down_days > 0 && agreement.purpose != "direct_care")
    table.complain("wind_down_days", "Only direct care winds down; secondary use stops on the day that the agreement ends.");
  for (const auto& other : place.agreements)
    if (other.id == agreement.id) table.complain("id", "Two agreements have the id \"" + agreement.id + "\"; give each its own.");
}

}  // namespace

Result<void> read_agreements(StrictTable& root, Place& place, const std::string& file) {
  for (const auto* item : root.tables("agreement")) {
    StrictTable table(*item, file, "[[agreement]]");
    Agreement agreement;
    agreement.partner = table.text("partner", Presence::required);
    agreement.purpose = table.text("purpose", Presence::required);
    agreement.from = table.date("from", Presence::required).value_or(Date{});
    agreement.until = table.date("until", Presence::optional);
    agreement.id = table.text("id", Presence::optional);
    if (agreement.id.empty()) agreement.id = agreement.partner + "-" + agreement.purpose + "-" + agreement.from.to_iso();
    agreement.legal_basis = table.text("legal_basis", Presence::optional);
    agreement.feeds = table.texts("feeds", Presence::optional);
    agreement.with = table.texts("with", Presence::optional);
    agreement.wind_down_days = table.integer("wind_down_days", Presence::optional);
    const auto access = table.text("access", Presence::optional);
    if (access == "view") agreement.access = Agreement::Access::view;
    else if (!access.empty() && access != "write") table.complain("access", "A partner's access is view or write.");
    agreement.dpia = table.text("dpia", Presence::optional);
    JOINEDUP_TRY(agreement.approvals, read_approvals(table, file));
    check(table, place, agreement);
    JOINEDUP_CHECK(table.finish());
    place.agreements.push_back(std::move(agreement));
  }
  return {};
}

bool Place::lacks_agreement(const std::string& partner, const std::string& purpose, Date day, const std::string& feed) const {
  return !agreements.empty() && cover(partner, purpose, day, feed) != Cover::in_force;
}

Cover Place::cover(const std::string& partner, const std::string& purpose, Date day, const std::string& feed) const {
  Cover best = Cover::none;
  for (const auto& a : agreements) {
    if (a.partner != partner || a.purpose != purpose || day < a.from) continue;
    if (!feed.empty() && !a.feeds.empty() && std::find(a.feeds.begin(), a.feeds.end(), feed) == a.feeds.end()) continue;
    if (!a.until || day <= *a.until) return Cover::in_force;
    if (day <= *a.until + static_cast<int>(a.wind_down_days)) best = Cover::winding_down;
  }
  return best;
}

bool Place::may_write(const std::string& partner, Date day) const {
  return std::any_of(agreements.begin(), agreements.end(), [&](const Agreement& a) {
    return a.partner == partner && a.purpose == "direct_care" && a.access == Agreement::Access::write && a.from <= day && (!a.until || day <= *a.until);
  });
}

}  // namespace joinedup::place
