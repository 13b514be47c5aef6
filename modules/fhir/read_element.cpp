#include "fhir/read_element.hpp"

#include <map>
#include <string>

#include "fhirpath/model.hpp"

namespace joinedup::fhir {

using fhirpath::Document;
using fhirpath::NameId;
using fhirpath::no_node;
using fhirpath::NodeIndex;
using fhirpath::NodeKind;

namespace {

struct Names {
  NameId system, code, value, display, text, coding, unit, reference, identifier, type, family, given, prefix, suffix, line, city,
      district, state, postal_code, country, start, end, low, high, currency, event, repeat, bounds_period;
  Names() {
    const auto& model = fhirpath::Model::r4();
    const auto name = [&](const char* written) { return model.name(written); };
    system = name("system"), code = name("code"), value = name("value"), display = name("display"), this->text = name("text");
    coding = name("coding"), unit = name("unit"), reference = name("reference"), identifier = name("identifier"), type = name("type");
    family = name("family"), given = name("given"), prefix = name("prefix"), suffix = name("suffix"), line = name("line");
    city = name("city"), district = name("district"), state = name("state"), postal_code = name("postalCode");
    country = name("country"), start = name("start"), end = name("end"), low = name("low"), high = name("high");
    currency = name("currency"), event = name("event"), repeat = name("repeat"), bounds_period = name("boundsPeriod");
  }
};
const Names& names() {
  static const Names all;
  return all;
}

using Out = std::vector<Extracted>;

std::string_view text_at(const Document& d, NodeIndex object, NameId name) {
  const NodeIndex at = d.find(object, name);
  return at == no_node || d.kind(at) == NodeKind::array || d.kind(at) == NodeKind::object ? std::string_view{} : d.text(at);
}
bool simple(const Document& d, NodeIndex node) {
  return d.kind(node) == NodeKind::string || d.kind(node) == NodeKind::number || d.kind(node) == NodeKind::boolean;
}

void read_code(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  if (simple(d, node)) out.push_back({.slot = slot, .shape = Shape::token, .code = d.text(node)});
}
void read_coding(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  out.push_back({.slot = slot, .shape = Shape::token, .has_system = true, .system = text_at(d, node, n.system),
                 .code = text_at(d, node, n.code), .text = text_at(d, node, n.display)});
}
void read_concept(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  if (d.kind(node) != NodeKind::object) return;
  if (const NodeIndex codings = d.find(node, n.coding); codings != no_node && d.kind(codings) == NodeKind::array)
    for (NodeIndex coding : d.children(codings)) read_coding(d, coding, slot, out);
  if (const auto text = text_at(d, node, n.text); !text.empty())
    out.push_back({.slot = slot, .shape = Shape::token, .has_system = true, .text = text});
}
void read_identifier(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  const NodeIndex type = d.find(node, n.type);
  out.push_back({.slot = slot, .shape = Shape::token, .has_system = true, .system = text_at(d, node, n.system),
                 .code = text_at(d, node, n.value), .text = type == no_node ? std::string_view{} : text_at(d, type, n.text), .node = node});
}
void read_contact(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  out.push_back({.slot = slot, .shape = Shape::token, .code = text_at(d, node, names().value)});
}
void read_reference(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  const auto type = text_at(d, node, n.type);
  if (const auto to = text_at(d, node, n.reference); !to.empty() && to[0] != '#')
    out.push_back({.slot = slot, .shape = Shape::reference, .code = to, .text = type});
  if (const NodeIndex identifier = d.find(node, n.identifier); identifier != no_node && d.kind(identifier) == NodeKind::object)
    out.push_back({.slot = slot, .shape = Shape::reference_identifier, .has_system = true, .system = text_at(d, identifier, n.system),
                   .code = text_at(d, identifier, n.value), .text = type});
}
void read_canonical(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  if (simple(d, node)) out.push_back({.slot = slot, .shape = Shape::reference, .code = d.text(node)});
}
void read_uri(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  if (simple(d, node)) out.push_back({.slot = slot, .shape = Shape::uri, .code = d.text(node)});
}
void read_text(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  if (simple(d, node) && !d.text(node).empty()) out.push_back({.slot = slot, .shape = Shape::text, .text = d.text(node)});
}
void read_texts(const Document& d, NodeIndex object, std::initializer_list<NameId> wanted, std::uint32_t slot, Out& out) {
  for (NodeIndex child : d.children(object))
    for (NameId name : wanted) {
      if (d.node(child).name != name) continue;
      if (d.kind(child) == NodeKind::array) {
        for (NodeIndex item : d.children(child)) read_text(d, item, slot, out);
      } else {
        read_text(d, child, slot, out);
      }
    }
}
void read_name(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  read_texts(d, node, {n.text, n.family, n.given, n.prefix, n.suffix}, slot, out);
}
void read_address(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  read_texts(d, node, {n.text, n.line, n.city, n.district, n.state, n.postal_code, n.country}, slot, out);
}
void read_date(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  if (auto period = date_period(d.text(node))) out.push_back({.slot = slot, .shape = Shape::period, .period = *period});
}
bool period_of(const Document& d, NodeIndex node, Period& period) {
  const auto& n = names();
  const auto low = date_period(text_at(d, node, n.start)), high = date_period(text_at(d, node, n.end));
  if (low) period.low = low->low;
  if (high) period.high = high->high;
  return low || high;
}
void read_period(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  if (Period period; period_of(d, node, period)) out.push_back({.slot = slot, .shape = Shape::period, .period = period});
}
// The outer limits of a Timing; what repeats without bounds has none.
void read_timing(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  Period limits{latest, earliest};
  bool any = false;
  if (const NodeIndex events = d.find(node, n.event); events != no_node)
    for (NodeIndex event : d.children(events))
      if (auto one = date_period(d.text(event))) {
        limits = {std::min(limits.low, one->low), std::max(limits.high, one->high)};
        any = true;
      }
  if (const NodeIndex repeat = d.find(node, n.repeat); repeat != no_node)
    if (const NodeIndex bounds = d.find(repeat, n.bounds_period); bounds != no_node)
      if (Period one; period_of(d, bounds, one)) {
        limits = {std::min(limits.low, one.low), std::max(limits.high, one.high)};
        any = true;
      }
  if (any) out.push_back({.slot = slot, .shape = Shape::period, .period = limits});
}
void read_number(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  if (d.kind(node) == NodeKind::number) out.push_back({.slot = slot, .shape = Shape::number, .code = d.text(node)});
}
void read_quantity(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  if (const auto value = text_at(d, node, n.value); !value.empty())
    out.push_back({.slot = slot, .shape = Shape::quantity, .system = text_at(d, node, n.system), .code = value,
                   .text = text_at(d, node, n.unit), .unit = text_at(d, node, n.code)});
}
void read_money(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  if (const auto value = text_at(d, node, n.value); !value.empty())
    out.push_back({.slot = slot, .shape = Shape::quantity, .system = "urn:iso:std:iso:4217", .code = value,
                   .unit = text_at(d, node, n.currency)});
}
void read_range(const Document& d, NodeIndex node, std::uint32_t slot, Out& out) {
  const auto& n = names();
  Extracted range{.slot = slot, .shape = Shape::range};
  for (const NameId side : {n.high, n.low}) {
    const NodeIndex at = d.find(node, side);
    if (at == no_node) continue;
    (side == n.low ? range.code : range.text) = text_at(d, at, n.value);
    range.system = text_at(d, at, n.system), range.unit = text_at(d, at, n.code);
  }
  if (!range.code.empty() || !range.text.empty()) out.push_back(range);
}

}  // namespace

ElementReader element_reader(ParameterKind kind, std::string_view type) {
  static const std::map<std::string, ElementReader, std::less<>> tokens = {
      {"Coding", read_coding}, {"CodeableConcept", read_concept}, {"Identifier", read_identifier}, {"ContactPoint", read_contact},
      {"boolean", read_code}, {"code", read_code}, {"string", read_code}, {"id", read_code}, {"uri", read_code},
      {"canonical", read_code}, {"oid", read_code}, {"uuid", read_code}, {"url", read_code}};
  static const std::map<std::string, ElementReader, std::less<>> texts = {
      {"string", read_text}, {"markdown", read_text}, {"code", read_text}, {"uri", read_text}, {"HumanName", read_name}, {"Address", read_address}};
  static const std::map<std::string, ElementReader, std::less<>> dates = {
      {"date", read_date}, {"dateTime", read_date}, {"instant", read_date}, {"Period", read_period}, {"Timing", read_timing}};
  static const std::map<std::string, ElementReader, std::less<>> quantities = {
      {"Quantity", read_quantity}, {"Age", read_quantity}, {"Duration", read_quantity}, {"Count", read_quantity},
      {"Distance", read_quantity}, {"SimpleQuantity", read_quantity}, {"MoneyQuantity", read_quantity}, {"Money", read_money},
      {"Range", read_range}};
  static const std::map<std::string, ElementReader, std::less<>> references = {
      {"Reference", read_reference}, {"canonical", read_canonical}, {"uri", read_canonical}};
  static const std::map<std::string, ElementReader, std::less<>> uris = {
      {"uri", read_uri}, {"url", read_uri}, {"canonical", read_uri}, {"oid", read_uri}, {"uuid", read_uri}};
  static const std::map<std::string, ElementReader, std::less<>> numbers = {
      {"decimal", read_number}, {"integer", read_number}, {"positiveInt", read_number}, {"unsignedInt", read_number}, {"Range", read_range}};
  const auto pick = [&](const auto& table) -> ElementReader {
    const auto found = table.find(type);
    return found == table.end() ? nullptr : found->second;
  };
  switch (kind) {
    case ParameterKind::token: return pick(tokens);
    case ParameterKind::string: return pick(texts);
    case ParameterKind::date: return pick(dates);
    case ParameterKind::quantity: return pick(quantities);
    case ParameterKind::reference: return pick(references);
    case ParameterKind::uri: return pick(uris);
    case ParameterKind::number: return pick(numbers);
    case ParameterKind::composite: case ParameterKind::special: return nullptr;
  }
  return nullptr;
}

}  // namespace joinedup::fhir
