// A team's caseload over the months, and by fifth of deprivation. Totals only: nobody's record is shown, and every number is of what
// the asker may see.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "casework/deprivation.hpp"
#include "casework/handlers.hpp"
#include "casework/team.hpp"

namespace joinedup::casework {

namespace {

constexpr int fifths = 6;  // 0: not known
constexpr int few_below = 10;

struct Stay {
  Date from, until;  // until: exclusive
};
struct Person {
  int fifth = 0;
  std::vector<Stay> on_caseload;
  bool there(Date day) const {
    return std::any_of(on_caseload.begin(), on_caseload.end(), [&](const Stay& one) { return one.from <= day && day < one.until; });
  }
};

struct Month {
  std::string name;  // "2026-11"
  Date from, until;  // until: exclusive
};

// A series by fifth and month; the whole is the sum, the median or the share over all fifths.
enum class Kind : std::uint8_t { sum, median, share };
struct Series {
  const char* name;
  const char* unit;
  Kind kind;
  std::array<std::vector<std::vector<double>>, fifths> values{};  // sum: one number each; share: 1 or 0 each
  void add(int fifth, int month, double value) {
    if (month >= 0) values[static_cast<std::size_t>(fifth)][static_cast<std::size_t>(month)].push_back(value);
  }
};

std::optional<Date> day_of(const std::string& text) { return parse_iso_date(text.substr(0, 10)); }

class Figures {
 public:
  Figures(const Ask& ask, int months) : ask_(ask) {
    const auto first = ask.today.first_of_month();
    for (int i = months - 1; i >= 0; --i) {
      const auto from = first.add_months(-i);
      months_.push_back({from.to_iso().substr(0, 7), from, from.add_months(1)});
    }
    for (auto& one : series_)
      for (auto& fifth : one.values) fifth.resize(months_.size());
  }

  Result<void> gather(const std::string& team_id) {
    JOINEDUP_TRY(const auto cases, cases_of(ask_, team_id, {}, Reading::tallied));
    for (const auto& one : cases) people_[reference_at(one.json, "patient")];
    JOINEDUP_CHECK(read_areas());
    for (const auto& one : cases) take_case(one.json);
    for (std::size_t m = 0; m < months_.size(); ++m) {
      const auto day = std::min(months_[m].until - 1, ask_.today);
      for (const auto& [patient, person] : people_)
        if (person.there(day)) caseload_.add(person.fifth, static_cast<int>(m), 1);
    }
    JOINEDUP_CHECK(read_encounters());
    return read_tasks();
  }

  Json parameters() const {
    Json out = Json::array();
    for (const auto& one : series_) {
      Json parts = Json::array();
      parts.push_back({{"name", "name"}, {"valueString", one.name}});
      parts.push_back({{"name", "unit"}, {"valueString", one.unit}});
      for (std::size_t m = 0; m < months_.size(); ++m) add_point(parts, one, m, 0, fifths);
      out.push_back({{"name", "series"}, {"part", std::move(parts)}});
    }
    for (const auto& one : series_) {
      Json parts = Json::array();
      parts.push_back({{"name", "name"}, {"valueString", one.name}});
      parts.push_back({{"name", "unit"}, {"valueString", one.unit}});
      for (int fifth = 0; fifth < fifths; ++fifth) {
        Json each = Json::array();
        each.push_back({{"name", "fifth"}, {"valueInteger", fifth}});
        for (std::size_t m = 0; m < months_.size(); ++m) add_point(each, one, m, fifth, fifth + 1);
        parts.push_back({{"name", "fifth"}, {"part", std::move(each)}});
      }
      out.push_back({{"name", "split"}, {"part", std::move(parts)}});
    }
    out.push_back({{"name", "note"}, {"valueString", "Contacts, admissions, days in hospital, reviews and decisions are of people whose record is open to you today: those whose case is closed are counted in "
                                                     "the caseload, starts, finishes and waits only, so earlier months show fewer events than there were."}});
    return out;
  }

 private:
  int month_of(Date day) const {
    if (months_.empty() || day < months_.front().from || day >= months_.back().until) return -1;
    const auto a = months_.front().from.civil(), b = day.civil();
    return (b.year - a.year) * 12 + b.month - a.month;
  }

  void add_point(Json& parts, const Series& one, std::size_t month, int from, int until) const {
    std::vector<double> all;
    for (int fifth = from; fifth < until; ++fifth) {
      const auto& some = one.values[static_cast<std::size_t>(fifth)][month];
      all.insert(all.end(), some.begin(), some.end());
    }
    Json point = Json::array();
    point.push_back({{"name", "month"}, {"valueString", months_[month].name}});
    double value = 0;
    bool known = true;
    for (const double each : all) value += each;
    const double count = one.kind == Kind::sum ? value : static_cast<double>(all.size());
    if (one.kind == Kind::median) {
      known = !all.empty();
      std::sort(all.begin(), all.end());
      if (known) value = all.size() % 2 == 1 ? all[all.size() / 2] : (all[all.size() / 2 - 1] + all[all.size() / 2]) / 2;
    } else if (one.kind == Kind::share) {
      known = !all.empty();
      if (known) value = static_cast<double>(static_cast<std::int64_t>(1000 * value / static_cast<double>(all.size()) + 0.5)) / 10;
    }
    if (known) point.push_back({{"name", "value"}, {"valueDecimal", value}});
    if (one.kind == Kind::share) point.push_back({{"name", "count"}, {"valueInteger", all.size()}});  // of how many: months are weighed by it
    point.push_back({{"name", "few"}, {"valueBoolean", count >= 1 && count < few_below}});
    parts.push_back({{"name", "point"}, {"part", std::move(point)}});
  }

