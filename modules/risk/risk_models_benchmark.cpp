// risk_models_benchmark training ROWS COLUMNS ROUNDS: our training beside XGBoost's C interface alone, on one matrix.
// risk_models_benchmark features PEOPLE THREADS FOLDER: the feature step beside a bare group-by of twelve counts over the same
// Parquet, which is made in FOLDER where it is not there.
// Answers are compared first. Prints one JSON object.
#include <sys/resource.h>
#include <xgboost/c_api.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>

#include "base/hash.hpp"
#include "base/processor_time.hpp"
#include "base/random.hpp"
#include "risk/boosted.hpp"
#include "risk/features.hpp"
#include "risk/learner.hpp"

namespace {
using namespace joinedup;
using namespace joinedup::risk;

struct Seconds {
  double wall = 0, processor = 0;
};
Seconds timed(const std::function<void()>& work) {
  const auto wall = std::chrono::steady_clock::now();
  const double processor = processor_seconds();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count(), processor_seconds() - processor};
}

Seconds lesser(Seconds a, Seconds b) { return b.wall < a.wall ? b : a; }

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
  options.threads = 1;  // as a place's models are trained, each on a thread of its own
  double mean = 0;
  for (const float v : y) mean += static_cast<double>(v);
  mean /= static_cast<double>(rows);
  std::vector<double> ours;
  std::vector<float> theirs;
  const auto alone = [&] {
    DMatrixHandle matrix = nullptr;
    BoosterHandle booster = nullptr;
    need(XGDMatrixCreateFromMat_omp(x.value.data(), rows, columns, std::nanf(""), &matrix, 1) == 0, "matrix");
    XGDMatrixSetFloatInfo(matrix, "label", y.data(), rows);
    need(XGBoosterCreate(&matrix, 1, &booster) == 0, "booster");
    char base[32];
    std::snprintf(base, sizeof base, "%.10g", mean);
    const char* settings[][2] = {{"tree_method", "hist"}, {"objective", "binary:logistic"}, {"max_depth", "6"}, {"eta", "0.05"}, {"subsample", "1"}, {"colsample_bytree", "1"},
                                 {"min_child_weight", "30"}, {"lambda", "5"}, {"seed", "1"}, {"nthread", "1"}, {"base_score", base}, {"verbosity", "0"}};
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
  for (int turn = 0; turn < 2; ++turn) {
    best_alone = lesser(best_alone, timed(alone));
    best_ours = lesser(best_ours, timed(with_us));
  }
  // What a model of the place does more: it is recalibrated on people held back, scores everybody and explains those shown.
  std::vector<std::uint64_t> person(rows);
  for (std::size_t i = 0; i < rows; ++i) person[i] = mix64(i);
  LearnerOptions learn;
  learn.boosted = options;
  std::optional<Learner> learner;
  const auto learner_time = timed([&] {
    auto trained = Learner::train(x, y, person, learn);
    need(trained.has_value(), "learner");
    learner.emplace(std::move(*trained));
  });
  const std::size_t shown = rows / 50;
  std::vector<std::uint32_t> first(shown);
  for (std::size_t i = 0; i < shown; ++i) first[i] = static_cast<std::uint32_t>(i * 50);
  const auto predict_time = timed([&] { need(learner->predict(x).has_value(), "prediction"); });
  const auto shown_time = timed([&] { need(learner->contributions(take_rows(x, first)).has_value(), "explanation"); });
  std::printf("{\"learner_wall\": %.3f, \"predict_wall\": %.3f, \"shown\": %zu, \"explained_shown_wall\": %.3f, \"learner_processor\": %.3f, \"predict_processor\": %.4f, \"explained_shown_processor\": %.4f, ", learner_time.wall, predict_time.wall, shown, shown_time.wall, learner_time.processor,
              predict_time.processor, shown_time.processor);
  std::printf("\"rows\": %zu, \"columns\": %zu, \"rounds\": %d, \"largest_difference\": %.3g, \"alone_wall\": %.3f, \"alone_processor\": %.3f, \"ours_wall\": %.3f, \"ours_processor\": %.3f}\n", rows, columns, rounds, apart,
              best_alone.wall, best_alone.processor, best_ours.wall, best_ours.processor);
  return 0;
}

