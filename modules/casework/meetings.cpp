// A team's meeting: whom to talk about and in what order, what was decided by whom until when, and what is carried over.
#include <algorithm>
#include <map>
#include <set>

#include "casework/changes.hpp"
#include "casework/handlers.hpp"
#include "casework/team.hpp"

namespace joinedup::casework {

namespace {

constexpr std::string_view meeting_system = "urn:joinedup:meeting";
constexpr std::size_t most_items = 60;

// The suggested order, and the minutes of each: our own choice (README); the team changes both.
enum class Why : std::uint8_t { escalated, carried_over, due, fresh };
constexpr const char* why_codes[] = {"escalated", "carried-over", "due", "new"};
constexpr std::int64_t why_minutes[] = {8, 5, 5, 8};

struct Item {
  Why why = Why::fresh;
  std::string since;  // the longest waiting first
  std::string words;
  Found episode;
  std::vector<Found> taken_from;  // agenda items of meetings before, that this one takes over
};

bool is_a(const Json& task, std::string_view code) {
  const auto* of = node_at(task, "code");
  return of != nullptr && has_code(*of, "urn:joinedup:task", code);
}

std::string review_date(const Json& plan) {
  const auto* review = extension(plan, "urn:joinedup:review");
  if (review == nullptr || !review->contains("extension")) return {};
  for (const auto& part : (*review)["extension"])
    if (text_at(part, "url") == "date") return text_at(part, "valueDate");
  return {};
}

std::string deferred_until(const Json& episode) {
  const auto* until = extension(episode, "urn:joinedup:deferred-until");
  return until == nullptr ? std::string() : text_at(*until, "valueDate");
}

void raise(Item& item, Why why, const std::string& since, const std::string& words) {
  if (why > item.why) return;
  if (why == item.why && !item.since.empty() && item.since <= since) return;
  item.why = why, item.since = since, item.words = words;
}

struct Gathered {
  std::map<std::string, Item> items;  // by person
  std::set<std::string> wanted;       // of those, who is to be talked about
};

// What of the people of the team asks for talk until the day of the meeting.
Result<Gathered> gather(const Ask& ask, const Team& team, const std::string& day) {
  Gathered out;
  JOINEDUP_TRY(auto cases, cases_of(ask, team.id, "planned,waitlist,active,onhold", Reading::shown));
  for (auto& one : cases) {
    const auto patient = reference_at(one.json, "patient"), status = text_at(one.json, "status");
    if (status == "planned") {
      const auto* type = node_at(one.json, "type");
      if (type != nullptr && has_code(*type, "urn:joinedup:case-finding", "draft")) continue;
      if (deferred_until(one.json) > day) continue;
    }
    if (out.items.contains(patient)) continue;
    auto& item = out.items[patient];
    item.since.clear();
    if (status == "planned" || status == "waitlist") {
      out.wanted.insert(patient);
      item.since = text_at(one.json, "statusHistory/0/period/start").substr(0, 10);
      item.words = status == "planned" ? "Found by case finding: to accept, decline or defer" : "Accepted and waiting to start";
    }
    item.episode = std::move(one);
  }
  JOINEDUP_TRY(const auto plans, ask.search("CarePlan?category=" + percent_encoded("urn:joinedup:plan|care-and-support") + "&status=active"));
  for (const auto& plan : plans) {
    const auto patient = reference_at(plan.json, "subject"), review = review_date(plan.json);
    if (!out.items.contains(patient) || review.empty() || review > day) continue;
    out.wanted.insert(patient);
    raise(out.items[patient], Why::due, review, "Review of the plan due " + review);
  }
  JOINEDUP_TRY(const auto tasks, ask.search("Task?code=" + percent_encoded("urn:joinedup:task|agenda-item") + "," + percent_encoded("urn:joinedup:task|alert") + "&status=" + std::string(open_task_statuses)));
  for (const auto& task : tasks) {
    const auto patient = reference_at(task.json, "for");
    const auto found = out.items.find(patient);
    if (found == out.items.end()) continue;
    const auto since = text_at(task.json, "authoredOn").substr(0, 10);
    if (is_a(task.json, "alert")) {
      out.wanted.insert(patient);
      raise(found->second, Why::escalated, since, "An alert that nobody had opened");
    } else if (text_at(task.json, "businessStatus/text") == "carried over") {
      out.wanted.insert(patient);
      raise(found->second, Why::carried_over, since, text_at(task.json, "description").empty() ? "Carried over" : text_at(task.json, "description"));
      found->second.taken_from.push_back(task);
    }
  }
  return out;
}

// A meeting names nobody, so any worker may write one. But who cannot read the team's people would plan an agenda without them, and close
// one without carrying over those who were not talked about: nobody would notice that they are gone.
Result<void> is_theirs(const Ask& ask, const Json& care_team) {
  JOINEDUP_TRY(const bool theirs, works_in(ask, care_team));
  if (!theirs) return fail(ErrorCode::forbidden, "Only who works in the team plans and closes its meetings.");
  return {};
}

Json agenda_task(const Ask& ask, const std::string& meeting, const Item& item) {
  Json task{{"resourceType", "Task"}};
  task["extension"] = Json::array({extension_of("urn:joinedup:minutes", "valueInteger", why_minutes[static_cast<int>(item.why)]),
                                   extension_of("urn:joinedup:why", "valueCode", why_codes[static_cast<int>(item.why)])});
  task["groupIdentifier"] = {{"system", meeting_system}, {"value", meeting}};
  task["status"] = "requested";
  task["intent"] = "plan";
  task["priority"] = item.why == Why::escalated ? "urgent" : "routine";
  task["code"] = coded("urn:joinedup:task", "agenda-item", "To talk about");
  task["description"] = item.words;
  task["focus"] = reference_to(item.episode.reference());
  task["for"] = reference_to(reference_at(item.episode.json, "patient"));
  task["authoredOn"] = ask.now;
  if (ask.signs()) task["requester"] = ask.by();
  return task;
}

Json meeting_of(const Team& team, const std::string& start, const std::string& end, std::int64_t minutes) {
  Json out{{"resourceType", "Appointment"}};
  out["extension"] = Json::array({extension_of("urn:joinedup:team", "valueReference", reference_to("CareTeam/" + team.id))});
  out["status"] = "proposed";
  out["serviceType"] = Json::array({coded("urn:joinedup:appointment", "team-meeting", "Team meeting")});
  out["description"] = "Meeting of " + team.name;
  out["start"] = start, out["end"] = end, out["minutesDuration"] = minutes;
  out["participant"] = Json::array();
  if (!team.service.empty()) out["participant"].push_back({{"actor", {{"reference", team.service}}}, {"required", "information-only"}, {"status", "accepted"}});
  for (const auto& member : team.members) {
    Json actor{{"reference", member.role}};
    if (!member.name.empty()) actor["display"] = member.name;
    // Core members are expected, the others may come.
    const bool core = member.code == "care_coordinator" || member.code == "team_lead" || member.code == "community_nurse" || member.code == "social_worker";
    out["participant"].push_back({{"actor", std::move(actor)}, {"required", core ? "required" : "optional"}, {"status", "needs-action"}});
  }
  if (out["participant"].empty()) out["participant"].push_back({{"actor", {{"display", team.name}}}, {"status", "accepted"}});
  return out;
}

// "2026-11-25T10:00:00Z" or with an offset or without; nothing: it cannot be read.
struct Start {
  std::string text, day;
  std::int64_t instant = 0;
};
std::optional<Start> read_start(std::string text) {
  if (text.size() == 16) text += ":00";
  if (text.size() == 19) text += "Z";
  if (text.size() < 20 || text[10] != 'T') return {};
  const auto day = parse_iso_date(text.substr(0, 10));
  int hour = 0, minute = 0, second = 0;
  if (!day || std::sscanf(text.c_str() + 11, "%2d:%2d:%2d", &hour, &minute, &second) != 3 || hour > 23 || minute > 59 || second > 59 || hour < 0 || minute < 0 || second < 0) return {};
  int offset = 0;
  auto zone = text.substr(19);
  if (zone.starts_with('.')) zone = zone.substr(std::min(zone.size(), zone.find_first_of("Z+-")));
  if (zone != "Z") {
    int hours = 0, minutes = 0;
    if (zone.size() != 6 || std::sscanf(zone.c_str() + 1, "%2d:%2d", &hours, &minutes) != 2) return {};
    offset = (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
  }
  return Start{text, text.substr(0, 10), ((std::int64_t{day->days} * 24 + hour) * 60 + minute - offset) * 60'000'000 + second * 1'000'000};
}

Json bundle_of(const std::vector<Json>& resources) {
  Json out{{"resourceType", "Bundle"}, {"type", "collection"}};
  out["entry"] = Json::array();
  for (const auto& one : resources)
    if (one.is_object() && !one.empty()) out["entry"].push_back({{"resource", one}});
  return out;
}

}  // namespace

Result<rest::Response> plan_meeting(Ask& ask) {
  JOINEDUP_TRY(const auto team_found, ask.reference("team", "Choose the team that meets.", {"CareTeam"}));
  JOINEDUP_TRY(const auto start_text, ask.text("start", "Say when the meeting begins."));
  JOINEDUP_TRY(const auto minutes, ask.integer("minutes", "Say how long the meeting is, in minutes.", 5, 480));
  const auto start = read_start(start_text);
  if (!start) return fail(ErrorCode::invalid_input, "This is no day and time. They are written 2026-11-30T10:00:00Z.", "start");
  if (start->day < ask.today.to_iso()) return fail(ErrorCode::invalid_input, "The meeting begins in the past.", "start");
  JOINEDUP_CHECK(is_theirs(ask, team_found.json));
  JOINEDUP_TRY(const auto team, read_team(ask, team_found.reference()));
  if (!team.service.empty()) {
    JOINEDUP_TRY(const auto there, ask.search("Appointment?actor=" + percent_encoded(team.service) + "&status=proposed,booked&date=" + start->day));
    for (const auto& one : there)
      if (const auto other = read_start(text_at(one.json, "start")); other && other->instant == start->instant)
        return fail(ErrorCode::conflict, "The team has a meeting at this time already.", "start");
  }
  JOINEDUP_TRY(auto gathered, gather(ask, team, start->day));
  std::vector<Item> items;
  for (const auto& patient : gathered.wanted) items.push_back(std::move(gathered.items[patient]));
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.why != b.why ? a.why < b.why : a.since < b.since; });
  if (items.size() > most_items) items.resize(most_items);
  // The meeting's id is the record's to give, and everything else names it: so the meeting is written first, as proposed.
  const auto end = instant_text(start->instant + minutes * 60'000'000);
  Changes first(ask);
  const auto urn = first.create(meeting_of(team, start->text, end, minutes));
  first.sign("plan-meeting", "Planned a meeting", {}, {urn}, {});
  JOINEDUP_TRY(const auto proposed, first.commit());
  const Found meeting{proposed.at(0), 1};
  const auto id = text_at(meeting.json, "id");
  Changes changes(ask);
  auto booked = meeting.json;
  booked["status"] = "booked";
  changes.update(meeting, booked);
  Json list{{"resourceType", "List"}};
  list["identifier"] = Json::array({Json{{"system", meeting_system}, {"value", id}}});
  list["status"] = "current", list["mode"] = "working", list["title"] = "Agenda of " + team.name;
  list["code"] = coded("urn:joinedup:list", "agenda", "Agenda");
  list["date"] = ask.now;
  if (ask.signs()) list["source"] = ask.by();
  std::vector<std::string> tasks;
  for (const auto& item : items) {
    tasks.push_back(changes.create(agenda_task(ask, id, item)));
    if (!list.contains("entry")) list["entry"] = Json::array();
    list["entry"].push_back({{"item", {{"reference", tasks.back()}}}});
    for (const auto& before : item.taken_from) {
      auto over = before.json;
      over["status"] = "cancelled";
      over["statusReason"]["text"] = "On the agenda of the next meeting";
      over["lastModified"] = ask.now;
      changes.update(before, over);
    }
  }
  changes.create(list);
  for (std::size_t i = 0; i < items.size(); ++i)
    changes.sign("plan-meeting", "Put on the agenda", items[i].words, {tasks[i]}, reference_at(items[i].episode.json, "patient"));
  auto written = changes.commit();
  if (!written) {  // nothing is left half planned
    auto withdrawn = meeting.json;
    withdrawn["status"] = "cancelled";
    Changes back(ask);
    back.update(meeting, withdrawn);
    const auto kept = ask.passed;
    static_cast<void>(back.commit());
    ask.passed = kept;
    return tl::unexpected(written.error());
  }
  // The meeting, its agenda, its items; not what they take over.
  std::vector<Json> shown{written->front(), written->back()};
  for (const auto& one : *written)
    if (text_at(one, "resourceType") == "Task" && text_at(one, "status") == "requested") shown.push_back(one);
  return answer_json(200, bundle_of(shown));
}

