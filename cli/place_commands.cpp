// Verbs that work on a place: init, refresh, status, table.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/money.hpp"
#include "base/text.hpp"
#include "cli/cli.hpp"
#include "messages/messages.hpp"
#include "refresh/refresh.hpp"

namespace joinedup::cli {
namespace {

Result<place::Place> place_of(const Common& common) {
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  return place::read_place(common.place);
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string padded(std::string text, std::size_t width, bool right = true) {
  // Count characters, not bytes: the pound sign has two.
  const auto shown = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  if (shown < width) text.insert(right ? 0 : text.size(), width - shown, ' ');
  return text;
}

// What went to the shared record, and what did not.
std::string care_sentences(const care_door::Shared& shared) {
  std::string out;
  if (!shared.was_current && shared.patients > 0)
    out += "Shared for care: " + with_commas(static_cast<std::int64_t>(shared.patients)) + " people, the care record of " + with_commas(static_cast<std::int64_t>(shared.people_open)) + " open; " + with_commas(static_cast<std::int64_t>(shared.created)) + " resources new, " +
           with_commas(static_cast<std::int64_t>(shared.changed)) + " changed, " + with_commas(static_cast<std::int64_t>(shared.removed + shared.marked_wrong)) + " withdrawn (" + shared.way + ").\n";
  for (const auto& note : shared.notes) out += note + "\n";
  return out;
}

// One screen: what came in, what it became, what it cost, where to look.
std::string screen(const refresh::RefreshOutcome& outcome, const place::Place& place) {
  const auto& status = outcome.status;
  std::string out = "\n" + place.name + (place.people == place::People::synthetic ? "  (all people are synthetic)" : "") + "\n";
  out += with_commas(static_cast<std::int64_t>(status.people)) + " people, " + place.data_from.to_iso() + " to " + place.data_to.to_iso() +
         ", run " + status.run + (outcome.was_unchanged ? " (inputs unchanged)" : "") + "\n\n";
  out += padded("feed", 18, false) + padded("rows in", 14) + padded("kept", 14) + padded("rejected", 11) + padded("withheld", 11) + "\n";
  for (const auto& feed : status.feeds)
    out += padded(feed.feed, 18, false) + padded(with_commas(static_cast<std::int64_t>(feed.rows_in)), 14) +
           padded(with_commas(static_cast<std::int64_t>(feed.rows_kept)), 14) + padded(with_commas(static_cast<std::int64_t>(feed.rows_rejected)), 11) +
           padded(with_commas(static_cast<std::int64_t>(feed.rows_withheld)), 11) + "\n";
  out += "\n" + padded("setting", 24, false) + padded("cost", 20) + "\n";
  std::int64_t total = 0;
  for (const auto& [setting, pence] : status.cost_pence) {
    out += padded(setting, 24, false) + padded(Money{pence}.to_pounds(), 20) + "\n";
    total += pence;
  }
  out += padded("all", 24, false) + padded(Money{total}.to_pounds(), 20) + "\n\n";
  out += status.reconciled ? "Reconciled: the sums by person and month, by activity and by feed agree to the penny.\n"
                           : "NOT RECONCILED: " + status.not_reconciled_because + "\n";
  out += care_sentences(outcome.shared);
  out += "Report: " + outcome.report + "\n";
  return out;
}

std::int64_t now_micro() { return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// When each sender of messages spoke last: silence must be seen, it never says that all is well.
std::string with_senders(const std::string& status, const std::vector<messages::SenderStatus>& senders) {
  auto out = nlohmann::ordered_json::parse(status);
  out["messages"] = nlohmann::ordered_json::array();
  out["warnings"] = nlohmann::ordered_json::array();
  for (const auto& one : senders)
    if (const auto warning = messages::silence_of(one, now_micro()); !warning.empty()) out["warnings"].push_back(warning);
  for (const auto& one : senders)
    out["messages"].push_back({{"sender", one.sender}, {"last_message", one.last_message}, {"silent", !messages::silence_of(one, now_micro()).empty()}, {"kept", one.kept}, {"applied", one.applied}, {"review", one.review},
                               {"not_taken", one.not_taken}, {"unreadable", one.unreadable}, {"repeated", one.repeated}, {"waiting", one.waiting}});
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string sender_lines(const std::vector<messages::SenderStatus>& senders) {
  std::string out;
  for (const auto& one : senders)
    out += "Messages of " + one.sender + ": the last at " + one.last_message + "; " + with_commas(static_cast<std::int64_t>(one.kept)) + " kept, " + with_commas(static_cast<std::int64_t>(one.applied)) +
           " applied, " + with_commas(static_cast<std::int64_t>(one.review)) + " for review\n";
  for (const auto& one : senders)
    if (const auto warning = messages::silence_of(one, now_micro()); !warning.empty()) out += "WARNING: " + warning + "\n";
  return out;
}

}  // namespace

int init_command(std::span<const std::string> arguments) {
  const auto common = read_common(arguments, {"--name"});
  if (!common) return report_error(common.error());
  if (common->place.empty()) return report_error({ErrorCode::wrong_usage, "Say where the place shall be with --place DIR.", {}});
  const std::string file = common->place + "/place.toml";
  if (std::filesystem::exists(file)) return report_error({ErrorCode::conflict, "There is a place here already; nothing was changed.", file});
  std::string name = "A new place";
  for (std::size_t i = 0; i + 1 < common->rest.size(); ++i)
    if (common->rest[i] == "--name") name = common->rest[i + 1];
  const std::string text =
      "# What this place is. Every key is explained in docs/place.md.\nformat = 1\n\n[place]\nname = \"" + name +
      "\"\ndata_from = 2024-04-01\ndata_to = 2025-03-31\n\n[limits]\nrejected_percent = 1.0\n\n"
      "# One [[partner]] an organisation, then whose data each feed is:\n# [[partner]]\n# code = \"RX1\"\n# name = \"Exampleshire Hospital\"\n"
      "# type = \"hospital\"\n# [feeds.hes_apc_sus]\n# partner = \"RX1\"\n";
  // For its owner only, unless somebody has made it for others already: extracts name people.
  const bool is_new = !std::filesystem::exists(common->place);
  if (const auto made = make_folder(common->place, is_new ? FileMode::secret : FileMode::shared); !made) return report_error(made.error());
  if (const auto made = make_folder(common->place + "/feeds"); !made) return report_error(made.error());
  if (const auto written = write_file(file, text); !written) return report_error(written.error());
  std::fprintf(stderr, "A place was begun: edit %s, put extracts into %s/feeds/<feed>/, then run joinedup refresh --place %s\n", file.c_str(),
               common->place.c_str(), common->place.c_str());
  return 0;
}

int refresh_command(std::span<const std::string> arguments) {
  auto common = read_common(arguments, {"--again", "--train"});
  if (!common) return report_error(common.error());
  const auto place = place_of(*common);
  if (!place) return report_error(place.error());
  refresh::RefreshOptions options;
  options.threads = common->threads;
  if (take_flag(common->rest, "--again")) options.unchanged = refresh::Unchanged::refresh_again;
  if (take_flag(common->rest, "--train")) options.train = refresh::TrainModels::again;
  const auto outcome = refresh::refresh_place(*place, options);
  if (!outcome) return report_error(outcome.error());
  print(common->json ? refresh::status_json(outcome->status, program_version()) : screen(*outcome, *place));
  if (outcome->most_rejected.empty()) return 0;
  std::fprintf(stderr, "joinedup: done, but feed %s has more rejected rows than the %s%% that place.toml allows; the report's data quality page says why.\n",
               outcome->most_rejected.c_str(), format_number(place->rejected_percent).c_str());
  return 3;
}

int status_command(std::span<const std::string> arguments) {
  const auto common = read_common(arguments);
  if (!common) return report_error(common.error());
  const auto place = place_of(*common);
  if (!place) return report_error(place.error());
  const auto status = refresh::published_status(*place);
  if (!status) return report_error(status.error());
  refresh::RefreshOutcome outcome;
  outcome.status = *status;
  outcome.report = place->path("reports/current/index.html");
  const auto spoken = messages::senders(common->place);
  if (!spoken) return report_error(spoken.error());
  print(common->json ? with_senders(refresh::status_json(*status, program_version()), *spoken) : screen(outcome, *place) + sender_lines(*spoken));
  return 0;
}

int table_command(std::span<const std::string> arguments) {
  const auto common = read_common(arguments);
  if (!common) return report_error(common.error());
  if (common->rest.size() != 1) return report_error({ErrorCode::wrong_usage, "Name one table: joinedup table NAME --place DIR --format csv.", {}});
  if (common->format != "csv") return report_error({ErrorCode::wrong_usage, "Tables come as --format csv.", {}});
  const auto place = place_of(*common);
  if (!place) return report_error(place.error());
  const auto written = refresh::write_table(*place, common->rest[0], [](std::string_view text) -> Result<void> {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) return fail(ErrorCode::storage_full, "The output could not be written.");
    return {};
  });
  return written ? 0 : report_error(written.error());
}

}  // namespace joinedup::cli
