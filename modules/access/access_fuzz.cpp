// Whatever stands in a place's own policy files: no crash, and nothing that is taken opens more than the reader promises.
// The first byte says which file; what follows is its text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "access/policies.hpp"
#include "fhir/fhir.hpp"

namespace {

using namespace joinedup::access;

void check(bool so) {
  if (!so) std::abort();
}

void hold(const Policies& policies) {
  const auto roles = (1U << Policies::role_names.size()) - 1;
  for (const Rule& rule : policies.rules) {
    check(!rule.id.empty() && !rule.sentence.empty());
    check(rule.group != Group::closed);
    // A person's record is opened by a relationship; to begin one is all that needs none.
    check(rule.group != Group::record || rule.relations != 0 || rule.deeds == deed::create);
    check((rule.roles & ~roles) == 0);
  }
  check(policies.labels.size() <= most_labels);
  for (const Label& label : policies.labels) {
    check((label.roles & ~roles) == 0 && (label.setters & ~roles) == 0);
    for (const auto& [system, code] : label.codes) check(policies.label_bit(system, code) != 0);
  }
  for (const auto& [type, kind] : policies.types) {
    const bool about_people = type == "Patient" || !joinedup::fhir::Definitions::r4().compartment(type).empty();
    check(!about_people || kind.group == Group::record || kind.group == Group::log || kind.group == Group::closed);
  }
  for (const Authority& authority : policies.authorities) check(authority.until_age >= 0 && authority.until_age <= 120);
  // A label of our own that nobody described hides; a type that nobody described is closed, or a record.
  check(policies.label_bit(label_system, "a code that nobody wrote down \x01") == unknown_label);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const Policies shipped = *Policies::read("");
  static constexpr std::string_view names[] = {"types.csv", "authorities.csv", "labels.csv", "rules.csv", "refusals.csv"};
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto name = names[data[0] % 5];
  Policies policies = shipped;
  if (!policies.take(name, text, "fuzz")) return 0;
  hold(policies);
  const auto rules = policies.rules.size(), labels = policies.labels.size(), types = policies.types.size();
  check(policies.take(name, text, "fuzz").has_value());  // and again the same
  check(policies.rules.size() == rules && policies.labels.size() == labels && policies.types.size() == types);
  return 0;
}
