// SQL on FHIR v2: a ViewDefinition turns resources of one type into rows. Part of fhirpath.hpp.
//
//   JOINEDUP_TRY(auto view, ViewDefinition::parse(json));
//   ColumnBatch batch(view);
//   JOINEDUP_CHECK(view.run(document.root_value(), context, [&](ViewRow row) { batch.append(row); }));
//   batch.text(0, 0);                                   // column 0 of row 0, or nothing
//
// A row's values live until the sink returns; run() clears the context first. A view may be shared by threads.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fhirpath/document.hpp"
#include "fhirpath/expression.hpp"

namespace joinedup::fhirpath {

struct ViewColumn {
  std::string name, type;   // type: as the view says, "string" where it says nothing
  bool collection = false;  // a list of values; otherwise at most one
};

// One collection a column, in the order of columns(): empty is null.
using ViewRow = std::span<const Collection>;
using RowSink = std::function<void(ViewRow)>;

class ViewDefinition {
 public:
  static Result<ViewDefinition> parse(std::string_view json);
  const std::string& name() const;      // may be empty
  const std::string& resource() const;  // "Patient"
  const std::vector<ViewColumn>& columns() const;
  // Gives no rows for a resource of another type. An error (a column with several values that is no collection, a
  // condition that is no boolean) says which column; rows given before it stand.
  Result<void> run(const Value& resource, Context& context, const RowSink& sink) const;

 private:
  struct Parts;
  friend class ViewParser;
  friend class ViewRun;
  std::shared_ptr<const Parts> parts_;
};

// A cell as text: nothing for null; a collection column's cell is a JSON list.
std::optional<std::string> cell_text(const Collection& cell, const ViewColumn& column);

// Rows kept by column, for a database to take over.
class ColumnBatch {
 public:
  explicit ColumnBatch(const ViewDefinition& view);
  void append(ViewRow row);
  std::size_t rows() const { return rows_; }
  std::size_t column_count() const { return columns_.size(); }
  const ViewColumn& column(std::size_t index) const { return definition_[index]; }
  std::optional<std::string_view> text(std::size_t column, std::size_t row) const;
  std::size_t bytes() const;
  void clear();

 private:
  struct Column {
    std::string text;
    std::vector<std::uint64_t> ends;
    std::vector<std::uint8_t> present;
  };
  std::vector<ViewColumn> definition_;
  std::vector<Column> columns_;
  std::size_t rows_ = 0;
};

}  // namespace joinedup::fhirpath
