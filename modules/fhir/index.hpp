// The search index as a whole: file segments, and one in memory that takes new rows. Inside this room only.
//
//   auto index = Index::open({.folder = "shared-record.index", .store = 7});
//   index->publish(rows, dead);                    // one thread; rows follow on index->end()
//   auto view = index->view();                     // rows do not change while it lives: keep it short
//   for (const Segment* segment : view.segments()) use(*segment);      // oldest first
//
// It is derived: whatever is missing or unsound is made again from the records. A thread of its own writes full
// segments to files and joins neighbours, so that each file holds more rows than all newer ones together; it stands back every few
// milliseconds. While nothing is written it joins harder, down to three or so.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>

#include "fhir/segment.hpp"

namespace joinedup::fhir {

// std::shared_mutex lets readers starve the writer; this one does not.
class FairLock {
 public:
  FairLock();
  ~FairLock() { pthread_rwlock_destroy(&lock_); }
  FairLock(const FairLock&) = delete;
  FairLock& operator=(const FairLock&) = delete;
  void lock() { pthread_rwlock_wrlock(&lock_); }
  void unlock() { pthread_rwlock_unlock(&lock_); }
  void lock_shared() { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() { pthread_rwlock_unlock(&lock_); }
  bool try_lock_shared() { return pthread_rwlock_tryrdlock(&lock_) == 0; }

 private:
  pthread_rwlock_t lock_;
};

struct IndexOptions {
  std::string folder;        // empty: in memory only
  std::uint64_t store = 0;   // whose rows these are: an index of another store is not used
  Row segment_rows = 32768;  // a segment in memory is full at so many rows
  Row most_row = no_row;     // segments that reach beyond it are not of this store's present
};

class Index {
 public:
  static Result<std::unique_ptr<Index>> open(const IndexOptions& options);
  ~Index();

  class View {
   public:
    const std::vector<std::shared_ptr<const Segment>>& segments() const { return *segments_; }
    Row end() const { return segments_->back()->end(); }
    const Segment& of(Row row) const;  // row < end()
    const DeadRows& dead() const { return *dead_; }

   private:
    friend class Index;
    std::shared_lock<FairLock> lock_;
    const std::vector<std::shared_ptr<const Segment>>* segments_ = nullptr;
    const DeadRows* dead_ = nullptr;
  };
  View view() const;
  Row end() const { return end_; }
  // Adds rows that are durable, and marks those that they replace.
  void publish(const std::vector<const IndexedRow*>& rows, const std::vector<Row>& dead);
  // Waits while so many full segments stand to be written that memory would not hold more. False: the disk does not take them.
  bool make_room();
  void settle();  // until nothing is left to write or to join
  std::uint64_t bytes() const;  // of the files

 private:
  explicit Index(const IndexOptions& options) : options_(options) {}
  void load();
  void work();
  bool flush_one();
  bool write_waiting();
  // harder: nothing is written at the moment, so that fewer files are worth more rewriting.
  enum class Effort : std::uint8_t { usual, harder };
  bool join_some(std::size_t oldest, Effort effort);  // of the files from `oldest` on
  void replace(std::size_t from, std::size_t count, std::shared_ptr<const Segment> by);
  void write_manifest();
  static constexpr std::size_t no_join = SIZE_MAX;
  bool breathe(std::size_t newer);

  IndexOptions options_;
  mutable FairLock lock_;
  std::vector<std::shared_ptr<const Segment>> segments_;  // the last one is active_
  std::shared_ptr<MemorySegment> active_;
  std::deque<std::shared_ptr<MemorySegment>> full_;  // to be written; by mutex_
  DeadRows dead_;
  std::atomic<Row> end_{0};
  std::atomic<std::size_t> files_{0};  // how many of segments_, from the front, are files
  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> failing_{false};  // the last attempt to write a segment
  std::uint64_t next_file_ = 1;
  mutable std::mutex mutex_;
  std::condition_variable wake_, settled_, room_;
  bool idle_ = false;
  std::atomic<bool> stop_{false};
  std::int64_t breathed_ = 0;
  bool flushing_ = false;  // by the thread that writes
  std::thread worker_;
};

}  // namespace joinedup::fhir
