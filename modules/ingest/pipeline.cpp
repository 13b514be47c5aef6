#include "ingest/pipeline.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <thread>

namespace joinedup::ingest {

void RangeBuffer::reserve(const std::size_t room) {
  if (capacity >= room) return;
  auto fresh = std::make_unique_for_overwrite<char[]>(room + scan_padding);
  if (size > 0) std::memcpy(fresh.get(), bytes.get(), size);
  std::memset(fresh.get() + room, 0, scan_padding);
  bytes = std::move(fresh);
  capacity = room;
}

Result<void> RangeReader::fill(RangeBuffer& range, const std::size_t until) {
  range.reserve(until);
  if (ended_ || range.size >= until) return {};
  JOINEDUP_TRY(const auto got, source_.read(range.bytes.get() + range.size, until - range.size));
  ended_ = got < until - range.size;
  range.size += got;
  return {};
}

Result<RangeBuffer> RangeReader::first() {
  RangeBuffer range;
  JOINEDUP_CHECK(fill(range, range_bytes_));
  // A header longer than a range is unheard of, but tests use small ranges.
  while (!ended_ && range.size < (64 << 10)) JOINEDUP_CHECK(fill(range, range.size + range_bytes_));
  range.last = ended_;
  return range;
}

void RangeReader::describe(const FileHeader& header, RangeBuffer& first) {
  dialect_ = header.dialect;
  first.begin = header.begin;
  const std::string_view text(first.bytes.get(), first.size);
  line_end_ = text.find('\n') == std::string_view::npos && text.find('\r') != std::string_view::npos ? '\r' : '\n';
  if (first.last) finished_ = true;
  else split(first);
}

// Looks back from the end for a line end after a line that is a whole record by itself.
std::size_t RangeReader::cut(const RangeBuffer& range) const {
  const char* data = range.bytes.get();
  const auto line_end_before = [&](const std::size_t end) -> std::size_t {  // position after it; 0: none
    if (end <= range.begin) return 0;
    const auto* found = static_cast<const char*>(::memrchr(data + range.begin, line_end_, end - range.begin));
    return found ? static_cast<std::size_t>(found - data) + 1 : 0;
  };
  const auto latest = line_end_before(range.size);
  auto candidate = latest;
  for (int tries = 0; tries < 32 && candidate > 0; ++tries) {
    const auto line = line_end_before(candidate - 1);
    if (line == 0) break;
    if (line_looks(data, line, candidate, true, dialect_) == LineLooks::proper) return candidate;
    candidate = line;
  }
  return latest;
}

void RangeReader::split(RangeBuffer& range) {
  const auto at = std::max(cut(range), range.begin);  // the first range may hold the header only
  carry_.assign(range.bytes.get() + at, range.size - at);
  range.size = at;
}

Result<void> RangeReader::skip_line(RangeBuffer& range) {
  range.too_long = true;
  for (;;) {
    range.size = 0;
    JOINEDUP_CHECK(fill(range, range_bytes_));
    const std::string_view text(range.bytes.get(), range.size);
    if (const auto at = text.find_first_of("\r\n"); at != std::string_view::npos) {
      carry_.assign(text.substr(at + 1));
      break;
    }
    if (ended_) break;
  }
  range.size = 0;
  return {};
}

Result<bool> RangeReader::next(RangeBuffer& range) {
  if (finished_) return false;
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      range = std::move(free_.back());
      free_.pop_back();
    }
  }
  range.begin = range.size = 0;
  range.last = range.too_long = false;
  range.reserve(std::max(range_bytes_, carry_.size()));
  std::memcpy(range.bytes.get(), carry_.data(), carry_.size());
  range.size = carry_.size();
  carry_.clear();
  JOINEDUP_CHECK(fill(range, range_bytes_));
  while (!ended_ && cut(range) == 0) {
    if (range.size > limits_.record) {
      JOINEDUP_CHECK(skip_line(range));
      return true;
    }
    JOINEDUP_CHECK(fill(range, range.size + range_bytes_));
  }
  if (ended_) range.last = finished_ = true;
  else split(range);
  return true;
}

void RangeReader::give_back(RangeBuffer range) {
  if (range.capacity > range_bytes_ * 2) return;
  const std::lock_guard lock(mutex_);
  if (free_.size() < 16) free_.push_back(std::move(range));
}

namespace {

struct Job {
  RangeBuffer range;
  RangeResult result;
  std::size_t consumed = 0;
  bool ready = false;
};

class Pipeline {
 public:
  Pipeline(RangeReader& reader, const FileHeader& header, const FileContext& file, BatchPool& pool, const unsigned threads,
           const ScanLimits& limits, const Commit& commit, const Advance& advance)
      : reader_(reader), header_(header), file_(file), pool_(pool), limits_(limits), commit_(commit), advance_(advance),
        most_in_flight_(threads * 3) {}

  Result<void> run(RangeBuffer first, const unsigned threads) {
    first_ = std::move(first);
    std::vector<std::thread> crew;
    // A file of one range needs no crew.
    if (!first_.last)
      for (unsigned i = 1; i < threads; ++i) crew.emplace_back([this] { work(); });
    work();
    for (auto& one : crew) one.join();
    if (error_) return tl::unexpected<Error>(*error_);
    return {};
  }

