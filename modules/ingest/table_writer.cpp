#include "ingest/table_writer.hpp"

#include <algorithm>

#include "base/hash.hpp"

namespace joinedup::ingest {

void ReferenceMap::add(const std::int64_t person_ref, const std::int64_t identity_key, const std::int64_t source_row) {
  bool fresh = false;
  auto& at = index.find_or_add(static_cast<std::uint64_t>(person_ref), fresh);
  if (fresh) {
    at = entries.size();
    entries.push_back({person_ref, identity_key, source_row});
  } else if (auto& entry = entries[at]; entry.source_row <= source_row) {
    entry.identity_key = identity_key;
    entry.source_row = source_row;
  }
}

std::string field_label(const place::TableSpec& table, const int field) {
  switch (field) {
    case RangeFindings::record: return "";
    case RangeFindings::row_id: return table.row_id;
    case RangeFindings::reference: return table.reference;
    case RangeFindings::identity: return "identity";
    default: return table.columns[static_cast<std::size_t>(field)].name;
  }
}

void TableWriter::note_header(const FeedFile& file, const FileHeader& header, Findings& findings) const {
  const auto note = [&](const QualityCategory category, const char* rule, const std::string& field, const std::string& value) {
    findings.add({.severity = Severity::note, .category = category, .feed = file.summary.feed, .file = file.summary.file,
                  .field = field, .value = value, .rule = rule});
  };
  if (header.positional) note(QualityCategory::conformance, "header.absent", "", "");
  for (const auto& name : header.map.missing) note(QualityCategory::completeness, "header.missing_column", name, "");
  for (const auto& name : header.map.extra) note(QualityCategory::conformance, "header.extra_column", "", name.substr(0, 80));
}

void TableWriter::note_period(const FeedFile& file, const FileContext& context, Findings& findings) const {
  const auto at = quality_.find(file.summary.ordinal);
  if (context.main_date < 0 || at == quality_.end() || at->second.period.dates == 0 || at->second.period.in_period > 0) return;
  findings.add({.severity = Severity::note, .category = QualityCategory::plausibility, .feed = file.summary.feed,
                .file = file.summary.file, .field = table_.columns[static_cast<std::size_t>(context.main_date)].name,
                .rule = "file.other_period"});
}

Result<void> TableWriter::read_text(FeedFile& file, ByteSource& source, const IngestOptions& options, Findings& findings,
                                    const Advance& advance) {
  const ScanLimits limits;
  RangeReader reader(source, options.range_bytes, limits);
  JOINEDUP_TRY(auto first, reader.first());
  if (first.size == 0) {
    findings.add({.severity = Severity::note, .category = QualityCategory::completeness, .feed = file.summary.feed,
                  .file = file.summary.file, .rule = "file.empty"});
    file.summary.sha256 = source.sha256();
    return {};
  }
  std::vector<std::string> layout;
  if (!table_.layout.empty()) {
    JOINEDUP_TRY(layout, place::layout_headers(table_.layout));
  }
  JOINEDUP_TRY(const auto header, read_header(first.bytes.get(), first.size, first.last, table_, layout));
  note_header(file, header, findings);
  reader.describe(header, first);
  auto context = make_context(table_, header.map);
  context.period_from = options.data_from.days;
  context.period_to = options.data_to.days;
  const Commit sink = [&](RangeResult& result, const std::uint64_t before) { return commit(file, result, before, findings); };
  JOINEDUP_CHECK(run_pipeline(reader, std::move(first), header, context, pool_, options.threads, limits, sink, advance));
  file.summary.sha256 = source.sha256();
  if (file.summary.rows_in == 0)
    findings.add({.severity = Severity::note, .category = QualityCategory::completeness, .feed = file.summary.feed,
                  .file = file.summary.file, .rule = "file.no_rows"});
  note_period(file, context, findings);
  return {};
}

// The engine reads Parquet; its values go through the same typed path as text.
Result<void> TableWriter::read_parquet(FeedFile& file, const IngestOptions& options, Findings& findings) {
  const auto from = "read_parquet(" + engine::sql_text(file.path) + ")";
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = options.threads, .memory_limit_mib = 1024}));
  JOINEDUP_TRY(auto reader, database.connect());
  JOINEDUP_TRY(const auto described, reader.query("DESCRIBE SELECT * FROM " + from));
  std::vector<std::string> headers, layout;
  for (const auto& row : described.rows) headers.push_back(row[0]);
  if (!table_.layout.empty()) {
    JOINEDUP_TRY(layout, place::layout_headers(table_.layout));
  }
  FileHeader header;
  JOINEDUP_TRY(header.map, map_columns(headers, table_, layout));
  note_header(file, header, findings);
  auto context = make_context(table_, header.map);
  context.period_from = options.data_from.days;
  context.period_to = options.data_to.days;
  std::string select;
  for (const auto column : context.map.wanted)
    select += (select.empty() ? "CAST(" : ", CAST(") + engine::sql_name(headers[column]) + " AS VARCHAR)";
  Converter converter(context, pool_);
  SlicedRows rows(context.map.wanted.size());
  std::string text;
  std::uint64_t before = 0;
  JOINEDUP_CHECK(reader.scan("SELECT " + select + " FROM " + from, [&](const engine::Batch& batch) -> Result<void> {
    text.clear();
    rows.rows = batch.rows();
    for (std::size_t slot = 0; slot < context.map.wanted.size(); ++slot)
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        const auto at = text.size();
        if (!batch.is_null(slot, row)) {
          const auto value = batch.text(slot, row);
          if (value.starts_with('"')) {  // quoted, so that its own quotes stay
            text += '"';
            for (const char c : value) text.append(c == '"' ? 2 : 1, c);
            text += '"';
          } else text += value;
        }
        rows.slice(slot, row) = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(text.size() - at)};
      }
    for (std::size_t row = 0; row < batch.rows(); ++row) rows.record[row] = static_cast<std::uint32_t>(row);
    RangeResult result;
    result.records = batch.rows();
    converter.convert(text.data(), rows, result);
    const auto at = before;
    before += result.records;
    return commit(file, result, at, findings);
  }));
  JOINEDUP_TRY(file.summary.sha256, sha256_file(file.path));
  note_period(file, context, findings);
  return {};
}

