// The slow, obvious twin of the splitter (../scan.hpp): one character at a time over the whole text. Tests hold the two equal.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/scan.hpp"

namespace joinedup::ingest::reference {

struct TwinRecord {
  std::optional<RecordFault> fault;  // nothing: a good record
  std::vector<std::string> fields;   // exactly `columns`, as values: quotes taken off, doubled quotes single
};

std::vector<TwinRecord> read_csv(std::string_view text, const Dialect& dialect, const ScanLimits& limits);

}  // namespace joinedup::ingest::reference
