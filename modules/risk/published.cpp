// A published score's file: comment lines `# key: value`, then term,rule,at_least,below,points,codes,label.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "risk/csv.hpp"
#include "risk/risk.hpp"
#include "risk_embedded.hpp"

namespace joinedup::risk {
namespace {

constexpr std::size_t most_terms = 128;

Result<Rule> rule_of(std::string_view word, const std::string& where) {
  static constexpr std::pair<std::string_view, Rule> rules[] = {
      {"flag", Rule::flag},   {"answer", Rule::answer},           {"count", Rule::count},       {"amount", Rule::amount},
      {"level", Rule::level}, {"level_whole", Rule::level_whole}, {"constant", Rule::constant}, {"given", Rule::given}};
  for (const auto& [name, rule] : rules)
    if (name == word) return rule;
  return fail(ErrorCode::invalid_input, "There is no rule \"" + std::string(word) + "\".", where);
}

Result<double> number_of(std::string_view text, double otherwise, const std::string& where) {
  if (text.empty()) return otherwise;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return fail(ErrorCode::invalid_input, "\"" + std::string(text) + "\" is not a number.", where);
  return value;
}

// Keys that name terms are kept until the terms are read.
struct Header {
  std::vector<std::pair<std::string, std::string>> about_terms;
};

Result<void> read_key(PublishedScore& score, Header& header, std::string_view key, std::string_view value, const std::string& where) {
  const auto text = std::string(value);
  if (key == "source") score.source = text;
  else if (key == "title") score.title = text;
  else if (key == "version") score.version = text;
  else if (key == "status") score.status = text;
  else if (key == "checked") score.checked = text;
  else if (key == "note") score.note = text;
  else if (key == "code_system" && value == "none") score.code_system = CodeSystem::none;
  else if (key == "code_system" && value == "icd10") score.code_system = CodeSystem::icd10;
  else if (key == "code_system" && value == "listed") score.code_system = CodeSystem::listed;
  else if (key == "combine" && value == "sum") score.combine = Combine::sum;
  else if (key == "combine" && value == "logistic") score.combine = Combine::logistic;
  else if (key == "combine" && value.starts_with("divide ")) {
    score.combine = Combine::fraction;
    JOINEDUP_TRY(score.divisor, number_of(value.substr(7), 1, where));
  } else if (key == "over" || key == "one_of" || key == "alias" || key == "square" || key == "status_with" || key == "lookup")
    header.about_terms.emplace_back(key, text);
  else return fail(ErrorCode::invalid_input, "A score's file has no key \"" + std::string(key) + ": " + text + "\".", where);
  return {};
}

// The list of a lookup: a file of data/ with the columns code, value and perhaps more.
Result<ValueList> read_lookup(std::size_t term, std::string_view words, const std::string& where) {
  const auto space = words.find(' ');
  const auto text = space == std::string_view::npos ? std::nullopt : find_embedded(embedded_risk(), "data/" + std::string(words.substr(space + 1)));
  if (!text) return fail(ErrorCode::invalid_input, "\"lookup\" takes a term, a column and a file of the same folder.", where);
  ValueList lookup{.column = std::string(words.substr(0, space)), .term = term, .values = {}};
  CsvCursor rows(*text);
  while (rows.next_line_is_comment()) rows.take_line();
  std::vector<std::string_view> fields;
  JOINEDUP_TRY(bool more, rows.next(fields, where));
  while (more) {
    JOINEDUP_TRY(more, rows.next(fields, where));
    if (!more) break;
    if (fields.size() < 2 || fields[1].empty()) return fail(ErrorCode::invalid_input, "A row of a lookup has a code and a value.", where);
    JOINEDUP_TRY(const double value, number_of(fields[1], 0, where));
    lookup.values.emplace_back(fields[0], value);
  }
  std::sort(lookup.values.begin(), lookup.values.end());
  return lookup;
}

Result<void> apply_key(PublishedScore& score, std::string_view key, std::string_view value, const std::string& where) {
  std::vector<std::size_t> terms;
  std::string_view rest = value;
  const auto next = [&]() -> Result<std::size_t> {
    const auto space = rest.find(' ');
    const auto word = rest.substr(0, space);
    rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
    const auto at = score.index_of(word);
    if (at == score.terms.size()) return fail(ErrorCode::invalid_input, "\"" + std::string(word) + "\" is none of the score's terms.", where);
    return at;
  };
  JOINEDUP_TRY(const auto first, next());
  if (key == "alias") score.alias.emplace_back(std::string(rest), first);
  else if (key == "square") score.square.emplace_back(std::string(rest), first);
  else if (key == "lookup") {
    JOINEDUP_TRY(auto lookup, read_lookup(first, rest, where));
    score.lookup.push_back(std::move(lookup));
  } else if (key == "status_with") score.status_with.emplace_back(first, std::string(rest));
  else {
    terms.push_back(first);
    while (!rest.empty()) {
      JOINEDUP_TRY(const auto more, next());
      terms.push_back(more);
    }
    if (key == "over" && terms.size() == 2) score.over.emplace_back(terms[0], terms[1]);
    else if (key == "one_of") score.one_of.push_back(terms);
    else return fail(ErrorCode::invalid_input, "\"over\" takes two terms.", where);
  }
  return {};
}

Result<void> read_term(PublishedScore& score, const std::vector<std::string_view>& fields, const std::string& where) {
  if (fields.size() != 7 || fields[0].empty()) return fail(ErrorCode::invalid_input, "A term has seven fields.", where);
  JOINEDUP_TRY(const auto rule, rule_of(fields[1], where));
  Level level;
  JOINEDUP_TRY(level.at_least, number_of(fields[2], level.at_least, where));
  JOINEDUP_TRY(level.below, number_of(fields[3], level.below, where));
  if (fields[4].empty()) return fail(ErrorCode::invalid_input, "A term without points would be a silent zero.", where);
  JOINEDUP_TRY(level.points, number_of(fields[4], 0, where));
  const bool banded = rule == Rule::level || rule == Rule::level_whole;
  if (const auto at = score.index_of(fields[0]); at < score.terms.size()) {
    auto& term = score.terms[at];
    if (!banded || term.rule != rule) return fail(ErrorCode::invalid_input, "Term \"" + term.name + "\" is there twice.", where);
    if (level.at_least != term.levels.back().below)
      return fail(ErrorCode::invalid_input, "The bands of \"" + term.name + "\" must follow each other without gap or overlap.", where);
    term.levels.push_back(level);
    return {};
  }
  Term term;
  term.name = fields[0];
  term.label = fields[6];
  term.rule = rule;
  term.levels.push_back(level);
  if (!fields[5].empty())
    for (const auto code : split(fields[5], ' ')) term.codes.emplace_back(code);
  if (score.terms.size() == most_terms) return fail(ErrorCode::too_large, "A score has at most 128 terms.", where);
  score.terms.push_back(std::move(term));
  return {};
}

}  // namespace

const double* ValueList::find(std::string_view code) const {
  const auto named = [&](std::string_view name) -> const double* {
    const auto at = std::lower_bound(values.begin(), values.end(), name, [](const auto& a, std::string_view b) { return a.first < b; });
    return at != values.end() && at->first == name ? &at->second : nullptr;
  };
  const auto* const own = named(code);
  return own ? own : named("*");
}

std::size_t PublishedScore::index_of(std::string_view term) const {
  return static_cast<std::size_t>(std::find_if(terms.begin(), terms.end(), [&](const Term& t) { return t.name == term; }) - terms.begin());
}

const Term* PublishedScore::find(std::string_view term) const {
  const auto at = index_of(term);
  return at == terms.size() ? nullptr : &terms[at];
}

std::vector<std::string> published_score_names() {
  std::vector<std::string> names;
  for (const auto& file : embedded_risk())
    if (file.name.starts_with("data/") && file.text.find("\n# code_system: ") != std::string_view::npos)
      names.emplace_back(file.name.substr(5, file.name.size() - 5 - 4));
  return names;
}

Result<PublishedScore> read_published_score(std::string_view name, std::string_view text) {
  PublishedScore score;
  score.name = name;
  Header header;
  CsvCursor rows(text);
  std::vector<std::string_view> fields;
  std::size_t line = 0;
  bool columns_seen = false;
  while (rows.next_line_is_comment()) {
    const auto comment = rows.take_line().substr(2);
    const auto where = score.name + ".csv:" + std::to_string(++line);
    const auto colon = comment.find(": ");
    if (colon == std::string_view::npos) return fail(ErrorCode::invalid_input, "A comment line is \"# key: value\".", where);
    JOINEDUP_CHECK(read_key(score, header, comment.substr(0, colon), trim(comment.substr(colon + 2)), where));
  }
  while (true) {
    const auto where = score.name + ".csv:" + std::to_string(++line);
    JOINEDUP_TRY(const bool more, rows.next(fields, where));
    if (!more) break;
    if (!columns_seen) {
      columns_seen = true;
      if (fields.size() != 7 || fields[0] != "term" || fields[4] != "points")
        return fail(ErrorCode::invalid_input, "The columns must be term,rule,at_least,below,points,codes,label.", where);
      continue;
    }
    JOINEDUP_CHECK(read_term(score, fields, where));
  }
  for (const auto& [key, value] : header.about_terms) JOINEDUP_CHECK(apply_key(score, key, value, score.name + ".csv"));
  if (score.source.empty() || score.version.empty() || score.status.empty() || score.title.empty() || score.terms.empty())
    return fail(ErrorCode::invalid_input, "A score must name its source, title, version and status, and have terms.", score.name + ".csv");
  if (score.code_system == CodeSystem::icd10)
    for (const auto& term : score.terms)
      for (const auto& code : term.codes)
        if (normalise_icd10(code) != code)
          return fail(ErrorCode::invalid_input, "\"" + code + "\" of term \"" + term.name + "\" is not an ICD-10 code.", score.name + ".csv");
  return score;
}

Result<PublishedScore> published_score(std::string_view name) {
  std::string names;
  for (const auto& known : published_score_names()) {
    if (known == name) return read_published_score(name, *find_embedded(embedded_risk(), "data/" + known + ".csv"));
    names += (names.empty() ? "" : ", ") + known;
  }
  return fail(ErrorCode::wrong_usage, "There is no score \"" + std::string(name) + "\"; there are " + names + ".");
}

std::string normalise_icd10(std::string_view code) {
  std::string out;
  out.reserve(8);
  code = trim(code);
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '.' && out.size() == 3 && code[i - 1] != '.') continue;
    // A dagger (also as "+" or UTF-8), an asterisk or a dash ends the code.
    if ((c == '+' || c == '*' || c == '-') && out.size() >= 3) {
      if (i + 1 != code.size()) return {};
      break;
    }
    if (static_cast<unsigned char>(c) == 0xE2 && out.size() >= 3 && code.substr(i) == "\xE2\x80\xA0") break;
    const bool digit = c >= '0' && c <= '9';
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const bool letter = upper >= 'A' && upper <= 'Z';
    if (!digit && !letter) return {};
    out.push_back(upper);
  }
  const auto is_digit = [&](std::size_t at) { return out[at] >= '0' && out[at] <= '9'; };
  if (out.size() < 3 || out.size() > 7 || is_digit(0) || !is_digit(1)) return {};
  // The third is a digit in ICD-10; its American modification has a few letters there (C7A, M1A).
  if (!is_digit(2) && out[2] != 'A' && out[2] != 'B') return {};
  // ICD-10's chapter ends with E90; beyond lie the external causes of ICD-9.
  if (out[0] == 'E' && out[1] == '9' && out[2] > '0') return {};
  // A fourth place that is the filler X says nothing; what follows it is a mark of the hospital's system.
  if (out.size() > 3 && out[3] == 'X' && out.size() <= 5) out.resize(3);
  return out;
}

