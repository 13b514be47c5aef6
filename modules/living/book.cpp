#include "base/hash.hpp"
#include "living/room.hpp"

namespace joinedup::living {

std::string Book::id(std::string_view type, std::string_view key) const {
  Sha256 sum;
  sum.update("living|" + std::to_string(seed_) + "|" + std::string(type) + "|" + std::string(key));
  auto hex = sum.finish_hex().substr(0, 32);
  hex[12] = '8', hex[16] = '8';  // a UUID of the kind whose content is its maker's
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string Book::add(json resource, std::string_view key) {
  const std::string type = resource["resourceType"];
  return add_as(std::move(resource), id(type, key));
}

std::string Book::add_as(json resource, std::string id) {
  const std::string type = resource["resourceType"];
  resource["id"] = id;
  resource["meta"]["tag"] = json::array({coding("urn:joinedup:demonstration", "caseload")});
  first_.push_back(std::move(resource));
  return type + "/" + id;
}

CounterRandom Book::draw(std::string_view key) const { return {seed_, hash64(key), 7}; }

std::string Book::at(int days_ago, int hour, int minute) const {
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return ago(days_ago) + "T" + two(hour) + ":" + two(minute) + ":00Z";
}

Date Book::workday(int days_ago) const {
  auto day = day_ - days_ago;
  const int weekday = static_cast<int>(((day.days % 7) + 7 + 3) % 7);  // 1970-01-01 was a Thursday; 0 is Monday
  return weekday >= 5 ? day + (7 - weekday) : day;
}

json task_of(const TaskFacts& facts) {
  json out = {{"resourceType", "Task"}, {"status", facts.status}, {"intent", "order"}, {"priority", facts.priority}, {"code", concept_of(task_system, facts.code)},
              {"description", facts.description}, {"authoredOn", facts.authored}};
  if (!facts.patient.empty()) out["for"] = reference(facts.patient);
  if (!facts.owner.empty()) out["owner"] = reference(facts.owner);
  if (!facts.requester.empty()) out["requester"] = reference(facts.requester);
  if (!facts.focus.empty()) out["focus"] = reference(facts.focus);
  if (!facts.based_on.empty()) out["basedOn"] = json::array({reference(facts.based_on)});
  if (!facts.due.empty()) out["restriction"]["period"]["end"] = facts.due;
  if (!facts.done.empty()) out["executionPeriod"]["end"] = facts.done;
  if (!facts.done.empty()) out["lastModified"] = facts.done;
  if (!facts.reason.empty()) out["statusReason"] = {{"text", facts.reason}};
  return out;
}

}  // namespace joinedup::living
