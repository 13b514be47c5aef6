#include "ingest/ingest.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/progress.hpp"
#include "ingest/quality.hpp"
#include "ingest/table_writer.hpp"

namespace joinedup::ingest {
namespace {

constexpr const char* fixed_tables = R"(
CREATE TABLE identity_record(identity_key BIGINT, feed VARCHAR, staged_table VARCHAR, nhs_number BIGINT, nhs_status VARCHAR,
  nhs_pseudonym VARCHAR, birth_date DATE, birth_year INTEGER, birth_month INTEGER, sex VARCHAR, family_name VARCHAR,
  given_name VARCHAR, middle_names VARCHAR, house VARCHAR, address_line_1 VARCHAR, town VARCHAR, postcode VARCHAR, lsoa VARCHAR,
  local_id VARCHAR, local_id_organisation VARCHAR, rows BIGINT, first_source_row BIGINT);
CREATE TABLE reference_identity(reference_scope VARCHAR, person_ref BIGINT, identity_key BIGINT);
CREATE TABLE feed_file(feed VARCHAR, staged_table VARCHAR, file VARCHAR, sha256 VARCHAR, bytes BIGINT, file_ordinal BIGINT,
  period VARCHAR, submission BIGINT, state VARCHAR, rows_in BIGINT, rows_kept BIGINT, rows_rejected BIGINT);
CREATE TABLE finding(severity VARCHAR, category VARCHAR, feed VARCHAR, file VARCHAR, field VARCHAR, rule VARCHAR, count BIGINT,
  sample_row BIGINT, sample_value VARCHAR);
CREATE TABLE quality(feed VARCHAR, file VARCHAR, field VARCHAR, category VARCHAR, "check" VARCHAR, rows BIGINT, failed BIGINT);
)";

bool is_files_fault(const Error& error) { return error.code == ErrorCode::invalid_input || error.code == ErrorCode::too_large; }

class Ingest {
 public:
  Ingest(const IngestOptions& options, engine::Connection& connection) : options_(options), connection_(connection) {}

  Result<void> run(Findings& findings) {
    JOINEDUP_TRY(files_, list_files(options_.feeds_folder, options_.feeds, findings));
    JOINEDUP_CHECK(settle_submissions(files_));
    std::uint64_t bytes = 0;
    for (const auto& file : files_) bytes += file.summary.state == FileState::live ? file.summary.bytes : 0;
    Progress progress("Reading the extracts", bytes);
    advance_ = [&](const std::uint64_t done) { progress.advance(done); };
    JOINEDUP_CHECK(connection_.run(fixed_tables));
    for (const auto& feed : options_.feeds)
      for (const auto& table : feed.tables) JOINEDUP_CHECK(stage(feed, table, findings));
    JOINEDUP_CHECK(write_references());
    JOINEDUP_CHECK(write_files(findings));
    progress.done();
    return {};
  }

  IngestSummary summary() const {
    IngestSummary sum;
    for (const auto& feed : options_.feeds) sum.feeds.push_back({.feed = feed.feed});
    for (const auto& file : files_) {
      const auto& one = file.summary;
      sum.files.push_back(one);
      const auto feed = std::find_if(sum.feeds.begin(), sum.feeds.end(), [&](const auto& f) { return f.feed == one.feed; });
      feed->rows_in += one.rows_in;
      feed->rows_kept += one.rows_kept;
      feed->rows_rejected += one.rows_rejected;
      sum.rows_in += one.rows_in;
      sum.rows_kept += one.rows_kept;
      sum.rows_rejected += one.rows_rejected;
      sum.bytes += one.bytes;
      if (one.state == FileState::refused) sum.refused.push_back(one.file + ": " + one.why_refused);
    }
    sum.identities = identities_;
    return sum;
  }

 private:
  // Stages one table from its live files. A file that turns out to be damaged is refused, and the table is begun again without it.
  Result<void> stage(const place::FeedSpec& feed, const place::TableSpec& table, Findings& findings) {
    std::vector<FeedFile> mine;
    for (const auto& file : files_)
      if (file.feed == &feed && file.table == &table) mine.push_back(file);
    for (;;) {
      for (auto& file : mine) file.summary.rows_in = file.summary.rows_kept = file.summary.rows_rejected = 0;
      Findings attempt;
      ReferenceScopes scopes;
      std::uint64_t identities = 0;
      JOINEDUP_CHECK(connection_.run("BEGIN TRANSACTION"));
      JOINEDUP_TRY(const bool complete, stage_once(table, mine, scopes, attempt, identities));
      if (!complete) {
        JOINEDUP_CHECK(connection_.run("ROLLBACK"));
        continue;
      }
      JOINEDUP_CHECK(connection_.run("COMMIT"));
      findings.merge(attempt);
      identities_ += identities;
      for (const auto& [name, scope] : scopes)
        for (const auto& entry : scope.entries) scopes_[name].add(entry.person_ref, entry.identity_key, entry.source_row);
      break;
    }
    for (auto& file : mine) files_[file.summary.ordinal - 1] = file;
    return {};
  }

