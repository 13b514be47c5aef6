// Nobody writes the place meanwhile: no server, no refresh, no writer of its audit log. Inside this room only.
#pragma once
#include <vector>

#include "backup/copy.hpp"

namespace joinedup::backup {

Result<std::vector<HeldLock>> lock_place(const std::string& place);
std::string free_name(const std::string& wanted);        // wanted, or wanted.2, wanted.3 …: the first that is not there
Result<std::string> place_folder(const std::string& place);  // as it truly lies, links followed; it need not be there

}  // namespace joinedup::backup
