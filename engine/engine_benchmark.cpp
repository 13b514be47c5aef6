// How fast rows leave as summed CSV, with and without an ORDER BY that the stored order satisfies already.
#include <chrono>
#include <cstdio>

#include "engine/engine.hpp"

using namespace joinedup::engine;

int main() {
  auto database = Database::open("/tmp/joinedup_engine_benchmark.duckdb", {.threads = 2});
  auto connection = database->connect();
  const auto run = [&](const char* sql) {
    const auto done = connection->run(sql);
    if (!done) std::printf("%s\n", done.error().text().c_str());
  };
  run("CREATE OR REPLACE TABLE activity AS SELECT (hash(i) >> 1)::BIGINT AS person_key, DATE '2024-01-01' + (i % 365)::INTEGER AS date, "
      "'general_practice' AS setting, 'gp_consultation' AS service_line, 1 AS units, (i % 5000)::BIGINT AS cost_pence, i % 3 = 0 AS cost_defaulted, "
      "'RX1' AS provider, 5::SMALLINT AS source, i AS source_row, 0 AS part FROM range(8000000) t(i)");
  for (const char* sql : {"SELECT * FROM activity", "SELECT * FROM activity ORDER BY source, source_row, part"}) {
    const auto start = std::chrono::steady_clock::now();
    const auto sum = csv_sum(*connection, sql);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%-55s %.2f s  %.1f M rows/s  %.0f MB/s  %s\n", sql, seconds, static_cast<double>(sum->rows) / 1e6 / seconds,
                static_cast<double>(sum->bytes) / 1e6 / seconds, sum->sha256.substr(0, 8).c_str());
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto sum = csv_sum_in_key_order(*connection, {"activity", {"source", "source_row", "part"}});
  std::printf("in key order, as it lies %.2f s %s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), sum->sha256.substr(0, 8).c_str());
  const auto start = std::chrono::steady_clock::now();
  std::int64_t n = 0;
  (void)connection->scan("SELECT * FROM activity", [&](const Batch& b) -> joinedup::Result<void> { n += static_cast<std::int64_t>(b.rows()); return {}; });
  std::printf("scan alone %.2f s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}
