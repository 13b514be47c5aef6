#include "identity/scope.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "identity/form.hpp"

namespace joinedup::identity {

using access::Scope;

std::string Scopes::text() const {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::optional<Scope> read_scope(std::string_view word) {
  if (word.size() > 500) return {};
  Scope out;
  const auto slash = word.find('/');
  const auto level = word.substr(0, slash);
  if (slash == word.npos) return {};
  if (level == "patient") out.level = Scope::Level::patient;
  else if (level == "user") out.level = Scope::Level::user;
  else if (level == "system") out.level = Scope::Level::system;
  else return {};
  const auto mark = word.find('?', slash);
  const auto plain = word.substr(0, mark);
  const auto dot = plain.find('.', slash);
  if (dot == plain.npos || dot == slash + 1) return {};
  out.type = std::string(plain.substr(slash + 1, dot - slash - 1));
  if (out.type != "*" && !std::all_of(out.type.begin(), out.type.end(), [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; })) return {};
  const auto may = plain.substr(dot + 1);
  if (may == "read") out.read = out.search = true;
  else if (may == "write") out.create = out.update = out.remove = true;
  else if (may == "*") out.create = out.read = out.update = out.remove = out.search = true;
  else {
    // Letters of "cruds" in their order, each once.
    std::string_view order = "cruds";
    if (may.empty()) return {};
    for (const char c : may) {
      const auto at = order.find(c);
      if (at == order.npos) return {};
      order.remove_prefix(at + 1);
      (c == 'c' ? out.create : c == 'r' ? out.read : c == 'u' ? out.update : c == 'd' ? out.remove : out.search) = true;
    }
  }
  if (mark != word.npos) {
    out.constraint = std::string(word.substr(mark + 1));
    // A constraint that cannot be read must not become none; and no constraint over all types.
    if (out.constraint.empty() || out.type == "*" || !read_form(out.constraint).is_sound()) return {};
  }
  return out;
}

std::string scope_text(const Scope& scope) {
  std::string out = scope.level == Scope::Level::patient ? "patient/" : scope.level == Scope::Level::user ? "user/" : "system/";
  out += scope.type + ".";
  if (scope.create) out += 'c';
  if (scope.read) out += 'r';
  if (scope.update) out += 'u';
  if (scope.remove) out += 'd';
  if (scope.search) out += 's';
  return scope.constraint.empty() ? out : out + "?" + scope.constraint;
}

Scopes read_scopes(std::string_view text) {
  Scopes out;
  for (const auto word : split(text, ' ')) {
    if (word.empty() || out.words.size() >= 100 || std::find(out.words.begin(), out.words.end(), word) != out.words.end()) continue;
    if (word == "openid") out.openid = true;
    else if (word == "fhirUser" || word == "profile") out.fhir_user = true;
    else if (word == "launch") out.launch = true;
    else if (word == "launch/patient") out.launch_patient = true;
    else if (word == "offline_access") out.offline = true;
    else if (auto scope = read_scope(word)) out.resources.push_back(std::move(*scope));
    else continue;
    out.words.emplace_back(word);
  }
  return out;
}

bool covers(const Scope& wide, const Scope& narrow) {
  return wide.level == narrow.level && (wide.type == "*" || wide.type == narrow.type) && (wide.constraint.empty() || wide.constraint == narrow.constraint) && wide.create >= narrow.create &&
         wide.read >= narrow.read && wide.update >= narrow.update && wide.remove >= narrow.remove && wide.search >= narrow.search;
}

Scopes narrowed(const Scopes& asked, const Scopes& allowed) {
  std::string text;
  for (const auto& word : asked.words) {
    const auto scope = read_scope(word);
    if (!scope) {
      if (std::find(allowed.words.begin(), allowed.words.end(), word) != allowed.words.end()) text += word + " ";
      continue;
    }
    for (const auto& may : allowed.resources) {
      Scope part = *scope;
      if (part.type == "*" && may.type != "*") part.type = may.type, part.constraint = may.constraint;  // all types, of which it may have some
      if (part.constraint.empty() && part.type == may.type) part.constraint = may.constraint;
      part.create &= may.create, part.read &= may.read, part.update &= may.update, part.remove &= may.remove, part.search &= may.search;
      if ((part.create || part.read || part.update || part.remove || part.search) && covers(may, part)) text += scope_text(part) + " ";
    }
  }
  return read_scopes(text);
}

std::string scope_in_words(const std::string& word) {
  if (word == "openid" || word == "fhirUser" || word == "profile") return "Know who you are here";
  if (word == "launch" || word == "launch/patient") return "Know whose record is open";
  if (word == "offline_access") return "Keep its access when you have gone, for up to 30 days or until you take it back";
  const auto scope = read_scope(word);
  if (!scope) return {};
  std::string does;
  if (scope->read || scope->search) does = "See";
  if (scope->create || scope->update) does += does.empty() ? "Add and change" : ", add and change";
  if (scope->remove) does += does.empty() ? "Delete" : " and delete";
  std::string what = scope->type == "*" ? "all kinds of entries" : scope->type + " entries";
  if (!scope->constraint.empty()) what += " where " + scope->constraint;
  return does + " " + what + (scope->level == Scope::Level::patient ? " of one person's record" : scope->level == Scope::Level::user ? " that you may see yourself" : "");
}

}  // namespace joinedup::identity
