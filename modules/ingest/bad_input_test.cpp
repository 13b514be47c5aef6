// Every bad input of the issue: one clear sentence or a counted finding, the other rows and files untouched.
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <csignal>

#include "base/date.hpp"
#include "ingest/fixture.hpp"

namespace joinedup::ingest {
namespace {

const std::string header = "contact_id,nhs_number,date_of_birth,sex,family_name,given_name,postcode,contact_date,service,duration_minutes\n";

std::string visit(int id, const std::string& day = "2024-05-01", const std::string& family = "Smith") {
  return std::to_string(id) + ",9990000018,1950-02-01,F," + family + ",Ann,LS1 4AP," + day + ",transport,30\n";
}

std::string gzip(const std::string& text) {
  std::string packed(text.size() + 1000, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string utf16(const std::string& ascii, bool big_endian) {
  std::string out = big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : ascii) {
    if (big_endian) out += '\0';
    out += c;
    if (!big_endian) out += '\0';
  }
  return out;
}

class BadInput : public IngestFixture {
 protected:
  void SetUp() override {
    IngestFixture::SetUp();
    declare(visit_feed);
  }
  std::string refused(const IngestSummary& summary) const {
    EXPECT_EQ(summary.refused.size(), 1u);
    return summary.refused.empty() ? "" : summary.refused[0];
  }
  void expect_other_file_staged() const { EXPECT_EQ(rows("SELECT count(*) FROM visit WHERE row_id = '77'"), "1\n"); }
};

}  // namespace

TEST_F(BadInput, WrongFileTypesAreNamedAndRefused) {
  file("visits/visits_2020.csv", header + visit(77));
  const std::pair<std::string, std::string> kinds[] = {{"%PDF-1.7 x", "a PDF document"}, {"PK\x03\x04zip", "zip archive"}, {"<?xml version", "XML"}};
  for (const auto& [text, name] : kinds) {
    file("visits/visits_2024.csv", text);
    const auto summary = ingest();
    EXPECT_NE(refused(summary).find(name), std::string::npos) << refused(summary);
    EXPECT_EQ(count("file.refused"), 1u);
    expect_other_file_staged();
    EXPECT_EQ(rows("SELECT state FROM feed_file ORDER BY file"), "live\nrefused\n");
  }
}

TEST_F(BadInput, TruncatedGzipIsRefusedWholeThoughRowsWereRead) {
  std::string text = header;
  for (int i = 0; i < 300000; ++i) text += visit(i + 1000, "2024-05-01", "Smith" + std::to_string(std::int64_t{i} * 7919 % 100003));
  auto packed = gzip(text);
  file("visits/visits_2020.csv", header + visit(77));
  file("visits/visits_2024.csv.gz", packed.substr(0, packed.size() * 2 / 3));
  options_.range_bytes = 1 << 20;
  const auto summary = ingest();
  EXPECT_NE(refused(summary).find("cut short"), std::string::npos);
  EXPECT_EQ(rows("SELECT count(*) FROM visit"), "1\n");
  EXPECT_EQ(rows("SELECT sum(rows) FROM identity_record"), "1\n");
  expect_other_file_staged();
}

TEST_F(BadInput, PackedFilesGiveTheSameRowsAndTheHashOfWhatWasReceived) {
  std::string text = header;
  for (int i = 0; i < 5000; ++i) text += visit(i);
  file("visits/visits_2024.csv", text);
  ingest();
  const auto plain = rows("SELECT source_row, row_id, identity_key, contact_date, service, duration_minutes FROM visit ORDER BY source_row");
  std::filesystem::remove(folder_ / "feeds/visits/visits_2024.csv");
  file("visits/visits_2024.csv.gz", gzip(text) + gzip(""));
  auto summary = ingest();
  EXPECT_EQ(rows("SELECT source_row, row_id, identity_key, contact_date, service, duration_minutes FROM visit ORDER BY source_row"), plain);
  EXPECT_EQ(summary.files[0].sha256.size(), 64u);
  std::filesystem::remove(folder_ / "feeds/visits/visits_2024.csv.gz");
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  file("visits/visits_2024.csv.zst", packed);
  ingest();
  EXPECT_EQ(rows("SELECT source_row, row_id, identity_key, contact_date, service, duration_minutes FROM visit ORDER BY source_row"), plain);
  file("visits/visits_2024.csv.zst", packed.substr(0, packed.size() - 5));
  EXPECT_NE(refused(ingest()).find("cut short"), std::string::npos);
  std::filesystem::remove(folder_ / "feeds/visits/visits_2024.csv.zst");
  for (const bool big : {false, true}) {
    file("visits/visits_2024.csv", utf16(text, big));
    ingest();
    EXPECT_EQ(rows("SELECT source_row, row_id, identity_key, contact_date, service, duration_minutes FROM visit ORDER BY source_row"), plain);
  }
}

TEST_F(BadInput, ParquetGoesThroughTheSameTypedPath) {
  std::filesystem::create_directories(folder_ / "feeds/visits");
  auto database = engine::Database::open("");
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("COPY (SELECT 1 AS contact_id, '9990000018' AS nhs_number, DATE '1950-02-01' AS date_of_birth, 'F' AS sex, 'Smith' AS "
                              "family_name, 'Ann' AS given_name, 'ls14ap' AS postcode, TIMESTAMP '2024-05-01 00:00:00' AS contact_date, "
                              "'\"quoted\" text' AS service, 30 AS duration_minutes UNION ALL SELECT 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'x', 1) TO '" +
                              (folder_ / "feeds/visits/visits_2024.parquet").string() + "' (FORMAT parquet)"));
  const auto summary = ingest();
  EXPECT_EQ(summary.rows_kept, 1u);
  EXPECT_EQ(summary.rows_rejected, 1u);
  EXPECT_EQ(rows("SELECT row_id, contact_date, service, duration_minutes FROM visit"), "1|2024-05-01|\"quoted\" text|30\n");
  EXPECT_EQ(rows("SELECT birth_date, postcode FROM identity_record"), "1950-02-01|LS1 4AP\n");
  file("visits/visits_2024.parquet", "PAR1 but nothing else");
  EXPECT_EQ(ingest().refused.size(), 1u);
}

TEST_F(BadInput, AHeaderWithoutARequiredColumnRefusesThatFileOnly) {
  file("visits/visits_2020.csv", header + visit(77));
  file("visits/visits_2024.csv", "contact_id,nhs_number,service\n1,9990000018,transport\n");
  const auto summary = ingest();
  EXPECT_EQ(refused(summary), "visits/visits_2024.csv: The header lacks \"contact_date\", which the feed visit needs.");
  expect_other_file_staged();
}

TEST_F(BadInput, HeadersVaryInCaseOrderSpacesAliasesAndSeparator) {
  for (const char separator : {',', '\t', '|', ';'}) {
    std::string text = "\xEF\xBB\xBF\"Contact ID\",CONTACT DATE,Extra,minutes,NHS-Number\r\n7,2024-05-01,x,12,9990000018\r\n";
    for (auto& c : text)
      if (c == ',') c = separator;
    file("visits/visits_2024.csv", text);
    ingest();
    EXPECT_EQ(rows("SELECT row_id, contact_date, duration_minutes FROM visit"), "7|2024-05-01|12\n") << separator;
    EXPECT_EQ(count("header.extra_column"), 1u);
    EXPECT_EQ(count("header.missing_column", "service"), 1u);
  }
}

TEST_F(BadInput, AFileWithoutHeaderIsReadByPosition) {
  const auto layout = place::layout_headers("voluntary");
  std::string row;
  for (const auto& name : *layout)
    row += (row.empty() ? "" : ",") + std::string(name == "contact_id" ? "5" : name == "contact_date" ? "2024-05-01" : name == "service" ? "transport" : name == "nhs_number" ? "9990000018" : "");
  file("visits/visits_2024.csv", row + "\n");
  EXPECT_EQ(ingest().rows_kept, 1u);
  EXPECT_EQ(count("header.absent"), 1u);
  EXPECT_EQ(rows("SELECT row_id, contact_date, service FROM visit"), "5|2024-05-01|transport\n");
  file("visits/visits_2024.csv", "just,three,values\n1,2,3\n");
  EXPECT_NE(refused(ingest()).find("neither the header"), std::string::npos);
}

TEST_F(BadInput, CharactersOfEveryKind) {
  file("visits/visits_2024.csv", header + visit(1, "2024-05-01", "Zo\xC3\xAB") + visit(2, "2024-05-01", "Zo\xEB") + visit(3, "2024-05-01", std::string("Zo\0e", 4)));
  ingest();
  EXPECT_EQ(rows("SELECT family_name, rows FROM identity_record ORDER BY first_source_row"), "ZO\xC3\x8B|2\nZOE|1\n");
  EXPECT_EQ(count("encoding.windows_1252", "identity"), 1u);
  EXPECT_EQ(count("text.nul_byte"), 1u);
  options_.feeds[0].tables[0].encoding = place::Encoding::utf8;
  ingest();
  EXPECT_EQ(count("encoding.invalid_utf8"), 1u);
  EXPECT_EQ(rows("SELECT family_name FROM identity_record ORDER BY first_source_row LIMIT 1 OFFSET 1"), "ZO\xEF\xBF\xBD\n");
  options_.feeds[0].tables[0].encoding = place::Encoding::windows_1252;
  ingest();
  EXPECT_EQ(rows("SELECT family_name FROM identity_record ORDER BY first_source_row LIMIT 1 OFFSET 1"), "ZO\xC3\x8B\n");
}

TEST_F(BadInput, EmptyFilesAndHeadersAlone) {
  file("visits/visits_2023.csv", "");
  file("visits/visits_2024.csv", header);
  file("visits/notes.txt", "hello");
  const auto summary = ingest();
  EXPECT_EQ(summary.rows_in, 0u);
  EXPECT_TRUE(summary.refused.empty());
  EXPECT_EQ(count("file.empty"), 1u);
  EXPECT_EQ(count("file.no_rows"), 1u);
  EXPECT_EQ(count("file.not_declared"), 1u);
}

TEST_F(BadInput, DamagedRecordsAreLostOneByOne) {
  file("visits/visits_2024.csv", header + visit(1) + "2,\"never closed,3\n" + visit(3) + "4,too,short\n" + visit(5) + "6" + std::string(20, ',') + "x\n" + visit(7));
  const auto summary = ingest();
  EXPECT_EQ(summary.rows_in, 7u);
  EXPECT_EQ(summary.rows_kept, 4u);
  EXPECT_EQ(rows("SELECT row_id, source_row & 1048575 FROM visit ORDER BY source_row"), "1|1\n3|3\n5|5\n7|7\n");
  EXPECT_EQ(count("record.unclosed_quote"), 1u);
  EXPECT_EQ(count("record.too_few_columns"), 1u);
  EXPECT_EQ(count("record.too_many_columns"), 1u);
}

TEST_F(BadInput, AVeryLongLineIsOneLostRecordInBoundedMemory) {
  {
    file("visits/visits_2024.csv", header + visit(1));
    std::ofstream out(folder_ / "feeds/visits/visits_2024.csv", std::ios::binary | std::ios::app);
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 200; ++i) out << block;
    out << "\n" << visit(3);
  }
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto summary = ingest();
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(summary.rows_in, 3u);
  EXPECT_EQ(rows("SELECT row_id, source_row & 1048575 FROM visit ORDER BY source_row"), "1|1\n3|3\n");
  EXPECT_EQ(count("record.too_long"), 1u);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 160 << 10) << "KiB grown while reading a 200 MiB line";
}