Result<void> read_code_list(PublishedScore& score, const std::string& path) {
  if (score.code_system != CodeSystem::listed)
    return fail(ErrorCode::wrong_usage, "Score " + score.name + " has its own codes: it takes no --codes.", path);
  JOINEDUP_TRY(const auto file, MappedFile::open(path));
  CsvCursor rows(file.text());
  while (rows.next_line_is_comment()) rows.take_line();
  std::vector<std::string_view> fields;
  JOINEDUP_TRY(const bool any, rows.next(fields, path + ":1"));
  std::size_t term_column = fields.size(), code_column = fields.size();
  for (std::size_t i = 0; any && i < fields.size(); ++i) {
    if (fields[i] == "deficit" || fields[i] == "condition" || fields[i] == "term") term_column = i;
    else if (fields[i] == "code") code_column = i;
  }
  if (!any || term_column == fields.size() || code_column == fields.size())
    return fail(ErrorCode::invalid_input, "A code list has the columns term (or deficit, or condition) and code.", path);
  const auto columns = fields.size();
  for (std::size_t row = 1;; ++row) {
    const auto where = path + ", row " + std::to_string(row);
    JOINEDUP_TRY(const bool more, rows.next(fields, where));
    if (!more) break;
    if (fields.size() != columns) return fail(ErrorCode::invalid_input, "A row has more or fewer fields than the header.", where);
    auto at = score.index_of(fields[term_column]);
    for (const auto& [other, term] : score.alias)
      if (at == score.terms.size() && other == fields[term_column]) at = term;
    if (at == score.terms.size())
      return fail(ErrorCode::invalid_input, "\"" + std::string(fields[term_column]) + "\" is none of the terms of " + score.name + ".", where);
    if (fields[code_column].empty()) return fail(ErrorCode::invalid_input, "The code is empty.", where);
    score.terms[at].codes.emplace_back(fields[code_column]);
    score.has_code_list = true;
  }
  if (!score.has_code_list) return fail(ErrorCode::invalid_input, "The code list holds no codes.", path);
  return {};
}

}  // namespace joinedup::risk
