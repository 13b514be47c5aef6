// Reads the chains of all writers, also while they are written: finished segments by their index, the last one as far as it goes.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>

#include "audit/audit.hpp"
#include "audit/event_bytes.hpp"
#include "audit/files.hpp"
#include "audit/index.hpp"
#include "audit/segment.hpp"
#include "base/file.hpp"

namespace joinedup::audit {
namespace {

// The newest first; of one instant, by writer and number.
bool is_newer(const Kept& a, const Kept& b) {
  if (a.event.instant != b.event.instant) return a.event.instant > b.event.instant;
  return a.writer != b.writer ? a.writer > b.writer : a.sequence > b.sequence;
}

bool fits(const Event& event, const Reader::Query& query) {
  return (query.patient.empty() || std::find(event.patients.begin(), event.patients.end(), query.patient) != event.patients.end()) && (query.user.empty() || event.user == query.user) &&
         (query.kind.empty() || event.kind == query.kind) && (query.outcome.empty() || event.outcome == query.outcome) &&
         (query.organisation.empty() || event.organisation == query.organisation) && (query.from == 0 || event.instant >= query.from) && (query.until == 0 || event.instant < query.until);
}

// The segment that is being written, as far as it was read.
struct Open {
  std::string name;
  std::size_t position = 0;
  std::uint64_t next = 0;
  SegmentIndex index;
  std::multimap<std::uint64_t, std::uint64_t> offsets;
};

struct Writer {
  std::vector<std::string> segments;
  Open open;
};

class FolderReader final : public Reader {
 public:
  explicit FolderReader(std::string folder) : folder_(std::move(folder)) {}
  Result<std::vector<Kept>> find(const Query& query) override;
  Result<Kept> read(std::string_view id) override;

 private:
  std::string path(const std::string& writer, const std::string& name) const { return folder_ + "/" + writer + "/" + name; }
  Result<void> catch_up(const std::string& writer, Writer& state);
  Result<void> find_in(const std::string& writer, Writer& state, const Query& query, const std::optional<Kept>& before, std::vector<Kept>& out);
  Result<Kept> read_unlocked(std::string_view id);

  std::string folder_;
  std::mutex mutex_;
  std::map<std::string, Writer> writers_;
};

// The length of the record at `position`, with no look at its hash (verify does that); 0 where it is not all there.
std::size_t record_size(std::string_view bytes, std::size_t position) {
  if (bytes.size() < position + record_overhead) return 0;
  std::size_t length = 0;
  for (int i = 3; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(bytes[position + static_cast<std::size_t>(i)]);
  return length <= most_event_bytes && bytes.size() - position >= record_overhead + length ? record_overhead + length : 0;
}
std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}
Result<Kept> event_at(std::string_view bytes, std::size_t position, const std::string& writer) {
  const auto size = record_size(bytes, position);
  if (size == 0) return fail(ErrorCode::invalid_input, "The audit log's index does not fit it; run joinedup govern audit verify.", writer);
  JOINEDUP_TRY(auto event, read_event(bytes.substr(position + 20, size - record_overhead), static_cast<std::int64_t>(number_at(bytes, position + 12))));
  return Kept{number_at(bytes, position + 4), writer, std::move(event)};
}

Result<std::string> read_part(const std::string& path, std::size_t from, std::size_t most) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::unexpected(system_error("The audit log cannot be read", path));
  std::string out(most, '\0');
  std::size_t size = 0;
  for (ssize_t got = 0; size < most && (got = ::pread(file, out.data() + size, most - size, static_cast<off_t>(from + size))) > 0;) size += static_cast<std::size_t>(got);
  ::close(file);
  out.resize(size);
  return out;
}
Result<Kept> read_event_at(const std::string& path, std::size_t offset, const std::string& writer) {
  JOINEDUP_TRY(auto bytes, read_part(path, offset, 4096));
  if (bytes.size() == 4096 && record_size(bytes, 0) == 0) { JOINEDUP_TRY(bytes, read_part(path, offset, most_event_bytes + record_overhead)); }
  return event_at(bytes, 0, writer);
}

Result<IndexFile> index_of(const std::string& folder, const std::string& name, const std::string& next_name) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  JOINEDUP_TRY(const auto next_bytes, read_part(folder + "/" + next_name, 0, segment_head_size));
  const SegmentScan next(next_bytes);
  if (!next.has_head()) return fail(ErrorCode::invalid_input, "A file of the audit log is broken; run joinedup govern audit verify.", next_name);
  const auto file = folder + "/" + index_name(name);
  if (auto index = IndexFile::open(file, next.head().before)) return index;
  JOINEDUP_TRY(const auto bytes, read_file(folder + "/" + name));
  SegmentIndex made;
  SegmentScan scan(bytes);
  while (scan.next() == SegmentScan::Step::record) { JOINEDUP_TRY(const auto event, read_event(scan.record().event, scan.record().instant)); made.add(scan.record(), event); }
  if (scan.step() != SegmentScan::Step::end || scan.hash() != next.head().before)
    return fail(ErrorCode::invalid_input, "A file of the audit log is broken; run joinedup govern audit verify.", name);
  const auto written = write_file(file, index_bytes(std::move(made), next.head().before), FileMode::secret);
  if (auto index = IndexFile::open(file, next.head().before)) return index;  // by us, or by another program at the same time
  if (!written) return tl::unexpected(written.error());
  return IndexFile::open(file, next.head().before);
}

