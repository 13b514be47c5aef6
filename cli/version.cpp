#include <sqlite3.h>
#include <xgboost/version_config.h>

#include <cstdio>

#include "cli/cli.hpp"
#include "engine/engine.hpp"
#include "git_version.hpp"

namespace joinedup::cli {

int version_command(std::span<const std::string> arguments) {
  const auto common = read_common(arguments);
  if (!common) return report_error(common.error());
  const std::string duckdb = engine::Database::version();
  const std::string xgboost = std::to_string(XGBOOST_VER_MAJOR) + "." + std::to_string(XGBOOST_VER_MINOR) + "." + std::to_string(XGBOOST_VER_PATCH);
  const char* form = common->json ? "{\"version\": \"%s\", \"git\": \"%s\", \"duckdb\": \"%s\", \"sqlite\": \"%s\", \"xgboost\": \"%s\"}\n"
                                  : "joinedup %s (%s), DuckDB %s, SQLite %s, XGBoost %s\n";
  std::printf(form, program_version().c_str(), JOINEDUP_GIT, duckdb.c_str(), sqlite3_libversion(), xgboost.c_str());
  return 0;
}

}  // namespace joinedup::cli
