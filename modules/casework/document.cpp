// A plan as a document: one Bundle that another system keeps as it is, with everything that the plan names, in words for people too.
#include <algorithm>
#include <array>

#include "casework/handlers.hpp"

namespace joinedup::casework {

namespace {

constexpr const char* plan_system = "urn:joinedup:plan";

struct Heading {
  const char* code;
  const char* title;
};
// Source: PRSB Personalised Care and Support Plan information standard, version 2.0: its headings, in its order.
constexpr std::array<Heading, 11> about_headings = {{{"most-important", "What is most important to me"},
                                                      {"people-important", "People who are important to me"},
                                                      {"how-i-communicate", "How I communicate and how to communicate with me"},
                                                      {"my-wellness", "My wellness"},
                                                      {"please-do", "Please do"},
                                                      {"please-dont", "Please do not"},
                                                      {"how-and-when-to-support", "How and when to support me"},
                                                      {"also-worth-knowing", "Also worth knowing about me"},
                                                      {"strengths", "Strengths"},
                                                      {"funding", "Funding"},
                                                      {"additional-plans", "Additional support plans"}}};
constexpr std::array<Heading, 7> contingency_headings = {{{"triggers", "Triggers"},
                                                           {"what-should-happen", "What should happen"},
                                                           {"who-to-contact", "Who to contact"},
                                                           {"coping", "Coping strategies"},
                                                           {"early-warning", "Early warning signs"},
                                                           {"advance-statement", "Advance statement"},
                                                           {"anticipatory-medicines", "Anticipatory medicines and equipment"}}};

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (c == '\n') out += "<br/>";
    else if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out;
}

// The text of a plan's section; empty where the plan has none.
std::string section_text(const Json& plan, std::string_view code) {
  for (const auto& one : plan.value("extension", Json::array())) {
    if (one.value("url", "") != "urn:joinedup:plan-section") continue;
    std::string its_code, text;
    for (const auto& part : one.value("extension", Json::array())) {
      if (part.value("url", "") == "code") its_code = part.value("valueCode", "");
      if (part.value("url", "") == "text") text = part.value("valueString", "");
    }
    if (its_code == code) return text;
  }
  return {};
}

Json section(const std::string& title, const std::string& inner, const std::vector<std::string>& entries) {
  Json out{{"title", title}, {"text", {{"status", "generated"}, {"div", "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + inner + "</div>"}}}};
  for (const auto& entry : entries) out["entry"].push_back(reference_to(entry));
  return out;
}

template <std::size_t N>
std::string headed(const Json& plan, const std::array<Heading, N>& headings) {
  std::string out;
  for (const auto& heading : headings)
    if (const auto text = section_text(plan, heading.code); !text.empty()) out += "<h3>" + std::string(heading.title) + "</h3><p>" + html(text) + "</p>";
  return out;
}

std::string concept_text(const Json& resource, std::string_view element) {
  const auto path = std::string(element);
  if (auto text = text_at(resource, path + "/text"); !text.empty()) return text;
  return text_at(resource, path + "/coding/0/display");
}

struct Parts {
  Found patient, plan;
  std::vector<Found> needs, goals, actions, contingency;
};

// What the asker may not see is left out, as if it were not there.
Result<void> gather_named(Ask& ask, const Json& references, std::vector<Found>& out) {
  for (const auto& one : references) {
    auto found = ask.read(local(one.value("reference", "")));
    if (found) out.push_back(std::move(*found));
    else if (found.error().code == ErrorCode::not_found) ask.passed.reset();
    else return tl::unexpected(found.error());
  }
  return {};
}

Result<Parts> gather(Ask& ask) {
  JOINEDUP_TRY(auto plan, ask.target());
  if (!has_code(plan.json.value("category", Json::array()), plan_system, "care-and-support"))
    return fail(ErrorCode::invalid_input, "Only a care and support plan is given as a document.");
  const auto subject = reference_at(plan.json, "subject");
  JOINEDUP_TRY(auto patient, ask.read(subject));
  Parts parts{std::move(patient), std::move(plan), {}, {}, {}, {}};
  JOINEDUP_CHECK(gather_named(ask, parts.plan.json.value("addresses", Json::array()), parts.needs));
  JOINEDUP_CHECK(gather_named(ask, parts.plan.json.value("goal", Json::array()), parts.goals));
  JOINEDUP_TRY(parts.actions, ask.search("Task?based-on=" + percent_encoded(parts.plan.reference())));
  JOINEDUP_TRY(parts.contingency, ask.search("CarePlan?status=active&category=" + percent_encoded(std::string(plan_system) + "|contingency") + "&subject=" + percent_encoded(subject)));
  return parts;
}

std::string due_words(const Json& task) {
  const auto due = due_of(task);
  return due.empty() ? "no date set" : "by " + due;
}

Json goals_section(const Parts& parts) {
  std::string inner;
  std::vector<std::string> entries;
  const auto action_lines = [&](const std::string& goal) {
    std::string lines;
    for (const auto& action : parts.actions) {
      if (reference_at(action.json, "focus") != goal) continue;
      lines += "<li>" + html(text_at(action.json, "description")) + " (" + html(text_at(action.json, "status")) + ", " + html(due_words(action.json)) + ")</li>";
      entries.push_back(action.reference());
    }
    return lines.empty() ? std::string() : "<ul>" + lines + "</ul>";
  };
  for (const auto& goal : parts.goals) {
    inner += "<h3>" + html(concept_text(goal.json, "description")) + "</h3>";
    if (const auto* importance = extension(goal.json, "urn:joinedup:importance")) inner += "<p>Importance to me: " + std::to_string(importance->value("valueInteger", 0)) + " of 10</p>";
    entries.push_back(goal.reference());
    inner += action_lines(goal.reference());
  }
  if (const auto others = action_lines(""); !others.empty()) inner += "<h3>Other actions</h3>" + others;
  return section("Goals and actions", inner.empty() ? "<p>No goals are written down.</p>" : inner, entries);
}

Json needs_section(const Parts& parts) {
  std::string inner;
  std::vector<std::string> entries;
  for (const auto& need : parts.needs) {
    inner += "<li>" + html(concept_text(need.json, "code")) + "</li>";
    entries.push_back(need.reference());
  }
  return section("Needs, concerns or problems", inner.empty() ? "<p>None are written down.</p>" : "<ul>" + inner + "</ul>", entries);
}

Json agreement_section(const Parts& parts) {
  std::string inner;
  if (const auto* agreed = extension(parts.plan.json, "urn:joinedup:agreed")) {
    std::string with, on;
    for (const auto& part : agreed->value("extension", Json::array())) {
      if (part.value("url", "") == "with") with = part.value("valueCode", "");
      if (part.value("url", "") == "on") on = part.value("valueDate", "");
    }
    inner += "<p>Agreed with the " + html(with) + " on " + html(on) + ".</p>";
  } else {
    inner += "<p>Not yet agreed with the person.</p>";
  }
  if (const auto* review = extension(parts.plan.json, "urn:joinedup:review"))
    for (const auto& part : review->value("extension", Json::array()))
      if (part.value("url", "") == "date") inner += "<p>To be reviewed by " + html(part.value("valueDate", "")) + ".</p>";
  return section("Agreement and review", inner, {});
}

Json composition(const Ask& ask, const Parts& parts) {
  Json out{{"resourceType", "Composition"}, {"id", text_at(parts.plan.json, "id") + "-" + std::to_string(parts.plan.version)}, {"status", "final"}};
  out["identifier"] = {{"system", "urn:joinedup:plan-document"}, {"value", parts.plan.reference() + "/_history/" + std::to_string(parts.plan.version)}};
  out["type"] = {{"coding", Json::array({{{"system", "http://loinc.org"}, {"code", "18776-5"}, {"display", "Plan of care note"}}})}, {"text", "Personalised care and support plan"}};
  out["subject"] = reference_to(parts.patient.reference());
  out["date"] = ask.now;
  out["author"] = Json::array({ask.signs() ? ask.by() : Json{{"display", "Joinedup"}}});
  out["title"] = "Personalised care and support plan";
  auto& sections = out["section"];
  const auto about = headed(parts.plan.json, about_headings);
  sections.push_back(section("About me", about.empty() ? "<p>Nothing is written down.</p>" : about, {parts.plan.reference()}));
  sections.push_back(needs_section(parts));
  sections.push_back(goals_section(parts));
  for (const auto& plan : parts.contingency) sections.push_back(section("If things get worse", headed(plan.json, contingency_headings), {plan.reference()}));
  sections.push_back(agreement_section(parts));
  return out;
}

}  // namespace

Result<rest::Response> plan_document(Ask& ask) {
  JOINEDUP_TRY(const auto parts, gather(ask));
  const auto name = parts.plan.reference() + "/_history/" + std::to_string(parts.plan.version);
  Json bundle{{"resourceType", "Bundle"}, {"identifier", {{"system", "urn:joinedup:plan-document"}, {"value", name + " at " + ask.now}}}, {"type", "document"}, {"timestamp", ask.now}};
  bundle["entry"].push_back({{"fullUrl", ask.call.base_url + "/Composition/" + text_at(parts.plan.json, "id") + "-" + std::to_string(parts.plan.version)}, {"resource", composition(ask, parts)}});
  const auto add = [&](const Found& one) { bundle["entry"].push_back({{"fullUrl", ask.call.base_url + "/" + one.reference()}, {"resource", one.json}}); };
  add(parts.patient), add(parts.plan);
  for (const auto* list : {&parts.needs, &parts.goals, &parts.actions, &parts.contingency})
    for (const auto& one : *list) add(one);
  return answer_json(200, bundle);
}

}  // namespace joinedup::casework
