// FHIR R4 Subscription, channel rest-hook: who is told is decided by a search under the subscriber's own permit; what is to be told is on
// the disk before the record's next change is looked at, and stays there until the receiver has taken it.
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/program.hpp"
#include "base/sqlite.hpp"
#include "subscriptions/deliver.hpp"
#include "subscriptions/subscriptions.hpp"

namespace joinedup::subscriptions {
namespace {

using Json = nlohmann::json;
constexpr SqliteFile queue_file{"The queue of notifications", "subscriptions/queue.sqlite", "another program is writing it; try again"};
constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS position (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL);"
    // state 0: waits; 1: dead
    "CREATE TABLE IF NOT EXISTS delivery (id INTEGER PRIMARY KEY, subscription TEXT NOT NULL, type TEXT NOT NULL, resource TEXT NOT NULL, tries INTEGER NOT NULL, next_try INTEGER NOT NULL,"
    " state INTEGER NOT NULL, reason TEXT NOT NULL, last_tried TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS delivery_waiting ON delivery (subscription, state, id);"
    "PRAGMA user_version = 1;";
constexpr std::int64_t most_waiting = 10'000;  // of one subscription

struct CloseSqlite {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using SqliteHandle = std::unique_ptr<sqlite3, CloseSqlite>;

Result<void> run_sql(sqlite3* handle, const char* sql, const std::string& doing) {
  if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return tl::unexpected<Error>(sqlite_error(handle, queue_file, doing));
}

Result<SqliteHandle> open_queue(const std::string& folder) {
  JOINEDUP_CHECK(make_folder(folder + "/subscriptions", FileMode::secret));
  const auto mask = ::umask(0077);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2((folder + "/" + queue_file.path).c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteHandle handle(raw);
  sqlite3_busy_timeout(raw, 10'000);
  Result<void> ready;
  if (code != SQLITE_OK) ready = tl::unexpected<Error>(sqlite_error(raw, queue_file, "be opened"));
  if (ready) ready = run_sql(raw, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", "be opened");
  if (ready) ready = run_sql(raw, schema, "be made ready");
  ::umask(mask);
  if (!ready) return tl::unexpected<Error>(ready.error());
  return handle;
}

std::int64_t now_ms() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

struct Subscription {
  std::string id, type, query, payload, end;
  std::string status;               // requested, active, error, off
  Endpoint endpoint;
  std::vector<rest::Header> headers;
};

Result<Subscription> read_subscription(const Json& json) {
  const auto wrong = [](const char* sentence, const char* where) { return fail(ErrorCode::invalid_input, sentence, where); };
  Subscription out;
  out.id = json.value("id", "");
  out.status = json.value("status", "");
  out.end = json.value("end", "");
  const auto criteria = json.value("criteria", "");
  const auto mark = criteria.find('?');
  out.type = criteria.substr(0, mark);
  out.query = mark == criteria.npos ? std::string() : criteria.substr(mark + 1);
  const Json channel = json.contains("channel") && json["channel"].is_object() ? json["channel"] : Json::object();
  if (channel.value("type", "") != "rest-hook") return wrong("Channels of the type rest-hook are served here, and no others.", "channel.type");
  out.payload = channel.value("payload", "");
  if (!out.payload.empty() && out.payload != "application/fhir+json" && out.payload != "application/json") return wrong("The payload is empty or application/fhir+json.", "channel.payload");
  JOINEDUP_TRY(out.endpoint, read_endpoint(channel.value("endpoint", "")));
  if (channel.contains("header") && channel["header"].is_array())
    for (const auto& line : channel["header"]) {
      if (!line.is_string()) return wrong("A header of the channel is a text.", "channel.header");
      JOINEDUP_TRY(auto header, read_header(line.get<std::string>()));
      out.headers.push_back(std::move(header));
    }
  JOINEDUP_TRY(const auto query, fhir::parse_query(out.type, out.query, fhir::Handling::strict));
  if (query.type.empty()) return wrong("The criteria name one type of resource.", "criteria");
  if (!query.includes.empty() || !query.reverse_includes.empty() || !query.sort.empty()) return wrong("Criteria neither sort nor include.", "criteria");
  return out;
}

class RestHooks final : public Hooks {
 public:
  RestHooks(HooksOptions options, fhir::DurableStore& store) : options_(std::move(options)), store_(store) {}
  ~RestHooks() override { stop(); }
  Result<void> begin();
  std::uint64_t delivered() const override { return delivered_; }
  void stop() override;

 private:
  Result<void> find_place();
  void follow();
  Result<void> follow_once(std::uint64_t& position);
  void look_at(const std::string& body);
  void set_status(const Json& resource, const char* status, const std::string& error);
  Result<bool> matches(const Subscription& subscription, const fhir::Version& version);
  void work();
  struct Delivery {
    std::int64_t id = 0;
    std::string type, resource;
    std::uint64_t tries = 0;
  };
  bool next(Subscription& subscription, Delivery& delivery);
  void deliver(const Subscription& subscription, const Delivery& delivery);
  void failed(const Subscription& subscription, const Delivery& delivery, const std::string& reason);
  void run(const char* sql, const std::vector<std::string>& texts, const std::vector<std::int64_t>& numbers);

  HooksOptions options_;
  fhir::DurableStore& store_;
  const fhir::PermitAll everybody_;
  std::uint64_t position_ = 0;                  // in the record's feed of changes; the follower's alone
  std::mutex mutex_;                            // all below
  SqliteHandle queue_;
  std::map<std::string, Subscription> active_;
  std::set<std::string> busy_;                  // one delivery of a subscription at a time, so that they come in order
  std::condition_variable changed_;
  bool stop_ = false;
  std::atomic<std::uint64_t> delivered_{0};
  std::thread follower_;
  std::vector<std::thread> crew_;
};

Result<void> RestHooks::begin() {
  JOINEDUP_TRY(queue_, open_queue(options_.place_folder));
  JOINEDUP_CHECK(find_place());
  JOINEDUP_TRY(auto query, fhir::parse_query("Subscription", "status=requested,active"));
  query.count = 1000;
  for (;;) {
    JOINEDUP_TRY(const auto page, store_.search(query, everybody_));
    for (const auto& entry : page.entries) look_at(entry.version.body);
    if (page.next.empty()) break;
    query.cursor = page.next;
  }
  follower_ = std::thread([this] { follow(); });
  for (unsigned i = 0; i < std::max(1U, options_.workers); ++i) crew_.emplace_back([this] { work(); });
  return {};
}

void RestHooks::run(const char* sql, const std::vector<std::string>& texts, const std::vector<std::int64_t>& numbers) {
  SqliteStatement statement(queue_.get(), sql, queue_file);
  int at = 1;
  for (const auto& text : texts) statement.bind(at++, text);
  for (const auto number : numbers) statement.bind(at++, number);
  static_cast<void>(statement.run("be written"));  // a full disk: the delivery is tried once more than noted
}

// A Subscription as it stands now: begun, served, or not any more.
void RestHooks::look_at(const std::string& body) {
  const auto json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return;
  auto read = read_subscription(json);
  const auto id = json.value("id", ""), status = json.value("status", "");
  const bool wanted = status == "requested" || status == "active";
  {
    const std::lock_guard lock(mutex_);
    active_.erase(id);
    if (wanted && read) {
      active_[id] = *read;
      // Begun anew after it had failed: what could not be delivered has its turn again, in its place.
      if (status == "requested") run("UPDATE delivery SET state = 0, tries = 0, next_try = 0 WHERE subscription = ? AND state = 1", {id}, {});
      changed_.notify_all();
    }
  }
  if (status == "requested" && read) set_status(json, "active", {});
  if (wanted && !read) set_status(json, "error", read.error().sentence + " (" + read.error().context + ")");
}

void RestHooks::set_status(const Json& resource, const char* status, const std::string& error) {
  Json changed = resource;
  changed["status"] = status;
  if (error.empty()) changed.erase("error");
  else changed["error"] = error;
  const auto version = resource.contains("meta") ? std::strtoull(resource["meta"].value("versionId", "0").c_str(), nullptr, 10) : 0;
  // Whoever changed it meanwhile is right: that change comes here too.
  static_cast<void>(store_.write({{.kind = fhir::Write::Kind::update, .type = "Subscription", .id = resource.value("id", ""), .body = changed.dump(), .if_match = version}}));
}

Result<bool> RestHooks::matches(const Subscription& subscription, const fhir::Version& version) {
  const auto permit = options_.permit_of ? options_.permit_of(subscription.id) : nullptr;
  if (!permit) return false;
  JOINEDUP_TRY(auto query, fhir::parse_query(subscription.type, subscription.query + (subscription.query.empty() ? "" : "&") + "_id=" + version.id));
  query.count = 1;
  JOINEDUP_TRY(const auto page, store_.search(query, *permit));
  return !page.entries.empty();
}

Result<void> RestHooks::follow_once(std::uint64_t& position) {
  JOINEDUP_TRY(const auto page, store_.changes(position, 200, everybody_));
  std::vector<std::pair<std::string, const fhir::Version*>> due;
  for (const auto& change : page.changes) {
    const auto& version = change.version;
    if (version.type == "Subscription") {
      if (version.method != fhir::Method::remove) look_at(version.body);
      else {
        const std::lock_guard lock(mutex_);
        active_.erase(version.id);
        run("DELETE FROM delivery WHERE subscription = ?", {version.id}, {});
      }
    }
    if (version.method == fhir::Method::remove) continue;
    std::vector<Subscription> concerned;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [id, subscription] : active_)
        if (subscription.type == version.type && !(version.type == "Subscription" && version.id == id)) concerned.push_back(subscription);
    }
    for (const auto& subscription : concerned) {
      if (!subscription.end.empty() && subscription.end <= instant_now()) continue;
      JOINEDUP_TRY(const bool is_due, matches(subscription, version));
      if (is_due) due.emplace_back(subscription.id, &version);
    }
  }
  const std::lock_guard lock(mutex_);
  JOINEDUP_CHECK(run_sql(queue_.get(), "BEGIN IMMEDIATE", "begin"));
  const auto all = [&]() -> Result<void> {
    for (const auto& [subscription, version] : due) {
      SqliteStatement insert(queue_.get(), "INSERT INTO delivery (subscription, type, resource, tries, next_try, state, reason, last_tried) SELECT ?1, ?2, ?3, 0, 0, 0, '', '' WHERE (SELECT count(*) FROM delivery WHERE subscription = ?1) < ?4", queue_file);
      insert.bind(1, subscription), insert.bind(2, version->type), insert.bind(3, version->id), insert.bind(4, most_waiting);
      JOINEDUP_CHECK(insert.run("be written"));
    }
    SqliteStatement at(queue_.get(), "INSERT INTO position VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET last = ?1", queue_file);
    at.bind(1, static_cast<std::int64_t>(page.next));
    JOINEDUP_CHECK(at.run("be written"));
    return run_sql(queue_.get(), "COMMIT", "be written");
  };
  auto done = all();
  if (!done) static_cast<void>(run_sql(queue_.get(), "ROLLBACK", "go back"));
  else position = page.next;
  changed_.notify_all();
  return done;
}

// Before the Subscriptions are read and before open() returns: what is written from then on is news, and is on the disk as such.
Result<void> RestHooks::find_place() {
  {
    SqliteStatement at(queue_.get(), "SELECT last FROM position", queue_file);
    if (at.row()) {
      position_ = static_cast<std::uint64_t>(at.integer(0));
      return {};
    }
  }
  JOINEDUP_TRY(const auto page, store_.changes(0, 1, everybody_));  // what was there before anybody asked is no news
  position_ = page.last;
  SqliteStatement begin(queue_.get(), "INSERT INTO position VALUES (1, ?1)", queue_file);
  begin.bind(1, static_cast<std::int64_t>(position_));
  return begin.run("be written");
}

void RestHooks::follow() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
    }
    if (!store_.wait_for_change(position_, std::chrono::milliseconds(250))) continue;
    if (const auto done = follow_once(position_); !done) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::seconds(1), [&] { return stop_; });
    }
  }
}

