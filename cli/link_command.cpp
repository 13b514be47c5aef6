// joinedup link: how people were linked, and what people do about it.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "messages/messages.hpp"
#include "refresh/link_work.hpp"
#include "refresh/refresh.hpp"
#include "vault/seen_merges.hpp"

namespace joinedup::cli {
namespace {

constexpr const char* link_usage =
    "joinedup link --place DIR [--json]                                   counts by feed and step\n"
    "joinedup link --place DIR --export                                   every row's person and step, inside the vault\n"
    "joinedup link quality --place DIR [--truth FILE]                     match rates; with a truth, precision and recall\n"
    "joinedup link history --place DIR                                    merges and splits of keys\n"
    "joinedup link review export --place DIR --out FILE --who NAME        doubtful pairs, for a clerk (identifiable)\n"
    "joinedup link review import --place DIR --input FILE                 the clerk's decisions\n"
    "joinedup link review merges --place DIR [--json]                     numbers that hospitals' messages (A40) joined, for somebody here to see\n"
    "joinedup link review merges --place DIR --seen N --who NAME          that somebody has; a wrong one: joinedup messages undo-merge N\n"
    "joinedup link unlink --place DIR --feed F --row-id R --who NAME --reason TEXT   wrong person: takes the row off, at once\n"
    "joinedup link relink --place DIR --feed F --row-id R --who NAME --reason TEXT   withdraws an unlinking\n";

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// Words that are no flags, and the values of flags.
struct Words {
  std::vector<std::string> words;
  std::vector<std::pair<std::string, std::string>> values;
  std::string of(const std::string& flag) const {
    for (const auto& [name, value] : values)
      if (name == flag) return value;
    return {};
  }
};

Result<Words> read_words(const std::vector<std::string>& rest) {
  Words out;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (!rest[i].starts_with("--")) {
      out.words.push_back(rest[i]);
      continue;
    }
    if (i + 1 == rest.size()) return fail(ErrorCode::wrong_usage, rest[i] + " needs a value after it.");
    out.values.emplace_back(rest[i], rest[i + 1]);
    ++i;
  }
  return out;
}

int show(const Result<std::string>& text) {
  if (!text) return report_error(text.error());
  print(*text);
  return 0;
}

int counts(const place::Place& place, bool json) {
  const auto status = refresh::published_status(place);
  if (!status) return report_error(status.error());
  std::string out = "feed,step,identities,rows\n";
  for (const auto& step : status->linkage) out += step.feed + "," + step.step + "," + std::to_string(step.identities) + "," + std::to_string(step.rows) + "\n";
  print(json ? refresh::status_json(*status, program_version()) : out);
  return 0;
}

// Decisions that a hospital made by a message: whom it joined stands, and somebody here has to see it.
Result<int> merges(const place::Place& place, const Words& given, bool json) {
  JOINEDUP_TRY(const auto all, messages::review(place.folder));
  if (const auto number = given.of("--seen"); !number.empty()) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const messages::ForReview& one) { return one.is_merge && std::to_string(one.message) == number; });
    if (!known) return fail(ErrorCode::not_found, "There is no merge of this number that stands; joinedup link review merges lists them.", "--seen");
    JOINEDUP_CHECK(vault::note_merge_seen(place, std::stoll(number), given.of("--who")));
    return 0;
  }
  JOINEDUP_TRY(const auto seen, vault::seen_merges(place));
  auto out = nlohmann::ordered_json::array();
  for (const auto& one : all) {
    if (one.trigger != "A40" && !one.is_merge) continue;
    const auto by = one.is_merge ? seen.find(one.message) : seen.end();
    if (by != seen.end()) continue;
    if (json) out.push_back({{one.is_merge ? "merge" : "message", one.message}, {"received", one.received}, {"sender", one.sender}, {"stands", one.is_merge}, {"what", one.reason}});
    else std::printf("%s %lld of %s, %s: %s\n", one.is_merge ? "Merge" : "Not done: message", static_cast<long long>(one.message), one.sender.c_str(), one.received.c_str(), one.reason.c_str());
  }
  if (json) print(out.dump() + "\n");
  return 0;
}

