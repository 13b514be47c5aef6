#include "synth/tables.hpp"

#include "base/embedded.hpp"
#include "base/text.hpp"
#include "synth_embedded.hpp"

namespace joinedup {
std::span<const EmbeddedFile> embedded_place();  // the room place: layouts, prices, codes
}

namespace joinedup::synth {
namespace {

std::vector<TableRow> rows_of(std::string_view text) {
  std::vector<TableRow> rows;
  int line_number = 0;
  for (std::string_view line : split(text, '\n')) {
    if (++line_number <= 2 || line.empty()) continue;
    rows.push_back(split(line, ','));
  }
  return rows;
}

std::string_view needed(std::span<const EmbeddedFile> files, std::string_view name) {
  const auto text = find_embedded(files, name);
  JOINEDUP_INVARIANT(text.has_value(), "an embedded table is missing");
  return *text;
}

}  // namespace

std::vector<TableRow> table_rows(std::string_view name) { return rows_of(needed(embedded_synth(), name)); }
std::vector<TableRow> place_table_rows(std::string_view name) { return rows_of(needed(embedded_place(), name)); }
std::string_view place_file(std::string_view name) { return needed(embedded_place(), name); }

}  // namespace joinedup::synth
