#include "fhirpath/quantity.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <unordered_map>

#include "base/text.hpp"
#include "fhirpath_embedded.hpp"

namespace joinedup::fhirpath {

namespace {

constexpr int deepest = 24;

struct Unit {
  bool metric = false, special = false;
  long double value = 1;
  std::string_view unit;
  int base = -1;
};

struct Units {
  std::unordered_map<std::string_view, Unit> units;
  std::unordered_map<std::string_view, long double> prefixes;

  static const Units& table() {
    static const Units units;
    return units;
  }
  Units() {
    int bases = 0;
    for (auto line : split(find_embedded(embedded_fhirpath(), "data/ucum_units.csv").value_or(""), '\n')) {
      if (line.empty() || line[0] == '#') continue;
      auto field = split(line, ',');
      if (field.size() < 5) continue;
      long double value = std::strtold(std::string(field[3]).c_str(), nullptr);
      if (field[0] == "prefix") {
        prefixes[field[1]] = value;
        continue;
      }
      Unit unit;
      unit.metric = field[2] == "yes";
      unit.special = field[0] == "special";
      unit.value = value;
      unit.unit = field[4];
      if (field[0] == "base") unit.base = bases++;
      units[field[1]] = unit;
    }
  }
};

std::optional<UnitScale> scale_of(std::string_view text, int depth);

std::optional<UnitScale> scale_of_unit(const Unit& unit, int depth) {
  UnitScale scale;
  if (unit.base >= 0) {
    scale.dimension[static_cast<std::size_t>(unit.base)] = 1;
    return scale;
  }
  if (unit.special) return std::nullopt;
  auto inner = scale_of(unit.unit, depth + 1);
  if (!inner) return std::nullopt;
  inner->factor *= unit.value;
  return inner;
}

std::optional<UnitScale> scale_of_code(std::string_view code, int depth) {
  const Units& table = Units::table();
  if (auto found = table.units.find(code); found != table.units.end()) return scale_of_unit(found->second, depth);
  for (std::size_t n = 1; n <= 2 && n < code.size(); ++n) {
    auto prefix = table.prefixes.find(code.substr(0, n));
    auto unit = table.units.find(code.substr(n));
    if (prefix == table.prefixes.end() || unit == table.units.end() || !unit->second.metric) continue;
    auto scale = scale_of_unit(unit->second, depth);
    if (scale) scale->factor *= prefix->second;
    return scale;
  }
  return std::nullopt;
}

void multiply(UnitScale& into, const UnitScale& by, int exponent) {
  into.factor *= std::pow(by.factor, static_cast<long double>(exponent));
  for (std::size_t i = 0; i < into.dimension.size(); ++i)
    into.dimension[i] = static_cast<std::int8_t>(into.dimension[i] + by.dimension[i] * exponent);
}

// UCUM §7: components joined by . and /, with exponents, parentheses, annotations in braces.
class UnitReader {
 public:
  UnitReader(std::string_view text, int depth) : text_(text), depth_(depth) {}
  std::optional<UnitScale> run() {
    UnitScale scale;
    if (!term(scale, 1, 0) || at_ != text_.size()) return std::nullopt;
    return scale;
  }

