#include "risk/wide.hpp"

#include <algorithm>

#include "base/parallel.hpp"
#include "base/text.hpp"
#include "risk/coded.hpp"

namespace joinedup::risk {
namespace {

struct Column {
  std::size_t term = 0;
  bool person = false, squared = false;
  const ValueList* lookup = nullptr;
};

// An organisation's code: three characters, or a site's five, of which the first three are its trust's.
std::string organisation_of(std::string_view field) {
  std::string code(trim(field));
  if (code.size() != 3 && code.size() != 5) return {};
  for (auto& c : code) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) return {};
  }
  return code.substr(0, 3);
}

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest_term(const PublishedScore& score, std::string_view name) {
  std::size_t best = std::max<std::size_t>(3, name.size() / 3);
  std::string found;
  for (const auto& term : score.terms)
    if (const auto distance = edits(name, term.name); distance < best) {
      best = distance;
      found = term.name;
    }
  return found.empty() ? std::string{} : " Is \"" + found + "\" meant?";
}

Result<std::vector<Column>> read_header(const PublishedScore& score, const WideInput& input, WideSummary& done) {
  std::vector<Column> columns;
  std::vector<std::string> from(score.terms.size());
  bool person_seen = false;
  for (const auto name : input.header) {
    Column column{.term = score.index_of(name), .person = name == "person_id"};
    for (const auto& [other, term] : score.alias)
      if (other == name) column.term = term;
    for (const auto& [other, term] : score.square)
      if (other == name) column = {.term = term, .squared = true};
    for (const auto& lookup : score.lookup)
      if (lookup.column == name) column = {.term = lookup.term, .lookup = &lookup};
    if (column.person) {
      if (person_seen) return fail(ErrorCode::invalid_input, "Column \"person_id\" is there twice.", input.where);
      person_seen = true;
    } else if (column.term == score.terms.size()) {
      return fail(ErrorCode::invalid_input,
                  "Column \"" + std::string(name) + "\" is none of the terms of " + score.name + "." + nearest_term(score, name) +
                      (score.code_system == CodeSystem::none ? "" : " (A long file has the columns person_id,code.)"),
                  input.where);
    } else if (!from[column.term].empty()) {
      return fail(ErrorCode::invalid_input, "Columns \"" + from[column.term] + "\" and \"" + std::string(name) + "\" are of the same term.", input.where);
    } else from[column.term] = name;
    columns.push_back(column);
  }
  if (!person_seen) return fail(ErrorCode::invalid_input, "Column \"person_id\" is missing.", input.where);
  std::string needed, flags;
  for (std::size_t i = 0; i < score.terms.size(); ++i) {
    const auto rule = score.terms[i].rule;
    if (!from[i].empty() || rule == Rule::constant) continue;
    if (rule == Rule::given) {
      std::string or_else;
      for (const auto& lookup : score.lookup)
        if (lookup.term == i) or_else = ", nor " + lookup.column + ", by which it could be looked up";
      done.notes.push_back("Column " + score.terms[i].name + " (" + score.terms[i].label + ") is not in the file" + or_else + ".");
    }
    else (rule == Rule::flag ? flags : needed) += ((rule == Rule::flag ? flags : needed).empty() ? "" : ", ") + score.terms[i].name;
  }
  if (!needed.empty()) return fail(ErrorCode::invalid_input, "Score " + score.name + " cannot be had without " + needed + ".", input.where);
  if (!flags.empty()) done.notes.push_back("Not in the file, and counted as not present: " + flags + ".");
  return columns;
}

struct Piece {
  Lines lines;
  std::vector<std::string_view> ids;
  CsvCursor cursor{{}};
  std::uint64_t rows = 0, by_default = 0;
  std::string fault;
};

void read_piece(const PublishedScore& score, const Evaluator& evaluator, const std::vector<Column>& columns, std::string_view text, Piece& piece) {
  piece.cursor = CsvCursor(text);
  std::vector<std::string_view> fields;
  Evaluator::Values values(score.terms.size());
  while (piece.fault.empty() && piece.cursor.split(fields)) {
    ++piece.rows;
    if (fields.size() != columns.size()) {
      piece.fault = "The row has " + std::to_string(fields.size()) + " fields, the header " + std::to_string(columns.size()) + ".";
      return;
    }
    std::string_view id;
    std::fill(values.begin(), values.end(), std::nullopt);
    for (std::size_t i = 0; i < columns.size() && piece.fault.empty(); ++i) {
      if (columns[i].person) {
        id = fields[i];
        continue;
      }
      if (const auto* lookup = columns[i].lookup) {
        if (trim(fields[i]).empty()) continue;
        const auto code = organisation_of(fields[i]);
        const auto* value = code.empty() ? nullptr : lookup->find(code);
        if (!value) {
          piece.fault = lookup->column + " must be an organisation's code of three characters (or a site's of five), and in the list of " + score.name + ".";
          break;
        }
        piece.by_default += value == lookup->find("*");
        values[columns[i].term] = *value;
        continue;
      }
      auto term = score.terms[columns[i].term];
      if (columns[i].squared) {
        term.name = "The number whose square is " + term.name;
        term.levels = {{0, 130, 1}};
      }
      auto parsed = parse_value(term, fields[i]);
      piece.fault = std::move(parsed.fault);
      if (columns[i].squared && parsed.value) *parsed.value *= *parsed.value;
      values[columns[i].term] = parsed.value;
    }
    if (piece.fault.empty() && id.empty()) piece.fault = "person_id is empty.";
    if (!piece.fault.empty()) return;
    piece.ids.push_back(id);
    piece.fault = evaluator.append_values(id, values, piece.lines);
  }
  if (piece.cursor.fault()) {
    ++piece.rows;
    piece.fault = piece.cursor.fault();
  }
}

}  // namespace

Result<void> score_wide(const PublishedScore& score, const WideInput& input, const std::function<Result<void>(Lines&)>& take, WideSummary& done) {
  JOINEDUP_TRY(const auto columns, read_header(score, input, done));
  const Evaluator evaluator(score);
  const auto texts = cut_at_lines(input.rows, std::max<std::size_t>(1, std::min<std::size_t>(input.threads, input.rows.size() >> 20)));
  std::vector<Piece> pieces(texts.size());
  JOINEDUP_CHECK(parallel_for(texts.size(), input.threads, [&](std::size_t i) -> Result<void> {
    read_piece(score, evaluator, columns, texts[i], pieces[i]);
    return {};
  }));
  StringTable people;
  std::uint64_t rows_before = 0, by_default = 0;
  for (auto& piece : pieces) {
    by_default += piece.by_default;
    for (std::size_t i = 0; i < piece.ids.size(); ++i)
      if (const auto before = people.strings.size(); people.number(piece.ids[i]) < before)
        return fail(ErrorCode::invalid_input, "The person_id of this row stands in a row before it: a wide file has one row a person.",
                    input.where + ", row " + std::to_string(rows_before + i + 1));
    if (!piece.fault.empty()) return fail(ErrorCode::invalid_input, piece.fault, input.where + ", row " + std::to_string(rows_before + piece.rows));
    rows_before += piece.rows;
    done.people += piece.lines.people;
    done.not_scored += piece.lines.not_scored;
    JOINEDUP_CHECK(take(piece.lines));
  }
  if (by_default > 0)
    done.notes.push_back(with_commas(static_cast<std::int64_t>(by_default)) + " people have an organisation that is not in the score's published list: the list's value for any other was taken.");
  return {};
}

}  // namespace joinedup::risk
