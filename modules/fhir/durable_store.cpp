// The store over SQLite and its index. Clients prepare their writes on their own threads; one thread commits what has
// gathered, in one flush of the disk, makes it findable, and only then answers.
#include <openssl/rand.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/hash.hpp"
#include "fhir/search.hpp"
#include "fhir/store_file.hpp"

namespace joinedup::fhir {

namespace {

constexpr std::size_t most_rows_per_commit = 4096;

std::int64_t system_micros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Version 4, from a generator of the system that is seeded anew in each thread.
std::string random_uuid() {
  thread_local std::uint64_t state[2] = {0, 0};
  if (state[0] == 0) RAND_bytes(reinterpret_cast<unsigned char*>(state), sizeof state);
  std::uint64_t words[2] = {mix64(state[0], ++state[1]), mix64(state[1], state[0])};
  state[0] += 0x9E3779B97F4A7C15ULL;
  auto* bytes = reinterpret_cast<std::uint8_t*>(words);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  const std::string hex = to_hex({bytes, 16});
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" + hex.substr(20);
}

// A write made ready: all that needs no knowledge of what is there.
struct Ready {
  Write::Kind kind = Write::Kind::create;
  std::optional<std::uint64_t> if_match;
  StoredVersion version;
  PackedBody body;
  IndexedRow index;
};

struct Job {
  std::vector<Ready> ready;
  std::vector<Written> written;
  std::optional<Error> error;
  bool done = false;
};

class SqliteStore final : public DurableStore {
 public:
  explicit SqliteStore(const StoreOptions& options) : options_(options) {}
  ~SqliteStore() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      wake_.notify_all();
      committed_.notify_all();
    }
    if (writer_.joinable()) writer_.join();
  }
  Result<void> open();

  Result<std::vector<Written>> write(const std::vector<Write>& writes) override;
  Result<Version> read(std::string_view type, std::string_view id, const Permit& permit) override;
  Result<Version> read_version(std::string_view type, std::string_view id, std::uint64_t version, const Permit& permit) override;
  Result<HistoryPage> history(const HistoryRequest& request, const Permit& permit) override;
  Result<SearchPage> search(const Query& query, const Permit& permit, SearchTrace* trace) override {
    return Search(*index_, *keys_, *log_, permit, trace).run(query);
  }
  Result<ChangesPage> changes(std::uint64_t after, std::size_t count, const Permit& permit) override;
  bool wait_for_change(std::uint64_t after, std::chrono::milliseconds at_most) override {
    std::unique_lock lock(mutex_);
    return committed_.wait_for(lock, at_most, [&] { return stop_ || index_->end() > after; }) && index_->end() > after;
  }
  Result<void> backup(const std::string& to) override { return backup_store(options_.path, to); }
  void settle() override { index_->settle(); }
  StoreFigures figures() const override {
    StoreFigures out;
    const auto view = index_->view();
    out.rows = view.end(), out.dead = view.dead().count(), out.segments = view.segments().size();
    return out;
  }

 private:
  // What is known of a resource while a batch is put together.
  struct Current {
    Row row = no_row;
    std::uint64_t version = 0;
    bool deleted = true;
  };
  using Overlay = std::map<std::pair<std::string, std::string>, Current>;

  Result<void> make_ready(const Write& write, Ready& ready);
  Result<void> index_tail();
  void index_row(const StoredVersion& version, IndexedRow& row);
  Result<Current> current(const std::string& type, const std::string& id);
  Result<void> decide(Job& job, Row& next, std::int64_t instant, Overlay& overlay, std::vector<Row>& dead);
  void work();
  void commit(std::vector<Job*>& jobs);
  Result<Version> permitted(StoredVersion stored, Action action, const Permit& permit) const;
  std::vector<Row> rows_of(std::string_view type, std::string_view id) const;
  std::uint64_t person_of(Row row) const;

  StoreOptions options_;
  StoreLock lock_;
  std::unique_ptr<VersionLog> log_;
  std::unique_ptr<Keys> keys_;
  std::unique_ptr<Index> index_;
  std::mutex mutex_;
  std::condition_variable wake_, done_, committed_;
  std::deque<Job*> queue_;
  bool stop_ = false;
  std::int64_t last_instant_ = 0;
  std::thread writer_;
};

tl::unexpected<Error> absent() {
  return fail(ErrorCode::not_found, "There is no such resource.");
}

