// Forms and their scores, worked by hand.
#include "casework/score.hpp"

#include "casework/test_support.hpp"

namespace joinedup::casework {
namespace {

// Two questions of 0, 1 and 3; the second is asked where the first is not "none"; a third that must be answered; a number.
constexpr const char* questionnaire = R"({"resourceType":"Questionnaire","id":"q","url":"urn:test:q","status":"active","extension":[
 {"url":"urn:joinedup:score","extension":[{"url":"code","valueCode":"sum"},{"url":"title","valueString":"Sum"},{"url":"item","valueString":"a"},{"url":"item","valueString":"b"},{"url":"method","valueCode":"sum"}]},
 {"url":"urn:joinedup:score","extension":[{"url":"code","valueCode":"mean"},{"url":"title","valueString":"Mean"},{"url":"item","valueString":"a"},{"url":"item","valueString":"b"},{"url":"method","valueCode":"mean"}]},
 {"url":"urn:joinedup:score","extension":[{"url":"code","valueCode":"percent"},{"url":"title","valueString":"Percent"},{"url":"item","valueString":"a"},{"url":"item","valueString":"b"},{"url":"method","valueCode":"percent-of-max"}]},
 {"url":"urn:joinedup:score","extension":[{"url":"code","valueCode":"number"},{"url":"title","valueString":"Number"},{"url":"item","valueString":"n"},{"url":"method","valueCode":"sum"}]}],
 "item":[{"linkId":"g","type":"group","item":[
  {"linkId":"a","type":"choice","answerOption":[
   {"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/ordinalValue","valueDecimal":0}],"valueCoding":{"code":"none"}},
   {"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/ordinalValue","valueDecimal":1}],"valueCoding":{"code":"some"}},
   {"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/ordinalValue","valueDecimal":3}],"valueCoding":{"code":"much"}}]},
  {"linkId":"b","type":"choice","enableWhen":[{"question":"a","operator":"!=","answerCoding":{"code":"none"}}],"answerOption":[
   {"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/ordinalValue","valueDecimal":1}],"valueCoding":{"code":"some"}},
   {"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/ordinalValue","valueDecimal":3}],"valueCoding":{"code":"much"}}]}]},
  {"linkId":"t","type":"text","required":true,"enableWhen":[{"question":"b","operator":"=","answerCoding":{"code":"much"}}]},
  {"linkId":"n","type":"integer"}]})";

Json answered(const std::vector<std::pair<std::string, Json>>& answers) {
  Json out{{"resourceType", "QuestionnaireResponse"}, {"status", "in-progress"}, {"questionnaire", "urn:test:q"}, {"subject", {{"reference", "Patient/ann"}}}};
  for (const auto& [id, value] : answers) {
    Json answer;
    answer[value.is_object() ? "valueCoding" : value.is_string() ? "valueString" : "valueInteger"] = value;
    Json item{{"linkId", id}};
    item["answer"] = Json::array({answer});
    if (id == "a" || id == "b") {
      Json group{{"linkId", "g"}};
      group["item"] = Json::array({item});
      item = group;
    }
    out["item"].push_back(item);
  }
  return out;
}
std::map<std::string, double> scores(const std::vector<std::pair<std::string, Json>>& answers) {
  std::map<std::string, double> out;
  for (const auto& one : read_form(Json::parse(questionnaire), answered(answers)).scores) out[one.code] = one.value;
  return out;
}
const Json none{{"code", "none"}}, some{{"code", "some"}}, much{{"code", "much"}};

TEST(ScoreTest, ByHand) {
  using Scores = std::map<std::string, double>;
  EXPECT_EQ(scores({{"a", some}, {"b", much}, {"n", 7}}), (Scores{{"sum", 4}, {"mean", 2}, {"percent", 66.67}, {"number", 7}}));
  EXPECT_EQ(scores({{"a", none}}), (Scores{{"sum", 0}, {"mean", 0}, {"percent", 0}}));                    // b is not asked, and counts for nothing
  EXPECT_EQ(scores({{"a", none}, {"b", much}}), (Scores{{"sum", 0}, {"mean", 0}, {"percent", 0}}));       // what is hidden does not count though it was answered
  EXPECT_EQ(scores({{"a", much}}), Scores{});                                                             // b was asked and is not answered
  EXPECT_EQ(read_form(Json::parse(questionnaire), answered({{"a", much}})).not_scored, (std::vector<std::string>{"Sum", "Mean", "Percent", "Number"}));
  EXPECT_EQ(scores({}), Scores{});
}

TEST(ScoreTest, WhatMustBeAnsweredIsMissedOnlyWhereItIsAsked) {
  const auto form = Json::parse(questionnaire);
  EXPECT_EQ(read_form(form, answered({{"a", much}, {"b", much}})).missing, std::vector<std::string>{"t"});
  EXPECT_TRUE(read_form(form, answered({{"a", much}, {"b", some}})).missing.empty());
  EXPECT_TRUE(read_form(form, answered({{"a", much}, {"b", much}, {"t", "why"}})).missing.empty());
}

using SubmitTest = CaseworkTest;

TEST_F(SubmitTest, AFormIsKeptWithItsScores) {
  put("Questionnaire", "q", std::string(questionnaire).substr(std::string(questionnaire).find("\"url\"")).substr(0, std::string(questionnaire).size() - std::string(questionnaire).find("\"url\"") - 1));
  const auto submit = [&](const access::Subject& who, const Json& response) {
    Json parameters{{"resourceType", "Parameters"}};
    parameters["parameter"] = Json::array({Json{{"name", "response"}, {"resource", response}}});
    return send(who, "POST /QuestionnaireResponse/$submit", parameters.dump());
  };
  const auto done = submit(cora(), answered({{"a", some}, {"b", much}, {"t", "why"}}));
  ASSERT_EQ(done.status, 200) << done.json.dump();
  EXPECT_EQ(text_at(done.json, "parameter/0/resource/status"), "completed");
  const auto kept = "QuestionnaireResponse/" + text_at(done.json, "parameter/0/resource/id");
  const auto kept_scores = find("Observation", "code=urn:joinedup:score|sum");
  ASSERT_EQ(kept_scores.size(), 1U);
  EXPECT_EQ(kept_scores[0]["valueQuantity"]["value"], 4);
  EXPECT_EQ(text_at(kept_scores[0], "derivedFrom/0/reference"), kept);
  EXPECT_EQ(text_at(done.json, "parameter/4/name"), "not-scored");
  EXPECT_EQ(submit(cora(), answered({{"a", some}, {"b", much}})).about(), "t");
  EXPECT_EQ(submit(out(), answered({{"a", some}, {"b", some}})).status, 422);
  EXPECT_EQ(submit(cora(), Json{{"resourceType", "Patient"}}).about(), "response");
  // A person fills in their own.
  access::Subject ann;
  ann.user = "u-ann", ann.kind = access::Subject::Kind::person, ann.patient = "ann", ann.roles = {"person"}, ann.purpose = access::Purpose::own_record;
  const auto own = submit(ann, answered({{"a", none}}));
  EXPECT_EQ(own.status, 200) << own.json.dump();
}

}  // namespace
}  // namespace joinedup::casework
