// The file of a segment: header, then sections that are read in place. All integers little-endian.
//   keys      hashes ascending            directory  by the first bits of a hash, where its keys begin
//   starts    per key: high bit set: the one row, counted from the first; otherwise where in `words` its rows begin
//   words     count, then the rows; or count with the high bit set, then one bit for every row of the segment
//   columns   per key: low, high, rows, order, wide
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "fhir/segment.hpp"

namespace joinedup::fhir {

namespace {

constexpr std::uint32_t high_bit = 0x80000000U;

struct TableHeader {
  std::uint64_t keys = 0, key_count = 0, directory = 0, directory_bits = 0, starts = 0, words = 0, postings = 0;
};
struct Header {
  char magic[8] = {'J', 'O', 'I', 'N', 'S', 'E', 'G', '2'};
  std::uint64_t checksum = 0, length = 0, first = 0, size = 0;
  TableHeader tables[2];
  std::uint64_t columns = 0, column_count = 0, self = 0, person = 0, instant = 0, type = 0;
};
struct ColumnEntry {
  std::uint64_t key = 0, at = 0;
  std::uint32_t count = 0, wide = 0;
};
static_assert(std::endian::native == std::endian::little);

std::uint64_t checksum_of(Header header) {
  header.checksum = 0;
  return hash64({reinterpret_cast<const char*>(&header), sizeof header});
}

std::uint64_t aligned(std::uint64_t at) { return (at + 4095) & ~std::uint64_t{4095}; }

// Writes one section of the file through a buffer of its own.
class Section {
 public:
  Section(int file, std::uint64_t at) : file_(file), at_(at) { buffer_.reserve(room); }
  void append(const void* data, std::size_t bytes) {
    buffer_.append(static_cast<const char*>(data), bytes);
    if (buffer_.size() >= room) flush();
  }
  template <class T>
  void put(T value) { append(&value, sizeof value); }
  bool flush() {
    for (std::size_t done = 0; done < buffer_.size();) {
      const auto n = pwrite(file_, buffer_.data() + done, buffer_.size() - done, static_cast<off_t>(at_ + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        failed_ = true;
        break;
      }
      done += static_cast<std::size_t>(n);
    }
    at_ += buffer_.size();
    buffer_.clear();
    sync_file_range(file_, 0, 0, SYNC_FILE_RANGE_WRITE);  // spread the writing: one great flush would hold up commits
    return !failed_;
  }
  std::uint64_t at() const { return at_ + buffer_.size(); }
  bool failed() const { return failed_; }

 private:
  static constexpr std::size_t room = 1 << 20;
  int file_;
  std::uint64_t at_;
  std::string buffer_;
  bool failed_ = false;
};

class SegmentWriter {
 public:
  SegmentWriter(int file, const std::vector<const Segment*>& sources, const DeadRows& dead, const std::function<bool()>& breathe)
      : file_(file), sources_(sources), dead_(dead), breathe_(breathe) {
    header_.first = sources.front()->first();
    header_.size = sources.back()->end() - sources.front()->first();
  }

  // False: a write failed (errno) or `breathe` gave up.
  bool run() {
    std::uint64_t at = aligned(sizeof(Header));
    for (const auto table : {Segment::Table::versions, Segment::Table::tokens})
      if (!write_table(table, at)) return false;
    return write_columns(at) && write_rows(at) && write_header(at);
  }

