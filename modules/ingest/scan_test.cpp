#include "ingest/scan.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/random.hpp"
#include "ingest/reference/csv_twin.hpp"
#include "ingest/values.hpp"

namespace joinedup::ingest {
namespace {

struct Scanned {
  std::vector<reference::TwinRecord> records;
  std::size_t consumed = 0;
};

std::string untrimmed_value(std::string_view raw) {
  if (raw.empty() || raw.front() != '"') return std::string(raw);
  raw = raw.substr(1, raw.size() - 2);
  std::string value;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    value += raw[i];
    if (raw[i] == '"' && i + 1 < raw.size() && raw[i + 1] == '"') ++i;
  }
  return value;
}

Scanned scan(const std::string& text, const Dialect& dialect, const ScanLimits& limits, ScanPath path,
             const std::vector<std::uint32_t>& wanted, bool last = true) {
  std::string padded = text + std::string(scan_padding, '"');
  RecordScanner scanner(padded.data(), text.size(), last, dialect, wanted, limits, path);
  SlicedRows rows(wanted.size());
  std::vector<FaultyRecord> faults;
  std::vector<std::pair<std::uint32_t, reference::TwinRecord>> found;
  for (bool more = true; more;) {
    more = scanner.next(rows, faults);
    for (std::size_t row = 0; row < rows.rows; ++row) {
      reference::TwinRecord record;
      for (std::size_t slot = 0; slot < wanted.size(); ++slot) {
        const auto slice = rows.slice(slot, row);
        record.fields.push_back(untrimmed_value(std::string_view(padded).substr(slice.at, slice.size)));
      }
      found.emplace_back(rows.record[row], record);
    }
  }
  for (const auto& fault : faults) found.emplace_back(fault.record, reference::TwinRecord{fault.fault, {}});
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Scanned scanned;
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].first, i) << "record numbers must have no gaps";
    scanned.records.push_back(found[i].second);
  }
  EXPECT_EQ(scanned.records.size(), scanner.records());
  scanned.consumed = scanner.consumed();
  return scanned;
}

std::string show(const std::vector<reference::TwinRecord>& records, const std::vector<std::uint32_t>& wanted, bool all) {
  std::string text;
  for (const auto& record : records) {
    if (record.fault) text += record_fault_rule(*record.fault);
    else if (all)
      for (const auto column : wanted) text += "[" + record.fields[column] + "]";
    else
      for (const auto& field : record.fields) text += "[" + field + "]";
    text += "\n";
  }
  return text;
}

void expect_twin(const std::string& text, const Dialect& dialect, const ScanLimits& limits, const std::vector<std::uint32_t>& wanted) {
  const auto expected = show(reference::read_csv(text, dialect, limits), wanted, true);
  for (const auto path : {ScanPath::fastest, ScanPath::portable})
    ASSERT_EQ(show(scan(text, dialect, limits, path, wanted).records, wanted, false), expected)
        << "text: <<" << text << ">> columns " << dialect.columns << (path == ScanPath::portable ? " portable" : " fastest");
}

std::string values(const std::string& text, std::uint32_t columns, ScanLimits limits = {}) {
  std::vector<std::uint32_t> wanted;
  for (std::uint32_t i = 0; i < columns; ++i) wanted.push_back(i);
  const Dialect dialect{',', columns};
  expect_twin(text, dialect, limits, wanted);
  return show(scan(text, dialect, limits, ScanPath::fastest, wanted).records, wanted, false);
}

}  // namespace

TEST(Scan, PlainRecordsOfEveryLineEnd) {
  EXPECT_EQ(values("a,b\nc,d\n", 2), "[a][b]\n[c][d]\n");
  EXPECT_EQ(values("a,b\r\nc,d\r\n", 2), "[a][b]\n[c][d]\n");
  EXPECT_EQ(values("a,b\rc,d", 2), "[a][b]\n[c][d]\n");
  EXPECT_EQ(values("\n\r\na,b\n\n\nc,\n", 2), "[a][b]\n[c][]\n");
}

TEST(Scan, QuotedFieldsKeepSeparatorsLinesAndQuotes) {
  EXPECT_EQ(values("\"a,b\",\"c\nd\"\n\"e \"\"f\"\"\",g\n", 2), "[a,b][c\nd]\n[e \"f\"][g]\n");
  EXPECT_EQ(values("\"\",\"\"\r\n", 2), "[][]\n");
  EXPECT_EQ(values("5\" pipe,b\n", 2), "[5\" pipe][b]\n");
  EXPECT_EQ(values("\"The \"Old\" Mill\",b\nc,d\n", 2), "[The \"Old\" Mill][b]\n[c][d]\n");
}

