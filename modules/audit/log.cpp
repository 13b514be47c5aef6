// The writer of one chain: one thread, one flush for all that wait.
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <future>
#include <span>
#include <thread>

#include "audit/audit.hpp"
#include "audit/event_bytes.hpp"
#include "audit/files.hpp"
#include "audit/heads.hpp"
#include "audit/index.hpp"
#include "audit/seal.hpp"
#include "audit/segment.hpp"
#include "base/file.hpp"

namespace joinedup::audit {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Done = std::function<void(Result<void>)>;
constexpr auto head_pause = std::chrono::milliseconds(200);  // at most so much is on the disk and in no signed head
constexpr std::size_t most_torn = 64 << 20;

struct Waiting {
  std::string bytes;
  std::int64_t instant = 0;
  Done done;
};

struct State {  // as the disk has it
  std::uint64_t next = 1;
  Digest hash{};
  std::size_t size = 0;  // of the open segment
};

class FileLog final : public Log {
 public:
  explicit FileLog(LogOptions options, FileLock lock, Signer signer, std::unique_ptr<Sealer> sealer)
      : options_(std::move(options)), lock_(std::move(lock)), signer_(std::move(signer)), sealer_(std::move(sealer)) {}
  ~FileLog() override;
  Result<void> begin();
  void append(Event event, Done done) override;
  bool can_keep() const override { return can_keep_; }
  std::string opened() const override { return opened_; }

 private:
  Result<void> begin_chain();
  Result<void> list_chain();
  Result<void> go_on(const std::string& last);
  Result<void> go_elsewhere(const std::string& why);
  Result<void> begin_segment();
  Result<void> write_batch(std::span<const Waiting> batch);
  Result<void> put_down(std::string_view bytes);
  Result<void> recover();
  void note(const std::string& text);
  Result<void> sign_head();
  Result<void> sign_line();
  Head head() const;
  void run();
  void index_finished();
  std::string path(const std::string& name) const { return options_.folder + "/" + options_.writer + "/" + name; }

