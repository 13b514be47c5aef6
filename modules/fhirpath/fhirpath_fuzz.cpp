// Fuzzing of the JSON parser, the FHIRPath parser and evaluator, and ViewDefinitions; seeds in fuzz/ (see HACKING.md).
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fuzz.hpp"
#include "fhirpath/fhirpath.hpp"

using namespace joinedup::fhirpath;

namespace {

constexpr std::string_view patient =
    R"({"resourceType":"Patient","id":"p","active":true,"identifier":[{"system":"s","value":"1"},{"value":"2"}],)"
    R"("name":[{"use":"official","family":"A","given":["B","C"],"_given":[null,{"id":"x"}]},{"given":["D"]}],)"
    R"("birthDate":"1974-12","_birthDate":{"extension":[{"url":"u","valueDateTime":"1974-12-25T14:35:45-05:00"}]},)"
    R"("deceasedDateTime":"2015-02-14T13:42:00+10:00","contained":[{"resourceType":"Observation","id":"o",)"
    R"("valueQuantity":{"value":1.50,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"},"effectiveInstant":"2015-02-07T13:28:17.239+02:00"}],)"
    R"("multipleBirthInteger":3,"generalPractitioner":[{"reference":"#o"}]})";

const Document& subject() {
  static const Document document = *parse_document(std::string(patient));
  return document;
}

void evaluate(std::string_view text) {
  auto expression = Expression::compile(text);
  if (!expression) return;
  (void)Expression::compile_for(text, "Patient");
  Context context;
  context.step_limit = 20000;
  context.now_micros = 0;
  auto found = expression->evaluate(subject().root_value(), context);
  if (!found) return;
  for (const Value& value : *found) {
    (void)value.to_text();
    (void)value.to_json();
  }
}

void view(std::string_view text) {
  auto definition = ViewDefinition::parse(text);
  if (!definition) return;
  Context context;
  context.step_limit = 20000;
  ColumnBatch batch(*definition);
  (void)definition->run(subject().root_value(), context, [&](ViewRow row) {
    if (batch.rows() < 1000) batch.append(row);
  });
}

void json(std::string_view text) {
  Document document;
  if (!document.parse(text)) return;
  static const Expression walk = *Expression::compile("descendants().distinct().count()");
  Context context;
  context.step_limit = 20000;
  (void)walk.evaluate(document.root_value(), context);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [kind, text] = joinedup::fuzz_kind(data, size, {"document", "view", "fhirpath"});
  if (kind == 0) json(text);
  else if (kind == 1) view(text);
  else evaluate(text);
  return 0;
}
