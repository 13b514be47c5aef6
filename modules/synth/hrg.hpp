// HRG codes of the place's price list, by root and complexity, and what a stay costs by that list (for the concentration of
// spend among people; the product's own costing is the record room's).
#pragma once
#include <string_view>

namespace joinedup::synth {

// severity 0 … 1 and beyond: the more, the earlier the letter. Children take the paediatric half where there is one.
std::string_view hrg_of(std::string_view root, double severity, bool child);
enum class Admission { day_case, elective, emergency, child_emergency, maternity, birth, regular };
enum class Discharge { done, awaited };  // a spell not yet ended is paid its base price only
long long hrg_price(std::string_view hrg, Admission admission, Discharge discharge, int days, int critical_days);

}  // namespace joinedup::synth
