#include "refresh/refresh.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <optional>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "caseload/caseload.hpp"
#include "ingest/ingest.hpp"
#include "record/record.hpp"
#include "refresh/publish.hpp"
#include "refresh/report_inputs.hpp"
#include "refresh/risk_step.hpp"
#include "refresh/share_step.hpp"
#include "vault/vault.hpp"

namespace joinedup::refresh {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t versions_kept = 3;

std::string staging_file(const place::Place& place) { return place.path("vault/staging/staging.duckdb"); }

std::string run_name(std::uint64_t generation) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[48];
  std::snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ-%llu", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                utc.tm_min, utc.tm_sec, static_cast<unsigned long long>(generation));
  return text;
}

// Every published table, whichever room wrote it.
std::vector<record::RecordTable> published_tables() {
  auto tables = record::record_tables();
  tables.push_back({"case_objection", "one row per person and purpose objected to, of those in the warehouse", {"person_key", "purpose"}});
  tables.push_back({"case_withheld", "one row per objection by which people are neither in the warehouse nor looked for", {"excluded_because"}});
  for (auto& table : risk_tables()) tables.push_back(std::move(table));
  for (auto& table : caseload::caseload_tables()) tables.push_back(std::move(table));
  return tables;
}

// Names what a refresh depends on: extracts, settings, objections, prices, and this program. Equal prints: nothing to do.
Result<std::string> print_of_inputs(const place::Place& place, const std::vector<place::FeedSpec>& feeds) {
  JOINEDUP_TRY(std::string print, ingest::inputs_fingerprint(place.path("feeds"), feeds));
  std::error_code error;
  const auto add = [&](const std::string& path) {
    if (!fs::is_regular_file(path, error)) return;
    print += "|" + path + ":" + std::to_string(fs::file_size(path, error)) + ":" +
             std::to_string(fs::last_write_time(path, error).time_since_epoch().count());
  };
  for (const auto& file : {place.path("place.toml"), place.postcodes_file.empty() ? "" : place.path(place.postcodes_file),
                           place.objections_file.empty() ? "" : place.path(place.objections_file), std::string("/proc/self/exe")})
    add(file);
  std::vector<std::string> prices;
  for (const auto& entry : fs::directory_iterator(place.path("prices"), error)) prices.push_back(entry.path().string());
  std::sort(prices.begin(), prices.end());
  for (const auto& price : prices) add(price);
  print += "|" + vault::decisions_print(place);
  // Agreements and objections begin and end on days: a new day asks again only where there are any.
  if (!place.agreements.empty() || !place.objections_file.empty()) print += "|day " + std::to_string(std::time(nullptr) / 86400);
  Sha256 sum;
  sum.update(print);
  return sum.finish_hex();
}

// A refresh in progress: each step is a function, so that the order of things reads in refresh_place.
struct Run {
  const place::Place& place;
  const RefreshOptions& options;
  std::vector<place::FeedSpec> feeds;
  Findings findings;
  Status status;
  std::string folder, report_folder;
  std::string apart = {};  // the record built apart, not yet in place; empty: there is nobody in it
  std::map<std::string, FeedStatus> by_feed;
  std::optional<caseload::Found> found = {};  // whom this run found

  Result<void> ingest_extracts() {
    ingest::IngestOptions ingest_options;
    ingest_options.feeds_folder = place.path("feeds");
    ingest_options.staging_path = staging_file(place);
    ingest_options.temporary_folder = place.path("vault/staging");
    ingest_options.threads = options.threads;
    ingest_options.memory_limit_mib = place.memory_limit_mib;
    ingest_options.feeds = feeds;
    ingest_options.data_from = place.data_from;
    ingest_options.data_to = place.data_to;
    JOINEDUP_CHECK(make_folder(place.path("vault/staging"), FileMode::secret));
    JOINEDUP_TRY(const auto summary, ingest::ingest_feeds(ingest_options, findings));
    if (summary.refused.empty()) return {};
    std::string sentence = summary.refused.front();
    if (summary.refused.size() > 1) sentence += " (and " + std::to_string(summary.refused.size() - 1) + " more files)";
    return fail(ErrorCode::invalid_input, sentence + " Nothing was published; take the file out of the folder or replace it, and refresh again.", "feeds");
  }

