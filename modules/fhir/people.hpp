// Whom a resource is about, and whether it meets a search: for the room `access`, which decides by them. Part of fhir.hpp.
//
//   People people;                                       // reused
//   people_of("Observation", "7", document, base_url, people);
//   for (auto id : people.ids) …                         // "1" of Patient/1; views into the document
//
// By the Patient compartment's parameters, as the index does it; a type that is in no compartment by every reference to a Patient
// that can be searched by. A person may be named by an identifier alone ({"identifier": {"system": …, "value": …}}).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fhir/query.hpp"
#include "fhirpath/document.hpp"

namespace joinedup::fhir {

struct People {
  std::vector<std::string_view> ids;
  struct Identifier {
    std::string_view system, value;
  };
  std::vector<Identifier> identifiers;
  void clear() { ids.clear(), identifiers.clear(); }
  bool empty() const { return ids.empty() && identifiers.empty(); }
};
void people_of(std::string_view type, std::string_view id, const fhirpath::Document& document, std::string_view base_url, People& out);

// "Type/id" of a reference to this server, without its base and version; any other as it stands.
std::string_view local_reference(std::string_view reference, std::string_view base_url);

// Whether a resource meets all criteria of a query of its own type: no chains, _has or _list, which need more than the resource.
bool meets(const Query& query, const fhirpath::Document& document, const std::string& base_url);

}  // namespace joinedup::fhir
