// The verb `score`: a long or a wide file in, scores and their breakdown out.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/file.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "risk/coded.hpp"
#include "risk/evaluate.hpp"
#include "risk/wide.hpp"

namespace joinedup::risk {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t people_a_block = 16384;
constexpr std::uint64_t most_v_codes = 50;  // one in so many events

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool is_parquet(const std::string& path) { return lower_ascii(path).ends_with(".parquet"); }

// A file that is there whole or not at all. One that is to be made Parquet is nobody else's while it is CSV.
class OutputFile {
 public:
  explicit OutputFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
  OutputFile(OutputFile&& other) noexcept : path_(std::move(other.path_)), part_(std::exchange(other.part_, {})), file_(std::exchange(other.file_, nullptr)) {}
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile() {
    if (file_) std::fclose(file_);
    if (!part_.empty()) ::unlink(part_.c_str());
  }
  Result<void> write(std::string_view text) {
    if (!file_) {
      ::unlink(part_.c_str());
      const int descriptor = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, is_parquet(path_) ? 0600 : 0666);
      file_ = descriptor < 0 ? nullptr : ::fdopen(descriptor, "wb");
    }
    if (!file_ || std::fwrite(text.data(), 1, text.size(), file_) != text.size()) return tl::unexpected<Error>(system_error("write", part_));
    return {};
  }
  Result<void> close() {
    if (file_ && std::fclose(std::exchange(file_, nullptr)) != 0) return tl::unexpected<Error>(system_error("write", part_));
    return {};
  }
  Result<void> publish() {
    if (std::rename(part_.c_str(), path_.c_str()) != 0) return tl::unexpected<Error>(system_error("write", path_));
    part_.clear();
    return {};
  }
  const std::string& part() const { return part_; }

 private:
  std::string path_, part_;
  std::FILE* file_ = nullptr;
};

Result<void> csv_to_parquet(const std::string& csv, const std::string& parquet, const std::string& columns, unsigned threads) {
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = threads}));
  JOINEDUP_TRY(auto connection, database.connect());
  return connection.run("COPY (SELECT * FROM read_csv(" + engine::sql_text(csv) + ", header = true, columns = " + columns + ")) TO " + engine::sql_text(parquet) + " (FORMAT parquet)");
}

// A file that is gone with this.
struct Scratch {
  std::string path;
  ~Scratch() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

// A Parquet input as CSV text, in a file that nobody else can open: it has no name from the moment it is made, so that nothing
// is left of it whatever happens.
Result<MappedFile> read_parquet(const std::string& path, const std::string& folder, unsigned threads) {
  std::string pattern = folder + "/.score-XXXXXX";
  const int descriptor = ::mkstemp(pattern.data());
  if (descriptor < 0) return tl::unexpected<Error>(system_error("write", pattern));
  ::unlink(pattern.c_str());
  std::FILE* const file = ::fdopen(descriptor, "wb");
  const auto written = [&]() -> Result<void> {
    JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = threads}));
    JOINEDUP_TRY(auto connection, database.connect());
    const std::string rows = "SELECT * FROM read_parquet(" + engine::sql_text(path) + ")";
    JOINEDUP_TRY(const auto columns, connection.query("SELECT column_name FROM (DESCRIBE " + rows + ")"));
    std::string header;
    for (const auto& column : columns.rows) header += (header.empty() ? "" : ",") + csv_field(column[0]);
    header += '\n';
    const auto put = [&](std::string_view text) -> Result<void> {
      if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) return tl::unexpected<Error>(system_error("write", folder));
      return {};
    };
    JOINEDUP_CHECK(put(header));
    JOINEDUP_TRY(const auto count, engine::write_csv(connection, rows, put));
    (void)count;
    if (std::fflush(file) != 0) return tl::unexpected<Error>(system_error("write", folder));
    return {};
  }();
  auto mapped = written ? MappedFile::map(descriptor, path) : Result<MappedFile>(tl::unexpected<Error>(written.error()));
  std::fclose(file);
  return mapped;
}

