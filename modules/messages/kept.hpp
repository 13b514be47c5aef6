// The two files under PLACE/messages: kept.sqlite, what came, never changed; applied.sqlite, what became of it. Inside this room only.
//
// Two files, so that a message can be kept (and answered) while others are being applied: each has one writer of its own.
#pragma once
#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "messages/messages.hpp"

namespace joinedup::messages {

struct CloseSqlite {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using SqliteHandle = std::unique_ptr<sqlite3, CloseSqlite>;

inline constexpr SqliteFile kept_file{"The messages", "messages/kept.sqlite", "another program is taking messages in; try again"};
inline constexpr SqliteFile applied_file{"The messages", "messages/applied.sqlite", "another program is applying messages; try again"};

enum class OpenFor : std::uint8_t { reading, writing };
Result<SqliteHandle> open_kept(const std::string& place_folder, OpenFor open_for);
Result<SqliteHandle> open_applied(const std::string& place_folder, OpenFor open_for);
Result<void> run_sql(sqlite3* handle, const char* sql, const SqliteFile& file, const std::string& doing);

struct KeptMessage {
  std::int64_t id = 0, received = 0, instant = 0;
  std::string sender, partner, control_id, digest, trigger, person, visit, code, reason, raw;
};

std::string instant_text(std::int64_t instant);  // "2026-01-31T09:30:00Z"

}  // namespace joinedup::messages
