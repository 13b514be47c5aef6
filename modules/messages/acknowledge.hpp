// What is said to a sender: AA, AR or AE, in the sender's own terms. Inside this room only.
#pragma once
#include <string>
#include <string_view>

#include "messages/hl7.hpp"

namespace joinedup::messages {

struct Answer {
  std::string code;      // AA, AR, AE
  std::string reason;    // a sentence; empty for AA. It names no person.
  std::string our_id;    // of the message as kept
  std::string when;      // YYYYMMDDHHMMSS+0000
};
std::string acknowledge(const Message* message, const Answer& answer);  // no message: it could not be read

}  // namespace joinedup::messages
