// Links by which accounts are begun. Inside this room only.
#pragma once
#include "identity/state.hpp"

namespace joinedup::identity {

Result<std::string> invitation_link(State& state, const Stored& account);
std::vector<std::string> new_recovery_codes(State& state, Stored& account);
std::string recovery_code_hash(const State& state, const std::string& id, const std::string& code);

}  // namespace joinedup::identity