// The first that waits of a subscription that nobody is at work on. While it waits for its next try, those after it do too.
bool RestHooks::next(Subscription& subscription, Delivery& delivery) {
  const auto now = now_ms();
  for (const auto& [id, one] : active_) {
    if (busy_.contains(id)) continue;
    SqliteStatement first(queue_.get(), "SELECT id, type, resource, tries, next_try FROM delivery WHERE subscription = ? AND state = 0 ORDER BY id LIMIT 1", queue_file);
    first.bind(1, id);
    if (!first.row() || first.integer(4) > now) continue;
    subscription = one;
    delivery = {.id = first.integer(0), .type = first.text(1), .resource = first.text(2), .tries = static_cast<std::uint64_t>(first.integer(3))};
    return true;
  }
  return false;
}

void RestHooks::work() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    Subscription subscription;
    Delivery delivery;
    if (!next(subscription, delivery)) {
      changed_.wait_for(lock, std::chrono::milliseconds(200));
      continue;
    }
    busy_.insert(subscription.id);
    lock.unlock();
    deliver(subscription, delivery);
    lock.lock();
    busy_.erase(subscription.id);
    changed_.notify_one();
  }
}

void RestHooks::deliver(const Subscription& subscription, const Delivery& delivery) {
  // Asked again at the moment of telling: what may not be read any more is not told.
  const auto permit = options_.permit_of ? options_.permit_of(subscription.id) : nullptr;
  const auto version = permit ? store_.read(delivery.type, delivery.resource, *permit) : Result<fhir::Version>(fail(ErrorCode::not_found, ""));
  if (!version) {
    const std::lock_guard lock(mutex_);
    return run("DELETE FROM delivery WHERE id = ?", {}, {delivery.id});
  }
  if (options_.note)
    if (const auto noted = options_.note(subscription.id, *version); !noted) return failed(subscription, delivery, noted.error().sentence);
  Post what{.headers = subscription.headers, .content_type = subscription.payload, .body = subscription.payload.empty() ? std::string() : version->body};
  const auto status = post(subscription.endpoint, what, {.allowed = options_.allowed, .authority_file = options_.authority_file, .timeout = options_.timeout});
  if (status && *status >= 200 && *status < 300) {
    ++delivered_;
    const std::lock_guard lock(mutex_);
    return run("DELETE FROM delivery WHERE id = ?", {}, {delivery.id});
  }
  failed(subscription, delivery, !status ? status.error().sentence : *status >= 300 && *status < 400 ? "The receiver sends elsewhere, which is not followed (" + std::to_string(*status) + ")." : "The receiver answered " + std::to_string(*status) + ".");
}

