// The published rates and the fitted constants of the model: who lives here, how likely each kind of care is, and how one
// latent frailty spreads it over people so that the mean of every published cell stays what it was.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "synth/conditions.hpp"
#include "synth/synth.hpp"

namespace joinedup::synth {

enum class Stream : std::uint64_t {
  person = 1, frailty, condition, household, address, name, registration, death, emergency, elective, outpatient, attendance,
  maternity, gp, prescribing, observation, community, mental_health, social_care, housing, voluntary, programme, place, circumstance,
  objection
};
// One stream of errors for each partner's record of a person.
enum class Recorder : std::uint64_t { gp = 101, hospital, second_hospital, community, mental_health, council, registrar, housing, voluntary };

enum Use : std::size_t { use_emergency, use_elective, use_outpatient, use_attendance, use_gp, use_count };
struct Spread {
  double young, old;  // standard deviation of the log rate between people, below 40 and above 85
  double loading;     // of the lasting frailty; the rest is the year's own
};
inline constexpr std::array<Spread, use_count> spreads{{{1.68, 1.30, .88}, {1.60, 1.40, .60}, {1.30, 1.10, .70}, {1.05, .75, .85}, {.75, .50, .80}}};

inline constexpr double social_care_loading = .62;  // of long-term care on the lasting frailty
inline constexpr int oldest = 105;
inline constexpr int groups = (oldest + 1) * 2 * 5;  // (age on the last day had they lived) × sex × IMD quintile

struct Group {
  int age;       // on data_to
  int sex;       // 0 female, 1 male
  int quintile;  // 0 most deprived … 4
};
inline int group_index(Group g) { return (g.age * 2 + g.sex) * 5 + g.quintile; }
inline Group group_at(int index) { return {index / 10, index / 5 % 2, index % 5}; }

class Model {
 public:
  explicit Model(const SynthOptions& options);

  Group draw_group(double u) const;
  // Rates a year for one of this age in completed years on the middle of the year.
  double death_rate(int age, int sex, int quintile) const { return deaths_[cell(age, sex, quintile)]; }
  double emergency_episodes(int age, int sex, int quintile) const { return emergency_[cell(age, sex, quintile)]; }
  double other_episodes(int age, int sex, int quintile) const { return elective_[cell(age, sex, quintile)]; }
  double maternity_share(int age, int sex, int quintile) const;  // of the other episodes
  double outpatient_appointments(int age, int sex, int quintile) const { return outpatient_[cell(age, sex, quintile)]; }
  double attendances(int age, int decile) const;   // in emergency departments of every type
  double gp_visits(int age, int sex) const;
  double other_consultations() const { return other_consultations_; }  // with nurses and others, for each with a GP
  int frailty_level(double frailty, int age, std::uint64_t person) const;  // 0 fit, 1 mild, 2 moderate, 3 severe; from 65
  double social_care_age(double rank) const;  // when long-term care begins for one of this rank; over 150: never
  double births_per_woman(int age, int quintile) const { return births_[static_cast<std::size_t>(std::min(age, 85) * 5 + quintile)]; }

  // The person's multiplier of a rate in model year y; its mean over the living of the group is 1.
  double multiplier(Use use, int group, int year, double frailty, double year_noise) const;
  double death_multiplier(int group, int year, double frailty) const;
  // Prevalence (0…1) at an exact age; rises with age only. Threshold model: has it where this passes `rank`.
  double onset_age(std::size_t condition, int sex, int decile, double rank) const;  // years; over 200: never
  int years() const { return years_; }
  double population(int age, int sex) const { return population_[static_cast<std::size_t>(age * 2 + sex)]; }
  double quintile_share(int age, int sex, int quintile) const { return share_[cell(age, sex, quintile)]; }
  double published_prevalence(std::size_t condition, int decile) const { return published_[condition][static_cast<std::size_t>(decile - 1)]; }

 private:
  static std::size_t cell(int age, int sex, int quintile) {
    return static_cast<std::size_t>((std::min(age, 85) * 2 + sex) * 5 + quintile);
  }
  void read_population();
  void read_rates();
  void weigh_groups();
  void fit_prevalence();
  void fit_frailty();
  void fit_social_care();
  double social_care_share(double age) const;
  void fit_consultations();
  double shape(std::size_t condition, double age) const;

  int years_;
  double other_consultations_ = 0;
  std::array<double, 3> frailty_cut_{};
  std::array<double, 2> social_care_scale_{1, 1};
  std::vector<double> population_;                     // people by age 0…105 and sex
  std::vector<double> share_;                          // of a quintile within age and sex
  std::vector<double> deaths_, emergency_, elective_, outpatient_, births_;
  std::vector<double> cumulative_;                     // over groups
  std::vector<std::array<double, use_count + 1>> norm_;  // by group × year; the last is death's
  std::vector<std::array<double, 41>> died_;   // in the last year, on the same scale
  std::vector<std::array<double, 41>> alive_;          // weight of each grid point among those alive at the end, by group
  std::array<std::array<double, 10>, condition_count> scale_{}, published_{};
};

double standard_normal_distribution(double x);
double standard_normal_quantile(double p);
inline std::size_t visit_band(int age) { return age < 5 ? 0 : age < 16 ? 1 : age < 45 ? 2 : age < 65 ? 3 : age < 75 ? 4 : 5; }  // QResearch
double spread_at(Use use, int age);

}  // namespace joinedup::synth
