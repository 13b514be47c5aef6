// link-files from its flags: bad input gives a sentence and leaves nothing; link types, ids, one-to-one, incremental runs.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "engine/engine.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/linkage.hpp"
#include "linkage/test_support.hpp"

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
[[comparison]]
column = "dob"
kind = "date"
)";

class LinkFilesTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    put("spec.toml", specification);
  }
  // The error's text; empty where the run succeeded. Whatever happened, a failed run leaves no output.
  std::string refused(const std::string& csv, Train train = Train::never) {
    const auto done = link_files({.spec = folder_ + "/spec.toml", .inputs = {put("input.csv", csv)}, .out = folder_ + "/out", .train = train});
    if (done) return {};
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/out"));
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) EXPECT_EQ(entry.path().string().find("partial"), std::string::npos) << "something half-written stays";
    return done.error().text();
  }
};

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_F(LinkFilesTest, DuplicateIdsAreNamedByRow) {
  const auto text = refused("id,first_name,surname,dob\n7,Ann,Lee,1990-01-01\n8,Bob,Ray,1980-01-01\n7,Anne,Lee,1990-01-01\n");
  EXPECT_TRUE(holds(text, "Records 1 and 3 have the same id")) << text;
  EXPECT_FALSE(holds(text, "Lee")) << "a value of a record appears in a message";
}
TEST_F(LinkFilesTest, MissingColumnsAreListed) {
  const auto text = refused("id,first_name\n1,Ann\n");
  EXPECT_TRUE(holds(text, "'dob'") && holds(text, "'surname'")) << text;
}
TEST_F(LinkFilesTest, AnEmptyFileAndAHeaderAlone) {
  EXPECT_TRUE(holds(refused(""), "empty"));
  EXPECT_TRUE(holds(refused("id,first_name,surname,dob\n"), "no records"));
}
TEST_F(LinkFilesTest, AHugeCellIsRefusedWithItsLine) {
  const auto text = refused("id,first_name,surname,dob\n1,Ann,Lee,1990-01-01\n2," + std::string(10 << 20, 'x') + ",Lee,1990-01-01\n");
  EXPECT_TRUE(holds(text, "Line 3") && holds(text, "mebibyte")) << text.substr(0, 200);
}
TEST_F(LinkFilesTest, AnotherEncodingIsRefusedWithItsLine) {
  EXPECT_TRUE(holds(refused("id,first_name,surname,dob\n1,Ann,Lee,1990-01-01\n2,Zo\xEB,Lee,1990-01-01\n"), "Line 3: the text is not UTF-8"));
  EXPECT_TRUE(holds(refused(std::string("\xFF\xFEi\0d\0", 6)), "UTF-16"));
}
TEST_F(LinkFilesTest, ARaggedRowAndAnOpenQuote) {
  EXPECT_TRUE(holds(refused("id,first_name,surname,dob\n1,Ann,Lee\n"), "Line 2: there are 3 fields where the header has 4"));
  EXPECT_TRUE(holds(refused("id,first_name,surname,dob\n1,\"Ann,Lee,1990-01-01\n"), "quote is opened"));
}
TEST_F(LinkFilesTest, AColumnAllNullCannotBeTrainedAndSaysWhich) {
  std::string csv = "id,first_name,surname,dob\n";
  for (int i = 0; i < 60; ++i) csv += std::to_string(i) + ",,Name" + std::to_string(i / 2) + ",19" + std::to_string(50 + i / 2) + "-01-01\n";
  const auto text = refused(csv, Train::always);
  EXPECT_TRUE(holds(text, "comparison")) << text;
  EXPECT_EQ(refused(csv, Train::never), "");
}
TEST_F(LinkFilesTest, OneValueColumnsLinkWithoutTraining) {
  std::string csv = "id,first_name,surname,dob\n";
  for (int i = 0; i < 30; ++i) csv += std::to_string(i) + ",Ann,Lee,1990-01-01\n";
  EXPECT_EQ(refused(csv), "");
}
TEST_F(LinkFilesTest, TrainingSaysWhichLevelItCouldNotLearn) {
  std::string csv = "id,first_name,surname,dob\n";
  for (int i = 0; i < 200; ++i) csv += std::to_string(i) + ",Ann,Name" + std::to_string(i % 17) + ",19" + std::to_string(40 + i / 2 % 50) + "-01-01\n";
  testing::internal::CaptureStderr();
  EXPECT_EQ(refused(csv, Train::always), "");
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(holds(said, "Comparison first_name, level 'different'")) << said;
  EXPECT_TRUE(holds(*read_file(folder_ + "/out/report.html"), "Comparison first_name, level")) << "the report says it too";
}
TEST_F(LinkFilesTest, TooFewRecordsToTrainOn) {
  EXPECT_TRUE(holds(refused("id,first_name,surname,dob\n1,Ann,Lee,1990-01-01\n", Train::always), "too few records"));
  EXPECT_TRUE(holds(refused("id,first_name,surname,dob\n1,Ann,Lee,1990-01-01\n2,Bob,Ray,1980-01-01\n", Train::always), "No training rule makes pairs"));
}
TEST_F(LinkFilesTest, AnotherSeparatorAndAColumnTwice) {
  EXPECT_TRUE(holds(refused("id;first_name;surname;dob\n1;Ann;Lee;1990-01-01\n"), "separated by something else than commas"));
  EXPECT_TRUE(holds(refused("id,first_name,First_Name,surname,dob\n1,Ann,Anne,Lee,1990-01-01\n"), "two columns 'first_name'"));
  EXPECT_TRUE(holds(refused("id,first_name,surname,dob\n1,Ann,Lee,1990-01-01\n,Bob,Ray,1980-01-01\n"), "Record 2 has no id"));
}
TEST_F(LinkFilesTest, BadParquetIsRefusedToo) {
  put("input.parquet", "PAR1 but not really");
  const auto link = [&] { return link_files({.spec = folder_ + "/spec.toml", .inputs = {folder_ + "/input.parquet"}, .out = folder_ + "/out", .train = Train::never}); };
  auto done = link();
  ASSERT_FALSE(done);
  EXPECT_TRUE(holds(done.error().text(), "cannot be read as Parquet")) << done.error().text();
  auto database = engine::Database::open("", {});
  auto connection = database->connect();
  const auto write = [&](const std::string& select) { ASSERT_TRUE(connection->run("COPY (" + select + ") TO '" + folder_ + "/input.parquet' (FORMAT parquet)")); };
  write("SELECT unnest([5, 6, 5]) AS id, 'Ann' AS first_name, 'Lee' AS surname, DATE '1990-01-01' AS dob");
  done = link();
  ASSERT_FALSE(done);
  EXPECT_TRUE(holds(done.error().text(), "Records 1 and 3 have the same id")) << done.error().text();
  write("SELECT 1 AS id, repeat('x', 2000000) AS first_name, 'Lee' AS surname, '' AS dob");
  done = link();
  ASSERT_FALSE(done);
  EXPECT_TRUE(holds(done.error().text(), "column 'first_name'") && holds(done.error().text(), "mebibyte")) << done.error().text();
  write("SELECT 1 AS id, NULL::VARCHAR AS first_name, 'Lee' AS surname, '' AS dob LIMIT 0");
  done = link();
  ASSERT_FALSE(done);
  EXPECT_TRUE(holds(done.error().text(), "no records")) << done.error().text();
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/out"));
}
TEST_F(LinkFilesTest, ABadSpecificationSaysWhere) {
  const auto said = [&](const std::string& name, const std::string& text) {
    const auto done = link_files({.spec = put(name, text), .inputs = {put("input.csv", "id,a\n1,x\n2,x\n")}, .out = folder_ + "/out", .train = Train::never});
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/out"));
    return done ? std::string() : done.error().text();
  };
  EXPECT_TRUE(holds(said("bad.json", "{\"link_type\":"), "byte"));
  EXPECT_TRUE(holds(said("bad.json", "[]"), "one JSON object"));
  EXPECT_TRUE(holds(said("bad.json", R"({"link_type": "dedupe_only", "comparisons": 3})"), "comparisons are missing"));
  EXPECT_TRUE(holds(said("bad.json", R"({"link_type": 3})"), "wrong type"));
  const std::string comparison = R"("comparisons": [{"output_column_name": "a", "comparison_levels": [{"sql_condition": "a_l = a_r", "m_probability": 0.9, "u_probability": 0.1}, {"sql_condition": "ELSE", "m_probability": 0.1, "u_probability": 0.9}]}])";
  EXPECT_TRUE(holds(said("bad.json", R"({"link_type": "dedupe_only", "unique_id_column_name": "id", "blocking_rules_to_generate_predictions": ["l.a = r.a and struct_pack(l.b) = 1"], )" + comparison + "}"), "'struct_pack'"));
  EXPECT_TRUE(holds(said("bad.json", R"({"link_type": "dedupe_only", "unique_id_column_name": "id", "blocking_rules_to_generate_predictions": [{"blocking_rule": "l.a = r.a", "arrays_to_explode": ["a"]}], )" + comparison + "}"), "holds no lists"));
  EXPECT_TRUE(holds(said("bad.toml", "[[comparison"), "Line 1"));
  EXPECT_TRUE(holds(said("bad.txt", "x"), ".toml or a Splink .json"));
}
TEST_F(LinkFilesTest, SpacesBelongToValuesUnlessEveryCommaOfTheHeaderHasOne) {
  put("spec.toml", R"(
blocking = ["1 = 1"]
prior = 0.5
[[comparison]]
name = "a"
levels = [{ when = "a_l = a_r", m = 0.9, u = 0.1 }, { when = "ELSE", m = 0.1, u = 0.9 }]
)");
  const auto gamma = [&](const std::string& csv) {
    EXPECT_EQ(refused(csv), "");
    std::string found;
    EXPECT_TRUE(read_csv(folder_ + "/out/pairs.csv", [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> { found = row[4]; return {}; }));
    return found;
  };
  EXPECT_EQ(gamma("id,a\n1,x\n2, x\n"), "0");
  EXPECT_EQ(gamma("id, a\n1, x\n2,x\n"), "1");
}
TEST_F(LinkFilesTest, IntegerIdsOfParquetAreNumbersAndOneSourceColumnPartsAFile) {
  auto database = engine::Database::open("", {});
  auto connection = database->connect();
  const auto pairs = [&](const std::string& link_type, const std::string& select) {
    EXPECT_TRUE(connection->run("COPY (" + select + ") TO '" + folder_ + "/input.parquet' (FORMAT parquet)"));
    put("spec.toml", "link_type = \"" + link_type + "\"\nblocking = [\"1 = 1\"]\nprior = 0.5\n[[comparison]]\nname = \"a\"\nlevels = [{ when = \"a_l = a_r\", m = 0.9, u = 0.1 }, { when = \"ELSE\", m = 0.1, u = 0.9 }]\n");
    const auto done = link_files({.spec = folder_ + "/spec.toml", .inputs = {folder_ + "/input.parquet"}, .out = folder_ + "/out", .train = Train::never});
    EXPECT_TRUE(done) << done.error().text();
    std::string found;
    EXPECT_TRUE(read_csv(folder_ + "/out/pairs.csv", [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
      found += std::string(row[0]) + "-" + std::string(row[1]) + " ";
      return {};
    }));
    return found;
  };
  EXPECT_EQ(pairs("dedupe_only", "SELECT unnest([10, 9, -3]) AS id, 'x' AS a"), "-3-9 -3-10 9-10 ");
  EXPECT_EQ(pairs("dedupe_only", "SELECT unnest(['10', '9']) AS id, 'x' AS a"), "10-9 ");
  EXPECT_EQ(pairs("link_only", "SELECT * FROM (VALUES (1, 'b', 'x'), (1, 'a', 'x'), (2, 'a', 'x')) t(id, source_dataset, a)"), "a:1-b:1 2-b:1 ");
  EXPECT_EQ(pairs("link_and_dedupe", "SELECT * FROM (VALUES (10, 'b', 'x'), (9, 'a', 'x'), (8, 'b', 'x')) t(id, source_dataset, a)"), "9-10 9-8 10-8 ");
}
TEST_F(LinkFilesTest, AnEmptyTextOfParquetIsAValueToSplinkAndMissingToUs) {
  auto database = engine::Database::open("", {});
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("COPY (SELECT unnest(['1', '2', '3']) AS id, unnest(['', '', NULL]) AS a, unnest([[], ['x'], []::VARCHAR[]]) AS l) TO '" + folder_ + "/input.parquet' (FORMAT parquet)"));
  const auto gammas = [&](const std::string& spec) {
    const auto done = link_files({.spec = spec, .inputs = {folder_ + "/input.parquet"}, .out = folder_ + "/out", .train = Train::never});
    EXPECT_TRUE(done) << done.error().text();
    std::string found;
    EXPECT_TRUE(read_csv(folder_ + "/out/pairs.csv", [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
      found += std::string(row[0]) + std::string(row[1]) + ":" + std::string(row[4]) + std::string(row[5]) + " ";
      return {};
    }));
    return found;
  };
  EXPECT_EQ(gammas(put("spec.json", R"j({"link_type": "dedupe_only", "unique_id_column_name": "id", "blocking_rules_to_generate_predictions": ["1=1"], "comparisons": [
    {"output_column_name": "a", "comparison_levels": [{"sql_condition": "a_l IS NULL OR a_r IS NULL", "is_null_level": true}, {"sql_condition": "a_l = a_r"}, {"sql_condition": "ELSE"}]},
    {"output_column_name": "l", "comparison_levels": [{"sql_condition": "len(l_l) = len(l_r)"}, {"sql_condition": "ELSE"}]}]})j")), "12:10 13:-11 23:-10 ");
  const auto own = put("own.toml", "blocking = [\"1 = 1\"]\nprior = 0.5\n[[comparison]]\ncolumn = \"a\"\n[[comparison]]\nname = \"l\"\nlevels = [{ when = \"len(l_l) = len(l_r)\" }, { when = \"ELSE\" }]\n");
  EXPECT_EQ(gammas(own), "12:-10 13:-11 23:-10 ");
  std::filesystem::copy_file(folder_ + "/out/model.json", folder_ + "/own.json");
  EXPECT_EQ(gammas(folder_ + "/own.json"), "12:-10 13:-11 23:-10 ") << "our own model keeps its meaning";
}
TEST_F(LinkFilesTest, ARuleWithTooManyPairsIsNamedAndNotTried) {
  std::string csv = "id,first_name,surname,dob\n";
  for (int i = 0; i < 2000; ++i) csv += std::to_string(i) + ",Ann,Lee,1990-01-01\n";
  const auto done = link_files({.spec = folder_ + "/spec.toml", .inputs = {put("input.csv", csv)}, .out = folder_ + "/out", .train = Train::never, .most_pairs_a_rule = 1e6});
  ASSERT_FALSE(done);
  EXPECT_TRUE(holds(done.error().text(), "blocking rule 1") && holds(done.error().text(), "1,999,000 pairs")) << done.error().text();
}
TEST_F(LinkFilesTest, AnUnknownFunctionOrSettingIsNamed) {
  put("spec.toml", std::string(specification) + "[[comparison]]\nname = \"x\"\nlevels = [{ when = \"my_udf(dob_l, dob_r) > 1\" }, { when = \"ELSE\" }]\n");
  EXPECT_TRUE(holds(refused("id,first_name,surname,dob\n1,a,b,c\n"), "'my_udf'"));
  put("spec.toml", std::string("blokking = []\n") + specification);
  EXPECT_TRUE(holds(refused("id,first_name,surname,dob\n1,a,b,c\n"), "'blokking'"));
}