// A record of the volumes of three years in the shapes of the warehouse's own tables, one Parquet file a table, rows in the
// order of their source row: people and days scattered at random over it, which is the hardest order to group by person.
struct EventTable {
  const char* name;
  double a_year;  // rows a person
  const char* date;
  const char* columns;  // beside person_key, source and source_row; `day` and the random number h may be used
};
constexpr EventTable event_tables[] = {
    {"hospital_spell", .37, "admission_date",
     "'RXX' AS provider, day AS admission_date, day + (h % 9)::INTEGER AS discharge_date, TRUE AS finished, (h % 9)::INTEGER AS length_of_stay, CASE WHEN h % 5 < 2 THEN 'emergency' ELSE 'elective' END AS admission_type, "
     "FALSE AS died, h % 5 = 3 AS day_case, 'P' || (h % 40) AS practice, (h % 400000)::BIGINT AS cost_pence, FALSE AS cost_defaulted, TRUE AS in_period"},
    {"emergency_attendance", .44, "arrival_date", "'RXX' AS provider, day AS arrival_date, '01' AS department_type, (h % 30000)::BIGINT AS cost_pence, FALSE AS cost_defaulted, TRUE AS in_period"},
    {"outpatient_attendance", 1.74, "appointment_date",
     "'RXX' AS provider, day AS appointment_date, h % 10 <> 0 AS attended, h % 10 = 0 AS did_not_attend, (h % 20000)::BIGINT AS cost_pence, FALSE AS cost_defaulted, TRUE AS in_period"},
    {"gp_contact", 8, "contact_date", "day AS contact_date, 'GP surgery' AS consultation_type, 'GP' AS worker, 10 AS minutes, (h % 4000)::BIGINT AS cost_pence, TRUE AS cost_defaulted, TRUE AS in_period"},
    {"prescription_item", 30, "issue_date",
     "day AS issue_date, (h % 2000)::BIGINT AS code_id, NULL::VARCHAR AS code, NULL::VARCHAR AS code_system, (h % 15)::SMALLINT AS bnf_chapter, (h % 56)::DOUBLE AS quantity, (h % 3000)::BIGINT AS cost_pence, "
     "FALSE AS cost_defaulted, TRUE AS in_period"},
    {"community_contact", 1.5, "contact_date", "day AS contact_date, h % 12 <> 0 AS attended, (h % 6000)::BIGINT AS cost_pence, TRUE AS cost_defaulted, TRUE AS in_period"},
    {"mental_health_contact", .6, "contact_date", "day AS contact_date, h % 9 <> 0 AS attended, (h % 6000)::BIGINT AS cost_pence, TRUE AS cost_defaulted, TRUE AS in_period"},
    {"care_package", .03, "starts_on",
     "day AS starts_on, CASE WHEN h % 3 = 0 THEN day + (h % 400)::INTEGER END AS ends_on, ['Long Term Support: Community', 'Long Term Support: Residential', 'Long Term Support: Nursing', 'Short Term Support: Ongoing'][(h % 4 + 1)::INTEGER] AS service_type"},
    {"housing_event", .05, "event_date", "day AS event_date, ['rent_arrears', 'repair_damp', 'homelessness_application'][(h % 3 + 1)::INTEGER] AS event_type"},
    {"voluntary_contact", .05, "contact_date", "day AS contact_date"},
    {"condition", .6, "recorded_on", "day AS recorded_on, ['asthma', 'diabetes', 'hypertension', 'copd', 'cancer'][(h % 5 + 1)::INTEGER] AS condition, CASE WHEN h % 4 = 0 THEN 'hospital' ELSE 'general_practice' END AS recorded_by, 0::BIGINT AS part"}};

void run(engine::Connection& connection, const std::string& sql) {
  const auto done = connection.run(sql);
  if (!done) std::fprintf(stderr, "%s\n", done.error().text().c_str());
  need(done.has_value(), "a step");
}

