#include "vault/probabilistic.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/date.hpp"
#include "base/embedded.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "linkage/linkage.hpp"
#include "vault_embedded.hpp"

namespace joinedup::vault {
namespace {

constexpr std::uint32_t none = UINT32_MAX;
constexpr std::size_t least_training_records = 1000;  // fewer teach the model nothing
enum Column { family, given, birth, sex, postcode, number, aside, columns };

// Rows for the engine: views into the text pool and into dates and numbers written out once.
class Rows {
 public:
  explicit Rows(const ExactlyLinked& people) : people_(people) {
    rows_.columns = {"family_name", "given_name", "birth_date", "sex", "postcode", "nhs_number", "set_aside"};
  }
  struct Facts {
    std::uint64_t family = 0, given = 0, postcode = 0, number = 0;
    std::int32_t birth = no_date;
    char sex = 'U';
    bool aside = false;
    std::uint64_t print() const {
      return mix64(mix64(mix64(family, given), mix64(postcode, number)), mix64(static_cast<std::uint64_t>(birth), static_cast<std::uint64_t>(sex) * 2 + aside));
    }
    bool tells() const { return (birth != no_date) + (family && given) + (postcode != 0) + (number != 0) >= 2; }
  };
  void add(const Facts& facts, std::uint16_t source) {
    auto& values = rows_.values;
    values.push_back(people_.texts.text(facts.family));
    values.push_back(people_.texts.text(facts.given));
    values.push_back(facts.birth == no_date ? std::string_view{} : written(static_cast<std::uint64_t>(static_cast<std::uint32_t>(facts.birth)), [&] { return Date{facts.birth}.to_iso(); }));
    values.push_back(facts.sex == 'M' ? "M" : facts.sex == 'F' ? "F" : "");
    values.push_back(people_.texts.text(facts.postcode));
    values.push_back(facts.number == 0 ? std::string_view{} : written(facts.number + (std::uint64_t{1} << 40), [&] { return std::to_string(facts.number); }));
    values.push_back(facts.aside ? "y" : "");
    rows_.sources.push_back(source);
  }
  const linkage::MemoryRecords& rows() const { return rows_; }
  std::size_t size() const { return rows_.sources.size(); }

