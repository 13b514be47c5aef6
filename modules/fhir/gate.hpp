// What a permit says of a row of the index before the resource is read. Inside this room only.
//
//   const Gate gate = gate_of(permit, Action::search, "Observation", keys, log.store());
//   switch (gate.of(segment.person(row))) …      // allowed and withheld are the last word; asked: read it, and ask allows()
#pragma once
#include "fhir/keys.hpp"
#include "fhir/permit.hpp"
#include "fhir/segment.hpp"

namespace joinedup::fhir {

struct Gate {
  std::shared_ptr<const PersonTable> people;  // nothing: everybody
  std::shared_ptr<const PersonTable> some;    // each of them asked one by one
  bool none_asked = false, one_asked = true;  // nothing is withheld; what is about one of `people` is asked nevertheless
  enum class Verdict : std::uint8_t { withheld, allowed, asked };
  Verdict of(std::uint64_t person) const {
    if (none_asked) return Verdict::allowed;
    if (people == nullptr || person == nobody || person == several_people) return Verdict::asked;
    if (people->contains(person)) return one_asked || (some != nullptr && some->contains(person)) ? Verdict::asked : Verdict::allowed;
    return some != nullptr && some->contains(person) ? Verdict::asked : Verdict::withheld;
  }
};

Gate gate_of(const Permit& permit, Action action, std::string_view type, const Keys& keys, std::uint64_t store);

}  // namespace joinedup::fhir
