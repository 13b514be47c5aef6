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
    R"(split_part(name_l, ' ', 2) = split_part(name_r, ' ', -1))",
    R"(lpad(name_l, 4, 'ab') = lpad(name_r, 4, 'ab') or rpad(name_l, 2, '.') = rpad(name_r, 2, '.'))",
    R"(translate(name_l, 'aeo', 'xy') = translate(name_r, 'aeo', 'xy'))",
    R"(strpos(name_l, 'n') = position('n' in name_r) or instr(name_l, 'o') > 1)",
    R"(strip_accents(upper(name_l)) = strip_accents(upper(name_r)))",
    R"(ascii(name_l) > unicode(name_r) or ord(name_l) = 122)",
    R"(strlen(name_l) > length(name_l) or bit_length(name_l) < bit_length(name_r))",
    R"(name_l[2:3] = name_r[1:2] or name_l[-2:] = name_r[-2:] or name_l[:1] = name_r[:1])",
    R"(name_l[3] = name_r[-1])",
    R"(name_l ^@ 'an' or name_l ~ '[a-z]+' or name_l ~~ '%o%' or name_l !~~ '_o_' or name_r glob 's*[hy]t?')",
    R"(name_l similar to '(an|jo).*' and name_r not similar to 'x')",
    R"(regexp_matches(name_l, 'N', 'i') and regexp_replace(name_r, '(a)(n)', '\2\1') <> name_r)",
    R"(regexp_extract(name_l, '(.)(.)', 2) = regexp_extract(name_r, '^.', 0))",
    R"(trim(both 'ab' from name_l) = trim(leading 'h' from name_r))",
    R"(substring(name_l from 2 for 2) = substring(name_r from 1 for 2))",
    R"(list_sort(string_split(name_l, 'n')) = list_reverse_sort(string_split(name_r, 'n')))",
    R"(list_concat([name_l], [other_l]) = list_concat([name_r], [other_r]))",
    R"(len(list_distinct(list_concat([name_l, other_l], [name_r, other_r]))) = list_unique([name_l, other_l, name_r, other_r]))",
    R"(list_position([name_l, other_l], name_r) = 2 or array_to_string([name_l, other_l], '-') = 'anna-Bob')",
    R"(list_sum([amount_l::double, amount_r::double]) > 50 and list_avg([amount_l::double, 1]) < 30)",
    R"(list_filter([name_l, other_l], x -> x = name_r)[1] = name_r)",
    R"(try_cast(dob_l as date) between try_cast(dob_r as date) - interval 1 month and try_cast(dob_r as date) + interval '1 month')",
    R"(try_cast(dob_l as date) - interval 40 day < try_cast(dob_r as date))",
    R"(try_cast(dob_l as date) - try_cast(dob_r as date) < 365)",
    R"(try_cast(dob_l as date) + 30 > try_cast(dob_r as date))",
    R"(date_part('year', age(try_cast(dob_l as date), try_cast(dob_r as date))) = 0)",
    R"(date_part('month', age(try_cast(dob_l as date), try_cast(dob_r as date))) = 0 and date_part('day', age(try_cast(dob_l as date), try_cast(dob_r as date))) > 3)",
    R"(date_sub('month', try_cast(dob_l as date), try_cast(dob_r as date)) = 12 or date_sub('year', try_cast(dob_l as date), try_cast(dob_r as date)) > 8)",
    R"(date_trunc('quarter', try_cast(dob_l as date)) = date_trunc('quarter', try_cast(dob_r as date)))",
    R"(date_trunc('week', try_cast(dob_l as date)) < date_trunc('week', try_cast(dob_r as date)))",
    R"(dayofweek(try_cast(dob_l as date)) = isodow(try_cast(dob_r as date)) or week(try_cast(dob_l as date)) = 26)",
    R"(dayofyear(try_cast(dob_l as date)) > 170 and quarter(try_cast(dob_r as date)) = 2)",
    R"(julian(try_cast(dob_l as date)) > julian(try_cast(dob_r as date)) and last_day(try_cast(dob_l as date)) > try_cast(dob_l as date))",
    R"(cast(amount_l as decimal(10,1)) * 1.1 >= cast(amount_r as decimal(10,1)))",
    R"(abs(cast(amount_l as decimal(10,2)) - cast(amount_r as decimal(10,2))) <= 0.5)",
    R"(amount_l::float = amount_r::float or amount_l::float * 1.1 > 100)",
    R"(amount_l::float = 2.5 or amount_l::float = 99.5::double)",
    R"(cast(amount_l::double as integer) = cast(amount_r::double as integer))",
    R"(trunc(amount_l::double) = floor(amount_r::double) or even(amount_l::double) = 4)",
    R"(amount_l::double ** 2 > amount_r::double ^ 2 and @(amount_l::double - amount_r::double) > 1)",
    R"(cast(amount_l::double as varchar) = amount_r)",
    R"(cast(amount_l::double as varchar) = '100.0' or cast(1e20 as varchar) = '1e+20')",
    R"(amount_l::double // 2 = 1 or -7 // 2 = -3 and amount_r::double % 2 = 1)",
    R"(name_l isnull or name_r notnull)",
    R"(name_l = 'anna' /* a comment */ -- and another
      )",
    R"(repeat(name_l, 2) = name_l || name_r)",
    R"(year(make_date(2020, 2, 29)) = 2020 and name_l is not distinct from name_r)",
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

