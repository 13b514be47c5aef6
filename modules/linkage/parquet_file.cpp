// Format: Apache Parquet, format version 2.9: file layout, Thrift compact protocol, encodings PLAIN, RLE, RLE_DICTIONARY.
#include "linkage/parquet_file.hpp"

#include <algorithm>
#include <cstring>

#include "base/file.hpp"

namespace joinedup::linkage {
namespace {

constexpr std::size_t group_bytes = std::size_t{256} << 20;  // of one column: a page's size is a 32-bit number
constexpr std::size_t largest_dictionary = 256;

enum class Wire : unsigned char { i32 = 5, i64 = 6, binary = 8, list = 9, structure = 12 };
constexpr int plain = 0, rle = 3, rle_dictionary = 8;
constexpr int type_int32 = 1, type_double = 5, type_bytes = 6;

int physical(ParquetFile::Kind kind) { return kind == ParquetFile::integer ? type_int32 : kind == ParquetFile::number ? type_double : type_bytes; }

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
  out += static_cast<char>(value);
}

class Thrift {  // the compact protocol, as much as the metadata needs
 public:
  void integer(int id, std::int64_t value, Wire wire = Wire::i32) {
    head(id, wire);
    zigzag(value);
  }
  void text(int id, std::string_view value) {
    head(id, Wire::binary);
    bare_text(value);
  }
  void list(int id, Wire of, std::size_t size) {
    head(id, Wire::list);
    if (size < 15) out += static_cast<char>(size << 4 | static_cast<unsigned char>(of));
    else out += static_cast<char>(0xF0 | static_cast<unsigned char>(of)), put_varint(out, size);
  }
  void begin(int id) {
    head(id, Wire::structure);
    begin();
  }
  void begin() { last_.push_back(0); }  // a member of a list
  void end() {
    out += '\0';
    last_.pop_back();
  }
  void bare_text(std::string_view value) {
    put_varint(out, value.size());
    out += value;
  }
  void zigzag(std::int64_t value) { put_varint(out, static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63)); }
  std::string out;

 private:
  void head(int id, Wire wire) {
    out += static_cast<char>((id - last_.back()) << 4 | static_cast<int>(wire));
    last_.back() = id;
  }
  std::vector<int> last_;
};

// One bit-packed run of RLE's hybrid.
void put_packed(std::string& out, const std::vector<std::uint8_t>& values, unsigned width) {
  put_varint(out, (values.size() + 7) / 8 << 1 | 1);
  std::uint64_t word = 0;
  unsigned filled = 0;
  const auto add = [&](std::uint64_t value) {
    word |= value << filled;
    for (filled += width; filled >= 8; filled -= 8, word >>= 8) out += static_cast<char>(word);
  };
  for (const auto value : values) add(value);
  for (std::size_t i = values.size(); i % 8 != 0; ++i) add(0);
}

std::string levels(const std::string& present, bool has_null) {
  std::string runs;
  if (!has_null) {
    put_varint(runs, present.size() << 1);
    runs += '\1';
  } else {
    put_packed(runs, {present.begin(), present.end()}, 1);
  }
  const auto size = static_cast<std::uint32_t>(runs.size());
  std::string out(sizeof size, '\0');
  std::memcpy(out.data(), &size, sizeof size);
  return out + runs;
}

std::string page_header(bool dictionary, std::size_t bytes, std::size_t values, int encoding) {
  Thrift header;
  header.begin();
  header.integer(1, dictionary ? 2 : 0);
  header.integer(2, static_cast<std::int64_t>(bytes));
  header.integer(3, static_cast<std::int64_t>(bytes));
  header.begin(dictionary ? 7 : 5);
  header.integer(1, static_cast<std::int64_t>(values));
  header.integer(2, encoding);
  if (!dictionary) header.integer(3, rle), header.integer(4, rle);
  header.end();
  header.end();
  return header.out;
}