  // People a request of this many at a time.
  template <class Do>
  Result<void> in_parts(std::size_t size, Do act) const {
    std::string some;
    std::size_t count = 0;
    for (const auto& [patient, person] : people_) {
      some += (some.empty() ? "" : ",") + url_text(patient.substr(patient.find('/') + 1));
      if (++count % size == 0) {
        JOINEDUP_CHECK(act(some));
        some.clear();
      }
    }
    if (!some.empty()) JOINEDUP_CHECK(act(some));
    return {};
  }

  Result<void> read_areas() {
    if (ask_.room.deprivation == nullptr) return {};
    return in_parts(100, [&](const std::string& ids) -> Result<void> {
      JOINEDUP_TRY(const auto found, ask_.search("Patient?_id=" + ids, Reading::tallied));
      for (const auto& one : found) people_[one.reference()].fifth = ask_.room.deprivation->fifth(text_at(one.json, "address/0/postalCode"));
      return {};
    });
  }

  void take_case(const Json& episode) {
    auto& person = people_[reference_at(episode, "patient")];
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
        starts_.add(person.fifth, month_of(*from), 1);
        if (accepted) waits_.add(person.fifth, month_of(*from), *from - *accepted);
      }
      if (status == "finished" && &step == &history->back()) ends_.add(person.fifth, month_of(*from), 1);
      if (status == "active" || status == "onhold") {
        const auto until = day_of(text_at(step, "period/end"));
        person.on_caseload.push_back({*from, until ? *until : ask_.today + 1});
      }
    }
  }

  Result<void> read_encounters() {
    const auto since = months_.front().from.to_iso();
    return in_parts(40, [&](const std::string& ids) -> Result<void> {
      JOINEDUP_TRY(const auto found, ask_.search("Encounter?patient=" + ids + "&date=ge" + since, Reading::tallied, 200'000));
      for (const auto& one : found) take_encounter(one.json);
      return {};
    });
  }

  void take_encounter(const Json& encounter) {
    const auto found = people_.find(reference_at(encounter, "subject"));
    const auto status = text_at(encounter, "status"), code = text_at(encounter, "class/code");
    if (found == people_.end() || status == "planned" || status == "cancelled" || status == "entered-in-error") return;
    const auto& person = found->second;
    const auto from = day_of(text_at(encounter, "period/start"));
    if (!from) return;
    if (code == "IMP" || code == "ACUTE" || code == "NONAC") {
      if (person.there(*from)) admissions_.add(person.fifth, month_of(*from), 1);
      auto until = day_of(text_at(encounter, "period/end"));
      if (!until) until = status == "finished" ? *from : ask_.today;
      for (auto night = std::max(*from, months_.front().from); night < *until && night < ask_.today; night = night + 1)
        if (person.there(night)) bed_days_.add(person.fifth, month_of(night), 1);
    } else if (text_at(encounter, "meta/source").empty() && person.there(*from)) {
      contacts_.add(person.fifth, month_of(*from), 1);  // what came by a feed or a hospital's message is not the team's
    }
  }

  Result<void> read_tasks() {
    const std::string codes = url_text("urn:joinedup:task|decision") + "," + url_text("urn:joinedup:task|review");
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
    const int fifth = person->second.fifth;
    if (has_code(task.at("code"), "urn:joinedup:task", "decision")) {
      if (*due <= ask_.today || done) decisions_.add(fifth, month_of(*due), done ? 1 : 0);
      return;
    }
    const auto ended = done ? day_of(text_at(task, "executionPeriod/end")) : std::nullopt;
    if (!done && !is_open_task(task)) return;
    for (std::size_t m = 0; m < months_.size(); ++m) {
      const auto day = std::min(months_[m].until - 1, ask_.today);
      if (*due < day && (!done || (ended && *ended > day))) reviews_overdue_.add(fifth, static_cast<int>(m), 1);
    }
  }

  const Ask& ask_;
  std::vector<Month> months_;
  std::map<std::string, Person> people_;
  std::array<Series, 9> series_{{{"caseload", "people", Kind::sum}, {"starts", "people", Kind::sum}, {"ends", "people", Kind::sum}, {"waits", "days", Kind::median},
                                 {"reviews_overdue", "reviews", Kind::sum}, {"contacts", "contacts", Kind::sum}, {"admissions", "admissions", Kind::sum}, {"bed_days", "days", Kind::sum},
                                 {"decisions", "%", Kind::share}}};
  Series& caseload_ = series_[0];
  Series& starts_ = series_[1];
  Series& ends_ = series_[2];
  Series& waits_ = series_[3];
  Series& reviews_overdue_ = series_[4];
  Series& contacts_ = series_[5];
  Series& admissions_ = series_[6];
  Series& bed_days_ = series_[7];
  Series& decisions_ = series_[8];
};

}  // namespace

Result<rest::Response> figures_of_team(Ask& ask) {
  std::int64_t months = 24;
  if (ask.parameter("months") != nullptr) {
    JOINEDUP_TRY(months, ask.integer("months", "Say how many months.", 1, 60));
  }
  JOINEDUP_TRY(const auto team, ask.read("CareTeam/" + ask.call.id));
  Figures figures(ask, static_cast<int>(months));
  JOINEDUP_CHECK(figures.gather(text_at(team.json, "id")));
  Json out{{"resourceType", "Parameters"}};
  out["parameter"] = figures.parameters();
  return answer_json(200, out);
}

}  // namespace joinedup::casework
