// =, ~, <, + and their kin.
#include <algorithm>

#include "base/text.hpp"
#include "fhirpath/evaluate.hpp"

namespace joinedup::fhirpath {

namespace {

bool is_temporal(const Value& v) { return v.kind() == ValueKind::date || v.kind() == ValueKind::date_time; }

// ~ of texts: case and runs of white space do not count.
std::string plain_text(std::string_view text) {
  std::string out;
  for (char c : trim(text)) {
    bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (space && !out.empty() && out.back() == ' ') continue;
    out += space ? ' ' : c;
  }
  return lower_ascii(out);
}

}  // namespace

bool Evaluator::same_nodes(const Document& a, NodeIndex x, const Document& b, NodeIndex y, bool loosely) {
  step();
  const Node &p = a.node(x), &q = b.node(y);
  if (p.kind != q.kind) return false;
  switch (p.kind) {
    case NodeKind::null: return true;
    case NodeKind::boolean: return a.text(x) == b.text(y);
    case NodeKind::string:
      return loosely ? plain_text(a.text(x)) == plain_text(b.text(y)) : a.text(x) == b.text(y);
    case NodeKind::number: {
      auto m = Decimal::parse(a.text(x)), n = Decimal::parse(b.text(y));
      return m && n ? m->compare(*n) == 0 : a.text(x) == b.text(y);
    }
    case NodeKind::array: {
      auto s = x + 1, t = y + 1;
      for (; s < p.end && t < q.end; s = a.node(s).end, t = b.node(t).end)
        if (!same_nodes(a, s, b, t, loosely)) return false;
      return s >= p.end && t >= q.end;
    }
    case NodeKind::object: {
      std::size_t here = 0, there = 0;
      for (auto at : a.children(x)) {
        ++here;
        step();
        NodeIndex other = no_node;
        NameId name = a.node(at).name;
        if ((name & ~shadow_bit) < Model::r4().name_count()) {
          other = b.find(y, name);
        } else {
          for (auto candidate : b.children(y))
            if (b.name(candidate) == a.name(at) && (b.node(candidate).name & shadow_bit) == (name & shadow_bit)) other = candidate;
        }
        if (other == no_node || !same_nodes(a, at, b, other, loosely)) return false;
      }
      for (auto at : b.children(y)) {
        (void)at;
        ++there;
      }
      return here == there;
    }
  }
  return false;
}

bool Evaluator::same_elements(const Value& a, const Value& b, bool loosely) {
  if (a.document() == b.document() && a.node() == b.node() && a.shadow() == b.shadow()) return true;
  if ((a.node() == no_node) != (b.node() == no_node)) return false;
  if (a.node() == no_node && (a.shadow() == no_node || b.shadow() == no_node)) return false;
  if (a.node() == no_node) return same_nodes(*a.document(), a.shadow(), *b.document(), b.shadow(), loosely);
  return same_nodes(*a.document(), a.node(), *b.document(), b.node(), loosely);
}

std::optional<bool> Evaluator::equal(const Value& left, const Value& right) {
  Value a = system(left), b = system(right);
  if (a.is_node() || b.is_node()) return a.is_node() && b.is_node() && same_elements(a, b, false);
  if (a.kind() == ValueKind::type || b.kind() == ValueKind::type) return a.kind() == b.kind() && a.type() == b.type();
  auto settled = [](std::optional<int> order) -> std::optional<bool> {
    if (!order) return std::nullopt;
    return *order == 0;
  };
  if (a.kind() == ValueKind::integer && b.kind() == ValueKind::integer) return a.integer() == b.integer();
  if (a.kind() == ValueKind::string && b.kind() == ValueKind::string) return a.string() == b.string();
  if (a.kind() == ValueKind::boolean && b.kind() == ValueKind::boolean) return a.boolean() == b.boolean();
  if (is_temporal(a) && is_temporal(b)) return settled(Cell::temporal(a).compare(Cell::temporal(b)));
  if (a.kind() == ValueKind::time && b.kind() == ValueKind::time)
    return settled(Cell::temporal(a).compare(Cell::temporal(b)));
  auto m = number(a), n = number(b);
  if (m && n) return m->compare(*n) == 0;
  if (a.kind() == ValueKind::quantity || b.kind() == ValueKind::quantity) {
    auto p = quantity(a), q = quantity(b);
    if (p && q) return settled(compare_quantities(*p, *q));
  }
  return false;
}

std::optional<bool> Evaluator::equal(const Collection& a, const Collection& b) {
  if (a.empty() || b.empty()) return std::nullopt;
  if (a.size() != b.size()) return false;
  bool open = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto same = equal(a[i], b[i]);
    if (same && !*same) return false;
    if (!same) open = true;
  }
  if (open) return std::nullopt;
  return true;
}

