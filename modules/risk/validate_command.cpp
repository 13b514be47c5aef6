// The verb `validate`, exactly as the contract gives it.
#include <charconv>
#include <cmath>
#include <cstdio>
#include <thread>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "risk/place_validation.hpp"
#include "risk/validate.hpp"

namespace joinedup::risk {
namespace {

constexpr const char* usage =
    "Usage: validate --data F --outcome C|C=VALUE [--predict C2] [--compare C3]… [--group G]… [--cluster ID] [--order C|none] [--drop C]… "
    "[--model xgboost|logistic|blend] [--top N]… [--threshold P]… [--folds K] [--bootstrap R] --seed N --out DIR [--threads N] [--json]\n"
    "       validate --place DIR [--outcome NAME]… [--hold-out practice-and-year|practice] [--bootstrap R] [--seed N] --out DIR [--threads N] [--json]      the place's own models, on people they never saw";

template <class T>
Result<T> read(const std::string& flag, const std::string& text, T least, T most) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= least && value <= most))
    return fail(ErrorCode::wrong_usage, flag + " takes a number from " + format_number(static_cast<double>(least)) + " to " + format_number(static_cast<double>(most)) + ".");
  return value;
}

struct Command {
  ValidateJob job;
  std::string place;
  std::vector<std::string> outcomes;
  HoldOut hold_out = HoldOut::practice_and_year;
  bool json = false;
};

Result<void> take(Command& command, const std::string& flag, const std::string& value) {
  auto& job = command.job;
  if (flag == "--data") job.data = value;
  else if (flag == "--place") command.place = value;
  else if (flag == "--hold-out") {
    if (value != "practice" && value != "practice-and-year") return fail(ErrorCode::wrong_usage, "--hold-out is practice-and-year or practice.");
    command.hold_out = value == "practice" ? HoldOut::practice : HoldOut::practice_and_year;
  } else if (flag == "--outcome") {
    job.outcome = value;
    command.outcomes.push_back(value);
  }
  else if (flag == "--predict") job.predict = value;
  else if (flag == "--compare") job.compare.push_back(value);
  else if (flag == "--group") job.groups.push_back(value);
  else if (flag == "--cluster") job.cluster = value;
  else if (flag == "--order") job.order = value;
  else if (flag == "--drop") job.drop.push_back(value);
  else if (flag == "--out") job.out = value;
  else if (flag == "--top") {
    JOINEDUP_TRY(const auto n, read<std::size_t>(flag, value, 1, 1'000'000'000));
    job.top_n.push_back(n);
  } else if (flag == "--threshold") {
    JOINEDUP_TRY(const auto t, read<double>(flag, value, 0.0001, 0.9999));
    job.thresholds.push_back(t);
  } else if (flag == "--seed") {
    JOINEDUP_TRY(job.seed, read<std::uint64_t>(flag, value, 0, 2'147'483'647));
  } else if (flag == "--folds") {
    JOINEDUP_TRY(job.folds, read<std::size_t>(flag, value, 2, 50));
  } else if (flag == "--bootstrap") {
    JOINEDUP_TRY(job.replicates, read<std::size_t>(flag, value, 0, 100'000));
  } else if (flag == "--threads") {
    JOINEDUP_TRY(job.threads, read<unsigned>(flag, value, 1, 256));
  } else if (flag == "--model") {
    if (value == "xgboost") job.model = ModelKind::xgboost;
    else if (value == "logistic") job.model = ModelKind::logistic;
    else if (value == "blend") job.model = ModelKind::blend;
    else return fail(ErrorCode::wrong_usage, "--model is xgboost, logistic or blend.");
  } else {
    return fail(ErrorCode::wrong_usage, "This command does not know " + flag + ". " + usage);
  }
  return {};
}

Result<Command> read_command(std::span<const std::string> arguments) {
  Command command;
  command.job.threads = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--json") command.json = true;
    else if (!arguments[i].starts_with("--")) return fail(ErrorCode::wrong_usage, "'" + arguments[i] + "' is not an option. " + usage);
    else if (i + 1 == arguments.size()) return fail(ErrorCode::wrong_usage, arguments[i] + " needs a value after it.");
    else {
      JOINEDUP_CHECK(take(command, arguments[i], arguments[i + 1]));
      ++i;
    }
  }
  const auto& job = command.job;
  if (!command.place.empty()) {
    if (!job.data.empty() || !job.predict.empty() || !job.compare.empty() || !job.groups.empty() || !job.cluster.empty() || !job.drop.empty())
      return fail(ErrorCode::wrong_usage, std::string("--place says which people and which models: --data, --predict, --compare, --group, --cluster and --drop do not go with it. ") + usage);
    if (job.out.empty()) return fail(ErrorCode::wrong_usage, std::string("--out is needed. ") + usage);
    return command;
  }
  if (job.data.empty() || job.outcome.empty() || job.out.empty()) return fail(ErrorCode::wrong_usage, std::string("--data, --outcome and --out are needed. ") + usage);
  return command;
}

std::string shown(const Estimate& estimate) {
  if (!estimate.value) return "not known";
  const auto fixed = [](double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", v);
    return std::string(text);
  };
  return fixed(*estimate.value) + (estimate.low && estimate.high ? " (" + fixed(*estimate.low) + " to " + fixed(*estimate.high) + ")" : "");
}

std::string screen(const Validation& v) {
  const auto& p = v.performance;
  std::string out = with_commas(static_cast<std::int64_t>(p.rows)) + " rows, " + with_commas(static_cast<std::int64_t>(p.events)) + " with the outcome; " +
                    (v.trained ? "trained here over " + std::to_string(v.folds.size()) + " folds" : "predictions of column " + v.job.predict) + "\n";
  out += "AUROC " + shown(p.auroc) + "\nAUPRC " + shown(p.auprc) + "\nobserved over expected " + shown(p.oe) + "\ncalibration slope " + shown(p.slope) +
         "\ncalibration intercept " + shown(p.intercept) + "\nBrier score " + shown(p.brier) + "\n";
  for (const auto& note : v.notes) out += "note: " + note + "\n";
  return out + "Results: " + v.job.out + "/report.html\n";
}

}  // namespace

namespace {

int place_command(const Command& command) {
  PlaceValidationOptions options;
  options.place = command.place;
  options.out = command.job.out;
  options.outcomes = command.outcomes;
  options.seed = command.job.seed;
  options.replicates = command.job.replicates;
  options.threads = command.job.threads;
  options.hold_out = command.hold_out;
  const auto done = validate_place(options);
  if (!done) {
    std::fprintf(stderr, "joinedup validate: %s\n", done.error().text().c_str());
    return error_channel(done.error().code).exit_status;
  }
  const auto text = command.json ? validated_place_json(*done) : validated_place_screen(*done, options.out);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

int validate_command(std::span<const std::string> arguments) {
  const auto command = read_command(arguments);
  if (command && !command->place.empty()) return place_command(*command);
  const auto done = command ? validate_file(command->job) : Result<Validation>(tl::unexpected<Error>(command.error()));
  if (!done) {
    std::fprintf(stderr, "joinedup validate: %s\n", done.error().text().c_str());
    return error_channel(done.error().code).exit_status;
  }
  const auto text = command->json ? metrics_json(*done) : screen(*done);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace joinedup::risk
