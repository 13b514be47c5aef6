#include "fhir/version_log.hpp"

#include <openssl/rand.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <zdict.h>
#include <zstd.h>

#include <cstring>

#include "base/hash.hpp"

namespace joinedup::fhir {

Error sqlite_error(sqlite3* handle, const std::string& doing, const std::string& path) {
  int code = handle == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle);
  const bool refused = handle != nullptr && sqlite3_extended_errcode(handle) == SQLITE_IOERR_WRITE;  // a quota; seldom a broken disk
  if (refused) code = SQLITE_FULL;
  const auto kind = code == SQLITE_FULL ? ErrorCode::storage_full
                    : code == SQLITE_BUSY ? ErrorCode::conflict
                    : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ErrorCode::invalid_input
                                                                      : ErrorCode::unavailable;
  const std::string why = refused               ? "the disk does not take it: it is full, over a quota, or failing; make room, the record goes on by itself"
                          : code == SQLITE_FULL ? "the disk is full; make room, the record goes on by itself"
                          : code == SQLITE_BUSY ? "another program writes it; stop that one first"
                                                : std::string(sqlite3_errmsg(handle));
  return {kind, "The shared record could not " + doing + ": " + why + ".", path};
}

namespace {

std::string_view column_text(sqlite3_stmt* statement, int column) {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

void bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

constexpr const char* columns = "SELECT row, type, id, version, instant, method, replaces, splice, dictionary, size, body FROM version WHERE row ";

struct PackContext {
  ZSTD_CCtx* pack = ZSTD_createCCtx();
  ~PackContext() { ZSTD_freeCCtx(pack); }
};
struct UnpackContext {
  ZSTD_DCtx* unpack = ZSTD_createDCtx();
  ~UnpackContext() { ZSTD_freeDCtx(unpack); }
};

}  // namespace

struct VersionLog::Dictionary {
  std::int64_t id = 0;
  std::string type, bytes;
  ZSTD_CDict* pack = nullptr;
  ZSTD_DDict* unpack = nullptr;
  Dictionary(std::int64_t number, std::string of, std::string content) : id(number), type(std::move(of)), bytes(std::move(content)) {
    pack = ZSTD_createCDict(bytes.data(), bytes.size(), 3);
    unpack = ZSTD_createDDict(bytes.data(), bytes.size());
  }
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;
  ~Dictionary() {
    ZSTD_freeCDict(pack);
    ZSTD_freeDDict(unpack);
  }
};

struct VersionLog::Training {
  std::string samples;
  std::vector<std::size_t> sizes;
  bool done = false;
};

Result<std::unique_ptr<VersionLog>> VersionLog::open(const VersionLogOptions& options) {
  std::unique_ptr<VersionLog> log(new VersionLog);
  log->options_ = options;
  JOINEDUP_CHECK(log->prepare());
  JOINEDUP_CHECK(log->load());
  return log;
}

Result<void> VersionLog::prepare() {
  const mode_t before = umask(0077);  // people's data: for its owner only
  const int opened = sqlite3_open_v2(options_.path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  umask(before);
  if (opened != SQLITE_OK) return tl::unexpected(sqlite_error(handle_, "be opened", options_.path));
  JOINEDUP_TRY(const int format, format_of(handle_, options_.path));
  if (format > format_number)
    return fail(ErrorCode::unsupported, "The shared record was written by a newer version of this program (format " + std::to_string(format) +
                                            ", this one knows " + std::to_string(format_number) + "). Install that version again; nothing was changed.", options_.path);
  if (format >= 0 && format < format_number)
    return fail(ErrorCode::unsupported, "The shared record was written by an older version of this program; run joinedup upgrade.", options_.path);
  static constexpr const char* setup =
      "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL;"
      "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 1000;"
      "CREATE TABLE IF NOT EXISTS setting(name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;"
      "CREATE TABLE IF NOT EXISTS dictionary(id INTEGER PRIMARY KEY, type TEXT NOT NULL, bytes BLOB NOT NULL);"
      "CREATE TABLE IF NOT EXISTS version(row INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,"
      " instant INTEGER NOT NULL, method INTEGER NOT NULL, replaces INTEGER, splice INTEGER NOT NULL, dictionary INTEGER NOT NULL,"
      " size INTEGER NOT NULL, body BLOB);";
  if (sqlite3_exec(handle_, setup, nullptr, nullptr, nullptr) != SQLITE_OK)
    return tl::unexpected(sqlite_error(handle_, "be prepared", options_.path));
  if (sqlite3_prepare_v2(handle_, "INSERT INTO version VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)", -1, &insert_, nullptr) != SQLITE_OK)
    return tl::unexpected(sqlite_error(handle_, "be prepared", options_.path));
  return {};
}

Result<void> VersionLog::load() {
  const auto each = [&](const char* sql, const auto& on_row) -> Result<void> {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr) != SQLITE_OK)
      return tl::unexpected(sqlite_error(handle_, "be read", options_.path));
    int status = SQLITE_DONE;
    while ((status = sqlite3_step(statement)) == SQLITE_ROW) on_row(statement);
    sqlite3_finalize(statement);
    if (status != SQLITE_DONE) return tl::unexpected(sqlite_error(handle_, "be read", options_.path));
    return {};
  };
  std::map<std::string, std::string> settings;
  JOINEDUP_CHECK(each("SELECT name, value FROM setting", [&](sqlite3_stmt* s) { settings[std::string(column_text(s, 0))] = column_text(s, 1); }));
  if (settings.empty()) {
    std::string secret(32, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), 32) != 1) return fail(ErrorCode::internal, "No random key could be made.");
    settings = {{"format", std::to_string(format_number)}, {"secret", secret}};
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(handle_, "INSERT INTO setting VALUES(?1, ?2)", -1, &statement, nullptr);
    for (const auto& [name, value] : settings) {
      bind_text(statement, 1, name);
      sqlite3_bind_blob(statement, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
      const int status = sqlite3_step(statement);
      sqlite3_reset(statement);
      if (status != SQLITE_DONE) return tl::unexpected(sqlite_error(handle_, "be prepared", options_.path));
    }
    sqlite3_finalize(statement);
  }
  secret_ = settings["secret"];
  store_ = hash64(secret_, 1);
  JOINEDUP_CHECK(each("SELECT id, type, bytes FROM dictionary ORDER BY id", [&](sqlite3_stmt* s) {
    auto made = std::make_shared<const Dictionary>(sqlite3_column_int64(s, 0), std::string(column_text(s, 1)), std::string(column_text(s, 2)));
    dictionaries_[made->id] = made;
    by_type_[made->type] = made;
  }));
  return each("SELECT row, instant FROM version ORDER BY row DESC LIMIT 1", [&](sqlite3_stmt* s) {
    end_ = static_cast<Row>(sqlite3_column_int64(s, 0) + 1);
    last_instant_ = sqlite3_column_int64(s, 1);
  });
}

