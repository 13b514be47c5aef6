// Flags of the linkage verbs, exactly as the contract gives them.
#include "linkage/commands.hpp"

#include <charconv>
#include <cstdio>
#include <thread>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "linkage/linkage.hpp"

namespace joinedup::linkage {

Result<Flags> read_flags(std::span<const std::string> arguments, const std::vector<std::string>& with_value, const std::vector<std::string>& without) {
  Flags flags;
  const auto holds = [](const std::vector<std::string>& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--")) {
      flags.words.push_back(argument);
      continue;
    }
    const auto equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (holds(without, name)) {
      flags.values[name].push_back("");
    } else if (holds(with_value, name)) {
      if (equals == std::string::npos && i + 1 == arguments.size()) return fail(ErrorCode::wrong_usage, name + " needs a value.");
      flags.values[name].push_back(equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1));
    } else {
      return fail(ErrorCode::wrong_usage, "Unknown option " + name + ".");
    }
  }
  return flags;
}

std::string Flags::text(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second.back();
}

Result<double> Flags::number(const std::string& name, double otherwise, double least, double most) const {
  if (!has(name)) return otherwise;
  const std::string value = text(name);
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || !(number >= least && number <= most))
    return fail(ErrorCode::wrong_usage, name + " must be a number from " + format_number(least) + " to " + format_number(most) + ".");
  return number;
}

Result<unsigned> Flags::threads() const {
  JOINEDUP_TRY(const double count, number("--threads", std::max(1u, std::thread::hardware_concurrency()), 1, 256));
  return static_cast<unsigned>(count);
}

int finish(const char* verb, const Result<std::string>& done) {
  if (!done) {
    std::fprintf(stderr, "joinedup %s: %s\n", verb, done.error().text().c_str());
    return done.error().code == ErrorCode::wrong_usage ? 2 : 1;
  }
  std::fputs(done->c_str(), stdout);
  return 0;
}

namespace {

std::string as_json(const LinkSummary& s) {
  std::string out = "{\"records\":" + std::to_string(s.records) + ",\"pairs_scored\":" + std::to_string(s.pairs_scored) +
                    ",\"pairs_written\":" + std::to_string(s.pairs_written) + ",\"clusters\":" + std::to_string(s.clusters) +
                    ",\"linked_records\":" + std::to_string(s.linked_records) + ",\"probability_two_random_records_match\":" + format_number(s.prior) +
                    ",\"cluster_probability\":" + format_number(s.cluster_probability) + ",\"seconds\":{\"reading\":" + format_number(s.seconds_reading) +
                    ",\"training\":" + format_number(s.seconds_training) + ",\"scoring\":" + format_number(s.seconds_scoring) +
                    ",\"writing\":" + format_number(s.seconds_writing) + "}";
  if (s.has_truth)
    out += ",\"truth\":{\"true_pairs\":" + std::to_string(s.true_pairs) + ",\"true_pairs_blocked\":" + std::to_string(s.true_pairs_blocked) +
           ",\"best_f1\":" + format_number(s.best_f1) + ",\"best_match_weight\":" + format_number(s.best_threshold) +
           ",\"precision\":" + format_number(s.best_precision) + ",\"recall\":" + format_number(s.best_recall) + "}";
  return out + "}\n";
}

std::string as_words(const LinkSummary& s, const std::string& out) {
  std::string text = with_commas(static_cast<std::int64_t>(s.records)) + " records, " + with_commas(static_cast<std::int64_t>(s.pairs_scored)) +
                     " pairs scored, " + with_commas(static_cast<std::int64_t>(s.pairs_written)) + " written, " +
                     with_commas(static_cast<std::int64_t>(s.clusters)) + " clusters at probability " + format_number(s.cluster_probability) + ".\n";
  if (s.has_truth)
    text += "Against the known truth: best F1 " + format_number(s.best_f1) + " at match weight " + format_number(s.best_threshold) + " (precision " +
            format_number(s.best_precision) + ", recall " + format_number(s.best_recall) + "); blocking kept " +
            with_commas(static_cast<std::int64_t>(s.true_pairs_blocked)) + " of " + with_commas(static_cast<std::int64_t>(s.true_pairs)) + " true pairs.\n";
  return text + "Results: " + out + "\n";
}

Result<std::string> link(std::span<const std::string> arguments) {
  JOINEDUP_TRY(const auto flags, read_flags(arguments,
                                            {"--spec", "--input", "--out", "--min-probability", "--cluster-probability", "--threads", "--format", "--max-pairs", "--labels", "--previous", "--frequencies"},
                                            {"--train", "--no-train", "--json", "--one-to-one", "--quiet", "--index"}));
  if (!flags.words.empty()) return fail(ErrorCode::wrong_usage, "'" + flags.words[0] + "' is not an option.");
  for (const char* needed : {"--spec", "--input", "--out"})
    if (!flags.has(needed)) return fail(ErrorCode::wrong_usage, std::string(needed) + " is missing. Usage: link-files --spec S --input A [--input B] --out DIR [--train|--no-train] [--min-probability P] [--cluster-probability P] [--format csv|parquet] [--labels F] [--previous DIR] [--one-to-one] [--threads N] [--json]");
  if (flags.has("--train") && flags.has("--no-train")) return fail(ErrorCode::wrong_usage, "--train and --no-train exclude each other.");
  set_progress_quiet(flags.has("--quiet"));
  LinkFiles job;
  job.spec = flags.text("--spec");
  job.inputs = flags.values.at("--input");
  job.out = flags.text("--out");
  job.train = flags.has("--train") ? Train::always : flags.has("--no-train") ? Train::never : Train::as_needed;
  JOINEDUP_TRY(job.least_probability, flags.number("--min-probability", 0, 0, 1));
  if (flags.has("--cluster-probability")) {
    JOINEDUP_TRY(job.cluster_probability, flags.number("--cluster-probability", 0, 0, 1));
  }
  if (flags.has("--max-pairs")) {
    JOINEDUP_TRY(job.most_pairs_a_rule, flags.number("--max-pairs", 0, 1, 1e15));
  }
  JOINEDUP_TRY(job.threads, flags.threads());
  const auto format = flags.has("--format") ? flags.text("--format") : "csv";
  if (format != "csv" && format != "parquet") return fail(ErrorCode::wrong_usage, "--format is csv or parquet.");
  job.format = format == "csv" ? Format::csv : Format::parquet;
  job.one_to_one = flags.has("--one-to-one");
  job.labels = flags.text("--labels");
  job.previous = flags.text("--previous");
  job.index = flags.has("--index");
  job.frequencies = flags.text("--frequencies");
  JOINEDUP_TRY(const auto summary, link_files(job));
  return flags.has("--json") ? as_json(summary) : as_words(summary, job.out);
}

}  // namespace

int link_files_command(std::span<const std::string> arguments) { return finish("link-files", link(arguments)); }

}  // namespace joinedup::linkage
