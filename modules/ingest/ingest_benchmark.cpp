// How fast the splitter, the typed path and the whole of ingest are, beside DuckDB's own CSV reader on the same files in the
// same process. Answers are compared before times are shown.
//
//   build/release/bin/ingest_benchmark [folder for files] [GP rows] [inpatient rows]
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "base/processor_time.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "ingest/ingest.hpp"
#include "ingest/pipeline.hpp"

using namespace joinedup;
using namespace joinedup::ingest;

namespace {

struct Seconds {
  double wall = 1e9, cpu = 1e9;  // cpu: of all threads, so that a busy machine does not flatter or blame anyone
};
void best_of(Seconds& best, const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const auto cpu = processor_seconds();
  work();
  best.wall = std::min(best.wall, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  best.cpu = std::min(best.cpu, processor_seconds() - cpu);
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().text().c_str());
    std::exit(1);
  }
  return std::move(*result);
}
void must(Result<void> result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().text().c_str());
  std::exit(1);
}

std::string guid(CounterRandom& random) {
  char text[40];
  const auto a = random.bits(), b = random.bits();
  std::snprintf(text, sizeof text, "{%08X-%04X-%04X-%04X-%012llX}", static_cast<unsigned>(a), static_cast<unsigned>(a >> 32 & 0xFFFF),
                static_cast<unsigned>(a >> 48), static_cast<unsigned>(b & 0xFFFF), static_cast<unsigned long long>(b >> 16));
  return text;
}

std::string join(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i ? "," : "") + csv_field(fields[i]);
  return line + "\n";
}

void write_table(const std::string& path, const std::string& layout, std::uint64_t rows,
                 const std::function<std::string(const std::string& column, CounterRandom&)>& value) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  const auto headers = must(place::layout_headers(layout));
  std::ofstream out(path, std::ios::binary);
  out << join(headers);
  std::vector<std::string> fields(headers.size());
  for (std::uint64_t row = 0; row < rows; ++row) {
    CounterRandom random(3, row, headers.size());
    for (std::size_t i = 0; i < headers.size(); ++i) fields[i] = value(headers[i], random);
    out << join(fields);
  }
}

std::string day(CounterRandom& random) { return Date{19448 + random.between(0, 364)}.to_iso(); }

void write_files(const std::string& folder, std::uint64_t gp_rows, std::uint64_t inpatient_rows) {
  write_table(folder + "/feeds/gp_event/CareRecord_Observation_2023-24.csv", "emis_CareRecord_Observation", gp_rows,
              [](const std::string& column, CounterRandom& random) -> std::string {
                if (column == "ObservationGuid" || column == "PatientGuid" || column == "OrganisationGuid") return guid(random);
                if (column == "EffectiveDate") return day(random);
                if (column == "CodeId") return std::to_string(random.below(100000));
                if (column == "Value") return random.chance(0.4) ? std::to_string(random.below(200)) + "." + std::to_string(random.below(10)) : "";
                if (column == "Deleted") return "false";
                return "";
              });
  write_table(folder + "/feeds/hes_apc_sus/IP_pbr_preprocess_EP_2023-24.csv", "sus_ip_ep", inpatient_rows,
              [](const std::string& column, CounterRandom& random) -> std::string {
                if (column == "Start Date (Hospital Provider Spell)" || column == "Episode Start Date") return day(random);
                if (column == "Generated Record ID") return std::to_string(random.bits() >> 4);
                if (column == "NHS Number") return std::to_string(9990000000 + random.below(1000000));
                if (column == "Birth Date") return Date{random.between(-20000, 18000)}.to_iso();
                if (column == "Gender Code") return std::to_string(1 + random.below(2));
                if (column == "Postcode Of Usual Address") return "ZZ" + std::to_string(random.below(90) + 10) + " 1AA";
                if (column == "Patient Classification") return std::to_string(1 + random.below(5));
                if (column == "Episode Number") return std::to_string(1 + random.below(3));
                if (column.find("Date") != std::string::npos) return random.chance(0.7) ? day(random) : "";
                if (column.find("Hospital Provider Spell No") != std::string::npos) return std::to_string(random.below(10000000));
                if (column == "Organisation Code (Code Of Provider)") return "RXX01";
                if (column.find("Diagnosis Code") != std::string::npos) return random.chance(0.3) ? "I" + std::to_string(100 + random.below(800)) : "";
                return random.chance(0.25) ? std::to_string(random.below(1000)) : "";
              });
}

