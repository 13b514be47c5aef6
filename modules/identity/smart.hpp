// The parts of SMART App Launch 2 (authorize.cpp, token.cpp). Inside this room only.
#pragma once
#include "identity/scope.hpp"
#include "identity/state.hpp"

namespace joinedup::identity {

rest::Response oauth_error(int status, const char* code, const std::string& sentence);
bool is_id(const std::string& id);                                        // of a FHIR resource

rest::Response authorize(State& state, const rest::Request& request);     // GET: the page of consent; POST: what was decided
rest::Response token(State& state, const rest::Request& request);
rest::Response introspect(State& state, const rest::Request& request);
rest::Response revoke(State& state, const rest::Request& request);

}  // namespace joinedup::identity