  Result<engine::Database> open_warehouse() {
    engine::DatabaseOptions database;
    database.threads = options.threads;
    database.memory_limit_mib = place.memory_limit_mib ? place.memory_limit_mib : 6000;
    database.temporary_folder = place.path("vault/staging/spill");
    return engine::Database::open(folder + "/warehouse.duckdb", database);
  }

  Result<void> count_feeds(engine::Connection& connection, const vault::Withheld& withheld) {
    JOINEDUP_TRY(const auto files, connection.query("SELECT feed, sum(rows_in)::BIGINT, sum(rows_kept)::BIGINT, sum(rows_rejected)::BIGINT "
                                                    "FROM staging.main.feed_file WHERE state = 'live' GROUP BY feed ORDER BY feed"));
    for (std::size_t i = 0; i < files.rows.size(); ++i) {
      auto& feed = by_feed[files.rows[i][0]];
      feed.feed = files.rows[i][0];
      feed.rows_in = static_cast<std::uint64_t>(files.integer(i, 1));
      feed.rows_kept = static_cast<std::uint64_t>(files.integer(i, 2));
      feed.rows_rejected = static_cast<std::uint64_t>(files.integer(i, 3));
    }
    for (const auto& [name, rows] : withheld.rows_by_feed) {
      if (rows == 0) continue;
      by_feed[name].rows_kept -= rows;
      by_feed[name].rows_withheld += rows;
    }
    for (const auto& [name, rows] : withheld.unknown_by_feed) {
      by_feed[name].rows_kept -= rows;
      by_feed[name].rows_rejected += rows;
      findings.add({.severity = Severity::rejected, .category = QualityCategory::conformance, .feed = name, .field = "person", .rule = "person.nobody_described"});
      unknown_rows[name] = rows;
    }
    JOINEDUP_TRY(const auto inputs, connection.query("SELECT file, sha256 FROM staging.main.feed_file ORDER BY file"));
    for (const auto& row : inputs.rows) status.inputs.push_back({row[0], row[1]});
    return {};
  }

  // Each table's rows as CSV in key order, and the SHA-256 of exactly those bytes; tables are shared out to the threads.
  Result<void> sum_tables(engine::Database& database) {
    const auto tables = published_tables();
    status.tables.resize(tables.size());
    // The largest first, so that the last to end is a small one.
    std::vector<std::pair<std::int64_t, std::size_t>> order;
    {
      JOINEDUP_TRY(auto connection, database.connect());
      for (std::size_t i = 0; i < tables.size(); ++i) {
        JOINEDUP_TRY(const auto rows, connection.count("SELECT count(*) FROM main." + engine::sql_name(tables[i].name)));
        order.emplace_back(-rows, i);
      }
    }
    std::sort(order.begin(), order.end());
    Progress progress("Summing the tables", tables.size());
    JOINEDUP_CHECK(parallel_for(tables.size(), options.threads, [&](std::size_t nth) -> Result<void> {
      const std::size_t i = order[nth].second;
      JOINEDUP_TRY(auto connection, database.connect());
      JOINEDUP_TRY(const auto sum, engine::csv_sum_in_key_order(connection, {"main." + engine::sql_name(tables[i].name), tables[i].key}));
      status.tables[i] = {tables[i].name, sum.rows, sum.sha256};
      progress.advance(1);
      return {};
    }));
    progress.done();
    return {};
  }

