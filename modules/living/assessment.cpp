// Questionnaires answered, and their scores: three points of a trend where somebody is looked after.
#include <algorithm>
#include <map>
#include <optional>

#include "living/room.hpp"

namespace joinedup::living {
namespace {

constexpr const char* ordinal = "http://hl7.org/fhir/StructureDefinition/ordinalValue";

struct Answered {
  std::map<std::string, json> answers;       // by linkId
  std::map<std::string, double> ordinals, most;
};

std::optional<double> ordinal_of(const json& option) {
  for (const auto& extension : option.value("extension", json::array()))
    if (extension["url"] == ordinal) return extension["valueDecimal"].get<double>();
  return std::nullopt;
}

bool holds(const json& rule, const Answered& so_far) {
  const auto found = so_far.answers.find(rule["question"].get<std::string>());
  if (found == so_far.answers.end()) return false;
  const auto& answer = found->second;
  if (rule.contains("answerCoding")) return answer.contains("valueCoding") && answer["valueCoding"]["code"] == rule["answerCoding"]["code"];
  if (rule.contains("answerBoolean")) return answer.contains("valueBoolean") && answer["valueBoolean"] == rule["answerBoolean"];
  return answer.contains("valueInteger") && answer["valueInteger"].get<int>() > rule["answerInteger"].get<int>();
}

bool is_asked(const json& item, const Answered& so_far) {
  if (!item.contains("enableWhen")) return true;
  const auto& rules = item["enableWhen"];
  if (item.value("enableBehavior", "all") == "any") return std::any_of(rules.begin(), rules.end(), [&](const json& rule) { return holds(rule, so_far); });
  return std::all_of(rules.begin(), rules.end(), [&](const json& rule) { return holds(rule, so_far); });
}

const char* said(const std::string& link) {
  if (link == "matters-most") return "To stay at home and see my family.";
  if (link == "good-day") return "Up and dressed by ten, somebody to talk to, a walk if it is dry.";
  if (link == "change-first") return "To sleep through the night.";
  if (link == "pain-where") return "Knees and back; warmth helps.";
  if (link == "equipment") return "Walking frame, raised toilet seat; a second rail on the stairs is missing.";
  if (link == "one-thing") return "Send the same two people.";
  return nullptr;
}

// `severity` 0…1 of how bad things are; whether a high ordinal is bad is the questionnaire's.
std::optional<json> answer_of(const json& item, double severity, bool is_high_bad, CounterRandom& draw, Answered& all) {
  const std::string type = item["type"], link = item["linkId"];
  const double level = std::clamp((is_high_bad ? severity : 1 - severity) + 0.18 * draw.normal(), 0.0, 0.999);
  if (type == "choice") {
    const auto& options = item["answerOption"];
    const auto& chosen = options[ordinal_of(options[0]) ? static_cast<std::size_t>(level * static_cast<double>(options.size())) : draw.below(options.size())];
    if (const auto number = ordinal_of(chosen)) {
      all.ordinals[link] = *number;
      for (const auto& option : options) all.most[link] = std::max(all.most[link], ordinal_of(option).value_or(0));
    }
    return json{{"valueCoding", chosen["valueCoding"]}};
  }
  if (type == "boolean") return json{{"valueBoolean", link == "safe" || link == "medicines-review" ? level < 0.8 : link == "hopeless" ? false : level > 0.5}};
  if (type == "integer") return json{{"valueInteger", link == "medicines-count" ? draw.between(5, 12) : link == "alcohol" ? draw.between(0, 4) : static_cast<int>(level * 4)}};
  if (const auto* text = said(link)) return json{{"valueString", text}};
  return std::nullopt;
}

json items_of(const json& items, double severity, bool is_high_bad, CounterRandom& draw, Answered& all) {
  json out = json::array();
  for (const auto& item : items) {
    if (item["type"] == "display" || !is_asked(item, all)) continue;
    json one = {{"linkId", item["linkId"]}, {"text", item["text"]}};
    if (item["type"] == "group") {
      one["item"] = items_of(item["item"], severity, is_high_bad, draw, all);
    } else {
      const auto answer = answer_of(item, severity, is_high_bad, draw, all);
      if (!answer) continue;
      all.answers[item["linkId"]] = *answer;
      one["answer"] = json::array({*answer});
    }
    out.push_back(std::move(one));
  }
  return out;
}

struct Score {
  std::string code, title, method, direction;
  std::vector<std::string> items;
};
std::vector<Score> scores_of(const json& questionnaire) {
  std::vector<Score> out;
  for (const auto& extension : questionnaire.value("extension", json::array())) {
    if (extension["url"] != "urn:joinedup:score") continue;
    Score one;
    for (const auto& part : extension["extension"]) {
      const std::string url = part["url"];
      if (url == "code") one.code = part["valueCode"];
      else if (url == "title") one.title = part["valueString"];
      else if (url == "method") one.method = part["valueCode"];
      else if (url == "direction") one.direction = part["valueCode"];
      else if (url == "item") one.items.push_back(part["valueString"]);
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::optional<double> value_of(const Score& score, const Answered& all) {
  double sum = 0, most = 0, count = 0;
  for (const auto& item : score.items)
    if (const auto found = all.ordinals.find(item); found != all.ordinals.end()) sum += found->second, most += all.most.at(item), ++count;
  if (count == 0) return std::nullopt;
  return score.method == "mean" ? sum / count : score.method == "percent-of-max" ? 100 * sum / most : sum;
}

void answer(Book& book, const Case& one, const json& questionnaire, int days_ago, double severity, const std::string& author) {
  const std::string name = questionnaire["id"];
  const auto key = "answers|" + name + "|" + one.patient + "|" + std::to_string(days_ago);
  auto draw = book.draw(key);
  const auto scores = scores_of(questionnaire);
  Answered all;
  json response = {{"resourceType", "QuestionnaireResponse"}, {"questionnaire", questionnaire["url"].get<std::string>() + "|" + questionnaire.value("version", "1")}, {"status", "completed"},
                   {"subject", reference(one.patient)}, {"authored", book.at(days_ago, 14, 20)}, {"author", reference(author)}, {"source", reference(one.patient)}};
  response["item"] = items_of(questionnaire["item"], severity, scores.front().direction == "lower-is-better", draw, all);
  const auto made = book.add(std::move(response), key);
  for (const auto& score : scores) {
    const auto number = value_of(score, all);
    if (!number) continue;
    book.add({{"resourceType", "Observation"}, {"status", "final"}, {"category", json::array({concept_of("http://terminology.hl7.org/CodeSystem/observation-category", "survey")})},
              {"code", {{"coding", json::array({coding("urn:joinedup:score", score.code, score.title)})}, {"text", score.title}}}, {"subject", reference(one.patient)}, {"effectiveDateTime", book.at(days_ago, 14, 20)},
              {"issued", book.at(days_ago, 14, 20)}, {"performer", json::array({reference(author)})}, {"valueQuantity", {{"value", static_cast<int>(*number * 10 + 0.5) / 10.0}, {"unit", score.method == "percent-of-max" ? "%" : "score"}, {"system", "http://unitsofmeasure.org"}, {"code", score.method == "percent-of-max" ? "%" : "{score}"}}},
              {"derivedFrom", json::array({reference(made)})}}, key + score.code);
  }
}

}  // namespace

void write_assessments(Book& book, const Case& one, const std::vector<json>& questionnaires) {
  auto draw = book.draw("assessments|" + one.patient);
  const auto of = [&](const char* id) { return std::find_if(questionnaires.begin(), questionnaires.end(), [&](const json& each) { return each["id"] == id; }); };
  const double begun = 0.5 + 0.3 * draw.uniform(), change = one.number % 4 == 2 ? 0.12 : -0.12;  // most get better, some do not
  const auto nurse = one.team->of("community_nurse")->role;
  const int last = std::max(one.ended, 4);
  const int points[] = {one.started, last + (one.started - last) / 2, last};
  for (int point = 0; point < 3; ++point) {
    const double severity = begun + change * point;
    if (one.is_shown_in_full || point == 0) answer(book, one, *of("holistic-assessment"), points[point], severity, point == 1 ? one.coordinator->role : nurse);
    answer(book, one, *of("wellbeing"), points[point], severity, one.patient);
    if (point > 0 && one.is_shown_in_full) answer(book, one, *of("collaborate"), points[point], 0.6 - 0.2 * point, one.patient);
  }
  if (one.number % 2 == 0) answer(book, one, *of("experience-of-care"), last, 0.3, one.patient);
}

}  // namespace joinedup::living
