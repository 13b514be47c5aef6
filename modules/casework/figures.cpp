// A team's caseload over the months, and by fifth of deprivation. Totals only: nobody's record is shown, and every number is of what
// the asker may see.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "casework/deprivation.hpp"
#include "casework/events.hpp"
#include "casework/figures.hpp"
#include "casework/handlers.hpp"
#include "casework/team.hpp"

namespace joinedup::casework {

namespace {

constexpr int few_below = 10;

struct Person {
  int fifth = 0;
  bool is_open = false;  // their record can be read; of a closed case only what it kept is counted
  std::vector<Stay> on_caseload;
  Events events;
};

std::optional<Date> day_of(const std::string& text) { return parse_iso_date(text.substr(0, 10)); }

class Gathering {
 public:
  Gathering(const Ask& ask, int months) : ask_(ask) {
    const auto first = ask.today.first_of_month();
    for (int i = months - 1; i >= 0; --i) {
      const auto from = first.add_months(-i);
      months_.push_back({from.to_iso().substr(0, 7), from, from.add_months(1)});
    }
    for (auto& one : out_.series) {
      for (auto& fifth : one.values) fifth.resize(months_.size());
      for (auto& fifth : one.people) fifth.resize(months_.size());
    }
  }

  Result<TeamMonths> gather(const std::string& team_id) {
    JOINEDUP_TRY(const auto cases, cases_of(ask_, team_id, {}, Reading::tallied));
    for (const auto& one : cases) people_[reference_at(one.json, "patient")];
    JOINEDUP_CHECK(read_areas());
    for (const auto& one : cases) take_case(one.json);
    for (const auto& one : cases)
      if (auto& person = people_[reference_at(one.json, "patient")]; !person.is_open) read_kept_events(one.json, person.events, person.fifth);
    for (std::size_t m = 0; m < months_.size(); ++m) {
      const auto day = std::min(months_[m].until - 1, ask_.today);
      for (const auto& [patient, person] : people_)
        if (is_within(person.on_caseload, day)) add(caseload, person, static_cast<int>(m), 1, patient);
    }
    JOINEDUP_CHECK(read_encounters());
    JOINEDUP_CHECK(read_tasks());
    for (const auto& [patient, person] : people_) take_events(patient, person);
    return std::move(out_);
  }

 private:
  int month_of(Date day) const {
    if (months_.empty() || day < months_.front().from || day >= months_.back().until) return -1;
    const auto a = months_.front().from.civil(), b = day.civil();
    return (b.year - a.year) * 12 + b.month - a.month;
  }

  void add(Measured measure, const Person& person, int month, double value, const std::string& patient) { out_.series[measure].add(person.fifth, month, value, patient); }

  // People whose record is open, a request of this many at a time.
  template <class Do>
  Result<void> in_parts(std::size_t size, Do act) const {
    std::string some;
    std::size_t count = 0;
    for (const auto& [patient, person] : people_) {
      if (areas_are_read_ && !person.is_open) continue;
      some += (some.empty() ? "" : ",") + percent_encoded(patient.substr(patient.find('/') + 1));
      if (++count % size == 0) {
        JOINEDUP_CHECK(act(some));
        some.clear();
      }
    }
    if (!some.empty()) JOINEDUP_CHECK(act(some));
    return {};
  }

  Result<void> read_areas() {
    JOINEDUP_CHECK(in_parts(100, [&](const std::string& ids) -> Result<void> {
      JOINEDUP_TRY(const auto found, ask_.search("Patient?_id=" + ids, Reading::tallied));
      for (const auto& one : found) {
        auto& person = people_[one.reference()];
        person.is_open = true;
        if (ask_.room.deprivation != nullptr) person.fifth = ask_.room.deprivation->fifth(text_at(one.json, "address/0/postalCode"));
      }
      return {};
    }));
    areas_are_read_ = true;
    return {};
  }

  void take_case(const Json& episode) {
    const auto patient = reference_at(episode, "patient");
    auto& person = people_[patient];
    const auto* history = node_at(episode, "statusHistory");
    if (history == nullptr || !history->is_array()) return;
    std::optional<Date> accepted;
    bool started = false;
    for (const auto& step : *history) {
      const auto status = text_at(step, "status");
      const auto from = day_of(text_at(step, "period/start"));
      if (!from) continue;
      if (status == "waitlist" && !accepted) accepted = from;
      if (status == "active" && !started) {
        started = true;
        add(starts, person, month_of(*from), 1, patient);
        if (accepted) add(waits, person, month_of(*from), *from - *accepted, patient);
      }
      if (status == "finished" && &step == &history->back()) add(ends, person, month_of(*from), 1, patient);
    }
    const auto stays = stays_of(episode, ask_.today);
    person.on_caseload.insert(person.on_caseload.end(), stays.begin(), stays.end());
  }

