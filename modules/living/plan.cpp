// One plan a person, in PRSB's headings: needs, goals in the person's words, actions with one owner each; and what to do when things go wrong.
#include <algorithm>
#include <array>
#include <map>

#include "living/room.hpp"

namespace joinedup::living {
namespace {

struct Action {
  const char* role;  // of the team; "person": they themselves
  const char* what;
};
struct Need {
  const char* codes;  // SNOMED CT codes of conditions that bring it, between blanks; empty: anybody's
  const char* need;
  const char* goal;
  std::array<Action, 3> actions;
};

constexpr Need needs[] = {
    {" 13645005 195967001 ", "Short of breath on the stairs; two flare-ups this year", "I want to get up to my own bedroom without stopping halfway",
     {{{"community_nurse", "Check inhaler technique and go through the plan for flare-ups"}, {"general_practitioner", "Review inhalers and rescue medicines"}, {"person", "Walk to the corner and back each morning"}}}},
    {" 73211009 44054006 46635009 ", "Blood sugar goes up and down; feet are sore", "I want to stop worrying about my sugar every time I eat",
     {{{"community_nurse", "Foot check, and look at the glucose diary together"}, {"general_practitioner", "Agree a target that suits, and review insulin or tablets"}, {"person", "Write down sugar before breakfast for two weeks"}}}},
    {" 84114007 414545008 194828000 53741008 49436004 ", "Swollen legs and tired; heart medicines changed often", "I want enough breath to go to church on Sundays",
     {{{"community_nurse", "Weigh weekly and ring the practice if up by two kilograms in three days"}, {"general_practitioner", "Bring together the heart clinic's and our own medicines list"}, {"person", "Weigh myself every morning and write it down"}}}},
    {" 433144002 709044004 431855005 700379002 ", "Kidneys work less well; some medicines are a risk", "I want to know what is happening to my kidneys and what I can do",
     {{{"general_practitioner", "Repeat kidney tests and go through sick-day rules"}, {"community_nurse", "Blood pressure at home for a week"}, {"person", "Keep the sick-day card on the fridge"}}}},
    {" 429998004 52448006 26929004 ", "Memory is failing; missed medicines and a pan left on", "I want to stay in my own home with my cat",
     {{{"social_worker", "Assessment for help at home, with the family there"}, {"mental_health_nurse", "Visit about memory and what makes days calmer"}, {"link_worker", "Telecare: pendant and cooker shut-off"}}}},
    {" 35489007 197480006 370143000 48694002 ", "Low in spirits most days since the summer", "I want to feel like seeing people again",
     {{{"mental_health_nurse", "Four visits, and agree what helps"}, {"link_worker", "Go along to the first lunch club"}, {"person", "Ring my sister on Thursdays"}}}},
    {" 396275006 239873007 69896004 64859006 ", "Knees hurt; cannot manage the bath", "I want to have a bath on my own again",
     {{{"community_nurse", "Pain review, and exercises left on paper"}, {"social_worker", "Bath board and rails"}, {"person", "Do the knee exercises after breakfast"}}}},
    {"", "Fell twice in the kitchen; afraid to go out", "I want to walk to the shop without being afraid",
     {{{"community_nurse", "Falls assessment: blood pressure lying and standing, feet, eyes"}, {"social_worker", "Look at the home with the person: rails, lights, rugs"}, {"person", "Wear the pendant every day"}}}},
    {"", "Eleven medicines and nobody sure what they are for", "I want fewer tablets, and to know what each is for",
     {{{"general_practitioner", "Medicines review together with the person"}, {"community_nurse", "Blister pack from the pharmacy, and take old boxes away"}, {"person", "Bring all the boxes to the review"}}}},
    {"", "Alone since the spring; few visitors", "I want somebody to talk to in the week",
     {{{"link_worker", "Befriender: first visit together"}, {"link_worker", "Lunch club on Wednesdays, with transport"}, {"person", "Try the club twice before deciding"}}}},
    {"", "My daughter does everything and is worn out", "I want my daughter to be my daughter again, not my nurse",
     {{{"social_worker", "Carer's assessment for the daughter"}, {"social_worker", "A sitter one afternoon a week"}, {"link_worker", "Carers' centre: introduce, and emergency card"}}}},
    {"", "The flat is damp and cold", "I want to be warm in my own front room",
     {{{"housing_officer", "Inspect the damp and give a date for the repair"}, {"link_worker", "Fuel grant and benefits check"}, {"person", "Keep the heating diary"}}}},
};

struct Section {
  const char* code;
  std::array<const char*, 4> texts;
};
constexpr Section sections[] = {
    {"most-important", {"Staying in my own home, and my garden.", "Seeing my grandchildren grow up.", "Not going back into hospital.", "Being useful to somebody, and not a burden."}},
    {"people-important", {"My daughter, who comes most days; my neighbour across the landing has a key.", "My husband of fifty years. He cannot lift any more.", "My son rings on Sundays; he lives far away.", "My friends at the bowls club, and my dog."}},
    {"how-i-communicate", {"I hear badly on the left: sit on my right and speak slowly.", "I read large print. Please write down what we agreed.", "I like things explained twice, without long words.", "I talk well, but I tire after twenty minutes."}},
    {"my-wellness", {"On a good day I get to the shop; on a bad one I stay in the chair and do not eat.", "I am well when I have slept and my ankles are thin.", "Mornings are bad, afternoons better.", "I know that I am getting worse when I stop making my bed."}},
    {"please-do", {"Ring before you come. Knock loudly.", "Ask me, not only my daughter.", "Tell me what happens next before you leave.", "Take your time with buttons and shoes."}},
    {"please-dont", {"Do not move my things.", "Do not talk over my head.", "Do not send a different person each time.", "Do not come before ten."}},
    {"how-and-when-to-support", {"Help me with washing on Tuesdays and Fridays; the rest I do.", "Somebody to look in daily while I am on steroids.", "A call in the evening when I have been in hospital.", "Only when I ask, but quickly then."}},
    {"also-worth-knowing", {"I was a bus driver. I do not like being late.", "I have a key safe; the practice has the number.", "I am vegetarian, and Friday is a holy day for me.", "Letters go to my daughter too, with my agreement."}},
    {"strengths", {"I cook for myself and enjoy it. I never give up.", "I know my medicines and keep a diary.", "Good neighbours, a warm flat, and a sense of humour.", "My faith, and forty years of gardening."}},
    {"funding", {"Attendance allowance, higher rate. No personal budget.", "A personal budget from the council since the spring, managed by the council.", "None at present; a benefits check is asked for.", "Pays for a cleaner privately."}},
    {"additional-plans", {"Plan for flare-ups with the practice.", "End-of-life wishes: not talked about yet, at the person's wish.", "Emergency care summary of the ambulance service.", "None."}},
};
constexpr Section contingency[] = {
    {"triggers", {"Two bad nights in a row, or up more than two kilograms in three days.", "A fall, even without injury.", "More breathless than usual for a day, or sputum of another colour.", "The carer is ill or away."}},
    {"what-should-happen", {"Ring the co-ordinator in the day, 111 at night. Ask for the community nurse the same day before thinking of hospital.", "Start the rescue pack, then ring the practice the same morning.", "Check for injury, help up with the raiser, tell the co-ordinator the same day.", "Emergency sitter through the carers' centre; the neighbour has the key."}},
    {"who-to-contact", {"The named co-ordinator first; the practice's own line; my daughter any time.", "My son, then the co-ordinator.", "The community nurses' line until eight in the evening.", "The neighbour across the landing; then the co-ordinator."}},
    {"coping", {"Sit forward, breathe out slowly, window open.", "Music, and a call to my sister.", "Tea, feet up, and wait half an hour before deciding.", "I count the steps to the door."}},
    {"early-warning", {"I stop cooking. I sleep in the chair.", "Shoes get tight.", "I repeat myself and lose my glasses.", "I do not answer the telephone."}},
    {"advance-statement", {"If I cannot speak: comfort at home before hospital, if that is safe.", "I want everything tried, and my daughter told at once.", "No decision yet; ask me again at the review.", "I have written it down; the practice has the copy."}},
    {"anticipatory-medicines", {"None at home.", "Rescue pack of steroids and antibiotics in the kitchen drawer.", "Spare inhaler in the coat.", "None at home; raiser cushion under the stairs."}},
};

json section_extension(const Section& section, const std::string& text) {
  return {{"url", "urn:joinedup:plan-section"}, {"extension", json::array({value("code", "valueCode", section.code), value("text", "valueString", text)})}};
}

std::vector<const Need*> needs_of(const Book& book, const Case& one) {
  auto draw = book.draw("needs|" + one.patient);
  std::vector<const Need*> out, others;
  for (const auto& need : needs) {
    const std::string_view codes = need.codes;
    const bool is_theirs = std::any_of(one.conditions.begin(), one.conditions.end(), [&](const auto& condition) { return codes.find(" " + condition.first + " ") != codes.npos; });
    if (is_theirs) out.push_back(&need);
    else if (codes.empty()) others.push_back(&need);
  }
  if (out.size() > 2) out.resize(2);
  const std::size_t wanted = one.is_the_demonstrations ? 4 : static_cast<std::size_t>(draw.between(2, 3));
  for (std::size_t at = draw.below(others.size()); out.size() < wanted; ++at) out.push_back(others[at % others.size()]);
  return out;
}

std::string owner_of(const Case& one, std::string_view role) {
  if (role == "person") return one.patient;
  if (role == "general_practitioner" && one.doctor != nullptr) return one.doctor->role;
  return one.team->of(role)->role;
}

// What has become of an action: of the first ones much is done, of the last little; some has no date at all.
json action_of(const Book& book, const Case& one, const Action& action, std::size_t at, const std::string& plan, const std::string& goal) {
  auto draw = book.draw("action|" + one.patient + std::to_string(at));
  const bool is_over = one.stage == Stage::finished;
  const int authored = one.started - draw.between(0, 5);
  TaskFacts facts{.code = "action", .status = "accepted", .patient = one.patient, .owner = owner_of(one, action.role), .requester = one.coordinator->role, .description = action.what, .due = {}, .authored = {}};
  facts.focus = goal, facts.based_on = plan;
  facts.authored = book.at(authored, 10, 15);
  const auto fate = (at + one.number) % 6;
  if (is_over || fate == 0) facts.status = "completed", facts.due = book.ago(std::max(1, authored - 21)), facts.done = book.at(std::max({1, authored - 21 + draw.between(-4, 9), one.ended}), 15);
  else if (fate == 1) facts.due = book.ago(draw.between(2, 16)), facts.status = "in-progress", facts.priority = "urgent";      // overdue
  else if (fate == 2) facts.due = book.ago(0);                                                                             // today
  else if (fate == 3) facts.due = (book.day() + draw.between(1, 6)).to_iso(), facts.status = "in-progress";
  else if (fate == 4) facts.status = "requested";                                                                          // no date set
  else facts.due = (book.day() + draw.between(8, 40)).to_iso();
  if (facts.status == "completed" && at % 5 == 3) facts.status = "cancelled", facts.reason = "The person chose otherwise.";
  auto task = task_of(facts);
  if (facts.status != "requested") task["extension"] = json::array({value("urn:joinedup:confidence", "valueInteger", draw.between(4, 10))});
  if (facts.status == "completed") task["output"] = json::array({{{"type", {{"text", "outcome"}}}, {"valueString", "Done as agreed."}}});
  return task;
}

json plan_of(const Book& book, const Case& one, const char* kind, const char* title) {
  json plan = {{"resourceType", "CarePlan"}, {"status", one.stage == Stage::finished ? "completed" : one.stage == Stage::on_hold ? "on-hold" : "active"}, {"intent", "plan"},
               {"category", json::array({concept_of(plan_system, kind)})}, {"title", title}, {"subject", reference(one.patient)}, {"period", {{"start", book.ago(one.started)}}},
               {"created", book.ago(one.started)}, {"author", reference(one.coordinator->role)}, {"careTeam", json::array({reference(one.team->care_team)})}};
  if (one.stage == Stage::finished) plan["period"]["end"] = book.ago(one.ended);
  return plan;
}

void write_contingency(Book& book, const Case& one) {
  auto draw = book.draw("contingency|" + one.patient);
  auto plan = plan_of(book, one, "contingency", "When things go wrong");
  plan["extension"] = json::array();
  for (const auto& section : contingency) plan["extension"].push_back(section_extension(section, section.texts[draw.below(4)]));
  book.add(std::move(plan), "contingency|" + one.patient);
}

json agreed_of(const Book& book, const Case& one) {
  const bool is_theirs = one.stage != Stage::lacks_capacity;
  json parts = json::array({value("with", "valueCode", is_theirs ? "person" : "representative"), value("on", "valueDate", book.ago(one.started - 3)), value("by", "valueReference", reference(one.coordinator->practitioner))});
  if (!is_theirs) parts.push_back(value("note", "valueString", "Agreed with the family in the person's best interests; the person was there."));
  return {{"url", "urn:joinedup:agreed"}, {"extension", parts}};
}

}  // namespace

PlanRefs write_plan(Book& book, const Case& one) {
  PlanRefs out;
  auto draw = book.draw("plan|" + one.patient);
  const auto key = "plan|" + one.patient;
  out.plan = "CarePlan/" + book.id("CarePlan", key);
  auto plan = plan_of(book, one, "care-and-support", "Personalised care and support plan");
  json extensions = json::array();
  for (const auto& section : sections) extensions.push_back(section_extension(section, section.texts[draw.below(4)]));
  extensions.push_back(agreed_of(book, one));
  // Reviews: some are overdue, some come soon.
  const auto review = book.day() + (one.number % 5 == 1 ? -draw.between(3, 30) : one.number % 5 == 3 ? draw.between(1, 7) : draw.between(14, 80));
  extensions.push_back({{"url", "urn:joinedup:review"}, {"extension", json::array({value("date", "valueDate", review.to_iso()), value("responsible", "valueReference", reference(one.coordinator->role))})}});
  plan["extension"] = std::move(extensions);
  plan["contributor"] = json::array({reference(one.patient), reference(one.team->of("community_nurse")->role)});
  std::size_t nth = 0, action_number = 0;
  for (const auto* need : needs_of(book, one)) {
    const auto tag = one.patient + "|" + std::to_string(nth);
    const auto concern = book.add({{"resourceType", "Condition"}, {"clinicalStatus", concept_of("http://terminology.hl7.org/CodeSystem/condition-clinical", one.stage == Stage::finished ? "resolved" : "active")},
                                   {"category", json::array({concept_of("http://terminology.hl7.org/CodeSystem/condition-category", "health-concern")})}, {"code", {{"text", need->need}}},
                                   {"subject", reference(one.patient)}, {"recordedDate", book.ago(one.started)}, {"recorder", reference(one.coordinator->role)}}, "need|" + tag);
    constexpr const char* progress[] = {"in-progress", "improving", "no-change", "improving", "worsening", "achieved"};
    const std::string achievement = one.stage == Stage::finished ? (nth == 0 ? "achieved" : "improving") : progress[(nth + one.number) % 6];
    const auto goal = book.add({{"resourceType", "Goal"}, {"extension", json::array({value("urn:joinedup:importance", "valueInteger", draw.between(6, 10))})},
                                {"lifecycleStatus", one.stage == Stage::finished ? "completed" : one.stage == Stage::on_hold ? "on-hold" : "active"},
                                {"achievementStatus", concept_of("http://terminology.hl7.org/CodeSystem/goal-achievement", achievement)}, {"description", {{"text", need->goal}}}, {"subject", reference(one.patient)},
                                {"startDate", book.ago(one.started)}, {"target", json::array({{{"dueDate", (book.day() + draw.between(-20, 120)).to_iso()}}})}, {"statusDate", book.ago(std::max(one.ended, one.started / 3))},
                                {"expressedBy", reference(one.patient)}, {"addresses", json::array({reference(concern)})}}, "goal|" + tag);
    plan["addresses"].push_back(reference(concern));
    plan["goal"].push_back(reference(goal));
    out.goals.push_back(goal);
    for (const auto& action : need->actions) {
      const auto task = book.add(action_of(book, one, action, action_number++, out.plan, goal), "action|" + tag + action.what);
      plan["activity"].push_back({{"reference", reference(task)}});
      out.tasks.push_back(task);
    }
    ++nth;
  }
  book.add(plan, key);
  // What was said first, and then put better: versions to compare.
  if (one.is_shown_in_full) {
    plan["id"] = book.id("CarePlan", key);
    plan["meta"]["tag"] = json::array({coding("urn:joinedup:demonstration", "caseload")});
    plan["extension"][0] = section_extension(sections[0], std::string(sections[0].texts[draw.below(4)]) + " And to be asked before anything is decided.");
    plan["extension"][8] = section_extension(sections[8], std::string(sections[8].texts[draw.below(4)]) + " I got to the market last week.");
    book.add_later_version(plan);
  }
  if (one.stage != Stage::finished) {
    write_contingency(book, one);
    book.add(task_of({.code = "review", .status = "accepted", .patient = one.patient, .owner = one.coordinator->role, .requester = one.team->of("team_lead")->role, .description = "Review the plan with the person",
                      .due = review.to_iso(), .authored = book.at(one.started, 11), .focus = out.plan}), "review|" + one.patient);
  }
  return out;
}

void write_pathway(Book& book, const Case& one, const std::vector<json>& pathways) {
  const auto has = [&](std::initializer_list<const char*> codes) {
    return std::any_of(one.conditions.begin(), one.conditions.end(), [&](const auto& condition) { return std::find(codes.begin(), codes.end(), condition.first) != codes.end(); });
  };
  const std::string wanted = has({"13645005"}) ? "copd" : has({"73211009", "44054006"}) ? "diabetes" : has({"433144002", "709044004", "431855005"}) ? "renal" : one.number % 3 == 0 ? "orthopaedic-triage" : "";
  for (const auto& pathway : pathways) {
    if (pathway["id"] != wanted) continue;
    auto draw = book.draw("pathway|" + one.patient);
    auto plan = plan_of(book, one, "pathway", pathway["title"].get<std::string>().c_str());
    plan["instantiatesCanonical"] = json::array({pathway["url"].get<std::string>() + "|" + pathway["version"].get<std::string>()});
    plan.erase("careTeam");
    const auto key = "pathway|" + one.patient;
    const auto self = "CarePlan/" + book.id("CarePlan", key);
    std::size_t nth = 0;
    std::map<std::string, int> ends;  // of each step, in days from the beginning
    for (const auto& step : pathway["action"]) {
      if (step.contains("condition") && nth > 0) continue;  // whose condition does not hold
      const int begun = std::max(1, std::min(one.started, 60)), within = step["timingDuration"]["value"].get<int>() + (step.contains("relatedAction") ? ends[step["relatedAction"][0]["actionId"]] : 0);
      ends[step["id"]] = within;
      TaskFacts facts{.code = "pathway-step", .status = "requested", .patient = one.patient, .owner = one.coordinator->role, .requester = one.coordinator->role, .description = step["title"], .due = {}, .authored = {}};
      facts.authored = book.at(begun, 12), facts.based_on = self;
      facts.due = (book.day() - begun + within).to_iso();
      if (nth < 2 || one.stage == Stage::finished) facts.status = "completed", facts.done = book.at(std::max(0, begun - draw.between(0, 12)), 13);
      else if (nth == 3) facts.status = "on-hold", facts.reason = "Waiting for another service";
      auto task = task_of(facts);
      task["identifier"] = json::array({{{"system", "urn:joinedup:pathway-step"}, {"value", step["id"]}}});
      task["instantiatesCanonical"] = plan["instantiatesCanonical"][0];
      plan["activity"].push_back({{"reference", reference(book.add(std::move(task), key + step["id"].get<std::string>()))}});
      ++nth;
    }
    book.add(std::move(plan), key);
  }
}

}  // namespace joinedup::living
