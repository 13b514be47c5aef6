// One thread reads the record's changes; every listener has a short queue, and no thread of its own.
#include <condition_variable>
#include <cstdlib>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/text.hpp"
#include "fhirpath/document.hpp"
#include "subscriptions/subscriptions.hpp"

namespace joinedup::subscriptions {
namespace {

using Clock = std::chrono::steady_clock;

struct Listener {
  explicit Listener(MakePermit make) : make_permit(std::move(make)) {}
  std::mutex mutex;
  const MakePermit make_permit;
  std::set<std::string, std::less<>> types;              // empty: all
  // Of the follower's thread only, once it listens:
  std::unique_ptr<fhir::Permit> permit;
  Clock::time_point permit_until, spoken;
  // Under the mutex:
  std::string waiting;
  std::function<void(Result<void>)> ready;               // the session that waits for more
  bool is_over = false, is_gone = false;
};

// A line a change; what is not JSON's in a type or id cannot be there.
std::string line_of(const fhir::Change& change) {
  const auto& version = change.version;
  const char* method = version.method == fhir::Method::create ? "create" : version.method == fhir::Method::update ? "update" : "remove";
  return "id: " + std::to_string(change.sequence) + "\nevent: change\ndata: {\"type\":\"" + version.type + "\",\"id\":\"" + version.id + "\",\"version\":" + std::to_string(version.version) + ",\"method\":\"" + method + "\"}\n\n";
}

constexpr const char* load_anew = "event: reset\ndata: {}\n\n";

class Hub final : public Events {
 public:
  Hub(fhir::DurableStore& store, EventsOptions options) : store_(store), options_(options) {
    if (const auto page = store_.changes(0, 1, everybody_)) last_ = page->last;
    follower_ = std::thread([this] { follow(); });
  }
  ~Hub() override { stop(); }
  rest::Response stream(const rest::Request& request, MakePermit make_permit) override;
  std::size_t listeners() const override {
    const std::lock_guard lock(mutex_);
    return listeners_.size();
  }
  void stop() override;

 private:
  void follow();
  void tell(const fhir::ChangesPage& page, const std::vector<std::shared_ptr<Listener>>& listeners);
  void beat(const std::vector<std::shared_ptr<Listener>>& listeners);
  bool has_permit(Listener& listener);
  static bool wants(const Listener& listener, const fhir::Change& change, const fhirpath::Document* document);
  void say(Listener& listener, std::string_view text);
  std::string resumed(Listener& listener, std::uint64_t after, std::uint64_t until);
  static void end(Listener& listener);
  std::vector<std::shared_ptr<Listener>> all() {
    const std::lock_guard lock(mutex_);
    return {listeners_.begin(), listeners_.end()};
  }

  fhir::DurableStore& store_;
  const EventsOptions options_;
  const fhir::PermitAll everybody_;
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<Listener>> listeners_;
  std::uint64_t last_ = 0;       // of the changes that all listeners were told of
  bool stop_ = false;
  std::thread follower_;
};

bool Hub::has_permit(Listener& listener) {
  if (listener.permit && Clock::now() < listener.permit_until) return true;
  listener.permit = listener.make_permit ? listener.make_permit() : nullptr;
  listener.permit_until = Clock::now() + options_.permit_age;
  return listener.permit != nullptr;
}

bool Hub::wants(const Listener& listener, const fhir::Change& change, const fhirpath::Document* document) {
  if (!listener.types.empty() && !listener.types.contains(change.version.type)) return false;
  if (listener.permit->everything()) return true;
  // What is deleted has no text to judge by: who may not see everything is not told of it.
  return document != nullptr && listener.permit->allows(fhir::Action::read, {.type = change.version.type, .id = change.version.id, .document = document});
}

void Hub::say(Listener& listener, std::string_view text) {
  std::function<void(Result<void>)> ready;
  {
    const std::lock_guard lock(listener.mutex);
    if (listener.is_over) return;
    if (listener.waiting.size() + text.size() > options_.most_waiting_bytes) listener.waiting = load_anew;
    else listener.waiting += text;
    ready = std::exchange(listener.ready, {});
  }
  listener.spoken = Clock::now();
  if (ready) ready({});
}

void Hub::end(Listener& listener) {
  std::function<void(Result<void>)> ready;
  {
    const std::lock_guard lock(listener.mutex);
    listener.is_over = true;
    ready = std::exchange(listener.ready, {});
  }
  if (ready) ready({});
}

void Hub::tell(const fhir::ChangesPage& page, const std::vector<std::shared_ptr<Listener>>& listeners) {
  std::map<Listener*, std::string> said;
  for (const auto& change : page.changes) {
    fhirpath::Document document;
    const bool is_read = !change.version.body.empty() && document.parse(change.version.body).has_value();
    const std::string line = line_of(change);
    for (const auto& listener : listeners)
      if (listener->permit && wants(*listener, change, is_read ? &document : nullptr)) said[listener.get()] += line;
  }
  for (const auto& listener : listeners)
    if (const auto text = said.find(listener.get()); text != said.end()) say(*listener, text->second);
}

void Hub::beat(const std::vector<std::shared_ptr<Listener>>& listeners) {
  const auto now = Clock::now();
  for (const auto& listener : listeners) {
    if (!has_permit(*listener)) end(*listener);
    else if (now - listener->spoken >= options_.heartbeat) say(*listener, ":\n\n");
  }
  const std::lock_guard lock(mutex_);
  listeners_.remove_if([](const std::shared_ptr<Listener>& listener) {
    const std::lock_guard inner(listener->mutex);
    return listener->is_gone || listener->is_over;
  });
}

void Hub::follow() {
  for (;;) {
    std::uint64_t after = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      after = last_;
    }
    const bool has_more = store_.wait_for_change(after, std::min(options_.heartbeat, std::chrono::milliseconds(250)));
    auto listeners = all();
    beat(listeners);
    if (!has_more) continue;
    // Who begins to listen after this has heard of everything up to last_ by itself.
    const auto page = store_.changes(after, listeners.empty() ? 1 : 500, everybody_);
    std::uint64_t reached = 0;
    {
      const std::lock_guard lock(mutex_);
      if (!page) continue;
      if (listeners.empty() && listeners_.empty()) {
        last_ = page->last;
        continue;
      }
      listeners.assign(listeners_.begin(), listeners_.end());
      reached = page->next;
      last_ = reached;
    }
    for (const auto& listener : listeners) has_permit(*listener);
    tell(*page, listeners);
  }
}

std::string Hub::resumed(Listener& listener, std::uint64_t after, std::uint64_t until) {
  if (after > until) return load_anew;  // of another record, or from before it was restored
  if (until - after > options_.most_resumed) return load_anew;
  std::string out;
  while (after < until) {
    const auto page = store_.changes(after, 500, everybody_);
    if (!page || page->next <= after) return load_anew;
    for (const auto& change : page->changes) {
      if (change.sequence > until) return out;
      fhirpath::Document document;
      const bool is_read = !change.version.body.empty() && document.parse(change.version.body).has_value();
      if (wants(listener, change, is_read ? &document : nullptr)) out += line_of(change);
      if (out.size() > 16 * options_.most_waiting_bytes) return load_anew;
    }
    after = page->next;
  }
  return out;
}

rest::Response refusal(int status, const char* sentence) {
  rest::Response out;
  out.status = status;
  out.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}};
  out.body = sentence;
  return out;
}

