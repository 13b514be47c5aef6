#include "care_door/writer.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/parallel.hpp"

namespace joinedup::care_door {
namespace {

constexpr std::size_t batch_size = 1000, batches_at_once = 16;
constexpr const char* mark_id = "joinedup-care-door";
constexpr const char* mark_system = "urn:joinedup:care-door-generation";

nlohmann::json comparable(const std::string& body);

// Of an episode the meaning is hashed, not the text: it is compared with what the record has, which a team may have changed.
std::int64_t print_of(const std::string& type, const std::string& body) {
  return static_cast<std::int64_t>(hash64(type == "EpisodeOfCare" ? comparable(body).dump() : body) >> 1);
}

std::string mark_body(std::int64_t generation) {
  return std::string(R"({"resourceType":"Device","id":")") + mark_id + R"(","identifier":[{"system":")" + mark_system + R"(","value":")" + std::to_string(generation) +
         R"("}],"status":"active","deviceName":[{"name":"Joinedup care door","type":"user-friendly-name"}]})";
}

// What the server adds is left aside.
nlohmann::json comparable(const std::string& body) {
  auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("meta")) return json;
  json["meta"].erase("versionId");
  json["meta"].erase("lastUpdated");
  if (json["meta"].empty()) json.erase("meta");
  return json;
}

// Organisations, services and workers are named by what teams wrote: they are put out of use, never removed.
bool stays_out_of_use(const std::string& type) {
  return type == "Organization" || type == "Practitioner" || type == "PractitionerRole" || type == "HealthcareService" || type == "Location" || type == "CareTeam";
}

std::string put_out_of_use(const std::string& type, const std::string& body) {
  auto json = nlohmann::ordered_json::parse(body, nullptr, false);
  if (!json.is_object()) return {};
  if (json.contains("meta")) {
    json["meta"].erase("versionId");
    json["meta"].erase("lastUpdated");
  }
  if (type == "Location" || type == "CareTeam") json["status"] = "inactive";
  else json["active"] = false;
  return json.dump();
}

// A fact whose row is gone was withdrawn by whoever sent it: it is marked as entered in error where its type can say so.
std::string marked_as_wrong(const std::string& type, const std::string& body) {
  auto json = nlohmann::ordered_json::parse(body, nullptr, false);
  if (!json.is_object()) return {};
  if (json.contains("meta")) {
    json["meta"].erase("versionId");
    json["meta"].erase("lastUpdated");
  }
  if (type == "Encounter" || type == "MedicationStatement" || type == "ServiceRequest" || type == "RiskAssessment") {
    json["status"] = "entered-in-error";
  } else if (type == "EpisodeOfCare") {
    json["status"] = "cancelled";
  } else if (type == "Condition") {
    json.erase("clinicalStatus");
    json["verificationStatus"] = {{"coding", {{{"system", "http://terminology.hl7.org/CodeSystem/condition-ver-status"}, {"code", "entered-in-error"}}}}};
  } else {
    return {};
  }
  return json.dump();
}

}  // namespace

Writer::Writer(Memory& memory, Target& target, unsigned threads, ProvenanceMaker provenance)
    : memory_(memory), target_(target), threads_(threads), provenance_(std::move(provenance)) {}

Result<void> Writer::open() {
  if (memory_.generation() == 0) return {};
  JOINEDUP_TRY(const auto mark, target_.read("Device", mark_id));
  if (!mark) return {};
  const auto json = nlohmann::json::parse(*mark, nullptr, false);
  believed_ = json.is_object() && json.contains("identifier") && json["identifier"][0].value("value", "") == std::to_string(memory_.generation());
  return {};
}

// The mark goes first: whatever comes after it is either in the memory or compared.
Result<void> Writer::begin() {
  if (began_) return {};
  JOINEDUP_TRY(const auto generation, memory_.begin_generation());
  JOINEDUP_CHECK(target_.write({{.kind = fhir::Write::Kind::update, .type = "Device", .id = mark_id, .body = mark_body(generation), .if_match = {}}}));
  began_ = true;
  return {};
}

Result<bool> Writer::stands_already(const Wanted& one) {
  JOINEDUP_TRY(const auto there, target_.read(one.type, one.id));
  return there && comparable(*there) == comparable(one.body);
}

Result<void> Writer::want(Wanted one) {
  ++counts_.wanted;
  ++counts_.standing[one.type];
  seen_.insert(one.id);
  const auto print = print_of(one.type, one.body);
  const auto known = memory_.written().find(one.id);
  const bool was_written = known != memory_.written().end();
  if (believed_ && was_written && known->second.print == print) {
    ++counts_.unchanged;
    return {};
  }
  pending_.push_back({std::move(one), print, was_written ? known->second.print : 0, was_written});
  return pending_.size() < batch_size * batches_at_once ? Result<void>() : flush();
}

