#include "fhir/index.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "fhir_embedded.hpp"

namespace joinedup::fhir {

namespace {

// Types are numbers in an index, and parameters are hashes of their names: one made for other definitions is not read, but made again.
const std::string& first_line() {
  static const std::string line = "joinedup search index 2 for " + std::to_string(hash64(find_embedded(embedded_fhir(), "data/search_parameters.txt").value_or("")));
  return line;
}


constexpr std::size_t most_waiting_segments = 8, most_waiting_while_failing = 24;
constexpr std::chrono::seconds quiet_before_joining_harder{3};

std::int64_t now_nanos() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

FairLock::FairLock() {
  pthread_rwlockattr_t attributes;
  pthread_rwlockattr_init(&attributes);
  pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  pthread_rwlock_init(&lock_, &attributes);
  pthread_rwlockattr_destroy(&attributes);
}

const Segment& Index::View::of(Row row) const {
  const auto& all = *segments_;
  auto after = std::upper_bound(all.begin(), all.end(), row, [](Row wanted, const auto& segment) { return wanted < segment->first(); });
  return **(after - 1);
}

Result<std::unique_ptr<Index>> Index::open(const IndexOptions& options) {
  std::unique_ptr<Index> index(new Index(options));
  if (!options.folder.empty()) {
    JOINEDUP_CHECK(make_folder(options.folder, FileMode::secret));
    index->load();
  }
  index->active_ = std::make_shared<MemorySegment>(index->end_);
  index->segments_.push_back(index->active_);
  if (!options.folder.empty()) index->worker_ = std::thread([raw = index.get()] { raw->work(); });
  return index;
}

Index::~Index() {
  stop_ = true;
  {
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  }
  if (worker_.joinable()) worker_.join();
}

// The manifest: a line for the store, one for each segment, the oldest first, and one for the dead rows. Files that it does
// not name are left from a run that was cut short.
void Index::load() {
  namespace fs = std::filesystem;
  std::set<std::string> named{"manifest"};
  const auto text = read_file(options_.folder + "/manifest");
  std::vector<std::string_view> lines;
  if (text) lines = split(*text, '\n');
  bool sound = lines.size() > 2 && lines[0] == first_line() && lines[1] == "store " + std::to_string(options_.store);
  for (std::size_t i = 2; sound && i < lines.size(); ++i) {
    const auto words = split(lines[i], ' ');
    if (words.size() != 2) continue;
    const std::string name(words[1]);
    if (words[0] == "reached") {  // marks of rows that this store does not have: it is an older state of it, put back
      Row reached = 0;
      std::from_chars(name.data(), name.data() + name.size(), reached);
      sound = reached <= options_.most_row;
      continue;
    }
    if (words[0] == "dead") {
      const auto bits = read_file(options_.folder + "/" + name);
      sound = bits && bits->size() % 8 == 0;
      if (!sound) break;
      std::vector<std::uint64_t> dead(bits->size() / 8);
      std::memcpy(dead.data(), bits->data(), bits->size());
      dead_.load(dead);
    } else {
      auto segment = FileSegment::open(options_.folder + "/" + name);
      if (!segment || (*segment)->first() != end_ || (*segment)->end() > options_.most_row) {
        sound = false;  // all of it: which rows are superseded is known for the whole only
        break;
      }
      segments_.push_back(*segment);
      end_ = (*segment)->end();
    }
    named.insert(name);
    std::uint64_t number = 0;
    std::from_chars(name.data() + name.find('-') + 1, name.data() + name.size(), number);
    next_file_ = std::max(next_file_, number + 1);
  }
  if (!sound) {
    segments_.clear();
    dead_.clear();
    end_ = 0;
  }
  files_ = segments_.size();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(options_.folder, ignored))
    if (!named.contains(entry.path().filename().string())) fs::remove(entry.path(), ignored);
}

Index::View Index::view() const {
  View view;
  view.lock_ = std::shared_lock<FairLock>(lock_);
  view.segments_ = &segments_;
  view.dead_ = &dead_;
  return view;
}

void Index::publish(const std::vector<const IndexedRow*>& rows, const std::vector<Row>& dead) {
  bool full = false;
  {
    const std::lock_guard lock(lock_);
    for (const IndexedRow* row : rows) active_->add(*row);
    for (Row row : dead) dead_.set(row);
    end_ = active_->end();
    full = active_->size() >= options_.segment_rows && !options_.folder.empty();
  }
  if (!full) return;
  auto fresh = std::make_shared<MemorySegment>(end_, active_.get());
  {
    const std::lock_guard lock(lock_);
    segments_.push_back(fresh);
    std::swap(active_, fresh);
  }
  const std::lock_guard lock(mutex_);
  full_.push_back(std::move(fresh));
  ++waiting_;
  idle_ = false;
  wake_.notify_all();
}

bool Index::make_room() {
  if (waiting_ <= most_waiting_segments) return true;
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return stop_ || failing_ || waiting_ <= most_waiting_segments; });
  return !stop_ && waiting_ <= (failing_ ? most_waiting_while_failing : most_waiting_segments);
}

void Index::settle() {
  std::unique_lock lock(mutex_);
  if (worker_.joinable()) settled_.wait(lock, [&] { return idle_ && waiting_ == 0; });
}

std::uint64_t Index::bytes() const {
  const View all = view();
  std::uint64_t sum = 0;
  for (const auto& segment : all.segments())
    if (const auto* file = dynamic_cast<const FileSegment*>(segment.get())) sum += std::filesystem::file_size(file->path());
  return sum;
}

