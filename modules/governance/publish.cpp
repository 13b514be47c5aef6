#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "governance/governance.hpp"

namespace joinedup::governance {
namespace {

using nlohmann::json;
constexpr const char* ods_system = "https://fhir.nhs.uk/Id/ods-organization-code";
constexpr const char* register_system = "urn:joinedup:agreement";
constexpr const char* kind_system = "urn:joinedup:communication";

// The same agreement has the same id for ever, whatever its text holds.
std::string id_of(std::string_view kind, std::string_view agreement) {
  Sha256 sum;
  sum.update(agreement);
  return std::string(kind) + "-" + sum.finish_hex().substr(0, 40);
}

json organization(const std::string& code, const place::Place& place, const std::vector<std::pair<std::string, std::string>>& ids) {
  json out = {{"identifier", {{"system", ods_system}, {"value", code}}}};
  for (const auto& [known, id] : ids)
    if (known == code && !id.empty()) out["reference"] = "Organization/" + id;
  for (const auto& partner : place.partners)
    if (partner.code == code) out["display"] = partner.name;
  return out;
}

const char* status_of(Standing standing) {
  switch (standing) {
    case Standing::not_yet: return "executable";
    case Standing::in_force: return "executed";
    default: return "terminated";
  }
}

json signer(const place::Approval& approval) {
  return {{"type", {{"system", "http://terminology.hl7.org/CodeSystem/contractsignertypecodes"}, {"code", "VERF"}, {"display", "Verifier"}}},
          {"party", {{"display", approval.by}}},
          {"signature", json::array({{{"type", json::array({{{"system", "urn:iso-astm:E1762-95:2013"}, {"code", "1.2.840.10065.1.12.1.5"}, {"display", "Verification Signature"}}})},
                                      {"when", approval.on.to_iso() + "T00:00:00Z"},
                                      {"who", {{"display", approval.by}}}}})}};
}

json term_of(const place::Place& place, const Entry& entry) {
  const auto& agreement = *entry.agreement;
  json term = {{"identifier", {{"system", register_system}, {"value", agreement.id + "/terms"}}}};
  std::string feeds;
  for (const auto& feed : agreement.feeds) feeds += (feeds.empty() ? "" : ", ") + feed;
  std::string with;
  for (const auto& other : agreement.with) with += (with.empty() ? "" : ", ") + other;
  std::string text = "Shares " + (feeds.empty() ? std::string("every feed it sends") : feeds) + " with " + (with.empty() ? "every partner of " + place.name : with) + ", for " +
                     (agreement.purpose == "direct_care" ? "the care of each person" : "planning and evaluation, under pseudonyms") + ".";
  if (agreement.purpose == "direct_care")
    text += agreement.access == place::Agreement::Access::write ? " The partner reads and writes." : " The partner reads.";
  if (agreement.wind_down_days > 0) text += " When it ends, people in care may be read about for " + std::to_string(agreement.wind_down_days) + " days.";
  term["offer"] = {{"text", text}};
  return term;
}

Result<std::string> one_id(fhir::Store& store, const std::string& type, const std::string& query) {
  JOINEDUP_TRY(const auto parsed, fhir::parse_query(type, query));
  JOINEDUP_TRY(const auto page, store.search(parsed, fhir::PermitAll()));
  return page.entries.size() == 1 ? page.entries[0].version.id : std::string();
}

// What the record holds, less what the server itself puts there.
json without_server_parts(json resource) {
  resource.erase("meta");
  return resource;
}

Result<std::uint64_t> write_where_changed(fhir::Store& store, const std::string& type, const std::string& id, const std::string& body) {
  const auto now = store.read(type, id, fhir::PermitAll());
  if (now && without_server_parts(json::parse(now->body)) == without_server_parts(json::parse(body))) return 0;
  if (!now && now.error().code != ErrorCode::not_found) return tl::unexpected(now.error());
  JOINEDUP_CHECK(store.write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = body, .if_match = {}}}));
  return 1;
}

