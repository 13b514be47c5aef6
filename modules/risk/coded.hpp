// coded: people and their codes as columns, out of a long file. Inside the room only.
//
//   JOINEDUP_TRY(const auto people, read_coded(text, {.score = score, .threads = 2, .where = path}));
//   people.ids[people.event_person[i]] was given people.codes[people.event_code[i]]
//
// People and codes are numbered in the order in which they first stand in the file, however many threads read it.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "risk/csv.hpp"
#include "risk/risk.hpp"

namespace joinedup::risk {

// Strings to numbers in the order of their first appearance. Views must outlive the table.
class StringTable {
 public:
  explicit StringTable(std::size_t expected = 1024);
  std::uint32_t number(std::string_view text);  // adds what is new
  std::uint32_t number(std::string_view text, std::uint32_t hash);
  std::vector<std::string_view> strings;
  std::vector<std::uint32_t> hashes;  // of the strings

 private:
  struct Slot {
    std::uint32_t hash = 0, number = 0;  // number + 1; 0 is empty
  };
  void grow();
  std::vector<Slot> slots_;
};

struct Coded {
  std::vector<std::string_view> ids;                     // people
  std::vector<std::uint32_t> event_person, event_code;   // one entry an event
  std::vector<std::string_view> codes;                   // as in the file
  std::vector<std::uint64_t> code_first_row;             // the first row that has it, from 1
  std::deque<CsvCursor> texts;                           // what the views point into beside the file
};

struct LongColumns {
  std::size_t person = 0, code = 0, date = npos, system = npos, count = 0;
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
};

// The header's columns where it is of the long form: person_id and code.
bool is_long(const std::vector<std::string_view>& header);
Result<LongColumns> long_columns(const std::vector<std::string_view>& header, const std::string& where);

enum class Systems { icd10, one };  // of a column code_system: ICD-10 only, or any, but the same in every row
struct ReadCoded {
  LongColumns columns;
  Systems systems = Systems::icd10;
  unsigned threads = 2;
  Date as_of;
  std::string where;  // the file, for sentences
};
Result<Coded> read_coded(std::string_view rows, const ReadCoded& how);  // rows: the text after the header

}  // namespace joinedup::risk
