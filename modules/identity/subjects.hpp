// Whoever an account is at present, without a request of theirs: for what goes on on their behalf (a Subscription).
//
//   JOINEDUP_TRY(const auto subject, subject_of(*identity, "u-17"));      // or "c-…", a backend service with all that it may have
//
// As if they had just signed in; forbidden: not active, or not there any more.
#pragma once
#include "identity/identity.hpp"

namespace joinedup::identity {

Result<access::Subject> subject_of(const Identity& identity, const std::string& user);

}  // namespace joinedup::identity
