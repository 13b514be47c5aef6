#include "risk/evaluate.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace joinedup::risk {

namespace {

void append_field(std::string_view text, std::string& out) {
  bool plain = true;
  for (const char c : text) plain &= c != ',' && c != '"' && c != '\r' && c != '\n';
  if (plain) out += text;
  else out += csv_field(text);
}

// What a value looks like, without saying it: a code column may hold somebody's number by mistake.
std::string shape_of(std::string_view text) {
  std::string shape(text.substr(0, 20));
  for (auto& c : shape)
    if (c >= '0' && c <= '9') c = '9';
    else if (static_cast<unsigned char>(c) >= 0x80 || (lower_ascii(std::string_view(&c, 1))[0] >= 'a' && lower_ascii(std::string_view(&c, 1))[0] <= 'z')) c = 'A';
  return shape;
}

}  // namespace

Evaluator::Evaluator(const PublishedScore& score) : score_(score) {
  version_ = "," + csv_field(score.version) + ",";
  version_and_status_ = version_ + csv_field(score.status) + "\n";
  for (std::size_t i = 0; i < score.terms.size(); ++i) {
    const auto& term = score.terms[i];
    present_line_.push_back("," + csv_field(term.name) + ",1," + format_number(term.levels[0].points) + "\n");
    overruled_line_.push_back("," + csv_field(term.name) + ",1,0\n");
    if (term.rule == Rule::flag) add(flags_, i);
    for (const auto& code : term.codes) prefixes_.emplace_back(code, i);
  }
  std::sort(prefixes_.begin(), prefixes_.end());
}

double Evaluator::total(double sum) const {
  if (score_.combine == Combine::logistic) return 1 / (1 + std::exp(-sum));
  return score_.combine == Combine::fraction ? sum / score_.divisor : sum;
}

std::optional<TermSet> Evaluator::terms_of(std::string_view code) const {
  TermSet terms{};
  const auto add_all = [&](std::string_view key) {
    const auto first = std::lower_bound(prefixes_.begin(), prefixes_.end(), key, [](const auto& a, std::string_view b) { return a.first < b; });
    for (auto at = first; at != prefixes_.end() && at->first == key; ++at) add(terms, at->second);
  };
  if (score_.code_system == CodeSystem::icd10) {
    const auto plain = normalise_icd10(code);
    if (plain.empty()) return std::nullopt;
    for (std::size_t length = 3; length <= plain.size(); ++length) add_all(std::string_view(plain).substr(0, length));
    return terms;
  }
  add_all(code);
  if (score_.has_code_list) return terms;
  const auto at = score_.index_of(code);
  if (at == score_.terms.size()) return std::nullopt;
  add(terms, at);
  return terms;
}

Result<std::vector<TermSet>> Evaluator::terms_of_codes(const std::vector<std::string_view>& codes, const std::vector<std::uint64_t>& first_rows,
                                                       const std::string& where) const {
  std::vector<TermSet> all(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto terms = terms_of(codes[i]);
    if (terms) {
      all[i] = *terms;
      continue;
    }
    const auto row = where + ", row " + std::to_string(first_rows[i]);
    if (score_.code_system == CodeSystem::icd10)
      return fail(ErrorCode::invalid_input, "A code of the form " + shape_of(codes[i]) + " (9 a digit, A a letter) is not ICD-10: " + score_.name + " reads no other code system.", row);
    return fail(ErrorCode::invalid_input, "A code of the form " + shape_of(codes[i]) + " (9 a digit, A a letter) is none of the terms of " + score_.name + "; give the list of its codes with --codes FILE (term,code).", row);
  }
  return all;
}

bool Evaluator::overruled(std::size_t term, const TermSet& present) const {
  for (const auto& [winner, loser] : score_.over)
    if (loser == term && has(present, winner)) return true;
  return false;
}

void Evaluator::finish(std::string_view id, double sum, std::string_view status, Lines& out) const {
  append_field(id, out.scores);
  out.scores += ',';
  const auto bits = std::bit_cast<std::uint64_t>(sum);
  auto& written = out.written[mix64(bits) % out.written.size()];
  if (written.text.empty() || written.bits != bits) written = {bits, format_number(total(sum))};
  out.scores += written.text;
  out.scores += status;
  ++out.people;
}

