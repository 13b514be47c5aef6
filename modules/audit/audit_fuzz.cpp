// Whatever bytes stand in the log's files, and whatever is asked of it: no crash, and only one form gives an event.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "audit/audit.hpp"
#include "audit/event_bytes.hpp"
#include "audit/heads.hpp"
#include "audit/seal.hpp"
#include "audit/segment.hpp"

namespace {

struct Empty final : joinedup::audit::Reader {
  joinedup::Result<std::vector<joinedup::audit::Kept>> find(const Query&) override { return std::vector<joinedup::audit::Kept>{}; }
  joinedup::Result<joinedup::audit::Kept> read(std::string_view) override { return joinedup::fail(joinedup::ErrorCode::not_found, "None."); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace joinedup::audit;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      if (const auto event = read_event(text, 1)) {
        if (event_bytes(*event) != text) std::abort();
        for (const auto& one : audit_events_json({1, "serve", *event})) (void)one;
      }
      break;
    case 1: {
      // The bytes as a segment, with a head that is right so that the records are read.
      const auto bytes = segment_head_bytes({}) + std::string(text);
      for (SegmentScan scan(bytes); scan.next() == SegmentScan::Step::record;) (void)read_event(scan.record().event, 0);
      SegmentScan bare(text);
      (void)bare.next();
      break;
    }
    case 2: {
      Empty reader;
      (void)search_audit_events(reader, text, {.patient = size % 2 == 0 ? "9" : "", .base_url = "http://h/fhir"});
      (void)read_audit_event(reader, text, {});
      break;
    }
    case 3:
      (void)parse_head(text);
      (void)parse_keys(text);
      break;
    default:
      (void)shape_of(text);
      (void)unseal(text, std::string(32, 'k'));
  }
  return 0;
}
