// Functions over text.
#include <openssl/evp.h>
#include <re2/re2.h>

#include <list>

#include "base/text.hpp"
#include "fhirpath/evaluate.hpp"

namespace joinedup::fhirpath {

namespace {

// Patterns come from expressions, so the same few are asked for again and again. RE2 takes time linear in the text.
const re2::RE2& pattern(std::string_view text, std::string_view flags, bool whole) {
  static thread_local std::list<std::pair<std::string, std::unique_ptr<re2::RE2>>> kept;
  std::string key = (whole ? "^(?:" + std::string(text) + ")$" : std::string(text));
  std::string inline_flags = "s";
  for (char c : flags)
    if (c == 'i' || c == 'm') inline_flags += c;
  key = "(?" + inline_flags + ")" + key;
  for (auto at = kept.begin(); at != kept.end(); ++at)
    if (at->first == key) {
      kept.splice(kept.begin(), kept, at);
      return *kept.front().second;
    }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(4 << 20);
  auto made = std::make_unique<re2::RE2>(key, options);
  if (!made->ok()) evaluation_fault("a regular expression cannot be read");
  kept.emplace_front(key, std::move(made));
  if (kept.size() > 64) kept.pop_back();
  return *kept.front().second;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t characters(std::string_view text) {
  std::size_t n = 0;
  for (char c : text) n += !continues(c);
  return n;
}

// The byte where the n-th character begins, or the length.
std::size_t byte_of(std::string_view text, std::size_t n) {
  std::size_t at = 0;
  while (at < text.size() && n > 0) {
    ++at;
    while (at < text.size() && continues(text[at])) ++at;
    --n;
  }
  return at;
}

std::string base64(std::string_view text, bool url) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                          static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(n));
  if (url)
    for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

std::optional<std::string> from_base64(std::string_view text, bool url) {
  std::string in(text);
  if (url)
    for (char& c : in) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (in.size() % 4 != 0) in += '=';
  std::string out(in.size(), '\0');
  int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(in.data()),
                          static_cast<int>(in.size()));
  if (n < 0) return std::nullopt;
  auto length = static_cast<std::size_t>(n);
  for (std::size_t i = in.size(); i > 0 && in[i - 1] == '=' && length > 0; --i) --length;
  out.resize(length);
  return out;
}

std::string hex(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    out += digits[u >> 4];
    out += digits[u & 15];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t found = text.find(from); found != std::string_view::npos; found = text.find(from, at)) {
    out += text.substr(at, found - at);
    out += to;
    at = found + from.size();
  }
  out += text.substr(at);
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += c;
    }
  }
  return out;
}

std::string html_unescaped(std::string_view text) {
  std::string out = replace_all(text, "&quot;", "\"");
  out = replace_all(out, "&lt;", "<");
  out = replace_all(out, "&gt;", ">");
  out = replace_all(out, "&#39;", "'");
  return replace_all(out, "&amp;", "&");
}

std::string json_unescaped(std::string_view text) {
  Document document;
  std::string quoted = "\"" + std::string(text) + "\"";
  if (document.parse(quoted)) return std::string(document.text(document.root()));
  return std::string(text);
}

}  // namespace

