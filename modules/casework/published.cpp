// A team's figures as resources that everybody may read who may read forms: a Measure says what is counted, a MeasureReport a team's months of it.
#include "casework/published.hpp"

#include <cmath>
#include <map>

#include "casework/team.hpp"

namespace joinedup::casework {

namespace {

constexpr const char* measure_system = "urn:joinedup:measure";
constexpr const char* published_system = "urn:joinedup:published-figures";
constexpr int months_published = 24;

// How each measure is read. The names are those of `$figures`.
struct Wording {
  const char* title;
  const char* means;
  const char* better;   // "increase", "decrease"; empty: neither
  const char* scoring;
};
constexpr std::array<Wording, measured> wording{{
    {"People on the caseload", "Everybody active or on hold on the last day of the month. Of a year: the sum of its twelve month ends.", "", "cohort"},
    {"People who started", "Everybody whose care with the team began in the month.", "", "cohort"},
    {"People who finished", "Everybody whose case the team finished in the month.", "", "cohort"},
    {"Days waited to start", "The middle wait in days, from accepted to started, of those who started in the month.", "decrease", "continuous-variable"},
    {"Reviews overdue", "Reviews of plans whose date had passed at the end of the month. Of a year: the sum of its twelve month ends.", "decrease", "cohort"},
    {"Contacts by the team", "Visits, calls, letters and meetings with the person that the team recorded while the person was on its caseload.", "", "cohort"},
    {"Emergency and planned admissions", "Hospital stays that began in the month among people on the caseload on that day.", "decrease", "cohort"},
    {"Days in hospital", "Nights in hospital in the month among people on the caseload on that night.", "decrease", "cohort"},
    {"Decisions carried out", "Of the decisions of meetings that were due in the month, the share that was carried out.", "increase", "proportion"}}};
constexpr const char* terms =
    "Whole months only. Counts are rounded to 5; a count of 1 to 9, and one that rests on fewer than 10 people, is not given, nor any from which it could be worked out.";

Json improvement(const Wording& words) { return coded("http://terminology.hl7.org/CodeSystem/measure-improvement-notation", words.better); }

std::string url_of(const Series& series) { return std::string(measure_system) + ":" + series.name; }

Json measure_body(const Series& series, const Wording& words, const std::string& today) {
  Json out{{"resourceType", "Measure"}};
  out["url"] = url_of(series);
  out["identifier"] = Json::array({Json{{"system", measure_system}, {"value", series.name}}});
  out["version"] = "1";
  out["name"] = "TeamFigures_" + std::string(series.name);
  out["title"] = words.title;
  out["status"] = "active";
  out["date"] = today;
  out["description"] = std::string(words.means) + " By fifth of deprivation of the person's area: 1 is the most deprived, 5 the least, 0 not known. " + terms;
  out["scoring"] = coded("http://terminology.hl7.org/CodeSystem/measure-scoring", words.scoring);
  if (*words.better != '\0') out["improvementNotation"] = improvement(words);
  return out;
}

Json number(double value) {
  if (value == std::floor(value)) return static_cast<std::int64_t>(value);
  return value;
}

// A number that is kept back says so: under ten as a Quantity does, otherwise as data that is masked.
std::optional<Json> score_of(const PublishedValue& value, const char* unit) {
  Json out = Json::object();
  if (value.state == disclosure::State::shown) {
    if (!value.value) return std::nullopt;
    out["value"] = number(*value.value);
  } else if (value.state == disclosure::State::few) {
    out["value"] = disclosure::smallest_shown, out["comparator"] = "<";
  } else {
    out["extension"] = Json::array({extension_of("http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode", "masked")});
  }
  out["unit"] = unit;
  return out;
}

void give(Json& where, const PublishedValue& value, const char* unit) {
  if (value.of) {
    Json population;
    population["code"] = coded("http://terminology.hl7.org/CodeSystem/measure-population", "denominator");
    population["count"] = *value.of;
    where["population"] = Json::array({std::move(population)});
  }
  if (auto score = score_of(value, unit)) where["measureScore"] = std::move(*score);
}

Json group_of(const PublishedRow& row, const char* unit) {
  Json out;
  out["code"] = coded(row.is_year ? "urn:joinedup:year-to" : "urn:joinedup:month", row.name);
  give(out, row.by.back(), unit);
  // Of nobody and nothing there is nothing by fifth.
  if (row.by.back().state == disclosure::State::shown && row.by.back().value.value_or(0) == 0) return out;
  Json strata = Json::array();
  for (std::size_t f = 0; f < fifths; ++f) {
    if (row.by[f].state == disclosure::State::shown && !row.by[f].value) continue;
    Json stratum;
    stratum["value"] = coded("urn:joinedup:deprivation-fifth", std::to_string(f));
    give(stratum, row.by[f], unit);
    strata.push_back(std::move(stratum));
  }
  if (strata.empty()) return out;
  Json by;
  by["code"] = Json::array({coded("urn:joinedup:stratifier", "deprivation-fifth")});
  by["stratum"] = std::move(strata);
  out["stratifier"] = Json::array({std::move(by)});
  return out;
}

class Publishing {
 public:
  Publishing(const Room& room, const rest::Api& api)
      : api_(api), request_{.method = "GET", .path = "/", .permit = &everybody_},
        call_{request_, {}, {}, {}, [this](rest::Request request) { return send(std::move(request)); }, [this](rest::Request request) { return send(std::move(request)); }}, ask_(room, call_) {}

