#include "synth/people.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/hash.hpp"
#include "base/nhs_number.hpp"
#include "synth/care.hpp"

namespace joinedup::synth {
namespace {

constexpr double moves_a_year = 0.10;  // of households; the bar is 8% of people
constexpr double visitor_share = 0.008;

void draw_person(const World& world, Person& person) {
  auto draw = random_for(world, person.id, Stream::person);
  const Group group = world.model.draw_group(draw.uniform());
  person.group = group_index(group);
  person.sex = group.sex;
  person.quintile = group.quintile;
  person.decile = group.quintile * 2 + 1 + (draw.chance(.5) ? 1 : 0);
  const Date to = world.options.data_to;
  const Date birthday = to.add_months(-12 * group.age), earlier = to.add_months(-12 * (group.age + 1));
  person.birth = birthday - static_cast<int>(draw.below(static_cast<std::uint64_t>(birthday - earlier)));
  person.frailty = draw.normal();
  // Ethnic categories in the proportions of the 2021 census, coarsely.
  constexpr std::pair<double, char> ethnic[] = {{.735, 'A'}, {.744, 'B'}, {.806, 'C'}, {.823, 'F'}, {.856, 'H'}, {.884, 'J'}, {.895, 'K'},
                                                {.913, 'L'}, {.938, 'N'}, {.949, 'M'}, {.956, 'R'}, {.978, 'S'}, {1.0, 'Z'}};
  const double e = draw.uniform();
  for (const auto& [upto, code] : ethnic)
    if (e <= upto) {
      person.ethnicity = code;
      break;
    }
  person.residence = person.birth < world.data_from && draw.chance(visitor_share) ? Residence::visitor : Residence::registered;
  person.nhs_number = nhs_number_of(person.id, world.options);
}

void draw_conditions(const World& world, Person& person) {
  auto draw = random_for(world, person.id, Stream::condition);
  for (std::size_t c = 0; c < condition_count; ++c) {
    const double r = conditions[c].loading;
    const double liability = r * person.frailty + std::sqrt(1 - r * r) * draw.normal();
    const double age = world.model.onset_age(c, person.sex, person.decile, 1 - standard_normal_distribution(liability));
    person.onset[c] = age > 200 ? never : person.birth + static_cast<int>(age * 365.25);
  }
}

void draw_death(const World& world, Person& person) {
  auto draw = random_for(world, person.id, Stream::death);
  for (int y = 0; y < world.options.years && person.death == never; ++y) {
    const Date start = std::max(world.year_start[static_cast<std::size_t>(y)], person.birth), end = world.year_start[static_cast<std::size_t>(y + 1)];
    const double wait = draw.exponential(1);
    if (start >= end) continue;
    const int age = person.age(start + (end - start) / 2);
    const double rate = world.model.death_rate(age, person.sex, person.quintile) *
                        world.model.death_multiplier(person.group, y, person.frailty);
    const double days = wait / rate * 365.25;
    if (days < end - start) person.death = start + static_cast<int>(days);
  }
}

// Couples, single people and children of one neighbourhood become households.
class Neighbourhood {
 public:
  Neighbourhood(const World& world, Block& block, int decile, std::vector<int> members)
      : world_(world), block_(block), decile_(decile), members_(std::move(members)),
        draw_(random_for(world, block.number * 16 + static_cast<std::uint64_t>(decile), Stream::household)) {
    std::sort(members_.begin(), members_.end(), [&](int a, int b) {
      return std::pair(person(a).birth, a) < std::pair(person(b).birth, b);
    });
  }
  void settle() {
    pair_adults();
    for (int child : members_)
      if (is_child(child)) place_child(child);
    for (int home = first_; home < static_cast<int>(block_.households.size()); ++home) give_addresses(home);
  }

 private:
  Person& person(int at) { return block_.people[static_cast<std::size_t>(at)]; }
  int age(int at) { return group_at(person(at).group).age; }
  bool is_child(int at) { return age(at) < 18; }
  int new_home(int member) {
    block_.households.emplace_back();
    const int home = static_cast<int>(block_.households.size()) - 1;
    join(home, member);
    return home;
  }
  void join(int home, int member) {
    block_.households[static_cast<std::size_t>(home)].members.push_back(member);
    person(member).household = home;
  }
  void name(int at, std::string_view surname) {
    person(at).surname = surname;
    person(at).birth_surname = surname;
  }
  std::string_view any_surname() { return world_.names.surname(draw_.uniform()); }

