#include "ingest/fixture.hpp"

namespace joinedup::ingest {
namespace {

const std::string header = "contact_id,nhs_number,date_of_birth,sex,family_name,given_name,postcode,contact_date,service,duration_minutes\n";

class Quality : public IngestFixture {};

}  // namespace

TEST_F(Quality, EachCategoryIsCountedByFieldAndFile) {
  declare(visit_feed);
  file("visits/visits_2024-25.csv", header +
                                        "1,9990000018,1950-02-01,F,A,B,,2024-05-01,transport,30\n"
                                        "2,9990000018,2025-02-01,F,A,B,,2024-05-01,,x\n"
                                        "3,9990000018,1880-02-01,F,A,B,,2026-05-01,transport,9999\n"
                                        "4,9990000018,1950-02-01,F,A,B,,31/02/2024,transport,1\n");
  ingest();
  EXPECT_EQ(rows("SELECT category, field, \"check\", rows, failed FROM quality ORDER BY ALL"),
            "completeness|contact_date|present|4|0\n"
            "completeness|duration_minutes|present|4|0\n"
            "completeness|service|present|4|1\n"
            "conformance||rows_kept|4|1\n"
            "conformance|contact_date|readable|4|1\n"
            "conformance|duration_minutes|readable|4|1\n"
            "plausibility||age_possible|3|1\n"
            "plausibility||in_period|3|1\n"
            "plausibility||not_after_period|3|1\n"
            "plausibility||not_before_birth|3|1\n"
            "plausibility|contact_date|in_range|3|0\n"
            "plausibility|duration_minutes|in_range|3|1\n");
  EXPECT_EQ(count("date.before_birth"), 1u);
  EXPECT_EQ(count("birth_date.over_120_years"), 1u);
}

TEST_F(Quality, AMonthThatFallsAwayIsFlagged) {
  declare(visit_feed);
  std::string text = header;
  for (int month = 0; month < 12; ++month)
    for (int i = 0; i < (month == 6 ? 10 : 60); ++i)
      text += std::to_string(month * 1000 + i) + ",,1950-01-02,,,,," + Date::from_civil(2024, 4, 15).add_months(month).to_iso() + ",transport,1\n";
  file("visits/visits_2024-25.csv", text);
  ingest();
  EXPECT_EQ(rows("SELECT month, rows, typical_rows FROM quality_month WHERE flagged"), "2024-10-01|10|60\n");
  EXPECT_EQ(rows("SELECT count(*), sum(rows) FROM quality_month"), "12|670\n");
  EXPECT_EQ(count("trend.sudden_change"), 1u);
}

TEST_F(Quality, EventsAfterARegisteredDeathAreCounted) {
  shipped();
  file("deaths/deaths_2024-25.csv", "death_id,nhs_number,date_of_birth,sex,family_name,given_name,postcode,date_of_death\n1,9990000018,1950-02-01,F,A,B,,2024-06-01\n");
  file("voluntary/voluntary_2024-25.csv", "contact_id,organisation,nhs_number,date_of_birth,contact_date,service\n"
                                          "1,O1,9990000018,1950-02-01,2024-05-01,transport\n2,O1,9990000018,1950-02-01,2024-07-01,transport\n");
  ingest();
  EXPECT_EQ(rows("SELECT file, rows, failed FROM quality WHERE \"check\" = 'not_after_death' AND failed > 0"), "voluntary/voluntary_2024-25.csv|2|1\n");
}

}  // namespace joinedup::ingest
