#include "casework/casework.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "casework/changes.hpp"
#include "casework/deprivation.hpp"
#include "casework/drafts.hpp"
#include "casework/handlers.hpp"
#include "casework/published.hpp"
#include "casework/watch.hpp"
#include "place/workspace_settings.hpp"

namespace joinedup::casework {

namespace {

struct Row {
  const char* method;
  const char* pattern;
  const char* summary;
  Handler handler;
};

constexpr Row rows[] = {
    {"POST", "/EpisodeOfCare/{id}/$accept", "Accepts a case onto the team's list: coordinator, accountable, comment", accept_case},
    {"POST", "/EpisodeOfCare/{id}/$decline", "Declines a case that has not started: reason, tasks, hand, to", decline_case},
    {"POST", "/EpisodeOfCare/{id}/$defer", "Defers the decision on a case: until, reason", defer_case},
    {"POST", "/EpisodeOfCare/{id}/$ask", "Keeps what came of asking the person: outcome (offered, agreed, declined, lacks-capacity), on, note", ask_person},
    {"POST", "/EpisodeOfCare/{id}/$start", "Starts a case that was accepted and agreed: comment", start_case},
    {"POST", "/EpisodeOfCare/{id}/$hold", "Puts an active case on hold: reason", hold_case},
    {"POST", "/EpisodeOfCare/{id}/$resume", "Resumes a case that is on hold: comment", resume_case},
    {"POST", "/EpisodeOfCare/{id}/$finish", "Finishes a case: reason, outcome; tasks (how many open ones were shown), hand, to; those not handed over are cancelled", finish_case},
    {"POST", "/EpisodeOfCare/{id}/$hand-over", "Gives a case and its co-ordinator's open tasks to another: to, note", hand_over_case},
    {"POST", "/EpisodeOfCare/{id}/$record-contact", "Keeps a contact of the team with the person: on, how (visit, clinic, telephone, video, letter), minutes, about, who", record_contact},
    {"GET", "/CareTeam/{id}/$capacity", "How many people the team looks after, and each worker", capacity_of_team},
    {"GET", "/CareTeam/{id}/$figures", "The team's months: caseload, starts, finishes, waits, reviews, contacts, admissions, bed days, decisions; by fifth of deprivation: months", figures_of_team},
    {"POST", "/Appointment/$plan-meeting", "Plans a meeting with its agenda: team, start, minutes", plan_meeting},
    {"POST", "/Task/{id}/$decide", "Keeps a decision on an item of an agenda: text, owner, due", decide},
    {"POST", "/Appointment/{id}/$close-meeting", "Closes a meeting and carries over what was not talked about", close_meeting},
    {"POST", "/ServiceRequest/$refer", "Refers a person to a service, or asks it for advice: patient, service, reason, urgency, pathway, kind, confirm", refer},
    {"POST", "/Task/{id}/$answer", "Answers a referral: answer (accepted, rejected, in-progress, completed), reason, outcome", answer_referral},
    {"POST", "/Task/{id}/$done", "Completes a task: outcome, confidence, reason (where it was done otherwise)", finish_task},
    {"POST", "/Task/{id}/$leave-out", "Leaves out a step of a pathway: reason", leave_out_step},
    {"POST", "/PlanDefinition/{id}/$apply", "Begins a pathway for a person: subject", apply_pathway},
    {"POST", "/Slot/{id}/$book", "Books a free slot for a referral: request", book_slot},
    {"POST", "/QuestionnaireResponse/$submit", "Keeps a form that was filled in, with its scores: response", submit_assessment},
    {"GET", "/CarePlan/{id}/$document", "A care and support plan with all that it names, as a document that another system keeps", plan_document},
    {"GET", "/$drafts", "What you typed and have not sent: form", give_drafts},
    {"POST", "/$save-draft", "Keeps what you typed and have not sent: form, about, content", save_draft},
    {"POST", "/$discard-draft", "Forgets what you typed: form", discard_draft},
    {"POST", "/Communication/{id}/$opened", "Says that an alert or a message was opened, and by whom", open_message},
    {"GET", "/$feeds", "When each feed last spoke", feeds_of_place},
};

constexpr int attempts = 4;

rest::Response refused(const Ask& ask, const Error& error) {
  if (ask.passed) {  // the record's own answer, with its sentence where forms look for it
    const auto outcome = Json::parse(ask.passed->body, nullptr, false);
    if (!outcome.is_object() || text_at(outcome, "resourceType") != "OperationOutcome" || !text_at(outcome, "issue/0/details/text").empty()) return std::move(*ask.passed);
    auto said = outcome;
    for (auto& issue : said["issue"])
      if (const auto sentence = text_at(issue, "diagnostics"); !sentence.empty()) issue["details"]["text"] = sentence;
    return answer_json(ask.passed->status, said);
  }
  const auto& channel = error_channel(error.code);
  if (error.context == stale) return refusal(409, "conflict", error.sentence);
  const bool ours = error.code == ErrorCode::internal || error.code == ErrorCode::unavailable || error.code == ErrorCode::storage_full;
  const std::string code = error.code == ErrorCode::invalid_input && !error.context.empty() ? "value" : channel.fhir_issue;
  return refusal(channel.http_status, code, error.sentence, ours ? std::string() : error.context);
}

// What was read may be changed by somebody else before it is written: then it is read again and judged anew, so that who comes
// second is told how things are now.
rest::Response run(const Room& room, Handler handler, const rest::OperationCall& call) {
  for (int attempt = 1;; ++attempt) {
    Ask ask(room, call);
    if (const auto readable = ask.readable(); !readable) return refused(ask, readable.error());
    auto answer = handler(ask);
    if (answer) return std::move(*answer);
    if (answer.error().context != stale || attempt == attempts || !call.request.header("If-Match").empty()) return refused(ask, answer.error());
  }
}

class Standing final : public Casework {
 public:
  Standing(Room room, int escalate_minutes) : room_(std::move(room)), escalate_minutes_(escalate_minutes) {}
  ~Standing() override { stop(); }

