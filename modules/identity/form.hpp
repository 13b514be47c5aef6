// What browsers send and read: forms, cookies, addresses. Inside this room only.
//
//   const Form form = read_form("user=gp.one&next=%2Fmy-day");   form.text("user");
//   cookie(request, "__Host-joinedup");   percent_encoded("a b");        is_local_path("/my-day");
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/percent.hpp"
#include "rest/rest.hpp"

namespace joinedup::identity {

// Names may stand once only: twice is how checks are fooled.
class Form {
 public:
  std::string text(std::string_view name) const;               // empty where absent
  bool has(std::string_view name) const;
  bool is_sound() const { return sound_; }                     // well encoded, nothing twice, not too many
  void add(std::string name, std::string value);
  void spoil() { sound_ = false; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
  bool sound_ = true;
};

Form read_form(std::string_view text);                         // application/x-www-form-urlencoded
std::string_view cookie(const rest::Request& request, std::string_view name);
bool is_local_path(std::string_view path);                     // "/a/b?c": stays on this server wherever a browser reads it
// Scheme, host and port of an address: "https://care.example:8443"; empty where it is none.
std::string origin_of(std::string_view url);
std::string with_query(std::string url, const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace joinedup::identity
