// Who may see what of the log: the search of AuditEvent, and the person's own view.
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "audit/audit.hpp"
#include "audit/heads.hpp"
#include "base/date.hpp"
#include "base/text.hpp"

namespace joinedup::audit {
namespace {

constexpr std::int64_t second = 1'000'000, day = 86'400 * second;
constexpr std::size_t most_on_a_page = 1'000;

std::optional<std::string> plain_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') out += ' ';
    else if (text[i] == '%') {
      unsigned value = 0;
      if (i + 2 >= text.size() || std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr != text.data() + i + 3) return {};
      out += static_cast<char>(value);
      i += 2;
    } else out += text[i];
  }
  return out;
}

// The stretch of time that a date of FHIR's names: a year, a month, a day, an instant in UTC or with its offset.
struct Span {
  std::int64_t from = 0, until = 0;
};
std::optional<Span> span_of(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t size) -> std::optional<int> {
    int value = 0;
    if (at + size > text.size()) return {};
    const auto read = std::from_chars(text.data() + at, text.data() + at + size, value);
    return read.ec == std::errc() && read.ptr == text.data() + at + size && value >= 0 ? std::optional(value) : std::nullopt;
  };
  const auto year = number(0, 4);
  if (!year || *year < 1970 || *year > 9998) return {};
  if (text.size() == 4) return Span{Date::from_civil(*year, 1, 1).days * day, Date::from_civil(*year + 1, 1, 1).days * day};
  const auto month = number(5, 2);
  if (!month || *month < 1 || *month > 12 || text[4] != '-') return {};
  const Date first = Date::from_civil(*year, *month, 1);
  if (text.size() == 7) return Span{first.days * day, first.add_months(1).days * day};
  const auto date = parse_iso_date(text.substr(0, std::min<std::size_t>(10, text.size())));
  if (!date) return {};
  if (text.size() == 10) return Span{date->days * day, (date->days + 1) * day};
  const auto hour = number(11, 2), minute = number(14, 2);
  if (text[10] != 'T' || !hour || !minute || *hour > 23 || *minute > 59 || text[13] != ':') return {};
  std::int64_t at = date->days * day + (*hour * 60 + *minute) * 60 * second, width = 60 * second;
  std::size_t end = 16;
  if (end < text.size() && text[end] == ':') {
    const auto seconds = number(17, 2);
    if (!seconds || *seconds > 60) return {};
    at += *seconds * second;
    width = second;
    end = 19;
    if (end < text.size() && text[end] == '.') {
      for (++end; end < text.size() && text[end] >= '0' && text[end] <= '9'; ++end)
        if (width > 1) at += (text[end] - '0') * (width /= 10);
    }
  }
  const auto zone = text.substr(end);
  if (zone == "Z") return Span{at, at + width};
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return {};
  const auto hours = number(end + 1, 2), minutes = number(end + 4, 2);
  if (!hours || !minutes) return {};
  const std::int64_t shift = (*hours * 60 + *minutes) * 60 * second * (zone[0] == '+' ? -1 : 1);
  return Span{at + shift, at + shift + width};
}

tl::unexpected<Error> wrong(const std::string& sentence) { return fail(ErrorCode::wrong_usage, sentence, "AuditEvent"); }

std::string_view after_slash(std::string_view text, std::string_view type) {
  return text.starts_with(type) && text.size() > type.size() && text[type.size()] == '/' ? text.substr(type.size() + 1) : text;
}

Result<void> narrow_date(std::string_view value, Reader::Query& query) {
  const auto prefix = value.size() > 2 && value[0] >= 'a' && value[0] <= 'z' ? value.substr(0, 2) : std::string_view("eq");
  const auto span = span_of(value.substr(value.size() > 2 && value[0] >= 'a' && value[0] <= 'z' ? 2 : 0));
  if (!span) return wrong("A date is a year, a month, a day or an instant with its zone.");
  const auto from = [&](std::int64_t at) { query.from = std::max(query.from, std::max<std::int64_t>(at, 1)); };
  const auto until = [&](std::int64_t at) { query.until = query.until == 0 ? std::max<std::int64_t>(at, 1) : std::min(query.until, std::max<std::int64_t>(at, 1)); };
  if (prefix == "eq") from(span->from), until(span->until);
  else if (prefix == "ge") from(span->from);
  else if (prefix == "gt" || prefix == "sa") from(span->until);
  else if (prefix == "le") until(span->until);
  else if (prefix == "lt" || prefix == "eb") until(span->from);
  else return wrong("Dates are compared by eq, ge, gt, le, lt, sa and eb.");
  return {};
}

struct Asked {
  Reader::Query query;
  std::string id, next;  // next: the parameters again, without _before
};

Result<Asked> read_query(std::string_view text) {
  Asked asked;
  for (const auto part : split(text, '&')) {
    if (part.empty()) continue;
    const auto sign = part.find('=');
    const auto name = part.substr(0, sign);
    const auto value = sign == std::string_view::npos ? std::optional<std::string>() : plain_text(part.substr(sign + 1));
    if (!value || value->empty()) return wrong("A parameter has no value.");
    if (name != "_before") asked.next += (asked.next.empty() ? "" : "&") + std::string(part);
    if (name == "patient" || name == "patient._id") asked.query.patient = after_slash(*value, "Patient");
    else if (name == "agent" || name == "altid") asked.query.user = *value;
    else if (name == "date") { JOINEDUP_CHECK(narrow_date(*value, asked.query)); }
    else if (name == "subtype") asked.query.kind = *value == "delete" ? "delete" : *value;
    else if (name == "outcome") asked.query.outcome = *value == "0" ? "allowed" : *value == "8" ? "denied" : *value == "4" ? "failed" : "?";
    else if (name == "_id") asked.id = *value;
    else if (name == "_before") asked.query.before = *value;
    else if (name == "_count") {
      std::size_t count = 0;
      const auto read = std::from_chars(value->data(), value->data() + value->size(), count);
      if (read.ec != std::errc() || read.ptr != value->data() + value->size() || count == 0) return wrong("_count is a number above 0.");
      asked.query.count = std::min(count, most_on_a_page);
    } else if (name != "_format" && name != "_pretty") return wrong("The log is searched by patient, agent, date, subtype, outcome, _id and _count.");
  }
  return asked;
}

