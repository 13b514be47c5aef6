// How well rows were linked. Unit: a row that names a person (as received). "Home" is the person who holds most of somebody's
// rows on the register; a row is linked when its person is on the register.
//   precision = rows linked to the person they are of ÷ rows linked;  recall = rows that are at home ÷ rows of registered people
// Rows of one feed that say the same of one person stand or fall together, so intervals (Wilson) count each such bundle once.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"
#include "refresh/link_work.hpp"
#include "refresh/refresh.hpp"

namespace joinedup::refresh {

using Json = nlohmann::ordered_json;

namespace {

Json share_json(std::int64_t good, std::int64_t of) {
  if (of == 0) return nullptr;
  const double n = static_cast<double>(of), p = static_cast<double>(good) / n, z = 1.959963984540054;
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n), half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {{"value", p}, {"low", std::max(0.0, centre - half)}, {"high", std::min(1.0, centre + half)}, {"numerator", good}, {"denominator", of}};
}

// links: feed, row_id, person_key, step. who: what the published record says of a person.
constexpr const char* attributes = R"(
CREATE TABLE who AS SELECT person_key, CASE WHEN birth_month IS NULL THEN 'unknown' WHEN age < 18 THEN '0-17' WHEN age < 40 THEN '18-39' WHEN age < 65 THEN '40-64'
  WHEN age < 85 THEN '65-84' ELSE '85+' END AS age_band, coalesce(sex, 'U') AS sex, coalesce(((imd_decile + 1) // 2)::VARCHAR, 'unknown') AS deprivation_fifth,
  coalesce(ethnicity, 'unknown') AS ethnicity
FROM (SELECT *, date_sub('year', birth_month, $$TO$$) AS age FROM record.main.person);
CREATE TABLE owner AS SELECT DISTINCT person_key FROM link WHERE feed = 'gp_registration';
)";

// True people beside the people we made; bundles, each with what its link was.
constexpr const char* with_truth = R"(
CREATE TABLE known AS SELECT l.*, t.true_person_id AS truth FROM link l JOIN truth t USING (feed, row_id);
CREATE TABLE lives AS SELECT truth, person_key, count(*) AS row_count FROM known WHERE feed = 'gp_registration' GROUP BY truth, person_key;
CREATE TABLE home AS SELECT truth, person_key FROM (SELECT *, row_number() OVER (PARTITION BY truth ORDER BY row_count DESC, person_key) AS place FROM lives) WHERE place = 1;
CREATE TABLE inhabitant AS SELECT person_key, truth FROM (SELECT *, row_number() OVER (PARTITION BY person_key ORDER BY row_count DESC, truth) AS place FROM lives) WHERE place = 1;
CREATE TABLE bundle AS SELECT k.feed, k.step, k.truth, k.person_key, count(*) AS row_count, i.truth IS NOT NULL AS linked, coalesce(i.truth = k.truth, false) AS right_person,
  h.person_key IS NOT NULL AS registered, coalesce(h.person_key = k.person_key, false) AS at_home, coalesce(h.person_key, k.person_key) AS described
FROM known k LEFT JOIN inhabitant i USING (person_key) LEFT JOIN home h ON h.truth = k.truth GROUP BY ALL;
)";

constexpr const char* without_truth = R"(
CREATE TABLE bundle AS SELECT l.feed, l.step, l.person_key AS truth, l.person_key, count(*) AS row_count, o.person_key IS NOT NULL AS linked, NULL AS right_person,
  NULL AS registered, NULL AS at_home, l.person_key AS described FROM link l LEFT JOIN owner o USING (person_key) GROUP BY ALL;
)";

