#include "cli/signed_in.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/percent.hpp"
#include "identity/subjects.hpp"
#include "server/access_operations.hpp"
#include "server/audit_events.hpp"
#include "server/doorkeeper.hpp"
#include "web/web.hpp"

namespace joinedup::cli {
namespace {

class Joined final : public SignedIn {
 public:
  Result<void> begin(const place::Place& place, fhir::DurableStore& store, const std::string& base_url) {
    base_url_ = base_url;
    store_ = &store;
    JOINEDUP_TRY(log_, audit::Log::open({.folder = place.path("audit"), .writer = "serve"}));
    JOINEDUP_TRY(reader_, audit::Reader::open(place.path("audit")));
    JOINEDUP_TRY(access_, access::Access::open(store, place, {.base_url = base_url}));
    JOINEDUP_TRY(identity_, identity::Identity::open({.place = place.folder, .fhir_url = base_url, .note = [this](audit::Event event) { keep(std::move(event)); },
                                                                   .person_here = [this](const access::Subject& subject, const std::string& number, const std::string& birth_date) { return person_here(subject, number, birth_date); }}));
    return {};
  }
  ~Joined() override {
    stop_watching();
    identity_.reset();
  }

  server::Server::Handler door(const rest::Api& api) override {
    api_ = &api;
    door_ = std::make_unique<server::Doorkeeper>(server::DoorParts{
        .who = [this](const rest::Request& request) { return who(request); },
        .permit = [this](const access::Subject& subject) { return permit(subject); },
        .note = [this](audit::Event event, std::function<void(Result<void>)> done) { log_->append(std::move(event), std::move(done)); },
        .handle = [this](const rest::Request& request) { return handle(request); },
        .can_keep = [this] { return log_->can_keep(); },
        .ruled = [this](const access::Subject& subject, const std::string& type, const std::string& id) -> server::Ruled {
          const auto decision = access_->explain(subject, fhir::Action::read, type, id);
          return decision ? server::Ruled{decision->rule, decision->allowed} : server::Ruled{"not-explained", false};
        },
        .audit_events = [this](const access::Subject& subject, const rest::Request& request) {
          return server::audit_events(subject, request, *reader_, [this](const audit::Event& event, std::string_view patient) { return access_->hides_from_person(event.user, patient); },
                                      [this, &subject](std::string_view type, std::string_view id) { return access_->hides_entry(subject, type, id); }, base_url_);
        },
        .own_operations = [this](const access::Subject& subject, const rest::Request& request, audit::Event& event) { return server::access_operations(subject, request, *access_, event); },
        .emergency = [this](const access::Subject& subject, const std::string& patient, const std::string& reason) -> Result<void> {
          JOINEDUP_CHECK(access_->emergency(subject, patient, reason));
          return {};
        }});
    return [this](rest::Request& request) {
      if (request.path.starts_with("/.well-known/")) {  // SMART's discovery stands below the record's own address too
        auto discovery = request;
        discovery.path = "/fhir" + request.path;
        if (auto page = identity_->handle(discovery)) return std::move(*page);
      }
      return door_->answer(request);
    };
  }

  server::Server::Handler pages() override {
    return [this](rest::Request& request) {
      if (auto page = identity_->handle(request)) return std::move(*page);
      if (auto page = workspace(request)) return std::move(*page);
      rest::Response out;
      out.status = 404;
      out.headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
      out.body = "There is nothing at this address. Sign in at /login; the shared record is at /fhir.\n";
      return out;
    };
  }

  rest::Response listen(const rest::Request& request, subscriptions::Events& events) override {
    if (const auto subject = who(request); !subject) {
      rest::Response out;
      out.status = subject.error().code == ErrorCode::forbidden ? 403 : 401;
      out.headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
      out.body = subject.error().sentence + "\n";
      return out;
    }
    auto asking = std::make_shared<rest::Request>(request);
    return events.stream(request, [this, asking]() -> std::unique_ptr<fhir::Permit> {
      const auto subject = who(*asking);
      if (!subject) return nullptr;
      auto permit = access_->permit(*subject);
      return permit ? std::move(*permit) : nullptr;
    });
  }

  std::function<Result<std::unique_ptr<fhir::Permit>>(const std::string&)> export_permit() override {
    return [this](const std::string& principal) -> Result<std::unique_ptr<fhir::Permit>> {
      access::Subject subject;
      {
        const std::lock_guard lock(mutex_);
        const auto found = exporting_.find(principal);
        if (found == exporting_.end()) return fail(ErrorCode::forbidden, "The server was started anew since this export began. Begin it again.");
        subject = found->second;
      }
      return access_->permit(subject);
    };
  }

