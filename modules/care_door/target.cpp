#include "care_door/target.hpp"

#include <algorithm>

namespace joinedup::care_door {
namespace {

class InProcess final : public Target {
 public:
  explicit InProcess(std::unique_ptr<fhir::DurableStore> store) : store_(std::move(store)), empty_(store_->figures().rows == 0) {}
  ~InProcess() override { store_->settle(); }
  Result<void> write(const std::vector<fhir::Write>& writes) override {
    JOINEDUP_TRY(const auto written, store_->write(writes));
    static_cast<void>(written);
    return {};
  }
  Result<std::optional<std::string>> read(std::string_view type, std::string_view id) override {
    auto version = store_->read(type, id, fhir::PermitAll());
    if (version) return std::optional<std::string>(std::move(version->body));
    if (version.error().code == ErrorCode::not_found) return std::optional<std::string>();
    return tl::unexpected(version.error());
  }
  bool was_empty() const override { return empty_; }
  std::string way() const override { return "in this process"; }

 private:
  std::unique_ptr<fhir::DurableStore> store_;
  bool empty_;
};

}  // namespace

std::string record_file(const place::Place& place) { return place.path("shared-record.sqlite"); }

Result<std::unique_ptr<Target>> open_target(const place::Place& place) {
  JOINEDUP_TRY(auto store, fhir::open_store({.path = record_file(place)}));
  return std::unique_ptr<Target>(std::make_unique<InProcess>(std::move(store)));
}

}  // namespace joinedup::care_door
