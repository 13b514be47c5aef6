#include "fhirpath/feed.hpp"

#include <bzlib.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "fhirpath/model.hpp"

namespace joinedup::fhirpath {

namespace {

constexpr std::size_t block = 256 << 10;

// A file's bytes, unpacked by what its first bytes say it is.
class ByteSource {
 public:
  static Result<std::unique_ptr<ByteSource>> open(const std::string& path) {
    auto source = std::make_unique<ByteSource>();
    source->file_ = std::fopen(path.c_str(), "rb");
    if (source->file_ == nullptr) return tl::unexpected<Error>(system_error("The FHIR file cannot be opened", path));
    source->path_ = path;
    source->packed_.resize(block);
    JOINEDUP_CHECK(source->fill());
    const auto* p = reinterpret_cast<const unsigned char*>(source->packed_.data());
    std::size_t n = source->end_;
    if (n >= 2 && p[0] == 0x1F && p[1] == 0x8B) source->start_gzip();
    else if (n >= 3 && std::memcmp(p, "BZh", 3) == 0) source->start_bzip2();
    else if (n >= 4 && p[0] == 0x28 && p[1] == 0xB5 && p[2] == 0x2F && p[3] == 0xFD) source->start_zstd();
    return source;
  }
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  ~ByteSource() {
    if (kind_ == Kind::gzip) inflateEnd(&gzip_);
    if (kind_ == Kind::bzip2) BZ2_bzDecompressEnd(&bzip2_);
    if (zstd_ != nullptr) ZSTD_freeDStream(zstd_);
    if (file_ != nullptr) std::fclose(file_);
  }

  // Bytes written to out; 0 at the end.
  Result<std::size_t> read(char* out, std::size_t room) {
    switch (kind_) {
      case Kind::plain: return read_plain(out, room);
      case Kind::gzip: return read_gzip(out, room);
      case Kind::bzip2: return read_bzip2(out, room);
      case Kind::zstd: return read_zstd(out, room);
    }
    return std::size_t{0};
  }

 private:
  enum class Kind { plain, gzip, bzip2, zstd };

