// Where in a finished segment the events of a person or of a user are: derived, made again where it is missing, checked by verify.
// Inside this room only.
//
//   SegmentIndex index;  index.add(record, event);  write_file(name, index_bytes(index, hash));
//   JOINEDUP_TRY(auto file, IndexFile::open(name, hash));   file.offsets(patient_key("9"));   // ascending
//
// Bytes: "JDUPAIDX" · format u32 · entries u32 · earliest i64 · latest i64 · hash of the segment's last event (32) · entries (key u64,
// offset u64) in order. The events themselves are read to be sure: a key is a 64-bit hash.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "audit/audit.hpp"
#include "audit/segment.hpp"

namespace joinedup::audit {

std::uint64_t patient_key(std::string_view patient);
std::uint64_t user_key(std::string_view user);

struct IndexEntry {
  std::uint64_t key = 0, offset = 0;
  auto operator<=>(const IndexEntry&) const = default;
};

struct SegmentIndex {
  std::vector<IndexEntry> entries;
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max(), latest = std::numeric_limits<std::int64_t>::min();
  void add(const Record& record, const Event& event);
};
std::string index_bytes(SegmentIndex index, const Digest& last);
std::string index_name(std::string_view segment);  // "00000000000000000001.idx"

// Makes the indexes of a writer's finished segments that are missing.
Result<void> index_segments(const std::string& folder, const std::string& writer);

class IndexFile {
 public:
  static Result<IndexFile> open(const std::string& path, const Digest& last);
  IndexFile(IndexFile&& other) noexcept;
  IndexFile(const IndexFile&) = delete;
  IndexFile& operator=(IndexFile&&) = delete;
  ~IndexFile();
  std::vector<std::uint64_t> offsets(std::uint64_t key) const;
  std::int64_t earliest() const { return earliest_; }
  std::int64_t latest() const { return latest_; }

 private:
  IndexFile() = default;
  bool entry(std::uint64_t at, IndexEntry& out) const;
  int file_ = -1;
  std::uint64_t count_ = 0;
  std::int64_t earliest_ = 0, latest_ = 0;
};

}  // namespace joinedup::audit
