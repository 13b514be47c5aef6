#include "messages/hl7.hpp"

#include <algorithm>

#include "base/hash.hpp"

namespace joinedup::messages {
namespace {

bool is_name_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Three capitals or digits and a separator, or nothing after them.
bool looks_like_segment(std::string_view line, char separator) {
  if (line.size() < 3 || !(line[0] >= 'A' && line[0] <= 'Z') || !is_name_letter(line[1]) || !is_name_letter(line[2])) return false;
  return line.size() == 3 || line[3] == separator;
}

int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

}  // namespace

const Segment* Message::find(std::string_view name, std::size_t nth) const {
  for (const auto& segment : segments_)
    if (segment.name == name && nth-- == 0) return &segment;
  return nullptr;
}

std::string_view Message::raw(const Segment* segment, std::size_t field) const {
  if (segment == nullptr || field == 0 || field > segment->fields.size()) return {};
  return segment->fields[field - 1];
}

std::string_view Message::part(std::string_view text, char separator, std::size_t nth) const {
  for (;;) {
    const auto end = text.find(separator);
    if (nth == 0) return text.substr(0, end);
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
    --nth;
  }
}

std::size_t Message::repetitions(const Segment* segment, std::size_t field) const {
  const auto text = raw(segment, field);
  return text.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), repetition_));
}

std::string Message::text(const Segment* segment, std::size_t field, At at) const {
  const auto repetition = part(raw(segment, field), repetition_, at.repetition);
  const auto component = part(repetition, component_, at.component - 1);
  auto value = part(component, subcomponent_, at.subcomponent - 1);
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  if (value == "\"\"") return {};
  return unescape(value);
}

std::string Message::unescape(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto end = text[i] == escape_ ? text.find(escape_, i + 1) : text.npos;
    if (end == text.npos) {
      // What no text of a record may hold: control characters.
      if (static_cast<unsigned char>(text[i]) >= 0x20 && text[i] != 0x7F) out += text[i];
      continue;
    }
    const auto code = text.substr(i + 1, end - i - 1);
    if (code == "F") out += field_;
    else if (code == "S") out += component_;
    else if (code == "T") out += subcomponent_;
    else if (code == "R") out += repetition_;
    else if (code == "E") out += escape_;
    else if (code == ".br") out += ' ';
    else if (code.size() >= 3 && code[0] == 'X' && code.size() % 2 == 1) {
      std::string bytes;
      for (std::size_t k = 1; k + 1 < code.size(); k += 2) {
        const int high = hex(code[k]), low = hex(code[k + 1]);
        if (high < 0 || low < 0) break;
        const int value = high * 16 + low;
        if (value >= 0x20 && value != 0x7F) bytes += static_cast<char>(value);
      }
      out += to_utf8(bytes, {});
    } else if (code.size() > 40 || (code.find(' ') != code.npos && code[0] != '.')) {  // a lone escape character in running text
      out += text[i];
      continue;
    }
    i = end;
  }
  return out;
}

std::string Message::type() const { return text(find("MSH"), 9); }
std::string Message::trigger() const {
  const auto named = text(find("MSH"), 9, {.component = 2});
  return named.empty() ? text(find("EVN"), 1) : named;
}
std::string Message::control_id() const { return text(find("MSH"), 10); }
std::string Message::version() const { return text(find("MSH"), 12); }
std::string Message::application() const { return text(find("MSH"), 3); }
std::string Message::facility() const { return text(find("MSH"), 4); }
std::string Message::sender() const { return application() + "|" + facility(); }

std::string Message::digest() const {
  Sha256 sum;
  const auto* header = find("MSH");
  for (const std::size_t field : {3, 4, 9, 10}) {
    sum.update(raw(header, field));
    sum.update("\r");
  }
  for (std::size_t i = 1; i < segments_.size(); ++i) {
    sum.update(segments_[i].name);
    for (const auto field : segments_[i].fields) {
      sum.update("|");
      sum.update(field);
    }
    sum.update("\r");
  }
  return sum.finish_hex();
}

