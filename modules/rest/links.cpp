#include "rest/links.hpp"

#include "rest/json_tree.hpp"

namespace joinedup::rest {

namespace {

std::string_view skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
  return text.substr(std::min(at, text.size()));
}

// One past the closing quote of the string that begins at `at`.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

bool is_address(std::string_view key) {
  return key == "url" || key == "uri" || key == "source" || key.ends_with("Url") || key.ends_with("Uri") || key.ends_with("Oid") || key.ends_with("Uuid");
}

// The narrative as written in JSON: its quotes are \" or '.
Result<void> narrative(std::string_view div, const ReplaceLink& replace, std::string& out) {
  std::size_t done = 0;
  for (std::size_t at = 0; at < div.size();) {
    const std::size_t href = div.find("href=", at), src = div.find("src=", at);
    const std::size_t found = std::min(href, src);
    if (found == div.npos) break;
    std::size_t from = div.find('=', found) + 1;
    std::string_view closing = "'";
    if (div.substr(from).starts_with("\\\"")) closing = "\\\"";
    else if (!div.substr(from).starts_with('\'')) {
      at = from;
      continue;
    }
    from += closing.size();
    const std::size_t to = div.find(closing, from);
    if (to == div.npos) break;
    JOINEDUP_TRY(const auto by, replace(LinkPlace::narrative, div.substr(from, to - from)));
    if (by) {
      out.append(div.substr(done, from - done));
      const std::string written = json_text(*by);
      out.append(written, 1, written.size() - 2);
      done = to;
    }
    at = to;
  }
  out.append(div.substr(done));
  return {};
}

}  // namespace

Result<std::string> replace_links(std::string_view text, const ReplaceLink& replace) {
  std::string out;
  std::string_view key;
  std::size_t done = 0;
  for (std::size_t at = text.find('"'); at < text.size(); at = text.find('"', at)) {
    const std::size_t end = string_end(text, at);
    const std::string_view inside = text.substr(at + 1, end - at - 2);
    if (skip_space(text, end).starts_with(':')) {
      key = inside;
    } else if (key == "reference" || is_address(key)) {
      std::string decoded;
      std::string_view link = inside;
      if (link.find('\\') != link.npos) {
        Json one;
        one.kind = fhirpath::NodeKind::string;
        one.scalar = text.substr(at, end - at);
        decoded = one.string();
        link = decoded;
      }
      JOINEDUP_TRY(const auto by, replace(key == "reference" ? LinkPlace::reference : LinkPlace::address, link));
      if (by) {
        out.append(text.substr(done, at - done));
        out += json_text(*by);
        done = end;
      }
    } else if (key == "div" && inside.find('=') != inside.npos) {
      out.append(text.substr(done, at + 1 - done));
      JOINEDUP_CHECK(narrative(inside, replace, out));
      done = end - 1;
    }
    at = end;
  }
  if (done == 0) return std::string(text);
  out.append(text.substr(done));
  return out;
}

}  // namespace joinedup::rest
