// The forms of FHIR R4's primitive types (data types page, 4.0.1), without regular expressions. Inside this room only.
#pragma once
#include <cstdint>
#include <string_view>

namespace joinedup::validation {

enum class Form : std::uint8_t {
  none, boolean, integer, unsigned_int, positive_int, decimal, string, markdown, code, id, uri, url, canonical, oid, uuid,
  base64, date, date_time, instant, time, xhtml
};

Form form_of(std::string_view type);
// JSON's own kind that a form is written as.
enum class Written : std::uint8_t { boolean, number, text };
Written written_as(Form form);
bool fits(Form form, std::string_view text);  // of a value whose JSON kind is right
const char* form_sentence(Form form);         // what it should look like

}  // namespace joinedup::validation
