#include "governance/unusual_lookups.hpp"

#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/date.hpp"

namespace joinedup::governance {
namespace {

using nlohmann::json;

// As it is compared: letters only, small; other bytes stay (O'Neill and ONEILL are one name, Müller is itself).
std::string plain_name(const std::string& name) {
  std::string out;
  for (const char c : name)
    if (const auto byte = static_cast<unsigned char>(c); byte >= 0x80 || std::isalpha(byte) != 0) out += static_cast<char>(byte >= 0x80 ? byte : std::tolower(byte));
  return out;
}

std::string plain_postcode(const std::string& postcode) {
  std::string out;
  for (const char c : postcode)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string text_in(const json& object, const char* name) {
  const auto at = object.is_object() ? object.find(name) : object.end();
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

// The name in use: the official one, else the first that has one.
std::string family_of(const json& resource) {
  std::string out;
  if (!resource.is_object() || !resource.contains("name") || !resource["name"].is_array()) return out;
  for (const auto& name : resource["name"]) {
    const auto family = text_in(name, "family");
    if (!family.empty() && (out.empty() || text_in(name, "use") == "official")) out = family;
  }
  return out;
}

std::string postcode_of(const json& resource) {
  std::string out;
  if (!resource.is_object() || !resource.contains("address") || !resource["address"].is_array()) return out;
  for (const auto& address : resource["address"])
    if (const auto postcode = text_in(address, "postalCode"); !postcode.empty() && (out.empty() || text_in(address, "use") == "home")) out = postcode;
  return out;
}

}  // namespace

std::string UnusualLookups::hashed(std::string_view what, const std::string& text) const {
  if (text.empty()) return {};
  const auto digest = key_.of(std::string(what) + "/" + text);
  return to_hex(digest);
}

std::string UnusualLookups::area(const std::string& postcode) const {
  const auto plain = plain_postcode(postcode);
  if (plain.size() < 5) return {};
  const auto lsoa = sources_.area_of ? sources_.area_of(plain) : std::string();
  return hashed("area", lsoa.empty() ? plain.substr(0, plain.size() - 2) : lsoa);  // else the postcode's sector
}

audit::KnownOf UnusualLookups::of_patient(const std::string& body) const {
  audit::KnownOf out;
  const auto patient = json::parse(body, nullptr, false);
  out.family_name_hash = hashed("name", plain_name(family_of(patient)));
  out.area = area(postcode_of(patient));
  if (const auto died = parse_iso_date(text_in(patient, "deceasedDateTime").substr(0, 10))) out.died = (static_cast<std::int64_t>(died->days) + 1) * 86'400'000'000;
  return out;
}

Result<void> UnusualLookups::learn(const KnownWorker& worker) {
  auto& known = workers_[worker.user];
  known.works_for = worker.organisation;
  if (!worker.practitioner.empty()) {
    JOINEDUP_TRY(const auto body, sources_.read("Practitioner", worker.practitioner));
    if (body) known.family_name_hash = hashed("name", plain_name(family_of(json::parse(*body, nullptr, false))));
  }
  known.area = area(worker.postcode);
  if (worker.nhs_number.empty()) return {};
  JOINEDUP_TRY(const auto own, sources_.patients_of(worker.nhs_number));
  for (const auto& body : own) {
    const auto who = of_patient(body);
    known.patient = text_in(json::parse(body, nullptr, false), "id");
    if (known.family_name_hash.empty()) known.family_name_hash = who.family_name_hash;
    if (known.area.empty()) known.area = who.area;
    if (!worker.organisation.empty()) works_for_[known.patient] = worker.organisation;
  }
  return {};
}

Result<std::unique_ptr<UnusualLookups>> UnusualLookups::open(const std::vector<KnownWorker>& workers, UnusualSources sources) {
  std::string key(32, '\0');
  if (!std::ifstream("/dev/urandom", std::ios::binary).read(key.data(), static_cast<std::streamsize>(key.size()))) return fail(ErrorCode::unavailable, "The system gives no random numbers.");
  std::unique_ptr<UnusualLookups> out(new UnusualLookups(key, std::move(sources)));
  std::size_t named = 0, placed = 0, recorded = 0;
  for (const auto& worker : workers) {
    JOINEDUP_CHECK(out->learn(worker));
    const auto& known = out->workers_[worker.user];
    named += known.family_name_hash.empty() ? 0 : 1;
    placed += known.area.empty() ? 0 : 1;
    recorded += known.patient.empty() ? 0 : 1;
  }
  const auto missing = [&](std::size_t known, const std::string& rule, const std::string& what) {
    if (known < workers.size()) out->not_checked_.push_back(rule + " of " + std::to_string(workers.size() - known) + " of " + std::to_string(workers.size()) + " workers: " + what);
  };
  missing(named, "own_family_name", "no family name is known");
  missing(placed, "own_neighbour", "say NHS numbers or postcodes with --workers");
  missing(recorded, "own_record and colleague", "say NHS numbers with --workers");
  return out;
}

audit::UnusualOptions UnusualLookups::options(std::int64_t from, std::int64_t until) {
  audit::UnusualOptions options;
  options.from = from;
  options.until = until;
  options.worker = [this](const std::string& user) -> std::optional<audit::KnownOf> {
    const auto at = workers_.find(user);
    return at == workers_.end() ? std::nullopt : std::optional(at->second);
  };
  options.person = [this](const std::string& patient) -> std::optional<audit::KnownOf> {
    const auto body = sources_.read("Patient", patient);
    if (!body) ++unreadable_;
    if (!body || !*body) return std::nullopt;
    auto out = of_patient(**body);
    if (const auto at = works_for_.find(patient); at != works_for_.end()) out.works_for = at->second;
    return out;
  };
  return options;
}

}  // namespace joinedup::governance
