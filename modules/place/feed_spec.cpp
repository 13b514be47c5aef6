#include "place/feed_spec.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/date.hpp"
#include "base/text.hpp"
#include "place_embedded.hpp"

namespace joinedup::place {
namespace {

constexpr std::array<const char*, identity_field_count> identity_names = {
    "nhs_number",  "nhs_pseudonym", "birth_date",     "birth_year", "birth_month", "sex",  "family_name", "given_name",
    "middle_names", "house",        "address_line_1", "town",       "postcode",    "lsoa", "local_id",    "local_id_organisation"};
constexpr std::array<const char*, 9> type_names = {"text", "code", "integer", "decimal", "date", "time", "pounds", "flag", "reference"};

// Reads one TOML table, remembers which keys were asked for, and keeps the first complaint.
class Reader {
 public:
  Reader(const toml::table& table, std::string origin, std::optional<Error>& error)
      : table_(table), origin_(std::move(origin)), error_(error) {}

  std::string text(const char* key, std::string fallback = {}) {
    const auto* node = find(key);
    if (!node) return fallback;
    if (const auto* value = node->as_string()) return value->get();
    complain(*node, std::string("`") + key + "` must be text in quotes");
    return fallback;
  }
  std::string required_text(const char* key) {
    auto value = text(key);
    if (value.empty() && !error_) complain(table_, std::string("`") + key + "` is missing");
    return value;
  }
  bool flag(const char* key, const bool fallback) {
    const auto* node = find(key);
    if (!node) return fallback;
    if (const auto* value = node->as_boolean()) return value->get();
    complain(*node, std::string("`") + key + "` must be true or false");
    return fallback;
  }
  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> list;
    const auto* node = find(key);
    if (!node) return list;
    if (const auto* one = node->as_string()) return {one->get()};
    const auto* array = node->as_array();
    if (!array) {
      complain(*node, std::string("`") + key + "` must be a list of texts");
      return list;
    }
    for (const auto& item : *array) {
      if (const auto* value = item.as_string()) list.push_back(value->get());
      else complain(item, std::string("`") + key + "` must hold texts only");
    }
    return list;
  }
  template <std::size_t N>
  std::size_t choice(const char* key, const std::array<const char*, N>& names, const std::size_t fallback) {
    const auto value = text(key);
    if (value.empty()) return fallback;
    for (std::size_t i = 0; i < N; ++i)
      if (value == names[i]) return i;
    std::string allowed;
    for (const auto* name : names) allowed += (allowed.empty() ? "" : ", ") + std::string(name);
    complain(*table_.get(key), std::string("`") + key + "` is \"" + value + "\"; it must be one of " + allowed);
    return fallback;
  }
  std::optional<double> bound(const char* key, const FieldType type) {
    const auto* node = find(key);
    if (!node) return {};
    if (type == FieldType::date) {
      const auto* value = node->as_string();
      const auto day = value ? parse_iso_date(value->get()) : std::nullopt;
      if (day) return static_cast<double>(day->days);
      complain(*node, std::string("`") + key + "` of a date must be a date as \"YYYY-MM-DD\"");
      return {};
    }
    const bool numeric = type == FieldType::integer || type == FieldType::decimal || type == FieldType::pounds || type == FieldType::time;
    const auto value = node->value<double>();
    if (!numeric || !node->is_number() || !value) {
      complain(*node, std::string("`") + key + "` must be a number, on a column of numbers or dates");
      return {};
    }
    return type == FieldType::pounds ? *value * 100 : *value;
  }
  const toml::node* find(const char* key) {
    asked_.insert(key);
    return table_.get(key);
  }
  void finish() {
    for (const auto& [key, node] : table_)
      if (!asked_.contains(key.str())) complain(node, "`" + std::string(key.str()) + "` is not a known key here", key.source().begin.line);
  }
  void complain(const toml::node& node, const std::string& what, toml::source_index line = 0) {
    if (error_) return;
    if (!line) line = node.source().begin.line;
    error_ = Error{ErrorCode::invalid_input, "In the feed declaration, " + what + ".", origin_ + ":" + std::to_string(line)};
  }

