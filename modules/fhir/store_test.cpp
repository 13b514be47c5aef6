#include <gtest/gtest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "fhir/body.hpp"
#include "fhir/extract.hpp"
#include "fhir/reference/memory_store.hpp"
#include "fhir/test_support.hpp"

namespace joinedup::fhir {
namespace {

using Json = nlohmann::json;

std::vector<Write> one(Write::Kind kind, const std::string& id, const std::string& body, std::optional<std::uint64_t> if_match = {}) {
  return {{.kind = kind, .type = "Patient", .id = id, .body = body, .if_match = if_match}};
}

TEST(Definitions, EveryTypeAndParameterIsThere) {
  const auto& r4 = Definitions::r4();
  EXPECT_EQ(r4.types().size(), 147U);  // R4 has 147 concrete types besides the abstract two
  EXPECT_EQ(r4.find("Patient", "name")->kind, ParameterKind::string);
  EXPECT_EQ(r4.find("Observation", "_id")->type, "Resource");
  EXPECT_EQ(r4.find("Patient", "colour"), nullptr);
  EXPECT_EQ(r4.compartment("Observation"), (std::vector<std::string>{"subject", "performer"}));
  for (const auto& type : r4.types())
    for (const Parameter* parameter : r4.parameters(type))
      for (const auto& component : parameter->components) EXPECT_NE(component.definition, nullptr) << type << " " << parameter->code;
}

TEST(Definitions, NearlyAllExpressionsAreWalks) {
  std::map<std::string, std::size_t> by_expression;
  for (const auto& type : Definitions::r4().types())
    if (const auto count = ExtractionPlan::of_type(type).by_expression(); count > 0) by_expression[type] = count;
  // DeviceDefinition.classification, which a published parameter names, is no element of R4.
  EXPECT_EQ(by_expression, (std::map<std::string, std::size_t>{{"Bundle", 2}, {"DeviceDefinition", 1}, {"Patient", 1}}));
}

TEST(Values, FoldsCaseAccentsAndLigatures) {
  EXPECT_EQ(fold("Zoë ÅNGSTRÖM"), "zoe angstrom");
  EXPECT_EQ(fold("Straße Łódź Ørsted Æ"), "strasse lodz orsted ae");
  EXPECT_EQ(fold("e\xCC\x81"), "e");  // e with a combining acute
  EXPECT_EQ(fold("李"), "李");
  EXPECT_EQ(fold("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
}

TEST(Values, DatesArePeriods) {
  const auto february = date_period("2024-02");
  ASSERT_TRUE(february);
  EXPECT_EQ(instant_text(february->low), "2024-02-01T00:00:00.000Z");
  EXPECT_EQ(instant_text(february->high), "2024-02-29T23:59:59.999Z");
  EXPECT_EQ(instant_text(date_period("2024-01-01T00:30:00+01:00")->low), "2023-12-31T23:30:00.000Z");
  EXPECT_FALSE(date_period("2024-02-30"));
}

// R4 3.1.1.4.5 gives these ranges.
TEST(Values, NumbersStandForTheRangeOfTheirDigits) {
  const auto text = [](const char* number) {
    const auto read = NumberText::parse(number);
    return std::pair(read->low.to_double(), read->high.to_double());
  };
  EXPECT_EQ(text("100"), std::pair(99.5, 100.5));
  EXPECT_EQ(text("100.00"), std::pair(99.995, 100.005));
  EXPECT_EQ(text("1e2"), std::pair(50.0, 150.0));
  EXPECT_FALSE(NumberText::parse("ten"));
}

TEST(Values, SortableKeepsTheOrderOfNumbers) {
  const std::vector<double> ordered{-HUGE_VAL, -1e300, -1.5, -1e-300, 0, 1e-300, 1.5, 2, 1e300, HUGE_VAL};
  for (std::size_t i = 1; i < ordered.size(); ++i) EXPECT_LT(sortable(ordered[i - 1]), sortable(ordered[i]));
  EXPECT_EQ(sortable(-0.0), sortable(0.0));
}

// R4 3.1.1.4.6's examples of dates.
TEST(Values, PrefixesAsTheStandardSays) {
  const Period day = *date_period("2013-01-14"), later = *date_period("2013-01-14T10:00");
  EXPECT_TRUE(prefix_holds(Prefix::eq, later, day));
  EXPECT_FALSE(prefix_holds(Prefix::ne, later, day));
  EXPECT_FALSE(prefix_holds(Prefix::eq, day, later));
  EXPECT_TRUE(prefix_holds(Prefix::lt, *date_period("2013-01-14"), later));   // it includes the part before 10:00
  EXPECT_TRUE(prefix_holds(Prefix::gt, day, later));                          // and the part after
  EXPECT_TRUE(prefix_holds(Prefix::ge, *date_period("2013-03-15"), *date_period("2013-03-14")));
  EXPECT_FALSE(prefix_holds(Prefix::sa, Period{*&later.low, latest}, day));   // it began during the day
  EXPECT_TRUE(prefix_holds(Prefix::eb, *date_period("2013-03-13"), *date_period("2013-03-14")));
}

TEST(Body, IsKeptAsReceivedButForIdAndMeta) {
  fhirpath::Document document;
  const auto through = [&](const std::string& text) {
    const auto kept = keep_body(text, "Observation", "new", document);
    return kept ? with_meta(kept->text, kept->splice, 3, 1'700'000'000'123'000) : kept.error().sentence;
  };
  const std::string stamp = R"("versionId":"3","lastUpdated":"2023-11-14T22:13:20.123Z")";
  EXPECT_EQ(through(R"({"resourceType":"Observation","valueDecimal": 1.10e+2 })"),
            R"({"resourceType":"Observation","id":"new","meta":{)" + stamp + R"(},"valueDecimal": 1.10e+2 })");
  EXPECT_EQ(through(R"({"id":"old","resourceType":"Observation"})"), R"({"id":"new","meta":{)" + stamp + R"(},"resourceType":"Observation"})");
  EXPECT_EQ(through(R"({"resourceType":"Observation","meta":{"versionId":"9", "profile" : ["x"],"lastUpdated":"2020-01-01T00:00:00Z"},"id":"a"})"),
            R"({"resourceType":"Observation","meta":{)" + stamp + R"(,"profile" : ["x"]},"id":"new"})");
  EXPECT_EQ(through(R"({"resourceType":"Observation","meta":{ },"id":"newer"})"), R"({"resourceType":"Observation","meta":{)" + stamp + R"(},"id":"new"})");
  EXPECT_EQ(through(R"({"resourceType":"Observation","id":"longer-than-new","meta":{"tag":[]}})"),
            R"({"resourceType":"Observation","id":"new","meta":{)" + stamp + R"(,"tag":[]}})");
  for (const char* wrong : {R"({"resourceType":"Patient"})", R"({"resourceType":"Observation","id":"a","id":"b"})", "{}", "[]", "{",
                            R"({"resourceType":"Observation","meta":[]})", R"({"resourceType":"Observation","id":7})"})
    EXPECT_FALSE(keep_body(wrong, "Observation", "new", document)) << wrong;
}

TEST(Store, CreatesReadsUpdatesAndDeletes) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  const auto made = store->write(one(Write::Kind::create, "", R"({"resourceType":"Patient","active":true})"));
  ASSERT_TRUE(made);
  const std::string id = (*made)[0].id;
  auto read = store->read("Patient", id, PermitAll());
  ASSERT_TRUE(read);
  EXPECT_EQ(Json::parse(read->body)["meta"]["versionId"], "1");
  EXPECT_FALSE(store->read("Patient", "nobody", PermitAll()));

  EXPECT_EQ(store->write(one(Write::Kind::update, id, R"({"resourceType":"Patient","active":false})", 7)).error().code, ErrorCode::conflict);
  ASSERT_TRUE(store->write(one(Write::Kind::update, id, R"({"resourceType":"Patient","active":false})", 1)));
  EXPECT_EQ(Json::parse(store->read("Patient", id, PermitAll())->body)["active"], false);
  EXPECT_EQ(Json::parse(store->read_version("Patient", id, 1, PermitAll())->body)["active"], true);
  EXPECT_EQ(all_ids(*store, "Patient", "active=true")->size(), 0U);
  EXPECT_EQ(all_ids(*store, "Patient", "active=false")->size(), 1U);

  ASSERT_TRUE(store->write(one(Write::Kind::remove, id, "")));
  EXPECT_EQ(store->read("Patient", id, PermitAll()).error().code, ErrorCode::not_found);
  EXPECT_EQ(all_ids(*store, "Patient", "")->size(), 0U);
  const auto history = store->history({.type = "Patient", .id = id}, PermitAll());
  ASSERT_TRUE(history);
  ASSERT_EQ(history->versions.size(), 3U);
  EXPECT_EQ(history->versions[0].method, Method::remove);
  EXPECT_EQ(history->versions[2].version, 1U);
  ASSERT_TRUE(store->write(one(Write::Kind::update, id, R"({"resourceType":"Patient"})")));
  EXPECT_EQ(store->read("Patient", id, PermitAll())->version, 4U);
}

TEST(Store, AFailedPartLeavesNothingOfTheWhole) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  const auto failed = store->write({{.kind = Write::Kind::create, .type = "Patient", .id = "a", .body = R"({"resourceType":"Patient"})"},
                                    {.kind = Write::Kind::update, .type = "Patient", .id = "b", .body = R"({"resourceType":"Patient"})", .if_match = 4}});
  EXPECT_EQ(failed.error().code, ErrorCode::conflict);
  EXPECT_FALSE(store->read("Patient", "a", PermitAll()));
  EXPECT_EQ(store->figures().rows, 0U);
}

TEST(Store, DeniedAndAbsentAreTheSameAnswer) {
  struct Nobody final : Permit {
    bool everything() const override { return false; }
    bool allows(Action, const Asked& asked) const override { return asked.id == "open"; }
  };
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  for (const char* id : {"open", "shut"}) ASSERT_TRUE(store->write(one(Write::Kind::create, id, R"({"resourceType":"Patient","gender":"male"})")));
  const auto denied = store->read("Patient", "shut", Nobody()), never = store->read("Patient", "never", Nobody());
  EXPECT_EQ(denied.error().sentence, never.error().sentence);
  EXPECT_EQ(denied.error().code, never.error().code);
  const auto page = store->search(*parse_query("Patient", "gender=male&_total=accurate"), Nobody());
  EXPECT_EQ(ids_of(*page), std::vector<std::string>{"Patient/open"});
  EXPECT_EQ(page->total, 1U);
  EXPECT_EQ(store->history({}, Nobody())->versions.size(), 1U);
}

TEST(Store, UnknownParameterIsSaidOrRefused) {
  const auto lenient = parse_query("Patient", "gender=male&colour=red");
  ASSERT_TRUE(lenient);
  EXPECT_EQ(lenient->self(), "gender=male");
  EXPECT_EQ(lenient->warnings.size(), 1U);
}

TEST(Store, StrictRefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_query("Patient", "colour=red", Handling::strict).error().code, ErrorCode::wrong_usage);
  EXPECT_FALSE(parse_query("Patient", "birthdate=2024-02-31"));
  EXPECT_FALSE(parse_query("Patient", "gender:exact=male"));  // a modifier that does not fit would change the answer
  EXPECT_FALSE(parse_query("Patient", "name:sounds=x"));
  EXPECT_FALSE(parse_query("Nothing", ""));
}

TEST(Store, ACursorOfAnotherSearchIsRefused) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->write(one(Write::Kind::create, "", R"({"resourceType":"Patient","gender":"male"})")));
  auto query = *parse_query("Patient", "gender=male&_count=2");
  const auto page = store->search(query, PermitAll());
  ASSERT_FALSE(page->next.empty());
  auto other = *parse_query("Patient", "active=true&_count=2");
  other.cursor = page->next;
  EXPECT_FALSE(store->search(other, PermitAll()));
  query.cursor = "3" + page->next.substr(1);
  EXPECT_FALSE(store->search(query, PermitAll()));
}

