// Two threads: one keeps what comes, many messages in one flush of the disk, and answers; the other applies them in order.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "messages/acknowledge.hpp"
#include "messages/apply.hpp"

namespace joinedup::messages {
namespace {

constexpr std::size_t answered_when_applied = 8;  // with more than that in line a message is answered as soon as it is kept
constexpr std::size_t most_in_line = 20'000;

struct Incoming {
  std::string bytes, partner;
  std::function<void(Result<std::string>)> done;
  std::string answer;
  std::int64_t id = 0;
};

std::string hl7_time(std::int64_t instant) {
  std::string out;
  for (const char c : instant_text(instant))
    if (c >= '0' && c <= '9') out += c;
  return out + "+0000";
}

class DurableInbox final : public Inbox {
 public:
  static Result<std::unique_ptr<Inbox>> open(InboxOptions options, fhir::Store& store);
  ~DurableInbox() override;
  void receive(std::string bytes, std::string partner, std::function<void(Result<std::string>)> done) override;
  void settle() override;
  Result<std::size_t> retry() override;
  Result<void> undo_merge(std::int64_t merge) override;

 private:
  explicit DurableInbox(InboxOptions options) : options_(std::move(options)) {}
  void keep_all();
  Result<void> keep(std::vector<Incoming>& batch, std::size_t& fresh);
  Result<bool> keep_one(Incoming& one);
  void apply_all();

  InboxOptions options_;
  SqliteHandle kept_;
  std::unique_ptr<Applier> applier_;
  std::mutex applying_;                // the applier has one user at a time
  std::mutex mutex_;
  std::condition_variable came_, kept_more_, idle_;
  std::deque<Incoming> line_;
  std::vector<Incoming> answers_;      // given when their messages were applied
  std::size_t waiting_ = 0;            // kept and not yet applied
  bool keeping_ = false, stuck_ = false, stop_ = false;
  std::thread keeper_, worker_;
};

Result<std::unique_ptr<Inbox>> DurableInbox::open(InboxOptions options, fhir::Store& store) {
  if (!options.clock)
    options.clock = [] { return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); };
  std::unique_ptr<DurableInbox> out(new DurableInbox(options));
  JOINEDUP_TRY(out->kept_, open_kept(options.place->folder, OpenFor::writing));
  JOINEDUP_TRY(out->applier_, Applier::open(options, store));
  JOINEDUP_TRY(out->waiting_, out->applier_->waiting());
  out->keeper_ = std::thread([inbox = out.get()] { inbox->keep_all(); });
  out->worker_ = std::thread([inbox = out.get()] { inbox->apply_all(); });
  return std::unique_ptr<Inbox>(std::move(out));
}

DurableInbox::~DurableInbox() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    came_.notify_all();
    kept_more_.notify_all();
  }
  if (keeper_.joinable()) keeper_.join();
  if (worker_.joinable()) worker_.join();
}

void DurableInbox::receive(std::string bytes, std::string partner, std::function<void(Result<std::string>)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (!stop_ && line_.size() < most_in_line) {
      line_.push_back({std::move(bytes), std::move(partner), std::move(done), {}, 0});
      came_.notify_one();
      return;
    }
  }
  done(fail(ErrorCode::unavailable, "Messages are not being taken at present."));
}

// Keeps one; false where it was kept before.
Result<bool> DurableInbox::keep_one(Incoming& one) {
  const std::int64_t now = options_.clock();
  const auto parsed = parse(one.bytes);
  KeptMessage row{.received = now, .instant = now, .partner = one.partner, .code = "AA", .raw = one.bytes};
  Sha256 sum;
  sum.update(one.partner + "\r");
  if (parsed) {
    row.sender = parsed->sender();
    row.control_id = parsed->control_id();
    row.trigger = parsed->type() + "^" + parsed->trigger();
    sum.update(parsed->digest());
    if (is_applied(*parsed)) {
      if (const auto event = read_event(*parsed, {.partner = one.partner, .received = now})) {
        row.instant = event->instant;
        row.person = event->person_key();
        if (event->visit) row.visit = event->visit->key;
      } else {
        row.code = "AE", row.reason = event.error().sentence;
      }
    } else {
      row.code = "AR", row.reason = "Messages of this kind are not applied here; it is kept.";
    }
  } else {
    row.code = "AE", row.reason = parsed.error().sentence;
    sum.update("unreadable\r");
    sum.update(one.bytes);
    if (row.raw.size() > most_message_bytes) row.raw.resize(most_message_bytes);
  }
  row.digest = sum.finish_hex();
  SqliteStatement before(kept_.get(), "SELECT id, code, reason FROM message WHERE digest = ?", kept_file);
  before.bind(1, row.digest);
  bool is_new = true;
  if (before.row()) {
    is_new = false;
    one.id = before.integer(0), row.code = before.text(1), row.reason = before.text(2);
    SqliteStatement again(kept_.get(), "INSERT INTO repeated VALUES (?1, 1, ?2) ON CONFLICT (message) DO UPDATE SET times = times + 1, last = ?2", kept_file);
    again.bind(1, one.id);
    again.bind(2, now);
    JOINEDUP_CHECK(again.run("note a repeated message"));
  } else {
    SqliteStatement insert(kept_.get(), "INSERT INTO message (received, instant, sender, partner, control_id, digest, trigger, person, visit, code, reason, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS BLOB))", kept_file);
    insert.bind(1, row.received), insert.bind(2, row.instant);
    int at = 3;
    for (const auto* text : {&row.sender, &row.partner, &row.control_id, &row.digest, &row.trigger, &row.person, &row.visit, &row.code, &row.reason, &row.raw}) insert.bind(at++, *text);
    JOINEDUP_CHECK(insert.run("keep a message"));
    one.id = sqlite3_last_insert_rowid(kept_.get());
  }
  one.answer = acknowledge(parsed ? &*parsed : nullptr, {.code = row.code, .reason = row.reason, .our_id = std::to_string(one.id), .when = hl7_time(now)});
  return is_new && row.code == "AA";
}