 private:
  const toml::table& table_;
  std::string origin_;
  std::optional<Error>& error_;
  std::set<std::string, std::less<>> asked_;
};

ColumnSpec read_column(const toml::table& table, const std::string& origin, std::optional<Error>& error) {
  Reader reader(table, origin, error);
  ColumnSpec column;
  column.name = reader.required_text("name");
  column.from = reader.required_text("from");
  column.aliases = reader.texts("aliases");
  reader.required_text("type");
  column.type = static_cast<FieldType>(reader.choice("type", type_names, 0));
  column.required = reader.flag("required", false);
  column.identifying = reader.flag("identifying", false);
  column.on_bad = static_cast<OnBad>(reader.choice("on_bad", std::array{"null", "reject"}, 0));
  column.minimum = reader.bound("min", column.type);
  column.maximum = reader.bound("max", column.type);
  column.codes = reader.texts("codes");
  reader.finish();
  return column;
}

void read_identity(const toml::node& node, TableSpec& spec, Reader& reader) {
  const auto* table = node.as_table();
  if (!table) return reader.complain(node, "`identity` must be a table of field = \"header\"");
  for (const auto& [key, value] : *table) {
    const auto at = std::find(identity_names.begin(), identity_names.end(), key.str());
    const auto* from = value.as_string();
    if (at == identity_names.end())
      return reader.complain(value, "`" + std::string(key.str()) + "` is not a part of an identity", key.source().begin.line);
    if (!from) return reader.complain(value, "`" + std::string(key.str()) + "` must name a header in quotes");
    spec.identity.push_back({static_cast<IdentityField>(at - identity_names.begin()), from->get()});
  }
  std::sort(spec.identity.begin(), spec.identity.end(), [](const auto& a, const auto& b) { return a.field < b.field; });
}

void check_layout(const TableSpec& spec, const toml::table& node, Reader& reader) {
  const auto headers = layout_headers(spec.layout);
  if (!headers) return reader.complain(*node.get("layout"), "there is no layout \"" + spec.layout + "\"");
  const auto known = [&](const std::string& from, const char* key) {
    if (from.empty() || std::find(headers->begin(), headers->end(), from) != headers->end()) return;
    const auto* at = node.get(key);
    reader.complain(at ? *at : node, "the layout " + spec.layout + " has no column \"" + from + "\"");
  };
  known(spec.row_id, "row_id");
  known(spec.reference, "reference");
  for (const auto& source : spec.identity) known(source.from, "identity");
  for (std::size_t i = 0; i < spec.columns.size(); ++i) {
    if (std::find(headers->begin(), headers->end(), spec.columns[i].from) != headers->end()) continue;
    reader.complain(*node.get_as<toml::array>("columns")->get(i),
                    "the layout " + spec.layout + " has no column \"" + spec.columns[i].from + "\"");
  }
}

TableSpec read_table(const toml::table& table, const std::string& origin, std::optional<Error>& error) {
  Reader reader(table, origin, error);
  TableSpec spec;
  spec.name = reader.required_text("name");
  spec.files = reader.texts("files");
  if (spec.files.empty()) reader.complain(table, "`files` is missing");
  spec.view = reader.text("view");
  spec.layout = spec.view.empty() ? reader.required_text("layout") : reader.text("layout");
  spec.encoding = static_cast<Encoding>(reader.choice("encoding", std::array{"utf-8", "windows-1252", "auto"}, 0));
  spec.row_id = reader.text("row_id");
  spec.stage_row_id = reader.flag("stage_row_id", true);
  spec.row_id_unique = reader.flag("row_id_unique", spec.stage_row_id);
  spec.person = static_cast<PersonSource>(reader.choice("person", std::array{"none", "identity", "reference"}, 0));
  spec.reference = reader.text("reference");
  spec.reference_scope = reader.text("reference_scope");
  if (const auto* identity = reader.find("identity")) read_identity(*identity, spec, reader);
  const auto* columns = reader.find("columns");
  const auto* list = columns ? columns->as_array() : nullptr;
  if (!list) reader.complain(columns ? *columns : table, "`columns` must be a list of columns");
  else
    for (const auto& item : *list) {
      if (const auto* one = item.as_table()) spec.columns.push_back(read_column(*one, origin, error));
      else reader.complain(item, "a column must be { name = …, from = …, type = … }");
    }
  reader.finish();
  if (error) return spec;
  std::set<std::string> names = {"source_row", "row_id", "identity_key", "person_ref"};
  for (const auto& column : spec.columns)
    if (!names.insert(column.name).second) reader.complain(*columns, "the column name \"" + column.name + "\" is used twice or reserved");
  if (spec.person == PersonSource::identity && spec.identity.empty())
    reader.complain(table, "`person = \"identity\"` needs `identity`");
  if (spec.person == PersonSource::reference && spec.reference.empty())
    reader.complain(table, "`person = \"reference\"` needs `reference`");
  if (spec.reference.empty() != spec.reference_scope.empty())
    reader.complain(table, "`reference` and `reference_scope` go together");
  if (spec.view.empty() && !error) check_layout(spec, table, reader);
  return spec;
}

}  // namespace

