#include "linkage/clk.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/random.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/linkage.hpp"

namespace joinedup::linkage {
namespace {

std::string shared_data() {
  const char* named = std::getenv("JOINEDUP_SHARED_DATA");
  return named ? named : JOINEDUP_SOURCE_DIR "/../shared/data";
}

using Links = std::set<std::pair<std::uint32_t, std::uint32_t>>;
double f1(const Links& found, const Links& truth) {
  std::size_t right = 0;
  for (const auto& link : found) right += truth.contains(link);
  return 2.0 * static_cast<double>(right) / static_cast<double>(found.size() + truth.size());
}
Links links_of(const std::string& pairs_csv) {
  Links links;
  EXPECT_TRUE(read_csv(pairs_csv, [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
    links.emplace(std::stoul(std::string(row[0])), std::stoul(std::string(row[1])));
    return {};
  }));
  return links;
}

}  // namespace

TEST(Clk, EveryFormOfPopcountCountsTheSame) {
  for (const std::size_t words : {1u, 3u, 8u, 15u, 16u, 17u, 32u}) {
    CounterRandom draw(3, words, 0);
    std::vector<std::uint64_t> one(words), many(words * 37);
    for (auto& word : one) word = draw.bits();
    for (auto& word : many) word = draw.bits() & draw.bits();
    std::vector<std::uint32_t> fast(37), plain(37);
    common_bits(one.data(), many.data(), words, 37, fast.data());
    common_bits_portable(one.data(), many.data(), words, 37, plain.data());
    EXPECT_EQ(fast, plain) << popcount_form() << " " << words;
  }
}

TEST(Clk, WindowByBitsSetLosesNothing) {
  Clks a, b;
  a.words = b.words = 2;
  CounterRandom draw(5, 1, 0);
  for (int i = 0; i < 400; ++i) {
    a.bits.push_back(i % 3 ? draw.bits() : draw.bits() & draw.bits());
    b.bits.push_back(i % 2 ? a.bits.back() : draw.bits());
  }
  const auto all = match_clks(a, b, 0.0, 1), high = match_clks(a, b, 0.6, 2);
  ASSERT_TRUE(all && high);
  EXPECT_EQ(all->size(), 200u * 200u);
  std::size_t expected = 0;
  for (const auto& pair : *all) expected += pair.dice >= 0.6;
  EXPECT_EQ(high->size(), expected);
}

TEST(Clk, AnonlinkFilesLinkOneToOne) {
  const std::string data = shared_data() + "/linkage/anonlink/";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "the shared reference data is not here";
  const std::string out = testing::TempDir() + "clk_links";
  std::filesystem::remove_all(out);
  const std::vector<std::string> arguments{data + "clks-1.json", data + "clks-2.json", "--out", out, "--threshold", "0.8", "--one-to-one", "--json"};
  ASSERT_EQ(link_clks_command(arguments), 0);
  std::string text = *read_file(data + "ground-truth.json");
  Links truth;
  for (auto& c : text)
    if (c == '[' || c == ']' || c == ',') c = ' ';
  std::istringstream numbers(text);
  for (std::uint32_t l = 0, r = 0; numbers >> l >> r;) truth.emplace(l, r);
  ASSERT_GT(truth.size(), 1000u);
  EXPECT_GE(f1(links_of(out + "/pairs.csv"), truth), 0.98);
}

TEST(Clk, OurOwnFiltersLinkThePeople) {
  const std::string data = shared_data() + "/linkage/anonlink/";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "the shared reference data is not here";
  const std::string folder = testing::TempDir() + "clk_encode";
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(write_file(folder + "/secret", "a secret that two partners share\n", FileMode::secret));
  const std::string spec = JOINEDUP_SOURCE_DIR "/modules/linkage/examples/clk.toml";
  std::vector<std::string> ids[2];
  for (int side = 0; side < 2; ++side) {
    const std::string input = data + "dataset-" + std::to_string(side + 1) + ".csv";
    const std::vector<std::string> arguments{"--spec", spec, "--secret-file", folder + "/secret", "--input", input, "--out", folder + "/" + std::to_string(side) + ".json"};
    ASSERT_EQ(encode_command(arguments), 0);
    ASSERT_TRUE(read_csv(input, [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
      ids[side].emplace_back(row[0]);
      return {};
    }));
  }
  Links truth;
  std::map<std::string, std::uint32_t> at;
  for (std::uint32_t i = 0; i < ids[1].size(); ++i) at[ids[1][i]] = i;
  for (std::uint32_t i = 0; i < ids[0].size(); ++i)
    if (at.contains(ids[0][i])) truth.emplace(i, at[ids[0][i]]);
  const auto a = read_clks(folder + "/0.json"), b = read_clks(folder + "/1.json");
  ASSERT_TRUE(a && b);
  auto pairs = match_clks(*a, *b, 0.6, 2);
  ASSERT_TRUE(pairs);
  keep_one_to_one(*pairs);
  Links found;
  for (const auto& pair : *pairs) found.emplace(pair.left, pair.right);
  EXPECT_GE(f1(found, truth), 0.95) << found.size() << " links, " << truth.size() << " true";
}

TEST(Clk, BadInputIsASentenceAndLeavesNothing) {
  const std::string folder = testing::TempDir() + "clk_bad";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(write_file(folder + "/a.json", "{\"clks\": [\"AAAA\", \"AA\"]}"));
  ASSERT_TRUE(write_file(folder + "/b.json", "{\"others\": []}"));
  EXPECT_NE(read_clks(folder + "/a.json").error().sentence.find("Entry 2"), std::string::npos);
  EXPECT_NE(read_clks(folder + "/b.json").error().sentence.find("clks"), std::string::npos);
  const std::vector<std::string> arguments{folder + "/a.json", folder + "/b.json", "--out", folder + "/out", "--threshold", "0.8"};
  EXPECT_EQ(link_clks_command(arguments), 1);
  EXPECT_FALSE(std::filesystem::exists(folder + "/out"));
  ASSERT_TRUE(write_file(folder + "/secret", "short"));
  EXPECT_FALSE(encode_records(JOINEDUP_SOURCE_DIR "/modules/linkage/examples/clk.toml", folder + "/secret", folder + "/a.json", 1));
}

}  // namespace joinedup::linkage
