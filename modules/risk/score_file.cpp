// The verb `score`: a long or a wide file in, scores and their breakdown out.
#include <unistd.h>

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

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool is_parquet(const std::string& path) { return lower_ascii(path).ends_with(".parquet"); }

// A file that is there whole or not at all.
class OutputFile {
 public:
  explicit OutputFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
  ~OutputFile() {
    if (file_) std::fclose(file_);
    if (!part_.empty()) ::unlink(part_.c_str());
  }
  Result<void> write(std::string_view text) {
    if (!file_) file_ = std::fopen(part_.c_str(), "wb");
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

Result<void> parquet_to_csv(const std::string& parquet, const std::string& csv, unsigned threads) {
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = threads}));
  JOINEDUP_TRY(auto connection, database.connect());
  return connection.run("COPY (SELECT * FROM read_parquet(" + engine::sql_text(parquet) + ")) TO " + engine::sql_text(csv) + " (FORMAT csv, HEADER true)");
}

// The temporary CSV that a Parquet input is read through; gone with this.
struct Scratch {
  std::string path;
  ~Scratch() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

struct Writer {
  OutputFile scores, breakdown;
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

Result<void> score_long(const PublishedScore& score, const ScoreJob& job, std::string_view rows, const std::vector<std::string_view>& header, Writer& writer,
                        ScoreSummary& done) {
  auto start = std::chrono::steady_clock::now();
  if (score.code_system == CodeSystem::none)
    return fail(ErrorCode::invalid_input, "Score " + score.name + " needs a wide file: person_id and its terms as columns, as " + score.terms[score.terms.size() > 1 ? 1 : 0].name + ".", job.input);
  JOINEDUP_TRY(const auto columns, long_columns(header, job.input));
  JOINEDUP_TRY(const auto people, read_coded(rows, {.columns = columns, .threads = job.threads, .as_of = job.as_of, .where = job.input}));
  done.seconds_reading = seconds_since(start);
  start = std::chrono::steady_clock::now();
  const Evaluator evaluator(score);
  JOINEDUP_TRY(const auto terms, evaluator.terms_of_codes(people.codes, people.code_first_row, job.input));
  std::vector<TermSet> present(people.ids.size());
  for (std::size_t i = 0; i < people.event_code.size(); ++i) {
    const auto& more = terms[people.event_code[i]];
    done.events_in_no_group += none(more);
    add(present[people.event_person[i]], more);
  }
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

Result<ScoreSummary> score_file(const ScoreJob& job) {
  const auto start = std::chrono::steady_clock::now();
  ScoreSummary done;
  JOINEDUP_TRY(auto score, published_score(job.model));
  if (!job.codes.empty()) JOINEDUP_CHECK(read_code_list(score, job.codes));
  if (!fs::exists(job.input)) return fail(ErrorCode::not_found, "There is no such file.", job.input);
  const fs::path folder = fs::path(job.out).has_parent_path() ? fs::path(job.out).parent_path() : fs::path(".");
  JOINEDUP_CHECK(make_folder(folder.string()));
  done.breakdown = !job.breakdown.empty() ? job.breakdown : (folder / (is_parquet(job.out) ? "breakdown.parquet" : "breakdown.csv")).string();
  const auto same = [](const std::string& a, const std::string& b) {
    std::error_code ignored;
    return fs::path(a).lexically_normal() == fs::path(b).lexically_normal() || fs::equivalent(a, b, ignored);
  };
  for (const auto& written : {job.out, done.breakdown})
    if (same(written, job.input) || (!job.codes.empty() && same(written, job.codes)))
      return fail(ErrorCode::wrong_usage, "A file that is read would be overwritten: choose another --out or --breakdown.", written);
  if (same(done.breakdown, job.out)) return fail(ErrorCode::wrong_usage, "The scores and their breakdown need two different files.", job.out);
  Scratch scratch;
  if (is_parquet(job.input)) {
    scratch.path = job.out + ".input.csv";
    JOINEDUP_CHECK(parquet_to_csv(job.input, scratch.path, job.threads));
  }
  JOINEDUP_TRY(const auto file, MappedFile::open(scratch.path.empty() ? job.input : scratch.path));
  CsvCursor cursor(file.text());
  std::vector<std::string_view> header;
  JOINEDUP_TRY(const bool any, cursor.next(header, job.input));
  if (!any) return fail(ErrorCode::invalid_input, "The file is empty.", job.input);
  for (auto& column : header) column = trim(column);
  note_code_list(score, done);
  Writer writer{OutputFile(job.out), OutputFile(done.breakdown)};
  JOINEDUP_CHECK(writer.begin());
  if (is_long(header)) {
    JOINEDUP_CHECK(score_long(score, job, cursor.rest(), header, writer, done));
  } else {
    WideSummary wide;
    const auto take = [&](Lines& lines) { return writer.take(lines); };
    JOINEDUP_CHECK(score_wide(score, {.header = header, .rows = cursor.rest(), .where = job.input, .threads = job.threads}, take, wide));
    done.people = wide.people;
    done.people_not_scored = wide.not_scored;
    done.notes.insert(done.notes.end(), wide.notes.begin(), wide.notes.end());
    done.seconds_scoring = seconds_since(start);
  }
  if (done.people == 0) return fail(ErrorCode::invalid_input, "There is nobody in the file: nothing was scored.", job.input);
  JOINEDUP_CHECK(writer.scores.close());
  JOINEDUP_CHECK(writer.breakdown.close());
  if (is_parquet(job.out)) {
    const OutputFile* const files[] = {&writer.scores, &writer.breakdown};
    const char* const columns[] = {"{'person_id': 'VARCHAR', 'score': 'DOUBLE', 'version': 'VARCHAR', 'status': 'VARCHAR'}",
                                   "{'person_id': 'VARCHAR', 'term': 'VARCHAR', 'value': 'DOUBLE', 'points': 'DOUBLE'}"};
    for (int i = 0; i < 2; ++i) {
      const Scratch csv{files[i]->part() + ".csv"};
      if (std::rename(files[i]->part().c_str(), csv.path.c_str()) != 0) return tl::unexpected<Error>(system_error("write", csv.path));
      JOINEDUP_CHECK(csv_to_parquet(csv.path, files[i]->part(), columns[i], job.threads));
    }
  }
  JOINEDUP_CHECK(writer.breakdown.publish());
  JOINEDUP_CHECK(writer.scores.publish());
  done.model = score.name;
  done.version = score.version;
  done.status = score.status;
  if (done.people_not_scored > 0)
    done.notes.push_back(with_commas(static_cast<std::int64_t>(done.people_not_scored)) + " of " + with_commas(static_cast<std::int64_t>(done.people)) +
                         " people lack a value that the score must have: their score is empty and their row says which.");
  return done;
}

}  // namespace joinedup::risk