Result<void> TableWriter::commit(FeedFile& file, RangeResult& result, const std::uint64_t records_before, Findings& findings) {
  const auto base = static_cast<std::int64_t>((file.summary.ordinal << ordinal_shift) + records_before + 1);
  for (auto& batch : result.batches) {
    auto* source_row = static_cast<std::int64_t*>(batch.rows.data(0));
    for (std::size_t row = 0; row < batch.count; ++row) source_row[row] += base;
    JOINEDUP_CHECK(appender_.append(batch.rows, batch.count));
    pool_.give(std::move(batch.rows));
  }
  identities_.merge(result.identities, base);
  for (const auto& reference : result.references) references_.add(reference.person_ref, reference.identity_key, reference.row + base);
  for (const auto& id : result.row_ids) {
    bool fresh = false;
    auto& at = row_ids_.find_or_add(id.hash, fresh);
    if (!fresh) replaced_.push_back(static_cast<std::int64_t>(at));
    at = static_cast<std::uint64_t>(id.row + base);
  }
  for (const auto& entry : result.findings.entries) {
    Finding finding{.severity = entry.severity, .category = entry.category, .feed = file.summary.feed, .file = file.summary.file,
                    .field = field_label(table_, entry.field), .rule = entry.rule};
    findings.add_more(finding, entry.count - entry.samples.size());
    for (const auto& sample : entry.samples) {
      finding.row = records_before + sample.row + 1;
      finding.value = sample.value;
      findings.add(finding);
    }
  }
  auto& quality = quality_[file.summary.ordinal];
  quality.fields.resize(table_.columns.size());
  for (std::size_t i = 0; i < result.fields.size(); ++i) quality.fields[i].add(result.fields[i]);
  quality.period.add(result.period);
  if (!table_.view.empty()) return {};
  file.summary.rows_in += result.records;
  file.summary.rows_kept += result.kept;
  file.summary.rows_rejected += result.rejected;
  return {};
}