rest::Response Hub::stream(const rest::Request& request, MakePermit make_permit) {
  if (request.method != "GET") return refusal(405, "This address takes GET only.\n");
  auto listener = std::make_shared<Listener>(std::move(make_permit));
  if (!has_permit(*listener)) return refusal(401, "Nobody is signed in.\n");
  std::string last(request.header("Last-Event-ID"));
  for (const auto part : split(request.query, '&')) {
    if (part.starts_with("after=") && last.empty()) last = std::string(part.substr(6));
    if (!part.starts_with("types=")) continue;
    const auto types = fhir::decode_query(part.substr(6));  // outlives the parts of it
    for (const auto type : split(types, ','))
      if (!type.empty() && type.size() < 64) listener->types.emplace(type);
  }
  listener->spoken = Clock::now();
  char* end_of = nullptr;
  const std::uint64_t after = std::strtoull(last.c_str(), &end_of, 10);
  const bool resumes = !last.empty() && *end_of == '\0' && last[0] != '-';
  std::uint64_t joined = 0;
  // Its own permit for what it missed: the other is the follower's from the moment it listens.
  Listener past(nullptr);
  past.types = listener->types;
  if (resumes) past.permit = listener->make_permit();
  {
    const std::lock_guard lock(mutex_);
    if (stop_) return refusal(503, "The server is stopping.\n");
    if (listeners_.size() >= options_.most_open) return refusal(503, "Too many pages listen at present.\n");
    joined = last_;
    listeners_.push_back(listener);
  }
  rest::Response out;
  out.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  out.body = "retry: 2000\n";
  if (resumes && past.permit) {
    out.body += ":\n\n" + resumed(past, after, joined);
  } else {
    out.body += "id: " + std::to_string(joined) + "\nevent: open\ndata: {}\n\n";
  }
  // When the session is over, whatever way, its listener goes.
  struct Leave {
    explicit Leave(std::shared_ptr<Listener> whose) : listener(std::move(whose)) {}
    Leave(const Leave&) = delete;
    Leave& operator=(const Leave&) = delete;
    std::shared_ptr<Listener> listener;
    ~Leave() {
      const std::lock_guard lock(listener->mutex);
      listener->is_gone = true;
      listener->is_over = true;
    }
  };
  auto leave = std::make_shared<Leave>(listener);
  out.wait = [listener, leave](std::function<void(Result<void>)> ready) {
    {
      const std::lock_guard lock(listener->mutex);
      if (listener->waiting.empty() && !listener->is_over) {
        listener->ready = std::move(ready);
        return;
      }
    }
    ready({});
  };
  out.more = [listener, leave](std::string& piece) -> Result<bool> {
    const std::lock_guard lock(listener->mutex);
    piece = std::exchange(listener->waiting, {});
    return !listener->is_over;
  };
  return out;
}

void Hub::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  if (follower_.joinable()) follower_.join();
  for (const auto& listener : all()) end(*listener);
  const std::lock_guard lock(mutex_);
  listeners_.clear();
}

}  // namespace

std::unique_ptr<Events> Events::open(fhir::DurableStore& store, EventsOptions options) { return std::make_unique<Hub>(store, options); }

}  // namespace joinedup::subscriptions
