// Any bytes: a message, a file of messages, times and characters. What parses is read whole, and its acknowledgement parses again.
#include <cstdlib>

#include "messages/acknowledge.hpp"
#include "messages/event.hpp"
#include "messages/fold.hpp"
#include "messages/messages.hpp"

using namespace joinedup::messages;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto& one : messages_of_file(bytes))
    if (one.size() > size) std::abort();
  const auto message = parse(bytes);
  const auto answer = acknowledge(message ? &*message : nullptr, {.code = message ? "AA" : "AE", .reason = "x", .our_id = "1", .when = "20260101000000+0000"});
  const auto again = parse(answer);
  if (!again || acknowledgement_code(answer) != (message ? "AA" : "AE")) std::abort();
  if (!message) return 0;
  for (const auto& segment : message->segments())
    for (std::size_t field = 1; field <= segment.fields.size() && field < 60; ++field)
      for (std::size_t i = 0; i < message->repetitions(&segment, field) && i < 3; ++i) static_cast<void>(message->text(&segment, field, {.repetition = i, .component = 2, .subcomponent = 2}));
  if (auto event = read_event(*message, {.partner = {}, .received = 1, .sequence = 1})) {
    event->trigger = is_applied(*message) ? event->trigger : "A01";
    const auto stay = fold_visit({*event, *event});
    static_cast<void>(encounter_body(stay, {.id = "e", .patient = "p", .origin = event->origin, .facility = event->facility, .organisation = {}}).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    static_cast<void>(patient_body({*event}, {.id = "p", .links = {}}).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  return 0;
}
