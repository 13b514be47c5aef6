#include "place/ethnic_group.hpp"

namespace joinedup::place {

std::string ethnic_group(const std::string& code) {
  if (code.empty()) return "Not known";
  if (code.size() > 1 && code.find_first_not_of("0123456789") != std::string::npos) return code;
  const char letter = code[0];
  if (code == "99" || letter == 'Z' || letter == 'X') return "Not known";
  if (letter >= 'A' && letter <= 'C') return "White";
  if (letter >= 'D' && letter <= 'G') return "Mixed";
  if (letter == 'H' || letter == 'J' || letter == 'K' || letter == 'L') return "Asian or Asian British";
  if (letter == 'M' || letter == 'N' || letter == 'P') return "Black or Black British";
  if (letter == 'R' || letter == 'S') return "Other ethnic groups";
  return "Not known";
}

}  // namespace joinedup::place
