#include "ingest/ingest.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "ingest/quality.hpp"
#include "ingest/table_writer.hpp"
#include "ingest/views.hpp"

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
CREATE TABLE quality_month(feed VARCHAR, staged_table VARCHAR, file VARCHAR, month DATE, rows BIGINT, typical_rows BIGINT, flagged BOOLEAN);
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
      for (const auto& group : groups(feed)) JOINEDUP_CHECK(stage(feed, group, findings));
    JOINEDUP_CHECK(write_references());
    JOINEDUP_CHECK(write_files(findings));
    JOINEDUP_CHECK(write_after_death(connection_, options_.feeds));
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
  using Tables = std::vector<const place::TableSpec*>;

  // Tables that are staged together: each CSV table alone, all views of a feed in one pass over its files.
  static std::vector<Tables> groups(const place::FeedSpec& feed) {
    std::vector<Tables> all;
    Tables views;
    for (const auto& table : feed.tables) {
      if (table.view.empty()) all.push_back({&table});
      else views.push_back(&table);
    }
    if (!views.empty()) all.push_back(std::move(views));
    return all;
  }

  // Stages tables from their live files. A file that turns out to be damaged is refused, and the tables are begun again without it.
  Result<void> stage(const place::FeedSpec& feed, const Tables& tables, Findings& findings) {
    std::vector<FeedFile> mine;
    for (const auto& file : files_)
      if (std::find(tables.begin(), tables.end(), file.table) != tables.end()) mine.push_back(file);
    for (;;) {
      for (auto& file : mine) file.summary.rows_in = file.summary.rows_kept = file.summary.rows_rejected = 0;
      Findings attempt;
      ReferenceScopes scopes;
      std::uint64_t identities = 0;
      JOINEDUP_CHECK(connection_.run("BEGIN TRANSACTION"));
      JOINEDUP_TRY(const bool complete, stage_once(feed, tables, mine, scopes, attempt, identities));
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

  Result<bool> stage_once(const place::FeedSpec& feed, const Tables& tables, std::vector<FeedFile>& mine, ReferenceScopes& scopes,
                          Findings& findings, std::uint64_t& identities) {
    std::vector<std::unique_ptr<TableWriter>> writers;
    for (const auto* table : tables) {
      JOINEDUP_CHECK(connection_.run(create_table_sql(*table)));
      JOINEDUP_TRY(auto appender, connection_.append_to(table->name));
      writers.push_back(std::make_unique<TableWriter>(connection_, *table, std::move(appender)));
    }
    for (const auto& file : mine)
      if (file.summary.state == FileState::refused)
        findings.add({.severity = Severity::rejected, .category = QualityCategory::conformance, .feed = file.summary.feed,
                      .file = file.summary.file, .rule = "file.refused"});
    Result<bool> read = true;
    if (tables[0]->view.empty()) read = read_tables(*writers[0], mine, findings);
    else read = read_views(tables, writers, mine, findings);
    if (!read || !*read) return read;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      JOINEDUP_CHECK(writers[i]->finish(feed.feed, mine, scopes, findings, identities));
      JOINEDUP_CHECK(write_quality(connection_, *tables[i], mine, writers[i]->quality(), findings));
    }
    return true;
  }

  // What a file's error means: refused (false: begin again without it), or the end of the whole ingest.
  static Result<bool> after_error(FeedFile& file, const Error& error) {
    if (!is_files_fault(error)) return tl::unexpected<Error>(error);
    file.summary.state = FileState::refused;
    file.summary.why_refused = error.sentence;
    JOINEDUP_TRY(file.summary.sha256, sha256_file(file.path));
    return false;
  }

  Result<bool> read_tables(TableWriter& writer, std::vector<FeedFile>& mine, Findings& findings) {
    for (auto& file : mine) {
      if (file.summary.state != FileState::live) continue;
      const auto done = read(writer, file, findings);
      if (!done) return after_error(file, done.error());
    }
    return true;
  }

  // Small files are read side by side and committed in order; a large one alone, block by block.
  Result<bool> read_views(const Tables& tables, std::vector<std::unique_ptr<TableWriter>>& writers, std::vector<FeedFile>& mine,
                          Findings& findings) {
    JOINEDUP_TRY(const auto views, FeedViews::of(tables));
    struct Read {
      std::vector<std::pair<std::size_t, RangeResult>> blocks;
      std::optional<Error> error;
      FeedViews::Counts counts;
      std::string sha256;
    };
    std::vector<FeedFile*> live;
    for (auto& file : mine)
      if (file.summary.state == FileState::live) live.push_back(&file);
    for (std::size_t begin = 0; begin < live.size();) {
      std::size_t end = begin;
      std::uint64_t bytes = 0;
      while (end < live.size() && end - begin < 16 && (end == begin || bytes + live[end]->summary.bytes < (16 << 20)))
        bytes += live[end++]->summary.bytes;
      const bool alone = end - begin == 1;
      std::vector<Read> reads(end - begin);
      JOINEDUP_CHECK(parallel_for(reads.size(), options_.threads, [&](const std::size_t i) -> Result<void> {
        auto& file = *live[begin + i];
        const FeedViews::Take take = [&](const std::size_t table, RangeResult& rows) -> Result<void> {
          if (alone) return writers[table]->commit(file, rows, 0, findings);
          reads[i].blocks.emplace_back(table, std::move(rows));
          return {};
        };
        auto counts = views.read(file, writers, options_, findings, take);
        if (!counts) reads[i].error = counts.error();
        else reads[i].counts = *counts;
        auto sum = sha256_file(file.path);
        if (!sum) return tl::unexpected<Error>(sum.error());
        reads[i].sha256 = *sum;
        return {};
      }));
      for (std::size_t i = 0; i < reads.size(); ++i) {
        auto& file = *live[begin + i];
        if (reads[i].error) return after_error(file, *reads[i].error);
        for (auto& [table, rows] : reads[i].blocks) JOINEDUP_CHECK(writers[table]->commit(file, rows, 0, findings));
        file.summary.sha256 = reads[i].sha256;
        file.summary.rows_in = reads[i].counts.rows_in;
        file.summary.rows_kept = reads[i].counts.rows_kept;
        file.summary.rows_rejected = reads[i].counts.rows_rejected;
        advance_(file.summary.bytes);
      }
      begin = end;
    }
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
  // Staging is written once and read once: compressing it costs more than it saves (a third of ingest's time; 5 times the bytes).
  JOINEDUP_CHECK(connection.run("SET preserve_insertion_order = true; SET force_compression = 'uncompressed'"));
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