// Called every few thousand postings of whatever is being written. While a long join goes on, what waits is written, and
// what was written meanwhile (files from `newer` on) is joined: neither writers nor searches wait for the end of it.
bool Index::breathe(std::size_t newer) {
  const auto now = now_nanos();
  if (waiting_ > 0 && newer != no_join && !flushing_ && !failing_) {
    if (!write_waiting()) return !stop_;
    if (!stop_) join_some(newer, Effort::usual);
  } else if (waiting_ < 3 && now - breathed_ > 20'000'000) {
    usleep(4000);
    breathed_ = now_nanos();
  }
  return !stop_;
}

// False: the disk did not take it.
bool Index::write_waiting() {
  flushing_ = true;
  const bool written = flush_one();
  flushing_ = false;
  if (written) return true;
  const std::lock_guard lock(mutex_);
  failing_ = true;
  room_.notify_all();
  return false;
}

void Index::work() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 4);  // lower, and joins starve beside two busy processors
  Effort effort = Effort::usual;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (waiting_ == 0) {
        lock.unlock();
        const bool joined = !stop_ && join_some(0, effort);
        lock.lock();
        if (!joined && waiting_ == 0 && !stop_) {
          const bool all_done = effort == Effort::harder;
          idle_ = true;
          settled_.notify_all();
          const auto woken = [&] { return stop_ || waiting_ > 0; };
          if (all_done) wake_.wait(lock, woken);
          else if (!wake_.wait_for(lock, quiet_before_joining_harder, woken)) effort = Effort::harder;
        }
      }
      if (stop_) return;
      if (waiting_ > 0) effort = Effort::usual;
    }
    // A disk that is full is tried again; what waits stays in memory and in the records.
    if (waiting_ > 0 && !write_waiting()) {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::seconds(1), [&] { return stop_.load(); });
    }
  }
}

bool Index::flush_one() {
  std::shared_ptr<MemorySegment> oldest;
  {
    const std::lock_guard lock(mutex_);
    oldest = full_.front();
  }
  oldest->seal();
  const std::string path = options_.folder + "/rows-" + std::to_string(next_file_++);
  if (!write_segment(path, {oldest.get()}, dead_, [this] { return breathe(no_join); })) return false;
  auto file = FileSegment::open(path);
  if (!file) return false;
  replace(files_, 1, *file);
  ++files_;
  write_manifest();
  const std::lock_guard lock(mutex_);
  full_.pop_front();
  --waiting_;
  failing_ = false;
  room_.notify_all();
  return true;
}

bool Index::join_some(std::size_t oldest, Effort effort) {
  std::vector<std::shared_ptr<const Segment>> files;
  {
    const View all = view();
    files.assign(all.segments().begin(), all.segments().begin() + static_cast<std::ptrdiff_t>(files_.load()));
  }
  // From the newest backwards, as long as the next older one is not much larger than all that is behind it. So each file holds more
  // rows than all newer ones together (at rest a quarter of that), few files hold everything, and a row is written anew only
  // when what joins it has doubled.
  std::size_t from = files.size();
  std::uint64_t rows = 0;
  const std::uint64_t reach = effort == Effort::harder ? 4 : 1;
  while (from > oldest && (rows == 0 || files[from - 1]->size() <= rows * reach)) rows += files[--from]->size();
  const std::size_t count = files.size() - from;
  if (count < 2) return false;
  std::vector<const Segment*> sources;
  for (std::size_t i = from; i < files.size(); ++i) sources.push_back(files[i].get());
  const std::string path = options_.folder + "/rows-" + std::to_string(next_file_++);
  if (!write_segment(path, sources, dead_, [this, newer = from + count] { return breathe(newer); })) return false;
  auto file = FileSegment::open(path);
  if (!file) return false;
  replace(from, count, *file);
  files_ = files_ - count + 1;
  write_manifest();
  std::error_code ignored;
  for (std::size_t i = from; i < from + count; ++i)
    std::filesystem::remove(static_cast<const FileSegment*>(files[i].get())->path(), ignored);
  return true;
}

void Index::replace(std::size_t from, std::size_t count, std::shared_ptr<const Segment> by) {
  std::vector<std::shared_ptr<const Segment>> gone;  // let go of after the lock
  const std::lock_guard lock(lock_);
  const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(from);
  gone.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  *begin = std::move(by);
  segments_.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(count));
}

void Index::write_manifest() {
  std::string text = first_line() + "\nstore " + std::to_string(options_.store) + "\n";
  Row end = 0;
  {
    const View all = view();
    for (std::size_t i = 0; i < files_; ++i) {
      const auto* file = static_cast<const FileSegment*>(all.segments()[i].get());
      text += "rows " + std::filesystem::path(file->path()).filename().string() + "\n";
      end = file->end();
    }
  }
  const auto words = dead_.words(end);
  text += "reached " + std::to_string(end_) + "\n";
  const std::string name = "dead-" + std::to_string(next_file_++);
  if (!write_file(options_.folder + "/" + name, {reinterpret_cast<const char*>(words.data()), words.size() * 8}, FileMode::secret)) return;
  text += "dead " + name + "\n";
  if (!write_file(options_.folder + "/manifest", text, FileMode::secret)) return;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, ignored)) {
    const auto other = entry.path().filename().string();
    if (other.starts_with("dead-") && other != name) std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace joinedup::fhir
