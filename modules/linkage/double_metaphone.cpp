// Double Metaphone, after Lawrence Philips, "The Double Metaphone Search Algorithm", C/C++ Users Journal, June 2000: how a
// name may sound, and how it may sound to someone else. Codes are not cut short. Letters lose their accents first.
#include <initializer_list>

#include "linkage/phonetic.hpp"
#include "linkage/sql_functions.hpp"

namespace joinedup::linkage {
namespace {

using Ends = std::initializer_list<std::string_view>;

class Coder {
 public:
  explicit Coder(std::string_view name) {
    for (const char raw : without_accents_text(std::string(name))) word_ += raw >= 'a' && raw <= 'z' ? static_cast<char>(raw - 32) : raw;
    last_ = static_cast<int>(word_.size()) - 1;
    slavic_ = word_.find_first_of("WK") != std::string::npos || word_.find("CZ") != std::string::npos;
  }

  std::pair<std::string, std::string> codes() {
    if (is(0, {"GN", "KN", "PN", "WR", "PS"})) at_ = 1;
    if (letter(0) == 'X') add("S"), at_ = 1;  // Xavier
    while (at_ <= last_) step();
    return {first_, second_};
  }

 private:
  char letter(int at) const { return at < 0 || at > last_ ? ' ' : word_[static_cast<std::size_t>(at)]; }
  char next() const { return letter(at_ + 1); }
  bool is(int at, Ends sought) const {
    if (at < 0) return false;
    for (const auto text : sought) {
      bool same = true;
      for (std::size_t i = 0; i < text.size() && same; ++i) same = letter(at + static_cast<int>(i)) == text[i];
      if (same) return true;
    }
    return false;
  }
  bool here(Ends sought) const { return is(at_, sought); }
  bool after(Ends sought) const { return is(at_ + 1, sought); }
  bool vowel(int at) const { return at >= 0 && at <= last_ && std::string_view("AEIOUY").find(letter(at)) != std::string_view::npos; }
  bool dutch_or_german() const { return is(0, {"VAN ", "VON ", "SCH"}); }
  void add(std::string_view both) { add(both, both); }
  void add(std::string_view first, std::string_view second) { first_ += first, second_ += second; }
  void go(int steps) { at_ += steps; }
  void twice(std::string_view code) {  // a doubled letter sounds once
    add(code);
    go(next() == letter(at_) ? 2 : 1);
  }

  void step() {
    switch (letter(at_)) {
      case 'A': case 'E': case 'I': case 'O': case 'U': case 'Y':
        if (at_ == 0) add("A");
        return go(1);
      case 'B': return twice("P");
      case 'C': return c();
      case 'D': return d();
      case 'F': return twice("F");
      case 'G': return next() == 'H' ? gh() : g();
      case 'H':
        if ((at_ == 0 || vowel(at_ - 1)) && vowel(at_ + 1)) return add("H"), go(2);
        return go(1);
      case 'J': return j();
      case 'K': return twice("K");
      case 'L': return l();
      case 'M':
        add("M");
        return go((is(at_ - 1, {"UMB"}) && (at_ + 1 == last_ || is(at_ + 2, {"ER"}))) || next() == 'M' ? 2 : 1);
      case 'N': return twice("N");
      case 'P':
        if (next() == 'H') return add("F"), go(2);
        add("P");
        return go(after({"P", "B"}) ? 2 : 1);
      case 'Q': return twice("K");
      case 'R':
        if (at_ == last_ && !slavic_ && is(at_ - 2, {"IE"}) && !is(at_ - 4, {"ME", "MA"})) add("", "R");  // Rogier
        else add("R");
        return go(next() == 'R' ? 2 : 1);
      case 'S': return s();
      case 'T': return t();
      case 'V': return twice("F");
      case 'W': return w();
      case 'X':
        if (!(at_ == last_ && (is(at_ - 3, {"IAU", "EAU"}) || is(at_ - 2, {"AU", "OU"})))) add("KS");  // Breaux
        return go(after({"C", "X"}) ? 2 : 1);
      case 'Z':
        if (next() == 'H') return add("J"), go(2);  // Zhao
        if (after({"ZO", "ZI", "ZA"}) || (slavic_ && at_ > 0 && letter(at_ - 1) != 'T')) add("S", "TS");
        else add("S");
        return go(next() == 'Z' ? 2 : 1);
      default: return go(1);
    }
  }

