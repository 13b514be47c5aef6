// HL7 v2 as text: segments, fields, repetitions, components, escapes, and the frames of MLLP. Inside this room only.
//
//   JOINEDUP_TRY(const Message message, parse(bytes));
//   message.type() == "ADT";  message.trigger() == "A01";  message.control_id();
//   const Segment* pid = message.find("PID");
//   message.text(pid, 3, {.repetition = 0, .component = 1})      // unescaped, UTF-8; empty where absent
//
// Any bytes may come: what cannot be read is an error, never more memory than the message itself several times over.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::messages {

inline constexpr std::size_t most_message_bytes = 1024 * 1024;
inline constexpr std::size_t most_segments = 5'000;
inline constexpr char frame_begin = 0x0B, frame_end = 0x1C;

struct Segment {
  std::string_view name;
  std::vector<std::string_view> fields;  // [0] is field 1; for MSH that is the separator itself
};

struct At {
  std::size_t repetition = 0;  // from 0
  std::size_t component = 1, subcomponent = 1;  // from 1, as HL7 counts
};

class Message {
 public:
  const std::vector<Segment>& segments() const { return segments_; }
  const Segment* find(std::string_view name, std::size_t nth = 0) const;
  std::string_view raw(const Segment* segment, std::size_t field) const;  // still escaped
  std::size_t repetitions(const Segment* segment, std::size_t field) const;
  std::string text(const Segment* segment, std::size_t field, At at) const;
  std::string text(const Segment* segment, std::size_t field) const { return text(segment, field, At{}); }
  // True where the sender says that there is no such value any more (two quotation marks).
  bool is_cleared(const Segment* segment, std::size_t field) const { return raw(segment, field) == "\"\""; }

  std::string type() const;        // MSH-9.1
  std::string trigger() const;     // MSH-9.2, else EVN-1
  std::string control_id() const;  // MSH-10
  std::string version() const;     // MSH-12
  std::string application() const, facility() const;  // MSH-3.1, MSH-4.1
  std::string sender() const;      // "application|facility"
  // What a resent message has in common with the first, whatever time it was sent at: a hash in hex.
  std::string digest() const;

 private:
  friend Result<Message> parse(std::string_view bytes);
  std::string_view part(std::string_view text, char separator, std::size_t nth) const;
  std::string unescape(std::string_view text) const;
  std::shared_ptr<const std::string> text_;
  std::vector<Segment> segments_;
  char field_ = '|', component_ = '^', repetition_ = '~', escape_ = '\\', subcomponent_ = '&';
};

Result<Message> parse(std::string_view bytes);

// The messages of a file: frames of MLLP, a batch (FHS, BHS … are passed over), or one after another, each beginning with MSH.
std::vector<std::string_view> split_messages(std::string_view file);

// Bytes as UTF-8: by MSH-18 where it names a set that we know, else UTF-8 where it is that, else Windows-1252.
std::string to_utf8(std::string_view bytes, std::string_view character_set);

// A time as HL7 writes it, YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]; without an offset it is the civil time of London.
struct Moment {
  std::int64_t instant = 0;  // microseconds UTC, of its beginning
  std::string text;          // as FHIR writes it, to the precision that was sent: "2026-01-31", "2026-01-31T09:30:00+00:00"
};
std::optional<Moment> read_moment(std::string_view text);
std::optional<std::string> read_birth_date(std::string_view text);  // "1980-02-01", "1980-02" or "1980"

}  // namespace joinedup::messages