  static std::string table_sql(const record::RecordTable& table) {
    std::string order;
    for (const auto& column : table.key) order += (order.empty() ? "" : ", ") + engine::sql_name(column) + " NULLS FIRST";
    return "SELECT * FROM main." + engine::sql_name(table.name) + " ORDER BY " + order;
  }

  void take_reconciliation(const record::Reconciliation& check) {
    status.reconciled = check.reconciled;
    for (const auto& setting : check.settings) status.cost_pence.emplace_back(setting.setting, setting.activity_pence);
    for (const auto& sentence : check.differences) status.not_reconciled_because += (status.not_reconciled_because.empty() ? "" : " ") + sentence;
    for (const auto& [name, feed] : by_feed) {
      status.feeds.push_back(feed);
      if (feed.rows_in == feed.rows_kept + feed.rows_rejected + feed.rows_withheld) continue;
      status.reconciled = false;
      status.not_reconciled_because += " Feed " + name + ": rows in are not rows kept, rejected and withheld together.";
    }
  }

  std::string over_limit() const {
    for (const auto& feed : status.feeds)
      if (feed.rows_in && 100.0 * static_cast<double>(feed.rows_rejected) > place.rejected_percent * static_cast<double>(feed.rows_in)) return feed.feed;
    return {};
  }

  std::map<std::string, std::uint64_t> unknown_rows;
};

Result<void> sync_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::unexpected(system_error("The file cannot be opened", path));
  const bool good = ::fsync(file) == 0;
  const auto error = good ? Error{} : system_error("The file cannot be made durable", path);
  ::close(file);
  if (!good) return tl::unexpected(error);
  return {};
}

// Segments, and whom to offer care next: tables of the warehouse, and a page of the report. A place without teams has segments only.
Result<std::optional<caseload::Found>> find_people(engine::Connection& connection, const place::Place& place, const vault::Withheld& withheld) {
  JOINEDUP_CHECK(connection.run("CREATE TABLE case_objection AS SELECT DISTINCT person_key, purpose FROM door.main.person_objection ORDER BY person_key, purpose"));
  JOINEDUP_CHECK(connection.run("CREATE TABLE case_withheld(excluded_because VARCHAR, people BIGINT)"));
  for (const auto& [purpose, people] : withheld.never_found)
    JOINEDUP_CHECK(connection.run("INSERT INTO case_withheld VALUES (" + engine::sql_text("objects_to_" + purpose) + ", " + std::to_string(people) + ")"));
  JOINEDUP_CHECK(caseload::write_segments(connection, place));
  if (place.teams.empty()) {
    JOINEDUP_CHECK(caseload::write_no_candidates(connection));
    return std::optional<caseload::Found>{};
  }
  JOINEDUP_TRY(const auto basis, caseload::write_candidates(connection, place, place.data_to));
  JOINEDUP_TRY(const auto current, caseload::Store::current_of(place));
  JOINEDUP_TRY(auto found, caseload::make_lists(connection, place, basis, current, {.random = {}, .explained = caseload::Explained::offered}));
  return std::optional<caseload::Found>(std::move(found));
}

// Seconds of each part of the record on stderr, for whoever tunes it.
void show_steps(const record::RecordSummary& summary) {
  if (!std::getenv("JOINEDUP_TIMINGS")) return;
  for (const auto& step : summary.steps) std::fprintf(stderr, "  %-40s %6.2f s\n", step.file.c_str(), step.seconds);
}

