// A FHIR resource (or Bundle) in memory: one flat array of nodes over the text as received. Part of fhirpath.hpp.
//
//   Document document;                                  // keep it: its memory is reused by the next parse
//   JOINEDUP_CHECK(document.parse(line));               // `line` must outlive the document's use
//   for (auto child : document.children(document.root())) use(document.name(child), document.text(child));
//
// Numbers keep their digits as received. Faults (not JSON, not UTF-8, nested deeper than 200) are errors, not crashes.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::fhirpath {

class Value;

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex no_node = 0xFFFFFFFFU;

// A property's name: an index into the table of names known to FHIR R4, or one of the document's own. The name of
// `_birthDate` is the name of `birthDate` with the shadow bit set.
using NameId = std::uint32_t;
inline constexpr NameId shadow_bit = 0x80000000U;

enum class NodeKind : std::uint8_t { null, boolean, number, string, array, object };

struct Node {
  NameId name = 0;          // 0: an array's item or the root
  NodeIndex end = 0;        // one past the last node of this subtree: the next sibling, if there is one
  std::uint32_t begin = 0;  // the value's first byte in the text (in the decoded text if it had escapes)
  std::uint32_t size = 0;   // its length; objects and arrays cover their braces
  std::uint32_t type = 0;   // object: the node of its resourceType string, or 0
  NodeKind kind = NodeKind::null;
  bool decoded = false;
};

class Document {
 public:
  // The text is read in place and must outlive the use of this document.
  Result<void> parse(std::string_view text);

  bool empty() const { return nodes_.empty(); }
  NodeIndex root() const { return 0; }
  const Node& node(NodeIndex index) const { return nodes_[index]; }
  NodeKind kind(NodeIndex index) const { return nodes_[index].kind; }
  // A string's characters, a number's digits as received, true or false; the JSON text of an object or array.
  std::string_view text(NodeIndex index) const {
    const Node& n = nodes_[index];
    return {(n.decoded ? decoded_.data() : text_.data()) + n.begin, n.size};
  }
  std::string_view name(NodeIndex index) const;  // without the underscore of a shadow
  std::string_view name_text(NameId name) const;
  // The value of an object's property, or no_node.
  NodeIndex find(NodeIndex object, std::string_view name) const;
  NodeIndex find(NodeIndex object, NameId name) const {
    const Node& o = nodes_[object];
    if (o.kind != NodeKind::object) return no_node;
    for (NodeIndex at = object + 1; at < o.end; at = nodes_[at].end)
      if (nodes_[at].name == name) return at;
    return no_node;
  }
  // A property's text, or nothing there.
  std::string_view text_of(NodeIndex object, std::string_view name) const;
  std::string_view resource_type(NodeIndex object) const;
  Value root_value() const;
  Value value(NodeIndex node) const;  // a resource inside this document
  std::size_t memory() const { return nodes_.capacity() * sizeof(Node) + decoded_.capacity(); }

  class Children {
   public:
    struct Iterator {
      const Document* document;
      NodeIndex at;
      NodeIndex operator*() const { return at; }
      Iterator& operator++() {
        at = document->nodes_[at].end;
        return *this;
      }
      bool operator!=(const Iterator& other) const { return at != other.at; }
    };
    Children(const Document* document, NodeIndex first, NodeIndex last) : document_(document), first_(first), last_(last) {}
    Iterator begin() const { return {document_, first_}; }
    Iterator end() const { return {document_, last_}; }

   private:
    const Document* document_;
    NodeIndex first_, last_;
  };
  Children children(NodeIndex parent) const {
    const Node& n = nodes_[parent];
    bool has = n.kind == NodeKind::array || n.kind == NodeKind::object;
    return {this, has ? parent + 1 : n.end, n.end};
  }

 private:
  friend class DocumentParser;
  friend Result<Document> parse_document(std::string text);
  std::unique_ptr<std::string> owned_;
  std::string_view text_;
  std::string decoded_;
  std::vector<Node> nodes_;
  std::vector<std::string_view> own_names_;  // names that FHIR R4 does not know
  std::vector<std::unique_ptr<std::string>> own_texts_;  // those of them that were written with escapes
};

// As Document::parse, but the document keeps the text.
Result<Document> parse_document(std::string text);

}  // namespace joinedup::fhirpath