TEST(Sql, LettersOfEveryScriptAsInDuckDb) {
  auto database = engine::Database::open("", {.threads = 1});
  auto connection = database->connect();
  const auto lower = parse_condition("lower(x_l)", Names::suffixed), upper = parse_condition("upper(x_l)", Names::suffixed), base = parse_condition("strip_accents(x_l)", Names::suffixed);
  ASSERT_TRUE(lower && upper && base);
  std::size_t seen = 0, differ = 0;
  ASSERT_TRUE(connection->scan("SELECT chr(i::INTEGER), lower(chr(i::INTEGER)), upper(chr(i::INTEGER)), strip_accents(chr(i::INTEGER)) FROM range(1, 131072) t(i) WHERE NOT i BETWEEN 55296 AND 57343", [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows(); ++row, ++seen) {
      const Value letter = Value::of(std::string(batch.text(0, row)));
      Scope scope;
      scope.column = [&](Side, const std::string&) { return letter; };
      std::size_t column = 1;
      for (const auto* tree : {&*lower, &*upper, &*base})
        if (evaluate(**tree, scope).text != batch.text(column++, row) && ++differ < 5) ADD_FAILURE() << letter.text << " by function " << column - 1;
    }
    return {};
  }));
  EXPECT_EQ(differ, 0u);
  EXPECT_GT(seen, 128000u);
}

TEST(Sql, WhatIsNestedTooDeeplyIsRefused) {
  const std::string open(5000, '('), close(5000, ')');
  EXPECT_FALSE(parse_condition(open + "1=1" + close, Names::suffixed));
  std::string sum = "1", nots, brackets = "x_l";
  for (int i = 0; i < 5000; ++i) sum += "+1", nots += "not ", brackets += "[1]";
  EXPECT_FALSE(parse_condition(sum + "=1", Names::suffixed));
  EXPECT_FALSE(parse_condition(nots + "true", Names::suffixed));
  EXPECT_FALSE(parse_condition(brackets, Names::suffixed));
  EXPECT_FALSE(parse_condition(std::string(5000, '-') + "1", Names::suffixed));
  std::string many = "x_l in (0";
  for (int i = 0; i < 5000; ++i) many += "," + std::to_string(i);
  EXPECT_TRUE(parse_condition(many + ")", Names::suffixed)) << "long is not deep";
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
