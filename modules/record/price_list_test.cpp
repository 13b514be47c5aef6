#include "record/price_list.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <tuple>

#include <unistd.h>

#include "base/test_folder.hpp"
#include "base/file.hpp"
#include "place/shipped.hpp"
#include "record/fixture.hpp"

namespace joinedup::record {
namespace {

const PriceList& list_named(const std::vector<PriceList>& lists, const std::string& name) {
  for (const auto& list : lists)
    if (list.name == name) return list;
  throw std::runtime_error("no list " + name);
}

long number(const std::string& text) { return text.empty() ? -1 : std::stol(text); }

}  // namespace

TEST(PriceList, TheShippedListsAreReadAndSayWhichAreIllustrative) {
  const auto lists = read_price_lists("");
  ASSERT_TRUE(lists) << lists.error().text();
  ASSERT_EQ(lists->size(), 8u);
  EXPECT_EQ(list_named(*lists, "hrg").rows.size(), 2312u);
  for (const auto& list : *lists) EXPECT_EQ(list.illustrative, list.name != "contact") << list.name;
  EXPECT_EQ(list_named(*lists, "hrg").place_file, "hrg_price.csv");
  EXPECT_EQ(list_named(*lists, "social_care_default").place_file, "social_care_default.csv");
}

// The rule of modules/place/prices/README.md, worked again from the file itself.
TEST(PriceList, TheIllustrativeTariffFollowsItsRule) {
  const auto lists = read_price_lists("");
  ASSERT_TRUE(lists);
  std::map<std::string, long> base;
  const auto text = *place::shipped_file("prices/hrg_price_base.csv");
  for (const auto& record : parse_csv_records(text.substr(text.find('\n') + 1)))
    if (record[0] != "subchapter") base[record[0]] = std::stol(record[1]);
  std::map<std::string, std::vector<std::string>> letters;
  const auto& hrgs = list_named(*lists, "hrg").rows;
  for (const auto& row : hrgs) letters[row[0].substr(0, 4)].push_back(row[0]);
  const auto to_ten_pounds = [](long pence) { return (pence + 500) / 1000 * 1000; };
  int checked = 0;
  for (const auto& row : hrgs) {
    auto& same_root = letters[row[0].substr(0, 4)];
    std::sort(same_root.begin(), same_root.end());
    const long n = static_cast<long>(same_root.size());
    const long k = std::find(same_root.begin(), same_root.end(), row[0]) - same_root.begin();
    const long complexity = n == 1 ? 100 : 150 - 75 * k / (n - 1);
    const long trim = std::max(number(row[5]), 5L), length = std::min(300L, 60 + 2 * trim);
    const long pounds = base.at(row[0].substr(0, 2));
    if (pounds == 0) {
      EXPECT_EQ(row[1] + row[2] + row[3], "") << row[0];
      continue;
    }
    const long elective = to_ten_pounds(pounds * complexity * length / 100);
    const long day_case = std::max(25000L, to_ten_pounds(elective * 45 / 100));
    const long stay = (trim + 3) / 5;
    EXPECT_EQ(number(row[1]), day_case) << row[0];
    EXPECT_EQ(number(row[2]), std::max(40000L, elective)) << row[0];
    EXPECT_EQ(number(row[3]), std::max(40000L, to_ten_pounds(elective * 115 / 100))) << row[0];
    EXPECT_EQ(number(row[4]), stay < 2 ? 100 : stay == 2 ? 70 : stay < 5 ? 45 : 25) << row[0];
    EXPECT_EQ(number(row[8]), trim > 5 ? -1 : std::min(40000L, std::max(12000L, to_ten_pounds(day_case * 60 / 100)))) << row[0];
    ++checked;
  }
  EXPECT_EQ(checked, 2311);
}

TEST(PriceList, TrimPointsAndLongStayPaymentsAreThePublishedOnes) {
  const char* shared = std::getenv("JOINEDUP_SHARED_DATA");
  const std::string path = (shared ? std::string(shared) : std::string(JOINEDUP_SOURCE_DIR) + "/../shared/data") + "/budget/uk_costs/hrg_trimpoints.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "The reference data folder is not here.";
  const auto text = read_file(path);
  ASSERT_TRUE(text);
  std::map<std::string, std::vector<std::string>> ours;
  const auto lists = read_price_lists("");
  for (const auto& row : list_named(*lists, "hrg").rows) ours[row[0]] = row;
  std::map<std::string, std::map<std::string, int>> payments;  // subchapter → value → HRGs
  auto records = parse_csv_records(*text);
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto& [hrg, days, pounds] = std::tie(records[i][0], records[i][1], records[i][2]);
    ASSERT_TRUE(ours.contains(hrg)) << hrg;
    EXPECT_EQ(ours[hrg][5], days == "-" ? "" : days) << hrg;
    EXPECT_EQ(ours[hrg][6], ours[hrg][5]) << hrg;
    EXPECT_EQ(ours[hrg][7], pounds == "-" || pounds == "0" ? "" : pounds + "00") << hrg;
    if (pounds != "-" && pounds != "0") ++payments[hrg.substr(0, 2)][pounds];
  }
  EXPECT_EQ(records.size() - 1, ours.size());
  // Why the second column is a payment a day and not a trim point: one value for adults, at most one more for children.
  for (const auto& [subchapter, values] : payments) EXPECT_LE(values.size(), 2u) << subchapter;
}

