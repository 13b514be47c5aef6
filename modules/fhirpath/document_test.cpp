#include "fhirpath/document.hpp"

#include <gtest/gtest.h>

#include <random>

#include "fhirpath/expression.hpp"

namespace joinedup::fhirpath {
namespace {

TEST(Document, KeepsDigitsAndOrder) {
  auto d = parse_document(R"( {"resourceType":"Observation", "valueQuantity":{"value":1.500e+02,"unit":"mg"}, "list":[1,-0.0,true,null,"x"]} )");
  ASSERT_TRUE(d) << d.error().text();
  EXPECT_EQ(d->resource_type(d->root()), "Observation");
  NodeIndex quantity = d->find(d->root(), "valueQuantity");
  EXPECT_EQ(d->text(d->find(quantity, "value")), "1.500e+02");
  EXPECT_EQ(d->text(quantity), R"({"value":1.500e+02,"unit":"mg"})");
  std::vector<std::string> items;
  for (NodeIndex at : d->children(d->find(d->root(), "list"))) items.emplace_back(d->text(at));
  EXPECT_EQ(items, (std::vector<std::string>{"1", "-0.0", "true", "null", "x"}));
}

TEST(Document, DecodesEscapes) {
  auto d = parse_document(R"({"a\u0062c":"x\n\t\"\\\/\u00e9\ud83d\ude00","plain":"\u0041"})");
  ASSERT_TRUE(d) << d.error().text();
  EXPECT_EQ(d->text_of(d->root(), "abc"), "x\n\t\"\\/\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(d->text_of(d->root(), "plain"), "A");
}

TEST(Document, NamesThatFhirDoesNotKnowAreFound) {
  auto d = parse_document(R"({"frobnicate":1,"_frobnicate":{"id":"a"},"birthDate":"2000","_birthDate":{"id":"b"}})");
  ASSERT_TRUE(d);
  EXPECT_EQ(d->text_of(d->root(), "frobnicate"), "1");
  EXPECT_EQ(d->text_of(d->root(), "birthDate"), "2000");
  EXPECT_EQ(d->find(d->root(), "absent"), no_node);
}

TEST(Document, RefusesWhatIsNotJson) {
  for (const char* text : {"", " ", "{", "[", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "[1 2]", "01", "-", "1.", ".5", "1e", "+1",
                           "tru", "nulls", "\"a", "\"\x01\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "{a:1}",
                           "{} {}", "\xff", "\"\xC3\"", "NaN", "'a'", "[1]]"}) {
    EXPECT_FALSE(parse_document(text)) << text;
  }
}

TEST(Document, SaysWhichLineIsWrong) {
  auto d = parse_document("{\n\"a\": 1,\n\"b\" 2}");
  ASSERT_FALSE(d);
  EXPECT_NE(d.error().sentence.find("line 3"), std::string::npos) << d.error().sentence;
}

TEST(Document, DeepNestingIsAnErrorNotACrash) {
  EXPECT_TRUE(parse_document(std::string(199, '[') + std::string(199, ']')));
  EXPECT_FALSE(parse_document(std::string(1000000, '[')));
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  EXPECT_FALSE(parse_document(objects));
}

TEST(Document, AListThatIsThereToFillTheMemoryIsRefused) {
  std::string text = "[1";
  for (int i = 0; i < 1000000; ++i) text += ",1";
  EXPECT_FALSE(parse_document(text + "]"));
}

TEST(Document, EveryPrefixOfAResourceIsHandled) {
  std::string text = R"({"resourceType":"Patient","id":"a\u00e9","name":[{"given":["x",null],"_given":[null,{"id":"g"}]}],"n":-12.5e-3})";
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(parse_document(text.substr(0, n))) << n;
  EXPECT_TRUE(parse_document(text));
}

TEST(Document, RandomDamageNeverCrashes) {
  std::string good = R"({"resourceType":"Patient","id":"a","name":[{"given":["x","y"],"family":"\u0041z"}],"n":[1.5,true,{}]})";
  std::mt19937 random(7);
  std::size_t fine = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = good;
    for (unsigned k = 0; k <= random() % 3; ++k) text[random() % text.size()] = static_cast<char>(random());
    auto d = parse_document(text);
    if (!d) continue;
    ++fine;
    EXPECT_EQ(d->node(d->root()).end, d->node(0).end);
  }
  EXPECT_GT(fine, 0U);
}

// Found by fuzzing: one reader took the first of two, another the last, and what was checked was not what was shown.
TEST(Document, APropertyGivenTwiceIsRefused) {
  std::string own = "{";
  for (int i = 0; i < 3000; ++i) own += R"("x)" + std::to_string(i) + R"(":1,)";
  for (const char* text : {R"({"id":"a","id":"b"})", R"({"a":{"zz":1,"zz":2}})", R"({"id":"a","name":[{"id":"x"}],"id":"a"})", R"({"_id":null,"_id":{}})", R"({"z":1,"\u007a":2})", R"({"resourceType":"Patient","resourceType":"Observation"})"})
    EXPECT_FALSE(parse_document(text)) << text;
  EXPECT_FALSE(parse_document(own + R"("x7":2})"));
  EXPECT_TRUE(parse_document(own + R"("x7_":2})"));
  EXPECT_TRUE(parse_document(R"({"id":"a","_id":{"id":"b"},"name":[{"id":"a"},{"id":"a"}],"zz":1,"_zz":2})"));
}

TEST(Document, IsReusable) {
  Document d;
  ASSERT_TRUE(d.parse(R"({"id":"a"})"));
  ASSERT_FALSE(d.parse("{"));
  EXPECT_TRUE(d.empty());
  ASSERT_TRUE(d.parse(R"({"id":"b"})"));
  EXPECT_EQ(d.text_of(d.root(), "id"), "b");
}

}  // namespace
}  // namespace joinedup::fhirpath
