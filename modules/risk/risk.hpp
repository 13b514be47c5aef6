// risk: who will need most, and why. Published scores as data, one evaluator, every point explained.
//
//   JOINEDUP_TRY(const auto score, risk::published_score("hfrs"));      // coefficients, source, version, status
//   JOINEDUP_TRY(const auto done, risk::score_file({.model = "hfrs", .input = "codes.csv", .out = "hfrs.csv"}));
//   done.people, done.notes                                           // what was counted, and what was not
//   JOINEDUP_CHECK(risk::write_published_scores(warehouse, {.index_date = day}));   // risk_score, risk_score_term
//
// A score says of itself whether it is checked, second-hand or incomplete, in every row that it gives.
// No score here decides anything: they order a list that a clinician reads (docs/hazard-log.md).
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"
#include "risk/place_models.hpp"

namespace joinedup::risk {

// How a term turns into points.
enum class Rule {
  flag,         // present or not; where nothing is said, it is counted as not present and the row says so
  answer,       // yes or no, which must be given
  count,        // points a unit, a whole number that must be given
  amount,       // points a unit, a number that must be given
  level,        // points of the band that a number lies in; it must be given
  level_whole,  // the same, of a whole number
  constant,     // always added
  given         // the caller's own points, where the score leaves a term open
};

struct Level {
  double at_least = -std::numeric_limits<double>::infinity();
  double below = std::numeric_limits<double>::infinity();
  double points = 0;
};

struct Term {
  std::string name, label;
  Rule rule = Rule::flag;
  std::vector<Level> levels;       // one, except for bands; at_least and below bound what is believed
  std::vector<std::string> codes;  // flags: code prefixes (icd10) or whole codes (listed)
};

// A column whose code stands for a term's value in a published list; "*" in the list is every code that is not in it.
struct ValueList {
  std::string column;
  std::size_t term = 0;
  std::vector<std::pair<std::string, double>> values;  // sorted
  const double* find(std::string_view code) const;     // nothing where neither the code nor "*" is there
};

enum class CodeSystem { none, icd10, listed };  // listed: the codes of a list given at run time, or the terms' own names
enum class Combine { sum, logistic, fraction };

struct PublishedScore {
  std::string name, title, version, status, source, checked, note;
  CodeSystem code_system = CodeSystem::none;
  Combine combine = Combine::sum;
  double divisor = 1;
  std::vector<Term> terms;                                 // at most 128, in the order of the breakdown
  std::vector<std::pair<std::size_t, std::size_t>> over;   // where the first is present the second adds nothing
  std::vector<std::vector<std::size_t>> one_of;            // flags of which one at most may be set
  std::vector<std::pair<std::string, std::size_t>> alias;  // another name of a term
  std::vector<std::pair<std::string, std::size_t>> square; // a column whose square is the term
  std::vector<std::pair<std::size_t, std::string>> status_with;  // the status where this term is given
  std::vector<ValueList> lookup;
  bool has_code_list = false;

  const Term* find(std::string_view term) const;
  std::size_t index_of(std::string_view term) const;  // terms.size() where there is none
};

std::vector<std::string> published_score_names();
Result<PublishedScore> published_score(std::string_view name);
Result<PublishedScore> read_published_score(std::string_view name, std::string_view text);  // a file as in data/
Result<void> read_code_list(PublishedScore& score, const std::string& path);                // CSV: term,code

// An ICD-10 code as the lists write it: upper case, without dot, dagger, asterisk, dash or the filler X.
// Nothing where it is not of ICD-10's form (a letter, a digit, a digit or letter, then up to four more).
std::string normalise_icd10(std::string_view code);

struct ScoreJob {
  // Several models, as "hfrs,acsc", read a long file once; then `out` and `breakdown` hold "{model}", as "scores/{model}.csv".
  std::string model, input, out;
  std::string codes;      // a code list for the scores that ship none
  std::string breakdown;  // empty: breakdown.csv beside `out` (breakdown.{model}.csv of several; .parquet, as `out` is)
  unsigned threads = 2;
  Date as_of{std::numeric_limits<std::int32_t>::max()};  // no event may be dated after it
};

struct ScoreSummary {
  std::string model, version, status, scores, breakdown;  // the last two are files
  std::uint64_t people = 0, people_not_scored = 0, events = 0;
  std::uint64_t codes = 0, codes_in_no_group = 0, events_in_no_group = 0;
  std::vector<std::string> notes;  // a sentence each
  double seconds_reading = 0, seconds_scoring = 0, seconds_writing = 0;
};

Result<ScoreSummary> score_file(const ScoreJob& job);  // of one model
Result<std::vector<ScoreSummary>> score_files(const ScoreJob& job);  // of each model, in their order: all are written or none
// The published scores that the record can give (hfrs, charlson_quan2011, elixhauser_vw, acsc from stays that had ended;
// cambridge from conditions) of everybody alive on the index date, from what was known by then:
// risk_score(person_key, index_date, score_name, score, version, status) and
// risk_score_term(person_key, score_name, term, value, points, source_table, first_date). Neither may be there yet.
// A person without a row had no coded stay in the score's window: not a score of 0.
struct PublishedScoreOptions {
  Date index_date;
  // The days that the record covers; an index date outside them is refused. Where they are not given, nothing is.
  std::optional<Date> data_from = std::nullopt, data_to = std::nullopt;
  Date discharged_from{0};  // of write_discharge_scores: no discharge before it
};
struct PublishedScoreSummary {
  std::int64_t scores = 0, terms = 0;     // rows
  std::int64_t codes_not_icd10 = 0;       // different codes of the record that are not of ICD-10's form: they add nothing
};
Result<PublishedScoreSummary> write_published_scores(engine::Connection& connection, const PublishedScoreOptions& options);

// PARR-30 of every discharge of somebody who left alive by the index date, from what was known at its admission and discharge:
// risk_discharge_score(source, source_row, person_key, discharge_date, score_name, score, version, status); gives its rows.
// Incomplete, and each row says so: the record has neither the hospital's term nor the deprivation score of 2007.
Result<std::int64_t> write_discharge_scores(engine::Connection& connection, const PublishedScoreOptions& options);

int score_command(std::span<const std::string> arguments);

// Predictions held against outcomes, or a model trained over folds: validate.hpp has the job, metrics.hpp the measures.
int validate_command(std::span<const std::string> arguments);

}  // namespace joinedup::risk
