#include "vault/deterministic.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "base/date.hpp"
#include "base/flat_map.hpp"
#include "base/hash.hpp"

namespace joinedup::vault {
namespace {

constexpr std::uint32_t nobody = UINT32_MAX, several = UINT32_MAX - 1;

std::uint64_t key_of(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0, std::uint64_t d = 0) {
  return mix64(mix64(mix64(a, b), c), d);
}

bool sexes_conflict(char a, char b) { return a != 'U' && b != 'U' && a != b; }

bool partial_date_agrees(std::int32_t a, std::int32_t b) {
  const auto x = Date{a}.civil(), y = Date{b}.civil();
  const int same = (x.year == y.year) + (x.month == y.month) + (x.day == y.day);
  return same >= 2 || (x.year == y.year && x.month == y.day && x.day == y.month);
}

bool month_agrees(const IdentityRecord& record, std::int32_t birth_date) {
  if (record.birth_date != no_date) return record.birth_date == birth_date;
  if (birth_date == no_date || record.birth_year == 0) return false;
  const auto day = Date{birth_date}.civil();
  return day.year == record.birth_year && day.month == record.birth_month;
}

// Which person each key names; a key that names two is kept as `several` and links nobody.
class Index {
 public:
  void add(std::uint64_t key, std::uint32_t person) {
    const auto [slot, fresh] = map_.put_if_absent(key, person);
    if (!fresh && *slot != person) *slot = several;
  }
  std::uint32_t find(std::uint64_t key) const {
    const auto* found = map_.find(key);
    return found && *found != several ? *found : nobody;
  }
  bool names_another(std::uint64_t key, std::uint32_t person) const {
    const auto* found = map_.find(key);
    return found && *found != person && *found != several;
  }

 private:
  FlatMap map_;
};

struct PersonFacts {
  std::uint64_t nhs_number = 0;
  std::int32_t birth_date = no_date;
  char sex = 'U';
  std::uint64_t family_name = 0, given_name = 0, postcode = 0;
  bool registered = false;  // a record of the GP register is among them
};

class Linker {
 public:
  Linker(std::span<const IdentityRecord> records, const PseudonymSource* pseudonyms)
      : records_(records), pseudonyms_(pseudonyms), person_(records.size(), nobody), step_(records.size(), LinkStep::new_person),
        contested_(records.size(), false) {}

  LinkedIdentities run() {
    group_by_nhs_number();
    if (pseudonyms_) link_by_pseudonym();
    index_linked();
    adopt_unregistered_numbers();
    link_rest(LinkStep::name_birth_date_and_postcode);
    link_rest(LinkStep::local_identifier_and_birth_date);
    link_rest(LinkStep::name_and_birth_date);
    link_rest(LinkStep::birth_date_sex_and_postcode);
    link_rest(LinkStep::local_identifier_and_birth_date);  // again: the last two steps made organisations' numbers known
    make_new_people();
    return finish();
  }

 private:
  bool better(std::uint32_t a, std::uint32_t b) const {
    const auto &x = records_[a], &y = records_[b];
    return std::tuple(x.trust, UINT32_MAX - x.rows, x.identity_key) < std::tuple(y.trust, UINT32_MAX - y.rows, y.identity_key);
  }

  void assign(std::uint32_t record, std::uint32_t person, LinkStep step) {
    person_[record] = person;
    step_[record] = step;
  }