Result<Message> parse(std::string_view bytes) {
  const auto unreadable = [](std::string sentence) { return fail(ErrorCode::invalid_input, std::move(sentence)); };
  if (bytes.size() > most_message_bytes) return fail(ErrorCode::too_large, "The message is longer than 1 MiB.");
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  while (!bytes.empty() && (bytes.front() == '\r' || bytes.front() == '\n' || is_blank(bytes.front()))) bytes.remove_prefix(1);
  if (bytes.size() < 9 || !bytes.starts_with("MSH")) return unreadable("The message does not begin with an MSH segment.");
  if (bytes.find('\0') != bytes.npos) return unreadable("The message holds a zero byte.");

  Message out;
  out.field_ = bytes[3];
  if (is_name_letter(out.field_) || static_cast<unsigned char>(out.field_) <= ' ' || static_cast<unsigned char>(out.field_) > 0x7E)
    return unreadable("The field separator after MSH cannot be one.");
  const auto line_end = bytes.find_first_of("\r\n");
  const auto first = bytes.substr(0, line_end);
  const auto marks = first.substr(4, first.find(out.field_, 4) - 4);
  if (first.find(out.field_, 4) == first.npos || marks.empty() || marks.size() > 5) return unreadable("MSH-2 does not name the separators.");
  // Some senders write the escape character twice, as in a programming language: ^~\\&
  std::string named(marks);
  if (named.size() == 5 && named[2] == named[3]) named.erase(3, 1);
  static constexpr std::string_view usual = "^~\\&";
  if (named.size() < 4) named += usual.substr(named.size());
  named.resize(4);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t k = i + 1; k < 4; ++k)
      if (named[i] == named[k]) return unreadable("MSH-2 names one separator twice.");
  if (named.find(out.field_) != named.npos) return unreadable("MSH-2 names the field separator again.");
  out.component_ = named[0], out.repetition_ = named[1], out.escape_ = named[2], out.subcomponent_ = named[3];

  std::string_view set = first;  // MSH-18 is its 17th field after the name
  for (int i = 0; i < 17 && !set.empty(); ++i) {
    const auto end = set.find(out.field_);
    set = end == set.npos ? std::string_view() : set.substr(end + 1);
  }
  set = set.substr(0, set.find(out.field_));
  out.text_ = std::make_shared<const std::string>(to_utf8(bytes, set.substr(0, set.find(out.repetition_))));
  std::string_view left = *out.text_;
  std::size_t begin = 0;
  while (begin < left.size()) {
    // A line that is no segment goes on with the text of the one before: senders leave line ends within a text.
    auto end = begin;
    for (;;) {
      end = left.find_first_of("\r\n", end);
      if (end == left.npos) break;
      const auto next = left.find_first_not_of("\r\n", end);
      if (next == left.npos || looks_like_segment(left.substr(next, 4), out.field_) || looks_like_segment(left.substr(next, left.find_first_of("\r\n", next) - next), out.field_)) break;
      end = next;
    }
    const auto line = left.substr(begin, end == left.npos ? left.npos : end - begin);
    begin = end == left.npos ? left.size() : std::min(left.size(), left.find_first_not_of("\r\n", end));
    if (line.empty()) continue;
    if (out.segments_.size() == most_segments) return fail(ErrorCode::too_large, "The message has more than 5,000 segments.");
    Segment segment;
    segment.name = line.substr(0, 3);
    auto rest = line.substr(std::min<std::size_t>(line.size(), 4));
    if (segment.name == "MSH") segment.fields.push_back(line.substr(3, 1));
    if (line.size() > 3) {
      for (;;) {
        const auto bar = rest.find(out.field_);
        segment.fields.push_back(rest.substr(0, bar));
        if (bar == rest.npos) break;
        rest.remove_prefix(bar + 1);
      }
    }
    out.segments_.push_back(std::move(segment));
  }
  const auto* header = out.find("MSH");
  if (header == nullptr) return unreadable("The message does not begin with an MSH segment.");
  if (out.find("MSH", 1) != nullptr) return unreadable("The message holds a second MSH segment: two messages were sent as one.");
  if (out.raw(header, 9).empty()) return unreadable("MSH-9 does not say what kind of message this is.");
  if (out.control_id().empty()) return unreadable("MSH-10, the message's own id, is empty.");
  return out;
}

std::vector<std::string_view> split_messages(std::string_view file) {
  std::vector<std::string_view> out;
  const auto trimmed = [](std::string_view text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == frame_end || text.back() == frame_begin)) text.remove_suffix(1);
    return text;
  };
  static constexpr std::string_view ends("\r\n\x0B\x1C", 4);
  if (file.starts_with("\xEF\xBB\xBF")) file.remove_prefix(3);
  const auto is_batch_line = [](std::string_view line) { return line.starts_with("FHS") || line.starts_with("BHS") || line.starts_with("BTS") || line.starts_with("FTS"); };
  std::size_t begin = std::string_view::npos, at = 0;
  while (at < file.size()) {
    const auto line = file.substr(at, file.find_first_of(ends, at) - at);
    const bool begins = line.starts_with("MSH"), ends_here = begins || is_batch_line(line);
    if (ends_here && begin != file.npos) {
      out.push_back(trimmed(file.substr(begin, at - begin)));
      begin = file.npos;
    }
    // What stands before any MSH is no message, but it is kept as one that cannot be read.
    if (begins || (begin == file.npos && !line.empty() && !ends_here && line.find_first_not_of(" \t") != line.npos)) begin = at;
    const auto end = file.find_first_of(ends, at);
    at = end == file.npos ? file.size() : end + 1;
  }
  if (begin != file.npos) out.push_back(trimmed(file.substr(begin)));
  return out;
}

}  // namespace joinedup::messages
