// The rows must not depend on how a file was cut or who read which part.
#include "base/random.hpp"
#include "ingest/fixture.hpp"

namespace joinedup::ingest {
namespace {
class PipelineTest : public IngestFixture {};
}  // namespace

TEST_F(PipelineTest, TheSameRowsForAnyThreadsAndAnyRangeSize) {
  declare(visit_feed);
  std::string text = "contact_id,nhs_number,date_of_birth,sex,family_name,given_name,postcode,contact_date,service,duration_minutes\n";
  for (std::uint64_t i = 0; i < 12000; ++i) {
    CounterRandom random(9, i, 0);
    std::string service = "transport";
    if (random.chance(0.05)) service = "\"two\nlines, and a \"\"quote\"\"\"";
    // Quoted text that holds what looks like records, long enough to lie across cuts.
    if (random.chance(0.002)) {
      service = "\"";
      for (int k = 0; k < 300; ++k) service += "1,9990000018,1950-02-01,F,Smith,Ann,LS1 4AP,2024-05-01,transport,30\n";
      service += "\"";
    }
    if (random.chance(0.003)) service = "\"never closed";
    if (random.chance(0.003)) service = "stray \"quote\", and more";
    text += std::to_string(i) + ",999000" + std::to_string(1000 + random.below(9000)) + "," + (random.chance(0.01) ? "31/02/1950" : "1950-02-01") + ",F,Smith" +
            std::to_string(random.below(500)) + ",Ann,LS1 4AP," + Date{19500 + random.between(0, 300)}.to_iso() + "," + service + "," +
            std::to_string(random.below(60)) + (random.chance(0.1) ? "\r\n" : "\n");
  }
  file("visits/visits_2024.csv", text);
  const auto everything = [&] {
    std::string all = rows("SELECT * FROM visit ORDER BY source_row") + rows("SELECT * FROM identity_record ORDER BY identity_key") +
                      rows("SELECT * FROM feed_file") + rows("SELECT * FROM finding ORDER BY ALL") + rows("SELECT * FROM quality ORDER BY ALL");
    return all;
  };
  options_.threads = 1;
  options_.range_bytes = 64 << 20;
  const auto whole = ingest();
  const auto expected = everything();
  EXPECT_GT(whole.rows_kept, 10000u);
  EXPECT_GT(count("record.unclosed_quote"), 10u);
  for (const auto& [threads, bytes] : {std::pair{1u, 10007u}, {2u, 10007u}, {2u, 100003u}, {4u, 33333u}, {3u, 1u << 20}}) {
    options_.threads = threads;
    options_.range_bytes = bytes;
    ingest();
    ASSERT_EQ(everything() == expected, true) << threads << " threads, ranges of " << bytes;
  }
  // Rows lie in the table in file order, so that what is built from them can be streamed.
  EXPECT_EQ(rows("SELECT count(*) FROM (SELECT source_row, lag(source_row) OVER () AS before FROM visit) WHERE before >= source_row"), "0\n");
}

}  // namespace joinedup::ingest
