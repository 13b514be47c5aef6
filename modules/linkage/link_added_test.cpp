// New records against an index give the pairs and clusters of a full run with the same model and frequencies.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "engine/engine.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/linkage.hpp"
#include "linkage/test_support.hpp"

namespace joinedup::linkage {
namespace {

const char* const comparisons = R"(
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
[[comparison]]
column = "postcode"
kind = "postcode"
)";
// Rules: plain; of two columns and an expression; not symmetric; with filters.
const char* const plain_rules = R"rules(blocking = [["surname"], ["dob"], ["postcode", "substr(first_name, 1, 1)"], "l.first_name = r.surname"]
)rules";
const char* const filtered_rules = R"rules(blocking = ["l.surname = r.surname and levenshtein(l.first_name, r.first_name) < 4", "l.dob = r.dob or l.first_name = r.surname", ["postcode"]]
)rules";

class LinkAddedTest : public FolderTest {
 protected:
  // Each pair's whole line, its two ids in order of text (which of them is left may depend on nothing but the ids).
  std::map<std::string, std::string> pairs(const std::string& out) {
    std::map<std::string, std::string> all;
    EXPECT_TRUE(read_csv(folder_ + "/" + out + "/pairs.csv", [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
      std::string rest;
      for (std::size_t i = 2; i < row.size(); ++i) rest += std::string(row[i]) + ",";
      EXPECT_TRUE(all.emplace(std::string(row[0]) + "|" + std::string(row[1]), rest).second) << "a pair is written twice";
      return {};
    }));
    return all;
  }
};

// People of whom some come several times, with slips and gaps; ids in no order.
std::vector<std::string> people(std::uint64_t seed, std::size_t count) {
  const std::array<const char*, 8> first{"Ann", "Anne", "Robert", "Bob", "Mohammed", "Zoe", "Catherine", "Lee"};
  const std::array<const char*, 8> last{"Smith", "Smyth", "Jones", "Zuckerberg", "O'Brien", "Khan", "Lee", "Ann"};
  CounterRandom draw(seed, 3, 5);
  std::vector<std::string> lines;
  std::vector<std::array<std::string, 4>> known;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::string, 4> person;
    if (known.empty() || draw.below(3) != 0)
      person = {std::string(first[draw.below(8)]), last[draw.below(8)] + std::to_string(draw.below(25)), std::to_string(1950 + draw.below(40)) + "-0" + std::to_string(1 + draw.below(9)) + "-1" + std::to_string(draw.below(10)),
                "AB" + std::to_string(draw.below(30)) + " 1CD"};
    else {
      person = known[draw.below(known.size())];
      auto& part = person[draw.below(4)];
      const auto kind = draw.below(4);
      if (kind == 0) part.clear();
      else if (kind == 1 && part.size() > 3) std::swap(part[1], part[2]);
    }
    known.push_back(person);
    lines.push_back("p" + std::to_string(mix64(seed, i) % 900000 + 100000) + "x" + std::to_string(i) + "," + person[0] + "," + person[1] + "," + person[2] + "," + person[3] + "\n");
  }
  return lines;
}
std::string csv(const std::vector<std::string>& lines, std::size_t from, std::size_t to, std::size_t step = 1, std::size_t part = 0) {
  std::string text = "id,first_name,surname,dob,postcode\n";
  for (std::size_t i = from; i < to; ++i)
    if (i % step == part) text += lines[i];
  return text;
}

}  // namespace