// Small integers by dictionary: its values, then a place in it for each value. Nothing where there are too many.
bool by_dictionary(const std::string& values, std::string& dictionary, std::string& places) {
  const std::size_t count = values.size() / sizeof(std::int32_t);
  std::vector<std::int32_t> all(count);
  if (count) std::memcpy(all.data(), values.data(), values.size());
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  if (count == 0 || static_cast<std::int64_t>(*most) - *least >= static_cast<std::int64_t>(largest_dictionary)) return false;
  const std::int32_t base = *least;
  const auto distinct = static_cast<std::size_t>(*most - base) + 1;
  for (std::size_t i = 0; i < distinct; ++i) {
    const auto value = base + static_cast<std::int32_t>(i);
    dictionary.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  unsigned width = 1;
  while ((std::size_t{1} << width) < distinct) ++width;
  std::vector<std::uint8_t> at(count);
  for (std::size_t i = 0; i < count; ++i) at[i] = static_cast<std::uint8_t>(all[i] - base);
  places += static_cast<char>(width);
  put_packed(places, at, width);
  return true;
}

}  // namespace

Result<ParquetFile> ParquetFile::create(const std::string& path, const std::vector<std::pair<std::string, Kind>>& columns) {
  ParquetFile made;
  made.path_ = path;
  made.file_.reset(std::fopen(path.c_str(), "wb"));
  if (!made.file_) return tl::unexpected(system_error("Cannot write", path));
  for (const auto& [name, kind] : columns) {
    made.columns_.emplace_back();
    made.columns_.back().name = name;
    made.columns_.back().kind = kind;
  }
  JOINEDUP_CHECK(made.put("PAR1"));
  return made;
}

void ParquetFile::put_text(std::size_t column, std::string_view value) {
  Column& to = columns_[column];
  const auto size = static_cast<std::uint32_t>(value.size());
  to.values.append(reinterpret_cast<const char*>(&size), sizeof size);
  to.values += value;
  to.present += '\1';
}

void ParquetFile::put_texts(std::size_t column, std::span<const std::string_view> values) {
  Column& to = columns_[column];
  std::size_t bytes = 0;
  for (const auto value : values) bytes += sizeof(std::uint32_t) + value.size();
  const std::size_t filled = to.values.size();
  to.values.resize(filled + bytes);
  char* at = to.values.data() + filled;
  for (const auto value : values) {
    const auto size = static_cast<std::uint32_t>(value.size());
    std::memcpy(at, &size, sizeof size);
    at += sizeof size;
    if (size != 0) std::memcpy(at, value.data(), size);
    at += size;
  }
  to.present.append(values.size(), '\1');
}

Result<void> ParquetFile::end_rows(std::size_t rows) {
  in_group_ += rows;
  const bool full = in_group_ >= group_rows || std::any_of(columns_.begin(), columns_.end(), [](const auto& column) { return column.values.size() > group_bytes; });
  if (full) return flush();
  return {};
}

void ParquetFile::put_number(std::size_t column, double value) {
  columns_[column].values.append(reinterpret_cast<const char*>(&value), sizeof value);
  columns_[column].present += '\1';
}

void ParquetFile::put_integer(std::size_t column, std::int32_t value) {
  columns_[column].values.append(reinterpret_cast<const char*>(&value), sizeof value);
  columns_[column].present += '\1';
}

void ParquetFile::put_null(std::size_t column) {
  columns_[column].present += '\0';
  columns_[column].has_null = true;
}

Result<void> ParquetFile::put(const std::string& bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) return tl::unexpected(system_error("Cannot write", path_));
  at_ += static_cast<std::int64_t>(bytes.size());
  return {};
}

Result<void> ParquetFile::end_row() {
  ++in_group_;
  const bool full = in_group_ >= group_rows || (in_group_ % 256 == 0 && std::any_of(columns_.begin(), columns_.end(), [](const auto& column) { return column.values.size() > group_bytes; }));
  if (full) return flush();
  return {};
}

