#include "messages/event.hpp"

#include <algorithm>
#include <array>

#include "base/nhs_number.hpp"
#include "base/text.hpp"

namespace joinedup::messages {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 9> triggers = {"A01", "A02", "A03", "A04", "A08", "A11", "A12", "A13", "A40"};

bool is_nhs_namespace(std::string_view authority, std::string_view kind) {
  const auto upper = lower_ascii(authority);
  return kind == "NH" || kind == "NHS" || kind == "NNGBR" || upper == "nhs" || upper == "nhsnumber" || upper == "nhs number" || upper == "2.16.840.1.113883.2.1.4.1";
}

void read_identifiers(const Message& message, const Segment* segment, std::size_t field, Event& event, std::vector<LocalId>& ids) {
  const auto count = std::min<std::size_t>(message.repetitions(segment, field), 50);
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = message.text(segment, field, {.repetition = i, .component = 1});
    const auto authority = message.text(segment, field, {.repetition = i, .component = 4}), kind = message.text(segment, field, {.repetition = i, .component = 5});
    const auto authority_oid = message.text(segment, field, {.repetition = i, .component = 4, .subcomponent = 2});
    if (value.empty() || value.size() > 100) continue;
    if (is_nhs_namespace(authority, kind) || is_nhs_namespace(authority_oid, {})) {
      const auto number = read_nhs_number(value);
      if (number.usable()) event.nhs_number = number.digits;
      else if (number.status != NhsNumberStatus::absent && number.status != NhsNumberStatus::sentinel) event.has_bad_nhs_number = true;
      continue;
    }
    // Account, visit, social security and driver's numbers are no numbers of a hospital's record.
    static constexpr std::array<std::string_view, 6> others = {"VN", "AN", "SS", "DL", "PPN", "BC"};
    if (std::find(others.begin(), others.end(), kind) != others.end()) continue;
    LocalId id{authority, value};
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
}

std::string gender(std::string_view code) {
  return code == "M" ? "male" : code == "F" ? "female" : code == "O" || code == "A" || code == "N" ? "other" : "unknown";
}

Json names(const Message& message, const Segment* pid) {
  Json out = Json::array();
  for (std::size_t i = 0; i < std::min<std::size_t>(message.repetitions(pid, 5), 10); ++i) {
    Json name = Json::object();
    const auto part = [&](std::size_t component) { return message.text(pid, 5, {.repetition = i, .component = component}); };
    const auto kind = part(7);
    name["use"] = i == 0 ? "official" : kind == "M" ? "maiden" : kind == "N" ? "nickname" : "usual";
    if (const auto family = part(1); !family.empty()) name["family"] = family;
    for (const std::size_t given : {2, 3})
      if (const auto text = part(given); !text.empty()) name["given"].push_back(text);
    if (const auto prefix = part(5); !prefix.empty()) name["prefix"].push_back(prefix);
    if (name.size() > 1) out.push_back(std::move(name));
  }
  return out;
}

Json addresses(const Message& message, const Segment* pid) {
  Json out = Json::array();
  for (std::size_t i = 0; i < std::min<std::size_t>(message.repetitions(pid, 11), 10); ++i) {
    Json address = Json::object();
    const auto part = [&](std::size_t component, std::size_t subcomponent) { return message.text(pid, 11, {.repetition = i, .component = component, .subcomponent = subcomponent}); };
    const auto kind = part(7, 1);
    address["use"] = kind == "C" || kind == "BA" ? "temp" : kind == "B" || kind == "O" ? "work" : "home";
    std::string street = part(1, 1);
    if (const auto more = part(1, 2); !more.empty()) street += (street.empty() ? "" : " ") + more;
    if (!street.empty()) address["line"].push_back(street);
    if (const auto second = part(2, 1); !second.empty()) address["line"].push_back(second);
    if (const auto city = part(3, 1); !city.empty()) address["city"] = city;
    if (const auto district = part(4, 1); !district.empty()) address["district"] = district;
    if (const auto postcode = part(5, 1); !postcode.empty()) address["postalCode"] = postcode;
    if (address.size() > 1) out.push_back(std::move(address));
  }
  return out;
}

void read_person(const Message& message, const Segment* pid, Event& event) {
  const auto set = [&](std::size_t field, const char* element, Json value) {
    if (message.is_cleared(pid, field)) event.said[element] = nullptr;
    else if (!value.empty()) event.said[element] = std::move(value);
  };
  set(5, "name", names(message, pid));
  set(11, "address", addresses(message, pid));
  if (const auto born = read_birth_date(message.text(pid, 7))) {
    event.birth_date = born;
    event.said["birthDate"] = *born;
  }
  if (const auto code = message.text(pid, 8); !code.empty()) event.said["gender"] = gender(code);
  // Home and business numbers come in two fields: what one of them does not send is not taken away by the other.
  for (const auto& [field, element, use] : {std::tuple{std::size_t{13}, "telecom home", "home"}, std::tuple{std::size_t{14}, "telecom work", "work"}}) {
    Json telecom = Json::array();
    for (std::size_t i = 0; i < std::min<std::size_t>(message.repetitions(pid, field), 10); ++i) {
      auto number = message.text(pid, field, {.repetition = i, .component = 1});
      const auto kind = message.text(pid, field, {.repetition = i, .component = 3});
      const auto mail = message.text(pid, field, {.repetition = i, .component = 4});
      if (number.empty()) number = message.text(pid, field, {.repetition = i, .component = 12});
      if (!number.empty()) telecom.push_back({{"system", "phone"}, {"value", number}, {"use", kind == "CP" ? "mobile" : use}});
      if (!mail.empty() && mail.find('@') != mail.npos) telecom.push_back({{"system", "email"}, {"value", mail}, {"use", use}});
    }
    set(field, element, std::move(telecom));
  }
  if (const auto died = read_moment(message.text(pid, 29))) event.said["deceased"] = died->text;
  else if (message.text(pid, 30) == "Y") event.said["deceased"] = true;
  else if (message.text(pid, 30) == "N" || message.is_cleared(pid, 30)) event.said["deceased"] = nullptr;
}

std::string place_text(const Message& message, const Segment* pv1) {
  std::string out;
  const auto add = [&](const char* before, const std::string& text) {
    if (text.empty()) return;
    if (!out.empty()) out += ", ";
    out += before + text;
  };
  add("", message.text(pv1, 3, {.component = 1}));
  add("room ", message.text(pv1, 3, {.component = 2}));
  add("bed ", message.text(pv1, 3, {.component = 3}));
  add("", message.text(pv1, 3, {.component = 4}));
  if (out.empty()) add("", message.text(pv1, 3, {.component = 9}));
  return out.substr(0, 300);
}

void read_visit(const Message& message, Event& event) {
  const auto* pv1 = message.find("PV1");
  if (pv1 == nullptr) return;
  Visit visit;
  visit.patient_class = message.text(pv1, 2).substr(0, 20);
  visit.location = place_text(message, pv1);
  visit.admitted = read_moment(message.text(pv1, 44));
  visit.discharged = read_moment(message.text(pv1, 45));
  LocalId number{message.text(pv1, 19, {.component = 4}), message.text(pv1, 19)};
  if (number.value.empty()) {
    const auto* pid = message.find("PID");
    number = {message.text(pid, 18, {.component = 4}), message.text(pid, 18)};
  }
  if (number.value.size() > 100) number.value.clear();
  if (!number.value.empty()) {
    visit.number = number.value;
    visit.key = "visit\x1F" + key_text(event.origin, number);
  } else if (visit.admitted && !event.ids.empty()) {
    visit.key = "visit of\x1F" + event.person_key() + "\x1F" + visit.admitted->text;
  }
  event.visit = std::move(visit);
}

}  // namespace

