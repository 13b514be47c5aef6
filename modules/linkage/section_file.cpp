#include "linkage/section_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file.hpp"

namespace joinedup::linkage {
namespace {

constexpr std::uint64_t alignment = 64;
constexpr char magic[8] = {'J', 'U', 's', 'e', 'c', 't', 'n', '\n'};

struct Trailer {
  std::uint64_t directory_at = 0, directory_size = 0;
  std::uint32_t format = 0, spare = 0;
  char word[8] = {};
};

}  // namespace

Result<SectionWriter> SectionWriter::create(const std::string& path, std::uint32_t format) {
  SectionWriter writer;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return tl::unexpected(system_error("Cannot write", path));
  writer.file_.reset(::fdopen(descriptor, "wb"));
  writer.path_ = path;
  writer.format_ = format;
  return writer;
}

void SectionWriter::add(const void* bytes, std::size_t count) {
  if (count == 0) return;
  failed_ = failed_ || std::fwrite(bytes, 1, count, file_.get()) != count;
  at_ += count;
  sections_.back().second.second += count;
}

void SectionWriter::begin(const std::string& name) {
  static constexpr char zeros[alignment] = {};
  const std::size_t gap = static_cast<std::size_t>((alignment - at_ % alignment) % alignment);
  failed_ = failed_ || std::fwrite(zeros, 1, gap, file_.get()) != gap;
  at_ += gap;
  sections_.emplace_back(name, std::pair{at_, std::uint64_t{0}});
}

void SectionWriter::put_texts(const std::string& name, std::span<const std::string_view> texts) {
  std::vector<std::uint64_t> offsets{0};
  offsets.reserve(texts.size() + 1);
  for (const auto text : texts) offsets.push_back(offsets.back() + text.size());
  put(name + ".offsets", offsets);
  begin(name + ".bytes");
  std::string buffer;
  for (const auto text : texts) {
    buffer += text;
    if (buffer.size() < 1 << 20) continue;
    add(buffer.data(), buffer.size());
    buffer.clear();
  }
  add(buffer.data(), buffer.size());
}

Result<void> SectionWriter::finish(const std::map<std::string, std::string>& facts) {
  nlohmann::json directory;
  directory["facts"] = facts;
  for (const auto& [name, where] : sections_) directory["sections"][name] = {where.first, where.second};
  const std::string text = directory.dump();
  Trailer trailer;
  trailer.directory_at = at_;
  trailer.directory_size = text.size();
  trailer.format = format_;
  std::memcpy(trailer.word, magic, sizeof magic);
  failed_ = failed_ || std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() || std::fwrite(&trailer, sizeof trailer, 1, file_.get()) != 1;
  const bool closed = std::fclose(file_.release()) == 0;
  if (failed_ || !closed) return tl::unexpected(system_error("Cannot write", path_));
  return {};
}

Result<SectionFile> SectionFile::open(const std::string& path, std::uint32_t format) {
  const auto damaged = [&] { return fail(ErrorCode::invalid_input, "This file is damaged or not an index of linkage; run in full, without --previous, to make it anew.", path); };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return tl::unexpected(system_error("Cannot read", path));
  SectionFile file;
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0 && status.st_size > static_cast<off_t>(sizeof(Trailer));
  if (known) {
    file.size_ = static_cast<std::size_t>(status.st_size);
    void* map = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (map != MAP_FAILED) file.map_ = static_cast<const char*>(map);
  }
  ::close(descriptor);
  if (!file.map_) return damaged();
  Trailer trailer;
  std::memcpy(&trailer, file.map_ + file.size_ - sizeof trailer, sizeof trailer);
  if (std::memcmp(trailer.word, magic, sizeof magic) != 0) return damaged();
  if (trailer.format != format)
    return fail(ErrorCode::unsupported, "This index is of format " + std::to_string(trailer.format) + ", and this program reads format " + std::to_string(format) + "; run in full, without --previous, to make it anew.", path);
  const std::uint64_t end = file.size_ - sizeof trailer;
  if (trailer.directory_at > end || trailer.directory_size != end - trailer.directory_at) return damaged();
  const auto directory = nlohmann::json::parse(file.map_ + trailer.directory_at, file.map_ + end, nullptr, false);
  if (!directory.is_object() || !directory.contains("facts") || !directory.contains("sections")) return damaged();
  try {
    file.facts_ = directory["facts"].get<std::map<std::string, std::string>>();
    for (const auto& [name, where] : directory["sections"].items()) {
      const auto at = where[0].get<std::uint64_t>(), size = where[1].get<std::uint64_t>();
      if (at > trailer.directory_at || size > trailer.directory_at - at) return damaged();
      file.sections_[name] = {at, size};
    }
  } catch (const nlohmann::json::exception&) {
    return damaged();
  }
  return file;
}

SectionFile::SectionFile(SectionFile&& other) noexcept
    : map_(std::exchange(other.map_, nullptr)), size_(other.size_), sections_(std::move(other.sections_)), facts_(std::move(other.facts_)) {}

SectionFile::~SectionFile() {
  if (map_) ::munmap(const_cast<char*>(map_), size_);
}

SectionFile::Texts SectionFile::texts(const std::string& name) const {
  return {array<std::uint64_t>(name + ".offsets"), array<char>(name + ".bytes").data()};
}

void SectionFile::warm() const {
#ifdef MADV_POPULATE_READ
  (void)::madvise(const_cast<char*>(map_), size_, MADV_POPULATE_READ);  // a hint: an older kernel refuses it
#endif
}

const std::string& SectionFile::fact(const std::string& name) const {
  static const std::string none;
  const auto found = facts_.find(name);
  return found == facts_.end() ? none : found->second;
}

}  // namespace joinedup::linkage