// Everybody who co-ordinates somebody's care at present.
Result<std::vector<std::string>> coordinators(fhir::Store& store) {
  std::vector<std::string> found;
  std::string cursor;
  do {
    JOINEDUP_TRY(auto query, fhir::parse_query("EpisodeOfCare", "status=planned,waitlist,active,onhold&_count=1000"));
    query.cursor = cursor;
    JOINEDUP_TRY(const auto page, store.search(query, fhir::PermitAll()));
    for (const auto& entry : page.entries) {
      const auto episode = json::parse(entry.version.body);
      if (const auto manager = episode.find("careManager"); manager != episode.end() && manager->contains("reference")) found.push_back((*manager)["reference"]);
    }
    cursor = page.next;
  } while (!cursor.empty());
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Result<std::uint64_t> tell(const place::Place& place, const Entry& entry, fhir::Store& store) {
  const auto& agreement = *entry.agreement;
  if (agreement.purpose != "direct_care" || (entry.standing != Standing::winding_down && entry.standing != Standing::ended)) return 0;
  const bool is_over = entry.standing == Standing::ended;
  const std::string step = is_over ? "ended" : "winding-down";
  JOINEDUP_TRY(const auto who, coordinators(store));
  std::string name = agreement.partner;
  for (const auto& partner : place.partners)
    if (partner.code == agreement.partner) name = partner.name;
  const std::string text = is_over ? "The agreement with " + name + " for direct care has ended. What it shared can no longer be read here; ask the partner itself."
                                   : "The agreement with " + name + " for direct care has ended. For people already in care what it shared may be read until " +
                                         (*agreement.until + static_cast<int>(agreement.wind_down_days)).to_iso() + ", and not changed. Make other arrangements by then.";
  std::uint64_t told = 0;
  for (const auto& coordinator : who) {
    const auto id = id_of("told", agreement.id + "/" + step + "/" + coordinator);
    if (store.read("Communication", id, fhir::PermitAll())) continue;
    const json body = {{"resourceType", "Communication"},
                       {"id", id},
                       {"status", "completed"},
                       {"priority", "urgent"},
                       {"category", json::array({{{"coding", json::array({{{"system", kind_system}, {"code", "agreement-" + step}}})}}})},
                       {"about", json::array({{{"reference", "Contract/" + id_of("agreement", agreement.id)}}})},
                       {"recipient", json::array({{{"reference", coordinator}}})},
                       {"payload", json::array({{{"contentString", text}}})}};
    JOINEDUP_CHECK(store.write({{.kind = fhir::Write::Kind::update, .type = "Communication", .id = id, .body = body.dump(), .if_match = {}}}));
    ++told;
  }
  return told;
}

}  // namespace

std::string contract_json(const place::Place& place, const Entry& entry, const std::vector<std::pair<std::string, std::string>>& organization_ids) {
  const auto& agreement = *entry.agreement;
  json contract = {{"resourceType", "Contract"},
                   {"id", id_of("agreement", agreement.id)},
                   {"identifier", json::array({{{"system", register_system}, {"value", agreement.id}}})},
                   {"status", status_of(entry.standing)},
                   {"applies", {{"start", agreement.from.to_iso()}}},
                   {"subject", json::array({organization(agreement.partner, place, organization_ids)})},
                   {"title", "Sharing agreement " + agreement.id},
                   {"scope", {{"text", agreement.purpose}}},
                   {"term", json::array({term_of(place, entry)})}};
  if (agreement.until) contract["applies"]["end"] = agreement.until->to_iso();
  for (const auto& other : agreement.with) contract["authority"].push_back(organization(other, place, organization_ids));
  if (!agreement.legal_basis.empty()) contract["legal"].push_back({{"contentAttachment", {{"title", agreement.legal_basis}}}});
  if (!agreement.dpia.empty()) contract["supportingInfo"].push_back({{"display", "Data protection impact assessment: " + agreement.dpia}});
  for (const auto& approval : agreement.approvals) contract["signer"].push_back(signer(approval));
  return contract.dump();
}

Result<Published> publish(const place::Place& place, Date day, fhir::Store& store) {
  Published published;
  std::vector<std::pair<std::string, std::string>> ids;
  for (const auto& partner : place.partners) {
    JOINEDUP_TRY(auto id, one_id(store, "Organization", std::string("identifier=") + ods_system + "|" + partner.code));
    ids.emplace_back(partner.code, std::move(id));
  }
  for (const auto& entry : register_on(place, day)) {
    const auto body = contract_json(place, entry, ids);
    JOINEDUP_TRY(const auto written, write_where_changed(store, "Contract", id_of("agreement", entry.agreement->id), body));
    published.contracts += written;
    JOINEDUP_TRY(const auto told, tell(place, entry, store));
    published.told += told;
  }
  return published;
}

}  // namespace joinedup::governance