 private:
  bool write_table(Segment::Table table, std::uint64_t& at) {
    TableHeader& header = header_.tables[static_cast<int>(table)];
    std::uint64_t most_keys = 0, most_postings = 0;
    std::vector<std::span<const std::uint64_t>> keys;
    for (const Segment* source : sources_) {
      keys.push_back(source->keys(table));
      most_keys += keys.back().size();
      most_postings += source->posting_count(table);
    }
    header.directory_bits = std::bit_width(most_keys / 16 + 1);
    header.directory = at;
    header.keys = aligned(header.directory + ((std::uint64_t{1} << header.directory_bits) + 1) * 4);
    header.starts = aligned(header.keys + most_keys * 8);
    header.words = aligned(header.starts + most_keys * 4);
    at = aligned(header.words + (most_postings + most_keys) * 4);
    std::vector<std::uint32_t> directory((std::size_t{1} << header.directory_bits) + 1);
    Section key_section(file_, header.keys), start_section(file_, header.starts), word_section(file_, header.words);
    std::vector<std::size_t> next(sources_.size());
    std::vector<Row> rows;
    std::uint64_t words = 0, since = 0;
    for (;;) {
      std::uint64_t key = UINT64_MAX;
      bool any = false;
      for (std::size_t s = 0; s < keys.size(); ++s)
        if (next[s] < keys[s].size()) key = std::min(key, keys[s][next[s]]), any = true;
      if (!any) break;
      rows.clear();
      for (std::size_t s = 0; s < keys.size(); ++s)
        if (next[s] < keys[s].size() && keys[s][next[s]] == key) gather(sources_[s]->posting_at(table, next[s]++), table, rows);
      if ((since += rows.size() + 1) > 8192) {
        since = 0;
        if (!breathe_() || key_section.failed() || start_section.failed() || word_section.failed()) return false;
      }
      if (rows.empty()) continue;
      key_section.put(key);
      directory[(key >> (64 - header.directory_bits)) + 1] = static_cast<std::uint32_t>(++header.key_count);
      header.postings += rows.size();
      start_section.put(encode(rows, word_section, words));
    }
    for (std::size_t i = 1; i < directory.size(); ++i) directory[i] = std::max(directory[i], directory[i - 1]);
    Section directory_section(file_, header.directory);
    directory_section.append(directory.data(), directory.size() * 4);
    return key_section.flush() && start_section.flush() && word_section.flush() && directory_section.flush();
  }

  void gather(const Postings& postings, Segment::Table table, std::vector<Row>& rows) {
    PostingsCursor cursor(postings);
    for (Row row = cursor.seek(0); row != no_row; row = cursor.seek(row + 1))
      if (table == Segment::Table::versions || !dead_.has(row)) rows.push_back(row);
  }

  std::uint32_t encode(const std::vector<Row>& rows, Section& section, std::uint64_t& words) {
    const auto first = static_cast<Row>(header_.first), size = static_cast<Row>(header_.size);
    if (rows.size() == 1) return high_bit | (rows[0] - first);
    const auto start = static_cast<std::uint32_t>(words);
    const std::uint32_t bit_words = (size + 31) / 32;
    if (rows.size() > bit_words) {
      bits_.assign(bit_words, 0);
      for (Row row : rows) bits_[(row - first) >> 5] |= 1U << ((row - first) & 31);
      section.put(static_cast<std::uint32_t>(rows.size()) | high_bit);
      section.append(bits_.data(), bits_.size() * 4);
      words += 1 + bit_words;
    } else {
      section.put(static_cast<std::uint32_t>(rows.size()));
      section.append(rows.data(), rows.size() * 4);
      words += 1 + rows.size();
    }
    return start;
  }

