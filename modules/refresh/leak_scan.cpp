#include "refresh/leak_scan.hpp"

#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "place/feed_spec.hpp"

namespace joinedup::refresh {
namespace fs = std::filesystem;
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

std::string without_spaces(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  return text;
}

// Calls look(word) for each run of letters and digits, and for the two joined around one space (postcodes, formatted numbers).
template <class Look>
void each_word(std::string_view text, Look look) {
  std::string before;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto start = at;
    while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) || static_cast<unsigned char>(text[at]) >= 0x80)) ++at;
    if (at > start) {
      std::string word = upper(text.substr(start, at - start));
      look(word);
      if (!before.empty() && start > 0 && text[start - 1] == ' ') look(before + word);
      before = std::move(word);
    } else {
      if (text[at] != ' ') before.clear();
      ++at;
    }
  }
}

}  // namespace

Result<std::vector<Leak>> scan_tables(engine::Connection& connection, const Identifiers& identifiers) {
  std::vector<Leak> leaks;
  JOINEDUP_TRY(const auto columns, connection.query("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY 1, 2"));
  if (columns.rows.empty()) return fail(ErrorCode::internal, "There is no table to look through.");
  for (const auto& row : columns.rows) {
    const std::string where = row[0] + "." + row[1];
    const std::string sql = "SELECT DISTINCT CAST(" + engine::sql_name(row[1]) + " AS VARCHAR) FROM " + engine::sql_name(row[0]) + " WHERE " +
                            engine::sql_name(row[1]) + " IS NOT NULL";
    JOINEDUP_CHECK(connection.scan(sql, [&](const engine::Batch& batch) -> Result<void> {
      for (std::size_t i = 0; i < batch.rows(); ++i) {
        const auto cell = batch.text(0, i);
        if (identifiers.whole.contains(upper(cell))) leaks.push_back({where, std::string(cell)});
        each_word(cell, [&](const std::string& word) {
          if (identifiers.words.contains(word)) leaks.push_back({where, word});
        });
      }
      return {};
    }));
  }
  return leaks;
}

Result<std::vector<Leak>> scan_files(const std::string& folder, const Identifiers& identifiers) {
  std::vector<Leak> leaks;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".duckdb") continue;
    JOINEDUP_TRY(const auto text, read_file(entry.path().string()));
    each_word(text, [&](const std::string& word) {
      if (identifiers.words.contains(word)) leaks.push_back({entry.path().filename().string(), word});
    });
  }
  return leaks;
}

Result<Identifiers> identifiers_of_feeds(const std::string& feeds_folder) {
  Identifiers found;
  JOINEDUP_TRY(const auto feeds, place::shipped_feeds());
  JOINEDUP_TRY(auto database, engine::Database::open(""));
  JOINEDUP_TRY(auto connection, database.connect());
  for (const auto& feed : feeds)
    for (const auto& table : feed.tables)
      for (const auto& source : table.identity)
        for (const auto& pattern : table.files) {
          using Field = place::IdentityField;
          const auto field = source.field;
          if (field == Field::sex || field == Field::birth_year || field == Field::birth_month || field == Field::lsoa || field == Field::birth_date ||
              field == Field::local_id_organisation || field == Field::town || table.layout.empty())
            continue;
          const std::string glob = feeds_folder + "/" + feed.feed + "/" + pattern;
          JOINEDUP_TRY(const auto any, connection.count("SELECT count(*) FROM glob(" + engine::sql_text(glob) + ")"));
          if (any == 0) continue;
          // latin-1 reads any byte; names with accents are compared by the UTF-8 files that also hold them
          const std::string sql = "SELECT DISTINCT " + engine::sql_name(source.from) + " FROM read_csv(" + engine::sql_text(glob) +
                                  ", header = true, all_varchar = true, ignore_errors = true, null_padding = true, strict_mode = false, delim = ',', quote = '\"', union_by_name = true) WHERE " +
                                  engine::sql_name(source.from) + " IS NOT NULL";
          JOINEDUP_CHECK(connection.scan(sql, [&](const engine::Batch& batch) -> Result<void> {
            for (std::size_t i = 0; i < batch.rows(); ++i) {
              const auto value = upper(trim(batch.text(0, i)));
              if (value.size() < 2) continue;
              found.whole.insert(value);
              if (field == Field::nhs_number || field == Field::postcode || field == Field::nhs_pseudonym)
                if (const auto word = without_spaces(value); word.size() >= 5) found.words.insert(word);
            }
            return {};
          }));
        }
  return found;
}

}  // namespace joinedup::refresh
