// Fuzzing of the validator: resources against the base definitions, the same against profiles that slice, narratives, marks;
// seeds in fuzz/ (see HACKING.md).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

#include "base/fuzz.hpp"
#include "fhirpath/fhirpath.hpp"
#include "validation/narrative.hpp"
#include "validation/validation.hpp"

using namespace joinedup;
using namespace joinedup::validation;

namespace {

constexpr std::string_view definition =
    R"j({"resourceType":"StructureDefinition","url":"http://p","name":"p","status":"draft","kind":"resource","abstract":false,"type":"Patient","derivation":"constraint",)j"
    R"j("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","differential":{"element":[{"id":"Patient","path":"Patient","constraint":[{"key":"x","severity":"error","human":"h",)j"
    R"j("expression":"name.all(family.exists() or conformsTo('http://e')) and descendants().count() < 1000"}]},)j"
    R"j({"id":"Patient.identifier","path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"type.coding.code"}],"rules":"closed"}},)j"
    R"j({"id":"Patient.identifier:a","path":"Patient.identifier","sliceName":"a","max":"1"},{"id":"Patient.identifier:a.type","path":"Patient.identifier.type","patternCodeableConcept":{"coding":[{"code":"a"}]}},)j"
    R"j({"id":"Patient.contact","path":"Patient.contact","slicing":{"discriminator":[{"type":"type","path":"organization.resolve()"},{"type":"exists","path":"name"}],"rules":"open"}},)j"
    R"j({"id":"Patient.contact:o","path":"Patient.contact","sliceName":"o"},{"id":"Patient.contact:o.name","path":"Patient.contact.name","min":1},)j"
    R"j({"id":"Patient.contact:o.organization","path":"Patient.contact.organization","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Organization"]}]},)j"
    R"j({"id":"Patient.deceased[x]:deceasedBoolean","path":"Patient.deceased[x]","sliceName":"deceasedBoolean","type":[{"code":"boolean"}]},)j"
    R"j({"id":"Patient.extension:e","path":"Patient.extension","sliceName":"e","min":1,"type":[{"code":"Extension","profile":["http://e"]}]}]}})j";
constexpr std::string_view extension =
    R"j({"resourceType":"StructureDefinition","url":"http://e","name":"e","status":"draft","kind":"complex-type","abstract":false,"type":"Extension","derivation":"constraint",)j"
    R"j("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension","differential":{"element":[{"id":"Extension.extension:e","path":"Extension.extension","sliceName":"e",)j"
    R"j("type":[{"code":"Extension","profile":["http://e"]}]},{"id":"Extension.value[x]","path":"Extension.value[x]","type":[{"code":"string"}],"binding":{"strength":"required","valueSet":"http://v"}}]}})j";
constexpr std::string_view values = R"j({"resourceType":"ValueSet","url":"http://v","status":"draft","compose":{"include":[{"system":"http://c","concept":[{"code":"a"}]}]}})j";

const Validator& with_profiles() {
  static const Validator validator = [] {
    auto folder = std::filesystem::temp_directory_path() / ("joinedup_validation_fuzz_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "p.json") << definition;
    std::ofstream(folder / "e.json") << extension;
    std::ofstream(folder / "v.json") << values;
    auto loaded = Validator::with_profiles(folder.string());
    std::filesystem::remove_all(folder);
    return loaded.value();
  }();
  return validator;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [kind, text] = fuzz_kind(data, size, {"resource", "profile", "narrative"});
  if (kind == 2) {
    (void)read_narrative(text);
    return 0;
  }
  fhirpath::Document document;
  if (!document.parse(text)) return 0;
  Options options;
  const bool profiled = kind == 1;
  if (profiled) options.profiles = {"http://p"};
  const Validator& validator = profiled ? with_profiles() : Validator::r4();
  auto issues = validator.validate(document, options);
  if (!profiled && has_errors(issues) == validator.is_valid(document)) std::abort();
  if (auto marked = mark_failing_nhs_numbers(document)) {
    fhirpath::Document again;
    if (!again.parse(*marked)) std::abort();
  }
  return 0;
}
