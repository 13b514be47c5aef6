#include "synth/care.hpp"

#include <algorithm>
#include <cmath>

#include "synth/hrg.hpp"

namespace joinedup::synth {
namespace {

constexpr double readmission = 0.13;      // of emergency spells, within about a month
constexpr double readmission_wait = 13;   // days, mean
constexpr double dying_admission = 0.58;  // of deaths: one more emergency spell in the last weeks
constexpr double transfer_share = 0.012;  // of emergency spells: on to the other hospital

std::size_t age_band(int age) { return age < 16 ? 0 : age < 45 ? 1 : age < 65 ? 2 : age < 80 ? 3 : 4; }
double more_episodes(int age) { return .10 + .0020 * std::min(age, 95); }  // chance of one more episode in an emergency spell
constexpr double more_elective_episodes = .04;

class CareMaker {
 public:
  CareMaker(const World& world, const Block& block, const Person& person) : world_(world), block_(block), person_(person) {
    auto draw = random_for(world, person.id, Stream::frailty);
    for (int y = 0; y < world.options.years; ++y) {
      std::array<double, use_count> noise;
      for (double& n : noise) n = draw.normal();
      noise_.push_back(noise);
    }
  }

  Care make() {
    for (int y = 0; y < world_.options.years; ++y) {
      care_.emergency_rate.push_back(emergency_rate(y));
      care_.gp_multiplier.push_back(multiplier(use_gp, y));
    }
    emergency_spells();
    elective_spells();
    births();
    order_spells();
    attendances();
    appointments();
    packages();
    risk();
    return std::move(care_);
  }

  double rate_in(int y) const { return emergency_rate(y); }

 private:
  struct Span {
    Date start, end;  // end exclusive
    int age;
    double years;
  };
  Span alive_in(int y) const {
    Span span;
    span.start = std::max(world_.year_start[static_cast<std::size_t>(y)], person_.birth);
    span.end = std::min(world_.year_start[static_cast<std::size_t>(y) + 1], person_.death);
    const Date whole = world_.year_start[static_cast<std::size_t>(y) + 1];
    span.age = person_.age(span.start + std::max(0, (whole - span.start) / 2));
    span.years = std::max(0, span.end - span.start) / 365.25;
    return span;
  }
  // The weeks before the first year bring readmissions and series of visits into it; what lies before it is dropped later.
  Span with_run_up(int y) const {
    Span span = alive_in(y);
    if (y > 0) return span;
    span.start = std::max(span.start - 80, std::min(person_.birth, span.start));
    span.years = std::max(0, span.end - span.start) / 365.25;
    return span;
  }
  double multiplier(Use use, int y) const {
    return world_.model.multiplier(use, person_.group, y, person_.frailty, noise_[static_cast<std::size_t>(y)][use]);
  }
  static int poisson(double mean, CounterRandom& draw) {
    if (mean > 40) return std::max(0, static_cast<int>(std::lround(mean + std::sqrt(mean) * draw.normal())));
    int n = 0;
    for (double left = std::exp(-mean), product = draw.uniform(); product > left; product *= draw.uniform()) ++n;
    return n;
  }

  // Spells a year: the cell's episodes, less what dying and readmission add of themselves.
  double emergency_rate(int y) const {
    const Span span = alive_in(y);
    const double episodes = world_.model.emergency_episodes(span.age, person_.sex, person_.quintile);
    const double dying = world_.model.death_rate(span.age, person_.sex, person_.quintile) * dying_admission;
    const double spells = episodes * (1 - more_episodes(span.age));
    const double rate = std::max(.25 * spells, spells - dying) * (1 - readmission);
    return rate * multiplier(use_emergency, y);
  }

  const Presentation& choose(std::span<const Presentation> list, int age, Date day, CounterRandom& draw) const {
    std::array<double, 48> running;
    double sum = 0;
    const std::size_t band = age_band(age);
    for (std::size_t i = 0; i < list.size(); ++i) {
      double weight = list[i].weight[band];
      if (list[i].condition >= 0 && person_.has(static_cast<std::size_t>(list[i].condition), day)) weight *= list[i].boost;
      if (list[i].specialty == "502" && person_.sex == 1) weight = 0;
      running[i] = sum += weight;
    }
    const double at = draw.uniform() * sum;
    std::size_t i = 0;
    while (i + 1 < list.size() && running[i] < at) ++i;
    return list[i];
  }

  int conditions_on(Date day) const {
    int count = 0;
    for (const Date& onset : person_.onset) count += onset <= day ? 1 : 0;
    return count;
  }