Result<void> FolderReader::catch_up(const std::string& writer, Writer& state) {
  state.segments = segments_of(folder_, writer);
  std::error_code unread;  // one that is just being begun has no head yet
  while (state.segments.size() > 1 && std::filesystem::file_size(path(writer, state.segments.back()), unread) < segment_head_size) state.segments.pop_back();
  if (state.segments.empty()) return {};
  auto& open = state.open;
  if (open.name != state.segments.back()) open = {.name = state.segments.back()};
  const auto file = path(writer, open.name);
  std::error_code failed;
  const auto size = std::filesystem::file_size(file, failed);
  if (failed || size <= open.position) return {};
  JOINEDUP_TRY(const auto bytes, read_part(file, open.position, size - open.position));
  std::size_t at = 0;
  if (open.position == 0) {
    SegmentScan scan(bytes);
    if (!scan.has_head()) return {};
    open.next = scan.head().first;
    at = segment_head_size;
  }
  for (std::size_t step = 0; (step = record_size(bytes, at)) > 0; at += step) {
    if (number_at(bytes, at + 4) != open.next) break;  // not finished, or not right: verify says which
    const auto kept = event_at(bytes, at, writer);
    if (!kept) break;
    Record record;
    record.instant = kept->event.instant;
    record.offset = open.position + at;
    open.index.entries.clear();
    open.index.add(record, kept->event);
    for (const auto& entry : open.index.entries) open.offsets.emplace(entry.key, entry.offset);
    ++open.next;
  }
  open.position += at;
  return {};
}

