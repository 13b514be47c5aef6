#include "living/living.hpp"

#include <algorithm>
#include <tuple>

#include "content/content.hpp"
#include "living/room.hpp"
#include "rest/rest.hpp"
#include "validation/validation.hpp"

namespace joinedup::living {
namespace {

constexpr const char* mark_id = "joinedup-demonstration";
constexpr std::size_t at_once = 400;

// What a team's list looks like: more than half is looked after, every other stage has somebody.
constexpr Stage pattern[] = {Stage::active,   Stage::undecided, Stage::active,    Stage::waiting,  Stage::active,             Stage::agreed,         Stage::on_hold,   Stage::deferred, Stage::active,  Stage::offered,
                             Stage::finished, Stage::declined,  Stage::active,    Stage::active,   Stage::declined_by_person, Stage::lacks_capacity, Stage::undecided, Stage::active,   Stage::waiting, Stage::active,
                             Stage::active,   Stage::finished,  Stage::undecided, Stage::active,   Stage::deferred,           Stage::active,         Stage::on_hold,   Stage::active};

void set_days(const Book& book, Case& one) {
  auto draw = book.draw("days|" + one.patient);
  switch (one.stage) {
    case Stage::undecided: break;
    case Stage::deferred: case Stage::declined: one.accepted = draw.between(5, 40); break;
    case Stage::waiting: one.accepted = draw.between(3, 70); break;
    case Stage::offered: one.accepted = draw.between(12, 40), one.asked = draw.between(2, 8); break;
    case Stage::agreed: one.accepted = draw.between(12, 50), one.asked = draw.between(1, 6); break;
    case Stage::declined_by_person: one.accepted = draw.between(50, 110), one.asked = draw.between(20, 45); break;
    default:
      one.ended = one.stage == Stage::finished ? draw.between(15, 90) : 0;
      one.changed = one.stage == Stage::on_hold ? draw.between(3, 20) : 0;
      one.started = one.ended + draw.between(45, 190);
      if (one.is_the_demonstrations) one.started = 120;
      one.asked = one.started + draw.between(3, 10);
      one.accepted = one.asked + draw.between(4, 30);
  }
}

// The team that has the practice's doctor.
const Team& team_of(const Directory& directory, const std::string& practice) {
  for (const auto& team : directory.teams)
    for (const auto* worker : team.workers)
      if (worker->code == "general_practitioner" && worker->organization == practice) return team;
  return directory.teams.front();
}

// Somebody whom the practice referred: an episode as case finding would have begun it.
json referred_episode(const Book& book, const json& patient, const Team& team) {
  const std::string id = patient["id"];
  return {{"resourceType", "EpisodeOfCare"}, {"id", book.id("EpisodeOfCare", id)}, {"status", "planned"}, {"type", json::array({concept_of("urn:joinedup:case-finding", "referred", "Referred by the practice")})},
          {"patient", reference("Patient/" + id)}, {"managingOrganization", patient["managingOrganization"]}, {"period", {{"start", book.ago(30)}}}, {"team", json::array({reference(team.care_team)})}};
}

bool is_ours(const json& resource) { return resource.value("/meta/tag/0/system"_json_pointer, std::string()) == "urn:joinedup:demonstration"; }

class Writer {
 public:
  Writer(fhir::Store& store, Written& written) : store_(store), written_(written), api_(store, {.base_url = "http://127.0.0.1/fhir", .validation = rest::Validation::reject}) {}
  // What stands already is left: a run that was cut short is completed.
  Result<void> write_new(std::vector<json>& resources) {
    std::vector<json*> wanted;
    for (auto& one : resources)
      if (!store_.read(one["resourceType"].get<std::string>(), one["id"].get<std::string>(), permit_)) wanted.push_back(&one);
    return write(wanted);
  }
  Result<void> write_over(std::vector<json>& resources) {
    std::vector<json*> wanted;
    for (auto& one : resources) wanted.push_back(&one);
    return write(wanted);
  }

