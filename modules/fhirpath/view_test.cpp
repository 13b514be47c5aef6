// The tests that come with SQL on FHIR v2, and what the specification says beside them.
#include "fhirpath/view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fhirpath/fhirpath.hpp"
#include "fhirpath/test_support.hpp"

namespace joinedup::fhirpath {
namespace {

using Json = nlohmann::ordered_json;

const char* const files[] = {"basic", "collection", "combinations", "constant", "constant_types", "fhirpath",
                             "fhirpath_numbers", "fn_boundary", "fn_empty", "fn_extension", "fn_first", "fn_join",
                             "fn_oftype", "fn_reference_keys", "foreach", "logic", "union", "validate",
                             "view_resource", "where"};

Json cell_json(const Value& value) {
  Json out = Json::parse(value.to_json());
  return out;
}

// Numbers are equal by value: 0.95 and 0.95000000.
bool same(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.get<double>() == b.get<double>();
  if (a.is_array() && b.is_array()) return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
  return a == b;
}

struct Outcome {
  bool error = false;
  std::string sentence;
  std::vector<std::string> columns;
  std::vector<Json> rows;
};

Outcome run_view(const Json& definition, const Json& resources) {
  Outcome out;
  auto failed = [&](const Error& error) {
    out.error = true;
    out.sentence = error.text();
    return out;
  };
  auto view = ViewDefinition::parse(definition.dump());
  if (!view) return failed(view.error());
  for (const auto& column : view->columns()) out.columns.push_back(column.name);
  Context context;
  for (const auto& resource : resources) {
    auto document = parse_document(resource.dump());
    if (!document) return failed(document.error());
    auto done = view->run(document->root_value(), context, [&](ViewRow row) {
      Json one = Json::object();
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (view->columns()[i].collection) {
          Json list = Json::array();
          for (const Value& value : row[i]) list.push_back(cell_json(value));
          one[view->columns()[i].name] = list;
        } else {
          one[view->columns()[i].name] = row[i].empty() ? Json() : cell_json(row[i][0]);
        }
      }
      out.rows.push_back(one);
    });
    if (!done) return failed(done.error());
  }
  return out;
}

bool same_row(const Json& expected, const Json& found) {
  if (expected.size() != found.size()) return false;
  for (const auto& [name, value] : expected.items())
    if (!found.contains(name) || !same(value, found[name])) return false;
  return true;
}

// The order of rows is not part of the specification.
bool same_rows(const Json& expected, std::vector<Json> found) {
  if (expected.size() != found.size()) return false;
  for (const auto& row : expected) {
    auto at = std::find_if(found.begin(), found.end(), [&](const Json& one) { return same_row(row, one); });
    if (at == found.end()) return false;
    found.erase(at);
  }
  return true;
}

class SqlOnFhir : public testing::TestWithParam<const char*> {};

TEST_P(SqlOnFhir, EveryTestOfTheFilePasses) {
  std::string path = shared_data("fhir/fhir-test-cases/sql-on-fhir/") + GetParam() + ".json";
  if (!present(path)) GTEST_SKIP() << "The SQL on FHIR test cases are not beside the source tree.";
  Json file = Json::parse(*read_file(path));
  std::size_t ran = 0;
  for (const auto& test : file["tests"]) {
    SCOPED_TRACE(test["title"].get<std::string>());
    Outcome outcome = run_view(test["view"], file["resources"]);
    ++ran;
    if (test.value("expectError", false)) {
      EXPECT_TRUE(outcome.error);
      continue;
    }
    ASSERT_FALSE(outcome.error) << outcome.sentence;
    EXPECT_TRUE(same_rows(test["expect"], outcome.rows)) << Json(outcome.rows).dump();
    if (test.contains("expectColumns")) {
      EXPECT_EQ(test["expectColumns"].get<std::vector<std::string>>(), outcome.columns);
    }
  }
  EXPECT_GT(ran, 0U);
}

INSTANTIATE_TEST_SUITE_P(View, SqlOnFhir, testing::ValuesIn(files), [](const auto& i) { return std::string(i.param); });

TEST(View, TheSuiteHas118Tests) {
  std::string folder = shared_data("fhir/fhir-test-cases/sql-on-fhir/");
  if (!present(folder)) GTEST_SKIP() << "The SQL on FHIR test cases are not beside the source tree.";
  std::size_t tests = 0;
  for (const char* name : files) tests += Json::parse(*read_file(folder + name + ".json"))["tests"].size();
  EXPECT_EQ(tests, 118U);
}

Outcome one_column(const std::string& path, const Json& resource) {
  Json view = {{"resource", resource["resourceType"]},
               {"select", {{{"column", {{{"name", "a"}, {"path", path}}}}}}}};
  return run_view(view, Json::array({resource}));
}

TEST(View, KeepsTheDigitsOfDecimals) {
  auto document = parse_document(R"({"resourceType":"Observation","valueQuantity":{"value":1.50}})");
  auto view = ViewDefinition::parse(
      R"({"resource":"Observation","select":[{"column":[{"name":"v","path":"value.ofType(Quantity).value"}]}]})");
  ASSERT_TRUE(view);
  Context context;
  ColumnBatch batch(*view);
  ASSERT_TRUE(view->run(document->root_value(), context, [&](ViewRow row) { batch.append(row); }));
  ASSERT_EQ(batch.rows(), 1U);
  EXPECT_EQ(batch.text(0, 0), "1.50");
}

TEST(View, RefusesTwoColumnsOfOneName) {
  auto view = ViewDefinition::parse(R"({"resource":"Patient","select":[{"column":[
      {"name":"a","path":"id"},{"name":"a","path":"gender"}]}]})");
  ASSERT_FALSE(view);
  EXPECT_NE(view.error().sentence.find("two columns are named a"), std::string::npos);
}

