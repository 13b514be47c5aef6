// Who is listed beside who needs: shown to whoever releases a list, before they do. Small numbers are kept back.
#include <array>

#include "place/ethnic_group.hpp"
#include "caseload/steps.hpp"
#include "disclosure/disclosure.hpp"
#include "report/report.hpp"

namespace joinedup::caseload {
namespace {

std::string age_group(std::int64_t age) {
  return age < 40 ? "under 40" : age < 65 ? "40 to 64" : age < 75 ? "65 to 74" : age < 85 ? "75 to 84" : "85 and over";
}

struct Groups {
  std::map<std::string, std::array<std::int64_t, 3>> counts;  // people, in need, listed
};

// need and listed are parts of people, so each column is protected with its own total.
void add_rows(const std::string& dimension, const Groups& groups, std::vector<FairnessRow>& rows) {
  std::vector<std::int64_t> people, need, listed;
  for (const auto& [group, count] : groups.counts) people.push_back(count[0]), need.push_back(count[1]), listed.push_back(count[2]);
  const auto p = disclosure::protect_line(people), n = disclosure::protect_line(need), l = disclosure::protect_line(listed);
  const auto share = [](const disclosure::Count& part, const disclosure::Count& whole) -> std::optional<double> {
    if (!part.is_shown() || !whole.is_shown() || whole.value == 0) return std::nullopt;
    return 100.0 * static_cast<double>(part.value) / static_cast<double>(whole.value);
  };
  const auto everybody = share(l.back(), n.back());
  std::size_t i = 0;
  for (const auto& [group, count] : groups.counts) {
    FairnessRow row{dimension, group, disclosure::count_csv(p[i]), disclosure::count_csv(n[i]), disclosure::count_csv(l[i]), share(l[i], n[i]), {}};
    if (row.listed_per_100_in_need && everybody && *everybody > 0) row.relative = *row.listed_per_100_in_need / *everybody;
    rows.push_back(std::move(row));
    ++i;
  }
}

}  // namespace

Result<std::vector<FairnessRow>> fairness_of(engine::Connection& connection, const std::vector<Case>& cases) {
  std::vector<std::int64_t> listed;
  for (const auto& one : cases)
    if (one.state == "found") listed.push_back(one.person_key);
  JOINEDUP_CHECK(fill_people(connection, "case_on_list", listed));
  // In need: adults at or above the threshold with something care could change, whether or not there is a place for them.
  JOINEDUP_TRY(const auto people, connection.query(
      "SELECT c.imd_decile, coalesce(c.ethnicity, ''), c.sex, c.age, count(*), sum(CASE WHEN c.state = 'candidate' THEN 1 ELSE 0 END)::BIGINT, count(l.person_key) "
      "FROM case_candidate c CROSS JOIN case_setting t LEFT JOIN case_on_list l ON l.person_key = c.person_key "
      "WHERE c.age >= t.age_at_least GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"));
  Groups deprivation, ethnicity, sex, age;
  for (std::size_t i = 0; i < people.rows.size(); ++i) {
    const auto decile = people.nulls[i][0] ? 0 : people.integer(i, 0);
    const std::string fifth = decile == 0 ? "Not known" : decile <= 2 ? "1 most deprived" : decile <= 4 ? "2" : decile <= 6 ? "3" : decile <= 8 ? "4" : "5 least deprived";
    const std::string sex_word = people.rows[i][2] == "F" ? "Women" : people.rows[i][2] == "M" ? "Men" : "Not known";
    for (auto* count : {&deprivation.counts[fifth], &ethnicity.counts[place::ethnic_group(people.rows[i][1])], &sex.counts[sex_word], &age.counts[age_group(people.integer(i, 3))]})
      for (std::size_t c = 0; c < 3; ++c) (*count)[c] += people.integer(i, 4 + c);
  }
  std::vector<FairnessRow> rows;
  add_rows("deprivation", deprivation, rows);
  add_rows("ethnicity", ethnicity, rows);
  add_rows("sex", sex, rows);
  add_rows("age", age, rows);
  return rows;
}

}  // namespace joinedup::caseload
