#include "refresh/share_step.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace joinedup::refresh {
namespace {

care_door::Drafts drafts_of(const caseload::Found& found) {
  care_door::Drafts drafts{{}, {}, found.basis.index_date.to_iso(), found.basis.risk_model};
  for (const auto& one : found.cases) {
    if (one.state == "found") drafts.found.push_back(one);
    if (one.state == "palliative_coordination") drafts.palliative.push_back(one);
  }
  return drafts;
}

}  // namespace

Result<care_door::Shared> share_for_care(const place::Place& place, const std::vector<place::FeedSpec>& feeds, const std::optional<caseload::Found>& found,
                                         const std::string& print, unsigned threads) {
  const auto drafts = [&]() -> Result<care_door::Drafts> {
    if (found) return drafts_of(*found);
    if (place.teams.empty() || !std::filesystem::exists(place.path("warehouse/current/warehouse.duckdb"))) return care_door::Drafts{};
    JOINEDUP_TRY(auto opened, caseload::open_published(place, threads));
    JOINEDUP_TRY(const auto basis, caseload::write_candidates(opened.connection, place, place.data_to));
    JOINEDUP_TRY(const auto current, caseload::Store::current_of(place));
    JOINEDUP_TRY(const auto published, caseload::make_lists(opened.connection, place, basis, current, {.random = {}, .explained = caseload::Explained::offered}));
    return drafts_of(published);
  };
  return care_door::share(place, feeds, {.print = print, .threads = threads, .drafts = drafts});
}

std::string share_decision(const place::Place& place, const std::vector<place::FeedSpec>& feeds) {
  if (!std::filesystem::exists(place.path("shared-record.sqlite"))) return {};
  const auto shared = share_for_care(place, feeds, {}, {}, 2);
  nlohmann::ordered_json out;
  out["done"] = shared.has_value();
  if (shared) {
    out["created"] = shared->created, out["changed"] = shared->changed, out["removed"] = shared->removed, out["marked_wrong"] = shared->marked_wrong;
    out["way"] = shared->way;
  } else {
    out["because"] = shared.error().sentence;
    out["until"] = "the next refresh";
  }
  return out.dump();
}

}  // namespace joinedup::refresh
