// Patient timelines drawn in text (scenarios/record/*.timeline) and what the record must make of them.
//
//   # a comment                                  the story, in words
//   period 2023-04-01 2026-03-31                 optional; these are the defaults
//   person 7 born 1950-03 male                   born is the month; sex optional
//   2024-05-01 .. 2024-05-06  episode  provider=RX1 spell=S1 method=21       an event: day or stay, kind, fields
//   expect hospital_spell: provider, length_of_stay, cost_pence              in key order
//     RX1   5   435000                           one line a row; - is NULL; "…" where a value has spaces
//
// Kinds and the fields that have short names are listed below; any other name is a column of the staged table.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "record/timeline.hpp"

namespace joinedup::record {
namespace {

// Runs one timeline; every complaint names its line.
class Timeline {
 public:
  explicit Timeline(const std::string& path) : path_(path) {}

  void run() {
    const auto text = read_file(path_);
    ASSERT_TRUE(text) << text.error().text();
    std::istringstream lines(*text);
    std::string line;
    std::vector<std::string> read;
    while (std::getline(lines, line)) read.push_back(line);
    std::string from = "2023-04-01", to = "2026-03-31";
    for (const auto& each : read)
      if (each.starts_with("period ")) from = words(each)[1], to = words(each)[2];
    fixture_ = std::make_unique<Fixture>(from, to);
    fixture_->add("gp_organisation", {{"organisation_guid", "1"}, {"ods_code", "Y00001"}});
    fixture_->add("gp_organisation", {{"organisation_guid", "2"}, {"ods_code", "Y00002"}});
    fixture_->add("clinical_code", {{"code_id", "1"}, {"snomed_concept", "84114007"}});
    fixture_->add("drug_code", {{"code_id", "1"}, {"bnf_chapter", "02"}});
    TimelineEvents events(*fixture_);
    for (number_ = 0; number_ < read.size(); ++number_) events.read(read[number_], where());
    const auto built = fixture_->build();
    ASSERT_TRUE(built) << built.error().text();
    for (number_ = 0; number_ < read.size(); ++number_)
      if (read[number_].starts_with("expect ")) expectation(read);
    EXPECT_GT(expectations_, 0) << path_ << " expects nothing";
    const auto check = reconcile(fixture_->connection());
    ASSERT_TRUE(check);
    for (const auto& difference : check->differences) ADD_FAILURE() << path_ << ": " << difference;
  }

 private:
  void expectation(const std::vector<std::string>& read) {
    ++expectations_;
    const auto& line = read[number_];
    const auto colon = line.find(':');
    const std::string table(trim(std::string_view(line).substr(7, colon - 7)));
    std::string key;
    for (const auto& listed : record_tables())
      if (listed.name == table)
        for (const auto& column : listed.key) key += (key.empty() ? "" : ", ") + column;
    ASSERT_FALSE(key.empty()) << where() << "no table " << table;
    std::vector<std::vector<std::string>> expected;
    for (std::size_t i = number_ + 1; i < read.size() && read[i].starts_with("  "); ++i) expected.push_back(words(read[i]));
    const auto got = fixture_->connection().query("SELECT " + line.substr(colon + 1) + " FROM " + table + " ORDER BY " + key);
    ASSERT_TRUE(got) << where() << got.error().text();
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < got->rows.size(); ++i) {
      rows.emplace_back();
      for (std::size_t c = 0; c < got->rows[i].size(); ++c) rows.back().push_back(got->nulls[i][c] ? "-" : got->rows[i][c]);
    }
    EXPECT_EQ(expected, rows) << where() << line;
  }

  std::string where() const { return path_ + ":" + std::to_string(number_ + 1) + ": "; }

  std::string path_;
  std::size_t number_ = 0;
  int expectations_ = 0;
  std::unique_ptr<Fixture> fixture_;
};

std::vector<std::string> timelines() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(JOINEDUP_SOURCE_DIR "/scenarios/record"))
    if (entry.path().extension() == ".timeline") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

class RecordTimeline : public testing::TestWithParam<std::string> {};

TEST_P(RecordTimeline, GivesWhatItExpects) { Timeline(GetParam()).run(); }

INSTANTIATE_TEST_SUITE_P(Scenarios, RecordTimeline, testing::ValuesIn(timelines()), [](const auto& information) {
  std::string name = std::filesystem::path(information.param).stem().string();
  for (auto& c : name) if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace joinedup::record
