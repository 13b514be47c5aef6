#include "content/content.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.hpp"
#include "fhirpath/fhirpath.hpp"
#include "validation/validation.hpp"

namespace joinedup::content {
namespace {

using nlohmann::json;

class ContentTest : public testing::Test {
 protected:
  ContentTest() {
    folder_ = testing::TempDir() + "content-" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    EXPECT_TRUE(make_folder(folder_ + "/content"));
    place_.folder = folder_;
    auto opened = fhir::open_store({.path = folder_ + "/shared-record.sqlite"});
    EXPECT_TRUE(opened);
    store_ = std::move(*opened);
  }
  void put(const std::string& name, const std::string& text) { ASSERT_TRUE(write_file(folder_ + "/content/" + name, text)); }
  json read(const std::string& type, const std::string& id) {
    const auto version = store_->read(type, id, fhir::PermitAll());
    return version ? json::parse(version->body) : json();
  }
  std::string folder_;
  place::Place place_;
  std::unique_ptr<fhir::DurableStore> store_;
};

std::vector<json> shipped(const std::string& type) {
  std::vector<json> out;
  const auto all = content_of({.folder = testing::TempDir() + "no-such-place"});
  EXPECT_TRUE(all && all->notes.empty());
  for (const auto& piece : all->pieces)
    if (piece.type == type) out.push_back(json::parse(piece.body));
  return out;
}

void each_item(const json& items, const std::function<void(const json&)>& act) {
  for (const auto& item : items) {
    act(item);
    if (item.contains("item")) each_item(item["item"], act);
  }
}

TEST_F(ContentTest, EverythingShippedIsValidAndNamesItsSourceInItsFirstLine) {
  const auto all = content_of(place_);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->pieces.size(), 11U);
  for (const auto& piece : all->pieces) {
    const auto text = read_file(std::string(JOINEDUP_SOURCE_DIR) + "/modules/content/" + piece.from);
    ASSERT_TRUE(text) << piece.from;
    fhirpath::Document document;
    ASSERT_TRUE(document.parse(*text)) << piece.from;
    for (const auto& issue : validation::Validator::r4().validate(document))
      EXPECT_GT(issue.severity, validation::Severity::error) << piece.from << " " << issue.expression << ": " << issue.sentence;
    EXPECT_TRUE(text->starts_with("{\"copyright\": \"Source: ")) << piece.from;
    EXPECT_TRUE(text->substr(0, text->find('\n')).ends_with("\",")) << piece.from;
  }
}

TEST_F(ContentTest, EverySkipRuleAsksAnEarlierQuestionForAnAnswerItCanHave) {
  std::size_t rules = 0;
  for (const auto& questionnaire : shipped("Questionnaire")) {
    if (!questionnaire.contains("item")) continue;
    std::map<std::string, json> before;
    each_item(questionnaire["item"], [&](const json& item) {
      for (const auto& rule : item.value("enableWhen", json::array())) {
        ++rules;
        ASSERT_TRUE(before.contains(rule["question"])) << rule.dump();
        const auto& asked = before[rule["question"]];
        if (rule.contains("answerCoding")) {
          const auto& options = asked["answerOption"];
          EXPECT_TRUE(std::any_of(options.begin(), options.end(), [&](const json& one) { return one["valueCoding"]["code"] == rule["answerCoding"]["code"]; })) << rule.dump();
        } else {
          EXPECT_EQ(asked["type"], rule.contains("answerBoolean") ? "boolean" : "integer") << rule.dump();
        }
      }
      EXPECT_TRUE(before.emplace(item["linkId"], item).second) << item["linkId"];
    });
  }
  EXPECT_GT(rules, 20U);
}

// A score's items can be scored: every one is a choice whose options have an ordinal, and what the meaning says of its range is so.
TEST_F(ContentTest, ScoresNameItemsThatHaveOrdinals) {
  std::map<std::string, double> highest;
  for (const auto& questionnaire : shipped("Questionnaire")) {
    std::map<std::string, double> most;
    if (questionnaire.contains("item"))
      each_item(questionnaire["item"], [&](const json& item) {
        for (const auto& option : item.value("answerOption", json::array()))
          for (const auto& extension : option.value("extension", json::array()))
            if (extension["url"] == "http://hl7.org/fhir/StructureDefinition/ordinalValue") most[item["linkId"]] = std::max(most[item["linkId"]], extension["valueDecimal"].get<double>());
      });
    for (const auto& score : questionnaire.value("extension", json::array())) {
      if (score["url"] != "urn:joinedup:score") continue;
      std::string code, method, meaning;
      double sum = 0;
      for (const auto& part : score["extension"]) {
        if (part["url"] == "code") code = part["valueCode"];
        if (part["url"] == "method") method = part["valueCode"];
        if (part["url"] == "meaning") meaning = part["valueString"];
        if (part["url"] != "item") continue;
        ASSERT_TRUE(most.contains(part["valueString"])) << part.dump();
        sum += most[part["valueString"]];
      }
      highest[code] = method == "percent-of-max" ? 100 : sum;
      EXPECT_TRUE(meaning.starts_with("0 to " + std::to_string(static_cast<int>(highest[code])) + ".")) << code << ": " << meaning << " but " << highest[code];
    }
  }
  EXPECT_EQ(highest.size(), 8U);
  EXPECT_EQ(highest["collaborate"], 100);
}

TEST_F(ContentTest, SlotsForLicensedInstrumentsHoldNoneOfTheirText) {
  std::size_t slots = 0;
  for (const auto& questionnaire : shipped("Questionnaire")) {
    if (questionnaire["status"] != "draft") continue;
    ++slots;
    EXPECT_FALSE(questionnaire.contains("item"));
    EXPECT_NE(questionnaire["description"].get<std::string>().find("licence"), std::string::npos);
  }
  EXPECT_EQ(slots, 3U);
}

TEST_F(ContentTest, EveryStepOfAPathwayNamesItsSourceAndTimeAndFollowsAStepThatExists) {
  for (const auto& pathway : shipped("PlanDefinition")) {
    std::set<std::string> ids;
    for (const auto& step : pathway["action"]) {
      EXPECT_TRUE(ids.insert(step["id"]).second);
      EXPECT_FALSE(step["documentation"][0]["display"].get<std::string>().empty()) << step["id"];
      EXPECT_EQ(step["timingDuration"]["code"], "d") << step["id"];
      for (const auto& after : step.value("relatedAction", json::array())) EXPECT_TRUE(ids.contains(after["actionId"])) << after.dump();
    }
    EXPECT_GE(ids.size(), 7U);
    EXPECT_GE(pathway["extension"].size(), 3U);
  }
  EXPECT_EQ(shipped("PlanDefinition").size(), 4U);
}

// Conditions hold for who has the disease, and not for who has not.
TEST_F(ContentTest, ConditionsOfPathwaysReadABundle) {
  const std::string sick = R"({"resourceType":"Bundle","type":"collection","entry":[
    {"resource":{"resourceType":"Patient","birthDate":"1999-01-01"}},
    {"resource":{"resourceType":"Encounter","status":"finished","class":{"code":"IMP"},"period":{"start":"2026-01-01T08:00:00Z","end":"2026-01-09T08:00:00Z"}}},
    {"resource":{"resourceType":"Condition","code":{"coding":[{"code":"13645005"},{"code":"44054006"},{"code":"371087003"},{"code":"267036007"},{"code":"14669001"}]}}},
    {"resource":{"resourceType":"Observation","code":{"coding":[{"code":"62238-1"}]},"valueQuantity":{"value":15}}},
    {"resource":{"resourceType":"Observation","code":{"coding":[{"code":"9318-7"}]},"valueQuantity":{"value":90,"unit":"mg/mmol"}}}]})";
  const std::string well = R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","birthDate":"1950-01-01"}},
    {"resource":{"resourceType":"Observation","code":{"coding":[{"code":"59261-8"}]},"effectiveDateTime":"2026-01-05","valueQuantity":{"value":40}}}]})";
  fhirpath::Document of_sick, of_well;
  ASSERT_TRUE(of_sick.parse(sick));
  ASSERT_TRUE(of_well.parse(well));
  std::size_t conditions = 0;
  for (const auto& pathway : shipped("PlanDefinition"))
    for (const auto& step : pathway["action"])
      for (const auto& condition : step.value("condition", json::array())) {
        ++conditions;
        const std::string text = condition["expression"]["expression"];
        const auto expression = fhirpath::Expression::compile(text);
        ASSERT_TRUE(expression) << text << " " << expression.error().text();
        for (const auto* document : {&of_sick, &of_well}) {
          fhirpath::Context context;
          context.now_micros = 1'768'550'400'000'000;  // 2026-01-16
          const auto found = expression->evaluate(document->root_value(), context);
          ASSERT_TRUE(found) << text << " " << found.error().text();
          const auto holds = fhirpath::as_boolean(*found);
          ASSERT_TRUE(holds) << text;
          EXPECT_EQ(holds->value_or(false), document == &of_sick) << text;
        }
      }
  EXPECT_GE(conditions, 11U);
}

