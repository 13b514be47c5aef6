// An alert or a message that somebody opened: for the whole team, with who it was, so that nobody has to guess who knows of it.
#include "casework/changes.hpp"
#include "casework/handlers.hpp"

namespace joinedup::casework {

Result<rest::Response> open_message(Ask& ask) {
  JOINEDUP_TRY(const auto message, ask.target());
  if (!text_at(message.json, "received").empty()) return answer_json(200, message.json);  // who was first stays
  auto then = message.json;
  then["received"] = ask.now;
  set_extension(then, extension_of("urn:joinedup:opened-by", "valueReference", ask.by()));
  Changes changes(ask);
  changes.update(message, then);
  const auto patient = reference_at(message.json, "subject");
  if (!patient.empty()) changes.sign("opened", "Opened", {}, {message.reference()}, patient);
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, written.at(0));
}

}  // namespace joinedup::casework
