// Value, Collection and Context: the parts that other rooms see.
#include <cstring>
#include <new>

#include "fhirpath/cell.hpp"

namespace joinedup::fhirpath {

Value Value::of(bool value) {
  Value v;
  v.kind_ = ValueKind::boolean;
  v.type_ = system_type::boolean;
  v.integer_ = value ? 1 : 0;
  return v;
}

Value Value::of(std::int64_t value) {
  Value v;
  v.kind_ = ValueKind::integer;
  v.type_ = system_type::integer;
  v.integer_ = value;
  return v;
}

Value Value::of_string(std::string_view text) {
  Value v;
  v.kind_ = ValueKind::string;
  v.type_ = system_type::string;
  v.text_ = text.data();
  v.size_ = static_cast<std::uint32_t>(text.size());
  return v;
}

Value Value::of_node(const Document* document, NodeIndex node, NodeIndex shadow, std::uint16_t type) {
  Value v;
  v.document_ = document;
  v.node_ = node;
  v.shadow_ = shadow;
  v.type_ = type;
  return v;
}

Value Value::of_type(std::uint16_t type) {
  Value v;
  v.kind_ = ValueKind::type;
  v.type_ = type;
  v.integer_ = 0;
  return v;
}

std::string_view Value::type_name() const {
  return Model::r4().info(type_).name;
}

std::string Value::to_text() const {
  switch (kind_) {
    case ValueKind::node: return node_ == no_node ? std::string{} : std::string(document_->text(node_));
    case ValueKind::boolean: return integer_ != 0 ? "true" : "false";
    case ValueKind::integer: return std::to_string(integer_);
    case ValueKind::decimal: return decimal_->to_text();
    case ValueKind::string: return std::string(string());
    case ValueKind::date: return temporal_->date_text();
    case ValueKind::date_time: return temporal_->date_time_text();
    case ValueKind::time: return temporal_->time_text();
    case ValueKind::quantity: {
      std::string unit(quantity_->unit);
      return quantity_->value.to_text() + " " + (quantity_->kind == UnitKind::ucum ? "'" + unit + "'" : unit);
    }
    case ValueKind::type: {
      const Model& model = Model::r4();
      return (model.is_system(type_) ? "System." : "FHIR.") + model.info(type_).name;
    }
  }
  return {};
}

namespace {
std::string json_string(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\', out += c;
    else if (c == '\n') out += "\\n";
    else if (u < 0x20) out += "\\u00", out += hex[u >> 4], out += hex[u & 15];
    else out += c;
  }
  return out + '"';
}
}  // namespace

std::string Value::to_json() const {
  switch (kind_) {
    case ValueKind::node:
      if (node_ == no_node) return "null";
      return document_->kind(node_) == NodeKind::string ? json_string(document_->text(node_)) : to_text();
    case ValueKind::boolean:
    case ValueKind::integer:
    case ValueKind::decimal: return to_text();
    default: return json_string(to_text());
  }
}

void Collection::grow(std::size_t at_least) {
  std::size_t wanted = std::max<std::size_t>(at_least, std::size_t{capacity_} * 2);
  auto* data = static_cast<Value*>(::operator new(wanted * sizeof(Value)));
  std::memcpy(static_cast<void*>(data), data_, size_ * sizeof(Value));
  std::uint32_t size = size_;
  release();
  data_ = data;
  size_ = size;
  capacity_ = static_cast<std::uint32_t>(wanted);
}

void Collection::release() {
  if (data_ != spot_) ::operator delete(data_);
  data_ = spot_;
  size_ = 0;
  capacity_ = on_the_spot;
}

void Collection::take(Collection& other) noexcept {
  if (other.data_ == other.spot_) {
    data_ = spot_;
    capacity_ = on_the_spot;
    size_ = other.size_;
    std::memcpy(static_cast<void*>(spot_), other.spot_, size_ * sizeof(Value));
  } else {
    data_ = other.data_;
    size_ = other.size_;
    capacity_ = other.capacity_;
    other.data_ = other.spot_;
    other.capacity_ = on_the_spot;
  }
  other.size_ = 0;
}

Context::Context() : arena(16384) {}

void Context::clear() {
  arena.release();
  steps = 0;
  clock_micros.reset();
}

std::string_view Context::keep(std::string_view text) {
  if (text.empty()) return "";
  auto* copy = static_cast<char*>(arena.allocate(text.size(), 1));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

Value Document::root_value() const { return value(root()); }

Value Document::value(NodeIndex index) const {
  const Model& model = Model::r4();
  const Node& n = nodes_[index];
  TypeId type = unknown_type;
  if (n.kind == NodeKind::object && n.type != 0) type = model.type(text(n.type));
  return Value::of_node(this, index, no_node, type);
}

}  // namespace joinedup::fhirpath