  // On behalf of whoever asked for it, as they are now: an account that is disabled, or a service that is removed, is told nothing more.
  std::unique_ptr<fhir::Permit> subscription_permit(const std::string& id) override {
    const auto subject = subscriber(id);
    if (!subject) return nullptr;
    auto permit = access_->permit(*subject);
    return permit ? std::move(*permit) : nullptr;
  }
  Result<void> note_delivery(const std::string& id, const fhir::Version& version) override {
    const auto subject = subscriber(id);
    if (!subject) return tl::unexpected<Error>(subject.error());
    audit::Event event{.kind = "deliver", .outcome = "allowed"};
    event.user = subject->user, event.client = subject->client, event.practitioner = subject->practitioner, event.organisation = subject->organisation;
    event.roles = subject->roles, event.purpose = "direct_care", event.rule = "Subscription/" + id;
    event.resources = {version.type + "/" + version.id + "/_history/" + std::to_string(version.version)};
    fhirpath::Document document;
    fhir::People people;
    if (document.parse(version.body)) fhir::people_of(version.type, version.id, document, base_url_, people);
    for (const auto one : people.ids) event.patients.emplace_back(one);
    return log_->append_and_wait(std::move(event));
  }

  void watch_emergencies() override {
    watcher_ = std::thread([this] {
      std::unique_lock lock(watch_mutex_);
      do tell_of_emergencies();
      while (!watch_.wait_for(lock, std::chrono::minutes(1), [this] { return stop_; }));
    });
  }
  void stop_watching() override {
    {
      const std::lock_guard lock(watch_mutex_);
      stop_ = true;
      watch_.notify_all();
    }
    if (watcher_.joinable()) watcher_.join();
  }

  void received(const std::vector<messages::Receipt>& receipts) override {
    for (const auto& one : receipts) {
      audit::Event event{.kind = "receive", .outcome = one.state == messages::State::applied ? "allowed" : "failed", .organisation = one.origin, .purpose = "direct_care"};
      event.rule = std::string("hl7v2-") + one.trigger + ": " + messages::state_name(one.state);
      event.request = "message-" + std::to_string(one.message);
      event.resources = one.resources;
      if (!one.patient.empty()) event.patients = {one.patient};
      log_->append(std::move(event), [](Result<void>) {});
    }
  }

  std::string notes() const override { return log_->opened(); }

