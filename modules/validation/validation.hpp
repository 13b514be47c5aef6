// Validation of FHIR R4 resources: structure, cardinality, types, bindings, references, invariants, profiles.
//
//   const Validator& validator = Validator::r4();
//   for (const Issue& issue : validator.validate(document))
//     use(issue.severity, issue.expression, issue.sentence);     // error, "Patient.name[0].given[1]", "…"
//   if (validator.is_valid(document)) store(document);           // errors only, and the fastest way
//
// A Validator is immutable: threads share it. A sentence never repeats a value of the resource: it may name elements,
// types, rules and value sets, never what somebody wrote there.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fhirpath/document.hpp"

namespace joinedup::validation {

// FHIR's own words (issue-severity), the worst first.
enum class Severity : std::uint8_t { fatal, error, warning, information };
const char* severity_name(Severity severity);

struct Issue {
  Severity severity = Severity::error;
  const char* code = "invalid";  // FHIR's issue-type: structure, required, value, invariant, code-invalid, …
  std::string expression;        // FHIRPath to the element at fault: "Patient.name[0].given[1]"
  std::string rule;              // the constraint's key ("pat-1") or the kind of fault ("cardinality")
  std::string sentence;
};

struct Options {
  enum class Report : std::uint8_t { everything, errors_only };
  Report report = Report::everything;
  std::vector<std::string> profiles;  // asked for beside those that the resource's meta.profile claims
  std::size_t most_issues = 100;      // errors, and as many others; then a last one says that there are more
};

class Profiles;

class Validator {
 public:
  // The base definitions of FHIR R4, compiled in.
  static const Validator& r4();
  // The same, and what a folder holds of StructureDefinition, ValueSet and CodeSystem, as JSON or XML, below it too.
  static Result<Validator> with_profiles(const std::string& folder);

  // The document's root, or one resource inside it. Issues come in the order of the text.
  std::vector<Issue> validate(const fhirpath::Document& document, const Options& options = {}) const;
  std::vector<Issue> validate(const fhirpath::Document& document, fhirpath::NodeIndex resource, const Options& options) const;
  bool is_valid(const fhirpath::Document& document) const;

  std::vector<std::string> profiles() const;  // the addresses of those loaded
  std::vector<std::string> notes() const;     // what of the folder is not used, and why: for whoever set it up

 private:
  std::shared_ptr<const Profiles> profiles_;  // null: none but the base definitions
};

// True where one of these is an error or worse.
bool has_errors(const std::vector<Issue>& issues);

// The resource's text with every NHS number that fails its check marked: UK Core's verification status, "trace needs to be
// resolved" (NHS Data Dictionary code 05), laid beside it unless a status is there already. Nothing where nothing fails.
// All other bytes stay as they are.
std::optional<std::string> mark_failing_nhs_numbers(const fhirpath::Document& document);

}  // namespace joinedup::validation
