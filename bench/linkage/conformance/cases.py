"""Settings for the conformance cases, made with Splink's own libraries (versions 4 and 5) or written by hand.

cases() yields (name, settings, how): how["type"] is "csv" (all text) or "parquet" (typed); how["inputs"] 1 or 2.
"""
import random

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import ColumnExpression, SettingsCreator, block_on
from splink.internals.blocking_rule_library import And, CustomRule, Not, Or

ALL = ["1=1"]
BY_NAME = [block_on("surname"), block_on("given_name"), block_on("substr(dob, 1, 4)")]


def made(comparisons, rules=None, **more):
    more.setdefault("link_type", "dedupe_only")
    more.setdefault("unique_id_column_name", "id")
    more.setdefault("probability_two_random_records_match", 0.02)
    settings = SettingsCreator(comparisons=comparisons, blocking_rules_to_generate_predictions=rules if rules is not None else ALL, **more)
    return settings.create_settings_dict("duckdb")


def with_probabilities(settings, seed, odd=False):
    """Every level gets an m and a u, as after training."""
    rng = random.Random(seed)
    for comparison in settings["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for number, level in enumerate(levels):
            level["m_probability"] = round(rng.uniform(0.01, 0.9), 6)
            level["u_probability"] = round(rng.uniform(0.0001, 0.5), 6)
        if odd and levels:
            levels[-1]["u_probability"] = 1e-9
    return settings


def library_comparisons():
    yield "exact", cl.ExactMatch("surname")
    yield "exact_tf", cl.ExactMatch("surname").configure(term_frequency_adjustments=True)
    yield "exact_space", cl.ExactMatch("First Name").configure(term_frequency_adjustments=True)
    yield "exact_reserved", cl.ExactMatch("select")
    yield "levenshtein", cl.LevenshteinAtThresholds("surname", [1, 2, 4])
    yield "damerau", cl.DamerauLevenshteinAtThresholds("full_name", [1, 3])
    yield "jaccard", cl.JaccardAtThresholds("full_name", [0.9, 0.6, 0.3])
    yield "jaro", cl.JaroAtThresholds("given_name", [0.95, 0.8, 0.5])
    yield "jaro_winkler", cl.JaroWinklerAtThresholds("surname", [0.97, 0.9, 0.6]).configure(term_frequency_adjustments=True)
    yield "distance_function", cl.DistanceFunctionAtThresholds("given_name", "hamming", [1, 3], False) if False else cl.DistanceFunctionAtThresholds("given_name", "jaro_similarity", [0.9, 0.7])
    for function in ("levenshtein", "damerau_levenshtein", "jaro_winkler", "jaro"):
        thresholds = [1, 2] if "lev" in function else [0.95, 0.8]
        yield "pairwise_" + function, cl.PairwiseStringDistanceFunctionAtThresholds("phones", function, thresholds)
    yield "time_text", cl.AbsoluteTimeDifferenceAtThresholds("seen_text", input_is_string=True, metrics=["second", "minute", "hour", "day"], thresholds=[1, 1, 1, 2])
    yield "time_typed", cl.AbsoluteTimeDifferenceAtThresholds("seen", input_is_string=False, metrics=["second", "minute", "hour", "day"], thresholds=[1, 1, 1, 2])
    if hasattr(cl, "AbsoluteDateDifferenceAtThresholds"):
        yield "date_text", cl.AbsoluteDateDifferenceAtThresholds("dob", input_is_string=True, metrics=["day", "month", "year"], thresholds=[1, 1, 10])
        yield "date_typed", cl.AbsoluteDateDifferenceAtThresholds("born", input_is_string=False, metrics=["day", "month", "year"], thresholds=[1, 1, 10], invalid_dates_as_null=False)
        yield "date_keep_bad", cl.AbsoluteDateDifferenceAtThresholds("dob", input_is_string=True, metrics=["month"], thresholds=[1], invalid_dates_as_null=False)
    yield "array_intersect", cl.ArrayIntersectAtSizes("phones", [3, 2, 1])
    yield "km", cl.DistanceInKMAtThresholds("lat", "long", [1, 10, 50])
    yield "dob", cl.DateOfBirthComparison("dob", input_is_string=True)
    yield "dob_keep_bad", cl.DateOfBirthComparison("dob", input_is_string=True, invalid_dates_as_null=False)
    yield "dob_format", cl.DateOfBirthComparison("dob", input_is_string=True, datetime_format="%Y%m%d")
    yield "dob_typed", cl.DateOfBirthComparison("born", input_is_string=False)
    yield "postcode", cl.PostcodeComparison("postcode")
    yield "postcode_strict", cl.PostcodeComparison("postcode", invalid_postcodes_as_null=True)
    yield "postcode_place", cl.PostcodeComparison("postcode", invalid_postcodes_as_null=True, lat_col="lat", long_col="long", km_thresholds=[1, 20])
    yield "email", cl.EmailComparison("email")
    yield "name", cl.NameComparison("given_name")
    yield "name_sound", cl.NameComparison("surname", dmeta_col_name="sounds")
    yield "forename_surname", cl.ForenameSurnameComparison("given_name", "surname")
    yield "forename_surname_concat", cl.ForenameSurnameComparison("given_name", "surname", forename_surname_concat_col_name="full_name")
    if hasattr(cl, "CosineSimilarityAtThresholds"):
        yield "cosine", cl.CosineSimilarityAtThresholds("embedding", [0.95, 0.8, 0.5])
    yield "transformed", cl.ExactMatch(ColumnExpression("given_name").lower().substr(1, 3))
    yield "transformed_jaro", cl.JaroWinklerAtThresholds(ColumnExpression("given_name").lower(), [0.9])
    yield "nullif", cl.ExactMatch(ColumnExpression("given_name").nullif("john"))
    yield "regex", cl.ExactMatch(ColumnExpression("postcode").regex_extract("^[A-Z]{1,2}"))
    yield "array_first", cl.ExactMatch(ColumnExpression("phones").access_extreme_array_element("first"))
    yield "array_last", cl.ExactMatch(ColumnExpression("phones").access_extreme_array_element("last"))
    yield "cast", cl.LevenshteinAtThresholds(ColumnExpression("income").cast_to_string(), [1])
    yield "parse_date", cl.ExactMatch(ColumnExpression("dob").try_parse_date())


def level_comparisons():
    def custom(name, *levels, null="surname"):
        return name, cl.CustomComparison(output_column_name=name, comparison_levels=[cll.NullLevel(null), *levels, cll.ElseLevel()])
    yield custom("literal", cll.LiteralMatchLevel("sex", "m", "string", "left"), cll.LiteralMatchLevel("sex", "f", "string", "right"), cll.LiteralMatchLevel("sex", "u", "string", "both"), null="sex")
    yield custom("literal_number", cll.LiteralMatchLevel("income", "500", "int", "left"), cll.LiteralMatchLevel("height", "1.7", "float", "both"), null="income")
    yield custom("literal_date", cll.LiteralMatchLevel("born", "1990-01-01", "date", "left"), null="born")
    yield custom("reversed", cll.ExactMatchLevel("surname"), cll.ColumnsReversedLevel("given_name", "surname", symmetrical=True), cll.ColumnsReversedLevel("given_name", "surname"))
    yield custom("and_or_not", cll.And(cll.ExactMatchLevel("surname"), cll.Not(cll.ExactMatchLevel("given_name"))), cll.Or(cll.JaroWinklerLevel("given_name", 0.9), cll.LevenshteinLevel("surname", 1)))
    yield custom("percentage", cll.ExactMatchLevel("income"), cll.PercentageDifferenceLevel("income", 0.05), cll.PercentageDifferenceLevel("income", 0.25), null="income")
    yield custom("absolute", cll.ExactMatchLevel("height"), cll.AbsoluteDifferenceLevel("height", 0.01), cll.AbsoluteDifferenceLevel("height", 0.05), null="height")
    yield custom("array_subset", cll.ArrayIntersectLevel("phones", 3), cll.ArraySubsetLevel("phones"), cll.ArrayIntersectLevel("phones", 1), null="phones")
    yield custom("array_subset_empty", cll.ArraySubsetLevel("phones", empty_is_subset=True), null="phones")
    yield custom("km_not_null", cll.DistanceInKMLevel("lat", "long", 5, not_null=True), cll.DistanceInKMLevel("lat", "long", 100, not_null=True), null="surname")
    yield custom("jaro_level", cll.JaroLevel("surname", 0.9), cll.JaccardLevel("surname", 0.5), cll.DamerauLevenshteinLevel("surname", 3))
    yield custom("null_pattern", cll.ExactMatchLevel("postcode"), null="postcode")
    yield "null_valid", cl.CustomComparison(output_column_name="null_valid", comparison_levels=[cll.NullLevel("postcode", valid_string_pattern="^[A-Z]{1,2}[0-9]"), cll.ExactMatchLevel("postcode"), cll.ElseLevel()])
    yield custom("date_level", cll.AbsoluteTimeDifferenceLevel("dob", input_is_string=True, threshold=1, metric="year", datetime_format="%Y-%m-%d"), null="dob")


# Conditions that people write by hand.
HAND = {
    "case_fold": "lower(given_name_l) = lower(given_name_r)",
    "upper_fold": "upper(surname_l) = upper(surname_r)",
    "prefix": "substr(surname_l, 1, 2) = substr(surname_r, 1, 2)",
    "left_right": "left(surname_l, 2) = left(surname_r, 2) or right(given_name_l, 2) = right(given_name_r, 2)",
    "lengths": "length(surname_l) = length(surname_r) and abs(length(given_name_l) - length(given_name_r)) <= 1",
    "in_list": "city_l in ('London', 'Leeds') and city_r in ('London', 'Leeds')",
    "between": "income_r between income_l - 5000 and income_l + 5000",
    "case_when": "case when sex_l = 'm' then surname_l = surname_r else given_name_l = given_name_r end",
    "coalesce": "coalesce(city_l, 'none') = coalesce(city_r, 'none')",
    "like": "surname_l like 'sm%' and surname_r ilike 'SM_TH%'",
    "replace": "replace(postcode_l, ' ', '') = replace(postcode_r, ' ', '')",
    "regexp": "regexp_replace(surname_l, '[^a-z]', '', 'g') = regexp_replace(surname_r, '[^a-z]', '', 'g')",
    "regexp_match": "regexp_matches(postcode_l, '^SW') and regexp_matches(postcode_r, '^(SW|EC)[0-9]')",
    "concat": "concat(given_name_l, surname_l) = concat(surname_r, given_name_r) or given_name_l || surname_l = given_name_r || surname_r",
    "date_diff_days": "abs(date_diff('day', born_l, born_r)) <= 31",
    "date_diff_year": "abs(datediff('year', born_l, born_r)) <= 1",
    "date_parts": "year(born_l) = year(born_r) and month(born_l) = month(born_r)",
    "extract": "extract(day from born_l) = extract(day from born_r)",
    "strftime": "strftime(born_l, '%m-%d') = strftime(born_r, '%m-%d')",
    "date_subtract": "abs(born_l - born_r) <= 10",
    "cast_date": "try_cast(dob_l as date) = try_cast(dob_r as date)",
    "number_order": "income_l < income_r",
    "text_order": "surname_l < surname_r",
    "ratio": "least(height_l, height_r) / greatest(height_l, height_r) > 0.97",
    "integer_division": "income_l // 5000 = income_r // 5000",
    "division": "income_l / 5000 = income_r / 5000",
    "modulo": "income_l % 1000 = income_r % 1000",
    "rounding": "round(height_l, 1) = round(height_r, 1)",
    "decimals": "abs(height_l - height_r) < 0.05",
    "boolean": "alive_l and not alive_r",
    "boolean_equal": "alive_l = alive_r",
    "is_true": "alive_l is true and alive_r is not false",
    "distinct": "city_l is not distinct from city_r",
    "list_any": "list_has_any(phones_l, phones_r)",
    "list_overlap": "phones_l && phones_r",
    "list_contains": "list_contains(phones_l, phones_r[1])",
    "list_len": "len(list_intersect(phones_l, phones_r)) > 1",
    "list_max": "abs(list_max(scores_l) - list_max(scores_r)) < 0.3",
    "list_distinct": "len(list_distinct(list_concat(phones_l, phones_r))) <= 3",
    "split": "list_has_any(string_split(full_name_l, ' '), string_split(full_name_r, ' '))",
    "split_part": "split_part(email_l, '@', 1) = split_part(email_r, '@', 1)",
    "jw_direct": "jaro_winkler_similarity(given_name_l, surname_r) > 0.8",
    "mixed": "levenshtein(lower(given_name_l), lower(given_name_r)) <= 1 and damerau_levenshtein(surname_l, surname_r) < 3 or jaccard(email_l, email_r) > 0.7",
    "hamming": "length(surname_l) = length(surname_r) and hamming(surname_l, surname_r) <= 1",
    "contains": "contains(full_name_l, surname_r) or starts_with(full_name_l, given_name_r) or suffix(full_name_l, surname_r)",
    "reverse": "reverse(given_name_l) = reverse(given_name_r)",
    "strip": "strip_accents(lower(given_name_l)) = strip_accents(lower(given_name_r))",
    "ascii": "ascii(surname_l) = ascii(surname_r)",
    "trim": "trim(surname_l) = trim(surname_r)",
    "lpad": "lpad(sex_l, 3, '0') = lpad(sex_r, 3, '0')",
    "similar": "surname_l similar to 'sm.th.*'",
    "position": "position(surname_r in full_name_l) > 0",
    "strpos": "strpos(full_name_l, given_name_r) = 1",
    "ifelse": "if(sex_l = 'm', 1, 0) = if(sex_r = 'm', 1, 0)",
    "numbers_in_text": "try_cast(substr(dob_l, 1, 4) as integer) - try_cast(substr(dob_r, 1, 4) as integer) between -1 and 1",
    "pow_log": "abs(ln(income_l + 1) - ln(income_r + 1)) < 0.1 and pow(height_l, 2) > 2",
    "epoch_seconds": "abs(epoch(seen_l) - epoch(seen_r)) < 100000",
    "age": "abs(date_part('year', age(born_l, born_r))) < 1",
    "interval": "born_l between born_r - interval 1 month and born_r + interval 1 month",
    "date_trunc": "date_trunc('month', born_l) = date_trunc('month', born_r)",
    "not_equal": "sex_l <> sex_r and city_l != city_r",
    "nested_not": "not (sex_l = sex_r and not (city_l = city_r))",
    "substring_negative": "substr(surname_l, -3) = substr(surname_r, -3)",
    "slice": "surname_l[1:3] = surname_r[1:3]",
    "index_text": "surname_l[1] = surname_r[1]",
    "list_filter": "len(list_filter(phones_l, x -> list_contains(phones_r, x))) >= 1",
    "list_aggregate": "list_sum(scores_l) > list_sum(scores_r)",
    "md5": "md5(surname_l) = md5(surname_r)",
    "translate": "translate(surname_l, 'aeiou', '') = translate(surname_r, 'aeiou', '')",
    "cross_columns": "given_name_l = surname_r and given_name_r = surname_l",
    "year_text": "substr(cast(born_l as varchar), 1, 4) = substr(cast(born_r as varchar), 1, 4)",
    "float_cast": "cast(height_l as float) = cast(height_r as float)",
    "integer_cast": "cast(height_l * 10 as integer) = cast(height_r * 10 as integer)",
    "jaro_cutoff": "jaro_winkler_similarity(surname_l, surname_r, 0.8) > 0",
    "greatest_null": "greatest(lat_l, lat_r) > 52",
    "empty_text": "nullif(trim(regexp_replace(surname_l, '.*', '')), '') is null",
    "not_in": "sex_l not in ('m', 'f')",
    "in_null": "sex_l in ('m', null)",
    "parenthesised": "((surname_l)) = ((surname_r)) and (1 = 1)",
    "comment": "surname_l = surname_r -- same surname\n and sex_l = sex_r",
    "scientific": "abs(height_l - height_r) < 1e-2 and income_l > 1.5E3",
    "text_number": "income_l = '500'",
    "starts_at": "surname_l ^@ 'sm'",
    "regex_operator": "regexp_full_match(postcode_l, '[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}')",
    "unicode_length": "length(given_name_l) = 2 and strlen(given_name_l) > 2",
    "concat_ws": "concat_ws(' ', given_name_l, surname_l) = concat_ws(' ', given_name_r, surname_r)",
    "list_sort": "list_sort(phones_l) = list_sort(phones_r)",
    "lists_equal": "phones_l = phones_r",
    "array_agg_len": "cardinality(phones_l) = cardinality(phones_r)" if False else "len(phones_l) = len(phones_r)",
    "double_negative": "- income_l < -500",
    "julian": "abs(julian(born_l) - julian(born_r)) < 2",
    "to_date_text": "strptime(nullif(dob_l, 'not known'), '%Y-%m-%d') = strptime(nullif(dob_r, 'not known'), '%Y-%m-%d')" if False else "try_strptime(dob_l, '%Y-%m-%d') = try_strptime(dob_r, '%Y-%m-%d')",
    "try_formats": "try_strptime(dob_l, ['%Y-%m-%d', '%Y%m%d']) = try_strptime(dob_r, ['%Y-%m-%d', '%Y%m%d'])",
    "isodow": "dayofweek(born_l) = dayofweek(born_r) and week(born_l) = week(born_r)",
    "quarter": "quarter(born_l) = quarter(born_r)",
    "bar": "bit_length(surname_l) = bit_length(surname_r)",
    "chr": "chr(65) = upper(given_name_l)[1]",
    "glob": "surname_l glob 'sm*'",
    "abs_operator": "@(income_l - income_r) < 1000",
    "square": "sqrt(pow(lat_l - lat_r, 2) + pow(long_l - long_r, 2)) < 0.5",
    "ceil_floor": "floor(height_l * 10) = ceil(height_r * 10) - 1",
    "trunc": "trunc(height_l * 10) = trunc(height_r * 10)",
    "mod_function": "mod(income_l, 7) = mod(income_r, 7)",
    "exact_decimal": "height_l * 100 = height_r * 100",
}


def hand_comparison(name, condition):
    return {"output_column_name": name, "comparison_levels": [
        {"sql_condition": "surname_l IS NULL OR surname_r IS NULL", "label_for_charts": "Null", "is_null_level": True},
        {"sql_condition": condition, "label_for_charts": name},
        {"sql_condition": "ELSE", "label_for_charts": "else"}]}


def by_hand(comparisons, rules=("1=1",), **more):
    settings = {"link_type": "dedupe_only", "unique_id_column_name": "id", "probability_two_random_records_match": 0.02, "sql_dialect": "duckdb",
                "blocking_rules_to_generate_predictions": [{"blocking_rule": rule, "sql_dialect": "duckdb"} if isinstance(rule, str) else rule for rule in rules],
                "comparisons": comparisons}
    settings.update(more)
    return settings


RULES = {
    "or": ["l.surname = r.surname or l.given_name = r.given_name", "l.city = r.city"],
    "functions": ["substr(l.surname, 1, 2) = substr(r.surname, 1, 2) and l.sex = r.sex", "lower(l.given_name) = lower(r.given_name)"],
    "inequality": ["l.sex = r.sex and l.income < r.income", "l.city = r.city and abs(l.income - r.income) < 5000 and l.surname <> r.surname"],
    "different_columns": ["l.given_name = r.surname", "l.surname = r.given_name"],
    "filters_only": ["levenshtein(l.surname, r.surname) <= 1", "l.income > 90000 and r.income > 90000"],
    "nulls": ["l.city = r.city and l.email is not null and r.email is null", "l.city is null and r.city is null"],
    "distinct": ["l.city is not distinct from r.city and l.sex = r.sex"],
    "coalesce": ["coalesce(l.city, 'x') = coalesce(r.city, 'x')"],
    "quoted": ['l."First Name" = r."First Name"', 'l."select" = r."select" and l."city" = r."city"'],
    "capitals": ['l.SURNAME = r.Surname and l.Sex = r.sex'],
    "salted": [{"blocking_rule": "l.surname = r.surname", "sql_dialect": "duckdb", "salting_partitions": 4}, "l.city = r.city"],
    "jaro": ["jaro_winkler_similarity(l.surname, r.surname) > 0.9 and substr(l.dob,1,3) = substr(r.dob,1,3)"],
    "one_record": ["l.sex = 'm' and r.sex = 'f' and l.city = r.city"],
    "nested": ["(l.surname = r.surname and (l.given_name = r.given_name or l.dob = r.dob)) or (l.email = r.email)"],
    "not": ["l.city = r.city and not (l.sex = r.sex)"],
    "dates": ["l.born = r.born", "year(l.born) = year(r.born) and month(l.born) = month(r.born)"],
    "numbers": ["l.income = r.income", "l.income // 10000 = r.income // 10000 and l.sex = r.sex"],
    "lists": ["list_has_any(l.phones, r.phones)", "l.phones[1] = r.phones[1]"],
    "constant": ["l.surname = r.surname and 1=1", "l.city = 'York' and l.city = r.city"],
    "reversed_sides": ["r.surname = l.surname", "r.city = l.city and r.sex = l.sex"],
    "concatenated": ["l.given_name || l.surname = r.given_name || r.surname", "concat(l.sex, l.city) = concat(r.sex, r.city)"],
    "same_side": ["l.given_name = l.surname or l.city = r.city"],
    "in_list": ["l.sex in ('m','f') and l.sex = r.sex and l.city = r.city"],
    "date_window": ["abs(date_diff('day', l.born, r.born)) <= 31"],
}
EXPLODE = {
    "one": [{"blocking_rule": "l.phones = r.phones", "sql_dialect": "duckdb", "arrays_to_explode": ["phones"]}],
    "and_column": [{"blocking_rule": "l.phones = r.phones and l.sex = r.sex", "sql_dialect": "duckdb", "arrays_to_explode": ["phones"]}, "l.surname = r.surname"],
    "after_another": ["l.surname = r.surname", {"blocking_rule": "l.phones = r.phones", "sql_dialect": "duckdb", "arrays_to_explode": ["phones"]}, "l.city = r.city"],
    "two_lists": [{"blocking_rule": "l.phones = r.phones and l.sounds = r.sounds", "sql_dialect": "duckdb", "arrays_to_explode": ["phones", "sounds"]}],
    "function": [{"blocking_rule": "substr(l.phones, 1, 3) = substr(r.phones, 1, 3) and l.city = r.city", "sql_dialect": "duckdb", "arrays_to_explode": ["phones"]}],
    "across": [{"blocking_rule": "l.phones = r.phones and l.surname < r.surname", "sql_dialect": "duckdb", "arrays_to_explode": ["phones"]}, {"blocking_rule": "l.sounds = r.sounds", "sql_dialect": "duckdb", "arrays_to_explode": ["sounds"]}],
}


def cases():
    typed = {"born", "seen", "income", "height", "lat", "long", "phones", "sounds", "scores", "embedding", "alive"}
    def kind(settings):
        text = str(settings)
        return "parquet" if any(f"{column}_" in text or f'"{column}' in text or f".{column}" in text for column in typed) else "csv"
    for group in (library_comparisons, level_comparisons):
        for number, (name, comparison) in enumerate(group()):
            settings = with_probabilities(made([comparison]), number)
            yield f"{group.__name__.split('_')[0]}_{name}", settings, {"type": kind(settings), "inputs": 1}
    for name, condition in HAND.items():
        settings = with_probabilities(by_hand([hand_comparison("c", condition)]), len(name))
        yield f"hand_{name}", settings, {"type": "parquet", "inputs": 1}
    base = [hand_comparison("given", "given_name_l = given_name_r"), hand_comparison("place", "city_l = city_r")]
    for name, rules in RULES.items():
        for link_type in ("dedupe_only", "link_only", "link_and_dedupe"):
            settings = with_probabilities(by_hand(base, rules, link_type=link_type), 7)
            yield f"rules_{name}_{link_type}", settings, {"type": "parquet", "inputs": 1 if link_type == "dedupe_only" else 2}
    for name, rules in EXPLODE.items():
        for link_type in ("dedupe_only", "link_only", "link_and_dedupe"):
            settings = with_probabilities(by_hand(base, rules, link_type=link_type), 8)
            yield f"explode_{name}_{link_type}", settings, {"type": "parquet", "inputs": 1 if link_type == "dedupe_only" else 2}
    # Options.
    tf = lambda **more: {"output_column_name": "sn", "comparison_levels": [
        {"sql_condition": "surname_l IS NULL OR surname_r IS NULL", "label_for_charts": "Null", "is_null_level": True},
        {"sql_condition": "surname_l = surname_r", "label_for_charts": "exact", "tf_adjustment_column": "surname", **more},
        {"sql_condition": "jaro_winkler_similarity(surname_l, surname_r) > 0.9", "label_for_charts": "near", "tf_adjustment_column": "surname", **more},
        {"sql_condition": "ELSE", "label_for_charts": "else"}]}
    for name, more in {"plain": {}, "half": {"tf_adjustment_weight": 0.5}, "least": {"tf_minimum_u_value": 0.05}, "none": {"tf_adjustment_weight": 0.0}, "own": {"disable_tf_exact_match_detection": True}}.items():
        yield f"tf_{name}", with_probabilities(by_hand([tf(**more)]), 3), {"type": "csv", "inputs": 1}
        yield f"tf_{name}_two", with_probabilities(by_hand([tf(**more)], link_type="link_only"), 3), {"type": "csv", "inputs": 2}
    other = {"output_column_name": "full", "comparison_levels": [
        {"sql_condition": "full_name_l = full_name_r", "label_for_charts": "exact", "tf_adjustment_column": "full_name"},
        {"sql_condition": "surname_l = surname_r", "label_for_charts": "surname", "tf_adjustment_column": "surname"},
        {"sql_condition": "ELSE", "label_for_charts": "else"}]}
    yield "tf_two_columns", with_probabilities(by_hand([other]), 4), {"type": "csv", "inputs": 1}
    swapped = {"output_column_name": "swap", "comparison_levels": [
        {"sql_condition": "surname_l = surname_r", "label_for_charts": "exact"},
        {"sql_condition": "given_name_l = surname_r", "label_for_charts": "swap", "tf_adjustment_column": "surname"},
        {"sql_condition": "ELSE", "label_for_charts": "else"}]}
    yield "tf_null_side", with_probabilities(by_hand([swapped]), 5), {"type": "csv", "inputs": 1}
    yield "tf_spaced", with_probabilities(made([cl.ExactMatch("First Name").configure(term_frequency_adjustments=True), cl.ExactMatch("select").configure(term_frequency_adjustments=True)]), 6), {"type": "csv", "inputs": 1}
    yield "integer_ids", with_probabilities(made([cl.NameComparison("given_name"), cl.ExactMatch("city")], BY_NAME, unique_id_column_name="number"), 9), {"type": "parquet", "inputs": 1}
    yield "integer_ids_ordered", with_probabilities(by_hand([hand_comparison("c", "income_l < income_r"), hand_comparison("d", "given_name_l = surname_r")], ["l.city = r.city"], unique_id_column_name="number"), 9), {"type": "parquet", "inputs": 1}
    yield "integer_ids_csv", with_probabilities(by_hand([hand_comparison("d", "given_name_l < surname_r")], ["l.city = r.city"], unique_id_column_name="number"), 9), {"type": "csv", "inputs": 1}
    for link_type in ("link_only", "link_and_dedupe"):
        yield f"integer_ids_{link_type}", with_probabilities(by_hand([hand_comparison("c", "income_l < income_r"), hand_comparison("d", "given_name_l = surname_r")], ["l.city = r.city"], unique_id_column_name="number", link_type=link_type), 9), {"type": "parquet", "inputs": 2}
    yield "untrained", made([cl.NameComparison("given_name"), cl.DateOfBirthComparison("dob", input_is_string=True), cl.ExactMatch("city")], BY_NAME), {"type": "csv", "inputs": 1}
    yield "retained", with_probabilities(made([cl.NameComparison("given_name"), cl.EmailComparison("email")], BY_NAME, retain_intermediate_calculation_columns=True, retain_matching_columns=True, additional_columns_to_retain=["person", "city"]), 10), {"type": "csv", "inputs": 1}
    yield "many", with_probabilities(made([cl.NameComparison("given_name"), cl.NameComparison("surname"), cl.DateOfBirthComparison("dob", input_is_string=True), cl.EmailComparison("email"), cl.PostcodeComparison("postcode"), cl.ExactMatch("city").configure(term_frequency_adjustments=True)], BY_NAME), 11, odd=True), {"type": "csv", "inputs": 1}
    missing = with_probabilities(made([cl.NameComparison("given_name"), cl.ExactMatch("city")], BY_NAME), 12)
    del missing["comparisons"][0]["comparison_levels"][2]["m_probability"]
    del missing["comparisons"][1]["comparison_levels"][1]["u_probability"]
    yield "half_trained", missing, {"type": "csv", "inputs": 1}
    unobserved = with_probabilities(made([cl.NameComparison("given_name"), cl.ExactMatch("city")], BY_NAME), 13)
    unobserved["comparisons"][0]["comparison_levels"][2]["m_probability"] = "level not observed in training dataset"
    yield "not_observed", unobserved, {"type": "csv", "inputs": 1}
    yield "rule_creators", with_probabilities(made([cl.ExactMatch("city")], [And(block_on("surname"), block_on("sex")), Or(block_on("given_name"), block_on("email")), And(CustomRule("l.city = r.city"), Not(block_on("sex"))), block_on("substr(surname,1,1)", "dob")]), 14), {"type": "csv", "inputs": 1}
    yield "no_rules", with_probabilities(made([cl.ExactMatch("city")], []), 15), {"type": "csv", "inputs": 1}
    yield "no_null_level", with_probabilities(by_hand([{"output_column_name": "c", "comparison_levels": [{"sql_condition": "city_l = city_r", "label_for_charts": "same"}, {"sql_condition": "ELSE", "label_for_charts": "else"}]}]), 16), {"type": "csv", "inputs": 1}
    yield "no_else", with_probabilities(by_hand([{"output_column_name": "c", "comparison_levels": [{"sql_condition": "city_l IS NULL OR city_r IS NULL", "label_for_charts": "null", "is_null_level": True}, {"sql_condition": "city_l = city_r", "label_for_charts": "same"}, {"sql_condition": "city_l <> city_r", "label_for_charts": "other"}]}]), 17), {"type": "csv", "inputs": 1}
    yield "prior_one_in_a_million", with_probabilities(made([cl.NameComparison("surname")], BY_NAME, probability_two_random_records_match=1e-6), 18), {"type": "csv", "inputs": 1}
    yield "own_prefixes", with_probabilities(by_hand([tf()], comparison_vector_value_column_prefix="cv_", term_frequency_adjustment_column_prefix="freq_"), 19), {"type": "csv", "inputs": 1}
    for link_type in ("link_only", "link_and_dedupe"):
        yield f"source_column_{link_type}", with_probabilities(by_hand([tf(), hand_comparison("d", "given_name_l = surname_r")], ["l.city = r.city", "l.sex = r.sex"], link_type=link_type), 20), {"type": "csv", "inputs": "column"}