void RestHooks::failed(const Subscription& subscription, const Delivery& delivery, const std::string& reason) {
  const bool is_dead = delivery.tries >= options_.pauses.size();
  {
    const std::lock_guard lock(mutex_);
    const auto again = is_dead ? 0 : now_ms() + options_.pauses[delivery.tries].count();
    SqliteStatement note(queue_.get(), "UPDATE delivery SET tries = tries + 1, next_try = ?1, state = ?2, reason = ?3, last_tried = ?4 WHERE id = ?5", queue_file);
    note.bind(1, again), note.bind(2, std::int64_t{is_dead ? 1 : 0}), note.bind(3, reason), note.bind(4, instant_now()), note.bind(5, delivery.id);
    static_cast<void>(note.run("be written"));
    if (is_dead) active_.erase(subscription.id);
  }
  if (!is_dead) return;
  const auto version = store_.read("Subscription", subscription.id, everybody_);
  if (!version) return;
  const auto json = Json::parse(version->body, nullptr, false);
  if (json.is_object()) set_status(json, "error", reason + " Set the status to requested once that is mended.");
}

void RestHooks::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (follower_.joinable()) follower_.join();
  for (auto& one : crew_)
    if (one.joinable()) one.join();
}

}  // namespace

Result<std::unique_ptr<Hooks>> Hooks::open(HooksOptions options, fhir::DurableStore& store) {
  survive_hang_ups();
  auto hooks = std::make_unique<RestHooks>(std::move(options), store);
  JOINEDUP_CHECK(hooks->begin());
  return std::unique_ptr<Hooks>(std::move(hooks));
}

Result<std::vector<Dead>> dead_letters(const std::string& folder) {
  std::vector<Dead> out;
  if (!std::filesystem::exists(folder + "/" + queue_file.path)) return out;
  JOINEDUP_TRY(const auto queue, open_queue(folder));
  SqliteStatement rows(queue.get(), "SELECT subscription, type || '/' || resource, reason, last_tried, tries FROM delivery WHERE state = 1 ORDER BY id", queue_file);
  while (rows.row()) out.push_back({.subscription = rows.text(0), .resource = rows.text(1), .reason = rows.text(2), .last_tried = rows.text(3), .tries = static_cast<std::uint64_t>(rows.integer(4))});
  if (rows.failed()) return tl::unexpected<Error>(sqlite_error(queue.get(), queue_file, "be read"));
  return out;
}

}  // namespace joinedup::subscriptions