// What this viewer sees of an event: nothing where it is not theirs, or is withheld.
std::vector<std::string> seen(Kept& kept, const Viewer& viewer) {
  if (viewer.shows && !viewer.shows(kept)) return {};
  if (!viewer.guardian_secret.empty() && viewer.patient.empty()) (void)unseal_event(kept.event, viewer.guardian_secret);
  if (!viewer.patient.empty()) {
    kept.event.session.clear();
    kept.event.address.clear();
    kept.event.request.clear();
  }
  return audit_events_json(kept, viewer.patient);
}

std::string bundle(const std::vector<std::string>& entries, const Viewer& viewer, const std::string& self, const std::string& next) {
  std::string out = R"({"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":")" + viewer.base_url + "/AuditEvent" + (self.empty() ? "" : "?" + self) + "\"}";
  if (!next.empty()) out += R"(,{"relation":"next","url":")" + viewer.base_url + "/AuditEvent?" + next + "\"}";
  out += "]";
  for (std::size_t i = 0; i < entries.size(); ++i) out += (i == 0 ? ",\"entry\":[" : ",") + std::string("{\"resource\":") + entries[i] + ",\"search\":{\"mode\":\"match\"}}";
  return out + (entries.empty() ? "}" : "]}");
}

// What goes into an address of ours: as it came, but for what JSON or an address could not hold.
std::string safe(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>') out += c;
    else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
      out += escaped;
    }
  }
  return out;
}

}  // namespace

Result<std::string> search_audit_events(Reader& reader, std::string_view query, const Viewer& viewer) {
  JOINEDUP_TRY(auto asked, read_query(query));
  if (!viewer.patient.empty()) {
    if (!asked.query.patient.empty() && asked.query.patient != viewer.patient) return bundle({}, viewer, safe(query), {});
    asked.query.patient = viewer.patient;
    // A page goes on from what the person was shown, and from nothing else: another's event would tell when it was.
    if (!asked.query.before.empty()) { JOINEDUP_TRY(const auto last, read_audit_event(reader, asked.query.before, viewer)); }
  }
  if (!asked.id.empty()) {
    const auto one = read_audit_event(reader, asked.id, viewer);
    if (!one && one.error().code != ErrorCode::not_found) return one;
    return bundle(one ? std::vector{*one} : std::vector<std::string>(), viewer, safe(query), {});
  }
  const auto count = asked.query.count;
  asked.query.count = count + 1;
  asked.query.shows = viewer.shows;
  JOINEDUP_TRY(auto found, reader.find(asked.query));
  const bool has_more = found.size() > count;
  if (has_more) found.resize(count);
  std::string next;
  if (has_more) next = safe(asked.next) + (asked.next.empty() ? "" : "&") + "_before=" + event_id(found.back());
  std::vector<std::string> entries;
  for (auto& kept : found) {
    const auto patient = asked.query.patient;
    auto about = viewer;
    about.shows = {};
    for (auto& one : viewer.patient.empty() && !patient.empty() ? (seen(kept, about), audit_events_json(kept, patient)) : seen(kept, about)) entries.push_back(std::move(one));
  }
  return bundle(entries, viewer, safe(query), next);
}

Result<std::string> read_audit_event(Reader& reader, std::string_view id, const Viewer& viewer) {
  const auto none = fail(ErrorCode::not_found, "There is no such event.");
  // "serve-17.3" is the third patient's; a dot before the dash is the writer's own.
  const auto dash = id.rfind('-');
  const auto dot = dash == std::string_view::npos ? dash : id.find('.', dash);
  auto kept = reader.read(id.substr(0, dot));
  if (!kept) return kept.error().code == ErrorCode::not_found ? Result<std::string>(none) : Result<std::string>(tl::unexpected(kept.error()));
  for (const auto& one : seen(*kept, viewer))
    if (one.find("\"id\":\"" + std::string(id) + "\"") != std::string::npos) return one;
  return none;
}

Result<Looks> own_view(Reader& reader, std::string_view patient, std::int64_t until, std::size_t count, const std::function<bool(const Kept&)>& is_withheld) {
  Reader::Query query{.patient = std::string(patient), .outcome = "allowed", .until = until, .count = count + 1};
  query.shows = [&](const Kept& kept) { return !is_withheld || !is_withheld(kept); };
  JOINEDUP_TRY(auto found, reader.find(query));
  Looks out;
  if (found.size() > count) {
    found.resize(count);
    out.next = found.empty() ? 0 : found.back().event.instant;
  }
  for (const auto& kept : found) {
    const auto& event = kept.event;
    Look look{instant_text(event.instant), event.kind, event.practitioner, event.organisation, event.purpose, event.roles, {}, event.kind == "emergency" || event.rule.find("emergency") != std::string::npos};
    if (event.patients.size() == 1)
      for (const auto& resource : event.resources) look.types.push_back(resource.substr(0, resource.find('/')));
    std::sort(look.types.begin(), look.types.end());
    look.types.erase(std::unique(look.types.begin(), look.types.end()), look.types.end());
    out.looks.push_back(std::move(look));
  }
  return out;
}

}  // namespace joinedup::audit
