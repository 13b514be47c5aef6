#include "linkage/records.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"

namespace joinedup::linkage {

std::string_view Texts::keep(std::string_view text) {
  if (text.empty()) return {"", 0};  // a value, unlike a view of nothing
  if (text.size() > block / 4) {  // a block of its own, behind the one in use
    auto own = std::make_unique<char[]>(text.size());
    std::memcpy(own.get(), text.data(), text.size());
    const std::string_view view(own.get(), text.size());
    blocks_.insert(blocks_.begin(), std::move(own));
    return view;
  }
  if (used_ + text.size() > block) {
    blocks_.push_back(std::make_unique<char[]>(block));
    used_ = 0;
  }
  char* at = blocks_.back().get() + used_;
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  used_ += text.size();
  return {at, text.size()};
}

Dictionary::Dictionary() : values_{std::string_view()}, slots_(1024) {}

std::uint32_t Dictionary::add(std::string_view text) { return add(text, static_cast<std::uint32_t>(hash64(text))); }

std::uint32_t Dictionary::add(std::string_view text, std::uint32_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot].code; slot = (slot + 1) & mask)
    if (slots_[slot].hash == hash && values_[slots_[slot].code] == text) return slots_[slot].code;
  const auto code = static_cast<std::uint32_t>(values_.size());
  slots_[slot] = {hash, code};
  values_.push_back(texts_.keep(text));
  if (values_.size() * 2 > slots_.size()) grow();
  return code;
}

void Dictionary::add_all(std::span<const std::string_view> texts, std::uint32_t* codes) {
  constexpr std::size_t lot = 64;
  std::uint32_t hashes[lot], likely[lot];
  for (std::size_t begin = 0; begin < texts.size(); begin += lot) {
    const std::size_t count = std::min(lot, texts.size() - begin), mask = slots_.size() - 1;
    const std::string_view* these = texts.data() + begin;
    for (std::size_t i = 0; i < count; ++i) {
      hashes[i] = these[i].data() ? static_cast<std::uint32_t>(hash64(these[i])) : 0;
      __builtin_prefetch(slots_.data() + (hashes[i] & mask));
    }
    for (std::size_t i = 0; i < count; ++i) {
      likely[i] = slots_[hashes[i] & mask].code;
      __builtin_prefetch(values_.data() + likely[i]);
    }
    for (std::size_t i = 0; i < count; ++i) __builtin_prefetch(values_[likely[i]].data());
    for (std::size_t i = 0; i < count; ++i) codes[begin + i] = these[i].data() ? add(these[i], hashes[i]) : 0;
  }
}

std::uint32_t Dictionary::find(std::string_view text) const {
  const auto hash = static_cast<std::uint32_t>(hash64(text));
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask; slots_[slot].code; slot = (slot + 1) & mask)
    if (slots_[slot].hash == hash && values_[slots_[slot].code] == text) return slots_[slot].code;
  return 0;
}

void Dictionary::grow() {
  const auto before = std::move(slots_);
  slots_.assign(before.size() * 4, {});
  const std::size_t mask = slots_.size() - 1;
  for (const auto& kept : before) {
    if (kept.code == 0) continue;
    std::size_t slot = kept.hash & mask;
    while (slots_[slot].code) slot = (slot + 1) & mask;
    slots_[slot] = kept;
  }
}

const DataColumn* Records::find(std::string_view name) const {
  for (const auto& column : columns)
    if (column->name == name) return column.get();
  return nullptr;
}

std::string Records::shown_id(std::size_t row) const {
  if (id_in_both.empty() || !id_in_both[row]) return std::string(ids[row]);
  if (!source_names.empty()) return source_names[source[row]] + ":" + std::string(ids[row]);
  return (source[row] == 0 ? "A:" : "B:") + std::string(ids[row]);
}

std::uint64_t number_bits(std::string_view text) {
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc{} && end == text.data() + text.size()) return static_cast<std::uint64_t>(whole) ^ std::uint64_t{1} << 63;
  const Value number = to_number(Value::of(std::string(text)));
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(std::clamp(number.number, -9e18, 9e18))) ^ std::uint64_t{1} << 63;
}

namespace {

std::uint64_t first_bytes(std::string_view text) {
  unsigned char bytes[8] = {};
  std::memcpy(bytes, text.data(), std::min<std::size_t>(8, text.size()));
  std::uint64_t word = 0;
  for (const auto byte : bytes) word = word << 8 | byte;
  return word;
}

template <class T>
void permute(std::vector<T>& values, const std::vector<std::uint32_t>& order) {
  std::vector<T> moved(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) moved[i] = values[order[i]];
  values = std::move(moved);
}

}  // namespace

