// Small numbers do not leave the house: the rule is the room `disclosure`'s, by its names here.
#pragma once
#include "disclosure/disclosure.hpp"

namespace joinedup::report {
using namespace joinedup::disclosure;  // NOLINT: protect(), Count, Totals … as part of the report's own words
}  // namespace joinedup::report
