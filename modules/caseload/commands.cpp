// joinedup cases …: the verb's arguments, its sentences, its one JSON document.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "caseload/steps.hpp"

namespace joinedup::caseload {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* usage_text =
    "joinedup cases find        --place DIR [--team T] [--role analyst|team] [--as-of DAY] [--why PSEUDONYM]\n"
    "                           [--allocate random --seed N --approved-by WHO] [--json]\n"
    "joinedup cases release     --place DIR --team T --by \"NAME, ROLE\" [--list ID] [--allocate random --seed N --approved-by WHO]\n"
    "joinedup cases waiting     --place DIR [--team T] [--json]\n"
    "joinedup cases fairness    --place DIR [--json]\n"
    "joinedup cases outcome     --place DIR --team T --pseudonym P --what accepted|declined|active|on_hold|finished|moved_away|died\n"
    "                           --by WHO [--reason R] [--on DAY]\n"
    "joinedup cases history     --place DIR [--team T] [--json]\n"
    "joinedup cases allocation  --place DIR                     (CSV, for evaluation)\n"
    "who a found person is: joinedup govern reidentify --place DIR --user U --pseudonym P --reason R\n";

struct Asked {
  std::string verb, place;
  std::map<std::string, std::string> flags;
  bool json = false;
  unsigned threads = 2;
  std::string value(const std::string& flag, const std::string& otherwise = {}) const {
    const auto found = flags.find(flag);
    return found == flags.end() ? otherwise : found->second;
  }
  bool has(const std::string& flag) const { return flags.contains(flag); }
};

Result<Asked> read_arguments(std::span<const std::string> arguments) {
  static const std::map<std::string, std::vector<std::string>> known = {
      {"find", {"--team", "--role", "--as-of", "--why", "--allocate", "--seed", "--approved-by"}},
      {"release", {"--team", "--by", "--list", "--as-of", "--allocate", "--seed", "--approved-by"}},
      {"waiting", {"--team", "--as-of"}},
      {"fairness", {"--as-of"}},
      {"outcome", {"--team", "--pseudonym", "--what", "--by", "--reason", "--on"}},
      {"history", {"--team"}},
      {"allocation", {}}};
  Asked asked;
  if (!arguments.empty() && arguments[0] == "reidentify")
    return fail(ErrorCode::wrong_usage, "A role that somebody says they have is not believed any more: joinedup govern reidentify --place DIR --user U --pseudonym P --reason R asks the account, the released list and the log.");
  if (arguments.empty() || !known.contains(arguments[0])) return fail(ErrorCode::wrong_usage, std::string("Say what to do with cases:\n") + usage_text);
  asked.verb = arguments[0];
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const auto& flag = arguments[i];
    if (flag == "--json") {
      asked.json = true;
      continue;
    }
    const auto& allowed = known.at(asked.verb);
    if (flag != "--place" && flag != "--threads" && std::find(allowed.begin(), allowed.end(), flag) == allowed.end())
      return fail(ErrorCode::wrong_usage, "`joinedup cases " + asked.verb + "` does not know " + flag + ".");
    if (i + 1 == arguments.size()) return fail(ErrorCode::wrong_usage, flag + " needs a value after it.");
    const auto& value = arguments[++i];
    if (flag == "--place") asked.place = value;
    else if (flag == "--threads") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), asked.threads);
      if (error != std::errc() || end != value.data() + value.size() || asked.threads < 1 || asked.threads > 256) return fail(ErrorCode::wrong_usage, "--threads takes a number from 1 to 256.");
    } else asked.flags[flag] = value;
  }
  if (asked.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  return asked;
}

Result<std::int64_t> read_pseudonym(const std::string& text) {
  std::int64_t key = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), key);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return fail(ErrorCode::wrong_usage, "A pseudonym is a whole number, as `joinedup cases find --json` gives it.");
  return key;
}

