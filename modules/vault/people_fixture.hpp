// A drawn population for tests of the second stage: a register, and other feeds that err as real ones do.
#pragma once
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "vault/probabilistic.hpp"

namespace joinedup::vault {

struct DrawnRow {
  std::uint64_t nhs = 0;
  std::string birth, sex = "U", given, family, postcode, local;
  std::uint8_t trust = 6;
};

class Drawn {
 public:
  // Returns the place of the row among the records.
  std::size_t add(const DrawnRow& row) {
    IdentityRecord record;
    record.identity_key = static_cast<std::int64_t>(records.size()) + 1;
    record.nhs_number = row.nhs;
    if (const auto day = parse_iso_date(row.birth)) record.birth_date = day->days;
    record.sex = row.sex[0];
    record.given_name = word(normal_name(row.given));
    record.family_name = word(normal_name(row.family));
    record.postcode = word(row.postcode);
    record.local_identifier = row.local.empty() ? 0 : hash64(row.local) | 1;
    record.trust = row.trust;
    records.push_back(record);
    return records.size() - 1;
  }
  // People on the register, and for most a row of social care with their number and, now and then, an error.
  void add_town(int people) {
    CounterRandom draw(5, 1, 1);
    for (int i = 0; i < people; ++i) {
      DrawnRow row{9000000000ULL + static_cast<std::uint64_t>(i) * 11, Date{-10950 + draw.between(0, 27000)}.to_iso(), draw.chance(.5) ? "F" : "M", given(draw), family(draw),
                   "ZZ" + std::to_string(draw.between(1, people / 40)) + " " + std::to_string(draw.between(1, 9)) + "AA", "", 0};
      add(row);
      row.trust = 4;
      const auto kind = draw.below(100);
      if (kind < 4) row.family[draw.below(row.family.size())] = 'X';
      else if (kind < 6) row.given[draw.below(row.given.size())] = 'X';
      else if (kind < 8) row.given = row.given.substr(0, 1);
      else if (kind < 11) row.birth = Date{parse_iso_date(row.birth)->days + 1}.to_iso();
      else if (kind < 25) row.postcode = "ZZ" + std::to_string(draw.between(1, people / 40)) + " 2BB";
      if (draw.chance(.8)) add(row);
    }
  }
  std::vector<IdentityRecord> records;
  TextPool texts;

 private:
  std::uint64_t word(const std::string& text) {
    if (text.empty()) return 0;
    const auto key = hash64(text) | 1;
    texts.put(key, text);
    return key;
  }
  static std::string syllables(CounterRandom& draw, int count, int most) {
    static constexpr const char* parts[] = {"BA", "REN", "TOL", "MIK", "SAN", "DOR", "LEY", "HUN", "COR", "VAS", "PIN", "GRA", "WEL", "FOS", "KAR", "NUM"};
    std::string text;
    for (int i = 0; i < count; ++i) text += parts[draw.below(static_cast<std::uint64_t>(most))];
    return text;
  }
  static std::string family(CounterRandom& draw) { return syllables(draw, 3, 16); }
  static std::string given(CounterRandom& draw) { return syllables(draw, 2, 10); }
};

}  // namespace joinedup::vault
