#include "synth/marginals.hpp"

#include <algorithm>
#include <cmath>

#include "base/file.hpp"
#include "base/text.hpp"
#include "synth/tables.hpp"

namespace joinedup::synth {
namespace {

struct Band {
  const char* name;
  int low, high;
};
constexpr Band bands[] = {{"0-4", 0, 4}, {"5-15", 5, 15}, {"16-44", 16, 44}, {"45-64", 45, 64}, {"65-74", 65, 74}, {"75-84", 75, 84}, {"85+", 85, 85}};
constexpr const char* sexes[] = {"F", "M"};
std::size_t cell(int age, int sex, int q) { return static_cast<std::size_t>((age * 2 + sex) * 5 + q); }

class Comparison {
 public:
  void row(const std::string& measure, const std::string& group, double published, double generated, double error) {
    lines_.push_back({measure, group, published, generated, error});
    text_ += csv_field(measure) + "," + csv_field(group) + "," + format_number(published) + "," + format_number(generated) + "," + format_number(error) + "\n";
  }
  void share(const std::string& measure, const std::string& group, double published, double with, double of) {
    if (of <= 0) return;
    const double p = published;
    row(measure, group, published, with / of, std::sqrt(std::max(1e-12, p * (1 - p)) / of));
  }
  const std::string& text() const { return text_; }
  // The same for a person to read: a page that needs nothing else.
  std::string page() const {
    std::string html = "<!doctype html><html lang=en-GB><meta charset=utf-8><title>Synthetic place: generated beside published</title>"
                       "<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}td,th{text-align:left;padding:.2em .8em}"
                       "td:nth-child(n+3){text-align:right;font-variant-numeric:tabular-nums}tr.out{font-weight:bold}</style>"
                       "<h1>Synthetic place: generated beside published</h1><p>Everybody in this place is invented. Each row is a figure published for "
                       "England and the same figure in the place; rows in bold differ by more than 5% and by more than three standard errors.</p>"
                       "<table><tr><th>Measure<th>Group<th>Published<th>Generated<th>Difference";
    for (const Line& line : lines_) {
      const double off = line.generated - line.published;
      const bool out = std::abs(off) > .05 * line.published && std::abs(off) > 3 * line.error;
      html += std::string(out ? "<tr class=out>" : "<tr>") + "<td>" + html_text(line.measure) + "<td>" + html_text(line.group) + "<td>" +
              four_digits(line.published) + "<td>" + four_digits(line.generated) + "<td>" + four_digits(100 * off / line.published) + "%\n";
    }
    return html + "</table></html>\n";
  }

