#include "ingest/source.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/hash.hpp"

namespace joinedup::ingest {
namespace {

class PlainSource final : public ByteSource {
 public:
  PlainSource(int file, std::string path) : file_(file), path_(std::move(path)) {}
  ~PlainSource() override { ::close(file_); }
  PlainSource(const PlainSource&) = delete;
  PlainSource& operator=(const PlainSource&) = delete;

  Result<std::size_t> read(char* into, const std::size_t size) override {
    std::size_t have = 0;
    while (have < size) {
      const auto got = ::read(file_, into + have, std::min<std::size_t>(size - have, 1 << 20));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return tl::unexpected(system_error("The file cannot be read", path_));
      if (got == 0) break;
      hash_.update({into + have, static_cast<std::size_t>(got)});  // while the bytes are still in the cache
      have += static_cast<std::size_t>(got);
    }
    return have;
  }
  std::string sha256() override { return hash_.finish_hex(); }

 private:
  int file_;
  std::string path_;
  Sha256 hash_;
};

// What unpackers share: a buffer of packed bytes, refilled from below.
class PackedSource : public ByteSource {
 public:
  PackedSource(std::unique_ptr<ByteSource> below, std::string path) : below_(std::move(below)), path_(std::move(path)), packed_(1 << 18) {}
  std::string sha256() override {
    while (more_)
      if (!refill()) break;
    return below_->sha256();
  }

 protected:
  Result<bool> refill() {  // false: no more packed bytes
    if (!more_) return false;
    JOINEDUP_TRY(have_, below_->read(packed_.data(), packed_.size()));
    at_ = 0;
    more_ = have_ == packed_.size();
    return have_ > 0;
  }
  tl::unexpected<Error> damaged(const char* form) const {
    return fail(ErrorCode::invalid_input,
                std::string("The ") + form + " file is damaged or cut short; ask the sender for it again.", path_);
  }
  std::unique_ptr<ByteSource> below_;
  std::string path_;
  std::vector<char> packed_;
  std::size_t at_ = 0, have_ = 0;
  bool more_ = true;
};

class GzipSource final : public PackedSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> below, std::string path) : PackedSource(std::move(below), std::move(path)) {
    inflateInit2(&stream_, 15 + 16);
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  Result<std::size_t> read(char* into, const std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      if (at_ == have_) {
        JOINEDUP_TRY(const bool got, refill());
        if (!got) {
          if (inside_) return damaged("gzip");
          break;
        }
      }
      if (!inside_ && packed_[at_] == 0) {  // padding after the last member
        ++at_;
        continue;
      }
      inside_ = true;
      stream_.next_in = reinterpret_cast<Bytef*>(packed_.data() + at_);
      stream_.avail_in = static_cast<uInt>(have_ - at_);
      stream_.next_out = reinterpret_cast<Bytef*>(into + done);
      const auto room = static_cast<uInt>(std::min<std::size_t>(size - done, 1u << 30));
      stream_.avail_out = room;
      const int state = inflate(&stream_, Z_NO_FLUSH);
      at_ = have_ - stream_.avail_in;
      done += room - stream_.avail_out;
      if (state == Z_STREAM_END) {  // several members may follow each other
        inflateReset(&stream_);
        inside_ = false;
      } else if (state != Z_OK && state != Z_BUF_ERROR) {
        return damaged("gzip");
      }
    }
    return done;
  }

 private:
  z_stream stream_{};
  bool inside_ = false;
};

class ZstdSource final : public PackedSource {
 public:
  ZstdSource(std::unique_ptr<ByteSource> below, std::string path)
      : PackedSource(std::move(below), std::move(path)), stream_(ZSTD_createDStream()) {}
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;
  Result<std::size_t> read(char* into, const std::size_t size) override {
    ZSTD_outBuffer out{into, size, 0};
    while (out.pos < out.size) {
      if (at_ == have_) {
        JOINEDUP_TRY(const bool got, refill());
        if (!got) {
          if (wants_ == 0) break;
          const auto before = out.pos;  // the decoder may still hold bytes
          ZSTD_inBuffer none{packed_.data(), 0, 0};
          wants_ = ZSTD_decompressStream(stream_, &out, &none);
          if (ZSTD_isError(wants_) || (out.pos == before && wants_ != 0)) return damaged("zstd");
          continue;
        }
      }
      ZSTD_inBuffer in{packed_.data(), have_, at_};
      wants_ = ZSTD_decompressStream(stream_, &out, &in);
      at_ = in.pos;
      if (ZSTD_isError(wants_)) return damaged("zstd");
    }
    return out.pos;
  }

 private:
  ZSTD_DStream* stream_;
  std::size_t wants_ = 1;
};

class Utf16Source final : public ByteSource {
 public:
  Utf16Source(std::unique_ptr<ByteSource> below, std::string first, const bool big_endian)
      : below_(std::move(below)), units_(std::move(first)), big_endian_(big_endian) {}
  std::string sha256() override { return below_->sha256(); }
  Result<std::size_t> read(char* into, const std::size_t size) override {
    while (text_.size() - at_ < size && !ended_) JOINEDUP_CHECK(decode_more());
    const auto give = std::min(size, text_.size() - at_);
    std::memcpy(into, text_.data() + at_, give);
    at_ += give;
    if (at_ > (1 << 20)) {
      text_.erase(0, at_);
      at_ = 0;
    }
    return give;
  }