bool Evaluator::equivalent(const Value& left, const Value& right) {
  Value a = system(left), b = system(right);
  if (a.is_node() || b.is_node()) return a.is_node() && b.is_node() && same_elements(a, b, true);
  if (a.kind() == ValueKind::string && b.kind() == ValueKind::string)
    return plain_text(a.string()) == plain_text(b.string());
  if ((is_temporal(a) && is_temporal(b)) || (a.kind() == ValueKind::time && b.kind() == ValueKind::time))
    return Cell::temporal(a).equivalent(Cell::temporal(b));
  auto m = number(a), n = number(b);
  if (m && n) {
    int places = std::min(m->trimmed().decimals, n->trimmed().decimals);
    auto p = m->rounded(places), q = n->rounded(places);
    return p && q && p->compare(*q) == 0;
  }
  if (a.kind() == ValueKind::quantity || b.kind() == ValueKind::quantity) {
    auto p = quantity(a), q = quantity(b);
    return p && q && equivalent_quantities(*p, *q);
  }
  return equal(a, b).value_or(false);
}

bool Evaluator::equivalent(const Collection& a, const Collection& b) {
  if (a.size() != b.size()) return false;
  std::vector<bool> used(b.size());
  for (const Value& one : a) {
    bool found = false;
    for (std::size_t i = 0; i < b.size() && !found; ++i) {
      step();
      if (used[i] || !equivalent(one, b[i])) continue;
      used[i] = found = true;
    }
    if (!found) return false;
  }
  return true;
}

bool Evaluator::holds(const Collection& values, const Value& value) {
  step(values.size());
  for (const Value& one : values)
    if (equal(one, value).value_or(false)) return true;
  return false;
}

