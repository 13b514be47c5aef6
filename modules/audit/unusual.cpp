#include "audit/unusual.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "audit_embedded.hpp"
#include "base/date.hpp"
#include "base/text.hpp"

namespace joinedup::audit {
namespace {

constexpr std::int64_t hour = 3'600'000'000, day_long = 24 * hour;
constexpr std::size_t most_patients = 20, least_peers = 10;

struct Rule {
  double threshold = 0;
  std::string sentence;
};
std::map<std::string, Rule> read_rules() {
  std::map<std::string, Rule> rules;
  for (const auto& file : embedded_audit()) {
    if (file.name != std::string_view("data/unusual.csv")) continue;
    for (const auto line : split(file.text, '\n')) {
      const auto fields = split(line, ',');
      if (line.starts_with('#') || fields.size() < 4 || fields[0] == "rule") continue;
      const auto sentence = line.substr(static_cast<std::size_t>(fields[3].data() - line.data()));
      rules[std::string(fields[0])] = {std::strtod(std::string(fields[1]).c_str(), nullptr), std::string(trim(sentence))};
    }
  }
  return rules;
}

// British local time: an hour ahead from the last Sunday of March to the last of October, changing at 01:00 UTC.
std::int64_t local(std::int64_t instant) {
  const Date today{static_cast<std::int32_t>(instant / day_long)};
  const auto last_sunday = [&](int month) {
    const auto end = Date::from_civil(today.civil().year, month, 31);
    return static_cast<std::int64_t>(end.days - (end.days + 4) % 7) * day_long + hour;  // day 0 was a Thursday
  };
  return instant >= last_sunday(3) && instant < last_sunday(10) ? instant + hour : instant;
}

struct Day {
  std::set<std::string> patients, own_record, own_family_name, own_neighbour, colleague, deceased, emergency;
  std::uint64_t searches = 0, reads = 0, night = 0, refused = 0, emergencies = 0, own = 0;
  std::string role, organisation;
  double longest_dead = 0;
};
using Days = std::map<std::pair<std::int64_t, std::string>, Day>;  // by local day and user

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// Median and spread of people seen in a day, by role.
struct Peers {
  double middle = 0, spread = 0;
  std::size_t count = 0;
};
std::map<std::string, Peers> peers_of(const Days& days) {
  std::map<std::string, std::vector<double>> seen;
  for (const auto& [key, one] : days)
    if (!one.patients.empty()) seen[one.role].push_back(static_cast<double>(one.patients.size()));
  std::map<std::string, Peers> out;
  for (auto& [role, values] : seen) {
    Peers peers{median(values), 0, values.size()};
    std::vector<double> away;
    for (const auto value : values) away.push_back(std::abs(value - peers.middle));
    peers.spread = std::max(1.0, median(std::move(away)));  // where all see nearly the same number, one more is not unusual
    out[role] = peers;
  }
  return out;
}

class Gatherer {
 public:
  Gatherer(const UnusualOptions& options, double dead_days) : options_(options), dead_days_(dead_days) {}
  void take(const Kept& kept);
  Days days;
  std::uint64_t events = 0;

