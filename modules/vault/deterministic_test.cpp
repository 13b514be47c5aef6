#include "vault/deterministic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/date.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"

namespace joinedup::vault {
namespace {

std::uint64_t word(std::string_view text) { return text.empty() ? 0 : hash64(normal_name(text)) | 1; }

struct Row {
  std::uint64_t nhs = 0;
  std::string birth, sex = "U", given, family, postcode, local;
  std::uint8_t trust = 2;
};

std::vector<IdentityRecord> records(const std::vector<Row>& rows) {
  std::vector<IdentityRecord> all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    IdentityRecord record;
    record.identity_key = static_cast<std::int64_t>(i) + 1;
    record.nhs_number = rows[i].nhs;
    if (const auto day = parse_iso_date(rows[i].birth)) record.birth_date = day->days;
    record.sex = rows[i].sex[0];
    record.given_name = word(rows[i].given);
    record.family_name = word(rows[i].family);
    record.postcode = rows[i].postcode.empty() ? 0 : hash64(rows[i].postcode) | 1;
    record.local_identifier = rows[i].local.empty() ? 0 : hash64(rows[i].local) | 1;
    record.trust = rows[i].trust;
    all.push_back(record);
  }
  return all;
}

}  // namespace

TEST(Deterministic, EachStepLinksWhatItShouldAndSaysSo) {
  const auto linked = link_deterministic(records({
      {9434765919, "1950-03-07", "F", "Ann", "O'Brien", "ZZ1 1AA", "", 0},   // 0 the register
      {9434765919, "1950-03-07", "F", "", "", "ZZ9 9ZZ", "RX1|77", 2},       // 1 number and birth date; moved
      {9434765919, "1950-07-03", "F", "", "", "ZZ9 9ZZ", "", 2},             // 2 day and month swapped
      {9434765919, "", "F", "Ann", "OBRIEN", "", "", 4},                     // 3 number and name, no birth date
      {0, "1950-03-07", "F", "ann", "o brien", "ZZ1 1AA", "", 6},            // 4 name, birth date, postcode
      {0, "1950-03-07", "F", "", "", "", "RX1|77", 2},                       // 5 the hospital's own number
      {0, "1950-03-07", "F", "Ann", "Obrien", "ZZ5 5ZZ", "", 6},             // 6 name and birth date, unique
      {0, "1950-03-07", "F", "", "", "ZZ9 9ZZ", "", 2},                      // 7 birth date, sex, postcode
      {0, "1950-03-08", "F", "Ann", "O'Brien", "ZZ1 1AA", "", 6},            // 8 another birth date: somebody else
  }));
  const LinkStep expected[] = {LinkStep::nhs_number_and_birth_date, LinkStep::nhs_number_and_birth_date, LinkStep::nhs_number_and_partial_birth_date,
                               LinkStep::nhs_number_and_name, LinkStep::name_birth_date_and_postcode, LinkStep::local_identifier_and_birth_date,
                               LinkStep::name_and_birth_date, LinkStep::birth_date_sex_and_postcode, LinkStep::new_person};
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(linked.step[i], expected[i]) << i << " " << link_step_name(linked.step[i]);
    EXPECT_EQ(linked.person[i], i < 8 ? 0u : 1u) << i;
  }
  EXPECT_EQ(linked.people, 2u);
  EXPECT_EQ(linked.spokesman[0], 0u);
}

TEST(Deterministic, ATwinsNumberOnMyRowDoesNotMakeMeMyTwin) {
  const auto linked = link_deterministic(records({
      {9434765919, "2001-01-05", "F", "Ann", "Hall", "ZZ1 1AA", "", 0},
      {9434765870, "2001-01-05", "F", "Beth", "Hall", "ZZ1 1AA", "", 0},
      {9434765919, "2001-01-05", "F", "Beth", "Hall", "ZZ1 1AA", "", 4},  // Ann's number, all else Beth's
      {0, "2001-01-05", "F", "", "", "ZZ1 1AA", "", 2},                   // one of the two: nobody can say which
  }));
  EXPECT_EQ(linked.person[2], linked.person[1]);
  EXPECT_EQ(linked.step[2], LinkStep::name_birth_date_and_postcode);
  EXPECT_EQ(linked.step[3], LinkStep::new_person);
  EXPECT_EQ(linked.people, 3u);
}

TEST(Deterministic, SomebodyElsesNumberWithMyBirthDateIsNotBelieved) {
  const auto linked = link_deterministic(records({
      {9434765919, "1950-03-07", "F", "Ann", "Hall", "ZZ1 1AA", "", 0},
      {9434765919, "1987-11-20", "M", "", "", "ZZ2 2BB", "", 2},
  }));
  EXPECT_EQ(linked.people, 2u);
  EXPECT_EQ(linked.step[1], LinkStep::new_person);
}

TEST(Deterministic, TheOrderOfRecordsDoesNotChangeWhoIsWho) {
  CounterRandom draw(7, 1, 1);
  std::vector<Row> rows;
  for (int i = 0; i < 400; ++i) {
    Row row;
    const int who = draw.between(0, 80);
    row.nhs = draw.chance(0.7) ? 9990000000ULL + static_cast<std::uint64_t>(who) : 0;
    row.birth = Date{8000 + (draw.chance(0.05) ? who + 1 : who) * 37}.to_iso();
    row.sex = who % 2 ? "M" : "F";
    if (draw.chance(0.5)) {
      row.given = "G" + std::string(1, static_cast<char>('A' + who % 7));
      row.family = "F" + std::string(1, static_cast<char>('A' + who % 5));
    }
    row.postcode = "ZZ" + std::to_string(who / 2);
    row.trust = static_cast<std::uint8_t>(i < 90 ? 0 : draw.between(1, 7));
    rows.push_back(row);
  }
  const auto all = records(rows);
  const auto straight = link_deterministic(all);
  auto shuffled = all;
  for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[draw.below(i)]);
  const auto mixed = link_deterministic(shuffled);
  std::map<std::int64_t, std::uint32_t> by_key;
  for (std::size_t i = 0; i < shuffled.size(); ++i) by_key[shuffled[i].identity_key] = mixed.person[i];
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i + 1; j < all.size(); j += 13)
      ASSERT_EQ(straight.person[i] == straight.person[j], by_key[all[i].identity_key] == by_key[all[j].identity_key]) << i << " " << j;
}

TEST(Deterministic, NamesAreComparedWithoutAccentsCaseOrPunctuation) {
  EXPECT_EQ(normal_name("O'Brien-Müller"), "OBRIENMULLER");
  EXPECT_EQ(normal_name("Łukasz Żółć"), "LUKASZZOLC");
  EXPECT_EQ(normal_name("ŠÉÿ Ñ"), "SEYN");
}

}  // namespace joinedup::vault