  Result<void> fill() {
    at_ = 0;
    end_ = std::fread(packed_.data(), 1, packed_.size(), file_);
    if (end_ == 0 && std::ferror(file_) != 0) return tl::unexpected<Error>(system_error("The FHIR file cannot be read", path_));
    finished_ = end_ == 0;
    return {};
  }
  tl::unexpected<Error> cut() const {
    return fail(ErrorCode::invalid_input, "The packed file ends too early: it was not copied whole. Copy it again.", path_);
  }
  tl::unexpected<Error> broken() const {
    return fail(ErrorCode::invalid_input, "The packed file is damaged. Copy it again.", path_);
  }
  void start_gzip() {
    kind_ = Kind::gzip;
    inflateInit2(&gzip_, 15 + 32);
  }
  void start_bzip2() {
    kind_ = Kind::bzip2;
    BZ2_bzDecompressInit(&bzip2_, 0, 0);
  }
  void start_zstd() {
    kind_ = Kind::zstd;
    zstd_ = ZSTD_createDStream();
    ZSTD_initDStream(zstd_);
  }
  Result<std::size_t> read_plain(char* out, std::size_t room) {
    if (at_ == end_) JOINEDUP_CHECK(fill());
    std::size_t n = std::min(room, end_ - at_);
    std::memcpy(out, packed_.data() + at_, n);
    at_ += n;
    return n;
  }
  Result<std::size_t> read_gzip(char* out, std::size_t room) {
    gzip_.next_out = reinterpret_cast<Bytef*>(out);
    gzip_.avail_out = static_cast<uInt>(room);
    while (gzip_.avail_out == room) {
      if (at_ == end_) JOINEDUP_CHECK(fill());
      if (finished_) {
        if (between_) return std::size_t{0};
        return cut();
      }
      if (between_) {  // another member follows
        inflateReset(&gzip_);
        between_ = false;
      }
      gzip_.next_in = reinterpret_cast<Bytef*>(packed_.data() + at_);
      gzip_.avail_in = static_cast<uInt>(end_ - at_);
      int status = inflate(&gzip_, Z_NO_FLUSH);
      at_ = end_ - gzip_.avail_in;
      if (status == Z_STREAM_END) between_ = true;
      else if (status != Z_OK && status != Z_BUF_ERROR) return broken();
    }
    return room - gzip_.avail_out;
  }
  Result<std::size_t> read_bzip2(char* out, std::size_t room) {
    bzip2_.next_out = out;
    bzip2_.avail_out = static_cast<unsigned>(room);
    while (bzip2_.avail_out == room) {
      if (at_ == end_) JOINEDUP_CHECK(fill());
      if (finished_) {
        if (between_) return std::size_t{0};
        return cut();
      }
      if (between_) {
        BZ2_bzDecompressEnd(&bzip2_);
        char* next = bzip2_.next_out;
        unsigned left = bzip2_.avail_out;
        bzip2_ = {};
        BZ2_bzDecompressInit(&bzip2_, 0, 0);
        bzip2_.next_out = next;
        bzip2_.avail_out = left;
        between_ = false;
      }
      bzip2_.next_in = packed_.data() + at_;
      bzip2_.avail_in = static_cast<unsigned>(end_ - at_);
      int status = BZ2_bzDecompress(&bzip2_);
      at_ = end_ - bzip2_.avail_in;
      if (status == BZ_STREAM_END) between_ = true;
      else if (status != BZ_OK) return broken();
    }
    return room - bzip2_.avail_out;
  }
  Result<std::size_t> read_zstd(char* out, std::size_t room) {
    ZSTD_outBuffer to{out, room, 0};
    while (to.pos == 0) {
      if (at_ == end_) JOINEDUP_CHECK(fill());
      if (finished_ && between_) return std::size_t{0};
      ZSTD_inBuffer from{packed_.data(), end_, at_};
      std::size_t status = ZSTD_decompressStream(zstd_, &to, &from);
      if (ZSTD_isError(status) != 0) return broken();
      at_ = from.pos;
      between_ = status == 0;
      if (finished_ && to.pos == 0 && !between_) return cut();
    }
    return to.pos;
  }

  std::string path_;
  std::FILE* file_ = nullptr;
  std::vector<char> packed_;
  std::size_t at_ = 0, end_ = 0;
  bool finished_ = false, between_ = false;
  Kind kind_ = Kind::plain;
  z_stream gzip_{};
  bz_stream bzip2_{};
  ZSTD_DStream* zstd_ = nullptr;
};

bool is_lines(std::string_view path) {
  for (std::string_view packed : {".gz", ".bz2", ".zst"})
    if (path.size() > packed.size() && path.substr(path.size() - packed.size()) == packed)
      path.remove_suffix(packed.size());
  for (std::string_view lines : {".ndjson", ".jsonl", ".ldjson"})
    if (path.size() > lines.size() && path.substr(path.size() - lines.size()) == lines) return true;
  return false;
}

class FeedReader {
 public:
  FeedReader(const std::string& path, const FeedHandler& handler, const FeedLimits& limits)
      : path_(path), handler_(handler), limits_(limits) {}

  Result<FeedCounts> run() {
    JOINEDUP_TRY(source_, ByteSource::open(path_));
    JOINEDUP_CHECK(is_lines(path_) ? lines() : whole());
    return counts_;
  }

 private:
  void fault(std::uint64_t number, std::string reason) {
    ++counts_.rejected;
    if (handler_.on_fault) handler_.on_fault({path_, number, std::move(reason)});
  }
  void give(NodeIndex node, std::string_view full_url, std::uint64_t number) {
    std::string_view type = document_.resource_type(node);
    if (document_.kind(node) != NodeKind::object) return fault(number, "It is not a FHIR resource: not a JSON object.");
    if (type.empty()) return fault(number, "It is not a FHIR resource: resourceType is missing.");
    const Model& model = Model::r4();
    TypeId known = model.type(type);
    if (known == unknown_type || model.info(known).kind != Type::Kind::resource)
      return fault(number, "FHIR R4 has no resource of this resourceType.");
    ++counts_.resources;
    if (handler_.on_resource) handler_.on_resource({&document_, node, type, full_url, number});
  }