// People whom a national data opt-out keeps out of the warehouse may be found for their own direct care: their record is built
// apart, inside the vault, for `joinedup cases` only. No report and no table of the warehouse reads it.
Result<void> build_apart(Run& run, vault::Vault& vault) {
  const std::string file = run.place.path("vault/case_finding.duckdb");
  run.apart = file + ".new";
  std::error_code ignored;
  for (const auto& old : {run.apart, run.apart + ".wal"}) fs::remove(old, ignored);
  std::uint64_t people = 0;
  {
    engine::DatabaseOptions options;
    options.threads = run.options.threads;
    options.memory_limit_mib = run.place.memory_limit_mib ? run.place.memory_limit_mib : 6000;
    options.temporary_folder = run.place.path("vault/staging/spill");
    JOINEDUP_TRY(auto database, engine::Database::open("", options));
    JOINEDUP_TRY(auto connection, database.connect());
    JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(staging_file(run.place)) + " AS staging (READ_ONLY)"));
    JOINEDUP_TRY(people, vault.open_case_finding_door(connection, run.feeds));
    if (people > 0) {
      Progress building("Building the record of those with an opt-out, apart");
      JOINEDUP_CHECK(write_file(run.apart, "", FileMode::secret));
      fs::remove(run.apart, ignored);
      JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(run.apart) + " AS apart; USE apart"));
      ::chmod(run.apart.c_str(), 0600);
      record::RecordOptions record_options;
      record_options.price_folder = run.place.path("prices");
      record_options.threads = run.options.threads;
      JOINEDUP_TRY(const auto summary, record::build_record(connection, record_options));
      static_cast<void>(summary);
      JOINEDUP_TRY(const auto blurred, vault.blur_birth_dates(connection, "apart"));
      static_cast<void>(blurred);
      JOINEDUP_CHECK(connection.run("CREATE TABLE case_objection AS SELECT DISTINCT person_key, purpose FROM door.main.person_objection ORDER BY person_key, purpose;"
                                    "DETACH door; DETACH staging; CHECKPOINT apart; USE memory; DETACH apart"));
      building.done(with_commas(static_cast<std::int64_t>(people)) + " people");
    }
  }
  if (people == 0) run.apart.clear();
  return {};
}

// Puts the record built apart in place, or takes an old one away.
Result<void> publish_apart(const Run& run) {
  const std::string file = run.place.path("vault/case_finding.duckdb");
  std::error_code error;
  if (run.apart.empty()) fs::remove(file, error);
  else fs::rename(run.apart, file, error);
  if (error) return fail(ErrorCode::unavailable, "The record for finding people with an opt-out cannot be put in place: " + error.message() + ".", file);
  return {};
}

