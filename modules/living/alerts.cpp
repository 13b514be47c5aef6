// What hospitals said in the last days, by their own messages and through the same door as real ones.
#include "living/room.hpp"
#include "messages/messages.hpp"

namespace joinedup::living {
namespace {

std::string digits(const std::string& instant) {
  std::string out;
  for (const char c : instant)
    if (c >= '0' && c <= '9') out += c;
  return out.substr(0, 12);
}

struct Visit {
  const char* trigger;
  const char* patient_class;
  int days_ago, hour;
};

std::string adt(const Book& book, const json& patient, const std::string& hospital, const Visit& visit, const std::string& number, int begun, int begun_hour, std::size_t control) {
  std::string nhs;
  for (const auto& identifier : patient.value("identifier", json::array()))
    if (identifier.value("system", "") == "https://fhir.nhs.uk/Id/nhs-number") nhs = identifier.value("value", "");
  const auto when = digits(book.at(visit.days_ago, visit.hour, 10)), admitted = digits(book.at(begun, begun_hour, 0));
  const std::string family = patient.value("/name/0/family"_json_pointer, ""), given = patient.value("/name/0/given/0"_json_pointer, "");
  const bool is_over = std::string_view(visit.trigger) == "A03";
  std::string born = patient.value("birthDate", "");
  std::erase(born, '-');
  return "MSH|^~\\&|PAS|" + hospital + "|JOINEDUP||" + when + "||ADT^" + visit.trigger + "|DEMO" + std::to_string(control) + "|P|2.4\rEVN|" + visit.trigger + "|" + when + "\rPID|1||" + nhs + "^^^NHS^NH~D" + number + "^^^" + hospital +
         "^MR||" + family + "^" + given + "||" + born + "|" + (patient.value("gender", "") == "male" ? "M" : "F") + "\rPV1|1|" + visit.patient_class + "|Ward 4^2^A^" + hospital + "|" + std::string(15, '|') + "V" + number + std::string(25, '|') + admitted + "|" + (is_over ? when : "") + "\r";
}

}  // namespace

Result<std::uint64_t> send_admissions(const place::Place& place, fhir::DurableStore& store, const Book& book, const std::vector<Case>& cases) {
  std::vector<std::string> hospitals;
  for (const auto& partner : place.partners)
    if (partner.type == "hospital") hospitals.push_back(partner.code);
  if (hospitals.empty()) return 0;
  std::int64_t now = 0;
  JOINEDUP_TRY(auto inbox, messages::Inbox::open({.place = &place, .clock = [&now] { return now; }}, store));
  // In hospital now; home again; a visit to the emergency department; an admission of this morning.
  const std::vector<std::vector<Visit>> stories = {
      {{"A01", "I", 2, 6}}, {{"A01", "I", 6, 15}, {"A03", "I", 1, 12}}, {{"A04", "E", 1, 19}, {"A03", "E", 1, 23}}, {{"A01", "I", 0, 5}}, {{"A01", "I", 12, 3}, {"A03", "I", 4, 14}}};
  std::uint64_t sent = 0;
  std::size_t nth = 0;
  for (const auto& one : cases) {
    if (!one.is_shown_in_full || !one.has_plan() || one.stage == Stage::finished || nth >= stories.size() * 2) continue;
    if (one.is_the_demonstrations) continue;  // at home: their next days are arranged
    JOINEDUP_TRY(const auto version, store.read("Patient", bare(one.patient), fhir::PermitAll()));
    const auto patient = json::parse(version.body);
    const auto& story = stories[nth % stories.size()];
    const auto number = std::to_string(7000 + nth);
    for (const auto& visit : story) {
      now = (static_cast<std::int64_t>((book.day() - visit.days_ago).days) * 86'400 + visit.hour * 3600 + 640) * 1'000'000;
      JOINEDUP_TRY(const auto answer, inbox->receive(adt(book, patient, hospitals[nth % hospitals.size()], visit, number, story.front().days_ago, story.front().hour, ++sent)));
      inbox->settle();
    }
    ++nth;
  }
  inbox.reset();
  // The older ones were seen.
  JOINEDUP_TRY(const auto alerts, find(store, "Communication", "category=alert"));
  std::vector<fhir::Write> writes;
  for (auto alert : alerts) {
    if (alert.contains("received") || alert.value("sent", "") >= book.at(1, 0)) continue;
    alert["received"] = alert["sent"];
    writes.push_back({.kind = fhir::Write::Kind::update, .type = "Communication", .id = alert["id"], .body = alert.dump(), .if_match = {}});
  }
  if (!writes.empty()) {
    JOINEDUP_TRY(const auto written, store.write(writes));
  }
  return sent;
}

}  // namespace joinedup::living
