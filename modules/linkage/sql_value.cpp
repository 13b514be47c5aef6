#include "linkage/sql_value.hpp"

#include <charconv>
#include <cmath>

#include "base/date.hpp"
#include "base/text.hpp"

namespace joinedup::linkage {
namespace {

constexpr double seconds_a_day = 86400;

bool digits(std::string_view text, std::size_t at, std::size_t count, int& out) {
  if (at + count > text.size()) return false;
  out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  return true;
}

// NaN is equal to itself and above every number, as in DuckDB.
int order(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

int compare_lists(const std::vector<Value>& a, const std::vector<Value>& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].is_null() || b[i].is_null()) {
      if (a[i].is_null() && b[i].is_null()) continue;
      return a[i].is_null() ? 1 : -1;
    }
    if (const int side = compare_values(a[i], b[i]); side != 0) return side;
  }
  return order(static_cast<double>(a.size()), static_cast<double>(b.size()));
}

}  // namespace

std::string number_key(double number) {
  char buffer[40];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, number == 0 ? 0.0 : number).ptr};
}

Value to_number(const Value& value) {
  if (value.kind == Kind::number) return value;
  if (value.kind == Kind::boolean) return Value::whole(value.number);
  if (value.kind != Kind::text) return {};
  auto text = trim(value.text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return Value::of(number);
}

namespace {

// The shortest digits that mean this number, with a point always: 5.0, 0.1, 1e+20.
template <class Number>
std::string floating_text(Number number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  char buffer[64];
  const int magnitude = number == 0 ? 0 : static_cast<int>(std::floor(std::log10(std::fabs(static_cast<double>(number)))));
  const auto form = magnitude < -4 || magnitude > 15 ? std::chars_format::scientific : std::chars_format::fixed;
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, number, form).ptr);
  if (form == std::chars_format::fixed && text.find('.') == std::string::npos) text += ".0";
  return text;
}

}  // namespace

Value to_text(const Value& value) {
  switch (value.kind) {
    case Kind::text: return value;
    case Kind::boolean: return Value::of(std::string(value.number != 0 ? "true" : "false"));
    case Kind::number: {
      if (value.form == Value::single) return Value::of(floating_text(static_cast<float>(value.number)));
      if (value.form < 0) return Value::of(floating_text(value.number));
      char buffer[400];
      const auto end = std::to_chars(buffer, buffer + sizeof buffer, value.number == 0 ? 0.0 : value.number, std::chars_format::fixed, value.form).ptr;
      return Value::of(std::string(buffer, end));
    }
    case Kind::instant: {
      const double day = std::floor(value.number / seconds_a_day);
      std::string out = Date{static_cast<std::int32_t>(day)}.to_iso();
      if (value.form == Value::day) return Value::of(std::move(out));
      const double rest = value.number - day * seconds_a_day;
      const auto whole = static_cast<int>(rest);
      char buffer[40];
      std::snprintf(buffer, sizeof buffer, " %02d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
      out += buffer;
      if (const auto micro = static_cast<int>(std::lround((rest - whole) * 1e6)); micro > 0) {
        std::snprintf(buffer, sizeof buffer, ".%06d", micro);
        out += buffer;
        while (out.ends_with('0')) out.pop_back();
      }
      return Value::of(std::move(out));
    }
    case Kind::list: {
      std::string out = "[";
      for (const auto& item : *value.list) {
        if (out.size() > 1) out += ", ";
        out += item.is_null() ? "NULL" : to_text(item).text;
      }
      return Value::of(out + "]");
    }
    case Kind::interval:
    case Kind::null: break;
  }
  return {};
}

Value to_instant(const Value& value) {
  if (value.kind == Kind::instant) return value;
  if (value.kind != Kind::text) return {};
  const auto text = trim(value.text);
  // Year, month and day with - / or a space between, as a cast reads them: 2000-1-5 will do.
  int parts[3] = {0, 0, 0};
  std::size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    const std::size_t start = at, most = part == 0 ? 4 : 2;
    while (at < text.size() && at - start < most && text[at] >= '0' && text[at] <= '9') parts[part] = parts[part] * 10 + (text[at++] - '0');
    if (at == start || (part < 2 && (at >= text.size() || (text[at] != '-' && text[at] != '/' && text[at] != ' ')))) return {};
    if (part < 2) ++at;
  }
  const auto date = make_date(parts[0], parts[1], parts[2]);
  if (!date) return {};
  double seconds = seconds_a_day * date->days;
  if (at == text.size()) return Value::date(seconds);
  if (at != 10) return {};
  int hour = 0, minute = 0, second = 0;
  if ((text[10] != 'T' && text[10] != ' ') || !digits(text, 11, 2, hour) || !digits(text, 14, 2, minute)) return {};
  if (text.size() >= 19 && !digits(text, 17, 2, second)) return {};
  seconds += hour * 3600 + minute * 60 + second;
  if (text.size() > 20 && text[19] == '.') {
    double fraction = 0, scale = 0.1;
    for (std::size_t i = 20; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, scale /= 10) fraction += scale * (text[i] - '0');
    seconds += fraction;
  }
  return Value::instant(seconds);
}

