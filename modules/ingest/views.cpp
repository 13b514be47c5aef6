#include "ingest/views.hpp"

#include "fhirpath/fhirpath.hpp"

namespace joinedup::ingest {

struct FeedViews::Parts {
  struct View {
    const place::TableSpec* table;
    fhirpath::ViewDefinition definition;
    ColumnMap map;
  };
  std::vector<View> views;
};

FeedViews::FeedViews(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
FeedViews::FeedViews(FeedViews&&) noexcept = default;
FeedViews::~FeedViews() = default;

Result<FeedViews> FeedViews::of(const std::vector<const place::TableSpec*>& tables) {
  auto parts = std::make_unique<Parts>();
  for (const auto* table : tables) {
    JOINEDUP_TRY(const auto text, place::feed_view_text(table->view));
    JOINEDUP_TRY(auto definition, fhirpath::ViewDefinition::parse(text));
    std::vector<std::string> names;
    for (const auto& column : definition.columns()) names.push_back(column.name);
    JOINEDUP_TRY(auto map, map_columns(names, *table, {}));
    if (!map.missing.empty())
      return fail(ErrorCode::invalid_input, "The view has no column \"" + map.missing[0] + "\" for the table " + table->name + ".", table->view);
    parts->views.push_back({table, std::move(definition), std::move(map)});
  }
  return FeedViews(std::move(parts));
}

namespace {

// Rows of one table of one file, gathered into blocks.
struct Gather {
  Gather(const FileContext& file_context, BatchPool& pool) : context(file_context), converter(file_context, pool), rows(file_context.map.wanted.size()) {}
  const FileContext& context;
  Converter converter;
  SlicedRows rows;
  std::string text;

  void add(fhirpath::ViewRow row, const std::vector<fhirpath::ViewColumn>& columns, const std::uint64_t number) {
    for (std::size_t slot = 0; slot < context.map.wanted.size(); ++slot) {
      const auto column = context.map.wanted[slot];
      const auto at = text.size();
      if (const auto cell = fhirpath::cell_text(row[column], columns[column])) {
        if (cell->starts_with('"')) {  // quoted, so that its own quotes stay
          text += '"';
          for (const char c : *cell) text.append(c == '"' ? 2 : 1, c);
          text += '"';
        } else text += *cell;
      }
      rows.slice(slot, rows.rows) = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(text.size() - at)};
    }
    rows.record[rows.rows++] = static_cast<std::uint32_t>(number - 1);
  }
  bool full() const { return rows.rows == SlicedRows::capacity || text.size() > (64 << 20); }
  RangeResult finish() {
    RangeResult result;
    result.records = rows.rows;
    converter.convert(text.data(), rows, result);
    rows.rows = 0;
    text.clear();
    return result;
  }
};

}  // namespace

Result<FeedViews::Counts> FeedViews::read(const FeedFile& file, std::vector<std::unique_ptr<TableWriter>>& writers,
                                          const IngestOptions& options, Findings& findings, const Take& take) const {
  Counts counts;
  std::vector<FileContext> contexts;
  for (const auto& view : parts_->views) {
    contexts.push_back(make_context(*view.table, view.map));
    contexts.back().period_from = options.data_from.days;
    contexts.back().period_to = options.data_to.days;
  }
  std::vector<std::unique_ptr<Gather>> gathers;
  for (std::size_t i = 0; i < contexts.size(); ++i) gathers.push_back(std::make_unique<Gather>(contexts[i], writers[i]->pool()));
  std::optional<Error> stopped;
  const auto hand_over = [&](const std::size_t i) {
    auto result = gathers[i]->finish();
    counts.rows_kept += result.kept;
    counts.rows_rejected += result.rejected;
    if (auto done = take(i, result); !done && !stopped) stopped = done.error();
  };
  const auto refuse = [&](const std::uint64_t number, const std::string& rule, const std::string& field, const std::string& why) {
    ++counts.rows_in;
    ++counts.rows_rejected;
    findings.add({.severity = Severity::rejected, .category = QualityCategory::conformance, .feed = file.summary.feed,
                  .file = file.summary.file, .row = number, .field = field, .value = why.substr(0, 200), .rule = rule});
  };
  fhirpath::Context context;
  const auto on_resource = [&](const fhirpath::FhirResource& resource) {
    bool declared = false;
    for (std::size_t i = 0; i < parts_->views.size() && !stopped; ++i) {
      const auto& view = parts_->views[i];
      if (view.definition.resource() != resource.type) continue;
      declared = true;
      std::uint64_t given = 0;
      const auto done = view.definition.run(resource.value(), context, [&](const fhirpath::ViewRow row) {
        ++given;
        gathers[i]->add(row, view.definition.columns(), resource.number);
        if (gathers[i]->full()) hand_over(i);
      });
      counts.rows_in += given;
      if (!done) refuse(resource.number, "resource.view_failed", view.table->name, done.error().sentence);
      else if (given == 0) refuse(resource.number, "resource.no_row", view.table->name, "");
    }
    if (!declared)
      findings.add({.severity = Severity::note, .category = QualityCategory::completeness, .feed = file.summary.feed, .file = file.summary.file,
                    .row = resource.number, .field = std::string(resource.type), .rule = "resource.no_table"});
  };
  const auto on_fault = [&](const fhirpath::FeedFault& fault) { refuse(fault.number, "resource.unreadable", "", fault.reason); };
  JOINEDUP_CHECK(fhirpath::read_fhir_file(file.path, {.on_resource = on_resource, .on_fault = on_fault}));
  for (std::size_t i = 0; i < gathers.size(); ++i)
    if (gathers[i]->rows.rows > 0) hand_over(i);
  if (stopped) return tl::unexpected<Error>(*stopped);
  return counts;
}

}  // namespace joinedup::ingest