std::string read_all(const std::string& path) {
  auto text = must(read_file(path));
  text.append(scan_padding, '\0');
  return text;
}

// The splitter alone, and with types, on one thread.
void one_core(const std::string& path, const place::TableSpec& table) {
  const auto text = read_all(path);
  const auto size = text.size() - scan_padding;
  const auto header = must(read_header(text.data(), size, true, table, must(place::layout_headers(table.layout))));
  SlicedRows rows(header.map.wanted.size());
  std::vector<FaultyRecord> faults;
  std::uint64_t found = 0, bytes = 0;
  // Ranges as ingest reads them, so that positions fit and the caches are as warm as in life.
  Seconds best;
  for (int round = 0; round < 3; ++round)
    best_of(best, [&] {
      found = bytes = 0;
      RecordScanner scanner(text.data() + header.begin, size - header.begin, true, header.dialect, header.map.wanted, {});
      for (bool more = true; more;) {
        more = scanner.next(rows, faults);
        found += rows.rows;
      }
    });
  std::printf("%-18s splitter            %7.2f GB/s  %6.2f M rows/s a core (%llu rows, %llu faults)\n", table.name.c_str(),
              static_cast<double>(size) / best.cpu / 1e9, static_cast<double>(found) / best.cpu / 1e6, static_cast<unsigned long long>(found),
              static_cast<unsigned long long>(faults.size()));
  auto database = must(engine::Database::open(""));
  auto connection = must(database.connect());
  must(connection.run(create_table_sql(table)));
  const auto appender = must(connection.append_to(table.name));
  BatchPool pool(appender);
  const auto context = make_context(table, header.map);
  best = {};
  for (int round = 0; round < 3; ++round)
    best_of(best, [&] {
      Converter converter(context, pool);
      RecordScanner scanner(text.data() + header.begin, size - header.begin, true, header.dialect, header.map.wanted, {});
      for (bool more = true; more;) {
        RangeResult result;
        more = scanner.next(rows, faults);
        converter.convert(text.data() + header.begin, rows, result);
        for (auto& batch : result.batches) {
          batch.rows.clear();
          pool.give(std::move(batch.rows));
        }
      }
    });
  std::printf("%-18s splitter and types  %7.2f GB/s  %6.2f M rows/s a core\n", table.name.c_str(), static_cast<double>(size) / best.cpu / 1e9,
              static_cast<double>(found) / best.cpu / 1e6);
}

// The peer: DuckDB's reader told every type, only the same columns kept, into a file on the same threads.
std::string peer_sql(const std::string& path, const place::TableSpec& table) {
  std::string columns, select;
  std::map<std::string, std::string> types;
  for (const auto& column : table.columns) {
    std::string type = place::field_sql_type(column.type);
    std::string expression = engine::sql_name(column.from);
    if (column.type == place::FieldType::pounds) {
      type = "DOUBLE";
      expression = "CAST(round(" + expression + " * 100) AS BIGINT)";
    }
    if (column.type == place::FieldType::reference) {
      type = "VARCHAR";
      expression = "CAST(hash(" + expression + ") >> 1 AS BIGINT)";
    }
    if (column.type == place::FieldType::time) type = "VARCHAR";
    types[column.from] = type;
    select += ", " + expression + " AS " + engine::sql_name(column.name);
  }
  std::string keys = table.reference.empty() ? "" : ", CAST(hash(" + engine::sql_name(table.reference) + ") >> 1 AS BIGINT) AS person_ref";
  if (table.person == place::PersonSource::identity) {
    keys += ", CAST(hash(concat_ws('|'";
    for (const auto& source : table.identity) keys += ", " + engine::sql_name(source.from);
    keys += ")) >> 1 AS BIGINT) AS identity_key";
  }
  for (const auto& header : must(place::layout_headers(table.layout)))
    columns += (columns.empty() ? "" : ", ") + engine::sql_text(header) + ": " + engine::sql_text(types.contains(header) ? types[header] : "VARCHAR");
  return "CREATE TABLE " + engine::sql_name(table.name) + " AS SELECT row_number() OVER () AS source_row" + keys + select + " FROM read_csv(" +
         engine::sql_text(path) + ", header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = {" + columns + "})";
}

