// joinedup care: the care door by hand.
#include <cstdio>

#include "base/text.hpp"
#include "care_door/care_door.hpp"
#include "cli/cli.hpp"

namespace joinedup::cli {
namespace {

constexpr const char* usage_text = "joinedup care open --place DIR --patient ID --by WHO --reason WHY [--json]   (ID: the Patient's id in the shared record)";

Result<care_door::OpenedRecord> open_record(const Common& common) {
  if (common.rest.empty() || common.rest[0] != "open") return fail(ErrorCode::wrong_usage, usage_text);
  care_door::OpenRequest request;
  for (std::size_t i = 1; i + 1 < common.rest.size(); i += 2) {
    const auto& flag = common.rest[i];
    if (flag == "--patient") request.patient = common.rest[i + 1];
    else if (flag == "--by") request.who = common.rest[i + 1];
    else if (flag == "--reason") request.why = common.rest[i + 1];
    else return fail(ErrorCode::wrong_usage, usage_text);
  }
  if (common.place.empty() || request.patient.empty()) return fail(ErrorCode::wrong_usage, usage_text);
  JOINEDUP_TRY(const auto place, place::read_place(common.place));
  JOINEDUP_TRY(const auto feeds, place::shipped_feeds());
  return care_door::open_person(place, feeds, request);
}

}  // namespace

int care_command(std::span<const std::string> arguments) {
  const auto common = read_common(arguments, {"--patient", "--by", "--reason"});
  if (!common) return report_error(common.error());
  const auto opened = open_record(*common);
  if (!opened) return report_error(opened.error());
  if (common->json)
    std::printf("{\"patient\": \"%s\", \"resources\": %llu, \"written\": %llu, \"way\": \"%s\"}\n", opened->patient.c_str(), static_cast<unsigned long long>(opened->resources),
                static_cast<unsigned long long>(opened->written), opened->way.c_str());
  else
    std::printf("The care record is open: %s resources, %s of them written now, %s. It is kept up from now on, and this was logged.\n", with_commas(static_cast<std::int64_t>(opened->resources)).c_str(),
                with_commas(static_cast<std::int64_t>(opened->written)).c_str(), opened->way.c_str());
  return 0;
}

}  // namespace joinedup::cli
