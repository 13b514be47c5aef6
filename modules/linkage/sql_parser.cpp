#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {
namespace {

struct Token {
  enum Type { word, quoted, number, text, symbol, end } type = end;
  std::string value;
  std::size_t at = 0;
};

class Parser {
 public:
  Parser(std::string_view sql, Names names) : sql_(sql), names_(names) {}

  Result<NodePtr> parse() {
    JOINEDUP_CHECK(read_tokens());
    auto tree = any_of();
    if (tree && peek().type != Token::end) return wrong("an end or an operator");
    return tree;
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

  Result<void> read_tokens() {
    std::size_t at = 0;
    const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); };
    while (at < sql_.size()) {
      const char c = sql_[at];
      if (std::isspace(static_cast<unsigned char>(c))) { ++at; continue; }
      if (c == '-' && sql_.substr(at, 2) == "--") {
        at = std::min(sql_.find('\n', at), sql_.size());
        continue;
      }
      const std::size_t start = at;
      if (c == '\'' || c == '"' || c == '`') {
        std::string value;
        for (++at;; ++at) {
          if (at >= sql_.size()) return refuse("A quote is opened but never closed.");
          if (sql_[at] == c) {
            if (at + 1 < sql_.size() && sql_[at + 1] == c) ++at;
            else break;
          }
          value += sql_[at];
        }
        ++at;
        tokens_.push_back({c == '\'' ? Token::text : Token::quoted, value, start});
      } else if (std::isdigit(static_cast<unsigned char>(c)) || (c == '.' && at + 1 < sql_.size() && std::isdigit(static_cast<unsigned char>(sql_[at + 1])))) {
        while (at < sql_.size() && (std::isdigit(static_cast<unsigned char>(sql_[at])) || sql_[at] == '.')) ++at;
        if (at < sql_.size() && (sql_[at] == 'e' || sql_[at] == 'E')) {
          std::size_t next = at + 1;
          if (next < sql_.size() && (sql_[next] == '+' || sql_[next] == '-')) ++next;
          if (next < sql_.size() && std::isdigit(static_cast<unsigned char>(sql_[next]))) {
            at = next;
            while (at < sql_.size() && std::isdigit(static_cast<unsigned char>(sql_[at]))) ++at;
          }
        }
        tokens_.push_back({Token::number, std::string(sql_.substr(start, at - start)), start});
      } else if (is_word(c)) {
        while (at < sql_.size() && is_word(sql_[at])) ++at;
        tokens_.push_back({Token::word, std::string(sql_.substr(start, at - start)), start});
      } else {
        static constexpr std::string_view pairs[] = {"<=", ">=", "<>", "!=", "==", "||", "::", "->", "&&", "//"};
        std::string value(1, c);
        for (const auto pair : pairs)
          if (sql_.substr(at, 2) == pair) value = pair;
        at += value.size();
        tokens_.push_back({Token::symbol, value, start});
      }
    }
    tokens_.push_back({Token::end, "", sql_.size()});
    return {};
  }

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const { return peek(ahead).type == Token::symbol && peek(ahead).value == symbol; }
  bool is_word(std::string_view word, std::size_t ahead = 0) const {
    return peek(ahead).type == Token::word && lower_ascii(peek(ahead).value) == word;
  }
  bool take_symbol(std::string_view symbol) { return is_symbol(symbol) && ++next_; }
  bool take_word(std::string_view word) { return is_word(word) && ++next_; }

