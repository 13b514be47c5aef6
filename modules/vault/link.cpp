// Reads staged identities, runs the exact steps, and gives every person a key that outlives this refresh.
#include <algorithm>
#include <array>
#include <numeric>

#include "base/file.hpp"
#include "base/text.hpp"
#include "vault/state.hpp"
#include "vault/vault.hpp"

namespace joinedup::vault {
namespace {

// How far a feed's identities are believed, the register of GP patients first.
std::uint8_t trust_of(const std::string& partner_type) {
  static const std::vector<std::pair<std::string, std::uint8_t>> order = {
      {"general_practice", 0}, {"registration", 1}, {"hospital", 2}, {"community", 3},
      {"mental_health", 3},    {"social_care", 4},  {"housing", 6},  {"voluntary", 7}};
  for (const auto& [type, trust] : order)
    if (type == partner_type) return trust;
  return 5;
}

std::uint64_t text_hash(std::string_view text) { return text.empty() ? 0 : hash64(text) | 1; }

class FeedPseudonyms : public PseudonymSource {
 public:
  explicit FeedPseudonyms(const std::string& key) : key_(key) {}
  // The first 16 hexadecimal digits of HMAC-SHA-256 over the ten digits of the number.
  std::uint64_t pseudonym_of(std::uint64_t nhs_number) const override {
    std::string digits = std::to_string(nhs_number);
    digits.insert(0, 10 - digits.size(), '0');
    const auto digest = key_.of(digits);
    return text_hash(to_hex({digest.data(), 8}));
  }

 private:
  HmacKey key_;
};

constexpr const char* read_identities = R"(
SELECT identity_key, CASE WHEN nhs_status = 'valid' THEN nhs_number END, nhs_pseudonym, birth_date, birth_year, birth_month, sex,
       family_name, given_name, postcode, lsoa, local_id, local_id_organisation, rows, staged_table
FROM staging.identity_record ORDER BY identity_key
)";

}  // namespace

Result<void> Areas::read(engine::Connection& connection, const std::string& file) {
  return connection.scan("SELECT postcode, lsoa11, try_cast(imd_decile AS INTEGER) FROM read_csv(" + engine::sql_text(file) +
                             ", header = true, all_varchar = true)",
                         [&](const engine::Batch& batch) -> Result<void> {
                           for (std::size_t row = 0; row < batch.rows(); ++row) {
                             const auto index = of_lsoa(batch.text(1, row));
                             if (!batch.is_null(2, row)) areas_[index].imd_decile = static_cast<int>(batch.integer(2, row));
                             by_postcode_.put(hash64(batch.text(0, row)), index);
                           }
                           return {};
                         });
}

std::uint32_t Areas::of_lsoa(std::string_view lsoa) {
  if (lsoa.empty()) return 0;
  const auto [slot, fresh] = by_lsoa_.put_if_absent(hash64(lsoa), static_cast<std::uint32_t>(areas_.size()));
  if (fresh) areas_.push_back({std::string(lsoa), 0});
  return *slot;
}

namespace {

Result<void> read_records(Vault::State& state, engine::Connection& connection, const std::vector<place::FeedSpec>& feeds) {
  std::vector<std::uint8_t> trust;
  for (const auto& feed : feeds)
    for (const auto& table : feed.tables) {
      state.tables.push_back(table.name);
      trust.push_back(trust_of(feed.partner_type));
    }
  std::size_t last_table = 0;
  return connection.scan(read_identities, [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      const auto text = [&](std::size_t column) { return batch.is_null(column, row) ? std::string_view{} : batch.text(column, row); };
      IdentityRecord record;
      record.identity_key = batch.integer(0, row);
      if (!batch.is_null(1, row)) record.nhs_number = static_cast<std::uint64_t>(batch.integer(1, row));
      record.nhs_pseudonym = text_hash(lower_ascii(text(2)));
      if (!batch.is_null(3, row)) record.birth_date = static_cast<std::int32_t>(batch.integer(3, row));
      if (!batch.is_null(4, row)) record.birth_year = static_cast<std::int16_t>(batch.integer(4, row));
      if (!batch.is_null(5, row)) record.birth_month = static_cast<std::int8_t>(batch.integer(5, row));
      if (const auto sex = text(6); !sex.empty()) record.sex = sex[0];
      record.family_name = text_hash(normal_name(text(7)));
      record.given_name = text_hash(normal_name(text(8)));
      record.postcode = text_hash(text(9));
      if (!text(11).empty()) record.local_identifier = hash64(text(11), text_hash(text(12))) | 1;
      record.rows = static_cast<std::uint32_t>(batch.integer(13, row));
      const auto name = text(14);
      if (state.tables[last_table] != name)
        last_table = static_cast<std::size_t>(std::find(state.tables.begin(), state.tables.end(), name) - state.tables.begin());
      JOINEDUP_INVARIANT(last_table < state.tables.size(), "an identity was staged by a table that no feed declares");
      record.trust = trust[last_table];
      state.record_table.push_back(static_cast<std::uint16_t>(last_table));
      state.record_area.push_back(text(10).empty() ? state.areas.of_postcode(text(9)) : state.areas.of_lsoa(text(10)));
      state.records.push_back(record);
    }
    return {};
  });
}

