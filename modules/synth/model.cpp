#include "synth/model.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "base/embedded.hpp"
#include "base/text.hpp"
#include "synth/tables.hpp"
#include "synth_embedded.hpp"

namespace joinedup::synth {
namespace {

constexpr int grid = 41;
constexpr double grid_step = 0.2;  // from -4 to 4
constexpr double death_spread_young = 1.3, death_spread_old = .55;
double grid_point(int i) { return (i - grid / 2) * grid_step; }
double death_spread(int age) {
  const double t = std::clamp((age - 40) / 45.0, 0.0, 1.0);
  return death_spread_young + (death_spread_old - death_spread_young) * t;
}
// How old one in a group is on the middle of model year y, in completed years; babies to come count as 0.
int age_in_year(int age, int year, int years) { return std::max(0, age - (years - 1 - year)); }

}  // namespace

double standard_normal_distribution(double x) { return 0.5 * std::erfc(-x * 0.7071067811865476); }

double standard_normal_quantile(double p) {  // bisection on a table would do; this is Newton from a logistic start
  p = std::clamp(p, 1e-12, 1 - 1e-12);
  double x = std::log(p / (1 - p)) * 0.5513;
  for (int i = 0; i < 8; ++i) {
    const double density = 0.3989422804014327 * std::exp(-0.5 * x * x);
    x -= std::clamp((standard_normal_distribution(x) - p) / std::max(density, 1e-14), -1.0, 1.0);
  }
  return x;
}

double spread_at(Use use, int age) {
  const double t = std::clamp((age - 40) / 45.0, 0.0, 1.0);
  const double youth = 1 + .1 * std::clamp((40 - age) / 20.0, 0.0, 1.0);  // fewer of the young are ever ill: theirs is spread wider
  return (spreads[use].young + (spreads[use].old - spreads[use].young) * t) * (use == use_emergency ? youth : 1);
}

Model::Model(const SynthOptions& options) : years_(options.years) {
  read_population();
  read_rates();
  weigh_groups();
  fit_prevalence();
  fit_frailty();
  fit_social_care();
  fit_consultations();
}

void Model::read_population() {
  population_.assign((oldest + 1) * 2, 0.0);
  for (const auto& row : table_rows("data/population_by_age_sex.csv")) {
    const int age = int_of(row[0]);
    const int sex = row[1] == "M" ? 1 : 0;
    const double people = number_of(row[2]);
    if (age < 90) {
      population_[static_cast<std::size_t>(age * 2 + sex)] = people;
      continue;
    }
    double sum = 0;  // 90 and over, thinning by a quarter a year
    for (int a = 90; a <= oldest; ++a) sum += std::pow(0.75, a - 90);
    for (int a = 90; a <= oldest; ++a) population_[static_cast<std::size_t>(a * 2 + sex)] = people * std::pow(0.75, a - 90) / sum;
  }
}

void Model::read_rates() {
  const std::size_t cells = 86 * 10;
  std::vector<double> people(cells), total(86 * 2);
  share_.assign(cells, 0);
  deaths_ = emergency_ = elective_ = outpatient_ = share_;
  for (const auto& row : table_rows("data/activity_by_age_sex_imd.csv")) {
    const int age = int_of(row[0]), sex = row[1] == "M" ? 1 : 0;
    const auto at = cell(age, sex, int_of(row[2]) - 1);
    people[at] = number_of(row[3]);
    total[static_cast<std::size_t>(age * 2 + sex)] += people[at];
    emergency_[at] = number_of(row[4]) / people[at];
    elective_[at] = number_of(row[5]) / people[at];
    outpatient_[at] = number_of(row[6]) / people[at];
  }
  for (std::size_t at = 0; at < cells; ++at) share_[at] = people[at] / total[at / 5];
  for (const auto& row : table_rows("data/mortality_by_age_sex_imd.csv"))
    for (int age = int_of(row[0]); age <= int_of(row[1]); ++age)
      deaths_[cell(age, row[2] == "M" ? 1 : 0, int_of(row[3]) - 1)] = number_of(row[5]) / number_of(row[4]);
  // Births follow the hump of non-emergency care in women over men; the sum is the number of infants.
  births_.assign(86 * 5, 0);
  for (int q = 0; q < 5; ++q) {
    double infants = 0, hump = 0;
    for (int sex = 0; sex < 2; ++sex) infants += population(0, sex) * quintile_share(0, sex, q);
    const auto excess = [&](int age) { return other_episodes(age, 0, q) * maternity_share(age, 0, q); };
    for (int age = 16; age < 46; ++age) hump += population(age, 0) * quintile_share(age, 0, q) * excess(age);
    for (int age = 16; age < 46; ++age) births_[static_cast<std::size_t>(age * 5 + q)] = excess(age) * infants / hump;
  }
}

double Model::maternity_share(int age, int sex, int quintile) const {
  if (sex == 1 || age < 16 || age > 45) return 0;
  const double women = other_episodes(age, 0, quintile), men = other_episodes(age, 1, quintile);
  return std::clamp((women - 1.35 * men) / women, 0.0, 0.9);
}

double Model::attendances(int age, int decile) const {
  // Shape by age: the model's own, after the published pattern (high in infancy, in young adults, above 75); the level
  // and the slope by deprivation are published (24.8 million a year; 3.1 million in the first decile, 1.6 in the tenth).
  constexpr std::array<double, 8> shape{.62, .38, .46, .42, .35, .40, .60, .98};
  const std::size_t band = age < 5 ? 0 : age < 15 ? 1 : age < 25 ? 2 : age < 45 ? 3 : age < 65 ? 4 : age < 75 ? 5 : age < 85 ? 6 : 7;
  return shape[band] * 1.013 * 1.365 * std::pow(1.6 / 3.1, (decile - 1) / 9.0);
}

double Model::gp_visits(int age, int sex) const {  // QResearch rates, as published
  constexpr double female[] = {3.43, 1.67, 3.20, 4.03, 5.15, 6.82}, male[] = {3.76, 1.58, 1.58, 2.76, 4.46, 6.25};
  const int band = age < 5 ? 0 : age < 16 ? 1 : age < 45 ? 2 : age < 65 ? 3 : age < 75 ? 4 : 5;
  return sex == 0 ? female[band] : male[band];
}

void Model::weigh_groups() {
  norm_.assign(static_cast<std::size_t>(groups * years_), {});
  alive_.assign(groups, {});
  died_.assign(groups, {});
  cumulative_.assign(groups, 0);
  double sum = 0;
  for (int index = 0; index < groups; ++index) {
    const Group g = group_at(index);
    std::array<double, grid> weight;
    double all = 0;
    for (int i = 0; i < grid; ++i) all += weight[static_cast<std::size_t>(i)] = std::exp(-0.5 * grid_point(i) * grid_point(i));
    for (double& w : weight) w /= all;
    double survival = 1;
    for (int y = 0; y < years_; ++y) {
      if (g.age < years_ - 1 - y) continue;  // not born yet
      const int age = age_in_year(g.age, y, years_);
      auto& norm = norm_[static_cast<std::size_t>(index * years_ + y)];
      const double rate = death_rate(age, g.sex, g.quintile), d = death_spread(age);
      const auto hazard = [&](double x) { return rate * std::exp(d * x - 0.5 * d * d) / norm[use_count]; };
      // Means over the year lived: who dies early in it counts for less. Death's own mean settles in a few rounds.
      std::array<double, grid> lived = weight;
      const auto mean = [&](auto f) {
        double total = 0, all_lived = 0;
        for (int i = 0; i < grid; ++i) {
          total += lived[static_cast<std::size_t>(i)] * f(grid_point(i));
          all_lived += lived[static_cast<std::size_t>(i)];
        }
        return total / all_lived;
      };
      for (int round = 0; round < 4; ++round) {
        norm[use_count] = mean([&](double x) { return std::exp(d * x - 0.5 * d * d); });
        for (int i = 0; i < grid; ++i) {
          const double h = hazard(grid_point(i));
          lived[static_cast<std::size_t>(i)] = weight[static_cast<std::size_t>(i)] * (h > 1e-9 ? (1 - std::exp(-h)) / h : 1);
        }
      }
      for (std::size_t use = 0; use < use_count; ++use) {
        const double s = spread_at(static_cast<Use>(use), age) * spreads[use].loading;
        norm[use] = mean([&](double x) { return std::exp(s * x - 0.5 * s * s); });
      }
      double left = 0;
      for (int i = 0; i < grid; ++i) {
        auto& w = weight[static_cast<std::size_t>(i)];
        died_[static_cast<std::size_t>(index)][static_cast<std::size_t>(i)] = w;
        w *= std::exp(-hazard(grid_point(i)));
        left += w;
      }
      survival = left;
    }
    for (int i = 0; i < grid; ++i) {
      auto& died = died_[static_cast<std::size_t>(index)][static_cast<std::size_t>(i)];
      died = std::max(0.0, died - weight[static_cast<std::size_t>(i)]) / survival;
    }
    for (int i = 0; i < grid; ++i) alive_[static_cast<std::size_t>(index)][static_cast<std::size_t>(i)] = weight[static_cast<std::size_t>(i)] / survival;
    sum += population(g.age, g.sex) * quintile_share(std::min(g.age, 85), g.sex, g.quintile) / survival;
    cumulative_[static_cast<std::size_t>(index)] = sum;
  }
  for (double& c : cumulative_) c /= sum;
}

Group Model::draw_group(double u) const {
  const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end() - 1, u) - cumulative_.begin();
  return group_at(static_cast<int>(at));
}