 private:
  const std::optional<KnownOf>& worker(const std::string& user) { return known(workers_, options_.worker, user); }
  const std::optional<KnownOf>& person(const std::string& patient) { return known(people_, options_.person, patient); }
  using Cache = std::map<std::string, std::optional<KnownOf>>;
  static const std::optional<KnownOf>& known(Cache& cache, const std::function<std::optional<KnownOf>(const std::string&)>& ask, const std::string& id) {
    const auto [at, is_new] = cache.try_emplace(id);
    if (is_new && ask) at->second = ask(id);
    return at->second;
  }
  const UnusualOptions& options_;
  double dead_days_;
  Cache workers_, people_;
};

void Gatherer::take(const Kept& kept) {
  ++events;
  const auto& event = kept.event;
  // A person or a proxy in their own record is not a worker who is curious.
  if (event.user.empty() || event.purpose == "own_record") return;
  const auto at = local(event.instant);
  auto& one = days[{at / day_long, event.user}];
  one.role = event.roles.empty() ? "" : event.roles.front();
  one.organisation = event.organisation;
  if (event.outcome == "denied") {
    ++one.refused;
    return;
  }
  if (event.outcome != "allowed") return;
  if (event.kind == "search") ++one.searches;
  if (event.kind == "read" || event.kind == "history" || event.kind == "export") ++one.reads;
  if (event.kind == "emergency") {
    ++one.emergencies;
    one.emergency.insert(event.patients.begin(), event.patients.end());
  }
  if (event.patients.empty()) return;
  const auto clock = at % day_long / hour;
  if (clock >= 22 || clock < 6) ++one.night;
  one.patients.insert(event.patients.begin(), event.patients.end());
  const auto& own = worker(event.user);
  for (const auto& patient : event.patients) {
    const auto& who = person(patient);
    const bool is_self = own && !own->patient.empty() && own->patient == patient;
    if (is_self) ++one.own, one.own_record.insert(patient);
    if (!who) continue;
    const auto same = [](const std::string& a, const std::string& b) { return !a.empty() && a == b; };
    if (own && !is_self && same(own->family_name_hash, who->family_name_hash)) one.own_family_name.insert(patient);
    if (own && !is_self && same(own->area, who->area)) one.own_neighbour.insert(patient);
    if (!is_self && same(event.organisation, who->works_for)) one.colleague.insert(patient);
    const auto dead = who->died == 0 ? 0.0 : static_cast<double>(event.instant - who->died) / static_cast<double>(day_long);
    if (who->died != 0 && dead >= dead_days_) {
      one.deceased.insert(patient);
      one.longest_dead = std::max(one.longest_dead, dead);
    }
  }
}

}  // namespace

Result<UnusualReport> unusual_access(Reader& reader, const UnusualOptions& options) {
  const auto rules = read_rules();
  const auto rule = [&](const char* name) -> const Rule& {
    const auto at = rules.find(name);
    JOINEDUP_INVARIANT(at != rules.end(), "a rule of data/unusual.csv is missing");
    return at->second;
  };
  Gatherer gathered(options, rule("deceased").threshold);
  // The log is read through once; nothing of it is kept but sums and sets of ids.
  JOINEDUP_TRY(const auto nothing, reader.find({.from = options.from, .until = options.until, .count = 1, .shows = [&](const Kept& kept) {
                                                  gathered.take(kept);
                                                  return false;
                                                }}));
  UnusualReport report;
  report.events = gathered.events;
  if (!options.worker) report.not_checked.insert(report.not_checked.end(), {"own_record", "own_family_name", "own_neighbour"});
  if (!options.person) {
    report.not_checked.insert(report.not_checked.end(), {"colleague", "deceased"});
    if (options.worker) report.not_checked.insert(report.not_checked.end(), {"own_family_name", "own_neighbour"});
  }
  const auto peers = peers_of(gathered.days);
  for (const auto& [role, group] : peers)
    if (group.count < least_peers) report.not_checked.push_back("volume of role " + (role.empty() ? "(none)" : role) + ": too few days of peers");
  for (const auto& [key, one] : gathered.days) {
    const auto day = Date{static_cast<std::int32_t>(key.first)}.to_iso();
    const auto add = [&, &one = one, &user = key.second](const char* name, double count, double score, const std::set<std::string>& about) {
      if (score < rule(name).threshold) return;
      UnusualFinding found{name, user, one.role, one.organisation, day, count, score, {}, rule(name).sentence};
      for (const auto& patient : about)
        if (found.patients.size() < most_patients) found.patients.push_back(patient);
      report.found.push_back(std::move(found));
    };
    const auto size = [](const auto& set) { return static_cast<double>(set.size()); };
    add("own_record", static_cast<double>(one.own), static_cast<double>(one.own), one.own_record);
    add("own_family_name", size(one.own_family_name), size(one.own_family_name), one.own_family_name);
    add("own_neighbour", size(one.own_neighbour), size(one.own_neighbour), one.own_neighbour);
    add("colleague", size(one.colleague), size(one.colleague), one.colleague);
    if (!one.deceased.empty()) add("deceased", size(one.deceased), one.longest_dead, one.deceased);
    if (const auto at = peers.find(one.role); at != peers.end() && at->second.count >= least_peers)
      add("volume", size(one.patients), 0.6745 * (size(one.patients) - at->second.middle) / at->second.spread, {});
    if (one.reads * 10 < one.searches) add("searches_without_reads", static_cast<double>(one.searches), static_cast<double>(one.searches), {});
    add("out_of_hours", static_cast<double>(one.night), static_cast<double>(one.night), {});
    add("refused", static_cast<double>(one.refused), static_cast<double>(one.refused), {});
    add("emergency", static_cast<double>(one.emergencies), static_cast<double>(one.emergencies), one.emergency);
  }
  return report;
}

std::string unusual_csv(const UnusualReport& report) {
  std::string out = "day,user,role,organisation,rule,count,score,patients,sentence\n";
  for (const auto& one : report.found) {
    std::string patients;
    for (const auto& patient : one.patients) patients += (patients.empty() ? "" : " ") + patient;
    out += one.day;
    for (const auto& field : {one.user, one.role, one.organisation, one.rule, format_number(one.count), format_number(one.score), patients, one.sentence}) out += "," + csv_field(field);
    out += "\n";
  }
  return out;
}

}  // namespace joinedup::audit
