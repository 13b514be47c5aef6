#include "vault/vault.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.hpp"
#include "vault/seen_merges.hpp"

namespace joinedup::vault {
namespace {

constexpr const char* identity_columns =
    "identity_key BIGINT, feed VARCHAR, staged_table VARCHAR, nhs_number BIGINT, nhs_status VARCHAR, nhs_pseudonym VARCHAR, birth_date DATE, "
    "birth_year INTEGER, birth_month INTEGER, sex VARCHAR, family_name VARCHAR, given_name VARCHAR, middle_names VARCHAR, house VARCHAR, "
    "address_line_1 VARCHAR, town VARCHAR, postcode VARCHAR, lsoa VARCHAR, local_id VARCHAR, local_id_organisation VARCHAR, rows BIGINT, first_source_row BIGINT";

class VaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / ("joinedup_vault_" + std::to_string(::getpid()))).string();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    place_.folder = folder_;
    place_.name = "Test";
    place_.people = place::People::synthetic;
    place_.data_from = *parse_iso_date("2024-04-01");
    place_.data_to = *parse_iso_date("2025-03-31");
    place_.postcodes_file = "postcode.csv";
    ASSERT_TRUE(write_file(folder_ + "/postcode.csv", "postcode,lsoa11,imd_decile,la_code\nZZ1 1AA,E01000001,3,E06\n"));
    feeds_.resize(2);
    feeds_[0].feed = "gp_registration";
    feeds_[0].partner_type = "general_practice";
    place::TableSpec register_table;
    register_table.name = "gp_registration";
    register_table.person = place::PersonSource::identity;
    register_table.reference = "PatientGuid";
    register_table.reference_scope = "gp";
    register_table.row_id = "PatientGuid";
    register_table.columns.push_back({.name = "registered_on", .type = place::FieldType::date});
    place::ColumnSpec secret{.name = "note", .type = place::FieldType::text};
    secret.identifying = true;
    register_table.columns.push_back(secret);
    feeds_[0].tables.push_back(register_table);
    feeds_[1].feed = "gp_event";
    feeds_[1].partner_type = "general_practice";
    place::TableSpec events;
    events.name = "gp_consultation";
    events.person = place::PersonSource::reference;
    events.reference_scope = "gp";
    events.columns.push_back({.name = "effective_date", .type = place::FieldType::date});
    feeds_[1].tables.push_back(events);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A staging file with people 1…count of the register, and two consultations each.
  void stage(int count) {
    std::filesystem::remove(folder_ + "/staging.duckdb");
    auto database = engine::Database::open(folder_ + "/staging.duckdb");
    auto connection = database->connect();
    const auto n = std::to_string(count);
    const auto done = connection->run(
        std::string("CREATE TABLE identity_record(") + identity_columns + ");"
        "INSERT INTO identity_record SELECT i * 1000, 'gp_registration', 'gp_registration', 9990000000 + i, 'valid', NULL, DATE '1950-01-01' + i::INTEGER, NULL, NULL, 'F', "
        "'FAMILY' || chr((65 + i % 26)::INTEGER), 'GIVEN', NULL, NULL, NULL, NULL, 'ZZ1 1AA', NULL, NULL, NULL, 1, i FROM range(1, " + n + " + 1) t(i);"
        "CREATE TABLE reference_identity AS SELECT 'gp' AS reference_scope, i * 7 AS person_ref, i * 1000 AS identity_key FROM range(1, " + n + " + 1) t(i);"
        "CREATE TABLE gp_registration AS SELECT i AS source_row, i::VARCHAR AS row_id, i * 1000 AS identity_key, i * 7 AS person_ref, DATE '2020-01-01' AS registered_on, 'secret' AS note FROM range(1, " + n + " + 1) t(i);"
        "CREATE TABLE gp_consultation AS SELECT i * 2 + j AS source_row, i * 7 AS person_ref, DATE '2024-05-01' AS effective_date FROM range(1, " + n + " + 1) t(i), range(2) u(j);");
    ASSERT_TRUE(done) << done.error().text();
  }

