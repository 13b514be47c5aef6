#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "cli/cli.hpp"

namespace joinedup::cli {

Result<Common> read_common(std::span<const std::string> arguments, std::initializer_list<std::string_view> allowed) {
  Common common;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    const auto value = [&]() -> Result<std::string> {
      if (i + 1 == arguments.size()) return fail(ErrorCode::wrong_usage, word + " needs a value after it.");
      return arguments[++i];
    };
    if (word == "--json") common.json = true;
    else if (word == "--place") { JOINEDUP_TRY(common.place, value()); }
    else if (word == "--format") { JOINEDUP_TRY(common.format, value()); }
    else if (word == "--threads") {
      JOINEDUP_TRY(const auto text, value());
      char* end = nullptr;
      const long threads = std::strtol(text.c_str(), &end, 10);
      if (*end || threads < 1 || threads > 256) return fail(ErrorCode::wrong_usage, "--threads takes a number from 1 to 256.");
      common.threads = static_cast<unsigned>(threads);
    } else if (word.starts_with("--") && std::find(allowed.begin(), allowed.end(), word) == allowed.end())
      return fail(ErrorCode::wrong_usage, "This command does not know " + word + ".");
    else common.rest.push_back(word);
  }
  return common;
}

bool take_flag(std::vector<std::string>& rest, std::string_view flag) {
  const auto at = std::find(rest.begin(), rest.end(), flag);
  if (at == rest.end()) return false;
  rest.erase(at);
  return true;
}

int report_error(const Error& error) {
  std::fprintf(stderr, "joinedup: %s\n", error.text().c_str());
  return error_channel(error.code).exit_status;
}

std::string program_version() { return JOINEDUP_VERSION; }

}  // namespace joinedup::cli