  // Records with one valid NHS number: the most trusted birth date among them names the person; the rest must agree with it.
  void group_by_nhs_number() {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < records_.size(); ++i)
      if (records_[i].nhs_number) order.push_back(i);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      if (records_[a].nhs_number != records_[b].nhs_number) return records_[a].nhs_number < records_[b].nhs_number;
      return better(a, b);
    });
    for (std::size_t first = 0; first < order.size();) {
      std::size_t last = first;
      while (last < order.size() && records_[order[last]].nhs_number == records_[order[first]].nhs_number) ++last;
      start_person({order.data() + first, last - first});
      first = last;
    }
    index_register(order);
    for (const auto record : order) link_to_number(record);
  }

  void start_person(std::span<const std::uint32_t> group) {
    PersonFacts facts;
    facts.nhs_number = records_[group[0]].nhs_number;
    const std::uint32_t person = static_cast<std::uint32_t>(people_.size());
    const auto dated = std::find_if(group.begin(), group.end(), [&](auto i) { return records_[i].birth_date != no_date; });
    const auto head = dated == group.end() ? group[0] : canonical(group);
    facts.birth_date = records_[head].birth_date;
    facts.sex = records_[head].sex;
    facts.postcode = records_[head].postcode;
    for (const auto i : group) {
      const auto& record = records_[i];
      if (record.birth_date != facts.birth_date) continue;
      if (!facts.family_name && record.family_name && record.given_name) {
        facts.family_name = record.family_name;
        facts.given_name = record.given_name;
      }
      if (facts.sex == 'U') facts.sex = record.sex;
      if (!facts.postcode) facts.postcode = record.postcode;
      facts.registered = facts.registered || record.trust == 0;
    }
    people_.push_back(facts);
    person_of_number_.put(facts.nhs_number, person);
  }

  // The register's record where there is one, else the birth date that most rows carry.
  std::uint32_t canonical(std::span<const std::uint32_t> group) const {
    if (records_[group[0]].trust == 0 && records_[group[0]].birth_date != no_date) return group[0];
    std::uint32_t best = group[0];
    std::uint64_t best_rows = 0;
    for (const auto i : group) {
      if (records_[i].birth_date == no_date) continue;
      std::uint64_t rows = 0;
      for (const auto j : group)
        if (records_[j].birth_date == records_[i].birth_date) rows += records_[j].rows;
      if (rows > best_rows) {
        best_rows = rows;
        best = i;
      }
    }
    return best;
  }

  // Who on the register has this name and birth date: a record whose NHS number says otherwise is contested (twins!).
  void index_register(std::span<const std::uint32_t> order) {
    for (const auto i : order) {
      const auto& record = records_[i];
      if (record.trust == 0 && record.family_name && record.given_name && record.birth_date != no_date)
        register_names_.add(key_of(record.birth_date, record.family_name, record.given_name), *person_of_number_.find(record.nhs_number));
    }
  }

  void link_to_number(std::uint32_t i) {
    const auto& record = records_[i];
    const auto person = *person_of_number_.find(record.nhs_number);
    const auto& facts = people_[person];
    const bool names_agree = record.family_name && record.given_name && record.family_name == facts.family_name && record.given_name == facts.given_name;
    if (record.birth_date != no_date && record.family_name && record.given_name && record.trust != 0 &&
        register_names_.names_another(key_of(record.birth_date, record.family_name, record.given_name), person)) {
      contested_[i] = true;
      return;
    }
    const bool other_sex = sexes_conflict(record.sex, facts.sex) && !names_agree && record.trust != 0;
    if (record.birth_date != no_date && record.birth_date == facts.birth_date && !other_sex)
      assign(i, person, LinkStep::nhs_number_and_birth_date);
    else if (record.birth_date != no_date && facts.birth_date != no_date && partial_date_agrees(record.birth_date, facts.birth_date) && !other_sex)
      assign(i, person, LinkStep::nhs_number_and_partial_birth_date);
    else if (names_agree || (record.birth_date == no_date && !other_sex && record.postcode && record.postcode == facts.postcode))
      assign(i, person, LinkStep::nhs_number_and_name);
    else contested_[i] = true;
  }

  void link_by_pseudonym() {
    FlatMap person_of_pseudonym(people_.size());
    for (std::uint32_t p = 0; p < people_.size(); ++p) person_of_pseudonym.put(pseudonyms_->pseudonym_of(people_[p].nhs_number), p);
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
      if (!records_[i].nhs_pseudonym || person_[i] != nobody) continue;
      const auto* found = person_of_pseudonym.find(records_[i].nhs_pseudonym);
      if (found && month_agrees(records_[i], people_[*found].birth_date) && !sexes_conflict(records_[i].sex, people_[*found].sex))
        assign(i, *found, LinkStep::nhs_pseudonym_and_birth_month);
    }
  }

  void index_record(std::uint32_t i) {
    const auto& record = records_[i];
    const auto person = person_[i];
    const bool named = record.family_name && record.given_name;
    if (record.local_identifier) by_local_.add(record.local_identifier, person);
    if (record.birth_date == no_date) return;
    const auto date = static_cast<std::uint64_t>(record.birth_date);
    if (named) by_name_.add(key_of(date, record.family_name, record.given_name), person);
    if (named && record.postcode) by_name_postcode_.add(key_of(date, record.family_name, record.given_name, record.postcode), person);
    if (record.postcode && record.sex != 'U') by_sex_postcode_.add(key_of(date, static_cast<std::uint64_t>(record.sex), record.postcode), person);
  }

  void index_linked() {
    for (std::uint32_t i = 0; i < records_.size(); ++i)
      if (person_[i] != nobody) index_record(i);
  }

  // A valid number that the register does not know, on somebody whose name, birth date and postcode it does: one digit in
  // eleven that is mistyped still passes its check. The number is set aside and the whole group is looked up by name.
  void adopt_unregistered_numbers() {
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
      const auto person = person_[i];
      const auto& record = records_[i];
      if (person == nobody || people_[person].registered || !record.family_name || !record.given_name || !record.postcode || record.birth_date == no_date) continue;
      for (const auto key : {key_of(record.birth_date, record.family_name, record.given_name, record.postcode)}) {
        const auto* found = register_postcode().find(key);
        if (found && *found != several && *found != person) assign(i, *found, LinkStep::name_birth_date_and_postcode);
      }
    }
  }

  const FlatMap& register_postcode() {
    if (register_postcode_.size() == 0) {
      register_postcode_.put(1, several);
      for (std::uint32_t i = 0; i < records_.size(); ++i) {
        const auto& record = records_[i];
        if (record.trust != 0 || person_[i] == nobody || !record.postcode || record.birth_date == no_date) continue;
        const auto [slot, fresh] = register_postcode_.put_if_absent(key_of(record.birth_date, record.family_name, record.given_name, record.postcode), person_[i]);
        if (!fresh && *slot != person_[i]) *slot = several;
      }
    }
    return register_postcode_;
  }

  std::uint32_t candidate(const IdentityRecord& record, LinkStep step, bool contested) const {
    const auto date = static_cast<std::uint64_t>(record.birth_date);
    const bool named = record.family_name && record.given_name, dated = record.birth_date != no_date;
    switch (step) {
      case LinkStep::name_birth_date_and_postcode:
        return named && dated && record.postcode ? by_name_postcode_.find(key_of(date, record.family_name, record.given_name, record.postcode)) : nobody;
      case LinkStep::local_identifier_and_birth_date: {
        if (!record.local_identifier) return nobody;
        const auto found = by_local_.find(record.local_identifier);
        return found != nobody && month_agrees(record, people_[found].birth_date) ? found : nobody;
      }
      case LinkStep::name_and_birth_date:
        return named && dated ? by_name_.find(key_of(date, record.family_name, record.given_name)) : nobody;
      case LinkStep::birth_date_sex_and_postcode:
        if (named || contested || !dated || !record.postcode || record.sex == 'U') return nobody;
        return by_sex_postcode_.find(key_of(date, static_cast<std::uint64_t>(record.sex), record.postcode));
      default: return nobody;
    }
  }

  void link_rest(LinkStep step) {
    std::vector<std::uint32_t> linked;
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
      if (person_[i] != nobody) continue;
      const auto found = candidate(records_[i], step, contested_[i]);
      if (found == nobody || (step != LinkStep::name_birth_date_and_postcode && sexes_conflict(records_[i].sex, people_[found].sex))) continue;
      assign(i, found, step);
      linked.push_back(i);
    }
    for (const auto i : linked) index_record(i);
  }

  // Whoever is left is somebody new. Records of the same organisation's number, or of the same full name, birth date and
  // postcode, are one new person; nothing looser makes two strangers one.
  void make_new_people() {
    FlatMap fresh;
    const auto join = [&](std::uint64_t key, std::uint32_t i, std::uint32_t otherwise) {
      const auto [slot, made] = fresh.put_if_absent(key, otherwise);
      return !made && month_or_missing(records_[i], people_[*slot]) ? *slot : otherwise;
    };
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
      if (person_[i] != nobody) continue;
      const auto& record = records_[i];
      const auto next = static_cast<std::uint32_t>(people_.size());
      std::uint32_t person = next;
      if (record.local_identifier) person = join(key_of(1, record.local_identifier), i, person);
      if (record.nhs_pseudonym && person == next) person = join(key_of(3, record.nhs_pseudonym), i, person);
      if (record.family_name && record.given_name && record.postcode && record.birth_date != no_date && person == next)
        person = join(key_of(2, key_of(record.birth_date, record.family_name, record.given_name, record.postcode)), i, person);
      if (person == next) {
        PersonFacts facts;
        facts.birth_date = record.birth_date;
        facts.sex = record.sex;
        people_.push_back(facts);
      }
      assign(i, person, LinkStep::new_person);
    }
  }

  static bool month_or_missing(const IdentityRecord& record, const PersonFacts& facts) {
    return facts.birth_date == no_date || record.birth_date == no_date || record.birth_date == facts.birth_date;
  }

  // People whose every record was moved to another are dropped; the rest are numbered in the order of their first record.
  LinkedIdentities finish() {
    LinkedIdentities linked;
    std::vector<std::uint32_t> number(people_.size(), nobody);
    linked.person.resize(records_.size());
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
      auto& mine = number[person_[i]];
      if (mine == nobody) {
        mine = linked.people++;
        linked.spokesman.push_back(i);
      }
      linked.person[i] = mine;
      if (better(i, linked.spokesman[mine])) linked.spokesman[mine] = i;
    }
    linked.step = std::move(step_);
    return linked;
  }

  std::span<const IdentityRecord> records_;
  const PseudonymSource* pseudonyms_;
  std::vector<std::uint32_t> person_;
  std::vector<LinkStep> step_;
  std::vector<bool> contested_;
  std::vector<PersonFacts> people_;
  FlatMap person_of_number_, register_postcode_;
  Index register_names_, by_local_, by_name_, by_name_postcode_, by_sex_postcode_;
};

}  // namespace

