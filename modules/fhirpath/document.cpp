#include "fhirpath/document.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "fhirpath/cell.hpp"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace joinedup::fhirpath {

namespace {
constexpr int deepest = 200;
// Where decoded text and text must be addressable by 32 bits.
constexpr std::size_t longest = std::numeric_limits<std::uint32_t>::max() - 1;
}  // namespace

// One pass over the text, recursive with a limit. `fault_` is set at the first fault and ends the walk.
class DocumentParser {
 public:
  DocumentParser(Document& document, std::string_view text)
      : document_(document), model_(Model::r4()), begin_(text.data()), at_(text.data()), end_(text.data() + text.size()),
        most_nodes_(100000 + text.size() / 6) {}

  bool run() {
    skip_space();
    if (!value(0, 0)) return false;
    skip_space();
    return at_ == end_ || wrong("there is more after the end of the JSON value");
  }
  const char* fault() const { return fault_; }
  std::size_t line() const {
    std::size_t lines = 1;
    for (const char* p = begin_; p < at_ && p < end_; ++p) lines += *p == '\n';
    return lines;
  }

 private:
  bool wrong(const char* why) {
    if (fault_ == nullptr) fault_ = why;
    return false;
  }
  void skip_space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  NodeIndex add(NodeKind kind, NameId name) {
    auto index = static_cast<NodeIndex>(document_.nodes_.size());
    Node node;
    node.kind = kind;
    node.name = name;
    node.begin = static_cast<std::uint32_t>(at_ - begin_);
    node.end = index + 1;
    document_.nodes_.push_back(node);
    return index;
  }
  void close(NodeIndex index) {
    Node& node = document_.nodes_[index];
    node.end = static_cast<NodeIndex>(document_.nodes_.size());
    node.size = static_cast<std::uint32_t>(at_ - begin_) - node.begin;
  }

  bool value(NameId name, int depth) {
    // FHIR spends ten bytes and more on a value; a text that spends two is there to fill the memory.
    if (document_.nodes_.size() > most_nodes_) return wrong("it has more values than a FHIR resource of its size can have");
    if (at_ == end_) return wrong("it ends in the middle of a value");
    switch (*at_) {
      case '{':
        return object(name, depth);
      case '[':
        return array(name, depth);
      case '"':
        return string(name);
      case 't':
        return word("true", NodeKind::boolean, name);
      case 'f':
        return word("false", NodeKind::boolean, name);
      case 'n':
        return word("null", NodeKind::null, name);
      default:
        return number(name);
    }
  }

  bool word(std::string_view text, NodeKind kind, NameId name) {
    if (static_cast<std::size_t>(end_ - at_) < text.size() || std::memcmp(at_, text.data(), text.size()) != 0)
      return wrong("a value is neither text, number, true, false, null, list nor object");
    NodeIndex index = add(kind, name);
    at_ += text.size();
    document_.nodes_[index].size = static_cast<std::uint32_t>(text.size());
    return true;
  }

  static bool digit(char c) { return c >= '0' && c <= '9'; }
  bool number(NameId name) {
    const char* from = at_;
    NodeIndex index = add(NodeKind::number, name);
    if (at_ < end_ && *at_ == '-') ++at_;
    if (at_ == end_ || !digit(*at_)) return wrong("a value is neither text, number, true, false, null, list nor object");
    if (*at_ == '0') ++at_;
    else
      while (at_ < end_ && digit(*at_)) ++at_;
    if (at_ < end_ && *at_ == '.') {
      ++at_;
      if (at_ == end_ || !digit(*at_)) return wrong("a number ends in its point");
      while (at_ < end_ && digit(*at_)) ++at_;
    }
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (at_ == end_ || !digit(*at_)) return wrong("a number has an empty exponent");
      while (at_ < end_ && digit(*at_)) ++at_;
    }
    if (at_ < end_ && digit(*at_)) return wrong("a number begins with 0");
    document_.nodes_[index].size = static_cast<std::uint32_t>(at_ - from);
    return true;
  }

  // Moves to the first quote, backslash or control character.
  void scan() {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), limit = _mm_set1_epi8(0x1F);
    while (end_ - at_ >= 16) {
      __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
      __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, slash)),
                                   _mm_cmpeq_epi8(_mm_max_epu8(block, limit), limit));
      int mask = _mm_movemask_epi8(found);
      if (mask != 0) {
        at_ += __builtin_ctz(static_cast<unsigned>(mask));
        return;
      }
      at_ += 16;
    }
