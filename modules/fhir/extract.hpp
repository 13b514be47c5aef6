// What a resource holds for its search parameters: the parameters' expressions compiled to one walk over the document.
// Inside this room only.
//
//   const auto& plan = ExtractionPlan::of_type("Observation");
//   std::vector<Extracted> values;                       // reused
//   plan.run(document, document.root(), values);         // slots count as Definitions::parameters does
//
// Nearly all published expressions are paths; the few others go through FHIRPath.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fhir/definitions.hpp"
#include "fhir/values.hpp"
#include "fhirpath/document.hpp"
#include "fhirpath/expression.hpp"

namespace joinedup::fhir {

enum class Shape : std::uint8_t { token, text, reference, reference_identifier, uri, period, number, quantity, range, present };

// Views into the document. By shape:
//   token      system, code, text (a display); has_system false: the element has no place for one (a plain code)
//   text       text
//   reference  code: the reference as written; text: its declared type
//   uri        code
//   period     period
//   number     code: digits
//   quantity   code: digits; system, unit (the coded unit), text (the unit for people)
//   present    nothing: the element is there, but holds nothing to search by (a reference that is a display only)
//   range      code and text: digits of low and high, either may be empty; system, unit of low or high
struct Extracted {
  std::uint32_t slot = 0;
  Shape shape = Shape::token;
  bool has_system = false;
  std::string_view system, code, text, unit;
  Period period;
  fhirpath::NodeIndex node = fhirpath::no_node;  // of an identifier: itself, for what is asked of its type
};

class ExtractionPlan {
 public:
  ExtractionPlan();
  ~ExtractionPlan();
  ExtractionPlan(ExtractionPlan&&) noexcept;

  // Every parameter of a type; slot i is Definitions::parameters(type)[i].
  static const ExtractionPlan& of_type(std::string_view type);
  // One parameter as seen from a type; slot 0.
  static const ExtractionPlan& of_parameter(std::string_view type, const Parameter& parameter);
  // One composite parameter: its bases (a path plan without kinds), and a plan for each component below a base.
  struct Composite;
  static const Composite& of_composite(std::string_view type, const Parameter& parameter);

  void run(const fhirpath::Document& document, fhirpath::NodeIndex at, std::vector<Extracted>& out) const;
  // The nodes that the plan's paths end at.
  void nodes(const fhirpath::Document& document, fhirpath::NodeIndex at, std::vector<fhirpath::NodeIndex>& out) const;
  std::size_t by_expression() const;  // how many branches go through FHIRPath

  // Adds an expression seen from `type`; `kind` says how its values are read.
  void add(std::uint32_t slot, ParameterKind kind, std::string_view expression, std::string_view type);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

struct ExtractionPlan::Composite {
  ExtractionPlan bases;
  std::vector<ExtractionPlan> components;       // from the base
  std::vector<ExtractionPlan> from_resource;    // %resource.… of the same component
};

// Local form of a reference: "Type/id" without base, version or fragment; other URLs as they stand.
std::string_view plain_reference(std::string_view reference, std::string_view base_url);
// "Patient" of "Patient/1", "http://x/Patient/1" and "Patient?identifier=…"; empty where it cannot be told.
std::string_view reference_type(std::string_view reference);

}  // namespace joinedup::fhir