  void c() {
    if (at_ > 1 && !vowel(at_ - 2) && is(at_ - 1, {"ACH"}) && letter(at_ + 2) != 'I' && (letter(at_ + 2) != 'E' || is(at_ - 2, {"BACHER", "MACHER"}))) return add("K"), go(2);
    if (at_ == 0 && here({"CAESAR"})) return add("S"), go(2);
    if (here({"CHIA"})) return add("K"), go(2);  // Chianti
    if (here({"CH"})) return ch();
    if (here({"CZ"}) && !is(at_ - 2, {"WICZ"})) return add("S", "X"), go(2);
    if (after({"CIA"})) return add("X"), go(3);
    if (here({"CC"}) && !(at_ == 1 && letter(0) == 'M')) {
      if (!is(at_ + 2, {"I", "E", "H"}) || is(at_ + 2, {"HU"})) return add("K"), go(2);
      const bool apart = (at_ == 1 && letter(0) == 'A') || is(at_ - 1, {"UCCEE", "UCCES"});  // accident, success
      return add(apart ? "KS" : "X"), go(3);
    }
    if (here({"CK", "CG", "CQ"})) return add("K"), go(2);
    if (here({"CI", "CE", "CY"})) {
      if (here({"CIO", "CIE", "CIA"})) add("S", "X");
      else add("S");
      return go(2);
    }
    add("K");
    if (after({" C", " Q", " G"})) return go(3);  // Mac Caffrey
    go(after({"C", "K", "Q"}) && !after({"CE", "CI"}) ? 2 : 1);
  }

  void ch() {
    if (at_ > 0 && here({"CHAE"})) return add("K", "X"), go(2);  // Michael
    if (at_ == 0 && after({"HARAC", "HARIS", "HOR", "HYM", "HIA", "HEM"}) && !is(0, {"CHORE"})) return add("K"), go(2);
    const bool hard_before = is(at_ - 1, {"A", "O", "U", "E"}) || at_ == 0;
    const bool hard_after = is(at_ + 2, {"L", "R", "N", "M", "B", "H", "F", "V", "W", " "});
    if (dutch_or_german() || is(at_ - 2, {"ORCHES", "ARCHIT", "ORCHID"}) || is(at_ + 2, {"T", "S"}) || (hard_before && hard_after)) add("K");
    else if (at_ == 0) add("X");
    else if (is(0, {"MC"})) add("K");
    else add("X", "K");
    go(2);
  }

  void d() {
    if (here({"DG"})) {
      if (is(at_ + 2, {"I", "E", "Y"})) return add("J"), go(3);  // edge
      return add("TK"), go(2);
    }
    add("T");
    go(here({"DT", "DD"}) ? 2 : 1);
  }

  void gh() {
    if (at_ > 0 && !vowel(at_ - 1)) return add("K"), go(2);
    if (at_ == 0) return add(letter(2) == 'I' ? "J" : "K"), go(2);  // Ghislaine
    const bool silent = (at_ > 1 && is(at_ - 2, {"B", "H", "D"})) || (at_ > 2 && is(at_ - 3, {"B", "H", "D"})) || (at_ > 3 && is(at_ - 4, {"B", "H"}));
    if (!silent) {
      if (at_ > 2 && letter(at_ - 1) == 'U' && is(at_ - 3, {"C", "G", "L", "R", "T"})) add("F");  // laugh
      else if (letter(at_ - 1) != 'I') add("K");
    }
    go(2);
  }

  void g() {
    if (next() == 'N') {
      if (at_ == 1 && vowel(0) && !slavic_) add("KN", "N");
      else if (!is(at_ + 2, {"EY"}) && next() != 'Y' && !slavic_) add("N", "KN");
      else add("KN");
      return go(2);
    }
    if (after({"LI"}) && !slavic_) return add("KL", "L"), go(2);  // Tagliaro
    if (at_ == 0 && (next() == 'Y' || after({"ES", "EP", "EB", "EL", "EY", "IB", "IL", "IN", "IE", "EI", "ER"}))) return add("K", "J"), go(2);
    if ((after({"ER"}) || next() == 'Y') && !is(0, {"DANGER", "RANGER", "MANGER"}) && !is(at_ - 1, {"E", "I"}) && !is(at_ - 1, {"RGY", "OGY"})) return add("K", "J"), go(2);
    if (after({"E", "I", "Y"}) || is(at_ - 1, {"AGGI", "OGGI"})) {
      if (dutch_or_german() || after({"ET"})) add("K");
      else if (after({"IER "})) add("J");  // at the end, as in French
      else add("J", "K");
      return go(2);
    }
    twice("K");
  }