void Evaluator::append_flags(std::string_view id, const TermSet& present, Lines& out) const {
  double sum = 0;
  for (std::size_t word = 0; word < present.size(); ++word)
    for (auto bits = present[word]; bits != 0; bits &= bits - 1) {
      const auto term = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      append_field(id, out.breakdown);
      if (overruled(term, present)) {
        out.breakdown += overruled_line_[term];
        continue;
      }
      sum += score_.terms[term].levels[0].points;
      out.breakdown += present_line_[term];
    }
  finish(id, sum, version_and_status_, out);
}

std::string Evaluator::append_values(std::string_view id, const Values& values, Lines& out) const {
  TermSet present{};
  std::string missing;
  std::size_t absent = 0;
  const std::string* status = &score_.status;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto rule = score_.terms[i].rule;
    if (rule == Rule::flag) {
      if (!values[i]) ++absent;
      else if (*values[i] != 0) add(present, i);
    } else if (rule != Rule::constant && rule != Rule::given && !values[i])
      missing += (missing.empty() ? "" : ", ") + score_.terms[i].name;
  }
  for (const auto& [term, with] : score_.status_with)
    if (values[term]) status = &with;
  if (!missing.empty()) {
    out.scores += csv_field(id) + "," + version_ + csv_field("not scored: no value for " + missing) + "\n";
    ++out.people;
    ++out.not_scored;
    return {};
  }
  std::string also;
  for (const auto& group : score_.one_of) {
    std::size_t set = 0, given = 0;
    for (const auto term : group) {
      set += has(present, term);
      given += values[term].has_value();
    }
    const auto names = score_.terms[group.front()].name + " to " + score_.terms[group.back()].name;
    if (set > 1) return "More than one of " + names + " is set.";
    absent -= group.size() - given;  // one band is one thing to know
    if (set == 0) also += "; none of " + names + " is set: counted as 0";
  }
  if (absent > 0) also += "; " + std::to_string(absent) + (absent == 1 ? " input is" : " inputs are") + " absent: counted as not present";
  double sum = 0;
  const auto quoted = csv_field(id);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& term = score_.terms[i];
    const bool flag = term.rule == Rule::flag;
    if (flag && !has(present, i)) continue;
    if (term.rule == Rule::given && !values[i]) continue;
    const double value = term.rule == Rule::constant ? 1 : *values[i];
    double points = 0;
    if (term.rule == Rule::level || term.rule == Rule::level_whole) {
      for (const auto& level : term.levels)
        if (value >= level.at_least && value < level.below) points = level.points;
    } else if (!flag || !overruled(i, present)) points = value * term.levels[0].points;
    sum += points;
    out.breakdown += quoted + "," + csv_field(term.name) + "," + format_number(value) + "," + format_number(points) + "\n";
  }
  finish(id, sum, also.empty() && status == &score_.status ? version_and_status_ : version_ + csv_field(*status + also) + "\n", out);
  return {};
}

Parsed parse_value(const Term& term, std::string_view field) {
  field = trim(field);
  if (field.empty()) return {};
  const bool yes_or_no = term.rule == Rule::flag || term.rule == Rule::answer;
  if (yes_or_no) {
    const auto word = lower_ascii(field);
    if (word == "yes" || word == "y" || word == "true") return {1.0, {}};
    if (word == "no" || word == "n" || word == "false") return {0.0, {}};
  }
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc{} || end != field.data() + field.size() || !std::isfinite(value))
    return {{}, yes_or_no ? term.name + " must be 1 or 0." : term.name + " is not a number."};
  if (yes_or_no && value != 0 && value != 1) return {{}, term.name + " must be 1 or 0."};
  if (term.rule == Rule::constant && value != 1) return {{}, term.name + " is always added: leave the column out, or let it be 1."};
  if ((term.rule == Rule::count || term.rule == Rule::level_whole) && value != std::floor(value)) return {{}, term.name + " must be a whole number."};
  if (value < term.levels.front().at_least || value >= term.levels.back().below) {
    const auto least = term.levels.front().at_least, most = term.levels.back().below;
    return {{}, term.name + " is " + format_number(value) + ", which is " +
                    (value < least ? "below " + format_number(least) : "not below " + format_number(most)) + ": look at its unit and its sign."};
  }
  return {value, {}};
}

}  // namespace joinedup::risk
