// What audit::unusual_access compares by: family names, small areas and employers of workers and of the people they looked at, out of
// the shared record, as hashes under a key that lives as long as this object. Nothing of it is kept, printed or written.
//
//   JOINEDUP_TRY(const auto lookups, UnusualLookups::open(workers, {.read = …, .patient_of = …, .area_of = …}));
//   JOINEDUP_TRY(auto report, audit::unusual_access(*reader, lookups->options(from, until)));
//   for (const auto& rule : lookups->not_checked()) …
//
// A worker's family name is their Practitioner's. Their own record and where they live are known only where the guardian says their NHS
// number or postcode for this run: the program keeps no list of where its workers live.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/unusual.hpp"
#include "base/hash.hpp"
#include "base/result.hpp"

namespace joinedup::governance {

struct KnownWorker {
  std::string user, practitioner, organisation;  // user: as the log has it
  std::string nhs_number, postcode;              // empty: not said
};
struct UnusualSources {
  std::function<Result<std::optional<std::string>>(const std::string& type, const std::string& id)> read;  // a resource; nothing where there is none
  std::function<Result<std::vector<std::string>>(const std::string& nhs_number)> patients_of;               // bodies of Patients of this number
  std::function<std::string(const std::string& postcode)> area_of;                                         // its LSOA; empty: not known
};

class UnusualLookups {
 public:
  static Result<std::unique_ptr<UnusualLookups>> open(const std::vector<KnownWorker>& workers, UnusualSources sources);
  audit::UnusualOptions options(std::int64_t from, std::int64_t until);  // uses this object, which must outlive them
  const std::vector<std::string>& not_checked() const { return not_checked_; }
  std::uint64_t unreadable() const { return unreadable_; }  // people whose record could not be read

 private:
  UnusualLookups(const std::string& key, UnusualSources sources) : key_(key), sources_(std::move(sources)) {}
  Result<void> learn(const KnownWorker& worker);
  audit::KnownOf of_patient(const std::string& body) const;
  std::string hashed(std::string_view what, const std::string& text) const;
  std::string area(const std::string& postcode) const;
  HmacKey key_;
  UnusualSources sources_;
  std::map<std::string, audit::KnownOf> workers_;
  std::map<std::string, std::string> works_for_;  // of Patients who work here
  std::vector<std::string> not_checked_;
  std::uint64_t unreadable_ = 0;
};

}  // namespace joinedup::governance
