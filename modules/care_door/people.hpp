// people: who has a Patient, under which id, and which Patient was replaced by which. This room only.
//
//   JOINEDUP_TRY(People people, place_people(connection, memory, names));
//   people.patient_of.at(care_key)     // the id of the Patient that stands for this care key
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "care_door/memory.hpp"
#include "care_door/names.hpp"
#include "engine/engine.hpp"

namespace joinedup::care_door {

struct Registered {
  std::int64_t care_key = 0;
  std::vector<std::int64_t> registrations;  // person_ref of each register row
  bool is_new_allowed = false;              // on a list today and alive: a Patient is made where there is none
};

struct People {
  std::unordered_map<std::int64_t, std::string> patient_of;         // by care key: those that stand
  std::map<std::string, std::string> replaced;                      // a Patient, and the one that stands for it
  std::map<std::string, std::vector<std::string>> replaces;         // the other way about
  std::map<std::string, PatientEntry> changed;                      // what the memory must learn
  std::vector<std::pair<std::int64_t, std::string>> new_homes;
};

// Decides from what was shown before and how the vault groups registrations now. Pure: tests call it without a place.
People place_people(const std::vector<Registered>& groups, const std::map<std::string, PatientEntry>& known,
                    const std::unordered_map<std::int64_t, std::string>& homes, const Names& names);

}  // namespace joinedup::care_door
