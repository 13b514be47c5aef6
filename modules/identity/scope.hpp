// SMART App Launch 2: scopes as access::Scope, and how far one set may go beyond another. Inside this room only.
//
//   read_scopes("launch/patient openid patient/Observation.rs?category=vital-signs")   // .resources, .openid, .launch_patient …
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/subject.hpp"
#include "base/result.hpp"

namespace joinedup::identity {

struct State;
struct Client;

struct Scopes {
  std::vector<access::Scope> resources;
  bool openid = false, fhir_user = false, launch = false, launch_patient = false, offline = false;
  std::vector<std::string> words;              // as granted, in the order asked for
  std::string text() const;
};

std::optional<access::Scope> read_scope(std::string_view word);      // v2 (.cruds) and v1 (.read, .write, .*)
Scopes read_scopes(std::string_view text);                           // what is not known is left out (RFC 6749 3.3)
std::string scope_text(const access::Scope& scope);
bool covers(const access::Scope& wide, const access::Scope& narrow);
// What is asked for and allowed: a word that goes beyond is cut down to what it may have, or left out.
Scopes narrowed(const Scopes& asked, const Scopes& allowed);
std::string scope_in_words(const std::string& word);                 // for the page of consent

}  // namespace joinedup::identity
