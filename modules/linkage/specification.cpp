// Our own specification, in TOML. Kinds of comparison stand for lists of levels; docs/methods/linkage-specification.md
// shows each. Unknown keys are refused: a misspelt setting must not be silently ignored.
#include <toml++/toml.h>

#include <algorithm>

#include "base/text.hpp"
#include "engine/engine.hpp"
#include "linkage/model.hpp"
#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {
namespace {

class Spec {
 public:
  explicit Spec(std::string name) : name_(std::move(name)) {}

  Result<Model> read(const toml::table& table) {
    JOINEDUP_CHECK(only(table, {"link_type", "id", "source", "truth", "prior", "cluster_probability", "max_pairs_a_rule", "retain", "blocking", "comparison", "training", "quality", "format"}, "the specification"));
    const auto type = table["link_type"].value_or<std::string>("dedupe_only");
    if (type == "dedupe_only") model_.link_type = LinkType::dedupe_only;
    else if (type == "link_only") model_.link_type = LinkType::link_only;
    else if (type == "link_and_dedupe") model_.link_type = LinkType::link_and_dedupe;
    else return wrong("link_type must be dedupe_only, link_only or link_and_dedupe.");
    model_.id_column = table["id"].value_or<std::string>("id");
    model_.source_column = table["source"].value_or<std::string>("source_dataset");
    model_.truth_column = table["truth"].value_or<std::string>("");
    if (table.contains("prior")) {
      model_.prior = table["prior"].value_or(0.0);
      model_.prior_given = true;
      if (!(model_.prior > 0 && model_.prior < 1)) return wrong("prior must lie between 0 and 1.");
    }
    if (table.contains("cluster_probability")) model_.cluster_probability = table["cluster_probability"].value_or(0.95);
    model_.most_pairs_a_rule = table["max_pairs_a_rule"].value_or(model_.most_pairs_a_rule);
    if (const auto* kept = table["retain"].as_array())
      for (const auto& item : *kept) model_.retained_columns.push_back(item.value_or<std::string>(""));
    if (!table["blocking"].as_array()) return wrong("blocking is missing: a list of rules, each a list of columns.");
    JOINEDUP_TRY(const auto rules, rule_list(*table["blocking"].as_array(), "blocking"));
    for (const auto& rule : rules) model_.blocking_rules.push_back({rule});
    const auto* comparisons = table["comparison"].as_array();
    if (!comparisons || comparisons->empty()) return wrong("There is no [[comparison]].");
    for (const auto& item : *comparisons) {
      if (!item.is_table()) return wrong("Write each comparison as [[comparison]].");
      JOINEDUP_CHECK(comparison(*item.as_table()));
    }
    if (table.contains("quality")) {
      const auto* quality = table["quality"].as_table();
      if (!quality) return wrong("Write [quality] as a table: [quality] by = [\"sex\"].");
      JOINEDUP_CHECK(only(*quality, {"by"}, "[quality]"));
      const auto* by = (*quality)["by"].as_array();
      if (!by) return wrong("[quality] by is a list of columns.");
      for (const auto& item : *by) {
        model_.quality_columns.push_back(item.value_or<std::string>(""));
        if (model_.quality_columns.back().empty()) return wrong("[quality] by holds something that is no column.");
      }
    }
    if (const auto* training = table["training"].as_table()) JOINEDUP_CHECK(read_training(*training));
    return model_;
  }

 private:
  tl::unexpected<Error> wrong(std::string sentence) const { return fail(ErrorCode::invalid_input, std::move(sentence), name_); }

  Result<void> only(const toml::table& table, std::initializer_list<std::string_view> known, const std::string& where) const {
    for (const auto& [key, value] : table)
      if (std::find(known.begin(), known.end(), key.str()) == known.end())
        return wrong("Line " + std::to_string(key.source().begin.line) + ": '" + std::string(key.str()) + "' is not a setting of " + where + ".");
    return {};
  }

  // "surname" or "substr(surname, 1, 2)": every name that is no function becomes l.name and r.name.
  static std::string prefixed(const std::string& expression, char side) {
    std::string out;
    for (std::size_t at = 0; at < expression.size();) {
      const char c = expression[at];
      if (c == '\'') {
        const auto end = std::min(expression.find('\'', at + 1), expression.size() - 1);
        out.append(expression, at, end - at + 1);
        at = end + 1;
      } else if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') {
        std::size_t end = at;
        while (end < expression.size() && (std::isalnum(static_cast<unsigned char>(expression[end])) || expression[end] == '_')) ++end;
        const auto next = expression.find_first_not_of(' ', end);
        if (next == std::string::npos || expression[next] != '(') out += std::string(1, side) + ".";
        out.append(expression, at, end - at);
        at = end;
      } else {
        out += c;
        ++at;
      }
    }
    return out;
  }

