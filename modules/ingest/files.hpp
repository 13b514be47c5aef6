// Which files a place received, what each claims to be, and which of them count: a later submission replaces its period,
// the same contents are staged once.
#pragma once
#include <string>
#include <vector>

#include "ingest/ingest.hpp"

namespace joinedup::ingest {

struct FeedFile {
  FileSummary summary;
  std::string path;
  const place::FeedSpec* feed = nullptr;
  const place::TableSpec* table = nullptr;
};

struct FileName {
  std::string stem, period;  // "asc_cld", "2024-25"
  std::uint64_t submission = 0;
};
FileName read_file_name(std::string_view name);                      // "<stem>_<period>[_s<submission>].csv[.gz|.zst]"
bool glob_matches(const std::string& glob, const std::string& name);  // .gz, .zst and .parquet are seen as the .csv they hold

Result<std::vector<FeedFile>> list_files(const std::string& folder, const std::vector<place::FeedSpec>& feeds, Findings& findings);
Result<void> settle_submissions(std::vector<FeedFile>& files);  // sets states, and sha256 of files that will not be read

}  // namespace joinedup::ingest