const char* identity_field_name(const IdentityField field) { return identity_names[static_cast<std::size_t>(field)]; }
const char* field_type_name(const FieldType type) { return type_names[static_cast<std::size_t>(type)]; }

const char* field_sql_type(const FieldType type) {
  switch (type) {
    case FieldType::text:
    case FieldType::code: return "VARCHAR";
    case FieldType::integer:
    case FieldType::pounds:
    case FieldType::reference: return "BIGINT";
    case FieldType::decimal: return "DOUBLE";
    case FieldType::date: return "DATE";
    case FieldType::time: return "INTEGER";
    case FieldType::flag: return "BOOLEAN";
  }
  return "VARCHAR";
}

Result<FeedSpec> parse_feed_spec(const std::string_view text, const std::string& origin) {
  try {
    const auto root = toml::parse(text);
    std::optional<Error> error;
    Reader reader(root, origin, error);
    FeedSpec spec;
    spec.feed = reader.required_text("feed");
    spec.title = reader.required_text("title");
    spec.partner_type = reader.required_text("partner_type");
    const auto* tables = reader.find("table");
    const auto* list = tables ? tables->as_array() : nullptr;
    if (!list) reader.complain(tables ? *tables : root, "at least one [[table]] is needed");
    else
      for (const auto& item : *list) {
        if (const auto* table = item.as_table()) spec.tables.push_back(read_table(*table, origin, error));
        else reader.complain(item, "`table` must be written [[table]]");
      }
    reader.finish();
    std::set<std::string> names;
    for (const auto& table : spec.tables)
      if (!names.insert(table.name).second) reader.complain(root, "the table \"" + table.name + "\" is declared twice");
    if (error) return tl::unexpected<Error>(*error);
    return spec;
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_input, "The feed declaration is not TOML: " + std::string(error.description()) + ".",
                origin + ":" + std::to_string(error.source().begin.line));
  }
}

Result<std::vector<FeedSpec>> shipped_feeds() {
  std::vector<FeedSpec> feeds;
  for (const auto& file : embedded_place()) {
    if (!file.name.starts_with("feeds/") || !file.name.ends_with(".toml")) continue;
    JOINEDUP_TRY(auto feed, parse_feed_spec(file.text, std::string(file.name)));
    feeds.push_back(std::move(feed));
  }
  std::sort(feeds.begin(), feeds.end(), [](const auto& a, const auto& b) { return a.feed < b.feed; });
  return feeds;
}

Result<std::vector<std::string>> layout_headers(const std::string_view name) {
  const auto text = find_embedded(embedded_place(), "layouts/" + std::string(name) + ".csv");
  if (!text) return fail(ErrorCode::not_found, "There is no such layout.", std::string(name));
  std::vector<std::string> headers;
  for (auto line : split(*text, '\n')) {
    line = trim(line);
    if (line.empty() || line.starts_with("# ")) continue;
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
    headers.emplace_back(line);
  }
  return headers;
}

Result<std::string> feed_view_text(const std::string_view view) {
  const auto text = find_embedded(embedded_place(), "feeds/" + std::string(view));
  if (!text) return fail(ErrorCode::not_found, "There is no such view definition.", std::string(view));
  return std::string(*text);
}

const TableSpec* find_table(const std::vector<FeedSpec>& feeds, const std::string_view feed, const std::string_view table) {
  for (const auto& one : feeds)
    if (one.feed == feed)
      for (const auto& candidate : one.tables)
        if (candidate.name == table) return &candidate;
  return nullptr;
}

}  // namespace joinedup::place