  LogOptions options_;
  FileLock lock_;
  Signer signer_;
  std::unique_ptr<Sealer> sealer_;
  ChainId chain_{};
  std::string opened_;
  State state_;
  Sha256 sum_;
  int file_ = -1;
  std::string file_name_;
  bool needs_recovery_ = false;
  std::uint64_t head_at_ = 0, line_at_ = 0;  // events in the last signed head, and line
  Clock::time_point head_time_{}, line_time_ = Clock::now();
  std::atomic<bool> can_keep_{true};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiting> queue_;
  std::size_t queued_bytes_ = 0;
  std::int64_t last_instant_ = 0;
  bool stopping_ = false, has_finished_segment_ = true;
  std::thread thread_, indexer_;
};

Head FileLog::head() const {
  return {options_.writer, to_hex(chain_), to_hex(state_.hash), instant_text(instant_now_micro()), {}, {}, state_.next - 1};
}

Result<void> FileLog::begin_segment() {
  const auto name = segment_name(state_.next);
  const int opened = ::open(path(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (opened < 0) return tl::unexpected(system_error("A file of the audit log cannot be begun", path(name)));
  const auto bytes = segment_head_bytes({state_.next, chain_, state_.hash});
  const bool written = ::write(opened, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fdatasync(opened) == 0;
  if (!written) {
    const auto error = system_error("A file of the audit log cannot be begun", path(name));
    ::close(opened);
    ::unlink(path(name).c_str());
    return tl::unexpected(error);
  }
  if (file_ >= 0) {
    ::close(file_);
    const std::lock_guard lock(mutex_);
    has_finished_segment_ = true;
    changed_.notify_all();
  }
  file_ = opened;
  file_name_ = name;
  state_.size = bytes.size();
  return sync_folder(options_.folder + "/" + options_.writer);
}

Result<void> FileLog::begin_chain() {
  randombytes_buf(chain_.data(), chain_.size());
  state_ = {.next = 1, .hash = genesis(chain_, options_.writer), .size = 0};
  return begin_segment();
}

// The list of chains ever begun, by which a whole log that is gone is missed. After the chain's first file: a kill between them
// must not look like a theft.
Result<void> FileLog::list_chain() {
  const auto file = options_.folder + "/chains.jsonl";
  const auto id = to_hex(chain_);
  if (const auto known = read_file(file); known && known->find(id) != std::string::npos) return {};
  return append_line(file, signer_.sign({options_.writer, id, to_hex(genesis(chain_, options_.writer)), instant_text(instant_now_micro()), {}, {}, 0}));
}

// The last segment from its start: what it holds is checked, and what was never finished is put aside.
Result<void> FileLog::go_on(const std::string& last) {
  JOINEDUP_TRY(const auto bytes, read_file(path(last)));
  SegmentScan scan(bytes);
  while (scan.next() == SegmentScan::Step::record) last_instant_ = std::max(last_instant_, scan.record().instant);
  if (!scan.has_head()) {
    // Killed while a new segment was begun: it holds nothing yet, and the one before it ends the chain.
    const auto all = segments_of(options_.folder, options_.writer);
    const bool is_begun_only = scan.step() == SegmentScan::Step::cut_short && (all.size() > 1 || !fs::exists(path("head")));
    if (is_begun_only && ::unlink(path(last).c_str()) == 0) return all.size() > 1 ? go_on(all[all.size() - 2]) : begin_chain();
    return go_elsewhere(scan.why());
  }
  chain_ = scan.head().chain;
  state_ = {.next = scan.next_sequence(), .hash = scan.hash(), .size = scan.position()};
  if (const auto signed_text = read_file(path("head"))) {
    const auto newest = parse_head(*signed_text);
    if (newest && newest->sequence >= state_.next) return go_elsewhere("events that a signed head speaks of are gone");
    if (newest && newest->chain != to_hex(chain_)) return go_elsewhere("the signed head is of another chain");
  }
  const auto torn = bytes.size() - scan.position();
  if (torn > most_torn) return go_elsewhere(scan.why());
  if (torn > 0) {
    opened_ = "The audit log's last run ended while it wrote: " + std::to_string(torn) + " bytes after event " + std::to_string(state_.next - 1) +
              " were never acknowledged and were put aside beside it.";
    JOINEDUP_CHECK(write_file(path(last + ".torn-" + std::to_string(state_.next)), std::string_view(bytes).substr(scan.position()), FileMode::secret));
  }
  file_ = ::open(path(last).c_str(), O_WRONLY | O_CLOEXEC);
  if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(scan.position())) != 0 || ::fdatasync(file_) != 0 || ::lseek(file_, 0, SEEK_END) < 0)
    return tl::unexpected(system_error("The audit log cannot be gone on with", path(last)));
  file_name_ = last;
  if (torn > 0) note("unfinished bytes put aside: " + std::to_string(torn));
  return {};
}

// A chain that somebody changed is evidence: it is left as it is, and care goes on being written down beside it.
Result<void> FileLog::go_elsewhere(const std::string& why) {
  const auto broken = options_.writer;
  auto number = 2;
  std::string next;
  const auto stem = broken.substr(0, broken.find('.'));
  do next = stem + "." + std::to_string(number++);
  while (fs::exists(options_.folder + "/" + next));
  opened_ = "The audit log " + broken + " is damaged (" + why + "). It was left as it is, and a new one begun, " + next + ". Run joinedup govern audit verify and tell the guardian.";
  options_.writer = next;
  JOINEDUP_CHECK(make_folder(options_.folder + "/" + next, FileMode::secret));
  JOINEDUP_CHECK(begin_chain());
  note("follows the damaged log " + broken);
  return {};
}

void FileLog::note(const std::string& text) {
  queue_.push_back({event_bytes({.kind = "log", .outcome = "allowed", .note = text}), instant_now_micro(), {}});
}

Result<void> FileLog::begin() {
  JOINEDUP_CHECK(make_folder(options_.folder + "/" + options_.writer, FileMode::secret));
  // The newest of the writer's chains, where an earlier one was left as evidence.
  for (int number = 2; fs::exists(options_.folder + "/" + options_.writer.substr(0, options_.writer.find('.')) + "." + std::to_string(number)); ++number)
    options_.writer = options_.writer.substr(0, options_.writer.find('.')) + "." + std::to_string(number);
  const auto segments = segments_of(options_.folder, options_.writer);
  if (segments.empty()) {
    if (fs::exists(path("head"))) { JOINEDUP_CHECK(go_elsewhere("its events are gone")); }
    else { JOINEDUP_CHECK(begin_chain()); }
  } else {
    JOINEDUP_CHECK(go_on(segments.back()));
  }
  JOINEDUP_CHECK(sign_head());
  JOINEDUP_CHECK(list_chain());
  if (const auto lines = read_file(path("heads.jsonl")); lines && !lines->ends_with('\n')) {  // a line that was never finished
    const auto end = lines->rfind('\n');
    JOINEDUP_CHECK(write_file(path("heads.jsonl"), std::string_view(*lines).substr(0, end == std::string::npos ? 0 : end + 1), FileMode::secret));
  }
  line_at_ = state_.next - 1;
  thread_ = std::thread([this] { run(); });
  indexer_ = std::thread([this] { index_finished(); });
  return {};
}

FileLog::~FileLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  if (indexer_.joinable()) indexer_.join();
  if (file_ >= 0) ::close(file_);
}

Result<void> FileLog::sign_head() {
  // A key that was rotated in while this runs is taken up: a head under the old one would look like a forgery.
  JOINEDUP_CHECK(signer_.with_newest(options_.folder, options_.signing_key_file, [&](const Signer& signer) { return overwrite_head(path("head"), signer.sign(head())); }));
  head_at_ = state_.next - 1;
  head_time_ = Clock::now();
  return {};
}

Result<void> FileLog::sign_line() {
  std::string line;
  line_at_ = state_.next - 1;
  line_time_ = Clock::now();
  JOINEDUP_CHECK(signer_.with_newest(options_.folder, options_.signing_key_file, [&](const Signer& signer) {
    line = signer.sign(head());
    return append_line(path("heads.jsonl"), line);
  }));
  if (!options_.heads_copy_file.empty()) { JOINEDUP_CHECK(append_line(options_.heads_copy_file, line)); }
  return {};
}

Result<void> FileLog::put_down(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EFBIG) return fail(ErrorCode::storage_full, "The audit log has no room on the disk.", path(file_name_));
    if (written < 0) return tl::unexpected(system_error("The audit log cannot be written", path(file_name_)));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(file_) != 0) return tl::unexpected(system_error("The audit log cannot be flushed to the disk", path(file_name_)));
  return {};
}

