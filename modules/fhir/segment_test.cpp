#include <gtest/gtest.h>

#include <map>
#include <set>

#include "fhir/segment.hpp"
#include "fhir/test_support.hpp"

namespace joinedup::fhir {
namespace {

std::vector<Row> rows_of(const Postings& postings) {
  std::vector<Row> out;
  PostingsCursor cursor(postings);
  for (Row row = cursor.seek(0); row != no_row; row = cursor.seek(row + 1)) out.push_back(row);
  return out;
}

// Rows in memory, in files, and in files joined: all say what a plain map says.
TEST(Segment, MemoryFileAndJoinedFileHoldTheSame) {
  TestFolder folder;
  CounterRandom random(7, 1, 1);
  std::map<std::uint64_t, std::vector<Row>> tokens, versions;
  std::map<std::uint64_t, std::vector<std::tuple<Row, std::int64_t, std::int64_t>>> columns;
  std::vector<std::shared_ptr<MemorySegment>> parts;
  DeadRows dead;
  Row next = 0;
  for (int part = 0; part < 3; ++part) {
    auto segment = std::make_shared<MemorySegment>(next);
    for (int i = 0; i < 700; ++i, ++next) {
      IndexedRow row;
      row.self = 1 + random.below(900);
      row.instant = next, row.type = static_cast<std::uint16_t>(next % 5);
      std::set<std::uint64_t> keys{UINT64_MAX, next % 2, mix64(next)};  // every row, half of them (0 among the keys), one
      while (keys.size() < 8) keys.insert(mix64(random.below(300)));
      row.tokens.assign(keys.begin(), keys.end());
      for (int c = 0; c < 3; ++c) {
        const auto low = static_cast<std::int64_t>(random.below(1000)) - 500;
        row.columns.push_back({random.below(4), low, random.chance(0.1) ? INT64_MAX : low + 3});
      }
      segment->add(row);
      const bool gone = random.chance(0.1);
      if (gone) dead.set(next);
      versions[row.self].push_back(next);
      if (gone) continue;
      for (auto key : keys) tokens[key == 0 ? 1 : key].push_back(next);
      for (const auto& value : row.columns) columns[value.column == 0 ? 1 : value.column].emplace_back(next, value.low, value.high);
    }
    segment->seal();
    parts.push_back(segment);
  }
  std::vector<std::shared_ptr<const FileSegment>> files;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto path = folder.file("part" + std::to_string(i));
    ASSERT_TRUE(write_segment(path, {parts[i].get()}, dead, [] { return true; }));
    files.push_back(*FileSegment::open(path));
  }
  ASSERT_TRUE(write_segment(folder.file("all"), {files[0].get(), files[1].get(), files[2].get()}, dead, [] { return true; }));
  const auto joined = *FileSegment::open(folder.file("all"));
  ASSERT_EQ(joined->size(), 2100U);
  for (const auto& [key, rows] : tokens) {
    EXPECT_EQ(rows_of(joined->tokens(key)), rows);
    for (Row row = 0; row < next; row += 3) EXPECT_EQ(joined->tokens(key).contains(row), std::binary_search(rows.begin(), rows.end(), row));
    std::vector<Row> in_parts;
    for (const auto& file : files)
      for (Row row : rows_of(file->tokens(key))) in_parts.push_back(row);
    EXPECT_EQ(in_parts, rows);
  }
  EXPECT_EQ(rows_of(joined->tokens(0)), tokens[1]);
  EXPECT_TRUE(rows_of(joined->tokens(12345)).empty());
  for (const auto& [self, rows] : versions) EXPECT_EQ(rows_of(joined->versions(self)), rows);
  for (const auto& [key, values] : columns) {
    const ColumnView column = joined->column(key);
    ASSERT_EQ(column.count, values.size());
    ASSERT_EQ(column.ordered, values.size());
    std::uint32_t wide = 0;
    for (std::uint32_t i = 0; i < column.count; ++i) {
      EXPECT_EQ(std::tuple(column.rows[i], column.low[i], column.high[i]), values[i]);
      wide += column.high[i] == INT64_MAX;
      if (i > 0) {
        EXPECT_LE(column.low[column.order[i - 1]], column.low[column.order[i]]);
      }
    }
    EXPECT_EQ(column.wide_count, wide);
  }
  for (Row row = 0; row < next; ++row) EXPECT_EQ(joined->instant(row), row);
}

TEST(Segment, DamagedFileIsRefused) {
  TestFolder folder;
  MemorySegment segment(0);
  segment.add({.self = 1, .tokens = {5}});
  segment.seal();
  DeadRows dead;
  ASSERT_TRUE(write_segment(folder.file("a"), {&segment}, dead, [] { return true; }));
  ASSERT_TRUE(FileSegment::open(folder.file("a")));
  std::filesystem::resize_file(folder.file("a"), 600);
  EXPECT_FALSE(FileSegment::open(folder.file("a")));
}

}  // namespace
}  // namespace joinedup::fhir
