// What a message says, in the field's own words: who, which visit, what happened when. Inside this room only.
//
//   JOINEDUP_TRY(const Event event, read_event(message, {.origin = "RXX"}));
//   event.trigger == "A01";  event.nhs_number;  event.visit->key;  event.person_key();
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "messages/hl7.hpp"

namespace joinedup::messages {

struct LocalId {
  std::string authority, value;
  auto operator<=>(const LocalId&) const = default;
};

struct Visit {
  std::string key;          // origin, authority and number in one
  std::string number;       // as the sender shows it; empty where the visit is known by its person and its beginning
  std::string patient_class;  // PV1-2
  std::string location;     // "Ward 4, room 2, bed B, General Hospital"
  std::optional<Moment> admitted, discharged;
};

struct Event {
  std::int64_t sequence = 0;   // in which it came: the later of two at one moment
  std::string trigger, control_id, application, facility;
  std::string origin;          // whose numbers these are: the partner's code, else the facility that the message names
  std::int64_t instant = 0;    // when it was recorded: EVN-2, else MSH-7, else when it came
  std::string when;            // the same as FHIR writes it
  std::optional<std::uint64_t> nhs_number;  // only one that passes its check
  bool has_bad_nhs_number = false;
  std::vector<LocalId> ids, merged_ids;     // the sender's own numbers of the person; of whom the person is merged with (MRG-1)
  std::optional<std::string> birth_date;
  std::map<std::string, nlohmann::json> said;  // elements of Patient that were sent; null: there is none any more
  std::optional<Visit> visit;
  std::string person_key() const;               // by the first of the sender's own numbers; empty where there is none
};

struct EventSource {
  std::string partner;          // whom the sender proved to be; empty where it only says so
  std::int64_t received = 0;    // microseconds UTC
  std::int64_t sequence = 0;
};

bool is_applied(const Message& message);   // ADT and one of the nine triggers
std::string origin_of(const Message& message, const std::string& partner);
// Errors: a segment is missing without which nobody can say whom the message is about.
Result<Event> read_event(const Message& message, const EventSource& source);
std::string key_text(std::string_view origin, const LocalId& id);

}  // namespace joinedup::messages