  Result<void> lines() {
    std::string pending;
    std::vector<char> buffer(block);
    std::uint64_t number = 0;
    bool skipping = false;
    for (;;) {
      JOINEDUP_TRY(auto n, source_->read(buffer.data(), buffer.size()));
      counts_.bytes += n;
      std::string_view rest(buffer.data(), n);
      while (!rest.empty()) {
        std::size_t end = rest.find('\n');
        bool ends = end != std::string_view::npos;
        std::string_view part = rest.substr(0, end);
        rest.remove_prefix(ends ? end + 1 : rest.size());
        if (!skipping && pending.size() + part.size() > limits_.longest_line) {
          skipping = true;
          pending.clear();
          ++counts_.read;
          fault(number + 1, "The line is longer than the limit.");
        }
        if (!skipping && ends && pending.empty()) {
          line(part, ++number);  // whole within the buffer: no copy
          continue;
        }
        if (!skipping) pending += part;
        if (!ends) continue;
        ++number;
        if (!skipping) line(pending, number);
        skipping = false;
        pending.clear();
      }
      if (n == 0) break;
    }
    if (!pending.empty()) line(pending, number + 1);
    return {};
  }
  void line(std::string_view text, std::uint64_t number) {
    if (trim(text).empty()) return;
    ++counts_.read;
    auto done = document_.parse(text);
    if (!done) return fault(number, done.error().sentence);
    give(document_.root(), {}, number);
  }

  Result<void> whole() {
    std::string text;
    for (;;) {
      std::size_t at = text.size();
      text.resize(std::max(at + block, at * 3 / 2));
      std::size_t filled = at;
      for (;;) {
        JOINEDUP_TRY(auto n, source_->read(text.data() + filled, text.size() - filled));
        filled += n;
        if (n == 0 || filled == text.size()) {
          text.resize(filled);
          if (n != 0) break;
          counts_.bytes = filled;
          return bundle(text);
        }
        if (filled > limits_.largest_file) break;
      }
      if (filled > limits_.largest_file)
        return fail(ErrorCode::too_large, "The file is larger, unpacked, than the limit for one that is read whole. "
                                          "Give large feeds as NDJSON, which is read line by line.", path_);
    }
  }
  Result<void> misnamed_lines(std::string_view text) {
    for (std::uint64_t number = 1; !text.empty(); ++number) {
      std::size_t end = text.find('\n');
      line(text.substr(0, end), number);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return {};
  }
  Result<void> bundle(std::string_view text) {
    auto done = document_.parse(text);
    if (!done) {
      std::size_t first = text.find('\n');
      if (first != std::string_view::npos && document_.parse(text.substr(0, first)) &&
          !document_.resource_type(document_.root()).empty())
        return misnamed_lines(text);
      return fail(done.error().code, done.error().sentence, path_);
    }
    NodeIndex root = document_.root();
    if (document_.resource_type(root) != "Bundle") {
      counts_.read = 1;
      give(root, {}, 1);
      return {};
    }
    NodeIndex entries = document_.find(root, "entry");
    if (entries == no_node) return {};
    if (document_.kind(entries) != NodeKind::array)
      return fail(ErrorCode::invalid_input, "The Bundle's entry is not a list.", path_);
    std::uint64_t number = 0;
    for (NodeIndex entry : document_.children(entries)) {
      ++number;
      ++counts_.read;
      NodeIndex resource = document_.kind(entry) == NodeKind::object ? document_.find(entry, "resource") : no_node;
      if (resource == no_node) fault(number, "The Bundle's entry holds no resource.");
      else give(resource, document_.text_of(entry, "fullUrl"), number);
    }
    return {};
  }

  const std::string& path_;
  const FeedHandler& handler_;
  const FeedLimits& limits_;
  std::unique_ptr<ByteSource> source_;
  Document document_;
  FeedCounts counts_;
};

}  // namespace

Result<FeedCounts> read_fhir_file(const std::string& path, const FeedHandler& handler, const FeedLimits& limits) {
  return FeedReader(path, handler, limits).run();
}

}  // namespace joinedup::fhirpath
