#include "place/place.hpp"

#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "place/read_agreements.hpp"
#include "place/read_subscriptions.hpp"
#include "place/read_workspace.hpp"
#include "place/strict_toml.hpp"

namespace joinedup::place {
namespace {

constexpr const char* partner_types[] = {"general_practice", "hospital", "community", "mental_health",
                                         "social_care",      "housing",  "voluntary", "registration"};
const std::string file_name = "place.toml";

Result<void> read_partners(StrictTable& root, Place& place) {
  for (const auto* item : root.tables("partner")) {
    StrictTable table(*item, file_name, "[[partner]]");
    Partner partner{table.text("code", Presence::required), table.text("name", Presence::required),
                    table.text("type", Presence::required)};
    if (std::find(std::begin(partner_types), std::end(partner_types), partner.type) == std::end(partner_types))
      table.complain("type", "\"" + partner.type + "\" is not a type of partner: one of general_practice, hospital, community, "
                             "mental_health, social_care, housing, voluntary, registration.");
    JOINEDUP_CHECK(table.finish());
    place.partners.push_back(std::move(partner));
  }
  return {};
}

bool has_partner(const Place& place, const std::string& code) {
  return std::any_of(place.partners.begin(), place.partners.end(), [&](const Partner& p) { return p.code == code; });
}

Result<void> read_feeds(StrictTable& root, Place& place) {
  const auto* feeds = root.table("feeds", Presence::optional);
  if (!feeds) return {};
  for (const auto& [name, node] : *feeds) {
    const auto* item = node.as_table();
    if (!item)
      return fail(ErrorCode::invalid_input, "A feed is set up as a table, as [feeds.deaths].",
                  file_name + ":" + std::to_string(node.source().begin.line));
    StrictTable table(*item, file_name, "[feeds." + std::string(name.str()) + "]");
    FeedSettings feed{table.text("partner", Presence::required), table.text("nhs_pseudonym_key_file", Presence::optional)};
    if (!feed.partner.empty() && !has_partner(place, feed.partner))
      table.complain("partner", "No [[partner]] has the code \"" + feed.partner + "\".");
    JOINEDUP_CHECK(table.finish());
    place.feeds.emplace(name.str(), std::move(feed));
  }
  return {};
}

Result<void> read_workers(StrictTable& root, Place& place) {
  const auto is_practice = [&](const std::string& code) {
    return std::any_of(place.teams.begin(), place.teams.end(),
                       [&](const Team& team) { return std::find(team.practices.begin(), team.practices.end(), code) != team.practices.end(); });
  };
  const auto& roles = worker_roles();
  for (const auto* item : root.tables("worker")) {
    StrictTable table(*item, file_name, "[[worker]]");
    Worker worker{table.text("code", Presence::required),         table.text("given_name", Presence::required), table.text("family_name", Presence::required),
                  table.text("organisation", Presence::required), table.text("role", Presence::required),       {}};
    if (item->contains("teams")) worker.teams = table.texts("teams", Presence::optional);
    for (const auto& other : place.workers)
      if (other.code == worker.code) table.complain("code", "Two workers have the code \"" + worker.code + "\"; give each one of its own.");
    if (!worker.organisation.empty() && !has_partner(place, worker.organisation) && !is_practice(worker.organisation))
      table.complain("organisation", "\"" + worker.organisation + "\" is neither the code of a [[partner]] nor a practice of a [[team]].");
    if (!worker.role.empty() && std::find(roles.begin(), roles.end(), worker.role) == roles.end()) {
      std::string known;
      for (const auto& role : roles) known += (known.empty() ? "" : ", ") + role;
      table.complain("role", "\"" + worker.role + "\" is not a role: one of " + known + ".");
    }
    for (const auto& name : worker.teams)
      if (std::none_of(place.teams.begin(), place.teams.end(), [&](const Team& team) { return team.name == name; }))
        table.complain("teams", "There is no [[team]] called \"" + name + "\".");
    JOINEDUP_CHECK(table.finish());
    place.workers.push_back(std::move(worker));
  }
  return {};
}

Result<void> read_teams(StrictTable& root, Place& place) {
  std::map<std::string, std::string> team_of_practice;
  for (const auto* item : root.tables("team")) {
    StrictTable table(*item, file_name, "[[team]]");
    Team team{table.text("name", Presence::required), table.texts("practices", Presence::required), table.integer("capacity", Presence::required)};
    if (team.capacity < 0) table.complain("capacity", "A team's capacity is the number of people it can hold: 0 or more.");
    if (team.practices.empty()) table.complain("practices", "A team needs at least one practice, or it would be offered nobody.");
    for (const auto& other : place.teams)
      if (other.name == team.name) table.complain("name", "Two teams are called \"" + team.name + "\"; give each a name of its own.");
    for (const auto& practice : team.practices)
      if (const auto [held, fresh] = team_of_practice.emplace(practice, team.name); !fresh)
        table.complain("practices", "Practice \"" + practice + "\" is with team \"" + held->second + "\" already; each practice has one team.");
    JOINEDUP_CHECK(table.finish());
    place.teams.push_back(std::move(team));
  }
  const auto* item = root.table("caseload", Presence::optional);
  if (!item) return {};
  StrictTable table(*item, file_name, "[caseload]");
  auto& finding = place.case_finding;
  finding.risk_at_least = table.number("risk_at_least", Presence::optional, finding.risk_at_least);
  if (finding.risk_at_least < 0 || finding.risk_at_least > 1) table.complain("risk_at_least", "A risk lies between 0 and 1; 0.2 is one in five.");
  finding.age_at_least = static_cast<int>(table.integer("age_at_least", Presence::optional, finding.age_at_least));
  if (finding.age_at_least < 0 || finding.age_at_least > 120) table.complain("age_at_least", "An age lies between 0 and 120.");
  finding.palliative_team = table.text("palliative_team", Presence::optional, finding.palliative_team);
  if (item->contains("objections_that_remove")) finding.objections_that_remove = table.texts("objections_that_remove", Presence::optional);
  for (const auto& purpose : finding.objections_that_remove)
    if (purpose != "case_finding" && purpose != "secondary_use" && purpose != "national_data_opt_out")
      table.complain("objections_that_remove", "\"" + purpose + "\" is not a purpose: one of case_finding, secondary_use, national_data_opt_out.");
  if (std::find(finding.objections_that_remove.begin(), finding.objections_that_remove.end(), "case_finding") == finding.objections_that_remove.end())
    table.complain("objections_that_remove", "An objection to case finding always removes a person: \"case_finding\" must be in the list.");
  return table.finish();
}

Result<void> read_sections(StrictTable& root, Place& place) {
  if (root.integer("format", Presence::required, 1) != 1)
    root.complain("format", "This program reads places of format 1; `joinedup upgrade` brings older ones up.");
  if (const auto* item = root.table("place", Presence::required)) {
    StrictTable table(*item, file_name, "[place]");
    place.name = table.text("name", Presence::required);
    place.people = table.flag("synthetic", Presence::optional) ? People::synthetic : People::real;
    const auto from = table.date("data_from", Presence::required), to = table.date("data_to", Presence::required);
    place.data_from = from.value_or(Date{});
    place.data_to = to.value_or(Date{});
    if (from && to && *to < *from) table.complain("data_to", "data_to lies before data_from.");
    JOINEDUP_CHECK(table.finish());
  }
  if (const auto* item = root.table("limits", Presence::optional)) {
    StrictTable table(*item, file_name, "[limits]");
    place.rejected_percent = table.number("rejected_percent", Presence::optional, 1.0);
    if (place.rejected_percent < 0 || place.rejected_percent > 100) table.complain("rejected_percent", "A percentage lies between 0 and 100.");
    const auto memory = table.integer("memory_mib", Presence::optional, 0);
    if (memory != 0 && memory < 256) table.complain("memory_mib", "Give at least 256 MiB of memory.");
    place.memory_limit_mib = static_cast<std::uint64_t>(std::max<std::int64_t>(memory, 0));
    JOINEDUP_CHECK(table.finish());
  }
  if (const auto* item = root.table("reference", Presence::optional)) {
    StrictTable table(*item, file_name, "[reference]");
    place.postcodes_file = table.text("postcodes", Presence::optional);
    JOINEDUP_CHECK(table.finish());
  }
  if (const auto* item = root.table("linkage", Presence::optional)) {
    StrictTable table(*item, file_name, "[linkage]");
    if (item->contains("probabilistic")) place.linkage.probabilistic = table.flag("probabilistic", Presence::optional);
    if (item->contains("threshold_weight")) place.linkage.threshold_weight = table.number("threshold_weight", Presence::optional, 0);
    place.linkage.review_capacity = table.integer("review_capacity", Presence::optional, place.linkage.review_capacity);
    if (place.linkage.review_capacity < 0 || place.linkage.review_capacity > 100000) table.complain("review_capacity", "Give a number of pairs from 0 to 100000.");
    if (place.linkage.threshold_weight && *place.linkage.threshold_weight < 0)
      table.complain("threshold_weight", "A threshold below 0 would join people who are more likely two than one.");
    JOINEDUP_CHECK(table.finish());
  }
  if (const auto* item = root.table("shared_record", Presence::optional)) {
    StrictTable table(*item, file_name, "[shared_record]");
    place.shared_record_profiles = table.text("profiles", Presence::optional);
    JOINEDUP_CHECK(table.finish());
  }
  JOINEDUP_CHECK(read_workspace(root));  // the same
  JOINEDUP_TRY(const auto subscriptions, read_subscriptions(root, place.folder));  // only checked here: who serves reads them
  if (const auto* item = root.table("objections", Presence::optional)) {
    StrictTable table(*item, file_name, "[objections]");
    place.objections_file = table.text("file", Presence::required);
    JOINEDUP_CHECK(table.finish());
  }
  return {};
}

}  // namespace

const std::vector<std::string>& worker_roles() {
  static const std::vector<std::string> all = {
      "care_coordinator",   "team_lead",     "general_practitioner", "practice_nurse",        "practice_administrator", "pharmacist",
      "community_nurse",    "palliative_nurse", "physiotherapist",   "occupational_therapist", "mental_health_nurse",   "hospital_doctor",
      "social_worker",      "housing_officer", "link_worker",        "safeguarding_lead",     "analyst",                "caldicott_guardian"};
  return all;
}

Result<Place> parse_place(const std::string& text, const std::string& folder) {
  JOINEDUP_TRY(const auto parsed, parse_toml(text, file_name));
  Place place;
  place.folder = folder;
  StrictTable root(parsed, file_name, "place.toml");
  JOINEDUP_CHECK(read_sections(root, place));
  JOINEDUP_CHECK(read_partners(root, place));
  JOINEDUP_CHECK(read_feeds(root, place));
  JOINEDUP_CHECK(read_agreements(root, place, file_name));
  JOINEDUP_CHECK(read_teams(root, place));
  JOINEDUP_CHECK(read_workers(root, place));
  root.tables("identity_provider");  // read, as strictly, by room identity
  JOINEDUP_CHECK(root.finish());
  return place;
}

Result<Place> read_place(const std::string& folder) {
  const std::string file = folder + "/" + file_name;
  if (!std::filesystem::exists(file))
    return fail(ErrorCode::not_found, "There is no place here: place.toml is missing. `joinedup init --place DIR` makes one.", file);
  JOINEDUP_TRY(const auto text, read_file(file));
  JOINEDUP_TRY(auto place, parse_place(text, folder));
  for (const auto& needed : {place.postcodes_file, place.objections_file, place.shared_record_profiles})
    if (!needed.empty() && !std::filesystem::exists(place.path(needed)))
      return fail(ErrorCode::not_found, "place.toml names this, but it is not there.", place.path(needed));
  for (const auto& [name, feed] : place.feeds)
    if (!feed.nhs_pseudonym_key_file.empty() && !std::filesystem::exists(place.path(feed.nhs_pseudonym_key_file)))
      return fail(ErrorCode::not_found, "[feeds." + name + "] names this key file, but it is not there.", place.path(feed.nhs_pseudonym_key_file));
  return place;
}

}  // namespace joinedup::place
