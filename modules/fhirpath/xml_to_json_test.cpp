#include "fhirpath/xml_to_json.hpp"

#include <gtest/gtest.h>

namespace joinedup::fhirpath {

TEST(XmlToJson, KnowsListsNumbersAndPrimitiveExtensions) {
  auto json = xml_to_json(R"(<Patient xmlns="http://hl7.org/fhir"><id value="a"/><active value="true"/><name><given value="X"/>
      <given><extension url="u"><valueDecimal value="1.50"/></extension></given></name>
      <birthDate value="2000-01-01"><extension url="t"><valueString value="s"/></extension></birthDate></Patient>)");
  ASSERT_TRUE(json);
  EXPECT_EQ(*json, R"({"resourceType":"Patient","id":"a","active":true,"name":[{"given":["X",null],"_given":[null,{"extension":)"
                   R"([{"url":"u","valueDecimal":1.50}]}]}],"birthDate":"2000-01-01","_birthDate":{"extension":[{"url":"t","valueString":"s"}]}})");
}

TEST(XmlToJson, DeepNestingIsAnError) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<extension>";
  EXPECT_FALSE(xml_to_json("<Patient>" + deep));
  for (int i = 0; i < 100000; ++i) deep += "</extension>";
  EXPECT_FALSE(xml_to_json("<Patient>" + deep + "</Patient>"));
}

}  // namespace joinedup::fhirpath
