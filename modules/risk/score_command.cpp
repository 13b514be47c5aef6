// joinedup score --model M[,M…] --input F --out G [--codes FILE] [--breakdown FILE] [--as-of DATE] [--threads N] [--json]
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "risk/risk.hpp"

namespace joinedup::risk {
namespace {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) >= 0x20) out.push_back(c);
  }
  return out + "\"";
}

std::string as_json(const ScoreSummary& s) {
  std::string notes;
  for (const auto& note : s.notes) notes += (notes.empty() ? "" : ",") + json_text(note);
  const auto n = [](std::uint64_t value) { return std::to_string(value); };
  return "{\"model\":" + json_text(s.model) + ",\"version\":" + json_text(s.version) + ",\"status\":" + json_text(s.status) + ",\"people\":" + n(s.people) +
         ",\"people_not_scored\":" + n(s.people_not_scored) + ",\"events\":" + n(s.events) + ",\"codes\":" + n(s.codes) + ",\"codes_in_no_group\":" + n(s.codes_in_no_group) +
         ",\"events_in_no_group\":" + n(s.events_in_no_group) + ",\"notes\":[" + notes + "],\"scores\":" + json_text(s.scores) + ",\"breakdown\":" + json_text(s.breakdown) +
         ",\"seconds\":{\"reading\":" + format_number(s.seconds_reading) + ",\"scoring\":" + format_number(s.seconds_scoring) + ",\"writing\":" +
         format_number(s.seconds_writing) + "}}";
}

std::string as_words(const ScoreSummary& s) {
  std::string text = with_commas(static_cast<std::int64_t>(s.people)) + " people scored with " + s.model + " (" + s.version + ").\nStatus: " + s.status + ".\n";
  for (const auto& note : s.notes) text += note + "\n";
  return text + "Scores: " + s.scores + "\nEvery point: " + s.breakdown + "\n";
}

std::string usage() {
  std::string names;
  for (const auto& name : published_score_names()) names += " " + name;
  return "Usage: score --model M --input F --out G [--codes FILE] [--breakdown FILE] [--as-of DATE] [--threads N] [--json]; M is one of" + names + ", or several of a long file (M,M,…; then {model} stands in the name G).";
}

Result<std::string> score(std::span<const std::string> arguments) {
  ScoreJob job;
  job.as_of = Date{static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::hours>(std::chrono::system_clock::now().time_since_epoch()).count() / 24)};
  bool json = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& flag = arguments[i];
    if (flag == "--json") {
      json = true;
      continue;
    }
    std::string* const text = flag == "--model" ? &job.model : flag == "--input" ? &job.input : flag == "--out" ? &job.out
                              : flag == "--codes" ? &job.codes : flag == "--breakdown" ? &job.breakdown : nullptr;
    if (!text && flag != "--threads" && flag != "--as-of") return fail(ErrorCode::wrong_usage, "score does not know \"" + flag + "\". " + usage());
    if (i + 1 == arguments.size()) return fail(ErrorCode::wrong_usage, flag + " needs a value after it.");
    const auto& value = arguments[++i];
    if (text) *text = value;
    else if (flag == "--as-of") {
      const auto day = parse_iso_date(value);
      if (!day) return fail(ErrorCode::wrong_usage, "--as-of takes a day of the form 2025-01-31.");
      job.as_of = *day;
    } else {
      char* end = nullptr;
      const long threads = std::strtol(value.c_str(), &end, 10);
      if (value.empty() || *end || threads < 1 || threads > 256) return fail(ErrorCode::wrong_usage, "--threads takes a number from 1 to 256.");
      job.threads = static_cast<unsigned>(threads);
    }
  }
  for (const auto& [name, value] : {std::pair{"--model", job.model}, {"--input", job.input}, {"--out", job.out}})
    if (value.empty()) return fail(ErrorCode::wrong_usage, std::string(name) + " is missing. " + usage());
  JOINEDUP_TRY(const auto all, score_files(job));
  std::string text;
  for (const auto& done : all) {
    if (json)
      for (const auto& note : done.notes) std::fprintf(stderr, "%s\n", note.c_str());
    text += json ? (text.empty() ? "" : ",") + as_json(done) : (text.empty() ? "" : "\n") + as_words(done);
  }
  // One model is its own document, as ever; several are a list of such.
  return !json ? text : job.model.find(',') == std::string::npos ? text + "\n" : "[" + text + "]\n";
}

}  // namespace

int score_command(std::span<const std::string> arguments) {
  const auto done = score(arguments);
  if (!done) {
    std::fprintf(stderr, "joinedup score: %s\n", done.error().text().c_str());
    return error_channel(done.error().code).exit_status;
  }
  std::fputs(done->c_str(), stdout);
  return 0;
}

}  // namespace joinedup::risk
