// Hospitals that send 200 messages a second, and a page that waits for the alerts of one in five: how long until it knows.
//
//   messages_benchmark [SECONDS=20] [RATE=200] [SENDERS=4]
//
// Whole path: MLLP over sockets, kept on the disk, applied, committed to the record, seen by a listener. The counts are checked first.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>
#include <unordered_map>

#include "messages/messages.hpp"
#include "subscriptions/subscriptions.hpp"

using namespace joinedup;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

namespace {

constexpr int people = 1000;

std::string nhs_number(int i) {
  for (std::uint64_t number = 900'000'000 + static_cast<std::uint64_t>(i) * 7;; ++number) {
    int sum = 0;
    auto left = number;
    for (int weight = 2; weight <= 10; ++weight, left /= 10) sum += static_cast<int>(left % 10) * weight;
    const int check = (11 - sum % 11) % 11;
    if (check < 10) return std::to_string(number) + std::to_string(check);
  }
}

std::string message(int i, const std::string& number) {
  const std::string visit = "V" + std::to_string(i), person = std::to_string(i % people);
  return "MSH|^~\\&|PAS|RXX|JU||20260101120000||ADT^A01|C" + std::to_string(i) + "|P|2.4\rEVN|A01|20260101120000\rPID|1||M" + person + "^^^RXX^MR~" + number +
         "^^^NHS^NH||PERSON^Number||19500101|F\rPV1|1|I|Ward 1||||||||||||||||" + visit + "|||||||||||||||||||||||||20260101113000\r";
}

double part(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

}  // namespace

int main(int count, char** words) {
  const int seconds = count > 1 ? std::atoi(words[1]) : 20, rate = count > 2 ? std::atoi(words[2]) : 200, senders = count > 3 ? std::atoi(words[3]) : 4;
  const auto folder = std::filesystem::temp_directory_path() / ("joinedup-messages-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  int missed = 0;
  {
    auto store = fhir::open_store({.path = (folder / "shared-record.sqlite").string(), .base_url = {}, .clock = {}, .new_id = {}});
    place::Place place;
    place.folder = folder.string();
    std::vector<std::string> numbers;
    std::vector<fhir::Write> writes;
    for (int i = 0; i < people; ++i) {
      numbers.push_back(nhs_number(i * 20));
      const auto id = "p" + std::to_string(i);
      writes.push_back({.kind = fhir::Write::Kind::update, .type = "Patient", .id = id, .body = Json{{"resourceType", "Patient"}, {"id", id}, {"birthDate", "1950-01-01"}, {"identifier", {{{"system", "https://fhir.nhs.uk/Id/nhs-number"}, {"value", numbers.back()}}}}}.dump(), .if_match = {}});
      if (i % 5 == 0)
        writes.push_back({.kind = fhir::Write::Kind::update, .type = "EpisodeOfCare", .id = "e" + std::to_string(i), .body = Json{{"resourceType", "EpisodeOfCare"}, {"id", "e" + std::to_string(i)}, {"status", "active"}, {"patient", {{"reference", "Patient/" + id}}}, {"careManager", {{"reference", "Practitioner/c"}}}}.dump(), .if_match = {}});
    }
    if (!(*store)->write(writes)) return 1;
    auto inbox = messages::Inbox::open({.place = &place, .clock = {}}, **store);
    auto door = messages::MllpServer::listen({}, **inbox);
    auto events = subscriptions::Events::open(**store);

    std::vector<Clock::time_point> sent(static_cast<std::size_t>(seconds * rate));
    std::vector<double> alert_ms;
    std::atomic<bool> over{false};
    std::thread listener([&] {
      auto stream = events->stream({.method = "GET", .path = "/events", .query = "types=Communication"}, [] { return std::make_unique<fhir::PermitAll>(); });
      std::mutex mutex;
      std::condition_variable changed;
      bool is_ready = false, has_more = true;
      while (has_more) {
        stream.wait([&](Result<void>) {
          const std::lock_guard lock(mutex);
          is_ready = true;
          changed.notify_all();
        });
        {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return is_ready; });
          is_ready = false;
        }
        std::string piece;
        has_more = stream.more(piece).value_or(false);
        const auto now = Clock::now();
        for (auto at = piece.find("\"id\":\""); at != piece.npos; at = piece.find("\"id\":\"", at + 1)) {
          const auto id = piece.substr(at + 6, piece.find('"', at + 6) - at - 6);
          const auto told = (*store)->read("Communication", id, fhir::PermitAll());
          if (!told) continue;
          const auto encounter = Json::parse(told->body)["encounter"]["reference"].get<std::string>().substr(10);
          const auto visit = (*store)->read("Encounter", encounter, fhir::PermitAll());
          const auto number = std::atoi(Json::parse(visit->body)["identifier"][0]["value"].get<std::string>().c_str() + 1);
          alert_ms.push_back(std::chrono::duration<double, std::milli>(now - sent[static_cast<std::size_t>(number)]).count());
        }
      }
    });

    const auto began = Clock::now();
    std::mutex mutex;
    std::vector<double> answer_ms;
    std::atomic<int> answered{0};
    std::vector<std::thread> crew;
    for (int s = 0; s < senders; ++s)
      crew.emplace_back([&, s] {
        std::vector<std::string> mine;
        std::vector<int> which;
        for (int i = s; i < seconds * rate; i += senders) mine.push_back(message(i, numbers[static_cast<std::size_t>(i % people)])), which.push_back(i);
        std::vector<double> took;
        const auto start = [&](std::size_t k) {  // at its time, not before; late where the answer before it was
          std::this_thread::sleep_until(began + std::chrono::microseconds(1'000'000LL * which[k] / rate));
          sent[static_cast<std::size_t>(which[k])] = Clock::now();
        };
        start(0);
        const auto done = messages::send_messages({.port = (*door)->port()}, mine, [&](std::size_t k, std::string_view answer) {
          took.push_back(std::chrono::duration<double, std::milli>(Clock::now() - sent[static_cast<std::size_t>(which[k])]).count());
          if (messages::acknowledgement_code(answer) == "AA") ++answered;
          if (k + 1 < mine.size()) start(k + 1);
        });
        if (!done) std::fprintf(stderr, "%s\n", done.error().text().c_str());
        const std::lock_guard lock(mutex);
        answer_ms.insert(answer_ms.end(), took.begin(), took.end());
      });
    for (auto& one : crew) one.join();
    const double took = std::chrono::duration<double>(Clock::now() - began).count();
    (*inbox)->settle();
    const auto expected = static_cast<std::size_t>(seconds * rate);
    for (int i = 0; i < 500 && alert_ms.size() < expected / 5; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    events->stop();
    listener.join();
    auto query = fhir::parse_query("Encounter", "_total=accurate&_count=1");
    const auto visits = (*store)->search(*query, fhir::PermitAll());
    const auto found = visits && visits->total ? *visits->total : 0;
    if (found != expected || alert_ms.size() != expected / 5 || answered != static_cast<int>(expected)) {
      std::printf("WRONG: %d sent, %d answered AA, %llu visits, %zu alerts\n", static_cast<int>(expected), answered.load(), static_cast<unsigned long long>(found), alert_ms.size());
      missed = 1;
    }
    double load[1] = {};
    getloadavg(load, 1);
    const double per_second = static_cast<double>(expected) / took;
    const auto line = [&](const char* name, double value, const char* unit, const char* bar, bool met) {
      std::printf("BENCH %s %.4g %s (bar: %s) %s\n", name, value, unit, bar, met ? "met" : "missed");
      if (!met) missed = 1;
    };
    std::printf("%d messages by %d senders at %d a second; load average %.1f; alerts p50 %.1f ms, most %.1f ms\n", static_cast<int>(expected), senders, rate, load[0], part(alert_ms, 0.5), part(alert_ms, 1));
    line("adt_messages_per_second", per_second, "1/s", "200", per_second >= 0.99 * std::min(rate, 200));
    line("adt_answer_p99", part(answer_ms, 0.99), "ms", "none", true);
    line("adt_alert_p99", part(alert_ms, 0.99), "ms", "1000", part(alert_ms, 0.99) <= 1000);
    door->reset();
    inbox->reset();
    events.reset();
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return missed;
}
