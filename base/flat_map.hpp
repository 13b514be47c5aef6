// FlatMap: uint64 key → uint32 value, open addressing, for millions of keys in inner loops. Key 0 is not allowed
// (callers hash first; hash 0 is mapped to 1). No erase.
//
//   FlatMap people(1'000'000);
//   people.put(key, 7);                       // overwrites
//   const std::uint32_t* found = people.find(key);   // nullptr where absent
#pragma once
#include <bit>
#include <cstdint>
#include <vector>

#include "base/hash.hpp"

namespace joinedup {

class FlatMap {
 public:
  explicit FlatMap(std::size_t expected = 16) { reserve(expected); }

  void reserve(std::size_t expected) {
    const auto wanted = std::bit_ceil(expected * 2 + 16);
    if (wanted > slots_.size()) rehash(wanted);
  }
  std::uint32_t* find(std::uint64_t key) {
    key += key == 0;
    for (auto at = mix64(key) & mask_;; at = (at + 1) & mask_) {
      if (slots_[at].key == key) return &slots_[at].value;
      if (slots_[at].key == 0) return nullptr;
    }
  }
  const std::uint32_t* find(std::uint64_t key) const { return const_cast<FlatMap*>(this)->find(key); }
  // The value's place, and whether it is new; a new one holds `value`.
  std::pair<std::uint32_t*, bool> put_if_absent(std::uint64_t key, std::uint32_t value) {
    if ((size_ + 1) * 2 > slots_.size()) rehash(slots_.size() * 2);
    key += key == 0;
    for (auto at = mix64(key) & mask_;; at = (at + 1) & mask_) {
      if (slots_[at].key == key) return {&slots_[at].value, false};
      if (slots_[at].key == 0) {
        slots_[at] = {key, value};
        ++size_;
        return {&slots_[at].value, true};
      }
    }
  }
  void put(std::uint64_t key, std::uint32_t value) { *put_if_absent(key, value).first = value; }
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t value = 0;
  };
  void rehash(std::size_t count) {
    auto old = std::move(slots_);
    slots_.assign(count, {});
    mask_ = count - 1;
    for (const auto& slot : old) {
      if (slot.key == 0) continue;
      auto at = mix64(slot.key) & mask_;
      while (slots_[at].key != 0) at = (at + 1) & mask_;
      slots_[at] = slot;
    }
  }
  std::vector<Slot> slots_;
  std::size_t mask_ = 0, size_ = 0;
};

}  // namespace joinedup