// Back to what was acknowledged last.
Result<void> FileLog::recover() {
  if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(state_.size)) != 0 || ::lseek(file_, 0, SEEK_END) != static_cast<off_t>(state_.size) || ::fdatasync(file_) != 0)
    return tl::unexpected(system_error("The audit log cannot be put back to its last event", path(file_name_)));
  needs_recovery_ = false;
  return {};
}

Result<void> FileLog::write_batch(std::span<const Waiting> batch) {
  if (needs_recovery_) { JOINEDUP_CHECK(recover()); }
  std::size_t most = 0;
  for (const auto& one : batch) most += one.bytes.size() + record_overhead;
  if (state_.size > segment_head_size && state_.size + most > options_.segment_bytes) { JOINEDUP_CHECK(begin_segment()); }
  State after = state_;
  std::string bytes;
  bytes.reserve(most);
  for (const auto& one : batch) after.hash = add_record(bytes, sum_, after.hash, after.next++, one.instant, one.bytes);
  after.size += bytes.size();
  if (auto done = put_down(bytes); !done) {
    needs_recovery_ = true;
    if (const auto back = recover(); !back) needs_recovery_ = true;
    return done;
  }
  state_ = after;
  return {};
}

// Indexes a segment soon after it is finished, so that the first to ask who looked need not wait for it. Reading makes what is missing.
void FileLog::index_finished() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!std::exchange(has_finished_segment_, false)) {
      changed_.wait_for(lock, std::chrono::seconds(60), [&] { return stopping_ || has_finished_segment_; });
      continue;
    }
    lock.unlock();
    (void)index_segments(options_.folder, options_.writer);
    lock.lock();
  }
}

