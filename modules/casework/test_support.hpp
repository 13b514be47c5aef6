// A small place with a team, its workers and a person, the operations over it, and the permits of those who ask. For tests of this room only.
#pragma once
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "access/access.hpp"
#include "base/test_folder.hpp"
#include "casework/ask.hpp"
#include "casework/casework.hpp"
#include "fhir/fhir.hpp"
#include "rest/rest.hpp"
#include "validation/validation.hpp"

namespace joinedup::casework {

// 2026-06-01T12:00:00Z
inline constexpr std::int64_t noon = 1'780'315'200'000'000, an_hour = 3'600'000'000, a_day = 24 * an_hour;

struct Answer {
  int status = 0;
  Json json;
  std::vector<rest::Shown> shown, written;
  std::string sentence() const { return text_at(json, "issue/0/details/text"); }
  std::string about() const { return text_at(json, "issue/0/expression/0"); }
};

class CaseworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::make_unique<TestFolder>();
    place_.folder = folder_->path();
    place_.postcodes_file = "postcode.csv";
    folder_->write("postcode.csv", "postcode,lsoa11,imd_decile,la_code\nAA1 1AA,E01,1,E06\nAA1 1AB,E02,10,E06\n");
    place_.teams = {{"Team one", {"PRACa"}, 40}};
    auto opened = fhir::open_store({.path = folder_->file("record.sqlite"), .base_url = base, .clock = [this] { return now_; }, .new_id = {}});
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
    auto made = Casework::open({.place = &place_, .clock = [this] { return now_; }});
    ASSERT_TRUE(made) << made.error().text();
    casework_ = std::move(*made);
    static const auto r4 = validation::Validator::r4();
    api_ = std::make_unique<rest::Api>(*store_, rest::ApiOptions{.base_url = base, .validation = rest::Validation::reject, .validator = &r4, .export_folder = {}, .operations = casework_->operations()});
    access::AccessOptions options;
    options.clock = [this] { return now_; };
    options.base_url = base;
    auto access = access::Access::open(*store_, place_, options);
    ASSERT_TRUE(access) << access.error().text();
    access_ = std::move(*access);
    furnish();
  }
  void TearDown() override {
    access_.reset(), api_.reset(), casework_.reset(), store_.reset();
  }

  void put(const std::string& type, const std::string& id, const std::string& rest) {
    const std::string body = R"({"resourceType":")" + type + R"(","id":")" + id + "\"" + (rest.empty() ? "" : ",") + rest + "}";
    const auto done = store_->write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = body, .if_match = {}}});
    ASSERT_TRUE(done) << done.error().text() << " " << body;
  }
  void worker(const std::string& id, const std::string& code, const std::string& organisation) {
    put("Practitioner", id, R"("name":[{"family":"Of )" + id + "\"}]");
    put("PractitionerRole", "r-" + id, R"("active":true,"practitioner":{"reference":"Practitioner/)" + id + R"("},"organization":{"reference":"Organization/)" + organisation +
                                           R"("},"code":[{"coding":[{"system":"urn:joinedup:role","code":")" + code + R"("}]}])");
  }
  // A practice and another partner; a team of a co-ordinator, a lead and a nurse; a co-ordinator and a person who are no part of it.
  void furnish() {
    for (const std::string one : {"a", "b"}) put("Organization", "practice-" + one, R"("name":"P","identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"PRAC)" + one + R"("}])");
    worker("cora", "care_coordinator", "practice-a"), worker("lea", "team_lead", "practice-a"), worker("ned", "community_nurse", "practice-a"), worker("out", "community_nurse", "practice-b");
    put("HealthcareService", "team-one", R"("identifier":[{"system":"urn:joinedup:team","value":"Team one"}],"active":true,"name":"Team one")");
    put("HealthcareService", "physio", R"("active":true,"name":"Physiotherapy","providedBy":{"reference":"Organization/practice-b"})");
    put("CareTeam", "one", R"("identifier":[{"system":"urn:joinedup:team","value":"Team one"}],"status":"active","name":"Team one","participant":[{"member":{"reference":"Practitioner/cora"}},)"
                           R"({"member":{"reference":"Practitioner/lea"}},{"member":{"reference":"Practitioner/ned"}}])");
    for (const std::string one : {"ann", "ben"}) {
      put("Patient", one, R"("birthDate":"1950-01-01","address":[{"postalCode":"AA1 1AA"}])");
      put("EpisodeOfCare", "case-" + one, R"("status":"planned","statusHistory":[{"status":"planned","period":{"start":"2026-05-01"}}],"type":[{"coding":[{"system":"urn:joinedup:case-finding","code":"released"}]}],)"
                                          R"("patient":{"reference":"Patient/)" + one + R"("},"period":{"start":"2026-05-01"},"team":[{"reference":"CareTeam/one"}])");
    }
  }

  static access::Subject subject(const std::string& practitioner, const std::string& role, const std::string& organisation) {
    access::Subject out;
    out.user = "u-" + practitioner, out.practitioner = practitioner, out.organisation = organisation, out.roles = {role};
    return out;
  }
  access::Subject cora() const { return subject("cora", "co_ordinator", "PRACa"); }
  access::Subject lea() const { return subject("lea", "team_lead", "PRACa"); }
  access::Subject out() const { return subject("out", "nurse", "PRACb"); }

  // "POST /EpisodeOfCare/1/$accept" by somebody, under their own permit as the policy gives it.
  Answer send(const access::Subject& who, const std::string& line, const std::string& body = {}, const std::vector<rest::Header>& headers = {}) {
    const auto permit = access_->permit(who);
    EXPECT_TRUE(permit);
    rest::Request request;
    const auto space = line.find(' '), mark = line.find('?');
    request.method = line.substr(0, space);
    request.path = line.substr(space + 1, mark == line.npos ? line.npos : mark - space - 1);
    if (mark != line.npos) request.query = line.substr(mark + 1);
    request.headers = headers;
    request.body = body;
    request.permit = permit->get();
    request.principal = who.user;
    if (!who.practitioner.empty()) request.author = "Practitioner/" + who.practitioner;
    if (!who.patient.empty()) request.author = "Patient/" + who.patient;
    if (!who.related_person.empty()) request.author = "RelatedPerson/" + who.related_person;
    request.organisation = who.organisation;
    auto response = api_->handle(request);
    return {response.status, Json::parse(response.body, nullptr, false), response.shown, response.written};
  }
  // An operation with its parameters: name and value, strings but for those that begin with { (a Reference), true, or a number.
  Answer call(const access::Subject& who, const std::string& path, const std::vector<std::pair<std::string, std::string>>& parameters = {}, const std::vector<rest::Header>& headers = {}) {
    Json body{{"resourceType", "Parameters"}};
    for (const auto& [name, value] : parameters) {
      Json one{{"name", name}};
      if (value == "true") one["valueBoolean"] = true;
      else if (!value.empty() && value.find_first_not_of("0123456789") == value.npos) one["valueInteger"] = std::stoi(value);
      else if (is_reference(value) && value[0] >= 'A' && value[0] <= 'Z') one["valueReference"] = reference_to(value);
      else one["valueString"] = value;
      body["parameter"].push_back(std::move(one));
    }
    return send(who, "POST /" + path, body.dump(), headers);
  }
  Json stored(const std::string& reference) {
    const auto slash = reference.find('/');
    const auto read = store_->read(reference.substr(0, slash), reference.substr(slash + 1), fhir::PermitAll());
    EXPECT_TRUE(read) << reference;
    return read ? Json::parse(read->body) : Json::object();
  }
  std::vector<Json> find(const std::string& type, const std::string& query) {
    const fhir::PermitAll everybody;
    const auto response = api_->handle({.method = "GET", .path = "/" + type, .query = query + "&_count=500", .permit = &everybody});
    EXPECT_EQ(response.status, 200) << response.body;
    std::vector<Json> out;
    const auto bundle = Json::parse(response.body);
    if (bundle.contains("entry"))
      for (const auto& entry : bundle["entry"]) out.push_back(entry["resource"]);
    return out;
  }
  void accepted(const std::string& person) {
    ASSERT_EQ(call(cora(), "EpisodeOfCare/case-" + person + "/$accept", {{"coordinator", "PractitionerRole/r-cora"}}).status, 200);
  }
  void started(const std::string& person) {
    accepted(person);
    ASSERT_EQ(call(cora(), "EpisodeOfCare/case-" + person + "/$ask", {{"outcome", "agreed"}}).status, 200);
    ASSERT_EQ(call(cora(), "EpisodeOfCare/case-" + person + "/$start").status, 200);
  }

  static constexpr const char* base = "http://here/fhir";
  std::int64_t now_ = noon;
  std::unique_ptr<TestFolder> folder_;
  place::Place place_;
  std::unique_ptr<fhir::DurableStore> store_;
  std::unique_ptr<Casework> casework_;
  std::unique_ptr<rest::Api> api_;
  std::unique_ptr<access::Access> access_;
};

}  // namespace joinedup::casework
