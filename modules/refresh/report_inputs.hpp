// What the place's report needs and the warehouse does not hold: counts of rows, findings, checks and links. Private to this room.
#pragma once
#include <map>

#include "base/finding.hpp"
#include "engine/engine.hpp"
#include "place/feed_spec.hpp"
#include "refresh/refresh.hpp"
#include "report/report.hpp"

namespace joinedup::refresh {

Result<report::ReportInputs> report_inputs(engine::Connection& connection, const Status& status, const Findings& findings,
                                           const std::map<std::string, std::uint64_t>& unknown_rows,
                                           const std::vector<place::FeedSpec>& feeds, const place::Place& place);
Result<void> write_place_report(engine::Connection& connection, const report::ReportInputs& inputs, const place::Place& place,
                                const std::string& run, const std::string& folder);

}  // namespace joinedup::refresh
