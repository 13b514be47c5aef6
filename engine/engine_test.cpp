#include "engine/engine.hpp"

#include <gtest/gtest.h>

#include "base/hash.hpp"

namespace joinedup::engine {

TEST(Engine, RowsGoInAsColumnsAndComeOutInOrder) {
  auto database = Database::open("", {.threads = 2});
  ASSERT_TRUE(database) << database.error().text();
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("CREATE TABLE t(a BIGINT, b VARCHAR, c DATE, d DOUBLE, e BOOLEAN)"));
  auto rows = connection->append_to("t");
  ASSERT_TRUE(rows) << rows.error().text();
  for (int block = 0; block < 3; ++block) {
    for (std::size_t row = 0; row < 1000; ++row) {
      rows->set_integer(0, row, block * 1000 + static_cast<int>(row));
      if (row % 2) rows->set_null(1, row);
      else rows->set_text(1, row, row % 4 ? "short" : "a text of more than twelve bytes, \"quoted\"");
      rows->set_integer(2, row, 19782);
      rows->set_number(3, row, 1.0 / 3);
      rows->set_integer(4, row, 1);
    }
    ASSERT_TRUE(rows->flush(1000));
  }
  ASSERT_TRUE(rows->close());
  EXPECT_EQ(*connection->count("SELECT count(*) FROM t WHERE b IS NULL"), 1500);
  EXPECT_EQ(*connection->count("SELECT sum(a)::BIGINT FROM t"), 2999LL * 3000 / 2);
  const auto table = connection->query("SELECT * FROM t ORDER BY a LIMIT 2");
  ASSERT_TRUE(table) << table.error().text();
  EXPECT_EQ(table->rows[0][1], "a text of more than twelve bytes, \"quoted\"");
  EXPECT_TRUE(table->nulls[1][1]);
  const auto sum = csv_sum(*connection, "SELECT * FROM t ORDER BY a LIMIT 2");
  Sha256 expected;
  expected.update("0,\"a text of more than twelve bytes, \"\"quoted\"\"\",2024-02-29,0.3333333333,true\n1,,2024-02-29,0.3333333333,true\n");
  EXPECT_EQ(sum->sha256, expected.finish_hex());
}

TEST(Engine, TheFastCsvIsTheSlowCsvAndKeyOrderIsKept) {
  auto database = Database::open("", {.threads = 2});
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("CREATE TABLE t AS SELECT (i * 7919) % 20011 AS k, CASE WHEN i % 5 = 0 THEN NULL ELSE 'text ' || i END AS a, "
                              "CASE WHEN i % 7 = 0 THEN 'say \"' || i || '\", twice' END AS b, DATE '1850-01-01' + (i * 13)::INTEGER AS c, i % 2 = 0 AS d, "
                              "i / 7.0::DOUBLE AS e, (-i)::SMALLINT AS f, TIMESTAMP '2024-01-01 10:00:00' + INTERVAL (i) SECOND AS g FROM range(20011) r(i)"));
  const std::string sorted = "SELECT * FROM t ORDER BY k";
  std::string slow, fast;
  ASSERT_TRUE(connection->scan(sorted, [&](const Batch& batch) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows(); ++row)
      for (std::size_t column = 0; column < batch.columns().size(); ++column) {
        batch.append_csv(column, row, slow);
        slow += column + 1 < batch.columns().size() ? ',' : '\n';
      }
    return {};
  }));
  ASSERT_TRUE(write_csv(*connection, sorted, [&](std::string_view text) -> Result<void> { fast += text; return {}; }));
  EXPECT_TRUE(slow == fast);
  const auto expected = csv_sum(*connection, sorted);
  EXPECT_EQ(csv_sum_in_key_order(*connection, {"t", {"k"}})->sha256, expected->sha256);   // lies in another order: sorted
  ASSERT_TRUE(connection->run("CREATE TABLE u AS SELECT * FROM t ORDER BY k"));
  EXPECT_EQ(csv_sum_in_key_order(*connection, {"u", {"k"}})->sha256, expected->sha256);   // lies in key order: streamed
  EXPECT_EQ(csv_sum_in_key_order(*connection, {"u", {"k"}})->rows, 20011u);
}

TEST(Engine, AnErrorIsASentenceAndTheConnectionLives) {
  auto database = Database::open("");
  auto connection = database->connect();
  const auto bad = connection->run("SELECT * FROM nowhere");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().sentence.find("nowhere"), std::string::npos);
  EXPECT_EQ(*connection->count("SELECT 1"), 1);
  EXPECT_FALSE(connection->run("INSTALL httpfs"));
}


TEST(Engine, BatchesAreFilledApartAndAppendedInOrder) {
  auto db = Database::open("");
  ASSERT_TRUE(db);
  auto connection = db->connect();
  ASSERT_TRUE(connection->run("CREATE TABLE t(a BIGINT, b VARCHAR, c DATE)"));
  auto rows = connection->append_to("t");
  ASSERT_TRUE(rows);
  auto first = rows->make_batch(), second = rows->make_batch();
  for (std::size_t i = 0; i < 100; ++i) {
    for (auto* batch : {&first, &second}) {
      batch->set_integer(0, i, static_cast<std::int64_t>(i) + (batch == &first ? 0 : 100));
      if (i % 3 == 0) batch->set_null(1, i);
      else batch->set_text(1, i, "a text longer than twelve bytes " + std::to_string(i));
      batch->set_integer(2, i, static_cast<std::int64_t>(i));
    }
  }
  const std::uint16_t kept[] = {1, 3, 98};
  second.keep(kept, 3);
  ASSERT_TRUE(rows->append(first, 100));
  ASSERT_TRUE(rows->append(second, 3));
  ASSERT_TRUE(rows->close());
  EXPECT_EQ(*connection->count("SELECT count(*) FROM t"), 103);
  const auto table = connection->query("SELECT a, b, c FROM t WHERE a >= 100 ORDER BY a");
  ASSERT_EQ(table->rows.size(), 3u);
  EXPECT_EQ(table->rows[0], (std::vector<std::string>{"101", "a text longer than twelve bytes 1", "1970-01-02"}));
  EXPECT_TRUE(table->nulls[1][1]);
  EXPECT_EQ(table->rows[2][1], "a text longer than twelve bytes 98");
}

}  // namespace joinedup::engine
