// The care one person receives in the period, before any file is thought of: spells, attendances, appointments, packages.
#pragma once
#include <vector>

#include "synth/people.hpp"

namespace joinedup::synth {

enum class SpellKind { emergency, day_case, elective, regular_day, maternity, delivery, birth, transfer };

struct Presentation {  // why somebody is in hospital
  std::string_view icd10, hrg_root;
  std::array<double, 5> weight;  // 0–15, 16–44, 45–64, 65–79, 80+
  int condition;                 // index, or -1
  double boost;                  // how much likelier where the condition is there
  double stay;                   // length relative to the mean
  std::string_view specialty;
};
std::span<const Presentation> emergency_presentations();
std::span<const Presentation> elective_presentations();

struct Spell {
  SpellKind kind = SpellKind::emergency;
  Date start, end;  // end may lie after the period: not discharged yet
  int episodes = 1;
  int provider = 0;  // 0, 1: the two hospitals
  const Presentation* reason = nullptr;
  std::string_view hrg;
  bool died = false, transferred_out = false, to_care_home = false;
  int critical_level_2 = 0, critical_level_3 = 0, delayed = 0;
  int baby = -1;  // of a delivery: place in the block
};

struct Attendance {
  Date day;
  int minute = 0;
  int department = 1;  // 1 major, 3 and 4 minor
  bool admitted = false, by_ambulance = false, reattended = false;
  const Presentation* reason = nullptr;
};

struct Appointment {
  Date day;
  int specialty = 0;
  bool first = false, attended = true;
};

struct Package {  // long-term social care
  Date start, end = never;
  int kind = 0;  // 0 nursing home, 1 residential home, 2 home care, 3 direct payment, 4 supported living, 5 day support
  int pence = 0;
};

struct Care {
  std::vector<Spell> spells;           // by start
  std::vector<Attendance> attendances;
  std::vector<Appointment> appointments;
  std::vector<Package> packages;
  std::vector<Date> requests;          // for social care, beyond those that led to a package
  std::vector<double> emergency_rate;  // spells a year, by model year, before what dying adds
  std::vector<double> gp_multiplier;   // by model year
  double risk = 0;                     // of an emergency admission in the last model year, seen from its first day
  bool at_risk = false;                // alive and born on that day
};

Care make_care(const World& world, const Block& block, const Person& person);
// Emergency spells a year in the model year in which the case-management programme begins, without it: what it enrols by.
double programme_risk(const World& world, const Block& block, const Person& person);

}  // namespace joinedup::synth
