#include "place/strict_toml.hpp"

namespace joinedup::place {

void StrictTable::complain_at(const toml::source_region& where, const std::string& what) {
  if (first_) return;
  first_ = Error{ErrorCode::invalid_input, what, file_ + ":" + std::to_string(where.begin.line)};
}

void StrictTable::complain(const char* key, const std::string& what) {
  const auto* node = table_.get(key);
  complain_at(node ? node->source() : table_.source(), what);
}

const toml::node* StrictTable::find(const char* key, Presence presence, const char* kind) {
  asked_.insert(key);
  const auto* node = table_.get(key);
  if (!node && presence == Presence::required && !missing_)
    missing_ = Error{ErrorCode::invalid_input, title_ + " lacks \"" + key + "\" (" + kind + ").",
                     file_ + ":" + std::to_string(table_.source().begin.line)};
  return node;
}

std::string StrictTable::text(const char* key, Presence presence, std::string otherwise) {
  const auto* node = find(key, presence, "a text in quotes");
  if (!node) return otherwise;
  if (const auto value = node->value_exact<std::string>()) return *value;
  complain_at(node->source(), "\"" + std::string(key) + "\" should be a text in quotes.");
  return otherwise;
}

double StrictTable::number(const char* key, Presence presence, double otherwise) {
  const auto* node = find(key, presence, "a number");
  if (!node) return otherwise;
  if (node->is_number()) return *node->value<double>();
  complain_at(node->source(), "\"" + std::string(key) + "\" should be a number.");
  return otherwise;
}

std::int64_t StrictTable::integer(const char* key, Presence presence, std::int64_t otherwise) {
  const auto* node = find(key, presence, "a whole number");
  if (!node) return otherwise;
  if (const auto value = node->value_exact<std::int64_t>()) return *value;
  complain_at(node->source(), "\"" + std::string(key) + "\" should be a whole number.");
  return otherwise;
}

bool StrictTable::flag(const char* key, Presence presence, std::optional<bool> otherwise) {
  const auto* node = find(key, presence, "true or false");
  if (!node) return otherwise.value_or(false);
  if (const auto value = node->value_exact<bool>()) return *value;
  complain_at(node->source(), "\"" + std::string(key) + "\" should be true or false.");
  return otherwise.value_or(false);
}

std::optional<Date> StrictTable::date(const char* key, Presence presence) {
  const auto* node = find(key, presence, "a date as 2024-04-01");
  if (!node) return {};
  if (const auto value = node->value_exact<toml::date>())
    if (const auto day = make_date(value->year, value->month, value->day)) return day;
  if (const auto value = node->value_exact<std::string>())
    if (const auto day = parse_iso_date(*value)) return day;
  complain_at(node->source(), "\"" + std::string(key) + "\" should be a date as 2024-04-01.");
  return {};
}

const toml::table* StrictTable::table(const char* key, Presence presence) {
  const auto* node = find(key, presence, "a table");
  if (!node) return nullptr;
  if (const auto* value = node->as_table()) return value;
  complain_at(node->source(), "\"" + std::string(key) + "\" should be a table, as [" + key + "].");
  return nullptr;
}

std::vector<const toml::table*> StrictTable::tables(const char* key) {
  std::vector<const toml::table*> found;
  const auto* node = find(key, Presence::optional, "tables");
  if (!node) return found;
  const auto* array = node->as_array();
  if (!array) {
    complain_at(node->source(), "\"" + std::string(key) + "\" should be a list of tables, as [[" + key + "]].");
    return found;
  }
  for (const auto& item : *array) {
    if (const auto* value = item.as_table()) found.push_back(value);
    else complain_at(item.source(), "\"" + std::string(key) + "\" should be a list of tables, as [[" + key + "]].");
  }
  return found;
}

std::vector<std::string> StrictTable::texts(const char* key, Presence presence) {
  std::vector<std::string> found;
  const auto* node = find(key, presence, "a list of texts");
  if (!node) return found;
  const auto* array = node->as_array();
  if (!array) {
    complain_at(node->source(), "\"" + std::string(key) + "\" should be a list of texts, as [\"a\", \"b\"].");
    return found;
  }
  for (const auto& item : *array) {
    if (const auto value = item.value_exact<std::string>()) found.push_back(*value);
    else complain_at(item.source(), "\"" + std::string(key) + "\" should be a list of texts, as [\"a\", \"b\"].");
  }
  return found;
}

Result<void> StrictTable::finish() {
  for (const auto& [key, node] : table_)
    if (!asked_.contains(key.str()))
      complain_at(node.source(), title_ + " has an unknown key \"" + std::string(key.str()) + "\"; is it misspelt?");
  // A misspelt key is both unknown and missing: the line where it stands helps more than the line where it should.
  if (first_) return tl::unexpected<Error>(*first_);
  if (missing_) return tl::unexpected<Error>(*missing_);
  return {};
}

Result<toml::table> parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_input, "This is not valid TOML: " + std::string(error.description()) + ".",
                file + ":" + std::to_string(error.source().begin.line));
  }
}

}  // namespace joinedup::place
