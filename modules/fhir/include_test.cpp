#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "fhir/test_support.hpp"

namespace joinedup::fhir {
namespace {

class Includes : public testing::Test {
 protected:
  void SetUp() override { store_ = *open_store(fixed_.options(folder_.file("r.sqlite"))); }
  void put(const char* type, const char* id, const std::string& rest) {
    ASSERT_TRUE(store_->write({{.kind = Write::Kind::update, .type = type, .id = id, .body = std::string(R"({"resourceType":")") + type + "\"" + rest + "}"}}));
  }
  std::set<std::string> included(const std::string& type, const std::string& text) {
    const auto page = store_->search(*parse_query(type, text), PermitAll());
    EXPECT_TRUE(page.has_value());
    std::set<std::string> out;
    for (const auto& id : ids_of(*page)) {
      if (id.starts_with('+')) EXPECT_TRUE(out.insert(id.substr(1)).second) << id << " twice";
    }
    return out;
  }
  TestFolder folder_;
  Fixed fixed_;
  std::unique_ptr<DurableStore> store_;
};

using Ids = std::set<std::string>;

TEST_F(Includes, OnlyWhatTheParameterRefersTo) {
  for (const char* id : {"a", "b", "c", "d"}) put("Patient", id, "");
  put("Practitioner", "p", "");
  put("Observation", "o", R"(,"subject":{"reference":"Patient/a","display":"Patient/b"},"performer":[{"reference":"Practitioner/p"},{"reference":"Patient/c"}],"note":[{"text":"Patient/d"}])");
  EXPECT_EQ(included("Observation", "_include=Observation:subject"), (Ids{"Patient/a"}));
  EXPECT_EQ(included("Observation", "_include=Observation:performer"), (Ids{"Patient/c", "Practitioner/p"}));
  EXPECT_EQ(included("Observation", "_include=Observation:performer:Patient"), (Ids{"Patient/c"}));
  EXPECT_EQ(included("Observation", "_include=Observation:subject&_include=Observation:performer"), (Ids{"Patient/a", "Patient/c", "Practitioner/p"}));
}

TEST_F(Includes, HoweverTheReferenceIsWritten) {
  for (const char* id : {"a", "b", "c", "d"}) put("Patient", id, "");
  put("Observation", "escaped", R"(,"subject":{"reference":"Patient\/a"})");
  put("Observation", "whole", R"(,"subject":{"reference":"http://here/fhir/Patient/b"})");
  put("Observation", "version", R"( , "subject" : { "reference" :  "Patient/c/_history/1" } )");
  put("Observation", "named", R"(,"\u0073ubject":{"reference":"Patient/d"})");
  put("Observation", "elsewhere", R"(,"subject":{"reference":"http://there/fhir/Patient/a"})");
  put("Observation", "gone", R"(,"subject":{"reference":"Patient/never"})");
  for (const auto& [id, wanted] : std::map<std::string, Ids>{{"escaped", {"Patient/a"}}, {"whole", {"Patient/b"}}, {"version", {"Patient/c"}},
                                                             {"named", {"Patient/d"}}, {"elsewhere", {}}, {"gone", {}}})
    EXPECT_EQ(included("Observation", "_id=" + id + "&_include=Observation:subject"), wanted) << id;
}

TEST_F(Includes, FromWhatIsIncludedOnRequest) {
  put("Organization", "org", "");
  put("Patient", "a", R"(,"managingOrganization":{"reference":"Organization/org"})");
  put("Observation", "o", R"(,"subject":{"reference":"Patient/a"})");
  EXPECT_EQ(included("Observation", "_include=Observation:subject&_include=Patient:organization"), (Ids{"Patient/a"}));
  EXPECT_EQ(included("Observation", "_include=Observation:subject&_include:iterate=Patient:organization"), (Ids{"Organization/org", "Patient/a"}));
}

TEST_F(Includes, TheCurrentVersionsReferenceOnly) {
  for (const char* id : {"a", "b"}) put("Patient", id, "");
  put("Observation", "o", R"(,"subject":{"reference":"Patient/a"})");
  put("Observation", "o", R"(,"subject":{"reference":"Patient/b"})");
  EXPECT_EQ(included("Observation", "_include=Observation:subject"), (Ids{"Patient/b"}));
}

TEST(Joining, FewFilesHoldEverything) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite"), 40));
  std::vector<Write> batch;
  for (int i = 0; i < 4000; ++i) {
    batch.push_back({.kind = Write::Kind::create, .type = "Patient", .id = "p" + std::to_string(i), .body = R"({"resourceType":"Patient"})"});
    if (batch.size() < 40) continue;
    ASSERT_TRUE(store->write(batch));
    batch.clear();
  }
  store->settle();
  EXPECT_LE(store->figures().segments, 8U);  // a hundred were written: 64 + 32 + 4, where all are of a size, and the one in memory
  for (const int i : {0, 1999, 3999}) EXPECT_TRUE(store->read("Patient", "p" + std::to_string(i), PermitAll()).has_value()) << i;
}

}  // namespace
}  // namespace joinedup::fhir