#endif
    while (at_ < end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20) ++at_;
  }

  // After the opening quote: the characters, decoded if they must be.
  bool characters(std::string_view& out, bool& decoded) {
    const char* from = at_;
    scan();
    if (at_ < end_ && *at_ == '"') {
      out = {from, static_cast<std::size_t>(at_ - from)};
      decoded = false;
      ++at_;
      return true;
    }
    std::string& buffer = document_.decoded_;
    std::size_t start = buffer.size();
    for (;;) {
      buffer.append(from, at_);
      if (at_ == end_) return wrong("it ends in the middle of a text");
      if (*at_ == '"') break;
      if (*at_ != '\\') return wrong("a text holds a control character");
      if (!escape(buffer)) return false;
      from = at_;
      scan();
    }
    ++at_;
    if (buffer.size() > longest) return wrong("it is over 4 GB");
    decoded_begin_ = start;
    out = {buffer.data() + start, buffer.size() - start};
    decoded = true;
    return true;
  }

  bool hex4(unsigned& out) {
    if (end_ - at_ < 4) return wrong("a text ends in the middle of an escape");
    out = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      char c = *at_;
      int v = digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (v < 0) return wrong("an escape \\u is not followed by four hexadecimal digits");
      out = out * 16 + static_cast<unsigned>(v);
    }
    return true;
  }
  bool escape(std::string& buffer) {
    ++at_;
    if (at_ == end_) return wrong("it ends in the middle of a text");
    char c = *at_++;
    switch (c) {
      case '"': case '\\': case '/': buffer += c; return true;
      case 'b': buffer += '\b'; return true;
      case 'f': buffer += '\f'; return true;
      case 'n': buffer += '\n'; return true;
      case 'r': buffer += '\r'; return true;
      case 't': buffer += '\t'; return true;
      case 'u': break;
      default: return wrong("a text holds an unknown escape");
    }
    unsigned code = 0;
    if (!hex4(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      unsigned low = 0;
      if (end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return wrong("half of a surrogate pair is missing");
      at_ += 2;
      if (!hex4(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return wrong("half of a surrogate pair is missing");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
      return wrong("half of a surrogate pair is missing");
    }
    append_utf8(buffer, code);
    return true;
  }

  bool string(NameId name) {
    NodeIndex index = add(NodeKind::string, name);
    ++at_;
    std::string_view out;
    bool decoded = false;
    if (!characters(out, decoded)) return false;
    Node& node = document_.nodes_[index];
    node.decoded = decoded;
    node.begin = static_cast<std::uint32_t>(decoded ? decoded_begin_ : static_cast<std::size_t>(out.data() - begin_));
    node.size = static_cast<std::uint32_t>(out.size());
    return true;
  }

  NameId name_of(std::string_view text, bool decoded) {
    NameId shadow = 0;
    std::string_view plain = text;
    if (text.size() > 1 && text[0] == '_') shadow = shadow_bit, plain.remove_prefix(1);
    if (NameId known = model_.name(plain); known != 0) return known | shadow;
    auto id = static_cast<NameId>(model_.name_count() + document_.own_names_.size());
    if (decoded) {  // the buffer may move: such names are rare, keep them apart
      document_.own_texts_.push_back(std::make_unique<std::string>(plain));
      plain = *document_.own_texts_.back();
    }
    document_.own_names_.push_back(plain);
    return id | shadow;
  }

  bool array(NameId name, int depth) {
    if (depth >= deepest) return wrong("it is nested deeper than 200 levels");
    NodeIndex index = add(NodeKind::array, name);
    ++at_;
    skip_space();
    if (at_ < end_ && *at_ == ']') {
      ++at_;
      close(index);
      return true;
    }
    for (;;) {
      if (!value(0, depth + 1)) return false;
      skip_space();
      if (at_ == end_) return wrong("it ends in the middle of a list");
      char c = *at_++;
      if (c == ']') break;
      if (c != ',') return wrong("a comma is missing in a list");
      skip_space();
    }
    close(index);
    return true;
  }

  // FHIR: names are unique. Of two that are the same one reader takes the first and another the last: what is checked would
  // not be what is shown. Looked at when the object is whole, since objects within it have names of their own.
  bool names_are_unique(NodeIndex object) {
    thread_local std::vector<std::uint32_t> seen;  // the object in which a name was last met
    thread_local std::uint32_t stamp = 0;
    if (++stamp == 0 || seen.empty()) seen.assign(2 * model_.name_count(), 0), stamp = 1;
    const auto& nodes = document_.nodes_;
    std::vector<std::pair<std::string_view, NameId>> own;
    for (NodeIndex at = object + 1; at < nodes.size(); at = nodes[at].end) {
      const NameId id = nodes[at].name & ~shadow_bit, shadow = nodes[at].name & shadow_bit;
      if (id >= model_.name_count()) {
        own.emplace_back(document_.name_text(id), shadow);
        continue;
      }
      auto& last = seen[2 * id + (shadow != 0 ? 1 : 0)];
      if (last == stamp) return false;
      last = stamp;
    }
    std::sort(own.begin(), own.end());
    return std::adjacent_find(own.begin(), own.end()) == own.end();
  }

  bool object(NameId name, int depth) {
    if (depth >= deepest) return wrong("it is nested deeper than 200 levels");
    NodeIndex index = add(NodeKind::object, name);
    ++at_;
    skip_space();
    if (at_ < end_ && *at_ == '}') {
      ++at_;
      close(index);
      return true;
    }
    for (;;) {
      if (at_ == end_ || *at_ != '"') return wrong("a property's name is missing");
      ++at_;
      std::string_view text;
      bool decoded = false;
      if (!characters(text, decoded)) return false;
      NameId id = name_of(text, decoded);
      skip_space();
      if (at_ == end_ || *at_ != ':') return wrong("a colon is missing after a property's name");
      ++at_;
      skip_space();
      auto child = static_cast<NodeIndex>(document_.nodes_.size());
      if (!value(id, depth + 1)) return false;
      if (id == model_.resource_type_name && document_.nodes_[child].kind == NodeKind::string)
        document_.nodes_[index].type = child;
      skip_space();
      if (at_ == end_) return wrong("it ends in the middle of an object");
      char c = *at_++;
      if (c == '}') break;
      if (c != ',') return wrong("a comma is missing in an object");
      skip_space();
    }
    if (!names_are_unique(index)) return wrong("an object has the same property twice");
    close(index);
    return true;
  }

  Document& document_;
  const Model& model_;
  const char* begin_;
  const char* at_;
  const char* end_;
  const char* fault_ = nullptr;
  std::size_t decoded_begin_ = 0;
  std::size_t most_nodes_;
};

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

Result<void> Document::parse(std::string_view text) {
  nodes_.clear();
  decoded_.clear();
  own_names_.clear();
  own_texts_.clear();
  if (text.size() >= 3 && text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  text_ = text;
  if (text.size() > longest) return fail(ErrorCode::too_large, "The JSON is over 4 GB, the most that is read at once.");
  if (!simdjson::validate_utf8(text.data(), text.size()))
    return fail(ErrorCode::invalid_input, "The text is not UTF-8, so it is not JSON.");
  DocumentParser parser(*this, text);
  if (parser.run()) return {};
  nodes_.clear();
  return fail(ErrorCode::invalid_input,
              "The text is not JSON: " + std::string(parser.fault()) + " (line " + std::to_string(parser.line()) + ").");
}

Result<Document> parse_document(std::string text) {
  Document document;
  document.owned_ = std::make_unique<std::string>(std::move(text));
  JOINEDUP_CHECK(document.parse(*document.owned_));
  return document;
}

std::string_view Document::name_text(NameId name) const {
  const Model& model = Model::r4();
  name &= ~shadow_bit;
  return name < model.name_count() ? model.name_text(name) : own_names_[name - model.name_count()];
}

std::string_view Document::name(NodeIndex index) const {
  return name_text(nodes_[index].name);
}

NodeIndex Document::find(NodeIndex object, std::string_view name) const {
  if (NameId known = Model::r4().name(name); known != 0) return find(object, known);
  if (kind(object) != NodeKind::object) return no_node;
  for (NodeIndex at : children(object))
    if ((nodes_[at].name & shadow_bit) == 0 && name_text(nodes_[at].name) == name) return at;
  return no_node;
}

std::string_view Document::text_of(NodeIndex object, std::string_view name) const {
  NodeIndex at = find(object, name);
  return at == no_node ? std::string_view{} : text(at);
}

std::string_view Document::resource_type(NodeIndex object) const {
  const Node& n = nodes_[object];
  return n.kind == NodeKind::object && n.type != 0 ? text(n.type) : std::string_view{};
}

}  // namespace joinedup::fhirpath