 private:
  struct Line {
    std::string measure, group;
    double published, generated, error;
  };
  static std::string four_digits(double value) {
    const double scale = value == 0 ? 1 : std::pow(10, 3 - std::floor(std::log10(std::abs(value))));
    return format_number(std::round(value * scale) / scale);
  }
  std::vector<Line> lines_;
  std::string text_ = "measure,group,published,generated,standard_error\n";
};

// Events a person-year in a band: published rates at the ages that the generated band really holds.
template <class Rate>
void rates(Comparison& table, const Tally& t, const char* measure, Tally::Measure which, Rate published) {
  double all_expected = 0, all_events = 0, all_years = 0, all_squares = 0;
  for (const Band& band : bands) {
    // People's events cluster: the variance of a count is its mean times this, taken from the whole band.
    double band_events = 0, band_squares = 0;
    for (int age = band.low; age <= band.high; ++age)
      for (int i = 0; i < 10; ++i) {
        band_events += t.by_cell[which][cell(age, i % 2, i / 2)];
        band_squares += t.squares[which][cell(age, i % 2, i / 2)];
      }
    const double dispersion = std::max(1.0, band_squares / std::max(1.0, band_events));
    for (int sex = 0; sex < 2; ++sex)
      for (int q = 0; q < 5; ++q) {
        double expected = 0, events = 0, years = 0, squares = 0;
        for (int age = band.low; age <= band.high; ++age) {
          const auto at = cell(age, sex, q);
          years += t.by_cell[Tally::person_years][at];
          expected += t.by_cell[Tally::person_years][at] * published(age, sex, q);
          events += t.by_cell[which][at];
          squares += t.squares[which][at];
        }
        if (years <= 0) continue;
        table.row(measure, std::string(band.name) + " " + sexes[sex] + " IMD quintile " + std::to_string(q + 1), expected / years, events / years,
                  std::sqrt(expected * dispersion) / years);
        all_expected += expected, all_events += events, all_years += years, all_squares += squares;
      }
  }
  table.row(measure, "all", all_expected / all_years, all_events / all_years, std::sqrt(std::max(all_squares, all_expected)) / all_years);
}

void population(Comparison& table, const World& world, const Tally& t) {
  double people = 0, published_people = 0;
  for (double n : t.alive) people += n;
  for (int age = 0; age <= oldest; ++age)
    for (int sex = 0; sex < 2; ++sex) published_people += world.model.population(age, sex);
  for (int from = 0; from <= 90; from += 5)
    for (int sex = 0; sex < 2; ++sex) {
      double published = 0, generated = 0;
      for (int age = from; age < (from == 90 ? oldest + 1 : from + 5); ++age) published += world.model.population(age, sex);
      for (int age = from; age < std::min(from + 5, 91); ++age)
        for (int q = 0; q < 5; ++q) generated += t.alive[cell(age, sex, q)];
      table.share("share of population by age and sex", (from == 90 ? "90+" : std::to_string(from) + "-" + std::to_string(from + 4)) + std::string(" ") + sexes[sex],
                  published / published_people, generated, people);
    }
  for (int q = 0; q < 5; ++q)
    for (const Band& band : bands) {
      double published = 0, of_band = 0, generated = 0, in_band = 0;
      for (int age = band.low; age <= (band.low == 85 ? oldest : band.high); ++age)
        for (int sex = 0; sex < 2; ++sex) {
          of_band += world.model.population(age, sex);
          published += world.model.population(age, sex) * world.model.quintile_share(std::min(age, 85), sex, q);
          if (age > 90) continue;
          generated += t.alive[cell(age, sex, q)];
          for (int other = 0; other < 5; ++other) in_band += t.alive[cell(age, sex, other)];
        }
      table.share("share of an age band by deprivation", std::string(band.name) + " IMD quintile " + std::to_string(q + 1), published / of_band, generated, in_band);
    }
}

void attendances(Comparison& table, const Tally& t) {
  double all = 0, years = 0, squares = 0;
  for (std::size_t d = 0; d < 10; ++d) all += t.attendances[d], years += t.decile_years[d], squares += t.attendance_squares[d];
  if (all <= 0) return;
  const double error = std::sqrt(squares) / years;
  table.row("emergency department attendances a person-year", "all (24.8 million, 2018-19)", 24.8 / 55.98, all / years, error);
  // People are not equally many in all deciles here: shares are taken as if they were, as in the published tenths.
  double sum = 0;
  for (std::size_t d = 0; d < 10; ++d) sum += t.attendances[d] / t.decile_years[d];
  const auto rate = [&](std::size_t d) { return t.attendances[d] / t.decile_years[d]; };
  const auto relative = [&](std::size_t d) { return std::sqrt(t.attendance_squares[d]) / t.attendances[d]; };
  table.row("emergency department attendances: share of the most deprived fifth", "all", .27, (rate(0) + rate(1)) / sum, .27 * std::hypot(relative(0), relative(1)));
  table.row("emergency department attendances: first decile over tenth", "all", 3.1 / 1.6, rate(0) / rate(9), 3.1 / 1.6 * std::hypot(relative(0), relative(9)));
  table.share("emergency department: share within 7 days of another", "all", .087, t.reattended, t.attended);
}

void general_practice(Comparison& table, const World& world, const Tally& t) {
  constexpr const char* names[] = {"0-4", "5-15", "16-44", "45-64", "65-74", "75+"};
  constexpr int ages[] = {2, 10, 30, 50, 70, 80};
  if (t.consultations <= 0) return;
  for (std::size_t band = 0; band < 6; ++band)
    for (int sex = 0; sex < 2; ++sex) {
      const std::size_t at = band * 2 + static_cast<std::size_t>(sex);
      if (t.gp_years[at] <= 0) continue;
      table.row("visits to a GP a person-year", std::string(names[band]) + " " + sexes[sex], world.model.gp_visits(ages[band], sex), t.gp_visits[at] / t.gp_years[at],
                std::sqrt(6 * t.gp_visits[at]) / t.gp_years[at]);
    }
  table.row("consultations of every kind a person-year", "all", 5.16, t.consultations / t.list_years, std::sqrt(6 * t.consultations) / t.list_years);
  table.row("prescription items a person-year", "all (about 19 to 20)", 19.5, t.issues / t.list_years, std::sqrt(60 * t.issues) / t.list_years);
}

double top_share(const Tally& t, int low, int high) {
  std::vector<float> pence;
  double sum = 0, top = 0;
  for (std::size_t i = 0; i < t.hospital_pence.size(); ++i)
    if (t.hospital_age[i] >= low && t.hospital_age[i] <= high) {
      pence.push_back(t.hospital_pence[i]);
      sum += t.hospital_pence[i];
    }
  const auto first = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, pence.size() / 100));
  if (pence.empty() || sum <= 0) return 0;
  std::nth_element(pence.begin(), pence.begin() + first - 1, pence.end(), std::greater<>());
  for (std::ptrdiff_t i = 0; i < first; ++i) top += pence[static_cast<std::size_t>(i)];
  return top / sum;
}

