// The two golden models of Splink: every pair, gamma, match key and weight as in its predictions.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/progress.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/linkage.hpp"

namespace joinedup::linkage {
namespace {

std::string shared_data() {
  const char* named = std::getenv("JOINEDUP_SHARED_DATA");
  return named ? named : JOINEDUP_SOURCE_DIR "/../shared/data";
}

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::size_t column(const std::string& name) const {
    for (std::size_t i = 0; i < header.size(); ++i)
      if (header[i] == name) return i;
    ADD_FAILURE() << "no column " << name;
    return 0;
  }
};

Table read_table(const std::string& path) {
  Table table;
  const auto done = read_csv(
      path, [&](const CsvRow& row) -> Result<void> { table.header.assign(row.begin(), row.end()); return {}; },
      [&](const CsvRow& row) -> Result<void> { table.rows.emplace_back(row.begin(), row.end()); return {}; });
  EXPECT_TRUE(done) << done.error().text();
  return table;
}

void expect_golden(const std::string& name, const std::string& input, unsigned threads) {
  const std::string data = shared_data() + "/linkage/";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "the shared reference data is not here";
  set_progress_quiet(true);
  const std::string out = testing::TempDir() + "golden_" + name + std::to_string(threads);
  std::filesystem::remove_all(out);
  const auto done = link_files({.spec = data + "splink/golden_" + name + ".model.json", .inputs = {data + input}, .out = out, .train = Train::never, .threads = threads});
  ASSERT_TRUE(done) << done.error().text();
  const Table golden = read_table(data + "splink/golden_" + name + ".predictions.csv");
  const Table ours = read_table(out + "/pairs.csv");
  ASSERT_EQ(ours.rows.size(), golden.rows.size());
  std::map<std::pair<std::string, std::string>, const std::vector<std::string>*> by_pair;
  for (const auto& row : ours.rows) by_pair[{row[ours.column("id_l")], row[ours.column("id_r")]}] = &row;
  ASSERT_EQ(by_pair.size(), ours.rows.size()) << "a pair appears twice";
  double worst = 0;
  for (const auto& row : golden.rows) {
    const auto found = by_pair.find({row[golden.column("id_l")], row[golden.column("id_r")]});
    ASSERT_NE(found, by_pair.end());
    for (std::size_t i = 0; i < golden.header.size(); ++i) {
      const auto& value = (*found->second)[ours.column(golden.header[i])];
      if (golden.header[i] == "match_weight") worst = std::max(worst, std::fabs(std::stod(value) - std::stod(row[i])));
      else if (golden.header[i] == "match_probability") EXPECT_NEAR(std::stod(value), std::stod(row[i]), 1e-9);
      else EXPECT_EQ(value, row[i]) << golden.header[i];
    }
  }
  EXPECT_LT(worst, 1e-6);
  std::filesystem::remove_all(out);
}

}  // namespace

TEST(Golden, Febrl3) { expect_golden("febrl3", "febrl/dataset3.csv", 2); }
TEST(Golden, Fake1000) { expect_golden("fake1000", "splink/fake_1000.csv", 2); }
TEST(Golden, OneThreadGivesTheSame) { expect_golden("fake1000", "splink/fake_1000.csv", 1); }

}  // namespace joinedup::linkage