TEST(Scan, AQuoteThatNeverClosesLosesOneRecord) {
  EXPECT_EQ(values("1,\"open,x\n2,b,y\n3,c,z\n", 3), "record.unclosed_quote\n[2][b][y]\n[3][c][z]\n");
  EXPECT_EQ(values("1,\"open,x\n2,\"b\",y\n3,c,z\n", 3), "record.unclosed_quote\n[2][b][y]\n[3][c][z]\n");
  EXPECT_EQ(values("1,a,\"open", 3), "record.unclosed_quote\n");
  // Longer than a quoted field may be, and no line after it looks like a record: go on after its own line.
  EXPECT_EQ(values("1,\"" + std::string(300, 'x') + "\n2,b\n3,c,z\n", 3, {.quoted_field = 100, .record = 10000}),
            "record.unclosed_quote\nrecord.too_few_columns\n[3][c][z]\n");
}

TEST(Scan, ShortLongAndOversizeRecords) {
  EXPECT_EQ(values("1\n1,2\n1,2,3\n1,2,,\n", 2), "record.too_few_columns\n[1][2]\nrecord.too_many_columns\n[1][2]\n");
  EXPECT_EQ(values(std::string(500, 'x') + ",y\n1,2\n", 2, {.quoted_field = 100, .record = 200}), "record.too_long\n[1][2]\n");
}

TEST(Scan, OnlyWantedColumnsOfAWideRow) {
  std::string row;
  for (int i = 0; i < 499; ++i) row += (i ? "," : "") + std::string(i % 7 == 3 ? "v" + std::to_string(i) : "");
  const std::string text = row + "\n" + row + "\r\n" + row;
  expect_twin(text, {',', 499}, {}, {3, 4, 10, 63, 64, 65, 127, 128, 300, 498});
  expect_twin(text, {',', 499}, {}, {0});
  expect_twin(text, {',', 499}, {}, {498});
}

TEST(Scan, StopsBeforeARecordThatIsNotComplete) {
  const auto part = scan("a,b\nc,\"d\n", {',', 2}, {}, ScanPath::fastest, {0, 1}, false);
  EXPECT_EQ(part.records.size(), 1u);
  EXPECT_EQ(part.consumed, 4u);
}

// Random text over a small alphabet meets every corner: odd quotes, quotes at block edges, every line end, short rows.
TEST(Scan, EqualsTheSlowTwinOnRandomText) {
  for (std::uint64_t trial = 0; trial < 6000; ++trial) {
    CounterRandom random(7, trial, 1);
    static constexpr const char* alphabets[] = {"ab,,,\n", "ab,,\"\n", "a,\"\"\n\r", "abcdefgh,,,,\n", "a\",\n"};
    const std::string alphabet = alphabets[trial % 5];
    std::string text;
    const auto length = random.below(trial % 3 == 0 ? 700 : 90);
    for (std::uint64_t i = 0; i < length; ++i) text += alphabet[random.below(alphabet.size())];
    const auto columns = static_cast<std::uint32_t>(1 + random.below(5));
    std::vector<std::uint32_t> wanted;
    for (std::uint32_t i = 0; i < columns; ++i)
      if (random.chance(0.7)) wanted.push_back(i);
    if (wanted.empty()) wanted.push_back(columns - 1);
    ScanLimits limits{.quoted_field = 20 + random.below(200), .record = 40 + random.below(400)};
    expect_twin(text, {',', columns}, limits, wanted);
    if (HasFatalFailure()) return;
  }
}

// Mostly proper records with faults thrown in, as a damaged extract has.
TEST(Scan, EqualsTheSlowTwinOnDamagedRecords) {
  for (std::uint64_t trial = 0; trial < 1500; ++trial) {
    CounterRandom random(11, trial, 2);
    const auto columns = static_cast<std::uint32_t>(2 + random.below(40));
    std::string text;
    for (int row = 0; row < 30; ++row) {
      for (std::uint32_t column = 0; column < columns; ++column) {
        if (column) text += ',';
        switch (random.below(8)) {
          case 0: text += "\"q,\"\"x\"\" y\""; break;
          case 1: text += "\"two\nlines\""; break;
          case 2: text += "plain text of some length"; break;
          case 3: text += std::to_string(random.below(100000)); break;
          default: break;
        }
      }
      text += random.chance(0.5) ? "\n" : "\r\n";
    }
    for (auto faults = random.below(4); faults > 0; --faults) {
      const auto at = random.below(text.size());
      static constexpr char damage[] = {'"', '\n', ',', '\r', 'x'};
      text[at] = damage[random.below(5)];
    }
    std::vector<std::uint32_t> wanted;
    for (std::uint32_t i = 0; i < columns; ++i)
      if (random.chance(0.3)) wanted.push_back(i);
    if (wanted.empty()) wanted.push_back(0);
    expect_twin(text, {',', columns}, {.quoted_field = 2000, .record = 5000}, wanted);
    if (HasFatalFailure()) return;
  }
}

}  // namespace joinedup::ingest