  struct Opened {
    engine::Database database;
    engine::Connection connection;
    Vault vault;
    LinkReport report;
    Withheld withheld;
  };
  Result<Opened> open() {
    JOINEDUP_TRY(auto database, engine::Database::open(""));
    JOINEDUP_TRY(auto connection, database.connect());
    JOINEDUP_CHECK(connection.run("ATTACH '" + folder_ + "/staging.duckdb' AS staging (READ_ONLY)"));
    JOINEDUP_TRY(auto vault, Vault::open(place_));
    JOINEDUP_TRY(auto report, vault.link(connection, feeds_, 2));
    JOINEDUP_TRY(auto withheld, vault.open_door(connection, feeds_));
    return Opened{std::move(database), std::move(connection), std::move(vault), report, withheld};
  }

  std::string folder_;
  place::Place place_;
  std::vector<place::FeedSpec> feeds_;
};

}  // namespace

TEST_F(VaultTest, TheDoorShowsPseudonymsAndDeclaredColumnsOnly) {
  stage(3);
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->report.new_people, 3u);
  auto& connection = opened->connection;
  EXPECT_EQ(*connection.count("SELECT count(*) FROM door.gp_consultation"), 6);
  EXPECT_EQ(*connection.count("SELECT count(DISTINCT person_key) FROM door.gp_registration"), 3);
  EXPECT_EQ(*connection.count("SELECT count(*) FROM door.person_attribute WHERE imd_decile = 3 AND lsoa = 'E01000001' AND day(birth_month) = 1"), 3);
  const auto columns = connection.query("SELECT * FROM door.gp_registration LIMIT 1");
  ASSERT_TRUE(columns);
  std::vector<std::string> names;
  for (const auto& column : columns->columns) names.push_back(column.name);
  EXPECT_EQ(names, (std::vector<std::string>{"person_key", "source_row", "registered_on"}));
}

TEST_F(VaultTest, KeysOutliveRefreshesAndAreNeverReused) {
  stage(3);
  std::vector<std::string> first;
  {
    auto opened = open();
    ASSERT_TRUE(opened);
    ASSERT_TRUE(opened->vault.commit());
    const auto keys = opened->connection.query("SELECT person_key FROM door.gp_registration ORDER BY source_row");
    for (const auto& row : keys->rows) first.push_back(row[0]);
  }
  stage(5);
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->report.generation, 2u);
  EXPECT_EQ(opened->report.new_people, 2u);
  const auto now = opened->connection.query("SELECT person_key FROM door.gp_registration ORDER BY source_row");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(now->rows[static_cast<std::size_t>(i)][0], first[static_cast<std::size_t>(i)]);
}

TEST_F(VaultTest, WhatWasNotCommittedWasNeverDecided) {
  stage(3);
  { ASSERT_TRUE(open()); }
  EXPECT_EQ(Vault::open(place_)->generation(), 0u);
}

TEST_F(VaultTest, AnObjectionWithholdsThePersonAndIsCounted) {
  stage(20);  // 999 000 0018 is among them
  place_.objections_file = "objections.csv";
  ASSERT_TRUE(write_file(folder_ + "/objections.csv", "nhs_number,purpose,from,until\n9990000018,secondary_use,2020-01-01,\n"));
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->withheld.people, 1u);
  EXPECT_EQ(opened->withheld.rows_by_feed["gp_registration"], 1u);
  EXPECT_EQ(opened->withheld.rows_by_feed["gp_event"], 2u);
  EXPECT_EQ(*opened->connection.count("SELECT count(*) FROM door.gp_consultation"), 38);
}

TEST_F(VaultTest, RowsThatReferToNobodyAreCountedNotLost) {
  stage(3);
  {
    auto database = engine::Database::open(folder_ + "/staging.duckdb");
    auto connection = database->connect();
    ASSERT_TRUE(connection->run("INSERT INTO gp_consultation VALUES (900, 4242, DATE '2024-05-01'), (901, 4242, DATE '2024-05-02')"));
  }
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->withheld.unknown_by_feed["gp_event"], 2u);
  EXPECT_EQ(*opened->connection.count("SELECT count(*) FROM door.gp_consultation"), 6);
}

TEST_F(VaultTest, AnObjectionThatCannotBeHonouredStopsTheRefresh) {
  stage(3);
  place_.objections_file = "objections.csv";
  ASSERT_TRUE(write_file(folder_ + "/objections.csv", "nhs_number,purpose,from,until\n9990000002,secondary_use,2020-01-01,\n"));
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().sentence.find("fails its check"), std::string::npos);
  EXPECT_EQ(opened.error().sentence.find("9990000002"), std::string::npos);
}

