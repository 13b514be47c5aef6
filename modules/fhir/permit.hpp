// Who may see what: every read, search, count, include, history and export asks. Part of fhir.hpp; the room `access` answers.
//
//   struct Nobody final : Permit {
//     bool everything() const override { return false; }
//     bool allows(Action, const Asked&) const override { return false; }
//   };
//   store.read("Patient", "1", Nobody{});      // not_found: denied and absent are the same answer
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joinedup::fhirpath {
class Document;
}

namespace joinedup::fhir {

// `remove` is asked of the version that would be deleted; `write` of the version that is there and of the one that would be.
enum class Action : std::uint8_t { read, history, search, chain, include, count, sort, write, everything_export, remove };

struct Asked {
  std::string_view type, id;
  const fhirpath::Document* document = nullptr;  // the version asked for; nothing for one that is deleted
};

// A set of hashes, which are even as they are: one look each.
class PersonTable {
 public:
  explicit PersonTable(const std::vector<std::uint64_t>& hashes);
  bool contains(std::uint64_t hash) const {
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      if (slots_[at] == hash) return true;
      if (slots_[at] == 0) return false;  // no hash of a person is 0
    }
  }

 private:
  std::vector<std::uint64_t> slots_;  // at most half full
  std::size_t mask_ = 0;
};

// The people whose records are open to somebody: for a search to narrow by before it reads anything. Made once a request, or kept.
class PatientSet {
 public:
  explicit PatientSet(std::vector<std::string> ids) : ids_(std::move(ids)) {}
  const std::vector<std::string>& ids() const { return ids_; }
  // By the store's own hashes, which `hash` makes; kept for the next search of the same store.
  std::shared_ptr<const PersonTable> hashes(std::uint64_t store, const std::function<std::uint64_t(std::string_view id)>& hash) const;

 private:
  std::vector<std::string> ids_;
  mutable std::mutex mutex_;
  mutable std::uint64_t hashed_for_ = 0;
  mutable std::shared_ptr<const PersonTable> hashes_;
};

// What is known without reading: a resource that is about exactly one person (a Patient, or by the Patient compartment's parameters)
// is withheld where that person is not among `patients`. What is about nobody, or about several, is asked of allows() as ever.
struct Narrowing {
  const PatientSet* patients = nullptr;
  // Of those about one of `patients`: decided by that alone, or allows() has the last word (labels, types, agreements).
  enum class OfThese : std::uint8_t { allowed, asked } of_these = OfThese::asked;
  // People of whom allows() is asked one by one, whatever is said of `patients`: those few with something that labels or wishes withhold.
  const PatientSet* asked = nullptr;
};

class Permit {
 public:
  virtual ~Permit() = default;
  // True: nothing is ever withheld, so there is no need to ask one by one.
  virtual bool everything() const = 0;
  virtual bool allows(Action action, const Asked& asked) const = 0;
  // For searches, chains and counts of a type: totals and pages then read nothing that is withheld. It must agree with allows().
  virtual std::optional<Narrowing> narrowing(Action, std::string_view /*type*/) const { return std::nullopt; }
};

// For a server that answers on this machine only, for imports, and for tests.
class PermitAll final : public Permit {
 public:
  bool everything() const override { return true; }
  bool allows(Action, const Asked&) const override { return true; }
};

}  // namespace joinedup::fhir
