// The register of sharing agreements: how each stands on a day, as Contract in the shared record, and who is told when one ends.
//
//   for (const auto& one : register_on(place, today())) use(one.agreement->id, words(one.standing), one.concerns);
//   JOINEDUP_TRY(const auto published, publish(place, today(), *store));   // published.contracts == 0 the second time
//
// The file place.toml is the register. Nothing here names a person.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "fhir/fhir.hpp"
#include "place/place.hpp"

namespace joinedup::governance {

enum class Standing : std::uint8_t { not_yet, in_force, winding_down, ended };
std::string_view words(Standing standing);  // "winding down"

struct Entry {
  const place::Agreement* agreement = nullptr;  // of the place that was asked
  Standing standing = Standing::not_yet;
  std::vector<std::string> concerns;            // sentences: no legal basis is written down, it ends within 60 days …
};

std::vector<Entry> register_on(const place::Place& place, Date day);

// What the register says of a partner's part in this place: how far it has joined.
enum class Phase : std::uint8_t { none, pseudonymised_feeds, view, write };
std::string_view words(Phase phase);
Phase phase_of(const place::Place& place, const std::string& partner, Date day);

struct Published {
  std::uint64_t contracts = 0;  // written because they were new or had changed
  std::uint64_t told = 0;       // Communications to co-ordinators
};
// Idempotent. For the process that holds the store.
Result<Published> publish(const place::Place& place, Date day, fhir::Store& store);

// The Contract of one entry; `organization_ids` by partner code, empty where the record has none.
std::string contract_json(const place::Place& place, const Entry& entry, const std::vector<std::pair<std::string, std::string>>& organization_ids);

}  // namespace joinedup::governance
