#include "messages/acknowledge.hpp"

#include "messages/messages.hpp"

namespace joinedup::messages {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 250)) {
    if (c == '|') out += "\\F\\";
    else if (c == '^') out += "\\S\\";
    else if (c == '~') out += "\\R\\";
    else if (c == '&') out += "\\T\\";
    else if (c == '\\') out += "\\E\\";
    else if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out;
}

}  // namespace

std::string acknowledge(const Message* message, const Answer& answer) {
  const auto field = [&](const std::string& text) { return escaped(text); };
  std::string version = message != nullptr ? message->version() : std::string();
  if (version.empty() || version.size() > 10) version = "2.4";
  std::string out = "MSH|^~\\&|JOINEDUP||";
  if (message != nullptr) out += field(message->application()) + "|" + field(message->facility());
  else out += "|";
  out += "|" + answer.when + "||ACK";
  if (message != nullptr && !message->trigger().empty()) out += "^" + field(message->trigger()) + (version >= "2.3.1" ? "^ACK" : "");
  out += "|J" + answer.our_id + "|P|" + field(version) + "\rMSA|" + answer.code + "|" + (message != nullptr ? field(message->control_id()) : std::string());
  if (answer.code != "AA") {
    out += "|" + field(answer.reason);
    const std::string coded = answer.code == "AR" ? "201^Unsupported event code^HL70357" : "207^Application internal error^HL70357";
    if (version >= "2.5") out += "\rERR|||" + coded + "|E||||" + field(answer.reason);
  }
  return out + "\r";
}

std::string acknowledgement_code(std::string_view text) {
  const auto at = text.find("\rMSA|");
  return at == text.npos ? std::string() : std::string(text.substr(at + 5, text.find_first_of("|\r", at + 5) - at - 5));
}

}  // namespace joinedup::messages
