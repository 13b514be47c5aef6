// The lists themselves: order, capacity, who is held already, who waits, and chance where it was approved.
#include <algorithm>
#include <cmath>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "caseload/steps.hpp"

namespace joinedup::caseload {
namespace {

constexpr std::uint64_t allocation_stream = 0xCA5E;

std::optional<std::int64_t> whole(const engine::Table& table, std::size_t row, std::size_t column) {
  if (table.nulls[row][column]) return std::nullopt;
  return table.integer(row, column);
}

// Everybody who could be on a list, and those who objected; in the order of the list.
Result<std::vector<Case>> read_cases(engine::Connection& connection) {
  JOINEDUP_TRY(const auto table, connection.query(
      "SELECT person_key, coalesce(team, ''), practice, state, risk, impactability, care_gaps, coalesce(excluded_because, '') FROM case_candidate "
      "WHERE state <> 'excluded' OR excluded_because = 'objects_to_case_finding' "
      "ORDER BY coalesce(team, ''), impactability DESC NULLS LAST, care_gaps DESC NULLS LAST, risk DESC NULLS LAST, person_key"));
  std::vector<Case> cases;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    Case one;
    one.person_key = table.integer(i, 0);
    one.team = table.rows[i][1];
    one.practice = table.rows[i][2];
    one.state = table.rows[i][3];
    if (!table.nulls[i][4]) one.risk = table.number(i, 4);
    one.impactability = whole(table, i, 5);
    one.care_gaps = whole(table, i, 6);
    one.excluded_because = table.rows[i][7];
    cases.push_back(std::move(one));
  }
  return cases;
}

// Who is with a team already, or said no, is not offered again.
void apply_standing(std::vector<Case>& cases, const Current& current) {
  for (auto& one : cases) {
    const auto found = current.find(one.person_key);
    if (found == current.end() || one.state != "candidate") continue;
    const auto& standing = found->second;
    if (holds_place(standing)) {
      one.state = "on_caseload";
      one.excluded_because = standing.state == "offered" ? "offered_already" : "on_the_caseload_already";
    } else if (standing.state == "declined") {
      one.state = "excluded";
      one.excluded_because = "declined_before";
    }
  }
}

std::string stratum_of(const Case& one) {
  const auto count = one.impactability.value_or(0);
  const std::string impact = count >= 3 ? "impactability 3 or more" : count == 2 ? "impactability 2" : "impactability 0 or 1";
  const double risk = one.risk.value_or(0);
  return impact + (risk >= .5 ? ", risk 0.5 or more" : risk >= .3 ? ", risk 0.3 to 0.5" : ", risk below 0.3");
}

// Places go to strata in proportion to need (largest remainder), and within a stratum by lot: each person has the same chance.
std::vector<Allocation> draw_lots(const std::vector<const Case*>& need, std::int64_t places, const RandomAllocation& random) {
  std::map<std::string, std::vector<const Case*>> strata;
  for (const auto* one : need) strata[stratum_of(*one)].push_back(one);
  struct Share {
    std::string stratum;
    std::int64_t places = 0;
    double remainder = 0;
  };
  std::vector<Share> shares;
  std::int64_t given = 0;
  for (const auto& [stratum, people] : strata) {
    const double exact = static_cast<double>(places) * static_cast<double>(people.size()) / static_cast<double>(need.size());
    shares.push_back({stratum, static_cast<std::int64_t>(exact), exact - std::floor(exact)});
    given += shares.back().places;
  }
  std::stable_sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) { return a.remainder > b.remainder; });
  for (std::size_t i = 0; given < places && i < shares.size(); ++i, ++given) ++shares[i].places;
  std::vector<Allocation> all;
  for (const auto& share : shares) {
    auto& people = strata[share.stratum];
    std::vector<std::pair<std::uint64_t, const Case*>> lots;
    for (const auto* one : people) lots.emplace_back(CounterRandom(random.seed, static_cast<std::uint64_t>(one->person_key), allocation_stream).bits(), one);
    std::sort(lots.begin(), lots.end(), [](const auto& a, const auto& b) { return std::pair(a.first, a.second->person_key) < std::pair(b.first, b.second->person_key); });
    for (std::size_t i = 0; i < lots.size(); ++i)
      all.push_back({lots[i].second->person_key, lots[i].second->team, share.stratum, static_cast<std::int64_t>(i) < share.places ? "offered" : "waiting",
                     static_cast<double>(share.places) / static_cast<double>(people.size())});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return std::tie(a.stratum, a.person_key) < std::tie(b.stratum, b.person_key); });
  return all;
}

