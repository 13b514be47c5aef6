// Patient timelines drawn in text (scenarios/caseload/*.timeline) and the cohort, reasons and segments they must give.
//
//   # a comment                                         the story, in words
//   team North capacity=1 practices=Y00001              beside the fixture's; replaces them
//   threshold 0.25                                      the place's risk_at_least
//   person 7 born 1950-03 male                          then their events, as in scenarios/record, and in short:
//   2025-05-01  finding lives_alone                       a finding or condition of the fixture's names
//   2026-03-01  medicines 11                              so many different ones
//   risk 0.42                                             what a model said of the person
//   objects case_finding
//   2026-01-01  standing North declined                   what a team has recorded
//   expect 7 found North rank=1 impactability=2 gaps=3    the state and the three numbers' counts
//     impactability: Lives alone                          each line: a reason that must be there
//     not: 2 falls recorded since 2025-05-01              and one that must not
//   expect 8 excluded objects_to_case_finding
//   expect segment 7 2025-05 frailty
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.hpp"
#include "base/text.hpp"
#include "caseload/fixture.hpp"
#include "record/timeline.hpp"

namespace joinedup::caseload {
namespace {

using record::words;

class CaseTimeline {
 public:
  explicit CaseTimeline(std::string path) : path_(std::move(path)), events_(fixture_) {}

  void run() {
    const auto text = read_file(path_);
    ASSERT_TRUE(text) << text.error().text();
    for (const auto line : split(*text, '\n')) lines_.emplace_back(line);
    for (number_ = 0; number_ < lines_.size(); ++number_) event(lines_[number_]);
    fixture_.build();
    const auto segments = write_segments(fixture_.connection(), fixture_.place);
    ASSERT_TRUE(segments) << segments.error().text();
    const auto found = fixture_.lists(current_);
    int expectations = 0;
    for (number_ = 0; number_ < lines_.size(); ++number_)
      if (lines_[number_].starts_with("expect ")) expectation(found), ++expectations;
    EXPECT_GT(expectations, 0) << path_ << " expects nothing";
  }

 private:
  std::string where() const { return path_ + ":" + std::to_string(number_ + 1) + ": "; }
  static std::string value_of(const std::vector<std::string>& parts, const std::string& name) {
    for (const auto& part : parts)
      if (part.starts_with(name + "=")) return part.substr(name.size() + 1);
    return {};
  }

  void event(const std::string& line) {
    const auto parts = words(line);
    if (parts.empty() || line[0] == '#' || line[0] == ' ' || parts[0] == "expect") return;
    const long person = std::stol(events_.person());
    if (parts[0] == "team") {
      if (!teams_named_) fixture_.place.teams.clear();
      teams_named_ = true;
      place::Team team{parts[1], {}, std::stol(value_of(parts, "capacity"))};
      const auto practices = value_of(parts, "practices");
      for (const auto practice : split(practices, ',')) team.practices.emplace_back(practice);
      fixture_.place.teams.push_back(team);
    } else if (parts[0] == "threshold") fixture_.place.case_finding.risk_at_least = std::stod(parts[1]);
    else if (parts[0] == "risk") fixture_.risks.emplace_back(person, std::stod(parts[1]));
    else if (parts[0] == "objects") fixture_.objections.emplace_back(person, parts[1]);
    else if (parts.size() > 2 && parts[1] == "finding") fixture_.observed(person, parts[0], parts[2]);
    else if (parts.size() > 2 && parts[1] == "medicines") fixture_.medicines(person, parts[0], std::stoi(parts[2]));
    else if (parts.size() > 3 && parts[1] == "standing") current_[person] = {parts[2], parts[3], parts[0], "", ""};
    else events_.read(line, where());
  }

  void expectation(const Found& found) {
    const auto parts = words(lines_[number_]);
    if (parts[1] == "segment") {
      const auto got = fixture_.connection().query("SELECT segment FROM person_segment WHERE person_key = " + parts[2] + " AND month = DATE '" + parts[3] + "-01'");
      ASSERT_TRUE(got);
      EXPECT_EQ(got->rows.empty() ? "none" : got->rows[0][0], parts[4]) << where();
      return;
    }
    const auto* one = case_of(found, std::stol(parts[1]));
    if (parts[2] == "nowhere") {
      EXPECT_FALSE(one) << where();
      const auto why = explain(fixture_.connection(), found, std::stol(parts[1]));
      ASSERT_TRUE(why) << where();
      const auto wanted = std::string(trim(lines_[number_].substr(lines_[number_].find("nowhere") + 7)));
      EXPECT_NE(why->answer.find(wanted), std::string::npos) << where() << why->answer;
      return;
    }
    ASSERT_TRUE(one) << where() << "nobody of that number";
    EXPECT_EQ(one->state, parts[2]) << where() << one->excluded_because;
    if (parts[2] == "excluded" || parts[2] == "waiting" || parts[2] == "on_caseload") {
      EXPECT_EQ(one->excluded_because, parts[3]) << where();
    } else {
      EXPECT_EQ(one->team, parts[3]) << where();
    }
    for (const auto& [name, value] : {std::pair("rank", one->rank), std::pair("impactability", one->impactability), std::pair("gaps", one->care_gaps)})
      if (const auto wanted = value_of(parts, name); !wanted.empty()) {
        EXPECT_EQ(value ? std::to_string(*value) : "none", wanted) << where() << name;
      }
    for (std::size_t i = number_ + 1; i < lines_.size() && lines_[i].starts_with("  "); ++i) {
      const auto line = std::string(trim(lines_[i]));
      const auto dimension = line.substr(0, line.find(": ")), reason = line.substr(line.find(": ") + 2);
      const bool there = std::any_of(one->reasons.begin(), one->reasons.end(), [&](const Reason& r) { return r.text == reason && (dimension == "not" || r.dimension == dimension); });
      std::string all;
      for (const auto& r : one->reasons) all += "\n  " + r.dimension + ": " + r.text;
      EXPECT_EQ(there, dimension != "not") << path_ << ":" << i + 1 << ": " << line << all;
    }
  }

  std::string path_;
  Fixture fixture_;
  record::TimelineEvents events_;
  std::vector<std::string> lines_;
  std::size_t number_ = 0;
  bool teams_named_ = false;
  Current current_;
};

std::vector<std::string> timelines() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(JOINEDUP_SOURCE_DIR "/scenarios/caseload"))
    if (entry.path().extension() == ".timeline") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

class CaseloadTimeline : public testing::TestWithParam<std::string> {};

TEST_P(CaseloadTimeline, GivesTheCohortItExpects) { CaseTimeline(GetParam()).run(); }

INSTANTIATE_TEST_SUITE_P(Scenarios, CaseloadTimeline, testing::ValuesIn(timelines()), [](const auto& information) {
  std::string name = std::filesystem::path(information.param).stem().string();
  for (auto& c : name) if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace joinedup::caseload