struct Writer {
  OutputFile scores, breakdown;
  Writer(const std::string& to, const std::string& points) : scores(to), breakdown(points) {}
  Result<void> begin() {
    JOINEDUP_CHECK(scores.write("person_id,score,version,status\n"));
    return breakdown.write("person_id,term,value,points\n");
  }
  Result<void> take(Lines& lines) {
    JOINEDUP_CHECK(scores.write(lines.scores));
    JOINEDUP_CHECK(breakdown.write(lines.breakdown));
    lines.scores.clear();
    lines.breakdown.clear();
    return {};
  }
};

Result<Coded> read_long(const ScoreJob& job, Systems systems, std::string_view rows, const std::vector<std::string_view>& header) {
  JOINEDUP_TRY(const auto columns, long_columns(header, job.input));
  return read_coded(rows, {.columns = columns, .systems = systems, .threads = job.threads, .as_of = job.as_of, .where = job.input});
}

Result<void> score_long(const PublishedScore& score, const ScoreJob& job, const Coded& people, Writer& writer, ScoreSummary& done) {
  auto start = std::chrono::steady_clock::now();
  const Evaluator evaluator(score);
  JOINEDUP_TRY(const auto terms, evaluator.terms_of_codes(people.codes, people.code_first_row, job.input));
  std::vector<TermSet> present(people.ids.size());
  for (std::size_t i = 0; i < people.event_code.size(); ++i) {
    const auto& more = terms[people.event_code[i]];
    done.events_in_no_group += none(more);
    add(present[people.event_person[i]], more);
  }
  std::uint64_t of_v = 0;
  if (score.code_system == CodeSystem::icd10)
    for (const auto code : people.event_code) of_v += (people.codes[code][0] | 0x20) == 'v';
  done.events = people.event_code.size();
  done.codes = people.codes.size();
  for (const auto& set : terms) done.codes_in_no_group += none(set);
  done.seconds_scoring = seconds_since(start);
  start = std::chrono::steady_clock::now();
  // A wave of blocks at a time: filled side by side, written in order.
  const std::size_t blocks = (people.ids.size() + people_a_block - 1) / people_a_block, wave = std::max(1u, job.threads) * 2;
  std::vector<Lines> lines(wave);
  for (std::size_t first = 0; first < blocks; first += wave) {
    const auto count = std::min(wave, blocks - first);
    JOINEDUP_CHECK(parallel_for(count, job.threads, [&](std::size_t k) -> Result<void> {
      const auto from = (first + k) * people_a_block, to = std::min(from + people_a_block, people.ids.size());
      for (auto person = from; person < to; ++person) evaluator.append_flags(people.ids[person], present[person], lines[k]);
      return {};
    }));
    for (std::size_t k = 0; k < count; ++k) JOINEDUP_CHECK(writer.take(lines[k]));
  }
  done.people = people.ids.size();
  done.seconds_writing = seconds_since(start);
  if (done.codes_in_no_group > 0)
    done.notes.push_back(with_commas(static_cast<std::int64_t>(done.codes_in_no_group)) + " of " + with_commas(static_cast<std::int64_t>(done.codes)) + " different codes (" +
                         with_commas(static_cast<std::int64_t>(done.events_in_no_group)) + " of " + with_commas(static_cast<std::int64_t>(done.events)) +
                         " events) are in none of the score's groups and add nothing.");
  // Transport accidents in ICD-10, and rare; in ICD-9 the common supplementary codes, some of the very same form.
  if (of_v * most_v_codes > done.events)
    done.notes.push_back(with_commas(static_cast<std::int64_t>(of_v)) + " of " + with_commas(static_cast<std::int64_t>(done.events)) +
                         " events have codes that begin with V: in ICD-10 these are transport accidents, and rare. Look whether some of the file is ICD-9.");
  return {};
}

void note_code_list(PublishedScore& score, ScoreSummary& done) {
  if (!score.has_code_list) return;
  std::string names;
  std::size_t without = 0;
  for (const auto& term : score.terms)
    if (term.codes.empty()) {
      ++without;
      names += (names.empty() ? "" : ", ") + term.name;
    }
  if (without == 0) return;
  score.status = "incomplete: no codes supplied for " + std::to_string(without) + " of " + std::to_string(score.terms.size()) + " terms; " + score.status;
  done.notes.push_back("The code list has no codes for " + names + ": nobody can score there.");
}

}  // namespace