  Result<std::uint64_t> all_teams() {
    const TeamMonths shape;
    JOINEDUP_CHECK(read_known("Measure", measure_system));
    JOINEDUP_CHECK(read_known("MeasureReport", published_system));
    for (std::size_t m = 0; m < measured; ++m) JOINEDUP_CHECK(write("Measure", measure_system, shape.series[m].name, measure_body(shape.series[m], wording[m], ask_.today.to_iso())));
    JOINEDUP_TRY(const auto teams, ask_.search("CareTeam?status=active", Reading::tallied));
    for (const auto& team : teams) {
      if (!text_at(team.json, "subject/reference").empty()) continue;  // a person's own helpers are no team of the place
      JOINEDUP_TRY(auto months, months_of_team(ask_, text_at(team.json, "id"), months_published + 1));
      without_the_month_that_runs(months);
      for (const auto& one : protect_team(months)) JOINEDUP_CHECK(report(team, months, one));
    }
    return written_;
  }

 private:
  static void without_the_month_that_runs(TeamMonths& months) {
    months.months.pop_back();
    for (auto& series : months.series)
      for (std::size_t f = 0; f < fifths; ++f) series.values[f].pop_back(), series.people[f].pop_back();
  }

  Result<void> report(const Found& team, const TeamMonths& months, const PublishedMeasure& one) {
    const auto& series = months.series[one.measure];
    const auto name = text_at(team.json, "id") + "/" + series.name;
    Json out{{"resourceType", "MeasureReport"}};
    out["identifier"] = Json::array({Json{{"system", published_system}, {"value", name}}});
    out["status"] = "complete", out["type"] = "summary";
    out["measure"] = url_of(series) + "|1";
    out["date"] = ask_.now;
    if (ask_.room.place != nullptr && !ask_.room.place->name.empty()) out["reporter"]["display"] = ask_.room.place->name;
    out["period"] = {{"start", months.months.front().from.to_iso()}, {"end", (months.months.back().until - 1).to_iso()}};
    if (*wording[one.measure].better != '\0') out["improvementNotation"] = improvement(wording[one.measure]);
    out["group"] = Json::array();
    for (const auto& row : one.rows) out["group"].push_back(group_of(row, series.unit));
    out["evaluatedResource"] = Json::array({Json{{"reference", team.reference()}, {"display", text_at(team.json, "name")}}});
    return write("MeasureReport", published_system, name, std::move(out));
  }

  struct Known {
    std::string id;
    std::uint64_t version = 0;
    nlohmann::json content;  // without what the record adds, and the day
  };
  static nlohmann::json content_of(const Json& resource) {
    auto out = nlohmann::json::parse(resource.dump());
    out.erase("id"), out.erase("meta"), out.erase("date");
    return out;
  }
  Result<void> read_known(const std::string& type, const std::string& system) {
    JOINEDUP_TRY(const auto found, ask_.search(type + "?identifier=" + percent_encoded(system + "|"), Reading::tallied, 100'000));
    for (const auto& one : found) known_[type + " " + text_at(one.json, "identifier/0/value")] = {text_at(one.json, "id"), one.version, content_of(one.json)};
    return {};
  }
  // Only where it says something else than what stands there.
  Result<void> write(const std::string& type, const std::string& system, const std::string& name, Json resource) {
    const auto there = known_.find(type + " " + name);
    rest::Request request{.method = "POST", .path = "/" + type, .headers = {{"Content-Type", "application/fhir+json"}, {"Prefer", "return=minimal"}}};
    if (there == known_.end()) {
      request.headers.push_back({"If-None-Exist", "identifier=" + percent_encoded(system + "|" + name)});
    } else {
      if (there->second.content == content_of(resource)) return {};
      resource["id"] = there->second.id;
      request.method = "PUT", request.path += "/" + there->second.id;
      request.headers.push_back({"If-Match", "W/\"" + std::to_string(there->second.version) + "\""});
    }
    request.body = resource.dump();
    const auto response = send(std::move(request));
    if (response.status == 412 || response.status == 409) return {};  // somebody else wrote it just now
    if (response.status != 200 && response.status != 201) return fail(ErrorCode::unavailable, "A team's figures could not be published: " + response.body.substr(0, 300));
    ++written_;
    return {};
  }
  rest::Response send(rest::Request request) const {
    request.permit = &everybody_;
    return api_.handle(request);
  }

  fhir::PermitAll everybody_;
  const rest::Api& api_;
  rest::Request request_;
  rest::OperationCall call_;
  Ask ask_;
  std::map<std::string, Known> known_;
  std::uint64_t written_ = 0;
};

}  // namespace

Result<std::uint64_t> publish_figures(const Room& room, const rest::Api& api) { return Publishing(room, api).all_teams(); }

}  // namespace joinedup::casework