Result<void> SqliteStore::open() {
  JOINEDUP_TRY(lock_, StoreLock::take(options_.path));
  JOINEDUP_TRY(log_, VersionLog::open({.path = options_.path}));
  keys_ = std::make_unique<Keys>(log_->secret(), options_.base_url);
  JOINEDUP_TRY(index_, Index::open({.folder = options_.path + ".index", .store = log_->store(), .segment_rows = options_.segment_rows, .most_row = log_->end()}));
  JOINEDUP_CHECK(index_tail());
  last_instant_ = log_->last_instant();
  writer_ = std::thread([this] { work(); });
  return {};
}

// Rows that the index's files do not hold yet: after a crash, or where the index was lost, they are read again.
Result<void> SqliteStore::index_tail() {
  if (index_->end() == log_->end()) return {};
  JOINEDUP_TRY(auto reader, log_->reader());
  IndexedRow row;
  return reader->scan(index_->end(), [&](const StoredVersion& version) {
    index_row(version, row);
    std::vector<Row> dead;
    if (version.replaces != no_row) dead.push_back(version.replaces);
    if (version.method == Method::remove) dead.push_back(version.row);
    index_->publish({&row}, dead);
    return true;
  });
}

void SqliteStore::index_row(const StoredVersion& version, IndexedRow& row) {
  thread_local fhirpath::Document document;
  thread_local std::vector<Extracted> scratch;
  row.tokens.clear();
  row.columns.clear();
  row.person = nobody;
  row.self = keys_->self(version.type, version.id);
  row.type = static_cast<std::uint16_t>(Definitions::r4().type_number(version.type));
  row.instant = version.instant;
  if (!version.text.empty() && document.parse(version.text)) keys_->index(version.type, document, scratch, row);
}

Result<void> SqliteStore::make_ready(const Write& write, Ready& ready) {
  thread_local fhirpath::Document document;
  if (!Definitions::r4().is_resource(write.type)) return fail(ErrorCode::not_found, "There is no such type of resource in FHIR R4.");
  ready.kind = write.kind;
  ready.if_match = write.if_match;
  StoredVersion& version = ready.version;
  version.type = write.type;
  version.id = !write.id.empty() ? write.id : options_.new_id ? options_.new_id() : random_uuid();
  if (!is_valid_id(version.id)) return fail(ErrorCode::invalid_input, "The resource's id is not of FHIR's form: up to 64 letters, digits, - and .", "id");
  version.method = write.kind == Write::Kind::create ? Method::create : write.kind == Write::Kind::update ? Method::update : Method::remove;
  if (write.kind != Write::Kind::remove) {
    JOINEDUP_TRY(auto kept, keep_body(write.body, write.type, version.id, document));
    version.text = std::move(kept.text);
    version.splice = kept.splice;
  }
  index_row(version, ready.index);
  if (!version.text.empty()) ready.body = log_->pack(version.type, version.text);
  return {};
}

Result<std::vector<Written>> SqliteStore::write(const std::vector<Write>& writes) {
  Job job;
  job.ready.resize(writes.size());
  for (std::size_t i = 0; i < writes.size(); ++i) JOINEDUP_CHECK(make_ready(writes[i], job.ready[i]));
  {
    std::unique_lock lock(mutex_);
    if (stop_) return fail(ErrorCode::unavailable, "The shared record is being closed.");
    queue_.push_back(&job);
    wake_.notify_one();
    done_.wait(lock, [&] { return job.done; });
  }
  if (job.error) return tl::unexpected<Error>(*job.error);
  return std::move(job.written);
}

void SqliteStore::work() {
  std::vector<Job*> jobs;
  for (;;) {
    jobs.clear();
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;
      std::size_t rows = 0;
      while (!queue_.empty() && (jobs.empty() || rows + queue_.front()->ready.size() <= most_rows_per_commit)) {
        rows += queue_.front()->ready.size();
        jobs.push_back(queue_.front());
        queue_.pop_front();
      }
    }
    commit(jobs);
    const std::lock_guard lock(mutex_);
    for (Job* job : jobs) job->done = true;
    done_.notify_all();
    committed_.notify_all();
  }
}

Result<SqliteStore::Current> SqliteStore::current(const std::string& type, const std::string& id) {
  const auto rows = rows_of(type, id);
  Current out;
  if (rows.empty()) return out;
  JOINEDUP_TRY(auto reader, log_->reader());
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    JOINEDUP_TRY(auto version, reader->read(*row));
    if (!version || version->type != type || version->id != id) continue;
    out = {*row, version->version, version->method == Method::remove};
    break;
  }
  return out;
}