TEST(PriceList, APlacesOwnFileReplacesTheListWhole) {
  TestFolder folder;
  folder.write("voluntary_price.csv", "# agreed with the alliance, April 2025\nservice,pence\nbefriending,1750\n*,0\n");
  const auto lists = read_price_lists(folder.path());
  ASSERT_TRUE(lists) << lists.error().text();
  const auto& voluntary = list_named(*lists, "voluntary");
  EXPECT_FALSE(voluntary.illustrative);
  EXPECT_EQ(voluntary.rows.size(), 2u);
  EXPECT_EQ(voluntary.source, "agreed with the alliance, April 2025");
  Fixture fixture;
  fixture.person(1, "1950-01-01");
  fixture.add("voluntary_row", {{"person_key", "1"}, {"organisation", "V1"}, {"contact_date", "2024-05-01"}, {"service", "befriending"}});
  ASSERT_TRUE(fixture.build({.price_folder = folder.path()}));
  EXPECT_EQ(fixture.csv("SELECT cost_pence, cost_defaulted FROM voluntary_contact"), "1750,false\n");
  EXPECT_EQ(fixture.csv("SELECT illustrative, prices FROM price_list WHERE list = 'voluntary'"), "false,2\n");
}

TEST(PriceList, AFaultyListIsOneSentenceWithItsLine) {
  const auto complaint = [](const std::string& text) {
    const auto list = parse_price_list("voluntary", text, "prices/voluntary_price.csv");
    return list ? std::string("accepted") : list.error().text();
  };
  EXPECT_NE(complaint("# x\nservice,pence\nbefriending,-5\n").find("voluntary_price.csv:3: The column pence holds whole numbers"), std::string::npos);
  EXPECT_NE(complaint("service,pounds\n").find("must be: service,pence"), std::string::npos);
  EXPECT_NE(complaint("service,pence\na,1\na,2\n").find("twice"), std::string::npos);
  EXPECT_NE(complaint("service,pence\na,1,2\n").find("3 fields"), std::string::npos);
  EXPECT_NE(complaint("service,pence\n,1\n").find("must not be empty"), std::string::npos);
  EXPECT_NE(complaint("service,pence\n").find("no prices"), std::string::npos);
  TestFolder folder;
  folder.write("hrg_prices_2025.csv", "hrg\n");
  const auto lists = read_price_lists(folder.path());
  ASSERT_FALSE(lists);
  EXPECT_NE(lists.error().text().find("hrg_prices_2025.csv: This is no price list that Joinedup knows"), std::string::npos);
}

// The three sheets below are made by us in the shape of the published workbook: titles, headings over several lines, £, commas, "-".
constexpr const char* admitted_sheet =
    "\xEF\xBB\xBF\"NHS Payment Scheme: admitted patient care and outpatient procedures\",,,,,,,,,,,\n,,,,,,,,,,,\n"
    "HRG code,HRG name,\"Outpatient procedure\nprice (£)\",\"Combined day case /\nordinary elective\nspell price (£)\",\"Day case spell\nprice (£)\","
    "\"Ordinary elective\nspell price (£)\",\"Ordinary elective\nlong stay\ntrim point (days)\",\"Non-elective\nspell price (£)\",\"Non-elective\nlong stay trim point\n(days)\","
    "\"Per day long stay\npayment (for days\nexceeding trim point) (£)\",\"Reduced short stay\nemergency tariff\n_applicable?\",\"% applied in\ncalculation of\nreduced short stay\nemergency tariff\"\n"
    "AA,Nervous system,,,,,,,,,,\n"
    "AA22C,\"Cerebrovascular accident, CC 14+\",-,-,\"£1,020\",\"£6,543\",90,\"£7,001.50\",95,£257,Yes,30%\n"
    "BZ34A,\"Phaco, CC 4+\",£131,£870,-,-,5,\"£1,200\",5,£298,No,-\n"
    "Note: prices are before market forces factor,,,,,,,,,,,\n";

