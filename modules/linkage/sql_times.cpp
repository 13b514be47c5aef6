// Functions of dates, times and intervals. Instants are seconds, UTC; a date is midnight.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/date.hpp"
#include "base/text.hpp"
#include "linkage/sql_functions.hpp"

namespace joinedup::linkage {
namespace {

struct Moment {
  CivilDay day;
  std::int64_t days = 0;
  double seconds = 0;  // into the day
};
Moment moment(const Value& at) {
  const auto days = static_cast<std::int64_t>(std::floor(at.number / 86400));
  return {Date{static_cast<std::int32_t>(days)}.civil(), days, at.number - 86400.0 * static_cast<double>(days)};
}
std::optional<double> part_of(const std::string& name, const Moment& at) {
  if (name == "year" || name == "years" || name == "y") return at.day.year;
  if (name == "month" || name == "months" || name == "mon") return at.day.month;
  if (name == "day" || name == "days" || name == "d") return at.day.day;
  if (name == "hour" || name == "hours") return std::floor(at.seconds / 3600);
  if (name == "minute" || name == "minutes") return std::floor(std::fmod(at.seconds, 3600) / 60);
  if (name == "second" || name == "seconds") return std::floor(std::fmod(at.seconds, 60));
  if (name == "quarter" || name == "quarters") return (at.day.month - 1) / 3 + 1;
  if (name == "decade") return at.day.year / 10;
  if (name == "century") return (at.day.year - 1) / 100 + 1;
  const auto weekday = static_cast<double>((at.days + 4) % 7 < 0 ? (at.days + 4) % 7 + 7 : (at.days + 4) % 7);  // Sunday is 0
  if (name == "dow" || name == "dayofweek" || name == "weekday") return weekday;
  if (name == "isodow") return weekday == 0 ? 7 : weekday;
  if (name == "doy" || name == "dayofyear") return static_cast<double>(at.days - Date::from_civil(at.day.year, 1, 1).days + 1);
  if (name == "week" || name == "weekofyear" || name == "isoyear") {  // ISO 8601: the week of the year that holds its Thursday
    const std::int64_t thursday = at.days + 4 - static_cast<std::int64_t>(weekday == 0 ? 7 : weekday);
    const int year = Date{static_cast<std::int32_t>(thursday)}.civil().year;
    return name == "isoyear" ? year : static_cast<double>((thursday - Date::from_civil(year, 1, 1).days) / 7 + 1);
  }
  if (name == "julian") return static_cast<double>(at.days) + 2440588 + at.seconds / 86400;
  if (name == "epoch") return static_cast<double>(at.days) * 86400 + at.seconds;
  return std::nullopt;
}
// Of an interval: whole years, the months left, then the days, as DuckDB takes them.
std::optional<double> part_of(const std::string& name, const Value& interval) {
  const double months = (*interval.list)[0].number, days = (*interval.list)[1].number, seconds = (*interval.list)[2].number;
  if (name == "year" || name == "years" || name == "y") return std::trunc(months / 12);
  if (name == "month" || name == "months" || name == "mon") return std::fmod(months, 12);
  if (name == "day" || name == "days" || name == "d") return days;
  if (name == "hour" || name == "hours") return std::trunc(seconds / 3600);
  if (name == "minute" || name == "minutes") return std::trunc(std::fmod(seconds, 3600) / 60);
  if (name == "second" || name == "seconds") return std::trunc(std::fmod(seconds, 60));
  if (name == "epoch") return (std::trunc(months / 12) * 365.25 + std::fmod(months, 12) * 30 + days) * 86400 + seconds;
  return std::nullopt;
}
Value epoch(const Node& node, const Scope& scope) {
  const Value first = argument(node, scope, 0);
  if (first.kind == Kind::interval) return Value::of(*part_of("epoch", first));
  const Value at = to_instant(first);
  return at.is_null() ? Value{} : Value::of(at.number);
}
Value date_part(const Node& node, const Scope& scope) {
  if (const Value of = argument(node, scope, 1); of.kind == Kind::interval) {
    const auto part = part_of(lower_ascii(text_argument(node, scope, 0).text), of);
    return part ? Value::whole(*part) : Value{};
  }
  const Value name = text_argument(node, scope, 0), at = to_instant(argument(node, scope, 1));
  if (name.is_null() || at.is_null()) return {};
  const auto part = part_of(lower_ascii(name.text), moment(at));
  return !part ? Value{} : lower_ascii(name.text) == "epoch" ? Value::of(*part) : Value::whole(*part);
}
Value named_part(const Node& node, const Scope& scope) {
  if (const Value of = argument(node, scope, 0); of.kind == Kind::interval) {
    const auto part = part_of(node.name, of);
    return part ? Value::whole(*part) : Value{};
  }
  const Value at = to_instant(argument(node, scope, 0));
  return at.is_null() ? Value{} : node.name == "julian" ? Value::of(*part_of(node.name, moment(at))) : Value::whole(*part_of(node.name, moment(at)));
}
double whole_months(const Value& from, const Value& to) {
  if (to.number < from.number) return -whole_months(to, from);
  const Moment a = moment(from), b = moment(to);
  double months = (b.day.year - a.day.year) * 12 + b.day.month - a.day.month;
  const bool last_of_month = b.day.day == days_in_month(b.day.year, b.day.month) && a.day.day >= b.day.day;
  if (!last_of_month && (b.day.day < a.day.day || (b.day.day == a.day.day && b.seconds < a.seconds))) --months;
  return months;
}
Value date_diff(const Node& node, const Scope& scope) {  // boundaries crossed
  const Value unit = text_argument(node, scope, 0), from = to_instant(argument(node, scope, 1)), to = to_instant(argument(node, scope, 2));
  if (unit.is_null() || from.is_null() || to.is_null()) return {};
  const Moment a = moment(from), b = moment(to);
  std::string name = lower_ascii(unit.text);
  if (name.ends_with('s')) name.pop_back();
  const int months = (b.day.year - a.day.year) * 12 + b.day.month - a.day.month;
  if (name == "year") return Value::whole(static_cast<double>(b.day.year - a.day.year));
  if (name == "month") return Value::whole(static_cast<double>(months));
  if (name == "quarter") return Value::whole(static_cast<double>((b.day.year - a.day.year) * 4 + (b.day.month - 1) / 3 - (a.day.month - 1) / 3));
  if (name == "day") return Value::whole(static_cast<double>(b.days - a.days));
  if (name == "week") return Value::whole(std::floor(static_cast<double>(b.days + 3) / 7) - std::floor(static_cast<double>(a.days + 3) / 7));
  const double size = name == "hour" ? 3600 : name == "minute" ? 60 : name == "second" ? 1 : 0;
  return size == 0 ? Value{} : Value::whole(std::floor(to.number / size) - std::floor(from.number / size));
}

std::optional<Value> read_time(std::string_view text, std::string_view format) {
  static constexpr std::string_view months[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
  int year = 1900, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  double fraction = 0;
  bool afternoon = false, twelve = false;
  std::size_t at = 0;
  const auto number = [&](std::size_t most, int& out) {
    const std::size_t start = at;
    out = 0;
    while (at < text.size() && at - start < most && text[at] >= '0' && text[at] <= '9') out = out * 10 + (text[at++] - '0');
    return at > start;
  };
  while (at < text.size() && text[at] == ' ') ++at;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      if (at >= text.size() || text[at] != format[i]) return std::nullopt;
      ++at;
      continue;
    }
    if (format[++i] == '-' && i + 1 < format.size()) ++i;
    bool read = true;
    switch (format[i]) {
      case 'Y': read = number(4, year); break;
      case 'y': read = number(2, year); year += year < 69 ? 2000 : 1900; break;
      case 'm': read = number(2, month); break;
      case 'd': read = number(2, day); break;
      case 'H': read = number(2, hour); break;
      case 'I': read = number(2, hour); twelve = true; break;
      case 'M': read = number(2, minute); break;
      case 'S': read = number(2, second); break;
      case 'f': {
        int digits = 0;
        const std::size_t start = at;
        read = number(6, digits);
        fraction = digits / std::pow(10.0, static_cast<double>(at - start));
        break;
      }
      case 'p': {
        const auto half = lower_ascii(text.substr(std::min(at, text.size()), 2));
        read = half == "am" || half == "pm";
        afternoon = half == "pm";
        at += 2;
        break;
      }
      case 'b':
      case 'B': {
        read = false;
        for (int candidate = 0; candidate < 12 && !read; ++candidate) {
          const auto name = format[i] == 'b' ? months[candidate].substr(0, 3) : months[candidate];
          read = lower_ascii(text.substr(std::min(at, text.size()), name.size())) == name;
          if (read) month = candidate + 1, at += name.size();
        }
        break;
      }
      case '%': read = at < text.size() && text[at++] == '%'; break;
      default: return std::nullopt;
    }
    if (!read) return std::nullopt;
  }
  while (at < text.size() && text[at] == ' ') ++at;
  if (at != text.size() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  if (twelve) hour = hour % 12 + (afternoon ? 12 : 0);
  const auto date = make_date(year, month, day);
  if (!date) return std::nullopt;
  return Value::instant(86400.0 * date->days + hour * 3600 + minute * 60 + second + fraction);
}
Value parse_time(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), format = argument(node, scope, 1);
  if (text.is_null() || format.is_null()) return {};
  if (format.kind == Kind::list) {
    for (const auto& one : *format.list)
      if (auto found = read_time(text.text, one.text)) return *found;
    return {};
  }
  return read_time(text.text, to_text(format).text).value_or(Value{});
}
constexpr const char* month_names[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
Value format_time(const Node& node, const Scope& scope) {
  Value first = argument(node, scope, 0), second = argument(node, scope, 1);
  const bool swapped = first.kind == Kind::text && first.text.find('%') != std::string::npos;
  const Value at = to_instant(swapped ? second : first), format = to_text(swapped ? first : second);
  if (at.is_null() || format.is_null()) return {};
  const auto when = moment(at);
  std::string out;
  for (std::size_t i = 0; i < format.text.size(); ++i) {
    if (format.text[i] != '%' || i + 1 == format.text.size()) { out += format.text[i]; continue; }
    char buffer[16];
    switch (format.text[++i]) {
      case 'Y': std::snprintf(buffer, sizeof buffer, "%04d", when.day.year); break;
      case 'y': std::snprintf(buffer, sizeof buffer, "%02d", when.day.year % 100); break;
      case 'm': std::snprintf(buffer, sizeof buffer, "%02d", when.day.month); break;
      case 'd': std::snprintf(buffer, sizeof buffer, "%02d", when.day.day); break;
      case 'H': std::snprintf(buffer, sizeof buffer, "%02d", static_cast<int>(when.seconds) / 3600); break;
      case 'M': std::snprintf(buffer, sizeof buffer, "%02d", static_cast<int>(when.seconds) / 60 % 60); break;
      case 'j': std::snprintf(buffer, sizeof buffer, "%03d", static_cast<int>(when.days - Date::from_civil(when.day.year, 1, 1).days + 1)); break;
      case 'b': std::snprintf(buffer, sizeof buffer, "%.3s", month_names[when.day.month - 1]); break;
      case 'B': std::snprintf(buffer, sizeof buffer, "%s", month_names[when.day.month - 1]); break;
      case 'S': std::snprintf(buffer, sizeof buffer, "%02d", static_cast<int>(when.seconds) % 60); break;
      default: buffer[0] = format.text[i], buffer[1] = 0;
    }
    out += buffer;
  }
  return Value::of(std::move(out));
}

// Whole units gone by, unlike date_diff, which counts the boundaries crossed.
Value date_sub(const Node& node, const Scope& scope) {
  const Value unit = text_argument(node, scope, 0), from = to_instant(argument(node, scope, 1)), to = to_instant(argument(node, scope, 2));
  if (unit.is_null() || from.is_null() || to.is_null()) return {};
  std::string name = lower_ascii(unit.text);
  if (name.ends_with('s')) name.pop_back();
  const double gap = to.number - from.number;
  const double size = name == "week" ? 604800 : name == "day" ? 86400 : name == "hour" ? 3600 : name == "minute" ? 60 : name == "second" ? 1 : 0;
  if (size > 0) return Value::whole(std::trunc(gap / size));
  const double months = whole_months(from, to);
  if (name == "month") return Value::whole(months);
  if (name == "quarter") return Value::whole(std::trunc(months / 3));
  return name == "year" ? Value::whole(std::trunc(months / 12)) : Value{};
}
// age(later, earlier): months and days, negative the other way round.
Value age(const Node& node, const Scope& scope) {
  Value later = to_instant(argument(node, scope, 0)), earlier = to_instant(argument(node, scope, 1));
  if (later.is_null() || earlier.is_null()) return {};
  const bool back = later.number < earlier.number;
  if (back) std::swap(later, earlier);
  const Moment a = moment(earlier), b = moment(later);
  int months = (b.day.year - a.day.year) * 12 + b.day.month - a.day.month, days = b.day.day - a.day.day;
  double seconds = b.seconds - a.seconds;
  if (seconds < 0) seconds += 86400, --days;
  if (days < 0) {
    days += days_in_month(a.day.year, a.day.month);  // borrowed from the month that the earlier moment lies in
    --months;
  }
  const double sign = back ? -1 : 1;
  return Value::interval(sign * months, sign * days, sign * seconds);
}
Value date_trunc(const Node& node, const Scope& scope) {
  const Value unit = text_argument(node, scope, 0), at = to_instant(argument(node, scope, 1));
  if (unit.is_null() || at.is_null()) return {};
  const Moment when = moment(at);
  std::string name = lower_ascii(unit.text);
  if (name.ends_with('s')) name.pop_back();
  const auto day = [](std::int64_t days) { return Value::instant(86400.0 * static_cast<double>(days)); };
  if (name == "year") return day(Date::from_civil(when.day.year, 1, 1).days);
  if (name == "quarter") return day(Date::from_civil(when.day.year, (when.day.month - 1) / 3 * 3 + 1, 1).days);
  if (name == "month") return day(Date::from_civil(when.day.year, when.day.month, 1).days);
  if (name == "decade") return day(Date::from_civil(when.day.year / 10 * 10, 1, 1).days);
  if (name == "week") return day(when.days - ((when.days + 3) % 7 + 7) % 7);
  if (name == "day") return day(when.days);
  const double size = name == "hour" ? 3600 : name == "minute" ? 60 : name == "second" ? 1 : 0;
  return size == 0 ? Value{} : Value::instant(86400.0 * static_cast<double>(when.days) + std::floor(when.seconds / size) * size);
}
Value make_day(const Node& node, const Scope& scope) {
  const Value year = number_argument(node, scope, 0), month = number_argument(node, scope, 1), day = number_argument(node, scope, 2);
  if (year.is_null() || month.is_null() || day.is_null()) return {};
  const auto date = make_date(static_cast<int>(std::clamp<std::int64_t>(whole_of(year.number), -200000, 200000)), static_cast<int>(std::clamp<std::int64_t>(whole_of(month.number), -200000, 200000)), static_cast<int>(std::clamp<std::int64_t>(whole_of(day.number), -200000, 200000)));
  return date ? Value::date(86400.0 * date->days) : Value{};
}
Value last_day(const Node& node, const Scope& scope) {
  const Value at = to_instant(argument(node, scope, 0));
  return at.is_null() ? Value{} : Value::date(86400.0 * static_cast<double>(moment(at).days - moment(at).day.day + days_in_month(moment(at).day.year, moment(at).day.month)));
}
Value units(const Node& node, const Scope& scope) {  // to_days(3); what the parser makes of INTERVAL 3 DAY
  const Value count = number_argument(node, scope, 0);
  if (count.is_null()) return {};
  const std::string& name = node.name;
  if (name == "to_years") return Value::interval(std::trunc(count.number) * 12, 0, 0);
  if (name == "to_quarters") return Value::interval(std::trunc(count.number) * 3, 0, 0);
  if (name == "to_months") return Value::interval(std::trunc(count.number), 0, 0);
  if (name == "to_weeks") return Value::interval(0, std::trunc(count.number) * 7, 0);
  if (name == "to_days") return Value::interval(0, std::trunc(count.number), 0);
  return Value::interval(0, 0, count.number * (name == "to_hours" ? 3600 : name == "to_minutes" ? 60 : 1));
}

}  // namespace

Value instant_within(Value at) {
  constexpr double farthest = 8e12;  // some 250,000 years
  return std::fabs(at.number) <= farthest ? at : Value{};
}

Value move_instant(const Value& at, const Value& by, int sign) {
  const double months = sign * (*by.list)[0].number, days = sign * (*by.list)[1].number, seconds = sign * (*by.list)[2].number;
  const double midnight = std::floor(at.number / 86400);
  constexpr double most_months = 1e6;
  if (!(std::fabs(months) <= most_months) || !(std::fabs(midnight) <= 1e8)) return {};
  const Date moved = Date{static_cast<std::int32_t>(midnight)}.add_months(static_cast<int>(months));
  return instant_within(Value::instant(86400.0 * (moved.days + days) + (at.number - 86400 * midnight) + seconds));
}

void enter_times(FunctionTable& table) {
  enter(table, {"try_strptime", "strptime"}, 2, 2, parse_time);
  enter(table, {"strftime"}, 2, 2, format_time);
  enter(table, {"epoch"}, 1, 1, epoch);
  enter(table, {"date_part", "datepart"}, 2, 2, date_part);
  enter(table, {"year", "month", "day", "hour", "minute", "second", "quarter", "decade", "century", "dayofweek", "weekday", "isodow", "dayofyear", "week", "weekofyear", "isoyear", "julian"}, 1, 1, named_part);
  enter(table, {"date_diff", "datediff"}, 3, 3, date_diff);
  enter(table, {"date_sub", "datesub"}, 3, 3, date_sub);
  enter(table, {"age"}, 2, 2, age);
  enter(table, {"date_trunc", "datetrunc"}, 2, 2, date_trunc);
  enter(table, {"make_date"}, 3, 3, make_day);
  enter(table, {"last_day"}, 1, 1, last_day);
  enter(table, {"to_years", "to_quarters", "to_months", "to_weeks", "to_days", "to_hours", "to_minutes", "to_seconds"}, 1, 1, units);
}

}  // namespace joinedup::linkage