// Checks a job against what is there and numbers its rows; an error leaves nothing changed.
Result<void> SqliteStore::decide(Job& job, Row& next, std::int64_t instant, Overlay& overlay, std::vector<Row>& dead) {
  Overlay mine;
  std::vector<Row> mine_dead;
  Row row = next;
  for (Ready& ready : job.ready) {
    StoredVersion& version = ready.version;
    const std::pair key(version.type, version.id);
    Current now;
    if (auto found = mine.find(key); found != mine.end()) now = found->second;
    else if (found = overlay.find(key); found != overlay.end()) now = found->second;
    else {
      JOINEDUP_TRY(now, current(version.type, version.id));
    }
    if (ready.kind == Write::Kind::create && now.row != no_row) return fail(ErrorCode::conflict, "A resource with this id is there already.");
    if (ready.if_match && *ready.if_match != (now.deleted ? 0 : now.version))
      return fail(ErrorCode::conflict, "The resource was changed by somebody else since it was read. Read it again and repeat the change.");
    if (ready.kind == Write::Kind::remove && now.deleted) {
      if (now.row == no_row) return absent();
      job.written.push_back({version.type, version.id, now.version, instant, Method::remove});
      version.row = no_row;  // deleted already: nothing to do
      continue;
    }
    version.row = row++;
    version.version = now.version + 1;
    version.instant = instant;
    version.replaces = now.row;
    if (version.method == Method::update && now.deleted) version.method = Method::create;
    ready.index.instant = instant;
    if (now.row != no_row) mine_dead.push_back(now.row);
    if (version.method == Method::remove) mine_dead.push_back(version.row);
    mine[key] = {version.row, version.version, version.method == Method::remove};
    job.written.push_back({version.type, version.id, version.version, instant, version.method});
  }
  next = row;
  overlay.merge(mine);
  for (auto& [key, value] : mine) overlay[key] = value;
  dead.insert(dead.end(), mine_dead.begin(), mine_dead.end());
  return {};
}

void SqliteStore::commit(std::vector<Job*>& jobs) {
  const auto fail_all = [&](const Error& error) {
    for (Job* job : jobs) job->error = error;
  };
  if (!index_->make_room())
    return fail_all({ErrorCode::storage_full, "The search index cannot be written: the disk is full or does not answer.", options_.path + ".index"});
  if (auto saved = log_->save_trained(); !saved) return fail_all(saved.error());
  // Time never runs backwards in the record, whatever the clock does.
  last_instant_ = std::max(last_instant_, options_.clock ? options_.clock() : system_micros());
  Row next = log_->end();
  Overlay overlay;
  std::vector<Row> dead;
  std::vector<VersionToAppend> versions;
  std::vector<const IndexedRow*> rows;
  for (Job* job : jobs) {
    if (auto decided = decide(*job, next, last_instant_, overlay, dead); !decided) {
      job->error = decided.error();
      continue;
    }
    for (const Ready& ready : job->ready) {
      if (ready.version.row == no_row) continue;
      versions.push_back({&ready.version, ready.version.text.empty() ? nullptr : &ready.body});
      rows.push_back(&ready.index);
    }
  }
  if (versions.empty()) return;
  if (auto appended = log_->append(versions); !appended) return fail_all(appended.error());
  index_->publish(rows, dead);
}

std::vector<Row> SqliteStore::rows_of(std::string_view type, std::string_view id) const {
  std::vector<Row> rows;
  const auto self = keys_->self(type, id);
  const auto view = index_->view();
  for (const auto& segment : view.segments()) {
    PostingsCursor cursor(segment->versions(self));
    for (Row row = cursor.seek(0); row != no_row; row = cursor.seek(row + 1)) rows.push_back(row);
  }
  return rows;
}

std::uint64_t SqliteStore::person_of(Row row) const {
  const auto view = index_->view();
  return view.of(row).person(row);
}

Result<Version> SqliteStore::permitted(StoredVersion stored, Action action, const Permit& permit) const {
  if (!permit.everything()) {
    fhirpath::Document document;
    const bool has_text = !stored.text.empty() && document.parse(stored.text);
    if (!permit.allows(action, {stored.type, stored.id, has_text ? &document : nullptr})) return absent();
  }
  return to_version(std::move(stored));
}