std::string name_of_list(const ListedTeam& team, const Basis& basis, const std::vector<Case>& cases) {
  Sha256 sum;
  sum.update(team.team + "|" + basis.index_date.to_iso() + "|" + basis.risk_model + "|" + std::to_string(team.capacity));
  for (const auto& one : cases)
    if (one.team == team.team && (one.state == "found" || one.state == "waiting" || one.state == "palliative_coordination"))
      sum.update("|" + std::to_string(one.person_key) + ":" + one.state + ":" + std::to_string(one.rank.value_or(0)) + ":" + format_number(one.risk.value_or(-1)) + ":" +
                 std::to_string(one.impactability.value_or(-1)) + ":" + std::to_string(one.care_gaps.value_or(-1)));
  return sum.finish_hex().substr(0, 16);
}

int order_of(const std::string& state) {
  if (state == "found") return 0;
  if (state == "waiting") return 1;
  if (state == "palliative_coordination") return 2;
  return state == "on_caseload" ? 3 : 4;
}

// Fills one team's places; the rest of its candidates wait, in order.
void fill_team(ListedTeam& team, std::vector<Case>& cases, const ListOptions& options, std::vector<Allocation>& allocation) {
  std::vector<Case*> need;
  for (auto& one : cases)
    if (one.team == team.team && one.state == "candidate") need.push_back(&one);
  const auto free = std::max<std::int64_t>(0, team.capacity - team.held);
  std::map<std::int64_t, bool> drawn;
  if (options.random && static_cast<std::int64_t>(need.size()) > free && free > 0) {
    for (const auto& lot : draw_lots({need.begin(), need.end()}, free, *options.random)) {
      drawn[lot.person_key] = lot.arm == "offered";
      allocation.push_back(lot);
    }
  }
  std::int64_t rank = 0;
  for (auto* one : need) {
    one->rank = ++rank;
    const bool offered = drawn.empty() ? rank <= free : drawn[one->person_key];
    one->state = offered ? "found" : "waiting";
    if (!offered) one->excluded_because = team.capacity == 0 ? "the_team_has_capacity_0" : drawn.empty() ? "the_team_is_full" : "the_lot_fell_to_others";
    (offered ? team.found : team.waiting) += 1;
  }
}

}  // namespace

bool holds_place(const Standing& standing) {
  return standing.state == "offered" || standing.state == "accepted" || standing.state == "active" || standing.state == "on_hold";
}

Result<Found> make_lists(engine::Connection& connection, const place::Place& place, const Basis& basis, const Current& current,
                         const ListOptions& options) {
  Found found{};
  found.basis = basis;
  JOINEDUP_TRY(found.cases, read_cases(connection));
  apply_standing(found.cases, current);
  for (const auto& team : place.teams) {
    ListedTeam listed;
    listed.team = team.name;
    listed.capacity = team.capacity;
    for (const auto& [person, standing] : current) listed.held += standing.team == team.name && holds_place(standing);
    fill_team(listed, found.cases, options, found.allocation);
    for (const auto& one : found.cases) listed.palliative += one.team == team.name && one.state == "palliative_coordination";
    listed.list = name_of_list(listed, basis, found.cases);
    if (listed.capacity == 0) found.basis.notes.push_back("Team " + listed.team + " has capacity 0: nobody is offered a place, and " + std::to_string(listed.waiting) + " wait.");
    found.teams.push_back(std::move(listed));
  }
  if (found.cases.empty() && basis.people > 0)
    found.basis.notes.push_back("Nobody was found: of " + with_commas(basis.people) + " people, none reached a risk of " + format_number(place.case_finding.risk_at_least) + " with anything that care could change.");
  std::stable_sort(found.cases.begin(), found.cases.end(), [](const Case& a, const Case& b) {
    return std::make_tuple(a.team, order_of(a.state), a.rank.value_or(0)) < std::make_tuple(b.team, order_of(b.state), b.rank.value_or(0));
  });
  if (options.explained != Explained::nobody) {
    const auto is_shown = [&](const Case& one) { return options.explained == Explained::offered ? one.state == "found" : one.state != "excluded"; };
    std::vector<std::int64_t> shown;
    for (const auto& one : found.cases)
      if (is_shown(one)) shown.push_back(one.person_key);
    JOINEDUP_CHECK(fill_people(connection, "case_shown", shown));
    JOINEDUP_TRY(auto reasons, reasons_of_shown(connection, basis));
    for (auto& one : found.cases)
      if (is_shown(one)) one.reasons = std::move(reasons[one.person_key]);
  }
  JOINEDUP_TRY(const auto exclusions, connection.query("SELECT team, excluded_because, people FROM case_exclusion ORDER BY team, excluded_because"));
  for (std::size_t i = 0; i < exclusions.rows.size(); ++i) found.exclusions.push_back({exclusions.rows[i][0], exclusions.rows[i][1], exclusions.integer(i, 2)});
  std::map<std::pair<std::string, std::string>, std::int64_t> later;
  for (const auto& one : found.cases)
    if (!one.excluded_because.empty() && one.excluded_because != "objects_to_case_finding") ++later[{one.team, one.excluded_because}];
  for (const auto& [key, people] : later) found.exclusions.push_back({key.first, key.second, people});
  JOINEDUP_TRY(found.fairness, fairness_of(connection, found.cases));
  return found;
}