Result<void> put_in_order(Records& records, std::span<const std::string> inputs, IdOrder id_order, unsigned threads) {
  const bool as_numbers = ids_as_numbers(id_order, records.id_kind);
  struct Key {
    std::uint64_t word;
    std::uint32_t row;
    std::uint16_t source;
  };
  std::vector<Key> keys(records.size());
  for (std::uint32_t row = 0; row < keys.size(); ++row) keys[row] = {as_numbers ? number_bits(records.ids[row]) : first_bytes(records.ids[row]), row, records.source[row]};
  const auto before = [&](const Key& a, const Key& b) {
    if (a.source != b.source) return a.source < b.source;
    if (a.word != b.word) return a.word < b.word;
    const int side = records.ids[a.row].compare(records.ids[b.row]);
    return side != 0 ? side < 0 : a.row < b.row;
  };
  const bool in_order = std::is_sorted(keys.begin(), keys.end(), before);
  if (!in_order) {
    const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(keys.size() / 2);
    JOINEDUP_CHECK(parallel_for(2, threads, [&](std::size_t half) -> Result<void> {
      if (half == 0) std::sort(keys.begin(), middle, before);
      else std::sort(middle, keys.end(), before);
      return {};
    }));
    std::inplace_merge(keys.begin(), middle, keys.end(), before);
  }
  for (std::size_t i = 1; i < keys.size(); ++i)
    if (keys[i].source == keys[i - 1].source && records.ids[keys[i].row] == records.ids[keys[i - 1].row])
      return fail(ErrorCode::invalid_input,
                  "Records " + std::to_string(records.input_row[keys[i - 1].row]) + " and " + std::to_string(records.input_row[keys[i].row]) +
                      " have the same id; every record needs an id of its own.",
                  inputs.empty() ? std::string() : inputs[std::min<std::size_t>(records.source[keys[i].row], inputs.size() - 1)]);
  if (!in_order) {
    std::vector<std::uint32_t> order(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) order[i] = keys[i].row;
    permute(records.ids, order);
    permute(records.source, order);
    permute(records.input_row, order);
    JOINEDUP_CHECK(parallel_for(records.columns.size(), threads, [&](std::size_t i) -> Result<void> {
      permute(records.columns[i]->codes, order);
      return {};
    }));
  }
  if (records.source_size.size() == 2) {  // merge the two sorted id lists to find ids that both hold
    records.id_in_both.assign(records.size(), 0);
    std::size_t a = 0, b = records.source_size[0];
    while (a < records.source_size[0] && b < records.size()) {
      const int side = records.ids[a].compare(records.ids[b]);
      if (side == 0) records.id_in_both[a] = records.id_in_both[b] = 1;
      if (side <= 0) ++a;
      if (side >= 0) ++b;
    }
  }
  return {};
}


RecordsBuilder::RecordsBuilder(const std::vector<std::string>& columns) {
  records_.texts.push_back(std::make_unique<Texts>());
  for (const auto& name : columns) {
    records_.columns.push_back(std::make_unique<DataColumn>());
    records_.columns.back()->name = lower_ascii(name);
    records_.columns.back()->kind = ColumnKind::untyped;  // as in a CSV file
  }
}

void RecordsBuilder::add(std::string_view id, std::span<const std::string_view> values, std::uint16_t source) {
  JOINEDUP_INVARIANT(values.size() == records_.columns.size(), "a record has a value for each column");
  records_.ids.push_back(records_.texts[0]->keep(id));
  records_.source.push_back(source);
  records_.input_row.push_back(records_.ids.size());
  if (source >= records_.source_size.size()) records_.source_size.resize(source + std::size_t{1}, 0);
  ++records_.source_size[source];
  for (std::size_t i = 0; i < values.size(); ++i)
    records_.columns[i]->codes.push_back(values[i].empty() ? 0 : records_.columns[i]->dictionary.add(values[i]));
}

Result<Records> RecordsBuilder::finish(unsigned threads, IdOrder id_order, ColumnKind id_kind) {
  records_.id_kind = id_kind;
  JOINEDUP_CHECK(put_in_order(records_, {}, id_order, threads));
  return std::move(records_);
}

}  // namespace joinedup::linkage