  Spell emergency_spell(Date day, int y, CounterRandom& draw) {
    Spell spell;
    const int age = person_.age(day);
    spell.start = day;
    spell.reason = &choose(emergency_presentations(), age, day, draw);
    const double mean = (1.0 + .062 * std::min(age, 95)) * spell.reason->stay;
    const double x = std::log(mean) - 1.05 + 1.3 * draw.normal() + .25 * (person_.frailty + noise_[static_cast<std::size_t>(y)][use_emergency]);
    const int days = static_cast<int>(std::exp(x));
    spell.end = day + std::min(days, 240);
    const double more = more_episodes(age);
    while (draw.chance(more) && spell.episodes < 9) ++spell.episodes;
    spell.provider = draw.chance(home_share()) ? home_provider() : 1 - home_provider();
    if (days > 3 && draw.chance(.10)) {
      spell.critical_level_3 = draw.chance(.55) ? std::min(days - 1, 1 + static_cast<int>(draw.exponential(9))) : 0;
      spell.critical_level_2 = std::min(days - spell.critical_level_3, 1 + static_cast<int>(draw.exponential(4)));
    }
    if (days > 7 && age > 65 && draw.chance(.25)) spell.delayed = draw.between(1, std::min(20, days / 2));
    spell.to_care_home = age > 75 && days > 10 && draw.chance(.12);
    const double severity = draw.uniform() + .06 * conditions_on(day) + (days > 14 ? .3 : days > 5 ? .1 : 0) - .22;
    spell.hrg = hrg_of(spell.reason->hrg_root, severity, age < 19);
    return spell;
  }
  double home_share() const { return .90; }
  int home_provider() const { return address_on(block_, person_, world_.data_from).area % 3 == 0 ? 1 : 0; }

  void emergency_spells() {
    auto draw = random_for(world_, person_.id, Stream::emergency);
    for (int y = 0; y < world_.options.years; ++y) {
      const Span span = with_run_up(y);
      const int count = span.end > span.start ? poisson(care_.emergency_rate[static_cast<std::size_t>(y)] * span.years, draw) : 0;
      for (int i = 0; i < count; ++i) {
        Date day = span.start + static_cast<int>(draw.below(static_cast<std::uint64_t>(span.end - span.start)));
        do {
          add_emergency(emergency_spell(day, y, draw), draw);
          day = care_.spells.back().end + 1 + static_cast<int>(draw.exponential(readmission_wait));
        } while (draw.chance(readmission) && day < person_.death && day <= world_.options.data_to);
      }
    }
    if (person_.death <= world_.options.data_to && draw.chance(dying_admission)) {
      const int before = static_cast<int>(draw.exponential(18));
      const Date day = std::max({person_.death - before, world_.data_from, person_.birth});
      Spell last = emergency_spell(std::min(day, person_.death), world_.options.years - 1, draw);
      add_emergency(last, draw);
    }
    if (person_.enrolled <= world_.options.data_to) apply_programme();
  }

  // Each emergency spell from enrolment on is left out, or another is added, so that their rate changes by the known effect.
  void apply_programme() {
    auto draw = random_for(world_, person_.id * 4 + 1, Stream::programme);
    const double effect = world_.options.programme.effect;
    std::vector<Spell> kept;
    bool left_out = false;
    for (const Spell& spell : care_.spells) {
      if (spell.kind == SpellKind::transfer) {
        if (!left_out) kept.push_back(spell);
        continue;
      }
      const bool after = spell.start >= person_.enrolled;
      left_out = after && draw.chance(1 - effect);
      if (left_out) continue;
      kept.push_back(spell);
      if (!after || spell.transferred_out || !draw.chance(effect - 1)) continue;
      kept.push_back(spell);
      kept.back().start = spell.end + draw.between(3, 60);
      kept.back().end = std::min(kept.back().start + (spell.end - spell.start), person_.death);
    }
    care_.spells = std::move(kept);
  }

  void add_emergency(Spell spell, CounterRandom& draw) {
    spell.end = std::min(spell.end, person_.death);
    const int days = spell.end - spell.start;
    if (days >= 2 && draw.chance(transfer_share * 1.6)) {  // on to the other hospital: one continuous stay, two spells
      Spell onward = spell;
      onward.kind = SpellKind::transfer;
      onward.start = spell.start + 1 + static_cast<int>(draw.below(static_cast<std::uint64_t>(days)));
      onward.provider = 1 - spell.provider;
      onward.episodes = 1;
      onward.critical_level_2 = onward.critical_level_3 = onward.delayed = 0;
      spell.end = onward.start;
      spell.transferred_out = true;
      spell.critical_level_2 = spell.critical_level_3 = spell.delayed = 0;
      care_.spells.push_back(spell);
      care_.spells.push_back(onward);
      return;
    }
    care_.spells.push_back(spell);
  }