TEST_F(LinkFilesTest, TwoInputsShowTheirLetterOnlyWhereAnIdIsInBoth) {
  std::string spec = specification;
  spec.replace(spec.find("dedupe_only"), 11, "link_only");
  put("spec.toml", spec);
  const auto a = put("a.csv", "id,first_name,surname,dob\n1,Ann,Lee,1990-01-01\n2,Bob,Ray,1980-01-01\n3,Ann,Lee,1990-01-01\n");
  const auto b = put("b.csv", "id,first_name,surname,dob\n2,Bob,Ray,1980-01-01\n9,Ann,Lee,1990-01-01\n");
  const std::vector<std::string> arguments{"--spec", folder_ + "/spec.toml", "--input", a, "--input", b, "--out", folder_ + "/out", "--no-train", "--quiet"};
  ASSERT_EQ(link_files_command(arguments), 0);
  std::set<std::string> pairs;
  ASSERT_TRUE(read_csv(folder_ + "/out/pairs.csv", [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
    pairs.insert(std::string(row[0]) + "-" + std::string(row[1]));
    return {};
  }));
  EXPECT_EQ(pairs, (std::set<std::string>{"1-9", "3-9", "A:2-B:2"}));
  for (const char* file : {"clusters.csv", "model.json", "report.html"}) EXPECT_TRUE(std::filesystem::exists(folder_ + "/out/" + file)) << file;
  // One to one: 9 may have one partner only.
  ASSERT_TRUE(link_files({.spec = folder_ + "/spec.toml", .inputs = {a, b}, .out = folder_ + "/single", .train = Train::never, .cluster_probability = 0.5, .one_to_one = true}));
  EXPECT_EQ(clusters("single"), (std::set<std::string>{"1 9 ", "3 ", "A:2 B:2 "}));
}

