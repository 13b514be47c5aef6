#include "linkage/sql_parser.hpp"

namespace joinedup::linkage {

Result<NodePtr> Parser::parse() {
  auto tokens = read_tokens(sql_);
  if (!tokens) return refuse(tokens.error().sentence);
  tokens_ = std::move(*tokens);
  auto tree = any_of();
  if (tree && peek().type != Token::end) return wrong("an end or an operator");
  return tree && (*tree)->depth > deepest ? too_deep() : tree;
}

tl::unexpected<Error> Parser::refuse(std::string sentence) const {
  return fail(ErrorCode::invalid_input, std::move(sentence), "condition " + std::string(sql_.substr(0, 120)));
}

tl::unexpected<Error> Parser::wrong(const std::string& wanted) const {
  const auto& token = peek();
  return refuse("Expected " + wanted + " at character " + std::to_string(token.at + 1) +
                (token.type == Token::end ? ", but the condition ends there." : ", but found '" + token.value + "'."));
}

Parser::Maybe Parser::too_deep() const { return refuse("The condition is nested too deeply: more than " + std::to_string(deepest) + " steps within each other."); }

Parser::Maybe Parser::any_of() {
  const Nest nest(nested_);
  if (nested_ > most_nested) return too_deep();
  return chain(Op::any_of, "or", [&] { return all_of(); });
}

Parser::Maybe Parser::all_of() { return chain(Op::all_of, "and", [&] { return negation(); }); }

Parser::Maybe Parser::negation() {
  if (!take_word("not")) return predicate();
  const Nest nest(nested_);
  if (nested_ > most_nested) return too_deep();
  JOINEDUP_TRY(auto child, negation());
  return negated(child);
}

Parser::Maybe Parser::predicate() {
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
Parser::Maybe Parser::sign_test(NodePtr left, bool& taken) {
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

Parser::Maybe Parser::is_test(NodePtr left) {
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

Parser::Maybe Parser::word_test(NodePtr left) {
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

Parser::Maybe Parser::sum() {
  return binary({{"||", Op::concatenate}}, [&] {
    return binary({{"+", Op::add}, {"-", Op::subtract}}, [&] {
      return binary({{"*", Op::multiply}, {"/", Op::divide}, {"//", Op::integer_divide}, {"%", Op::modulo}}, [&] {
        return binary({{"^", Op::power}, {"**", Op::power}}, [&] { return unary(); });
      });
    });
  });
}

Parser::Maybe Parser::unary() {
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

Parser::Maybe Parser::postfix() {
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

Result<NodePtr> parse_condition(std::string_view sql, Names names) { return Parser(sql, names).parse(); }

}  // namespace joinedup::linkage