Result<ParquetFile::Chunk> ParquetFile::write_column(Column& column) {
  Chunk chunk;
  const std::int64_t begin = at_;
  std::string dictionary, places;
  if (column.kind == integer && by_dictionary(column.values, dictionary, places)) {
    chunk.dictionary_at = at_;
    JOINEDUP_CHECK(put(page_header(true, dictionary.size(), dictionary.size() / sizeof(std::int32_t), plain)));
    JOINEDUP_CHECK(put(dictionary));
  }
  const std::string& values = chunk.dictionary_at >= 0 ? places : column.values;
  const std::string nulls = levels(column.present, column.has_null);
  chunk.data_at = at_;
  JOINEDUP_CHECK(put(page_header(false, nulls.size() + values.size(), column.present.size(), chunk.dictionary_at >= 0 ? rle_dictionary : plain)));
  JOINEDUP_CHECK(put(nulls));
  JOINEDUP_CHECK(put(values));
  chunk.bytes = at_ - begin;
  column.values.clear();
  column.present.clear();
  column.has_null = false;
  return chunk;
}

Result<void> ParquetFile::flush() {
  if (in_group_ == 0) return {};
  Group group;
  group.rows = static_cast<std::int64_t>(in_group_);
  for (auto& column : columns_) {
    JOINEDUP_TRY(const auto chunk, write_column(column));
    group.chunks.push_back(chunk);
  }
  rows_ += group.rows;
  in_group_ = 0;
  groups_.push_back(std::move(group));
  return {};
}

std::string ParquetFile::footer() const {
  Thrift meta;
  meta.begin();
  meta.integer(1, 2);
  meta.list(2, Wire::structure, columns_.size() + 1);
  meta.begin();
  meta.text(4, "schema");
  meta.integer(5, static_cast<std::int64_t>(columns_.size()));
  meta.end();
  for (const auto& column : columns_) {
    meta.begin();
    meta.integer(1, physical(column.kind));
    meta.integer(3, 1);  // may be NULL
    meta.text(4, column.name);
    if (column.kind == text) meta.integer(6, 0);  // UTF-8
    meta.end();
  }
  meta.integer(3, rows_, Wire::i64);
  meta.list(4, Wire::structure, groups_.size());
  for (const auto& group : groups_) {
    std::int64_t bytes = 0;
    for (const auto& chunk : group.chunks) bytes += chunk.bytes;
    meta.begin();
    meta.list(1, Wire::structure, group.chunks.size());
    for (std::size_t i = 0; i < group.chunks.size(); ++i) {
      const Chunk& chunk = group.chunks[i];
      const bool dictionary = chunk.dictionary_at >= 0;
      meta.begin();
      meta.integer(2, dictionary ? chunk.dictionary_at : chunk.data_at, Wire::i64);
      meta.begin(3);
      meta.integer(1, physical(columns_[i].kind));
      meta.list(2, Wire::i32, dictionary ? 3 : 2);
      meta.zigzag(plain);
      meta.zigzag(rle);
      if (dictionary) meta.zigzag(rle_dictionary);
      meta.list(3, Wire::binary, 1);
      meta.bare_text(columns_[i].name);
      meta.integer(4, 0);  // not compressed
      meta.integer(5, group.rows, Wire::i64);
      meta.integer(6, chunk.bytes, Wire::i64);
      meta.integer(7, chunk.bytes, Wire::i64);
      meta.integer(9, chunk.data_at, Wire::i64);
      if (dictionary) meta.integer(11, chunk.dictionary_at, Wire::i64);
      meta.end();
      meta.end();
    }
    meta.integer(2, bytes, Wire::i64);
    meta.integer(3, group.rows, Wire::i64);
    meta.end();
  }
  meta.text(6, "joinedup");
  meta.end();
  return meta.out;
}

Result<void> ParquetFile::close() {
  JOINEDUP_CHECK(flush());
  std::string end = footer();
  const auto size = static_cast<std::uint32_t>(end.size());
  end.append(reinterpret_cast<const char*>(&size), sizeof size);
  end += "PAR1";
  JOINEDUP_CHECK(put(end));
  if (std::fclose(file_.release()) != 0) return tl::unexpected(system_error("Cannot write", path_));
  return {};
}

}  // namespace joinedup::linkage