void registers(Comparison& table, const World& world, const Tally& t) {
  for (std::size_t c = 0; c < condition_count; ++c) {
    if (conditions[c].register_code.empty()) continue;
    for (int decile = 1; decile <= 10; ++decile) {
      const auto at = c * 10 + static_cast<std::size_t>(decile - 1);
      table.share("prevalence " + std::string(conditions[c].name), "IMD decile " + std::to_string(decile), world.model.published_prevalence(c, decile), t.on_register[at],
                  t.denominator[at]);
    }
  }
}

void social_care(Comparison& table, const Tally& t, int years) {
  constexpr const char* names[] = {"18-64", "65+"};
  constexpr double clients[] = {858e-5, 5186e-5}, requests[] = {658000 / 34.90e6, 1430000 / 10.784e6};
  for (std::size_t old = 0; old < 2; ++old) {
    table.share("long term social care clients in a year", names[old], clients[old], t.clients[old], t.adults[old]);
    table.row("requests for social care a person-year", names[old], requests[old], t.requests[old] / t.adult_years[old], std::sqrt(3 * t.requests[old]) / t.adult_years[old]);
  }
  const double people = t.clients[0] + t.clients[1];
  if (people > 0) table.row("cost of long term care a client a year in pounds", "18+", 24921, t.client_pence / people / 100, 24921 / std::sqrt(people));
  static_cast<void>(years);
}

}  // namespace

Result<void> write_marginals(const World& world, const Tally& t, const std::string& path) {
  Comparison table;
  population(table, world, t);
  const Model& m = world.model;
  rates(table, t, "deaths a person-year", Tally::deaths, [&](int a, int s, int q) { return m.death_rate(a, s, q); });
  rates(table, t, "emergency inpatient episodes a person-year", Tally::emergency_episodes, [&](int a, int s, int q) { return m.emergency_episodes(a, s, q); });
  rates(table, t, "other inpatient episodes a person-year", Tally::other_episodes, [&](int a, int s, int q) { return m.other_episodes(a, s, q); });
  rates(table, t, "outpatient appointments a person-year", Tally::outpatient, [&](int a, int s, int q) { return m.outpatient_appointments(a, s, q); });
  attendances(table, t);
  general_practice(table, world, t);
  registers(table, world, t);
  constexpr const char* levels[] = {"fit", "mild", "moderate", "severe"};
  constexpr double shares[] = {.50, .35, .12, .03};
  const double older = t.frailty[0] + t.frailty[1] + t.frailty[2] + t.frailty[3];
  for (std::size_t i = 0; i < 4; ++i) table.share("frailty at 65 to 95", levels[i], shares[i], t.frailty[i], older);
  social_care(table, t, world.options.years);
  constexpr const char* ages[] = {"0-24", "25-44", "45-64", "65-84", "85+"};
  constexpr double ill[] = {.019, .113, .304, .649, .815};
  for (std::size_t i = 0; i < 5; ++i)
    if (t.multimorbid_people[i] > 0)
      table.share("two or more conditions (Scotland: 40 conditions; here 26; shown and not fitted)", ages[i], ill[i], t.multimorbid[i], t.multimorbid_people[i]);
  table.row("share of hospital spend of the top 1% of people", "all ages", .32, top_share(t, 0, 255), .01);
  table.row("share of hospital spend of the top 1% of people (shown and not fitted)", "25 and under", .33, top_share(t, 0, 25), .01);
  table.row("share of hospital spend of the top 1% of people (shown and not fitted)", "65 and over", .22, top_share(t, 65, 255), .01);
  table.row("people who moved home a person-year (bar: at least 0.08)", "all", .10, t.moves / std::max(1.0, t.resident_years), .005);
  JOINEDUP_CHECK(write_file(path.substr(0, path.rfind('.')) + ".html", table.page()));
  return write_file(path, table.text());
}

}  // namespace joinedup::synth
