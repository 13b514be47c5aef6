#include "risk/csv.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "base/file.hpp"

namespace joinedup::risk {

Result<MappedFile> MappedFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return tl::unexpected<Error>(system_error("read", path));
  auto file = map(descriptor, path);
  ::close(descriptor);
  return file;
}

Result<MappedFile> MappedFile::map(int descriptor, const std::string& path) {
  struct stat status {};
  MappedFile file;
  const bool known = ::fstat(descriptor, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) return fail(ErrorCode::invalid_input, "This is not a file.", path);
  file.size_ = static_cast<std::size_t>(status.st_size);
  if (file.size_ > 0) {
    void* data = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED) {
      file.size_ = 0;
      return tl::unexpected<Error>(system_error("read", path));
    }
    file.data_ = static_cast<char*>(data);
  }
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept : data_(other.data_), size_(other.size_) {
  other.data_ = nullptr;
  other.size_ = 0;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(data_, size_);
}

CsvCursor::CsvCursor(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
}

std::string_view CsvCursor::take_line() {
  const auto end = text_.find('\n');
  auto line = text_.substr(0, end);
  text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// text_ begins with a quote; leaves it at the separator, line end or end of text that follows.
bool CsvCursor::quoted_field(std::string_view& field) {
  std::size_t from = 1;
  bool doubled = false;
  while (true) {
    const auto quote = text_.find('"', from);
    if (quote == std::string_view::npos) {
      fault_ = "A quotation mark is opened and never closed.";
      return false;
    }
    if (quote + 1 < text_.size() && text_[quote + 1] == '"') {
      doubled = true;
      from = quote + 2;
      continue;
    }
    field = text_.substr(1, quote - 1);
    text_.remove_prefix(quote + 1);
    break;
  }
  if (!text_.empty() && text_[0] != ',' && text_[0] != '\n' && text_[0] != '\r') {
    fault_ = "Something follows a closing quotation mark.";
    return false;
  }
  if (doubled) {
    auto& plain = unescaped_.emplace_back();
    for (std::size_t i = 0; i < field.size(); ++i) {
      plain.push_back(field[i]);
      if (field[i] == '"') ++i;
    }
    field = plain;
  }
  return true;
}

bool CsvCursor::split(std::vector<std::string_view>& fields) {
  fields.clear();
  while (!text_.empty() && (text_[0] == '\n' || text_[0] == '\r')) text_.remove_prefix(1);
  if (text_.empty() || fault_) return false;
  while (true) {
    std::string_view field;
    if (!text_.empty() && text_[0] == '"') {
      if (!quoted_field(field)) return false;
      fields.push_back(field);
      if (text_.empty()) return true;
      const char c = text_[0];
      text_.remove_prefix(1);
      if (c == ',') continue;
      if (c == '\r' && !text_.empty() && text_[0] == '\n') text_.remove_prefix(1);
      return true;
    }
    const char* const begin = text_.data();
    const char* const end = begin + text_.size();
    const char* at = begin;
    while (at != end && *at != ',' && *at != '\n') ++at;
    field = {begin, static_cast<std::size_t>(at - begin)};
    const bool last = at == end || *at == '\n';
    text_.remove_prefix(field.size() + (at == end ? 0 : 1));
    if (last && field.ends_with('\r')) field.remove_suffix(1);
    fields.push_back(field);
    if (last) return true;
  }
}

std::vector<std::string_view> cut_at_lines(std::string_view text, std::size_t parts) {
  std::vector<std::string_view> pieces;
  if (parts > 1 && std::memchr(text.data(), '"', text.size()) != nullptr) parts = 1;
  while (!text.empty()) {
    const auto left = parts > pieces.size() ? parts - pieces.size() : 1;
    auto size = text.size() / left;
    if (left > 1) {
      const auto line = text.find('\n', size);
      size = line == std::string_view::npos ? text.size() : line + 1;
    } else size = text.size();
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

}  // namespace joinedup::risk
