#include "rest/json_tree.hpp"

#include <algorithm>

#include "fhirpath/decimal.hpp"

namespace joinedup::rest {

using fhirpath::Document;
using fhirpath::NodeIndex;
using fhirpath::NodeKind;

namespace {

// The length of the UTF-8 character at the front; 0: it is none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    if (!follows(1) || !follows(2) || (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) >= 0xA0)) return 0;
    return 3;
  }
  if (first >= 0xF0 && first < 0xF5) {
    if (!follows(1) || !follows(2) || !follows(3) || (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) >= 0x90)) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

std::string json_text(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t size = character(text);
    if (size == 0) out += "\xEF\xBF\xBD";
    else if (first == '"' || first == '\\') out += '\\', out += text[0];
    else if (first == '\n') out += "\\n";
    else if (first == '\t') out += "\\t";
    else if (first < 0x20 || first == 0x7F) out += "\\u00", out += hex[first >> 4], out += hex[first & 15];
    else out.append(text.substr(0, size));
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out += '"';
}

Json Json::of(const Document& document, NodeIndex node) {
  Json out;
  out.kind = document.kind(node);
  if (out.kind == NodeKind::array) {
    for (const NodeIndex child : document.children(node)) out.items.push_back(of(document, child));
  } else if (out.kind == NodeKind::object) {
    for (const NodeIndex child : document.children(node)) {
      std::string name((document.node(child).name & fhirpath::shadow_bit) != 0 ? "_" : "");
      name += document.name(child);
      out.members.push_back({std::move(name), of(document, child)});
    }
  } else if (out.kind == NodeKind::string) {
    const auto text = document.text(node);
    out.scalar = document.node(node).decoded ? json_text(text) : '"' + std::string(text) + '"';
  } else {
    out.scalar = document.text(node);
  }
  return out;
}

Result<Json> Json::parse(std::string_view text) {
  Document document;
  JOINEDUP_CHECK(document.parse(text));
  return of(document, document.root());
}

Json Json::of_string(std::string_view text) {
  Json out;
  out.kind = NodeKind::string;
  out.scalar = json_text(text);
  return out;
}

Json Json::object() {
  Json out;
  out.kind = NodeKind::object;
  return out;
}

Json Json::list() {
  Json out;
  out.kind = NodeKind::array;
  return out;
}

Json* Json::find(std::string_view name) {
  for (auto& one : members)
    if (one.name == name) return &one.value;
  return nullptr;
}

Json& Json::member(std::string_view name) {
  if (Json* found = find(name)) return *found;
  members.push_back({std::string(name), {}});
  members.back().value.scalar = "null";
  return members.back().value;
}

bool Json::erase(std::string_view name) {
  return std::erase_if(members, [&](const Member& one) { return one.name == name; }) > 0;
}

std::string Json::string() const {
  if (kind != NodeKind::string) return {};
  if (scalar.find('\\') == std::string::npos) return scalar.substr(1, scalar.size() - 2);
  Document document;
  return document.parse(scalar) ? std::string(document.text(document.root())) : std::string();
}

void Json::write(std::string& out) const {
  if (kind == NodeKind::array) {
    out += '[';
    for (const Json& item : items) {
      if (&item != &items.front()) out += ',';
      item.write(out);
    }
    out += ']';
  } else if (kind == NodeKind::object) {
    out += '{';
    for (const Member& one : members) {
      if (&one != &members.front()) out += ',';
      out += json_text(one.name);
      out += ':';
      one.value.write(out);
    }
    out += '}';
  } else {
    out += scalar;
  }
}

void Json::write_pretty(std::string& out, std::size_t indent) const {
  const auto line = [&](std::size_t more) {
    out += '\n';
    out.append(indent + more, ' ');
  };
  if (kind == NodeKind::array && !items.empty()) {
    out += '[';
    for (const Json& item : items) {
      if (&item != &items.front()) out += ',';
      line(2);
      item.write_pretty(out, indent + 2);
    }
    line(0);
    out += ']';
  } else if (kind == NodeKind::object && !members.empty()) {
    out += '{';
    for (const Member& one : members) {
      if (&one != &members.front()) out += ',';
      line(2);
      out += json_text(one.name);
      out += ": ";
      one.value.write_pretty(out, indent + 2);
    }
    line(0);
    out += '}';
  } else {
    write(out);
  }
}

std::string Json::text() const {
  std::string out;
  write(out);
  return out;
}

bool same_json(const Json& a, const Json& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case NodeKind::string: return a.scalar == b.scalar || a.string() == b.string();
    case NodeKind::number: {
      if (a.scalar == b.scalar) return true;
      const auto x = fhirpath::Decimal::parse(a.scalar), y = fhirpath::Decimal::parse(b.scalar);
      return x && y && x->compare(*y) == 0;
    }
    case NodeKind::array:
      return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_json);
    case NodeKind::object:
      return a.members.size() == b.members.size() && std::all_of(a.members.begin(), a.members.end(), [&](const Json::Member& one) {
        const Json* other = b.find(one.name);
        return other != nullptr && same_json(one.value, *other);
      });
    default: return a.scalar == b.scalar;
  }
}

}  // namespace joinedup::rest
