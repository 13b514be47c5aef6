#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "rest/bulk.hpp"
#include "rest/json_tree.hpp"
#include "rest/search_bundle.hpp"

namespace joinedup::rest {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kept_seconds = 24 * 3600;
constexpr std::size_t most_jobs = 20;

std::string text_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  return found == nullptr ? std::string() : found->string();
}

const char* state_name(Export::State state) {
  return state == Export::State::waiting ? "waiting" : state == Export::State::complete ? "complete" : "failed";
}

std::string job_json(const Export& job) {
  std::string out = R"({"format":1,"address":)" + json_text(job.address) + R"(,"principal":)" + json_text(job.principal) + R"(,"instant":)" + json_text(job.instant) + R"(,"since":)" + json_text(job.since) +
                    R"(,"of":)" + (job.of == LineOptions::Of::patients ? R"("patients")" : R"("everybody")") + R"(,"state":")" + state_name(job.state) +
                    R"(","fault":)" + json_text(job.fault) + R"(,"ended":)" + std::to_string(job.ended) + R"(,"types":[)";
  for (const auto& type : job.types) out += (&type == &job.types.front() ? "" : ",") + json_text(type);
  out += R"(],"members":[)";
  for (const auto& member : job.members) out += (&member == &job.members.front() ? "" : ",") + json_text(member);
  out += R"(],"files":[)";
  for (const auto& file : job.files)
    out += (&file == &job.files.front() ? "" : ",") + std::string(R"({"type":)") + json_text(file.type) + R"(,"name":)" + json_text(file.name) + R"(,"count":)" + std::to_string(file.count) + "}";
  return out + "]}";
}

std::optional<Export> read_job(const std::string& id, const std::string& path) {
  const auto text = read_file(path);
  if (!text) return {};
  const auto json = Json::parse(*text);
  if (!json || json->find("types") == nullptr || json->find("files") == nullptr) return {};
  Export job;
  job.id = id, job.address = text_of(*json, "address"), job.principal = text_of(*json, "principal"), job.instant = text_of(*json, "instant"), job.since = text_of(*json, "since"), job.fault = text_of(*json, "fault");
  job.of = text_of(*json, "of") == "patients" ? LineOptions::Of::patients : LineOptions::Of::everybody;
  const auto state = text_of(*json, "state");
  job.state = state == "complete" ? Export::State::complete : state == "failed" ? Export::State::failed : Export::State::waiting;
  if (const Json* ended = json->find("ended")) job.ended = std::strtoll(ended->scalar.c_str(), nullptr, 10);
  for (const Json& type : json->find("types")->items) job.types.push_back(type.string());
  if (const Json* members = json->find("members"))
    for (const Json& member : members->items) job.members.push_back(member.string());
  for (const Json& file : json->find("files")->items) {
    const Json* count = file.find("count");
    job.files.push_back({text_of(file, "type"), text_of(file, "name"), count == nullptr ? 0 : std::strtoull(count->scalar.c_str(), nullptr, 10)});
  }
  return job;
}

}  // namespace

Exports::Exports(fhir::Store& store, const ApiOptions& options) : store_(store), options_(options), folder_(options.export_folder) {
  load();
  worker_ = std::thread([this] { work(); });
}

Exports::~Exports() {
  stop_ = true;
  {
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  }
  worker_.join();
}

std::string Exports::file(const std::string& id, const std::string& name) const {
  return folder_ + "/" + id + "/" + name;
}

Result<void> Exports::save(const Export& job) const {
  JOINEDUP_CHECK(make_folder(folder_ + "/" + job.id, FileMode::secret));
  return write_file(file(job.id, "job.json"), job_json(job), FileMode::secret);
}

void Exports::load() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    const std::string id = entry.path().filename().string();
    auto job = read_job(id, (entry.path() / "job.json").string());
    if (!job) continue;
    if (job->state == Export::State::waiting) queue_.push_back(id);
    jobs_.emplace(id, std::move(*job));
  }
}

// With the lock held.
void Exports::forget_old() {
  const std::int64_t now = std::time(nullptr);
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    if (job->second.ended != 0 && now - job->second.ended > kept_seconds) {
      std::error_code ignored;
      fs::remove_all(folder_ + "/" + job->first, ignored);
      job = jobs_.erase(job);
    } else ++job;
  }
}

Result<std::string> Exports::start(Export job) {
  job.id = random_uuid();
  job.instant = now_text();
  const std::lock_guard lock(mutex_);
  forget_old();
  if (jobs_.size() >= most_jobs) return fail(ErrorCode::unavailable, "There are " + std::to_string(most_jobs) + " exports already. Delete one that is done with.");
  JOINEDUP_CHECK(save(job));
  const std::string id = job.id;
  jobs_.emplace(id, std::move(job));
  queue_.push_back(id);
  wake_.notify_one();
  return id;
}

std::optional<Export> Exports::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  forget_old();
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? std::nullopt : std::optional(found->second);
}

bool Exports::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (jobs_.erase(id) == 0) return false;
  std::error_code ignored;
  fs::remove_all(folder_ + "/" + id, ignored);
  return true;
}

bool Exports::ended(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return stop_ || !jobs_.contains(id);
}

void Exports::work() {
  for (;;) {
    std::string id;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || !queue_.empty(); });
      if (stop_) return;
      id = queue_.front();
      queue_.erase(queue_.begin());
    }
    run(id);
  }
}

Result<Export::File> Exports::write_type(const Export& job, const std::string& type) {
  Export::File out{type, type + ".ndjson", 0};
  std::unique_ptr<fhir::Permit> permit = std::make_unique<fhir::PermitAll>();
  if (options_.export_permit) {
    JOINEDUP_TRY(permit, options_.export_permit(job.principal));
  }
  const std::string path = file(job.id, out.name);
  const int handle = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (handle < 0) return tl::unexpected(system_error("An export's file cannot be written", path));
  std::FILE* to = ::fdopen(handle, "wb");
  const auto sink = [&](std::string_view line) -> Result<bool> {
    if (std::fwrite(line.data(), 1, line.size(), to) != line.size()) return tl::unexpected(system_error("An export's file cannot be written", path));
    return !stop_;
  };
  auto count = write_lines(store_, {.type = type, .since = job.since, .of = job.of, .members = job.members}, *permit, sink);
  const bool written = std::fflush(to) == 0 && ::fsync(handle) == 0;
  std::fclose(to);
  if (!count) return tl::unexpected(count.error());
  if (!written) return tl::unexpected(system_error("An export's file cannot be written", path));
  out.count = *count;
  return out;
}

void Exports::run(const std::string& id) {
  auto job = find(id);
  if (!job) return;
  for (std::size_t i = job->files.size(); i < job->types.size(); ++i) {
    if (ended(id)) return;  // deleted, or the server stops: then it goes on at the next start
    auto file = write_type(*job, job->types[i]);
    if (ended(id)) return;
    if (!file) {
      job->state = Export::State::failed, job->fault = file.error().sentence;
      break;
    }
    job->files.push_back(std::move(*file));
    static_cast<void>(save(*job));  // only for going on after a restart: without it the type is written again
    const std::lock_guard lock(mutex_);
    if (auto found = jobs_.find(id); found != jobs_.end()) found->second = *job;
  }
  if (job->state == Export::State::waiting) job->state = Export::State::complete;
  job->ended = std::time(nullptr);
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  found->second = *job;
  static_cast<void>(save(*job));
}

}  // namespace joinedup::rest