Value to_truth(const Value& value) {
  if (value.kind == Kind::boolean) return value;
  if (value.kind == Kind::number) return Value::truth(value.number != 0);
  if (value.kind != Kind::text) return {};
  const auto text = lower_ascii(trim(value.text));
  if (text == "true" || text == "t" || text == "1" || text == "yes" || text == "y") return Value::truth(true);
  if (text == "false" || text == "f" || text == "0" || text == "no" || text == "n") return Value::truth(false);
  return {};
}

int compare_values(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return 2;
  if (a.kind == Kind::text && b.kind == Kind::text) {
    const int side = a.text.compare(b.text);
    if (side == 0) return 0;
    if (a.form == Value::untyped && b.form == Value::untyped) {  // two numbers of a CSV file, unless they are written differently and equal
      const Value left = to_number(a), right = to_number(b);
      if (!left.is_null() && !right.is_null())
        if (const int numeric = order(left.number, right.number); numeric != 0) return numeric;
    }
    return side < 0 ? -1 : 1;
  }
  if (a.kind == Kind::list || b.kind == Kind::list) return a.kind == b.kind ? compare_lists(*a.list, *b.list) : 2;
  if (a.kind == Kind::interval || b.kind == Kind::interval) return a.kind == b.kind ? order(a.number, b.number) : 2;
  if (a.kind == Kind::instant || b.kind == Kind::instant) {
    const Value left = to_instant(a), right = to_instant(b);
    return left.is_null() || right.is_null() ? 2 : order(left.number, right.number);
  }
  if (a.kind == Kind::boolean && b.kind == Kind::text) return to_truth(b).is_null() ? 2 : order(a.number, to_truth(b).number);
  if (a.kind == Kind::text && b.kind == Kind::boolean) return to_truth(a).is_null() ? 2 : order(to_truth(a).number, b.number);
  Value left = to_number(a), right = to_number(b);
  if (left.is_null() || right.is_null()) return 2;
  if (left.form == Value::single && right.is_exact()) right = Value::rounded_to_single(right.number);
  if (right.form == Value::single && left.is_exact()) left = Value::rounded_to_single(left.number);
  return order(left.number, right.number);
}

namespace {

Value exact_from(std::string_view text) {
  Value value = to_number(Value::of(std::string(text)));
  const auto point = text.find('.');
  if (!value.is_null()) value.form = static_cast<std::int8_t>(point == std::string_view::npos ? 0 : text.size() - point - 1);
  return value;
}

Value items_of(std::string_view text, ColumnKind kind) {
  std::vector<Value> items;
  if (text.empty()) return Value::of(std::move(items));
  for (const auto item : split(text.substr(1), list_separator))
    items.push_back(item.size() == 1 && item[0] == null_item ? Value{} : from_dictionary(item, kind));
  return Value::of(std::move(items));
}

}  // namespace

Value from_dictionary(std::string_view text, ColumnKind kind) {
  switch (kind) {
    case ColumnKind::text: break;
    case ColumnKind::untyped: {
      Value value = Value::of(std::string(text));
      value.form = Value::untyped;
      return value;
    }
    case ColumnKind::exact: return exact_from(text);
    case ColumnKind::number: return to_number(Value::of(std::string(text)));
    case ColumnKind::single: {
      const Value number = to_number(Value::of(std::string(text)));
      return number.is_null() ? number : Value::rounded_to_single(number.number);
    }
    case ColumnKind::boolean: return to_truth(Value::of(std::string(text)));
    case ColumnKind::instant: {
      const Value value = to_instant(Value::of(std::string(text)));
      return value.is_null() ? value : Value::instant(value.number);
    }
    case ColumnKind::date: return to_instant(Value::of(std::string(text)));
    case ColumnKind::text_list: return items_of(text, ColumnKind::text);
    case ColumnKind::exact_list: return items_of(text, ColumnKind::exact);
    case ColumnKind::number_list: return items_of(text, ColumnKind::number);
    case ColumnKind::date_list: return items_of(text, ColumnKind::date);
  }
  return Value::of(std::string(text));
}

}  // namespace joinedup::linkage
