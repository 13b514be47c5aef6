// compiled: a model over the dictionaries of its records. A condition falls apart into atoms, each a question about one
// pair of values ("is Jaro-Winkler of surname at least 0.92?"). Atoms about the same two columns make a feature: all are
// answered at once, and once for each distinct pair of values. Comparisons are then tables over features' answers.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "linkage/model.hpp"
#include "linkage/records.hpp"
#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {

// The distinct combinations of some columns' values, one code each, by row. Of one column: its dictionary itself.
struct Coding {
  std::vector<const DataColumn*> columns;
  const std::vector<std::uint32_t>* codes = nullptr;  // by row; null where there are no columns (code 0 everywhere)
  std::vector<std::uint32_t> own_codes;
  std::vector<std::uint32_t> parts;  // of several columns: their codes, columns.size() for each distinct combination
  std::size_t distinct = 1;          // codes run from 0 to distinct - 1
  std::uint32_t code(std::uint32_t row) const { return codes ? (*codes)[row] : 0; }
  Value value(std::uint32_t code, const std::string& column) const;
};

struct Derived {  // an expression over one record, computed for every code of a coding
  std::vector<Value> values;
  std::vector<double> numbers;      // NaN where NULL
  std::vector<std::string> texts;
  std::vector<std::uint32_t> ids;   // equal ids, equal values; 0 where NULL
};

enum class AtomKind : unsigned char { generic, equal, null_left, null_right, similarity, difference };
enum class Measure : unsigned char { jaro_winkler, jaro, levenshtein, damerau_levenshtein, jaccard };

// What can be said of a text in 16 bytes: which of 32 classes of bytes occur, once and at least twice; its length; its
// start. Two signatures bound how alike two texts can be, and most pairs need no closer look.
struct Signature {
  std::uint64_t classes = 0;
  std::uint32_t start = 0;   // the first four bytes
  std::uint16_t length = 0;  // 65535: too long to bound
  std::uint16_t more = 0;    // bytes that `classes` does not count
};
Signature sign(std::string_view text);

struct Measured {  // one string comparison, shared by the atoms that set thresholds on it
  Measure measure = Measure::jaro_winkler;
  const std::vector<std::string_view>* left_views = nullptr;  // of plain columns
  const std::vector<std::string_view>* right_views = nullptr;
  std::vector<std::string_view> own_left, own_right;
  std::shared_ptr<Derived> left, right;
  std::int64_t limit = -1;  // the largest distance that any atom asks about; -1: all of it
  std::string key;
  // Below this similarity (above `limit` for a distance) every atom's answer is the same: no.
  std::array<double, 5> needed{};  // by length of the common start: 3 × the Jaro similarity that is needed, less 1
  std::vector<Signature> left_signatures, right_signatures;  // empty: no bound; right empty: the left ones serve both
  bool dull(std::uint32_t left, std::uint32_t right) const;  // certainly
  bool dull(const Signature& left, const Signature& right) const;
};

constexpr std::size_t most_inputs = 32;  // separate one-sided parts of a generic atom

struct Atom {
  AtomKind kind = AtomKind::generic;
  std::string text;
  NodePtr tree;                             // generic: over inputs
  std::vector<std::shared_ptr<Derived>> inputs;
  std::vector<Side> input_sides;
  const std::uint32_t* left_ids = nullptr;   // equal; null_left: 0 is NULL
  const std::uint32_t* right_ids = nullptr;
  std::shared_ptr<Derived> left, right;      // difference; or owners of the ids
  Compare compare = Compare::equal;
  double threshold = 0;
  std::size_t measured = 0;
};

bool compares(double value, Compare how, double threshold);

struct Feature {
  std::shared_ptr<Coding> left, right;
  std::vector<Atom> atoms;         // at most 32: two bits each in a mask (true; NULL)
  std::vector<std::unique_ptr<Measured>> measured;
  bool same_coding = false;        // both sides read the same columns
  bool cheap = true;               // no need to remember answers
  // NULL and equal codes answer alike whatever the value, and the rest is string comparisons: no memory needed.
  bool plain = false;
  // A plain feature's codes, beside those of the others: a row's codes lie in one line of the cache.
  std::shared_ptr<const std::vector<std::uint32_t>> packed;
  std::size_t packed_at = 0, packed_width = 0;
  std::vector<std::size_t> differences, similarities;  // bits of atoms that compare numbers, and of those that compare texts
  bool one_measure = false;  // plain, and besides NULL and equality only thresholds on one string comparison
  std::uint64_t evaluate(std::uint32_t left_code, std::uint32_t right_code) const;
  std::uint64_t evaluate_close(std::uint32_t left_code, std::uint32_t right_code) const;  // one_measure; two values that differ: the same answer, sooner
  void prepare();  // after the last atom is in
};

