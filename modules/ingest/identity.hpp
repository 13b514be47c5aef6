// Identities: who a row is about, normalised, one entry a distinct tuple a table. The same tuple has the same key whatever
// the file, the order or the number of threads.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/nhs_number.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"

namespace joinedup::ingest {

inline constexpr std::size_t identity_text_count = 11;
enum class IdentityText : std::uint8_t {
  nhs_pseudonym, family_name, given_name, middle_names, house, address_line_1, town, postcode, lsoa, local_id, local_id_organisation
};
inline constexpr std::int32_t no_date = INT32_MIN;

struct Identity {
  NhsNumber nhs_number;
  std::int32_t birth_date = no_date;
  std::int32_t birth_year = 0, birth_month = 0;  // 0: unknown
  char sex = 'U';
  std::array<std::string_view, identity_text_count> text;
};

std::string normal_postcode(std::string_view upper);  // "LS14AP" → "LS1 4AP"; what is no postcode stays as it is
char normal_sex(std::string_view text);               // M, F or U

// A map from a 64-bit hash to a number, open addressed. Keys must be well mixed already.
class HashIndex {
 public:
  // The slot's value for key; `fresh` is set where it was not there (the caller then writes the value).
  std::uint64_t& find_or_add(std::uint64_t key, bool& fresh);
  std::size_t size() const { return size_; }

 private:
  void grow();
  struct Slot {
    std::uint64_t key = 0, value = 0;
  };
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  bool has_zero_ = false;
  std::uint64_t zero_value_ = 0;
};

class IdentityTable {
 public:
  // Gives the key (hash64 of the tuple with the table's name, >> 1).
  std::int64_t add(std::uint64_t seed, const Identity& identity, std::int64_t row);
  // Adds what `other` holds, its rows moved by `row_offset`.
  void merge(const IdentityTable& other, std::int64_t row_offset);
  void set(std::int64_t key, std::uint64_t rows, std::int64_t first_row);  // after rows were replaced; 0 rows: not written
  std::size_t size() const { return entries_.size(); }
  // Writes to staged.identity_record, by first row.
  Result<void> write(engine::Connection& connection, const std::string& feed, const std::string& table) const;

 private:
  struct Entry {
    std::int64_t key;
    std::int64_t first_row;
    std::uint64_t rows;
    std::uint64_t at;
    std::uint32_t size;
  };
  void add_packed(std::int64_t key, std::string_view packed, std::uint64_t rows, std::int64_t first_row);
  HashIndex index_;
  std::vector<Entry> entries_;
  std::string packed_;
  std::string scratch_;
};

}  // namespace joinedup::ingest