 private:
  static rest::Response sent_to(std::string where) {
    rest::Response out;
    out.status = 303;
    out.headers.push_back({"Location", std::move(where)});
    return out;
  }
  // Where one's work is. The pages' own start (web/src/fhir/offices.ts) says the same.
  static const char* start_of(const access::Subject& subject) {
    if (subject.kind != access::Subject::Kind::worker) return "/me";
    const auto is = [&](std::string_view role) { return std::find(subject.roles.begin(), subject.roles.end(), role) != subject.roles.end(); };
    switch (for_their_office(subject).purpose) {
      case access::Purpose::administration: return is("guardian") ? "/guardian" : "/office";
      case access::Purpose::secondary_use: return "/team";
      default: return "/my-day";
    }
  }
  // The pages: their code is anybody's, but whoever is not signed in is sent to sign in first and comes back to the same address.
  std::optional<rest::Response> workspace(const rest::Request& request) const {
    const bool is_read = request.method == "GET" || request.method == "HEAD";
    if (is_read && (request.path == "/" || web::is_workspace(request.path))) {
      const auto subject = identity_->who(request);
      if (subject && request.path == "/") return sent_to(start_of(*subject));
      if (!subject && request.path == "/") return {};
      if (!subject) return sent_to("/login?next=" + percent_encoded(request.query.empty() ? request.path : request.path + "?" + request.query));
    }
    return web::page(request);
  }
  // Whoever posts a Subscription is its subscriber; policy lets nobody be another.
  rest::Response handle(const rest::Request& request) const {
    if (request.method == "POST" || request.method == "PUT")
      if (auto body = access::with_subscriber(request.body, request.principal)) {
        auto stamped = request;
        stamped.body = std::move(*body);
        return api_->handle(stamped);
      }
    return api_->handle(request);
  }
  Result<access::Subject> subscriber(const std::string& id) const {
    const auto version = store_->read("Subscription", id, fhir::PermitAll());
    fhirpath::Document document;
    if (!version || !document.parse(version->body)) return fail(ErrorCode::not_found, "There is no such Subscription.");
    const auto user = access::subscriber_of(document);
    if (user.empty()) return fail(ErrorCode::forbidden, "Nobody is known to have asked for this Subscription.");
    JOINEDUP_TRY(auto subject, identity::subject_of(*identity_, user));
    return for_their_office(std::move(subject));
  }
  // Emergencies that nobody reviewed in time are laid before those who answer for the place: a notice each, which names nobody.
  void tell_of_emergencies() {
    const auto all = access_->emergencies();
    if (!all) return;
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    for (const auto& notice : access::notices_of(*all, now)) {
      const auto there = store_->read("Communication", notice.id, fhir::PermitAll());
      if (there ? !notice.is_done || there->body.find(R"("status":"completed")") != std::string::npos : notice.is_done) continue;
      static_cast<void>(store_->write({{.kind = fhir::Write::Kind::update, .type = "Communication", .id = notice.id, .body = notice.body, .if_match = there ? there->version : 0}}));
    }
  }
  Result<std::unique_ptr<fhir::Permit>> permit(const access::Subject& subject) {
    JOINEDUP_TRY(auto made, access_->permit(subject));
    if (subject.kind == access::Subject::Kind::backend) {  // who may begin an export; its files are written later
      const std::lock_guard lock(mutex_);
      exporting_.insert_or_assign(subject.user, subject);
    }
    return made;
  }
  // Workers without a part in care come for what their office is: the guardian and administrators to answer for the place, analysts and the board to plan.
  Result<access::Subject> who(const rest::Request& request) const {
    JOINEDUP_TRY(auto subject, identity_->who(request));
    return for_their_office(std::move(subject));
  }
  static access::Subject for_their_office(access::Subject subject) {
    if (subject.kind != access::Subject::Kind::worker) return subject;
    const auto is = [](std::string_view role, std::initializer_list<std::string_view> any) { return std::find(any.begin(), any.end(), role) != any.end(); };
    const auto& roles = subject.roles;
    if (roles.empty()) return subject;
    if (std::all_of(roles.begin(), roles.end(), [&](const auto& role) { return is(role, {"guardian", "administrator"}); })) subject.purpose = access::Purpose::administration;
    else if (std::all_of(roles.begin(), roles.end(), [&](const auto& role) { return is(role, {"analyst", "board"}); })) subject.purpose = access::Purpose::secondary_use;
    return subject;
  }
  // A GP system opens us in somebody's context: their Patient here, if the worker may see it. A search like any other, in the log like any other.
  std::string person_here(const access::Subject& asking, const std::string& number, const std::string& birth_date) {
    const auto subject = for_their_office(asking);
    auto permitted = permit(subject);
    if (!permitted || api_ == nullptr) return {};
    rest::Request request{.method = "GET", .path = "/Patient", .query = "identifier=https://fhir.nhs.uk/Id/nhs-number%7C" + number + "&birthdate=" + birth_date + "&active=true&_elements=id"};
    request.permit = permitted->get(), request.principal = subject.user;
    const auto found = api_->handle(request);
    audit::Event event{.kind = "search", .outcome = "allowed"};
    event.user = subject.user, event.practitioner = subject.practitioner, event.organisation = subject.organisation, event.purpose = "direct_care", event.roles = subject.roles;
    event.query = "Patient?" + request.query;
    for (const auto& one : found.shown) event.resources.push_back(one.type + "/" + one.id + "/_history/" + std::to_string(one.version)), event.patients.push_back(one.id);
    if (!log_->append_and_wait(std::move(event)) || found.shown.size() != 1 || found.shown[0].type != "Patient") return {};
    return found.shown[0].id;
  }
  // Signing in is answered when its event is on the disk; a log that cannot be written lets nobody in further, as the door refuses.
  void keep(audit::Event event) { static_cast<void>(log_->append_and_wait(std::move(event))); }

  std::string base_url_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<audit::Reader> reader_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<server::Doorkeeper> door_;
  const rest::Api* api_ = nullptr;
  fhir::DurableStore* store_ = nullptr;
  std::mutex watch_mutex_;
  std::condition_variable watch_;
  bool stop_ = false;
  std::thread watcher_;
  std::mutex mutex_;
  std::map<std::string, access::Subject> exporting_;
};

}  // namespace

Result<std::unique_ptr<SignedIn>> SignedIn::open(const place::Place& place, fhir::DurableStore& store, const std::string& base_url) {
  auto joined = std::make_unique<Joined>();
  JOINEDUP_CHECK(joined->begin(place, store, base_url));
  return std::unique_ptr<SignedIn>(std::move(joined));
}

}  // namespace joinedup::cli
