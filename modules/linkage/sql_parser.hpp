// sql_parser: the grammar of conditions by recursive descent. Operators are in sql_parser.cpp, single values in sql_primary.cpp.
#pragma once
#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "linkage/sql_expression.hpp"
#include "linkage/sql_tokens.hpp"

namespace joinedup::linkage {

class Parser {
 public:
  Parser(std::string_view sql, Names names) : sql_(sql), names_(names) {}

  Result<NodePtr> parse();

 private:
  using Maybe = Result<NodePtr>;
  static constexpr std::size_t deepest = 400;     // of a tree: whoever walks it recurses
  static constexpr std::size_t most_nested = 60;  // parentheses and calls within each other

  tl::unexpected<Error> refuse(std::string sentence) const;
  tl::unexpected<Error> wrong(const std::string& wanted) const;
  Maybe too_deep() const;
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
  Maybe any_of();
  Maybe all_of();
  Maybe negation();
  Maybe predicate();
  Maybe sign_test(NodePtr left, bool& taken);
  Maybe is_test(NodePtr left);
  Maybe word_test(NodePtr left);

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
  Maybe sum();
  Maybe unary();
  Maybe postfix();
  Maybe cast_to(NodePtr child, bool forgiving);

  Result<void> arguments(std::string_view close, std::vector<NodePtr>& out);
  Maybe argument();
  Maybe primary();
  Maybe word();
  Maybe trimmed_sides();
  Maybe interval();
  Maybe case_of();
  Maybe column(const std::string& name);

  std::string_view sql_;
  Names names_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::vector<std::string> variables_;
  std::size_t nested_ = 0;
};

}  // namespace joinedup::linkage