std::string key_text(std::string_view origin, const LocalId& id) { return std::string(origin) + "\x1F" + id.authority + "\x1F" + id.value; }
std::string Event::person_key() const { return ids.empty() ? std::string() : key_text(origin, ids.front()); }

bool is_applied(const Message& message) {
  return message.type() == "ADT" && std::find(triggers.begin(), triggers.end(), message.trigger()) != triggers.end();
}

std::string origin_of(const Message& message, const std::string& partner) {
  if (!partner.empty()) return partner;
  const auto facility = message.facility();
  return facility.empty() ? message.application() : facility;
}

Result<Event> read_event(const Message& message, const EventSource& source) {
  Event event;
  event.sequence = source.sequence;
  event.trigger = message.trigger();
  event.control_id = message.control_id();
  event.application = message.application();
  event.facility = message.facility();
  event.origin = origin_of(message, source.partner);
  auto when = read_moment(message.text(message.find("EVN"), 2));
  if (!when) when = read_moment(message.text(message.find("MSH"), 7));
  if (when) event.instant = when->instant, event.when = when->text;
  else event.instant = source.received;
  const auto* pid = message.find("PID");
  if (pid == nullptr) return fail(ErrorCode::invalid_input, "The message has no PID segment: it does not say whom it is about.");
  read_identifiers(message, pid, 3, event, event.ids);
  if (event.ids.empty()) read_identifiers(message, pid, 2, event, event.ids);
  // Some put the NHS number into PID-19, which HL7 gave to national numbers.
  if (!event.nhs_number && !event.has_bad_nhs_number)
    if (const auto number = read_nhs_number(message.text(pid, 19)); number.usable() && is_nhs_namespace(message.text(pid, 19, {.component = 4}), message.text(pid, 19, {.component = 5}))) event.nhs_number = number.digits;
  if (event.ids.empty() && !event.nhs_number) return fail(ErrorCode::invalid_input, "PID-3 holds no number by which the person could be known.");
  read_person(message, pid, event);
  read_visit(message, event);
  if (event.trigger == "A40") {
    Event unused;
    read_identifiers(message, message.find("MRG"), 1, unused, event.merged_ids);
  }
  return event;
}

}  // namespace joinedup::messages