TEST_F(LinkFilesTest, ParquetInAndOutGivesWhatCsvGives) {
  const auto csv = put("input.csv", "id,first_name,surname,dob\n1,Ann,Lee,1990-01-01\n2,Anne,Lee,1990-01-01\n3,Bob,Ray,1990-01-01\n");
  auto database = engine::Database::open("", {});
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("COPY (SELECT * REPLACE (id::BIGINT AS id, dob::DATE AS dob) FROM read_csv('" + csv + "', all_varchar = true)) TO '" + folder_ + "/input.parquet' (FORMAT parquet)"));
  ASSERT_TRUE(link_files({.spec = folder_ + "/spec.toml", .inputs = {csv}, .out = folder_ + "/one", .train = Train::never}));
  ASSERT_TRUE(link_files({.spec = folder_ + "/spec.toml", .inputs = {folder_ + "/input.parquet"}, .out = folder_ + "/two", .train = Train::never}));
  EXPECT_EQ(*read_file(folder_ + "/one/clusters.csv"), *read_file(folder_ + "/two/clusters.csv"));
  ASSERT_TRUE(link_files({.spec = folder_ + "/spec.toml", .inputs = {csv}, .out = folder_ + "/three", .train = Train::never, .format = Format::parquet}));
  EXPECT_EQ(*connection->count("SELECT count(*) FROM read_parquet('" + folder_ + "/three/pairs.parquet')"), 3);
}

