#include "care_door/care_door.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "care_door/work.hpp"
#include "care_door_embedded.hpp"

namespace joinedup::care_door {

namespace {

// People opened by somebody who cares for them stay open.
Result<void> add_opened(Work& work) {
  JOINEDUP_TRY(const auto opened, work.memory.opened());
  if (opened.empty()) return {};
  std::map<std::string, std::int64_t> care_key_of;
  for (const auto& [care_key, patient] : work.people.patient_of) care_key_of[patient] = care_key;
  for (const auto& one : opened) {
    const auto replaced = work.people.replaced.find(one.patient);
    const auto found = care_key_of.find(replaced == work.people.replaced.end() ? one.patient : replaced->second);
    if (found != care_key_of.end()) work.open_care_keys.insert(found->second);
  }
  return {};
}

// What was shared is shared until its refresh is done; the next one begins where it ended.
Result<Shared> share_all(Work& work, const ShareOptions& options) {
  Progress progress("Sharing for care");
  JOINEDUP_CHECK(work.open_sources());
  Writer writer(work.memory, *work.target, options.threads, [&](const auto& feed, const auto& patient, const auto& targets, std::size_t number) {
    return work.provenance(feed, patient, targets, number);
  });
  JOINEDUP_CHECK(writer.open());
  JOINEDUP_CHECK(write_organizations(work, writer));
  JOINEDUP_CHECK(write_teams(work, writer));
  JOINEDUP_CHECK(write_patients(work, writer));
  JOINEDUP_CHECK(write_cases(work, writer, options));
  JOINEDUP_CHECK(add_opened(work));
  JOINEDUP_CHECK(write_facts(work, writer));
  // A row that its sender took back, of somebody whose record is open still, was wrong; anything else may not be shared any more.
  writer.leave_where([&](const WrittenResource& one) { return work.is_left_as_it_is(one); });
  writer.mark_wrong_where([&](const WrittenResource& one) { return work.open_patients.contains(one.patient) && (one.feed == "joinedup" || work.may_use(one.feed)); });
  JOINEDUP_CHECK(writer.finish());
  Shared shared;
  shared.patients = work.patients_standing;
  shared.people_open = work.people_open;
  const auto& counts = writer.counts();
  shared.created = counts.created, shared.changed = counts.changed, shared.unchanged = counts.unchanged;
  shared.removed = counts.removed, shared.marked_wrong = counts.marked_wrong;
  shared.standing = counts.standing;
  shared.left_to_teams = counts.left_to_teams;
  shared.notes = std::move(work.notes);
  for (auto& [feed, count] : work.feed_shares) shared.feeds.push_back(std::move(count));
  shared.way = work.target->way();
  JOINEDUP_CHECK(work.memory.set_done(options.print, summary_json(shared, work.recorded)));
  progress.done(with_commas(static_cast<std::int64_t>(shared.patients)) + " people, " + with_commas(static_cast<std::int64_t>(shared.created + shared.changed)) + " written");
  return shared;
}

// What a sharing depends on besides the extracts: releases, outcomes, and who was opened.
Result<std::string> whole_print(const place::Place& place, const Memory& memory, const std::string& inputs) {
  JOINEDUP_TRY(const auto released, caseload::Store::released_cases_of(place));
  JOINEDUP_TRY(const auto opened, memory.opened());
  std::size_t outcomes = 0;
  for (const auto& one : released) outcomes += one.outcomes.size();
  return inputs + "|" + std::to_string(released.size()) + "|" + std::to_string(outcomes) + "|" + std::to_string(opened.size());
}

// Nothing is to be done: what stands is what the last sharing left.
Shared shared_before(const Memory& memory) {
  Shared shared;
  shared.was_current = true;
  const auto said = nlohmann::json::parse(memory.summary(), nullptr, false);
  if (!said.is_object()) return shared;
  shared.patients = said.value("people", std::uint64_t{0});
  shared.people_open = said.value("people_open", std::uint64_t{0});
  return shared;
}

}  // namespace

Result<Shared> share(const place::Place& place, const std::vector<place::FeedSpec>& feeds, const ShareOptions& asked) {
  JOINEDUP_TRY(auto memory, Memory::open(place));
  ShareOptions options = asked;
  JOINEDUP_TRY(options.print, whole_print(place, memory, asked.print));
  if (!asked.print.empty() && memory.done() == options.print && std::filesystem::exists(record_file(place))) {
    return shared_before(memory);
  }
  JOINEDUP_TRY(auto target, open_target(place));
  JOINEDUP_TRY(auto vault, vault::Vault::open(place));
  JOINEDUP_TRY(const auto secret, naming_key(place, memory, vault));
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = options.threads}));
  JOINEDUP_TRY(auto connection, database.connect());
  Work work{.place = place, .feeds = feeds, .vault = vault, .memory = memory, .target = target, .names = Names(secret), .connection = connection};
  return share_all(work, options);
}

}  // namespace joinedup::care_door