  Result<void> read_encounters() {
    const auto since = months_.front().from;
    return in_parts(40, [&](const std::string& ids) -> Result<void> {
      // A stay that began before the first month may reach into it: a year is looked back.
      JOINEDUP_TRY(const auto found, ask_.search("Encounter?patient=" + ids + "&date=ge" + since.add_months(-12).to_iso(), Reading::tallied, 200'000));
      for (const auto& one : found)
        if (const auto person = people_.find(reference_at(one.json, "subject")); person != people_.end())
          count_encounter(one.json, person->second.on_caseload, since, ask_.today, person->second.events);
      return {};
    });
  }

  void take_events(const std::string& patient, const Person& person) {
    for (const auto& [name, events] : person.events) {
      const auto day = parse_iso_date(name + "-01");
      const int month = day ? month_of(*day) : -1;
      if (events.contacts > 0) add(contacts, person, month, events.contacts, patient);
      if (events.admissions > 0) add(admissions, person, month, events.admissions, patient);
      if (events.bed_days > 0) add(bed_days, person, month, events.bed_days, patient);
      for (int i = 0; i < events.decisions; ++i) add(decisions, person, month, i < events.carried_out ? 1 : 0, patient);
    }
  }

  Result<void> read_tasks() {
    const std::string codes = percent_encoded("urn:joinedup:task|decision") + "," + percent_encoded("urn:joinedup:task|review");
    return in_parts(40, [&](const std::string& ids) -> Result<void> {
      JOINEDUP_TRY(const auto found, ask_.search("Task?patient=" + ids + "&code=" + codes, Reading::tallied, 200'000));
      for (const auto& one : found) take_task(one.json);
      return {};
    });
  }

  void take_task(const Json& task) {
    const auto person = people_.find(reference_at(task, "for"));
    const auto due = day_of(due_of(task));
    const auto status = text_at(task, "status");
    if (person == people_.end() || !due || status == "entered-in-error") return;
    const bool done = status == "completed";
    if (has_code(task.at("code"), "urn:joinedup:task", "decision")) return count_decision(task, ask_.today, person->second.events);
    const auto ended = done ? day_of(text_at(task, "executionPeriod/end")) : std::nullopt;
    if (!done && !is_open_task(task)) return;
    for (std::size_t m = 0; m < months_.size(); ++m) {
      const auto day = std::min(months_[m].until - 1, ask_.today);
      if (*due < day && (!done || (ended && *ended > day))) add(reviews_overdue, person->second, static_cast<int>(m), 1, person->first);
    }
  }

  const Ask& ask_;
  TeamMonths out_;
  std::vector<Month>& months_ = out_.months;
  std::map<std::string, Person> people_;
  bool areas_are_read_ = false;
};

// How a team's own lead sees it: every number, and which of them are few.
void add_point(Json& parts, const Series& one, const Month& of, std::size_t month, int from, int until) {
  std::vector<double> all;
  for (int fifth = from; fifth < until; ++fifth) {
    const auto& some = one.values[static_cast<std::size_t>(fifth)][month];
    all.insert(all.end(), some.begin(), some.end());
  }
  Json point = Json::array();
  point.push_back({{"name", "month"}, {"valueString", of.name}});
  double value = 0;
  bool known = true;
  for (const double each : all) value += each;
  const double count = one.kind == Kind::sum ? value : static_cast<double>(all.size());
  if (one.kind == Kind::median) {
    known = !all.empty();
    if (known) value = median_of(all);
  } else if (one.kind == Kind::share) {
    known = !all.empty();
    if (known) value = static_cast<double>(static_cast<std::int64_t>(1000 * value / static_cast<double>(all.size()) + 0.5)) / 10;
  }
  if (known) point.push_back({{"name", "value"}, {"valueDecimal", value}});
  if (one.kind == Kind::share) point.push_back({{"name", "count"}, {"valueInteger", all.size()}});  // of how many: months are weighed by it
  point.push_back({{"name", "few"}, {"valueBoolean", count >= 1 && count < few_below}});
  parts.push_back({{"name", "point"}, {"part", std::move(point)}});
}

Json parameters_of(const TeamMonths& figures) {
  Json out = Json::array();
  for (const auto& one : figures.series) {
    Json parts = Json::array();
    parts.push_back({{"name", "name"}, {"valueString", one.name}});
    parts.push_back({{"name", "unit"}, {"valueString", one.unit}});
    for (std::size_t m = 0; m < figures.months.size(); ++m) add_point(parts, one, figures.months[m], m, 0, fifths);
    out.push_back({{"name", "series"}, {"part", std::move(parts)}});
  }
  for (const auto& one : figures.series) {
    Json parts = Json::array();
    parts.push_back({{"name", "name"}, {"valueString", one.name}});
    parts.push_back({{"name", "unit"}, {"valueString", one.unit}});
    for (int fifth = 0; fifth < fifths; ++fifth) {
      Json each = Json::array();
      each.push_back({{"name", "fifth"}, {"valueInteger", fifth}});
      for (std::size_t m = 0; m < figures.months.size(); ++m) add_point(each, one, figures.months[m], m, fifth, fifth + 1);
      parts.push_back({{"name", "fifth"}, {"part", std::move(each)}});
    }
    out.push_back({{"name", "split"}, {"part", std::move(parts)}});
  }
  out.push_back({{"name", "note"}, {"valueString", "A case that is closed keeps counts of its contacts, admissions, days in hospital and decisions, without what they were. "
                                                   "Reviews are of people whose record is open to you today."}});
  return out;
}

}  // namespace

double median_of(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all.size() % 2 == 1 ? all[all.size() / 2] : (all[all.size() / 2 - 1] + all[all.size() / 2]) / 2;
}

Result<TeamMonths> months_of_team(const Ask& ask, const std::string& team_id, int months) { return Gathering(ask, months).gather(team_id); }

Result<rest::Response> figures_of_team(Ask& ask) {
  std::int64_t months = 24;
  if (ask.parameter("months") != nullptr) {
    JOINEDUP_TRY(months, ask.integer("months", "Say how many months.", 1, 60));
  }
  JOINEDUP_TRY(const auto team, ask.read("CareTeam/" + ask.call.id));
  JOINEDUP_TRY(const auto figures, months_of_team(ask, text_at(team.json, "id"), static_cast<int>(months)));
  Json out{{"resourceType", "Parameters"}};
  out["parameter"] = parameters_of(figures);
  return answer_json(200, out);
}

}  // namespace joinedup::casework
