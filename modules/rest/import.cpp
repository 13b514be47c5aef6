#include <algorithm>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "fhirpath/fhirpath.hpp"
#include "rest/bulk_files.hpp"
#include "rest/json_tree.hpp"
#include "rest/operations.hpp"

namespace joinedup::rest {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t batch_resources = 512, batch_bytes = 4 << 20, most_waiting = 8, most_listed = 1000;

struct Batch {
  std::string file;
  std::vector<fhir::Write> writes;
  std::vector<std::uint64_t> lines;
  std::size_t bytes = 0;
};

class Import {
 public:
  Import(fhir::Store& store, const Api& api, const ImportOptions& options) : store_(store), api_(api), options_(options) {}
  Result<ImportResult> run();

 private:
  Result<std::vector<std::string>> files() const;
  Result<void> read_lines(const std::string& path);
  Result<void> read_bundle(const std::string& path);
  Result<void> post_bundle(const std::string& path, const std::string& text, std::uint64_t entries);
  void add(Batch& batch, const fhirpath::FhirResource& resource);
  Result<void> give(Batch& batch);
  Result<void> write(Batch& batch);
  void crew();
  void reject(const std::string& file, std::uint64_t line, std::string reason, std::uint64_t resources = 1);
  bool broken() {
    const std::lock_guard lock(mutex_);
    return error_.has_value();
  }

  fhir::Store& store_;
  const Api& api_;
  const ImportOptions& options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> queue_;
  bool all_read_ = false;
  std::optional<Error> error_;
  ImportResult result_;
  std::vector<std::string> again_;  // bundles that wait for what another holds
};

std::string name_of(const std::string& path) { return fs::path(path).filename().string(); }

// Faults of the data are one resource's; all others end the import.
bool is_of_the_data(ErrorCode code) {
  return code == ErrorCode::invalid_input || code == ErrorCode::wrong_usage || code == ErrorCode::not_found || code == ErrorCode::conflict ||
         code == ErrorCode::unsupported || code == ErrorCode::too_large;
}

void Import::reject(const std::string& file, std::uint64_t line, std::string reason, std::uint64_t resources) {
  const std::lock_guard lock(mutex_);
  result_.rejected_count += resources;
  if (result_.rejected.size() < most_listed) result_.rejected.push_back({file, line, std::move(reason)});
}

Result<std::vector<std::string>> Import::files() const {
  std::vector<std::string> out;
  std::error_code fault;
  if (fs::is_regular_file(options_.folder, fault)) return std::vector{options_.folder};
  if (!fs::is_directory(options_.folder, fault)) return fail(ErrorCode::not_found, "There is no such folder or file to import.", options_.folder);
  for (const auto& entry : fs::recursive_directory_iterator(options_.folder, fault)) {
    const std::string name = entry.path().filename().string();
    const bool lines = name.find(".ndjson") != name.npos || name.find(".jsonl") != name.npos;
    const bool wanted = options_.form == ImportOptions::Form::ndjson ? lines : !lines && name.find(".json") != name.npos;
    if (entry.is_regular_file() && wanted) out.push_back(entry.path().string());
  }
  if (fault) return fail(ErrorCode::not_found, "The folder cannot be read.", options_.folder);
  if (out.empty())
    return fail(ErrorCode::not_found, options_.form == ImportOptions::Form::ndjson ? "The folder holds no .ndjson files." : "The folder holds no .json files.", options_.folder);
  std::sort(out.begin(), out.end());
  return out;
}

void Import::add(Batch& batch, const fhirpath::FhirResource& resource) {
  fhir::Write write;
  write.type = resource.type;
  write.id = resource.document->text_of(resource.node, "id");
  write.kind = write.id.empty() ? fhir::Write::Kind::create : fhir::Write::Kind::update;
  write.body = resource.document->text(resource.node);
  batch.bytes += write.body.size();
  batch.writes.push_back(std::move(write));
  batch.lines.push_back(resource.number);
}

// To whoever writes; waits where they are behind.
Result<void> Import::give(Batch& batch) {
  if (batch.writes.empty()) return {};
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return queue_.size() < most_waiting || error_; });
  if (error_) return tl::unexpected(*error_);
  queue_.push_back(std::move(batch));
  batch = {};
  changed_.notify_all();
  return {};
}

