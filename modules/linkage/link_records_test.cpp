// link_records gives, from rows in memory, what link_files gives from a file of them.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <map>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/linkage.hpp"
#include "linkage/records.hpp"

namespace joinedup::linkage {
namespace {

const char* const specification = R"(
link_type = "dedupe_only"
id = "id"
blocking = [["surname"], ["dob"]]
[[comparison]]
column = "first_name"
kind = "name"
[[comparison]]
column = "surname"
kind = "name"
term_frequency = true
[[comparison]]
column = "dob"
kind = "date"
)";

std::vector<std::string> some_values(std::size_t rows) {
  const std::array<const char*, 6> first{"Ann", "Anne", "Bob", "Robert", "Cy", ""}, last{"Lee", "Leigh", "Ray", "Rey", "Smith", "Smyth"};
  std::vector<std::string> values;
  std::uint64_t state = 7;
  const auto draw = [&](std::size_t below) { return static_cast<std::size_t>((state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 33) % below; };
  for (std::size_t row = 0; row < rows; ++row) {
    values.push_back(first[draw(6)]);
    values.push_back(last[draw(6)]);
    values.push_back("19" + std::to_string(50 + draw(9)) + "-0" + std::to_string(1 + draw(3)) + "-11");
  }
  return values;
}

}  // namespace

TEST(LinkRecordsTest, RowsInMemoryGiveWhatAFileGives) {
  set_progress_quiet(true);
  const auto folder = testing::TempDir() + "link_records";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const auto values = some_values(300);
  std::string csv = "id,first_name,surname,dob\n";
  MemoryRecords rows{.columns = {"First_Name", "surname", "dob"}, .values = {values.begin(), values.end()}, .ids = {}, .sources = {}};
  for (std::size_t row = 0; row < 300; ++row) csv += std::to_string(1000 + row) + "," + values[row * 3] + "," + values[row * 3 + 1] + "," + values[row * 3 + 2] + "\n";
  ASSERT_TRUE(write_file(folder + "/rows.csv", csv));
  ASSERT_TRUE(write_file(folder + "/spec.toml", specification));
  ASSERT_TRUE(link_files({.spec = folder + "/spec.toml", .inputs = {folder + "/rows.csv"}, .out = folder + "/out", .train = Train::always}));
  const auto linked = link_records(rows, {.spec = specification, .train = Train::always});
  ASSERT_TRUE(linked) << linked.error().text();
  EXPECT_EQ(linked->model, *read_file(folder + "/out/model.json"));
  EXPECT_EQ(linked->comparisons, (std::vector<std::string>{"first_name", "surname", "dob"}));
  std::map<std::pair<std::uint32_t, std::uint32_t>, const ScoredPair*> by_rows;
  for (const auto& pair : linked->pairs) by_rows[{pair.left, pair.right}] = &pair;
  std::size_t seen = 0;
  ASSERT_TRUE(read_csv(folder + "/out/pairs.csv", [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
    const auto found = by_rows.find({std::stoi(std::string(row[0])) - 1000, std::stoi(std::string(row[1])) - 1000});
    EXPECT_NE(found, by_rows.end());
    if (found == by_rows.end()) return {};
    ++seen;
    EXPECT_NEAR(found->second->match_weight, std::stod(std::string(row[2])), 1e-7);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(std::to_string(found->second->gammas[c]), row[4 + c]);
    return {};
  }));
  EXPECT_EQ(seen, linked->pairs.size());
  EXPECT_GT(seen, 1000u);
  // The model it gives, given back, scores the same; what is decided is passed over.
  const auto again = link_records(rows, {.spec = linked->model, .train = Train::never, .threads = 1, .skip = [](std::uint32_t left, std::uint32_t) { return left < 100; }});
  ASSERT_TRUE(again) << again.error().text();
  std::size_t expected = 0;
  for (const auto& pair : linked->pairs) expected += pair.left >= 100;
  EXPECT_EQ(again->pairs.size(), expected);
  EXPECT_EQ(again->pairs_scored, expected);
  for (const auto& pair : again->pairs) {
    const auto found = by_rows.find({pair.left, pair.right});
    ASSERT_NE(found, by_rows.end());
    EXPECT_GE(pair.left, 100u);
    EXPECT_NEAR(pair.match_weight, found->second->match_weight, 1e-9);
  }
}

TEST(LinkRecordsTest, OnlyPairsAcrossSourcesWhereTheSpecificationSaysSo) {
  std::string spec = specification;
  spec.replace(spec.find("dedupe_only"), 11, "link_only");
  const MemoryRecords rows{.columns = {"first_name", "surname", "dob"},
                           .values = {"Ann", "Lee", "1990-01-01", "Ann", "Lee", "1990-01-01", "Ann", "Lee", "1990-01-02"},
                           .ids = {"a", "b", "a"},
                           .sources = {0, 0, 1}};
  const auto linked = link_records(rows, {.spec = spec, .train = Train::never});
  ASSERT_TRUE(linked) << linked.error().text();
  ASSERT_EQ(linked->pairs.size(), 2u);
  for (const auto& pair : linked->pairs) EXPECT_EQ(pair.right, 2u);
}

TEST(LinkRecordsTest, WhatIsWrongWithTheRowsIsSaid) {
  const MemoryRecords lacking{.columns = {"first_name"}, .values = {"Ann"}, .ids = {}, .sources = {}};
  const auto done = link_records(lacking, {.spec = specification});
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().text().find("'dob', 'surname'"), std::string::npos) << done.error().text();
  const MemoryRecords ragged{.columns = {"first_name", "surname", "dob"}, .values = {"Ann", "Lee"}, .ids = {}, .sources = {}};
  EXPECT_FALSE(link_records(ragged, {.spec = specification}));
  const MemoryRecords twice{.columns = {"first_name", "surname", "dob"}, .values = {"A", "B", "C", "A", "B", "C"}, .ids = {"1", "1"}, .sources = {}};
  const auto same = link_records(twice, {.spec = specification});
  ASSERT_FALSE(same);
  EXPECT_NE(same.error().text().find("Records 1 and 2 have the same id"), std::string::npos);
}

}  // namespace joinedup::linkage
