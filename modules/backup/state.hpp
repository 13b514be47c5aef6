// What a place's audit log says of itself. Inside this room only.
#pragma once
#include "backup/backup.hpp"

namespace joinedup::backup {
AuditState audit_state(const std::string& place);
}
