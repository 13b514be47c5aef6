// Reads staged identities, runs the exact steps, and gives every person a key that outlives this refresh.
#include <algorithm>
#include <array>
#include <numeric>

#include "base/file.hpp"
#include "base/text.hpp"
#include "vault/keys.hpp"
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
      const auto family = normal_name(text(7)), given = normal_name(text(8));
      record.family_name = text_hash(family);
      record.given_name = text_hash(given);
      record.postcode = text_hash(text(9));
      state.texts.put(record.family_name, family);
      state.texts.put(record.given_name, given);
      state.texts.put(record.postcode, text(9));
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

namespace {

// The second stage, and what clerks decided; gives what the exact steps alone had said.
Result<LinkedIdentities> link_people(Vault::State& state, std::span<const RecordDecision> decisions, const PseudonymSource* pseudonyms,
                                     unsigned threads, ProbabilisticReport& report) {
  auto exact = link_deterministic(state.records, pseudonyms);
  separate_decided(state.records, exact, decisions);
  Scored scored;
  if (state.place.linkage.probabilistic) {
    JOINEDUP_TRY(scored, score_left_over({state.records, state.texts, exact}, {.threads = threads}));
  } else scored.note = "place.toml turns the probabilistic step off.";
  JoinSettings settings;
  settings.fixed_weight = state.place.linkage.threshold_weight;
  settings.review_capacity = static_cast<std::size_t>(state.place.linkage.review_capacity);
  auto joined = join_people(state.records, exact, scored.pairs, decisions, settings);
  report.left_over = scored.left_over;
  report.pairs_compared = scored.pairs_compared;
  report.note = scored.note;
  report.joins = joined.probabilistic_joins;
  report.clerical_joins = joined.clerical_joins;
  report.refused = joined.refused_joins;
  report.review_pairs = joined.review.size();
  report.threshold_weight = joined.threshold;
  report.expected_precision = joined.expected_precision;
  report.contradicted_decisions = joined.conflicts.size();
  state.linked = std::move(joined.linked);
  state.review = std::move(joined.review);
  return exact;
}

// What the vault said of these records before; both sides are in key order: one merge pass.
struct Before {
  std::vector<std::int64_t> person, care;
  std::vector<std::uint8_t> step;
};
Result<Before> read_before(const Vault::State& state) {
  const auto count = state.records.size();
  Before before{std::vector<std::int64_t>(count, 0), std::vector<std::int64_t>(count, 0), std::vector<std::uint8_t>(count, 0)};
  Statement known(state.handle, "SELECT identity_key, person_key, step, care_key FROM identity ORDER BY identity_key");
  if (!known.good()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  std::size_t at = 0;
  while (at < count && known.row()) {
    while (at < count && state.records[at].identity_key < known.integer(0)) ++at;
    if (at == count || state.records[at].identity_key != known.integer(0)) continue;
    before.person[at] = known.integer(1);
    before.step[at] = static_cast<std::uint8_t>(known.integer(2));
    before.care[at] = known.integer(3);
  }
  if (known.failed()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  return before;
}

}  // namespace

Result<LinkReport> Vault::link(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds, unsigned threads) {
  auto& state = *state_;
  if (!state.place.postcodes_file.empty())
    JOINEDUP_CHECK(state.areas.read(connection, state.place.path(state.place.postcodes_file)));
  JOINEDUP_CHECK(read_records(state, connection, feeds));
  JOINEDUP_CHECK(read_forks(state, connection, feeds));
  add_forked_records(state);

  std::unique_ptr<FeedPseudonyms> pseudonyms;
  for (const auto& [name, feed] : state.place.feeds)
    if (!feed.nhs_pseudonym_key_file.empty()) {
      JOINEDUP_TRY(const auto key, read_file(state.place.path(feed.nhs_pseudonym_key_file)));
      pseudonyms = std::make_unique<FeedPseudonyms>(key);
    }
  LinkReport report;
  JOINEDUP_TRY(const auto decisions, decisions_on_records(state));
  JOINEDUP_TRY(const auto exact, link_people(state, decisions, pseudonyms.get(), threads, report.probabilistic));
  JOINEDUP_TRY(auto before, read_before(state));
  report.generation = state.generation + 1;
  report.people = state.linked.people;
  std::vector<std::uint8_t> verified(state.records.size());
  for (std::size_t i = 0; i < verified.size(); ++i) verified[i] = link_class(state.linked.step[i]) == LinkClass::verified;
  auto people = give_keys(state.linked.person, state.linked.people, before.person, verified, state.next_person_key);
  report.new_people = people.fresh;
  report.merged = people.merges.size();
  report.split = people.splits.size();
  state.person_key = std::move(people.key);
  state.merges = std::move(people.merges);
  state.splits = std::move(people.splits);
  std::uint32_t groups = 0;
  const auto care = care_groups(state.records, exact, decisions, groups);
  auto care_keys = give_keys(care, groups, before.care, verified, state.next_person_key);
  state.care_merges = std::move(care_keys.merges);
  state.care_splits = std::move(care_keys.splits);
  state.care_key.resize(state.records.size());
  for (std::uint32_t i = 0; i < state.records.size(); ++i) {
    state.care_key[i] = care_keys.key[care[i]];
    if (before.person[i] != state.person_key[state.linked.person[i]] || before.step[i] != static_cast<std::uint8_t>(state.linked.step[i]) ||
        before.care[i] != state.care_key[i])
      state.changed.push_back(i);
  }
  state.previous_person = std::move(before.person);
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
