// When each feed last spoke: silence never reads as safety.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "casework/handlers.hpp"
#include "fhir/permit.hpp"
#include "fhirpath/document.hpp"
#include "messages/messages.hpp"

namespace joinedup::casework {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t a_day = 86'400'000'000;
// A feed of files that brought nothing for five weeks: our own choice (README). Hospital messages: by each sender's own pace.
constexpr std::int64_t files_silent_after = 35 * a_day;

// When the newest file of a feed was put there; 0: there is none.
std::int64_t newest_file(const std::string& folder) {
  std::int64_t newest = 0;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, error); !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    struct stat found {};
    if (::stat(it->path().c_str(), &found) == 0 && S_ISREG(found.st_mode)) newest = std::max(newest, std::int64_t{found.st_mtime} * 1'000'000);
  }
  return newest;
}

Json feed_of(const std::string& name, const std::string& partner, std::int64_t last, std::int64_t silent_after, std::int64_t now, const std::string& what) {
  const bool silent = last == 0 || now - last > silent_after;
  std::string sentence = last == 0 ? "Nothing has come yet." : "Last " + what + " came " + instant_text(last).substr(0, 10) + " at " + instant_text(last).substr(11, 5) + " UTC.";
  if (silent) sentence += " It is silent: do not take it that nothing happened.";
  Json parts = Json::array();
  parts.push_back({{"name", "name"}, {"valueString", name}});
  if (!partner.empty()) parts.push_back({{"name", "partner"}, {"valueString", partner}});
  if (last != 0) parts.push_back({{"name", "last"}, {"valueInstant", instant_text(last)}});
  parts.push_back({{"name", "silent"}, {"valueBoolean", silent}});
  parts.push_back({{"name", "sentence"}, {"valueString", sentence}});
  return {{"name", "feed"}, {"part", std::move(parts)}};
}

// Who looks after people must know which feed is silent, and who answers for the place: as the policy has it, those who may read the
// teams' meetings, and the place's notices. Not the people, their carers, analysts, or a partner's program.
bool may_know(const Ask& ask) {
  const auto* permit = ask.call.request.permit;
  if (permit == nullptr) return false;
  if (permit->everything()) return true;
  for (const auto& [type, text] : {std::pair<std::string_view, std::string_view>{"Appointment", R"({"resourceType":"Appointment","status":"proposed"})"},
                                   {"Communication", R"({"resourceType":"Communication","status":"completed"})"}}) {
    fhirpath::Document nobody;
    if (nobody.parse(text) && permit->allows(fhir::Action::read, {type, "none", &nobody})) return true;
  }
  return false;
}

}  // namespace

Result<rest::Response> feeds_of_place(Ask& ask) {
  if (!may_know(ask)) return fail(ErrorCode::forbidden, "The state of the feeds is known to who looks after people here.");
  if (ask.room.place == nullptr) return fail(ErrorCode::unsupported, "This server serves no place.");
  const auto& place = *ask.room.place;
  const auto now = ask.room.clock();
  Json feeds = Json::array();
  const auto partner_name = [&](const std::string& code) {
    for (const auto& one : place.partners)
      if (one.code == code) return one.name;
    return code;
  };
  std::error_code ignored;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(place.path("feeds"), ignored))
    if (entry.is_directory(ignored) && entry.path().filename() != "shared_record") names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {
    const auto settings = place.feeds.find(name);
    feeds.push_back(feed_of(name, settings == place.feeds.end() ? std::string() : partner_name(settings->second.partner), newest_file(place.path("feeds/" + name)), files_silent_after, now, "file"));
  }
  if (fs::exists(place.path("messages"), ignored)) {
    JOINEDUP_TRY(const auto senders, messages::senders(place.folder));
    for (const auto& sender : senders) {
      feeds.push_back(feed_of("Hospital messages of " + sender.sender, {}, sender.last, sender.silent_after, now, "message"));
    }
  }
  Json out{{"resourceType", "Parameters"}};
  if (!feeds.empty()) out["parameter"] = std::move(feeds);
  return answer_json(200, out);
}

}  // namespace joinedup::casework
