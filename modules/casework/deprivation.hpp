// Which fifth of deprivation an address is in, by the place's postcode file. Inside this room only.
//
//   deprivation.fifth("JX28 6PW") == 1;      // the most deprived fifth; 0: not known
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace joinedup::casework {

class Deprivation {
 public:
  explicit Deprivation(std::string postcodes_file) : file_(std::move(postcodes_file)) {}
  int fifth(std::string_view postcode);  // reads the file when first asked; any thread

 private:
  void read();
  std::string file_;
  std::once_flag once_;
  std::vector<std::uint64_t> known_;  // hash of a postcode with its decile in the lowest four bits, in order
};

}  // namespace joinedup::casework
