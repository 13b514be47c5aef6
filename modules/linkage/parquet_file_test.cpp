// The Parquet files written here are read back by DuckDB, a reader that is not ours.
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"
#include "engine/engine.hpp"
#include "linkage/parquet_file.hpp"

namespace joinedup::linkage {

TEST(ParquetFileTest, DuckDbReadsWhatWasWritten) {
  const auto path = testing::TempDir() + "written.parquet";
  constexpr std::int32_t rows = 300001;  // more than a row group
  auto file = ParquetFile::create(path, {{"id", ParquetFile::text}, {"weight", ParquetFile::number}, {"gamma", ParquetFile::integer}, {"wide", ParquetFile::integer}, {"one", ParquetFile::integer}});
  ASSERT_TRUE(file);
  for (std::int32_t row = 0; row < rows; ++row) {
    if (row % 11 == 3) file->put_null(0);
    else file->put_text(0, row % 7 == 0 ? std::string() : "é" + std::to_string(row));
    if (row % 5 == 0) file->put_null(1);
    else file->put_number(1, row * 0.1);
    if (row % 13 == 0) file->put_null(2);
    else file->put_integer(2, row % 6 - 1);
    file->put_integer(3, row * 7 - 1000);
    file->put_integer(4, 4);
    ASSERT_TRUE(file->end_row());
  }
  ASSERT_TRUE(file->close());
  auto database = engine::Database::open("", {});
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("CREATE TABLE t AS SELECT row_number() OVER () - 1 AS n, * FROM read_parquet('" + path + "')"));
  const auto wrong = connection->count(
      "SELECT count(*) FROM t WHERE id IS DISTINCT FROM CASE WHEN n % 11 = 3 THEN NULL WHEN n % 7 = 0 THEN '' ELSE 'é' || n END"
      " OR weight IS DISTINCT FROM CASE WHEN n % 5 = 0 THEN NULL ELSE n * 0.1::DOUBLE END"
      " OR gamma IS DISTINCT FROM CASE WHEN n % 13 = 0 THEN NULL ELSE n % 6 - 1 END OR wide IS DISTINCT FROM n * 7 - 1000 OR one IS DISTINCT FROM 4");
  ASSERT_TRUE(wrong) << wrong.error().text();
  EXPECT_EQ(*wrong, 0);
  EXPECT_EQ(*connection->count("SELECT count(*) FROM t"), rows);
}

TEST(ParquetFileTest, AFileWithoutRowsIsReadable) {
  const auto path = testing::TempDir() + "none.parquet";
  auto file = ParquetFile::create(path, {{"id", ParquetFile::text}, {"n", ParquetFile::integer}});
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->close());
  auto database = engine::Database::open("", {});
  EXPECT_EQ(*database->connect()->count("SELECT count(*) FROM read_parquet('" + path + "')"), 0);
}

}  // namespace joinedup::linkage
