// HL7's FHIRPath test suite for R4, one test a case.
#include <gtest/gtest.h>

#include <map>
#include <pugixml.hpp>

#include "fhirpath/cell.hpp"
#include "fhirpath/fhirpath.hpp"
#include "fhirpath/test_support.hpp"
#include "fhirpath/xml_to_json.hpp"

namespace joinedup::fhirpath {
namespace {

struct Case {
  std::string group, name, input, expression, invalid, mode;
  bool predicate = false, ordered = true, check_order = false;
  struct Output {
    std::string type, text;
  };
  std::vector<Output> outputs;
};

std::string suite_path() { return shared_data("fhir/fhir-test-cases/r4/fhirpath/tests-fhir-r4.xml"); }

std::vector<Case> cases() {
  std::vector<Case> out;
  pugi::xml_document document;
  if (!document.load_file(suite_path().c_str(), pugi::parse_default | pugi::parse_ws_pcdata)) return out;
  for (const auto& group : document.document_element().children("group"))
    for (const auto& test : group.children("test")) {
      Case c;
      c.group = group.attribute("name").value();
      c.name = test.attribute("name").value();
      c.input = test.attribute("inputfile").value();
      c.mode = test.attribute("mode").value();
      c.predicate = test.attribute("predicate").as_bool();
      c.ordered = test.attribute("ordered").as_bool(true);
      c.check_order = test.attribute("checkOrderedFunctions").as_bool();
      c.expression = test.child("expression").text().get();
      c.invalid = test.child("expression").attribute("invalid").value();
      for (const auto& output : test.children("output"))
        c.outputs.push_back({output.attribute("type").value(), output.text().get()});
      out.push_back(c);
    }
  return out;
}

// Inputs that the suite names but that are in none of the folders: the least that has what the tests ask about.
const std::map<std::string, std::string>& own_inputs() {
  static const std::map<std::string, std::string> inputs{
      {"parameters-example-types", R"({"resourceType":"Parameters","parameter":[{"name":"a","valueString":"s"},
          {"name":"b","valueInteger":1},{"name":"c","valueUuid":"urn:uuid:79a14950-442c-11ed-b878-0242ac120002"},
          {"name":"d","valueDecimal":1.0}]})"},
      {"patient-example-period", R"({"resourceType":"Patient","identifier":[
          {"period":{"start":"2001-05-06","end":"2001-05-06T10:10:10Z"}}]})"},
      {"patient-container-example", R"({"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"1"}]})"},
      {"patient-name-extensions", R"({"resourceType":"Patient","name":[{"given":[null,"B"],
          "_given":[{"extension":[{"url":"http://example.org/a","valueString":"x"}]},null]}]})"},
      {"valueset-example-expansion", R"({"resourceType":"ValueSet","version":"20150622","expansion":{"contains":[{"code":"1"},
          {"display":"a","contains":[{"code":"2"},{"code":"3"},{"code":"4"}]},
          {"display":"b","contains":[{"code":"5"},{"code":"6"},{"code":"7"},{"code":"8"}]}]}})"},
      {"appointment-examplereq", R"({"resourceType":"Appointment","identifier":[{"system":"http://example.org/a","value":"123"}]})"},
      {"explanationofbenefit-example", R"({"resourceType":"ExplanationOfBenefit","supportingInfo":[{"sequence":1,
          "category":{"coding":[{"code":"additionalbodysite"}]}},{"sequence":2}],"item":[{"sequence":1,"informationSequence":[1,2]}]})"}};
  return inputs;
}

Result<std::string> input_text(const std::string& file) {
  std::string stem = file.substr(0, file.rfind('.'));
  std::string folder = shared_data("fhir/fhir-test-cases/r4/examples/");
  if (present(folder + stem + ".xml")) {
    JOINEDUP_TRY(auto xml, read_file(folder + stem + ".xml"));
    return xml_to_json(xml);
  }
  if (present(folder + stem + ".json")) return read_file(folder + stem + ".json");
  if (auto own = own_inputs().find(stem); own != own_inputs().end()) return own->second;
  return fail(ErrorCode::not_found, "There is no input " + file + ".");
}

