// The people of one block: who they are, whom they live with, where and since when, and what ails them. Made from the
// block's number alone, so that any block can be made apart from all others.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "synth/geography.hpp"
#include "synth/model.hpp"
#include "synth/names.hpp"

namespace joinedup::synth {

inline constexpr Date never{std::numeric_limits<std::int32_t>::max() / 2};

struct Address {
  Date from;
  int area = 0, postcode = 0, practice = 0;
  int house = 1;
  std::uint64_t street = 0;
};

struct Household {
  std::vector<int> members;         // places in the block
  std::vector<Address> addresses;   // oldest first; the first began before the period
};

enum class Residence { registered, visitor };  // a visitor is on no list here and is seen by hospital and council only

struct Person {
  std::uint64_t id = 0;
  int sex = 0;  // 0 female, 1 male
  int group = 0, quintile = 0, decile = 1;
  Date birth, death = never;
  double frailty = 0;
  int household = 0;
  Residence residence = Residence::registered;
  std::uint64_t nhs_number = 0;
  std::string given, middle, surname, birth_surname;  // surname now; at birth
  char ethnicity = 'A';
  int mother = -1;                       // place in the block, for children; -1: none here
  int twin = -1;
  std::array<Date, condition_count> onset;
  Date enrolled = never;                 // in the case-management programme
  bool has(std::size_t condition, Date day) const { return onset[condition] <= day; }
  int age(Date day) const { return age_on(birth, day); }
};

struct Block {
  std::uint64_t number = 0;
  std::vector<Person> people;
  std::vector<Household> households;
};

struct World {  // what all blocks share
  explicit World(const SynthOptions& options);
  SynthOptions options;
  Model model;
  Geography geography;
  Names names;
  Date data_from;
  std::vector<Date> year_start;  // of model years, and the day after the last
  std::string pseudonym_key;     // of the emergency care feed
  double programme_scale = 0;    // chance of enrolment is this times risk to the power 1.5
  Date programme_start() const { return (options.data_to + 1).add_months(-options.programme.months_before_end); }
  int programme_year() const;    // the model year it begins in
};

// Rows that no system should have let out: none in a place whose error rates are nought (clean files, for benchmarks).
inline double fault_rate(const SynthOptions& options, double rate) { return options.error_multiplier > 0 ? rate : 0; }

Block make_block(const World& world, std::uint64_t number);
std::uint64_t block_count(const SynthOptions& options);
const Address& address_on(const Block& block, const Person& person, Date day);
// False for conditions that, by SynthOptions::under_coding, nobody ever codes for this person (but as a reason to be in hospital).
bool ever_coded(const World& world, const Person& person, std::size_t condition);
std::uint64_t nhs_number_of(std::uint64_t person, const SynthOptions& options);

inline CounterRandom random_for(const World& world, std::uint64_t key, Stream stream) {
  return {world.options.seed, key, static_cast<std::uint64_t>(stream)};
}

}  // namespace joinedup::synth
