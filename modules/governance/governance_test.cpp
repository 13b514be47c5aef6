#include "governance/governance.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"
#include "validation/validation.hpp"

namespace joinedup::governance {
namespace {

constexpr const char* text = R"toml(format = 1
[place]
name = "Exampleshire"
synthetic = true
data_from = 2023-04-01
data_to = 2026-03-31
[[partner]]
code = "RX1"
name = "Exampleshire Hospital"
type = "hospital"
[[partner]]
code = "SC1"
name = "Exampleshire Council"
type = "social_care"
[[partner]]
code = "VC1"
name = "Exampleshire Befrienders"
type = "voluntary"
[[agreement]]
id = "rx1-planning"
partner = "RX1"
purpose = "secondary_use"
from = 2023-04-01
[[agreement]]
id = "rx1-care"
partner = "RX1"
purpose = "direct_care"
from = 2023-04-01
until = 2025-06-30
wind_down_days = 30
legal_basis = "UK GDPR 6(1)(e), 9(2)(h)"
with = ["SC1"]
dpia = "dpia.txt"
[[agreement.approval]]
by = "Caldicott guardian, RX1"
on = 2023-03-01
[[agreement]]
partner = "SC1"
purpose = "secondary_use"
from = 2023-04-01
)toml";

Date day(const char* iso) { return *parse_iso_date(iso); }

struct GovernanceTest : ::testing::Test {
  TestFolder folder;
  place::Place place;
  std::unique_ptr<fhir::DurableStore> store;
  void SetUp() override {
    folder.write("dpia.txt", "assessed");
    place = *place::parse_place(text, folder.path());
    auto opened = fhir::open_store({.path = folder.file("record.sqlite")});
    ASSERT_TRUE(opened) << opened.error().text();
    store = std::move(*opened);
  }
  void put(const std::string& type, const std::string& id, const std::string& rest) {
    const auto written = store->write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = R"({"resourceType":")" + type + R"(","id":")" + id + R"(",)" + rest + "}", .if_match = {}}});
    ASSERT_TRUE(written) << written.error().text();
  }
  std::vector<std::string> bodies(const std::string& type, const std::string& query) {
    const auto page = store->search(*fhir::parse_query(type, query), fhir::PermitAll());
    std::vector<std::string> out;
    for (const auto& entry : page->entries) out.push_back(entry.version.body);
    return out;
  }
  const Entry& entry(const std::vector<Entry>& all, const std::string& id) {
    for (const auto& one : all)
      if (one.agreement->id == id) return one;
    ADD_FAILURE() << id;
    return all.front();
  }
};

}  // namespace

TEST_F(GovernanceTest, EachAgreementStandsAsItsDaysSay) {
  const auto standing = [&](const char* iso) { const auto all = register_on(place, day(iso)); return entry(all, "rx1-care").standing; };
  EXPECT_EQ(standing("2023-03-31"), Standing::not_yet);
  EXPECT_EQ(standing("2025-06-30"), Standing::in_force);
  EXPECT_EQ(standing("2025-07-01"), Standing::winding_down);
  EXPECT_EQ(standing("2025-07-30"), Standing::winding_down);
  EXPECT_EQ(standing("2025-07-31"), Standing::ended);
}

TEST_F(GovernanceTest, WhatIsMissingOrSoonEndsIsSaid) {
  const auto all = register_on(place, day("2025-06-01"));
  EXPECT_EQ(entry(all, "rx1-care").concerns, (std::vector<std::string>{"It ends in 29 days and nothing follows it."}));
  EXPECT_EQ(entry(all, "rx1-planning").concerns,
            (std::vector<std::string>{"No legal basis is written down.", "No data protection impact assessment is attached.", "Nobody's approval is written down."}));
  auto followed = place;
  followed.agreements.push_back(followed.agreements[1]);
  followed.agreements.back().id = "rx1-care-2";
  followed.agreements.back().from = day("2025-07-01");
  followed.agreements.back().until = {};
  const auto with_next = register_on(followed, day("2025-06-01"));
  EXPECT_TRUE(entry(with_next, "rx1-care").concerns.empty());
  EXPECT_TRUE(register_on(place, day("2026-01-01"))[0].concerns.empty()) << "what has ended is no worry";
}

TEST_F(GovernanceTest, APartnerJoinsInPhases) {
  EXPECT_EQ(phase_of(place, "RX1", day("2025-06-01")), Phase::write);
  EXPECT_EQ(phase_of(place, "RX1", day("2025-07-01")), Phase::view) << "winding down is read-only";
  EXPECT_EQ(phase_of(place, "RX1", day("2025-08-01")), Phase::pseudonymised_feeds);
  EXPECT_EQ(phase_of(place, "SC1", day("2025-06-01")), Phase::pseudonymised_feeds);
  EXPECT_EQ(phase_of(place, "VC1", day("2025-06-01")), Phase::none);
}

TEST_F(GovernanceTest, EveryContractIsValidAndNamesItsPartner) {
  for (const auto& one : register_on(place, day("2025-06-01"))) {
    const auto body = contract_json(place, one, {{"RX1", "org-1"}});
    const auto document = fhirpath::parse_document(body);
    ASSERT_TRUE(document) << body;
    for (const auto& issue : validation::Validator::r4().validate(*document, {.report = validation::Options::Report::errors_only}))
      ADD_FAILURE() << issue.expression << " " << issue.sentence << "\n" << body;
    EXPECT_EQ(body.find("Organization/org-1") != std::string::npos, one.agreement->partner == "RX1");
  }
}

TEST_F(GovernanceTest, PublishingTwiceWritesNothing) {
  put("Organization", "org-1", R"("identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"RX1"}],"name":"Exampleshire Hospital")");
  const auto first = publish(place, day("2025-06-01"), *store);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->contracts, 3u);
  EXPECT_EQ(publish(place, day("2025-06-02"), *store)->contracts, 0u);
  EXPECT_EQ(bodies("Contract", "status=executed&subject=Organization/org-1").size(), 2u);
}

TEST_F(GovernanceTest, CoordinatorsAreToldOnceWhenCareWindsDownAndOnceWhenItEnds) {
  put("EpisodeOfCare", "e1", R"("status":"active","patient":{"reference":"Patient/p1"},"careManager":{"reference":"Practitioner/w1"})");
  put("EpisodeOfCare", "e2", R"("status":"active","patient":{"reference":"Patient/p2"},"careManager":{"reference":"Practitioner/w1"})");
  put("EpisodeOfCare", "e3", R"("status":"finished","patient":{"reference":"Patient/p3"},"careManager":{"reference":"Practitioner/w2"})");
  EXPECT_EQ(publish(place, day("2025-06-30"), *store)->told, 0u);
  EXPECT_EQ(publish(place, day("2025-07-01"), *store)->told, 1u) << "one co-ordinator has people in care";
  EXPECT_EQ(publish(place, day("2025-07-02"), *store)->told, 0u);
  EXPECT_EQ(publish(place, day("2025-07-31"), *store)->told, 1u);
  const auto told = bodies("Communication", "recipient=Practitioner/w1");
  ASSERT_EQ(told.size(), 2u);
  for (const auto& body : told) {
    EXPECT_EQ(body.find("Patient"), std::string::npos) << "it is about an agreement, not about a person";
    const auto document = fhirpath::parse_document(body);
    EXPECT_TRUE(validation::Validator::r4().is_valid(*document)) << body;
  }
  EXPECT_EQ(bodies("Contract", "status=terminated").size(), 1u);
}

}  // namespace joinedup::governance
