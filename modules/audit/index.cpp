#include "audit/index.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/file.hpp"

namespace joinedup::audit {
namespace {

constexpr std::string_view magic = "JDUPAIDX";
constexpr std::size_t head_size = 8 + 4 + 4 + 8 + 8 + 32, entry_size = 16;
static_assert(std::endian::native == std::endian::little, "the index is written as it stands in memory");

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
T take(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

std::uint64_t patient_key(std::string_view patient) { return hash64(patient, 1); }
std::uint64_t user_key(std::string_view user) { return hash64(user, 2); }

void SegmentIndex::add(const Record& record, const Event& event) {
  for (const auto& patient : event.patients) entries.push_back({patient_key(patient), record.offset});
  if (!event.user.empty()) entries.push_back({user_key(event.user), record.offset});
  earliest = std::min(earliest, record.instant);
  latest = std::max(latest, record.instant);
}

std::string index_bytes(SegmentIndex index, const Digest& last) {
  std::sort(index.entries.begin(), index.entries.end());
  index.entries.erase(std::unique(index.entries.begin(), index.entries.end()), index.entries.end());
  std::string out(magic);
  out.reserve(head_size + entry_size * index.entries.size());
  put<std::uint32_t>(out, 1);
  put(out, static_cast<std::uint32_t>(index.entries.size()));
  put(out, index.earliest);
  put(out, index.latest);
  out.append(reinterpret_cast<const char*>(last.data()), last.size());
  for (const auto& entry : index.entries) {
    put(out, entry.key);
    put(out, entry.offset);
  }
  return out;
}

std::string index_name(std::string_view segment) { return std::string(segment.substr(0, segment.rfind('.'))) + ".idx"; }

Result<IndexFile> IndexFile::open(const std::string& path, const Digest& last) {
  IndexFile index;
  index.file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (index.file_ < 0) return fail(ErrorCode::not_found, "There is no index of this file of the audit log.", path);
  char head[head_size];
  struct stat about {};
  if (::pread(index.file_, head, head_size, 0) != static_cast<ssize_t>(head_size) || ::fstat(index.file_, &about) != 0 || std::string_view(head, 8) != magic || take<std::uint32_t>(head + 8) != 1 ||
      std::memcmp(head + 32, last.data(), last.size()) != 0)
    return fail(ErrorCode::invalid_input, "The index of this file of the audit log is of something else.", path);
  index.count_ = take<std::uint32_t>(head + 12);
  index.earliest_ = take<std::int64_t>(head + 16);
  index.latest_ = take<std::int64_t>(head + 24);
  if (static_cast<std::uint64_t>(about.st_size) != head_size + entry_size * index.count_) return fail(ErrorCode::invalid_input, "The index of this file of the audit log is not whole.", path);
  return index;
}

IndexFile::IndexFile(IndexFile&& other) noexcept : file_(std::exchange(other.file_, -1)), count_(other.count_), earliest_(other.earliest_), latest_(other.latest_) {}

IndexFile::~IndexFile() {
  if (file_ >= 0) ::close(file_);
}

bool IndexFile::entry(std::uint64_t at, IndexEntry& out) const {
  char bytes[entry_size];
  if (::pread(file_, bytes, entry_size, static_cast<off_t>(head_size + at * entry_size)) != static_cast<ssize_t>(entry_size)) return false;
  out = {take<std::uint64_t>(bytes), take<std::uint64_t>(bytes + 8)};
  return true;
}

std::vector<std::uint64_t> IndexFile::offsets(std::uint64_t key) const {
  std::vector<std::uint64_t> out;
  std::uint64_t from = 0, to = count_;
  IndexEntry one;
  while (from < to) {
    const auto middle = from + (to - from) / 2;
    if (!entry(middle, one)) return out;
    if (one.key < key) from = middle + 1;
    else to = middle;
  }
  for (; from < count_ && entry(from, one) && one.key == key; ++from) out.push_back(one.offset);
  return out;
}

}  // namespace joinedup::audit
