// frame: a CSV or Parquet file as columns of numbered values, for validation and training. Nothing is guessed about rows:
// what cannot be read stops with a sentence.
//
//   JOINEDUP_TRY(const Frame frame, read_frame("encounters.csv"));
//   const FrameColumn* age = frame.find("age");
//   age->number_of[age->code[row]];        // of each distinct value; NaN where missing or not a number
//
// Missing: empty, ?, NA, N/A, NULL, NaN in any case. A column is numeric where every value that is there is a number.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::risk {

struct FrameColumn {
  std::string name;
  std::vector<std::uint32_t> code;     // one a row: which distinct value
  std::vector<std::string> words;      // the distinct values, in order of appearance
  std::vector<double> number_of;       // one a distinct value
  std::vector<std::uint8_t> missing;   // one a distinct value
  std::size_t missing_rows = 0;
  bool numeric = false;
  double number(std::size_t row) const { return number_of[code[row]]; }
  bool is_missing(std::size_t row) const { return missing[code[row]] != 0; }
};

struct Frame {
  std::size_t rows = 0;
  std::vector<FrameColumn> columns;
  const FrameColumn* find(const std::string& name) const;
  std::string names() const;  // for sentences
};

Result<Frame> read_frame(const std::string& path, unsigned threads = 2);

// The outcome: a column of 0 and 1 (yes/no, true/false, Y/N), or `column=value`, where the value is the event.
struct Outcome {
  std::string column, event;  // event as it is written in the file
  std::vector<std::uint8_t> happened;
  std::vector<std::uint8_t> known;  // 0 where the file says nothing
  std::size_t unknown_rows = 0;
};
Result<Outcome> read_outcome(const Frame& frame, const std::string& wanted);

}  // namespace joinedup::risk