// Draws that depend on nothing but a row's number; `t` sets tables apart.
void write_record(engine::Connection& connection, const std::string& folder, long people) {
  long t = 0;
  for (const auto& table : event_tables) {
    const auto rows = static_cast<long>(table.a_year * 3 * static_cast<double>(people));
    const auto draw = [&](int which) { return "hash(i * 64 + " + std::to_string(which) + ", " + std::to_string(t) + ")"; };
    run(connection, std::string("COPY (SELECT (") + draw(1) + " % " + std::to_string(people) + ")::BIGINT AS person_key, " + std::to_string(t) + "::SMALLINT AS source, i AS source_row, " + table.columns +
                        " FROM (SELECT i, DATE '2023-04-01' + (" + draw(2) + " % 1096)::INTEGER AS day, " + draw(3) + " AS h FROM range(" + std::to_string(rows) + ") r(i))) TO '" + folder + "/" +
                        table.name + ".parquet' (FORMAT parquet)");
    ++t;
  }
  run(connection, "COPY (SELECT i AS person_key, CASE WHEN i % 2 = 0 THEN 'M' ELSE 'F' END AS sex, DATE '1930-01-01' + (hash(i) % 33000)::INTEGER AS birth_month, (hash(i + 9) % 10 + 1)::INTEGER AS imd_decile, "
                  "CASE WHEN hash(i + 5) % 90 = 0 THEN DATE '2025-01-01' + (hash(i + 6) % 800)::INTEGER END AS date_of_death FROM range(" + std::to_string(people) + ") r(i)) TO '" + folder + "/person.parquet' (FORMAT parquet)");
  run(connection, "COPY (SELECT i AS person_key, 'P' || (i % 40) AS practice, DATE '2010-01-01' AS starts_on, NULL::DATE AS ends_on FROM range(" + std::to_string(people) + ") r(i)) TO '" + folder +
                      "/registration_span.parquet' (FORMAT parquet)");
  run(connection, "COPY (SELECT source, source_row AS episode_row, part AS position, recorded_on + (person_key % 9)::INTEGER AS discharge_date FROM read_parquet('" + folder + "/condition.parquet') WHERE recorded_by = 'hospital') TO '" + folder +
                      "/spell_diagnosis.parquet' (FORMAT parquet)");
  std::string all;
  int kind = 0;
  for (const auto& table : event_tables)
    all += std::string(all.empty() ? "" : " UNION ALL ") + "SELECT person_key, " + table.date + " AS date, " + std::to_string(kind++) + "::TINYINT AS kind FROM read_parquet('" + folder + "/" + table.name + ".parquet')";
  run(connection, "COPY (" + all + ") TO '" + folder + "/narrow_events.parquet' (FORMAT parquet)");
}

// What each figure must be, straight from its words, one person at a time on the right-hand side.
constexpr std::pair<const char*, const char*> checks[] = {
    {"gp_contacts_12m", "count(*) FROM gp_contact WHERE contact_date BETWEEN DATE '2025-04-01' AND DATE '2026-03-31'"},
    {"gp_contacts_3m", "count(*) FROM gp_contact WHERE contact_date BETWEEN DATE '2026-01-01' AND DATE '2026-03-31'"},
    {"prescription_items_12m", "count(*) FROM prescription_item WHERE issue_date BETWEEN DATE '2025-04-01' AND DATE '2026-03-31'"},
    {"medicines_3m", "count(DISTINCT code_id) FROM prescription_item WHERE issue_date BETWEEN DATE '2026-01-01' AND DATE '2026-03-31'"},
    {"bnf_chapters_12m", "count(DISTINCT bnf_chapter) FROM prescription_item WHERE issue_date BETWEEN DATE '2025-04-01' AND DATE '2026-03-31'"},
    {"emergency_admissions_12m", "count(*) FROM hospital_spell WHERE admission_type = 'emergency' AND admission_date BETWEEN DATE '2025-04-01' AND DATE '2026-03-31'"},
    {"bed_days_12m", "sum(length_of_stay) FROM hospital_spell WHERE admission_date BETWEEN DATE '2025-04-01' AND DATE '2026-03-31' AND discharge_date < DATE '2026-04-01'"},
    {"community_contacts_12m", "count(*) FROM community_contact WHERE attended AND contact_date BETWEEN DATE '2025-04-01' AND DATE '2026-03-31'"},
    {"rent_arrears_12m", "count(*) FROM housing_event WHERE event_type = 'rent_arrears' AND event_date BETWEEN DATE '2025-04-01' AND DATE '2026-03-31'"},
    {"conditions", "count(DISTINCT condition) FROM condition c WHERE recorded_on < DATE '2026-04-01' AND (recorded_by <> 'hospital' OR recorded_on + (person_key % 9)::INTEGER < DATE '2026-04-01')"}};

double peak_mib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1024;
}