  static NodePtr make(Op op, std::vector<NodePtr> children) {
    Node node;
    node.op = op;
    node.children = std::move(children);
    return std::make_shared<const Node>(std::move(node));
  }
  static NodePtr negated(NodePtr child) { return make(Op::negate, {std::move(child)}); }
  static NodePtr comparison(Compare how, NodePtr a, NodePtr b) {
    Node node;
    node.op = Op::compare;
    node.compare = how;
    node.children = {std::move(a), std::move(b)};
    return std::make_shared<const Node>(std::move(node));
  }
  static NodePtr flagged(Op op, bool flag, std::vector<NodePtr> children, std::string name = {}) {
    Node node;
    node.op = op;
    node.flag = flag;
    node.name = std::move(name);
    node.children = std::move(children);
    return std::make_shared<const Node>(std::move(node));
  }
  static NodePtr constant(Value value) {
    Node node;
    node.literal = std::move(value);
    return std::make_shared<const Node>(std::move(node));
  }
  Maybe call(const std::string& name, std::vector<NodePtr> arguments) const {
    std::string why;
    Node node;
    node.op = Op::call;
    node.name = lower_ascii(name);
    node.function = find_function(node.name, arguments.size(), why);
    if (!node.function) return refuse(why);
    node.children = std::move(arguments);
    return NodePtr(std::make_shared<const Node>(std::move(node)));
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
  Maybe any_of() { return chain(Op::any_of, "or", [&] { return all_of(); }); }
  Maybe all_of() { return chain(Op::all_of, "and", [&] { return negation(); }); }
  Maybe negation() {
    if (!take_word("not")) return predicate();
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
      if (take_symbol("&&")) {
        JOINEDUP_TRY(auto right, sum());
        JOINEDUP_TRY(left, call("list_has_any", {left, right}));
        continue;
      }
      if (is_word("is")) {
        JOINEDUP_TRY(left, is_test(left));
        continue;
      }
      const bool inverted = is_word("not") && (is_word("in", 1) || is_word("between", 1) || is_word("like", 1) || is_word("ilike", 1));
      if (inverted) ++next_;
      if (is_word("in") || is_word("between") || is_word("like") || is_word("ilike")) {
        JOINEDUP_TRY(left, word_test(left));
        if (inverted) left = negated(left);
        continue;
      }
      return left;
    }
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
      JOINEDUP_TRY(auto right, next());
      left = make(*found, {left, right});
    }
  }
  Maybe sum() {
    return binary({{"||", Op::concatenate}}, [&] {
      return binary({{"+", Op::add}, {"-", Op::subtract}}, [&] {
        return binary({{"*", Op::multiply}, {"/", Op::divide}, {"//", Op::integer_divide}, {"%", Op::modulo}}, [&] { return unary(); });
      });
    });
  }
  Maybe unary() {
    if (take_symbol("+")) return unary();
    if (!take_symbol("-")) return postfix();
    JOINEDUP_TRY(auto child, unary());
    return make(Op::minus, {child});
  }

  Maybe postfix() {
    JOINEDUP_TRY(auto node, primary());
    for (;;) {
      if (take_symbol("[")) {
        JOINEDUP_TRY(auto index, any_of());
        if (!take_symbol("]")) return wrong("']'");
        node = make(Op::element, {node, index});
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
    if (take_symbol("(")) {  // DECIMAL(10, 2), VARCHAR(20): the size does not matter here
      while (!is_symbol(")") && peek().type != Token::end) ++next_;
      if (!take_symbol(")")) return wrong("')'");
    }
    if (take_symbol("[")) {
      if (!take_symbol("]")) return wrong("']'");
      type += "[]";
    }
    static const std::vector<std::pair<std::string, std::vector<std::string>>> types = {
        {"text", {"varchar", "text", "string", "char"}},
        {"integer", {"int", "integer", "bigint", "smallint", "tinyint", "hugeint", "ubigint", "uinteger", "signed", "int4", "int8"}},
        {"number", {"double", "float", "float4", "float8", "real", "decimal", "numeric"}},
        {"date", {"date"}},
        {"instant", {"timestamp", "datetime", "timestamptz"}},
        {"boolean", {"boolean", "bool"}},
        {"list", {"varchar[]", "text[]", "string[]"}}};
    for (const auto& [kind, names] : types)
      if (std::find(names.begin(), names.end(), type) != names.end()) return flagged(Op::cast, forgiving, {child}, kind);
    return refuse("The type '" + type + "' is not supported.");
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
      return constant(Value::of(number));
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
      auto instant = to_instant(Value::of(tokens_[next_++].value));
      if (instant.is_null()) return refuse("A date literal must be YYYY-MM-DD.");
      return constant(instant);
    }
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
    if (lowered == "array" && take_symbol("[")) return wrong("a function");
    std::vector<NodePtr> parts;
    JOINEDUP_CHECK(arguments(")", parts));
    return call(original, parts);
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
      return NodePtr(std::make_shared<const Node>(std::move(node)));
    }
    node.op = Op::column;
    if (is_symbol(".") && (peek(1).type == Token::word || peek(1).type == Token::quoted) && (lowered == "l" || lowered == "r")) {
      ++next_;
      node.side = lowered == "l" ? Side::left : Side::right;
      node.name = lower_ascii(tokens_[next_++].value);
      return NodePtr(std::make_shared<const Node>(std::move(node)));
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
    return NodePtr(std::make_shared<const Node>(std::move(node)));
  }

  std::string_view sql_;
  Names names_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::vector<std::string> variables_;
};

}  // namespace

Result<NodePtr> parse_condition(std::string_view sql, Names names) { return Parser(sql, names).parse(); }

std::string canonical(const Node& node) {
  std::string out = std::to_string(static_cast<int>(node.op)) + ":" + node.name + ":" + std::to_string(static_cast<int>(node.compare)) + (node.flag ? "!" : "");
  if (node.op == Op::literal) out += std::to_string(static_cast<int>(node.literal.kind)) + "'" + to_text(node.literal).text + "'";
  if (node.op == Op::input) out += "#" + std::to_string(node.index);
  out += "(";
  for (const auto& child : node.children) out += canonical(*child) + ",";
  return out + ")";
}

void visit(const NodePtr& node, const std::function<void(const Node&)>& see) {
  see(*node);
  for (const auto& child : node->children) visit(child, see);
}

SideColumns columns_of(const NodePtr& node) {
  SideColumns columns;
  visit(node, [&](const Node& part) {
    if (part.op == Op::column) (part.side == Side::left ? columns.left : columns.right).push_back(part.name);
  });
  for (auto* side : {&columns.left, &columns.right}) {
    std::sort(side->begin(), side->end());
    side->erase(std::unique(side->begin(), side->end()), side->end());
  }
  return columns;
}

std::vector<NodePtr> top_level_parts(const NodePtr& node, Op op) {
  if (node->op != op) return {node};
  std::vector<NodePtr> parts;
  for (const auto& child : node->children)
    for (auto& part : top_level_parts(child, op)) parts.push_back(part);
  return parts;
}

}  // namespace joinedup::linkage
