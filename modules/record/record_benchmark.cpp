// How long the record takes over door tables already there: record_benchmark [people] [threads] [folder].
// Checks the answer (every row and penny accounted for) before it prints a time.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "record/door.hpp"
#include "record/random_place.hpp"
#include "record/record.hpp"

using namespace joinedup;

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<void> run(long people, unsigned threads, const std::string& folder) {
  namespace fs = std::filesystem;
  fs::create_directories(folder);
  const std::string warehouse = folder + "/warehouse.duckdb", staged = folder + "/door.duckdb";
  fs::remove(warehouse);
  fs::remove(staged);
  JOINEDUP_TRY(auto database, engine::Database::open(warehouse, {.threads = threads, .memory_limit_mib = 6144, .temporary_folder = folder}));
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(staged) + " AS door; "
                                "CREATE TABLE door.person_attribute(person_key BIGINT, sex VARCHAR, birth_month DATE, lsoa VARCHAR, imd_decile INTEGER, bucket INTEGER);"
                                "CREATE TABLE door.place_period(data_from DATE, data_to DATE)"));
  JOINEDUP_CHECK(record::complete_door(connection));
  auto start = std::chrono::steady_clock::now();
  JOINEDUP_CHECK(connection.run(record::random_door_sql(people, 1)));
  std::printf("door made in %.1f s\n", seconds_since(start));
  if (const char* before = std::getenv("RECORD_BENCHMARK_SQL")) JOINEDUP_CHECK(connection.run(before));
  start = std::chrono::steady_clock::now();
  JOINEDUP_TRY(const auto summary, record::build_record(connection, {.threads = threads}));
  const double built = seconds_since(start);
  start = std::chrono::steady_clock::now();
  JOINEDUP_TRY(const auto check, record::reconcile(connection));
  const double reconciled = seconds_since(start);
  if (!check.reconciled) return fail(ErrorCode::internal, check.differences.front());
  for (const auto& step : summary.steps) std::printf("  %-32s %7.2f s  processor %7.2f s\n", step.file.c_str(), step.seconds, step.processor_seconds);
  start = std::chrono::steady_clock::now();
  for (const auto& table : record::record_tables()) {
    std::string key;
    for (const auto& column : table.key) key += (key.empty() ? "" : ", ") + column;
    JOINEDUP_TRY(const auto sum, engine::csv_sum(connection, "SELECT * FROM " + table.name + " ORDER BY " + key));
    if (sum.rows > 1000000) std::printf("  sum of %-20s %10llu rows\n", table.name.c_str(), static_cast<unsigned long long>(sum.rows));
  }
  std::printf("people %ld, threads %u: record %.2f s, reconcile %.2f s, manifest sums %.2f s\n", people, threads, built, reconciled, seconds_since(start));
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  const long people = count > 1 ? std::atol(arguments[1]) : 100000;
  const unsigned threads = count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 2;
  const auto done = run(people, threads, count > 3 ? arguments[3] : "/tmp/record_benchmark");
  if (!done) std::fprintf(stderr, "%s\n", done.error().text().c_str());
  return done ? 0 : 1;
}
