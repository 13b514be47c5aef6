// Rows of a wide extract, built by copying: a layout's commas and constant columns are prepared once, a row is those gaps
// with a few texts between them.
//
//   const RowLayout layout(layout_csv, {"NHS Number", "Birth Date"}, {{"SUS Version", "6.2"}});
//   Row row(layout);  row.set(0, "9990000018");  row.append_to(buffer);   // slots by their place in the list given
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"

namespace joinedup::synth {

class Buffer {  // a growing block of bytes; room() once a row, then plain copies
 public:
  char* room(std::size_t bytes) {
    if (size_ + bytes > capacity_) grow(bytes);
    return data_.get() + size_;
  }
  void filled_to(const char* end) { size_ = static_cast<std::size_t>(end - data_.get()); }
  void append(std::string_view text) {
    char* at = room(text.size());
    std::memcpy(at, text.data(), text.size());
    filled_to(at + text.size());
  }
  std::string_view view() const { return {data_.get(), size_}; }
  std::size_t size() const { return size_; }
  void clear() { size_ = 0; }

 private:
  void grow(std::size_t bytes);
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

using Constants = std::vector<std::pair<std::string_view, std::string_view>>;

class RowLayout {
 public:
  RowLayout() = default;
  // layout_csv: one column a line after the source line. Every name must be a column of it.
  RowLayout(std::string_view layout_csv, std::span<const std::string_view> slots, const Constants& constants = {});
  const std::string& header() const { return header_; }  // with its line end
  std::size_t columns() const { return columns_; }
  std::size_t slots() const { return order_.size(); }

 private:
  friend class Row;
  std::string header_;
  std::size_t columns_ = 0;
  std::vector<std::uint16_t> order_;  // slot numbers in column order
  std::vector<std::string> gaps_;     // before each of them, and after the last
  std::size_t gap_bytes_ = 0;
};

class Row {
 public:
  static constexpr std::size_t widest = 62;
  explicit Row(const RowLayout& layout) : layout_(&layout), fields_(layout.slots()) {}
  void set(std::size_t slot, std::string_view text);
  void set(std::size_t slot, std::int64_t number);
  void set_iso(std::size_t slot, Date day);      // 2024-02-29
  void set_british(std::size_t slot, Date day);  // 29/02/2024
  void set_guid(std::size_t slot, std::uint64_t high, std::uint64_t low);  // {XXXXXXXX-…}
  void clear(std::size_t slot) { fields_[slot].length = 0; }
  void clear();
  std::string_view get(std::size_t slot) const { return {fields_[slot].text, fields_[slot].length}; }
  void append_to(Buffer& out) const;

 private:
  struct Field {
    std::uint8_t length = 0;
    char text[63];
  };
  const RowLayout* layout_;
  std::vector<Field> fields_;
};

void write_iso(char* at, Date day);      // 10 bytes
void write_british(char* at, Date day);  // 10 bytes

}  // namespace joinedup::synth
