#include "synth/rows.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace joinedup::synth {

void Buffer::grow(std::size_t bytes) {
  capacity_ = std::max<std::size_t>({capacity_ * 2, size_ + bytes, 1 << 16});
  auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
  if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
  data_ = std::move(larger);
}

RowLayout::RowLayout(std::string_view layout_csv, std::span<const std::string_view> slots, const Constants& constants) {
  std::vector<std::string> names;
  bool source_line = true;
  for (std::string_view line : split(layout_csv, '\n')) {
    line = trim(line);
    if (!line.empty() && !source_line) names.emplace_back(line);
    source_line = false;
  }
  columns_ = names.size();
  std::string gap;
  std::size_t found = 0, constant = 0;
  for (std::size_t column = 0; column < names.size(); ++column) {
    if (column > 0) gap += ',';
    header_ += (column > 0 ? "," : "") + csv_field(names[column]);
    const auto slot = std::find(slots.begin(), slots.end(), names[column]);
    if (slot != slots.end()) {
      order_.push_back(static_cast<std::uint16_t>(slot - slots.begin()));
      gap_bytes_ += gap.size();
      gaps_.push_back(std::move(gap));
      gap.clear();
      ++found;
      continue;
    }
    for (const auto& [name, text] : constants)
      if (name == names[column]) {
        gap += csv_field(text);
        ++constant;
      }
  }
  gap += '\n';
  header_ += '\n';
  gap_bytes_ += gap.size();
  gaps_.push_back(std::move(gap));
  JOINEDUP_INVARIANT(found == slots.size() && constant == constants.size(), "every column written is in its layout");
}

void Row::clear() {
  for (auto& field : fields_) field.length = 0;
}

void Row::set(std::size_t slot, std::string_view text) {
  Field& field = fields_[slot];
  if (text.find_first_of(",\"\n") != text.npos) {
    const std::string quoted = csv_field(text);
    field.length = static_cast<std::uint8_t>(std::min(quoted.size(), widest));
    std::memcpy(field.text, quoted.data(), field.length);
    return;
  }
  field.length = static_cast<std::uint8_t>(std::min(text.size(), widest));
  std::memcpy(field.text, text.data(), field.length);
}

void Row::set(std::size_t slot, std::int64_t number) {
  char digits[24];
  char* at = digits + sizeof digits;
  const bool negative = number < 0;
  auto rest = static_cast<std::uint64_t>(negative ? -number : number);
  do {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (negative) *--at = '-';
  Field& field = fields_[slot];
  field.length = static_cast<std::uint8_t>(digits + sizeof digits - at);
  std::memcpy(field.text, at, field.length);
}

namespace {

void two(char* at, int value) {
  at[0] = static_cast<char>('0' + value / 10 % 10);
  at[1] = static_cast<char>('0' + value % 10);
}

// The days of two centuries as text, so that a date costs a copy.
struct DayTexts {
  static constexpr int first_year = 1900, years = 160;
  Date first = Date::from_civil(first_year, 1, 1);
  std::vector<std::array<char, 10>> iso, british;
  DayTexts() {
    const int count = Date::from_civil(first_year + years, 1, 1) - first;
    iso.resize(static_cast<std::size_t>(count));
    british.resize(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      const CivilDay day = (first + i).civil();
      char* a = iso[static_cast<std::size_t>(i)].data();
      char* b = british[static_cast<std::size_t>(i)].data();
      two(a, day.year / 100), two(a + 2, day.year % 100), two(a + 5, day.month), two(a + 8, day.day);
      a[4] = a[7] = '-';
      two(b, day.day), two(b + 3, day.month), two(b + 6, day.year / 100), two(b + 8, day.year % 100);
      b[2] = b[5] = '/';
    }
  }
  std::size_t at(Date day) const {
    return static_cast<std::size_t>(std::clamp(day - first, 0, static_cast<int>(iso.size()) - 1));
  }
};
const DayTexts& day_texts() {
  static const DayTexts texts;
  return texts;
}

}  // namespace

void write_iso(char* at, Date day) { std::memcpy(at, day_texts().iso[day_texts().at(day)].data(), 10); }
void write_british(char* at, Date day) { std::memcpy(at, day_texts().british[day_texts().at(day)].data(), 10); }

void Row::set_iso(std::size_t slot, Date day) {
  fields_[slot].length = 10;
  write_iso(fields_[slot].text, day);
}
void Row::set_british(std::size_t slot, Date day) {
  fields_[slot].length = 10;
  write_british(fields_[slot].text, day);
}

void Row::set_guid(std::size_t slot, std::uint64_t high, std::uint64_t low) {
  static constexpr auto hex = [] {
    std::array<char, 512> pairs{};
    for (std::size_t i = 0; i < 256; ++i) {
      pairs[2 * i] = "0123456789ABCDEF"[i / 16];
      pairs[2 * i + 1] = "0123456789ABCDEF"[i % 16];
    }
    return pairs;
  }();
  char* at = fields_[slot].text;
  const auto pair = [&](std::uint64_t word, int shift) {
    std::memcpy(at, &hex[2 * ((word >> shift) & 255)], 2);
    at += 2;
  };
  *at++ = '{';
  for (int shift = 56; shift >= 0; shift -= 8) {
    pair(high, shift);
    if (shift == 32 || shift == 16 || shift == 0) *at++ = '-';
  }
  for (int shift = 56; shift >= 0; shift -= 8) {
    pair(low, shift);
    if (shift == 48) *at++ = '-';
  }
  *at++ = '}';
  fields_[slot].length = 38;
}

void Row::append_to(Buffer& out) const {
  const RowLayout& layout = *layout_;
  char* at = out.room(layout.gap_bytes_ + fields_.size() * sizeof(Field) + 64);
  for (std::size_t i = 0; i < layout.order_.size(); ++i) {
    const std::string& gap = layout.gaps_[i];
    std::memcpy(at, gap.data(), gap.size());
    at += gap.size();
    const Field& field = fields_[layout.order_[i]];
    std::memcpy(at, field.text, field.length);
    at += field.length;
  }
  const std::string& last = layout.gaps_.back();
  std::memcpy(at, last.data(), last.size());
  out.filled_to(at + last.size());
}

}  // namespace joinedup::synth