  void j() {
    if (here({"JOSE"}) || is(0, {"SAN "})) {
      if ((at_ == 0 && letter(at_ + 4) == ' ') || is(0, {"SAN "})) add("H");
      else add("J", "H");
      return go(1);
    }
    if (at_ == 0) add("J", "A");  // Jankelowicz
    else if (vowel(at_ - 1) && !slavic_ && (next() == 'A' || next() == 'O')) add("J", "H");
    else if (at_ == last_) add("J", "");
    else if (!after({"L", "T", "K", "S", "N", "M", "B", "Z"}) && !is(at_ - 1, {"S", "K", "L"})) add("J");
    go(next() == 'J' ? 2 : 1);
  }

  void l() {
    if (next() != 'L') return add("L"), go(1);
    const bool spanish = (at_ == last_ - 2 && is(at_ - 1, {"ILLO", "ILLA", "ALLE"})) || ((is(last_ - 1, {"AS", "OS"}) || is(last_, {"A", "O"})) && is(at_ - 1, {"ALLE"}));
    if (spanish) add("L", "");
    else add("L");
    go(2);
  }

  void s() {
    if (is(at_ - 1, {"ISL", "YSL"})) return go(1);  // Carlisle
    if (at_ == 0 && here({"SUGAR"})) return add("X", "S"), go(1);
    if (here({"SH"})) return add(after({"HEIM", "HOEK", "HOLM", "HOLZ"}) ? "S" : "X"), go(2);
    if (here({"SIO", "SIA"})) {
      if (slavic_) add("S");
      else add("S", "X");
      return go(3);
    }
    if ((at_ == 0 && after({"M", "N", "L", "W"})) || after({"Z"})) return add("S", "X"), go(after({"Z"}) ? 2 : 1);
    if (here({"SC"})) return sc();
    if (at_ == last_ && is(at_ - 2, {"AI", "OI"})) add("", "S");  // Artois
    else add("S");
    go(after({"S", "Z"}) ? 2 : 1);
  }

  void sc() {
    if (letter(at_ + 2) != 'H') return add(is(at_ + 2, {"I", "E", "Y"}) ? "S" : "SK"), go(3);
    if (is(at_ + 3, {"ER", "EN"})) add("X", "SK");  // Schermerhorn
    else if (is(at_ + 3, {"OO", "UY", "ED", "EM"})) add("SK");  // school
    else if (at_ == 0 && !vowel(3) && letter(3) != 'W') add("X", "S");
    else add("X");
    go(3);
  }

  void t() {
    if (here({"TION", "TIA", "TCH"})) return add("X"), go(3);
    if (here({"TH", "TTH"})) {
      if (is(at_ + 2, {"OM", "AM"}) || dutch_or_german()) add("T");  // Thomas
      else add("0", "T");
      return go(2);
    }
    add("T");
    go(after({"T", "D"}) ? 2 : 1);
  }

  void w() {
    if (here({"WR"})) return add("R"), go(2);
    if (at_ == 0 && vowel(1)) add("A", "F");  // Wasserman, Vasserman
    else if (at_ == 0 && here({"WH"})) add("A");
    if ((at_ == last_ && vowel(at_ - 1)) || is(at_ - 1, {"EWSKI", "EWSKY", "OWSKI", "OWSKY"}) || is(0, {"SCH"})) return add("", "F"), go(1);  // Arnow
    if (here({"WICZ", "WITZ"})) return add("TS", "FX"), go(4);
    go(1);
  }

  std::string word_, first_, second_;
  int at_ = 0, last_ = 0;
  bool slavic_ = false;
};

}  // namespace

std::pair<std::string, std::string> double_metaphone(std::string_view name) { return Coder(name).codes(); }

}  // namespace joinedup::linkage
