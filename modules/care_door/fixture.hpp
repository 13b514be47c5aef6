// A small synthetic place for this room's tests: ingested and linked as a refresh does it, then shared.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "care_door/care_door.hpp"
#include "fhir/fhir.hpp"
#include "ingest/ingest.hpp"
#include "synth/synth.hpp"
#include "vault/vault.hpp"

namespace joinedup::care_door {

using Json = nlohmann::json;

class SharedPlace {
 public:
  explicit SharedPlace(std::uint64_t people = 400) {
    set_progress_quiet(true);
    static int number = 0;
    folder = (std::filesystem::temp_directory_path() / ("joinedup_care_" + std::to_string(::getpid()) + "_" + std::to_string(number++))).string();
    std::filesystem::remove_all(folder);
    synth::SynthOptions options;
    options.people = people;
    options.seed = 21;
    options.years = 1;
    options.folder = folder;
    const auto made = synth::generate_place(options);
    if (!made) ADD_FAILURE() << made.error().text();
    feeds = *place::shipped_feeds();
    read_settings();
  }
  ~SharedPlace() { std::filesystem::remove_all(folder); }
  SharedPlace(const SharedPlace&) = delete;
  SharedPlace& operator=(const SharedPlace&) = delete;

  void read_settings() {
    auto read = place::read_place(folder);
    if (!read) FAIL() << read.error().text();
    place = *read;
  }
  // Reads the extracts and links them, as a refresh does before it shares.
  Result<void> link() {
    Findings findings;
    ingest::IngestOptions options;
    options.feeds_folder = place.path("feeds");
    options.staging_path = place.path("vault/staging/staging.duckdb");
    options.temporary_folder = place.path("vault/staging");
    options.feeds = feeds;
    options.data_from = place.data_from;
    options.data_to = place.data_to;
    JOINEDUP_CHECK(make_folder(place.path("vault/staging"), FileMode::secret));
    JOINEDUP_TRY(const auto summary, ingest::ingest_feeds(options, findings));
    static_cast<void>(summary);
    JOINEDUP_TRY(auto vault, vault::Vault::open(place));
    JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = 2}));
    JOINEDUP_TRY(auto connection, database.connect());
    JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(options.staging_path) + " AS staging (READ_ONLY)"));
    JOINEDUP_TRY(const auto linked, vault.link(connection, feeds, 2));
    static_cast<void>(linked);
    return vault.commit();
  }
  Result<Shared> share_as(const std::string& print) {
    return share(place, feeds, {.print = print, .threads = 2, .drafts = [this]() -> Result<Drafts> { return drafts; }});
  }
  void next_run() { ++runs_; }
  Result<Shared> share_again() {
    next_run();
    return share_as("run " + std::to_string(runs_));
  }
  // The pseudonym of whoever is registered with this NHS number.
  std::int64_t pseudonym_of(const std::string& nhs_number) const {
    auto database = engine::Database::open("", {.threads = 1});
    auto connection = database->connect();
    EXPECT_TRUE(connection->run("ATTACH " + engine::sql_text(place.path("vault/staging/staging.duckdb")) + " AS staging (READ_ONLY)"));
    const auto key = connection->count("SELECT identity_key FROM staging.main.identity_record WHERE staged_table = 'gp_registration' AND nhs_number = " + nhs_number + " LIMIT 1");
    auto vault = vault::Vault::open(place);
    const auto person = vault->care_person(*key);
    EXPECT_TRUE(person) << person.error().text();
    return vault->pseudonyms_of({person->person_key})[0];
  }
  // The NHS numbers of those with the most outpatient appointments who are surely on a practice's list.
  std::vector<std::string> often_seen(int most) const {
    auto database = engine::Database::open("", {.threads = 1});
    auto connection = database->connect();
    EXPECT_TRUE(connection->run("ATTACH " + engine::sql_text(place.path("vault/staging/staging.duckdb")) + " AS staging (READ_ONLY)"));
    const auto found = connection->query(
        "SELECT CAST(i.nhs_number AS VARCHAR) FROM staging.main.outpatient_appointment t JOIN staging.main.identity_record i ON i.identity_key = t.identity_key "
        "JOIN staging.main.identity_record g ON g.staged_table = 'gp_registration' AND g.nhs_number = i.nhs_number AND g.birth_date = i.birth_date "
        "JOIN staging.main.gp_registration r ON r.identity_key = g.identity_key AND r.deregistered_on IS NULL AND r.date_of_death IS NULL AND NOT coalesce(r.deleted, false) "
        "WHERE i.nhs_status = 'valid' AND t.attended IN ('5', '6') GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT " + std::to_string(most));
    std::vector<std::string> numbers;
    if (found)
      for (const auto& row : found->rows) numbers.push_back(row[0]);
    EXPECT_EQ(numbers.size(), static_cast<std::size_t>(most));
    return numbers;
  }
  void find_person(const std::string& nhs_number) {
    caseload::Case one;
    one.person_key = pseudonym_of(nhs_number);
    one.team = place.teams.at(0).name;
    one.practice = place.teams[0].practices.at(0);
    one.state = "found";
    one.risk = 0.31;
    one.impactability = 2, one.care_gaps = 1;
    one.reasons = {{"risk", "emergency_admissions", "2 emergency admissions since 2025-04-01", "hospital stays", "2025-12-24", "normal"},
                   {"impactability", "mental_health", "In contact with mental health services", "mental health contacts", "2025-11-02", "mental_health"}};
    drafts.found.push_back(one);
    drafts.index_date = place.data_to.to_iso();
    drafts.risk_model = "test";
  }
  Result<Shared> refresh() {
    JOINEDUP_CHECK(link());
    return share_again();
  }
  // A register file's lines; the first is the header.
  std::vector<std::string> lines(const std::string& below) const {
    std::vector<std::string> all;
    const auto text = read_file(place.path(below));
    for (const auto line : split(*text, '\n'))
      if (!line.empty()) all.emplace_back(line);
    return all;
  }
  void write_lines(const std::string& below, const std::vector<std::string>& all) const {
    std::string text;
    for (const auto& line : all) text += line + "\n";
    ASSERT_TRUE(write_file(place.path(below), text));
  }
  std::string register_file() const {
    for (const auto& entry : std::filesystem::directory_iterator(place.path("feeds/gp_registration")))
      if (entry.path().filename().string().starts_with("Admin_Patient")) return "feeds/gp_registration/" + entry.path().filename().string();
    return {};
  }
  std::unique_ptr<fhir::DurableStore> store() const {
    auto opened = fhir::open_store({.path = place.path("shared-record.sqlite")});
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }
  std::vector<Json> find(const std::string& type, const std::string& query) const {
    std::vector<Json> all;
    auto record = store();
    std::string cursor;
    do {
      const auto parsed = fhir::parse_query(type, query + (query.empty() ? "" : "&") + "_count=1000" + (cursor.empty() ? "" : "&_cursor=" + cursor));
      if (!parsed) return ADD_FAILURE() << parsed.error().text(), all;
      const auto page = record->search(*parsed, fhir::PermitAll());
      if (!page) return ADD_FAILURE() << page.error().text(), all;
      for (const auto& entry : page->entries) all.push_back(Json::parse(entry.version.body));
      cursor = page->next;
    } while (!cursor.empty());
    return all;
  }

  std::string folder;
  place::Place place;
  std::vector<place::FeedSpec> feeds;
  Drafts drafts;  // whom case finding found

 private:
  int runs_ = 0;
};

}  // namespace joinedup::care_door
