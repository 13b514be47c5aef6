// A small place with a record, subjects, and an Api over it. For tests of this room only.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>

#include "access/access.hpp"
#include "base/test_folder.hpp"
#include "fhir/fhir.hpp"
#include "rest/rest.hpp"

namespace joinedup::access {

inline std::string shared_data(const std::string& below) {
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  return (given != nullptr ? std::string(given) : std::string(JOINEDUP_SOURCE_DIR "/../shared/data")) + "/" + below;
}

// 2026-06-01T12:00:00Z
inline constexpr std::int64_t noon = 1'780'315'200'000'000, an_hour = 3'600'000'000, a_day = 24 * an_hour;

class AccessTest : public ::testing::Test {
 protected:
  void SetUp() override { begin({}); }
  void begin(const place::Place& with) {
    access_.reset(), api_.reset(), store_.reset();
    folder_ = std::make_unique<TestFolder>();
    place_ = with;
    place_.folder = folder_->path();
    auto opened = fhir::open_store({.path = folder_->file("record.sqlite"), .base_url = base, .clock = [this] { return now_; }, .new_id = {}});
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
    api_ = std::make_unique<rest::Api>(*store_, rest::ApiOptions{.base_url = base, .export_folder = folder_->file("exports")});
    reopen();
  }
  void reopen() {
    access_.reset();
    AccessOptions options;
    options.clock = [this] { return now_; };
    options.base_url = base;
    auto access = Access::open(*store_, place_, options);
    ASSERT_TRUE(access) << access.error().text();
    access_ = std::move(*access);
  }
  void put(const std::string& type, const std::string& id, const std::string& rest) {
    const std::string body = R"({"resourceType":")" + type + R"(","id":")" + id + "\"" + (rest.empty() ? "" : ",") + rest + "}";
    const auto done = store_->write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = body, .if_match = {}}});
    ASSERT_TRUE(done) << done.error().text() << " " << body;
  }
  void remove(const std::string& type, const std::string& id) {
    ASSERT_TRUE(store_->write({{.kind = fhir::Write::Kind::remove, .type = type, .id = id, .body = {}, .if_match = {}}}));
  }
  // Practices A and B with a patient each, pa and pb, and an Observation of each: oa, ob.
  void two_practices() {
    for (const std::string one : {"a", "b"}) {
      put("Organization", "practice-" + one, R"("identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"PRAC)" + one + R"("}])");
      put("Patient", "p" + one, R"("identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"900000000)" + std::string(one == "a" ? "1" : "2") +
                                    R"("}],"birthDate":"1950-01-01","generalPractitioner":[{"reference":"Organization/practice-)" + one + R"("}])");
      put("Observation", "o" + one, observation("p" + one));
    }
  }
  static std::string observation(const std::string& patient, const std::string& label = {}, const std::string& source = {}) {
    std::string meta;
    if (!label.empty()) meta = R"("security":[{"system":"urn:joinedup:label","code":")" + label + "\"}]";
    if (!source.empty()) meta += std::string(meta.empty() ? "" : ",") + R"("source":")" + source + "\"";
    return (meta.empty() ? "" : R"("meta":{)" + meta + "},") + R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" + patient + "\"}";
  }
  static Subject worker(const std::string& practitioner, const std::string& role, const std::string& organisation) {
    Subject s;
    s.user = "u-" + practitioner, s.practitioner = practitioner, s.organisation = organisation, s.roles = {role};
    return s;
  }
  static Subject person(const std::string& patient) {
    Subject s;
    s.user = "u-" + patient, s.kind = Subject::Kind::person, s.patient = patient, s.roles = {"person"}, s.purpose = Purpose::own_record;
    return s;
  }
  static Subject proxy(const std::string& related) {
    Subject s;
    s.user = "u-" + related, s.kind = Subject::Kind::proxy, s.related_person = related, s.roles = {"proxy"}, s.purpose = Purpose::own_record;
    return s;
  }
  static Subject backend(const std::string& organisation) {
    Subject s;
    s.user = "b-" + organisation, s.kind = Subject::Kind::backend, s.organisation = organisation, s.roles = {"backend"}, s.client = "client";
    return s;
  }
  Subject gp_a() const { return worker("gp-a", "gp", "PRACa"); }

  rest::Response send(const Subject& who, std::string_view line, const std::string& body = {}, std::vector<rest::Header> headers = {}) {
    const auto permit = access_->permit(who);
    EXPECT_TRUE(permit);
    rest::Request request;
    const auto space = line.find(' ');
    request.method = line.substr(0, space);
    const std::string_view address = line.substr(space + 1);
    const auto mark = address.find('?');
    request.path = address.substr(0, mark);
    if (mark != address.npos) request.query = address.substr(mark + 1);
    request.headers = std::move(headers);
    if (request.method == "PATCH") request.headers.push_back({"Content-Type", "application/json-patch+json"});
    request.body = body;
    request.permit = permit->get();
    return api_->handle(request);
  }
  int status(const Subject& who, std::string_view line, const std::string& body = {}) { return send(who, line, body).status; }
  // "Type?query" → its total, which a page of the same search must agree with.
  std::size_t total(const Subject& who, const std::string& search) {
    const char more = search.find('?') == search.npos ? '?' : '&';
    const auto answer = send(who, "GET /" + search + more + "_summary=count");
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto at = answer.body.find("\"total\":");
    const auto counted = at == std::string::npos ? 999 : std::strtoul(answer.body.c_str() + at + 8, nullptr, 10);
    const auto page = send(who, "GET /" + search + more + "_count=1000");
    std::size_t shown = 0;
    for (std::size_t from = 0; (from = page.body.find("\"mode\":\"match\"", from)) != std::string::npos; ++from) ++shown;
    EXPECT_EQ(counted, shown) << search;
    return counted;
  }
  std::string rule(const Subject& who, const std::string& address, fhir::Action action = fhir::Action::read) {
    const auto slash = address.find('/');
    const auto decision = access_->explain(who, action, address.substr(0, slash), address.substr(slash + 1));
    EXPECT_TRUE(decision);
    EXPECT_FALSE(decision->because.empty());
    return decision->rule;
  }

  static constexpr const char* base = "http://here/fhir";
  std::int64_t now_ = noon;
  std::unique_ptr<TestFolder> folder_;
  place::Place place_;
  std::unique_ptr<fhir::DurableStore> store_;
  std::unique_ptr<rest::Api> api_;
  std::unique_ptr<Access> access_;
};

}  // namespace joinedup::access
