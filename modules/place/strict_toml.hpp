// A strict walk over a TOML table: every key must be asked for, every type must fit, and each complaint names file and line.
//
//   StrictTable table(root, "place.toml");
//   std::string name = table.text("name", Presence::required);
//   JOINEDUP_CHECK(table.finish());          // first complaint, or an unknown key
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"

namespace joinedup::place {

enum class Presence { required, optional };

class StrictTable {
 public:
  StrictTable(const toml::table& table, std::string file, std::string title)
      : table_(table), file_(std::move(file)), title_(std::move(title)) {}

  std::string text(const char* key, Presence presence, std::string otherwise = {});
  double number(const char* key, Presence presence, double otherwise = 0);
  std::int64_t integer(const char* key, Presence presence, std::int64_t otherwise = 0);
  bool flag(const char* key, Presence presence, std::optional<bool> otherwise = false);
  std::optional<Date> date(const char* key, Presence presence);  // a TOML date, or "YYYY-MM-DD"
  const toml::table* table(const char* key, Presence presence);
  std::vector<const toml::table*> tables(const char* key);       // [[key]]
  std::vector<std::string> texts(const char* key, Presence presence);  // ["a", "b"]
  void complain(const char* key, const std::string& what);       // about the value of a key
  Result<void> finish();

 private:
  const toml::node* find(const char* key, Presence presence, const char* kind);
  void complain_at(const toml::source_region& where, const std::string& what);
  const toml::table& table_;
  std::string file_, title_;
  std::set<std::string, std::less<>> asked_;
  std::optional<Error> first_, missing_;
};

Result<toml::table> parse_toml(std::string_view text, const std::string& file);

}  // namespace joinedup::place
