// evaluate: the one evaluator of published scores. Inside the room only.
//
//   Evaluator evaluator(score);
//   CodeTerms terms = *evaluator.terms_of_codes(codes, rows, where);      // once a distinct code
//   evaluator.append_flags(id, mask, status, out);                       // a person's score and breakdown as CSV
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "risk/risk.hpp"

namespace joinedup::risk {

using TermSet = std::array<std::uint64_t, 2>;
inline void add(TermSet& set, const TermSet& more) {
  set[0] |= more[0];
  set[1] |= more[1];
}
inline void add(TermSet& set, std::size_t term) { set[term / 64] |= std::uint64_t{1} << (term % 64); }
inline bool has(const TermSet& set, std::size_t term) { return (set[term / 64] >> (term % 64)) & 1; }
inline bool none(const TermSet& set) { return (set[0] | set[1]) == 0; }

struct Lines {
  // Scores are few and people many: what a sum looks like is written once, most of the time.
  struct Written {
    std::uint64_t bits = 0;
    std::string text;
  };
  std::string scores, breakdown;  // CSV without header
  std::vector<Written> written = std::vector<Written>(1024);
  std::uint64_t people = 0, not_scored = 0;
};

class Evaluator {
 public:
  explicit Evaluator(const PublishedScore& score);

  // The terms that each code belongs to. Fails on a code of another form, or, where there is no code list, of no term.
  Result<std::vector<TermSet>> terms_of_codes(const std::vector<std::string_view>& codes, const std::vector<std::uint64_t>& first_rows, const std::string& where) const;
  // The terms of one code; nothing where the code is not of the score's code system.
  std::optional<TermSet> terms_of(std::string_view code) const;

  // What a person's flags add up to, and the line of the breakdown of each.
  void append_flags(std::string_view id, const TermSet& present, Lines& out) const;

  // A person with numbers too: one value a term, absent where none was given. A sentence where the values cannot be believed.
  using Values = std::vector<std::optional<double>>;
  std::string append_values(std::string_view id, const Values& values, Lines& out) const;

  double total(double sum) const;  // of the points, as the score combines them

 private:
  void finish(std::string_view id, double sum, std::string_view status, Lines& out) const;
  bool overruled(std::size_t term, const TermSet& present) const;
  const PublishedScore& score_;
  std::string version_and_status_, version_;  // as the end of a line
  std::vector<std::string> present_line_, overruled_line_;
  TermSet flags_{};
  std::vector<std::pair<std::string, std::size_t>> prefixes_;  // sorted
};

Result<void> within_the_data(const PublishedScoreOptions& options);  // refuses an index date outside the days of the data

// One value of a term out of a field: 1 and 0 also as yes and no for flags. A sentence where it is not one.
struct Parsed {
  std::optional<double> value;
  std::string fault;
};
Parsed parse_value(const Term& term, std::string_view field);

}  // namespace joinedup::risk
