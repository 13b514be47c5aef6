#include "record/door.hpp"

#include <set>

#include "place/feed_spec.hpp"

namespace joinedup::record {
namespace {

std::string create_sql(const place::TableSpec& table) {
  std::string sql = "CREATE TABLE door." + engine::sql_name(table.name) + "(source_row BIGINT";
  if (table.person != place::PersonSource::none) sql += ", person_key BIGINT";
  for (const auto& column : table.columns)
    if (!column.identifying) sql += ", " + engine::sql_name(column.name) + " " + place::field_sql_type(column.type);
  return sql + ")";
}

}  // namespace

std::string door_table_sql(const std::string& name) {
  const auto feeds = place::shipped_feeds();
  if (!feeds) return {};
  for (const auto& feed : *feeds)
    for (const auto& table : feed.tables)
      if (table.name == name) return create_sql(table);
  return {};
}

Result<void> complete_door(engine::Connection& connection) {
  JOINEDUP_TRY(const auto present,
               connection.query("SELECT table_name FROM information_schema.tables "
                                "WHERE table_schema = 'door' OR table_catalog = 'door'"));
  std::set<std::string> names;
  for (const auto& row : present.rows) names.insert(row[0]);
  JOINEDUP_TRY(const auto feeds, place::shipped_feeds());
  for (const auto& feed : feeds)
    for (const auto& table : feed.tables)
      if (!names.contains(table.name)) JOINEDUP_CHECK(connection.run(create_sql(table)));
  return {};
}

}  // namespace joinedup::record