 private:
  Result<void> decode_more() {
    const auto old = units_.size();
    units_.resize(old + (1 << 16));
    JOINEDUP_TRY(const auto got, below_->read(units_.data() + old, 1 << 16));
    units_.resize(old + got);
    ended_ = got < (1 << 16);
    const auto unit = [&](const std::size_t i) {
      const auto a = static_cast<unsigned char>(units_[i]), b = static_cast<unsigned char>(units_[i + 1]);
      return static_cast<std::uint32_t>(big_endian_ ? a << 8 | b : b << 8 | a);
    };
    std::size_t i = 0;
    for (; i + 1 < units_.size(); i += 2) {
      auto code = unit(i);
      if (code >= 0xD800 && code < 0xDC00) {
        if (i + 3 >= units_.size() && !ended_) break;
        const auto low = i + 3 < units_.size() ? unit(i + 2) : 0;
        if (low >= 0xDC00 && low < 0xE000) {
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          i += 2;
        } else code = 0xFFFD;
      } else if (code >= 0xDC00 && code < 0xE000) code = 0xFFFD;
      if (code < 0x80) text_ += static_cast<char>(code);
      else if (code < 0x800) (text_ += static_cast<char>(0xC0 | code >> 6)) += static_cast<char>(0x80 | (code & 63));
      else {
        if (code < 0x10000) text_ += static_cast<char>(0xE0 | code >> 12);
        else (text_ += static_cast<char>(0xF0 | code >> 18)) += static_cast<char>(0x80 | (code >> 12 & 63));
        (text_ += static_cast<char>(0x80 | (code >> 6 & 63))) += static_cast<char>(0x80 | (code & 63));
      }
    }
    units_.erase(0, i);
    return {};
  }
  std::unique_ptr<ByteSource> below_;
  std::string units_, text_;
  std::size_t at_ = 0;
  bool big_endian_, ended_ = false;
};

// Gives back the first bytes that were looked at.
class PeekedSource final : public ByteSource {
 public:
  PeekedSource(std::unique_ptr<ByteSource> below, std::string first) : below_(std::move(below)), first_(std::move(first)) {}
  std::string sha256() override { return below_->sha256(); }
  Result<std::size_t> read(char* into, const std::size_t size) override {
    const auto give = std::min(size, first_.size() - at_);
    std::memcpy(into, first_.data() + at_, give);
    at_ += give;
    if (give == size) return give;
    JOINEDUP_TRY(const auto got, below_->read(into + give, size - give));
    return give + got;
  }

 private:
  std::unique_ptr<ByteSource> below_;
  std::string first_;
  std::size_t at_ = 0;
};

const char* kind_that_is_no_table(const std::string_view head) {
  struct Kind {
    std::string_view magic;
    const char* name;
  };
  static constexpr Kind kinds[] = {{"%PDF", "a PDF document"},
                                   {"PK\x03\x04", "a zip archive or an Excel workbook (.xlsx)"},
                                   {"\xD0\xCF\x11\xE0", "an old Office file (.xls, .doc)"},
                                   {"\x89PNG", "an image"},
                                   {"\xFF\xD8\xFF", "an image"},
                                   {"\x7F""ELF", "a program"},
                                   {"BZh", "a bzip2 archive"},
                                   {"7z\xBC\xAF", "a 7-Zip archive"},
                                   {"\xFD""7zXZ", "an xz archive"},
                                   {"SQLite format 3", "a SQLite database"},
                                   {"-----BEGIN PGP", "an encrypted message"},
                                   {"<?xml", "an XML document"},
                                   {"<!DOCTYPE", "a web page"},
                                   {"<html", "a web page"},
                                   {"{\\rtf", "a text-processor document"}};
  for (const auto& kind : kinds)
    if (head.starts_with(kind.magic)) return kind.name;
  return nullptr;
}

Result<std::string> peek(ByteSource& source, const std::size_t size) {
  std::string head(size, '\0');
  JOINEDUP_TRY(const auto got, source.read(head.data(), size));
  head.resize(got);
  return head;
}

}  // namespace

Result<OpenedFile> open_source(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::unexpected(system_error("The file cannot be opened", path));
#ifdef POSIX_FADV_SEQUENTIAL
  ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
  std::unique_ptr<ByteSource> source = std::make_unique<PlainSource>(file, path);
  JOINEDUP_TRY(auto head, peek(*source, 512));
  OpenedFile opened;
  if (head.starts_with("PAR1")) {
    opened.kind = FileKind::parquet;
    return opened;
  }
  const bool gzip = head.starts_with("\x1F\x8B"), zstd = head.starts_with("\x28\xB5\x2F\xFD");
  if (gzip || zstd) {
    source = std::make_unique<PeekedSource>(std::move(source), head);
    if (gzip) source = std::make_unique<GzipSource>(std::move(source), path);
    else source = std::make_unique<ZstdSource>(std::move(source), path);
    auto inside = peek(*source, 512);
    if (!inside) return tl::unexpected<Error>(inside.error());
    head.assign(inside->data(), inside->size());
  }
  if (const auto* kind = kind_that_is_no_table(head))
    return fail(ErrorCode::invalid_input, std::string("The file is ") + kind + ", not a table of rows; ask the sender for CSV or Parquet.", path);
  std::size_t odd_zeros = 0, even_zeros = 0;
  for (std::size_t i = 0; i < head.size(); ++i)
    if (head[i] == 0) ++(i % 2 ? odd_zeros : even_zeros);
  const bool little = head.starts_with("\xFF\xFE") || (odd_zeros > head.size() / 3 && even_zeros == 0);
  const bool big = head.starts_with("\xFE\xFF") || (even_zeros > head.size() / 3 && odd_zeros == 0);
  if (little || big) source = std::make_unique<Utf16Source>(std::move(source), std::move(head), big);
  else source = std::make_unique<PeekedSource>(std::move(source), std::move(head));
  opened.source = std::move(source);
  return opened;
}

}  // namespace joinedup::ingest