TEST(PaymentScheme, AdmittedCareIsReadFromHeadingsThatRunOverLines) {
  const auto list = parse_payment_scheme_csv(admitted_sheet, "apc.csv");
  ASSERT_TRUE(list) << list.error().text();
  EXPECT_EQ(list->name, "hrg");
  EXPECT_FALSE(list->illustrative);
  ASSERT_EQ(list->rows.size(), 2u);
  EXPECT_EQ(list->rows[0], (std::vector<std::string>{"AA22C", "102000", "654300", "700150", "30", "90", "95", "25700", ""}));
  EXPECT_EQ(list->rows[1], (std::vector<std::string>{"BZ34A", "87000", "87000", "120000", "100", "5", "5", "29800", "13100"}));
}

TEST(PaymentScheme, WhatIsImportedPricesTheRecord) {
  TestFolder folder;
  const auto list = parse_payment_scheme_csv(admitted_sheet, "apc.csv");
  ASSERT_TRUE(list);
  ASSERT_TRUE(write_price_list(*list, folder.path()));
  Fixture fixture;
  fixture.person(1, "1950-01-01");
  fixture.add("inpatient_episode", {{"person_key", "1"}, {"provider", "RX1"}, {"provider_spell", "S"}, {"patient_classification", "1"}, {"admission_method", "21"},
      {"spell_start", "2024-05-01"}, {"spell_end", "2024-05-02"}, {"episode_number", "1"}, {"episode_start", "2024-05-01"}, {"hrg", "AA22C"}});
  const auto built = fixture.build({.price_folder = folder.path()});
  ASSERT_TRUE(built) << built.error().text();
  EXPECT_EQ(fixture.csv("SELECT cost_pence, short_stay_reduced, cost_defaulted FROM hospital_spell"), "210045,true,false\n");  // 30 % of £7,001.50
}

TEST(PaymentScheme, OutpatientsHaveGroupHeadingsAbove) {
  const auto list = parse_payment_scheme_csv(
      "Outpatient attendances,,,,\n,,First attendance,,Follow up attendance,\nTreatment function code,Treatment function name,\"WF01B\nSingle professional\",\"WF02B\nMulti-professional\",\"WF01A\nSingle professional\",\"WF02A\nMulti-professional\"\n"
      "100,General surgery,£181,£200,£95,£110\n300,General medicine,£231.40,-,£121,-\n", "op.csv");
  ASSERT_TRUE(list) << list.error().text();
  EXPECT_EQ(list->name, "outpatient");
  EXPECT_EQ(list->rows, (std::vector<std::vector<std::string>>{{"100", "18100", "9500", "18100", "9500"}, {"300", "23140", "12100", "23140", "12100"}}));
}

TEST(PaymentScheme, EmergencyCareAndItsFaults) {
  const auto list = parse_payment_scheme_csv("A&E,,,\nHRG code,HRG name,\"Type 1 and 2\nDepartments (£)\",\"Type 3\nDepartments (£)\"\nVB01Z,Any investigation,£480,£90\nVB99Z,Dead on arrival,£120,-\n", "ae.csv");
  ASSERT_TRUE(list) << list.error().text();
  EXPECT_EQ(list->name, "emergency");
  EXPECT_EQ(list->rows, (std::vector<std::vector<std::string>>{{"VB01Z", "48000", "9000"}, {"VB99Z", "12000", ""}}));
  const auto complaint = [](const std::string& text) {
    const auto faulty = parse_payment_scheme_csv(text, "f.csv");
    return faulty ? std::string("accepted") : faulty.error().text();
  };
  EXPECT_NE(complaint("name,age\nx,3\n").find("f.csv: This is no sheet"), std::string::npos);
  EXPECT_NE(complaint("HRG code,Type 1 departments\nVB01Z,lots\n").find("\"lots\" of VB01Z"), std::string::npos);
  EXPECT_NE(complaint("HRG code,Type 1 departments\nVB01Z,£1\nVB01Z,£2\n").find("priced twice"), std::string::npos);
  EXPECT_NE(complaint("HRG code,Type 1 departments\nVB01Z,-£1\n").find("not a price"), std::string::npos);
  EXPECT_NE(complaint("HRG code,Day case\nAA22C,£1\n").find("lack the non-elective spell price"), std::string::npos);
}

}  // namespace joinedup::record
