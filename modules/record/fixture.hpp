// A small place in memory for tests: door tables by their declarations, rows by name, a record built over them.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "record/door.hpp"
#include "record/record.hpp"

namespace joinedup::record {

class Fixture {
 public:
  explicit Fixture(const std::string& from = "2023-04-01", const std::string& to = "2026-03-31", unsigned threads = 2)
      : database_(*engine::Database::open("", {.threads = threads})), connection_(*database_.connect()) {
    run("ATTACH ':memory:' AS door");
    run("CREATE TABLE door.person_attribute(person_key BIGINT, sex VARCHAR, birth_month DATE, lsoa VARCHAR, imd_decile INTEGER, bucket INTEGER)");
    run("CREATE TABLE door.place_period AS SELECT DATE '" + from + "' AS data_from, DATE '" + to + "' AS data_to");
    const auto completed = complete_door(connection_);
    EXPECT_TRUE(completed) << (completed ? "" : completed.error().text());
  }

  using Row = std::vector<std::pair<std::string, std::string>>;  // column, value; all values as text

  void person(long key, const std::string& birth_month, const std::string& sex = "F") {
    run("INSERT INTO door.person_attribute VALUES (" + std::to_string(key) + ", '" + sex + "', DATE '" + birth_month + "', 'E01000001', 5, 0)");
  }
  void add(const std::string& table, const Row& row) {
    std::string columns = "source_row", values = std::to_string(++rows_[table]);
    for (const auto& [column, value] : row) {
      columns += ", " + column;
      values += ", " + engine::sql_text(value);
    }
    run("INSERT INTO door." + table + "(" + columns + ") VALUES (" + values + ")");
  }
  Result<RecordSummary> build(const RecordOptions& options = {}) { return build_record(connection_, options); }
  void run(const std::string& sql) {
    const auto done = connection_.run(sql);
    ASSERT_TRUE(done) << done.error().text() << "\n" << sql;
  }
  std::int64_t count(const std::string& sql) {
    const auto n = connection_.count(sql);
    EXPECT_TRUE(n) << (n ? "" : n.error().text());
    return n.value_or(-1);
  }
  std::string csv(const std::string& sql) {
    std::string out;
    const auto done = engine::write_csv(connection_, sql, [&](std::string_view text) -> Result<void> { out += text; return {}; });
    EXPECT_TRUE(done) << (done ? "" : done.error().text());
    return out;
  }
  engine::Connection& connection() { return connection_; }

 private:
  engine::Database database_;
  engine::Connection connection_;
  std::map<std::string, long> rows_;
};

}  // namespace joinedup::record
