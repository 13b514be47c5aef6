// A small CSV file that people made, read whole and strictly (RFC 4180): any fault is an error with its line. Private to this room.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::refresh {

struct CsvTable {
  struct Row {
    std::uint64_t line = 0;  // where it begins
    std::vector<std::string> fields;
  };
  std::vector<std::string> header;
  std::vector<Row> rows;  // each as wide as the header
};
Result<CsvTable> read_csv_table(std::string_view text, const std::string& file);

}  // namespace joinedup::refresh
