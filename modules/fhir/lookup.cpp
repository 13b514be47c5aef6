// From criteria to what the index is asked.
#include <algorithm>
#include <cmath>

#include "fhir/search.hpp"

namespace joinedup::fhir {

namespace {

// The doubles around an exact number, one step further out: the index proposes, the resource decides.
Period double_range(const fhirpath::Decimal& low, const fhirpath::Decimal& high) {
  const double a = low.to_double(), b = high.to_double();
  const double slack = 1e-9 * std::max({std::fabs(a), std::fabs(b), 1e-300});
  return {sortable(a - slack), sortable(b + slack)};
}

// A prefix as the index may ask it with bounds that are a little too wide: never less than is true.
Prefix widened(Prefix prefix) {
  switch (prefix) {
    case Prefix::sa: case Prefix::gt: return Prefix::ge;
    case Prefix::eb: case Prefix::lt: return Prefix::le;
    default: return prefix;
  }
}

}  // namespace

void Search::value_lookup(const Criterion& criterion, const Parameter& parameter, const SearchValue& value, Lookup& out) {
  const std::uint64_t p = keys_.parameter(criterion.type, parameter.code);
  const auto token = [&](Keys::Part part, std::string_view system, std::string_view code) { out.tokens.push_back(keys_.token(p, part, system, code)); };
  const auto anything = [&] {
    token(Keys::Part::present, {}, {});
    out.exact = false;
  };
  switch (parameter.kind) {
    case ParameterKind::token:
      if (criterion.modifier == Modifier::text) return anything();
      if (criterion.modifier == Modifier::of_type) return out.exact = false, token(Keys::Part::code, {}, value.code);
      if (criterion.modifier == Modifier::in || criterion.modifier == Modifier::not_in) {
        out.exact = false;
        if (value.code.empty()) return token(Keys::Part::system, value.system, {});
        // A plain code's system is not written: it may be meant. What is left out must be certain, so not for :not-in.
        if (criterion.modifier == Modifier::in && !value.system.empty()) token(Keys::Part::system_code, {}, value.code);
        return token(Keys::Part::system_code, value.system, value.code);
      }
      if (value.system_is == SearchValue::System::any) return token(Keys::Part::code, {}, value.code);
      if (value.code.empty()) return token(Keys::Part::system, value.system, {});
      return token(Keys::Part::system_code, value.system, value.code);
    case ParameterKind::uri:
      if (criterion.modifier != Modifier::none) return anything();
      return token(Keys::Part::uri, {}, value.text);
    case ParameterKind::string: {
      if (criterion.modifier == Modifier::contains || value.folded.empty()) return anything();
      out.kind = Lookup::Kind::columns;
      const auto [low, high] = Keys::text_range(value.folded);
      out.ranges.push_back({keys_.column(p), Prefix::eq, {low, high}});
      if (value.folded.size() > 8 || criterion.modifier == Modifier::exact) out.exact = false;
      return;
    }
    case ParameterKind::reference:
      if (criterion.modifier == Modifier::identifier) {
        if (value.system_is == SearchValue::System::any) return token(Keys::Part::identifier_code, {}, value.code);
        if (value.code.empty()) return token(Keys::Part::identifier_system, value.system, {});
        return token(Keys::Part::identifier_system_code, value.system, value.code);
      }
      if (value.reference.find('/') == value.reference.npos && value.reference.find(':') == value.reference.npos) {
        out.tokens.push_back(keys_.reference(p, keys_.self(value.reference)));
        if (!criterion.target_type.empty()) out.tokens.push_back(keys_.reference(p, keys_.self(criterion.target_type, value.reference)));
        else
          for (const auto& target : parameter.targets) out.tokens.push_back(keys_.reference(p, keys_.self(target, value.reference)));
        return;
      }
      out.tokens.push_back(keys_.reference(p, keys_.self(value.reference)));
      return;
    case ParameterKind::date:
      if (parameter.code == "_lastUpdated") {
        out.kind = Lookup::Kind::instants;
        out.ranges.push_back({0, value.prefix, value.period});
        return;
      }
      out.kind = Lookup::Kind::columns;
      out.ranges.push_back({keys_.column(p), value.prefix, value.period});
      return;
    case ParameterKind::number: case ParameterKind::quantity: {
      if (value.prefix == Prefix::ne || value.prefix == Prefix::ap) return anything();
      out.kind = Lookup::Kind::columns;
      out.exact = false;
      const NumberText& n = *value.number;
      const bool ranged = value.prefix == Prefix::eq;
      const auto put = [&](std::uint64_t column, const Period& asked) { out.ranges.push_back({column, widened(value.prefix), asked}); };
      const Period plain = double_range(ranged ? n.low : n.value, ranged ? n.high : n.value);
      // `ge` on a range too wide must begin at its low end: the low end is what a greater value exceeds.
      const auto loose = [&](Period asked) {
        if (widened(value.prefix) == Prefix::ge) asked.high = asked.low;
        if (widened(value.prefix) == Prefix::le) asked.low = asked.high;
        return asked;
      };
      if (value.system.empty() && value.code.empty()) return put(keys_.column(p), loose(plain));
      if (value.system.empty()) return put(keys_.code_column(p, value.code), loose(plain));
      const auto low = canonical_quantity((ranged ? n.low : n.value).to_double(), value.system, value.code);
      const auto high = canonical_quantity((ranged ? n.high : n.value).to_double(), value.system, value.code);
      if (!low || !high) return put(keys_.unit_column(p, value.system, value.code), loose(plain));
      const double slack = 1e-9 * std::max({std::fabs(low->value), std::fabs(high->value), 1e-300});
      return put(keys_.unit_column(p, ucum_system, std::to_string(low->dimension)), loose({sortable(low->value - slack), sortable(high->value + slack)}));
    }
    case ParameterKind::composite: case ParameterKind::special: return anything();
  }
}

Result<void> Search::lookups(std::string_view type, const Criterion& criterion, std::vector<Lookup>& out) {
  if (!criterion.any_of.empty()) return union_lookup(type, criterion, out);
  if (!criterion.list.empty()) return list_lookup(type, criterion, out);
  if (criterion.has != nullptr) return has_lookup(criterion, out);
  if (!criterion.chain.empty()) return chain_lookup(criterion, out);
  const Parameter& parameter = *criterion.parameter;
  Lookup lookup;
  lookup.what = parameter.code;
  if (parameter.code == "_id") {
    lookup.kind = Lookup::Kind::rows;
    const Index::View view = index_.view();
    for (const auto& value : criterion.values) {
      const Row row = current_row(view, keys_.self(type, value.code));
      if (row != no_row) lookup.rows.push_back(row);
    }
    std::sort(lookup.rows.begin(), lookup.rows.end());
    lookup.rows.erase(std::unique(lookup.rows.begin(), lookup.rows.end()), lookup.rows.end());
    if (criterion.modifier == Modifier::negated) lookup.sense = Lookup::Sense::fails;
    if (criterion.modifier != Modifier::missing) out.push_back(std::move(lookup));
    return {};
  }
  if (criterion.modifier == Modifier::missing) {
    if (parameter.code == "_lastUpdated") {
      if (criterion.missing) lookup.kind = Lookup::Kind::rows, out.push_back(std::move(lookup));  // never missing
      return {};
    }
    lookup.tokens.push_back(keys_.token(keys_.parameter(criterion.type, parameter.code), Keys::Part::present, {}, {}));
    lookup.sense = criterion.missing ? Lookup::Sense::fails : Lookup::Sense::holds;
    out.push_back(std::move(lookup));
    return {};
  }
  if (parameter.kind == ParameterKind::composite) {
    // Each component's own index holds a superset; with several values the first component's values together do.
    const std::size_t parts = criterion.values.size() == 1 ? parameter.components.size() : 1;
    for (std::size_t i = 0; i < parts; ++i) {
      Lookup part;
      part.what = parameter.code + "$" + parameter.components[i].code;
      part.exact = false;
      Criterion plain;
      plain.type = criterion.type;
      for (const auto& value : criterion.values) value_lookup(plain, *parameter.components[i].definition, value.parts[i], part);
      if (!part.tokens.empty() && !part.ranges.empty()) continue;  // of two kinds: the others, and the check, decide
      part.exact = false;
      out.push_back(std::move(part));
    }
    return {};
  }
  for (const auto& value : criterion.values) value_lookup(criterion, parameter, value, lookup);
  if (!lookup.tokens.empty() && !lookup.ranges.empty()) {  // numbers of which one asks for anything
    lookup.kind = Lookup::Kind::tokens;
    lookup.ranges.clear();
    lookup.tokens = {keys_.token(keys_.parameter(criterion.type, parameter.code), Keys::Part::present, {}, {})};
    lookup.exact = false;
  }
  if (criterion.modifier == Modifier::negated || criterion.modifier == Modifier::not_in) lookup.sense = Lookup::Sense::fails;
  if (lookup.tokens.empty() && lookup.ranges.empty()) lookup.kind = Lookup::Kind::rows;  // an empty value set
  out.push_back(std::move(lookup));
  return {};
}

// A compartment: hashes of its references; of the patient's own type its rows besides.
Result<void> Search::union_lookup(std::string_view type, const Criterion& criterion, std::vector<Lookup>& out) {
  Lookup all;
  all.what = "compartment";
  std::vector<Lookup> parts;
  for (const Criterion& one : criterion.any_of) JOINEDUP_CHECK(lookups(type, one, parts));
  for (Lookup& part : parts) {
    all.exact = all.exact && part.exact;
    all.tokens.insert(all.tokens.end(), part.tokens.begin(), part.tokens.end());
    all.rows.insert(all.rows.end(), part.rows.begin(), part.rows.end());
  }
  if (!all.rows.empty()) {
    all.kind = Lookup::Kind::rows;
    const Index::View view = index_.view();
    for (const auto& segment : view.segments())
      for (const auto key : all.tokens) {
        PostingsCursor cursor(segment->tokens(key));
        for (Row row = cursor.seek(0); row != no_row && all.rows.size() <= limits_.linked; row = cursor.seek(row + 1))
          if (!view.dead().has(row)) all.rows.push_back(row);
      }
    if (all.rows.size() > limits_.linked) return fail(ErrorCode::too_large, "The compartment holds too much to be looked through.");
    all.tokens.clear();
    std::sort(all.rows.begin(), all.rows.end());
    all.rows.erase(std::unique(all.rows.begin(), all.rows.end()), all.rows.end());
  }
  out.push_back(std::move(all));
  return {};
}

// _list: what a List's entries refer to.
Result<void> Search::list_lookup(std::string_view type, const Criterion& criterion, std::vector<Lookup>& out) {
  Lookup lookup;
  lookup.kind = Lookup::Kind::rows;
  lookup.what = "_list";
  JOINEDUP_TRY(const auto list, current("List", criterion.list));
  fhirpath::Document document;
  const bool readable = list && document.parse(list->text) &&
                        (permit_.everything() || permit_.allows(Action::chain, {list->type, list->id, &document}));
  const auto entries = readable ? document.find(document.root(), "entry") : fhirpath::no_node;
  if (entries != fhirpath::no_node) {
    const Index::View view = index_.view();
    for (const auto entry : document.children(entries)) {
      const auto item = document.find(entry, "item");
      if (item == fhirpath::no_node || document.text_of(entry, "deleted") == "true") continue;
      const auto plain = plain_reference(document.text_of(item, "reference"), keys_.base_url());
      if (!plain.starts_with(type) || plain.size() <= type.size() || plain[type.size()] != '/') continue;
      if (const Row row = current_row(view, keys_.self(plain)); row != no_row) lookup.rows.push_back(row);
    }
  }
  std::sort(lookup.rows.begin(), lookup.rows.end());
  lookup.rows.erase(std::unique(lookup.rows.begin(), lookup.rows.end()), lookup.rows.end());
  out.push_back(std::move(lookup));
  return {};
}

Result<void> Search::chain_lookup(const Criterion& criterion, std::vector<Lookup>& out) {
  Lookup lookup;
  lookup.what = criterion.parameter->code + ".";
  const std::uint64_t p = keys_.parameter(criterion.type, criterion.parameter->code);
  for (const Linked& step : criterion.chain) {
    Request request{.type = step.type, .criteria = {step.criterion.get()}, .most = limits_.linked + 1,
                    .bodies = Request::Bodies::if_inexact, .action = Action::chain};
    JOINEDUP_TRY(const auto found, find(request));
    if (found.size() + lookup.tokens.size() > limits_.linked)
      return fail(ErrorCode::too_large, "The chained search leads through more than " + std::to_string(limits_.linked) +
                                            " resources. Ask for less at its end.");
    const Index::View view = index_.view();
    for (const Found& one : found) lookup.tokens.push_back(keys_.reference(p, view.of(one.row).self(one.row)));
  }
  if (lookup.tokens.empty()) lookup.kind = Lookup::Kind::rows;
  out.push_back(std::move(lookup));
  return {};
}

Result<void> Search::has_lookup(const Criterion& criterion, std::vector<Lookup>& out) {
  Lookup lookup;
  lookup.kind = Lookup::Kind::rows;
  lookup.what = "_has:" + criterion.has_type;
  Request request{.type = criterion.has_type, .criteria = {criterion.has.get()}, .most = limits_.linked + 1, .action = Action::chain};
  JOINEDUP_TRY(const auto found, find(request));
  if (found.size() > limits_.linked)
    return fail(ErrorCode::too_large, "The _has search leads through more than " + std::to_string(limits_.linked) + " resources. Ask for less.");
  const auto& plan = ExtractionPlan::of_parameter(criterion.has_type, *criterion.parameter);
  std::vector<Extracted> values;
  const Index::View view = index_.view();
  for (const Found& one : found) {
    if (!document_.parse(one.version->text)) continue;
    values.clear();
    plan.run(document_, document_.root(), values);
    for (const Extracted& value : values) {
      if (value.shape != Shape::reference) continue;
      const auto plain = plain_reference(value.code, keys_.base_url());
      if (!plain.starts_with(criterion.type) || plain.size() <= criterion.type.size() || plain[criterion.type.size()] != '/') continue;
      const Row row = current_row(view, keys_.self(plain));
      if (row != no_row) lookup.rows.push_back(row);
    }
  }
  std::sort(lookup.rows.begin(), lookup.rows.end());
  lookup.rows.erase(std::unique(lookup.rows.begin(), lookup.rows.end()), lookup.rows.end());
  out.push_back(std::move(lookup));
  return {};
}

}  // namespace joinedup::fhir
