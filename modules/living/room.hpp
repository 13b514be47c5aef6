// What the parts of this room share. Inside this room only.
#pragma once
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "living/living.hpp"

namespace joinedup::living {

using nlohmann::json;

// Somebody of the directory of staff.
struct Worker {
  std::string role, practitioner, organization, code;  // "PractitionerRole/…", "Practitioner/…", "Organization/…", "community_nurse"
};

struct Service {
  std::string reference, name, kind, organization;  // "HealthcareService/…", …, partner type, "Organization/…"
};

struct Team {
  std::string care_team, name, service;
  std::vector<const Worker*> workers;
  const Worker* of(std::string_view code, std::uint64_t nth = 0) const;  // the nth of a role, around; nobody: the first worker
};

struct Directory {
  std::vector<Worker> workers;
  std::vector<Service> services;
  std::vector<Team> teams;
  const Worker* anywhere(std::string_view code) const;  // null where there is none
  const Service* service_of(std::string_view kind, std::uint64_t nth = 0) const;
};
Result<Directory> read_directory(fhir::Store& store);

enum class Stage : std::uint8_t {
  undecided, deferred, declined, waiting, offered, agreed, declined_by_person, active, lacks_capacity, on_hold, finished
};
const char* words(Stage stage);

// One person with a team.
struct Case {
  json episode;                      // as case finding wrote it; or a new one, of who was referred
  std::string patient, practice;     // "Patient/…", "Organization/…"
  std::string relative;              // a name of the place's: the person's family name, another's given name
  const Team* team = nullptr;
  std::size_t number = 0;            // within the team
  Stage stage = Stage::undecided;
  bool is_the_demonstrations = false, is_shown_in_full = false;
  std::vector<std::pair<std::string, std::string>> conditions;  // code, reference
  const Worker* coordinator = nullptr;
  const Worker* doctor = nullptr;
  int accepted = 0, asked = 0, started = 0, changed = 0, ended = 0;  // days ago
  bool has_plan() const { return stage == Stage::active || stage == Stage::lacks_capacity || stage == Stage::on_hold || stage == Stage::finished; }
};

// What is to be written, with ids that follow from the seed.
class Book {
 public:
  Book(Date day, std::uint64_t seed) : day_(day), seed_(seed) {}
  std::string id(std::string_view type, std::string_view key) const;  // a UUID
  // The resource with its id and mark; its reference.
  std::string add(json resource, std::string_view key);
  std::string add_as(json resource, std::string id);
  void add_later_version(json resource) { later_.push_back(std::move(resource)); }  // id and all, once the first stands
  CounterRandom draw(std::string_view key) const;
  Date day() const { return day_; }
  std::string ago(int days) const { return (day_ - days).to_iso(); }
  std::string at(int days_ago, int hour = 9, int minute = 0) const;  // instant UTC
  Date workday(int days_ago) const;                                  // the same or the Monday after
  std::vector<json>& first() { return first_; }
  std::vector<json>& later() { return later_; }

 private:
  Date day_;
  std::uint64_t seed_;
  std::vector<json> first_, later_;
};

inline json reference(const std::string& to) { return {{"reference", to}}; }
inline json coding(const char* system, const std::string& code, const std::string& display = {}) {
  json out = {{"system", system}, {"code", code}};
  if (!display.empty()) out["display"] = display;
  return out;
}
inline json concept_of(const char* system, const std::string& code, const std::string& text = {}) {
  json out = {{"coding", json::array({coding(system, code)})}};
  if (!text.empty()) out["text"] = text;
  return out;
}
inline json value(const char* url, const char* kind, json what) { return {{"url", url}, {kind, std::move(what)}}; }
inline json note(const std::string& text) { return json::array({{{"text", text}}}); }
inline std::string bare(const std::string& reference) { return reference.substr(reference.rfind('/') + 1); }

template <std::size_t N>
const char* one_of(const char* const (&all)[N], CounterRandom& draw) {
  return all[draw.below(N)];
}

inline constexpr const char* task_system = "urn:joinedup:task";
inline constexpr const char* plan_system = "urn:joinedup:plan";
inline constexpr const char* message_system = "urn:joinedup:message";
inline constexpr const char* meeting_system = "urn:joinedup:meeting";

// A Task as the workspace writes it; further elements are the caller's.
struct TaskFacts {
  const char* code;
  std::string status, patient, owner, requester, description, due, authored;  // empty due: no date set
  const char* priority = "routine";
  std::string focus, based_on, done, reason;
};
json task_of(const TaskFacts& facts);

// What a case's story writes. Each adds to the book.
json episode_of(const Book& book, const Case& one);
struct PlanRefs {
  std::string plan;
  std::vector<std::string> goals, tasks;
};
PlanRefs write_plan(Book& book, const Case& one);
void write_pathway(Book& book, const Case& one, const std::vector<json>& pathways);
void write_assessments(Book& book, const Case& one, const std::vector<json>& questionnaires);
void write_referrals(Book& book, const Case& one, const Directory& directory);
void write_talk(Book& book, const Case& one, const Directory& directory, const std::string& related);
void write_contacts(Book& book, const Case& one, const Directory& directory);
void write_meetings(Book& book, const Team& team, const std::vector<const Case*>& cases);
void write_slots(Book& book, const Directory& directory);
// What the directory says of each service beyond its name, as an administrator would keep it; and choices outside the network.
Result<std::vector<json>> directory_entries(fhir::Store& store, Book& book, const Directory& directory);
// Hospitals' messages of the last days, and which of the alerts somebody has read. How many were taken in.
Result<std::uint64_t> send_admissions(const place::Place& place, fhir::DurableStore& store, const Book& book, const std::vector<Case>& cases);

// Every resource that a search finds.
Result<std::vector<json>> find(fhir::Store& store, const std::string& type, const std::string& query);

}  // namespace joinedup::living
