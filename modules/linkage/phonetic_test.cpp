// Phonetic codes and nickname sets against their slow twins, and Double Metaphone against another programme's codes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "base/file.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/phonetic.hpp"
#include "linkage/reference/phonetic_reference.hpp"

namespace joinedup::linkage {
namespace {

std::string random_name(CounterRandom& draw) {
  static const std::string letters = "AEIOUYHWBFPVCGJKQSXZDTLMNRaeiouyhwbcdfgklmnprst '-9\xC3\xA9";
  std::string name;
  for (std::size_t length = draw.below(10); length > 0; --length) name += letters[draw.below(letters.size())];
  return name;
}

}  // namespace

TEST(Phonetic, CodesEqualTheirSlowTwins) {
  for (std::uint64_t at = 0; at < 20000; ++at) {
    CounterRandom draw(31, at, 0);
    const auto name = random_name(draw);
    ASSERT_EQ(soundex(name), reference::soundex(name)) << name;
    ASSERT_EQ(refined_soundex(name), reference::refined_soundex(name)) << name;
  }
}

TEST(Phonetic, NicknamesEqualTheirSlowTwinAndAreSymmetric) {
  const auto sets = *read_file(std::string(JOINEDUP_SOURCE_DIR) + "/modules/linkage/data/nicknames.csv");
  std::vector<std::string> names{"", "zzz", " Bob "};
  for (const auto line : split(sets, '\n'))
    if (!line.empty() && line.front() != '#')
      for (const auto name : split(line, ',')) names.emplace_back(trim(name));
  ASSERT_GT(names.size(), 500u);
  int matches = 0;
  for (std::uint64_t at = 0; at < 3000; ++at) {
    CounterRandom draw(32, at, 0);
    const std::size_t first = draw.below(names.size());
    const auto& a = names[first];
    const auto& b = draw.chance(0.5) ? names[std::min(names.size() - 1, first + draw.below(6))] : names[draw.below(names.size())];
    const bool same = nicknames_match(a, b);
    ASSERT_EQ(same, reference::nicknames_match(a, b, sets)) << a << "|" << b;
    ASSERT_EQ(same, nicknames_match(b, a));
    matches += same;
  }
  EXPECT_GT(matches, 300);
}

// testdata/double_metaphone.csv: names and their codes by the Python package metaphone 0.6, an independent implementation.
TEST(Phonetic, DoubleMetaphoneAsAnotherImplementationGivesIt) {
  const char* named = std::getenv("JOINEDUP_DOUBLE_METAPHONE");  // another file of the same form: all names one has
  const std::string path = named ? named : std::string(JOINEDUP_SOURCE_DIR) + "/modules/linkage/testdata/double_metaphone.csv";
  // Where that package leaves the paper: it looks for spaces after a name's end and finds none, and keeps the b of "umb".
  static const std::map<std::string, std::pair<std::string, std::string>, std::less<>> by_the_paper = {
      {"cumberbatch", {"KMRPX", "KMRPX"}}, {"dumb", {"TM", "TM"}}, {"thumb", {"0M", "TM"}}, {"highelk", {"HLK", "HLK"}}, {"hugh", {"H", "H"}},
      {"jose", {"HS", "HS"}}, {"rogier", {"RJ", "RJR"}}, {"rosenstrauch", {"RSNSTRK", "RSNSTRK"}}, {"wicz", {"ATS", "FFX"}}};
  std::size_t tried = 0, differ = 0;
  ASSERT_TRUE(read_csv(path, [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
    const auto [first, second] = double_metaphone(row[0]);
    if (const auto known = by_the_paper.find(row[0]); known != by_the_paper.end()) {
      EXPECT_EQ(std::pair(first, second), known->second) << row[0];
      return {};
    }
    const std::string others = row[2].empty() ? std::string(row[1]) : std::string(row[2]);  // empty there: no other way to say it
    ++tried;
    if (first == row[1] && (second == others || second == row[2])) return {};
    if (++differ < 20) ADD_FAILURE() << row[0] << ": ours " << first << "," << second << ", theirs " << row[1] << "," << row[2];
    return {};
  }));
  EXPECT_EQ(differ, 0u) << "of " << tried;
  EXPECT_GT(tried, 900u);
}

TEST(Phonetic, DoubleMetaphoneOfThePapersExamples) {
  EXPECT_EQ(double_metaphone("Smith"), std::pair(std::string("SM0"), std::string("XMT")));
  EXPECT_EQ(double_metaphone("Schmidt"), std::pair(std::string("XMT"), std::string("SMT")));
  EXPECT_EQ(double_metaphone("Zoë"), double_metaphone("zoe")) << "accents and case make no difference";
  EXPECT_EQ(double_metaphone(""), std::pair(std::string(), std::string()));
  EXPECT_EQ(double_metaphone("123"), std::pair(std::string(), std::string()));
}

}  // namespace joinedup::linkage