TEST_F(LinkFilesTest, NewRecordsJoinAnEarlierRunWithoutRescoringTheOld) {
  std::string old = "id,first_name,surname,dob\n";
  for (int i = 0; i < 40; ++i) old += "a" + std::to_string(100 + i) + ",Name" + std::to_string(i / 2) + ",Sur" + std::to_string(i / 2) + ",19" + std::to_string(50 + i / 2) + "-03-04\n";
  const auto before = put("old.csv", old);
  const auto all = put("all.csv", old + "z1,Name3,Sur3,1953-03-04\nz2,Name3,Sur3,1953-03-04\nz3,Other,Body,2001-01-01\n");
  ASSERT_TRUE(link_files({.spec = folder_ + "/spec.toml", .inputs = {before}, .out = folder_ + "/first", .train = Train::never}));
  const auto full = link_files({.spec = folder_ + "/spec.toml", .inputs = {all}, .out = folder_ + "/full", .train = Train::never});
  const auto added = link_files({.spec = folder_ + "/spec.toml", .inputs = {all}, .out = folder_ + "/added", .train = Train::never, .previous = folder_ + "/first"});
  ASSERT_TRUE(full && added);
  EXPECT_EQ(clusters("full"), clusters("added"));
  EXPECT_LT(added->pairs_scored, full->pairs_scored);
}