Result<Why> explain(engine::Connection& connection, const Found& found, std::int64_t person_key) {
  Why why;
  const std::string key = std::to_string(person_key);
  JOINEDUP_TRY(const auto candidate, connection.query("SELECT coalesce(team, ''), state, risk, impactability, care_gaps, coalesce(excluded_because, ''), age FROM case_candidate WHERE person_key = " + key));
  if (candidate.rows.empty())
    return fail(ErrorCode::not_found, "This pseudonym is nobody on a practice's list on " + found.basis.index_date.to_iso() + ": not known here, no longer registered, or no longer alive.");
  for (const auto& one : found.cases)
    if (one.person_key == person_key) why.found = one;
  JOINEDUP_CHECK(fill_people(connection, "case_shown", {person_key}));
  JOINEDUP_TRY(auto reasons, reasons_of_shown(connection, found.basis));
  why.reasons = std::move(reasons[person_key]);
  const std::string because = why.found && !why.found->excluded_because.empty() ? why.found->excluded_because : candidate.rows[0][5];
  const std::string team = candidate.rows[0][0].empty() ? "no team" : "team " + candidate.rows[0][0];
  JOINEDUP_TRY(const auto threshold, connection.query("SELECT risk_at_least, age_at_least FROM case_setting"));
  static const std::map<std::string, std::string> words = {
      {"objects_to_case_finding", "Not on a list: the person objects to being looked for. Nothing was worked out."},
      {"age_not_known", "Not on a list: the age is not known, and lists are for adults."},
      {"too_young", "Not on a list: younger than this place looks for."},
      {"no_team_for_the_practice", "Not on a list: no team in place.toml looks after the practice."},
      {"no_risk_could_be_worked_out", "Not on a list: no risk could be worked out for this person."},
      {"nothing_found_that_care_could_change", "Not on a list: at risk, but nothing was found that care could change."},
      {"offered_already", "Not offered anew: a released list has the person already."},
      {"on_the_caseload_already", "Not offered anew: the team holds the person already."},
      {"declined_before", "Not on the list: the offer was declined before."},
      {"the_team_has_capacity_0", "On the waiting list: the team has capacity 0."},
      {"the_team_is_full", "On the waiting list: the team's places went to people higher in the order."},
      {"the_lot_fell_to_others", "On the waiting list: more people needed a place than there were, and the approved lot fell to others."}};
  if (because == "risk_below_the_threshold")
    why.answer = "Not on a list: the risk, " + format_number(std::round(candidate.number(0, 2) * 1000) / 1000) + ", is below the " + format_number(threshold.number(0, 0)) + " that this place looks for.";
  else if (const auto word = words.find(because); word != words.end()) why.answer = word->second;
  else if (why.found && why.found->state == "palliative_coordination") why.answer = "On the palliative co-ordination list, because the practice has the person on its end-of-life register; no risk decides that.";
  else if (why.found && why.found->state == "found")
    why.answer = "On the list of " + team + ", place " + std::to_string(why.found->rank.value_or(0)) + ": the order is by what care could change, then gaps in care, then risk.";
  else why.answer = "Not on a list.";
  return why;
}

}  // namespace joinedup::caseload