Result<void> build_warehouse(Run& run, vault::Vault& vault) {
  JOINEDUP_TRY(auto database, run.open_warehouse());
  {
    JOINEDUP_TRY(auto connection, database.connect());
    JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(staging_file(run.place)) + " AS staging (READ_ONLY)"));
    Progress linking("Linking people");
    JOINEDUP_TRY(const auto linked, vault.link(connection, run.feeds, run.options.threads));
    JOINEDUP_TRY(const auto withheld, vault.open_door(connection, run.feeds));
    vault.begin_commit();
    linking.done(with_commas(static_cast<std::int64_t>(linked.people)) + " people");
    run.status.people = linked.people;
    run.status.vault_generation = linked.generation;
    for (const auto& step : linked.steps) run.status.linkage.push_back({step.feed, step.step, step.identities, step.rows});
    const auto& model = linked.probabilistic;
    run.status.linkage_model = {model.threshold_weight, model.expected_precision, model.left_over, model.joins, model.clerical_joins,
                                model.refused, model.review_pairs, model.contradicted_decisions, model.note};
    JOINEDUP_CHECK(run.count_feeds(connection, withheld));
    JOINEDUP_CHECK(connection.run("USE warehouse"));
    Progress building("Building the record");
    record::RecordOptions options;
    options.price_folder = run.place.path("prices");
    options.threads = run.options.threads;
    JOINEDUP_TRY(const auto summary, record::build_record(connection, options));
    show_steps(summary);
    const auto built = std::chrono::steady_clock::now();
    JOINEDUP_TRY(const auto blurred, vault.blur_birth_dates(connection, "warehouse"));
    static_cast<void>(blurred);
    const auto clean = std::chrono::steady_clock::now();
    JOINEDUP_TRY(const auto check, record::reconcile(connection));
    if (std::getenv("JOINEDUP_TIMINGS"))
      std::fprintf(stderr, "  birth dates %.2f s, reconciling %.2f s\n", std::chrono::duration<double>(clean - built).count(),
                   std::chrono::duration<double>(std::chrono::steady_clock::now() - clean).count());
    run.take_reconciliation(check);
    building.done(std::to_string(summary.tables.size()) + " tables");
    RiskStep risk_step{run.place.path("models"), run.place.data_from, run.place.data_to, run.options.threads, run.options.train};
    JOINEDUP_CHECK(score_people(connection, risk_step));
    Progress finding("Finding people");
    JOINEDUP_TRY(const auto found, find_people(connection, run.place, withheld));
    finding.done(found ? with_commas(static_cast<std::int64_t>(found->cases.size())) + " on lists or waiting" : "segments only: no teams");
    Progress reporting("Writing the report");
    JOINEDUP_TRY(auto inputs, report_inputs(connection, run.status, run.findings, run.unknown_rows, run.feeds, run.place));
    if (found) {
      JOINEDUP_CHECK(caseload::write_case_page(connection, run.place, *found, run.status.run, run.report_folder));
      inputs.pages.push_back({"cases.html", "Segments and case finding"});
    }
    JOINEDUP_CHECK(write_risk_page(connection, risk_step, run.place.name, run.report_folder));
    inputs.pages.push_back({"risk.html", "Risk models and drift"});
    JOINEDUP_CHECK(write_place_report(connection, inputs, run.place, run.status.run, run.report_folder));
    reporting.done();
    JOINEDUP_CHECK(connection.run("DETACH door; DETACH staging; CHECKPOINT warehouse"));
  }
  return run.sum_tables(database);
}

Result<void> forget_staging_spill(const place::Place& place) {
  std::error_code ignored;
  fs::remove_all(place.path("vault/staging/spill"), ignored);
  return {};
}

Result<RefreshOutcome> make_and_publish(Run& run, const std::string& print) {
  JOINEDUP_CHECK(run.ingest_extracts());
  JOINEDUP_TRY(auto vault, vault::Vault::open(run.place));
  const std::string name = run_name(vault.generation() + 1);
  run.status.run = name;
  JOINEDUP_TRY(run.folder, begin_version(run.place.path("warehouse"), name));
  JOINEDUP_TRY(run.report_folder, begin_version(run.place.path("reports"), name));
  JOINEDUP_CHECK(build_warehouse(run, vault));
  JOINEDUP_CHECK(build_apart(run, vault));
  JOINEDUP_CHECK(write_file(run.folder + "/status.json", status_json(run.status, {})));
  JOINEDUP_CHECK(write_file(run.folder + "/manifest.json", manifest_json(run.status)));
  JOINEDUP_CHECK(write_file(run.folder + "/inputs.print", print));
  JOINEDUP_CHECK(sync_file(run.folder + "/warehouse.duckdb"));
  // The vault first: if we are killed between the two, its decisions are found again by the next run, and give the same keys.
  JOINEDUP_CHECK(vault.commit());
  JOINEDUP_CHECK(publish_apart(run));
  JOINEDUP_CHECK(publish_version(run.place.path("reports"), name, versions_kept));
  JOINEDUP_CHECK(publish_version(run.place.path("warehouse"), name, versions_kept));
  RefreshOutcome outcome;
  outcome.report = run.place.path("reports/current/index.html");
  outcome.most_rejected = run.over_limit();
  outcome.status = std::move(run.status);
  return outcome;
}

}  // namespace

