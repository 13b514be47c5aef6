// risk_models_benchmark training ROWS COLUMNS ROUNDS: our training beside XGBoost's C interface alone, on one matrix.
// risk_models_benchmark features PEOPLE THREADS: the feature step beside a bare group-by of twelve counts over Parquet.
// Answers are compared first. Prints one JSON object.
#include <sys/resource.h>
#include <xgboost/c_api.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "base/random.hpp"
#include "risk/boosted.hpp"
#include "risk/features.hpp"

namespace {
using namespace joinedup;
using namespace joinedup::risk;

struct Seconds {
  double wall = 0, processor = 0;
};
double processor_now() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}
Seconds timed(const std::function<void()>& work) {
  const auto wall = std::chrono::steady_clock::now();
  const double processor = processor_now();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count(), processor_now() - processor};
}

void need(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "risk_models_benchmark: %s failed\n", what);
  std::exit(1);
}

int training(std::size_t rows, std::size_t columns, int rounds) {
  Matrix x;
  x.rows = rows;
  x.columns = columns;
  x.names.assign(columns, "x");
  std::vector<float> y;
  for (std::size_t row = 0; row < rows; ++row) {
    CounterRandom draw(1, row, 0);
    double eta = -2;
    for (std::size_t c = 0; c < columns; ++c) {
      x.value.push_back(static_cast<float>(draw.normal()));
      if (c < 10) eta += .2 * static_cast<double>(x.value.back());
    }
    y.push_back(draw.chance(1 / (1 + std::exp(-eta))) ? 1.0F : 0.0F);
  }
  BoostedOptions options;
  options.rounds = rounds;
  options.depth = 6;
  options.row_share = options.column_share = 1;
  options.threads = 2;
  double mean = 0;
  for (const float v : y) mean += static_cast<double>(v);
  mean /= static_cast<double>(rows);
  std::vector<double> ours;
  std::vector<float> theirs;
  const auto alone = [&] {
    DMatrixHandle matrix = nullptr;
    BoosterHandle booster = nullptr;
    need(XGDMatrixCreateFromMat_omp(x.value.data(), rows, columns, std::nanf(""), &matrix, 2) == 0, "matrix");
    XGDMatrixSetFloatInfo(matrix, "label", y.data(), rows);
    need(XGBoosterCreate(&matrix, 1, &booster) == 0, "booster");
    char base[32];
    std::snprintf(base, sizeof base, "%.10g", mean);
    const char* settings[][2] = {{"tree_method", "hist"}, {"objective", "binary:logistic"}, {"max_depth", "6"}, {"eta", "0.05"}, {"subsample", "1"}, {"colsample_bytree", "1"},
                                 {"min_child_weight", "30"}, {"lambda", "5"}, {"seed", "1"}, {"nthread", "2"}, {"base_score", base}, {"verbosity", "0"}};
    for (const auto& setting : settings) XGBoosterSetParam(booster, setting[0], setting[1]);
    for (int round = 0; round < rounds; ++round) need(XGBoosterUpdateOneIter(booster, round, matrix) == 0, "round");
    bst_ulong size = 0;
    const float* result = nullptr;
    if (theirs.empty()) {
      XGBoosterPredict(booster, matrix, 0, 0, 0, &size, &result);
      theirs.assign(result, result + size);
    }
    XGBoosterFree(booster);
    XGDMatrixFree(matrix);
  };
  const auto with_us = [&] {
    auto trees = BoostedTrees::train(x, y, options);
    need(trees.has_value(), "training");
    if (ours.empty()) ours = *trees->predict(x);
  };
  alone();  // answers first, and warm
  with_us();
  double apart = 0;
  for (std::size_t i = 0; i < rows; ++i) apart = std::max(apart, std::fabs(ours[i] - static_cast<double>(theirs[i])));
  need(apart < 1e-6, "agreement of the two trainings");
  Seconds best_alone{1e9, 1e9}, best_ours{1e9, 1e9};
  for (int turn = 0; turn < 3; ++turn) {
    const auto a = timed(alone), b = timed(with_us);
    if (a.processor < best_alone.processor) best_alone = a;
    if (b.processor < best_ours.processor) best_ours = b;
  }
  std::printf("{\"rows\": %zu, \"columns\": %zu, \"rounds\": %d, \"largest_difference\": %.3g, \"alone_wall\": %.3f, \"alone_processor\": %.3f, \"ours_wall\": %.3f, \"ours_processor\": %.3f}\n", rows, columns, rounds, apart,
              best_alone.wall, best_alone.processor, best_ours.wall, best_ours.processor);
  return 0;
}