TEST_F(BadInput, AFeedForAnotherYearIsSaid) {
  file("visits/visits_2014.csv", header + visit(1, "2014-05-01") + visit(2, "2014-06-01"));
  file("visits/visits_2024.csv", header + visit(3));
  EXPECT_EQ(ingest().rows_kept, 3u);
  EXPECT_EQ(count("file.other_period"), 1u);
  EXPECT_EQ(rows("SELECT file FROM finding WHERE rule = 'file.other_period'"), "visits/visits_2014.csv\n");
}

TEST_F(BadInput, SentinelDatesAndNegativeNumbers) {
  file("visits/visits_2024.csv", header + visit(1, "1900-01-01") + "2,9990000018,1900-01-01,F,A,B,,2024-05-01,transport,-5\n" + visit(3, "01/13/2024"));
  const auto summary = ingest();
  EXPECT_EQ(summary.rows_kept, 1u);
  EXPECT_EQ(count("date.sentinel"), 1u);
  EXPECT_EQ(count("birth_date.sentinel"), 1u);
  EXPECT_EQ(count("value.below_minimum"), 1u);
  EXPECT_EQ(count("date.no_such_day"), 1u);
  EXPECT_EQ(rows("SELECT birth_date FROM identity_record"), "-\n");
}

TEST_F(BadInput, ANegativeCostIsRejected) {
  options_.feeds.clear();
  shipped();
  file("asc_cld/asc_cld_2024-25.csv",
       "LA Code,Reporting Period Start Date,Reporting Period End Date,NHS Number,Event Type,Event Reference,Event Start Date,Unit Cost\n"
       "E1,2024-04-01,2025-03-31,9990000018,Service,1,2024-04-01,-4.00\nE1,2024-04-01,2025-03-31,9990000018,Service,2,2024-04-01,\"£1,004.50\"\n");
  const auto summary = ingest();
  EXPECT_EQ(summary.rows_rejected, 1u);
  EXPECT_EQ(rows("SELECT unit_cost_pence FROM social_care_event"), "100450\n");
}

