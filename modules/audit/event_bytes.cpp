#include "audit/event_bytes.hpp"

#include <array>

namespace joinedup::audit {
namespace {

using Text = std::string Event::*;
using List = std::vector<std::string> Event::*;
struct Field {
  Text text = nullptr;
  List list = nullptr;
};

// By number, from 1. A number is never used for anything else; new fields go to the end.
constexpr std::array<Field, 17> fields{{{&Event::kind},        {&Event::outcome},
                                        {&Event::user},        {&Event::session},
                                        {&Event::client},      {&Event::practitioner},
                                        {&Event::organisation}, {&Event::purpose},
                                        {nullptr, &Event::roles}, {&Event::address},
                                        {&Event::request},     {&Event::shape},
                                        {&Event::rule},        {&Event::sealed},
                                        {nullptr, &Event::resources}, {nullptr, &Event::patients},
                                        {&Event::note}}};

void put(std::string& out, std::size_t number, std::string_view value) {
  out += static_cast<char>(number);
  auto left = value.size();
  for (; left >= 0x80; left >>= 7) out += static_cast<char>(0x80 | (left & 0x7f));
  out += static_cast<char>(left);
  out += value;
}

tl::unexpected<Error> malformed() { return fail(ErrorCode::invalid_input, "An event of the audit log is not of this program's form."); }

}  // namespace

std::string event_bytes(const Event& event) {
  std::string out;
  out.reserve(192 + 56 * (event.resources.size() + event.patients.size()));
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].text != nullptr) {
      if (const auto& value = event.*fields[i].text; !value.empty()) put(out, i + 1, value);
    } else
      for (const auto& value : event.*fields[i].list)
        if (!value.empty()) put(out, i + 1, value);
  }
  return out;
}

Result<Event> read_event(std::string_view bytes, std::int64_t instant) {
  Event event;
  event.instant = instant;
  std::size_t last = 0;
  while (!bytes.empty()) {
    const auto number = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    if (number == 0 || number > fields.size() || number < last) return malformed();
    const auto& field = fields[number - 1];
    if (number == last && field.text != nullptr) return malformed();
    last = number;
    std::size_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (bytes.empty() || shift > 28) return malformed();
      const auto part = static_cast<unsigned char>(bytes[0]);
      bytes.remove_prefix(1);
      size |= static_cast<std::size_t>(part & 0x7f) << shift;
      if ((part & 0x80) != 0) continue;
      if (part == 0) return malformed();  // empty, or longer than it need be
      break;
    }
    if (size > bytes.size()) return malformed();
    if (field.text != nullptr) event.*field.text = bytes.substr(0, size);
    else (event.*field.list).emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return event;
}

}  // namespace joinedup::audit