  void elective_spells() {
    auto draw = random_for(world_, person_.id, Stream::elective);
    constexpr double series = .05, series_length = 6;  // some come back again and again: chemotherapy, dialysis
    for (int y = 0; y < world_.options.years; ++y) {
      const Span span = with_run_up(y);
      if (span.end <= span.start) continue;
      const double episodes = world_.model.other_episodes(span.age, person_.sex, person_.quintile);
      const double maternity = world_.model.maternity_share(span.age, person_.sex, person_.quintile);
      const double spells = episodes * (1 - maternity) * (1 - more_elective_episodes) / (1 + series * .65 * series_length);
      const int count = poisson(spells * multiplier(use_elective, y) * span.years, draw);
      for (int i = 0; i < count; ++i) planned(span, draw, series, series_length);
      if (maternity <= 0) continue;
      const double antenatal = std::max(0.0, episodes * maternity - world_.model.births_per_woman(span.age, person_.quintile));
      for (int i = poisson(antenatal * span.years, draw); i > 0; --i) {
        Spell spell;
        spell.kind = SpellKind::maternity;
        spell.start = span.start + static_cast<int>(draw.below(static_cast<std::uint64_t>(span.end - span.start)));
        spell.end = std::min(spell.start + (draw.chance(.6) ? 0 : 1), person_.death);
        spell.provider = home_provider();
        care_.spells.push_back(spell);
      }
    }
  }

  void planned(const Span& span, CounterRandom& draw, double series, double series_length) {
    Spell spell;
    spell.start = span.start + static_cast<int>(draw.below(static_cast<std::uint64_t>(span.end - span.start)));
    spell.reason = &choose(elective_presentations(), span.age, spell.start, draw);
    const bool overnight = draw.chance(spell.reason->stay > .8 ? .75 : .12);
    spell.kind = overnight ? SpellKind::elective : SpellKind::day_case;
    spell.end = std::min(spell.start + (overnight ? 1 + static_cast<int>(draw.exponential(2.4 * spell.reason->stay)) : 0), person_.death);
    spell.provider = draw.chance(home_share()) ? home_provider() : 1 - home_provider();
    if (overnight && spell.reason->stay > 1.2 && draw.chance(.10)) spell.critical_level_2 = 1 + static_cast<int>(draw.exponential(1.5));
    if (overnight && draw.chance(more_elective_episodes * 4)) ++spell.episodes;
    spell.hrg = hrg_of(spell.reason->hrg_root, draw.uniform() + .05 * conditions_on(spell.start) - .1, span.age < 19);
    care_.spells.push_back(spell);
    if (!draw.chance(series)) return;
    const bool regular = draw.chance(.25);  // regular day attenders are admissions, but no finished episodes of the marginals
    const int count = 1 + static_cast<int>(draw.exponential(series_length - .5)) * (regular ? 3 : 1);
    for (int i = 1; i <= count; ++i) {
      Spell again = spell;
      again.kind = regular ? SpellKind::regular_day : SpellKind::day_case;
      again.start = spell.start + i * (regular ? 3 : 14);
      again.end = again.start;
      again.episodes = 1;
      if (again.start >= person_.death || again.start > world_.options.data_to) break;
      care_.spells.push_back(again);
    }
  }

  void births() {
    for (int at : block_.households[static_cast<std::size_t>(person_.household)].members) {
      const Person& child = block_.people[static_cast<std::size_t>(at)];
      if (child.birth < world_.data_from || child.mother < 0) continue;
      const bool mine = &block_.people[static_cast<std::size_t>(child.mother)] == &person_;
      if (!mine && &child != &person_) continue;
      if (mine && child.twin >= 0 && child.twin < at) continue;  // one delivery for two
      auto draw = random_for(world_, block_.people[static_cast<std::size_t>(child.mother)].id * 64 + static_cast<std::uint64_t>(child.birth.days % 64), Stream::maternity);
      Spell spell;
      spell.kind = mine ? SpellKind::delivery : SpellKind::birth;
      spell.start = mine ? child.birth - (draw.chance(.3) ? 1 : 0) : child.birth;
      spell.start = std::max(spell.start, world_.data_from);
      // One baby in fifty needs weeks of care; the mother goes home before it does.
      const bool early = draw.chance(.02);
      const int nights = 1 + static_cast<int>(early && !mine ? 15 + draw.exponential(25) : draw.exponential(1.2));
      spell.end = std::min(child.birth + nights, person_.death);
      spell.provider = address_on(block_, person_, world_.data_from).area % 3 == 0 ? 1 : 0;
      spell.baby = at;
      care_.spells.push_back(spell);
    }
  }