// A record of the volumes of three years, scattered at random over people and days, straight as its tables.
std::string record_sql(long people) {
  const auto events = [&](const char* table, double a_year, const std::string& columns, const std::string& values) {
    return std::string("CREATE TABLE ") + table + " AS SELECT hash(i * 7 + " + std::to_string(std::strlen(table)) + ") % " + std::to_string(people) + " AS person_key, " + columns + " FROM (SELECT i, DATE '2023-04-01' + (hash(i + 1000003) % 1096)::INTEGER AS day, hash(i * 31 + 5) AS h FROM range(" +
           std::to_string(static_cast<long>(a_year * 3 * static_cast<double>(people))) + ") r(i))" + values + ";\n";
  };
  std::string sql = "CREATE TABLE person AS SELECT i AS person_key, CASE WHEN i % 2 = 0 THEN 'M' ELSE 'F' END AS sex, DATE '1930-01-01' + (hash(i) % 33000)::INTEGER AS birth_month, (hash(i + 9) % 10 + 1)::INTEGER AS imd_decile, NULL::DATE AS date_of_death FROM range(" + std::to_string(people) + ") r(i);\n";
  sql += "CREATE TABLE registration_span AS SELECT i AS person_key, DATE '2010-01-01' AS starts_on, NULL::DATE AS ends_on, 'P' || (i % 40) AS practice FROM range(" + std::to_string(people) + ") r(i);\n";
  sql += events("hospital_spell", .37, "day AS admission_date, day + (h % 9)::INTEGER AS discharge_date, (h % 9)::INTEGER AS length_of_stay, CASE WHEN h % 5 < 2 THEN 'emergency' ELSE 'elective' END AS admission_type, h % 5 = 3 AS day_case, TRUE AS finished, FALSE AS died", "");
  sql += events("emergency_attendance", .44, "day AS arrival_date", "");
  sql += events("outpatient_attendance", 1.74, "day AS appointment_date, h % 10 <> 0 AS attended, h % 10 = 0 AS did_not_attend", "");
  sql += events("gp_contact", 8, "day AS contact_date", "");
  sql += events("prescription_item", 30, "day AS issue_date, (h % 2000)::BIGINT AS code_id, NULL::VARCHAR AS code, (h % 15)::SMALLINT AS bnf_chapter", "");
  sql += events("community_contact", 1.5, "day AS contact_date, TRUE AS attended", "");
  sql += events("mental_health_contact", .6, "day AS contact_date, TRUE AS attended", "");
  sql += events("care_package", .03, "day AS starts_on, NULL::DATE AS ends_on, 'Long Term Support: Community' AS service_type", "");
  sql += events("housing_event", .05, "day AS event_date, 'rent_arrears' AS event_type", "");
  sql += events("voluntary_contact", .05, "day AS contact_date", "");
  sql += events("condition", .6, "day AS recorded_on, ['asthma', 'diabetes', 'hypertension', 'copd', 'cancer'][(h % 5 + 1)::INTEGER] AS condition, 'general_practice' AS recorded_by, 22::SMALLINT AS source, i AS source_row, 0::BIGINT AS part", "");
  sql += "CREATE TABLE spell_diagnosis(source SMALLINT, episode_row BIGINT, position BIGINT, discharge_date DATE);\n";
  return sql;
}