Result<RefreshOutcome> refresh_place(const place::Place& place, const RefreshOptions& options) {
  JOINEDUP_TRY(const auto lock, lock_place(place));
  Run run{place, options, {}, Findings{}, {}, {}, {}, {}, {}};
  JOINEDUP_TRY(run.feeds, place::shipped_feeds());
  JOINEDUP_TRY(const auto team_written, care_door::export_team_written(place));
  static_cast<void>(team_written);
  JOINEDUP_TRY(const auto print, print_of_inputs(place, run.feeds));
  if (options.unchanged == Unchanged::skip && options.train == TrainModels::if_missing) {
    const auto published = read_file(place.path("warehouse/current/inputs.print"));
    if (published && *published == print) {
      RefreshOutcome outcome;
      JOINEDUP_TRY(outcome.status, published_status(place));
      outcome.was_unchanged = true;
      outcome.report = place.path("reports/current/index.html");
      run.status = outcome.status;
      outcome.most_rejected = run.over_limit();
      JOINEDUP_TRY(outcome.shared, share_for_care(place, run.feeds, run.found, print, options.threads));
      JOINEDUP_TRY(outcome.status.shared_record, care_door::last_shared_json(place));
      return outcome;
    }
  }
  auto outcome = make_and_publish(run, print);
  JOINEDUP_CHECK(forget_staging_spill(place));
  if (!outcome) {
    drop_version(run.folder);
    drop_version(run.report_folder);
    return outcome;
  }
  JOINEDUP_TRY(outcome->shared, share_for_care(place, run.feeds, run.found, print, options.threads));
  JOINEDUP_TRY(outcome->status.shared_record, care_door::last_shared_json(place));
  return outcome;
}

Result<void> write_table(const place::Place& place, const std::string& table, const std::function<Result<void>(std::string_view)>& sink) {
  auto tables = published_tables();
  tables.push_back({"person_segment", "one row per person and month", {"person_key", "month"}});  // a view: not summed
  const auto found = std::find_if(tables.begin(), tables.end(), [&](const auto& item) { return item.name == table; });
  if (found == tables.end()) {
    std::string names;
    for (const auto& item : tables) names += (names.empty() ? "" : ", ") + item.name;
    return fail(ErrorCode::not_found, "There is no table \"" + table + "\"; there are " + names + ".");
  }
  const std::string file = place.path("warehouse/current/warehouse.duckdb");
  if (!fs::exists(file)) return fail(ErrorCode::not_found, "Nothing has been published here yet; `joinedup refresh` does it.", file);
  JOINEDUP_TRY(auto database, engine::Database::open(file, {.threads = 2, .read_only = true}));
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_TRY(const auto columns, connection.query("SELECT column_name FROM information_schema.columns WHERE table_name = " +
                                                    engine::sql_text(table) + " AND table_schema = 'main' ORDER BY ordinal_position"));
  std::string header;
  for (const auto& row : columns.rows) header += (header.empty() ? "" : ",") + csv_field(row[0]);
  JOINEDUP_CHECK(sink(header + "\n"));
  JOINEDUP_TRY(const auto rows, engine::write_csv(connection, Run::table_sql(*found), sink));
  static_cast<void>(rows);
  return {};
}

Result<std::string> export_links(const place::Place& place, unsigned threads) {
  JOINEDUP_TRY(const auto lock, lock_place(place));
  if (!fs::exists(staging_file(place)))
    return fail(ErrorCode::not_found, "Nothing has been staged here yet; `joinedup refresh` does it.", staging_file(place));
  JOINEDUP_TRY(const auto feeds, place::shipped_feeds());
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = threads}));
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(staging_file(place)) + " AS staging (READ_ONLY)"));
  JOINEDUP_TRY(auto vault, vault::Vault::open(place));
  JOINEDUP_TRY(const auto report, vault.link(connection, feeds, threads));
  static_cast<void>(report);
  const std::string file = place.path("vault/links.csv");
  JOINEDUP_CHECK(write_file(file, "", FileMode::secret));
  JOINEDUP_CHECK(vault.export_links(connection, feeds, file));
  return file;
}

}  // namespace joinedup::refresh