TEST_F(VaultTest, APartnerWithoutAnAgreementInForceIsWithheldWhole) {
  stage(3);
  place_.partners = {{"A1", "Practices", "general_practice"}};
  place_.feeds["gp_event"] = {"A1", ""};
  place_.agreements = {{"A1", "direct_care", *parse_iso_date("2020-01-01"), {}}};
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->withheld.rows_by_feed["gp_event"], 6u);
  EXPECT_EQ(*opened->connection.count("SELECT count(*) FROM door.gp_consultation"), 0);
}

TEST_F(VaultTest, AVaultOfFormat1IsBroughtUpAndKeepsItsKeys) {
  std::filesystem::create_directories(folder_ + "/vault");
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open((folder_ + "/vault/identity.sqlite").c_str(), &handle), SQLITE_OK);
  const char* old = "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
                    "CREATE TABLE identity(identity_key INTEGER PRIMARY KEY, person_key INTEGER NOT NULL, step INTEGER NOT NULL, generation INTEGER NOT NULL);"
                    "CREATE TABLE person_history(generation INTEGER NOT NULL, kind TEXT NOT NULL, from_key INTEGER NOT NULL, to_key INTEGER NOT NULL);"
                    "CREATE TABLE generation(generation INTEGER PRIMARY KEY, people INTEGER NOT NULL, made_at TEXT NOT NULL);"
                    "INSERT INTO meta VALUES ('format', 1), ('generation', 4), ('next_person_key', 90);"
                    "INSERT INTO identity VALUES (1000, 77, 1, 4); INSERT INTO person_history VALUES (3, 'merge', 78, 77);";
  ASSERT_EQ(sqlite3_exec(handle, old, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  stage(2);
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->report.generation, 5u);
  EXPECT_EQ(opened->report.new_people, 1u);
  ASSERT_TRUE(opened->vault.commit());
  const auto care = opened->vault.care_person(1000);
  ASSERT_TRUE(care) << care.error().text();
  EXPECT_EQ(care->person_key, 77);
  EXPECT_GE(care->care_key, 90) << "a key for care is a new one, and nobody's before";
  EXPECT_EQ(opened->vault.key_history()->front().kind, "merge");
  EXPECT_FALSE(opened->vault.care_person(4242));
}

TEST_F(VaultTest, WhoSawAMergeByMessageIsKept) {
  EXPECT_TRUE(seen_merges(place_)->empty());
  EXPECT_EQ(note_merge_seen(place_, 7, "A. Clerk").error().code, ErrorCode::not_found);
  stage(1);
  ASSERT_TRUE(open());
  EXPECT_EQ(note_merge_seen(place_, 7, "").error().code, ErrorCode::wrong_usage);
  ASSERT_TRUE(note_merge_seen(place_, 7, "A. Clerk"));
  ASSERT_TRUE(note_merge_seen(place_, 7, "B. Clerk"));
  ASSERT_TRUE(note_merge_seen(place_, 9, "B. Clerk"));
  EXPECT_EQ(*seen_merges(place_), (std::map<std::int64_t, std::string>{{7, "A. Clerk"}, {9, "B. Clerk"}}));
}

TEST_F(VaultTest, AMissingPseudonymKeyIsNotMadeAnewOverPeople) {
  place_.people = place::People::real;
  const auto key = folder_ + "/vault/keys/pseudonym.key";
  stage(2);
  {
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().text();
    ASSERT_TRUE(opened->vault.commit());
  }
  const auto kept = *read_file(key);
  std::filesystem::remove(key);
  stage(2);
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().sentence.find("restore it from the backup of keys"), std::string::npos) << refused.error().text();
  EXPECT_FALSE(std::filesystem::exists(key));
  ASSERT_TRUE(write_file(key, kept, FileMode::secret));
  EXPECT_TRUE(open());
  ASSERT_TRUE(write_file(key, std::string(32, 'n'), FileMode::secret)) << "a change on purpose";
  EXPECT_TRUE(open());
}

TEST_F(VaultTest, TheFilesAreForTheOwnerOnly) {
  stage(1);
  ASSERT_TRUE(open());
  for (const auto* file : {"/vault/identity.sqlite", "/vault/keys/pseudonym.key"}) {
    struct stat status {};
    ASSERT_EQ(::stat((folder_ + file).c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << file;
  }
}

}  // namespace joinedup::vault
