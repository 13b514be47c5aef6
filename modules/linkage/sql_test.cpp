// Conditions as Splink's comparison library writes them, and others users write, against DuckDB itself on random rows.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "engine/engine.hpp"
#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {
namespace {

const char* const names[] = {"anna", "Ann", "hannah", "robert", "Bob", "o'neil", "zoë", "de la cruz", "jon", "john", "", "smith", "smyth", "  x "};
const char* const dates[] = {"1971-06-24", "1971-05-24", "1980-02-29", "1981-02-28", "1971-06-31", "24/06/1971", "1990-12-31", "2000-1-5", "19710624", "1971-07-24"};
const char* const numbers[] = {"1", "2.5", "100", "110", "-3", "1e2", "0", "99.5"};

struct Row {
  const char *name, *other, *dob, *amount;
};
Row random_row(CounterRandom& draw) {
  const auto pick = [&](const auto& list) -> const char* { return draw.chance(0.12) ? nullptr : list[draw.below(std::size(list))]; };
  return {pick(names), pick(names), pick(dates), pick(numbers)};
}

const std::vector<std::string> conditions = {
    R"("name_l" IS NULL OR "name_r" IS NULL)",
    R"("name_l" = "name_r")",
    R"(("name_l" IS NULL OR "name_r" IS NULL) AND ("other_l" IS NULL OR "other_r" IS NULL))",
    R"("name_l" = "other_r" AND "name_r" = "other_l")",
    R"("name_l" = "other_r")",
    R"(NOT ("name_l" = "other_r"))",
    R"(levenshtein("name_l", "name_r") <= 2)",
    R"(damerau_levenshtein("name_l","name_r") <= 1)",
    R"(jaro_similarity("name_l", "name_r") >= 0.8)",
    R"(jaro_winkler_similarity("name_l", "name_r") >= 0.88)",
    R"(0.88 <= jaro_winkler_similarity(lower("name_l"), lower("name_r")))",
    R"((jaro_winkler_similarity("name_l", "name_r") >= 0.88) AND (jaro_winkler_similarity("other_l", "other_r") >= 0.88))",
    R"(lower("name_l") = lower("name_r"))",
    R"(UPPER(name_l) = UPPER(name_r))",
    R"(substr("name_l", 1, 3) = substr("name_r", 1, 3))",
    R"(SUBSTRING("name_l", 2, 2) = SUBSTRING("name_r", 2, 2))",
    R"(left(name_l, 1) = left(name_r, 1) and right(name_l, 2) <> right(name_r, 2))",
    R"(substring(name_l, -2) = substring(name_r, -2))",
    R"(trim(name_l) = trim(name_r) and length(name_l) > 2)",
    R"(name_l || other_l = name_r || other_r)",
    R"(concat(name_l, ' ', other_l) = concat(name_r, ' ', other_r))",
    R"(concat_ws(' ', name_l, other_l) like '%ann%')",
    R"(name_l in ('anna', 'Bob') or name_r not in ('jon', 'john'))",
    R"(name_l LIKE 'a%' AND NOT name_r ILIKE '_OB%')",
    R"(name_l between 'b' and 'k')",
    R"(coalesce(name_l, other_l) = coalesce(name_r, other_r))",
    R"(NULLIF("name_l", 'anna') = NULLIF("name_r", 'anna'))",
    R"(NULLIF(regexp_extract("name_l", '^[a-z]+', 0), '') = NULLIF(regexp_extract("name_r", '^[a-z]+', 0), ''))",
    R"(regexp_extract("dob_l", '([0-9]{4})-([0-9]{2})', 2) = regexp_extract("dob_r", '([0-9]{4})-([0-9]{2})', 2))",
    R"(regexp_replace(name_l, '[aeiou]', '', 'g') = regexp_replace(name_r, '[aeiou]', '', 'g'))",
    R"(regexp_matches(name_l, 'n+') and regexp_full_match(name_r, '[a-z]+'))",
    R"(replace(name_l, 'n', '') = replace(name_r, 'n', ''))",
    R"(starts_with(name_l, 'an') or contains(name_r, 'oh') or ends_with(name_r, 't'))",
    R"(name_l is distinct from name_r)",
    R"(name_l is not distinct from name_r and dob_l is not null)",
    R"(try_strptime("dob_l", '%Y-%m-%d') IS NULL OR try_strptime("dob_r", '%Y-%m-%d') IS NULL)",
    R"(ABS(EPOCH(try_strptime("dob_l", '%Y-%m-%d')) - EPOCH(try_strptime("dob_r", '%Y-%m-%d'))) <= 2629800.0)",
    R"(ABS(EPOCH(TRY_STRPTIME("dob_l", '%Y%m%d')) - EPOCH(TRY_STRPTIME("dob_r", '%Y-%m-%d'))) <= 315576000.0)",
    R"(abs(date_diff('month', try_strptime(dob_l, '%Y-%m-%d'), try_strptime(dob_r, '%Y-%m-%d'))) <= 2)",
    R"(abs(datediff('day', try_cast(dob_l as date), try_cast(dob_r as date))) < 400)",
    R"(date_diff('year', try_strptime(dob_l, '%Y-%m-%d'), try_strptime(dob_r, '%Y-%m-%d')) = 10)",
    R"(year(try_strptime(dob_l, '%Y-%m-%d')) = extract(year from try_strptime(dob_r, '%Y-%m-%d')))",
    R"(strftime(try_strptime(dob_l, '%Y-%m-%d'), '%d/%m/%Y') = dob_r)",
    R"(try_strptime(dob_l, '%d/%m/%Y') = try_strptime(dob_r, '%Y-%m-%d'))",
    R"(abs(cast(amount_l as double) - cast(amount_r as double)) <= 1.5)",
    R"((ABS(amount_l::double - amount_r::double) / (CASE WHEN amount_r::double > amount_l::double THEN amount_r::double ELSE amount_l::double END)) < 0.2)",
    R"(try_cast(amount_l as double) * 2 + 1 > try_cast(amount_r as double) - 3)",
    R"(greatest(amount_l::double, amount_r::double) >= 100 and least(amount_l::double, amount_r::double) < 10)",
    R"(round(amount_l::double) = round(amount_r::double, 0) or amount_l::double % 2 = 0)",
    R"(case when name_l = name_r then dob_l = dob_r when name_l is null then true else false end)",
    R"(len(list_intersect(string_split(name_l, ' '), string_split(name_r, ' '))) >= 1)",
    R"(array_length(list_intersect([name_l, other_l], [name_r, other_r])) >= 1)",
    R"(list_has_any([name_l, other_l], [name_r, other_r]))",
    R"(list_max(list_transform(flatten(list_transform([name_l, other_l], x -> list_transform([name_r, other_r], y -> [x, y]))), pair -> jaro_winkler_similarity(pair[1], pair[2]))) >= 0.9)",
    R"(cast(acos(case when (sin(radians(amount_l::double)) * sin(radians(amount_r::double)) + cos(radians(amount_l::double)) * cos(radians(amount_r::double))) > 1 then 1 when (sin(radians(amount_l::double)) * sin(radians(amount_r::double)) + cos(radians(amount_l::double)) * cos(radians(amount_r::double))) < -1 then -1 else (sin(radians(amount_l::double)) * sin(radians(amount_r::double)) + cos(radians(amount_l::double)) * cos(radians(amount_r::double))) end) * 6371 as float) <= 150)",
    R"(reverse(name_l) = reverse(name_r) or name_l[1] = name_r[1])",
    R"(name_l = 'anna' AND name_r = 'anna')",
    R"(try_cast(dob_l as date) = cast('1971-06-24' as date))",
};

}  // namespace

