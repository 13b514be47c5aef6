// Conversions, mathematics, boundaries and precision.
#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "fhirpath/evaluate.hpp"

namespace joinedup::fhirpath {

namespace {

// '4 days', '1 \'wk\'', '1.0': FHIRPath 2.0.0 §5.5 toQuantity.
std::optional<QuantityData> read_quantity(std::string_view text) {
  text = trim(text);
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  while (at < text.size() && ((text[at] >= '0' && text[at] <= '9') || text[at] == '.')) ++at;
  auto value = Decimal::parse(text.substr(0, at));
  if (!value) return std::nullopt;
  std::string_view unit = trim(text.substr(at));
  if (unit.empty()) return QuantityData{*value, "1", UnitKind::ucum};
  if (unit.size() >= 2 && unit.front() == '\'' && unit.back() == '\'')
    return QuantityData{*value, unit.substr(1, unit.size() - 2), UnitKind::ucum};
  if (is_calendar_word(unit)) return QuantityData{*value, unit, UnitKind::calendar};
  return std::nullopt;
}

bool is_integer_text(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

FunctionId base_conversion(FunctionId id) {
  using F = FunctionId;
  switch (id) {
    case F::convertsToBoolean: return F::toBoolean;
    case F::convertsToInteger: return F::toInteger;
    case F::convertsToDecimal: return F::toDecimal;
    case F::convertsToDate: return F::toDate;
    case F::convertsToDateTime: return F::toDateTime;
    case F::convertsToTime: return F::toTime;
    case F::convertsToQuantity: return F::toQuantity;
    case F::convertsToString: return F::toString;
    default: return F::none;
  }
}

}  // namespace

std::optional<Value> Evaluator::convert(FunctionId to, const Value& value) {
  using F = FunctionId;
  Value v = system(value);
  std::string_view text = v.kind() == ValueKind::string ? v.string() : std::string_view{};
  bool is_text = v.kind() == ValueKind::string;
  auto n = number(v);
  switch (to) {
    case F::toBoolean: {
      if (v.kind() == ValueKind::boolean) return v;
      if (n && n->compare(Decimal::of(std::int64_t{1})) == 0) return Value::of(true);
      if (n && n->compare(Decimal::of(std::int64_t{0})) == 0) return Value::of(false);
      std::string low = lower_ascii(text);
      for (std::string_view yes : {"true", "t", "yes", "y", "1", "1.0"})
        if (is_text && low == yes) return Value::of(true);
      for (std::string_view no : {"false", "f", "no", "n", "0", "0.0"})
        if (is_text && low == no) return Value::of(false);
      return std::nullopt;
    }
    case F::toInteger:
      if (v.kind() == ValueKind::integer) return v;
      if (v.kind() == ValueKind::boolean) return Value::of(std::int64_t{v.boolean()});
      if (is_text && is_integer_text(text))
        if (auto d = Decimal::parse(text))
          if (auto i = d->to_integer()) return Value::of(*i);
      return std::nullopt;
    case F::toDecimal:
      if (n) return make(*n);
      if (v.kind() == ValueKind::boolean) return make(Decimal{v.boolean() ? 10 : 0, 1});
      if (is_text && text.find_first_of("eE") == std::string_view::npos)
        if (auto d = Decimal::parse(text)) return make(*d);
      return std::nullopt;
    case F::toDate:
      if (v.kind() == ValueKind::date) return v;
      if (v.kind() == ValueKind::date_time) return make(Cell::temporal(v).date_part(), ValueKind::date);
      if (is_text) {
        if (auto t = Temporal::parse_date(text)) return make(*t, ValueKind::date);
        if (auto t = Temporal::parse_date_time(text)) return make(t->date_part(), ValueKind::date);
      }
      return std::nullopt;
    case F::toDateTime:
      if (v.kind() == ValueKind::date_time) return v;
      if (v.kind() == ValueKind::date) return make(Cell::temporal(v), ValueKind::date_time);
      if (is_text)
        if (auto t = Temporal::parse_date_time(text)) return make(*t, ValueKind::date_time);
      return std::nullopt;
    case F::toTime:
      if (v.kind() == ValueKind::time) return v;
      if (is_text)
        if (auto t = Temporal::parse_time(text)) return make(*t, ValueKind::time);
      return std::nullopt;
    case F::toQuantity:
      if (v.kind() == ValueKind::quantity) return v;
      if (auto q = quantity(v)) return make(*q);
      if (v.kind() == ValueKind::boolean) return make(QuantityData{Decimal{v.boolean() ? 10 : 0, 1}, "1", UnitKind::ucum});
      if (is_text)
        if (auto q = read_quantity(text)) return make(*q);
      return std::nullopt;
    case F::toString:
      if (is_text) return v;
      if (v.is_node() || v.kind() == ValueKind::type) return std::nullopt;
      if (value.is_node() && v.kind() != ValueKind::quantity) return Value::of_string(value.document()->text(value.node()));
      return make_string(v.to_text());
    default: return std::nullopt;
  }
}

bool Evaluator::conversion_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out) {
  if (tree.function < FunctionId::toBoolean || tree.function > FunctionId::convertsToTime) return false;
  const Value* one = single(input, ("the input of " + tree.name + "()").c_str());
  if (one == nullptr) return true;
  FunctionId base = base_conversion(tree.function);
  bool asks = base != FunctionId::none;
  auto made = convert(asks ? base : tree.function, *one);
  if (made && made->kind() == ValueKind::quantity && !tree.arguments.empty()) {
    auto unit = string(argument(tree, 0, scope), "the unit");
    const QuantityData& q = Cell::quantity(*made);
    if (unit && *unit != q.unit) {
      auto from = unit_scale(q.unit, q.kind), to = unit_scale(*unit, UnitKind::ucum);
      std::optional<Decimal> moved;
      if (from && to && same_dimension(*from, *to))
        moved = Decimal::of(static_cast<double>(
            (static_cast<long double>(q.value.to_double()) + from->offset) * from->factor / to->factor - to->offset), 12);
      if (moved) made = make(QuantityData{moved->trimmed(), context_.keep(*unit), UnitKind::ucum});
      else made.reset();
    }
  }
  if (asks) out.push_back(Value::of(made.has_value()));
  else if (made) out.push_back(*made);
  return true;
}

void Evaluator::boundary(const Tree& tree, const Collection& input, const Scope& scope, Collection& out) {
  bool low = tree.function == FunctionId::lowBoundary;
  const Value* one = single(input, "the input of a boundary");
  if (one == nullptr) return;
  Value v = system(*one);
  std::optional<std::int64_t> digits;
  if (!tree.arguments.empty()) {
    digits = integer(argument(tree, 0, scope), "a precision");
    if (!digits) return;
  }
  // Half a unit of the last digit to either side, then outwards to the digits asked for.
  auto decimal_boundary = [&](const Decimal& d) -> std::optional<Decimal> {
    std::int64_t places = digits.value_or(8);
    if (places < 0 || places > 31) return std::nullopt;
    auto wide = d.with_decimals(d.decimals + 1);
    if (!wide) return std::nullopt;
    wide->digits += low ? -5 : 5;
    // A value that vanishes at the precision asked for stays 0 there, as the suite asks.
    auto cut = d.with_decimals(static_cast<int>(places));
    if (d.digits != 0 && cut && cut->digits == 0 && d.decimals > places) return cut;
    return low ? wide->floor_at(static_cast<int>(places)) : wide->ceiling_at(static_cast<int>(places));
  };
  switch (v.kind()) {
    case ValueKind::integer:
    case ValueKind::decimal:
      if (auto d = decimal_boundary(*number(v))) out.push_back(make(*d));
      return;
    case ValueKind::quantity: {
      QuantityData q = Cell::quantity(v);
      if (auto d = decimal_boundary(q.value)) {
        q.value = *d;
        out.push_back(make(q));
      }
      return;
    }
    case ValueKind::date:
    case ValueKind::date_time:
    case ValueKind::time: {
      bool is_time = v.kind() == ValueKind::time, is_date = v.kind() == ValueKind::date;
      std::int64_t wanted = digits.value_or(is_time ? 9 : is_date ? 8 : 17);
      if (wanted < 0 || wanted > 17) return;
      const Temporal& t = Cell::temporal(v);
      auto found = low ? t.low_boundary(static_cast<int>(wanted), is_time, is_date)
                       : t.high_boundary(static_cast<int>(wanted), is_time, is_date);
      if (!found) return;
      out.push_back(make(*found, v.kind()));
      return;
    }
    default: evaluation_fault("a boundary is asked of a value that has none");
  }
}

bool Evaluator::number_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out) {
  using F = FunctionId;
  const F f = tree.function;
  if (f == F::lowBoundary || f == F::highBoundary) {
    boundary(tree, input, scope, out);
    return true;
  }
  if (f == F::sum || f == F::min || f == F::max || f == F::avg) {
    if (input.empty()) return true;
    Value best = system(input[0]);
    Collection total(best);
    for (std::size_t i = 1; i < input.size(); ++i) {
      Value v = system(input[i]);
      if (f == F::min || f == F::max) {
        auto order = compare(v, best);
        if (order && (f == F::min ? *order < 0 : *order > 0)) best = v;
      } else {
        Collection next;
        arithmetic(Op::add, total, Collection(v), next);
        total = std::move(next);
      }
    }
    if (f == F::min || f == F::max) out.push_back(best);
    else if (f == F::sum) out.append(total);
    else arithmetic(Op::divide, total, Collection(Value::of(static_cast<std::int64_t>(input.size()))), out);
    return true;
  }
  bool known = (f >= F::abs && f <= F::truncate) || f == F::precision || f == F::comparable;
  if (!known) return false;
  const Value* one = single(input, ("the input of " + tree.name + "()").c_str());
  if (one == nullptr) return true;
  Value v = system(*one);
  if (f == F::comparable) {
    Collection other = argument(tree, 0, scope);
    const Value* second = single(other, "the argument of comparable()");
    if (second == nullptr) return true;
    auto a = quantity(v), b = quantity(system(*second));
    if (!a || !b) evaluation_fault("comparable() is asked of a value that is no quantity");
    auto s = unit_scale(a->unit, a->kind), t = unit_scale(b->unit, b->kind);
    out.push_back(Value::of(a->unit == b->unit || (s && t && same_dimension(*s, *t))));
    return true;
  }
  if (f == F::precision) {
    if (auto n = number(v)) out.push_back(Value::of(std::int64_t{n->decimals}));
    else if (v.kind() == ValueKind::date || v.kind() == ValueKind::date_time || v.kind() == ValueKind::time)
      out.push_back(Value::of(std::int64_t{Cell::temporal(v).precision_digits(v.kind() == ValueKind::time)}));
    else evaluation_fault("precision() is asked of a value that has none");
    return true;
  }
  if (f == F::abs && v.kind() == ValueKind::quantity) {
    QuantityData q = Cell::quantity(v);
    if (q.value.digits < 0) q.value = q.value.negated();
    out.push_back(make(q));
    return true;
  }
  auto n = number(v);
  if (!n) evaluation_fault("the input of " + tree.name + "() is not a number");
  bool whole = v.kind() == ValueKind::integer;
  auto put_whole = [&](const std::optional<Decimal>& d) {
    if (!d) return;
    if (auto i = d->to_integer()) out.push_back(Value::of(*i));
  };
  auto put_real = [&](double value) {
    if (!std::isfinite(value)) return;
    // As many decimals as a double holds beside its whole part.
    int size = value == 0 ? 0 : static_cast<int>(std::floor(std::log10(std::abs(value))));
    if (auto d = Decimal::of(value, std::clamp(14 - size, 0, 16))) {
      Decimal t = d->trimmed();
      if (t.decimals == 0) t = t.with_decimals(1).value_or(t);
      out.push_back(make(t));
    }
  };
  auto argument_number = [&]() -> std::optional<Decimal> {
    Collection given = argument(tree, 0, scope);
    const Value* a = single(given, "an argument");
    if (a == nullptr) return std::nullopt;
    auto d = number(system(*a));
    if (!d) evaluation_fault("an argument of " + tree.name + "() is not a number");
    return d;
  };
  switch (f) {
    case F::abs:
      if (n->digits < 0) n = n->negated();
      if (whole) put_whole(n);
      else out.push_back(make(*n));
      return true;
    case F::ceiling: put_whole(n->ceiling_at(0)); return true;
    case F::floor: put_whole(n->floor_at(0)); return true;
    case F::truncate: put_whole(n->with_decimals(0)); return true;
    case F::exp: put_real(std::exp(n->to_double())); return true;
    case F::ln:
      if (n->digits > 0) put_real(std::log(n->to_double()));
      return true;
    case F::sqrt:
      if (n->digits >= 0) put_real(std::sqrt(n->to_double()));
      return true;
    case F::log: {
      auto base = argument_number();
      if (base && n->digits > 0 && base->digits > 0) put_real(std::log(n->to_double()) / std::log(base->to_double()));
      return true;
    }
    case F::power: {
      auto exponent = argument_number();
      if (!exponent) return true;
      if (exponent->is_whole() && exponent->digits >= 0) {  // exact while it fits
        std::int64_t times = exponent->to_integer().value_or(1000);
        std::optional<Decimal> r = Decimal::of(std::int64_t{1});
        for (std::int64_t i = 0; i < times && r && i < 200; ++i) r = r->multiply(*n);
        if (r && times < 200) {
          if (whole) put_whole(r);
          else out.push_back(make(*r));
          return true;
        }
      }
      put_real(std::pow(n->to_double(), exponent->to_double()));
      return true;
    }
    case F::round: {
      std::int64_t places = 0;
      if (!tree.arguments.empty()) {
        auto wanted = integer(argument(tree, 0, scope), "the precision of round()");
        if (!wanted) return true;
        if (*wanted < 0) evaluation_fault("the precision of round() is below 0");
        places = std::min<std::int64_t>(*wanted, 38);
      }
      if (whole) out.push_back(v);
      else if (auto r = n->rounded(std::min(static_cast<int>(places), n->decimals))) out.push_back(make(*r));
      return true;
    }
    default: return false;
  }
}

}  // namespace joinedup::fhirpath