Result<ListOptions> read_list_options(const Asked& asked) {
  ListOptions options{};
  if (!asked.has("--allocate")) {
    if (asked.has("--seed") || asked.has("--approved-by")) return fail(ErrorCode::wrong_usage, "--seed and --approved-by belong to --allocate random.");
    return options;
  }
  if (asked.value("--allocate") != "random") return fail(ErrorCode::wrong_usage, "--allocate takes random; without it the list is in order of what care could change.");
  if (asked.value("--approved-by").empty()) return fail(ErrorCode::wrong_usage, "A random allocation is approved by somebody: --approved-by \"name, role\".");
  RandomAllocation random;
  const auto seed = asked.value("--seed");
  const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), random.seed);
  if (seed.empty() || error != std::errc() || end != seed.data() + seed.size()) return fail(ErrorCode::wrong_usage, "A random allocation needs its seed, a whole number: --seed 20260401. It is recorded, so that the lot can be drawn again.");
  random.approved_by = asked.value("--approved-by");
  options.random = random;
  return options;
}

struct Work {
  place::Place place;
  Opened opened;
  Found found;
};

Result<Work> find(const Asked& asked) {
  JOINEDUP_TRY(auto place, place::read_place(asked.place));
  Date day = place.data_to;
  if (asked.has("--as-of")) {
    const auto read = parse_iso_date(asked.value("--as-of"));
    if (!read) return fail(ErrorCode::wrong_usage, "--as-of takes a day as 2026-03-31.");
    day = *read;
  }
  if (asked.has("--team") && std::none_of(place.teams.begin(), place.teams.end(), [&](const auto& team) { return team.name == asked.value("--team"); }))
    return fail(ErrorCode::not_found, "place.toml has no team \"" + asked.value("--team") + "\".");
  JOINEDUP_TRY(const auto options, read_list_options(asked));
  JOINEDUP_TRY(auto opened, open_published(place, asked.threads));
  JOINEDUP_TRY(const auto basis, write_candidates(opened.connection, place, day));
  JOINEDUP_TRY(const auto current, Store::current_of(place));
  JOINEDUP_TRY(auto found, make_lists(opened.connection, place, basis, current, options));
  return Work{std::move(place), std::move(opened), std::move(found)};
}

Json number(std::optional<double> value) { return value ? Json(std::stod(format_number(*value))) : Json(nullptr); }
Json number(std::optional<std::int64_t> value) { return value ? Json(*value) : Json(nullptr); }
Json text(const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); }

enum class Sensitive { shown, withheld };

Json reasons_json(const std::vector<Reason>& reasons, Sensitive sensitive, std::int64_t& withheld) {
  Json all = Json::array();
  for (const auto& reason : reasons) {
    if (sensitive == Sensitive::withheld && reason.label != "normal" && reason.label != "palliative") {
      ++withheld;
      continue;
    }
    all.push_back({{"text", reason.text}, {"source", reason.source}, {"date", text(reason.date)}, {"label", reason.label}, {"number", reason.dimension}});
  }
  return all;
}

Json case_json(const Case& one, Sensitive sensitive, const place::Place& place) {
  std::int64_t withheld = 0;
  Json out;
  out["pseudonym"] = std::to_string(one.person_key);
  out["team"] = text(one.team);
  out["state"] = one.state;
  out["rank"] = number(one.rank);
  out["risk"] = number(one.risk);
  out["impactability"] = number(one.impactability);
  out["care_gaps"] = number(one.care_gaps);
  out["reasons"] = reasons_json(one.reasons, sensitive, withheld);
  out["reasons_withheld"] = withheld;
  out["excluded_because"] = text(one.excluded_because);
  if (one.state == "palliative_coordination") out["coordinated_by"] = place.case_finding.palliative_team;
  return out;
}

Json fairness_json(const std::vector<FairnessRow>& rows) {
  Json all = Json::array();
  for (const auto& row : rows)
    all.push_back({{"dimension", row.dimension}, {"group", row.group}, {"people", row.people}, {"in_need", row.in_need}, {"listed", row.listed},
                   {"listed_per_100_in_need", number(row.listed_per_100_in_need)}, {"relative_to_all_in_need", number(row.relative)}});
  return all;
}

void print(const std::string& out) { std::fwrite(out.data(), 1, out.size(), stdout); }
void print_json(const Json& out) { print(out.dump(2) + "\n"); }

void say_notes(const Found& found) {
  for (const auto& note : found.basis.notes) std::fprintf(stderr, "joinedup: %s\n", note.c_str());
}