  Result<bool> stage_once(const place::TableSpec& table, std::vector<FeedFile>& mine, ReferenceScopes& scopes, Findings& findings,
                          std::uint64_t& identities) {
    JOINEDUP_CHECK(connection_.run(create_table_sql(table)));
    JOINEDUP_TRY(auto appender, connection_.append_to(table.name));
    TableWriter writer(connection_, table, std::move(appender));
    for (auto& file : mine) {
      if (file.summary.state == FileState::refused)
        findings.add({.severity = Severity::rejected, .category = QualityCategory::conformance, .feed = file.summary.feed,
                      .file = file.summary.file, .rule = "file.refused"});
      if (file.summary.state != FileState::live) continue;
      const auto done = read(writer, file, findings);
      if (done) continue;
      if (!is_files_fault(done.error())) return tl::unexpected<Error>(done.error());
      file.summary.state = FileState::refused;
      file.summary.why_refused = done.error().sentence;
      JOINEDUP_TRY(file.summary.sha256, sha256_file(file.path));
      return false;
    }
    JOINEDUP_CHECK(writer.finish(mine, scopes, findings, identities));
    JOINEDUP_CHECK(write_quality(connection_, table, mine, writer.quality()));
    return true;
  }

  Result<void> read(TableWriter& writer, FeedFile& file, Findings& findings) {
    JOINEDUP_TRY(auto opened, open_source(file.path));
    if (opened.kind == FileKind::parquet) return writer.read_parquet(file, options_, findings);
    return writer.read_text(file, *opened.source, options_, findings, advance_);
  }

  Result<void> write_references() {
    JOINEDUP_TRY(auto rows, connection_.append_to("reference_identity"));
    std::size_t row = 0;
    for (auto& [scope, map] : scopes_) {
      std::sort(map.entries.begin(), map.entries.end(), [](const auto& a, const auto& b) { return a.person_ref < b.person_ref; });
      for (const auto& entry : map.entries) {
        rows.set_text(0, row, scope);
        rows.set_integer(1, row, entry.person_ref);
        rows.set_integer(2, row, entry.identity_key);
        if (++row < engine::Appender::capacity) continue;
        JOINEDUP_CHECK(rows.flush(row));
        row = 0;
      }
    }
    if (row > 0) JOINEDUP_CHECK(rows.flush(row));
    return rows.close();
  }

  Result<void> write_files(const Findings& findings) {
    const auto text = [](const std::string& value) { return value.empty() ? std::string("NULL") : engine::sql_text(value); };
    JOINEDUP_CHECK(connection_.run("BEGIN TRANSACTION"));
    for (const auto& file : files_) {
      const auto& one = file.summary;
      JOINEDUP_CHECK(connection_.run(
          "INSERT INTO feed_file VALUES (" + text(one.feed) + "," + text(one.table) + "," + text(one.file) + "," + text(one.sha256) + "," +
          std::to_string(one.bytes) + "," + std::to_string(one.ordinal) + "," + text(one.period) + "," + std::to_string(one.submission) +
          "," + text(file_state_name(one.state)) + "," + std::to_string(one.rows_in) + "," + std::to_string(one.rows_kept) + "," +
          std::to_string(one.rows_rejected) + ")"));
    }
    for (const auto& count : findings.counts()) {
      const auto* sample = count.samples.empty() ? nullptr : &count.samples.front();
      JOINEDUP_CHECK(connection_.run("INSERT INTO finding VALUES (" + text(severity_name(count.severity)) + "," +
                                     text(quality_category_name(count.category)) + "," + text(count.feed) + "," + text(count.file) + "," +
                                     text(count.field) + "," + text(count.rule) + "," + std::to_string(count.count) + "," +
                                     std::to_string(sample ? sample->row : 0) + "," + text(sample ? sample->value : "") + ")"));
    }
    return connection_.run("COMMIT");
  }

  const IngestOptions& options_;
  engine::Connection& connection_;
  std::vector<FeedFile> files_;
  ReferenceScopes scopes_;
  std::uint64_t identities_ = 0;
  Advance advance_;
};

Result<IngestSummary> write_staging(const IngestOptions& options, const std::string& path, Findings& findings) {
  JOINEDUP_TRY(auto database, engine::Database::open(path, {.threads = options.threads, .memory_limit_mib = options.memory_limit_mib,
                                                            .temporary_folder = options.temporary_folder}));
  ::chmod(path.c_str(), 0600);
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_CHECK(connection.run("SET preserve_insertion_order = true"));
  Ingest ingest(options, connection);
  Findings mine;
  JOINEDUP_CHECK(ingest.run(mine));
  JOINEDUP_CHECK(connection.run("CHECKPOINT"));
  findings.merge(mine);
  return ingest.summary();
}

void remove_staging(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  std::filesystem::remove(path + ".wal", ignored);
  std::filesystem::remove_all(path + ".tmp", ignored);
}

}  // namespace

Result<IngestSummary> ingest_feeds(const IngestOptions& options, Findings& findings) {
  const auto folder = std::filesystem::path(options.staging_path).parent_path().string();
  if (!folder.empty()) JOINEDUP_CHECK(make_folder(folder, FileMode::secret));
  const auto fresh = options.staging_path + ".new";
  remove_staging(fresh);
  auto summary = write_staging(options, fresh, findings);
  if (!summary) {
    remove_staging(fresh);
    return summary;
  }
  if (::rename(fresh.c_str(), options.staging_path.c_str()) != 0) {
    const auto error = system_error("The staging file cannot be put in place", options.staging_path);
    remove_staging(fresh);
    return tl::unexpected(error);
  }
  return summary;
}

}  // namespace joinedup::ingest
