#include "care_door/work.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "care_door/resources.hpp"
#include "care_door_embedded.hpp"

namespace joinedup::care_door {
namespace {

// Rows in batches, without counting slots by hand.
class Rows {
 public:
  explicit Rows(engine::Appender& appender) : appender_(appender) {}
  std::size_t at() const { return at_; }
  Result<void> next() {
    if (++at_ < engine::Appender::capacity) return {};
    at_ = 0;
    return appender_.flush(engine::Appender::capacity);
  }
  Result<void> close() {
    if (at_) JOINEDUP_CHECK(appender_.flush(at_));
    return appender_.close();
  }

 private:
  engine::Appender& appender_;
  std::size_t at_ = 0;
};

}  // namespace

Result<void> Work::run_sql(std::string_view file) {
  const auto text = find_embedded(embedded_care_door(), file);
  JOINEDUP_INVARIANT(text, "the room's files are compiled in");
  auto done = connection.run(*text);
  if (!done) return fail(done.error().code, done.error().sentence, "care_door/" + std::string(file));
  return {};
}

Result<void> Work::read_identities(std::optional<std::int64_t> about) {
  JOINEDUP_CHECK(connection.run("CREATE TABLE care_identity(identity_key BIGINT, care_key BIGINT, person_key BIGINT);"
                                "CREATE TABLE row_fork(staged_table VARCHAR, row_id VARCHAR, identity_key BIGINT)"));
  {
    JOINEDUP_TRY(auto appender, connection.append_to("care_identity"));
    Rows rows(appender);
    Result<void> appended;
    const auto add = [&](const vault::CareIdentity& one) {
      if (!appended) return;
      appender.set_integer(0, rows.at(), one.identity_key);
      appender.set_integer(1, rows.at(), one.care_key);
      appender.set_integer(2, rows.at(), one.person_key);
      appended = rows.next();
    };
    JOINEDUP_CHECK(about ? vault.each_identity_about(*about, add) : vault.each_care_identity(add));
    JOINEDUP_CHECK(appended);
    JOINEDUP_CHECK(rows.close());
  }
  JOINEDUP_TRY(const auto forks, vault.care_forks());
  for (const auto& fork : forks)
    JOINEDUP_CHECK(connection.run("INSERT INTO row_fork VALUES (" + engine::sql_text(fork.staged_table) + ", " + engine::sql_text(fork.row_id) + ", " + std::to_string(fork.identity_key) + ")"));
  return {};
}

// Objections are by NHS number; whoever has a record with that number under the same care key is meant.
Result<void> Work::read_objections() {
  JOINEDUP_TRY(const auto said, vault::objections_in_force(place, connection));
  JOINEDUP_CHECK(connection.run("CREATE TABLE objector(nhs_number BIGINT, purpose VARCHAR)"));
  for (const auto& one : said)
    if (one.purpose == "direct_care" || one.purpose == "case_finding")
      JOINEDUP_CHECK(connection.run("INSERT INTO objector VALUES (" + std::to_string(one.nhs_number) + ", " + engine::sql_text(one.purpose) + ")"));
  JOINEDUP_TRY(const auto keys, connection.query("SELECT DISTINCT c.care_key, o.purpose FROM objector o JOIN staging.main.identity_record i ON CAST(i.nhs_number AS BIGINT) = o.nhs_number "
                                                 "JOIN care_identity c ON c.identity_key = i.identity_key WHERE i.nhs_status = 'valid'"));
  for (std::size_t i = 0; i < keys.rows.size(); ++i) (keys.rows[i][1] == "direct_care" ? objecting : objecting_to_finding).insert(keys.integer(i, 0));
  return {};
}

Result<void> Work::open_sources(std::optional<std::int64_t> about) {
  recorded = instant_now();
  JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(place.path("vault/staging/staging.duckdb")) + " AS staging (READ_ONLY);"
                                "CREATE TABLE place_period AS SELECT DATE '" + place.data_from.to_iso() + "' AS data_from, DATE '" + place.data_to.to_iso() + "' AS data_to"));
  std::set<std::string> refused;
  for (const auto& feed : feeds) {
    const auto settings = place.feeds.find(feed.feed);
    if (settings == place.feeds.end()) continue;
    switch (place.cover(settings->second.partner, "direct_care", today(), feed.feed)) {
      case place::Cover::in_force: agreed.insert(feed.feed); break;
      case place::Cover::winding_down: winding_down.insert(feed.feed); break;
      case place::Cover::none: refused.insert(feed.feed); break;
    }
  }
  const auto listed = [](const std::set<std::string>& all) {
    std::string text;
    for (const auto& feed : all) text += (text.empty() ? "" : ", ") + feed;
    return text;
  };
  if (!refused.empty()) notes.push_back("Not shared for care, because no agreement for direct_care of its partner is in force in place.toml: " + listed(refused) + ".");
  if (!winding_down.empty()) notes.push_back("Left as it was for people in care, because its agreement for direct_care winds down: " + listed(winding_down) + ".");
  JOINEDUP_CHECK(read_identities(about));
  return read_objections();
}

bool Work::is_left_as_it_is(const WrittenResource& one) const {
  return winding_down.contains(one.feed) && (winding_down.contains("gp_registration") || open_patients.contains(one.patient));
}

std::string Work::source_of(const std::string& feed) const {
  const auto settings = place.feeds.find(feed);
  return feed_source(settings == place.feeds.end() ? std::string_view() : std::string_view(settings->second.partner), feed);
}

std::string Work::organization_id(const std::string& code) const {
  const auto found = organization_ids.find(code);
  return found == organization_ids.end() ? std::string() : found->second;
}

Wanted Work::provenance(const std::string& feed, const std::string& patient, const std::vector<const Wanted*>& targets, std::size_t number) const {
  ProvenanceFacts facts;
  const auto run = std::to_string(memory.generation());
  facts.id = names.id("Provenance", feed, run + "/" + patient + "/" + std::to_string(number));
  facts.recorded = recorded;
  facts.feed = feed;
  facts.run = run;
  if (const auto settings = place.feeds.find(feed); settings != place.feeds.end()) facts.author_id = organization_id(settings->second.partner);
  for (const auto* one : targets) facts.targets.push_back(one->type + "/" + one->id);
  return {.type = "Provenance", .id = facts.id, .feed = feed, .patient = patient, .body = provenance_body(facts)};
}

Result<std::string> naming_key(const place::Place& place, Memory& memory, const vault::Vault& vault) {
  const auto file = place.path("vault/keys/care_door.key");
  if (place.people == place::People::real && !std::filesystem::exists(file) && !memory.written().empty())
    return fail(ErrorCode::invalid_input, "The key that names the shared record's resources is missing. Restore vault/keys from its backup; nothing was changed.", file);
  return vault.care_secret();
}

}  // namespace joinedup::care_door