void print_fairness(const Found& found) {
  print("\nWho is listed, of those in need (small numbers kept back):\n");
  for (const auto& row : found.fairness)
    print("  " + row.dimension + ": " + row.group + ": people " + row.people + ", in need " + row.in_need + ", listed " + row.listed +
          (row.relative ? ", " + format_number(std::round(*row.relative * 100) / 100) + " times the rate of all in need" : "") + "\n");
}

void print_list(const Found& found, const std::string& team, Sensitive sensitive, const std::string& palliative_team) {
  print("As of " + found.basis.index_date.to_iso() + ", " + with_commas(found.basis.people) + " people. Risk of an emergency admission within a year: " + found.basis.risk_model + ".\n" + not_for + "\n");
  for (const auto& one : found.teams) {
    if (!team.empty() && one.team != team) continue;
    print("\n" + one.team + ": places " + std::to_string(one.capacity) + ", held " + std::to_string(one.held) + ", found " + std::to_string(one.found) + ", waiting " +
          std::to_string(one.waiting) + ", palliative co-ordination " + std::to_string(one.palliative) + ". List " + one.list + "\n");
    for (const auto& person : found.cases) {
      if (person.team != one.team || (person.state != "found" && person.state != "palliative_coordination")) continue;
      print((person.rank ? std::to_string(*person.rank) + ". " : "for " + palliative_team + ": ") + std::to_string(person.person_key) + "  risk " + (person.risk ? format_number(std::round(*person.risk * 100) / 100) : "-") +
            ", impactability " + std::to_string(person.impactability.value_or(0)) + ", gaps " + std::to_string(person.care_gaps.value_or(0)) + "\n");
      for (const auto& reason : person.reasons)
        if (sensitive == Sensitive::shown || reason.label == "normal" || reason.label == "palliative") print("     " + reason.text + "\n");
    }
  }
  print("\nNot listed:\n");
  for (const auto& exclusion : found.exclusions)
    if (team.empty() || exclusion.team == team) print("  " + (exclusion.team.empty() ? "no team" : exclusion.team) + ": " + exclusion.because + ": " + with_commas(exclusion.people) + "\n");
  print_fairness(found);
}

Result<Sensitive> role_of(const Asked& asked) {
  const auto role = asked.value("--role", "analyst");
  if (role == "analyst") return Sensitive::withheld;
  if (role == "team") return Sensitive::shown;
  return fail(ErrorCode::wrong_usage, "--role is analyst (sensitive reasons withheld) or team.");
}

Result<int> find_verb(const Asked& asked) {
  JOINEDUP_TRY(const auto sensitive, role_of(asked));
  JOINEDUP_TRY(auto work, find(asked));
  say_notes(work.found);
  const auto team = asked.value("--team");
  if (asked.has("--why")) {
    JOINEDUP_TRY(const auto person, read_pseudonym(asked.value("--why")));
    JOINEDUP_TRY(const auto why, explain(work.opened.connection, work.found, person));
    std::int64_t withheld = 0;
    if (asked.json) {
      Json out{{"pseudonym", std::to_string(person)}, {"answer", why.answer}};
      out["reasons"] = reasons_json(why.reasons, sensitive, withheld);
      out["reasons_withheld"] = withheld;
      out["case"] = why.found ? case_json(*why.found, sensitive, work.place) : Json(nullptr);
      print_json(out);
      return 0;
    }
    print(why.answer + "\n");
    for (const auto& reason : why.reasons)
      if (sensitive == Sensitive::shown || reason.label == "normal") print("  " + reason.text + " (" + reason.source + ")\n");
    return 0;
  }
  if (!asked.json) {
    print_list(work.found, team, sensitive, work.place.case_finding.palliative_team);
    return 0;
  }
  Json all = Json::array();
  for (const auto& one : work.found.cases)
    if (team.empty() || one.team == team) all.push_back(case_json(one, sensitive, work.place));
  print_json(all);
  return 0;
}

