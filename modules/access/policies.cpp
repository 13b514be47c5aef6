#include "access/policies.hpp"

#include <charconv>
#include <filesystem>

#include "access_embedded.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "fhir/fhir.hpp"

namespace joinedup::access {

namespace {

using Row = std::vector<std::string_view>;

// One table: comments, a header, rows of so many columns; the last column is the rest of its line.
class Table {
 public:
  Table(std::string_view text, std::string where, std::string_view header) : lines_(split(text, '\n')), where_(std::move(where)), header_(header) {
    columns_ = split(header_, ',').size();
  }
  // The next row; nothing at the end.
  Result<std::optional<Row>> next() {
    while (at_ < lines_.size()) {
      const auto line = trim(lines_[at_++]);
      if (line.empty() || line.starts_with('#')) continue;
      if (!header_seen_) {
        if (line != header_) return wrong("The columns must be " + std::string(header_) + ".");
        header_seen_ = true;
        continue;
      }
      Row row;
      std::string_view rest = line;
      while (row.size() + 1 < columns_) {
        const auto comma = rest.find(',');
        if (comma == rest.npos) return wrong("A row has " + std::to_string(columns_) + " columns.");
        row.push_back(trim(rest.substr(0, comma)));
        rest = rest.substr(comma + 1);
      }
      row.push_back(trim(rest));
      if (row.front().empty() || row.back().empty()) return wrong("A row begins with its name and ends with its sentence; neither may be empty.");
      return std::optional<Row>(std::move(row));
    }
    if (!header_seen_) return wrong("The file is empty.");
    return std::optional<Row>();
  }
  tl::unexpected<Error> wrong(const std::string& sentence) const { return fail(ErrorCode::invalid_input, sentence, where_ + ":" + std::to_string(at_)); }
  tl::unexpected<Error> unknown(std::string_view what, std::string_view word) const { return wrong("\"" + std::string(word.substr(0, 60)) + "\" is no " + std::string(what) + "."); }

