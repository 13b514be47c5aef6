#include "validation/codes.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace joinedup::validation {

namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool digit(char c) { return c >= '0' && c <= '9'; }

// BCP 47: subtags of one to eight letters and digits; the first of letters only.
bool is_language(std::string_view text) {
  if (text.empty() || text.size() > 100) return false;
  std::size_t length = 0;
  bool first = true;
  for (char c : text) {
    if (c == '-') {
      if (length == 0) return false;
      length = 0, first = false;
      continue;
    }
    if (!letter(c) && !(digit(c) && !first)) return false;
    if (++length > 8) return false;
  }
  return length > 0 && (!first || length > 1);
}

// BCP 13: type/subtype, then parameters. The short forms that FHIR's own _format knows are used for it too.
bool is_media_type(std::string_view text) {
  for (std::string_view word : {"json", "xml", "ttl", "html", "text"})
    if (text == word) return true;
  auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  auto token = [](char c) { return letter(c) || digit(c) || std::string_view("!#$&-^_.+%'*`|~").find(c) != std::string_view::npos; };
  auto subtype = text.substr(slash + 1, text.find(';', slash) - slash - 1);
  while (!subtype.empty() && subtype.back() == ' ') subtype.remove_suffix(1);
  return !subtype.empty() && std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(slash), token) &&
         std::all_of(subtype.begin(), subtype.end(), token);
}

bool is_currency(std::string_view text) {
  return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

void ValueSet::add(std::string_view system, std::string_view code) {
  auto at = listed_.find(system);
  if (at == listed_.end()) at = listed_.emplace(std::string(system), Codes{}).first;
  at->second.emplace(code);
}

void ValueSet::remove(std::string_view system, std::string_view code) {
  auto at = listed_.find(system);
  if (at == listed_.end()) return;
  if (auto found = at->second.find(code); found != at->second.end()) at->second.erase(found);
}

ValueSet::Answer ValueSet::has_code(std::string_view code) const {
  auto form = [](bool holds) { return holds ? Answer::inside : Answer::outside; };
  switch (kind) {
    case Kind::mime: return form(is_media_type(code));
    case Kind::language: return form(is_language(code));
    case Kind::currency: return form(is_currency(code));
    case Kind::listed: break;
  }
  for (const auto& [system, codes] : listed_)
    if (codes.contains(code)) return Answer::inside;
  return open_to_all || !open_systems.empty() ? Answer::unknown : Answer::outside;
}

ValueSet::Answer ValueSet::has(std::string_view system, std::string_view code) const {
  if (kind != Kind::listed) return has_code(code);
  if (auto at = listed_.find(system); at != listed_.end() && at->second.contains(code)) return Answer::inside;
  if (open_to_all || std::find(open_systems.begin(), open_systems.end(), system) != open_systems.end()) return Answer::unknown;
  return Answer::outside;
}

void CodeBook::read(std::string_view table) {
  ValueSet* set = nullptr;
  for (auto line : split(table, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    auto parts = split(line, '\t');
    if (parts[0] == "S") {
      for (std::size_t i = 2; i < parts.size(); ++i) set->add(parts[1], parts[i]);
      continue;
    }
    set = &sets_[std::string(parts[1])];
    set->url = std::string(parts[1]);
    if (parts[0] == "F")
      set->kind = parts[2] == "mime" ? ValueSet::Kind::mime : parts[2] == "language" ? ValueSet::Kind::language : ValueSet::Kind::currency;
  }
}

const ValueSet* CodeBook::find(std::string_view url) const {
  auto found = sets_.find(url.substr(0, url.find('|')));
  return found == sets_.end() ? nullptr : &found->second;
}

}  // namespace joinedup::validation