bool Evaluator::text_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out) {
  using F = FunctionId;
  if (tree.function < F::indexOf || tree.function > F::join) return false;
  step(1 + input.size());
  if (tree.function == F::join) {
    auto separator = string(argument(tree, 0, scope), "the separator");
    std::string joined;
    bool first = true;
    for (const Value& v : input) {
      Collection one(v);
      if (!first) joined += separator.value_or("");
      joined += string(one, "what is joined").value_or("");
      limit_text(joined.size());
      first = false;
    }
    out.push_back(make_string(joined));
    return true;
  }
  auto given = string(input, ("the input of " + tree.name + "()").c_str());
  std::optional<std::string_view> first, second;
  Collection a = argument(tree, 0, scope), b = argument(tree, 1, scope), c = argument(tree, 2, scope);
  bool numbers = tree.function == F::substring;
  if (!tree.arguments.empty() && !numbers) {
    first = string(a, "an argument");
    if (tree.arguments.size() > 1) second = string(b, "an argument");
    if (!first) return true;
  }
  if (!given) return true;
  std::string_view text = *given;
  step(text.size() / 64);
  auto put = [&](std::string_view made) { out.push_back(make_string(made)); };
  auto put_flag = [&](bool value) { out.push_back(Value::of(value)); };
  switch (tree.function) {
    case F::indexOf:
    case F::lastIndexOf: {
      std::size_t at = tree.function == F::indexOf ? text.find(*first) : text.rfind(*first);
      out.push_back(Value::of(at == std::string_view::npos ? std::int64_t{-1}
                                                           : static_cast<std::int64_t>(characters(text.substr(0, at)))));
      break;
    }
    case F::substring: {
      auto start = integer(a, "the start of substring()");
      auto length = tree.arguments.size() > 1 ? integer(b, "the length of substring()") : std::nullopt;
      if (!start || *start < 0 || *start >= static_cast<std::int64_t>(characters(text))) break;
      text.remove_prefix(byte_of(text, static_cast<std::size_t>(*start)));
      if (length) text = text.substr(0, byte_of(text, static_cast<std::size_t>(std::max<std::int64_t>(0, *length))));
      put(text);
      break;
    }
    case F::startsWith: put_flag(text.substr(0, first->size()) == *first); break;
    case F::endsWith: put_flag(text.size() >= first->size() && text.substr(text.size() - first->size()) == *first); break;
    case F::contains: put_flag(text.find(*first) != std::string_view::npos); break;
    case F::upper: {
      std::string made(text);
      for (char& ch : made)
        if (ch >= 'a' && ch <= 'z') ch = static_cast<char>(ch - 'a' + 'A');
      put(made);
      break;
    }
    case F::lower: put(lower_ascii(text)); break;
    case F::replace: {
      if (!second) break;
      if (!first->empty()) {
        std::size_t found = 0;
        for (std::size_t at = text.find(*first); at != std::string_view::npos; at = text.find(*first, at + first->size())) ++found;
        room_for(text.size() + found * second->size());
        put(replace_all(text, *first, *second));
        break;
      }
      room_for(text.size() * (1 + second->size()));
      std::string made(*second);  // an empty pattern stands before and after each character
      for (std::size_t i = 0; i < text.size();) {
        std::size_t n = byte_of(text.substr(i), 1);
        made += text.substr(i, n);
        made += *second;
        i += n;
      }
      put(made);
      break;
    }
    case F::matches:
    case F::matchesFull: {
      const re2::RE2& re = pattern(*first, second.value_or(""), tree.function == F::matchesFull);
      put_flag(re2::RE2::PartialMatch(piece(text), re));
      break;
    }
    case F::replaceMatches: {
      if (!second) break;
      if (first->empty()) {
        put(text);
        break;
      }
      std::string rewrite;  // $1 is written \1 for RE2
      for (std::size_t i = 0; i < second->size(); ++i) {
        char ch = (*second)[i];
        if (ch == '$' && i + 1 < second->size() && (*second)[i + 1] >= '0' && (*second)[i + 1] <= '9') rewrite += '\\';
        else if (ch == '\\') rewrite += "\\\\";
        else rewrite += ch;
      }
      room_for(text.size() * (1 + second->size()));
      if (second->size() > 4096) evaluation_fault("the replacement of replaceMatches() is too long");
      std::string made(text);
      std::string flags = std::string(string(c, "an argument").value_or(""));
      re2::RE2::GlobalReplace(&made, pattern(*first, flags, false), rewrite);
      put(made);
      break;
    }
    case F::length: out.push_back(Value::of(static_cast<std::int64_t>(characters(text)))); break;
    case F::toChars:
      for (std::size_t i = 0; i < text.size();) {
        std::size_t n = byte_of(text.substr(i), 1);
        put(text.substr(i, n));
        i += n;
        step();
      }
      break;
    case F::encode:
      if (*first == "hex") put(hex(text));
      else if (*first == "base64" || *first == "urlbase64") put(base64(text, *first == "urlbase64"));
      break;
    case F::decode: {
      auto made = *first == "hex" ? from_hex(text)
                  : *first == "base64" || *first == "urlbase64" ? from_base64(text, *first == "urlbase64")
                                                                : std::nullopt;
      if (made) put(*made);
      break;
    }
    case F::escape:
      if (*first == "html") put(html_text(text));
      else if (*first == "json") put(json_escaped(text));
      break;
    case F::unescape:
      if (*first == "html") put(html_unescaped(text));
      else if (*first == "json") put(json_unescaped(text));
      break;
    case F::trim: put(trim(text)); break;
    case F::split: {
      if (first->empty()) {
        put(text);
        break;
      }
      std::size_t at = 0;
      for (;;) {
        std::size_t found = text.find(*first, at);
        put(text.substr(at, found == std::string_view::npos ? std::string_view::npos : found - at));
        if (found == std::string_view::npos) break;
        at = found + first->size();
        step();
      }
      break;
    }
    default: return false;
  }
  return true;
}

}  // namespace joinedup::fhirpath