std::string answer(const std::string& database_path, const place::TableSpec& table) {
  auto database = must(engine::Database::open(database_path, {.read_only = true}));
  auto connection = must(database.connect());
  std::string sql = "SELECT count(*)";
  for (const auto& column : table.columns) {
    const auto name = engine::sql_name(column.name);
    if (column.type == place::FieldType::time || column.type == place::FieldType::reference) continue;
    if (column.type == place::FieldType::integer || column.type == place::FieldType::pounds) sql += ", sum(" + name + ")";
    else if (column.type == place::FieldType::decimal) sql += ", sum(CAST(round(" + name + " * 1000) AS BIGINT))";
    else if (column.type == place::FieldType::date) sql += ", sum(" + name + " - DATE '1970-01-01')";
    else if (column.type == place::FieldType::flag) sql += ", count(" + name + "), sum(CAST(" + name + " AS INTEGER))";
    else sql += ", count(" + name + "), sum(length(" + name + "))";
  }
  const auto result = must(connection.query(sql + " FROM " + engine::sql_name(table.name)));
  std::string text;
  for (const auto& field : result.rows[0]) text += field + " ";
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string folder = count > 1 ? arguments[1] : (std::filesystem::temp_directory_path() / "joinedup_ingest_benchmark").string();
  const std::uint64_t gp_rows = count > 2 ? std::stoull(arguments[2]) : 2000000, inpatient_rows = count > 3 ? std::stoull(arguments[3]) : 200000;
  set_progress_quiet(true);
  if (!std::filesystem::exists(folder + "/feeds/hes_apc_sus")) write_files(folder, gp_rows, inpatient_rows);
  const auto feeds = must(place::shipped_feeds());
  for (const auto& [feed, name, file] : {std::tuple{"gp_event", "gp_observation", "CareRecord_Observation_2023-24.csv"},
                                         std::tuple{"hes_apc_sus", "inpatient_episode", "IP_pbr_preprocess_EP_2023-24.csv"}}) {
    const auto path = folder + "/feeds/" + feed + "/" + file;
    const auto* table = place::find_table(feeds, feed, name);
    const auto bytes = static_cast<double>(std::filesystem::file_size(path));
    one_core(path, *table);
    IngestOptions options{.feeds_folder = folder + "/feeds", .staging_path = folder + "/staging.duckdb", .threads = 2};
    for (const auto& one : feeds)
      if (one.feed == feed) options.feeds.push_back(one);
    const auto peer = folder + "/peer.duckdb";
    Seconds ours, theirs;
    for (int round = 0; round < 2; ++round) {
      best_of(ours, [&] {
        Findings findings;
        must(ingest_feeds(options, findings));
      });
      std::filesystem::remove(peer);
      best_of(theirs, [&] {
        auto database = must(engine::Database::open(peer, {.threads = 2}));
        auto connection = must(database.connect());
        must(connection.run(peer_sql(path, *table)));
        must(connection.run("CHECKPOINT"));
      });
    }
    const auto mine = answer(options.staging_path, *table), other = answer(peer, *table);
    if (mine != other) {
      std::printf("%s: the answers differ\n  ingest %s\n  DuckDB %s\n", name, mine.c_str(), other.c_str());
      return 1;
    }
    std::printf("%-18s ingest, 2 threads   %6.2f s, %6.2f s of CPU, %5.2f GB/s (staged, hashed, identities)\n", name, ours.wall, ours.cpu, bytes / ours.wall / 1e9);
    std::printf("%-18s DuckDB, 2 threads   %6.2f s, %6.2f s of CPU, %5.2f GB/s\n", name, theirs.wall, theirs.cpu, bytes / theirs.wall / 1e9);
    std::printf("BENCH ingest_%s_cpu_ratio %.3f ratio (bar: 1.5) %s\n", name, ours.cpu / theirs.cpu, ours.cpu <= 1.5 * theirs.cpu ? "met" : "missed");
    std::printf("BENCH ingest_%s_ratio %.3f ratio (bar: 1.5) %s\n", name, ours.wall / theirs.wall, ours.wall <= 1.5 * theirs.wall ? "met" : "missed");
  }
  return 0;
}
