// The shared record's store: versions of FHIR resources, kept, found and searched. Part of fhir.hpp.
//
//   JOINEDUP_TRY(auto store, open_store({.path = "place/shared-record.sqlite"}));
//   JOINEDUP_TRY(auto made, store->write({{.kind = Write::Kind::create, .type = "Patient", .body = json}}));
//   JOINEDUP_TRY(auto again, store->read("Patient", made[0].id, PermitAll()));          // again.body has meta.versionId
//   JOINEDUP_TRY(auto query, parse_query("Patient", "name=smith"));
//   JOINEDUP_TRY(auto page, store->search(query, PermitAll()));
//
// A write is durable when write() returns, and is whole or not at all. Any thread may call; writes of many threads share
// a flush of the disk. A reader sees what was written before it asked.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fhir/permit.hpp"
#include "fhir/query.hpp"

namespace joinedup::fhir {

enum class Method : std::uint8_t { create, update, remove };

struct Version {
  std::string type, id;
  std::uint64_t version = 0;
  std::int64_t instant = 0;  // microseconds UTC
  Method method = Method::create;
  std::string body;          // as received, with the server's id and meta; empty where the resource is deleted
};

struct Write {
  enum class Kind : std::uint8_t { create, update, remove } kind = Kind::create;
  std::string type, id;  // create: an empty id is given one
  std::string body;
  std::optional<std::uint64_t> if_match;  // the version that must be current; 0: there must be none
};

struct Written {
  std::string type, id;
  std::uint64_t version = 0;
  std::int64_t instant = 0;
  Method method = Method::create;
};

struct HistoryRequest {
  std::string type, id;  // both empty: the whole system; id empty: the type
  std::optional<std::int64_t> since;
  std::size_t count = 100;
  std::string cursor;
};

struct HistoryPage {
  std::vector<Version> versions;  // the newest first
  std::string next;               // a cursor; empty at the end
};

struct SearchEntry {
  Version version;
  enum class Mode : std::uint8_t { match, include } mode = Mode::match;
};

struct SearchPage {
  std::vector<SearchEntry> entries;
  std::optional<std::uint64_t> total;
  std::string next;  // a signed cursor; empty at the end
  std::vector<std::string> warnings;
};

// Every committed version in the order of commits, for those who follow the record: the Changes feed, subscriptions.
struct Change {
  std::uint64_t sequence = 0;  // from 1; grows with each commit, never given twice. Numbers may be missing to who may not see all
  Version version;
};
struct ChangesPage {
  std::vector<Change> changes;
  std::uint64_t next = 0;  // ask again after this one, even where nothing was shown
  std::uint64_t last = 0;  // the newest there is: next < last means there is more
};

// What a search did: for $explain, and for tests that hold it to its plan.
struct SearchTrace {
  struct Step {
    std::string what;
    std::uint64_t estimate = 0;
  };
  std::vector<Step> steps;  // the first drives, the others are looked up
  std::uint64_t candidates = 0, read = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual Result<std::vector<Written>> write(const std::vector<Write>& writes) = 0;
  // not_found: never there, deleted, or not permitted; who may see its history can tell the second apart by that.
  virtual Result<Version> read(std::string_view type, std::string_view id, const Permit& permit) = 0;
  virtual Result<Version> read_version(std::string_view type, std::string_view id, std::uint64_t version, const Permit& permit) = 0;
  virtual Result<HistoryPage> history(const HistoryRequest& request, const Permit& permit) = 0;
  virtual Result<SearchPage> search(const Query& query, const Permit& permit, SearchTrace* trace = nullptr) = 0;
  // Versions after `after` (0: from the beginning), the oldest first; the permit is asked for Action::history.
  virtual Result<ChangesPage> changes(std::uint64_t after, std::size_t count, const Permit& permit) = 0;
};

struct StoreOptions {
  std::string path;                           // the SQLite file; its index is the folder path + ".index"
  std::string base_url;                       // references that begin with it are local
  std::function<std::int64_t()> clock;        // microseconds UTC; the system's where absent
  std::function<std::string()> new_id;        // for tests; random UUIDs where absent
  std::uint32_t segment_rows = 32768;
};

struct StoreFigures {
  std::uint64_t rows = 0, dead = 0, index_bytes = 0, segments = 0;
};

// The store over SQLite. settle() waits until the index has nothing left to write.
class DurableStore : public Store {
 public:
  virtual void settle() = 0;
  virtual StoreFigures figures() const = 0;
  // Until something was committed after `after` (true), or the time is over (false).
  virtual bool wait_for_change(std::uint64_t after, std::chrono::milliseconds at_most) = 0;
  virtual Result<void> backup(const std::string& to) = 0;  // while writes go on; as backup_store
};
// One process at a time: `conflict`, naming the process, where another has it. PATH.lock is held as long as the store is open.
Result<std::unique_ptr<DurableStore>> open_store(const StoreOptions& options);

// A whole copy of the records as they stood at one moment, by SQLite's own means, whoever writes meanwhile; 0600. The index is
// derived and is not in it. `to` is replaced in one step, once the copy is on the disk.
Result<void> backup_store(const std::string& path, const std::string& to);
// Puts a backup in the record's place, after a check of every page of it. What was there is kept as PATH.before-restore.
Result<void> restore_store(const std::string& backup, const std::string& path);
// Brings a record written by an older version of this program to today's format, having kept it as PATH.format-N.
// Returns the format that it had.
Result<int> upgrade_store(const std::string& path);

}  // namespace joinedup::fhir
