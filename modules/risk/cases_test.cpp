// cases/*.csv: twenty and more people a score, each worked by hand with its arithmetic written down. The whole way through files.
#include <gtest/gtest.h>

#include <cmath>

#include "base/text.hpp"
#include "risk/test_support.hpp"

namespace joinedup::risk {
namespace {

struct Case {
  std::string number, given, why;
  double sum = 0;
  std::string score;
  std::map<std::string, double> working;
};

std::vector<Case> cases_of(const std::string& model) {
  const auto text = read_file(std::string(JOINEDUP_SOURCE_DIR) + "/modules/risk/cases/" + model + ".csv");
  EXPECT_TRUE(text);
  std::vector<Case> cases;
  for (const auto& row : csv_rows(text.value_or(""))) {
    Case one{row[0], row[1], row[5], std::stod(row[3]), row[4], {}};
    if (row[2] != "nothing") {
      std::string rest = row[2];
      for (std::size_t at = 0; at != std::string::npos;) {
        const auto end = rest.find(" + ", at);
        const auto term = rest.substr(at, end == std::string::npos ? end : end - at);
        const auto words = split(term, ' ');
        one.working[std::string(words[0])] = std::stod(std::string(words[1]));
        at = end == std::string::npos ? end : end + 3;
      }
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

void add_given(const std::string& model, const Case& one, std::string& header, std::string& text) {
  const auto score = *published_score(model);
  if (one.given.find('=') == std::string::npos) {
    header = "person_id,code\n";
    if (one.given.empty()) text += one.number + ",\n";
    else
      for (const auto code : split(one.given, ' ')) text += one.number + "," + std::string(code) + "\n";
    return;
  }
  std::map<std::string, std::string> values;
  for (const auto pair : split(one.given, ' ')) values[std::string(pair.substr(0, pair.find('=')))] = pair.substr(pair.find('=') + 1);
  header = "person_id";
  text += one.number;
  for (const auto& term : score.terms) {
    if (term.rule == Rule::constant) continue;
    header += "," + term.name;
    text += "," + (values.contains(term.name) ? values[term.name] : term.rule == Rule::given ? "" : "0");
  }
  header += "\n";
  text += "\n";
}

}  // namespace

class HandWorked : public testing::TestWithParam<const char*> {};

TEST_P(HandWorked, ScoreAndEveryPoint) {
  const std::string model = GetParam();
  const auto cases = cases_of(model);
  ASSERT_GE(cases.size(), 20u);
  std::string header, text;
  for (const auto& one : cases) add_given(model, one, header, text);
  const auto scored = score_text(model, header + text);
  ASSERT_TRUE(scored.done) << scored.done.error().text();
  ASSERT_EQ(scored.score.size(), cases.size());
  for (const auto& one : cases) {
    SCOPED_TRACE(model + " case " + one.number + ": " + one.why);
    double sum = 0;
    for (const auto& [term, points] : one.working) sum += points;
    EXPECT_NEAR(sum, one.sum, 1e-9) << "the arithmetic of the case is wrong";
    EXPECT_EQ(scored.score.at(one.number), one.score);
    std::map<std::string, double> points;
    if (scored.points.contains(one.number))
      for (const auto& [term, value] : scored.points.at(one.number)) points[term] = std::stod(value);
    ASSERT_EQ(points.size(), one.working.size());
    for (const auto& [term, value] : one.working) {
      ASSERT_TRUE(points.contains(term)) << term;
      EXPECT_NEAR(points.at(term), value, 1e-9) << term;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryScore, HandWorked,
                         testing::Values("parr30", "hfrs", "charlson_quan2011", "elixhauser_vw", "cambridge", "lace", "hospital", "efi", "acsc"),
                         [](const auto& one) { return std::string(one.param); });

// reference/comorbidipy_golden.csv: scores that another package gave.
TEST(IndependentPackage, SaysTheSame) {
  const auto text = read_file(std::string(JOINEDUP_SOURCE_DIR) + "/modules/risk/reference/comorbidipy_golden.csv");
  ASSERT_TRUE(text);
  const auto rows = csv_rows(*text);
  ASSERT_EQ(rows.size(), 300u);
  std::string codes = "person_id,code\n";
  for (const auto& row : rows)
    for (const auto code : split(row[1], ' ')) codes += row[0] + "," + std::string(code) + "\n";
  const char* const models[] = {"charlson_quan2011", "elixhauser_vw", "hfrs"};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto scored = score_text(models[i], codes);
    ASSERT_TRUE(scored.done) << scored.done.error().text();
    for (const auto& row : rows) EXPECT_EQ(scored.score.at(row[0]), row[2 + i]) << models[i] << ": " << row[1];
  }
}

}  // namespace joinedup::risk
