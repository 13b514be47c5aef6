#include "casework/watch.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "casework/changes.hpp"
#include "casework/closing.hpp"
#include "casework/team.hpp"
#include "fhir/values.hpp"

namespace joinedup::casework {

namespace {

constexpr std::int64_t a_minute = 60'000'000;
constexpr int days_looked_back = 30;  // an alert of longer ago is no alert any more

std::string review_part(const Json& plan, const char* name, const char* kind) {
  const auto* review = extension(plan, "urn:joinedup:review");
  if (review == nullptr || !review->contains("extension")) return {};
  for (const auto& part : (*review)["extension"])
    if (text_at(part, "url") == name) return std::string_view(kind) == "valueReference" ? reference_at(part, kind) : text_at(part, kind);
  return {};
}

class Round {
 public:
  Round(const Room& room, const rest::Api& api)
      : api_(api), request_{.method = "GET", .path = "/", .permit = &everybody_},
        call_{request_, {}, {}, {}, [this](rest::Request request) { return ask(std::move(request)); }, [this](rest::Request request) { return ask(std::move(request)); }}, ask_(room, call_) {}

  Result<std::uint64_t> escalate(std::int64_t instant, int minutes) {
    JOINEDUP_TRY(const auto told, ask_.search("Task?code=" + percent_encoded("urn:joinedup:task|alert"), Reading::tallied, 1'000'000));
    for (const auto& one : told) {
      known_.insert(reference_at(one.json, "focus"));
      if (!is_open_task(one.json) || text_at(one.json, "identifier/0/system") != "urn:joinedup:escalation") continue;
      // Somebody opened it after all: then the task has done its work.
      const auto alert = ask_.read(reference_at(one.json, "focus"));
      ask_.passed.reset();
      if (alert && !text_at(alert->json, "received").empty()) JOINEDUP_CHECK(over(one, "The alert was opened."));
    }
    const auto before = instant_text(instant - minutes * a_minute), after = (ask_.today - days_looked_back).to_iso();
    JOINEDUP_TRY(const auto alerts, ask_.search("Communication?category=" + percent_encoded("http://terminology.hl7.org/CodeSystem/communication-category|alert") + "&status=completed&sent=ge" + after + "&sent=le" + percent_encoded(before)));
    std::uint64_t written = 0;
    for (const auto& alert : alerts) {
      // The search takes a day that is not told to the second as the whole of it; its beginning decides.
      const auto sent = fhir::date_period(text_at(alert.json, "sent"));
      if (!text_at(alert.json, "received").empty() || !sent || sent->low > instant - minutes * a_minute) continue;
      if (known_.contains(alert.reference())) continue;
      JOINEDUP_TRY(const auto deputy, deputy_for(reference_at(alert.json, "subject")));
      if (deputy.empty()) continue;
      Json task{{"resourceType", "Task"}};
      task["identifier"] = Json::array({Json{{"system", "urn:joinedup:escalation"}, {"value", alert.reference()}}});
      task["status"] = "requested", task["intent"] = "order", task["priority"] = "urgent";
      task["code"] = coded("urn:joinedup:task", "alert", "Alert that nobody has opened");
      task["description"] = "Nobody has opened this alert: " + text_at(alert.json, "payload/0/contentString");
      task["focus"] = reference_to(alert.reference());
      task["for"] = reference_to(reference_at(alert.json, "subject"));
      task["authoredOn"] = ask_.now;
      task["owner"] = reference_to(deputy);
      task["restriction"]["period"]["end"] = ask_.today.to_iso();
      JOINEDUP_TRY(const bool made, once(task));
      written += made ? 1 : 0;
    }
    return written;
  }