namespace {

// One model of a job: what it is, where it goes and what it did.
struct Task {
  PublishedScore score;
  std::string out, breakdown;
  ScoreSummary done;
  std::vector<Writer> writer;  // one, once it is opened
};

std::string with_model(std::string path, const std::string& model) {
  for (auto at = path.find("{model}"); at != std::string::npos; at = path.find("{model}", at + model.size())) path.replace(at, 7, model);
  return path;
}

Result<std::vector<Task>> tasks_of(const ScoreJob& job) {
  std::vector<Task> tasks;
  const auto names = split(job.model, ',');
  const bool several = names.size() > 1;
  for (const auto& file : {job.out, job.breakdown})
    if (several && !file.empty() && file.find("{model}") == std::string::npos)
      return fail(ErrorCode::wrong_usage, "Several models need a file each: write {model} into its name, as scores/{model}.csv.", file);
  if (several && !job.codes.empty()) return fail(ErrorCode::wrong_usage, "A code list is of one score: name one model with --codes.", job.codes);
  for (const auto word : names) {
    const auto name = std::string(trim(word));
    for (const auto& task : tasks)
      if (task.score.name == name) return fail(ErrorCode::wrong_usage, "Model \"" + name + "\" is named twice.");
    Task task;
    JOINEDUP_TRY(task.score, published_score(name));
    task.out = with_model(job.out, name);
    const fs::path folder = fs::path(task.out).has_parent_path() ? fs::path(task.out).parent_path() : fs::path(".");
    const std::string ending = is_parquet(task.out) ? ".parquet" : ".csv";
    task.breakdown = !job.breakdown.empty() ? with_model(job.breakdown, name) : (folder / ("breakdown" + (several ? "." + name : "") + ending)).string();
    tasks.push_back(std::move(task));
  }
  return tasks;
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return fs::path(a).lexically_normal() == fs::path(b).lexically_normal() || fs::equivalent(a, b, ignored);
}

Result<void> open_outputs(const ScoreJob& job, std::vector<Task>& tasks) {
  for (auto& task : tasks) {
    for (const auto& written : {task.out, task.breakdown}) {
      if (same_file(written, job.input) || (!job.codes.empty() && same_file(written, job.codes)))
        return fail(ErrorCode::wrong_usage, "A file that is read would be overwritten: choose another --out or --breakdown.", written);
      const fs::path folder = fs::path(written).parent_path();
      if (!folder.empty()) JOINEDUP_CHECK(make_folder(folder.string()));
    }
    if (same_file(task.breakdown, task.out)) return fail(ErrorCode::wrong_usage, "The scores and their breakdown need two different files.", task.out);
    note_code_list(task.score, task.done);
    task.writer.emplace_back(task.out, task.breakdown);
    JOINEDUP_CHECK(task.writer[0].begin());
  }
  return {};
}

Result<void> finish(const ScoreJob& job, Task& task) {
  auto& writer = task.writer[0];
  auto& done = task.done;
  if (done.people == 0) return fail(ErrorCode::invalid_input, "There is nobody in the file: nothing was scored.", job.input);
  JOINEDUP_CHECK(writer.scores.close());
  JOINEDUP_CHECK(writer.breakdown.close());
  if (is_parquet(task.out)) {
    const OutputFile* const files[] = {&writer.scores, &writer.breakdown};
    const char* const columns[] = {"{'person_id': 'VARCHAR', 'score': 'DOUBLE', 'version': 'VARCHAR', 'status': 'VARCHAR'}",
                                   "{'person_id': 'VARCHAR', 'term': 'VARCHAR', 'value': 'DOUBLE', 'points': 'DOUBLE'}"};
    for (int i = 0; i < 2; ++i) {
      const Scratch csv{files[i]->part() + ".csv"};
      if (std::rename(files[i]->part().c_str(), csv.path.c_str()) != 0) return tl::unexpected<Error>(system_error("write", csv.path));
      JOINEDUP_CHECK(csv_to_parquet(csv.path, files[i]->part(), columns[i], job.threads));
    }
  }
  done.model = task.score.name;
  done.version = task.score.version;
  done.status = task.score.status;
  done.scores = task.out;
  done.breakdown = task.breakdown;
  if (done.people_not_scored > 0)
    done.notes.push_back(with_commas(static_cast<std::int64_t>(done.people_not_scored)) + " of " + with_commas(static_cast<std::int64_t>(done.people)) +
                         " people lack a value that the score must have: their score is empty and their row says which.");
  return {};
}

}  // namespace

