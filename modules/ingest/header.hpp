// Headers: how the columns of one file meet the columns that a feed declares. Case, spaces, underscores and punctuation do
// not matter, nor does order; extra columns are noted; a required column that is missing refuses the file in one sentence.
// A file without a header is read by position when its first line has as many columns as the layout.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "ingest/scan.hpp"
#include "place/feed_spec.hpp"

namespace joinedup::ingest {

struct ColumnMap {
  std::uint32_t columns = 0;             // in the file
  std::vector<std::uint32_t> wanted;     // column numbers, ascending
  int row_id = -1, reference = -1;       // slots in `wanted`; -1: the file does not have it
  std::array<int, place::identity_field_count> identity{};
  std::vector<int> column;               // of each declared column
  std::vector<std::string> missing;      // declared, not required, not there
  std::vector<std::string> extra;        // there, in neither layout nor declaration
};

struct FileHeader {
  Dialect dialect;
  std::size_t begin = 0;  // where the first data record begins
  bool positional = false;
  ColumnMap map;
};

std::string header_key(std::string_view header);  // letters and digits, lower case

Result<ColumnMap> map_columns(const std::vector<std::string>& headers, const place::TableSpec& table,
                              const std::vector<std::string>& layout);
// text: the file's first bytes, followed by scan_padding readable ones; whole: the file ends with them.
Result<FileHeader> read_header(const char* text, std::size_t size, bool whole, const place::TableSpec& table,
                               const std::vector<std::string>& layout);

}  // namespace joinedup::ingest
