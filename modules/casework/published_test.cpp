// What a team publishes: that it is there, that it is right, that it names nobody, and that nothing small can be worked out from it.
#include "casework/published.hpp"

#include "base/random.hpp"
#include "casework/test_support.hpp"
#include "disclosure/reference/solver.hpp"

namespace joinedup::casework {
namespace {

using disclosure::Balance;
using disclosure::Count;
using disclosure::State;

class PublishedTest : public CaseworkTest {
 protected:
  // A person of the team since a day of 2026, living in the most or the least deprived fifth.
  void on_caseload(const std::string& id, const std::string& since, bool is_deprived, const std::string& until = {}) {
    put("Patient", id, R"("birthDate":"1950-01-01","address":[{"postalCode":")" + std::string(is_deprived ? "AA1 1AA" : "AA1 1AB") + R"("}])");
    const std::string end = until.empty() ? R"("}}])" : R"(","end":")" + until + R"("}},{"status":"finished","period":{"start":")" + until + R"(","end":")" + until + R"("}}])";
    put("EpisodeOfCare", "of-" + id, R"("status":")" + std::string(until.empty() ? "active" : "finished") + R"(","statusHistory":[{"status":"active","period":{"start":")" + since + end +
                                         R"(,"patient":{"reference":"Patient/)" + id + R"("},"team":[{"reference":"CareTeam/one"}])");
  }
  Json report(const std::string& measure) {
    const auto all = find("MeasureReport", "identifier=urn:joinedup:published-figures|one/" + measure);
    EXPECT_EQ(all.size(), 1U) << measure;
    return all.empty() ? Json::object() : all[0];
  }
  static Json group(const Json& report, const std::string& system, const std::string& name) {
    for (const auto& one : report["group"])
      if (text_at(one, "code/coding/0/system") == system && text_at(one, "code/coding/0/code") == name) return one;
    return Json::object();
  }
  static Json in_month(const Json& report, const std::string& month) { return group(report, "urn:joinedup:month", month).value("measureScore", Json()); }
};

TEST_F(PublishedTest, EveryTeamsMonthsStandInTheRecordAndNameNobody) {
  for (int i = 0; i < 14; ++i) on_caseload("p" + std::to_string(i), "2026-03-10", i < 12);
  for (int i = 0; i < 3; ++i) on_caseload("q" + std::to_string(i), "2026-04-10", true, "2026-05-20");
  put("Encounter", "v", R"("status":"finished","class":{"code":"HH"},"subject":{"reference":"Patient/p1"},"period":{"start":"2026-05-20"})");
  for (int i = 0; i < 40; ++i)
    put("Encounter", "w" + std::to_string(i), R"("status":"finished","class":{"code":"HH"},"subject":{"reference":"Patient/p)" + std::to_string(i % 2) + R"("},"period":{"start":"2026-04-20"})");
  const auto written = casework_->publish_figures(*api_);  // through the validator, which rejects what is not valid
  ASSERT_TRUE(written) << written.error().text();
  EXPECT_EQ(*written, 18U);
  const auto caseload = report("caseload");
  EXPECT_EQ(in_month(caseload, "2026-03").value("value", 0), 15) << "14 people, rounded";
  EXPECT_EQ(in_month(caseload, "2026-04").value("value", 0), 15) << "17 people, rounded";
  EXPECT_EQ(in_month(caseload, "2026-02").value("value", -1), 0);
  EXPECT_EQ(in_month(caseload, "2026-06"), Json()) << "the month that runs is not published";
  EXPECT_EQ(in_month(report("ends"), "2026-05").value("comparator", ""), "<");
  EXPECT_EQ(in_month(report("ends"), "2026-05").value("value", 0), 10);
  EXPECT_EQ(text_at(in_month(report("contacts"), "2026-04"), "extension/0/valueCode"), "masked") << "40 contacts of two people";
  EXPECT_EQ(text_at(caseload, "evaluatedResource/0/display"), "Team one");
  EXPECT_EQ(text_at(caseload, "period/start"), "2024-06-01");
  EXPECT_EQ(text_at(caseload, "period/end"), "2026-05-31");
  EXPECT_EQ(group(caseload, "urn:joinedup:year-to", "2026-03").empty(), false);
  for (const auto& one : find("MeasureReport", "")) {
    EXPECT_EQ(one.dump().find("Patient/"), std::string::npos);
    EXPECT_EQ(one.dump().find("Practitioner"), std::string::npos);
    EXPECT_FALSE(one.contains("subject"));
    EXPECT_FALSE(find("Measure", "url=" + percent_encoded("urn:joinedup:measure:" + text_at(one, "identifier/0/value").substr(4))).empty());
  }
  // Again, and the next day: nothing new to say. In the next month there is.
  EXPECT_EQ(casework_->publish_figures(*api_).value_or(99), 0U);
  now_ += a_day;
  EXPECT_EQ(casework_->publish_figures(*api_).value_or(99), 0U);
  now_ += 31 * a_day;
  EXPECT_EQ(casework_->publish_figures(*api_).value_or(99), 9U);
}