Result<int> release_verb(const Asked& asked) {
  if (asked.value("--team").empty()) return fail(ErrorCode::wrong_usage, "Say whose list is released with --team.");
  const auto by = asked.value("--by");
  const auto comma = by.find_first_of(",/");
  if (comma == std::string::npos || trim(by.substr(0, comma)).empty() || trim(by.substr(comma + 1)).empty())
    return fail(ErrorCode::wrong_usage, "A list is released by a named clinician: --by \"Dr A. Example, GP lead\".");
  JOINEDUP_TRY(auto work, find(asked));
  say_notes(work.found);
  const auto team = std::find_if(work.found.teams.begin(), work.found.teams.end(), [&](const auto& one) { return one.team == asked.value("--team"); });
  if (asked.has("--list") && asked.value("--list") != team->list)
    return fail(ErrorCode::conflict, "The list has changed since it was looked at (it is " + team->list + " now); look at it again before it is released.");
  std::vector<Case> cases;
  for (const auto& one : work.found.cases)
    if (one.team == team->team && (one.state == "found" || one.state == "waiting" || one.state == "palliative_coordination")) cases.push_back(one);
  if (cases.empty()) return fail(ErrorCode::not_found, "The list of team " + team->team + " is empty; there is nothing to release.");
  Release release;
  release.list = team->list;
  release.team = team->team;
  release.run = work.opened.run;
  release.index_date = work.found.basis.index_date.to_iso();
  release.risk_model = work.found.basis.risk_model;
  release.by = std::string(trim(by.substr(0, comma)));
  release.role = std::string(trim(by.substr(comma + 1)));
  release.list_was_named = asked.has("--list");
  release.fairness = fairness_json(work.found.fairness).dump();
  release.found = team->found;
  release.waiting = team->waiting;
  std::vector<Allocation> allocation;
  for (const auto& lot : work.found.allocation)
    if (lot.team == team->team) allocation.push_back(lot);
  if (!allocation.empty()) {
    JOINEDUP_TRY(const auto options, read_list_options(asked));
    if (options.random) release.seed = options.random->seed, release.approved_by = options.random->approved_by;
  }
  JOINEDUP_TRY(auto store, Store::open(work.place));
  JOINEDUP_TRY(const auto released, store.release(release, cases, allocation));
  if (asked.json)
    print_json(Json{{"list", released.list}, {"team", released.team}, {"released_at", released.at}, {"released_by", released.by}, {"role", released.role}, {"found", released.found},
               {"waiting", released.waiting}, {"palliative", team->palliative}, {"allocated", allocation.size()}, {"seed", released.seed ? Json(*released.seed) : Json(nullptr)},
               {"approved_by", text(released.approved_by)}, {"fairness", fairness_json(work.found.fairness)}});
  else {
    print_fairness(work.found);
    print("\nReleased to " + released.team + " at " + released.at + " by " + released.by + " (" + released.role + "): " + std::to_string(released.found) + " found, " +
          std::to_string(released.waiting) + " waiting. List " + released.list + "\n");
  }
  return 0;
}

Result<int> waiting_verb(const Asked& asked) {
  JOINEDUP_TRY(auto work, find(asked));
  say_notes(work.found);
  Json all = Json::array();
  std::string lines;
  for (const auto& one : work.found.cases) {
    if (one.state != "waiting" || (asked.has("--team") && one.team != asked.value("--team"))) continue;
    all.push_back(case_json(one, Sensitive::withheld, work.place));
    lines += one.team + "  " + std::to_string(*one.rank) + ". " + std::to_string(one.person_key) + "  " + one.excluded_because + "\n";
  }
  if (asked.json) print_json(all);
  else print(lines.empty() ? "Nobody is waiting.\n" : lines);
  return 0;
}

Result<int> fairness_verb(const Asked& asked) {
  JOINEDUP_TRY(auto work, find(asked));
  say_notes(work.found);
  if (asked.json) print_json(fairness_json(work.found.fairness));
  else print_fairness(work.found);
  return 0;
}

Result<int> outcome_verb(const Asked& asked) {
  JOINEDUP_TRY(const auto place, place::read_place(asked.place));
  Outcome outcome;
  JOINEDUP_TRY(outcome.person_key, read_pseudonym(asked.value("--pseudonym")));
  outcome.team = asked.value("--team");
  outcome.what = asked.value("--what");
  outcome.reason = asked.value("--reason");
  outcome.by = asked.value("--by");
  outcome.on = asked.value("--on", today().to_iso());
  JOINEDUP_TRY(auto store, Store::open(place));
  JOINEDUP_CHECK(store.record_outcome(outcome));
  if (asked.json) print_json(Json{{"pseudonym", std::to_string(outcome.person_key)}, {"team", outcome.team}, {"what", outcome.what}, {"on", outcome.on}});
  else print("Recorded.\n");
  return 0;
}