inline bool Measured::dull(const Signature& a, const Signature& b) const {
  if (a.length == 65535 || b.length == 65535 || a.length == 0 || b.length == 0) return false;
  // No more bytes can match than occur on both sides.
  const int shared = std::popcount(a.classes & b.classes) + std::min(a.more, b.more);
  if (measure == Measure::levenshtein || measure == Measure::damerau_levenshtein) return std::max(a.length, b.length) - shared > limit;
  // Jaro is at most (shared/|a| + shared/|b| + 1) / 3; what it must reach for the threshold depends on the common start.
  const std::uint32_t differ = a.start ^ b.start;
  const std::size_t prefix = measure != Measure::jaro_winkler ? 0 : differ == 0 ? 4 : static_cast<std::size_t>(std::countr_zero(differ)) / 8;
  return shared * static_cast<double>(a.length + b.length) < needed[prefix] * (static_cast<double>(a.length) * b.length);
}
inline bool Measured::dull(std::uint32_t l, std::uint32_t r) const {
  return dull(left_signatures[l], right_signatures.empty() ? left_signatures[r] : right_signatures[r]);
}

struct Truth {  // a condition over features' masks
  enum Op : unsigned char { atom, all_of, any_of, negate, constant } op = constant;
  std::size_t feature = 0, bit = 0;  // atom
  unsigned char value = 1;           // constant: 0, 1, or 2 for NULL
  std::vector<Truth> children;
};
unsigned char truth(const Truth& condition, const std::uint64_t* masks);  // 0, 1, or 2 for NULL; masks by feature

struct CompiledLevel {
  Truth condition;
  int gamma = 0;
  double weight = 0;
  const DataColumn* frequency_column = nullptr;
  const std::vector<double>* log_frequency = nullptr;  // log2 by code; NaN for NULL
  double frequency_weight = 0, log_u = 0, least_log_frequency = 0;
  double most_frequency_part = 0;  // over all values: for bounds
};

struct CompiledComparison {
  std::vector<std::size_t> features;  // those its conditions read, ascending
  std::vector<CompiledLevel> levels;  // in the order they are tried
  bool has_frequency = false;
};

struct CompiledModel {
  const Model* model = nullptr;
  const Records* records = nullptr;
  std::vector<std::unique_ptr<Feature>> features;
  std::vector<CompiledComparison> comparisons;
  double prior_weight = 0;
  std::map<std::string, std::unique_ptr<std::vector<double>>> frequencies;
  std::map<std::string, double> unseen_log_frequency;  // by column: of a value that occurs once
  // Blocking filters and conditions outside comparisons are compiled into the same features.
  std::vector<Truth> filters;
  std::vector<std::vector<std::size_t>> filter_features;
};

// log2 of each value's frequency, by code, where frequencies come from an earlier run and not from these records; in the
// place of code 0, that of a value which was seen once.
using LogFrequencies = std::function<std::vector<double>(const DataColumn& column)>;
Result<CompiledModel> compile_model(const Model& model, const Records& records, const std::vector<NodePtr>& filters, unsigned threads,
                                    const LogFrequencies& frozen = {});
Result<void> set_weights(CompiledModel& compiled, const Model& model);  // after training changed m and u

std::shared_ptr<Coding> make_coding(const Records& records, const std::vector<std::string>& columns);
Result<std::shared_ptr<Derived>> derive(const Coding& coding, const NodePtr& expression, unsigned threads);
// Ids over both sides, equal where the values are. False where the two hold values of different kinds.
bool give_ids(Derived& left, Derived& right);
std::vector<std::string> columns_needed(const Model& model);
Result<std::vector<std::string>> check_conditions(const Model& model);  // parses everything; the columns used

}  // namespace joinedup::linkage