const Document& input(const std::string& file) {
  static std::map<std::string, Document> documents;
  auto found = documents.find(file);
  if (found == documents.end()) {
    auto text = input_text(file.empty() ? "patient-example.xml" : file);
    EXPECT_TRUE(text) << file;
    auto document = parse_document(text ? *text : "{}");
    EXPECT_TRUE(document) << file << ": " << (document ? "" : document.error().text());
    found = documents.emplace(file, std::move(*document)).first;
  }
  return found->second;
}

std::string type_of(const Value& value) {
  std::string name(value.type_name());
  if (!value.is_node() && name != "Quantity") name[0] = static_cast<char>(std::tolower(name[0]));
  return name;
}

bool matches(const Case::Output& expected, const Value& found) {
  if (!expected.type.empty() && expected.type != type_of(found)) return false;
  std::string text = expected.text, own = found.to_text();
  if (!text.empty() && text[0] == '@') text.erase(0, text.size() > 1 && text[1] == 'T' ? 2 : 1);
  if (text == own) return true;
  if (expected.type == "string") return false;
  auto a = Decimal::parse(text), b = Decimal::parse(own);
  // The digits count where the suite tests boundaries; a minus before zero does not.
  return a && b && a->compare(*b) == 0 && (!expected.type.empty() || a->decimals == b->decimals);
}

std::string shown(const Collection& found) {
  std::string out;
  for (const Value& value : found) out += type_of(value) + ":" + value.to_text() + " ";
  return out;
}

class Suite : public testing::TestWithParam<Case> {};

TEST_P(Suite, Passes) {
  const Case& c = GetParam();
  const Document& document = input(c.input);
  std::string type(document.resource_type(document.root()));
  auto checked = Expression::compile_for(c.expression, type,
                                         c.check_order ? Expression::Ordering::checked : Expression::Ordering::free);
  auto expression = Expression::compile(c.expression);
  Context context;
  Result<Collection> found = expression ? expression->evaluate(document.root_value(), context)
                                        : Result<Collection>(tl::unexpected<Error>(expression.error()));
  if (c.invalid == "syntax") {
    EXPECT_FALSE(expression) << c.expression;
  } else if (c.invalid == "semantic") {
    EXPECT_TRUE(!checked || !found) << c.expression;
  } else if (!c.invalid.empty()) {
    EXPECT_FALSE(found) << c.expression << " gives " << shown(*found);
  } else {
    EXPECT_TRUE(checked) << c.expression << ": " << (checked ? "" : checked.error().text());
    ASSERT_TRUE(found) << c.expression << ": " << found.error().text();
    if (c.predicate) {
      ASSERT_EQ(c.outputs.size(), 1U);
      EXPECT_EQ(c.outputs[0].text, found->empty() ? "false" : "true");
      return;
    }
    bool same = found->size() == c.outputs.size();
    std::vector<bool> used(found->size());
    for (std::size_t i = 0; same && i < c.outputs.size(); ++i) {
      bool one = false;
      for (std::size_t j = c.ordered ? i : 0; !one && j < (c.ordered ? i + 1 : found->size()); ++j)
        if (!used[j] && matches(c.outputs[i], (*found)[j])) used[j] = one = true;
      same = one;
    }
    std::string wanted;
    for (const auto& output : c.outputs) wanted += output.type + ":" + output.text + " ";
    EXPECT_TRUE(same) << c.expression << "\n  gives " << shown(*found) << "\n  not   " << wanted;
  }
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name;
  for (char ch : info.param.name)
    if (std::isalnum(static_cast<unsigned char>(ch)) != 0) name += ch;
  return name + "_" + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(FhirPath, Suite, testing::ValuesIn(cases()), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Suite);

TEST(FhirPath, TheSuiteHas935Tests) {
  if (!present(suite_path())) GTEST_SKIP() << "The FHIRPath test suite is not beside the source tree.";
  EXPECT_EQ(cases().size(), 935U);
}

}  // namespace
}  // namespace joinedup::fhirpath