double Model::multiplier(Use use, int group, int year, double frailty, double year_noise) const {
  const double s = spread_at(use, age_in_year(group_at(group).age, year, years_)), lasting = spreads[use].loading;
  const double x = lasting * frailty + std::sqrt(1 - lasting * lasting) * year_noise;
  return std::exp(s * x - 0.5 * s * s) / norm_[static_cast<std::size_t>(group * years_ + year)][use];
}

double Model::death_multiplier(int group, int year, double frailty) const {
  const double d = death_spread(age_in_year(group_at(group).age, year, years_));
  return std::exp(d * frailty - 0.5 * d * d) / norm_[static_cast<std::size_t>(group * years_ + year)][use_count];
}

double Model::shape(std::size_t condition, double age) const {
  const double t = std::clamp(age / 10, 0.0, 9.9999);
  const auto i = static_cast<std::size_t>(t);
  const auto& s = conditions[condition].shape;
  return s[i] + (s[i + 1] - s[i]) * (t - static_cast<double>(i));
}

// The scale of each condition's shape in each decile, so that its share of the living at the end is the published one.
void Model::fit_prevalence() {
  for (const auto& row : table_rows("data/qof_by_imd_decile.csv"))
    for (std::size_t c = 0; c < condition_count; ++c)
      if (conditions[c].register_code == row[1]) published_[c][static_cast<std::size_t>(int_of(row[0]) - 1)] = number_of(row[2]) / 100;
  for (std::size_t c = 0; c < condition_count; ++c)
    for (int decile = 1; decile <= 10; ++decile) {
      auto& target = published_[c][static_cast<std::size_t>(decile - 1)];
      const double slope = 1.35 - 0.07 * (decile - 1);  // where no register is published: commoner in deprived areas
      if (conditions[c].register_code.empty()) target = conditions[c].overall / 100 * slope / 1.035;
      const int q = (decile - 1) / 2;
      double scale = 0.01;
      for (int pass = 0; pass < 4; ++pass) {
        double with = 0, people = 0;
        const double r = conditions[c].loading, rest = std::sqrt(1 - r * r);
        for (int age = conditions[c].minimum_age; age <= oldest; ++age)
          for (int sex = 0; sex < 2; ++sex) {
            const double n = population(age, sex) * quintile_share(std::min(age, 85), sex, q);
            const double p = std::min(.9, shape(c, age + .5) * scale * (sex == 0 ? conditions[c].female : 1.0));
            people += n;
            if (p <= 0) continue;
            const double cut = standard_normal_quantile(1 - p);
            double has = 0;
            const auto& alive = alive_[static_cast<std::size_t>(group_index({age, sex, q}))];
            for (int i = 0; i < grid; i += 2) has += 2 * alive[static_cast<std::size_t>(i)] * standard_normal_distribution((r * grid_point(i) - cut) / rest);
            with += n * has;
          }
        scale *= target * people / with;
      }
      scale_[c][static_cast<std::size_t>(decile - 1)] = scale;
    }
}