Result<rest::Response> decide(Ask& ask) {
  JOINEDUP_TRY(const auto text, ask.text("text", "Write what was decided."));
  JOINEDUP_TRY(const auto owner, ask.reference("owner", "Name one person who carries it out.", {"PractitionerRole", "Practitioner", "HealthcareService", "CareTeam", "Organization"}));
  JOINEDUP_TRY(const auto due, ask.date("due", "Say until when it is carried out."));
  if (due < ask.today) return fail(ErrorCode::invalid_input, "The date is in the past.", "due");
  JOINEDUP_TRY(const auto item, ask.target());
  if (!is_a(item.json, "agenda-item")) return fail(ErrorCode::conflict, "Decisions are made on an item of an agenda; this is none.");
  const auto status = text_at(item.json, "status");
  if (text_at(item.json, "businessStatus/text") == "carried over") return fail(ErrorCode::conflict, "This item was carried over: decide on it in the next meeting.");
  if (status != "completed" && !is_open_task(item.json)) return fail(ErrorCode::conflict, "This item is no longer on the agenda.");
  Json decision{{"resourceType", "Task"}};
  const auto patient = reference_at(item.json, "for");
  if (const auto* group = node_at(item.json, "groupIdentifier")) decision["groupIdentifier"] = *group;
  decision["status"] = "requested", decision["intent"] = "order", decision["priority"] = "routine";
  decision["code"] = coded("urn:joinedup:task", "decision", "Decision of the team");
  decision["description"] = text;
  decision["focus"] = reference_to(item.reference());
  decision["for"] = reference_to(patient);
  decision["authoredOn"] = ask.now;
  decision["lastModified"] = ask.now;
  if (ask.signs()) decision["requester"] = ask.by();
  decision["owner"] = reference_to(owner.reference());
  decision["restriction"]["period"]["end"] = due.to_iso();
  Changes changes(ask);
  const auto urn = changes.create(decision);
  std::vector<std::string> targets{urn};
  if (status != "completed") {
    auto talked = item.json;
    talked["status"] = "completed";
    talked["executionPeriod"]["end"] = ask.now;
    talked["lastModified"] = ask.now;
    changes.update(item, talked);
    targets.push_back(item.reference());
  }
  changes.sign("decide", "Decided", text, targets, patient);
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, written.at(0));
}