int features(long people, unsigned threads, const std::string& folder) {
  need(std::system(("mkdir -p '" + folder + "'").c_str()) == 0, "folder");
  auto database = engine::Database::open("", {.threads = threads, .memory_limit_mib = 8000, .temporary_folder = folder, .read_only = false});
  need(database.has_value(), "database");
  auto connection = database->connect();
  const std::string whole = folder + "/whole-" + std::to_string(people);
  if (std::FILE* there = std::fopen(whole.c_str(), "r")) std::fclose(there);
  else {
    write_record(*connection, folder, people);
    need(std::system(("touch '" + whole + "'").c_str()) == 0, "mark");
  }
  std::string tables = "CREATE VIEW person AS SELECT * FROM read_parquet('" + folder + "/person.parquet');\nCREATE VIEW registration_span AS SELECT * FROM read_parquet('" + folder +
                       "/registration_span.parquet');\nCREATE VIEW spell_diagnosis AS SELECT * FROM read_parquet('" + folder + "/spell_diagnosis.parquet');\n";
  std::string all;
  int kinds = 0;
  for (const auto& table : event_tables) {
    tables += std::string("CREATE VIEW ") + table.name + " AS SELECT * FROM read_parquet('" + folder + "/" + table.name + ".parquet');\n";
    all += std::string(all.empty() ? "" : " UNION ALL ") + "SELECT person_key, " + table.date + " AS date, " + std::to_string(kinds++) + "::TINYINT AS kind FROM " + table.name;
  }
  run(*connection, tables);
  const std::string narrow = "SELECT * FROM read_parquet('" + folder + "/narrow_events.parquet')";
  const auto events = *connection->count("SELECT count(*) FROM (" + narrow + ")");
  // Twelve counts by person: each kind of event in the last two years, and all in the last.
  const auto bare = [&](const std::string& from) {
    std::string sql = "CREATE OR REPLACE TABLE bare AS SELECT person_key";
    for (int kind = 0; kind < kinds; ++kind) sql += ", count(CASE WHEN kind = " + std::to_string(kind) + " AND date >= DATE '2024-04-01' THEN 1 END) AS f" + std::to_string(kind);
    return sql + ", count(CASE WHEN date >= DATE '2025-04-01' THEN 1 END) AS f11 FROM (" + from + ") GROUP BY person_key";
  };
  const auto ours = [&] {
    need(end_cohort(*connection).has_value(), "cohort");
    need(begin_cohort(*connection).has_value(), "cohort");
    need(add_people(*connection, *parse_iso_date("2026-04-01")).has_value(), "people");
    const auto written = write_features(*connection);
    if (!written) std::fprintf(stderr, "%s\n", written.error().text().c_str());
    need(written.has_value(), "features");
  };
  ours();
  const double peak_ours = peak_mib();
  for (const auto& [name, words] : checks) {
    const std::string straight(words);
    const auto at = straight.find(" FROM ");
    const auto wrong = *connection->count("SELECT count(*) FROM risk_feature f LEFT JOIN (SELECT person_key, (" + straight.substr(0, at) + ")::BIGINT AS n" + straight.substr(at) + " GROUP BY person_key) s ON s.person_key = f.person_key WHERE f." + name +
                                          " <> coalesce(s.n, 0)");
    if (wrong != 0) std::fprintf(stderr, "%s differs for %lld people\n", name, static_cast<long long>(wrong));
    need(wrong == 0, "agreement of features with their words");
  }
  // Once each: all files have been read by now, and each takes long enough.
  const auto best_narrow = timed([&] { run(*connection, bare(narrow)); });
  const auto best_tables = timed([&] { run(*connection, bare(all)); });
  const auto best_ours = timed(ours);
  const auto best_read = timed([&] { need(read_features(*connection, WithOutcomes::no).has_value(), "reading"); });
  const auto counted = *connection->count("SELECT count(*) FROM risk_feature");
  std::printf("{\"people\": %ld, \"people_described\": %lld, \"events\": %lld, \"threads\": %u, \"figures_compared\": %zu, \"bare_narrow_wall\": %.3f, \"bare_narrow_processor\": %.3f, \"bare_tables_wall\": %.3f, "
              "\"bare_tables_processor\": %.3f, \"ours_wall\": %.3f, \"ours_processor\": %.3f, \"read_wall\": %.3f, \"read_processor\": %.3f, \"peak_mib\": %.0f}\n",
              people, static_cast<long long>(counted), static_cast<long long>(events), threads, std::size(checks), best_narrow.wall, best_narrow.processor, best_tables.wall, best_tables.processor, best_ours.wall,
              best_ours.processor, best_read.wall, best_read.processor, peak_ours);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count == 5 && std::strcmp(words[1], "training") == 0) return training(std::strtoul(words[2], nullptr, 10), std::strtoul(words[3], nullptr, 10), std::atoi(words[4]));
  if (count == 5 && std::strcmp(words[1], "features") == 0) return features(std::atol(words[2]), static_cast<unsigned>(std::atoi(words[3])), words[4]);
  std::fprintf(stderr, "risk_models_benchmark training ROWS COLUMNS ROUNDS | features PEOPLE THREADS FOLDER\n");
  return 2;
}