const char* link_step_name(LinkStep step) {
  static constexpr const char* names[] = {"",
                                          "nhs_number_and_birth_date",
                                          "nhs_number_and_partial_birth_date",
                                          "nhs_number_and_name",
                                          "nhs_pseudonym_and_birth_month",
                                          "name_birth_date_and_postcode",
                                          "local_identifier_and_birth_date",
                                          "name_and_birth_date",
                                          "birth_date_sex_and_postcode",
                                          "new_person",
                                          "probabilistic",
                                          "clerical"};
  return names[static_cast<int>(step)];
}

LinkClass link_class(LinkStep step) {
  switch (step) {
    case LinkStep::nhs_number_and_birth_date: return LinkClass::verified;
    case LinkStep::new_person: return LinkClass::alone;
    case LinkStep::probabilistic: return LinkClass::probabilistic;
    case LinkStep::clerical: return LinkClass::clerical;
    default: return LinkClass::exact;
  }
}

const char* link_class_name(LinkClass of) {
  static constexpr const char* names[] = {"verified", "exact", "alone", "probabilistic", "clerical"};
  return names[static_cast<int>(of)];
}

LinkedIdentities link_deterministic(std::span<const IdentityRecord> records, const PseudonymSource* pseudonyms) {
  return Linker(records, pseudonyms).run();
}

