// The pipeline of one file: one thread at a time reads a range (and hashes it), every thread splits and converts ranges,
// results are committed in file order. Ranges are cut where a record seems to begin; the cut is proved when the range before
// it is committed (it must end exactly there), and a range that was cut wrongly is read again. So the rows are those of one
// thread reading from the start, whatever the number of threads or the size of ranges.
#pragma once
#include <functional>
#include <memory>

#include "ingest/convert.hpp"
#include "ingest/source.hpp"

namespace joinedup::ingest {

struct RangeBuffer {
  std::unique_ptr<char[]> bytes;  // size + scan_padding at least
  std::size_t capacity = 0, begin = 0, size = 0;
  bool last = false;      // the file ends with it
  bool too_long = false;  // stands for one record that was longer than a record may be
  void reserve(std::size_t room);
};

class RangeReader {
 public:
  RangeReader(ByteSource& source, std::size_t range_bytes, const ScanLimits& limits)
      : source_(source), range_bytes_(range_bytes), limits_(limits) {}
  Result<RangeBuffer> first();  // the file's first bytes, not cut yet: the header is in them
  void describe(const FileHeader& header, RangeBuffer& first);  // cuts the first range
  Result<bool> next(RangeBuffer& range);                      // false: the last range was given
  void give_back(RangeBuffer range);

 private:
  Result<void> fill(RangeBuffer& range, std::size_t until);
  Result<void> skip_line(RangeBuffer& range);
  std::size_t cut(const RangeBuffer& range) const;  // 0: nowhere
  void split(RangeBuffer& range);
  ByteSource& source_;
  std::size_t range_bytes_;
  ScanLimits limits_;
  Dialect dialect_;
  char line_end_ = '\n';
  std::string carry_;
  bool ended_ = false, finished_ = false;
  std::mutex mutex_;
  std::vector<RangeBuffer> free_;
};

// records_before: how many records of the file were committed already.
using Commit = std::function<Result<void>(RangeResult& result, std::uint64_t records_before)>;
using Advance = std::function<void(std::uint64_t bytes)>;

Result<void> run_pipeline(RangeReader& reader, RangeBuffer first, const FileHeader& header, const FileContext& file, BatchPool& pool,
                          unsigned threads, const ScanLimits& limits, const Commit& commit, const Advance& advance);

}  // namespace joinedup::ingest