int review(const place::Place& place, const Words& given, bool json) {
  if (given.words.size() == 2 && given.words[1] == "merges") {
    const auto done = merges(place, given, json);
    return done ? *done : report_error(done.error());
  }
  if (given.words.size() == 2 && given.words[1] == "export") {
    const auto file = given.of("--out");
    if (file.empty()) return report_error({ErrorCode::wrong_usage, "Say where to write the pairs, with --out FILE.", {}});
    const auto written = refresh::export_review(place, file, given.of("--who"));
    if (!written) return report_error(written.error());
    print("{\"pairs\": " + std::to_string(*written) + "}\n");
    std::fprintf(stderr, "The file holds people's identities: keep it as you keep a record, and delete it when it has been imported.\n");
    const auto made = messages::review(place.folder);
    const auto seen = vault::seen_merges(place);
    if (made && seen)
      if (const auto unseen = std::count_if(made->begin(), made->end(), [&](const messages::ForReview& one) { return one.is_merge && !seen->contains(one.message); }); unseen > 0)
        std::fprintf(stderr, "Hospitals joined numbers %lld times that nobody here has seen yet: joinedup link review merges.\n", static_cast<long long>(unseen));
    return 0;
  }
  if (given.words.size() == 2 && given.words[1] == "import") {
    const auto file = given.of("--input");
    if (file.empty()) return report_error({ErrorCode::wrong_usage, "Say which file holds the decisions, with --input FILE.", {}});
    const auto outcome = refresh::import_review(place, file);
    if (!outcome) return report_error(outcome.error());
    print(refresh::outcome_json(*outcome));
    for (const auto& note : outcome->notes) std::fprintf(stderr, "Note: %s\n", note.c_str());
    if (outcome->recorded) std::fprintf(stderr, "The decisions hold from the next `joinedup refresh` on.\n");
    return 0;
  }
  return report_error({ErrorCode::wrong_usage, std::string("link review does export, import or merges:\n") + link_usage, {}});
}

}  // namespace

int link_command(std::span<const std::string> arguments) {
  auto common = read_common(arguments, {"--export", "--truth", "--out", "--who", "--input", "--feed", "--row-id", "--reason", "--seen"});
  if (!common) return report_error(common.error());
  if (common->place.empty()) return report_error({ErrorCode::wrong_usage, std::string("Say which place with --place DIR.\n") + link_usage, {}});
  const auto place = place::read_place(common->place);
  if (!place) return report_error(place.error());
  if (take_flag(common->rest, "--export")) {
    const auto file = refresh::export_links(*place, common->threads);
    if (!file) return report_error(file.error());
    print(*file + "\n");
    return 0;
  }
  const auto given = read_words(common->rest);
  if (!given) return report_error(given.error());
  if (given->words.empty()) return counts(*place, common->json);
  const auto& verb = given->words[0];
  const vault::RowName row{given->of("--feed"), given->of("--row-id")};
  if (verb == "quality") return show(refresh::link_quality_json(*place, given->of("--truth"), common->threads));
  if (verb == "history") return show(refresh::key_history_json(*place));
  if (verb == "review") return review(*place, *given, common->json);
  if (verb == "unlink" || verb == "relink") {
    if (row.feed.empty() || row.row_id.empty()) return report_error({ErrorCode::wrong_usage, "Name the row with --feed and --row-id.", {}});
    if (verb == "unlink") {
      const int status = show(refresh::unlink_row(*place, row, given->of("--who"), given->of("--reason")));
      if (status == 0) std::fprintf(stderr, "The row is off its person in the vault and in the shared record. What is published follows at the next `joinedup refresh`.\n");
      return status;
    }
    return show(refresh::relink_row(*place, row, given->of("--who"), given->of("--reason")));
  }
  return report_error({ErrorCode::wrong_usage, "There is no joinedup link " + verb + ".\n" + link_usage, {}});
}

}  // namespace joinedup::cli