Result<void> FolderReader::find_in(const std::string& writer, Writer& state, const Query& query, const std::optional<Kept>& before, std::vector<Kept>& out) {
  JOINEDUP_CHECK(catch_up(writer, state));
  const bool has_key = !query.patient.empty() || !query.user.empty();
  const auto key = !query.patient.empty() ? patient_key(query.patient) : user_key(query.user);
  std::size_t found = 0;
  const auto take = [&](Kept kept) {
    if (!fits(kept.event, query) || (before && !is_newer(*before, kept)) || (query.shows && !query.shows(kept))) return;
    out.push_back(std::move(kept));
    ++found;
  };
  for (auto at = state.segments.size(); at-- > 0 && found < query.count;) {
    const auto& name = state.segments[at];
    const bool is_open = at + 1 == state.segments.size();
    std::vector<std::uint64_t> offsets;
    if (is_open) {
      const auto [from, to] = state.open.offsets.equal_range(key);
      for (auto entry = from; has_key && entry != to; ++entry) offsets.push_back(entry->second);
      std::sort(offsets.begin(), offsets.end());
    } else {
      JOINEDUP_TRY(const auto index, index_of(folder_ + "/" + writer, name, state.segments[at + 1]));
      if ((query.from != 0 && index.latest() < query.from) || (query.until != 0 && index.earliest() >= query.until)) continue;
      if (before && index.earliest() > before->event.instant) continue;
      if (has_key) offsets = index.offsets(key);
    }
    if (has_key) {
      for (auto offset = offsets.rbegin(); offset != offsets.rend() && found < query.count; ++offset) {
        JOINEDUP_TRY(auto kept, read_event_at(path(writer, name), *offset, writer));
        take(std::move(kept));
      }
      continue;
    }
    JOINEDUP_TRY(const auto bytes, is_open ? read_part(path(writer, name), 0, state.open.position) : read_file(path(writer, name)));
    std::vector<std::size_t> all;
    for (std::size_t position = segment_head_size, size = 0; (size = record_size(bytes, position)) > 0; position += size) all.push_back(position);
    for (auto position = all.rbegin(); position != all.rend() && found < query.count; ++position) {
      JOINEDUP_TRY(auto kept, event_at(bytes, *position, writer));
      take(std::move(kept));
    }
  }
  return {};
}

Result<std::vector<Kept>> FolderReader::find(const Query& query) {
  const std::lock_guard lock(mutex_);
  std::optional<Kept> before;
  if (!query.before.empty()) { JOINEDUP_TRY(before, read_unlocked(query.before)); }
  std::vector<Kept> out;
  for (const auto& writer : writers_of(folder_)) { JOINEDUP_CHECK(find_in(writer, writers_[writer], query, before, out)); }
  std::sort(out.begin(), out.end(), is_newer);
  if (out.size() > query.count) out.resize(query.count);
  return out;
}

Result<Kept> FolderReader::read(std::string_view id) {
  const std::lock_guard lock(mutex_);
  return read_unlocked(id);
}

Result<Kept> FolderReader::read_unlocked(std::string_view id) {
  const auto none = fail(ErrorCode::not_found, "There is no such event.");
  const auto dash = id.rfind('-');
  if (dash == std::string_view::npos || id.size() - dash > 20 || id.size() == dash + 1) return none;
  std::string writer(id.substr(0, dash));
  std::uint64_t sequence = 0;
  for (const char c : id.substr(dash + 1)) {
    if (c < '0' || c > '9') return none;
    sequence = sequence * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (!is_writer_name(writer) || sequence == 0 || id != writer + "-" + std::to_string(sequence)) return none;
  const auto segments = segments_of(folder_, writer);
  const auto after = std::upper_bound(segments.begin(), segments.end(), segment_name(sequence));
  if (after == segments.begin()) return none;
  JOINEDUP_TRY(const auto bytes, read_file(path(writer, *(after - 1))));
  for (std::size_t position = segment_head_size, size = 0; (size = record_size(bytes, position)) > 0; position += size)
    if (number_at(bytes, position + 4) == sequence) return event_at(bytes, position, writer);
  return none;
}

}  // namespace

Result<void> index_segments(const std::string& folder, const std::string& writer) {
  const auto segments = segments_of(folder, writer);
  for (std::size_t i = 0; i + 1 < segments.size(); ++i)
    if (!std::filesystem::exists(folder + "/" + writer + "/" + index_name(segments[i]))) { JOINEDUP_TRY(const auto made, index_of(folder + "/" + writer, segments[i], segments[i + 1])); }
  return {};
}

std::string event_id(const Kept& kept) { return kept.writer + "-" + std::to_string(kept.sequence); }

Result<std::unique_ptr<Reader>> Reader::open(std::string folder) { return std::unique_ptr<Reader>(std::make_unique<FolderReader>(std::move(folder))); }

}  // namespace joinedup::audit