VersionLog::~VersionLog() {
  readers_.clear();
  sqlite3_finalize(insert_);
  sqlite3_close(handle_);
}

Result<void> VersionLog::append(const std::vector<VersionToAppend>& versions) {
  const auto stop = [&]() -> Result<void> {
    auto error = sqlite_error(handle_, "take a change", options_.path);
    sqlite3_reset(insert_);
    if (sqlite3_get_autocommit(handle_) == 0) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
    return tl::unexpected(std::move(error));
  };
  if (sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK) return stop();
  for (const auto& [appended, body] : versions) {
    const StoredVersion& version = *appended;
    sqlite3_bind_int64(insert_, 1, version.row);
    bind_text(insert_, 2, version.type);
    bind_text(insert_, 3, version.id);
    sqlite3_bind_int64(insert_, 4, static_cast<std::int64_t>(version.version));
    sqlite3_bind_int64(insert_, 5, version.instant);
    sqlite3_bind_int64(insert_, 6, static_cast<int>(version.method));
    if (version.replaces == no_row) sqlite3_bind_null(insert_, 7);
    else sqlite3_bind_int64(insert_, 7, version.replaces);
    sqlite3_bind_int64(insert_, 8, version.splice.packed());
    sqlite3_bind_int64(insert_, 9, body == nullptr ? -1 : body->dictionary);
    sqlite3_bind_int64(insert_, 10, body == nullptr ? 0 : body->size);
    if (body == nullptr) sqlite3_bind_null(insert_, 11);
    else sqlite3_bind_blob64(insert_, 11, body->bytes.data(), body->bytes.size(), SQLITE_STATIC);
    if (sqlite3_step(insert_) != SQLITE_DONE) return stop();
    sqlite3_reset(insert_);
  }
  if (sqlite3_exec(handle_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) return stop();
  if (!versions.empty()) {
    end_ = versions.back().version->row + 1;
    last_instant_ = versions.back().version->instant;
  }
  return {};
}

void VersionLog::learn(std::string_view type, std::string_view text, Training& training) {
  training.samples.append(text.substr(0, 16384));
  training.sizes.push_back(std::min<std::size_t>(text.size(), 16384));
  if (training.sizes.size() < options_.training_samples && training.samples.size() < (4 << 20)) return;
  training.done = true;
  if (training.sizes.size() >= 16) {
    std::string bytes(std::min(options_.dictionary_bytes, training.samples.size() / 4), '\0');
    const auto size = ZDICT_trainFromBuffer(bytes.data(), bytes.size(), training.samples.data(), training.sizes.data(),
                                            static_cast<unsigned>(training.sizes.size()));
    if (ZDICT_isError(size) == 0) {
      bytes.resize(size);
      const std::lock_guard lock(dictionaries_mutex_);
      const auto id = static_cast<std::int64_t>(1 + dictionaries_.size() + trained_.size());
      trained_.push_back(std::make_shared<const Dictionary>(id, std::string(type), std::move(bytes)));
    }
  }
  training.samples = {};
  training.sizes = {};
}

Result<void> VersionLog::save_trained() {
  const std::lock_guard lock(dictionaries_mutex_);
  while (!trained_.empty()) {
    const auto& made = trained_.back();
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(handle_, "INSERT INTO dictionary VALUES(?1, ?2, ?3)", -1, &statement, nullptr);
    sqlite3_bind_int64(statement, 1, made->id);
    bind_text(statement, 2, made->type);
    sqlite3_bind_blob(statement, 3, made->bytes.data(), static_cast<int>(made->bytes.size()), SQLITE_STATIC);
    const int status = sqlite3_step(statement);
    sqlite3_finalize(statement);
    if (status != SQLITE_DONE) return tl::unexpected(sqlite_error(handle_, "take a change", options_.path));
    dictionaries_[made->id] = made;
    by_type_[made->type] = made;
    trained_.pop_back();
  }
  return {};
}

PackedBody VersionLog::pack(std::string_view type, std::string_view text) {
  thread_local PackContext context;
  std::shared_ptr<const Dictionary> dictionary;
  {
    const std::lock_guard lock(dictionaries_mutex_);
    if (const auto found = by_type_.find(type); found != by_type_.end()) dictionary = found->second;
  }
  if (dictionary == nullptr) {
    const std::lock_guard lock(training_mutex_);
    auto& training = training_[std::string(type)];
    if (training == nullptr) training = std::make_unique<Training>();
    if (!training->done) learn(type, text, *training);
  }
  PackedBody out{-1, static_cast<std::uint32_t>(text.size()), std::string(ZSTD_compressBound(text.size()), '\0')};
  const auto size = dictionary != nullptr
                        ? ZSTD_compress_usingCDict(context.pack, out.bytes.data(), out.bytes.size(), text.data(), text.size(), dictionary->pack)
                        : ZSTD_compressCCtx(context.pack, out.bytes.data(), out.bytes.size(), text.data(), text.size(), 1);
  if (ZSTD_isError(size) == 0 && size < text.size()) {
    out.bytes.resize(size);
    out.dictionary = dictionary != nullptr ? dictionary->id : 0;
  } else {
    out.bytes = text;
  }
  return out;
}

Result<std::string> VersionLog::unpack(std::int64_t number, std::size_t unpacked, std::string_view bytes) const {
  if (number < 0) return std::string(bytes);
  thread_local UnpackContext context;
  std::string out(unpacked, '\0');
  std::size_t size = 0;
  if (number == 0) {
    size = ZSTD_decompressDCtx(context.unpack, out.data(), out.size(), bytes.data(), bytes.size());
  } else {
    std::shared_ptr<const Dictionary> dictionary;
    {
      const std::lock_guard lock(dictionaries_mutex_);
      if (const auto found = dictionaries_.find(number); found != dictionaries_.end()) dictionary = found->second;
    }
    if (dictionary == nullptr) return fail(ErrorCode::internal, "A record's packing dictionary is missing; restore the last backup.");
    size = ZSTD_decompress_usingDDict(context.unpack, out.data(), out.size(), bytes.data(), bytes.size(), dictionary->unpack);
  }
  if (ZSTD_isError(size) != 0 || size != out.size())
    return fail(ErrorCode::internal, "A record cannot be unpacked: the file is damaged; restore the last backup.");
  return out;
}

Result<VersionLog::ReaderHandle> VersionLog::reader() {
  {
    const std::lock_guard lock(readers_mutex_);
    if (!readers_.empty()) {
      ReaderHandle taken(readers_.back().release(), Return{this});
      readers_.pop_back();
      return taken;
    }
  }
  ReaderHandle made(new Reader, Return{this});
  made->log_ = this;
  if (sqlite3_open_v2(options_.path.c_str(), &made->handle_, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK ||
      sqlite3_exec(made->handle_, "PRAGMA mmap_size = 274877906944; PRAGMA cache_size = -2048; PRAGMA query_only = 1", nullptr, nullptr, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v3(made->handle_, (std::string(columns) + "= ?1").c_str(), -1, SQLITE_PREPARE_PERSISTENT, &made->one_, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v3(made->handle_, (std::string(columns) + ">= ?1 ORDER BY row").c_str(), -1, SQLITE_PREPARE_PERSISTENT, &made->scan_, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v3(made->handle_, "BEGIN", -1, SQLITE_PREPARE_PERSISTENT, &made->begin_, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v3(made->handle_, "COMMIT", -1, SQLITE_PREPARE_PERSISTENT, &made->end_, nullptr) != SQLITE_OK)
    return tl::unexpected(sqlite_error(made->handle_, "be read", options_.path));
  return made;
}

void VersionLog::Return::operator()(Reader* reader) const {
  std::unique_ptr<Reader> back(reader);
  if (reader == nullptr || reader->end_ == nullptr) return;
  reader->release();
  const std::lock_guard lock(log->readers_mutex_);
  log->readers_.push_back(std::move(back));
}

VersionLog::Reader::~Reader() {
  sqlite3_finalize(one_);
  sqlite3_finalize(scan_);
  sqlite3_finalize(begin_);
  sqlite3_finalize(end_);
  sqlite3_close(handle_);
}

Result<StoredVersion> VersionLog::Reader::take(sqlite3_stmt* s) {
  StoredVersion out;
  out.row = static_cast<Row>(sqlite3_column_int64(s, 0));
  out.type = column_text(s, 1), out.id = column_text(s, 2);
  out.version = static_cast<std::uint64_t>(sqlite3_column_int64(s, 3));
  out.instant = sqlite3_column_int64(s, 4);
  out.method = static_cast<Method>(sqlite3_column_int(s, 5));
  if (sqlite3_column_type(s, 6) != SQLITE_NULL) out.replaces = static_cast<Row>(sqlite3_column_int64(s, 6));
  out.splice = Splice::unpacked(sqlite3_column_int64(s, 7));
  if (sqlite3_column_type(s, 10) == SQLITE_NULL) return out;
  JOINEDUP_TRY(out.text, log_->unpack(sqlite3_column_int64(s, 8), static_cast<std::uint32_t>(sqlite3_column_int64(s, 9)), column_text(s, 10)));
  return out;
}

void VersionLog::Reader::hold() {
  if (held_) return;
  held_ = sqlite3_step(begin_) == SQLITE_DONE;
  sqlite3_reset(begin_);
}

void VersionLog::Reader::release() {
  if (!held_) return;
  sqlite3_step(end_);
  sqlite3_reset(end_);
  held_ = false;
}

Result<std::optional<StoredVersion>> VersionLog::Reader::read(Row row) {
  sqlite3_bind_int64(one_, 1, row);
  const int status = sqlite3_step(one_);
  if (status != SQLITE_ROW) {
    sqlite3_reset(one_);
    if (status == SQLITE_DONE && held_) {
      release();
      auto later = read(row);
      hold();
      return later;
    }
    if (status == SQLITE_DONE) return std::optional<StoredVersion>();
    return tl::unexpected(sqlite_error(handle_, "be read", log_->options_.path));
  }
  auto out = take(one_);
  sqlite3_reset(one_);
  if (!out) return tl::unexpected(out.error());
  return std::optional<StoredVersion>(std::move(*out));
}

Result<void> VersionLog::Reader::scan(Row from, const std::function<bool(const StoredVersion&)>& on) {
  sqlite3_bind_int64(scan_, 1, from);
  int status = SQLITE_DONE;
  while ((status = sqlite3_step(scan_)) == SQLITE_ROW) {
    auto version = take(scan_);
    if (!version) {
      sqlite3_reset(scan_);
      return tl::unexpected(version.error());
    }
    if (!on(*version)) {
      status = SQLITE_DONE;
      break;
    }
  }
  sqlite3_reset(scan_);
  if (status != SQLITE_DONE) return tl::unexpected(sqlite_error(handle_, "be read", log_->options_.path));
  return {};
}

}  // namespace joinedup::fhir
