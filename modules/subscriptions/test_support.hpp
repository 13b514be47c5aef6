// A record, and permits to try it with. For tests of this room only.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/test_folder.hpp"
#include "fhir/fhir.hpp"
#include "subscriptions/subscriptions.hpp"

namespace joinedup::subscriptions {

using Json = nlohmann::json;

// Opens everything but what bears an id of this list.
class Without final : public fhir::Permit {
 public:
  explicit Without(std::set<std::string, std::less<>> ids) : ids_(std::move(ids)) {}
  bool everything() const override { return false; }
  bool allows(fhir::Action, const fhir::Asked& asked) const override { return !ids_.contains(asked.id); }

 private:
  std::set<std::string, std::less<>> ids_;
};

class RecordTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = fhir::open_store({.path = folder_.file("shared-record.sqlite"), .base_url = {}, .clock = {}, .new_id = {}});
    ASSERT_TRUE(store) << store.error().text();
    store_ = std::move(*store);
  }
  void put(const std::string& type, const std::string& id, Json body = Json::object()) {
    body["resourceType"] = type;
    body["id"] = id;
    ASSERT_TRUE(store_->write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = body.dump(), .if_match = {}}}));
  }
  Json get(const std::string& type, const std::string& id) {
    const auto version = store_->read(type, id, fhir::PermitAll());
    return version ? Json::parse(version->body) : Json::object();
  }
  static bool within(std::chrono::milliseconds most, const std::function<bool()>& so) {
    const auto until = std::chrono::steady_clock::now() + most;
    while (std::chrono::steady_clock::now() < until) {
      if (so()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return so();
  }
  static constexpr std::chrono::milliseconds soon{10'000};
  TestFolder folder_;
  std::unique_ptr<fhir::DurableStore> store_;
};

}  // namespace joinedup::subscriptions