 private:
  bool more() const { return at_ < text_.size(); }
  bool take(char c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool term(UnitScale& scale, int sign, int nesting) {
    if (nesting > deepest) return false;
    int way = sign;
    if (take('/')) way = -sign;
    for (;;) {
      if (!component(scale, way, nesting)) return false;
      if (take('.')) way = sign;
      else if (take('/')) way = -sign;
      else return true;
    }
  }
  bool component(UnitScale& scale, int sign, int nesting) {
    if (take('(')) return term(scale, sign, nesting + 1) && take(')');
    if (more() && text_[at_] == '{') return annotation();
    std::string_view rest = text_.substr(at_);
    UnitScale one;
    if (rest.substr(0, 3) == "10*" || rest.substr(0, 3) == "10^") {
      one.factor = 10;
      at_ += 3;
    } else if (more() && digit()) {
      long double number = 0;
      for (; more() && digit(); ++at_) number = number * 10 + (text_[at_] - '0');
      one.factor = number;
      multiply(scale, one, sign);
      return !more() || text_[at_] != '{' || annotation();
    } else {
      std::size_t from = at_;
      while (more() && !digit() && std::string_view("./(){}+-").find(text_[at_]) == std::string_view::npos) {
        if (text_[at_] == '[') {
          at_ = text_.find(']', at_);
          if (at_ == std::string_view::npos) return false;
        }
        ++at_;
      }
      auto found = scale_of_code(text_.substr(from, at_ - from), depth_);
      if (!found) return false;
      one = *found;
    }
    int exponent = 1;
    if (more() && (digit() || text_[at_] == '-' || text_[at_] == '+')) {
      bool minus = text_[at_] == '-';
      if (!digit()) ++at_;
      if (!more() || !digit()) return false;
      exponent = 0;
      for (; more() && digit(); ++at_) {
        exponent = exponent * 10 + (text_[at_] - '0');
        if (exponent > 40) return false;
      }
      if (minus) exponent = -exponent;
    }
    multiply(scale, one, exponent * sign);
    return !more() || text_[at_] != '{' || annotation();
  }
  bool annotation() {
    at_ = text_.find('}', at_);
    if (at_ == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  bool digit() const { return text_[at_] >= '0' && text_[at_] <= '9'; }
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_;
};

std::optional<UnitScale> scale_of(std::string_view text, int depth) {
  if (depth > deepest || text.empty() || text.size() > 200) return std::nullopt;
  if (text == "1") return UnitScale{};
  return UnitReader(text, depth).run();
}

bool near(long double a, long double b) {
  long double size = std::max(std::abs(a), std::abs(b));
  return std::abs(a - b) <= size * 1e-14L;
}

}  // namespace

std::string_view singular_calendar_word(std::string_view word) {
  for (std::string_view one : {"year", "month", "week", "day", "hour", "minute", "second", "millisecond"})
    if (word == one || (word.size() == one.size() + 1 && word.back() == 's' && word.substr(0, one.size()) == one))
      return one;
  return {};
}

bool is_calendar_word(std::string_view word) {
  return !singular_calendar_word(word).empty();
}

std::optional<UnitScale> unit_scale(std::string_view unit, UnitKind kind) {
  if (kind == UnitKind::ucum) {
    if (unit == "Cel" || unit == "[degF]") {
      auto kelvin = scale_of("K", 0);
      kelvin->offset = unit == "Cel" ? 273.15L : 459.67L;
      kelvin->factor = unit == "Cel" ? 1.0L : 5.0L / 9.0L;
      return kelvin;
    }
    return scale_of(unit, 0);
  }
  auto word = singular_calendar_word(unit);
  UnitScale calendar;
  calendar.dimension[7] = 1;
  if (word == "month") return calendar;
  if (word == "year") {
    calendar.factor = 12;
    return calendar;
  }
  static constexpr std::pair<std::string_view, std::string_view> same[] = {
      {"week", "wk"}, {"day", "d"}, {"hour", "h"}, {"minute", "min"}, {"second", "s"}, {"millisecond", "ms"}};
  for (auto [name, code] : same)
    if (word == name) return scale_of(code, 0);
  return std::nullopt;
}

std::optional<int> compare_quantities(const QuantityData& a, const QuantityData& b) {
  if (a.unit == b.unit && a.kind == b.kind) return a.value.compare(b.value);
  auto x = unit_scale(a.unit, a.kind), y = unit_scale(b.unit, b.kind);
  if (!x || !y || !same_dimension(*x, *y)) return std::nullopt;
  long double p = (static_cast<long double>(a.value.to_double()) + x->offset) * x->factor;
  long double q = (static_cast<long double>(b.value.to_double()) + y->offset) * y->factor;
  if (near(p, q)) return 0;
  return p < q ? -1 : 1;
}

bool equivalent_quantities(const QuantityData& a, const QuantityData& b) {
  auto x = unit_scale(a.unit, a.kind), y = unit_scale(b.unit, b.kind);
  if (a.unit == b.unit && a.kind == b.kind) x = y = UnitScale{};
  if (!x || !y || !same_dimension(*x, *y)) return false;
  // Both in the coarser of the two units, rounded to the fewer of the two values' decimals there.
  bool first_is_coarser = x->factor >= y->factor;
  const QuantityData &coarse = first_is_coarser ? a : b, &fine = first_is_coarser ? b : a;
  const UnitScale &c = first_is_coarser ? *x : *y, &f = first_is_coarser ? *y : *x;
  int places = coarse.value.trimmed().decimals;
  if (near(c.factor, f.factor)) places = std::min(places, fine.value.trimmed().decimals);
  long double moved = (static_cast<long double>(fine.value.to_double()) + f.offset) * f.factor / c.factor - c.offset;
  auto p = coarse.value.rounded(places), q = Decimal::of(static_cast<double>(moved), places);
  return p && q && p->compare(*q) == 0;
}

}  // namespace joinedup::fhirpath
