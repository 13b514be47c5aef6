#include <algorithm>
#include <array>

#include "fhirpath/cell.hpp"
#include "fhirpath/syntax.hpp"

namespace joinedup::fhirpath {

const FunctionInfo* find_function(std::string_view name) {
  static constexpr FunctionInfo table[] = {
#define JOINEDUP_F(id, least, most) {FunctionId::id, #id, least, most},
      JOINEDUP_FHIRPATH_FUNCTIONS(JOINEDUP_F)
#undef JOINEDUP_F
  };
  for (const auto& one : table) {
    std::string_view known = one.name;
    if (known.back() == '_') known.remove_suffix(1);  // union_ and not_: words that C++ keeps
    if (known == name) return &one;
  }
  return nullptr;
}

namespace {

constexpr int deepest = 200, deepest_tree = 1000;
constexpr std::size_t longest = 200000;

enum class TokenKind : std::uint8_t { end, identifier, quoted_identifier, string, number, date, date_time, time, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  std::size_t at = 0;
  bool is(std::string_view symbol) const { return kind == TokenKind::symbol && text == symbol; }
  bool word(std::string_view word_text) const { return kind == TokenKind::identifier && text == word_text; }
};

struct SyntaxFault {
  std::string why;
  std::size_t at;
};

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  std::vector<Token> run() {
    std::vector<Token> tokens;
    for (;;) {
      skip();
      Token token;
      token.at = at_;
      next(token);
      tokens.push_back(token);
      if (token.kind == TokenKind::end) return tokens;
    }
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void skip() {
    for (;;) {
      while (at_ < text_.size() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++at_;
      if (peek() == '/' && peek(1) == '/') {
        while (at_ < text_.size() && peek() != '\n' && peek() != '\r') ++at_;
      } else if (peek() == '/' && peek(1) == '*') {
        std::size_t close = text_.find("*/", at_ + 2);
        if (close == std::string_view::npos) throw SyntaxFault{"a comment is not closed", at_};
        at_ = close + 2;
      } else {
        return;
      }
    }
  }
  void next(Token& token) {
    if (at_ >= text_.size()) return;
    char c = peek();
    if (letter(c)) {
      token.kind = TokenKind::identifier;
      while (letter(peek()) || digit(peek())) token.text += text_[at_++];
    } else if (digit(c)) {
      token.kind = TokenKind::number;
      while (digit(peek())) token.text += text_[at_++];
      if (peek() == '.' && digit(peek(1))) {
        token.text += text_[at_++];
        while (digit(peek())) token.text += text_[at_++];
      }
    } else if (c == '\'') {
      token.kind = TokenKind::string;
      quoted(token.text, c);
    } else if (c == '`') {
      token.kind = TokenKind::quoted_identifier;
      quoted(token.text, c);
    } else if (c == '@') {
      temporal(token);
    } else if (c == '$') {
      token.kind = TokenKind::symbol;
      token.text += text_[at_++];
      while (letter(peek())) token.text += text_[at_++];
    } else {
      token.kind = TokenKind::symbol;
      static constexpr std::array<std::string_view, 4> pairs{"<=", ">=", "!=", "!~"};
      for (auto pair : pairs)
        if (text_.substr(at_, 2) == pair) token.text = pair;
      if (token.text.empty()) {
        if (std::string_view("+-*/=~<>|&.,()[]{}%").find(c) == std::string_view::npos)
          throw SyntaxFault{"a character has no meaning here", at_};
        token.text = c;
      }
      at_ += token.text.size();
    }
  }
  void quoted(std::string& out, char close) {
    std::size_t from = at_++;
    for (;;) {
      if (at_ >= text_.size()) throw SyntaxFault{"a quote is not closed", from};
      char c = text_[at_++];
      if (c == close) return;
      if (c != '\\') {
        out += c;
        continue;
      }
      c = peek();
      ++at_;
      switch (c) {
        case 'n': out += '\n'; break;
        case 'r': out += '\r'; break;
        case 't': out += '\t'; break;
        case 'f': out += '\f'; break;
        case '\\': case '/': case '\'': case '"': case '`': out += c; break;
        case 'u': {
          unsigned code = 0;
          for (int i = 0; i < 4; ++i, ++at_) {
            char h = peek();
            int v = digit(h) ? h - '0' : h >= 'a' && h <= 'f' ? h - 'a' + 10 : h >= 'A' && h <= 'F' ? h - 'A' + 10 : -1;
            if (v < 0) throw SyntaxFault{"\\u is not followed by four hexadecimal digits", at_};
            code = code * 16 + static_cast<unsigned>(v);
          }
          if (code >= 0xD800 && code < 0xE000) throw SyntaxFault{"\\u names half of a pair", at_};
          append_utf8(out, code);
          break;
        }
        default:
          // Published invariants write \d and the like inside their regular expressions; keep what they meant.
          if (at_ > text_.size()) throw SyntaxFault{"a quote is not closed", from};
          out += '\\';
          out += c;
      }
    }
  }
  void temporal(Token& token) {
    ++at_;
    auto take = [&](auto allowed) {
      while (allowed(peek())) token.text += text_[at_++];
    };
    auto date = [](char c) { return digit(c) || c == '-'; };
    auto clock = [](char c) { return digit(c) || c == ':'; };
    auto rest = [&] {
      take(clock);
      if (peek() == '.' && digit(peek(1))) {
        token.text += text_[at_++];
        take(digit);
      }
      if (peek() == 'Z') token.text += text_[at_++];
      else if ((peek() == '+' || peek() == '-') && digit(peek(1)) && digit(peek(2)) && peek(3) == ':') {
        token.text += text_[at_++];
        take(clock);
      }
    };
    if (peek() == 'T') {
      ++at_;
      token.kind = TokenKind::time;
      rest();
      return;
    }
    token.kind = TokenKind::date;
    take(date);
    if (peek() == 'T') {
      token.kind = TokenKind::date_time;
      token.text += text_[at_++];
      rest();
    }
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

class Parser {
 public:
  Parser(std::vector<Token> tokens, const Expression::Options& options) : tokens_(std::move(tokens)), options_(options) {}
  std::unique_ptr<Tree> run() {
    auto tree = binary(0, 0);
    if (peek().kind != TokenKind::end) wrong("more follows than one expression");
    return tree;
  }

 private:
  using Node = std::unique_ptr<Tree>;
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  [[noreturn]] void wrong(std::string why) const { throw SyntaxFault{std::move(why), peek().at}; }
  void expect(std::string_view symbol) {
    if (!peek().is(symbol)) wrong("\"" + std::string(symbol) + "\" is missing");
    ++at_;
  }
  // How deep the tree has grown: the evaluator walks it on the stack.
  Node measured(Node node) const {
    int below = 0;
    for (const Tree* part : {node->left.get(), node->right.get()})
      if (part != nullptr) below = std::max(below, part->depth);
    for (const auto& argument : node->arguments)
      if (argument) below = std::max(below, argument->depth);
    node->depth = below + 1;
    if (node->depth > deepest_tree) wrong("it has too many parts");
    return node;
  }
  static Node make(Op op) {
    auto node = std::make_unique<Tree>();
    node->op = op;
    return node;
  }

  // The operators that bind at one level, from the loosest.
  static constexpr int type_level = 7, levels = 10;
  bool operator_at(int level, Op& op) const {
    const Token& t = peek();
    struct Entry {
      int level;
      std::string_view text;
      Op op;
    };
    static constexpr Entry entries[] = {
        {0, "implies", Op::implies},   {1, "or", Op::or_},         {1, "xor", Op::xor_},
        {2, "and", Op::and_},          {3, "in", Op::in},          {3, "contains", Op::contains},
        {4, "=", Op::equal},           {4, "~", Op::equivalent},   {4, "!=", Op::not_equal},
        {4, "!~", Op::not_equivalent}, {5, "<=", Op::less_equal},  {5, "<", Op::less},
        {5, ">", Op::greater},         {5, ">=", Op::greater_equal}, {6, "|", Op::union_},
        {7, "is", Op::is},             {7, "as", Op::as},          {8, "+", Op::add},
        {8, "-", Op::subtract},        {8, "&", Op::concatenate},  {9, "*", Op::multiply},
        {9, "/", Op::divide},          {9, "div", Op::div},        {9, "mod", Op::mod}};
    for (const auto& e : entries)
      if (e.level == level && (letter(e.text[0]) ? t.word(e.text) : t.is(e.text))) {
        op = e.op;
        return true;
      }
    return false;
  }

  Node binary(int level, int depth) {
    if (depth > deepest) wrong("it is nested too deeply");
    if (level == levels) return unary(depth + 1);
    Node left = binary(level + 1, depth);
    Op op;
    while (operator_at(level, op)) {
      ++at_;
      Node node = make(op);
      node->left = std::move(left);
      if (level == type_level) node->type = type_name(op == Op::is);
      else node->right = binary(level + 1, depth);
      left = measured(std::move(node));
    }
    return left;
  }

  Node unary(int depth) {
    if (depth > deepest) wrong("it is nested too deeply");
    if (peek().is("-") || peek().is("+")) {
      Node node = make(peek().is("-") ? Op::negate : Op::plus_sign);
      ++at_;
      node->left = unary(depth + 1);
      return measured(std::move(node));
    }
    return postfix(depth + 1);
  }

  Node postfix(int depth) {
    Node node = term(depth);
    for (;;) {
      if (peek().is(".")) {
        ++at_;
        node = invocation(std::move(node), depth);
      } else if (peek().is("[")) {
        ++at_;
        Node index = make(Op::indexer);
        index->left = std::move(node);
        index->right = binary(0, depth + 1);
        expect("]");
        node = measured(std::move(index));
      } else {
        return node;
      }
    }
  }

  Node invocation(Node left, int depth) {
    const Token token = peek();
    if (token.kind == TokenKind::symbol && !token.text.empty() && token.text[0] == '$') {
      Node node = special();
      if (left && node->op == Op::this_) return left;
      wrong("a $ name cannot follow a point");
    }
    if (token.kind != TokenKind::identifier && token.kind != TokenKind::quoted_identifier) wrong("a name is missing");
    ++at_;
    if (peek().is("(")) return function(std::move(left), token, depth);
    Node node = make(Op::member);
    node->left = std::move(left);
    node->name = token.text;
    const Model& model = Model::r4();
    node->name_id = model.name(token.text);
    TypeId type = model.type(token.text);
    if (type != unknown_type && token.text[0] >= 'A' && token.text[0] <= 'Z') node->root_type = type;
    return measured(std::move(node));
  }

  Node function(Node left, const Token& token, int depth) {
    const FunctionInfo* info = find_function(token.text);
    if (info == nullptr) {
      --at_;
      wrong("there is no function " + token.text);
    }
    Node node = make(Op::function);
    node->left = std::move(left);
    node->name = token.text;
    node->function = info->id;
    expect("(");
    if (!peek().is(")")) {
      if (takes_type(info->id)) {
        node->type = type_name(info->id == FunctionId::is);
        node->arguments.push_back(nullptr);
      } else {
        for (;;) {
          node->arguments.push_back(binary(0, depth + 1));
          if (!peek().is(",")) break;
          ++at_;
        }
      }
    }
    expect(")");
    int given = static_cast<int>(node->arguments.size());
    if (given < info->least || given > info->most) {
      --at_;
      wrong(token.text + " has the wrong number of arguments");
    }
    return measured(std::move(node));
  }

  // `is` may ask for a type that R4 does not have (published invariants name those of later versions): it is not that.
  TypeName type_name(bool may_be_unknown) {
    TypeName type;
    bool bracket = false;  // is('string') is seen in the wild
    auto word = [&]() -> std::string {
      if (peek().kind != TokenKind::identifier && peek().kind != TokenKind::quoted_identifier) wrong("a type is missing");
      return tokens_[at_++].text;
    };
    if (peek().is("(")) {
      bracket = true;
      ++at_;
    }
    type.name = word();
    if (peek().is(".")) {
      ++at_;
      type.space = type.name;
      type.name = word();
    }
    if (bracket) expect(")");
    const Model& model = Model::r4();
    if (type.space.empty() || type.space == "FHIR") type.fhir = model.type(type.name);
    if (type.space.empty() || type.space == "System") type.system = model.system(type.name);
    if (type.fhir == unknown_type && type.system == unknown_type && type.space != "System" && !may_be_unknown) {
      --at_;
      wrong("there is no type " + type.name);
    }
    return type;
  }

  Node special() {
    const std::string& text = peek().text;
    Op op = text == "$this" ? Op::this_ : text == "$index" ? Op::index_ : text == "$total" ? Op::total_ : Op::literal;
    if (op == Op::literal) wrong("only $this, $index and $total begin with $");
    ++at_;
    return make(op);
  }

  Node term(int depth) {
    if (depth > deepest) wrong("it is nested too deeply");
    const Token& token = peek();
    switch (token.kind) {
      case TokenKind::identifier:
        if ((token.text == "true" || token.text == "false") && !peek(1).is("(")) {
          Node node = make(Op::literal);
          node->value = Value::of(token.text == "true");
          ++at_;
          return node;
        }
        return invocation(nullptr, depth);
      case TokenKind::quoted_identifier: return invocation(nullptr, depth);
      case TokenKind::string: {
        Node node = make(Op::literal);
        node->text = token.text;
        node->value = Value::of_string(node->text);
        ++at_;
        return node;
      }
      case TokenKind::number: return number();
      case TokenKind::date:
      case TokenKind::date_time:
      case TokenKind::time: return temporal();
      case TokenKind::end: wrong("it ends too early");
      case TokenKind::symbol: break;
    }
    if (token.text[0] == '$') return special();
    if (token.is("(")) {
      ++at_;
      Node node = binary(0, depth + 1);
      expect(")");
      return node;
    }
    if (token.is("{")) {
      ++at_;
      expect("}");
      return make(Op::empty);
    }
    if (token.is("%")) return variable();
    wrong("a value is missing");
  }

  Node variable() {
    ++at_;
    const Token& token = peek();
    if (token.kind != TokenKind::identifier && token.kind != TokenKind::quoted_identifier && token.kind != TokenKind::string)
      wrong("a name is missing after %");
    Node node = make(Op::variable);
    node->name = token.text;
    static constexpr std::string_view known[] = {"sct", "loinc", "ucum", "context", "resource", "rootResource"};
    bool fine = options_.any_variable || token.text.rfind("vs-", 0) == 0 || token.text.rfind("ext-", 0) == 0 ||
                std::find(std::begin(known), std::end(known), token.text) != std::end(known) ||
                std::find(options_.variables.begin(), options_.variables.end(), token.text) != options_.variables.end();
    if (!fine) wrong("nothing is named %" + token.text);
    ++at_;
    return node;
  }

  Node number() {
    Node node = make(Op::literal);
    auto value = Decimal::parse(peek().text);
    if (!value) wrong("a number has too many digits");
    bool whole = peek().text.find('.') == std::string::npos;
    ++at_;
    const Token& unit = peek();
    if (unit.kind == TokenKind::string || (unit.kind == TokenKind::identifier && is_calendar_word(unit.text))) {
      node->text = unit.text;
      node->quantity = {*value, node->text, unit.kind == TokenKind::string ? UnitKind::ucum : UnitKind::calendar};
      node->value = Cell::of(&node->quantity);
      ++at_;
      return node;
    }
    auto integer = value->to_integer();
    if (whole && integer && *integer <= 9223372036854775807LL) {
      node->value = Value::of(*integer);
    } else {
      node->decimal = *value;
      node->value = Cell::of(&node->decimal);
    }
    return node;
  }

  Node temporal() {
    const Token& token = peek();
    Node node = make(Op::literal);
    auto read = token.kind == TokenKind::date        ? Temporal::parse_date(token.text)
                : token.kind == TokenKind::date_time ? Temporal::parse_date_time(token.text)
                                                     : Temporal::parse_time(token.text);
    if (!read) wrong("a date or time after @ cannot be read");
    node->temporal = *read;
    node->value = Cell::of(&node->temporal, token.kind == TokenKind::date        ? ValueKind::date
                                            : token.kind == TokenKind::date_time ? ValueKind::date_time
                                                                                 : ValueKind::time);
    ++at_;
    return node;
  }

  std::vector<Token> tokens_;
  const Expression::Options& options_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<Tree>> parse_expression(std::string_view text, const Expression::Options& options) {
  if (text.size() > longest)
    return fail(ErrorCode::too_large, "A FHIRPath expression is longer than 200,000 characters.");
  try {
    return Parser(Lexer(text).run(), options).run();
  } catch (const SyntaxFault& fault) {
    return fail(ErrorCode::invalid_input, "The FHIRPath expression cannot be read: " + fault.why + " (character " +
                                              std::to_string(fault.at + 1) + ").");
  }
}

}  // namespace joinedup::fhirpath
