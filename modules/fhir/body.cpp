#include "fhir/body.hpp"

#include <algorithm>
#include <vector>

#include "fhir/values.hpp"

namespace joinedup::fhir {

using fhirpath::Document;
using fhirpath::no_node;
using fhirpath::NodeIndex;
using fhirpath::NodeKind;

namespace {

// Where a property's name begins (at its quote), from where its value begins.
std::size_t name_start(std::string_view text, std::size_t value) {
  std::size_t at = text.rfind(':', value - 1);
  at = text.rfind('"', at);
  return text.rfind('"', at - 1);
}

struct Edit {
  std::size_t from = 0, to = 0;
  std::string by;
};

// A string's bytes in the text with its quotes; nothing if it was written with escapes, so that its place is not known.
bool place_of(const Document& document, NodeIndex node, std::size_t& from, std::size_t& to) {
  const auto& n = document.node(node);
  if (n.kind == NodeKind::string) {
    if (n.decoded) return false;
    from = n.begin - 1U, to = n.begin + n.size + 1U;
  } else {
    from = n.begin, to = n.begin + n.size;
  }
  return true;
}

}  // namespace

bool is_valid_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

Result<KeptBody> keep_body(std::string_view received, std::string_view type, std::string_view id, Document& document) {
  if (received.starts_with("\xEF\xBB\xBF")) received.remove_prefix(3);
  JOINEDUP_CHECK(document.parse(received));
  const NodeIndex root = document.root();
  if (document.kind(root) != NodeKind::object || document.resource_type(root).empty())
    return fail(ErrorCode::invalid_input, "The content is not a FHIR resource: it has no resourceType.");
  if (document.resource_type(root) != type)
    return fail(ErrorCode::invalid_input, "The resource is not of the type that the address names.");
  NodeIndex id_node = no_node, meta = no_node;
  int ids = 0, metas = 0, types = 0;
  for (NodeIndex child : document.children(root)) {
    const auto name = document.name(child);
    if ((document.node(child).name & fhirpath::shadow_bit) != 0) continue;
    if (name == "id") id_node = child, ++ids;
    if (name == "meta") meta = child, ++metas;
    types += name == "resourceType";
  }
  if (ids > 1 || metas > 1 || types > 1)
    return fail(ErrorCode::invalid_input, "The resource gives its id, meta or resourceType more than once.");
  if (meta != no_node && document.kind(meta) != NodeKind::object)
    return fail(ErrorCode::invalid_input, "The resource's meta is not an object.", "meta");

  std::vector<Edit> edits;
  std::size_t after_id = 0;  // in the received text
  if (id_node != no_node) {
    Edit edit;
    if (document.kind(id_node) != NodeKind::string || !place_of(document, id_node, edit.from, edit.to))
      return fail(ErrorCode::invalid_input, "The resource's id is not a plain text.", "id");
    after_id = edit.to;
    if (document.text(id_node) != id) edits.push_back({edit.from, edit.to, '"' + std::string(id) + '"'});
  } else {
    // After the resourceType, so that people find it where they expect it.
    std::size_t from = 0, to = 0;
    if (!place_of(document, document.node(root).type, from, to))
      return fail(ErrorCode::invalid_input, "The resource's type is not a plain text.", "resourceType");
    after_id = to;
    edits.push_back({to, to, ",\"id\":\"" + std::string(id) + '"'});
  }
  KeptBody out;
  std::size_t mark = after_id;  // the splice, in the received text; edits before it move it
  bool mark_after_edit = true;
  if (meta == no_node) {
    out.splice.kind = Splice::Kind::object;
  } else {
    bool stale = false, others = false;
    std::string kept;
    for (NodeIndex child : document.children(meta)) {
      const auto name = document.name(child);
      const bool ours = name == "versionId" || name == "lastUpdated";
      stale |= ours;
      others |= !ours;
      if (ours) continue;
      std::size_t from = 0, to = 0;
      if (!place_of(document, child, from, to)) {  // a string with escapes: up to its closing quote
        from = document.node(child).begin;
        return fail(ErrorCode::invalid_input, "A text in the resource's meta is written with escapes that are not needed there.", "meta");
      }
      if (!kept.empty()) kept += ',';
      kept += received.substr(name_start(received, from), to - name_start(received, from));
    }
    const auto& n = document.node(meta);
    out.splice.kind = others ? Splice::Kind::members : Splice::Kind::only_members;
    mark = n.begin + 1U;
    mark_after_edit = false;
    if (stale) edits.push_back({mark, n.begin + n.size - 1U, kept});
    else if (!others) edits.push_back({mark, n.begin + n.size - 1U, ""});
  }
  std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.from < b.from; });
  std::size_t at = 0;
  std::size_t moved = mark;
  for (const Edit& edit : edits) {
    out.text.append(received.substr(at, edit.from - at));
    out.text += edit.by;
    at = edit.to;
    if (edit.to <= mark && (edit.from < mark || mark_after_edit)) moved += edit.by.size() - (edit.to - edit.from);
  }
  out.text.append(received.substr(at));
  out.splice.at = static_cast<std::uint32_t>(moved);
  return out;
}

std::string with_meta(std::string_view text, Splice splice, std::uint64_t version, std::int64_t instant) {
  std::string out;
  out.reserve(text.size() + 80);
  out.append(text.substr(0, splice.at));
  if (splice.kind == Splice::Kind::object) out += ",\"meta\":{";
  out += "\"versionId\":\"" + std::to_string(version) + "\",\"lastUpdated\":\"" + instant_text(instant) + '"';
  if (splice.kind == Splice::Kind::object) out += '}';
  if (splice.kind == Splice::Kind::members) out += ',';
  out.append(text.substr(splice.at));
  return out;
}

}  // namespace joinedup::fhir