 private:
  void work() {
    Converter converter(file_, pool_);
    SlicedRows rows(file_.map.wanted.size());
    std::vector<FaultyRecord> faults;
    while (auto job = take()) {
      parse(job->range, converter, rows, faults, job->result, job->consumed);
      {
        const std::lock_guard lock(mutex_);
        job->ready = true;
      }
      drain(converter, rows, faults);
    }
  }

  std::shared_ptr<Job> take() {
    const std::lock_guard reading(reading_);
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return error_ || in_flight_.size() < most_in_flight_; });
      if (error_) return nullptr;
    }
    auto job = std::make_shared<Job>();
    if (first_.bytes) job->range = std::move(first_);
    else {
      auto got = reader_.next(job->range);
      const std::lock_guard lock(mutex_);
      if (!got) stop(got.error());
      if (!got || !*got) return nullptr;
    }
    const std::lock_guard lock(mutex_);
    in_flight_.push_back(job);
    return job;
  }

  void parse(const RangeBuffer& range, Converter& converter, SlicedRows& rows, std::vector<FaultyRecord>& faults, RangeResult& result,
             std::size_t& consumed) {
    const char* data = range.bytes.get() + range.begin;
    const auto size = range.size - range.begin;
    if (range.too_long) {
      faults.assign(1, {0, RecordFault::too_long});
      converter.reject_records(faults, result);
      result.records = 1;
      return;
    }
    RecordScanner scanner(data, size, range.last, header_.dialect, file_.map.wanted, limits_);
    for (bool more = true; more;) {
      faults.clear();
      more = scanner.next(rows, faults);
      converter.convert(data, rows, result);
      converter.reject_records(faults, result);
    }
    consumed = scanner.consumed();
    result.records = scanner.records();
  }

  // Commits what is ready, in order. One thread at a time; whoever finds the front ready.
  void drain(Converter& converter, SlicedRows& rows, std::vector<FaultyRecord>& faults) {
    std::unique_lock lock(mutex_);
    while (!committing_ && !in_flight_.empty() && in_flight_.front()->ready) {
      committing_ = true;
      auto job = in_flight_.front();
      const bool skip = error_.has_value();
      lock.unlock();
      Result<void> done;
      if (!skip) done = settle(*job, converter, rows, faults);
      if (advance_) advance_(job->range.size);
      reader_.give_back(std::move(job->range));
      lock.lock();
      if (!done) stop(done.error());
      in_flight_.pop_front();
      committing_ = false;
      room_.notify_all();
    }
  }

  // Joins a record that the cut before this range went through, then commits.
  Result<void> settle(Job& job, Converter& converter, SlicedRows& rows, std::vector<FaultyRecord>& faults) {
    if (!tail_.empty()) {
      RangeBuffer joined;
      const std::string_view rest(job.range.bytes.get() + job.range.begin, job.range.too_long ? 0 : job.range.size - job.range.begin);
      joined.reserve(tail_.size() + rest.size());
      std::memcpy(joined.bytes.get(), tail_.data(), tail_.size());
      std::memcpy(joined.bytes.get() + tail_.size(), rest.data(), rest.size());
      joined.size = tail_.size() + rest.size();
      joined.last = job.range.last || job.range.too_long;
      tail_.clear();
      RangeResult again;
      std::size_t consumed = 0;
      parse(joined, converter, rows, faults, again, consumed);
      if (job.range.too_long) {
        JOINEDUP_CHECK(give(again));
      } else {
        recycle(job.result);
        job.result = std::move(again);
        keep_tail(joined, consumed);
        return give(job.result);
      }
    }
    if (!job.range.too_long) keep_tail(job.range, job.consumed);
    return give(job.result);
  }

  void keep_tail(const RangeBuffer& range, const std::size_t consumed) {
    const auto at = range.begin + consumed;
    if (at < range.size) tail_.assign(range.bytes.get() + at, range.size - at);
  }

  Result<void> give(RangeResult& result) {
    const auto before = records_;
    records_ += result.records;
    return commit_(result, before);
  }

  void recycle(RangeResult& result) {
    for (auto& batch : result.batches) {
      batch.rows.clear();
      pool_.give(std::move(batch.rows));
    }
  }

  void stop(const Error& error) {  // with mutex_ held
    if (!error_) error_ = error;
    room_.notify_all();
  }

  RangeReader& reader_;
  const FileHeader& header_;
  const FileContext& file_;
  BatchPool& pool_;
  const ScanLimits& limits_;
  const Commit& commit_;
  const Advance& advance_;
  std::size_t most_in_flight_;
  RangeBuffer first_;
  std::mutex reading_, mutex_;
  std::condition_variable room_;
  std::deque<std::shared_ptr<Job>> in_flight_;
  bool committing_ = false;
  std::optional<Error> error_;
  std::string tail_;
  std::uint64_t records_ = 0;
};

}  // namespace

Result<void> run_pipeline(RangeReader& reader, RangeBuffer first, const FileHeader& header, const FileContext& file, BatchPool& pool,
                          const unsigned threads, const ScanLimits& limits, const Commit& commit, const Advance& advance) {
  return Pipeline(reader, header, file, pool, threads, limits, commit, advance).run(std::move(first), threads);
}

}  // namespace joinedup::ingest