// What a crash leaves: the records, and an index that is older, gone or broken.
TEST(Store, TheIndexIsMadeAgainFromTheRecords) {
  TestFolder folder;
  Fixed fixed;
  const auto options = fixed.options(folder.file("r.sqlite"), 16);
  const auto expect = [&](Store& store) {
    EXPECT_EQ(all_ids(store, "Patient", "gender=female")->size(), 50U);
    EXPECT_EQ(all_ids(store, "Patient", "gender=male")->size(), 49U);
  };
  {
    auto store = *open_store(options);
    for (int i = 0; i < 100; ++i)
      ASSERT_TRUE(store->write(one(Write::Kind::create, "p" + std::to_string(i), R"({"resourceType":"Patient","gender":"male"})")));
    for (int i = 0; i < 50; ++i)
      ASSERT_TRUE(store->write(one(Write::Kind::update, "p" + std::to_string(i), R"({"resourceType":"Patient","gender":"female"})")));
    ASSERT_TRUE(store->write(one(Write::Kind::remove, "p99", "")));
    expect(*store);
    store->settle();
    EXPECT_LT(store->figures().segments, 8U);  // 151 rows in segments of 16 are joined
  }
  expect(**open_store(options));
  ASSERT_TRUE(write_file(folder.file("r.sqlite.index/manifest"), "something else"));
  expect(**open_store(options));
  std::filesystem::remove_all(folder.file("r.sqlite.index"));
  expect(**open_store(options));
}

}  // namespace
}  // namespace joinedup::fhir
