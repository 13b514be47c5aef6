// What a resource adds to the index, and the same hashes for what a search asks. Inside this room only.
//
//   Keys keys(secret);
//   keys.index("Patient", document, base_url, row);        // row.tokens, row.columns
//   keys.token(keys.parameter("Patient", "gender"), Keys::Part::code, "", "female")
//
// Hashes are of 64 bits under the store's own key, so that nobody can make two values meet on purpose.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhir/extract.hpp"
#include "fhir/query.hpp"
#include "fhir/segment.hpp"

namespace joinedup::fhir {

class Keys {
 public:
  enum class Part : std::uint8_t { present, code, system_code, system, identifier_code, identifier_system_code, identifier_system, reference, uri };

  Keys(std::string_view secret, std::string base_url);
  // Without instant and type: those are the store's; `out.self` must be there.
  void index(std::string_view type, const fhirpath::Document& document, std::vector<Extracted>& scratch, IndexedRow& out) const;

  std::uint64_t self(std::string_view type, std::string_view id) const;
  std::uint64_t self(std::string_view reference) const;  // "Type/id", or an absolute address
  std::uint64_t parameter(std::string_view type, std::string_view code) const;
  std::uint64_t of_type(std::string_view type) const;
  std::uint64_t token(std::uint64_t parameter, Part part, std::string_view system, std::string_view code) const;
  std::uint64_t reference(std::uint64_t parameter, std::uint64_t self) const;
  // Columns. Strings: by the first eight bytes; quantities: by number alone, and by number under a unit.
  std::uint64_t column(std::uint64_t parameter) const;
  std::uint64_t unit_column(std::uint64_t parameter, std::string_view system, std::string_view code) const;
  std::uint64_t code_column(std::uint64_t parameter, std::string_view code) const;
  const std::string& base_url() const { return base_url_; }

  // Of a folded text: the least and the greatest value that something beginning with it can have.
  static std::pair<std::int64_t, std::int64_t> text_range(std::string_view folded);

 private:
  void index_one(std::uint64_t parameter, const Extracted& value, std::string& scratch, IndexedRow& out) const;
  std::uint64_t seed_;
  std::string base_url_;
  struct OfType {
    std::vector<std::uint64_t> parameters;  // in the order of Definitions
    std::vector<bool> compartment;          // which of them lead to the person that it is about
  };
  std::unordered_map<std::string_view, OfType> types_;
};

// A value of a canonical unit: milligrams and grams compare. Nothing where the unit is not known.
struct CanonicalQuantity {
  double value = 0;
  std::uint64_t dimension = 0;
};
std::optional<CanonicalQuantity> canonical_quantity(double value, std::string_view system, std::string_view code);
inline constexpr std::string_view ucum_system = "http://unitsofmeasure.org";

}  // namespace joinedup::fhir
