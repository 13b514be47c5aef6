#include <charconv>
#include <cstdio>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "synth/synth.hpp"

namespace joinedup::synth {
namespace {

template <class Number>
bool read_number(const std::string& text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

int usage(const std::string& why) {
  std::fprintf(stderr, "%s\nUsage: joinedup synth --place DIR [--people N] [--seed S] [--years Y] [--threads N] [--feeds a,b] [--error-rate-multiplier X]\n"
                       "                      [--programme-share P] [--programme-effect E] [--under-coding U] [--national-opt-outs P] [--json]\n", why.c_str());
  return 2;
}

}  // namespace

int synth_command(std::span<const std::string> arguments) {
  SynthOptions options;
  bool json = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& flag = arguments[i];
    if (flag == "--json") {
      json = true;
      continue;
    }
    if (i + 1 == arguments.size()) return usage("The flag " + flag + " needs a value, or is not known.");
    const std::string& value = arguments[++i];
    bool good = true;
    if (flag == "--place") options.folder = value;
    else if (flag == "--people") good = read_number(value, options.people);
    else if (flag == "--seed") good = read_number(value, options.seed);
    else if (flag == "--years") good = read_number(value, options.years);
    else if (flag == "--threads") good = read_number(value, options.threads) && options.threads > 0;
    else if (flag == "--error-rate-multiplier") good = read_number(value, options.error_multiplier);
    else if (flag == "--programme-share") good = read_number(value, options.programme.share);
    else if (flag == "--programme-effect") good = read_number(value, options.programme.effect);
    else if (flag == "--under-coding") good = read_number(value, options.under_coding);
    else if (flag == "--national-opt-outs") good = read_number(value, options.national_opt_outs);
    else if (flag == "--feeds") {
      for (const auto feed : split(value, ',')) options.feeds.emplace_back(feed);
    } else return usage("The flag " + flag + " is not known.");
    if (!good) return usage("The flag " + flag + " does not take \"" + value + "\".");
  }
  if (options.programme.effect != 1 && options.programme.share == 0) options.programme.share = .01;
  if (json) set_progress_quiet(true);
  const auto summary = generate_place(options);
  if (!summary) {
    std::fprintf(stderr, "%s\n", summary.error().text().c_str());
    return error_channel(summary.error().code).exit_status;
  }
  if (!json) {
    std::printf("A synthetic place of %s people: %s rows in %zu files. Nobody in it exists.\n", with_commas(static_cast<std::int64_t>(summary->people)).c_str(),
                with_commas(static_cast<std::int64_t>(summary->rows)).c_str(), summary->files.size());
    return 0;
  }
  std::string text = "{\"synthetic\":true,\"people\":" + std::to_string(summary->people) + ",\"rows\":" + std::to_string(summary->rows) +
                     ",\"bytes\":" + std::to_string(summary->bytes) + ",\"files\":[";
  for (std::size_t i = 0; i < summary->files.size(); ++i) {
    const auto& file = summary->files[i];
    text += (i > 0 ? "," : "") + ("{\"file\":\"" + file.file) + "\",\"rows\":" + std::to_string(file.rows) + ",\"bytes\":" + std::to_string(file.bytes) + "}";
  }
  std::printf("%s]}\n", text.c_str());
  return 0;
}

}  // namespace joinedup::synth
