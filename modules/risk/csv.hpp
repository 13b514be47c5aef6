// csv: whole files as text in memory, and RFC 4180 records out of them as views. Inside the room only.
//
//   JOINEDUP_TRY(const auto file, MappedFile::open(path));
//   CsvCursor rows(file.text());
//   while (*rows.next(fields, where)) …            // views last as long as the cursor and the file
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::risk {

class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  static Result<MappedFile> map(int descriptor, const std::string& path);  // of a file that stays the caller's to close
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();
  std::string_view text() const { return {data_, size_}; }

 private:
  MappedFile() = default;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

class CsvCursor {
 public:
  explicit CsvCursor(std::string_view text);  // a byte order mark is skipped
  // The next record; false at the end. Empty lines are skipped. Fails on a quote that is not closed or not RFC 4180's.
  Result<bool> next(std::vector<std::string_view>& fields, const std::string& where) {
    if (split(fields)) return true;
    if (!fault_) return false;
    return fail(ErrorCode::invalid_input, fault_, where);
  }
  // The same without a sentence: false at the end or at a fault.
  bool split(std::vector<std::string_view>& fields);
  const char* fault() const { return fault_; }
  bool next_line_is_comment() const { return text_.starts_with("# "); }
  std::string_view take_line();
  std::string_view rest() const { return text_; }

 private:
  bool quoted_field(std::string_view& field);
  std::string_view text_;
  std::deque<std::string> unescaped_;  // fields that held a doubled quote
  const char* fault_ = nullptr;
};

// Cuts text into about `parts` pieces at line ends. One piece where a quote might hide a line end.
std::vector<std::string_view> cut_at_lines(std::string_view text, std::size_t parts);

}  // namespace joinedup::risk
