#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "linkage/sql_expression.hpp"
#include "linkage/sql_tokens.hpp"

namespace joinedup::linkage {
namespace {

constexpr std::size_t deepest = 400;   // of a tree: whoever walks it recurses
constexpr std::size_t most_nested = 60;  // parentheses and calls within each other

class Parser {
 public:
  Parser(std::string_view sql, Names names) : sql_(sql), names_(names) {}

  Result<NodePtr> parse() {
    auto tokens = read_tokens(sql_);
    if (!tokens) return refuse(tokens.error().sentence);
    tokens_ = std::move(*tokens);
    auto tree = any_of();
    if (tree && peek().type != Token::end) return wrong("an end or an operator");
    return tree && (*tree)->depth > deepest ? too_deep() : tree;
  }

 private:
  using Maybe = Result<NodePtr>;

  tl::unexpected<Error> refuse(std::string sentence) const {
    return fail(ErrorCode::invalid_input, std::move(sentence), "condition " + std::string(sql_.substr(0, 120)));
  }
  tl::unexpected<Error> wrong(const std::string& wanted) const {
    const auto& token = peek();
    return refuse("Expected " + wanted + " at character " + std::to_string(token.at + 1) +
                  (token.type == Token::end ? ", but the condition ends there." : ", but found '" + token.value + "'."));
  }

  Maybe too_deep() const { return refuse("The condition is nested too deeply: more than " + std::to_string(deepest) + " steps within each other."); }
  struct Nest {  // counts while it lives
    explicit Nest(std::size_t& count) : count_(count) { ++count_; }
    ~Nest() { --count_; }
    std::size_t& count_;
  };

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const { return peek(ahead).type == Token::symbol && peek(ahead).value == symbol; }
  bool is_word(std::string_view word, std::size_t ahead = 0) const {
    return peek(ahead).type == Token::word && lower_ascii(peek(ahead).value) == word;
  }
  bool take_symbol(std::string_view symbol) { return is_symbol(symbol) && ++next_; }
  bool take_word(std::string_view word) { return is_word(word) && ++next_; }

  static NodePtr finish(Node node) {
    for (const auto& child : node.children) node.depth = std::max(node.depth, child->depth + 1);
    return std::make_shared<const Node>(std::move(node));
  }
  static NodePtr make(Op op, std::vector<NodePtr> children) {
    Node node;
    node.op = op;
    node.children = std::move(children);
    return finish(std::move(node));
  }
  static NodePtr negated(NodePtr child) { return make(Op::negate, {std::move(child)}); }
  static NodePtr comparison(Compare how, NodePtr a, NodePtr b) {
    Node node;
    node.op = Op::compare;
    node.compare = how;
    node.children = {std::move(a), std::move(b)};
    return finish(std::move(node));
  }
  static NodePtr flagged(Op op, bool flag, std::vector<NodePtr> children, std::string name = {}) {
    Node node;
    node.op = op;
    node.flag = flag;
    node.name = std::move(name);
    node.children = std::move(children);
    return finish(std::move(node));
  }
  static NodePtr constant(Value value) {
    Node node;
    node.literal = std::move(value);
    return finish(std::move(node));
  }
  Maybe call(const std::string& name, std::vector<NodePtr> arguments) const {
    std::string why;
    Node node;
    node.op = Op::call;
    node.name = lower_ascii(name);
    node.function = find_function(node.name, arguments.size(), why);
    if (!node.function) return refuse(why);
    node.children = std::move(arguments);
    return finish(std::move(node));
  }

  template <class Next>
  Maybe chain(Op op, std::string_view word, Next next) {
    JOINEDUP_TRY(auto first, next());
    std::vector<NodePtr> parts{first};
    while (take_word(word)) {
      JOINEDUP_TRY(auto part, next());
      parts.push_back(part);
    }
    return parts.size() == 1 ? parts[0] : make(op, parts);
  }
  Maybe any_of() {
    const Nest nest(nested_);
    if (nested_ > most_nested) return too_deep();
    return chain(Op::any_of, "or", [&] { return all_of(); });
  }
  Maybe all_of() { return chain(Op::all_of, "and", [&] { return negation(); }); }
  Maybe negation() {
    if (!take_word("not")) return predicate();
    const Nest nest(nested_);
    if (nested_ > most_nested) return too_deep();
    JOINEDUP_TRY(auto child, negation());
    return negated(child);
  }

