#include <algorithm>
#include <numeric>

#include "fhir/segment.hpp"

namespace joinedup::fhir {

bool Postings::contains(Row row) const {
  switch (kind) {
    case Kind::none: return false;
    case Kind::one: return row == base;
    case Kind::list: return std::binary_search(data, data + count, row);
    case Kind::bits: {
      const Row bit = row - base;
      return row >= base && bit < span && ((data[bit >> 5] >> (bit & 31)) & 1) != 0;
    }
  }
  return false;
}

Row PostingsCursor::seek(Row from) {
  switch (postings_.kind) {
    case Postings::Kind::none: return no_row;
    case Postings::Kind::one: return from <= postings_.base ? postings_.base : no_row;
    case Postings::Kind::list: {
      // Doubling steps from where we stand, then halving.
      std::uint32_t step = 1, low = at_;
      while (at_ < postings_.count && postings_.data[at_] < from) low = at_ + 1, at_ += step, step *= 2;
      const auto high = std::min(at_, postings_.count);
      at_ = static_cast<std::uint32_t>(std::lower_bound(postings_.data + std::min(low, high), postings_.data + high, from) - postings_.data);
      return at_ < postings_.count ? postings_.data[at_] : no_row;
    }
    case Postings::Kind::bits: {
      std::uint32_t bit = from < postings_.base ? 0 : from - postings_.base;
      if (bit >= postings_.span) return no_row;
      const std::uint32_t words = (postings_.span + 31) / 32;
      std::uint32_t word = bit >> 5, bits = postings_.data[word] & (~0U << (bit & 31));
      while (bits == 0 && ++word < words) bits = postings_.data[word];
      return bits == 0 ? no_row : postings_.base + word * 32 + static_cast<std::uint32_t>(__builtin_ctz(bits));
    }
  }
  return no_row;
}

DeadRows::~DeadRows() { clear(); }

void DeadRows::clear() {
  for (auto& chunk : chunks_) delete[] chunk.exchange(nullptr);
  count_ = 0;
}

void DeadRows::set(Row row) {
  auto* chunk = chunks_[row >> 16].load(std::memory_order_relaxed);
  if (chunk == nullptr) {
    chunk = new std::atomic<std::uint64_t>[1024]();
    chunks_[row >> 16].store(chunk, std::memory_order_release);
  }
  const std::uint64_t bit = std::uint64_t{1} << (row & 63);
  if ((chunk[(row & 0xFFFF) >> 6].fetch_or(bit) & bit) == 0) ++count_;
}

std::vector<std::uint64_t> DeadRows::words(Row end) const {
  std::vector<std::uint64_t> out((end + 63) / 64);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (const auto* chunk = chunks_[i >> 10].load()) out[i] = chunk[i & 1023].load();
  return out;
}

void DeadRows::load(std::span<const std::uint64_t> words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    for (std::uint64_t rest = words[i]; rest != 0; rest &= rest - 1) set(static_cast<Row>(i * 64 + static_cast<std::size_t>(__builtin_ctzll(rest))));
}

MemorySegment::MemorySegment(Row first, const MemorySegment* like) {
  first_ = first;
  if (like == nullptr) return;
  const auto make_room = [](Lists& table, const Lists& before) {
    const auto expected = before.keys.size() + before.keys.size() / 8;
    table.places.reserve(expected);
    table.keys.reserve(expected);
    table.lists.reserve(expected);
    table.pool.reserve(before.pool.size() + before.pool.size() / 8);
  };
  make_room(versions_, like->versions_);
  make_room(tokens_, like->tokens_);
}

Postings MemorySegment::view(const Lists& table, const List& list) {
  if (list.count == 1) return {Postings::Kind::one, list.at, 1, 0, nullptr};
  return {Postings::Kind::list, 0, list.count, 0, table.pool.data() + list.at};
}

Postings MemorySegment::find(const Lists& table, std::uint64_t key) {
  const auto* place = table.places.find(key);
  return place == nullptr ? Postings{} : view(table, table.lists[*place]);
}

void MemorySegment::put(Lists& table, std::uint64_t key, Row row) {
  key += key == 0;  // as FlatMap reads it, so that the file holds the same key
  auto [place, is_new] = table.places.put_if_absent(key, static_cast<std::uint32_t>(table.lists.size()));
  ++table.postings;
  if (is_new) {
    table.keys.push_back(key);
    table.lists.push_back({1, 1, row});
    return;
  }
  List& list = table.lists[*place];
  if (list.count == list.capacity) {
    const std::uint32_t grown = list.capacity * 2 + 2;
    const auto at = static_cast<std::uint32_t>(table.pool.size());
    table.pool.resize(at + grown);
    if (list.count == 1) table.pool[at] = list.at;
    else std::copy_n(table.pool.begin() + list.at, list.count, table.pool.begin() + at);
    list.at = at, list.capacity = grown;
  }
  table.pool[list.at + list.count++] = row;
}

void MemorySegment::Column::sort() {
  const auto from = static_cast<std::ptrdiff_t>(order.size());
  order.resize(rows.size());
  std::iota(order.begin() + from, order.end(), static_cast<std::uint32_t>(from));
  const auto by_low = [&](std::uint32_t a, std::uint32_t b) { return low[a] != low[b] ? low[a] < low[b] : a < b; };
  std::sort(order.begin() + from, order.end(), by_low);
  std::inplace_merge(order.begin(), order.begin() + from, order.end(), by_low);
}

void MemorySegment::add(const IndexedRow& row) {
  const Row number = first_ + size_;
  put(versions_, row.self, number);
  for (const std::uint64_t key : row.tokens) put(tokens_, key, number);
  for (const ColumnValue& value : row.columns) {
    auto [place, is_new] = column_places_.put_if_absent(value.column, static_cast<std::uint32_t>(columns_.size()));
    if (is_new) {
      columns_.emplace_back();
      column_keys_.push_back(value.column + (value.column == 0));
    }
    Column& column = columns_[*place];
    if (static_cast<std::uint64_t>(value.high) - static_cast<std::uint64_t>(value.low) > static_cast<std::uint64_t>(column_reach))
      column.wide.push_back(static_cast<std::uint32_t>(column.rows.size()));
    column.rows.push_back(number);
    column.low.push_back(value.low);
    column.high.push_back(value.high);
    if (column.rows.size() - column.order.size() >= 512 + column.order.size() / 8) column.sort();
  }
  selves_.push_back(row.self);
  persons_.push_back(row.person);
  instants_.push_back(row.instant);
  types_.push_back(row.type);
  self_ = selves_.data(), person_ = persons_.data(), instant_ = instants_.data(), type_ = types_.data();
  ++size_;
}

void MemorySegment::seal() {
  std::sort(versions_.keys.begin(), versions_.keys.end());
  std::sort(tokens_.keys.begin(), tokens_.keys.end());
}

std::size_t MemorySegment::memory() const {
  std::size_t bytes = size_ * 26UL;
  for (const Lists* table : {&versions_, &tokens_})
    bytes += table->keys.size() * (8 + sizeof(List) + 48) + table->pool.capacity() * 4;
  for (const Column& column : columns_) bytes += column.rows.capacity() * 28;
  return bytes;
}

ColumnView MemorySegment::column(std::uint64_t key) const {
  const auto* place = column_places_.find(key);
  if (place == nullptr) return {};
  const Column& c = columns_[*place];
  return {c.rows.data(), c.low.data(), c.high.data(), c.order.data(), c.wide.data(), static_cast<std::uint32_t>(c.rows.size()),
          static_cast<std::uint32_t>(c.order.size()), static_cast<std::uint32_t>(c.wide.size())};
}

std::span<const std::uint64_t> MemorySegment::keys(Table table) const {
  return table == Table::versions ? versions_.keys : tokens_.keys;
}
Postings MemorySegment::posting_at(Table table, std::size_t i) const {
  const Lists& lists = table == Table::versions ? versions_ : tokens_;
  return find(lists, lists.keys[i]);
}
std::uint64_t MemorySegment::posting_count(Table table) const {
  return table == Table::versions ? versions_.postings : tokens_.postings;
}
std::vector<std::uint64_t> MemorySegment::column_keys() const {
  auto keys = column_keys_;
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace joinedup::fhir
