#include "risk/frame.hpp"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "base/text.hpp"
#include "engine/engine.hpp"

namespace joinedup::risk {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

bool means_missing(std::string_view text) {
  if (text.empty() || text == "?") return true;
  const std::string lower = lower_ascii(text);
  return lower == "na" || lower == "n/a" || lower == "null" || lower == "nan";
}

double as_number(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(value) ? value : nothing;
}

struct WordHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using Words = std::unordered_map<std::string, std::uint32_t, WordHash, std::equal_to<>>;

void describe(FrameColumn& column) {
  column.numeric = true;
  std::size_t present = 0;
  for (const auto& word : column.words) {
    const bool gone = means_missing(word);
    const double number = gone ? nothing : as_number(word);
    column.missing.push_back(gone);
    column.number_of.push_back(number);
    present += !gone;
    if (!gone && std::isnan(number)) column.numeric = false;
  }
  if (present == 0) column.numeric = false;
  for (const auto code : column.code) column.missing_rows += column.missing[code];
}

}  // namespace

const FrameColumn* Frame::find(const std::string& name) const {
  for (const auto& column : columns)
    if (column.name == name) return &column;
  return nullptr;
}

std::string Frame::names() const {
  std::string text;
  for (std::size_t i = 0; i < columns.size() && i < 60; ++i) text += (i ? ", " : "") + columns[i].name;
  return columns.size() > 60 ? text + " and more" : text;
}

Result<Frame> read_frame(const std::string& path, unsigned threads) {
  if (!std::filesystem::is_regular_file(path)) return fail(ErrorCode::not_found, "There is no such file.", path);
  engine::DatabaseOptions options;
  options.threads = threads;
  JOINEDUP_TRY(auto database, engine::Database::open("", options));
  JOINEDUP_TRY(auto connection, database.connect());
  const std::string source = path.ends_with(".parquet") ? "read_parquet(" + engine::sql_text(path) + ")"
                                                        : "read_csv(" + engine::sql_text(path) + ", all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')";
  Frame frame;
  std::vector<Words> seen;
  const auto scanned = connection.scan("SELECT COLUMNS(*)::VARCHAR FROM " + source, [&](const engine::Batch& batch) -> Result<void> {
    if (frame.columns.empty()) {
      frame.columns.resize(batch.columns().size());
      seen.resize(batch.columns().size());
      for (std::size_t c = 0; c < frame.columns.size(); ++c) frame.columns[c].name = batch.columns()[c].name;
    }
    for (std::size_t c = 0; c < frame.columns.size(); ++c) {
      auto& column = frame.columns[c];
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        const std::string_view word = batch.is_null(c, row) ? std::string_view{} : trim(batch.text(c, row));
        auto found = seen[c].find(word);
        if (found == seen[c].end()) {
          found = seen[c].emplace(std::string(word), static_cast<std::uint32_t>(column.words.size())).first;
          column.words.emplace_back(word);
        }
        column.code.push_back(found->second);
      }
    }
    frame.rows += batch.rows();
    return {};
  });
  if (!scanned) return fail(ErrorCode::invalid_input, "The file cannot be read as a table with a header row: " + scanned.error().sentence, path);
  if (frame.rows == 0) return fail(ErrorCode::invalid_input, "The file has no rows: there is nobody to measure.", path);
  for (auto& column : frame.columns) describe(column);
  return frame;
}

Result<Outcome> read_outcome(const Frame& frame, const std::string& wanted) {
  Outcome outcome;
  outcome.column = wanted;
  const FrameColumn* column = frame.find(wanted);
  if (!column) {
    const auto equals = wanted.find('=');
    if (equals != std::string::npos) {
      outcome.column = wanted.substr(0, equals);
      outcome.event = wanted.substr(equals + 1);
      column = frame.find(outcome.column);
    }
  }
  if (!column) return fail(ErrorCode::invalid_input, "There is no column \"" + outcome.column + "\" for the outcome; there are " + frame.names() + ".");
  std::vector<std::uint8_t> is_event(column->words.size());
  if (!outcome.event.empty()) {
    bool met = false;
    for (std::size_t w = 0; w < column->words.size(); ++w) met |= (is_event[w] = column->words[w] == outcome.event) != 0;
    if (!met) return fail(ErrorCode::invalid_input, "No row has \"" + outcome.event + "\" in column " + outcome.column + ".");
  } else {
    std::string list;
    std::size_t listed = 0;
    bool understood = true;
    for (std::size_t w = 0; w < column->words.size(); ++w) {
      if (column->missing[w]) continue;
      const std::string lower = lower_ascii(column->words[w]);
      const bool yes = column->number_of[w] == 1 || lower == "true" || lower == "yes" || lower == "y" || lower == "t";
      const bool no = column->number_of[w] == 0 || lower == "false" || lower == "no" || lower == "n" || lower == "f";
      is_event[w] = yes;
      if (yes) outcome.event = column->words[w];
      understood &= yes || no;
      if (++listed <= 5) list += (list.empty() ? "" : ", ") + column->words[w];
    }
    if (!understood)
      return fail(ErrorCode::invalid_input, "Column " + outcome.column + " is not 0 and 1 (it holds " + list + (listed > 5 ? " …" : "") +
                                                "). Say which value is the event, as --outcome '" + outcome.column + "=VALUE'.");
  }
  for (std::size_t row = 0; row < frame.rows; ++row) {
    const bool unknown = column->is_missing(row);
    outcome.happened.push_back(is_event[column->code[row]]);
    outcome.known.push_back(!unknown);
    outcome.unknown_rows += unknown;
  }
  return outcome;
}

}  // namespace joinedup::risk
