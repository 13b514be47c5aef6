// target: where the care door writes to. In this process where nobody else holds the shared record; this room only.
//
//   JOINEDUP_TRY(auto target, open_target(place));
//   JOINEDUP_CHECK(target->write(writes));      // whole or not at all, durable on return; any thread
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fhir/fhir.hpp"
#include "place/place.hpp"

namespace joinedup::care_door {

class Target {
 public:
  virtual ~Target() = default;
  virtual Result<void> write(const std::vector<fhir::Write>& writes) = 0;
  virtual Result<std::optional<std::string>> read(std::string_view type, std::string_view id) = 0;  // nothing: absent or deleted
  // Every resource of a type that the query selects, a page at a time.
  virtual Result<void> each(const std::string& type, const std::string& query, const std::function<Result<void>(const std::string& body)>& on) = 0;
  virtual bool was_empty() const = 0;  // when it was opened
  virtual std::string way() const = 0;  // for the summary: how it was reached
};

std::string record_file(const place::Place& place);
Result<std::unique_ptr<Target>> open_target(const place::Place& place);

}  // namespace joinedup::care_door
