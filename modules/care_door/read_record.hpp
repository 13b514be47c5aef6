// What the record holds, whoever has it open: in this process, or through the one that serves it. For this machine's operators, not for who signs in.
//
//   JOINEDUP_TRY(const auto record, read_record(place));
//   JOINEDUP_TRY(const auto body, record.read("Patient", id));     // nothing: absent or deleted
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "place/place.hpp"

namespace joinedup::care_door {

struct RecordReader {
  std::function<Result<std::optional<std::string>>(const std::string& type, const std::string& id)> read;
  std::function<Result<std::vector<std::string>>(const std::string& type, const std::string& query)> find;  // bodies
};
Result<RecordReader> read_record(const place::Place& place);

}  // namespace joinedup::care_door
