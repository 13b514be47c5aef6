// output: a run's files, written into a folder beside the one asked for and moved into place when whole.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "linkage/linkage.hpp"
#include "linkage/linker.hpp"

namespace joinedup::linkage {

class OutputFolder {  // gone without a trace unless publish() succeeds
 public:
  static Result<OutputFolder> open(const std::string& folder);
  OutputFolder(OutputFolder&& other) noexcept;
  OutputFolder& operator=(OutputFolder&&) = delete;
  ~OutputFolder();
  std::string path(const std::string& name) const { return working_ + "/" + name; }
  Result<void> publish();

 private:
  OutputFolder(std::string final_folder, std::string working);
  std::string final_, working_;
};

class PairWriter {
 public:
  virtual ~PairWriter() = default;
  virtual void render(PairBatch& batch) const = 0;  // in a worker
  virtual Result<void> write(PairBatch& batch) = 0; // in order
  virtual Result<void> close() = 0;
  std::uint64_t rows = 0;
  double least_weight = 0;  // pairs below are not written
};
Result<std::unique_ptr<PairWriter>> open_pair_writer(const OutputFolder& folder, Format format, const CompiledModel& compiled, double least_weight);
// Ids as they are to be written, by row.
class ShownIds {
 public:
  explicit ShownIds(const Records& records);
  ShownIds() = default;
  void add(std::string_view id) { own_.push_back(id); }  // the view must last
  void add_text(std::string id) { own_.push_back(kept_.emplace_back(std::move(id))); }
  void reserve(std::size_t rows) { own_.reserve(rows); }
  std::span<const std::string_view> by_row() const { return all_ ? std::span<const std::string_view>(*all_) : own_; }

 private:
  const std::vector<std::string_view>* all_ = nullptr;
  std::vector<std::string_view> own_;
  std::deque<std::string> kept_;
};
// A record's cluster is that of row cluster_of[row].
Result<void> write_clusters(const OutputFolder& folder, Format format, std::span<const std::uint32_t> cluster_of, unsigned threads, std::span<const std::string_view> ids);

}  // namespace joinedup::linkage
