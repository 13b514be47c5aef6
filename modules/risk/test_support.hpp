// Files in a folder of their own, and scores read back, for the room's tests.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/test_folder.hpp"
#include "risk/csv.hpp"
#include "risk/risk.hpp"

namespace joinedup::risk {

inline std::vector<std::vector<std::string>> csv_rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  CsvCursor cursor(text);
  while (cursor.next_line_is_comment()) cursor.take_line();
  std::vector<std::string_view> fields;
  while (cursor.split(fields)) rows.emplace_back(fields.begin(), fields.end());
  EXPECT_EQ(cursor.fault(), nullptr);
  if (!rows.empty()) rows.erase(rows.begin());
  return rows;
}

struct ScoredFile {
  Result<ScoreSummary> done;
  std::map<std::string, std::string> score, status;
  std::map<std::string, std::map<std::string, std::string>> points;  // person, term
  std::string bytes;                                                // of both files
};

inline ScoredFile score_text(const std::string& model, const std::string& text, ScoreJob job = {}) {
  const TestFolder folder;
  job.model = model;
  job.input = folder.write("in.csv", text);
  job.out = folder.file("out.csv");
  ScoredFile scored{score_file(job), {}, {}, {}, {}};
  if (!scored.done) return scored;
  for (const auto& row : csv_rows(folder.read("out.csv"))) {
    scored.score[row[0]] = row[1];
    scored.status[row[0]] = row[3];
  }
  for (const auto& row : csv_rows(folder.read("breakdown.csv"))) scored.points[row[0]][row[1]] = row[3];
  scored.bytes = folder.read("out.csv") + folder.read("breakdown.csv");
  return scored;
}

inline std::string sentence_of(const std::string& model, const std::string& text, const ScoreJob& job = {}) {
  const auto scored = score_text(model, text, job);
  EXPECT_FALSE(scored.done) << "was scored: " << text;
  return scored.done ? std::string{} : scored.done.error().text();
}

}  // namespace joinedup::risk
