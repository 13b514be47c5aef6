#include "identity/form.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace joinedup::identity {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return {};  // as %00 is
    if (text[i] == '+') out += ' ';
    else if (text[i] != '%') out += text[i];
    else {
      if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return {};
      const char c = static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      if (c == '\0') return {};
      out += c;
      i += 2;
    }
  }
  return out;
}

}  // namespace

std::string Form::text(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (key == name) return value;
  return {};
}

bool Form::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) { return field.first == name; });
}

void Form::add(std::string name, std::string value) {
  if (has(name) || fields_.size() >= 64) sound_ = false;
  else fields_.emplace_back(std::move(name), std::move(value));
}

Form read_form(std::string_view text) {
  Form out;
  if (text.size() > 64 * 1024) {
    out.spoil();
    return out;
  }
  for (const auto part : split(text, '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    auto name = decode(part.substr(0, equals));
    auto value = decode(equals == part.npos ? std::string_view() : part.substr(equals + 1));
    if (!name || !value) out.spoil();
    else out.add(std::move(*name), std::move(*value));
    if (!out.is_sound()) break;
  }
  return out;
}

std::string_view cookie(const rest::Request& request, std::string_view name) {
  std::string_view found;
  for (const auto& header : request.headers) {
    if (header.name.size() != 6 || lower_ascii(header.name) != "cookie") continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(';'), rest.size());
      const auto part = trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const auto equals = part.find('=');
      if (equals == part.npos || part.substr(0, equals) != name) continue;
      if (!found.empty()) return {};  // two of one name: somebody has planted one
      found = part.substr(equals + 1);
    }
  }
  return found;
}

bool is_local_path(std::string_view path) {
  if (path.empty() || path[0] != '/' || path.size() > 4096) return false;
  if (path.size() > 1 && (path[1] == '/' || path[1] == '\\')) return false;
  return std::all_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F && c != '\\'; });
}

std::string origin_of(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == url.npos) return {};
  const auto end = std::min(url.find_first_of("/?#", colon + 3), url.size());
  if (end == colon + 3) return {};
  auto origin = lower_ascii(url.substr(0, end));
  for (const auto& [scheme, port] : {std::pair<std::string_view, std::string_view>{"https://", ":443"}, {"http://", ":80"}})
    if (origin.starts_with(scheme) && origin.ends_with(port)) origin.resize(origin.size() - port.size());
  return origin;
}

std::string with_query(std::string url, const std::vector<std::pair<std::string, std::string>>& fields) {
  char joint = url.find('?') == url.npos ? '?' : '&';
  for (const auto& [name, value] : fields) {
    url += joint;
    url += percent_encoded(name) + "=" + percent_encoded(value);
    joint = '&';
  }
  return url;
}

}  // namespace joinedup::identity