TEST(Sql, ConditionsMeanWhatTheyMeanInDuckDb) {
  auto database = engine::Database::open("", {.threads = 1});
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("CREATE TABLE t(name_l VARCHAR, other_l VARCHAR, dob_l VARCHAR, amount_l VARCHAR, name_r VARCHAR, other_r VARCHAR, dob_r VARCHAR, amount_r VARCHAR)"));
  std::vector<std::pair<Row, Row>> rows;
  {
    auto appender = connection->append_to("t");
    for (std::size_t row = 0; row < 2000; ++row) {
      CounterRandom draw(21, row, 0);
      Row a = random_row(draw), b = random_row(draw);
      if (draw.chance(0.3)) b.name = a.name;
      rows.emplace_back(a, b);
      std::size_t column = 0;
      for (const Row& one : {a, b})
        for (const char* value : {one.name, one.other, one.dob, one.amount}) {
          if (value) appender->set_text(column++, row, value);
          else appender->set_null(column++, row);
        }
    }
    ASSERT_TRUE(appender->flush(2000));
    ASSERT_TRUE(appender->close());
  }
  for (const auto& condition : conditions) {
    const auto tree = parse_condition(condition, Names::suffixed);
    ASSERT_TRUE(tree) << tree.error().text();
    std::size_t at = 0, differ = 0;
    std::string first;
    const auto done = connection->scan("SELECT CASE WHEN c THEN 1 WHEN NOT c THEN 0 ELSE 2 END::INTEGER FROM (SELECT (" + condition + ") AS c FROM t)", [&](const engine::Batch& batch) -> Result<void> {
      for (std::size_t row = 0; row < batch.rows(); ++row, ++at) {
        Scope scope;
        scope.column = [&](Side side, const std::string& name) -> Value {
          const Row& one = side == Side::left ? rows[at].first : rows[at].second;
          const char* value = name == "name" ? one.name : name == "other" ? one.other : name == "dob" ? one.dob : one.amount;
          return value ? Value::of(std::string(value)) : Value{};
        };
        const Value value = to_truth(evaluate(**tree, scope));
        const int ours = value.is_null() ? 2 : value.is_true();
        if (ours == batch.integer(0, row)) continue;
        if (differ++ == 0) {
          const auto& [a, b] = rows[at];
          const auto show = [](const char* text) { return std::string(text ? text : "NULL") + "|"; };
          first = "ours " + std::to_string(ours) + ", theirs " + std::to_string(batch.integer(0, row)) + " on " + show(a.name) + show(a.other) + show(a.dob) + show(a.amount) + show(b.name) + show(b.other) + show(b.dob) + show(b.amount);
        }
      }
      return {};
    });
    ASSERT_TRUE(done) << condition << "\n" << done.error().text();
    EXPECT_EQ(differ, 0u) << condition << "\n" << first;
    EXPECT_EQ(at, rows.size());
  }
}

TEST(Sql, AnUnknownFunctionIsNamed) {
  const auto unknown = parse_condition("my_udf(name_l, name_r) > 0.5", Names::suffixed);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().sentence.find("'my_udf'"), std::string::npos);
  const auto column = parse_condition("first_name = first_name_r", Names::suffixed);
  ASSERT_FALSE(column);
  EXPECT_NE(column.error().sentence.find("first_name_l"), std::string::npos);
  EXPECT_FALSE(parse_condition("name_l = ", Names::suffixed));
  EXPECT_FALSE(parse_condition("name_l = name_r)", Names::suffixed));
  EXPECT_FALSE(parse_condition("name_l = 'open", Names::suffixed));
  EXPECT_FALSE(parse_condition("", Names::suffixed));
}

}  // namespace joinedup::linkage