Result<std::vector<ScoreSummary>> score_files(const ScoreJob& job) {
  const auto start = std::chrono::steady_clock::now();
  JOINEDUP_TRY(auto tasks, tasks_of(job));
  if (!job.codes.empty()) JOINEDUP_CHECK(read_code_list(tasks[0].score, job.codes));
  if (!fs::exists(job.input)) return fail(ErrorCode::not_found, "There is no such file.", job.input);
  JOINEDUP_CHECK(open_outputs(job, tasks));
  const auto folder = fs::path(tasks[0].out).parent_path().string();
  JOINEDUP_TRY(const auto file, is_parquet(job.input) ? read_parquet(job.input, folder.empty() ? "." : folder, job.threads) : MappedFile::open(job.input));
  CsvCursor cursor(file.text());
  std::vector<std::string_view> header;
  JOINEDUP_TRY(const bool any, cursor.next(header, job.input));
  if (!any) return fail(ErrorCode::invalid_input, "The file is empty.", job.input);
  for (auto& column : header) column = trim(column);
  if (is_long(header)) {
    for (const auto& task : tasks)
      if (const auto& score = task.score; score.code_system == CodeSystem::none)
        return fail(ErrorCode::invalid_input, "Score " + score.name + " needs a wide file: person_id and its terms as columns, as " + score.terms[score.terms.size() > 1 ? 1 : 0].name + ".", job.input);
    const bool any_icd10 = std::any_of(tasks.begin(), tasks.end(), [](const auto& task) { return task.score.code_system == CodeSystem::icd10; });
    JOINEDUP_TRY(const auto people, read_long(job, any_icd10 ? Systems::icd10 : Systems::one, cursor.rest(), header));
    const double reading = seconds_since(start);
    for (auto& task : tasks) {
      task.done.seconds_reading = reading;
      JOINEDUP_CHECK(score_long(task.score, job, people, task.writer[0], task.done));
    }
  } else {
    if (tasks.size() > 1) return fail(ErrorCode::wrong_usage, "A file of this form has the terms of one score as its columns: name one model.", job.input);
    auto& task = tasks[0];
    WideSummary wide;
    const auto take = [&](Lines& lines) { return task.writer[0].take(lines); };
    JOINEDUP_CHECK(score_wide(task.score, {.header = header, .rows = cursor.rest(), .where = job.input, .threads = job.threads}, take, wide));
    task.done.people = wide.people;
    task.done.people_not_scored = wide.not_scored;
    task.done.notes.insert(task.done.notes.end(), wide.notes.begin(), wide.notes.end());
    task.done.seconds_scoring = seconds_since(start);
  }
  std::vector<ScoreSummary> all;
  for (auto& task : tasks) JOINEDUP_CHECK(finish(job, task));
  for (auto& task : tasks) {
    JOINEDUP_CHECK(task.writer[0].breakdown.publish());
    JOINEDUP_CHECK(task.writer[0].scores.publish());
    all.push_back(std::move(task.done));
  }
  return all;
}

Result<ScoreSummary> score_file(const ScoreJob& job) {
  if (job.model.find(',') != std::string::npos) return fail(ErrorCode::wrong_usage, "One model is asked for here.", job.model);
  JOINEDUP_TRY(auto all, score_files(job));
  return std::move(all[0]);
}

}  // namespace joinedup::risk