  Result<std::vector<std::string>> rule_list(const toml::array& array, const std::string& where) const {
    std::vector<std::string> rules;
    for (const auto& item : array) {
      if (const auto sql = item.value<std::string>()) {
        rules.push_back(*sql);
        continue;
      }
      const auto* columns = item.as_array();
      if (!columns || columns->empty()) return wrong("A rule of " + where + " is a list of columns, or a text with l. and r.");
      std::string rule;
      for (const auto& column : *columns) {
        const auto text = column.value_or<std::string>("");
        if (text.empty()) return wrong("A rule of " + where + " holds something that is no column.");
        rule += (rule.empty() ? "" : " AND ") + prefixed(text, 'l') + " = " + prefixed(text, 'r');
      }
      rules.push_back(rule);
    }
    return rules;
  }

  Result<void> read_training(const toml::table& table) {
    JOINEDUP_CHECK(only(table, {"rules", "deterministic_rules", "deterministic_recall", "random_pairs", "seed", "convergence"}, "[training]"));
    auto& training = model_.training;
    if (const auto* rules = table["rules"].as_array()) {
      JOINEDUP_TRY(training.rules, rule_list(*rules, "[training] rules"));
    }
    if (const auto* rules = table["deterministic_rules"].as_array()) {
      JOINEDUP_TRY(training.deterministic_rules, rule_list(*rules, "[training] deterministic_rules"));
    }
    training.deterministic_recall = table["deterministic_recall"].value_or(training.deterministic_recall);
    if (!(training.deterministic_recall > 0 && training.deterministic_recall <= 1)) return wrong("deterministic_recall must lie above 0 and not above 1.");
    training.random_pairs = table["random_pairs"].value_or(training.random_pairs);
    training.seed = static_cast<std::uint64_t>(table["seed"].value_or(static_cast<std::int64_t>(training.seed)));
    training.convergence = table["convergence"].value_or(training.convergence);
    return {};
  }

  void level(Comparison& comparison, const std::string& condition, const std::string& label) const {
    Level made;
    made.condition = condition;
    made.label = label;
    comparison.levels.push_back(std::move(made));
  }

  Result<void> comparison(const toml::table& table) {
    JOINEDUP_CHECK(only(table, {"name", "kind", "column", "columns", "term_frequency", "minimum_frequency", "format", "thresholds", "nicknames", "phonetic", "levels"}, "[[comparison]]"));
    Comparison made;
    const auto column = table["column"].value_or<std::string>("");
    made.name = table["name"].value_or<std::string>(std::string(column));
    const bool custom = table.contains("levels");
    const auto kind = table["kind"].value_or<std::string>(custom ? "levels" : "exact");
    made.description = kind;
    if (custom) {
      JOINEDUP_CHECK(own_levels(table, made));
    } else if (column.empty()) {
      return wrong("A [[comparison]] needs a column, or levels.");
    } else {
      if (made.name.empty()) made.name = column;
      JOINEDUP_CHECK(ready_made(table, kind, column, made));
    }
    if (made.name.empty()) return wrong("A [[comparison]] with levels needs a name.");
    number_levels(made);
    if (!made.levels.back().is_else) return wrong("Comparison " + made.name + " needs a last level with when = \"ELSE\".");
    model_.comparisons.push_back(std::move(made));
    return {};
  }

  Result<void> own_levels(const toml::table& table, Comparison& made) const {
    const auto* levels = table["levels"].as_array();
    if (!levels) return wrong("levels must be a list.");
    for (const auto& item : *levels) {
      const auto* one = item.as_table();
      if (!one) return wrong("Each level is { when = …, label = … }.");
      JOINEDUP_CHECK(only(*one, {"when", "label", "null", "m", "u", "term_frequency", "term_frequency_weight", "minimum_frequency", "own_u"}, "a level"));
      const auto when = (*one)["when"].value_or<std::string>("");
      if (when.empty()) return wrong("A level of " + made.name + " has no 'when'.");
      level(made, when, (*one)["label"].value_or<std::string>(std::string(when)));
      Level& last = made.levels.back();
      last.is_null = (*one)["null"].value_or(false);
      if (one->contains("m")) last.m = (*one)["m"].value_or(0.0), last.fix_m = true;
      if (one->contains("u")) last.u = (*one)["u"].value_or(0.0), last.fix_u = true;
      last.frequency_column = (*one)["term_frequency"].value_or<std::string>("");
      last.frequency_weight = (*one)["term_frequency_weight"].value_or(1.0);
      last.least_frequency = (*one)["minimum_frequency"].value_or(0.0);
      last.own_u_for_frequency = (*one)["own_u"].value_or(false);
    }
    return {};
  }