Result<int> history_verb(const Asked& asked) {
  JOINEDUP_TRY(const auto place, place::read_place(asked.place));
  JOINEDUP_TRY(auto opened, open_published(place, asked.threads));
  JOINEDUP_TRY(auto store, Store::open(place));
  JOINEDUP_TRY(const auto releases, store.releases(asked.value("--team")));
  Json all = Json::array();
  for (const auto& release : releases) {
    JOINEDUP_TRY(const auto members, store.members(release.list));
    std::vector<std::vector<std::string>> rows;
    for (const auto& member : members) rows.push_back({std::to_string(member.person_key), member.state});
    JOINEDUP_CHECK(fill_table(opened.connection, "case_listed_before", "person_key BIGINT, state VARCHAR", rows));
    JOINEDUP_TRY(const auto admitted, opened.connection.query(
        "SELECT l.state, count(*), count(DISTINCT a.person_key) FROM case_listed_before l LEFT JOIN (SELECT DISTINCT person_key FROM hospital_spell WHERE admission_type = 'emergency' AND admission_date > DATE '" +
        release.index_date + "') a ON a.person_key = l.person_key GROUP BY l.state ORDER BY l.state"));
    JOINEDUP_TRY(const auto outcomes_found, store.outcomes_of(release.list));
    std::map<std::string, std::int64_t> counts, because;
    for (const auto& [outcome, at] : outcomes_found) {
      ++counts[outcome.what];
      if (outcome.what == "declined") ++because[outcome.reason];
    }
    Json one{{"list", release.list}, {"team", release.team}, {"released_at", release.at}, {"released_by", release.by}, {"role", release.role}, {"account", release.account},
             {"index_date", release.index_date}, {"risk_model", release.risk_model}, {"found", release.found}, {"waiting", release.waiting},
             {"seed", release.seed ? Json(*release.seed) : Json(nullptr)}, {"approved_by", text(release.approved_by)}};
    one["outcomes"] = Json(counts);
    one["declined_because"] = Json(because);
    one["admitted_anyway"] = Json::array();
    for (std::size_t i = 0; i < admitted.rows.size(); ++i)
      one["admitted_anyway"].push_back({{"state", admitted.rows[i][0]}, {"people", admitted.integer(i, 1)}, {"admitted_since_the_index_date", admitted.integer(i, 2)}});
    all.push_back(std::move(one));
  }
  if (asked.json) {
    print_json(all);
    return 0;
  }
  for (const auto& one : all) print(one.dump() + "\n");
  if (all.empty()) print("No list has been released yet.\n");
  return 0;
}

Result<int> allocation_verb(const Asked& asked) {
  JOINEDUP_TRY(const auto place, place::read_place(asked.place));
  JOINEDUP_TRY(auto store, Store::open(place));
  JOINEDUP_TRY(const auto csv, store.allocation_csv());
  print(csv);
  return 0;
}

}  // namespace

int cases_command(std::span<const std::string> arguments) {
  const auto done = [&]() -> Result<int> {
    if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "help")) {
      std::fputs(usage_text, stdout);
      return 0;
    }
    JOINEDUP_TRY(const auto asked, read_arguments(arguments));
    if (asked.json) set_progress_quiet(true);
    if (asked.verb == "find") return find_verb(asked);
    if (asked.verb == "release") return release_verb(asked);
    if (asked.verb == "waiting") return waiting_verb(asked);
    if (asked.verb == "fairness") return fairness_verb(asked);
    if (asked.verb == "outcome") return outcome_verb(asked);
    if (asked.verb == "history") return history_verb(asked);
    return allocation_verb(asked);
  }();
  if (done) return *done;
  std::fprintf(stderr, "joinedup: %s\n", done.error().text().c_str());
  return error_channel(done.error().code).exit_status;
}

}  // namespace joinedup::caseload