Result<Version> SqliteStore::read(std::string_view type, std::string_view id, const Permit& permit) {
  JOINEDUP_TRY(auto reader, log_->reader());
  const auto rows = rows_of(type, id);
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    JOINEDUP_TRY(auto version, reader->read(*row));
    if (!version || version->type != type || version->id != id) continue;
    if (version->method == Method::remove) return absent();
    if (permit.everything()) return to_version(std::move(*version));
    switch (gate_of(permit, Action::read, type, *keys_, log_->store()).of(person_of(*row))) {
      case Gate::Verdict::allowed: return to_version(std::move(*version));
      case Gate::Verdict::withheld: return absent();
      case Gate::Verdict::asked: break;
    }
    return permitted(std::move(*version), Action::read, permit);
  }
  return absent();
}

Result<Version> SqliteStore::read_version(std::string_view type, std::string_view id, std::uint64_t wanted, const Permit& permit) {
  JOINEDUP_TRY(auto reader, log_->reader());
  for (const Row row : rows_of(type, id)) {
    JOINEDUP_TRY(auto version, reader->read(row));
    if (version && version->type == type && version->id == id && version->version == wanted)
      return permitted(std::move(*version), Action::history, permit);
  }
  return absent();
}

Result<HistoryPage> SqliteStore::history(const HistoryRequest& request, const Permit& permit) {
  HistoryPage page;
  JOINEDUP_TRY(auto reader, log_->reader());
  Row before = no_row;
  const auto sign = [&](Row row) {
    const Digest mark = hmac_sha256(log_->secret(), request.type + "/" + request.id + "/_history#" + std::to_string(row));
    return std::to_string(row) + "-" + to_hex({mark.data(), 16});
  };
  if (!request.cursor.empty()) {
    before = static_cast<Row>(std::strtoul(request.cursor.c_str(), nullptr, 10));
    if (sign(before) != request.cursor) return fail(ErrorCode::wrong_usage, "The page address is not one that this server gave out. Start again.");
  }
  std::vector<Row> rows;
  if (!request.id.empty()) {
    rows = rows_of(request.type, request.id);
    if (rows.empty()) return absent();
  }
  const int type = request.type.empty() ? -1 : Definitions::r4().type_number(request.type);
  // Rows from the newest back: of one resource from its list, else of the whole record.
  Row last = no_row;
  const auto step = [&](Row from) -> Row {  // the next row below `from`, or no_row
    if (!request.id.empty()) {
      const auto at = std::lower_bound(rows.begin(), rows.end(), from);
      return at == rows.begin() ? no_row : *(at - 1);
    }
    const auto view = index_->view();
    for (Row row = std::min(from, view.end()); row-- > 0;)
      if (type < 0 || view.of(row).type(row) == type) return row;
    return no_row;
  };
  std::size_t bytes = 0;
  for (Row row = step(before); row != no_row; row = step(row)) {
    JOINEDUP_TRY(auto version, reader->read(row));
    if (!version || (!request.id.empty() && (version->type != request.type || version->id != request.id))) continue;
    if (request.since && version->instant < *request.since) break;
    if (page.versions.size() == request.count || bytes > most_page_bytes) {
      page.next = sign(last);
      break;
    }
    last = row;
    bytes += version->text.size();
    if (auto allowed = permitted(std::move(*version), Action::history, permit)) page.versions.push_back(std::move(*allowed));
  }
  return page;
}

// What is durable but not yet answered is not told: a change is told when it can be found.
Result<ChangesPage> SqliteStore::changes(std::uint64_t after, std::size_t count, const Permit& permit) {
  ChangesPage page;
  page.last = index_->end();
  page.next = std::min<std::uint64_t>(after, page.last);
  if (page.next == page.last || count == 0) return page;
  JOINEDUP_TRY(auto reader, log_->reader());
  std::size_t looked_at = 0, bytes = 0;
  JOINEDUP_CHECK(reader->scan(static_cast<Row>(page.next), [&](const StoredVersion& version) {
    if (version.row >= page.last || page.changes.size() == count || bytes > most_page_bytes || ++looked_at > most_rows_per_commit) return false;
    bytes += version.text.size();
    page.next = version.row + 1;
    if (auto allowed = permitted(version, Action::history, permit)) page.changes.push_back({page.next, std::move(*allowed)});
    return true;
  }));
  return page;
}

}  // namespace

Result<std::unique_ptr<DurableStore>> open_store(const StoreOptions& options) {
  auto store = std::make_unique<SqliteStore>(options);
  JOINEDUP_CHECK(store->open());
  return std::unique_ptr<DurableStore>(std::move(store));
}

}  // namespace joinedup::fhir
