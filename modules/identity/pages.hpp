// Plain pages that work without scripts: large type, labels, a summary of faults before the form and each fault beside its field.
// Inside this room only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "rest/rest.hpp"

namespace joinedup::identity {

struct Fault {
  std::string field, sentence;             // field: id of the input it is about; may be empty
};

struct Field {
  std::string id, label, hint;
  const char* type = "text";
  const char* autocomplete = "off";
  std::string value;
};

std::string field_html(const Field& field, const std::vector<Fault>& faults);
std::string faults_html(const std::vector<Fault>& faults);
std::string hidden(std::string_view name, std::string_view value);

// `form_targets`: origins besides our own to which an answer of the page's form may send the browser.
rest::Response page(int status, const std::string& title, const std::string& main, const std::string& form_targets = {});
rest::Response send_to(const std::string& where);   // 303
rest::Response json_answer(int status, std::string body);
void add_security_headers(rest::Response& response, const std::string& form_targets = {});

}  // namespace joinedup::identity
