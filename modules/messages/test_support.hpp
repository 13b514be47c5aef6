// A record, an inbox over it, and messages made to measure. For tests of this room only.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/test_folder.hpp"
#include "fhir/fhir.hpp"
#include "messages/messages.hpp"

namespace joinedup::messages {

using Json = nlohmann::json;

inline std::string shared_data(const std::string& below) {
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  return (given != nullptr ? std::string(given) : std::string(JOINEDUP_SOURCE_DIR "/../shared/data")) + "/" + below;
}

struct Adt {
  std::string trigger = "A01", control = "1", recorded = "202601011200";
  std::string pid3 = "M1^^^RXX^MR", name = "SHAH^Amina", born = "19800201", visit = "V1", location = "Ward 1^2^A^RXX", patient_class = "I";
  std::string admitted = "202601011130", discharged, extra_pid, merged, facility = "RXX", sent;
  std::string text() const {
    std::string out = "MSH|^~\\&|PAS|" + facility + "|JOINEDUP||" + (sent.empty() ? recorded : sent) + "||ADT^" + trigger + "|" + control + "|P|2.4\rEVN|" + trigger + "|" + recorded + "\r";
    out += "PID|1||" + pid3 + "||" + name + "||" + born + "|F|||1 High Street^^Leeds^^LS1 1AA||0113 496 0000" + extra_pid + "\r";
    if (!merged.empty()) out += "MRG|" + merged + "\r";
    else {
      std::string pv1 = "PV1|1|" + patient_class + "|" + location + "|" + std::string(15, '|') + visit + std::string(25, '|') + admitted + "|" + discharged;
      out += pv1 + "\r";
    }
    return out;
  }
};

class InboxFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    place_.folder = folder_.path();
    open();
  }
  void open() {
    auto store = fhir::open_store({.path = folder_.file("shared-record.sqlite"), .base_url = {}, .clock = {}, .new_id = {}});
    ASSERT_TRUE(store) << store.error().text();
    store_ = std::move(*store);
    open_inbox();
  }
  void open_inbox() {
    auto inbox = Inbox::open({.place = &place_, .clock = {}}, *store_);
    ASSERT_TRUE(inbox) << inbox.error().text();
    inbox_ = std::move(*inbox);
  }
  void close() {
    inbox_.reset();
    store_.reset();
  }
  std::string send(const std::string& bytes) {
    const auto answer = inbox_->receive(bytes);
    EXPECT_TRUE(answer) << answer.error().text();
    return answer ? acknowledgement_code(*answer) : "";
  }
  void apply(const Adt& message) {
    EXPECT_EQ(send(message.text()), "AA");
    inbox_->settle();
  }
  std::vector<Json> find(const std::string& type, const std::string& query) {
    auto asked = fhir::parse_query(type, query);
    EXPECT_TRUE(asked);
    asked->count = 1000;
    const auto page = store_->search(*asked, fhir::PermitAll());
    EXPECT_TRUE(page) << page.error().text();
    std::vector<Json> out;
    for (const auto& entry : page->entries) out.push_back(Json::parse(entry.version.body));
    return out;
  }
  Json one(const std::string& type, const std::string& query = {}) {
    const auto all = find(type, query);
    EXPECT_EQ(all.size(), 1u) << type << "?" << query;
    return all.empty() ? Json::object() : all[0];
  }
  std::string put(const std::string& type, const std::string& id, Json body) {
    body["resourceType"] = type;
    body["id"] = id;
    EXPECT_TRUE(store_->write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = body.dump(), .if_match = {}}}));
    return id;
  }
  void register_person(const std::string& id, const std::string& nhs_number, const std::string& born) {
    put("Patient", id, {{"active", true}, {"identifier", {{{"system", "https://fhir.nhs.uk/Id/nhs-number"}, {"value", nhs_number}}}}, {"birthDate", born}, {"name", {{{"family", "Registered"}}}}});
  }
  std::vector<ForReview> for_review() { return review(folder_.path()).value_or(std::vector<ForReview>()); }

  TestFolder folder_;
  place::Place place_;
  std::unique_ptr<fhir::DurableStore> store_;
  std::unique_ptr<Inbox> inbox_;
};

}  // namespace joinedup::messages
