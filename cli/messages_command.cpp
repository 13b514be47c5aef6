// joinedup messages: hospitals' HL7 v2 messages from files; what is for review; a sender for trying a receiver out.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "cli/cli.hpp"
#include "messages/messages.hpp"

namespace joinedup::cli {

namespace {

using Json = nlohmann::json;

constexpr const char* help =
    "joinedup messages import --place DIR --file F [--file F …] [--json]\n"
    "joinedup messages review --place DIR [--json]\n"
    "joinedup messages retry --place DIR [--json]\n"
    "joinedup messages undo-merge N --place DIR\n"
    "joinedup messages send --to HOST:PORT --file F [--file F …] [--tls-ca F] [--tls-cert F --tls-key F] [--json]\n\n"
    "import      takes HL7 v2 messages from files (a folder: every .hl7 file in it), as if they had come over MLLP, while no server has the record open.\n"
    "review      lists what could not be read, is of a kind not taken, or that a person must look at; and merges that can be undone.\n"
    "retry       applies again what is under review or held for want of an agreement.\n"
    "undo-merge  undoes the merge of this number.\n"
    "send        sends messages over MLLP and waits for each acknowledgement.";

struct MessageFlags {
  std::vector<std::string> files;
  std::string to, authority, certificate, key, number;
};

Result<MessageFlags> read_flags(const Common& common) {
  MessageFlags flags;
  const auto& words = common.rest;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto& word = words[i];
    if (!word.starts_with("--")) {
      flags.number = word;
      continue;
    }
    if (i + 1 == words.size()) return fail(ErrorCode::wrong_usage, word + " needs a value after it.");
    const auto& value = words[++i];
    if (word == "--file") flags.files.push_back(value);
    else if (word == "--to") flags.to = value;
    else if (word == "--tls-ca") flags.authority = value;
    else if (word == "--tls-cert") flags.certificate = value;
    else if (word == "--tls-key") flags.key = value;
  }
  return flags;
}

// A folder stands for the files in it, in the order of their names.
Result<std::vector<std::string>> files_of(const std::vector<std::string>& named) {
  std::vector<std::string> out;
  for (const auto& one : named) {
    std::error_code error;
    if (!std::filesystem::is_directory(one, error)) {
      out.push_back(one);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(one, error))
      if (entry.is_regular_file() && entry.path().extension() == ".hl7") inside.push_back(entry.path().string());
    std::sort(inside.begin(), inside.end());
    out.insert(out.end(), inside.begin(), inside.end());
  }
  if (out.empty()) return fail(ErrorCode::wrong_usage, "Say which messages with --file F.");
  return out;
}

void print(const Json& json) { std::puts(json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str()); }

struct OpenPlace {
  place::Place place;
  std::unique_ptr<fhir::DurableStore> store;
  std::unique_ptr<messages::Inbox> inbox;
};

Result<std::unique_ptr<OpenPlace>> open_place(const Common& common) {
  auto out = std::make_unique<OpenPlace>();
  JOINEDUP_TRY(out->place, place::read_place(common.place));
  JOINEDUP_TRY(out->store, fhir::open_store({.path = common.place + "/shared-record.sqlite", .base_url = {}, .clock = {}, .new_id = {}}));
  JOINEDUP_TRY(out->inbox, messages::Inbox::open({.place = &out->place, .clock = {}}, *out->store));
  return out;
}

Result<int> import_messages(const Common& common, const MessageFlags& flags) {
  JOINEDUP_TRY(const auto files, files_of(flags.files));
  JOINEDUP_TRY(const auto open, open_place(common));
  std::map<std::string, std::uint64_t> codes{{"AA", 0}, {"AE", 0}, {"AR", 0}};
  Json answers = Json::array();
  std::uint64_t count = 0;
  for (const auto& file : files) {
    JOINEDUP_TRY(const auto bytes, read_file(file));
    for (const auto& message : messages::messages_of_file(bytes)) {
      JOINEDUP_TRY(const auto answer, open->inbox->receive(message));
      const auto code = messages::acknowledgement_code(answer);
      ++codes[code];
      ++count;
      if (common.json) answers.push_back({{"file", file}, {"code", code}, {"acknowledgement", answer}});
      else std::printf("%s %s\n", code.c_str(), file.c_str());
    }
  }
  open->inbox->settle();
  JOINEDUP_TRY(const auto waiting, messages::review(common.place));
  if (common.json) print({{"messages", count}, {"codes", codes}, {"answers", answers}, {"review", waiting.size()}});
  else std::printf("%llu messages: %llu AA, %llu AR, %llu AE\n", static_cast<unsigned long long>(count), static_cast<unsigned long long>(codes["AA"]), static_cast<unsigned long long>(codes["AR"]), static_cast<unsigned long long>(codes["AE"]));
  return 0;
}

Result<int> review_messages(const Common& common) {
  JOINEDUP_TRY(const auto all, messages::review(common.place));
  Json out = Json::array();
  for (const auto& one : all) {
    if (common.json) out.push_back({{one.is_merge ? "merge" : "message", one.message}, {"received", one.received}, {"sender", one.sender}, {"trigger", one.trigger}, {"state", messages::state_name(one.state)}, {"reason", one.reason}});
    else std::printf("%s %lld  %s  %s  %s  %s: %s\n", one.is_merge ? "merge" : "message", static_cast<long long>(one.message), one.received.c_str(), one.sender.c_str(), one.trigger.c_str(), messages::state_name(one.state), one.reason.c_str());
  }
  if (common.json) print(out);
  else if (all.empty()) std::puts("Nothing is for review.");
  return 0;
}

Result<int> retry_messages(const Common& common) {
  JOINEDUP_TRY(const auto open, open_place(common));
  JOINEDUP_TRY(const auto again, open->inbox->retry());
  open->inbox->settle();
  JOINEDUP_TRY(const auto left, messages::review(common.place));
  if (common.json) print({{"tried", again}, {"review", left.size()}});
  else std::printf("%zu messages had their turn again; %zu lines are for review.\n", again, left.size());
  return 0;
}

Result<int> undo_merge(const Common& common, const MessageFlags& flags) {
  char* end = nullptr;
  const auto number = std::strtoll(flags.number.c_str(), &end, 10);
  if (flags.number.empty() || *end != '\0') return fail(ErrorCode::wrong_usage, "Say which merge by its number; joinedup messages review lists them.");
  JOINEDUP_TRY(const auto open, open_place(common));
  JOINEDUP_CHECK(open->inbox->undo_merge(number));
  if (common.json) print({{"undone", number}});
  else std::puts("Undone.");
  return 0;
}

Result<int> send_messages(const Common& common, const MessageFlags& flags) {
  const auto colon = flags.to.rfind(':');
  if (colon == flags.to.npos) return fail(ErrorCode::wrong_usage, "Say where to with --to HOST:PORT.");
  messages::SendOptions options{.host = flags.to.substr(0, colon), .port = static_cast<std::uint16_t>(std::atoi(flags.to.c_str() + colon + 1)), .tls_authority_file = flags.authority, .tls_certificate_file = flags.certificate, .tls_key_file = flags.key};
  JOINEDUP_TRY(const auto files, files_of(flags.files));
  std::vector<std::string> all;
  for (const auto& file : files) {
    JOINEDUP_TRY(const auto bytes, read_file(file));
    for (auto& message : messages::messages_of_file(bytes)) all.push_back(std::move(message));
  }
  std::map<std::string, std::uint64_t> codes{{"AA", 0}, {"AE", 0}, {"AR", 0}};
  JOINEDUP_TRY(const auto sent, messages::send_messages(options, all, [&](std::size_t i, std::string_view answer) {
    const auto code = messages::acknowledgement_code(answer);
    ++codes[code];
    if (!common.json) std::printf("%zu %s\n", i + 1, code.c_str());
    std::fflush(stdout);
  }));
  if (common.json) print({{"sent", sent}, {"codes", codes}});
  return 0;
}

Result<int> run(const Common& common) {
  const std::string verb = common.rest.empty() ? "" : common.rest[0];
  JOINEDUP_TRY(const auto flags, read_flags(common));
  if (verb == "send") return send_messages(common, flags);
  if (verb != "import" && verb != "review" && verb != "retry" && verb != "undo-merge") return fail(ErrorCode::wrong_usage, "joinedup messages import, review, retry, undo-merge or send; --help says how.");
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  if (!std::filesystem::is_directory(common.place)) return fail(ErrorCode::not_found, "There is no place here. Begin one with joinedup init --place DIR.", common.place);
  if (verb == "import") return import_messages(common, flags);
  if (verb == "review") return review_messages(common);
  if (verb == "retry") return retry_messages(common);
  return undo_merge(common, flags);
}

}  // namespace

int messages_command(std::span<const std::string> arguments) {
  if (arguments.empty() || arguments[0] == "--help") {
    std::puts(help);
    return arguments.empty() ? 2 : 0;
  }
  const auto common = read_common(arguments, {"--file", "--to", "--tls-ca", "--tls-cert", "--tls-key"});
  if (!common) return report_error(common.error());
  const auto done = run(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