Result<void> Writer::flush() {
  if (pending_.empty()) return {};
  JOINEDUP_CHECK(begin());
  std::vector<std::vector<Pending>> batches((pending_.size() + batch_size - 1) / batch_size);
  for (std::size_t i = 0; i < pending_.size(); ++i) batches[i / batch_size].push_back(std::move(pending_[i]));
  pending_.clear();
  const auto first = batches_;
  batches_ += batches.size();
  return parallel_for(batches.size(), threads_, [&](std::size_t i) { return write_batch(batches[i], first + i); });
}

Result<void> Writer::write_batch(std::vector<Pending>& batch, std::size_t number) {
  std::vector<fhir::Write> writes;
  std::vector<std::pair<std::string, WrittenResource>> kept;
  std::map<std::pair<std::string, std::string>, std::vector<const Wanted*>> sources;
  std::uint64_t created = 0, changed = 0, unchanged = 0, left = 0;
  for (auto& pending : batch) {
    auto& one = pending.one;
    kept.emplace_back(one.id, WrittenResource{one.type, one.feed, one.patient, pending.print});
    // Not known from the memory, though the record is not new: it may be there.
    if (!(believed_ && pending.known) && !target_.was_empty()) {
      JOINEDUP_TRY(const bool stands, stands_already(one));
      if (stands) {
        ++unchanged;
        continue;
      }
    }
    // A team moves its episodes on in the record itself: what it changed is its own from then on.
    if (one.type == "EpisodeOfCare") {
      JOINEDUP_TRY(const auto there, target_.read(one.type, one.id));
      if (there && print_of(one.type, *there) != pending.previous) {
        if (pending.known) kept.back().second.print = pending.previous;
        ++left;
        continue;
      }
    }
    ++(pending.known ? changed : created);
    sources[{one.feed, one.patient}].push_back(&one);
  }
  std::size_t part = 0;
  for (const auto& [source, targets] : sources) {
    if (source.first == "joinedup") continue;
    auto provenance = provenance_(source.first, source.second, targets, number * batch_size + part++);
    writes.push_back({.kind = fhir::Write::Kind::update, .type = provenance.type, .id = provenance.id, .body = std::move(provenance.body), .if_match = {}});
  }
  for (const auto& [source, targets] : sources)
    for (const auto* one : targets) writes.push_back({.kind = fhir::Write::Kind::update, .type = one->type, .id = one->id, .body = one->body, .if_match = {}});
  if (!writes.empty()) JOINEDUP_CHECK(target_.write(writes));
  const std::lock_guard lock(mutex_);
  JOINEDUP_CHECK(memory_.keep(kept, {}));
  counts_.created += created, counts_.changed += changed, counts_.unchanged += unchanged, counts_.left_to_teams += left;
  return {};
}

Result<std::vector<std::string>> Writer::episodes_of_teams() {
  std::vector<std::string> patients;
  for (const auto& [id, one] : memory_.written()) {
    if (one.type != "EpisodeOfCare") continue;
    JOINEDUP_TRY(const auto there, target_.read(one.type, id));
    if (!there || print_of(one.type, *there) == one.print) continue;
    seen_.insert(id);
    patients.push_back(one.patient);
  }
  return patients;
}

Result<void> Writer::withdraw() {
  std::vector<std::pair<std::string, WrittenResource>> gone;
  for (const auto& [id, one] : memory_.written())
    if (!seen_.contains(id) && !(is_left_ && is_left_(one))) gone.emplace_back(id, one);
  if (gone.empty()) return {};
  JOINEDUP_CHECK(begin());
  std::sort(gone.begin(), gone.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t from = 0; from < gone.size(); from += batch_size) {
    std::vector<fhir::Write> writes;
    std::vector<std::string> removed;
    for (std::size_t i = from; i < std::min(from + batch_size, gone.size()); ++i) {
      const auto& [id, one] = gone[i];
      removed.push_back(id);
      JOINEDUP_TRY(const auto there, target_.read(one.type, id));
      if (!there) continue;
      std::string body = stays_out_of_use(one.type) ? put_out_of_use(one.type, *there) : is_wrong_ && is_wrong_(one) ? marked_as_wrong(one.type, *there) : std::string();
      ++(body.empty() ? counts_.removed : counts_.marked_wrong);
      writes.push_back({.kind = body.empty() ? fhir::Write::Kind::remove : fhir::Write::Kind::update, .type = one.type, .id = id, .body = std::move(body), .if_match = {}});
    }
    if (!writes.empty()) JOINEDUP_CHECK(target_.write(writes));
    JOINEDUP_CHECK(memory_.keep({}, removed));
  }
  return {};
}

Result<void> Writer::finish() {
  JOINEDUP_CHECK(flush());
  return withdraw();
}

}  // namespace joinedup::care_door
