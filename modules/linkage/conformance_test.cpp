// What Splink itself predicted for 277 models, pair by pair: testdata/README.md.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/linkage.hpp"

namespace joinedup::linkage {
namespace {

using Json = nlohmann::json;
const std::string folder = std::string(JOINEDUP_SOURCE_DIR) + "/modules/linkage/testdata/";

// The inputs as they were for Splink: A and B, typed or all text, whole, halved, or with a column that names the half.
class Inputs {
 public:
  explicit Inputs(std::string work) : work_(std::move(work)), database_(*engine::Database::open("", {.threads = 1})), connection_(*database_.connect()) {
    std::string typed, texts;
    EXPECT_TRUE(read_csv(folder + "types.csv", [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
      const auto name = engine::sql_name(std::string(row[0]));
      typed += (typed.empty() ? "" : ", ") + ("CAST(" + name + " AS " + std::string(row[1]) + ") AS " + name);
      if (row[1].find('[') == std::string_view::npos) texts += (texts.empty() ? "" : ", ") + name;
      return {};
    }));
    texts_ = texts;
    EXPECT_TRUE(connection_.run("CREATE TABLE records AS SELECT " + typed + " FROM read_csv(" + engine::sql_text(folder + "records.csv") + ", header = true, all_varchar = true)"));
    count_ = *connection_.count("SELECT count(*) FROM records");
    EXPECT_TRUE(connection_.run("CREATE TABLE combined AS SELECT CASE WHEN number <= " + std::to_string(count_ / 2) + " THEN 'west' ELSE 'east' END AS source_dataset, * FROM records"));
  }
  std::vector<std::string> paths(const Json& inputs, const std::string& type) {
    const std::string name = work_ + "/" + inputs.dump() + type;
    const bool by_column = inputs.is_string();
    std::vector<std::string> made;
    const std::string half = std::to_string(count_ / 2);
    const std::vector<std::string> wheres = inputs == 2 ? std::vector<std::string>{"number <= " + half, "number > " + half} : std::vector<std::string>{"true"};
    for (const auto& where : wheres) {
      std::string path = work_ + "/input" + std::to_string(files_.size()) + "." + type;
      auto& known = files_[name + where];
      if (known.empty()) {
        known = path;
        const std::string columns = type == "csv" ? (by_column ? "source_dataset, " : "") + texts_ : "*";
        const auto done = connection_.run("COPY (SELECT " + columns + " FROM " + (by_column ? "combined" : "records") + " WHERE " + where + ") TO " + engine::sql_text(path) + (type == "csv" ? " (HEADER)" : " (FORMAT parquet)"));
        EXPECT_TRUE(done) << done.error().text();
      }
      made.push_back(known);
    }
    return made;
  }
  std::vector<std::string> ids(const std::string& column) {
    std::vector<std::string> all;
    EXPECT_TRUE(connection_.scan("SELECT CAST(" + engine::sql_name(column) + " AS VARCHAR) FROM records", [&](const engine::Batch& batch) -> Result<void> {
      for (std::size_t row = 0; row < batch.rows(); ++row) all.emplace_back(batch.text(0, row));
      return {};
    }));
    return all;
  }

 private:
  std::string work_, texts_;
  engine::Database database_;
  engine::Connection connection_;
  std::int64_t count_ = 0;
  std::map<std::string, std::string> files_;
};

struct Predicted {
  std::map<std::string, std::string> by_name;
};

std::map<std::string, Predicted> read_pairs(const std::string& path, const std::map<std::string, std::string>& place, std::size_t& lines) {
  std::map<std::string, Predicted> pairs;
  std::vector<std::string> header;
  const auto done = read_csv(
      path, [&](const CsvRow& row) -> Result<void> { header.assign(row.begin(), row.end()); return {}; },
      [&](const CsvRow& row) -> Result<void> {
        ++lines;
        auto& pair = pairs[place.at(std::string(row[0])) + "-" + place.at(std::string(row[1]))];
        for (std::size_t i = 2; i < row.size(); ++i) pair.by_name[header[i]] = std::string(row[i]);
        return {};
      });
  EXPECT_TRUE(done) << done.error().text();
  return pairs;
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  if (!text.empty())
    for (const auto part : split(text, ' ')) out.emplace_back(part);
  return out;
}

void expect_same(const Json& one, const std::string& pair_list, const std::map<std::string, Predicted>& ours) {
  const auto pairs = words(pair_list), keys = words(one["match_keys"].get<std::string>());
  ASSERT_EQ(ours.size(), pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto found = ours.find(pairs[i]);
    ASSERT_NE(found, ours.end()) << "pair " << pairs[i] << " is missing, or its sides are exchanged";
    const auto& named = found->second.by_name;
    EXPECT_EQ(named.at("match_key"), keys.size() == 1 ? keys[0] : keys[i]) << pairs[i];
    std::string pattern;  // in the order of the comparisons
    for (const auto& comparison : one["settings"]["comparisons"]) {
      std::string name = one["settings"].value("comparison_vector_value_column_prefix", "gamma_") + comparison["output_column_name"].get<std::string>();
      std::replace(name.begin(), name.end(), ' ', '_');
      const char sign = one["gammas"].at(name).get<std::string>()[i];
      pattern += sign;
      ASSERT_EQ(named.at(name), sign == '-' ? "-1" : sign == ' ' ? "" : std::string(1, sign)) << name << " of " << pairs[i];
    }
    if (!one.contains("weights") && pattern.find(' ') != std::string::npos) continue;  // no level, no weight
    const double expected = one.contains("weights") ? one["weights"][i].get<double>() : one["weight_of"].at(pattern).get<double>();
    ASSERT_NEAR(std::stod(named.at("match_weight")), expected, 1e-6) << pairs[i];
  }
}

}  // namespace

TEST(Conformance, SplinksOwnPredictionsOfManyModels) {
  set_progress_quiet(true);
  const std::string work = testing::TempDir() + "conformance";
  std::filesystem::remove_all(work);
  std::filesystem::create_directories(work);
  Inputs inputs(work);
  std::ifstream file(folder + "cases.json");
  const Json corpus = Json::parse(file);
  std::size_t tried = 0;
  for (const auto& one : corpus["cases"]) {
    SCOPED_TRACE(one["name"].get<std::string>());
    const auto& settings = one["settings"];
    ASSERT_TRUE(write_file(work + "/settings.json", settings.dump()));
    std::filesystem::remove_all(work + "/out");
    const auto done = link_files({.spec = work + "/settings.json", .inputs = inputs.paths(one["inputs"], one["type"]), .out = work + "/out", .train = Train::never, .threads = 1});
    if (one["name"] == "hand_md5") {  // not among our functions: named, not guessed
      ASSERT_FALSE(done);
      EXPECT_NE(done.error().text().find("'md5'"), std::string::npos) << done.error().text();
      continue;
    }
    ASSERT_TRUE(done) << done.error().text();
    std::map<std::string, std::string> place;
    std::size_t row = 0, lines = 0;
    for (const auto& id : inputs.ids(settings.value("unique_id_column_name", "unique_id"))) place[id] = std::to_string(row++);
    const auto ours = read_pairs(work + "/out/pairs.csv", place, lines);
    EXPECT_EQ(lines, ours.size()) << "a pair is written twice";
    expect_same(one, corpus["pairs"][one["pairs"].get<std::size_t>()], ours);
    ++tried;
  }
  EXPECT_GT(tried, 250u);
  std::filesystem::remove_all(work);
}

}  // namespace joinedup::linkage