  Maybe predicate() {
    JOINEDUP_TRY(auto left, sum());
    for (;;) {
      static constexpr std::pair<std::string_view, Compare> operators[] = {
          {"=", Compare::equal}, {"==", Compare::equal}, {"<>", Compare::unequal}, {"!=", Compare::unequal},
          {"<=", Compare::at_most}, {">=", Compare::at_least}, {"<", Compare::less}, {">", Compare::greater}};
      std::optional<Compare> how;
      for (const auto& [symbol, meaning] : operators)
        if (!how && take_symbol(symbol)) how = meaning;
      if (how) {
        JOINEDUP_TRY(auto right, sum());
        left = comparison(*how, left, right);
        continue;
      }
      if (left->depth > deepest) return too_deep();
      bool taken = false;
      JOINEDUP_TRY(left, sign_test(left, taken));
      if (taken) continue;
      if (is_word("is")) {
        JOINEDUP_TRY(left, is_test(left));
        continue;
      }
      if (is_word("isnull") || is_word("notnull")) {
        left = flagged(Op::is_null, is_word("notnull"), {left});
        ++next_;
        continue;
      }
      const auto word_at = [&](std::size_t ahead) {
        return is_word("in", ahead) || is_word("between", ahead) || is_word("like", ahead) || is_word("ilike", ahead) || is_word("glob", ahead) || (is_word("similar", ahead) && is_word("to", ahead + 1));
      };
      const bool inverted = is_word("not") && word_at(1);
      if (inverted) ++next_;
      if (word_at(0)) {
        JOINEDUP_TRY(left, word_test(left));
        if (inverted) left = negated(left);
        continue;
      }
      return left;
    }
  }

  // && (lists overlap), ^@ (starts with), ~ (matches), ~~ (LIKE), ~~* (ILIKE), ~~~ (GLOB), and their negations.
  Maybe sign_test(NodePtr left, bool& taken) {
    static constexpr std::pair<std::string_view, std::string_view> functions[] = {
        {"&&", "list_has_any"}, {"^@", "starts_with"}, {"~", "regexp_full_match"}, {"!~", "regexp_full_match"}, {"~~~", "~~~"}};
    for (const auto& [symbol, function] : functions) {
      if (!take_symbol(symbol)) continue;
      taken = true;
      JOINEDUP_TRY(auto right, sum());
      JOINEDUP_TRY(auto test, call(std::string(function), {left, right}));
      return symbol == "!~" ? negated(test) : test;
    }
    for (const std::string_view symbol : {"~~", "~~*", "!~~", "!~~*"}) {
      if (!take_symbol(symbol)) continue;
      taken = true;
      JOINEDUP_TRY(auto pattern, sum());
      auto test = flagged(Op::like, symbol.ends_with('*'), {left, pattern});
      return symbol.starts_with('!') ? negated(test) : test;
    }
    return left;
  }

  Maybe is_test(NodePtr left) {
    ++next_;
    const bool inverted = take_word("not");
    if (take_word("null")) return flagged(Op::is_null, inverted, {left});
    if (take_word("distinct")) {
      if (!take_word("from")) return wrong("FROM");
      JOINEDUP_TRY(auto right, sum());
      return flagged(Op::distinct, inverted, {left, right});
    }
    if (is_word("true") || is_word("false")) {
      const bool wanted = take_word("true") || !take_word("false");
      auto same = flagged(Op::distinct, true, {left, constant(Value::truth(wanted))});
      return inverted ? negated(same) : same;
    }
    return wrong("NULL, TRUE, FALSE or DISTINCT FROM");
  }

