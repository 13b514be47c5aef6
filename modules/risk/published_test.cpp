#include <gtest/gtest.h>

#include <set>

#include "risk/risk.hpp"

namespace joinedup::risk {

TEST(Published, EveryScoreOfTheContractIsThere) {
  const auto names = published_score_names();
  for (const auto* name : {"parr30", "hfrs", "charlson_quan2011", "elixhauser_vw", "cambridge", "lace", "hospital", "efi", "acsc"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
    const auto score = published_score(name);
    ASSERT_TRUE(score) << score.error().text();
    EXPECT_FALSE(score->source.empty());
  }
  const auto none = published_score("qadmissions");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().sentence.find("hfrs"), std::string::npos);
}

TEST(Published, SizesAreThoseOfThePapers) {
  EXPECT_EQ(published_score("hfrs")->terms.size(), 109u);
  EXPECT_EQ(published_score("charlson_quan2011")->terms.size(), 17u);
  EXPECT_EQ(published_score("elixhauser_vw")->terms.size(), 31u);
  EXPECT_EQ(published_score("cambridge")->terms.size(), 20u);
  EXPECT_EQ(published_score("efi")->terms.size(), 36u);
  EXPECT_EQ(published_score("efi")->divisor, 36);
  EXPECT_EQ(published_score("acsc")->terms.size(), 19u);
}

TEST(Published, NoCodeIsInTwoGroupsOfTheFrailtyScore) {
  std::set<std::string> seen;
  const auto hfrs = published_score("hfrs");
  ASSERT_TRUE(hfrs);
  for (const auto& term : hfrs->terms)
    for (const auto& code : term.codes) EXPECT_TRUE(seen.insert(code).second) << code;
}

TEST(Published, IncompleteAndSecondHandAreSaid) {
  EXPECT_NE(published_score("parr30")->status.find("incomplete"), std::string::npos);
  EXPECT_NE(published_score("acsc")->status.find("incomplete"), std::string::npos);
  for (const auto& name : published_score_names()) EXPECT_NE(published_score(name)->status.find("second-hand"), std::string::npos) << name;
}

TEST(Published, Icd10InEveryDress) {
  EXPECT_EQ(normalise_icd10("I50.0"), "I500");
  EXPECT_EQ(normalise_icd10(" i500 "), "I500");
  EXPECT_EQ(normalise_icd10("I10X"), "I10");
  EXPECT_EQ(normalise_icd10("I10X6"), "I10");
  EXPECT_EQ(normalise_icd10("I10-"), "I10");
  EXPECT_EQ(normalise_icd10("I10.-"), "I10");
  EXPECT_EQ(normalise_icd10("E10.3+"), "E103");
  EXPECT_EQ(normalise_icd10("H36.0*"), "H360");
  EXPECT_EQ(normalise_icd10("E10.3\xE2\x80\xA0"), "E103");
  EXPECT_EQ(normalise_icd10("M80.58"), "M8058");
  EXPECT_EQ(normalise_icd10("C7A.0"), "C7A0");
  EXPECT_EQ(normalise_icd10("S72001A"), "S72001A");
}

TEST(Published, WhatIsNotIcd10IsNotTaken) {
  for (const auto* code : {"", "I5", "428.0", "44054006", "XY12", "I50.0.1", "H36*0", "A12345678", "I 50", "G5yH.", "K.251"})
    EXPECT_EQ(normalise_icd10(code), "") << code;
}

TEST(Published, AScoreFileWithAFaultIsRefused) {
  const std::string head = "# source: s\n# title: t\n# version: v\n# status: checked\nterm,rule,at_least,below,points,codes,label\n";
  EXPECT_TRUE(read_published_score("x", head + "a,flag,,,1,,A\n"));
  for (const auto* rows : {"a,flag,,,,,A\n", "a,flag,,,one,,A\n", "a,flagg,,,1,,A\n", "a,flag,,,1,,A\na,flag,,,2,,A\n", "a,level,0,1,1,,A\na,level,2,3,1,,A\n", "", "a,flag,,,1\n"})
    EXPECT_FALSE(read_published_score("x", head + rows)) << rows;
  EXPECT_FALSE(read_published_score("x", "# colour: red\n" + head + "a,flag,,,1,,A\n"));
  EXPECT_FALSE(read_published_score("x", "# over: a b\n" + head + "a,flag,,,1,,A\n"));
}

}  // namespace joinedup::risk
