#include "governance/memberships.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "fhir/values.hpp"

namespace joinedup::governance {
namespace {

using nlohmann::json;

// An id as FHIR has it: nothing that could be another question in a search.
bool is_id(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.'; });
}

std::string text_in(const json& object, const char* name) {
  const auto at = object.is_object() ? object.find(name) : object.end();
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}
const json& list_in(const json& object, const char* name) {
  static const json none = json::array();
  const auto at = object.is_object() ? object.find(name) : object.end();
  return at != object.end() && at->is_array() ? *at : none;
}
std::string reference_in(const json& object, const char* name) {
  const auto at = object.is_object() ? object.find(name) : object.end();
  return at != object.end() ? text_in(*at, "reference") : std::string();
}

bool is_inactive(const json& resource) { return resource.contains("active") && resource["active"] != true; }

// A time that is there and cannot be read opens nothing.
bool is_in_force(const json& object, std::int64_t now) {
  const auto at = object.find("period");
  if (at == object.end()) return true;
  if (!at->is_object()) return false;
  if (at->contains("start")) {
    const auto start = fhir::date_period(text_in(*at, "start"));
    if (!start || start->low > now) return false;
  }
  if (at->contains("end")) {
    const auto end = fhir::date_period(text_in(*at, "end"));
    if (!end || end->high < now) return false;
  }
  return true;
}

// "Practitioner/p-3", and "PractitionerRole/r-1" for each role of theirs that is in force.
Result<std::set<std::string>> who_they_are(const std::string& practitioner, std::int64_t now, const MembershipSources& record) {
  std::set<std::string> out;
  JOINEDUP_TRY(const auto body, record.read("Practitioner", practitioner));
  const auto person = body ? json::parse(*body, nullptr, false) : json();
  if (!person.is_object() || is_inactive(person)) return out;
  const auto address = "Practitioner/" + practitioner;
  out.insert(address);
  JOINEDUP_TRY(const auto roles, record.find("PractitionerRole", "practitioner=" + address));
  for (const auto& text : roles) {
    const auto role = json::parse(text, nullptr, false);
    if (role.is_object() && reference_in(role, "practitioner") == address && !is_inactive(role) && is_in_force(role, now) && !text_in(role, "id").empty())
      out.insert("PractitionerRole/" + text_in(role, "id"));
  }
  return out;
}

bool is_member(const json& team, const std::set<std::string>& who, std::int64_t now) {
  if (!team.is_object() || team.contains("subject") || !is_in_force(team, now)) return false;
  if (const auto status = text_in(team, "status"); !status.empty() && status != "active") return false;
  const auto& participants = list_in(team, "participant");
  return std::any_of(participants.begin(), participants.end(),
                     [&](const json& one) { return one.is_object() && who.contains(reference_in(one, "member")) && is_in_force(one, now); });
}

}  // namespace

Result<std::vector<std::string>> teams_of(const std::string& practitioner, std::int64_t now, const MembershipSources& record) {
  std::vector<std::string> out;
  if (!is_id(practitioner)) return out;
  JOINEDUP_TRY(const auto who, who_they_are(practitioner, now, record));
  if (who.empty()) return out;
  std::string query = "participant=";
  for (const auto& one : who) query += (query.back() == '=' ? "" : ",") + one;
  JOINEDUP_TRY(const auto teams, record.find("CareTeam", query));
  for (const auto& text : teams) {
    const auto team = json::parse(text, nullptr, false);
    if (!is_member(team, who, now)) continue;
    for (const auto& identifier : list_in(team, "identifier"))
      if (text_in(identifier, "system") == team_system && !text_in(identifier, "value").empty() && text_in(identifier, "use") != "old") out.push_back(text_in(identifier, "value"));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace joinedup::governance