  std::vector<rest::Operation> operations() override {
    std::vector<rest::Operation> out;
    for (const Row& row : rows) {
      const std::string pattern = row.pattern;
      out.push_back({.method = row.method, .pattern = pattern, .name = pattern.substr(pattern.rfind('$') + 1), .summary = row.summary,
                     .effect = std::string_view(row.method) == "GET" ? rest::Operation::Effect::reads : rest::Operation::Effect::changes,
                     .handler = [this, handler = row.handler](const rest::OperationCall& call) { return run(room_, handler, call); }});
    }
    return out;
  }

  Result<Watched> watch_once(const rest::Api& api) override { return watch_record(room_, api, escalate_minutes_); }
  Result<std::uint64_t> publish_figures(const rest::Api& api) override { return casework::publish_figures(room_, api); }

  void watch(const rest::Api& api) override {
    stop();
    stopping_ = false;
    thread_ = std::thread([this, &api] {
      std::int64_t published = -1;  // the day
      std::unique_lock lock(mutex_);
      while (!stopping_) {
        lock.unlock();
        static_cast<void>(watch_once(api));  // what failed is tried again in the next round
        if (const auto day = room_.clock() / 86'400'000'000; day != published && keep_counts_of_closed(room_, api, {}) && publish_figures(api)) published = day;
        lock.lock();
        asleep_.wait_for(lock, std::chrono::seconds(30), [this] { return stopping_; });
      }
    });
  }
  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    asleep_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  Room room_;
  int escalate_minutes_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable asleep_;
  bool stopping_ = false;
};

}  // namespace

Result<std::unique_ptr<Casework>> Casework::open(Options options) {
  Room room;
  room.place = options.place;
  room.clock = options.clock ? std::move(options.clock) : [] {
    return std::int64_t{std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
  };
  int escalate_minutes = 60;
  if (room.place != nullptr) {
    JOINEDUP_TRY(room.drafts, Drafts::open(room.place->path("drafts.sqlite")));
    room.deprivation = std::make_shared<Deprivation>(room.place->postcodes_file.empty() ? std::string() : room.place->path(room.place->postcodes_file));
    JOINEDUP_TRY(const auto settings, place::read_workspace_settings(room.place->folder));
    escalate_minutes = settings.escalate_minutes;
  }
  return std::unique_ptr<Casework>(std::make_unique<Standing>(std::move(room), escalate_minutes));
}

}  // namespace joinedup::casework
