// One file of a chain: a head, then events, each with the hash of all before it. Inside this room only.
//
//   head    "JDUPAUDT" · format u32 · first sequence u64 · chain (16 random bytes) · hash before · SHA-256 of these
//   record  length u32 · sequence u64 · instant i64 · event (length bytes) · SHA-256 (hash before ‖ all of this record so far)
//
// Numbers are little-endian. The first segment's hash before is SHA-256 ("joinedup audit chain" ‖ chain ‖ writer).
//
//   SegmentScan scan(bytes);
//   while (scan.next() == SegmentScan::Step::record) use(scan.record());
//   if (scan.step() != SegmentScan::Step::end) say(scan.why());
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.hpp"

namespace joinedup::audit {

using ChainId = std::array<std::uint8_t, 16>;
inline constexpr std::uint32_t segment_format = 1;
inline constexpr std::size_t segment_head_size = 8 + 4 + 8 + 16 + 32 + 32;
inline constexpr std::size_t record_overhead = 4 + 8 + 8 + 32;

struct SegmentHead {
  std::uint64_t first = 1;
  ChainId chain{};
  Digest before{};
};

std::string segment_head_bytes(const SegmentHead& head);
std::string segment_name(std::uint64_t first);  // "00000000000000000001.log"
Digest genesis(const ChainId& chain, std::string_view writer);

// Adds the record to `out` and gives its hash, which is the next one's `before`.
Digest add_record(std::string& out, Sha256& sum, const Digest& before, std::uint64_t sequence, std::int64_t instant, std::string_view event);

struct Record {
  std::uint64_t sequence = 0;
  std::int64_t instant = 0;
  std::string_view event;
  Digest hash{};
  std::size_t offset = 0, size = 0;
};

class SegmentScan {
 public:
  enum class Step : std::uint8_t { record, end, cut_short, broken };  // cut_short: the bytes end within a record
  explicit SegmentScan(std::string_view bytes);
  Step next();
  Step step() const { return step_; }
  const SegmentHead& head() const { return head_; }
  bool has_head() const { return has_head_; }
  const Record& record() const { return record_; }
  std::size_t position() const { return position_; }  // after the last good record
  std::uint64_t next_sequence() const { return next_sequence_; }
  const Digest& hash() const { return hash_; }
  const std::string& why() const { return why_; }

 private:
  Step stop(Step step, std::string why);
  std::string_view bytes_;
  Sha256 sum_;
  SegmentHead head_;
  Record record_;
  Digest hash_{};
  std::size_t position_ = 0;
  std::uint64_t next_sequence_ = 0;
  Step step_ = Step::broken;
  bool has_head_ = false;
  std::string why_;
};

}  // namespace joinedup::audit