Result<rest::Response> close_meeting(Ask& ask) {
  JOINEDUP_TRY(const auto meeting, ask.target());
  const auto status = text_at(meeting.json, "status");
  const auto* kind = node_at(meeting.json, "serviceType");
  if (kind == nullptr || !has_code(*kind, "urn:joinedup:appointment", "team-meeting")) return fail(ErrorCode::conflict, "This is no meeting of a team.");
  if (const auto* of = extension(meeting.json, "urn:joinedup:team")) {
    const auto team = ask.read(local(text_at(*of, "valueReference/reference")));
    if (!team && team.error().code != ErrorCode::not_found) return tl::unexpected(team.error());
    JOINEDUP_CHECK(is_theirs(ask, team ? team->json : Json::object()));
  }
  if (status == "fulfilled") return fail(ErrorCode::conflict, "This meeting is closed already.");
  if (status == "cancelled" || status == "entered-in-error" || status == "noshow") return fail(ErrorCode::conflict, "This meeting was called off.");
  Changes changes(ask);
  auto over = meeting.json;
  over["status"] = "fulfilled";
  changes.update(meeting, over);
  JOINEDUP_TRY(const auto lists, ask.search("List?identifier=" + percent_encoded(std::string(meeting_system) + "|" + ask.call.id)));
  for (const auto& list : lists)
    if (text_at(list.json, "status") == "current") {
      auto retired = list.json;
      retired["status"] = "retired";
      changes.update(list, retired);
    }
  JOINEDUP_TRY(const auto tasks, ask.search("Task?group-identifier=" + percent_encoded(std::string(meeting_system) + "|" + ask.call.id) + "&code=" + percent_encoded("urn:joinedup:task|agenda-item")));
  for (const auto& task : tasks) {
    if (!is_open_task(task.json)) continue;
    auto carried = task.json;
    carried["status"] = "on-hold";
    carried["businessStatus"]["text"] = "carried over";
    carried["lastModified"] = ask.now;
    changes.update(task, carried);
    changes.sign("close-meeting", "Carried over", {}, {task.reference()}, reference_at(task.json, "for"));
  }
  changes.sign("close-meeting", "Closed the meeting", {}, {meeting.reference()}, {});
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, bundle_of(written));
}

}  // namespace joinedup::casework