  Result<void> ready_made(const toml::table& table, const std::string& kind, const std::string& column, Comparison& made) const {
    const std::string l = engine::sql_name(column + "_l"), r = engine::sql_name(column + "_r"), both = "(" + l + ", " + r + ")";
    level(made, l + " IS NULL OR " + r + " IS NULL", column + " is empty");
    made.levels.back().is_null = true;
    level(made, l + " = " + r, "same " + column);
    if (table["term_frequency"].value_or(false)) {
      made.levels.back().frequency_column = column;
      made.levels.back().least_frequency = table["minimum_frequency"].value_or(0.0);
    }
    std::vector<double> thresholds;
    if (const auto* given = table["thresholds"].as_array())
      for (const auto& item : *given) thresholds.push_back(item.value_or(0.0));
    const auto at_thresholds = [&](const std::string& function, const char* sign, std::vector<double> otherwise) {
      for (const double threshold : thresholds.empty() ? otherwise : thresholds)
        level(made, function + both + " " + sign + " " + format_number(threshold), function + " " + sign + " " + format_number(threshold));
    };
    if (kind == "exact") {
    } else if (kind == "name") {
      at_thresholds("jaro_winkler_similarity", ">=", {0.92, 0.88, 0.7});
      if (table["nicknames"].value_or(false)) {
        Level nick;
        nick.condition = "nicknames_match" + both;
        nick.label = "a nickname of each other";
        made.levels.insert(made.levels.begin() + 2, nick);
      }
      if (table["phonetic"].value_or(false)) level(made, "soundex(" + l + ") = soundex(" + r + ")", "sounds alike");
    } else if (kind == "text") {
      at_thresholds("levenshtein", "<=", {1, 2});
    } else if (kind == "code") {
      at_thresholds("damerau_levenshtein", "<=", {1, 2});
    } else if (kind == "number") {
      for (const double threshold : thresholds)
        level(made, "abs(CAST(" + l + " AS DOUBLE) - CAST(" + r + " AS DOUBLE)) <= " + format_number(threshold), "within " + format_number(threshold));
    } else if (kind == "date") {
      const auto format = engine::sql_text(table["format"].value_or<std::string>("%Y-%m-%d"));
      const auto when = [&](const std::string& side) { return "epoch(try_strptime(" + side + ", " + format + "))"; };
      level(made, "damerau_levenshtein" + both + " <= 1", "one keystroke apart");
      static constexpr std::pair<double, const char*> spans[] = {{2629800, "within a month"}, {31557600, "within a year"}, {315576000, "within ten years"}};
      for (const auto& [seconds, label] : spans) level(made, "abs(" + when(l) + " - " + when(r) + ") <= " + format_number(seconds), label);
    } else if (kind == "email") {
      const auto user = [](const std::string& side) { return "nullif(regexp_extract(" + side + ", '^[^@]+', 0), '')"; };
      level(made, user(l) + " = " + user(r), "same name before the @");
      at_thresholds("jaro_winkler_similarity", ">=", {0.88});
    } else if (kind == "postcode") {
      const auto sector = [](const std::string& side) { return "nullif(regexp_extract(upper(" + side + "), '^[A-Z]+[0-9][A-Z0-9]* *[0-9]', 0), '')"; };
      const auto district = [](const std::string& side) { return "nullif(regexp_extract(upper(" + side + "), '^[A-Z]+[0-9][A-Z0-9]*', 0), '')"; };
      level(made, "damerau_levenshtein" + both + " <= 1", "one keystroke apart");
      level(made, sector(l) + " = " + sector(r), "same postcode sector");
      level(made, district(l) + " = " + district(r), "same postcode district");
    } else {
      return wrong("Comparison " + made.name + ": kind '" + kind + "' is not one of exact, name, text, code, number, date, email, postcode.");
    }
    level(made, "ELSE", "different");
    return {};
  }

  std::string name_;
  Model model_;
};

}  // namespace

Result<Model> read_specification(std::string_view text, const std::string& name) {
  try {
    return Spec(name).read(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_input, "Line " + std::to_string(error.source().begin.line) + ": " + std::string(error.description()), name);
  }
}

}  // namespace joinedup::linkage