 private:
  template <class Write>
  std::string_view written(std::uint64_t key, Write write) {
    const auto found = written_.find(key);
    if (found != written_.end()) return found->second;
    return written_.emplace(key, write()).first->second;
  }
  const ExactlyLinked& people_;
  linkage::MemoryRecords rows_;
  std::map<std::uint64_t, std::string> written_;  // its texts never move
};

Rows::Facts facts_of(const IdentityRecord& record) {
  return {record.family_name, record.given_name, record.postcode, record.nhs_number, record.birth_date, record.sex, false};
}

// Records person by person: where each person's begin in `order`.
struct ByPerson {
  std::vector<std::uint32_t> order, start;
  explicit ByPerson(const LinkedIdentities& exact) : order(exact.person.size()), start(exact.people + 1, 0) {
    for (const auto person : exact.person) ++start[person + 1];
    for (std::size_t p = 1; p < start.size(); ++p) start[p] += start[p - 1];
    auto next = start;
    for (std::uint32_t i = 0; i < exact.person.size(); ++i) order[next[exact.person[i]]++] = i;
  }
  std::span<const std::uint32_t> of(std::uint32_t person) const { return {order.data() + start[person], start[person + 1] - start[person]}; }
};

bool trusted_more(const IdentityRecord& x, const IdentityRecord& y) {
  return std::tuple(x.trust, UINT32_MAX - x.rows, x.identity_key) < std::tuple(y.trust, UINT32_MAX - y.rows, y.identity_key);
}

// What the person's records, taken together, say where one of them is silent.
Rows::Facts whole(const ExactlyLinked& people, std::span<const std::uint32_t> members, const PersonStanding& standing) {
  std::uint32_t named = none, dated = none, sexed = none;
  const auto better = [&](std::uint32_t i, std::uint32_t than) { return than == none || trusted_more(people.records[i], people.records[than]); };
  for (const auto i : members) {
    const auto& record = people.records[i];
    if (record.family_name && record.given_name && better(i, named)) named = i;
    if (record.birth_date != no_date && better(i, dated)) dated = i;
    if (record.sex != 'U' && better(i, sexed)) sexed = i;
  }
  Rows::Facts facts;
  if (named != none) facts.family = people.records[named].family_name, facts.given = people.records[named].given_name;
  if (dated != none) facts.birth = people.records[dated].birth_date;
  if (sexed != none) facts.sex = people.records[sexed].sex;
  facts.number = standing.nhs_number;
  return facts;
}

Rows::Facts completed(const IdentityRecord& record, const Rows::Facts& person) {
  auto facts = facts_of(record);
  if (!facts.family || !facts.given) facts.family = person.family, facts.given = person.given;
  if (facts.birth == no_date) facts.birth = person.birth;
  if (facts.sex == 'U') facts.sex = person.sex;
  facts.aside = facts.number && facts.number != person.number;
  if (!facts.number) facts.number = person.number;
  return facts;
}

// The model, trained on what the records say as they came: the register (source 0) beside all other feeds (source 1).
Result<std::string> train(const ExactlyLinked& people, const ByPerson& by_person, const ScoreSettings& settings) {
  const auto stride = people.records.size() / settings.most_training_records + 1;
  Rows rows(people);
  std::size_t registered = 0;
  for (std::uint32_t person = 0; person < people.exact.people; ++person) {
    const auto members = by_person.of(person);
    if (mix64(static_cast<std::uint64_t>(people.records[people.exact.spokesman[person]].identity_key)) % stride) continue;
    std::vector<std::uint64_t> seen;
    for (const auto i : members) {
      const auto facts = facts_of(people.records[i]);
      const std::uint16_t source = people.records[i].trust != 0;
      if (!facts.tells() || std::find(seen.begin(), seen.end(), facts.print() + source) != seen.end()) continue;
      seen.push_back(facts.print() + source);
      rows.add(facts, source);
      registered += source == 0;
    }
  }
  if (registered < least_training_records || rows.size() - registered < least_training_records)
    return fail(ErrorCode::not_found, "too few people on the register, or in other feeds, to learn from");
  const auto spec = find_embedded(embedded_vault(), "data/people.toml");
  JOINEDUP_INVARIANT(spec.has_value(), "the model of people is not compiled in");
  linkage::LinkRecords how;
  how.spec = "prior = " + format_number(1.0 / people.exact.people) + "\n" + std::string(*spec);
  how.train = linkage::Train::always;
  how.threads = settings.threads;
  how.skip = [](std::uint32_t, std::uint32_t) { return true; };
  JOINEDUP_TRY(const auto trained, linkage::link_records(rows.rows(), how));
  return trained.model;
}

// How many could be the partner of somebody of this standing; the prior of a pair is one over the larger of its two.
class Pools {
 public:
  explicit Pools(const std::vector<PersonStanding>& all) : all_(static_cast<double>(all.size())) {
    for (const auto& person : all) ++counts_[person.nhs_number != 0][person.registered];
  }
  double correction(const PersonStanding& a, const PersonStanding& b) const {
    return never_one(a, b) ? 0 : std::log2(all_ / std::max({1.0, eligible(a), eligible(b)}));
  }

  double most() const {  // no pair's correction is larger
    double most = 0;
    for (int numbered = 0; numbered < 2; ++numbered)
      for (int registered = 0; registered < 2; ++registered) {
        if ((numbered && registered) || counts_[numbered][registered] == 0) continue;
        most = std::max(most, std::log2(all_ / std::max(1.0, eligible({numbered ? std::uint64_t{1} : 0, registered == 1}))));
      }
    return most;
  }

