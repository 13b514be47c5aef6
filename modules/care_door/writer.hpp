// writer: takes every resource that should stand, writes those that are new or different, a batch at a time with its
// Provenance, and knows at the end which stand no longer. This room only.
//
//   Writer writer(memory, *target, names, {.run = "…", .threads = 2});
//   JOINEDUP_CHECK(writer.want({.type = "Patient", .id = id, .feed = "gp_registration", .body = json}));
//   JOINEDUP_CHECK(writer.finish());            // what was not wanted any more is withdrawn
//   writer.counts().created
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.hpp"
#include "care_door/memory.hpp"
#include "care_door/names.hpp"
#include "care_door/target.hpp"

namespace joinedup::care_door {

struct Wanted {
  std::string type, id;
  std::string feed;     // whose rows it is from; "joinedup": made here
  std::string patient;  // its Patient's id; empty: nobody's, or the Patient's own
  std::string body;
};

struct WriteCounts {
  std::uint64_t wanted = 0, created = 0, changed = 0, unchanged = 0, removed = 0, marked_wrong = 0, left_to_teams = 0;
  std::map<std::string, std::uint64_t> standing;  // by type
};

// The Provenance of resources of one feed, all of one person or (register, organisations) of many.
using ProvenanceMaker = std::function<Wanted(const std::string& feed, const std::string& patient, const std::vector<const Wanted*>& targets, std::size_t number)>;

class Writer {
 public:
  Writer(Memory& memory, Target& target, unsigned threads, ProvenanceMaker provenance);
  Result<void> open();                 // compares marks: can the memory be believed?
  Result<void> want(Wanted one);
  // Patients with an episode that a team changed in the record itself: it is theirs, and stands whatever case finding says now.
  Result<std::vector<std::string>> episodes_of_teams();
  // Of a resource that is not wanted any more: was its row withdrawn by its sender (it is marked as entered in error), or may it
  // not be shared any more (it is removed)? Removed where nothing is set.
  void mark_wrong_where(std::function<bool(const WrittenResource&)> is_wrong) { is_wrong_ = std::move(is_wrong); }
  // Of a resource that is not wanted any more: it stands as it is (an agreement winds down).
  void leave_where(std::function<bool(const WrittenResource&)> is_left) { is_left_ = std::move(is_left); }
  Result<void> finish();
  Result<void> finish_part() { return flush(); }  // of one person: what was not wanted stays as it is
  const WriteCounts& counts() const { return counts_; }
  bool wrote() const { return began_; }

 private:
  struct Pending {
    Wanted one;
    std::int64_t print = 0, previous = 0;
    bool known = false;  // it was written before
  };
  Result<void> begin();
  Result<void> flush();
  Result<void> write_batch(std::vector<Pending>& batch, std::size_t number);
  Result<bool> stands_already(const Wanted& one);
  Result<void> withdraw();

  Memory& memory_;
  Target& target_;
  unsigned threads_;
  ProvenanceMaker provenance_;
  std::function<bool(const WrittenResource&)> is_wrong_, is_left_;
  bool believed_ = false, began_ = false;
  std::vector<Pending> pending_;
  std::unordered_set<std::string> seen_;
  std::size_t batches_ = 0;
  std::mutex mutex_;
  WriteCounts counts_;
};

}  // namespace joinedup::care_door