Result<void> Import::write(Batch& batch) {
  if (options_.validation == Validation::reject) {
    Batch good{.file = batch.file, .writes = {}, .lines = {}};
    for (std::size_t i = 0; i < batch.writes.size(); ++i) {
      const auto issues = validation_issues(batch.writes[i].body, {});
      const auto fault = std::find_if(issues.begin(), issues.end(), [](const Issue& one) { return one.severity == "error" || one.severity == "fatal"; });
      if (fault != issues.end()) {
        reject(batch.file, batch.lines[i], (fault->expression.empty() ? "" : fault->expression + ": ") + fault->diagnostics);
        continue;
      }
      good.writes.push_back(std::move(batch.writes[i]));
      good.lines.push_back(batch.lines[i]);
    }
    batch = std::move(good);
    if (batch.writes.empty()) return {};
  }
  const auto written = store_.write(batch.writes);
  if (written) {
    const std::lock_guard lock(mutex_);
    result_.stored += batch.writes.size();
    return {};
  }
  if (!is_of_the_data(written.error().code)) return tl::unexpected(written.error());
  for (std::size_t i = 0; i < batch.writes.size(); ++i) {  // one of them is at fault: each alone
    const auto alone = store_.write({batch.writes[i]});
    if (alone) {
      const std::lock_guard lock(mutex_);
      ++result_.stored;
    } else if (is_of_the_data(alone.error().code)) {
      reject(batch.file, batch.lines[i], alone.error().sentence);
    } else {
      return tl::unexpected(alone.error());
    }
  }
  return {};
}

void Import::crew() {
  for (;;) {
    Batch batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !queue_.empty() || all_read_ || error_; });
      if (error_ || queue_.empty()) return;
      batch = std::move(queue_.front());
      queue_.pop_front();
      changed_.notify_all();
    }
    if (auto written = write(batch); !written) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = written.error();
      changed_.notify_all();
      return;
    }
  }
}

Result<void> Import::read_lines(const std::string& path) {
  Batch batch{.file = name_of(path), .writes = {}, .lines = {}};
  std::optional<Error> fault;
  fhirpath::FeedHandler handler;
  handler.on_resource = [&](const fhirpath::FhirResource& resource) {
    if (fault) return;
    add(batch, resource);
    if (batch.writes.size() < batch_resources && batch.bytes < batch_bytes) return;
    if (auto given = give(batch); !given) fault = given.error();
    batch.file = name_of(path);
  };
  handler.on_fault = [&](const fhirpath::FeedFault& one) { reject(name_of(path), one.number, one.reason); };
  auto counts = fhirpath::read_fhir_file(path, handler);
  if (!counts && is_of_the_data(counts.error().code)) {
    // The file as a whole: what was read before stands.
    reject(name_of(path), 0, counts.error().sentence);
    const std::lock_guard lock(mutex_);
    ++result_.read;
  } else if (!counts) {
    return tl::unexpected(counts.error());
  }
  if (fault) return tl::unexpected(*fault);
  const std::uint64_t last = counts ? counts->read : batch.writes.empty() ? 0 : batch.lines.back();
  JOINEDUP_CHECK(give(batch));
  const std::lock_guard lock(mutex_);
  result_.read += last;
  return {};
}

// What a posted Bundle's answer says of each entry.
Result<void> Import::post_bundle(const std::string& path, const std::string& text, std::uint64_t entries) {
  const fhir::PermitAll everything;
  Request request;
  request.method = "POST", request.path = "/", request.body = text, request.permit = &everything;
  const Response response = api_.handle(request);
  const auto answer = Json::parse(response.body);
  const auto why = [](const Json* outcome) -> std::string {
    const Json* issues = outcome == nullptr ? nullptr : outcome->find("issue");
    const Json* said = issues == nullptr || issues->items.empty() ? nullptr : issues->items[0].find("diagnostics");
    return said == nullptr ? "It was refused." : said->string();
  };
  if (response.status >= 500) return fail(response.status == 507 ? ErrorCode::storage_full : ErrorCode::internal, answer ? why(&*answer) : "It was refused.", name_of(path));
  if (response.status == 412) {
    const std::lock_guard lock(mutex_);
    again_.push_back(path);
    return {};
  }
  {
    const std::lock_guard lock(mutex_);
    result_.read += entries;
  }
  if (response.status >= 400) {
    reject(name_of(path), 0, answer ? why(&*answer) : "It was refused.", entries);
    return {};
  }
  std::uint64_t stored = 0, number = 0;
  if (const Json* list = answer ? answer->find("entry") : nullptr) {
    for (const Json& entry : list->items) {
      ++number;
      const Json* said = entry.find("response");
      const Json* status = said == nullptr ? nullptr : said->find("status");
      if (status != nullptr && status->string() < "400") ++stored;
      else reject(name_of(path), number, why(said == nullptr ? nullptr : said->find("outcome")));
    }
  }
  const std::lock_guard lock(mutex_);
  result_.stored += stored;
  return {};
}