  // One stay at a time: a spell that begins inside another ends that one; or waits for its end, where that is part of a transfer.
  void order_spells() {
    auto& spells = care_.spells;
    std::stable_sort(spells.begin(), spells.end(), [](const Spell& a, const Spell& b) { return a.start < b.start; });
    Spell* before = nullptr;
    for (auto& spell : spells) {
      const bool movable = spell.kind != SpellKind::transfer && spell.kind != SpellKind::delivery && spell.kind != SpellKind::birth;
      if (before != nullptr && movable && spell.start < before->end) {
        if (before->start < spell.start && !before->transferred_out && before->kind != SpellKind::transfer) before->end = spell.start;
        else {
          const int days = spell.end - spell.start;
          spell.start = std::min(before->end + 1, person_.death);
          spell.end = std::min(spell.start + days, person_.death);
        }
      }
      if (before == nullptr || spell.end >= before->end) before = &spell;
    }
    std::erase_if(spells, [&](const Spell& s) { return s.start > person_.death || s.start > world_.options.data_to || s.start < world_.data_from; });
    for (auto& spell : spells) {
      spell.died = spell.end == person_.death && spell.kind != SpellKind::day_case && spell.kind != SpellKind::regular_day && !spell.transferred_out;
      const int days = std::max(0, spell.end - spell.start);
      spell.critical_level_3 = std::min(spell.critical_level_3, days);
      spell.critical_level_2 = std::min(spell.critical_level_2, days - spell.critical_level_3);
      spell.delayed = std::min(spell.delayed, days);
    }
  }

  void attendances();
  void appointments();

  void requests(CounterRandom& draw) {  // published: 1.9% of people of working age a year, 13% of older ones
    for (int y = 0; y < world_.options.years; ++y) {
      const Span span = alive_in(y);
      if (span.end <= span.start || span.age < 18) continue;
      const double base = span.age < 65 ? .0186 : span.age < 75 ? .060 : span.age < 85 ? .155 : .36;
      const double rate = base * multiplier(use_attendance, y);
      for (int i = poisson(rate * span.years, draw); i > 0; --i)
        care_.requests.push_back(span.start + static_cast<int>(draw.below(static_cast<std::uint64_t>(span.end - span.start))));
    }
  }

  void packages() {
    auto draw = random_for(world_, person_.id, Stream::social_care);
    constexpr double r = social_care_loading;
    const double liability = r * person_.frailty + std::sqrt(1 - r * r) * draw.normal();
    const double rank = 1 - standard_normal_distribution(liability);
    const double age = rank < .45 ? world_.model.social_care_age(rank) : 999;
    const double kind = draw.uniform(), price = draw.uniform();
    requests(draw);
    if (age > 150) return;
    Package package;
    package.start = person_.birth + static_cast<int>(age * 365.25) + draw.between(0, 300);
    package.end = person_.death;
    const Date earliest = Date::from_civil(2008, 4, 1) + draw.between(0, 4000);  // services begun long ago have been begun anew since
    package.start = std::max(package.start, std::min(earliest, world_.data_from - 1));
    if (package.start > world_.options.data_to || package.start >= person_.death || package.end < world_.data_from) return;
    if (age < 65) package.kind = kind < .03 ? 0 : kind < .14 ? 1 : kind < .36 ? 2 : kind < .66 ? 3 : kind < .88 ? 4 : 5;
    else package.kind = kind < .12 ? 0 : kind < .36 ? 1 : kind < .84 ? 2 : kind < .94 ? 3 : kind < .96 ? 4 : 5;
    constexpr int weekly[] = {105000, 88000, 33000, 32000, 98000, 14000};
    package.pence = static_cast<int>(weekly[package.kind] * (.60 + .53 * price)) / 100 * 100;
    if (package.kind < 2 && age < 65) package.pence = package.pence * 3 / 2;
    care_.packages.push_back(package);
  }