TEST_F(LinkAddedTest, TheClustersAndPairsAreThoseOfAFullRun) {
  for (const char* rules : {plain_rules, filtered_rules})
    for (const double least : {0.0, 0.2})
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(std::string(rules) + ", least " + std::to_string(least) + ", seed " + std::to_string(seed));
        const auto lines = people(seed, 900);
        const auto spec = put("spec.toml", std::string("link_type = \"dedupe_only\"\nid = \"id\"\n") + rules + comparisons);
        const auto run = [&](const std::string& with, std::size_t from, std::size_t to, const std::string& out, const std::string& previous, const std::string& frequencies, unsigned threads) {
          std::filesystem::remove_all(folder_ + "/" + out);
          const auto done = link_files({.spec = with, .inputs = {put("input.csv", csv(lines, from, to))}, .out = folder_ + "/" + out, .least_probability = least, .cluster_probability = 0.9, .threads = threads,
                                        .previous = previous.empty() ? "" : folder_ + "/" + previous, .index = previous.empty() && frequencies.empty(), .frequencies = frequencies});
          EXPECT_TRUE(done) << done.error().text();
          return done ? *done : LinkSummary{};
        };
        const auto first = run(spec, 0, 800, "first", "", "", 2);
        const auto second = run(spec, 800, 860, "second", "first", "", 2);
        const auto third = run(spec, 860, 900, "third", "second", "", 1);
        const auto full = run(folder_ + "/first/model.json", 0, 900, "full", "", folder_ + "/first", 2);
        EXPECT_EQ(third.records, 900u);
        EXPECT_EQ(clusters("third"), clusters("full"));
        EXPECT_EQ(third.clusters, full.clusters);
        EXPECT_EQ(third.linked_records, full.linked_records);
        EXPECT_EQ(first.pairs_scored + second.pairs_scored + third.pairs_scored, full.pairs_scored);
        auto together = pairs("first");
        for (const char* out : {"second", "third"})
          for (const auto& [ids, rest] : pairs(out)) EXPECT_TRUE(together.emplace(ids, rest).second) << "an old pair is written again";
        EXPECT_EQ(together, pairs("full"));
        EXPECT_GT(third.pairs_written, 0u);
      }
}

TEST_F(LinkAddedTest, TwoInputsAreLinkedToEachOtherOnly) {
  for (std::uint64_t seed = 4; seed <= 6; ++seed) {
    const auto lines = people(seed, 900);
    const auto spec = put("spec.toml", std::string("link_type = \"link_only\"\nid = \"id\"\n") + plain_rules + comparisons);
    const auto run = [&](const std::string& with, std::size_t from, std::size_t to, const std::string& out, const std::string& previous, const std::string& frequencies) {
      std::filesystem::remove_all(folder_ + "/" + out);
      const auto done = link_files({.spec = with, .inputs = {put("a.csv", csv(lines, from, to, 2, 0)), put("b.csv", csv(lines, from, to, 2, 1))}, .out = folder_ + "/" + out, .cluster_probability = 0.9,
                                    .previous = previous, .index = previous.empty() && frequencies.empty(), .frequencies = frequencies});
      EXPECT_TRUE(done) << done.error().text();
    };
    run(spec, 0, 800, "first", "", "");
    run(spec, 800, 900, "second", folder_ + "/first", "");
    run(folder_ + "/first/model.json", 0, 900, "full", "", folder_ + "/first");
    EXPECT_EQ(clusters("second"), clusters("full"));
    auto together = pairs("first");
    for (const auto& [ids, rest] : pairs("second")) EXPECT_TRUE(together.emplace(ids, rest).second);
    EXPECT_EQ(together, pairs("full"));
  }
}

