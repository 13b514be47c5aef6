#include "place/feed_spec.hpp"

#include <gtest/gtest.h>

#include <set>

using namespace joinedup;
using namespace joinedup::place;

namespace {

constexpr const char* good = R"(feed = "deaths"
title = "Deaths"
partner_type = "registration"
[[table]]
name = "death"
files = "deaths*.csv"
layout = "deaths"
row_id = "death_id"
person = "identity"
identity = { nhs_number = "nhs_number", birth_date = "date_of_birth" }
columns = [
  { name = "date_of_death", from = "date_of_death", type = "date", required = true, min = "1990-01-01", on_bad = "reject" },
]
)";

std::string with(std::string text, const std::string& old, const std::string& fresh) {
  const auto at = text.find(old);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, old.size(), fresh);
}

void expect_error(const std::string& text, const std::string& place, const std::string& part) {
  const auto spec = parse_feed_spec(text, "x.toml");
  ASSERT_FALSE(spec) << part;
  EXPECT_EQ(spec.error().context, place) << spec.error().sentence;
  EXPECT_NE(spec.error().sentence.find(part), std::string::npos) << spec.error().sentence;
}

}  // namespace

TEST(FeedSpec, ShippedFeedsAllParse) {
  const auto feeds = shipped_feeds();
  ASSERT_TRUE(feeds) << feeds.error().text();
  std::set<std::string> names, tables;
  for (const auto& feed : *feeds) {
    names.insert(feed.feed);
    for (const auto& table : feed.tables) EXPECT_TRUE(tables.insert(table.name).second) << table.name << " is declared in two feeds";
  }
  for (const auto* name : {"ae_sus", "asc_cld", "csds", "deaths", "ecds", "gp_event", "gp_registration", "hes_apc_sus",
                           "hes_op_sus", "housing", "mhsds", "voluntary"})
    EXPECT_TRUE(names.contains(name)) << name;
  const auto* observation = find_table(*feeds, "gp_event", "gp_observation");
  ASSERT_NE(observation, nullptr);
  EXPECT_EQ(observation->person, PersonSource::reference);
  EXPECT_FALSE(observation->stage_row_id);
  EXPECT_EQ(observation->columns[0].from, "EffectiveDate");
}

TEST(FeedSpec, LayoutKeepsCompleteHeaders) {
  const auto inpatient = layout_headers("sus_ip_ep");
  ASSERT_TRUE(inpatient);
  EXPECT_EQ(inpatient->size(), 499u);
  EXPECT_EQ(inpatient->front(), "SUS Version");
  EXPECT_FALSE(layout_headers("no_such"));
}

TEST(FeedSpec, ReadsEveryPart) {
  const auto spec = parse_feed_spec(good, "x.toml");
  ASSERT_TRUE(spec) << spec.error().text();
  const auto& table = spec->tables.at(0);
  EXPECT_EQ(table.files, std::vector<std::string>{"deaths*.csv"});
  ASSERT_EQ(table.identity.size(), 2u);
  EXPECT_EQ(table.identity[1].field, IdentityField::birth_date);
  const auto& column = table.columns.at(0);
  EXPECT_EQ(column.type, FieldType::date);
  EXPECT_TRUE(column.required);
  EXPECT_EQ(column.on_bad, OnBad::reject);
  EXPECT_EQ(column.minimum, 7305.0);  // 1990-01-01
}

TEST(FeedSpec, EachFaultIsOneSentenceWithItsLine) {
  expect_error(with(good, "title =", "titel ="), "x.toml:1", "`title` is missing");
  expect_error(with(good, "row_id =", "rowid ="), "x.toml:8", "`rowid` is not a known key");
  expect_error(with(good, "required = true", "required = 1"), "x.toml:12", "true or false");
  expect_error(with(good, "\"1990-01-01\"", "1990"), "x.toml:12", "YYYY-MM-DD");
  expect_error(with(good, "type = \"date\"", "type = \"day\""), "x.toml:12", "must be one of");
  expect_error(with(good, "from = \"date_of_death\"", "from = \"dod\""), "x.toml:12", "has no column \"dod\"");
  expect_error(with(good, "layout = \"deaths\"", "layout = \"births\""), "x.toml:7", "no layout");
  expect_error(with(good, "birth_date =", "shoe_size ="), "x.toml:10", "shoe_size");
  expect_error(with(good, "name = \"date_of_death\"", "name = \"row_id\""), "x.toml:11", "used twice or reserved");
  expect_error("feed = ", "x.toml:1", "not TOML");
}
