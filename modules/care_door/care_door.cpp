#include "care_door/care_door.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <set>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "care_door/work.hpp"
#include "care_door_embedded.hpp"

namespace joinedup::care_door {

bool agreed_for_care(const place::Place& place, const std::string& partner, Date day) {
  return std::any_of(place.agreements.begin(), place.agreements.end(), [&](const place::Agreement& agreement) {
    return agreement.partner == partner && agreement.purpose == "direct_care" && agreement.from <= day && (!agreement.until || day <= *agreement.until);
  });
}

namespace {

// What was shared is shared until its refresh is done; the next one begins where it ended.
Result<Shared> share_all(Work& work, const ShareOptions& options) {
  Progress progress("Sharing for care");
  JOINEDUP_CHECK(work.open_sources());
  Writer writer(work.memory, *work.target, options.threads, [&](const auto& feed, const auto& patient, const auto& targets, std::size_t number) {
    return work.provenance(feed, patient, targets, number);
  });
  JOINEDUP_CHECK(writer.open());
  JOINEDUP_CHECK(write_organizations(work, writer));
  JOINEDUP_CHECK(write_patients(work, writer));
  JOINEDUP_CHECK(writer.finish());
  Shared shared;
  shared.patients = work.patients_standing;
  const auto& counts = writer.counts();
  shared.created = counts.created, shared.changed = counts.changed, shared.unchanged = counts.unchanged;
  shared.removed = counts.removed, shared.marked_wrong = counts.marked_wrong;
  shared.standing = counts.standing;
  shared.notes = std::move(work.notes);
  for (auto& [feed, count] : work.feed_shares) shared.feeds.push_back(std::move(count));
  shared.way = work.target->way();
  JOINEDUP_CHECK(work.memory.set_done(options.print));
  progress.done(with_commas(static_cast<std::int64_t>(shared.patients)) + " people, " + with_commas(static_cast<std::int64_t>(shared.created + shared.changed)) + " written");
  return shared;
}

}  // namespace

Result<Shared> share(const place::Place& place, const std::vector<place::FeedSpec>& feeds, const ShareOptions& options) {
  JOINEDUP_TRY(auto memory, Memory::open(place));
  if (!options.print.empty() && memory.done() == options.print && std::filesystem::exists(record_file(place))) {
    Shared shared;
    shared.was_current = true;
    return shared;
  }
  JOINEDUP_TRY(auto target, open_target(place));
  JOINEDUP_TRY(auto vault, vault::Vault::open(place));
  JOINEDUP_TRY(const auto secret, vault.care_secret());
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = options.threads}));
  JOINEDUP_TRY(auto connection, database.connect());
  Work work{.place = place, .feeds = feeds, .vault = vault, .memory = memory, .target = target, .names = Names(secret), .connection = connection};
  return share_all(work, options);
}

}  // namespace joinedup::care_door
