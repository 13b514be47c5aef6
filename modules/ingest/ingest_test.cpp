#include "ingest/ingest.hpp"

#include <sys/stat.h>

#include "ingest/fixture.hpp"

namespace joinedup::ingest {
namespace {

const std::string header = "contact_id,nhs_number,date_of_birth,sex,family_name,given_name,postcode,contact_date,service,duration_minutes\n";

class Ingest : public IngestFixture {};

}  // namespace

TEST_F(Ingest, RowsIdentitiesAndFilesAreStaged) {
  declare(visit_feed);
  file("visits/visits_2024-25.csv", header +
                                        "1,999 000 0018,1950-02-01,F,o'neill,Mary  Ann,ls14ap,2024-05-01,befriending,30\n"
                                        "2,9990000018,01/02/1950,Female,O'Neill,Mary Ann,LS1 4AP,02/05/2024,transport,\n"
                                        "3,,,,,,,2024-06-31,transport,5\n"
                                        "4,1234567890,1960-01-01,1,Smith,John,,2024-06-30,transport,2000\n");
  const auto summary = ingest();
  EXPECT_EQ(summary.rows_in, 4u);
  EXPECT_EQ(summary.rows_kept, 3u);
  EXPECT_EQ(summary.rows_rejected, 1u);
  const auto base = std::int64_t{1} << 36;
  EXPECT_EQ(rows("SELECT source_row - " + std::to_string(base) + ", row_id, contact_date, service, duration_minutes FROM visit ORDER BY source_row"),
            "1|1|2024-05-01|befriending|30\n2|2|2024-05-02|transport|-\n4|4|2024-06-30|transport|-\n");
  EXPECT_EQ(rows("SELECT feed, staged_table, nhs_number, nhs_status, birth_date, birth_year, birth_month, sex, family_name, given_name, postcode, "
                 "rows, first_source_row - " + std::to_string(base) + " FROM identity_record ORDER BY first_source_row"),
            "visits|visit|9990000018|valid|1950-02-01|1950|2|F|O'NEILL|MARY ANN|LS1 4AP|2|1\n"
            "visits|visit|1234567890|bad_check|1960-01-01|1960|1|M|SMITH|JOHN|-|1|4\n");
  EXPECT_EQ(rows("SELECT count(DISTINCT v.identity_key) FROM visit v JOIN identity_record i USING (identity_key)"), "2\n");
  EXPECT_EQ(rows("SELECT file, period, submission, state, rows_in, rows_kept, rows_rejected, length(sha256) FROM feed_file"),
            "visits/visits_2024-25.csv|2024-25|0|live|4|3|1|64\n");
  EXPECT_EQ(rows("SELECT severity, category, field, rule, count, sample_row, sample_value FROM finding WHERE rule LIKE 'date%' OR rule LIKE 'value%' ORDER BY rule"),
            "rejected|conformance|contact_date|date.no_such_day|1|3|2024-06-31\nrepaired|plausibility|duration_minutes|value.above_maximum|1|4|2000\n");
  EXPECT_EQ(count("nhs_number.bad_check"), 1u);
  struct stat status {};
  ASSERT_EQ(::stat(options_.staging_path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(Ingest, ShippedFeedsStageEveryTableEvenWithoutFiles) {
  shipped();
  const auto summary = ingest();
  EXPECT_EQ(summary.rows_in, 0u);
  EXPECT_EQ(rows("SELECT count(*) FROM inpatient_episode"), "0\n");
  EXPECT_EQ(rows("SELECT count(*) FROM information_schema.columns WHERE table_name = 'gp_observation'"), "7\n");
}

TEST_F(Ingest, RegistrationsCarryReferencesForTheirEvents) {
  shipped();
  file("gp_registration/Admin_Patient_2026-03.csv",
       "PatientGuid,OrganisationGuid,Sex,DateOfBirth,NhsNumber,Surname,GivenName,Postcode,DateOfRegistration,Deleted\n"
       "{A},{P},F,1950-02-01,9990000018,Jones,Ann,LS1 4AP,2001-01-01,false\n");
  file("gp_event/CareRecord_Observation_2024-25.csv",
       "ObservationGuid,PatientGuid,EffectiveDate,CodeId,Value,Deleted\n{1},{A},2024-05-01,77,12.5,false\n{2},{B},2024-05-02,77,,true\n");
  ingest();
  EXPECT_EQ(rows("SELECT o.effective_date, o.code_id, o.value, o.deleted, i.family_name FROM gp_observation o "
                 "LEFT JOIN reference_identity r ON r.reference_scope = 'gp' AND r.person_ref = o.person_ref "
                 "LEFT JOIN identity_record i ON i.identity_key = r.identity_key ORDER BY o.source_row"),
            "2024-05-01|77|12.5|false|JONES\n2024-05-02|77|-|true|-\n");
  EXPECT_EQ(count("header.missing_column", "MiddleNames"), 1u);
}

}  // namespace joinedup::ingest
