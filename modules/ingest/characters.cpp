// The characters' half of values.hpp.
#include <array>
#include <cstring>

#include "ingest/values.hpp"

namespace joinedup::ingest {
namespace {

void append_utf8(std::string& out, const std::uint32_t code) {
  if (code < 0x80) out += static_cast<char>(code);
  else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

constexpr std::uint32_t replacement = 0xFFFD;

// The length of the valid sequence at the start of text, or 0; `bad` is how many bytes to replace then.
std::size_t sequence(std::string_view text, std::size_t& bad) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  bad = 1;
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return 0;
    low = 0x80;
    high = 0xBF;
    bad = i + 1;
  }
  return length;
}

}  // namespace

bool is_plain_ascii(const std::string_view text) {
  // A byte is not plain where its high bit is set or it is zero: (x - 1) | x sets the high bit for both.
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    if (((word - 0x0101010101010101) | word) & 0x8080808080808080) return false;
  }
  for (; at < text.size(); ++at)
    if (static_cast<signed char>(text[at]) <= 0) return false;
  return true;
}

bool is_valid_utf8(std::string_view text) {
  std::size_t bad = 0;
  while (!text.empty()) {
    const auto length = sequence(text, bad);
    if (!length) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  std::size_t bad = 0;
  while (!text.empty()) {
    const auto length = sequence(text, bad);
    if (length) out.append(text.substr(0, length));
    else append_utf8(out, replacement);
    text.remove_prefix(length ? length : bad);
  }
  return out;
}

// Windows code page 1252: 0x80…0x9F as Unicode lists them (unicode.org, CP1252.TXT), the rest as Latin-1.
std::string windows_1252_to_utf8(const std::string_view text) {
  static constexpr std::array<std::uint16_t, 32> high = {
      0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
      0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    append_utf8(out, byte >= 0x80 && byte < 0xA0 ? high[byte - 0x80] : byte);
  }
  return out;
}

std::string upper_case(const std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      out += static_cast<char>(byte >= 'a' && byte <= 'z' ? byte - 32 : byte);
      continue;
    }
    if ((byte == 0xC3 || byte == 0xC4 || byte == 0xC5) && at + 1 < text.size()) {
      std::uint32_t code = (byte & 31u) << 6 | (static_cast<unsigned char>(text[++at]) & 63u);
      if (code >= 0xE0 && code <= 0xFE && code != 0xF7) code -= 32;
      else if (code == 0xFF) code = 0x178;
      else if (code == 0x131) code = 'I';
      else if ((code >= 0x100 && code <= 0x137) || (code >= 0x14A && code <= 0x177)) code &= ~1u;
      else if ((code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17E)) code -= (code & 1) == 0;
      append_utf8(out, code);
      continue;
    }
    out += text[at];
  }
  return out;
}

}  // namespace joinedup::ingest
