#include "linkage/sql_tokens.hpp"

#include <algorithm>
#include <cctype>

namespace joinedup::linkage {

Result<std::vector<Token>> read_tokens(std::string_view sql) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); };
  while (at < sql.size()) {
    const char c = sql[at];
    if (std::isspace(static_cast<unsigned char>(c))) { ++at; continue; }
    if (c == '/' && sql.substr(at, 2) == "/*") {
      const auto close = sql.find("*/", at + 2);
      if (close == std::string_view::npos) return fail(ErrorCode::invalid_input, "A comment is opened but never closed.");
      at = close + 2;
      continue;
    }
    if (c == '-' && sql.substr(at, 2) == "--") {
      at = std::min(sql.find('\n', at), sql.size());
      continue;
    }
    const std::size_t start = at;
    if (c == '\'' || c == '"' || c == '`') {
      std::string value;
      for (++at;; ++at) {
        if (at >= sql.size()) return fail(ErrorCode::invalid_input, "A quote is opened but never closed.");
        if (sql[at] == c) {
          if (at + 1 < sql.size() && sql[at + 1] == c) ++at;
          else break;
        }
        value += sql[at];
      }
      ++at;
      tokens.push_back({c == '\'' ? Token::text : Token::quoted, value, start});
    } else if (std::isdigit(static_cast<unsigned char>(c)) || (c == '.' && at + 1 < sql.size() && std::isdigit(static_cast<unsigned char>(sql[at + 1])))) {
      while (at < sql.size() && (std::isdigit(static_cast<unsigned char>(sql[at])) || sql[at] == '.')) ++at;
      if (at < sql.size() && (sql[at] == 'e' || sql[at] == 'E')) {
        std::size_t next = at + 1;
        if (next < sql.size() && (sql[next] == '+' || sql[next] == '-')) ++next;
        if (next < sql.size() && std::isdigit(static_cast<unsigned char>(sql[next]))) {
          at = next;
          while (at < sql.size() && std::isdigit(static_cast<unsigned char>(sql[at]))) ++at;
        }
      }
      tokens.push_back({Token::number, std::string(sql.substr(start, at - start)), start});
    } else if (is_word(c)) {
      while (at < sql.size() && is_word(sql[at])) ++at;
      tokens.push_back({Token::word, std::string(sql.substr(start, at - start)), start});
    } else {
      static constexpr std::string_view longer[] = {"<=", ">=", "<>", "!=", "==", "||", "::", "->", "&&", "//", "^@", "**", "!~", "~~", "~~~", "~~*", "!~~", "!~~*"};
      std::string value(1, c);
      for (const auto symbol : longer)
        if (symbol.size() > value.size() && sql.substr(at, symbol.size()) == symbol) value = symbol;
      at += value.size();
      tokens.push_back({Token::symbol, value, start});
    }
  }
  tokens.push_back({Token::end, "", sql.size()});
  return tokens;
}

}  // namespace joinedup::linkage