  void pair_adults() {
    first_ = static_cast<int>(block_.households.size());
    std::vector<int> women, men, young;
    for (int at : members_) {
      if (is_child(at)) continue;
      if (age(at) < 24 && draw_.chance(.6)) young.push_back(at);
      else (person(at).sex == 0 ? women : men).push_back(at);
    }
    std::vector<bool> taken(men.size(), false);
    for (std::size_t i = 0; i < women.size(); ++i) {
      const int woman = women[i];
      name(woman, any_surname());
      const int home = new_home(woman);
      if (men.empty() || !draw_.chance(.68)) continue;
      const auto at = std::min(men.size() - 1, i * men.size() / women.size());
      if (taken[at] || std::abs(age(men[at]) - age(woman)) > 12) continue;
      taken[at] = true;
      name(men[at], any_surname());
      join(home, men[at]);
      if (draw_.chance(.75)) person(woman).surname = person(men[at]).surname;
    }
    for (std::size_t i = 0; i < men.size(); ++i)
      if (!taken[i]) {
        name(men[i], any_surname());
        new_home(men[i]);
      }
    const int homes = static_cast<int>(block_.households.size()) - first_;
    for (int at : young) {
      int found = -1;
      for (int tries = 0; tries < 12 && homes > 0 && found < 0; ++tries) {
        const int home = first_ + static_cast<int>(draw_.below(static_cast<std::uint64_t>(homes)));
        const int elder = block_.households[static_cast<std::size_t>(home)].members[0];
        const int gap = age(elder) - age(at);
        if (gap >= 20 && gap <= 42) found = home;
      }
      if (found < 0) {
        name(at, any_surname());
        new_home(at);
      } else {
        name(at, person(block_.households[static_cast<std::size_t>(found)].members.back()).surname);
        join(found, at);
      }
    }
    homes_ = static_cast<int>(block_.households.size()) - first_;
  }

  void place_child(int child) {
    for (int tries = 0; tries < 60 && homes_ > 0; ++tries) {
      const int home = first_ + static_cast<int>(draw_.below(static_cast<std::uint64_t>(homes_)));
      auto& members = block_.households[static_cast<std::size_t>(home)].members;
      const int woman = members[0];
      const int gap = (person(child).birth - person(woman).birth) / 365;
      if (person(woman).sex != 0 || is_child(woman) || members.size() > 5 || gap < 18 || gap > (tries < 40 ? 40 : 44)) continue;
      if (person(woman).death < person(child).birth || person(woman).residence == Residence::visitor) continue;
      int close = -1;
      for (int other : members)
        if (is_child(other) && std::abs(person(other).birth - person(child).birth) < 290) close = other;
      if (close >= 0) {  // born within months of each other: twins, or another home
        if (age(close) != age(child) || person(close).twin >= 0 || !draw_.chance(.2)) continue;
        person(child).birth = person(close).birth;
        person(child).twin = close;
        person(close).twin = child;
      }
      const bool father = members.size() > 1 && !is_child(members[1]) && person(members[1]).sex == 1;
      name(child, father && draw_.chance(.85) ? person(members[1]).surname : person(woman).surname);
      person(child).mother = woman;
      join(home, child);
      return;
    }
    name(child, any_surname());
    new_home(child);
  }

  void give_addresses(int home) {
    Household& household = block_.households[static_cast<std::size_t>(home)];
    const auto& geography = world_.geography;
    Address address;
    address.area = geography.area_of(decile_, block_.number);
    address.from = world_.data_from - draw_.between(200, 7000);
    settle_in(address);
    address.practice = geography.practice_of(address.area, draw_.uniform());
    household.addresses.push_back(address);
    const int days = world_.options.data_to - world_.data_from;
    double at = draw_.exponential(365.25 / moves_a_year);
    while (at < days) {
      address.from = world_.data_from + static_cast<int>(at);
      address.area = geography.another_area(address.area, draw_.bits() >> 8);
      settle_in(address);
      if (draw_.chance(.45)) address.practice = geography.practice_of(address.area, draw_.uniform());
      household.addresses.push_back(address);
      at += 60 + draw_.exponential(365.25 / moves_a_year);
    }
  }
  void settle_in(Address& address) {
    address.postcode = static_cast<int>(draw_.below(Geography::postcodes_per_area));
    address.house = draw_.between(1, 180);
    address.street = mix64(static_cast<std::uint64_t>(address.area * Geography::postcodes_per_area + address.postcode), 5) >> 7;
  }

