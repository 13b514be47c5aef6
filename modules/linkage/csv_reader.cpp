#include "linkage/csv_reader.hpp"

#include <cstring>
#include <deque>

#include "base/file.hpp"

namespace joinedup::linkage {

bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (at + 8 <= text.size()) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & 0x8080808080808080ULL) == 0) {
        at += 8;
        continue;
      }
    }
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) { ++at; continue; }
    const int more = c >= 0xC2 && c <= 0xDF ? 1 : (c & 0xF0) == 0xE0 ? 2 : c >= 0xF0 && c <= 0xF4 ? 3 : 0;
    if (more == 0 || at + static_cast<std::size_t>(more) >= text.size()) return false;
    for (int i = 1; i <= more; ++i)
      if ((static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]) & 0xC0) != 0x80) return false;
    const auto next = static_cast<unsigned char>(text[at + 1]);
    if ((c == 0xE0 && next < 0xA0) || (c == 0xED && next > 0x9F) || (c == 0xF0 && next < 0x90) || (c == 0xF4 && next > 0x8F)) return false;
    at += static_cast<std::size_t>(more) + 1;
  }
  return true;
}

namespace {

class Reader {
 public:
  Reader(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  // False at the end of the file.
  Result<bool> next(CsvRow& row) {
    row.clear();
    unquoted_.clear();
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) count_line();  // blank lines
    if (at_ >= text_.size()) return false;
    row_line_ = line_;
    in_header_ = first_;
    first_ = false;
    for (;;) {
      const std::size_t spaces = at_;
      while (at_ < text_.size() && text_[at_] == ' ') ++at_;
      const bool quote = at_ < text_.size() && text_[at_] == '"';
      if (in_header_ && !row.empty()) spaced_ = spaced_ && at_ > spaces;
      if (!quote && !spaced_ && !in_header_) at_ = spaces;
      if (quote) {
        JOINEDUP_TRY(const auto field, quoted());
        row.push_back(field);
      } else {
        const std::size_t start = at_;
        while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
        row.push_back(text_.substr(start, at_ - start));
      }
      if (row.back().size() > longest_value)
        return wrong("field " + std::to_string(row.size()) + " holds " + std::to_string(row.back().size()) + " bytes, more than the mebibyte that a value may have.");
      if (at_ >= text_.size()) break;
      if (text_[at_] == ',') { ++at_; continue; }
      count_line();
      break;
    }
    if (in_header_) spaced_ = spaced_ && row.size() > 1;
    for (const auto field : row)
      if (!is_utf8(field)) return wrong("the text is not UTF-8. Save the file as UTF-8 and try again.");
    return true;
  }
  tl::unexpected<Error> wrong(const std::string& what) const {
    return fail(ErrorCode::invalid_input, "Line " + std::to_string(row_line_) + ": " + what, path_);
  }

 private:
  void count_line() {
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_, ++line_;
  }
  Result<std::string_view> quoted() {
    const std::size_t start = ++at_;
    bool doubled = false;
    for (;; ++at_) {
      if (at_ >= text_.size()) return wrong("a quote is opened and never closed.");
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') continue;
      if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') doubled = true, ++at_;
      else break;
    }
    std::string_view field = text_.substr(start, at_ - start);
    ++at_;
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r')
      return wrong("text follows a closing quote.");
    if (!doubled) return field;
    std::string plain;
    for (std::size_t i = 0; i < field.size(); ++i) {
      plain += field[i];
      if (field[i] == '"') ++i;
    }
    unquoted_.push_back(std::move(plain));
    return std::string_view(unquoted_.back());
  }

  std::string_view text_;
  const std::string& path_;
  std::size_t at_ = 0, line_ = 1, row_line_ = 1;
  std::deque<std::string> unquoted_;
  bool first_ = true, in_header_ = false;
  bool spaced_ = true;  // a space follows every comma of the header: then it is no part of the values
};

}  // namespace

Result<void> read_csv(const std::string& path, const std::function<Result<void>(const CsvRow&)>& header,
                      const std::function<Result<void>(const CsvRow&)>& on_row) {
  JOINEDUP_TRY(const auto text, joinedup::read_file(path));
  std::string_view view = text;
  if (view.starts_with("\xEF\xBB\xBF")) view.remove_prefix(3);
  if (view.starts_with("\xFF\xFE") || view.starts_with("\xFE\xFF"))
    return fail(ErrorCode::invalid_input, "The file is UTF-16. Save it as UTF-8 and try again.", path);
  Reader reader(view, path);
  CsvRow row;
  JOINEDUP_TRY(const bool any, reader.next(row));
  if (!any) return fail(ErrorCode::invalid_input, "The file is empty: there is not even a header row.", path);
  const std::size_t fields = row.size();
  JOINEDUP_CHECK(header(row));
  for (;;) {
    JOINEDUP_TRY(const bool more, reader.next(row));
    if (!more) return {};
    if (row.size() != fields)
      return reader.wrong("there are " + std::to_string(row.size()) + " fields where the header has " + std::to_string(fields) + ".");
    JOINEDUP_CHECK(on_row(row));
  }
}

}  // namespace joinedup::linkage
