#include "risk/validate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/test_folder.hpp"
#include "base/file.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "risk/encode.hpp"
#include "risk/frame.hpp"

namespace joinedup::risk {
namespace {
namespace fs = std::filesystem;

// Patients with one to three stays; the chance of the event comes from age, a code and the ward.
std::string stays(std::size_t patients, std::uint64_t seed) {
  std::string text = "stay,patient,age,ward,diagnosis,given,risk,crude,after,y\n";
  std::size_t stay = 0;
  for (std::size_t p = 0; p < patients; ++p) {
    CounterRandom draw(seed, p, 1);
    const int rows = draw.between(1, 3), age = draw.between(20, 90);
    for (int r = 0; r < rows; ++r) {
      const int ward = draw.between(0, 4), code = draw.between(0, 149);
      const double risk = expit(-3 + .03 * (age - 50) + (ward == 2 ? .8 : 0) + (code >= 100 ? 1.0 : 0));
      const bool happened = draw.chance(risk);
      char diagnosis[8];
      std::snprintf(diagnosis, sizeof diagnosis, "%c%02d.%d", 'E' + code / 50, code % 50, code % 10);
      text += std::to_string(++stay) + "," + std::to_string(p) + "," + (draw.chance(.1) ? "" : std::to_string(age)) + ",ward " + std::to_string(ward) + "," + diagnosis + "," +
              (draw.chance(.3) ? "yes" : "no") + "," + format_number(risk) + "," + format_number(expit(-2.8 + .02 * (age - 50))) + "," + (happened ? "seen" : "not seen") + "," + (happened ? "1" : "0") + "\n";
    }
  }
  return text;
}

ValidateJob job_of(const TestFolder& folder) {
  ValidateJob job;
  job.data = folder.file("stays.csv");
  job.outcome = "y";
  job.cluster = "patient";
  job.seed = 3;
  job.replicates = 40;
  job.out = folder.file("out");
  return job;
}

}  // namespace

TEST(Validate, MeasuresAColumnAsItStands) {
  TestFolder folder;
  ASSERT_TRUE(write_file(folder.file("stays.csv"), stays(3000, 1)));
  auto job = job_of(folder);
  job.predict = "risk";
  job.compare = {"crude"};
  job.groups = {"ward", "age"};
  const auto seen = validate_file(job);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_FALSE(seen->trained);
  EXPECT_NEAR(*seen->performance.oe.value, 1, .1);
  EXPECT_NEAR(*seen->performance.slope.value, 1, .12);
  EXPECT_EQ(seen->performance.clusters, 3000u);
  ASSERT_EQ(seen->comparisons.size(), 1u);
  EXPECT_LT(*seen->comparisons[0].auroc_difference.difference.value, 0);
  EXPECT_EQ(std::count_if(seen->groups.begin(), seen->groups.end(), [](const auto& g) { return g.column == "ward"; }), 5);
  EXPECT_EQ(seen->groups.back().group, "Unknown");  // age is missing for one in ten
  for (const char* file : {"metrics.json", "predictions.csv", "report.html"}) EXPECT_TRUE(fs::exists(job.out + "/" + file));
  const auto page = read_file(job.out + "/report.html");
  for (const char* heading : {"Participants", "Outcome", "Predictors", "Missing data", "Performance", "Calibration", "Decision curve", "By group", "What this report does not show", "Never use a score"})
    EXPECT_NE(page->find(heading), std::string::npos) << heading;
  EXPECT_EQ(page->find("http://"), std::string::npos);  // nothing is fetched
  EXPECT_EQ(page->find("<script"), std::string::npos);
}

TEST(Validate, TrainsOverFoldsOfPatientsAndComesNearTheTruth) {
  TestFolder folder;
  ASSERT_TRUE(write_file(folder.file("stays.csv"), stays(20000, 2)));
  auto job = job_of(folder);
  job.drop = {"risk", "crude"};
  const auto truth = [&] {
    auto other = job;
    other.predict = "risk";
    return *validate_file(other)->performance.auroc.value;
  }();
  for (const auto kind : {ModelKind::xgboost, ModelKind::logistic, ModelKind::blend}) {
    job.model = kind;
    const auto seen = validate_file(job);
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_GT(*seen->performance.auroc.value, truth - .035) << model_kind_name(kind);
    EXPECT_LT(*seen->performance.auroc.value, truth + .02) << model_kind_name(kind);  // more than the truth knows is a leak
    EXPECT_NEAR(*seen->performance.oe.value, 1, .06);
    EXPECT_NEAR(*seen->performance.slope.value, 1, .15) << model_kind_name(kind) << ": a fifth of 6,000 rows was too few to recalibrate by (1.17)";
    EXPECT_EQ(seen->folds.size(), 5u);
    // The column that is the outcome in other words, and the number of the stay, are left out and named.
    const auto left_out = [&](const std::string& column) {
      return std::any_of(seen->left_out.begin(), seen->left_out.end(), [&](const auto& why) { return why.starts_with(column + ":"); });
    };
    EXPECT_TRUE(left_out("after"));
    EXPECT_TRUE(left_out("stay"));
    EXPECT_TRUE(left_out("patient"));
    EXPECT_FALSE(left_out("age"));
  }
}

TEST(Validate, TheSameFileAndSeedGiveTheSameBytesOnAnyNumberOfThreads) {
  TestFolder folder;
  ASSERT_TRUE(write_file(folder.file("stays.csv"), stays(1500, 5)));
  auto job = job_of(folder);
  job.drop = {"risk", "crude", "after"};
  job.order = "stay";
  job.threads = 1;
  ASSERT_TRUE(validate_file(job));
  const auto one = read_file(job.out + "/predictions.csv"), one_metrics = read_file(job.out + "/metrics.json");
  job.threads = 2;
  ASSERT_TRUE(validate_file(job));
  EXPECT_TRUE(*one == *read_file(job.out + "/predictions.csv"));
  EXPECT_TRUE(*one_metrics == *read_file(job.out + "/metrics.json"));
  job.seed = 4;
  ASSERT_TRUE(validate_file(job));
  EXPECT_FALSE(*one == *read_file(job.out + "/predictions.csv"));
}

TEST(Validate, ATestRowsOutcomeNeverReachesItsOwnFeatures) {
  // Encodings of the rows left out do not change when their outcomes do; nor does a training row's, when only its own cluster's do.
  TestFolder folder;
  ASSERT_TRUE(write_file(folder.file("stays.csv"), stays(800, 9)));
  const auto frame = read_frame(folder.file("stays.csv"));
  ASSERT_TRUE(frame);
  const std::size_t columns[] = {2, 3, 4, 5};
  const auto prepared = prepare(*frame, columns, {});
  std::vector<std::uint32_t> train, test;
  std::vector<std::uint64_t> cluster;
  std::vector<std::uint8_t> outcome;
  for (std::uint32_t row = 0; row < frame->rows; ++row) {
    cluster.push_back(mix64(static_cast<std::uint64_t>(frame->columns[1].number(row))));
    outcome.push_back(static_cast<std::uint8_t>(frame->find("y")->number(row)));
    (cluster.back() % 3 == 0 ? test : train).push_back(row);
  }
  const auto before = Encoder::fit(prepared, train, outcome, cluster, {});
  auto turned = outcome;
  for (const auto row : test) turned[row] = !turned[row];
  const auto after = Encoder::fit(prepared, train, turned, cluster, {});
  EXPECT_EQ(before.training_matrix().names, after.training_matrix().names);
  const auto same = [](const Matrix& a, const Matrix& b, std::size_t row) {
    for (std::size_t c = 0; c < a.columns; ++c)
      if (a.at(row, c) != b.at(row, c) && !(std::isnan(a.at(row, c)) && std::isnan(b.at(row, c)))) return false;
    return true;
  };
  for (std::size_t i = 0; i < test.size(); ++i) ASSERT_TRUE(same(before.matrix(test), after.matrix(test), i));
  turned = outcome;
  for (const auto row : train)
    if (cluster[row] == cluster[train[0]]) turned[row] = !turned[row];
  EncoderOptions no_crosses;
  no_crosses.crosses = 0;  // which pairs are taken may turn on any outcome of the training rows
  const auto with = Encoder::fit(prepared, train, outcome, cluster, no_crosses).training_matrix();
  const auto without = Encoder::fit(prepared, train, turned, cluster, no_crosses).training_matrix();
  bool others_moved = false;
  for (std::size_t i = 0; i < train.size(); ++i) {
    if (cluster[train[i]] != cluster[train[0]]) {
      others_moved |= !same(with, without, i);
      continue;
    }
    // Only the overall rate, which every rate is mixed with, may have moved: by one or two events in a thousand.
    for (std::size_t c = 0; c < with.columns; ++c) {
      if (!std::isnan(with.at(i, c))) { EXPECT_NEAR(with.at(i, c), without.at(i, c), 4e-3F); }
    }
  }
  EXPECT_TRUE(others_moved);
}

TEST(Validate, OnlyARunningNumberOfTheSourceIsTakenForTime) {
  // Numbers with gaps that run through the file while patients come and go: taken. 1, 2, 3 …, a file sorted by patient, and
  // numbers that follow the outcome: not.
  enum class Form { gaps, consecutive, sorted_by_patient, by_outcome };
  for (const auto form : {Form::gaps, Form::consecutive, Form::sorted_by_patient, Form::by_outcome}) {
    TestFolder folder;
    std::string text = "number,patient,x,y\n";
    CounterRandom draw(11, 0, 0);
    for (int i = 0; i < 3000; ++i) {
      const bool y = draw.chance(.3);
      const int number = form == Form::consecutive ? i : form == Form::by_outcome ? i * 7 + (y ? 100000 : 0) : i * 7;
      text += std::to_string(number) + "," + std::to_string(form == Form::sorted_by_patient ? i / 2 : i % 1500) + "," + format_number(draw.normal() + (y ? .5 : 0)) + "," + (y ? "1" : "0") + "\n";
    }
    ASSERT_TRUE(write_file(folder.file("stays.csv"), text));
    auto job = job_of(folder);
    job.model = ModelKind::logistic;
    const auto seen = validate_file(job);
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_EQ(seen->order_column, form == Form::gaps ? "number" : "") << static_cast<int>(form);
    job.order = "none";
    EXPECT_EQ(validate_file(job)->order_column, "");
  }
}

TEST(Validate, SaysWhatIsWrong) {
  TestFolder folder;
  ASSERT_TRUE(write_file(folder.file("stays.csv"), "p,x,y,word\n0.2,1,0,a\n0.3,2,0,b\n0.4,3,0,c\n"));
  auto job = job_of(folder);
  job.cluster.clear();
  const auto sentence = [&](const ValidateJob& asked) {
    const auto seen = validate_file(asked);
    return seen ? std::string("worked") : seen.error().sentence;
  };
  EXPECT_NE(sentence(job).find("No row has the outcome"), std::string::npos);
  job.predict = "p";
  EXPECT_EQ(sentence(job), "worked");  // one class only: a report with a sentence, no crash
  EXPECT_NE(read_file(job.out + "/metrics.json")->find("\"auroc\": null"), std::string::npos);
  job.predict = "word";
  EXPECT_NE(sentence(job).find("not made of numbers"), std::string::npos);
  job.predict = "nowhere";
  EXPECT_NE(sentence(job).find("There is no column \"nowhere\""), std::string::npos);
  job.outcome = "word";
  EXPECT_NE(sentence(job).find("--outcome 'word=VALUE'"), std::string::npos);
  job.outcome = "word=z";
  EXPECT_NE(sentence(job).find("No row has \"z\""), std::string::npos);
  job.data = folder.file("absent.csv");
  EXPECT_NE(sentence(job).find("no such file"), std::string::npos);
  ASSERT_TRUE(write_file(folder.file("empty.csv"), "y,p\n"));
  job.data = folder.file("empty.csv");
  EXPECT_NE(sentence(job).find("nobody to measure"), std::string::npos);
}

TEST(Validate, CodesAreKnownByTheirForm) {
  FrameColumn icd9, words;
  for (int i = 0; i < 150; ++i) {
    icd9.words.push_back(i % 10 == 0 ? "V" + std::to_string(10 + i % 80) : std::to_string(100 + i) + ".0" + std::to_string(i % 10));
    words.words.push_back("ward number " + std::to_string(i));
  }
  icd9.missing.assign(150, 0);
  words.missing.assign(150, 0);
  EXPECT_TRUE(looks_like_codes(icd9));
  EXPECT_FALSE(looks_like_codes(words));
  EXPECT_EQ(code_stem("250.83"), 250);
  EXPECT_EQ(code_stem("8"), 8);
  EXPECT_EQ(code_stem("V27"), code_stem("V27.0"));
  EXPECT_LT(code_stem("E11.9"), code_stem("E12"));
  EXPECT_LT(code_stem("E99"), code_stem("F00"));
}

}  // namespace joinedup::risk