  Result<std::uint64_t> remind() {
    JOINEDUP_TRY(const auto plans, ask_.search("CarePlan?category=" + percent_encoded("urn:joinedup:plan|care-and-support") + "&status=active", Reading::tallied, 200'000));
    JOINEDUP_TRY(const auto asked, ask_.search("Task?code=" + percent_encoded("urn:joinedup:task|review"), Reading::tallied, 1'000'000));
    std::map<std::string, std::string> dates;  // of the plans in use
    for (const auto& plan : plans) dates[plan.reference()] = review_part(plan.json, "date", "valueDate");
    for (const auto& one : asked) {
      const auto name = text_at(one.json, "identifier/0/value");
      reminded_.insert(name);
      if (!is_open_task(one.json) || text_at(one.json, "identifier/0/system") != "urn:joinedup:review") continue;
      const auto plan = dates.find(name.substr(0, name.find('|')));
      std::string why;
      if (plan == dates.end()) why = "The plan is no longer in use.";
      else if (plan->second > name.substr(name.find('|') + 1)) why = "The plan was reviewed: the next review is " + plan->second + ".";
      if (!why.empty()) JOINEDUP_CHECK(over(one, why));
    }
    const auto soon = (ask_.today + 14).to_iso();
    std::uint64_t written = 0;
    for (const auto& plan : plans) {
      const auto due = review_part(plan.json, "date", "valueDate"), responsible = review_part(plan.json, "responsible", "valueReference");
      if (due.empty() || due > soon) continue;
      if (!reminded_.insert(plan.reference() + "|" + due).second) continue;
      Json task{{"resourceType", "Task"}};
      task["identifier"] = Json::array({Json{{"system", "urn:joinedup:review"}, {"value", plan.reference() + "|" + due}}});
      task["basedOn"] = Json::array({reference_to(plan.reference())});
      task["status"] = "requested", task["intent"] = "order", task["priority"] = "routine";
      task["code"] = coded("urn:joinedup:task", "review", "Review of the plan");
      task["description"] = "Review the plan with the person";
      task["focus"] = reference_to(plan.reference());
      task["for"] = reference_to(reference_at(plan.json, "subject"));
      task["authoredOn"] = ask_.now;
      if (!responsible.empty()) task["owner"] = reference_to(responsible);
      task["restriction"]["period"]["end"] = due;
      JOINEDUP_TRY(const bool made, once(task));
      written += made ? 1 : 0;
    }
    return written;
  }

  Result<std::uint64_t> keep_counts(const std::string& since) {
    JOINEDUP_TRY(const auto closed, ask_.search("EpisodeOfCare?status=finished,cancelled" + (since.empty() ? "" : "&_lastUpdated=ge" + since), Reading::tallied, 1'000'000));
    std::uint64_t kept = 0;
    for (const auto& one : closed) {
      if (!wants_counts(one.json, ask_.today)) continue;
      auto then = one.json;
      JOINEDUP_CHECK(casework::keep_counts(ask_, then));
      Changes changes(ask_);
      changes.update(one, then);
      if (const auto done = changes.commit(); done) ++kept;
      else if (done.error().context != stale) return tl::unexpected(done.error());
    }
    return kept;
  }

 private:
  rest::Response ask(rest::Request request) const {
    request.permit = &everybody_;
    return api_.handle(request);
  }

  // A task of the watch's own that nothing waits for any more. Where somebody changes it at the same moment, the next round looks again.
  Result<void> over(const Found& task, const std::string& why) {
    auto then = task.json;
    then["status"] = "completed";
    then["statusReason"]["text"] = why;
    then["executionPeriod"]["end"] = ask_.now;
    then["lastModified"] = ask_.now;
    Changes changes(ask_);
    changes.update(task, then);
    if (const auto done = changes.commit(); !done && done.error().context != stale) return tl::unexpected(done.error());
    return {};
  }

  // Created only where there is none of its identifier: a round that is cut off, or two programs, write no second.
  Result<bool> once(const Json& task) {
    const auto name = text_at(task, "identifier/0/system") + "|" + text_at(task, "identifier/0/value");
    const auto response = ask({.method = "POST", .path = "/Task", .headers = {{"If-None-Exist", "identifier=" + percent_encoded(name)}, {"Content-Type", "application/fhir+json"}, {"Prefer", "return=minimal"}}, .body = task.dump()});
    if (response.status != 200 && response.status != 201) return fail(ErrorCode::unavailable, "A task could not be written: " + response.body.substr(0, 200));
    return response.status == 201;
  }

  // The lead of the team that looks after the person; where there is none, their co-ordinator's team has nobody to tell.
  Result<std::string> deputy_for(const std::string& patient) {
    JOINEDUP_TRY(const auto cases, ask_.search("EpisodeOfCare?patient=" + percent_encoded(patient) + "&status=planned,waitlist,active,onhold"));
    for (const auto& one : cases) {
      const auto team = reference_at(one.json, "team/0");
      if (team.empty()) continue;
      if (!leads_.contains(team)) {
        JOINEDUP_TRY(const auto found, read_team(ask_, team));
        auto& lead = leads_[team];
        for (const auto& member : found.members)
          if (member.code == "team_lead" && lead.empty()) lead = member.role;
      }
      if (!leads_[team].empty()) return leads_[team];
    }
    return std::string();
  }

  fhir::PermitAll everybody_;
  const rest::Api& api_;
  rest::Request request_;
  rest::OperationCall call_;
  Ask ask_;
  std::map<std::string, std::string> leads_;
  std::set<std::string> known_, reminded_;
};

}  // namespace

Result<std::uint64_t> keep_counts_of_closed(const Room& room, const rest::Api& api, const std::string& since) { return Round(room, api).keep_counts(since); }

Result<Watched> watch_record(const Room& room, const rest::Api& api, int escalate_minutes) {
  Round round(room, api);
  Watched out;
  JOINEDUP_TRY(out.escalated, round.escalate(room.clock(), escalate_minutes));
  JOINEDUP_TRY(out.reviews, round.remind());
  JOINEDUP_TRY(out.counted, round.keep_counts((Date{static_cast<std::int32_t>(room.clock() / 86'400'000'000)} - 1).to_iso()));
  return out;
}

}  // namespace joinedup::casework
