// The forms of plain values, against the regular expressions of FHIR R4's data types page and what its text adds.
#include "validation/primitive.hpp"

#include <gtest/gtest.h>

#include <random>
#include <regex>
#include <string>
#include <vector>

namespace joinedup::validation {
namespace {

struct Case {
  Form form;
  std::vector<std::string> good, bad;
};

const std::vector<Case> cases = {
    {Form::date, {"2024", "2024-02", "2024-02-29", "1900-12-31", "0001"},
     {"", "24", "2023-02-29", "2024-13", "2024-00", "2024-2", "2024-02-30", "2024-02-1", "0000", "2024-02-29T", "2024-02-29T10:00:00Z", "20240229"}},
    {Form::date_time, {"2024", "2024-02", "2024-02-29", "2024-02-29T10:00:00Z", "2024-02-29T10:00:00.123+14:00", "2024-02-29T23:59:60-13:59"},
     {"2024-02-29T10:00Z", "2024-02-29T10:00:00", "2024-02-29T24:00:00Z", "2024-02-29T10:00:00+14:01", "2024-02-29 10:00:00Z", "2024-02T10:00:00Z",
      "2024-02-29T10:00:00.Z", "2024-02-29T10:00:00z"}},
    {Form::instant, {"2015-02-07T13:28:17.239+02:00", "2017-01-01T00:00:00Z"}, {"2015-02-07", "2015-02-07T13:28:17", "2015-02-30T13:28:17Z"}},
    {Form::time, {"00:00:00", "23:59:59.999", "12:00:60"}, {"24:00:00", "12:00", "12:60:00", "12:00:00Z", "1:00:00"}},
    {Form::id, {"a", "A-1.b", std::string(64, 'x')}, {"", std::string(65, 'x'), "a_b", "a b", "é"}},
    {Form::oid, {"urn:oid:1.2.3.4", "urn:oid:2.16.840.1.113883", "urn:oid:0.0"}, {"1.2.3", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1", "urn:oid:1.2.", "urn:oid:"}},
    {Form::uuid, {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}, {"c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:c757873d", "urn:uuid:c757873d-ec9a-4326-a141-556f4323952g"}},
    {Form::base64, {"AA==", "AAA=", "AAAA", "AAAA\nBBBB", "a+/9"}, {"", "A", "AAAAA", "A===", "AA=A", "AA-="}},
    {Form::uri, {"http://a.b/c?d=e#f", "urn:x:y", "#a"}, {"", "a b", "a\tb", " a"}},
    {Form::code, {"a", "a b", "in-progress"}, {"", " a", "a ", "a  b", "a\t b"}},
    {Form::string, {"a", " ", "é\n\t"}, {"", std::string(1, '\x01'), std::string("a\x7f\x1f", 3), std::string(1024 * 1024 + 1, 'x')}},
    {Form::integer, {"0", "-1", "2147483647", "-2147483648"}, {"2147483648", "-2147483649", "1.0", "1e3", "99999999999999999999"}},
    {Form::unsigned_int, {"0", "2147483647"}, {"-1", "2147483648"}},
    {Form::positive_int, {"1", "2147483647"}, {"0", "-1"}},
    {Form::decimal, {"0", "-1.50", "1E-22", "0.00000000000000000001"}, {std::string(101, '1')}},
};

}  // namespace

TEST(Primitive, FormsAcceptWhatFhirAllowsAndNothingElse) {
  for (const auto& one : cases) {
    for (const auto& text : one.good) EXPECT_TRUE(fits(one.form, text)) << static_cast<int>(one.form) << " " << text.substr(0, 80);
    for (const auto& text : one.bad) EXPECT_FALSE(fits(one.form, text)) << static_cast<int>(one.form) << " " << text.substr(0, 80);
  }
}

// The published regular expressions as the slow twin. Where FHIR's text asks for more (a day that exists, a size), ours is stricter.
TEST(Primitive, AgreesWithThePublishedExpressionsOnRandomText) {
  const std::string year = "([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)";
  const std::string zone = "(Z|(\\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))";
  const std::string clock = "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?";
  const std::string day = "(0[1-9]|[1-2][0-9]|3[0-1])";
  struct Twin {
    Form form;
    std::string expression, alphabet, seed;
  };
  const std::vector<Twin> twins = {
      {Form::date, year + "(-(0[1-9]|1[0-2])(-" + day + ")?)?", "0123-", "2023-10-21"},
      {Form::date_time, year + "(-(0[1-9]|1[0-2])(-" + day + "(T" + clock + zone + ")?)?)?", "0123-:T.Z+", "2023-10-21T11:02:13.1+01:00"},
      {Form::instant, year + "-(0[1-9]|1[0-2])-" + day + "T" + clock + zone, "0123-:T.Z+", "2023-10-21T11:02:13Z"},
      {Form::time, clock, "0123:.", "11:02:13.1"},
      {Form::id, "[A-Za-z0-9\\-\\.]{1,64}", "aZ0-. _", "a-1.B"},
      {Form::oid, "urn:oid:[0-2](\\.(0|[1-9][0-9]*))+", "urn:oid0123.", "urn:oid:1.2.30"},
      {Form::uuid, "urn:uuid:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", "0aFg-:", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
      {Form::code, "[^\\s]+(\\s[^\\s]+)*", "ab \t", "a b c"},
      {Form::uri, "\\S+", "ab:/ \n#", "http://a/b"},
      {Form::unsigned_int, "[0]|([1-9][0-9]*)", "0123456789", "12"},
      {Form::positive_int, "\\+?[1-9][0-9]*", "0123456789", "12"},
  };
  std::mt19937 random(7);
  std::size_t agreed = 0, accepted = 0;
  for (const auto& twin : twins) {
    const std::regex expression(twin.expression);
    for (int i = 0; i < 3000; ++i) {
      std::string text = twin.seed;
      for (unsigned change = 0; change <= random() % 3; ++change) {
        std::size_t at = random() % (text.size() + 1);
        char c = twin.alphabet[random() % twin.alphabet.size()];
        if (random() % 3 == 0) text.insert(at, 1, c);
        else if (at < text.size() && random() % 2 == 0) text.erase(at, 1);
        else if (at < text.size()) text[at] = c;
        if (text.empty()) text = c;
      }
      bool theirs = std::regex_match(text, expression), ours = fits(twin.form, text);
      if (ours) {
        EXPECT_TRUE(theirs) << twin.expression << " " << text;
        ++accepted;
      }
      // Stricter on purpose: days that exist, 32 bits, at most 18 decimals of a second.
      bool stricter = twin.form == Form::date || twin.form == Form::date_time || twin.form == Form::instant ||
                      twin.form == Form::unsigned_int || twin.form == Form::positive_int;
      if (!stricter) {
        EXPECT_EQ(ours, theirs) << twin.expression << " " << text;
      }
      agreed += ours == theirs ? 1U : 0U;
    }
  }
  EXPECT_GT(accepted, 3000U);
  EXPECT_GT(agreed, 11U * 3000U - 1500U);
}

}  // namespace joinedup::validation
