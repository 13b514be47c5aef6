// The audit log while it is written: what a head signs is in the copy. Inside this room only.
#pragma once
#include <functional>
#include <string>

#include "backup/copy.hpp"

namespace joinedup::backup {

// Names a file below the place, and has it copied: from the first path.
using Put = std::function<Result<void>(const std::string& below, const std::function<Result<Copied>(const std::string& to)>& copy)>;
Result<void> copy_audit(const std::string& place, const Put& put);

}  // namespace joinedup::backup