// Frailty at 65 to 95: half fit, 35% mild, 12% moderate, 3% severe (Clegg 2016), by a score of the latent frailty and age.
void Model::fit_frailty() {
  constexpr double beyond[] = {.50, .15, .03};
  for (std::size_t level = 0; level < 3; ++level) {
    double low = -6, high = 9;
    for (int pass = 0; pass < 40; ++pass) {
      const double cut = (low + high) / 2;
      double with = 0, people = 0;
      for (int age = 65; age <= 95; ++age)
        for (int sex = 0; sex < 2; ++sex)
          for (int q = 0; q < 5; ++q) {
            const double n = population(age, sex) * quintile_share(std::min(age, 85), sex, q);
            const auto& alive = alive_[static_cast<std::size_t>(group_index({age, sex, q}))];
            people += n;
            for (int i = 0; i < grid; ++i)
              with += n * alive[static_cast<std::size_t>(i)] * standard_normal_distribution((.75 * grid_point(i) + .05 * (age - 75) - cut) / .66);
          }
      (with / people > beyond[level] ? low : high) = cut;
    }
    frailty_cut_[level] = (low + high) / 2;
  }
}

int Model::frailty_level(double frailty, int age, std::uint64_t person) const {
  CounterRandom draw(person, 17, static_cast<std::uint64_t>(Stream::frailty));
  const double score = .75 * frailty + .05 * (age - 75) + .66 * draw.normal();
  return score > frailty_cut_[2] ? 3 : score > frailty_cut_[1] ? 2 : score > frailty_cut_[0] ? 1 : 0;
}

