#include "audit/segment.hpp"

#include <cstdio>
#include <cstring>

#include "audit/event_bytes.hpp"

namespace joinedup::audit {
namespace {

constexpr std::string_view magic = "JDUPAUDT";

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}
std::uint64_t take(std::string_view bytes, std::size_t at, int count) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)])) << (8 * i);
  return value;
}
std::string_view view(const auto& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

std::string segment_head_bytes(const SegmentHead& head) {
  std::string out(magic);
  put(out, segment_format, 4);
  put(out, head.first, 8);
  out += view(head.chain);
  out += view(head.before);
  Sha256 sum;
  sum.update(out);
  out += view(sum.finish());
  return out;
}

std::string segment_name(std::uint64_t first) {
  char name[32];
  std::snprintf(name, sizeof name, "%020llu.log", static_cast<unsigned long long>(first));
  return name;
}

Digest genesis(const ChainId& chain, std::string_view writer) {
  Sha256 sum;
  sum.update("joinedup audit chain");
  sum.update(view(chain));
  sum.update(writer);
  return sum.finish();
}

Digest add_record(std::string& out, Sha256& sum, const Digest& before, std::uint64_t sequence, std::int64_t instant, std::string_view event) {
  const auto from = out.size();
  put(out, event.size(), 4);
  put(out, sequence, 8);
  put(out, static_cast<std::uint64_t>(instant), 8);
  out += event;
  sum.update(view(before));
  sum.update(std::string_view(out).substr(from));
  const auto hash = sum.finish();
  out += view(hash);
  return hash;
}

SegmentScan::SegmentScan(std::string_view bytes) : bytes_(bytes) {
  if (bytes.size() < segment_head_size) {
    stop(Step::cut_short, "the file ends within its head");
    return;
  }
  if (!bytes.starts_with(magic)) {
    stop(Step::broken, "the file does not begin as an audit log does");
    return;
  }
  Sha256 sum;
  sum.update(bytes.substr(0, segment_head_size - 32));
  if (view(sum.finish()) != bytes.substr(segment_head_size - 32, 32)) {
    stop(Step::broken, "the file's head was changed");
    return;
  }
  if (take(bytes, 8, 4) != segment_format) {
    stop(Step::broken, "the file is of a format that this version does not know");
    return;
  }
  head_.first = take(bytes, 12, 8);
  std::memcpy(head_.chain.data(), bytes.data() + 20, 16);
  std::memcpy(head_.before.data(), bytes.data() + 36, 32);
  hash_ = head_.before;
  next_sequence_ = head_.first;
  position_ = segment_head_size;
  has_head_ = true;
  step_ = Step::end;
}

SegmentScan::Step SegmentScan::stop(Step step, std::string why) {
  why_ = std::move(why);
  return step_ = step;
}

SegmentScan::Step SegmentScan::next() {
  if (!has_head_ || step_ == Step::broken || step_ == Step::cut_short) return step_;
  const auto left = bytes_.size() - position_;
  if (left == 0) return stop(Step::end, {});
  const auto event = "event " + std::to_string(next_sequence_);
  if (left < record_overhead) return stop(Step::cut_short, event + ": the file ends within it");
  const auto length = take(bytes_, position_, 4);
  if (length > most_event_bytes) return stop(Step::broken, event + ": its length was changed");
  if (left < record_overhead + length) return stop(Step::cut_short, event + ": the file ends within it");
  record_.sequence = take(bytes_, position_ + 4, 8);
  record_.instant = static_cast<std::int64_t>(take(bytes_, position_ + 12, 8));
  record_.event = bytes_.substr(position_ + 20, length);
  record_.offset = position_;
  record_.size = record_overhead + length;
  sum_.update(view(hash_));
  sum_.update(bytes_.substr(position_, 20 + length));
  record_.hash = sum_.finish();
  // A machine that lost its power may leave a file longer than what was written to it.
  if (record_.sequence == 0 && bytes_.find_first_not_of('\0', position_) == std::string_view::npos) return stop(Step::cut_short, event + ": zeros stand in its place");
  if (record_.sequence != next_sequence_) return stop(Step::broken, event + ": another stands in its place");
  if (view(record_.hash) != bytes_.substr(position_ + 20 + length, 32)) return stop(Step::broken, event + ": it was changed, or one before it was removed or added");
  hash_ = record_.hash;
  position_ += record_.size;
  ++next_sequence_;
  return step_ = Step::record;
}

}  // namespace joinedup::audit