  const World& world_;
  Block& block_;
  int decile_;
  std::vector<int> members_;
  CounterRandom draw_;
  int first_ = 0, homes_ = 0;
};

void give_names(const World& world, Person& person) {
  auto draw = random_for(world, person.id, Stream::name);
  person.given = accented(world.names.given(person.sex, draw.uniform()));
  if (draw.chance(.65)) person.middle = world.names.given(person.sex, draw.uniform());
  person.surname = accented(person.surname);
  person.birth_surname = accented(person.birth_surname);
}

bool may_enrol(const World& world, const Person& person) {
  const Date start = world.programme_start();
  return person.residence == Residence::registered && person.death > start && person.age(start) >= 18 && person.birth < start;
}

// The scale at which the wanted share of people is enrolled, on a sample of the place.
double fit_programme(const World& world) {
  std::vector<double> risks;
  double people = 0;
  for (std::uint64_t number = 0; number < std::min<std::uint64_t>(block_count(world.options), 16); ++number) {
    const Block block = make_block(world, number);
    people += static_cast<double>(block.people.size());
    for (const Person& person : block.people)
      if (may_enrol(world, person)) risks.push_back(std::pow(programme_risk(world, block, person), 1.5));
  }
  double low = 0, high = 1e6;
  for (int pass = 0; pass < 80; ++pass) {
    const double scale = (low + high) / 2;
    double enrolled = 0;
    for (const double risk : risks) enrolled += std::min(.9, scale * risk);
    (enrolled / people < world.options.programme.share ? low : high) = scale;
  }
  return (low + high) / 2;
}

void enrol(const World& world, const Block& block, Person& person) {
  if (world.programme_scale <= 0 || !may_enrol(world, person)) return;
  auto draw = random_for(world, person.id, Stream::programme);
  const bool taken = draw.chance(std::min(.9, world.programme_scale * std::pow(programme_risk(world, block, person), 1.5)));
  const Date day = world.programme_start() + draw.between(0, 89);
  if (taken && day < person.death) person.enrolled = day;
}

}  // namespace

World::World(const SynthOptions& given)
    : options(given), model(given), geography(given), data_from((given.data_to + 1).add_months(-12 * given.years)) {
  for (int y = 0; y <= options.years; ++y) year_start.push_back((options.data_to + 1).add_months(-12 * (options.years - y)));
  for (std::uint64_t i = 0; i < 4; ++i) {
    CounterRandom draw(options.seed, 900 + i, static_cast<std::uint64_t>(Stream::place));
    const std::uint64_t bits = draw.bits();
    std::uint8_t bytes[8];
    std::memcpy(bytes, &bits, 8);
    pseudonym_key += to_hex(bytes);
  }
  if (options.programme.share > 0) programme_scale = fit_programme(*this);
}

int World::programme_year() const {
  int y = options.years - 1;
  while (y > 0 && year_start[static_cast<std::size_t>(y)] > programme_start()) --y;
  return y;
}

// People per eight-digit beginning: nine, because one of ten endings may have no check digit. The range kept for tests
// (999 000 0000 and up) holds 900,000; a larger place takes numbers from 400 000 0000 up. Never two alike.
std::uint64_t nhs_number_of(std::uint64_t person, const SynthOptions& options) {
  const bool small = options.people <= 900000;
  const std::uint64_t room = small ? 900000 : 9 * 30000000ULL;
  __extension__ using Wide = unsigned __int128;
  const auto at = static_cast<std::uint64_t>((static_cast<Wide>(person) * 700001 + mix64(options.seed, 3) % room) % room);
  const std::uint64_t start = (small ? 99900000ULL : 40000000ULL) + at / 9;
  auto wanted = static_cast<int>(at % 9);
  for (std::uint64_t last = 0; last < 10; ++last) {
    const std::uint64_t nine = start * 10 + last;
    const int check = nhs_check_digit(nine);
    if (check == 10) continue;
    if (wanted-- == 0) return nine * 10 + static_cast<std::uint64_t>(check);
  }
  return 0;  // not reached: at most one of the ten is left out
}

bool ever_coded(const World& world, const Person& person, std::size_t condition) {
  if (world.options.under_coding <= 0) return true;
  CounterRandom draw(world.options.seed, person.id * 32 + condition, static_cast<std::uint64_t>(Stream::condition) + 500);
  return !draw.chance(world.options.under_coding);
}

std::uint64_t block_count(const SynthOptions& options) { return (options.people + people_per_block - 1) / people_per_block; }

const Address& address_on(const Block& block, const Person& person, Date day) {
  const auto& list = block.households[static_cast<std::size_t>(person.household)].addresses;
  std::size_t at = list.size();
  while (at > 1 && list[at - 1].from > day) --at;
  return list[at - 1];
}

Block make_block(const World& world, std::uint64_t number) {
  Block block;
  block.number = number;
  const std::uint64_t first = number * people_per_block;
  const std::uint64_t last = std::min(world.options.people, first + people_per_block);
  block.people.resize(static_cast<std::size_t>(last - first));
  std::array<std::vector<int>, 11> of_decile;
  for (std::size_t i = 0; i < block.people.size(); ++i) {
    Person& person = block.people[i];
    person.id = first + i;
    draw_person(world, person);
    of_decile[static_cast<std::size_t>(person.decile)].push_back(static_cast<int>(i));
  }
  for (auto& person : block.people) draw_death(world, person);
  for (int decile = 1; decile <= 10; ++decile)
    Neighbourhood(world, block, decile, std::move(of_decile[static_cast<std::size_t>(decile)])).settle();
  for (auto& person : block.people) {
    if (person.death < person.birth) person.death = person.birth;  // a twin took the other's birthday
    draw_conditions(world, person);
    give_names(world, person);
  }
  for (auto& person : block.people) enrol(world, block, person);
  return block;
}

}  // namespace joinedup::synth
