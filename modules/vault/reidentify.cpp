#include <filesystem>
#include <memory>
#include <vector>

#include "engine/engine.hpp"
#include "vault/state.hpp"

namespace joinedup::vault {
std::int64_t pseudonym_under(const HmacKey& key, std::int64_t person_key) {
  const auto digest = key.of(std::to_string(person_key));
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | digest[static_cast<std::size_t>(i)];
  return static_cast<std::int64_t>(bits >> 1);
}

Result<IdentifiedPerson> reidentify(const place::Place& place, std::int64_t pseudonym) {
  const std::string file = place.path("vault/identity.sqlite"), staging = place.path("vault/staging/staging.duckdb");
  if (!std::filesystem::exists(file) || !std::filesystem::exists(staging))
    return fail(ErrorCode::not_found, "The vault of this place is not here; a found person can be named only where the place itself is kept.", file);
  JOINEDUP_TRY(const auto secret, secret_key(place, "pseudonym", MissingKey::is_refused));
  const HmacKey key(secret);
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> handle(opened, &sqlite3_close);
  if (status != SQLITE_OK) return tl::unexpected(sqlite_error(opened, "be read"));
  std::int64_t person = 0;
  bool known = false;
  {
    Statement people(handle.get(), "SELECT DISTINCT person_key FROM identity");
    while (!known && people.row())
      if (pseudonym_under(key, people.integer(0)) == pseudonym) person = people.integer(0), known = true;
  }
  if (!known) return fail(ErrorCode::not_found, "The vault knows nobody of this pseudonym; was its key rotated, or is it of another place?");
  std::string keys;
  {
    Statement identities(handle.get(), "SELECT identity_key FROM identity WHERE person_key = ? ORDER BY identity_key");
    identities.bind(1, person);
    while (identities.row()) keys += (keys.empty() ? "" : ", ") + std::to_string(identities.integer(0));
  }
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = 1}));
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(staging) + " AS staging (READ_ONLY)"));
  JOINEDUP_TRY(const auto rows, connection.query(
      "SELECT CASE WHEN nhs_status = 'valid' THEN lpad(CAST(nhs_number AS VARCHAR), 10, '0') END, family_name, given_name, CAST(birth_date AS VARCHAR), postcode "
      "FROM staging.main.identity_record WHERE identity_key IN (" + keys + ") ORDER BY CASE WHEN feed = 'gp_registration' THEN 0 ELSE 1 END, rows DESC, identity_key"));
  IdentifiedPerson found;
  // The register's row first; what it lacks, from the next row that has it.
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    std::size_t column = 0;
    for (auto* field : {&found.nhs_number, &found.family_name, &found.given_name, &found.birth_date, &found.postcode}) {
      if (field->empty()) *field = rows.rows[i][column];
      ++column;
    }
  }
  if (rows.rows.empty()) return fail(ErrorCode::not_found, "The extracts that named this person are no longer staged; refresh the place.");
  return found;
}

}  // namespace joinedup::vault
