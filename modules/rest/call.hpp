// One request on its way through: what its address, query and headers ask for. Inside this room only.
//
//   Call call{…};  call.type == "Patient";  call.id == "1";  call.parameter("_since");
//   call.prefer.handling == fhir::Handling::strict;
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/percent.hpp"
#include "rest/outcome.hpp"
#include "rest/rest.hpp"
#include "rest/shape.hpp"

namespace joinedup::rest {

struct Prefer {
  enum class Return : std::uint8_t { unsaid, minimal, representation, outcome } returns = Return::unsaid;
  fhir::Handling handling = fhir::Handling::lenient;
  enum class Answer : std::uint8_t { at_once, later } answer = Answer::at_once;  // respond-async
};
Prefer read_prefer(std::string_view header);

struct Call {
  const Request& request;
  const fhir::Permit& permit;
  std::string type, id, version, name;                       // from the path
  std::vector<std::pair<std::string, std::string>> parameters;  // of the query, decoded
  Prefer prefer;
  Shape shape;  // _summary and _elements
  // The first of this name; nothing where it is not given.
  std::optional<std::string_view> parameter(std::string_view wanted) const;
};

std::vector<std::pair<std::string, std::string>> read_parameters(std::string_view query);
std::string http_date(std::int64_t instant);
std::optional<std::int64_t> read_http_date(std::string_view text);  // microseconds UTC
// "3" of W/"3" or "3"; nothing for what is no version.
std::optional<std::uint64_t> read_etag(std::string_view text);
std::string etag(std::uint64_t version);

}  // namespace joinedup::rest
