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
