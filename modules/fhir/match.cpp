#include "fhir/match.hpp"

#include <algorithm>
#include <cmath>

#include "fhir/keys.hpp"

namespace joinedup::fhir {

using fhirpath::Decimal;
using fhirpath::Document;

namespace {

bool token_matches(const SearchValue& asked, const Extracted& has) {
  if (!asked.code.empty() && asked.code != has.code) return false;
  switch (asked.system_is) {
    case SearchValue::System::any: return !has.code.empty();
    case SearchValue::System::none: return has.system.empty() && !has.code.empty();
    case SearchValue::System::given: return asked.system == has.system && !has.code.empty();
  }
  return false;
}

// A number of a resource is a point; a Range has two ends, of which either may be open.
bool number_matches(const SearchValue& asked, const Decimal* low, const Decimal* high) {
  const NumberText& wanted = *asked.number;
  const auto below = [](const Decimal* a, const Decimal& b) { return a == nullptr || a->compare(b) < 0; };       // a low end
  const auto above = [](const Decimal* a, const Decimal& b) { return a == nullptr || a->compare(b) > 0; };       // a high end
  const bool within = low != nullptr && high != nullptr && low->compare(wanted.low) >= 0 && high->compare(wanted.high) < 0;
  switch (asked.prefix) {
    case Prefix::eq: return within;
    case Prefix::ne: return !within;
    case Prefix::gt: return above(high, wanted.value);
    case Prefix::lt: return below(low, wanted.value);
    case Prefix::ge: return above(high, wanted.value) || high->compare(wanted.value) == 0;
    case Prefix::le: return below(low, wanted.value) || low->compare(wanted.value) == 0;
    case Prefix::sa: return low != nullptr && low->compare(wanted.value) > 0;
    case Prefix::eb: return high != nullptr && high->compare(wanted.value) < 0;
    case Prefix::ap: {
      const Decimal tenth{wanted.value.digits < 0 ? -wanted.value.digits : wanted.value.digits, wanted.value.decimals + 1};
      const auto least = wanted.value.subtract(tenth), most = wanted.value.add(tenth);
      return least && most && (low == nullptr || low->compare(*most) <= 0) && (high == nullptr || high->compare(*least) >= 0);
    }
  }
  return false;
}

bool ends_match(const SearchValue& asked, const Extracted& has) {
  std::optional<Decimal> low, high;
  if (!has.code.empty()) low = Decimal::parse(has.code);
  if (has.shape == Shape::range) {
    if (!has.text.empty()) high = Decimal::parse(has.text);
  } else {
    high = low;
    if (!low) return false;
  }
  return number_matches(asked, low ? &*low : nullptr, high ? &*high : nullptr);
}

bool quantity_matches(const SearchValue& asked, const Extracted& has) {
  if (asked.system.empty() && asked.code.empty()) return ends_match(asked, has);
  if (asked.system.empty()) return (has.unit == asked.code || (has.shape == Shape::quantity && has.text == asked.code)) && ends_match(asked, has);
  if (has.system != asked.system) return false;
  if (has.unit == asked.code) return ends_match(asked, has);
  // Another unit of the same dimension: in the canonical unit, where the search's precision goes along.
  const auto side = [&](std::string_view digits) -> std::optional<double> {
    if (digits.empty()) return std::nullopt;
    const auto number = Decimal::parse(digits);
    const auto canonical = number ? canonical_quantity(number->to_double(), has.system, has.unit) : std::nullopt;
    return canonical ? std::optional(canonical->value) : std::nullopt;
  };
  const auto wanted = canonical_quantity(asked.number->value.to_double(), asked.system, asked.code);
  const auto from = canonical_quantity(asked.number->low.to_double(), asked.system, asked.code);
  const auto to = canonical_quantity(asked.number->high.to_double(), asked.system, asked.code);
  const auto unit = canonical_quantity(1, has.system, has.unit);
  if (!wanted || !unit || unit->dimension != wanted->dimension) return false;
  const auto low = side(has.code), high = has.shape == Shape::range ? side(has.text) : low;
  // Factors are not exact in binary: what differs by less than one part in 10^12 is the same.
  const auto compare = [](double a, double b) { return std::fabs(a - b) <= 1e-12 * std::max(std::fabs(a), std::fabs(b)) ? 0 : a < b ? -1 : 1; };
  const bool within = low && high && compare(*low, from->value) >= 0 && compare(*high, to->value) < 0;
  const double v = wanted->value, slack = std::fabs(v) / 10;
  switch (asked.prefix) {
    case Prefix::eq: return within;
    case Prefix::ne: return !within;
    case Prefix::gt: return !high || compare(*high, v) > 0;
    case Prefix::lt: return !low || compare(*low, v) < 0;
    case Prefix::ge: return !high || compare(*high, v) >= 0;
    case Prefix::le: return !low || compare(*low, v) <= 0;
    case Prefix::sa: return low && compare(*low, v) > 0;
    case Prefix::eb: return high && compare(*high, v) < 0;
    case Prefix::ap: return (!low || *low <= v + slack) && (!high || *high >= v - slack);
  }
  return false;
}

bool reference_matches(const SearchValue& asked, const Parameter& parameter, const std::string& target_type, std::string_view base_url, std::string_view has) {
  const auto plain = plain_reference(has, base_url), wanted = plain_reference(asked.reference, base_url);
  const auto same = [&](std::string_view reference) {
    return plain == reference || (plain.starts_with(reference) && plain.size() > reference.size() && plain[reference.size()] == '|');
  };
  if (wanted.find('/') == wanted.npos && wanted.find(':') == wanted.npos) {  // a bare id
    const auto slash = plain.rfind('/');
    if (slash == plain.npos || plain.substr(slash + 1) != wanted || plain.find('/') != slash) return same(wanted);
    const auto type = plain.substr(0, slash);
    if (!target_type.empty()) return type == target_type;
    return std::find(parameter.targets.begin(), parameter.targets.end(), type) != parameter.targets.end();
  }
  return same(wanted);
}

}  // namespace

bool Matcher::value_matches(const Parameter& parameter, Modifier modifier, const std::string& target_type, const SearchValue& asked, const Extracted& has) {
  switch (has.shape) {
    case Shape::present: return false;
    case Shape::token:
      if (modifier == Modifier::text) return folded_.clear(), fold_into(has.text, folded_), std::string_view(folded_).starts_with(asked.folded);
      if ((modifier == Modifier::in || modifier == Modifier::not_in) && !has.has_system) return asked.code == has.code;
      return token_matches(asked, has);
    case Shape::reference_identifier: return modifier == Modifier::identifier && token_matches(asked, has);
    case Shape::text:
      if (modifier == Modifier::exact) return has.text == asked.text;
      folded_.clear();
      fold_into(has.text, folded_);
      if (modifier == Modifier::contains) return folded_.find(asked.folded) != std::string::npos;
      return std::string_view(folded_).starts_with(asked.folded);
    case Shape::reference:
      return modifier != Modifier::identifier && reference_matches(asked, parameter, target_type, base_url_, has.code);
    case Shape::uri:
      if (modifier == Modifier::below) return has.code.starts_with(asked.text);
      if (modifier == Modifier::above) return std::string_view(asked.text).starts_with(has.code);
      return has.code == asked.text;
    case Shape::period: return prefix_holds(asked.prefix, has.period, asked.period);
    case Shape::number: return ends_match(asked, has);
    case Shape::quantity: case Shape::range:
      return parameter.kind == ParameterKind::number ? ends_match(asked, has) : quantity_matches(asked, has);
  }
  return false;
}

// identifier:of-type: one of the type's codings, and the value.
bool Matcher::of_type_matches(const SearchValue& asked, const Extracted& has, const Document& document) {
  if (has.node == fhirpath::no_node || asked.code != has.code) return false;
  const auto type = document.find(has.node, "type");
  const auto codings = type == fhirpath::no_node ? type : document.find(type, "coding");
  if (codings == fhirpath::no_node || document.kind(codings) != fhirpath::NodeKind::array) return false;
  for (const auto coding : document.children(codings)) {
    const Extracted one{.shape = Shape::token, .has_system = true, .system = document.text_of(coding, "system"), .code = document.text_of(coding, "code")};
    if (token_matches(asked.parts[0], one)) return true;
  }
  return false;
}

bool Matcher::composite_matches(const Criterion& criterion, const Document& document) {
  const auto& plan = ExtractionPlan::of_composite(criterion.type, *criterion.parameter);
  bases_.clear();
  plan.bases.nodes(document, document.root(), bases_);
  for (const SearchValue& asked : criterion.values)
    for (const auto base : bases_) {
      bool all = true;
      for (std::size_t i = 0; all && i < asked.parts.size(); ++i) {
        more_.clear();
        plan.components[i].run(document, base, more_);
        plan.from_resource[i].run(document, document.root(), more_);
        all = std::any_of(more_.begin(), more_.end(), [&](const Extracted& has) {
          return value_matches(*criterion.parameter->components[i].definition, Modifier::none, {}, asked.parts[i], has);
        });
      }
      if (all) return true;
    }
  return false;
}

bool Matcher::matches(const Criterion& criterion, const Document& document, std::int64_t instant) {
  if (!criterion.any_of.empty())
    return std::any_of(criterion.any_of.begin(), criterion.any_of.end(), [&](const Criterion& one) { return matches(one, document, instant); });
  const Parameter& parameter = *criterion.parameter;
  if (parameter.kind == ParameterKind::composite) return composite_matches(criterion, document);
  const auto any = [&](const auto& test) { return std::any_of(criterion.values.begin(), criterion.values.end(), test); };
  if (parameter.code == "_lastUpdated")
    return criterion.modifier == Modifier::missing ? !criterion.missing
                                                   : any([&](const SearchValue& v) { return prefix_holds(v.prefix, {instant, instant}, v.period); });
  values_.clear();
  ExtractionPlan::of_parameter(criterion.type, parameter).run(document, document.root(), values_);
  if (criterion.modifier == Modifier::missing) return values_.empty() == criterion.missing;
  const bool found = std::any_of(values_.begin(), values_.end(), [&](const Extracted& has) {
    if (criterion.modifier == Modifier::of_type) return any([&](const SearchValue& asked) { return of_type_matches(asked, has, document); });
    return any([&](const SearchValue& asked) { return value_matches(parameter, criterion.modifier, criterion.target_type, asked, has); });
  });
  return found != (criterion.modifier == Modifier::negated || criterion.modifier == Modifier::not_in);
}

}  // namespace joinedup::fhir