TEST_F(BadInput, NoFindingCarriesAnIdentifyingValue) {
  options_.feeds[0].tables[0].columns[1].identifying = true;
  options_.feeds[0].tables[0].columns[1].codes = {"transport"};
  file("visits/visits_2024.csv", header + "1,12345,1950-02-31,F,Sm\xFFith,Ann,LS1 4AP,2024-05-01,secretword,30\n");
  ingest();
  EXPECT_GE(count("code.unknown"), 1u);
  for (const auto& one : findings_->counts())
    for (const auto& sample : one.samples)
      for (const auto* secret : {"12345", "1950", "secretword", "ith", "LS1"}) EXPECT_EQ(sample.value.find(secret), std::string::npos) << one.rule;
}

TEST_F(BadInput, LaterSubmissionsReplaceTheirPeriodAndTheSameContentsCountOnce) {
  file("visits/visits_2023-24.csv", header + visit(1) + visit(2));
  file("visits/visits_2023-24_s2.csv", header + visit(1));
  file("visits/visits_2024-25.csv", header + visit(4));
  file("visits/visits_2024-26.csv", header + visit(4));
  ingest();
  EXPECT_EQ(rows("SELECT file, state, period, submission, length(sha256) FROM feed_file ORDER BY file"),
            "visits/visits_2023-24.csv|superseded|2023-24|0|64\nvisits/visits_2023-24_s2.csv|live|2023-24|2|64\n"
            "visits/visits_2024-25.csv|live|2024-25|0|64\nvisits/visits_2024-26.csv|duplicate|2024-26|0|64\n");
  EXPECT_EQ(rows("SELECT row_id FROM visit ORDER BY source_row"), "1\n4\n");
}