TEST_F(ContentTest, PublishingTwiceWritesNothing) {
  const auto first = publish(place_, *store_);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->written, 11U);
  const auto second = publish(place_, *store_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->written + second->retired, 0U);
  EXPECT_EQ(read("Questionnaire", "holistic-assessment")["title"], "Holistic assessment");
}

TEST_F(ContentTest, APlacesOwnFileFillsASlotAndIsRetiredWhenItGoes) {
  ASSERT_TRUE(publish(place_, *store_));
  put("licensed.json", R"({"resourceType":"Questionnaire","id":"pam-13","status":"active","title":"Ours","item":[{"linkId":"1","text":"x","type":"string"}]})");
  put("own.json", R"({"resourceType":"PlanDefinition","id":"falls","status":"active","title":"Falls"})");
  auto published = publish(place_, *store_);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->written, 2U);
  EXPECT_TRUE(published->notes.empty());
  EXPECT_EQ(read("Questionnaire", "pam-13")["status"], "active");
  std::filesystem::remove_all(folder_ + "/content");
  published = publish(place_, *store_);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->written, 1U);
  EXPECT_EQ(published->retired, 1U);
  EXPECT_EQ(read("Questionnaire", "pam-13")["status"], "draft");
  EXPECT_EQ(read("PlanDefinition", "falls")["status"], "retired");
  published = publish(place_, *store_);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->written + published->retired, 0U);
}

TEST_F(ContentTest, FilesThatCannotBeTakenAreSaidAndWhatIsShippedStands) {
  put("broken.json", "{");
  put("invalid.json", R"({"resourceType":"Questionnaire","id":"collaborate","status":"nonsense"})");
  put("person.json", R"({"resourceType":"Patient","id":"p"})");
  put("nameless.json", R"({"resourceType":"Questionnaire","status":"active"})");
  put("list.json", "[]");
  const auto published = publish(place_, *store_);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->notes.size(), 5U);
  for (const auto& note : published->notes) EXPECT_TRUE(note.starts_with("content/")) << note;
  EXPECT_EQ(read("Questionnaire", "collaborate")["status"], "active");
  EXPECT_TRUE(read("Patient", "p").is_null());
}

}  // namespace
}  // namespace joinedup::content
