#include "validation/narrative.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace joinedup::validation {

namespace {

// FHIR R4, txt-1: HTML 4.0 chapters 7 to 11 (but section 4 of chapter 9) and 15, <a>, images, internal style attributes. Sorted.
constexpr std::array<std::string_view, 57> elements{
    "a", "abbr", "acronym", "address", "b", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code", "col",
    "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var"};
// What HTML 4.0 lets them carry that runs nothing. Sorted.
constexpr std::array<std::string_view, 62> attributes{
    "abbr", "accesskey", "align", "alt", "axis", "bgcolor", "border", "cellpadding", "cellspacing", "char", "charoff", "charset",
    "cite", "class", "clear", "color", "cols", "colspan", "compact", "coords", "datetime", "dir", "face", "frame", "headers",
    "height", "href", "hreflang", "hspace", "id", "ismap", "lang", "longdesc", "name", "noshade", "nowrap", "rel", "rev",
    "rowspan", "rules", "scope", "shape", "size", "span", "src", "start", "style", "summary", "tabindex", "target", "title",
    "type", "usemap", "valign", "value", "vspace", "width", "xml:base", "xml:id", "xml:lang", "xml:space", "xmlns"};

template <std::size_t n>
bool among(const std::array<std::string_view, n>& list, std::string_view word) {
  return std::binary_search(list.begin(), list.end(), word);
}
bool space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' || c == '-' || c == '_' || c == '.';
}
bool starts_script(std::string_view address) {
  constexpr std::string_view word = "javascript:";
  std::size_t at = 0;
  for (char c : address) {  // browsers skip white space and control characters here
    if (static_cast<unsigned char>(c) <= 0x20) continue;
    if (c == '&') return true;  // no honest address begins with an encoded letter
    char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != word[at]) return false;
    if (++at == word.size()) return true;
  }
  return false;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  NarrativeVerdict run() {
    skip_space();
    NarrativeVerdict verdict;
    verdict.sound = document();
    verdict.said = said_;
    return verdict;
  }

 private:
  bool document() {
    bool any = false;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '<') {
        if (!markup(any)) return false;
        any = true;
      } else if (c == '&') {
        if (open_.empty() || !reference()) return false;
        said_ = true;
      } else {
        if (open_.empty() && !space(c)) return false;
        if (!space(c)) said_ = said_ || static_cast<unsigned char>(c) != 0xC2 || !no_break_space();
        ++at_;
      }
    }
    return any && open_.empty();
  }
  bool no_break_space() {
    bool is = at_ + 1 < text_.size() && static_cast<unsigned char>(text_[at_ + 1]) == 0xA0;
    if (is) ++at_;
    return is;
  }
  void skip_space() {
    while (at_ < text_.size() && space(text_[at_])) ++at_;
  }
  bool markup(bool any) {
    auto rest = text_.substr(at_);
    if (rest.substr(0, 4) == "<!--") {
      auto end = text_.find("-->", at_ + 4);
      if (end == std::string_view::npos) return false;
      at_ = end + 3;
      return true;
    }
    ++at_;
    bool closing = at_ < text_.size() && text_[at_] == '/';
    if (closing) ++at_;
    std::size_t from = at_;
    while (at_ < text_.size() && name_char(text_[at_])) ++at_;
    auto name = text_.substr(from, at_ - from);
    if (closing) {
      skip_space();
      if (open_.empty() || open_.back() != name || at_ >= text_.size() || text_[at_] != '>') return false;
      ++at_;
      open_.pop_back();
      return true;
    }
    if (!among(elements, name)) return false;
    if (open_.empty() && (any_element_ || name != "div")) return false;
    (void)any;
    any_element_ = true;
    if (name == "img") said_ = true;
    return open_tag(name);
  }
  bool open_tag(std::string_view name) {
    for (;;) {
      bool gap = at_ < text_.size() && space(text_[at_]);
      skip_space();
      if (at_ >= text_.size()) return false;
      if (text_[at_] == '>') {
        ++at_;
        if (open_.size() >= 200) return false;
        open_.push_back(name);
        return true;
      }
      if (text_[at_] == '/') {
        ++at_;
        if (at_ >= text_.size() || text_[at_] != '>') return false;
        ++at_;
        return true;
      }
      if (!gap || !attribute()) return false;
    }
  }
  bool attribute() {
    std::size_t from = at_;
    while (at_ < text_.size() && name_char(text_[at_])) ++at_;
    auto name = text_.substr(from, at_ - from);
    skip_space();
    if (at_ >= text_.size() || text_[at_] != '=') return false;
    ++at_;
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return false;
    auto end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) return false;
    auto value = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (value.find('<') != std::string_view::npos) return false;
    if (name.substr(0, 6) == "xmlns:") return true;
    if (!among(attributes, name)) return false;
    if (name == "xmlns") return value == "http://www.w3.org/1999/xhtml";
    return !((name == "href" || name == "src" || name == "cite" || name == "longdesc") && starts_script(value));
  }
  // &name; &#12; &#x1F;
  bool reference() {
    auto end = text_.find(';', at_);
    if (end == std::string_view::npos || end - at_ > 12 || end == at_ + 1) return false;
    for (std::size_t i = at_ + 1; i < end; ++i)
      if (!name_char(text_[i]) && !(i == at_ + 1 && text_[i] == '#')) return false;
    at_ = end + 1;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool said_ = false, any_element_ = false;
  std::vector<std::string_view> open_;
};

}  // namespace

NarrativeVerdict read_narrative(std::string_view xhtml) {
  return Reader(xhtml).run();
}

}  // namespace joinedup::validation