int features(long people, unsigned threads) {
  const std::string folder = "/tmp/joinedup-feature-benchmark-" + std::to_string(people);
  need(std::system(("mkdir -p " + folder).c_str()) == 0, "folder");
  const std::string file = folder + "/record.duckdb", parquet = folder + "/events.parquet";
  std::remove(file.c_str());
  auto database = engine::Database::open(file, {.threads = threads, .memory_limit_mib = 8000, .temporary_folder = folder, .read_only = false});
  need(database.has_value(), "database");
  auto connection = database->connect();
  const auto made = connection->run(record_sql(people));
  if (!made) std::fprintf(stderr, "%s\n", made.error().text().c_str());
  need(made.has_value(), "record");
  const std::string all =
      "SELECT person_key, admission_date AS date, 0 AS kind FROM hospital_spell UNION ALL SELECT person_key, arrival_date, 1 FROM emergency_attendance UNION ALL SELECT person_key, appointment_date, 2 FROM outpatient_attendance "
      "UNION ALL SELECT person_key, contact_date, 3 FROM gp_contact UNION ALL SELECT person_key, issue_date, 4 FROM prescription_item UNION ALL SELECT person_key, contact_date, 5 FROM community_contact UNION ALL SELECT person_key, "
      "contact_date, 6 FROM mental_health_contact UNION ALL SELECT person_key, starts_on, 7 FROM care_package UNION ALL SELECT person_key, event_date, 8 FROM housing_event UNION ALL SELECT person_key, contact_date, 9 FROM voluntary_contact UNION ALL SELECT person_key, recorded_on, 10 FROM condition";
  need(connection->run("COPY (" + all + ") TO '" + parquet + "' (FORMAT parquet)").has_value(), "Parquet");
  const auto events = *connection->count("SELECT count(*) FROM read_parquet('" + parquet + "')");
  std::string bare = "SELECT count(*) FROM (SELECT person_key";
  for (int kind = 0; kind < 12; ++kind) bare += ", count(CASE WHEN kind = " + std::to_string(kind % 11) + " AND date >= DATE '" + (kind < 11 ? "2024-04-01" : "2025-01-01") + "' THEN 1 END) AS f" + std::to_string(kind);
  bare += " FROM read_parquet('" + parquet + "') GROUP BY person_key)";
  const auto ours = [&] {
    need(end_cohort(*connection).has_value(), "cohort");
    need(begin_cohort(*connection).has_value(), "cohort");
    need(add_people(*connection, *parse_iso_date("2026-04-01")).has_value(), "people");
    const auto written = write_features(*connection);
    if (!written) std::fprintf(stderr, "%s\n", written.error().text().c_str());
    need(written.has_value(), "features");
  };
  ours();
  need(*connection->count("SELECT sum(gp_contacts_12m)::BIGINT FROM risk_feature") == *connection->count("SELECT count(*) FROM read_parquet('" + parquet + "') WHERE kind = 3 AND date >= DATE '2025-04-01' AND date < DATE '2026-04-01'"), "agreement of counts");
  need(*connection->count("SELECT sum(prescription_items_12m)::BIGINT FROM risk_feature") == *connection->count("SELECT count(*) FROM read_parquet('" + parquet + "') WHERE kind = 4 AND date >= DATE '2025-04-01' AND date < DATE '2026-04-01'"), "agreement of counts");
  Seconds best_bare{1e9, 1e9}, best_ours{1e9, 1e9};
  for (int turn = 0; turn < 2; ++turn) {
    const auto a = timed([&] { need(connection->count(bare).has_value(), "group-by"); });
    const auto b = timed(ours);
    if (a.processor < best_bare.processor) best_bare = a;
    if (b.processor < best_ours.processor) best_ours = b;
  }
  std::printf("{\"people\": %ld, \"events\": %lld, \"bare_wall\": %.3f, \"bare_processor\": %.3f, \"ours_wall\": %.3f, \"ours_processor\": %.3f}\n", people, static_cast<long long>(events), best_bare.wall, best_bare.processor, best_ours.wall, best_ours.processor);
  return std::system(("rm -r " + folder).c_str()) == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  if (count == 5 && std::strcmp(words[1], "training") == 0) return training(std::strtoul(words[2], nullptr, 10), std::strtoul(words[3], nullptr, 10), std::atoi(words[4]));
  if (count == 4 && std::strcmp(words[1], "features") == 0) return features(std::atol(words[2]), static_cast<unsigned>(std::atoi(words[3])));
  std::fprintf(stderr, "risk_models_benchmark training ROWS COLUMNS ROUNDS | features PEOPLE THREADS\n");
  return 2;
}