Result<Json> measure(engine::Connection& connection, const std::string& by, bool has_truth) {
  const std::string group = by.empty() ? "'all'" : by;
  JOINEDUP_TRY(const auto rows, connection.query(
      "SELECT " + group + ", sum(row_count)::BIGINT, coalesce(sum(row_count) FILTER (linked), 0)::BIGINT, count(*) FILTER (linked), count(*), count(*) FILTER (linked AND right_person), "
      "count(*) FILTER (registered), count(*) FILTER (registered AND at_home), coalesce(sum(row_count) FILTER (linked AND right_person), 0)::BIGINT, "
      "coalesce(sum(row_count) FILTER (registered), 0)::BIGINT, coalesce(sum(row_count) FILTER (registered AND at_home), 0)::BIGINT "
      "FROM bundle b LEFT JOIN who w ON w.person_key = b.described WHERE feed <> 'gp_registration' GROUP BY ALL ORDER BY ALL"));
  Json out = Json::array();
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    Json one{{"group", rows.rows[i][0].empty() ? "unknown" : rows.rows[i][0]}, {"rows", rows.integer(i, 1)}, {"rows_linked", rows.integer(i, 2)}};
    one["match_rate"] = share_json(rows.integer(i, 3), rows.integer(i, 4));
    if (has_truth) {
      one["precision"] = share_json(rows.integer(i, 5), rows.integer(i, 3));
      one["recall"] = share_json(rows.integer(i, 7), rows.integer(i, 6));
      const auto ratio = [&](std::size_t good, std::size_t of) { return rows.integer(i, of) ? Json(rows.number(i, good) / rows.number(i, of)) : Json(nullptr); };
      one["precision_of_rows"] = ratio(8, 2);
      one["recall_of_rows"] = ratio(10, 9);
    }
    out.push_back(one);
  }
  return out;
}

// Over all rows, the register's too: pairs of rows that are of one person, and pairs that we put together.
Result<Json> row_pairs(engine::Connection& connection) {
  JOINEDUP_TRY(const auto pairs, connection.query(
      "WITH cell AS (SELECT truth, person_key, count(*)::DOUBLE AS n FROM known GROUP BY ALL), right_pairs AS (SELECT sum(n * (n - 1) / 2) AS x FROM cell), "
      "made AS (SELECT sum(n * (n - 1) / 2) AS x FROM (SELECT sum(n) AS n FROM cell GROUP BY person_key)), "
      "wanted AS (SELECT sum(n * (n - 1) / 2) AS x FROM (SELECT sum(n) AS n FROM cell GROUP BY truth)) "
      "SELECT r.x::BIGINT, m.x::BIGINT, w.x::BIGINT FROM right_pairs r, made m, wanted w"));
  const double right = pairs.number(0, 0), made = pairs.number(0, 1), wanted = pairs.number(0, 2);
  return Json{{"pairs_made", pairs.integer(0, 1)}, {"pairs_true", pairs.integer(0, 2)}, {"pairs_right", pairs.integer(0, 0)},
              {"precision", made > 0 ? Json(right / made) : Json(nullptr)}, {"recall", wanted > 0 ? Json(right / wanted) : Json(nullptr)}};
}

}  // namespace

Result<std::string> link_quality_json(const place::Place& place, const std::string& truth_file, unsigned threads) {
  JOINEDUP_TRY(const auto links, export_links(place, threads));
  JOINEDUP_TRY(const auto status, published_status(place));
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = threads}));
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(place.path("warehouse/current/warehouse.duckdb")) + " AS record (READ_ONLY)"));
  JOINEDUP_CHECK(connection.run("CREATE TABLE link AS SELECT feed, row_id, person_key::BIGINT AS person_key, step FROM read_csv(" + engine::sql_text(links) + ", header = true, all_varchar = true)"));
  std::string prepare = attributes;
  prepare.replace(prepare.find("$$TO$$"), 6, "DATE '" + place.data_to.to_iso() + "'");
  JOINEDUP_CHECK(connection.run(prepare));
  const bool has_truth = !truth_file.empty();
  if (has_truth) {
    const auto read = connection.run("CREATE TABLE truth AS SELECT feed, row_id, true_person_id FROM read_csv(" + engine::sql_text(truth_file) + ", header = true, all_varchar = true)");
    if (!read) return fail(ErrorCode::invalid_input, "The truth must be a CSV file with the columns feed, row_id and true_person_id.", truth_file);
  }
  JOINEDUP_CHECK(connection.run(has_truth ? with_truth : without_truth));
  Json out{{"run", status.run}, {"unit", "rows that name a person, the register's own left out; rates count once the rows of one feed that one person has and one step linked"},
           {"threshold_weight", status.linkage_model.threshold_weight}};
  for (const auto& [name, column] : {std::pair("all", ""), std::pair("by_step", "step"), std::pair("by_feed", "feed"), std::pair("by_age", "w.age_band"), std::pair("by_sex", "w.sex"),
                                     std::pair("by_deprivation_fifth", "w.deprivation_fifth"), std::pair("by_ethnicity", "w.ethnicity")}) {
    JOINEDUP_TRY(out[name], measure(connection, column, has_truth));
  }
  if (has_truth) {
    JOINEDUP_TRY(out["row_pairs"], row_pairs(connection));
  }
  return out.dump(2) + "\n";
}

}  // namespace joinedup::refresh