Result<void> TableWriter::drop_replaced(std::vector<FeedFile>& files, Findings& findings) {
  if (replaced_.empty()) return {};
  std::sort(replaced_.begin(), replaced_.end());
  JOINEDUP_CHECK(connection_.run("CREATE TABLE replaced_row(source_row BIGINT)"));
  JOINEDUP_TRY(auto rows, connection_.append_to("replaced_row"));
  std::size_t at = 0;
  for (const auto row : replaced_) {
    rows.set_integer(0, at, row);
    if (++at < engine::Appender::capacity) continue;
    JOINEDUP_CHECK(rows.flush(at));
    at = 0;
  }
  if (at > 0) JOINEDUP_CHECK(rows.flush(at));
  JOINEDUP_CHECK(rows.close());
  const auto table = engine::sql_name(table_.name);
  JOINEDUP_CHECK(connection_.run("CREATE TEMP TABLE replaced_identity AS SELECT DISTINCT identity_key FROM " + table +
                                 " WHERE source_row IN (SELECT source_row FROM replaced_row) AND identity_key IS NOT NULL"));
  JOINEDUP_CHECK(connection_.run("DELETE FROM " + table + " WHERE source_row IN (SELECT source_row FROM replaced_row)"));
  JOINEDUP_CHECK(connection_.scan(
      "SELECT r.identity_key, count(t.source_row), min(t.source_row) FROM replaced_identity r LEFT JOIN " + table +
          " t ON t.identity_key = r.identity_key GROUP BY r.identity_key",
      [&](const engine::Batch& batch) -> Result<void> {
        for (std::size_t row = 0; row < batch.rows(); ++row)
          identities_.set(batch.integer(0, row), static_cast<std::uint64_t>(batch.integer(1, row)),
                          batch.is_null(2, row) ? 0 : batch.integer(2, row));
        return {};
      }));
  JOINEDUP_CHECK(connection_.run("DROP TABLE replaced_row; DROP TABLE replaced_identity"));
  for (const auto row : replaced_) {
    const auto ordinal = static_cast<std::uint64_t>(row) >> ordinal_shift;
    const auto file = std::find_if(files.begin(), files.end(), [&](const auto& one) { return one.summary.ordinal == ordinal; });
    JOINEDUP_INVARIANT(file != files.end(), "a replaced row came from no file");
    --file->summary.rows_kept;
    ++file->summary.rows_rejected;
    findings.add({.severity = Severity::rejected, .category = QualityCategory::conformance, .feed = file->summary.feed,
                  .file = file->summary.file, .row = static_cast<std::uint64_t>(row) & ((std::uint64_t{1} << ordinal_shift) - 1),
                  .field = table_.row_id, .rule = "row_id.replaced_by_later_row"});
  }
  return {};
}

Result<void> TableWriter::finish(const std::string& feed, std::vector<FeedFile>& files, ReferenceScopes& scopes, Findings& findings, std::uint64_t& identities) {
  JOINEDUP_CHECK(appender_.close());
  JOINEDUP_CHECK(drop_replaced(files, findings));
  if (table_.person != place::PersonSource::identity) return {};
  JOINEDUP_CHECK(identities_.write(connection_, feed, table_.name));
  identities += identities_.size();
  if (table_.reference.empty()) return {};
  auto& scope = scopes[table_.reference_scope];
  for (const auto& entry : references_.entries) scope.add(entry.person_ref, entry.identity_key, entry.source_row);
  return {};
}

}  // namespace joinedup::ingest
