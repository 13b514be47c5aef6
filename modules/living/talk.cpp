// What is said about and by people: messages, restricted notes, wishes about sharing, those who act for them, visits and what is arranged next.
#include "living/room.hpp"

namespace joinedup::living {
namespace {

struct Message {
  const char* kind;  // team, person, correction
  std::string from;
  std::vector<std::string> to;
  const char* text;
  int days_ago;
  bool is_read;
};

std::string say(Book& book, const Case& one, const Message& message, std::size_t nth, const std::string& answers = {}) {
  json out = {{"resourceType", "Communication"}, {"status", "completed"}, {"category", json::array({concept_of(message_system, message.kind)})}, {"subject", reference(one.patient)},
              {"sent", book.at(message.days_ago, 8 + static_cast<int>(nth % 9), 25)}, {"sender", reference(message.from)}, {"payload", json::array({{{"contentString", message.text}}})}};
  for (const auto& to : message.to) out["recipient"].push_back(reference(to));
  if (message.is_read) out["received"] = book.at(std::max(0, message.days_ago - 1), 17, 30);
  if (!answers.empty()) out["inResponseTo"] = json::array({reference(answers)});
  return book.add(std::move(out), "message|" + one.patient + std::to_string(nth));
}

void write_note(Book& book, const Case& one, const Worker& by) {
  book.add({{"resourceType", "Communication"}, {"meta", {{"security", json::array({coding("urn:joinedup:label", "safeguarding")})}}}, {"status", "completed"}, {"category", json::array({concept_of(message_system, "note")})},
            {"subject", reference(one.patient)}, {"sent", book.at(9, 16, 5)}, {"sender", reference(by.role)}, {"recipient", json::array({reference(one.team->care_team)})},
            {"payload", json::array({{{"contentString", "Money is missing after visits of a relative. The person does not want it talked about at home. Speak alone, in the day centre; next step agreed with the safeguarding lead."}}})}},
           "note|" + one.patient);
}

// The lead's own enquiry: what gives them the record of who it is about.
void write_enquiry(Book& book, const Case& one, const Worker& lead) {
  auto task = task_of({.code = "action", .status = "in-progress", .patient = one.patient, .owner = lead.role, .requester = one.team->of("social_worker")->role, .description = "Safeguarding enquiry: speak with the person alone and agree what they wish",
                       .due = (book.day() + 2).to_iso(), .authored = book.at(9, 16, 30), .priority = "urgent"});
  // Whoever may be the cause of it must not read that it is made.
  task["meta"]["security"] = json::array({coding("urn:joinedup:label", "safeguarding")});
  book.add(std::move(task), "enquiry|" + one.patient);
}

json consent_of(const Case& one, const Book& book) {
  return {{"resourceType", "Consent"}, {"status", "active"}, {"scope", concept_of("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")},
          {"category", json::array({concept_of("http://loinc.org", "59284-0")})}, {"patient", reference(one.patient)}, {"dateTime", book.ago(one.asked)},
          {"policyRule", concept_of("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTOUT")}};
}

}  // namespace

void write_talk(Book& book, const Case& one, const Directory& directory, const std::string& related) {
  const auto nurse = one.team->of("community_nurse")->role, social = one.team->of("social_worker")->role;
  const auto doctor = one.doctor != nullptr ? one.doctor->role : one.team->of("general_practitioner")->role;
  if (one.has_plan() && (one.is_shown_in_full || one.number % 4 == 0)) {
    const auto asked = say(book, one, {"team", nurse, {one.coordinator->role, doctor}, "Weight up two kilograms since Friday, ankles swollen. Could the tablets be looked at today?", 3, true}, 1);
    say(book, one, {"team", doctor, {one.coordinator->role, nurse}, "Thank you. Dose changed, bloods on Thursday, please weigh daily.", 2, one.number % 2 == 0}, 2, asked);
    say(book, one, {"team", one.coordinator->role, {one.team->care_team}, "Daughter away next week: sitter arranged, neighbour has the key.", 1, false}, 3);
  }
  if (one.is_the_demonstrations || (one.is_shown_in_full && one.number % 3 == 0 && one.has_plan())) {
    const auto asked = say(book, one, {"person", one.patient, {one.team->care_team}, "Can somebody come on Thursday instead of Wednesday? I have the eye clinic.", 2, true}, 4);
    say(book, one, {"person", one.coordinator->role, {one.patient}, "Yes. The nurse comes on Thursday at eleven.", 1, false}, 5, asked);
    say(book, one, {"correction", one.patient, {one.team->care_team}, "It says that I live with my brother. He moved out in the summer.", 4, false}, 6);
    say(book, one, {"team", social, {one.coordinator->role}, "Bath board fitted. The second rail is on order.", 5, true}, 7);
  }
  if (!related.empty()) say(book, one, {"person", related, {one.team->care_team}, "I can be there on Thursday too, if that helps.", 1, false}, 8);
  if (one.number % 4 == 0)
    book.add({{"resourceType", "AllergyIntolerance"}, {"clinicalStatus", concept_of("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active")}, {"verificationStatus", concept_of("http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "confirmed")},
              {"type", "allergy"}, {"category", json::array({"medication"})}, {"criticality", "high"}, {"code", {{"coding", json::array({coding("http://snomed.info/sct", "91936005", "Allergy to penicillin")})}, {"text", "Penicillin"}}}, {"patient", reference(one.patient)},
              {"recordedDate", book.ago(700)}, {"reaction", json::array({{{"manifestation", json::array({{{"text", "Rash"}}})}}})}}, "allergy|" + one.patient);
  const auto* lead = directory.anywhere("safeguarding_lead");
  if (one.is_shown_in_full && one.has_plan() && one.number % 5 == 2) {
    write_note(book, one, *one.team->of("social_worker"));
    if (lead != nullptr) write_enquiry(book, one, *lead);
  }
  // Some do not wish some of it shared.
  if (one.number % 9 == 4 && one.has_plan()) {
    auto consent = consent_of(one, book);
    const auto* housing = directory.service_of("housing");
    consent["provision"] = {{"type", "deny"}, {"purpose", json::array({coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "TREAT")})}};
    if (one.number % 2 == 0 || housing == nullptr || housing->organization.empty()) consent["provision"]["securityLabel"] = json::array({coding("urn:joinedup:label", "substance_use")});
    else consent["provision"]["actor"] = json::array({{{"role", concept_of("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")}, {"reference", reference(housing->organization)}}});
    book.add(std::move(consent), "consent|" + one.patient);
  }
  // And some have somebody who acts for them.
  if (!one.is_the_demonstrations && one.number % 7 == 3 && one.has_plan()) {
    const auto carer = book.add({{"resourceType", "RelatedPerson"}, {"active", true}, {"patient", reference(one.patient)}, {"relationship", json::array({concept_of("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "SONC", "Son")})}, {"name", json::array({{{"text", one.relative}}})}}, "carer|" + one.patient);
    auto consent = consent_of(one, book);
    consent["policyRule"] = concept_of("urn:joinedup:proxy-authority", one.stage == Stage::lacks_capacity ? "attorney" : "chosen");
    consent["provision"] = {{"type", "permit"}, {"actor", json::array({{{"role", concept_of("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "SONC")}, {"reference", reference(carer)}}})}};
    book.add(std::move(consent), "authority|" + one.patient);
  }
}

void write_contacts(Book& book, const Case& one, const Directory& directory) {
  auto draw = book.draw("contacts|" + one.patient);
  const Worker* who[] = {one.coordinator, one.team->of("community_nurse"), one.team->of("social_worker")};
  const int visits = one.is_shown_in_full ? 6 : 3, last = std::max(one.ended, one.stage == Stage::on_hold ? one.changed : 1);
  for (int i = 0; i < visits; ++i) {
    const auto* worker = who[static_cast<std::size_t>(i) % 3];
    const int day = last + (one.started - last) * i / visits, minutes = draw.between(2, 6) * 10, hour = draw.between(9, 15);
    const bool is_call = draw.chance(0.3);
    book.add({{"resourceType", "Encounter"}, {"status", "finished"}, {"class", coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", is_call ? "VR" : "HH", is_call ? "virtual" : "home health")}, {"type", json::array({{{"text", is_call ? "Telephone call" : "Home visit"}}})},
              {"subject", reference(one.patient)}, {"participant", json::array({{{"individual", reference(worker->role)}}})}, {"period", {{"start", book.at(day, hour, 0)}, {"end", book.at(day, hour + minutes / 60, minutes % 60)}}}},
             "contact|" + one.patient + std::to_string(i));
  }
  if (one.stage != Stage::active && one.stage != Stage::lacks_capacity) return;
  const auto arrange = [&](const char* what, const std::string& with, int ahead, int hour, const char* place) {
    const auto day = book.workday(-ahead).to_iso();
    const auto time = [&](int h) { return day + "T" + (h < 10 ? "0" : "") + std::to_string(h) + ":00:00Z"; };
    book.add({{"resourceType", "Appointment"}, {"status", "booked"}, {"description", what}, {"start", time(hour)}, {"end", time(hour + 1)}, {"comment", place},
              {"participant", json::array({{{"actor", reference(one.patient)}, {"status", "accepted"}}, {{"actor", reference(with)}, {"status", "accepted"}}})}}, std::string("appointment|") + what + one.patient);
  };
  arrange("Home visit", one.team->of("community_nurse")->role, draw.between(1, 6), 11, "At home");
  if (!one.is_the_demonstrations) return;
  arrange("Plan review", one.coordinator->role, 9, 14, "At home, with the daughter");
  if (const auto* service = directory.service_of("hospital")) arrange("Eye clinic", service->reference, 3, 10, "Outpatients, ground floor; transport is booked");
}

}  // namespace joinedup::living
