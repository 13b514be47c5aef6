// A small place of every kind of file, for tests of this room.
#pragma once
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "audit/audit.hpp"
#include "backup/backup.hpp"
#include "base/hash.hpp"
#include "base/test_folder.hpp"
#include "fhir/store.hpp"

namespace joinedup::backup {

namespace fs = std::filesystem;

inline void run_sql(const std::string& file, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  sqlite3_busy_timeout(db, 10'000);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << file << ": " << sqlite3_errmsg(db);
  sqlite3_close(db);
}

inline std::int64_t number(const std::string& file, const char* sql) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr);
  sqlite3_busy_timeout(db, 10'000);
  std::int64_t out = -1;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) out = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return out;
}

inline fhir::Write patient(const std::string& id, const std::string& text = "x") {
  return {.kind = fhir::Write::Kind::update, .type = "Patient", .id = id, .body = R"({"resourceType":"Patient","name":[{"text":")" + text + R"("}]})", .if_match = {}};
}

class SmallPlace {
 public:
  SmallPlace() {
    for (const char* sub : {"place/vault/keys", "place/vault/staging", "place/feeds/deaths", "place/warehouse/1", "place/identity", "place/subscriptions", "place/policy"}) fs::create_directories(folder.file(sub));
    folder.write("place/place.toml", "# a place\nformat = 1  # of this file\n\n[place]\nname = \"Test\"\n");
    folder.write("place/policy/own.csv", "rule\n");
    folder.write("place/feeds/deaths/deaths_2026.csv", "id\n1\n");
    folder.write("place/warehouse/1/manifest.json", "{}");
    folder.write("place/vault/staging/staging.duckdb", "scratch");
    folder.write("place/vault/keys/pseudonym.key", std::string(32, 'k'));
    folder.write("place/vault/refresh.lock", "");
    run_sql(folder.file("place/vault/identity.sqlite"), "PRAGMA journal_mode = WAL; CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL); INSERT INTO meta VALUES ('format', 2), ('generation', 7);"
                                                        "CREATE TABLE identity(identity_key INTEGER PRIMARY KEY, note TEXT); CREATE INDEX by_note ON identity(note);");
    std::string rows = "BEGIN;";
    for (int i = 0; i < 200; ++i) rows += "INSERT INTO identity VALUES (" + std::to_string(i) + ", 'note " + std::to_string(i * 7919) + "');";
    run_sql(folder.file("place/vault/identity.sqlite"), rows + "COMMIT");
    run_sql(folder.file("place/subscriptions/queue.sqlite"), "PRAGMA journal_mode = WAL; CREATE TABLE told(upto INTEGER); INSERT INTO told VALUES (0); PRAGMA user_version = 1");
    {
      const auto store = fhir::open_store({.path = record(), .base_url = {}, .clock = {}, .new_id = {}});
      EXPECT_TRUE((*store)->write({patient("a"), patient("b")}));
    }
    const auto log = audit::Log::open({.folder = place() + "/audit", .writer = "serve", .signing_key_file = {}, .guardian_key_file = {}, .heads_copy_file = {}});
    EXPECT_TRUE((*log)->append_and_wait(event("first")));
  }
  static audit::Event event(const std::string& name) {
    audit::Event out;
    out.kind = "update";
    out.outcome = "allowed";
    out.user = "u-1";
    out.request = name;
    return out;
  }
  std::string place() const { return folder.file("place"); }
  std::string record() const { return folder.file("place/shared-record.sqlite"); }
  // Every file below a folder by its sum, those that locks leave and databases keep beside them apart.
  static std::map<std::string, std::string> sums(const std::string& below) {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(below)) {
      const auto path = entry.path().lexically_relative(below).string();
      if (entry.is_regular_file() && !path.ends_with(".lock") && !path.ends_with("-wal") && !path.ends_with("-shm") && !path.ends_with(".idx")) out[path] = *sha256_file(entry.path().string());
    }
    return out;
  }
  TestFolder folder;
};

}  // namespace joinedup::backup
