#include "casework/events.hpp"

#include <algorithm>

namespace joinedup::casework {

namespace {

constexpr const char* kept_url = "urn:joinedup:while-on-caseload";

std::string month_of(Date day) { return day.to_iso().substr(0, 7); }
std::optional<Date> day_of(const std::string& text) { return parse_iso_date(text.substr(0, 10)); }

struct Field {
  const char* name;
  int MonthEvents::* where;
};
constexpr Field fields[] = {{"contacts", &MonthEvents::contacts}, {"admissions", &MonthEvents::admissions}, {"bed-days", &MonthEvents::bed_days},
                            {"decisions", &MonthEvents::decisions}, {"carried-out", &MonthEvents::carried_out}};

}  // namespace

bool is_within(const std::vector<Stay>& stays, Date day) {
  return std::any_of(stays.begin(), stays.end(), [&](const Stay& one) { return one.from <= day && day < one.until; });
}

std::vector<Stay> stays_of(const Json& episode, Date today) {
  std::vector<Stay> out;
  if (const auto* history = node_at(episode, "statusHistory"))
    for (const auto& step : *history) {
      const auto status = text_at(step, "status");
      const auto from = day_of(text_at(step, "period/start"));
      if (!from || (status != "active" && status != "onhold")) continue;
      const auto until = day_of(text_at(step, "period/end"));
      out.push_back({*from, until ? *until : today + 1});
    }
  return out;
}

void count_encounter(const Json& encounter, const std::vector<Stay>& stays, Date since, Date today, Events& out) {
  const auto status = text_at(encounter, "status"), code = text_at(encounter, "class/code");
  const auto from = day_of(text_at(encounter, "period/start"));
  if (!from || status == "planned" || status == "cancelled" || status == "entered-in-error") return;
  if (code == "IMP" || code == "ACUTE" || code == "NONAC") {
    if (is_within(stays, *from) && *from >= since) ++out[month_of(*from)].admissions;
    auto until = day_of(text_at(encounter, "period/end"));
    if (!until) until = status == "finished" ? *from : today;
    for (auto night = std::max(*from, since); night < *until && night < today; night = night + 1)
      if (is_within(stays, night)) ++out[month_of(night)].bed_days;
  } else if (text_at(encounter, "meta/source").empty() && is_within(stays, *from) && *from >= since) {
    ++out[month_of(*from)].contacts;  // what came by a feed or a hospital's message is not the team's
  }
}

void count_decision(const Json& task, Date today, Events& out) {
  const auto due = day_of(due_of(task));
  const auto status = text_at(task, "status");
  if (!due || status == "entered-in-error") return;
  const bool done = status == "completed";
  if (*due > today && !done) return;
  // Cancelled before it was due, as when a case ends: nobody failed to carry it out.
  if (const auto changed = day_of(text_at(task, "lastModified")); status == "cancelled" && changed && *changed <= *due) return;
  auto& month = out[month_of(*due)];
  ++month.decisions;
  if (done) ++month.carried_out;
}

Json kept_events(const Events& events, int fifth) {
  std::vector<Json> parts;
  if (fifth > 0) parts.push_back(extension_of("fifth", "valueInteger", fifth));
  for (const auto& [name, month] : events) {
    std::vector<Json> numbers{extension_of("month", "valueString", name)};
    for (const auto& field : fields)
      if (month.*field.where != 0) numbers.push_back(extension_of(field.name, "valueInteger", month.*field.where));
    if (numbers.size() > 1) parts.push_back(nested_extension("in", std::move(numbers)));
  }
  // Nothing happened, and nothing is known of the area: that, too, is kept, so that the case is known to be counted.
  if (parts.empty()) parts.push_back(extension_of("nothing", "valueBoolean", true));
  return nested_extension(kept_url, std::move(parts));
}

bool read_kept_events(const Json& episode, Events& out, int& fifth) {
  const auto* kept = extension(episode, kept_url);
  if (kept == nullptr || !kept->contains("extension")) return false;
  const auto number = [](const Json& part) {
    const auto* value = node_at(part, "valueInteger");
    return value != nullptr && value->is_number_integer() ? value->get<int>() : 0;
  };
  for (const auto& part : (*kept)["extension"]) {
    if (text_at(part, "url") == "fifth") fifth = std::clamp(number(part), 0, 5);
    if (text_at(part, "url") != "in" || !part.contains("extension")) continue;
    std::string name;
    MonthEvents month;
    for (const auto& each : part["extension"]) {
      if (text_at(each, "url") == "month") name = text_at(each, "valueString");
      for (const auto& field : fields)
        if (text_at(each, "url") == field.name) month.*field.where = number(each);
    }
    auto& sum = out[name];
    for (const auto& field : fields) sum.*field.where += month.*field.where;
  }
  return true;
}

}  // namespace joinedup::casework
