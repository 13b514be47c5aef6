// Characters and times of HL7 v2.
#include <array>

#include "base/date.hpp"
#include "base/text.hpp"
#include "messages/hl7.hpp"

namespace joinedup::messages {
namespace {

// Windows-1252 where it differs from Latin-1. Source: WHATWG Encoding Standard, index windows-1252.
constexpr std::array<std::uint16_t, 32> upper = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160,
                                                 0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                                 0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E, 0x178};

void put(std::string& out, std::uint32_t point) {
  if (point < 0x80) out += static_cast<char>(point);
  else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
    if (size == 0 || i + size > text.size()) return false;
    for (std::size_t k = 1; k < size; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    const auto second = size > 1 ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) || (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90)) return false;
    i += size;
  }
  return true;
}

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

Date last_sunday(int year, int month) {
  const Date last = Date::from_civil(year, month, 31);  // March and October have 31 days
  const int weekday = (((last.days + 4) % 7) + 7) % 7;  // 1970-01-01 was a Thursday; 0 is Sunday
  return last - weekday;
}

// Minutes by which London's civil time is ahead: the rule since 1996, taken for earlier years too.
int london_offset(int year, Date day, int hour) {
  const Date begins = last_sunday(year, 3), ends = last_sunday(year, 10);
  if (day < begins || day > ends) return 0;
  if (day == begins) return hour >= 1 ? 60 : 0;
  if (day == ends) return hour >= 1 ? 0 : 60;  // the hour that comes twice is taken as the second
  return 60;
}

}  // namespace

std::string to_utf8(std::string_view bytes, std::string_view character_set) {
  const std::string set = lower_ascii(character_set);
  const bool says_single = set.starts_with("8859/1") || set.starts_with("iso-8859-1") || set.find("1252") != set.npos;
  if (!says_single && is_utf8(bytes)) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    put(out, byte >= 0x80 && byte < 0xA0 ? upper[byte - 0x80] : byte);
  }
  return out;
}

std::optional<Moment> read_moment(std::string_view text) {
  const auto zone_at = text.find_first_of("+-");
  const auto zone = zone_at == text.npos ? std::string_view() : text.substr(zone_at);
  auto main = text.substr(0, zone_at);
  const auto dot = main.find('.');
  if (dot != main.npos) main = main.substr(0, dot);
  // 198908181126: whole pairs only. A date alone is YYYYMMDD and no hour goes without its minutes in FHIR.
  if (main.size() != 4 && main.size() != 6 && main.size() != 8 && main.size() != 10 && main.size() != 12 && main.size() != 14) return {};
  const int year = digits(main, 0, 4);
  const int month = main.size() >= 6 ? digits(main, 4, 2) : 1, day = main.size() >= 8 ? digits(main, 6, 2) : 1;
  const int hour = main.size() >= 10 ? digits(main, 8, 2) : 0, minute = main.size() >= 12 ? digits(main, 10, 2) : 0, second = main.size() >= 14 ? digits(main, 12, 2) : 0;
  if (year < 1800 || month < 1 || month > 12 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return {};
  const auto date = make_date(year, month, day);
  if (!date) return {};
  Moment out;
  int offset = london_offset(year, *date, hour);
  if (!zone.empty()) {
    const int hours = digits(zone, 1, 2), minutes = digits(zone, 3, 2);
    if (zone.size() != 5 || hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return {};
    offset = (hours * 60 + minutes) * (zone[0] == '-' ? -1 : 1);
  }
  out.instant = ((static_cast<std::int64_t>(date->days) * 24 + hour) * 60 + minute - (main.size() > 8 ? offset : 0)) * 60'000'000 + static_cast<std::int64_t>(second) * 1'000'000;
  if (main.size() == 4) out.text = std::string(main);
  else if (main.size() == 6) out.text = std::string(main.substr(0, 4)) + "-" + std::string(main.substr(4));
  else {
    out.text = date->to_iso();
    if (main.size() > 8) {
      char time[40];
      const int size = offset < 0 ? -offset : offset;
      std::snprintf(time, sizeof time, "T%02d:%02d:%02d%c%02d:%02d", hour, minute, second == 60 ? 59 : second, offset < 0 ? '-' : '+', size / 60, size % 60);
      out.text += time;
    }
  }
  return out;
}

std::optional<std::string> read_birth_date(std::string_view text) {
  const auto moment = read_moment(text.substr(0, 8));
  if (!moment || text.size() < 4) return {};
  return moment->text;
}

}  // namespace joinedup::messages
