// The policy as data: who (role), for what (purpose), may do what, to which kind of resource, joined to its people how. Inside this room only.
//
//   JOINEDUP_TRY(const Policies policies, Policies::read("place/policy"));   // shipped files, each replaced by the place's where it has one
//   policies.rules[0].id, policies.label_of(system, code), policies.group("Observation", Policies::About::somebody)
//
// Read strictly: a role, type or word that is not known is one sentence with the line. Nothing is open that no row opens.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "access/subject.hpp"
#include "base/result.hpp"

namespace joinedup::access {

// record: about people. meeting: a team's own, that names nobody. notice: to an office of the place, naming nobody. subscription: whoever asked for it. closed: nobody's.
enum class Group : std::uint8_t { record, meeting, notice, subscription, directory, knowledge, register_, log, closed };

// How somebody is joined to a person (bits), or to a resource (own_data).
namespace relation {
inline constexpr std::uint32_t registered_practice = 1, care_team = 2, accepted_referral = 4, own = 8, proxy = 16, emergency = 32, offered_referral = 64, own_data = 128, past_case = 256;
}
// What is done (bits).
namespace deed {
inline constexpr std::uint32_t read = 1, create = 2, change = 4, remove = 8, export_ = 16;
}

// A list of types: these; all; all but these.
struct Types {
  bool all_but = false;
  std::set<std::string, std::less<>> named;
  bool holds(std::string_view type) const { return named.contains(type) != all_but; }
  bool operator==(const Types&) const = default;
};

struct Rule {
  std::string id, sentence;
  std::uint32_t roles = 0;      // bits by Policies::role_names
  std::uint32_t purposes = 0;   // 1 << Purpose
  Group group = Group::closed;
  Types types;
  std::uint32_t deeds = 0, relations = 0;  // relations 0: none is needed
  enum class Author : std::uint8_t { any, self, own_score, own_account, not_home } author = Author::any;
};

struct Label {
  std::string name, sentence;
  std::vector<std::pair<std::string, std::string>> codes;  // system, code
  std::uint32_t roles = 0, setters = 0, authorities = 0;   // bits; authorities by their place in Policies::authorities
  bool person = false, emergency = false;
};

struct Authority {
  std::string name, sentence;
  std::vector<std::pair<std::string, std::string>> codes;
  Types types;
  int until_age = 0;  // 0: no such end
};

inline constexpr std::string_view label_system = "urn:joinedup:label";
inline constexpr std::size_t most_labels = 31;
inline constexpr std::uint32_t unknown_label = 1U << 31;

struct Policies {
  static constexpr std::array<std::string_view, 13> role_names = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead",
                                                                  "analyst", "board", "guardian", "administrator", "person", "proxy", "backend"};
  std::vector<Rule> rules;
  std::vector<Label> labels;
  std::vector<Authority> authorities;
  struct Kind {
    Group group = Group::closed, about_nobody = Group::closed;
  };
  std::map<std::string, Kind, std::less<>> types;
  std::map<std::string, std::string, std::less<>> refusals;

  static Result<Policies> read(const std::string& folder);  // "" or a folder that is not there: as shipped
  // One file's text in place of the shipped one: for tests, editors and fuzzing.
  Result<void> take(std::string_view name, std::string_view text, const std::string& where);

  static std::uint32_t role_bit(std::string_view role);  // 0: no such role
  Kind kind(std::string_view type) const;
  std::uint32_t label_bit(std::string_view system, std::string_view code) const;  // 0: no label; unknown_label: of our system, but not known
  int authority_of(std::string_view system, std::string_view code) const;         // -1: none
};

}  // namespace joinedup::access