 private:
  std::vector<std::string_view> lines_;
  std::string where_;
  std::string_view header_;
  std::size_t columns_ = 0, at_ = 0;
  bool header_seen_ = false;
};

template <class T>
using Words = std::map<std::string_view, T>;
const Words<std::uint32_t> purposes = {{"direct_care", 1U << 0}, {"administration", 1U << 1}, {"secondary_use", 1U << 2}, {"own_record", 1U << 3}};
const Words<std::uint32_t> deeds = {{"read", deed::read}, {"create", deed::create}, {"change", deed::change}, {"delete", deed::remove}, {"export", deed::export_}};
const Words<std::uint32_t> relations = {{"registered_practice", relation::registered_practice}, {"care_team", relation::care_team},
                                        {"accepted_referral", relation::accepted_referral}, {"own", relation::own}, {"proxy", relation::proxy},
                                        {"emergency", relation::emergency}, {"offered_referral", relation::offered_referral}, {"own_data", relation::own_data}, {"past_case", relation::past_case}};
const Words<Group> groups = {{"record", Group::record}, {"meeting", Group::meeting}, {"notice", Group::notice}, {"subscription", Group::subscription}, {"directory", Group::directory}, {"knowledge", Group::knowledge},
                             {"register", Group::register_}, {"log", Group::log}, {"closed", Group::closed}};
const Words<Rule::Author> authors = {{"any", Rule::Author::any}, {"self", Rule::Author::self}, {"own_score", Rule::Author::own_score}, {"own_account", Rule::Author::own_account}, {"not_home", Rule::Author::not_home}};

Result<std::uint32_t> bits(const Table& table, std::string_view text, const Words<std::uint32_t>& words, std::string_view what) {
  std::uint32_t out = 0;
  if (text == "none") return out;
  for (const auto word : split(text, '|')) {
    const auto found = words.find(word);
    if (found == words.end()) return table.unknown(what, word);
    out |= found->second;
  }
  return out;
}

Result<std::uint32_t> role_bits(const Table& table, std::string_view text) {
  std::uint32_t out = 0;
  if (text == "none") return out;
  for (const auto word : split(text, '|')) {
    const auto bit = Policies::role_bit(word);
    if (bit == 0) return table.unknown("role", word);
    out |= bit;
  }
  return out;
}

Result<Types> read_types(const Table& table, std::string_view text) {
  Types out;
  if (text == "*") {
    out.all_but = true;
    return out;
  }
  if (text.starts_with('!')) out.all_but = true, text.remove_prefix(1);
  for (const auto word : split(text, '|')) {
    if (!fhir::Definitions::r4().is_resource(word)) return table.unknown("type of resource in FHIR R4", word);
    out.named.emplace(word);
  }
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> read_codes(const Table& table, std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto word : split(text, '|')) {
    const auto mark = word.rfind('#');
    if (mark == word.npos || mark == 0 || mark + 1 == word.size()) return table.wrong("A code is written as system#code.");
    out.emplace_back(word.substr(0, mark), word.substr(mark + 1));
  }
  return out;
}

Result<bool> yes(const Table& table, std::string_view text) {
  if (text == "yes") return true;
  if (text == "no") return false;
  return table.wrong("This column holds yes or no.");
}

Result<void> read_rules(Policies& policies, Table& table) {
  std::set<std::string, std::less<>> ids;
  policies.rules.clear();
  for (;;) {
    JOINEDUP_TRY(const auto row, table.next());
    if (!row) return {};
    Rule rule;
    rule.id = (*row)[0], rule.sentence = (*row)[8];
    if (!ids.insert(rule.id).second) return table.wrong("Two rules have this id.");
    JOINEDUP_TRY(rule.roles, role_bits(table, (*row)[1]));
    JOINEDUP_TRY(rule.purposes, bits(table, (*row)[2], purposes, "purpose"));
    const auto group = groups.find((*row)[3]);
    if (group == groups.end() || group->second == Group::closed) return table.unknown("group of types that can be opened", (*row)[3]);
    rule.group = group->second;
    JOINEDUP_TRY(rule.types, read_types(table, (*row)[4]));
    JOINEDUP_TRY(rule.deeds, bits(table, (*row)[5], deeds, "action"));
    JOINEDUP_TRY(rule.relations, bits(table, (*row)[6], relations, "relationship"));
    const auto author = authors.find((*row)[7]);
    if (author == authors.end()) return table.unknown("condition on the author", (*row)[7]);
    rule.author = author->second;
    // A person's record is opened by a relationship; the one thing that needs none is to begin a record.
    if (rule.group == Group::record && rule.relations == 0 && rule.deeds != deed::create)
      return table.wrong("A rule on people's records needs a relationship.");
    policies.rules.push_back(std::move(rule));
  }
}

Result<std::uint32_t> authority_bits(const Policies& policies, const Table& table, std::string_view text) {
  std::uint32_t out = 0;
  if (text == "none") return out;
  for (const auto word : split(text, '|')) {
    std::uint32_t bit = 0;
    for (std::size_t i = 0; i < policies.authorities.size(); ++i)
      if (policies.authorities[i].name == word) bit = 1U << i;
    if (bit == 0) return table.unknown("authority of a proxy", word);
    out |= bit;
  }
  return out;
}

Result<void> read_labels(Policies& policies, Table& table) {
  policies.labels.clear();
  for (;;) {
    JOINEDUP_TRY(const auto row, table.next());
    if (!row) return {};
    if (policies.labels.size() == most_labels) return table.wrong("There can be 31 labels at most.");
    Label label;
    label.name = (*row)[0], label.sentence = (*row)[7];
    JOINEDUP_TRY(label.codes, read_codes(table, (*row)[1]));
    JOINEDUP_TRY(label.roles, role_bits(table, (*row)[2]));
    JOINEDUP_TRY(label.person, yes(table, (*row)[3]));
    JOINEDUP_TRY(label.authorities, authority_bits(policies, table, (*row)[4]));
    JOINEDUP_TRY(label.emergency, yes(table, (*row)[5]));
    JOINEDUP_TRY(label.setters, role_bits(table, (*row)[6]));
    policies.labels.push_back(std::move(label));
  }
}

Result<void> read_authorities(Policies& policies, Table& table) {
  policies.authorities.clear();
  for (;;) {
    JOINEDUP_TRY(const auto row, table.next());
    if (!row) return {};
    if (policies.authorities.size() == 31) return table.wrong("There can be 31 authorities at most.");
    Authority authority;
    authority.name = (*row)[0], authority.sentence = (*row)[4];
    JOINEDUP_TRY(authority.codes, read_codes(table, (*row)[1]));
    JOINEDUP_TRY(authority.types, read_types(table, (*row)[2]));
    if (const auto age = (*row)[3]; age != "none") {
      const auto [end, error] = std::from_chars(age.data(), age.data() + age.size(), authority.until_age);
      if (error != std::errc() || end != age.data() + age.size() || authority.until_age < 1 || authority.until_age > 120)
        return table.wrong("until_age is an age from 1 to 120 or none.");
    }
    policies.authorities.push_back(std::move(authority));
  }
}

Result<void> read_kinds(Policies& policies, Table& table) {
  policies.types.clear();
  for (;;) {
    JOINEDUP_TRY(const auto row, table.next());
    if (!row) return {};
    if (!fhir::Definitions::r4().is_resource((*row)[0])) return table.unknown("type of resource in FHIR R4", (*row)[0]);
    const auto group = groups.find((*row)[1]), nobody = groups.find((*row)[2]);
    if (group == groups.end()) return table.unknown("group of types", (*row)[1]);
    if (nobody == groups.end()) return table.unknown("group of types", (*row)[2]);
    // What is in a patient's compartment is a record, or nobody's.
    const bool about_people = (*row)[0] == "Patient" || !fhir::Definitions::r4().compartment((*row)[0]).empty();
    if (about_people && group->second != Group::record && group->second != Group::log && group->second != Group::closed)
      return table.wrong("This type is about people: its group is record, log or closed.");
    policies.types[std::string((*row)[0])] = {group->second, nobody->second};
  }
}

Result<void> read_refusals(Policies& policies, Table& table) {
  policies.refusals.clear();
  for (;;) {
    JOINEDUP_TRY(const auto row, table.next());
    if (!row) return {};
    policies.refusals[std::string((*row)[0])] = (*row)[1];
  }
}

struct File {
  const char *name, *header;
  Result<void> (*read)(Policies&, Table&);
};
constexpr File files[] = {{"types.csv", "type,group,about_nobody", read_kinds},
                          {"authorities.csv", "authority,codes,types,until_age,sentence", read_authorities},  // before labels, which name them
                          {"labels.csv", "label,codes,roles,person,proxies,emergency,setters,sentence", read_labels},
                          {"rules.csv", "rule,roles,purposes,group,types,actions,relationships,author,sentence", read_rules},
                          {"refusals.csv", "rule,sentence", read_refusals}};

}  // namespace

std::uint32_t Policies::role_bit(std::string_view role) {
  for (std::size_t i = 0; i < role_names.size(); ++i)
    if (role_names[i] == role) return 1U << i;
  return 0;
}

Policies::Kind Policies::kind(std::string_view type) const {
  if (const auto found = types.find(type); found != types.end()) return found->second;
  if (!fhir::Definitions::r4().compartment(type).empty()) return {Group::record, Group::closed};
  return {};
}

std::uint32_t Policies::label_bit(std::string_view system, std::string_view code) const {
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (const auto& [s, c] : labels[i].codes)
      if (s == system && c == code) return 1U << i;
  return system == label_system && code != "normal" ? unknown_label : 0;
}

int Policies::authority_of(std::string_view system, std::string_view code) const {
  for (std::size_t i = 0; i < authorities.size(); ++i)
    for (const auto& [s, c] : authorities[i].codes)
      if (s == system && c == code) return static_cast<int>(i);
  return -1;
}

Result<void> Policies::take(std::string_view name, std::string_view text, const std::string& where) {
  for (const File& file : files)
    if (name == file.name) {
      Table table(text, where, file.header);
      return file.read(*this, table);
    }
  return fail(ErrorCode::invalid_input, "This is no file of the policy.", where);
}

Result<Policies> Policies::read(const std::string& folder) {
  Policies out;
  for (const File& file : files) {
    const std::string own = folder + "/" + file.name;
    if (!folder.empty() && std::filesystem::exists(own)) {
      JOINEDUP_TRY(const auto text, read_file(own));
      JOINEDUP_CHECK(out.take(file.name, text, own));
    } else {
      const auto text = find_embedded(embedded_access(), std::string("data/") + file.name);
      JOINEDUP_INVARIANT(text, "a shipped policy file is compiled in");
      JOINEDUP_CHECK(out.take(file.name, *text, std::string("policy/") + file.name));
    }
  }
  return out;
}

}  // namespace joinedup::access