 private:
  Result<void> write(const std::vector<json*>& resources) {
    for (std::size_t from = 0; from < resources.size(); from += at_once) {
      std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
      const auto until = std::min(resources.size(), from + at_once);
      for (std::size_t i = from; i < until; ++i) {
        const auto& one = *resources[i];
        const std::string address = one["resourceType"].get<std::string>() + "/" + one["id"].get<std::string>();
        bundle += (i > from ? "," : "") + std::string(R"({"resource":)") + one.dump() + R"(,"request":{"method":"PUT","url":")" + address + "\"}}";
      }
      const auto answer = api_.handle({.method = "POST", .path = "/", .headers = {{"Content-Type", "application/fhir+json"}, {"Prefer", "return=minimal"}}, .body = bundle + "]}", .permit = &permit_});
      if (answer.status != 200) {
        const auto outcome = json::parse(answer.body, nullptr, false);
        const auto why = outcome.is_object() ? outcome.value("/issue/0/diagnostics"_json_pointer, outcome.value("/issue/0/details/text"_json_pointer, std::string())) : std::string();
        return fail(ErrorCode::invalid_input, "The demonstration's caseload could not be written: " + why);
      }
      for (std::size_t i = from; i < until; ++i) ++written_.by_type[(*resources[i])["resourceType"].get<std::string>()];
    }
    return {};
  }
  fhir::Store& store_;
  Written& written_;
  fhir::PermitAll permit_;
  rest::Api api_;
};

Result<std::vector<Case>> read_cases(fhir::Store& store, const Directory& directory, const Book& book, const Options& options) {
  std::vector<Case> cases;
  std::set<std::string> known;
  JOINEDUP_TRY(const auto episodes, find(store, "EpisodeOfCare", ""));
  const auto add = [&](json episode, const Team& team) {
    Case one;
    one.patient = episode.value("/patient/reference"_json_pointer, ""), one.practice = episode.value("/managingOrganization/reference"_json_pointer, "");
    if (one.patient.empty() || !known.insert(one.patient).second) return;
    one.episode = std::move(episode), one.team = &team;
    one.is_the_demonstrations = !options.patient.empty() && one.patient == "Patient/" + options.patient;
    cases.push_back(std::move(one));
  };
  for (const auto& episode : episodes) {
    // What is over and was not ended by this room is somebody else's story.
    const bool is_over = episode["status"] == "finished" || episode["status"] == "cancelled" || episode["status"] == "entered-in-error";
    if (is_over && !is_ours(episode)) continue;
    for (const auto& team : directory.teams)
      if (episode.value("/team/0/reference"_json_pointer, "") == team.care_team) add(episode, team);
  }
  // People whose record somebody opened: referred to the first team.
  JOINEDUP_TRY(const auto opened, find(store, "Condition", "category=problem-list-item"));
  std::set<std::string> others;
  if (!options.patient.empty() && !known.contains("Patient/" + options.patient)) others.insert("Patient/" + options.patient);
  for (const auto& condition : opened)
    if (const auto patient = condition.value("/subject/reference"_json_pointer, ""); !known.contains(patient)) others.insert(patient);
  for (const auto& patient : others) {
    const auto version = store.read("Patient", bare(patient), fhir::PermitAll());
    if (!version) continue;
    auto body = json::parse(version->body);
    if (!body.value("active", false) || !body.contains("managingOrganization")) continue;
    const auto& team = team_of(directory, body["managingOrganization"].value("reference", ""));
    add(referred_episode(book, body, team), team);
  }
  // The same order every time, also where an earlier run wrote some of it.
  const auto place_of = [](const Case& one) { return std::tuple(one.team, !one.is_the_demonstrations, one.episode["type"][0]["coding"][0]["code"] == "referred", one.patient); };
  std::sort(cases.begin(), cases.end(), [&](const Case& a, const Case& b) { return place_of(a) < place_of(b); });
  return cases;
}

Result<void> know_conditions(fhir::Store& store, std::vector<Case>& cases) {
  std::map<std::string, Case*> by_patient;
  for (auto& one : cases) by_patient[one.patient] = &one;
  JOINEDUP_TRY(const auto conditions, find(store, "Condition", "category=problem-list-item"));
  for (const auto& condition : conditions)
    if (const auto found = by_patient.find(condition.value("/subject/reference"_json_pointer, "")); found != by_patient.end())
      found->second->conditions.emplace_back(condition.value("/code/coding/0/code"_json_pointer, ""), "Condition/" + condition["id"].get<std::string>());
  return {};
}

// Relatives bear the person's family name and the given name of the next on the list.
Result<void> name_relatives(fhir::Store& store, std::vector<Case>& cases) {
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto& one : cases) {
    JOINEDUP_TRY(const auto version, store.read("Patient", bare(one.patient), fhir::PermitAll()));
    const auto patient = json::parse(version.body);
    names.emplace_back(patient.value("/name/0/given/0"_json_pointer, ""), patient.value("/name/0/family"_json_pointer, ""));
  }
  for (std::size_t i = 0; i < cases.size(); ++i) cases[i].relative = names[(i + 1) % names.size()].first + " " + names[i].second;
  return {};
}

void set_stages(const Directory& directory, const Book& book, std::vector<Case>& cases) {
  const Team* in_full = nullptr;
  for (const auto& one : cases)
    if (one.is_the_demonstrations || in_full == nullptr) in_full = one.team;
  std::map<const Team*, std::size_t> of_team;
  for (auto& one : cases) {
    one.number = of_team[one.team]++;
    one.stage = one.is_the_demonstrations ? Stage::active : pattern[one.number % std::size(pattern)];
    one.is_shown_in_full = one.team == in_full;
    one.coordinator = one.team->of("care_coordinator", one.number);
    for (const auto& worker : directory.workers)
      if (one.doctor == nullptr && worker.code == "general_practitioner" && worker.organization == one.practice) one.doctor = &worker;
    set_days(book, one);
  }
}

}  // namespace