  Maybe word_test(NodePtr left) {
    if (take_word("in")) {
      if (!take_symbol("(")) return wrong("'('");
      std::vector<NodePtr> parts{left};
      JOINEDUP_CHECK(arguments(")", parts));
      return make(Op::in_list, parts);
    }
    if (take_word("between")) {
      JOINEDUP_TRY(auto low, sum());
      if (!take_word("and")) return wrong("AND");
      JOINEDUP_TRY(auto high, sum());
      return make(Op::all_of, {comparison(Compare::at_least, left, low), comparison(Compare::at_most, left, high)});
    }
    if (is_word("glob") || is_word("similar")) {
      const std::string function = is_word("glob") ? "~~~" : "regexp_full_match";
      next_ += is_word("glob") ? 1 : 2;
      JOINEDUP_TRY(auto pattern, sum());
      return call(function, {left, pattern});
    }
    const bool any_case = is_word("ilike");
    ++next_;
    JOINEDUP_TRY(auto pattern, sum());
    return flagged(Op::like, any_case, {left, pattern});
  }

  template <class Next>
  Maybe binary(std::initializer_list<std::pair<std::string_view, Op>> operators, Next next) {
    JOINEDUP_TRY(auto left, next());
    for (;;) {
      std::optional<Op> found;
      for (const auto& [symbol, op] : operators)
        if (!found && take_symbol(symbol)) found = op;
      if (!found) return left;
      if (left->depth > deepest) return too_deep();
      JOINEDUP_TRY(auto right, next());
      left = make(*found, {left, right});
    }
  }
  Maybe sum() {
    return binary({{"||", Op::concatenate}}, [&] {
      return binary({{"+", Op::add}, {"-", Op::subtract}}, [&] {
        return binary({{"*", Op::multiply}, {"/", Op::divide}, {"//", Op::integer_divide}, {"%", Op::modulo}}, [&] {
          return binary({{"^", Op::power}, {"**", Op::power}}, [&] { return unary(); });
        });
      });
    });
  }
  Maybe unary() {
    const Nest nest(nested_);
    if (nested_ > most_nested) return too_deep();
    if (take_symbol("+")) return unary();
    const bool absolute = is_symbol("@");
    if (!absolute && !is_symbol("-")) return postfix();
    ++next_;
    JOINEDUP_TRY(auto child, unary());
    if (absolute) return call("abs", {child});
    if (child->op == Op::literal && child->literal.kind == Kind::number) {
      Value value = child->literal;
      value.number = -value.number;
      return constant(value);
    }
    return make(Op::minus, {child});
  }

  Maybe postfix() {
    JOINEDUP_TRY(auto node, primary());
    for (;;) {
      if (node->depth > deepest) return too_deep();
      if (take_symbol("[")) {
        NodePtr from = constant({}), to = constant({});
        if (!is_symbol(":")) {
          JOINEDUP_TRY(from, any_of());
        }
        const bool slice = take_symbol(":");
        if (slice && !is_symbol("]")) {
          JOINEDUP_TRY(to, any_of());
        }
        if (!take_symbol("]")) return wrong("']'");
        if (!slice) {
          node = make(Op::element, {node, from});
          continue;
        }
        JOINEDUP_TRY(node, call("array_slice", {node, from, to}));
      } else if (take_symbol("::")) {
        JOINEDUP_TRY(node, cast_to(node, false));
      } else {
        return node;
      }
    }
  }

  Maybe cast_to(NodePtr child, bool forgiving) {
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

  Result<void> arguments(std::string_view close, std::vector<NodePtr>& out) {
    if (take_symbol(close)) return {};
    do {
      JOINEDUP_TRY(auto part, argument());
      out.push_back(part);
    } while (take_symbol(","));
    if (!take_symbol(close)) return wrong("'" + std::string(close) + "'");
    return {};
  }

  Maybe argument() {
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

  Maybe primary() {
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

  Maybe word() {
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

  Maybe trimmed_sides() {  // TRIM(LEADING '0' FROM code)
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

  Maybe interval() {  // INTERVAL 3 DAY, INTERVAL '3 days', INTERVAL (n) MONTH
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

  Maybe case_of() {
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

  Maybe column(const std::string& name) {
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

  std::string_view sql_;
  Names names_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::vector<std::string> variables_;
  std::size_t nested_ = 0;
};

}  // namespace

Result<NodePtr> parse_condition(std::string_view sql, Names names) { return Parser(sql, names).parse(); }

}  // namespace joinedup::linkage