TEST_F(PublishedTest, WhoAnswersForThePlaceReadsThemAndNothingOfAnybody) {
  for (int i = 0; i < 14; ++i) on_caseload("p" + std::to_string(i), "2026-03-10", true);
  ASSERT_TRUE(casework_->publish_figures(*api_));
  access::Subject analyst{.user = "u-analyst", .organisation = "PRACa", .roles = {"analyst"}, .purpose = access::Purpose::secondary_use};
  access::Subject board{.user = "u-board", .organisation = "PRACa", .roles = {"board"}, .purpose = access::Purpose::secondary_use};
  for (const auto& who : {analyst, board}) {
    const auto reports = send(who, "GET /MeasureReport?evaluated-resource=CareTeam/one&_summary=count");
    EXPECT_EQ(reports.status, 200);
    EXPECT_EQ(reports.json.value("total", 0), 9) << reports.json.dump().substr(0, 300);
    EXPECT_EQ(send(who, "GET /Measure?url=urn:joinedup:measure:caseload&_summary=count").json.value("total", 0), 1);
    for (const std::string type : {"Patient", "EpisodeOfCare", "Encounter", "Task", "Provenance", "AuditEvent"}) {
      const auto none = send(who, "GET /" + type + "?_summary=count");
      EXPECT_EQ(none.json.value("total", -1), 0) << type;
    }
    EXPECT_EQ(send(who, "GET /Patient/p1").status, 404);
    EXPECT_EQ(send(who, "PUT /MeasureReport/x", R"({"resourceType":"MeasureReport","id":"x","status":"complete","type":"summary","measure":"urn:x","period":{"start":"2026-01-01"}})").status, 403);
  }
  EXPECT_EQ(send(board, "GET /CareTeam/one").status, 200);
}

