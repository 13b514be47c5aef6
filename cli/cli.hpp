// What every verb shares: its arguments, its one JSON document, its exit status.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "place/place.hpp"

namespace joinedup::cli {

struct Common {
  std::string place;   // --place DIR
  unsigned threads = 2;
  bool json = false;
  std::string format = "csv";
  std::vector<std::string> rest;  // positional arguments and flags that the verb reads itself
};

// Takes --place, --threads, --json, --format out of the arguments. A flag that is not in `allowed` is an error.
Result<Common> read_common(std::span<const std::string> arguments, std::initializer_list<std::string_view> allowed = {});
bool take_flag(std::vector<std::string>& rest, std::string_view flag);
int report_error(const Error& error);   // to stderr, and gives the exit status
std::string program_version();          // 0.1.0

int init_command(std::span<const std::string> arguments);
int serve_command(std::span<const std::string> arguments);
int care_command(std::span<const std::string> arguments);
int refresh_command(std::span<const std::string> arguments);
int status_command(std::span<const std::string> arguments);
int table_command(std::span<const std::string> arguments);
int fhir_command(std::span<const std::string> arguments);
int govern_command(std::span<const std::string> arguments);
int link_command(std::span<const std::string> arguments);
int messages_command(std::span<const std::string> arguments);
int subscriptions_command(std::span<const std::string> arguments);
int backup_command(std::span<const std::string> arguments);
int restore_command(std::span<const std::string> arguments);
int upgrade_command(std::span<const std::string> arguments);
int version_command(std::span<const std::string> arguments);

}  // namespace joinedup::cli