TEST_F(LinkFilesTest, FlagsAreReadAsTheContractSays) {
  const std::vector<std::string> nothing, unknown{"--spec", "a", "--input", "b", "--out", "c", "--wrong"};
  EXPECT_EQ(link_files_command(nothing), 2);
  EXPECT_EQ(link_files_command(unknown), 2);
  const std::vector<std::string> both{"--spec", "a", "--input", "b", "--out", "c", "--train", "--no-train"};
  EXPECT_EQ(link_files_command(both), 2);
  const std::vector<std::string> absent{"--spec", folder_ + "/absent.toml", "--input", "b", "--out", folder_ + "/c"};
  EXPECT_EQ(link_files_command(absent), 1);
}

TEST_F(LinkFilesTest, SplinkSettingsThatWereNeverTrainedUseItsStartingValues) {
  put("settings.json", R"({"link_type": "dedupe_only", "unique_id_column_name": "id", "blocking_rules_to_generate_predictions": ["l.surname = r.surname"],
    "comparisons": [{"output_column_name": "dob", "comparison_levels": [
      {"sql_condition": "dob_l IS NULL OR dob_r IS NULL", "is_null_level": true},
      {"sql_condition": "dob_l = dob_r"}, {"sql_condition": "ELSE"}]}]})");
  const auto csv = put("input.csv", "id,surname,dob\n1,Lee,1990-01-01\n2,Lee,1990-01-01\n3,Lee,1980-01-01\n");
  ASSERT_TRUE(link_files({.spec = folder_ + "/settings.json", .inputs = {csv}, .out = folder_ + "/out", .train = Train::never}));
  std::map<std::string, double> weights;
  ASSERT_TRUE(read_csv(folder_ + "/out/pairs.csv", [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
    weights[std::string(row[0]) + std::string(row[1])] = std::stod(std::string(row[2]));
    return {};
  }));
  const double prior = std::log2(1e-4 / (1 - 1e-4));
  EXPECT_NEAR(weights["12"], prior + 10, 1e-8);  // the exact level starts at 10, the other at -5
  EXPECT_NEAR(weights["13"], prior - 5, 1e-8);
}

}  // namespace joinedup::linkage
