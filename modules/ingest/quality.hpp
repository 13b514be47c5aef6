// The data-quality report's figures, by feed, file and field, in the categories of Kahn et al. 2016: `rows` were looked at,
// `failed` of them did not pass. Written to staged.quality while a table is staged.
#pragma once
#include <map>
#include <vector>

#include "ingest/table_writer.hpp"

namespace joinedup::ingest {

Result<void> write_quality(engine::Connection& connection, const place::TableSpec& table, const std::vector<FeedFile>& files,
                           const std::map<std::uint64_t, FileQuality>& quality, Findings& findings);
// Rows that happened after the person's registered death, where both carry the same valid NHS number. After all tables.
Result<void> write_after_death(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds);

}  // namespace joinedup::ingest
