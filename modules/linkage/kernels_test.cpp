// Fast kernels against their slow twins, and against DuckDB's own functions, on random text.
#include "linkage/kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"
#include "engine/engine.hpp"
#include "linkage/phonetic.hpp"
#include "linkage/reference/kernels_reference.hpp"

namespace joinedup::linkage {
namespace {

// Random text: short names over a small alphabet, with letters of two, three and four bytes; and edits of one another.
std::string random_text(CounterRandom& draw, std::size_t longest) {
  static const std::vector<std::string> letters = {"a", "b", "c", "d", "e", "A", "1", "9", "-", " ", "é", "ß", "ł", "中", "😀"};
  std::string text;
  const auto kind = draw.below(3);
  const auto length = draw.below(longest + 1);
  for (std::uint64_t i = 0; i < length; ++i) text += letters[draw.below(kind == 0 ? 3 : kind == 1 ? 10 : letters.size())];
  return text;
}
std::string edited(CounterRandom& draw, std::string text) {
  for (auto edits = draw.below(4); edits > 0 && !text.empty(); --edits) {
    const auto at = draw.below(text.size());
    switch (draw.below(4)) {
      case 0: text.erase(at, 1); break;
      case 1: text.insert(at, 1, 'x'); break;
      case 2: text[at] = 'y'; break;
      default: if (at + 1 < text.size()) std::swap(text[at], text[at + 1]);
    }
  }
  return text;
}

}  // namespace

TEST(Kernels, EqualTheirSlowTwins) {
  for (std::uint64_t round = 0; round < 60000; ++round) {
    CounterRandom draw(7, round, 0);
    const std::string a = random_text(draw, round % 50 == 0 ? 60 : 14);
    const std::string b = draw.chance(0.5) ? edited(draw, a) : random_text(draw, round % 50 == 0 ? 60 : 14);
    ASSERT_EQ(jaro_similarity(a, b), reference::jaro_similarity(a, b)) << a << "|" << b;
    ASSERT_NEAR(jaro_winkler_similarity(a, b), reference::jaro_winkler_similarity(a, b), 1e-15) << a << "|" << b;
    ASSERT_EQ(levenshtein(a, b), reference::levenshtein(a, b)) << a << "|" << b;
    ASSERT_EQ(damerau_levenshtein(a, b), reference::damerau_levenshtein(a, b)) << a << "|" << b;
    ASSERT_EQ(jaccard(a, b), reference::jaccard(a, b)) << a << "|" << b;
    for (const std::int64_t limit : {0, 1, 2, 3}) {
      const auto plain = levenshtein(a, b), swapped = damerau_levenshtein(a, b);
      ASSERT_EQ(std::min(levenshtein_within(a, b, limit), limit + 1), std::min(plain, limit + 1)) << a << "|" << b;
      ASSERT_EQ(std::min(damerau_levenshtein_within(a, b, limit), limit + 1), std::min(swapped, limit + 1)) << a << "|" << b << " " << limit;
    }
  }
}

TEST(Kernels, EqualDuckDbToTheLastBit) {
  auto database = engine::Database::open("", {.threads = 1});
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("CREATE TABLE t(a VARCHAR, b VARCHAR)"));
  std::vector<std::pair<std::string, std::string>> pairs;
  {
    auto rows = connection->append_to("t");
    for (int block = 0; block < 10; ++block) {
      for (std::size_t row = 0; row < 2000; ++row) {
        CounterRandom draw(11, pairs.size(), 0);
        std::string a = random_text(draw, row % 40 == 0 ? 40 : 12) + "k";
        std::string b = random_text(draw, row % 40 == 0 ? 40 : 12) + "k";
        if (draw.chance(0.5)) {
          b = a;
          if (a.size() > 2 && static_cast<unsigned char>(a[0]) < 128 && static_cast<unsigned char>(a[1]) < 128) std::swap(b[0], b[1]);
          b += draw.chance(0.5) ? "z" : "";
        }
        rows->set_text(0, row, a);
        rows->set_text(1, row, b);
        pairs.emplace_back(a, b);
      }
      ASSERT_TRUE(rows->flush(2000));
    }
    ASSERT_TRUE(rows->close());
  }
  std::size_t at = 0;
  const auto done = connection->scan(
      "SELECT jaro_similarity(a, b), jaro_winkler_similarity(a, b), levenshtein(a, b)::BIGINT, damerau_levenshtein(a, b)::BIGINT, jaccard(a, b) FROM t",
      [&](const engine::Batch& batch) -> Result<void> {
        for (std::size_t row = 0; row < batch.rows(); ++row, ++at) {
          const auto& [a, b] = pairs[at];
          EXPECT_EQ(jaro_similarity(a, b), batch.number(0, row)) << a << "|" << b;
          EXPECT_EQ(jaro_winkler_similarity(a, b), batch.number(1, row)) << a << "|" << b;
          EXPECT_EQ(levenshtein(a, b), batch.integer(2, row)) << a << "|" << b;
          EXPECT_EQ(damerau_levenshtein(a, b), batch.integer(3, row)) << a << "|" << b;
          EXPECT_EQ(jaccard(a, b), batch.number(4, row)) << a << "|" << b;
        }
        return {};
      });
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(at, 20000u);
}

TEST(Kernels, PublishedExamples) {
  EXPECT_NEAR(jaro_winkler_similarity("MARTHA", "MARHTA"), 0.961, 5e-4);  // Winkler 1990, table of examples
  EXPECT_NEAR(jaro_winkler_similarity("DWAYNE", "DUANE"), 0.840, 5e-4);
  EXPECT_NEAR(jaro_winkler_similarity("DIXON", "DICKSONX"), 0.813, 5e-4);
  EXPECT_EQ(levenshtein("kitten", "sitting"), 3);
  EXPECT_EQ(damerau_levenshtein("ca", "abc"), 2);
}

TEST(Phonetic, SoundexAsTheNationalArchivesGivesIt) {
  for (const auto& [name, code] : {std::pair{"Washington", "W252"}, {"Lee", "L000"}, {"Gutierrez", "G362"}, {"Pfister", "P236"}, {"Jackson", "J250"},
                                   {"Tymczak", "T522"}, {"VanDeusen", "V532"}, {"Ashcraft", "A261"}, {"Robert", "R163"}, {"Rupert", "R163"}})
    EXPECT_EQ(soundex(name), code) << name;
  EXPECT_EQ(soundex("123"), "");
}

TEST(Phonetic, RefinedSoundexOfKnownExamples) {  // the examples of Apache Commons Codec's own documentation and tests
  for (const auto& [name, code] : {std::pair{"testing", "T6036084"}, {"The", "T60"}, {"quick", "Q503"}, {"brown", "B1908"}, {"fox", "F205"},
                                   {"jumped", "J408106"}, {"over", "O0209"}, {"lazy", "L7050"}, {"dogs", "D6043"}})
    EXPECT_EQ(refined_soundex(name), code) << name;
}

TEST(Phonetic, NicknamesShareASet) {
  EXPECT_TRUE(nicknames_match("Aaron", "ron"));
  EXPECT_TRUE(nicknames_match("ANNA", "anna"));
  EXPECT_FALSE(nicknames_match("aaron", "mary"));
}

}  // namespace joinedup::linkage