// A person keeps the oldest key among its records, unless another person has more records that held that key.
void give_keys(Vault::State& state, const std::vector<std::int64_t>& previous, LinkReport& report) {
  const auto& person = state.linked.person;
  std::vector<std::tuple<std::int64_t, std::uint32_t>> held;  // old key, person
  for (std::size_t i = 0; i < person.size(); ++i)
    if (previous[i]) held.emplace_back(previous[i], person[i]);
  std::sort(held.begin(), held.end());
  state.person_key.assign(state.linked.people, 0);
  std::vector<std::pair<std::uint32_t, std::int64_t>> losers;  // person, the key it lost
  for (std::size_t first = 0; first < held.size();) {
    const auto key = std::get<0>(held[first]);
    std::uint32_t winner = 0;
    std::size_t best = 0, at = first;
    std::vector<std::uint32_t> claimants;
    while (at < held.size() && std::get<0>(held[at]) == key) {
      const auto claimant = std::get<1>(held[at]);
      std::size_t run = 0;
      for (; at < held.size() && held[at] == std::tuple(key, claimant); ++at) ++run;
      claimants.push_back(claimant);
      if (run > best) {
        best = run;
        winner = claimant;
      }
    }
    for (const auto claimant : claimants)
      if (claimant != winner) losers.emplace_back(claimant, key);
    if (state.person_key[winner] == 0) state.person_key[winner] = key;
    else state.merges.emplace_back(key, state.person_key[winner]);
    first = at;
  }
  for (auto& key : state.person_key)
    if (key == 0) {
      key = state.next_person_key++;
      ++report.new_people;
    }
  for (const auto& [loser, key] : losers) state.splits.emplace_back(key, state.person_key[loser]);
  report.merged = state.merges.size();
  report.split = state.splits.size();
}

void describe_people(Vault::State& state) {
  const auto people = state.linked.people;
  std::vector<std::uint32_t> sex(people, UINT32_MAX), birth(people, UINT32_MAX), area(people, UINT32_MAX);
  const auto better = [&](std::uint32_t a, std::uint32_t b) {
    if (b == UINT32_MAX) return true;
    const auto &x = state.records[a], &y = state.records[b];
    return std::tuple(x.trust, UINT32_MAX - x.rows, x.identity_key) < std::tuple(y.trust, UINT32_MAX - y.rows, y.identity_key);
  };
  for (std::uint32_t i = 0; i < state.records.size(); ++i) {
    const auto& record = state.records[i];
    const auto p = state.linked.person[i];
    if (record.sex != 'U' && better(i, sex[p])) sex[p] = i;
    if ((record.birth_date != no_date || record.birth_year) && better(i, birth[p])) birth[p] = i;
    if (state.record_area[i] && better(i, area[p])) area[p] = i;
  }
  state.attributes.resize(people);
  for (std::uint32_t p = 0; p < people; ++p) {
    auto& facts = state.attributes[p];
    if (sex[p] != UINT32_MAX) facts.sex = state.records[sex[p]].sex;
    if (area[p] != UINT32_MAX) facts.area = state.record_area[area[p]];
    if (birth[p] == UINT32_MAX) continue;
    const auto& record = state.records[birth[p]];
    if (record.birth_date != no_date) facts.birth_month = Date{record.birth_date}.first_of_month().days;
    else if (const auto day = make_date(record.birth_year, record.birth_month, 1)) facts.birth_month = day->days;
  }
}

