// A page is bounded by its bytes as well as by its count, whatever way the search goes; none is lost or comes twice.
#include "fhir/test_support.hpp"

namespace joinedup::fhir {
namespace {

TEST(PageBytes, APageOfLargeResourcesEndsEarlyAndLosesNone) {
  constexpr std::size_t patients = 45, size = 1 << 20;  // 45 MB
  TestFolder folder;
  const auto store = *open_store({.path = folder.file("r.sqlite")});
  const auto put = [&](const std::string& type, const std::string& id, const std::string& rest) {
    ASSERT_TRUE(store->write({{.kind = Write::Kind::update, .type = type, .id = id, .body = R"({"resourceType":")" + type + R"(","id":")" + id + "\"," + rest + "}"}}));
  };
  put("Organization", "o", R"("name":")" + std::string(size, 'y') + '"');
  for (std::size_t i = 0; i < patients; ++i)
    put("Patient", "p" + std::to_string(i), R"("gender":"male","birthDate":"19)" + std::to_string(10 + i * 7 % 90) + R"(","managingOrganization":{"reference":"Organization/o"},"text":{"status":"generated","div":")" + std::string(size, 'x') + R"("})");
  struct Case {
    const char *type, *text;
    std::size_t matches;
  };
  for (const auto& [type, text, matches] : {Case{"Patient", "gender=male&_count=1000", patients}, Case{"Patient", "gender:not=female&_count=1000", patients}, Case{"Patient", "_count=1000&_sort=birthdate", patients},
                                            Case{"", "_type=Patient,Organization&_count=1000", patients + 1}, Case{"Patient", "gender=male&_include=Patient:organization&_count=1000", patients}}) {
    auto query = *parse_query(type, text, Handling::strict);
    std::vector<std::string> seen;
    std::size_t pages = 0;
    do {
      const auto page = store->search(query, PermitAll());
      ASSERT_TRUE(page) << text << " " << page.error().sentence;
      std::size_t bytes = 0;
      for (const auto& entry : page->entries) {
        bytes += entry.version.body.size();
        if (entry.mode == SearchEntry::Mode::match) seen.push_back(entry.version.id);
      }
      EXPECT_LT(bytes, 35U << 20) << text;
      query.cursor = page->next;
      ++pages;
    } while (!query.cursor.empty());
    EXPECT_EQ(pages, 2U) << text;
    EXPECT_EQ(seen.size(), matches) << text;
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end()) << text;
  }
  HistoryRequest history{.type = "Patient", .id = {}, .since = {}, .count = 1000, .cursor = {}};
  std::size_t versions = 0, pages = 0;
  do {
    const auto page = store->history(history, PermitAll());
    ASSERT_TRUE(page);
    versions += page->versions.size();
    history.cursor = page->next;
    ++pages;
  } while (!history.cursor.empty());
  EXPECT_EQ(versions, patients);
  EXPECT_EQ(pages, 2U);
  std::uint64_t after = 0, changes = 0;
  for (pages = 0; pages < 10; ++pages) {
    const auto page = store->changes(after, 1000, PermitAll());
    ASSERT_TRUE(page);
    changes += page->changes.size();
    if (after == page->next) break;
    after = page->next;
  }
  EXPECT_EQ(changes, patients + 1);
  EXPECT_EQ(pages, 2U);
}

TEST(PageBytes, WhatAPageIncludesIsBoundedToo) {
  TestFolder folder;
  const auto store = *open_store({.path = folder.file("r.sqlite")});
  const std::string large(5 << 20, 'y');
  for (int i = 0; i < 14; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_TRUE(store->write({{.kind = Write::Kind::update, .type = "Organization", .id = "o" + n, .body = R"({"resourceType":"Organization","name":")" + large + "\"}"}}));
    ASSERT_TRUE(store->write({{.kind = Write::Kind::update, .type = "Patient", .id = "p" + n, .body = R"({"resourceType":"Patient","managingOrganization":{"reference":"Organization/o)" + n + "\"}}"}}));
  }
  const auto page = store->search(*parse_query("Patient", "_include=Patient:organization"), PermitAll());
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::too_large);
  EXPECT_TRUE(store->search(*parse_query("Patient", "_include=Patient:organization&_count=5"), PermitAll()));
}

}  // namespace
}  // namespace joinedup::fhir