TEST_F(BadInput, ARowSentAgainInALaterFileReplacesTheEarlierOne) {
  file("visits/visits_2023-24.csv", header + visit(1) + visit(2, "2024-01-01", "Jones"));
  file("visits/visits_2024-25.csv", header + visit(2, "2024-02-02", "Brown") + visit(3));
  const auto summary = ingest();
  EXPECT_EQ(summary.rows_in, 4u);
  EXPECT_EQ(summary.rows_kept, 3u);
  EXPECT_EQ(count("row_id.replaced_by_later_row"), 1u);
  EXPECT_EQ(rows("SELECT row_id, contact_date FROM visit ORDER BY row_id"), "1|2024-05-01\n2|2024-02-02\n3|2024-05-01\n");
  EXPECT_EQ(rows("SELECT family_name, rows FROM identity_record ORDER BY 1"), "BROWN|1\nSMITH|2\n");
  EXPECT_EQ(rows("SELECT file, rows_kept, rows_rejected FROM feed_file ORDER BY 1"), "visits/visits_2023-24.csv|1|1\nvisits/visits_2024-25.csv|2|0\n");
}

TEST_F(BadInput, AnErrorLeavesTheOldStagingAndNothingElse) {
  file("visits/visits_2024.csv", header + visit(1));
  ingest();
  if (::geteuid() == 0) {
    // Root reads everything, so the file is made a folder's broken link instead.
    std::filesystem::create_symlink("/nonexistent/place", folder_ / "feeds/visits/visits_2025.csv");
  } else {
    file("visits/visits_2025.csv", header + visit(2));
    std::filesystem::permissions(folder_ / "feeds/visits/visits_2025.csv", std::filesystem::perms::none);
  }
  Findings findings;
  const auto summary = ingest_feeds(options_, findings);
  ASSERT_FALSE(summary);
  EXPECT_NE(summary.error().sentence.find("cannot be"), std::string::npos);
  EXPECT_EQ(rows("SELECT count(*) FROM visit"), "1\n");
  EXPECT_FALSE(std::filesystem::exists(options_.staging_path + ".new"));
}

// A full disk, as a limit on the size of files this process may write.
TEST_F(BadInput, AFullDiskLeavesTheOldStaging) {
  file("visits/visits_2023.csv", header + visit(77));
  ingest();
  std::string text = header;
  for (int i = 0; i < 400000; ++i) text += visit(i + 100, "2024-05-01", "Smith" + std::to_string(std::int64_t{i} * 7919 % 400009));
  file("visits/visits_2024.csv", text);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4 << 20, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  Findings findings;
  const auto summary = ingest_feeds(options_, findings);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(summary);
  EXPECT_FALSE(summary.error().sentence.empty());
  EXPECT_FALSE(std::filesystem::exists(options_.staging_path + ".new"));
  EXPECT_EQ(rows("SELECT count(*) FROM visit"), "1\n");
}

TEST_F(BadInput, TheFingerprintFollowsFilesAndDeclarations) {
  file("visits/visits_2024.csv", header + visit(1));
  const auto first = inputs_fingerprint(options_.feeds_folder, options_.feeds);
  ASSERT_TRUE(first);
  EXPECT_EQ(*inputs_fingerprint(options_.feeds_folder, options_.feeds), *first);
  file("visits/visits_2024.csv", header + visit(1) + visit(2));
  const auto second = inputs_fingerprint(options_.feeds_folder, options_.feeds);
  EXPECT_NE(*second, *first);
  options_.feeds[0].tables[0].columns[2].maximum = 99;
  EXPECT_NE(*inputs_fingerprint(options_.feeds_folder, options_.feeds), *second);
}

}  // namespace joinedup::ingest