 private:
  double eligible(const PersonStanding& person) const {
    double sum = 0;
    for (int numbered = 0; numbered < 2; ++numbered)
      for (int registered = 0; registered < 2; ++registered)
        if (!(person.nhs_number && numbered) && !(person.registered && registered)) sum += counts_[numbered][registered];
    return sum;
  }
  double all_;
  double counts_[2][2] = {{0, 0}, {0, 0}};
};

}  // namespace

std::vector<PersonStanding> standings(std::span<const IdentityRecord> records, const LinkedIdentities& exact) {
  std::vector<PersonStanding> all(exact.people);
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto& person = all[exact.person[i]];
    if (records[i].nhs_number && exact.step[i] <= LinkStep::nhs_number_and_name) person.nhs_number = records[i].nhs_number;
    person.registered = person.registered || records[i].trust == 0;
  }
  return all;
}

Result<Scored> score_left_over(const ExactlyLinked& people, const ScoreSettings& settings) {
  Scored scored;
  const auto standing = standings(people.records, people.exact);
  for (const auto& person : standing) scored.left_over += !person.settled();
  const ByPerson by_person(people.exact);
  const auto model = train(people, by_person, settings);
  if (!model) {
    scored.note = "Names were not compared by probability: " + model.error().sentence;
    return scored;
  }

  const Pools pools(standing);
  Rows rows(people);
  std::vector<std::uint32_t> row_person, row_record;
  for (std::uint32_t person = 0; person < people.exact.people; ++person) {
    const auto members = by_person.of(person);
    const auto together = whole(people, members, standing[person]);
    std::vector<std::uint64_t> seen;
    for (const auto i : members) {
      const auto facts = completed(people.records[i], together);
      if (!facts.tells() || std::find(seen.begin(), seen.end(), facts.print()) != seen.end()) continue;
      seen.push_back(facts.print());
      for (std::uint16_t source = standing[person].settled(); source < 2; ++source) {
        rows.add(facts, source);
        row_person.push_back(person);
        row_record.push_back(i);
      }
    }
  }
  linkage::LinkRecords how;
  how.spec = *model;
  how.train = linkage::Train::never;
  how.threads = settings.threads;
  how.least_weight = settings.least_weight - pools.most();
  how.skip = [&](std::uint32_t left, std::uint32_t right) {
    const auto a = row_person[left], b = row_person[right];
    return a == b || (standing[a].registered && standing[b].registered) || (!standing[a].settled() && !standing[b].settled() && a > b);
  };
  JOINEDUP_TRY(const auto linked, linkage::link_records(rows.rows(), how));
  scored.pairs_compared = linked.pairs_scored;
  const auto comparison = [&](const char* name) {
    return static_cast<std::size_t>(std::find(linked.comparisons.begin(), linked.comparisons.end(), name) - linked.comparisons.begin());
  };
  const auto given_at = comparison("given_name"), birth_at = comparison("birth_date"), number_at = comparison("nhs_number");
  std::vector<PersonPair> all;
  for (const auto& pair : linked.pairs) {
    PersonPair one{row_person[pair.left], row_person[pair.right], row_record[pair.left], row_record[pair.right], pair.match_weight, Objection::none};
    one.weight += pools.correction(standing[one.a], standing[one.b]);
    if (!(one.weight >= settings.least_weight)) continue;
    if (pair.gammas[given_at] == 0 && pair.gammas[number_at] <= 0) one.objection = Objection::given_names_differ;
    if (pair.gammas[birth_at] == 0) one.objection = Objection::birth_dates_differ;
    if (one.a > one.b) std::swap(one.a, one.b), std::swap(one.record_a, one.record_b);
    all.push_back(one);
  }
  std::sort(all.begin(), all.end(), [](const PersonPair& x, const PersonPair& y) {
    return std::tuple(x.a, x.b, -x.weight, x.record_a, x.record_b) < std::tuple(y.a, y.b, -y.weight, y.record_a, y.record_b);
  });
  for (const auto& pair : all)
    if (scored.pairs.empty() || scored.pairs.back().a != pair.a || scored.pairs.back().b != pair.b) scored.pairs.push_back(pair);
  return scored;
}

}  // namespace joinedup::vault