Result<void> DurableInbox::keep(std::vector<Incoming>& batch, std::size_t& fresh) {
  JOINEDUP_CHECK(run_sql(kept_.get(), "BEGIN IMMEDIATE", kept_file, "begin"));
  const auto all = [&]() -> Result<void> {
    for (auto& one : batch) {
      JOINEDUP_TRY(const bool is_new, keep_one(one));
      if (is_new) ++fresh;
      else one.id = 0;  // nobody waits for it to be applied
    }
    return run_sql(kept_.get(), "COMMIT", kept_file, "be written");
  };
  auto done = all();
  if (!done) static_cast<void>(run_sql(kept_.get(), "ROLLBACK", kept_file, "go back"));
  return done;
}

void DurableInbox::keep_all() {
  std::unique_lock lock(mutex_);
  for (;;) {
    came_.wait(lock, [&] { return stop_ || !line_.empty(); });
    if (line_.empty()) return;
    std::vector<Incoming> batch;
    while (!line_.empty() && batch.size() < 256) {
      batch.push_back(std::move(line_.front()));
      line_.pop_front();
    }
    keeping_ = true;
    lock.unlock();
    std::size_t fresh = 0;
    const auto done = keep(batch, fresh);
    lock.lock();
    keeping_ = false;
    std::vector<Incoming> at_once;
    if (done) waiting_ += fresh;
    const bool at_leisure = waiting_ <= answered_when_applied && !stuck_ && !stop_;
    for (auto& one : batch) {
      if (done && at_leisure && one.id != 0) answers_.push_back(std::move(one));
      else at_once.push_back(std::move(one));
    }
    kept_more_.notify_all();
    idle_.notify_all();
    lock.unlock();
    for (auto& one : at_once) {
      if (done) one.done(std::move(one.answer));
      else one.done(tl::unexpected<Error>(done.error()));
    }
    lock.lock();
  }
}

void DurableInbox::apply_all() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (waiting_ == 0) {
      kept_more_.wait(lock, [&] { return stop_ || waiting_ > 0; });
      continue;
    }
    const auto before = waiting_;
    lock.unlock();
    Result<std::size_t> done = 0;
    std::int64_t seen = 0;
    {
      const std::lock_guard applying(applying_);
      done = applier_->apply_waiting(options_.most_at_once);
      seen = applier_->seen();
    }
    lock.lock();
    stuck_ = !done;
    // Some may have been applied before they were counted: then nothing is found for those counted up to now.
    if (done) waiting_ -= std::min(waiting_, *done == 0 ? before : *done);
    std::vector<Incoming> answers;
    for (auto& one : answers_)
      if (one.id <= seen || !done) answers.push_back(std::move(one));
    std::erase_if(answers_, [&](const Incoming& one) { return one.id <= seen || !done; });
    idle_.notify_all();
    lock.unlock();
    for (auto& one : answers) one.done(std::move(one.answer));
    lock.lock();
    if (!done) kept_more_.wait_for(lock, std::chrono::seconds(1), [&] { return stop_; });  // a full disk, say: kept, and tried again
  }
  auto answers = std::move(answers_);
  lock.unlock();
  for (auto& one : answers) one.done(std::move(one.answer));
}

void DurableInbox::settle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return (line_.empty() && !keeping_ && waiting_ == 0) || stuck_ || stop_; });
}

Result<std::size_t> DurableInbox::retry() {
  std::size_t again = 0;
  {
    const std::lock_guard applying(applying_);
    JOINEDUP_TRY(again, applier_->retry());
  }
  const std::lock_guard lock(mutex_);
  waiting_ += again;
  kept_more_.notify_all();
  return again;
}

Result<void> DurableInbox::undo_merge(std::int64_t merge) {
  const std::lock_guard applying(applying_);
  return applier_->undo_merge(merge);
}

}  // namespace

Result<std::unique_ptr<Inbox>> Inbox::open(InboxOptions options, fhir::Store& store) { return DurableInbox::open(std::move(options), store); }

Result<std::string> Inbox::receive(std::string bytes, std::string partner) {
  std::promise<Result<std::string>> promise;
  auto answer = promise.get_future();
  receive(std::move(bytes), std::move(partner), [&promise](Result<std::string> done) { promise.set_value(std::move(done)); });
  return answer.get();
}

}  // namespace joinedup::messages