Result<std::vector<std::string>> people_to_open(fhir::Store& store, std::size_t wanted, const std::string& first) {
  JOINEDUP_TRY(const auto directory, read_directory(store));
  JOINEDUP_TRY(const auto episodes, find(store, "EpisodeOfCare", "status=planned,waitlist,active,onhold"));
  JOINEDUP_TRY(const auto opened, find(store, "Condition", "category=problem-list-item"));
  std::set<std::string> known;
  for (const auto& one : opened) known.insert(one.value("/subject/reference"_json_pointer, ""));
  for (const auto& one : episodes) known.insert(one.value("/patient/reference"_json_pointer, ""));
  if (directory.teams.empty() || (known.size() >= wanted && (first.empty() || known.contains("Patient/" + first)))) return std::vector<std::string>();
  std::set<std::string> practices;
  for (const auto& worker : directory.teams.front().workers)
    if (worker->code == "general_practitioner") practices.insert(worker->organization);
  JOINEDUP_TRY(auto query, fhir::parse_query("Patient", "active=true&_sort=birthdate"));
  query.count = 200;
  JOINEDUP_TRY(const auto page, store.search(query, fhir::PermitAll()));
  std::vector<std::string> out;
  if (!first.empty() && known.insert("Patient/" + first).second) out.push_back(first);
  for (const auto& entry : page.entries) {
    const auto patient = json::parse(entry.version.body);
    if (known.size() >= wanted) break;
    if (patient.contains("deceasedDateTime") || patient.contains("deceasedBoolean") || known.contains("Patient/" + entry.version.id)) continue;
    if (practices.contains(patient.value("/managingOrganization/reference"_json_pointer, ""))) known.insert("Patient/" + entry.version.id), out.push_back(entry.version.id);
  }
  return out;
}

Result<Written> write_caseload(const place::Place& place, fhir::DurableStore& store, const Options& options) {
  if (place.people != place::People::synthetic) return fail(ErrorCode::forbidden, "The people of this place are real: no caseload is made up for them.");
  Written written;
  if (store.read("Device", mark_id, fhir::PermitAll())) {
    written.was_there = true;
    return written;
  }
  JOINEDUP_TRY(const auto forms, content::publish(place, store));
  JOINEDUP_TRY(const auto content, content::content_of(place));
  std::vector<json> questionnaires, pathways;
  for (const auto& piece : content.pieces) {
    if (piece.type == "Questionnaire") questionnaires.push_back(json::parse(piece.body));
    if (piece.type == "PlanDefinition") pathways.push_back(json::parse(piece.body));
  }
  JOINEDUP_TRY(const auto directory, read_directory(store));
  if (directory.teams.empty()) return fail(ErrorCode::not_found, "This place has no team with workers: there is no caseload to show. Add [[team]] and [[worker]] to place.toml and refresh.");
  Book book(options.day, options.seed);
  JOINEDUP_TRY(auto cases, read_cases(store, directory, book, options));
  JOINEDUP_CHECK(know_conditions(store, cases));
  set_stages(directory, book, cases);
  JOINEDUP_CHECK(name_relatives(store, cases));
  JOINEDUP_TRY(auto services, directory_entries(store, book, directory));
  std::vector<json> episodes, begun;
  for (const auto& one : cases) {
    ++written.by_stage[words(one.stage)];
    const bool is_new = !one.episode.contains("meta");
    if (!is_ours(one.episode)) (is_new ? begun : episodes).push_back(episode_of(book, one));
    write_referrals(book, one, directory);
    write_talk(book, one, directory, one.is_the_demonstrations ? options.related : std::string());
    if (!one.has_plan()) continue;
    write_plan(book, one);
    if (one.number % 2 == 0 || one.is_shown_in_full) write_pathway(book, one, pathways);
    write_assessments(book, one, questionnaires);
    write_contacts(book, one, directory);
  }
  for (const auto& team : directory.teams) {
    std::vector<const Case*> of_team;
    for (const auto& one : cases)
      if (one.team == &team) of_team.push_back(&one);
    write_meetings(book, team, of_team);
  }
  write_slots(book, directory);
  Writer writer(store, written);
  JOINEDUP_CHECK(writer.write_new(begun));
  JOINEDUP_CHECK(writer.write_over(episodes));
  JOINEDUP_CHECK(writer.write_over(services));
  JOINEDUP_CHECK(writer.write_new(book.first()));
  JOINEDUP_CHECK(writer.write_over(book.later()));
  JOINEDUP_TRY(const auto sent, send_admissions(place, store, book, cases));
  if (sent > 0) written.by_type["Communication (alert)"] = sent;
  std::vector<json> mark{{{"resourceType", "Device"}, {"id", mark_id}, {"status", "active"}, {"deviceName", json::array({{{"name", "A demonstration's caseload"}, {"type", "user-friendly-name"}}})}}};
  JOINEDUP_CHECK(writer.write_new(mark));
  return written;
}

}  // namespace joinedup::living
