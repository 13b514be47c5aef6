#include <gtest/gtest.h>

#include "base/date.hpp"
#include "base/finding.hpp"
#include "base/hash.hpp"
#include "base/money.hpp"
#include "base/nhs_number.hpp"
#include "base/parallel.hpp"
#include "base/percent.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace joinedup {

TEST(Date, EveryDayFor400YearsGoesThereAndBack) {
  for (int days = -150000; days < 150000; ++days) {
    const auto c = Date{days}.civil();
    ASSERT_EQ(Date::from_civil(c.year, c.month, c.day).days, days);
  }
  EXPECT_EQ(Date{0}.to_iso(), "1970-01-01");
  EXPECT_EQ(Date{19782}.to_iso(), "2024-02-29");
}

TEST(Date, DaysThatDoNotExistAreRefused) {
  EXPECT_FALSE(parse_iso_date("2023-02-29"));
  EXPECT_FALSE(parse_iso_date("2024-02-31"));
  EXPECT_FALSE(parse_iso_date("2024-2-3"));
  EXPECT_EQ(parse_iso_date("2024-01-31")->add_months(1).to_iso(), "2024-02-29");
  EXPECT_EQ(parse_iso_date("2024-02-29")->add_months(-12).to_iso(), "2023-02-28");
  EXPECT_EQ(age_on(*parse_iso_date("2000-02-29"), *parse_iso_date("2024-02-28")), 23);
}

TEST(Money, ReadsPoundsAsPenceExactly) {
  EXPECT_EQ(Money::from_pounds_text("1,234.5")->pence, 123450);
  EXPECT_EQ(Money::from_pounds_text("£0.07")->pence, 7);
  EXPECT_EQ(Money::from_pounds_text("-4")->pence, -400);
  EXPECT_EQ(Money::from_pounds_text("1.005")->pence, 101);
  EXPECT_FALSE(Money::from_pounds_text("4.0x"));
  EXPECT_FALSE(Money::from_pounds_text(""));
  EXPECT_EQ(Money{123456789}.to_pounds(), "£1,234,567.89");
  EXPECT_EQ(scale(Money{1001}, 12, 52).pence, 231);
  EXPECT_EQ(scale(Money{-5}, 1, 2).pence, -3);
}

TEST(NhsNumber, CheckDigitAndSentinels) {
  EXPECT_EQ(read_nhs_number("943 476 5919").status, NhsNumberStatus::valid);
  EXPECT_EQ(read_nhs_number("9434765918").status, NhsNumberStatus::bad_check);
  EXPECT_EQ(read_nhs_number("9999999999").status, NhsNumberStatus::sentinel);
  EXPECT_EQ(read_nhs_number("0000000000").status, NhsNumberStatus::sentinel);
  EXPECT_EQ(read_nhs_number("  ").status, NhsNumberStatus::absent);
  EXPECT_EQ(read_nhs_number("12345").status, NhsNumberStatus::malformed);
  EXPECT_EQ(format_nhs_number(9434765919), "943 476 5919");
}

TEST(Hash, PublishedVectors) {
  Sha256 sum;
  sum.update("abc");
  EXPECT_EQ(sum.finish_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// The worked example of docs/methods/pseudonym.md, made with openssl dgst.
TEST(Hash, HmacOfTheWorkedPseudonym) {
  std::string key;
  for (int i = 0; i < 32; ++i) key += static_cast<char>(i);
  EXPECT_EQ(to_hex(hmac_sha256(key, "1")), "7761b1cc25227dfca0bd6d972acc52abb62f24ce50ad5a7a430b05c5a6f5497b");
}

TEST(Hash, AKeptKeyGivesWhatTheLibraryGives) {
  for (const std::string& key : {std::string("Jefe"), std::string(131, 'k'), std::string(64, 'b')}) {
    const HmacKey kept(key);
    for (const std::string message : {"", "9434765919", "what do ya want for nothing?"})
      EXPECT_EQ(kept.of(message), hmac_sha256(key, message));
  }
}

TEST(Findings, CountsAllKeepsTheFirstAndMerges) {
  Findings a(2), b(2);
  for (unsigned row = 5; row > 0; --row) a.add({.feed = "deaths", .row = row, .rule = "r"});
  b.add({.feed = "deaths", .row = 1, .rule = "r"});
  b.add({.severity = Severity::rejected, .feed = "deaths", .row = 1, .rule = "r"});
  a.merge(b);
  ASSERT_EQ(a.counts().size(), 2u);
  EXPECT_EQ(a.total(Severity::note), 6u);
  EXPECT_EQ(a.total(Severity::rejected), 1u);
  EXPECT_EQ(a.counts()[0].samples[0].row, 1u);
}

TEST(Random, IsAFunctionOfItsKeysAndLooksUniform) {
  CounterRandom a(1, 2, 3), b(1, 2, 3), other(1, 3, 2);
  EXPECT_EQ(a.bits(), b.bits());
  EXPECT_NE(a.bits(), other.bits());
  double sum = 0;
  for (int i = 0; i < 100000; ++i) sum += a.uniform();
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

TEST(Parallel, RunsEachOnceAndReturnsTheError) {
  std::vector<int> seen(1000);
  ASSERT_TRUE(parallel_for(1000, 4, [&](std::size_t i) -> Result<void> { return ++seen[i], Result<void>{}; }));
  for (const int n : seen) EXPECT_EQ(n, 1);
  EXPECT_FALSE(parallel_for(10, 2, [](std::size_t i) -> Result<void> {
    if (i == 7) return fail(ErrorCode::invalid_input, "seven");
    return {};
  }));
}

TEST(Text, APartOfAnAddressIsPercentEncoded) {
  EXPECT_EQ(percent_encoded("a b|c/\"&=%"), "a%20b%7Cc%2F%22%26%3D%25");
  EXPECT_EQ(percent_encoded("Az09-._~"), "Az09-._~");
  EXPECT_EQ(percent_encoded("\xC3\xA9\n"), "%C3%A9%0A");
  EXPECT_EQ(percent_encoded(""), "");
}

TEST(Text, NumbersAndEscapes) {
  EXPECT_EQ(format_number(1.0 / 3), "0.3333333333");
  EXPECT_EQ(with_commas(-1234567), "-1,234,567");
  EXPECT_EQ(csv_field("a,\"b\""), "\"a,\"\"b\"\"\"");
}

}  // namespace joinedup
