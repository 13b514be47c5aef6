#include <charconv>

#include "linkage/sql_parser.hpp"

namespace joinedup::linkage {

Parser::Maybe Parser::cast_to(NodePtr child, bool forgiving) {
  if (peek().type != Token::word) return wrong("a type");
  std::string type = lower_ascii(tokens_[next_++].value);
  if (type == "double") take_word("precision");
  std::vector<std::string> sizes;
  if (take_symbol("(")) {  // DECIMAL(10, 2), VARCHAR(20)
    for (; !is_symbol(")") && peek().type != Token::end; ++next_)
      if (peek().type == Token::number) sizes.push_back(peek().value);
    if (!take_symbol(")")) return wrong("')'");
  }
  if ((type == "timestamp" || type == "time") && is_word("with")) next_ += 3;  // WITH TIME ZONE
  static const std::vector<std::pair<std::string, std::vector<std::string>>> types = {
      {"text", {"varchar", "text", "string", "char", "bpchar"}},
      {"integer", {"int", "integer", "bigint", "smallint", "tinyint", "hugeint", "ubigint", "uinteger", "usmallint", "utinyint", "signed", "long", "short", "int1", "int2", "int4", "int8"}},
      {"number", {"double", "float8"}},
      {"single", {"float", "float4", "real"}},
      {"decimal", {"decimal", "numeric", "dec"}},
      {"date", {"date"}},
      {"instant", {"timestamp", "datetime", "timestamptz"}},
      {"boolean", {"boolean", "bool", "logical"}}};
  std::string kind;
  for (const auto& [name, names] : types)
    if (std::find(names.begin(), names.end(), type) != names.end()) kind = name;
  if (kind.empty()) return refuse("The type '" + type + "' is not supported.");
  if (kind == "decimal") kind += sizes.empty() ? "3" : sizes.size() == 1 ? "0" : sizes[1].substr(0, 2);
  if (take_symbol("[")) {
    if (peek().type == Token::number) ++next_;  // of a fixed length
    if (!take_symbol("]")) return wrong("']'");
    kind += "[]";
  }
  return flagged(Op::cast, forgiving, {child}, kind);
}

Result<void> Parser::arguments(std::string_view close, std::vector<NodePtr>& out) {
  if (take_symbol(close)) return {};
  do {
    JOINEDUP_TRY(auto part, argument());
    out.push_back(part);
  } while (take_symbol(","));
  if (!take_symbol(close)) return wrong("'" + std::string(close) + "'");
  return {};
}

Parser::Maybe Parser::argument() {
  const bool arrow = peek().type == Token::word && is_symbol("->", 1);
  const bool keyword = is_word("lambda") && peek(1).type == Token::word && is_symbol(":", 2);
  if (!arrow && !keyword) return any_of();
  if (keyword) ++next_;
  const std::string variable = lower_ascii(tokens_[next_].value);
  next_ += 2;
  variables_.push_back(variable);
  auto body = argument();
  variables_.pop_back();
  if (!body) return body;
  return flagged(Op::lambda, false, {*body}, variable);
}

Parser::Maybe Parser::primary() {
  const Token token = peek();
  if (take_symbol("(")) {
    JOINEDUP_TRY(auto inner, any_of());
    if (!take_symbol(")")) return wrong("')'");
    return inner;
  }
  if (take_symbol("[")) {
    std::vector<NodePtr> items;
    JOINEDUP_CHECK(arguments("]", items));
    return make(Op::list, items);
  }
  if (token.type == Token::number) {
    ++next_;
    double number = 0;
    const auto [end, error] = std::from_chars(token.value.data(), token.value.data() + token.value.size(), number);
    if (error != std::errc{} || end != token.value.data() + token.value.size()) return refuse("'" + token.value + "' is not a number.");
    const auto point = token.value.find('.');
    if (token.value.find_first_of("eE") != std::string::npos || token.value.size() > 18) return constant(Value::of(number));
    return constant(Value::decimal(number, point == std::string::npos ? 0 : static_cast<int>(token.value.size() - point - 1)));
  }
  if (token.type == Token::text) {
    ++next_;
    return constant(Value::of(token.value));
  }
  if (token.type == Token::quoted) {
    ++next_;
    return column(token.value);
  }
  if (token.type == Token::word) return word();
  return wrong("a value");
}

Parser::Maybe Parser::word() {
  const std::string original = tokens_[next_].value;
  const std::string lowered = lower_ascii(original);
  const bool called = is_symbol("(", 1);
  ++next_;
  if (lowered == "case") return case_of();
  if (lowered == "null") return constant({});
  if (lowered == "true" || lowered == "false") return constant(Value::truth(lowered == "true"));
  if ((lowered == "date" || lowered == "timestamp") && peek().type == Token::text) {
    const auto instant = to_instant(Value::of(tokens_[next_++].value));
    if (instant.is_null()) return refuse("A date literal must be YYYY-MM-DD.");
    return constant(lowered == "date" ? Value::date(instant.number) : Value::instant(instant.number));
  }
  if (lowered == "interval" && (peek().type == Token::text || peek().type == Token::number || called)) return interval();
  if (!called) return column(original);
  ++next_;
  if (lowered == "cast" || lowered == "try_cast") {
    JOINEDUP_TRY(auto child, any_of());
    if (!take_word("as")) return wrong("AS");
    JOINEDUP_TRY(auto node, cast_to(child, lowered == "try_cast"));
    if (!take_symbol(")")) return wrong("')'");
    return node;
  }
  if (lowered == "extract") {
    const std::string part = lower_ascii(tokens_[next_++].value);
    if (!take_word("from")) return wrong("FROM");
    JOINEDUP_TRY(auto from, any_of());
    if (!take_symbol(")")) return wrong("')'");
    return call("date_part", {constant(Value::of(part)), from});
  }
  if (lowered == "position") {
    JOINEDUP_TRY(auto part, sum());
    if (!take_word("in")) return wrong("IN");
    JOINEDUP_TRY(auto text, sum());
    if (!take_symbol(")")) return wrong("')'");
    return call("strpos", {text, part});
  }
  if (lowered == "trim" && (is_word("both") || is_word("leading") || is_word("trailing"))) return trimmed_sides();
  std::vector<NodePtr> parts;
  if (lowered == "substring" && !is_symbol(")")) {  // SUBSTRING(text FROM start FOR count)
    JOINEDUP_TRY(auto first, argument());
    parts.push_back(first);
    for (const std::string_view word : {"from", "for"}) {
      if (!take_word(word)) continue;
      JOINEDUP_TRY(auto next, any_of());
      parts.push_back(next);
    }
    if (parts.size() == 1 && take_symbol(",")) {
      JOINEDUP_CHECK(arguments(")", parts));
    } else if (!take_symbol(")")) {
      return wrong("')'");
    }
    return call(original, parts);
  }
  JOINEDUP_CHECK(arguments(")", parts));
  return call(original, parts);
}

Parser::Maybe Parser::trimmed_sides() {  // TRIM(LEADING '0' FROM code)
  const std::string function = is_word("both") ? "trim" : is_word("leading") ? "ltrim" : "rtrim";
  ++next_;
  std::vector<NodePtr> parts;
  if (!is_word("from")) {
    JOINEDUP_TRY(auto set, any_of());
    parts.push_back(set);
  }
  if (!take_word("from")) return wrong("FROM");
  JOINEDUP_TRY(auto text, any_of());
  parts.insert(parts.begin(), text);
  if (!take_symbol(")")) return wrong("')'");
  return call(function, parts);
}

Parser::Maybe Parser::interval() {  // INTERVAL 3 DAY, INTERVAL '3 days', INTERVAL (n) MONTH
  NodePtr count;
  std::string unit;
  if (peek().type == Token::text) {
    const std::string text = tokens_[next_++].value;
    const auto words = split(trim(text), ' ');
    double number = 0;
    const auto [end, error] = std::from_chars(words[0].data(), words[0].data() + words[0].size(), number);
    if (error != std::errc{} || end != words[0].data() + words[0].size() || words.size() > 2) return refuse("An interval is one number and one unit: INTERVAL '3 days'.");
    count = constant(Value::of(number));
    if (words.size() == 2) unit = lower_ascii(words[1]);
  } else {
    JOINEDUP_TRY(count, primary());
  }
  if (unit.empty()) {
    if (peek().type != Token::word) return wrong("a unit of time");
    unit = lower_ascii(tokens_[next_++].value);
  }
  if (!unit.ends_with('s')) unit += 's';
  static constexpr std::string_view known[] = {"years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds"};
  if (std::find(std::begin(known), std::end(known), unit) == std::end(known)) return refuse("'" + unit + "' is not a unit of time.");
  return call("to_" + unit, {count});
}

Parser::Maybe Parser::case_of() {
  std::vector<NodePtr> parts;
  NodePtr subject;
  if (!is_word("when")) {
    JOINEDUP_TRY(subject, any_of());
  }
  while (take_word("when")) {
    JOINEDUP_TRY(auto when, any_of());
    if (!take_word("then")) return wrong("THEN");
    JOINEDUP_TRY(auto then, any_of());
    parts.push_back(subject ? comparison(Compare::equal, subject, when) : when);
    parts.push_back(then);
  }
  const bool otherwise = take_word("else");
  if (otherwise) {
    JOINEDUP_TRY(auto last, any_of());
    parts.push_back(last);
  }
  if (parts.size() < 2 || !take_word("end")) return wrong("WHEN or END");
  return flagged(Op::case_of, otherwise, parts);
}

Parser::Maybe Parser::column(const std::string& name) {
  const std::string lowered = lower_ascii(name);
  Node node;
  if (std::find(variables_.begin(), variables_.end(), lowered) != variables_.end()) {
    node.op = Op::variable;
    node.name = lowered;
    return finish(std::move(node));
  }
  node.op = Op::column;
  if (is_symbol(".") && (peek(1).type == Token::word || peek(1).type == Token::quoted) && (lowered == "l" || lowered == "r")) {
    ++next_;
    node.side = lowered == "l" ? Side::left : Side::right;
    node.name = lower_ascii(tokens_[next_++].value);
    return finish(std::move(node));
  }
  if (names_ == Names::plain) {
    node.name = lowered;
  } else if (names_ == Names::suffixed && lowered.size() > 2 && (lowered.ends_with("_l") || lowered.ends_with("_r"))) {
    node.side = lowered.ends_with("_l") ? Side::left : Side::right;
    node.name = lowered.substr(0, lowered.size() - 2);
  } else {
    return refuse("'" + name + "' is neither a value nor a column of a record: write " +
                  (names_ == Names::suffixed ? name + "_l or " + name + "_r." : "l." + name + " or r." + name + "."));
  }
  return finish(std::move(node));
}

}  // namespace joinedup::linkage