TEST(View, RefusesAnUnknownResource) {
  EXPECT_FALSE(ViewDefinition::parse(R"({"resource":"Patent","select":[{"column":[{"name":"a","path":"id"}]}]})"));
}

TEST(View, ReferenceKeysReadEveryFormOfReference) {
  auto key = [](const std::string& reference) {
    Outcome o = one_column("subject.getReferenceKey(Patient)", {{"resourceType", "Encounter"}, {"subject", {{"reference", reference}}}});
    return o.rows.at(0)["a"];
  };
  EXPECT_EQ(key("Patient/p1"), "p1");
  EXPECT_EQ(key("http://example.org/fhir/Patient/p1/_history/2"), "p1");
  EXPECT_EQ(key("urn:uuid:085e81c0-7a95-ef02-16ef-aa1b4344deed"), "085e81c0-7a95-ef02-16ef-aa1b4344deed");
  EXPECT_TRUE(key("Group/p1").is_null());
  EXPECT_TRUE(key("Patient?identifier=a|b").is_null());
}

TEST(View, RepeatWalksTheWholeTree) {
  Json view = {{"resource", "QuestionnaireResponse"},
               {"select", {{{"repeat", {"item"}}, {"column", {{{"name", "id"}, {"path", "linkId"}}}}}}}};
  Json resource = Json::parse(R"({"resourceType":"QuestionnaireResponse","item":[
      {"linkId":"1","item":[{"linkId":"1.1"},{"linkId":"1.2","item":[{"linkId":"1.2.1"}]}]},{"linkId":"2"}]})");
  auto outcome = run_view(view, Json::array({resource}));
  std::vector<std::string> ids;
  for (const auto& row : outcome.rows) ids.push_back(row["id"]);
  EXPECT_EQ(ids, (std::vector<std::string>{"1", "1.1", "1.2", "1.2.1", "2"}));
}

TEST(View, CollectionCellsAreJsonLists) {
  auto document = parse_document(R"({"resourceType":"Patient","name":[{"given":["A \"b\"","C"]}]})");
  auto view = ViewDefinition::parse(
      R"({"resource":"Patient","select":[{"column":[{"name":"g","path":"name.given","collection":true}]}]})");
  Context context;
  ColumnBatch batch(*view);
  ASSERT_TRUE(view->run(document->root_value(), context, [&](ViewRow row) { batch.append(row); }));
  EXPECT_EQ(batch.text(0, 0), R"(["A \"b\"","C"])");
}

}  // namespace
}  // namespace joinedup::fhirpath