void FileLog::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto is_due = [&] { return stopping_ || !queue_.empty(); };
    if (head_at_ + 1 != state_.next) changed_.wait_for(lock, head_pause, is_due);
    else changed_.wait_for(lock, std::chrono::seconds(5), is_due);
    if (stopping_ && queue_.empty()) break;
    auto batch = std::exchange(queue_, {});
    queued_bytes_ = 0;
    lock.unlock();
    for (std::span<Waiting> left(batch); !left.empty();) {
      std::size_t count = 0, bytes = 0;
      while (count < left.size() && (count == 0 || bytes + left[count].bytes.size() + record_overhead <= options_.segment_bytes)) bytes += left[count++].bytes.size() + record_overhead;
      const auto some = left.first(count);
      const auto kept = write_batch(some);
      can_keep_ = kept.has_value();
      for (auto& one : some)
        if (one.done) one.done(kept);
      left = left.subspan(count);
    }
    // Signing is not what anybody waits for; a head that cannot be written now is written later.
    const auto now = Clock::now();
    if (head_at_ + 1 != state_.next && now - head_time_ >= head_pause) (void)sign_head();
    if (line_at_ + options_.head_events < state_.next || (line_at_ + 1 != state_.next && now - line_time_ >= std::chrono::seconds(options_.head_seconds))) (void)sign_line();
    lock.lock();
  }
  lock.unlock();
  if (head_at_ + 1 != state_.next) (void)sign_head();
  if (line_at_ + 1 != state_.next) (void)sign_line();
}

void FileLog::append(Event event, Done done) {
  const bool is_now = event.instant == 0;
  if (!event.query.empty() || !event.reason.empty()) {
    event.shape = shape_of(event.query);
    event.sealed = sealer_->seal(event.query, event.reason);
  }
  Waiting waiting{event_bytes(event), event.instant, std::move(done)};
  const char* refused = nullptr;
  if (waiting.bytes.size() > most_event_bytes) refused = "An event is too large for the audit log.";
  else {
    const std::lock_guard lock(mutex_);
    if (stopping_) refused = "The audit log is closed.";
    else if (queued_bytes_ + waiting.bytes.size() > options_.queue_bytes) refused = "The disk is too slow for the audit log; too much waits already.";
    else {
      // Instants of one writer ascend, so that pages of the log neither repeat nor miss an event.
      if (is_now) waiting.instant = last_instant_ = std::max(instant_now_micro(), last_instant_ + 1);
      queued_bytes_ += waiting.bytes.size();
      queue_.push_back(std::move(waiting));
      if (queue_.size() == 1) changed_.notify_all();
    }
  }
  if (refused != nullptr && waiting.done) waiting.done(fail(ErrorCode::unavailable, refused));
}

}  // namespace

Result<void> Log::append_and_wait(Event event) {
  std::promise<Result<void>> promise;
  append(std::move(event), [&](Result<void> kept) { promise.set_value(std::move(kept)); });
  return promise.get_future().get();
}

Result<std::unique_ptr<Log>> Log::open(LogOptions options) {
  if (!is_writer_name(options.writer) || options.writer.find('.') != std::string::npos) return fail(ErrorCode::wrong_usage, "A writer of the audit log is named by small letters, digits and _.");
  if (options.signing_key_file.empty()) options.signing_key_file = options.folder + "/signing.key";
  if (options.guardian_key_file.empty()) options.guardian_key_file = options.folder + "/guardian.key";
  JOINEDUP_CHECK(make_folder(options.folder, FileMode::secret));
  JOINEDUP_TRY(auto lock, FileLock::take(options.folder + "/" + options.writer + ".lock", FileLock::Wait::no));
  JOINEDUP_TRY(auto signer, Signer::open(options.folder, options.signing_key_file));
  JOINEDUP_TRY(auto sealer, Sealer::open(options.folder, options.guardian_key_file));
  auto log = std::make_unique<FileLog>(std::move(options), std::move(lock), std::move(signer), std::move(sealer));
  JOINEDUP_CHECK(log->begin());
  return std::unique_ptr<Log>(std::move(log));
}

}  // namespace joinedup::audit