TEST_F(LinkAddedTest, IdsThatAreNumbersInParquetKeepTheirOrder) {
  const auto lines = people(11, 600);
  std::string text = "id,first_name,surname,dob,postcode\n";
  for (std::size_t i = 0; i < lines.size(); ++i) text += std::to_string(mix64(5, i) % 100000 * 1000 + i) + lines[i].substr(lines[i].find(','));
  const auto csv_path = put("all.csv", text);
  auto database = engine::Database::open("", {.threads = 1});
  auto connection = database->connect();
  const auto parquet = [&](const std::string& name, const std::string& where) {
    const auto done = connection->run("COPY (SELECT id::BIGINT AS id, first_name, surname, dob::DATE AS dob, postcode FROM read_csv('" + csv_path + "', all_varchar = true) WHERE " + where + ") TO '" + folder_ + "/" + name +
                                      ".parquet' (FORMAT parquet)");
    EXPECT_TRUE(done) << done.error().text();
    return folder_ + "/" + name + ".parquet";
  };
  const auto spec = put("spec.toml", std::string("link_type = \"dedupe_only\"\nid = \"id\"\n") + plain_rules + comparisons);
  const auto old = parquet("old", "id::BIGINT % 10 <> 3"), more = parquet("new", "id::BIGINT % 10 = 3"), all = parquet("all", "true");
  const auto first = link_files({.spec = spec, .inputs = {old}, .out = folder_ + "/first", .index = true});
  ASSERT_TRUE(first) << first.error().text();
  const auto second = link_files({.spec = spec, .inputs = {more}, .out = folder_ + "/second", .previous = folder_ + "/first"});
  ASSERT_TRUE(second) << second.error().text();
  ASSERT_TRUE(link_files({.spec = folder_ + "/first/model.json", .inputs = {all}, .out = folder_ + "/full", .frequencies = folder_ + "/first"}));
  EXPECT_EQ(clusters("second"), clusters("full"));
  auto together = pairs("first");
  for (const auto& [ids, rest] : pairs("second")) EXPECT_TRUE(together.emplace(ids, rest).second);
  EXPECT_EQ(together, pairs("full"));
}

TEST_F(LinkAddedTest, WhatDoesNotFitTheEarlierRunIsRefused) {
  const auto lines = people(7, 300);
  const std::string text = std::string("link_type = \"dedupe_only\"\nid = \"id\"\n") + plain_rules + comparisons;
  const auto spec = put("spec.toml", text);
  const auto base = put("base.csv", csv(lines, 0, 280)), more = put("more.csv", csv(lines, 280, 300));
  ASSERT_TRUE(link_files({.spec = spec, .inputs = {base}, .out = folder_ + "/first", .index = true}));
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(folder_ + "/first/linkage.index").permissions() & (perms::group_all | perms::others_all), perms::none) << "the index holds names";
  const auto refused = [&](LinkFiles job) {
    job.out = folder_ + "/out";
    job.previous = folder_ + "/first";
    const auto done = link_files(job);
    EXPECT_FALSE(done);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/out"));
    return done ? std::string() : done.error().text();
  };
  EXPECT_NE(refused({.spec = put("other.toml", text + "\n"), .inputs = {more}}).find("not the one of the earlier run"), std::string::npos);
  EXPECT_NE(refused({.spec = spec, .inputs = {more}, .cluster_probability = 0.5}).find("at probability 0.95"), std::string::npos);
  EXPECT_NE(refused({.spec = spec, .inputs = {more}, .train = Train::always}).find("--train"), std::string::npos);
  EXPECT_NE(refused({.spec = spec, .inputs = {put("mixed.csv", csv(lines, 270, 300))}}).find("10 of the ids"), std::string::npos);
  EXPECT_NE(refused({.spec = spec, .inputs = {more}, .one_to_one = true}).find("--one-to-one"), std::string::npos);
  // All records, old and new, are still taken as before.
  const auto whole = link_files({.spec = folder_ + "/first/model.json", .inputs = {put("all.csv", csv(lines, 0, 300))}, .out = folder_ + "/whole", .previous = folder_ + "/first"});
  ASSERT_TRUE(whole) << whole.error().text();
  EXPECT_EQ(whole->records, 300u);
  // An index of another format, or one that is cut short.
  auto bytes = *read_file(folder_ + "/first/linkage.index");
  bytes[bytes.size() - 16] = 99;
  ASSERT_TRUE(write_file(folder_ + "/first/linkage.index", bytes));
  EXPECT_NE(refused({.spec = spec, .inputs = {more}}).find("format 99"), std::string::npos);
  ASSERT_TRUE(write_file(folder_ + "/first/linkage.index", bytes.substr(0, bytes.size() / 2)));
  EXPECT_NE(refused({.spec = spec, .inputs = {more}}).find("damaged"), std::string::npos);
}

}  // namespace joinedup::linkage