  bool write_columns(std::uint64_t& at) {
    std::vector<std::uint64_t> keys;
    for (const Segment* source : sources_) {
      const auto more = source->column_keys();
      keys.insert(keys.end(), more.begin(), more.end());
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    header_.columns = at;
    header_.column_count = keys.size();
    Section entries(file_, at);
    Section values(file_, at = aligned(at + keys.size() * sizeof(ColumnEntry)));
    for (const auto key : keys) {
      entries.put(write_column(key, values));
      if (!breathe_() || values.failed()) return false;
    }
    at = aligned(values.at());
    return entries.flush() && values.flush();
  }

  ColumnEntry write_column(std::uint64_t key, Section& section) {
    std::vector<std::int64_t> low, high;
    std::vector<Row> rows;
    std::vector<std::uint32_t> order, wide, place;
    for (const Segment* source : sources_) {
      const ColumnView from = source->column(key);
      place.assign(from.count, no_row);
      for (std::uint32_t i = 0; i < from.count; ++i) {
        if (dead_.has(from.rows[i])) continue;
        place[i] = static_cast<std::uint32_t>(rows.size());
        rows.push_back(from.rows[i]);
        low.push_back(from.low[i]);
        high.push_back(from.high[i]);
      }
      const auto by_low = [&](std::uint32_t a, std::uint32_t b) { return low[a] != low[b] ? low[a] < low[b] : a < b; };
      const auto middle = static_cast<std::ptrdiff_t>(order.size());
      for (std::uint32_t i = 0; i < from.ordered; ++i)
        if (place[from.order[i]] != no_row) order.push_back(place[from.order[i]]);
      const auto unsorted = static_cast<std::ptrdiff_t>(order.size());  // what memory had not put in order yet
      for (std::uint32_t i = from.ordered; i < from.count; ++i)
        if (place[i] != no_row) order.push_back(place[i]);
      std::sort(order.begin() + unsorted, order.end(), by_low);
      std::inplace_merge(order.begin() + middle, order.begin() + unsorted, order.end(), by_low);
      std::inplace_merge(order.begin(), order.begin() + middle, order.end(), by_low);
      for (std::uint32_t i = 0; i < from.wide_count; ++i)
        if (place[from.wide[i]] != no_row) wide.push_back(place[from.wide[i]]);
      breathe_();
    }
    const ColumnEntry entry{key, section.at(), static_cast<std::uint32_t>(rows.size()), static_cast<std::uint32_t>(wide.size())};
    section.append(low.data(), low.size() * 8);
    section.append(high.data(), high.size() * 8);
    section.append(rows.data(), rows.size() * 4);
    section.append(order.data(), order.size() * 4);
    section.append(wide.data(), wide.size() * 4);
    if (wide.size() % 2 != 0) section.put(std::uint32_t{0});  // the next column begins at a multiple of eight
    return entry;
  }

  bool write_rows(std::uint64_t& at) {
    Section self(file_, header_.self = at);
    for (const Segment* source : sources_)
      for (Row row = source->first(); row < source->end(); ++row) self.put(source->self(row));
    Section person(file_, header_.person = aligned(self.at()));
    for (const Segment* source : sources_)
      for (Row row = source->first(); row < source->end(); ++row) person.put(source->person(row));
    Section instant(file_, header_.instant = aligned(person.at()));
    for (const Segment* source : sources_)
      for (Row row = source->first(); row < source->end(); ++row) instant.put(source->instant(row));
    Section type(file_, header_.type = aligned(instant.at()));
    for (const Segment* source : sources_)
      for (Row row = source->first(); row < source->end(); ++row) type.put(source->type(row));
    at = type.at();
    return self.flush() && person.flush() && instant.flush() && type.flush();
  }

  bool write_header(std::uint64_t at) {
    header_.length = at;
    if (ftruncate(file_, static_cast<off_t>(at)) != 0) return false;
    header_.checksum = checksum_of(header_);
    Section section(file_, 0);
    section.put(header_);
    return section.flush();
  }

  int file_;
  const std::vector<const Segment*>& sources_;
  const DeadRows& dead_;
  const std::function<bool()>& breathe_;
  Header header_;
  std::vector<std::uint32_t> bits_;
};

}  // namespace

Result<void> write_segment(const std::string& path, const std::vector<const Segment*>& sources, const DeadRows& dead,
                           const std::function<bool()>& breathe) {
  const std::string part = path + ".part";
  const int file = ::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return tl::unexpected<Error>(system_error("A part of the search index cannot be written", part));
  SegmentWriter writer(file, sources, dead, breathe);
  errno = 0;
  const bool good = writer.run() && fdatasync(file) == 0;
  const auto error = errno == 0 ? Error{ErrorCode::unavailable, "The writing of the search index was stopped.", part}
                                : system_error("A part of the search index cannot be written", part);
  ::close(file);
  if (good && std::rename(part.c_str(), path.c_str()) == 0) return {};
  ::unlink(part.c_str());
  return tl::unexpected<Error>(error);
}

Result<std::shared_ptr<const FileSegment>> FileSegment::open(const std::string& path) {
  const auto unsound = [&] {
    return fail(ErrorCode::invalid_input, "A part of the search index is damaged; it will be made again from the records.", path);
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::unexpected<Error>(system_error("A part of the search index cannot be opened", path));
  struct stat status {};
  fstat(file, &status);
  const auto length = static_cast<std::uint64_t>(status.st_size);
  void* map = length < sizeof(Header) ? MAP_FAILED : mmap(nullptr, length, PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  if (map == MAP_FAILED) return unsound();
  madvise(map, length, MADV_RANDOM);
  std::shared_ptr<FileSegment> segment(new FileSegment);
  segment->map_ = static_cast<const char*>(map), segment->length_ = length, segment->path_ = path;
  const auto& header = *reinterpret_cast<const Header*>(segment->map_);
  if (std::memcmp(header.magic, Header{}.magic, 8) != 0 || header.checksum != checksum_of(header) || header.length != length) return unsound();
  segment->first_ = static_cast<Row>(header.first), segment->size_ = static_cast<Row>(header.size);
  segment->self_ = reinterpret_cast<const std::uint64_t*>(segment->map_ + header.self);
  segment->person_ = reinterpret_cast<const std::uint64_t*>(segment->map_ + header.person);
  segment->instant_ = reinterpret_cast<const std::int64_t*>(segment->map_ + header.instant);
  segment->type_ = reinterpret_cast<const std::uint16_t*>(segment->map_ + header.type);
  return std::shared_ptr<const FileSegment>(segment);
}

FileSegment::~FileSegment() {
  if (map_ != nullptr) munmap(const_cast<char*>(map_), length_);
}

std::span<const std::uint64_t> FileSegment::keys(Table table) const {
  const auto& header = reinterpret_cast<const Header*>(map_)->tables[static_cast<int>(table)];
  return {reinterpret_cast<const std::uint64_t*>(map_ + header.keys), header.key_count};
}

std::uint64_t FileSegment::posting_count(Table table) const {
  return reinterpret_cast<const Header*>(map_)->tables[static_cast<int>(table)].postings;
}

Postings FileSegment::posting_at(Table table, std::size_t i) const {
  const auto& header = reinterpret_cast<const Header*>(map_)->tables[static_cast<int>(table)];
  const std::uint32_t start = reinterpret_cast<const std::uint32_t*>(map_ + header.starts)[i];
  if ((start & high_bit) != 0) return {Postings::Kind::one, first_ + (start & ~high_bit), 1, 0, nullptr};
  const auto* words = reinterpret_cast<const std::uint32_t*>(map_ + header.words) + start;
  if ((words[0] & high_bit) != 0) return {Postings::Kind::bits, first_, words[0] & ~high_bit, size_, words + 1};
  return {Postings::Kind::list, 0, words[0], 0, words + 1};
}

Postings FileSegment::find(Table table, std::uint64_t key) const {
  key += key == 0;
  const auto& header = reinterpret_cast<const Header*>(map_)->tables[static_cast<int>(table)];
  if (header.key_count == 0) return {};
  const auto* directory = reinterpret_cast<const std::uint32_t*>(map_ + header.directory) + (key >> (64 - header.directory_bits));
  const auto* all = reinterpret_cast<const std::uint64_t*>(map_ + header.keys);
  const auto* found = std::lower_bound(all + directory[0], all + directory[1], key);
  if (found == all + directory[1] || *found != key) return {};
  return posting_at(table, static_cast<std::size_t>(found - all));
}

Postings FileSegment::versions(std::uint64_t self) const { return find(Table::versions, self); }
Postings FileSegment::tokens(std::uint64_t key) const { return find(Table::tokens, key); }

ColumnView FileSegment::column(std::uint64_t key) const {
  key += key == 0;
  const auto& header = *reinterpret_cast<const Header*>(map_);
  const auto* entries = reinterpret_cast<const ColumnEntry*>(map_ + header.columns);
  const auto* end = entries + header.column_count;
  const auto* found = std::lower_bound(entries, end, key, [](const ColumnEntry& entry, std::uint64_t wanted) { return entry.key < wanted; });
  if (found == end || found->key != key) return {};
  const char* at = map_ + found->at;
  const std::uint64_t n = found->count;
  return {reinterpret_cast<const Row*>(at + 16 * n),           reinterpret_cast<const std::int64_t*>(at),
          reinterpret_cast<const std::int64_t*>(at + 8 * n),   reinterpret_cast<const std::uint32_t*>(at + 20 * n),
          reinterpret_cast<const std::uint32_t*>(at + 24 * n), found->count, found->count, found->wide};
}

std::vector<std::uint64_t> FileSegment::column_keys() const {
  const auto& header = *reinterpret_cast<const Header*>(map_);
  const auto* entries = reinterpret_cast<const ColumnEntry*>(map_ + header.columns);
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 0; i < header.column_count; ++i) keys.push_back(entries[i].key);
  return keys;
}

}  // namespace joinedup::fhir
