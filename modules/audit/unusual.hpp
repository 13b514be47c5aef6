// What a guardian should ask about: looks that may have had no reason but curiosity. Rules and thresholds are data (data/unusual.csv).
//
//   UnusualOptions options{.from = …, .until = …, .worker = …, .person = …};
//   JOINEDUP_TRY(const auto report, unusual_access(reader, options));
//   for (const auto& one : report.found) use(one.rule, one.user, one.day, one.count, one.sentence);
//
// A finding is a question, not an accusation: a district nurse knows her neighbours. Names and areas come in as hashes and codes by
// callbacks and are only compared; no finding holds one. Rules that lack what they need are named in `not_checked`.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/audit.hpp"

namespace joinedup::audit {

// What is known of a worker as a private person, and of a person. Hashes under a key of the caller's; empty: not known.
struct KnownOf {
  std::string patient;           // of a worker: their own record
  std::string family_name_hash;
  std::string area;              // LSOA or postcode area
  std::string works_for;         // of a person: the organisation they work for
  std::int64_t died = 0;         // microseconds UTC, the day after; 0: alive, or not known
};

struct UnusualOptions {
  std::int64_t from = 0, until = 0;
  std::function<std::optional<KnownOf>(const std::string& user)> worker;
  std::function<std::optional<KnownOf>(const std::string& patient)> person;
};

struct UnusualFinding {
  std::string rule, user, role, organisation, day;
  double count = 0, score = 0;         // score: what was held against the threshold
  std::vector<std::string> patients;   // whom it is about, where it is about somebody; at most 20
  std::string sentence;
};
struct UnusualReport {
  std::uint64_t events = 0;
  std::vector<UnusualFinding> found;   // by day, user and rule
  std::vector<std::string> not_checked;
};
Result<UnusualReport> unusual_access(Reader& reader, const UnusualOptions& options);
std::string unusual_csv(const UnusualReport& report);

}  // namespace joinedup::audit
