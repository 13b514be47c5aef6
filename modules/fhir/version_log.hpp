// The records themselves: every version of every resource, in SQLite, appended and never changed. Inside this room only.
//
//   auto log = VersionLog::open({.path = "shared-record.sqlite"});
//   JOINEDUP_CHECK(log->append(versions));                  // one transaction, durable on return; one thread
//   auto reader = log->reader();                            // any thread; goes back to its pool
//   JOINEDUP_TRY(auto found, reader->read(17));             // std::optional<StoredVersion>
//
// Bodies are packed by zstd with a dictionary for each type, trained from the first of its kind and kept beside them.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "fhir/body.hpp"
#include "fhir/segment.hpp"
#include "fhir/store.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace joinedup::fhir {

struct StoredVersion {
  Row row = 0;
  std::string type, id;
  std::uint64_t version = 0;
  std::int64_t instant = 0;
  Method method = Method::create;
  Row replaces = no_row;
  Splice splice;
  std::string text;  // without the server's meta; empty where deleted
};

struct PackedBody {
  std::int64_t dictionary = -1;  // -1: plain text; 0: packed without a dictionary
  std::uint32_t size = 0;        // unpacked
  std::string bytes;
};

struct VersionToAppend {
  const StoredVersion* version = nullptr;  // its text is not used
  const PackedBody* body = nullptr;
};

// The number of the format of the file, and the way from each older one to the next.
inline constexpr int format_number = 1;
struct Migration {
  int from = 0;
  const char* sql = "";
};
Result<int> format_of(sqlite3* handle, const std::string& path);  // -1: an empty file
Result<int> migrate(const std::string& path, int to, const std::vector<Migration>& migrations);  // returns the format it had
Error sqlite_error(sqlite3* handle, const std::string& doing, const std::string& path);

struct VersionLogOptions {
  std::string path;
  std::size_t training_samples = 400;   // a dictionary is trained from so many bodies of a type
  std::size_t dictionary_bytes = 65536;
};

class VersionLog {
 public:
  static Result<std::unique_ptr<VersionLog>> open(const VersionLogOptions& options);
  ~VersionLog();

  Result<void> append(const std::vector<VersionToAppend>& versions);
  Row end() const { return end_; }
  std::uint64_t store() const { return store_; }          // a number of this store's own
  const std::string& secret() const { return secret_; }   // 32 bytes: keys the hashes and signs the cursors
  std::int64_t last_instant() const { return last_instant_; }

  PackedBody pack(std::string_view type, std::string_view text);  // any thread
  Result<std::string> unpack(std::int64_t dictionary, std::size_t size, std::string_view bytes) const;
  Result<void> save_trained();  // by the thread that appends: dictionaries are durable before they are used

  class Reader {
   public:
    ~Reader();
    Result<std::optional<StoredVersion>> read(Row row);
    // From here until it goes back to its pool the reader keeps one moment of the file: reads of many rows lock it once. A row
    // that was written since is found nevertheless: the moment then moves on.
    void hold();
    // In the order of rows, until `on` gives false.
    Result<void> scan(Row from, const std::function<bool(const StoredVersion&)>& on);

   private:
    friend class VersionLog;
    Result<StoredVersion> take(sqlite3_stmt* statement);
    void release();
    const VersionLog* log_ = nullptr;
    sqlite3* handle_ = nullptr;
    sqlite3_stmt* one_ = nullptr;
    sqlite3_stmt* scan_ = nullptr;
    sqlite3_stmt* begin_ = nullptr;
    sqlite3_stmt* end_ = nullptr;
    bool held_ = false;
  };
  struct Return {
    VersionLog* log = nullptr;
    void operator()(Reader* reader) const;
  };
  using ReaderHandle = std::unique_ptr<Reader, Return>;
  Result<ReaderHandle> reader();

 private:
  VersionLog() = default;
  struct Dictionary;
  struct Training;
  Result<void> prepare();
  Result<void> load();
  void learn(std::string_view type, std::string_view text, Training& training);

  VersionLogOptions options_;
  sqlite3* handle_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  Row end_ = 0;
  std::uint64_t store_ = 0;
  std::string secret_;
  std::int64_t last_instant_ = 0;
  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::mutex training_mutex_;
  mutable std::mutex dictionaries_mutex_;
  std::map<std::int64_t, std::shared_ptr<const Dictionary>> dictionaries_;
  std::map<std::string, std::shared_ptr<const Dictionary>, std::less<>> by_type_;
  std::map<std::string, std::unique_ptr<Training>, std::less<>> training_;
  std::vector<std::shared_ptr<const Dictionary>> trained_;  // not yet durable
};

}  // namespace joinedup::fhir