std::string normal_name(std::string_view utf8) {
  // U+00C0…U+017F to their base letters; others that are not ASCII letters are left out.
  static constexpr char latin[] =
      "AAAAAAACEEEEIIIIDNOOOOO OUUUUYTSAAAAAAACEEEEIIIIDNOOOOO OUUUUYTY"
      "AAAAAACCCCCCCCDDDDEEEEEEEEEEGGGGGGGGHHHHIIIIIIIIIIIIJJKKKLLLLLLLLLLNNNNNNNNNOOOOOOOORRRRRRSSSSSSSSTTTTTTUUUUUUUUUUUUWWYYYZZZZZZS";
  std::string name;
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    const auto byte = static_cast<unsigned char>(utf8[at]);
    if (byte >= 'a' && byte <= 'z') name += static_cast<char>(byte - 32);
    else if (byte >= 'A' && byte <= 'Z') name += static_cast<char>(byte);
    else if (byte >= 0xC3 && byte <= 0xC5 && at + 1 < utf8.size()) {
      const unsigned code = ((byte & 0x1Fu) << 6) | (static_cast<unsigned char>(utf8[++at]) & 0x3Fu);
      const char letter = code >= 0xC0 && code - 0xC0 < sizeof latin - 1 ? latin[code - 0xC0] : ' ';
      if (letter != ' ') name += letter;
    }
  }
  return name;
}

}  // namespace joinedup::vault