namespace {

std::uint64_t mix(std::uint64_t h) {
  h = (h ^ (h >> 31)) * 0x9E3779B97F4A7C15ULL;
  h = (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9ULL;
  return h ^ (h >> 32);
}

std::uint64_t hash_text(std::string_view text) { return std::hash<std::string_view>{}(text); }

std::uint64_t hash_number(const Decimal& d) {
  Decimal t = d.trimmed();
  return mix(static_cast<std::uint64_t>(t.digits) ^ (static_cast<std::uint64_t>(t.digits >> 64) * 31) ^
             (static_cast<std::uint64_t>(t.decimals) << 56));
}

}  // namespace

std::uint64_t Evaluator::hash_node(const Document& document, NodeIndex node) {
  step();
  const Node& n = document.node(node);
  switch (n.kind) {
    case NodeKind::null: return 1;
    case NodeKind::boolean:
    case NodeKind::string: return hash_text(document.text(node));
    case NodeKind::number: {
      auto d = Decimal::parse(document.text(node));
      return d ? hash_number(*d) : hash_text(document.text(node));
    }
    case NodeKind::array: {
      std::uint64_t h = 3;
      for (NodeIndex at : document.children(node)) h = mix(h + hash_node(document, at));
      return h;
    }
    case NodeKind::object: {  // the order of properties does not count
      std::uint64_t h = 5;
      for (NodeIndex at : document.children(node))
        h += mix(hash_text(document.name(at)) + mix(hash_node(document, at) + (document.node(at).name >> 31)));
      return h;
    }
  }
  return 0;
}

std::uint64_t Evaluator::hash(const Value& v) {
  if (v.is_node()) {
    NodeIndex at = v.node() != no_node ? v.node() : v.shadow();
    return at == no_node ? 0 : hash_node(*v.document(), at);
  }
  if (auto n = number(v)) return hash_number(*n);
  if (v.kind() == ValueKind::string) return hash_text(v.string());
  if (v.kind() == ValueKind::boolean) return v.boolean() ? 11 : 13;
  return v.type();
}

bool Members::firm(const Value& v) const {
  return v.kind() != ValueKind::date && v.kind() != ValueKind::date_time && v.kind() != ValueKind::time &&
         v.kind() != ValueKind::quantity;
}

bool Members::has(const Value& value) {
  Value v = evaluator_.system(value);
  if (all_.size() <= few || !firm(v)) return evaluator_.holds(all_, v);
  auto [from, to] = by_hash_.equal_range(evaluator_.hash(v));
  for (auto at = from; at != to; ++at) {
    evaluator_.step();
    if (evaluator_.equal(at->second, v).value_or(false)) return true;
  }
  return evaluator_.holds(loose_, v);
}

void Members::add(const Value& value) {
  Value v = evaluator_.system(value);
  all_.push_back(v);
  if (all_.size() <= few) return;
  auto keep = [&](const Value& one) {
    if (firm(one)) by_hash_.emplace(evaluator_.hash(one), one);
    else loose_.push_back(one);
  };
  if (all_.size() > few + 1) return keep(v);
  for (const Value& one : all_) keep(one);
}

std::optional<int> Evaluator::compare(const Value& left, const Value& right) {
  Value a = system(left), b = system(right);
  auto m = number(a), n = number(b);
  if (m && n) return m->compare(*n);
  if (a.kind() == ValueKind::string && b.kind() == ValueKind::string) {
    int order = a.string().compare(b.string());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  if ((is_temporal(a) && is_temporal(b)) || (a.kind() == ValueKind::time && b.kind() == ValueKind::time))
    return Cell::temporal(a).compare(Cell::temporal(b));
  if (a.kind() == ValueKind::quantity || b.kind() == ValueKind::quantity) {
    auto p = quantity(a), q = quantity(b);
    if (p && q) return compare_quantities(*p, *q);
  }
  evaluation_fault("values of types that have no order are compared");
}

void Evaluator::temporal_arithmetic(Op op, const Value& left, const Value& right, Collection& out) {
  if (right.kind() != ValueKind::quantity) evaluation_fault("only an amount of time can be added to a date");
  const QuantityData& q = Cell::quantity(right);
  using Unit = Temporal::Unit;
  static constexpr std::pair<std::string_view, Unit> words[] = {
      {"year", Unit::year}, {"month", Unit::month}, {"week", Unit::week}, {"day", Unit::day}, {"hour", Unit::hour},
      {"minute", Unit::minute}, {"second", Unit::second}, {"millisecond", Unit::millisecond},
      {"wk", Unit::week}, {"d", Unit::day}, {"h", Unit::hour}, {"min", Unit::minute}, {"s", Unit::second},
      {"ms", Unit::millisecond}};
  auto word = singular_calendar_word(q.unit);
  if (word.empty()) word = q.unit;
  auto found = std::find_if(std::begin(words), std::end(words), [&](const auto& w) { return w.first == word; });
  if (found == std::end(words)) evaluation_fault("a date can be moved by calendar units only");
  auto amount = q.value.to_integer();  // whole units: the fraction is dropped
  if (!amount) return;
  bool is_time = left.kind() == ValueKind::time;
  if (is_time && found->second < Unit::hour) evaluation_fault("a time of day can be moved by hours and smaller units only");
  auto moved = Cell::temporal(left).add(op == Op::add ? *amount : -*amount, found->second, is_time);
  if (moved) out.push_back(make(*moved, left.kind()));
}

void Evaluator::arithmetic(Op op, const Collection& left, const Collection& right, Collection& out) {
  const Value *x = single(left, "an operator's left side"), *y = single(right, "an operator's right side");
  if (op == Op::concatenate) {
    std::string text;
    if (x != nullptr) text += *string(left, "the left side of &");
    if (y != nullptr) text += *string(right, "the right side of &");
    return out.push_back(make_string(text));
  }
  if (x == nullptr || y == nullptr) return;
  Value a = system(*x), b = system(*y);
  if ((is_temporal(a) || a.kind() == ValueKind::time) && (op == Op::add || op == Op::subtract))
    return temporal_arithmetic(op, a, b, out);
  if (op == Op::add && a.kind() == ValueKind::string && b.kind() == ValueKind::string)
    return out.push_back(make_string(std::string(a.string()) + std::string(b.string())));
  if (a.kind() == ValueKind::integer && b.kind() == ValueKind::integer && op != Op::divide) {
    std::int64_t p = a.integer(), q = b.integer(), r = 0;
    bool over = false;
    switch (op) {
      case Op::add: over = __builtin_add_overflow(p, q, &r); break;
      case Op::subtract: over = __builtin_sub_overflow(p, q, &r); break;
      case Op::multiply: over = __builtin_mul_overflow(p, q, &r); break;
      default:
        if (q == 0 || (q == -1 && op == Op::div && __builtin_sub_overflow(std::int64_t{0}, p, &r))) return;
        r = q == -1 ? (op == Op::div ? -p : 0) : op == Op::div ? p / q : p % q;
    }
    if (!over) out.push_back(Value::of(r));
    return;
  }
  auto m = number(a), n = number(b);
  if (m && n) {
    std::optional<Decimal> r;
    switch (op) {
      case Op::add: r = m->add(*n); break;
      case Op::subtract: r = m->subtract(*n); break;
      case Op::multiply: r = m->multiply(*n); break;
      case Op::divide: r = m->divide(*n); break;
      case Op::div:
        r = m->quotient(*n);
        if (r)
          if (auto whole = r->to_integer()) return out.push_back(Value::of(*whole));
        break;
      default: r = m->remainder(*n);
    }
    if (r) out.push_back(make(*r));
    return;
  }
  auto p = quantity(a), q = quantity(b);
  if (!p || !q || op == Op::div || op == Op::mod) evaluation_fault("an operator is applied to values it is not made for");
  QuantityData r = *p;
  std::optional<Decimal> value;
  if (op == Op::multiply || op == Op::divide) {
    value = op == Op::multiply ? p->value.multiply(q->value) : p->value.divide(q->value);
    if (q->unit != "1") {
      std::string first(p->unit), second(q->unit);
      bool compound = second.find_first_of("./") != std::string::npos;
      if (compound) second = "(" + second + ")";
      r.unit = context_.keep(first == "1" && op == Op::multiply ? second : first + (op == Op::multiply ? "." : "/") + second);
      r.kind = UnitKind::ucum;
    }
  } else {
    auto s = unit_scale(p->unit, p->kind), t = unit_scale(q->unit, q->kind);
    if (p->unit == q->unit && p->kind == q->kind) {
      value = op == Op::add ? p->value.add(q->value) : p->value.subtract(q->value);
    } else if (s && t && same_dimension(*s, *t)) {
      auto moved = Decimal::of(static_cast<double>(static_cast<long double>(q->value.to_double()) * t->factor / s->factor), 12);
      if (moved) value = op == Op::add ? p->value.add(moved->trimmed()) : p->value.subtract(moved->trimmed());
    }
  }
  if (!value) return;
  r.value = *value;
  out.push_back(make(r));
}

}  // namespace joinedup::fhirpath
