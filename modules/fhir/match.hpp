// Whether a resource meets a criterion, decided on the resource itself: what the index proposes is checked here.
// Inside this room only.
//
//   Matcher matcher(base_url);
//   matcher.matches(criterion, document, node_of_the_resource)     // no chains, no _has: those are the search's own
#pragma once
#include <vector>

#include "fhir/extract.hpp"
#include "fhir/query.hpp"

namespace joinedup::fhir {

class Matcher {
 public:
  explicit Matcher(std::string base_url) : base_url_(std::move(base_url)) {}
  bool matches(const Criterion& criterion, const fhirpath::Document& document, std::int64_t instant);

 private:
  bool value_matches(const Parameter& parameter, Modifier modifier, const std::string& target_type, const SearchValue& value, const Extracted& has);
  bool of_type_matches(const SearchValue& asked, const Extracted& has, const fhirpath::Document& document);
  bool composite_matches(const Criterion& criterion, const fhirpath::Document& document);
  std::string base_url_;
  std::vector<Extracted> values_, more_;
  std::vector<fhirpath::NodeIndex> bases_;
  std::string folded_;
};

}  // namespace joinedup::fhir
