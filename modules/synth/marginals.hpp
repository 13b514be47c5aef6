// What was generated beside what is published, and what each person's truth is.
#pragma once
#include <array>
#include <string>

#include "synth/care.hpp"
#include "synth/output.hpp"

namespace joinedup::synth {

void write_truth(Writer& writer, const Person& person, const Care& care);
void tally_person(Writer& writer, const Person& person, const Care& care);
Result<void> write_marginals(const World& world, const Tally& tally, const std::string& path);
Result<void> write_identity_faults(const std::array<FaultCount, table_count>& faults, const std::string& path);

}  // namespace joinedup::synth