namespace {
// Long-term care by age, percent of people who have it: the model's own shape; its two halves are scaled to the published
// 858 and 5,186 clients in 100,000 people.
constexpr std::pair<double, double> social_care_shape[] = {{18, .70}, {30, .74}, {45, .86}, {60, 1.18}, {65, 1.45}, {72, 2.05}, {80, 5.8}, {88, 17.2}, {96, 31}, {110, 42}};
}  // namespace

double Model::social_care_share(double age) const {
  for (std::size_t i = 1; i < std::size(social_care_shape); ++i) {
    const auto& [a0, p0] = social_care_shape[i - 1];
    const auto& [a1, p1] = social_care_shape[i];
    if (age >= a0 && age < a1)
      return (p0 * social_care_scale_[a0 >= 65] + (p1 * social_care_scale_[a1 >= 65] - p0 * social_care_scale_[a0 >= 65]) * (age - a0) / (a1 - a0)) / 100;
  }
  return 0;
}

double Model::social_care_age(double rank) const {
  if (rank <= social_care_share(18)) return 18;
  double before = 18;
  for (double age = 18.25; age < 110; age += .25) {
    if (rank <= social_care_share(age)) return before;
    before = age;
  }
  return 999;
}

void Model::fit_social_care() {
  constexpr double published[] = {858e-5, 5186e-5};
  const double r = social_care_loading, rest = std::sqrt(1 - r * r);
  for (int pass = 0; pass < 4; ++pass) {
    std::array<double, 2> clients{}, people{};
    for (int age = 18; age <= oldest; ++age) {
      const double share = social_care_share(age + .3);
      const double cut = standard_normal_quantile(1 - std::max(share, 1e-9));
      for (int sex = 0; sex < 2; ++sex)
        for (int q = 0; q < 5; ++q) {
          const double n = population(age, sex) * quintile_share(std::min(age, 85), sex, q);
          const auto at = static_cast<std::size_t>(group_index({age, sex, q}));
          people[age >= 65] += n;
          for (std::size_t i = 0; i < grid; ++i)
            clients[age >= 65] += n * (alive_[at][i] + died_[at][i]) * standard_normal_distribution((r * grid_point(static_cast<int>(i)) - cut) / rest);
        }
    }
    for (std::size_t old = 0; old < 2; ++old) social_care_scale_[old] *= published[old] * people[old] / clients[old];
  }
}

void Model::fit_consultations() {  // 5.16 of all kinds a person a year
  double visits = 0, people = 0;
  for (int age = 0; age <= oldest; ++age)
    for (int sex = 0; sex < 2; ++sex) {
      visits += population(age, sex) * gp_visits(age, sex);
      people += population(age, sex);
    }
  other_consultations_ = 5.16 * people / visits - 1;
}

double Model::onset_age(std::size_t condition, int sex, int decile, double rank) const {
  const double scale = scale_[condition][static_cast<std::size_t>(decile - 1)] * (sex == 0 ? conditions[condition].female : 1.0);
  const double need = rank / scale;
  const auto& s = conditions[condition].shape;
  if (rank > .9 || need > s[10]) return 999;
  if (need <= s[0]) return 0;
  for (std::size_t i = 1; i < s.size(); ++i)
    if (need <= s[i]) return 10 * (static_cast<double>(i - 1) + (need - s[i - 1]) / (s[i] - s[i - 1]));
  return 999;
}

}  // namespace joinedup::synth
