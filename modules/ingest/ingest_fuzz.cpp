// Fuzz entry: any bytes as CSV of any dialect through the splitter (held to its slow twin), the header reader and every
// value reader. Built by clang with -fsanitize=fuzzer,address,undefined.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/random.hpp"
#include "ingest/header.hpp"
#include "ingest/reference/csv_twin.hpp"
#include "ingest/values.hpp"

using namespace joinedup;
using namespace joinedup::ingest;

namespace {

bool equal_to_twin(const std::string& text, CounterRandom& random) {
  const Dialect dialect{",\t|;"[random.below(4)], static_cast<std::uint32_t>(1 + random.below(6))};
  const ScanLimits limits{.quoted_field = 10 + random.below(300), .record = 20 + random.below(900)};
  std::vector<std::uint32_t> wanted;
  for (std::uint32_t i = 0; i < dialect.columns; ++i) wanted.push_back(i);
  const auto expected = reference::read_csv(text, dialect, limits);
  for (const auto path : {ScanPath::fastest, ScanPath::portable}) {
    // Exactly as large as promised, so that the sanitizer sees one byte too far.
    const auto bytes = std::make_unique<char[]>(text.size() + scan_padding);
    std::copy(text.begin(), text.end(), bytes.get());
    RecordScanner scanner(bytes.get(), text.size(), true, dialect, wanted, limits, path);
    SlicedRows rows(wanted.size());
    std::vector<FaultyRecord> faults;
    std::size_t good = 0, lost = 0;
    for (bool more = true; more;) {
      more = scanner.next(rows, faults);
      for (std::size_t row = 0; row < rows.rows; ++row) {
        const auto at = rows.record[row];
        if (at >= expected.size() || expected[at].fault) return false;
        for (std::size_t slot = 0; slot < wanted.size(); ++slot) {
          const auto slice = rows.slice(slot, row);
          std::string scratch, plain;
          const std::string_view raw(bytes.get() + slice.at, slice.size);
          const auto value = field_value(raw, scratch);
          auto want = field_value(expected[at].fields[slot], plain);
          if (!raw.empty() && raw.front() == '"' && value != want) {  // the twin took the quotes off already
            std::string bare = expected[at].fields[slot];
            std::string_view trimmed = bare;
            while (!trimmed.empty() && (trimmed.front() == ' ' || (trimmed.front() >= '\t' && trimmed.front() <= '\r'))) trimmed.remove_prefix(1);
            while (!trimmed.empty() && (trimmed.back() == ' ' || (trimmed.back() >= '\t' && trimmed.back() <= '\r'))) trimmed.remove_suffix(1);
            if (value != trimmed) return false;
          } else if (raw.empty() || raw.front() != '"') {
            if (value != want) return false;
          }
        }
      }
      good += rows.rows;
    }
    lost = faults.size();
    if (good + lost != expected.size()) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const auto feeds = place::shipped_feeds();
  static const auto* table = place::find_table(*feeds, "voluntary", "voluntary_row");
  static const auto layout = place::layout_headers("voluntary");
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  CounterRandom random(size, size > 0 ? bytes[0] : 0, 3);
  if (!equal_to_twin(text, random)) std::abort();
  const std::string padded = text + std::string(scan_padding, '\0');
  (void)read_header(padded.data(), text.size(), random.chance(0.5), *table, *layout);
  std::int32_t days = 0;
  std::int64_t number = 0;
  double decimal = 0;
  std::string scratch;
  const auto value = field_value(text, scratch);
  (void)read_date(value, days);
  (void)read_time(value, number);
  (void)read_integer(value, number);
  (void)read_decimal(value, decimal);
  (void)read_pounds(value, number);
  (void)read_flag(value, number);
  if (!is_valid_utf8(replace_invalid_utf8(text)) || !is_valid_utf8(windows_1252_to_utf8(text))) std::abort();
  if (is_valid_utf8(text) && !is_valid_utf8(upper_case(text))) std::abort();
  return 0;
}