// Random teams of two months: what is published is solved by trying every table that fits. Each number kept back could be another one.
TEST(ProtectedTeam, NoNumberCanBeSolved) {
  std::size_t kept = 0, shown_small = 0;
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    CounterRandom draw(20261122, trial, 11);
    TeamMonths team;
    const Date first = Date::from_civil(2026, 1, 1);
    constexpr std::size_t count = 2;
    for (std::size_t m = 0; m < count; ++m) team.months.push_back({first.add_months(static_cast<int>(m)).to_iso().substr(0, 7), first.add_months(static_cast<int>(m)), first.add_months(static_cast<int>(m) + 1)});
    for (auto& series : team.series)
      for (std::size_t f = 0; f < fifths; ++f) series.values[f].resize(count), series.people[f].resize(count);
    const double size = draw.chance(.5) ? 5 : 15;
    for (int f = 1; f < 4; ++f) {
      std::int64_t now = 0;
      for (int m = 0; m < static_cast<int>(count); ++m) {
        const auto came = static_cast<std::int64_t>(draw.exponential(size)), went = static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(std::min<std::int64_t>(now + came, 12)) + 1));
        now += came - went;
        const auto who = [&](std::int64_t i) { return "p" + std::to_string(f) + "-" + std::to_string(i); };
        for (std::int64_t i = 0; i < now; ++i) team.series[caseload].add(f, m, 1, who(i));
        for (std::int64_t i = 0; i < came; ++i) team.series[starts].add(f, m, 1, who(i)), team.series[waits].add(f, m, 7, who(i));
        for (std::int64_t i = 0; i < went; ++i) team.series[ends].add(f, m, 1, who(i));
        for (std::int64_t i = 0; i < now; ++i) team.series[contacts].add(f, m, static_cast<double>(1 + draw.below(3)), who(i));
      }
    }
    const auto published = protect_team(team);
    const auto truth = [&](Measured measure, std::size_t m, std::size_t column) {
      double sum = 0;
      for (std::size_t f = 0; f < fifths; ++f)
        if (column == fifths || column == f)
          for (const double value : team.series[measure].values[f][m]) sum += value;
      return static_cast<std::int64_t>(sum);
    };
    // The reader's equations, made here from what the measures mean.
    for (const auto& measures : {std::vector<Measured>{caseload, starts, ends}, std::vector<Measured>{contacts}}) {
      std::vector<Count> shown;
      std::vector<std::int64_t> true_values;
      std::vector<Balance> balances;
      const auto at = [&](std::size_t which, std::size_t m, std::size_t column) { return (which * count + m) * (fifths + 1) + column; };
      for (const auto measure : measures)
        for (std::size_t m = 0; m < count; ++m)
          for (std::size_t column = 0; column <= fifths; ++column) {
            const auto& value = published[measure].rows[m].by[column];
            shown.push_back({static_cast<std::int64_t>(value.value.value_or(0)), value.state});
            true_values.push_back(truth(measure, m, column));
          }
      for (std::size_t which = 0; which < measures.size(); ++which)
        for (std::size_t m = 0; m < count; ++m) {
          Balance sum{{}, {at(which, m, fifths)}};
          for (std::size_t f = 0; f < fifths; ++f) sum.these.push_back(at(which, m, f));
          balances.push_back(sum);
        }
      if (measures.size() == 3)
        for (std::size_t column = 0; column <= fifths; ++column) balances.push_back({{at(0, 0, column), at(1, 1, column)}, {at(0, 1, column), at(2, 1, column)}});
      const disclosure::reference::Solver solver(shown, balances, measures.size() == 3 ? 10 : 1);
      for (std::size_t cell = 0; cell < shown.size(); ++cell) {
        const auto is = true_values[cell];
        if (shown[cell].is_shown()) {
          shown_small += is > 0 && is < 10 ? 1U : 0U;
          continue;
        }
        ++kept;
        ASSERT_TRUE(solver.fits(cell, is)) << "the solver itself must be sound, trial " << trial;
        bool another = false;
        for (std::int64_t away = 1; away < 40 && !another; ++away) another = solver.fits(cell, is + away) || solver.fits(cell, is - away);
        EXPECT_TRUE(another) << "trial " << trial << " measure " << measures[cell / (count * (fifths + 1))] << " cell " << cell << " is " << is;
      }
    }
  }
  EXPECT_EQ(shown_small, 0U);
  EXPECT_GT(kept, 2'000U);
}

// A year of months goes by quickly enough to be done for every team every day, and its sums are those of its months.
TEST(ProtectedTeam, TwoYearsWithTheirFinancialYear) {
  TeamMonths team;
  for (int m = 0; m < 24; ++m) {
    const auto from = Date::from_civil(2024, 6, 1).add_months(m);
    team.months.push_back({from.to_iso().substr(0, 7), from, from.add_months(1)});
  }
  for (auto& series : team.series)
    for (std::size_t f = 0; f < fifths; ++f) series.values[f].resize(24), series.people[f].resize(24);
  for (int m = 0; m < 24; ++m)
    for (int f = 1; f < 6; ++f)
      for (int i = 0; i < 4; ++i) team.series[admissions].add(f, m, 1, std::to_string(f) + "/" + std::to_string(i) + "/" + std::to_string(m));
  const auto published = protect_team(team);
  const auto& rows = published[admissions].rows;
  ASSERT_EQ(rows.size(), 25U);
  EXPECT_EQ(rows[24].name, "2026-03");
  EXPECT_TRUE(rows[24].is_year);
  EXPECT_EQ(rows[24].by[fifths].value, 240.0);
  EXPECT_EQ(rows[24].by[1].value, 50.0) << "48";
  EXPECT_EQ(rows[0].by[fifths].value, 20.0);
  EXPECT_EQ(rows[0].by[1].state, State::few);
  EXPECT_EQ(rows[0].by[0].value, 0.0) << "nobody's area is unknown";
}

}  // namespace
}  // namespace joinedup::casework
