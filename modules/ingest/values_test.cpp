#include "ingest/values.hpp"

#include <gtest/gtest.h>

#include "base/date.hpp"
#include "base/random.hpp"

namespace joinedup::ingest {
namespace {

std::string date(std::string_view text) {
  std::int32_t days = 0;
  switch (read_date(text, days)) {
    case ValueState::good: return Date{days}.to_iso();
    case ValueState::no_such_day: return "no such day";
    case ValueState::unreadable: break;
  }
  return "unreadable";
}

}  // namespace

TEST(Values, DateFormsThatFeedsHave) {
  for (const auto* text : {"2024-02-29", "2024-02-29 00:00:00", "2024-02-29 00:00:00.000", "2024-02-29T00:00:00Z", "2024-02-29T10:30:00+01:00",
                           "29/02/2024", "29-02-2024", "29.02.2024", "29/02/2024 00:00", "20240229", "29-FEB-2024", "29 Feb 2024", "29 February 2024",
                           "2024/02/29", "20240229 00:00:00"})
    EXPECT_EQ(date(text), "2024-02-29") << text;
  EXPECT_EQ(date("1/2/2024"), "2024-02-01");
  for (const auto* text : {"31/02/2024", "2024-02-31", "2023-02-29", "20240230", "31-APR-2024", "2024-13-01", "00/01/2024", "32/01/2024"})
    EXPECT_EQ(date(text), "no such day") << text;
  for (const auto* text : {"45351", "29/02/24", "29-Feb-24", "tomorrow", "2024-02", "2024-02-29x", "29//2024", "29/Foo/2024", "2024-2-29", "", "29/02/20241"})
    EXPECT_EQ(date(text), "unreadable") << text;
}

TEST(Values, EveryDayOfFourCenturiesReadsBack) {
  for (int days = Date::from_civil(1700, 1, 1).days; days <= Date::from_civil(2299, 12, 31).days; ++days) {
    std::int32_t read = 0;
    ASSERT_EQ(read_date(Date{days}.to_iso(), read), ValueState::good);
    ASSERT_EQ(read, days);
  }
}

TEST(Values, Times) {
  std::int64_t minutes = 0;
  for (const auto* text : {"10:30", "10:30:59", "1030", "103059", "10:30:00.000", "1899-12-30 10:30:00", "2024-02-29T10:30:00Z", "01/02/2024 10:30"}) {
    EXPECT_EQ(read_time(text, minutes), ValueState::good) << text;
    EXPECT_EQ(minutes, 630) << text;
  }
  for (const auto* text : {"25:00", "10:60", "10", "noon", "2024-02-29"}) EXPECT_NE(read_time(text, minutes), ValueState::good) << text;
}

TEST(Values, Numbers) {
  std::int64_t whole = 0;
  EXPECT_EQ(read_integer("-12", whole), ValueState::good);
  EXPECT_EQ(whole, -12);
  EXPECT_EQ(read_integer("12.00", whole), ValueState::good);
  EXPECT_EQ(whole, 12);
  EXPECT_EQ(read_integer("999999999999999999", whole), ValueState::good);
  EXPECT_EQ(whole, 999999999999999999);
  for (const auto* text : {"", "-", "1.5", "1e5", "1,000", "9999999999999999999", "12 "}) EXPECT_NE(read_integer(text, whole), ValueState::good) << text;
  double number = 0;
  for (const auto* text : {"", ".", "-", "1.2.3", "nan", "inf", "1e999", "x"}) EXPECT_NE(read_decimal(text, number), ValueState::good) << text;
  EXPECT_EQ(read_decimal("1e3", number), ValueState::good);
  EXPECT_EQ(number, 1000);
  std::int64_t pence = 0;
  EXPECT_EQ(read_pounds("12.34", pence), ValueState::good);
  EXPECT_EQ(pence, 1234);
  EXPECT_EQ(read_pounds("\xC2\xA3" "1,234.5", pence), ValueState::good);
  EXPECT_EQ(pence, 123450);
  EXPECT_EQ(read_pounds("-4.00", pence), ValueState::good);
  EXPECT_EQ(pence, -400);
  EXPECT_NE(read_pounds("four", pence), ValueState::good);
}

// The short path must give the double that the C library gives.
TEST(Values, DecimalsEqualTheCLibrary) {
  for (std::uint64_t i = 0; i < 200000; ++i) {
    CounterRandom random(5, i, 0);
    std::string text = random.chance(0.3) ? "-" : "";
    text += std::to_string(random.below(random.chance(0.5) ? 1000 : 100000000));
    if (random.chance(0.8)) text += "." + std::to_string(random.below(random.chance(0.5) ? 100 : 1000000));
    double read = 0;
    ASSERT_EQ(read_decimal(text, read), ValueState::good) << text;
    ASSERT_EQ(read, std::strtod(text.c_str(), nullptr)) << text;
  }
}

TEST(Values, Characters) {
  EXPECT_EQ(windows_1252_to_utf8("caf\xE9 \x80" "5 \x93q\x94 \x81"), "caf\xC3\xA9 \xE2\x82\xAC" "5 \xE2\x80\x9Cq\xE2\x80\x9D \xEF\xBF\xBD");
  EXPECT_TRUE(is_valid_utf8("caf\xC3\xA9 \xF0\x9F\x98\x80"));
  for (const auto* bad : {"\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80"}) EXPECT_FALSE(is_valid_utf8(bad));
  EXPECT_EQ(replace_invalid_utf8("a\xE2\x82" "b\xFFz"), "a\xEF\xBF\xBD" "b\xEF\xBF\xBDz");
  EXPECT_EQ(upper_case("o'brien \xC3\xA9\xC3\xB7\xC3\xBF\xC5\x82\xC5\xBE"), "O'BRIEN \xC3\x89\xC3\xB7\xC5\xB8\xC5\x81\xC5\xBD");
  EXPECT_TRUE(is_plain_ascii("plain words, long enough for a word of eight"));
  EXPECT_FALSE(is_plain_ascii("plain words, long enough\xC3\xA9"));
  EXPECT_FALSE(is_plain_ascii(std::string("plain words, \0long", 18)));
}

TEST(Values, FieldsLoseTheirQuotes) {
  std::string scratch;
  EXPECT_EQ(field_value("  a b ", scratch), "a b");
  EXPECT_EQ(field_value("\" a \"\"b\"\" \"", scratch), "a \"b\"");
  EXPECT_EQ(field_value("\"\"", scratch), "");
  EXPECT_EQ(field_value("\"", scratch), "\"");
}

}  // namespace joinedup::ingest
