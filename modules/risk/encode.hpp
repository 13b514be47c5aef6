// encode: the columns of a file as features. What is learned from outcomes is learned from the training rows only, and a
// training row's own cluster never speaks for it (the encodings are cross-fitted by cluster). Inside this room.
//
//   const Prepared prepared = prepare(frame, columns, {.order = earlier_rows});    // once a file: no outcomes in it
//   const Encoder encoder = Encoder::fit(prepared, train, outcome, cluster, {});
//   encoder.training_matrix(), encoder.matrix(test);        // for trees
//   encoder.one_hot(train), encoder.one_hot(test);          // for logistic regression
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "risk/boosted.hpp"
#include "risk/frame.hpp"
#include "risk/sparse.hpp"

namespace joinedup::risk {

// A way of grouping rows by value: a column's values, the stems of its codes, bands of a number.
struct Key {
  std::string name, column;
  std::vector<std::uint32_t> of_row;
  std::uint32_t distinct = 0;
};

struct Prepared {
  const Frame* frame = nullptr;
  std::size_t rows = 0;
  std::vector<std::string> number_names;
  std::vector<std::vector<float>> numbers;  // numbers as they are, and the place of words and codes in their order
  std::vector<Key> keys;                    // for outcome rates by value
  std::vector<Key> categories;              // for indicators: words, and numbers in bands
  std::vector<std::vector<std::uint32_t>> bag;  // the codes of each code column, over one numbering
  std::vector<std::vector<std::uint32_t>> stem_bag;
  std::uint32_t bag_size = 0, stem_bag_size = 0;
  std::vector<std::string> code_columns;
};

// A column of diagnosis or procedure codes: most values are a letter or digit, two more, then perhaps a dot and more.
bool looks_like_codes(const FrameColumn& column);
// The place of a code's first three characters in ICD order: 250.83 → 250, V27 → 1027, E11.9 (of ICD-10) → 411.
double code_stem(const std::string& code);

Prepared prepare(const Frame& frame, std::span<const std::size_t> columns, std::span<const float> earlier_rows);

struct EncoderOptions {
  std::size_t crosses = 8;   // the pairs of this many columns are keys too
  double smoothing = 30;     // rows at the overall rate that every value's rate is mixed with
  std::size_t inner_folds = 5;
  std::uint64_t seed = 1;
};

class Encoder {
 public:
  // `cluster`: a hash of each row's cluster, over all rows of the file.
  static Encoder fit(const Prepared& prepared, std::span<const std::uint32_t> train, std::span<const std::uint8_t> outcome,
                     std::span<const std::uint64_t> cluster, const EncoderOptions& options);
  Matrix training_matrix() const;  // of the rows it was fitted on, cross-fitted
  Matrix matrix(std::span<const std::uint32_t> rows) const;
  SparseRows one_hot(std::span<const std::uint32_t> rows) const;
  const std::vector<std::string>& crossed() const { return crossed_; }

 private:
  struct Rates {
    const Key* first = nullptr;
    const Key* second = nullptr;           // of a pair
    std::vector<std::uint64_t> pairs;      // sorted: the pairs seen in training
    std::vector<float> rate, training_rate;  // by value; by training row
  };
  std::uint32_t value_of(const Rates& rates, std::size_t row) const;
  void learn(Rates& rates, std::span<const std::uint8_t> outcome, std::span<const std::uint8_t> inner);
  Matrix fill(std::span<const std::uint32_t> rows, bool in_training) const;

  const Prepared* prepared_ = nullptr;
  EncoderOptions options_;
  std::vector<std::uint32_t> train_;
  double mean_ = 0;
  std::vector<Rates> rates_;
  std::vector<std::string> crossed_;
  std::vector<std::vector<std::uint32_t>> indicator_;  // by category and value: its column, or none
  std::vector<std::uint32_t> bag_indicator_, stem_indicator_;
  std::uint32_t indicators_ = 0;
};

}  // namespace joinedup::risk
