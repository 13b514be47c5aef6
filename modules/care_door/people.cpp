#include "care_door/people.hpp"

#include <algorithm>

namespace joinedup::care_door {
namespace {

// Of the Patients in which a group's registrations were first shown: the one that stands for it. The one it had last time
// where that is among them, else the one that most of its registrations came from, else the first by id.
std::string choose(const Registered& group, const std::map<std::string, std::size_t>& candidates, const std::map<std::string, PatientEntry>& known) {
  std::string best;
  auto rank = std::make_tuple(false, std::size_t{0});
  for (const auto& [patient, registrations] : candidates) {
    const auto entry = known.find(patient);
    const bool had = entry != known.end() && entry->second.care_key == group.care_key && entry->second.replaced_by.empty();
    const auto mine = std::make_tuple(had, registrations);
    if (best.empty() || mine > rank) best = patient, rank = mine;
  }
  return best;
}

}  // namespace

People place_people(const std::vector<Registered>& groups, const std::map<std::string, PatientEntry>& known,
                    const std::unordered_map<std::int64_t, std::string>& homes, const Names& names) {
  People people;
  people.patient_of.reserve(groups.size());
  std::map<std::string, const Registered*> taken;
  std::vector<std::pair<const Registered*, std::map<std::string, std::size_t>>> claims;
  claims.reserve(groups.size());
  // How many groups claim a Patient: after a split, one of them only may keep it.
  std::unordered_map<std::string, std::pair<std::size_t, const Registered*>> strongest;
  for (const auto& group : groups) {
    std::map<std::string, std::size_t> candidates;
    for (const auto registration : group.registrations)
      if (const auto home = homes.find(registration); home != homes.end()) ++candidates[home->second];
    for (const auto& [patient, count] : candidates) {
      const auto entry = known.find(patient);
      const bool had = entry != known.end() && entry->second.care_key == group.care_key;
      const auto strength = 2 * count + (had ? 1 : 0);
      auto& best = strongest[patient];
      if (strength > best.first) best = {strength, &group};
    }
    claims.emplace_back(&group, std::move(candidates));
  }
  for (auto& [group, candidates] : claims) {
    std::erase_if(candidates, [&](const auto& candidate) { return strongest.at(candidate.first).second != group; });
    std::string patient = choose(*group, candidates, known);
    if (patient.empty()) {
      if (!group->is_new_allowed) continue;
      patient = names.id("Patient", "care", group->care_key);
      // A key that was split once more: its first name is another's by now.
      for (int again = 2; known.contains(patient) || taken.contains(patient); ++again)
        patient = names.id("Patient", "care", std::to_string(group->care_key) + "/" + std::to_string(again));
    }
    taken[patient] = group;
    people.patient_of[group->care_key] = patient;
    for (const auto& [other, count] : candidates) {
      if (other == patient) continue;
      people.replaced[other] = patient;
      people.replaces[patient].push_back(other);
    }
    for (const auto registration : group->registrations) {
      const auto home = homes.find(registration);
      const bool lost = home != homes.end() && !candidates.contains(home->second);  // the other part of a split kept it
      if (home == homes.end() || lost) people.new_homes.emplace_back(registration, patient);
    }
    const auto entry = known.find(patient);
    if (entry == known.end() || entry->second.care_key != group->care_key || !entry->second.replaced_by.empty()) people.changed[patient] = {group->care_key, {}};
  }
  for (const auto& [patient, by] : people.replaced) {
    const auto entry = known.find(patient);
    if (entry == known.end() || entry->second.replaced_by != by) people.changed[patient] = {entry == known.end() ? 0 : entry->second.care_key, by};
  }
  return people;
}

}  // namespace joinedup::care_door
