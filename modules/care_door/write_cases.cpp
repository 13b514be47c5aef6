// What case finding says of whom: EpisodeOfCare, RiskAssessment, and each reason as an Observation of its own, so that
// it can be shown or withheld by itself. Never a score of death or of care-home entry: no such number reaches this room.
#include <algorithm>

#include "base/text.hpp"
#include "care_door/json_text.hpp"
#include "care_door/resources.hpp"
#include "care_door/work.hpp"

namespace joinedup::care_door {
namespace {

constexpr std::string_view made_here = "joinedup";
constexpr std::string_view case_finding = "urn:joinedup:case-finding";

// One stay on a team's caseload, or a draft of one.
struct Stay {
  caseload::Case found;
  std::string list, index_date, risk_model, released_by, released_at;  // list empty: a draft
  std::string before;                                                  // the list of the stay before this one with the same team
  std::vector<caseload::Outcome> outcomes;
  std::int64_t care_key = 0;
  std::string patient;
  bool unsure = false;  // the numbers rest in part on rows that are this person's by probability only
  std::string source_key() const { return found.team + "|" + std::to_string(care_key) + "|" + before; }
};

std::string status_of(const std::string& what, bool was_active) {
  if (what == "accepted") return "waitlist";
  if (what == "active") return "active";
  if (what == "on_hold") return "onhold";
  if (what == "finished") return "finished";
  return was_active ? "finished" : "cancelled";  // declined, moved away, died
}

std::string episode_body(const Stay& stay, const std::string& id, const std::string& team_id, const std::string& organization_id, const std::string& coordinator_id,
                         const std::string& since) {
  struct Step {
    std::string status, from, because;
  };
  std::vector<Step> steps{{"planned", since, {}}};
  bool was_active = false;
  for (const auto& outcome : stay.outcomes) {
    steps.push_back({status_of(outcome.what, was_active), outcome.on, outcome.what + (outcome.reason.empty() ? "" : ": " + outcome.reason)});
    was_active = was_active || outcome.what == "active";
  }
  const bool over = steps.back().status == "finished" || steps.back().status == "cancelled";
  std::string text;
  JsonText json(text);
  json.begin().text("resourceType", "EpisodeOfCare").text("id", id).object("meta").text("source", "urn:joinedup:caseload").end();
  json.text("status", steps.back().status).array("statusHistory");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto end = i + 1 < steps.size() ? std::max(steps[i].from, steps[i + 1].from) : over ? steps[i].from : std::string();
    json.begin();
    // Why it came to an end is said by the person or the team, in their words.
    if (!steps[i].because.empty()) json.array("extension").begin().text("url", "urn:joinedup:reason").text("valueString", steps[i].because).end().end_array();
    json.text("status", steps[i].status).object("period").text("start", steps[i].from).text("end", end).end().end();
  }
  json.end_array().array("type").concept_item(case_finding, stay.list.empty() ? "draft" : "released", {}, stay.list.empty() ? "Found by case finding, not yet released by a clinician" : "Found by case finding").end_array();
  json.reference("patient", "Patient", stay.patient);
  if (!organization_id.empty()) json.reference("managingOrganization", "Organization", organization_id);
  json.object("period").text("start", since).text("end", over ? std::string_view(steps.back().from) : std::string_view()).end();
  if (!coordinator_id.empty()) json.reference("careManager", "PractitionerRole", coordinator_id);
  json.array("team").reference_item("CareTeam", team_id).end_array().end();
  return text;
}

std::string reason_body(const Stay& stay, const caseload::Reason& reason, const std::string& id) {
  std::string text;
  JsonText json(text);
  json.begin().text("resourceType", "Observation").text("id", id).object("meta").text("source", "urn:joinedup:caseload");
  security_of(json, reason.label);
  json.end().text("status", "final").array("category").concept_item(case_finding, reason.dimension, {}).end_array();
  json.concept_of("code", case_finding, reason.rule, {}, "Reason for being found: " + std::string(reason.dimension == "care_gaps" ? "a gap in care" : reason.dimension == "impactability" ? "what care may change" : "risk"));
  json.reference("subject", "Patient", stay.patient).text("effectiveDateTime", reason.date.empty() ? stay.index_date : reason.date).text("valueString", reason.text);
  if (!reason.source.empty()) json.array("note").begin().text("text", "Source: " + reason.source).end().end_array();
  json.end();
  return text;
}

std::string risk_body(const Stay& stay, const std::string& id, const std::vector<std::string>& reasons) {
  std::string text;
  JsonText json(text);
  json.begin().text("resourceType", "RiskAssessment").text("id", id).object("meta").text("source", "urn:joinedup:caseload").end();
  json.text("status", stay.list.empty() ? "preliminary" : "final").object("method").text("text", stay.risk_model).end();
  json.reference("subject", "Patient", stay.patient).text("occurrenceDateTime", stay.index_date);
  if (!reasons.empty()) {
    json.array("basis");
    for (const auto& reason : reasons) json.reference_item("Observation", reason);
    json.end_array();
  }
  if (stay.found.risk)
    json.array("prediction").begin().object("outcome").text("text", "Emergency admission within 12 months").end().literal("probabilityDecimal", format_number(std::clamp(*stay.found.risk, 0.0, 1.0))).end().end_array();
  json.array("note").begin().text("text", "Never for decisions about eligibility, resuscitation or rationing. A likelihood among people alike, not a finding about this person.").end();
  json.begin().text("text", "What care may change: " + std::to_string(stay.found.impactability.value_or(0)) + "; gaps in care: " + std::to_string(stay.found.care_gaps.value_or(0)) + ". Counts of the rules that hold.").end();
  if (stay.unsure) json.begin().text("text", "Some of what this rests on is linked to this person by likeness only and is not in this record: check before acting on it.").end();
  json.end_array().end();
  return text;
}

// Who released it to the team, and when: the episode, its number and its reasons are theirs to answer for.
std::string release_body(const Work& work, const Stay& stay, const std::string& id, const std::vector<std::string>& targets) {
  std::string text;
  JsonText json(text);
  json.begin().text("resourceType", "Provenance").text("id", id).object("meta").text("source", "urn:joinedup:caseload").end().array("target");
  for (const auto& target : targets) json.begin().text("reference", target).end();
  json.end_array().text("recorded", stay.released_at).object("activity").text("text", "Released to the team").end();
  json.array("agent").begin().concept_of("type", "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "verifier", "Verifier");
  const auto worker = std::find_if(work.place.workers.begin(), work.place.workers.end(), [&](const place::Worker& one) { return one.code == stay.released_by; });
  if (worker != work.place.workers.end()) json.reference("who", "PractitionerRole", work.names.id("PractitionerRole", "worker", worker->code));
  else json.object("who").text("display", stay.released_by).end();
  json.end().end_array().array("entity").begin().text("role", "source").object("what").object("identifier").text("system", "urn:joinedup:released-list").text("value", stay.list).end();
  json.text("display", "List " + stay.list + " of " + stay.found.team).end().end().end_array().end();
  return text;
}

// Pseudonyms to care keys: the register decides which of a person's care keys is meant; two on the register: nobody is chosen.
struct Meant {
  std::int64_t care_key = 0;
  bool ambiguous = false, unsure = false;
};
Result<std::map<std::int64_t, Meant>> care_keys_of(Work& work, const std::set<std::int64_t>& wanted) {
  std::map<std::int64_t, Meant> meant;
  if (wanted.empty()) return meant;
  JOINEDUP_TRY(const auto pairs, work.connection.query("SELECT DISTINCT c.person_key, c.care_key FROM care_identity c JOIN staging.main.identity_record i ON i.identity_key = c.identity_key ORDER BY 1, 2"));
  std::vector<std::int64_t> people;
  for (std::size_t i = 0; i < pairs.rows.size(); ++i)
    if (people.empty() || people.back() != pairs.integer(i, 0)) people.push_back(pairs.integer(i, 0));
  const auto pseudonyms = work.vault.pseudonyms_of(people);
  std::map<std::int64_t, std::int64_t> pseudonym_of;
  for (std::size_t i = 0; i < people.size(); ++i)
    if (wanted.contains(pseudonyms[i])) pseudonym_of[people[i]] = pseudonyms[i];
  for (std::size_t i = 0; i < pairs.rows.size(); ++i) {
    const auto found = pseudonym_of.find(pairs.integer(i, 0));
    if (found == pseudonym_of.end()) continue;
    auto& one = meant[found->second];
    if (!work.people.patient_of.contains(pairs.integer(i, 1))) one.unsure = true;
    else if (one.care_key != 0) one.ambiguous = true;
    else one.care_key = pairs.integer(i, 1);
  }
  return meant;
}

Result<std::vector<Stay>> read_stays(Work& work, const Drafts& drafts) {
  std::vector<Stay> stays;
  std::map<std::pair<std::string, std::int64_t>, std::string> last_list;
  JOINEDUP_TRY(auto released, caseload::Store::released_cases_of(work.place));
  for (auto& one : released) {
    auto& last = last_list[{one.found.team, one.found.person_key}];
    stays.push_back({std::move(one.found), one.list, one.index_date, one.risk_model, one.released_by, one.released_at, last, std::move(one.outcomes)});
    last = one.list;
  }
  for (const auto& one : drafts.found) {
    const auto before = last_list[{one.team, one.person_key}];
    stays.push_back({one, {}, drafts.index_date, drafts.risk_model, {}, {}, before, {}});
  }
  return stays;
}

// One list a practice of those on its end-of-life register, for whoever co-ordinates their care.
Result<void> write_palliative(Work& work, Writer& writer, const Drafts& drafts, const std::map<std::int64_t, Meant>& meant) {
  if (!work.may_use("gp_event")) return {};
  std::map<std::string, std::map<std::string, std::string>> of_practice;  // Patients and since when
  for (const auto& one : drafts.palliative) {
    const auto found = meant.find(one.person_key);
    if (found == meant.end() || found->second.care_key == 0 || found->second.ambiguous) continue;
    if (work.objecting.contains(found->second.care_key) || work.objecting_to_finding.contains(found->second.care_key)) continue;
    std::string since;
    for (const auto& reason : one.reasons)
      if (reason.dimension == "palliative") since = reason.date;
    of_practice[one.practice][work.people.patient_of.at(found->second.care_key)] = since;
  }
  for (const auto& [practice, patients] : of_practice) {
    const auto id = work.names.id("List", "palliative", practice);
    std::string text;
    JsonText json(text);
    json.begin().text("resourceType", "List").text("id", id).object("meta").text("source", work.source_of("gp_event"));
    security_of(json, "palliative");
    json.end().array("identifier").begin().text("system", "urn:joinedup:palliative-list").text("value", practice).end().end_array();
    json.text("status", "current").text("mode", "working").text("title", "Palliative care co-ordination").object("code").text("text", "People on the practice's end-of-life register").end();
    json.text("date", drafts.index_date).array("note").begin().text("text", "Co-ordinated by: " + work.place.case_finding.palliative_team + ". The practice decides who is on it; no risk does.").end().end_array();
    json.array("entry");
    for (const auto& [patient, since] : patients) json.begin().text("date", since).reference("item", "Patient", patient).end();
    json.end_array().end();
    JOINEDUP_CHECK(writer.want({.type = "List", .id = id, .feed = "gp_event", .patient = {}, .body = std::move(text)}));
  }
  return {};
}

}  // namespace

Result<void> write_cases(Work& work, Writer& writer, const ShareOptions& options) {
  JOINEDUP_TRY(const auto held, writer.episodes_of_teams());
  const std::set<std::string> held_by_teams(held.begin(), held.end());
  if (!held.empty())
    for (const auto& [care_key, patient] : work.people.patient_of)
      if (held_by_teams.contains(patient)) work.open_care_keys.insert(care_key);
  Drafts drafts;
  if (options.drafts) {
    JOINEDUP_TRY(drafts, options.drafts());
  }
  JOINEDUP_TRY(auto stays, read_stays(work, drafts));
  std::set<std::int64_t> asked;
  for (const auto& stay : stays) asked.insert(stay.found.person_key);
  for (const auto& one : drafts.palliative) asked.insert(one.person_key);
  JOINEDUP_TRY(const auto meant, care_keys_of(work, asked));
  JOINEDUP_CHECK(write_palliative(work, writer, drafts, meant));
  std::uint64_t nobody = 0, ambiguous = 0, objecting = 0;
  for (auto& stay : stays) {
    const auto found = meant.find(stay.found.person_key);
    if (found == meant.end() || found->second.care_key == 0) {
      ++nobody;
      continue;
    }
    if (found->second.ambiguous) {
      ++ambiguous;
      continue;
    }
    stay.care_key = found->second.care_key;
    stay.unsure = found->second.unsure;
    if (work.objecting.contains(stay.care_key) || work.objecting_to_finding.contains(stay.care_key)) {
      ++objecting;
      continue;
    }
    stay.patient = work.people.patient_of.at(stay.care_key);
    const auto team = work.team_ids.find(stay.found.team);
    if (team == work.team_ids.end()) continue;  // the team is no longer in place.toml: its episodes are withdrawn
    work.open_care_keys.insert(stay.care_key);
    const auto key = stay.source_key();
    const auto since = stay.released_at.empty() ? stay.index_date : stay.released_at.substr(0, 10);
    const auto episode = work.names.id("EpisodeOfCare", "caseload", key);
    // With one co-ordinator it is they; of several, the team names one.
    const auto coordinators = work.coordinators.find(stay.found.team);
    const auto coordinator = coordinators != work.coordinators.end() && coordinators->second.size() == 1 ? coordinators->second[0] : std::string();
    JOINEDUP_CHECK(writer.want({.type = "EpisodeOfCare", .id = episode, .feed = std::string(made_here), .patient = stay.patient,
                                .body = episode_body(stay, episode, team->second, work.organization_id(stay.found.practice), coordinator, since)}));
    std::vector<std::string> reasons;
    std::map<std::string, int> nth;
    for (const auto& reason : stay.found.reasons) {
      const auto id = work.names.id("Observation", "caseload", key + "|" + reason.dimension + "|" + reason.rule + "|" + std::to_string(++nth[reason.dimension + reason.rule]));
      reasons.push_back(id);
      JOINEDUP_CHECK(writer.want({.type = "Observation", .id = id, .feed = std::string(made_here), .patient = stay.patient, .body = reason_body(stay, reason, id)}));
    }
    const auto risk = work.names.id("RiskAssessment", "caseload", key);
    JOINEDUP_CHECK(writer.want({.type = "RiskAssessment", .id = risk, .feed = std::string(made_here), .patient = stay.patient, .body = risk_body(stay, risk, reasons)}));
    if (stay.list.empty()) continue;
    std::vector<std::string> targets{"EpisodeOfCare/" + episode, "RiskAssessment/" + risk};
    for (const auto& reason : reasons) targets.push_back("Observation/" + reason);
    const auto release = work.names.id("Provenance", "release", key + "|" + stay.list);
    JOINEDUP_CHECK(writer.want({.type = "Provenance", .id = release, .feed = std::string(made_here), .patient = stay.patient, .body = release_body(work, stay, release, targets)}));
  }
  const auto say = [&](std::uint64_t people, const std::string& why) {
    if (people) work.notes.push_back(with_commas(static_cast<std::int64_t>(people)) + " found " + (people == 1 ? "is" : "are") + " not in the shared record: " + why);
  };
  say(nobody, "no registration on a practice's list today is surely theirs.");
  say(ambiguous, "two registrations could be meant, and likeness alone does not decide for care.");
  say(objecting, "they object.");
  return {};
}

}  // namespace joinedup::care_door