Result<void> Import::read_bundle(const std::string& path) {
  Batch batch{.file = name_of(path), .writes = {}, .lines = {}};
  std::string text;
  std::uint64_t entries = 0;
  std::optional<bool> to_post;
  std::vector<std::pair<std::uint64_t, std::string>> faults;
  fhirpath::FeedHandler handler;
  handler.on_resource = [&](const fhirpath::FhirResource& resource) {
    ++entries;
    if (!to_post) {
      const auto root = resource.document->root();
      const auto type = resource.document->text_of(root, "type");
      to_post = resource.document->resource_type(root) == "Bundle" && resource.node != root && (type == "transaction" || type == "batch");
      if (*to_post) text = resource.document->text(root);
    }
    if (!*to_post) add(batch, resource);
  };
  handler.on_fault = [&](const fhirpath::FeedFault& one) { faults.emplace_back(one.number, one.reason); };
  auto counts = fhirpath::read_fhir_file(path, handler);
  if (!counts) {
    if (!is_of_the_data(counts.error().code)) return tl::unexpected(counts.error());
    reject(name_of(path), 0, counts.error().sentence);
    const std::lock_guard lock(mutex_);
    ++result_.read;
    return {};
  }
  if (to_post.value_or(false)) return post_bundle(path, text, counts->read);
  for (auto& [number, reason] : faults) reject(name_of(path), number, std::move(reason));
  {
    const std::lock_guard lock(mutex_);
    result_.read += counts->read;
  }
  // In pieces: a Bundle may be large.
  for (std::size_t from = 0; from < batch.writes.size(); from += batch_resources) {
    const auto first = static_cast<std::ptrdiff_t>(from), last = static_cast<std::ptrdiff_t>(std::min(batch.writes.size(), from + batch_resources));
    Batch piece{.file = batch.file, .writes = {}, .lines = {batch.lines.begin() + first, batch.lines.begin() + last}};
    std::move(batch.writes.begin() + first, batch.writes.begin() + last, std::back_inserter(piece.writes));
    JOINEDUP_CHECK(write(piece));
  }
  return {};
}

Result<ImportResult> Import::run() {
  JOINEDUP_TRY(auto all, files());
  Progress progress("Importing", all.size());
  if (options_.form == ImportOptions::Form::bundles) {
    while (!all.empty()) {
      JOINEDUP_CHECK(parallel_for(all.size(), options_.threads, [&](std::size_t i) -> Result<void> {
        JOINEDUP_CHECK(read_bundle(all[i]));
        progress.advance(1);
        return {};
      }));
      std::sort(again_.begin(), again_.end());
      if (again_.size() < all.size()) {
        all = std::exchange(again_, {});
        continue;
      }
      // Nothing that any of them waits for has come.
      for (const auto& path : std::exchange(again_, {})) {
        std::uint64_t entries = 0;
        fhirpath::FeedHandler counter;
        if (const auto counts = fhirpath::read_fhir_file(path, counter)) entries = counts->read;
        reject(name_of(path), 0, "A conditional reference, or a condition, of the Bundle matches no resource or several.", entries);
        result_.read += entries;
      }
      all.clear();
    }
  } else {
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < std::max(1U, options_.threads); ++i) workers.emplace_back([this] { crew(); });
    auto read = parallel_for(all.size(), options_.threads, [&](std::size_t i) -> Result<void> {
      JOINEDUP_CHECK(read_lines(all[i]));
      progress.advance(1);
      return {};
    });
    {
      const std::lock_guard lock(mutex_);
      all_read_ = true;
      if (!read && !error_) error_ = read.error();
      changed_.notify_all();
    }
    for (auto& worker : workers) worker.join();
    if (error_) return tl::unexpected(*error_);
  }
  progress.done(std::to_string(result_.stored) + " resources");
  return std::move(result_);
}

}  // namespace

Result<ImportResult> import_files(fhir::Store& store, const Api& api, const ImportOptions& options) {
  return Import(store, api, options).run();
}

}  // namespace joinedup::rest
