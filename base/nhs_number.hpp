// NHS number: ten digits, the last a modulus-11 check (weights 10…2; 11 → 0; 10 → no such number).
// Source: NHS Data Dictionary, "NHS NUMBER". A number that fails its check is never used to match people.
//
//   read_nhs_number("999 000 0018")  →  {9990000018, valid}
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace joinedup {

enum class NhsNumberStatus {
  absent,     // empty, or blanks
  valid,      // ten digits and the check digit agrees
  sentinel,   // 0000000000, 9999999999 or one digit ten times: known to mean "no number"
  malformed,  // not ten digits
  bad_check   // ten digits, wrong check digit
};

struct NhsNumber {
  std::uint64_t digits = 0;  // 0 unless ten digits were read
  NhsNumberStatus status = NhsNumberStatus::absent;
  bool usable() const { return status == NhsNumberStatus::valid; }
};

NhsNumber read_nhs_number(std::string_view text);  // spaces and hyphens are allowed between digits
int nhs_check_digit(std::uint64_t first_nine);     // 0…9, or 10: no number starts with these nine
std::string format_nhs_number(std::uint64_t digits);  // "999 000 0018", as the NHS service manual writes it

}  // namespace joinedup