// Pseudonym = the first 63 bits of HMAC-SHA-256(place key, person key in decimal): docs/methods/pseudonym.md.
Result<void> make_pseudonyms(Vault::State& state) {
  const HmacKey key(state.pseudonym_key);
  FlatMap seen(state.linked.people);
  state.pseudonym.resize(state.linked.people);
  for (std::uint32_t p = 0; p < state.linked.people; ++p) {
    const auto digest = key.of(std::to_string(state.person_key[p]));
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | digest[static_cast<std::size_t>(i)];
    state.pseudonym[p] = static_cast<std::int64_t>(bits >> 1);
    if (!seen.put_if_absent(bits >> 1, p).second)
      return fail(ErrorCode::conflict, "Two people have the same pseudonym under the place's key, one chance in millions of places. Rotate the key and refresh again.",
                  "vault/keys/pseudonym.key");
  }
  return {};
}

}  // namespace

Result<LinkReport> Vault::link(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds, unsigned) {
  auto& state = *state_;
  if (!state.place.postcodes_file.empty())
    JOINEDUP_CHECK(state.areas.read(connection, state.place.path(state.place.postcodes_file)));
  JOINEDUP_CHECK(read_records(state, connection, feeds));

  std::unique_ptr<FeedPseudonyms> pseudonyms;
  for (const auto& [name, feed] : state.place.feeds)
    if (!feed.nhs_pseudonym_key_file.empty()) {
      JOINEDUP_TRY(const auto key, read_file(state.place.path(feed.nhs_pseudonym_key_file)));
      pseudonyms = std::make_unique<FeedPseudonyms>(key);
    }
  state.linked = link_deterministic(state.records, pseudonyms.get());

  std::vector<std::int64_t> previous(state.records.size(), 0);
  std::vector<std::uint8_t> previous_step(state.records.size(), 0);
  {
    // Both sides are in key order: one merge pass.
    Statement known(state.handle, "SELECT identity_key, person_key, step FROM identity ORDER BY identity_key");
    if (!known.good()) return tl::unexpected(sqlite_error(state.handle, "be read"));
    std::size_t at = 0;
    while (at < state.records.size() && known.row()) {
      while (at < state.records.size() && state.records[at].identity_key < known.integer(0)) ++at;
      if (at == state.records.size() || state.records[at].identity_key != known.integer(0)) continue;
      previous[at] = known.integer(1);
      previous_step[at] = static_cast<std::uint8_t>(known.integer(2));
    }
    if (known.failed()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  }
  LinkReport report;
  report.generation = state.generation + 1;
  report.people = state.linked.people;
  give_keys(state, previous, report);
  for (std::uint32_t i = 0; i < state.records.size(); ++i)
    if (previous[i] != state.person_key[state.linked.person[i]] || previous_step[i] != static_cast<std::uint8_t>(state.linked.step[i]))
      state.changed.push_back(i);
  describe_people(state);
  JOINEDUP_CHECK(make_pseudonyms(state));

  std::map<std::pair<std::string, int>, StepCount> counts;
  std::map<std::string, std::string> feed_of_table;
  for (const auto& feed : feeds)
    for (const auto& table : feed.tables) feed_of_table[table.name] = feed.feed;
  std::vector<std::array<std::pair<std::uint64_t, std::uint64_t>, link_step_count + 1>> by_table(state.tables.size());
  for (std::size_t i = 0; i < state.records.size(); ++i) {
    auto& cell = by_table[state.record_table[i]][static_cast<std::size_t>(state.linked.step[i])];
    ++cell.first;
    cell.second += state.records[i].rows;
  }
  for (std::size_t t = 0; t < by_table.size(); ++t)
    for (int step = 1; step <= link_step_count; ++step) {
      const auto& [identities, rows] = by_table[t][static_cast<std::size_t>(step)];
      if (!identities) continue;
      auto& count = counts[{feed_of_table[state.tables[t]], step}];
      count.feed = feed_of_table[state.tables[t]];
      count.step = link_step_name(static_cast<LinkStep>(step));
      count.identities += identities;
      count.rows += rows;
    }
  for (auto& [key, count] : counts) report.steps.push_back(std::move(count));
  return report;
}

}  // namespace joinedup::vault
