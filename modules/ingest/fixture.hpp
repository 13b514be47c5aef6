// What the tests of this room share: a place in a temporary folder, files written into it, and the staged rows as text.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "engine/engine.hpp"
#include "ingest/ingest.hpp"

namespace joinedup::ingest {

class IngestFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("joinedup_ingest_" + std::to_string(::getpid()) + "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    options_.feeds_folder = folder_ / "feeds";
    options_.staging_path = folder_ / "vault/staging/staging.duckdb";
    options_.data_from = Date::from_civil(2023, 4, 1);
    options_.data_to = Date::from_civil(2026, 3, 31);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void file(const std::string& name, const std::string& text) const {
    const auto path = folder_ / "feeds" / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  void declare(const std::string& toml) {
    auto spec = place::parse_feed_spec(toml, "test.toml");
    ASSERT_TRUE(spec) << spec.error().text();
    options_.feeds.push_back(*spec);
  }
  void shipped() {
    auto feeds = place::shipped_feeds();
    ASSERT_TRUE(feeds) << feeds.error().text();
    options_.feeds = *feeds;
  }
  IngestSummary ingest() {
    findings_ = std::make_unique<Findings>();
    auto summary = ingest_feeds(options_, *findings_);
    if (!summary) {
      ADD_FAILURE() << summary.error().text();
      return {};
    }
    for (const auto& one : summary->files) EXPECT_EQ(one.rows_in, one.rows_kept + one.rows_rejected) << one.file;
    EXPECT_EQ(summary->rows_in, summary->rows_kept + summary->rows_rejected);
    return *summary;
  }
  // The query's rows over the staging file, fields joined by '|', NULL as "-".
  std::string rows(const std::string& sql) const {
    auto database = engine::Database::open(options_.staging_path, {.read_only = true});
    if (!database) return database.error().text();
    auto connection = database->connect();
    const auto table = connection->query(sql);
    if (!table) return table.error().text();
    std::string text;
    for (std::size_t row = 0; row < table->rows.size(); ++row) {
      for (std::size_t column = 0; column < table->rows[row].size(); ++column)
        text += (column ? "|" : "") + (table->nulls[row][column] ? "-" : table->rows[row][column]);
      text += "\n";
    }
    return text;
  }
  std::uint64_t count(const std::string& rule, const std::string& field = "") const {
    std::uint64_t sum = 0;
    for (const auto& one : findings_->counts())
      if (one.rule == rule && (field.empty() || one.field == field)) sum += one.count;
    return sum;
  }

  std::filesystem::path folder_;
  IngestOptions options_;
  std::unique_ptr<Findings> findings_;
};

// A small feed with one column of each type.
inline constexpr const char* visit_feed = R"(
feed = "visits"
title = "Visits"
partner_type = "voluntary"
[[table]]
name = "visit"
files = "visits*.csv"
layout = "voluntary"
encoding = "auto"
row_id = "contact_id"
person = "identity"
identity = { nhs_number = "nhs_number", birth_date = "date_of_birth", sex = "sex", family_name = "family_name", given_name = "given_name", postcode = "postcode" }
columns = [
  { name = "contact_date", from = "contact_date", type = "date", required = true, min = "1990-01-01", on_bad = "reject" },
  { name = "service", from = "service", type = "text" },
  { name = "duration_minutes", from = "duration_minutes", type = "integer", min = 0, max = 1440, aliases = ["minutes"] },
]
)";

}  // namespace joinedup::ingest
