// Who may see what: every read, search, count, include, history and export asks. Part of fhir.hpp; the room `access` answers.
//
//   struct Nobody final : Permit {
//     bool everything() const override { return false; }
//     bool allows(Action, const Asked&) const override { return false; }
//   };
//   store.read("Patient", "1", Nobody{});      // not_found: denied and absent are the same answer
#pragma once
#include <cstdint>
#include <string_view>

namespace joinedup::fhirpath {
class Document;
}

namespace joinedup::fhir {

enum class Action : std::uint8_t { read, history, search, chain, include, count, sort, write, everything_export };

struct Asked {
  std::string_view type, id;
  const fhirpath::Document* document = nullptr;  // the version asked for; nothing for one that is deleted
};

class Permit {
 public:
  virtual ~Permit() = default;
  // True: nothing is ever withheld, so there is no need to ask one by one.
  virtual bool everything() const = 0;
  virtual bool allows(Action action, const Asked& asked) const = 0;
};

// For a server that answers on this machine only, for imports, and for tests.
class PermitAll final : public Permit {
 public:
  bool everything() const override { return true; }
  bool allows(Action, const Asked&) const override { return true; }
};

}  // namespace joinedup::fhir