  void risk() {
    const int y = world_.options.years - 1;
    const Date day = world_.year_start[static_cast<std::size_t>(y)];
    care_.at_risk = person_.birth < day && person_.death >= day;
    const int age = person_.age(day + 182);
    const Date end = world_.year_start.back();
    const double enrolled = std::clamp((end - std::max(day, person_.enrolled)) / static_cast<double>(end - day), 0.0, 1.0);
    const double rate = care_.emergency_rate[static_cast<std::size_t>(y)] * (1 - enrolled * (1 - world_.options.programme.effect));
    const double dies = 1 - std::exp(-world_.model.death_rate(age, person_.sex, person_.quintile) *
                                     world_.model.death_multiplier(person_.group, y, person_.frailty));
    // Who has just left hospital may yet be readmitted: what is left of that chance on the day.
    double stays_out = 1;
    for (const Spell& spell : care_.spells)
      if (spell.kind == SpellKind::emergency && spell.start < day) {
        const double later = readmission * std::exp(-std::max(0, day - spell.end - 1) / readmission_wait);
        stays_out = 1 - later / (1 - readmission + later);
      }
    care_.risk = 1 - stays_out * ((1 - dies) * std::exp(-rate) + dies * (1 - dying_admission) * std::exp(-rate / 2));
  }

  const World& world_;
  const Block& block_;
  const Person& person_;
  std::vector<std::array<double, use_count>> noise_;
  Care care_;
};

// Every emergency spell that came through a department is an attendance of its day; the rest of the published rate is
// attendances that went home again, some of them back within the week.
void CareMaker::attendances() {
  constexpr double through_department = .72, back_within_week = .0785;
  auto draw = random_for(world_, person_.id, Stream::attendance);
  const auto attend = [&](Date day, bool admitted, const Presentation* reason) {
    Attendance a;
    a.day = day;
    a.minute = std::clamp(static_cast<int>(840 + 330 * draw.normal()), 0, 1439);
    a.admitted = admitted;
    a.department = admitted || draw.chance(.50) ? 1 : draw.chance(.9) ? 3 : 4;
    a.by_ambulance = a.department == 1 && draw.chance(admitted ? .62 : .22);
    a.reason = reason;
    care_.attendances.push_back(a);
  };
  for (const Spell& spell : care_.spells)
    if (spell.kind == SpellKind::emergency && draw.chance(through_department)) attend(spell.start, true, spell.reason);
  for (int y = 0; y < world_.options.years; ++y) {
    const Span span = alive_in(y);
    if (span.end <= span.start) continue;
    const double admitted =
        through_department * world_.model.emergency_episodes(span.age, person_.sex, person_.quintile) * (1 - more_episodes(span.age));
    const double all = world_.model.attendances(span.age, person_.decile);
    const double rate = std::max(.2 * all, all - admitted) / (1 + back_within_week) * multiplier(use_attendance, y);
    for (int i = poisson(rate * span.years, draw); i > 0; --i) {
      const Date day = span.start + static_cast<int>(draw.below(static_cast<std::uint64_t>(span.end - span.start)));
      const Presentation* reason = &choose(emergency_presentations(), span.age, day, draw);
      attend(day, false, reason);
      if (draw.chance(back_within_week)) {
        const Date again = day + draw.between(1, 7);
        if (again < span.end) attend(again, false, reason);
      }
    }
  }
  std::stable_sort(care_.attendances.begin(), care_.attendances.end(), [](const Attendance& a, const Attendance& b) { return a.day < b.day; });
  for (std::size_t i = 1; i < care_.attendances.size(); ++i)
    care_.attendances[i].reattended = care_.attendances[i].day - care_.attendances[i - 1].day <= 7;
}

void CareMaker::appointments() {
  auto draw = random_for(world_, person_.id, Stream::outpatient);
  for (int y = 0; y < world_.options.years; ++y) {
    const Span span = alive_in(y);
    if (span.end <= span.start) continue;
    const double rate = world_.model.outpatient_appointments(span.age, person_.sex, person_.quintile) * multiplier(use_outpatient, y);
    const int clinic = static_cast<int>(draw.below(1000));
    for (int i = poisson(rate * span.years, draw); i > 0; --i) {
      Appointment a;
      a.day = span.start + static_cast<int>(draw.below(static_cast<std::uint64_t>(span.end - span.start)));
      a.specialty = draw.chance(.65) ? clinic : static_cast<int>(draw.below(1000));
      a.first = draw.chance(.31);
      care_.appointments.push_back(a);
    }
  }
  std::stable_sort(care_.appointments.begin(), care_.appointments.end(), [](const Appointment& a, const Appointment& b) { return a.day < b.day; });
}

}  // namespace

double programme_risk(const World& world, const Block& block, const Person& person) {
  return CareMaker(world, block, person).rate_in(world.programme_year());
}

Care make_care(const World& world, const Block& block, const Person& person) { return CareMaker(world, block, person).make(); }

}  // namespace joinedup::synth
