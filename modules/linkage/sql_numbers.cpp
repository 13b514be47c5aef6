// Functions of numbers, and those that choose among values.
#include "linkage/sql_functions.hpp"

#include <cmath>

namespace joinedup::linkage {
namespace {

template <double (*compute)(double)>
Value of_number(const Node& node, const Scope& scope) {
  const Value value = number_argument(node, scope, 0);
  if (value.is_null()) return {};
  const double result = compute(value.number);
  return std::isnan(result) ? Value{} : Value::of(result);
}
double radians(double x) { return x * M_PI / 180.0; }
double degrees(double x) { return x * 180.0 / M_PI; }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
double absolute(double x) { return std::fabs(x); }
double ceiling(double x) { return std::ceil(x); }
double flooring(double x) { return std::floor(x); }
double square_root(double x) { return std::sqrt(x); }
double exponential(double x) { return std::exp(x); }
double natural_log(double x) { return std::log(x); }
double log_two(double x) { return std::log2(x); }
double log_ten(double x) { return std::log10(x); }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }
double tangent(double x) { return std::tan(x); }
double arc_sine(double x) { return std::asin(x); }
double arc_cosine(double x) { return std::acos(x); }
double arc_tangent(double x) { return std::atan(x); }

template <double (*compute)(double, double)>
Value of_numbers(const Node& node, const Scope& scope) {
  const Value a = number_argument(node, scope, 0), b = number_argument(node, scope, 1);
  return a.is_null() || b.is_null() ? Value{} : Value::of(compute(a.number, b.number));
}
double power(double x, double y) { return std::pow(x, y); }
double arc_tangent_of(double y, double x) { return std::atan2(y, x); }

Value round_to(const Node& node, const Scope& scope) {
  const Value value = number_argument(node, scope, 0);
  const Value places = node.children.size() > 1 ? number_argument(node, scope, 1) : Value::of(0.0);
  if (value.is_null() || places.is_null()) return {};
  const double scale = std::pow(10.0, places.number);
  if (value.is_exact() && value.form > places.number && value.form <= 15 && std::trunc(places.number) == places.number) {  // decimals round as they are written
    const double digits = std::nearbyint(value.number * std::pow(10.0, value.form));
    const double rounded = std::round(digits / std::pow(10.0, value.form - places.number));
    return places.number >= 0 ? Value::decimal(rounded / scale, static_cast<int>(places.number)) : Value::whole(rounded / scale);
  }
  return Value::of(std::round(value.number * scale) / scale);
}
double truncated(double x) { return std::trunc(x); }
double cube_root(double x) { return std::cbrt(x); }
double quotient(double x, double y) { return std::trunc(x / y); }
double logarithm(double base, double x) { return std::log(x) / std::log(base); }

Value modulo(const Node& node, const Scope& scope) {
  const Value a = number_argument(node, scope, 0), b = number_argument(node, scope, 1);
  return a.is_null() || b.is_null() || b.number == 0 ? Value{} : Value::of(std::fmod(a.number, b.number));
}
Value log_of(const Node& node, const Scope& scope) {
  const Value first = number_argument(node, scope, 0);
  if (first.is_null()) return {};
  if (node.children.size() == 1) return Value::of(std::log10(first.number));
  const Value second = number_argument(node, scope, 1);
  return second.is_null() ? Value{} : Value::of(logarithm(first.number, second.number));
}
Value pi(const Node&, const Scope&) { return Value::of(M_PI); }
Value even(const Node& node, const Scope& scope) {
  const Value value = number_argument(node, scope, 0);
  return value.is_null() ? Value{} : Value::of(std::copysign(2 * std::ceil(std::fabs(value.number) / 2), value.number));
}

Value coalesce(const Node& node, const Scope& scope) {
  for (std::size_t i = 0; i < node.children.size(); ++i)
    if (Value value = argument(node, scope, i); !value.is_null()) return value;
  return {};
}
Value null_if(const Node& node, const Scope& scope) {
  Value value = argument(node, scope, 0);
  return compare_values(value, argument(node, scope, 1)) == 0 ? Value{} : value;
}
Value if_else(const Node& node, const Scope& scope) { return argument(node, scope, to_truth(argument(node, scope, 0)).is_true() ? 1 : 2); }
template <int wanted>
Value extreme(const Node& node, const Scope& scope) {  // NULLs are passed over
  Value best;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    Value value = argument(node, scope, i);
    if (!value.is_null() && (best.is_null() || compare_values(value, best) == wanted)) best = std::move(value);
  }
  return best;
}

}  // namespace

void enter_numbers(FunctionTable& table) {
  enter(table, {"abs"}, 1, 1, of_number<absolute>);
  enter(table, {"ceil", "ceiling"}, 1, 1, of_number<ceiling>);
  enter(table, {"floor"}, 1, 1, of_number<flooring>);
  enter(table, {"trunc"}, 1, 1, of_number<truncated>);
  enter(table, {"sqrt"}, 1, 1, of_number<square_root>);
  enter(table, {"cbrt"}, 1, 1, of_number<cube_root>);
  enter(table, {"exp"}, 1, 1, of_number<exponential>);
  enter(table, {"ln"}, 1, 1, of_number<natural_log>);
  enter(table, {"log2"}, 1, 1, of_number<log_two>);
  enter(table, {"log10"}, 1, 1, of_number<log_ten>);
  enter(table, {"sin"}, 1, 1, of_number<sine>);
  enter(table, {"cos"}, 1, 1, of_number<cosine>);
  enter(table, {"tan"}, 1, 1, of_number<tangent>);
  enter(table, {"asin"}, 1, 1, of_number<arc_sine>);
  enter(table, {"acos"}, 1, 1, of_number<arc_cosine>);
  enter(table, {"atan"}, 1, 1, of_number<arc_tangent>);
  enter(table, {"atan2"}, 2, 2, of_numbers<arc_tangent_of>);
  enter(table, {"radians"}, 1, 1, of_number<radians>);
  enter(table, {"degrees"}, 1, 1, of_number<degrees>);
  enter(table, {"sign"}, 1, 1, of_number<sign>);
  enter(table, {"pow", "power"}, 2, 2, of_numbers<power>);
  enter(table, {"pi"}, 0, 0, pi);
  enter(table, {"even"}, 1, 1, even);
  enter(table, {"round"}, 1, 2, round_to);
  enter(table, {"greatest"}, 1, many_arguments, extreme<1>);
  enter(table, {"least"}, 1, many_arguments, extreme<-1>);
  enter(table, {"coalesce"}, 1, many_arguments, coalesce);
  enter(table, {"ifnull"}, 2, 2, coalesce);
  enter(table, {"nullif"}, 2, 2, null_if);
  enter(table, {"if"}, 3, 3, if_else);
  enter(table, {"log"}, 1, 2, log_of);
  enter(table, {"mod", "fmod"}, 2, 2, modulo);
  enter(table, {"divide", "fdiv"}, 2, 2, of_numbers<quotient>);
}

}  // namespace joinedup::linkage
