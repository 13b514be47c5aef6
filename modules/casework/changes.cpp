#include "casework/changes.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/hash.hpp"

namespace joinedup::casework {

namespace {

std::string new_urn() {
  std::uint8_t bytes[16];
  RAND_bytes(bytes, sizeof bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  const std::string hex = to_hex({bytes, 16});
  return "urn:uuid:" + hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string base64(const std::string& bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

}  // namespace

std::string Changes::create(Json resource) {
  Json entry;
  const auto urn = new_urn();
  entry["fullUrl"] = urn;
  entry["request"] = {{"method", "POST"}, {"url", text_at(resource, "resourceType")}};
  entry["resource"] = std::move(resource);
  entries_.push_back(std::move(entry));
  return urn;
}

void Changes::update(const Found& now, const Json& then) {
  Json entry;
  entry["request"] = {{"method", "PATCH"}, {"url", now.reference()}, {"ifMatch", "W/\"" + std::to_string(now.version) + "\""}};
  entry["resource"] = {{"resourceType", "Binary"}, {"contentType", "application/json-patch+json"}, {"data", base64(Json::diff(now.json, then).dump())}};
  entries_.push_back(std::move(entry));
}

void Changes::sign(const std::string& activity, const std::string& words, const std::string& reason, const std::vector<std::string>& targets, const std::string& patient) {
  Json out{{"resourceType", "Provenance"}};
  out["target"] = Json::array();
  for (const auto& target : targets) out["target"].push_back(reference_to(target));
  if (!patient.empty()) out["target"].push_back(reference_to(patient));
  out["recorded"] = ask_.now;
  if (!reason.empty()) {
    Json why;
    why["text"] = reason;
    out["reason"] = Json::array({std::move(why)});
  }
  out["activity"] = coded("urn:joinedup:activity", activity, words);
  Json agent;
  agent["type"] = coded("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author");
  agent["who"] = ask_.by();
  if (!ask_.call.request.organisation.empty())
    agent["onBehalfOf"]["identifier"] = {{"system", "https://fhir.nhs.uk/Id/ods-organization-code"}, {"value", ask_.call.request.organisation}};
  out["agent"] = Json::array({std::move(agent)});
  create(std::move(out));
  ++signatures_;
}

Result<std::vector<Json>> Changes::commit() {
  Json bundle{{"resourceType", "Bundle"}, {"type", "transaction"}};
  bundle["entry"] = entries_;
  auto response = ask_.call.handle({.method = "POST", .path = "/", .headers = {{"Content-Type", "application/fhir+json"}, {"Prefer", "return=representation"}}, .body = bundle.dump(-1, ' ', false, Json::error_handler_t::replace)});
  if (response.status == 412 || response.status == 409) return fail(ErrorCode::conflict, "Somebody else changed this at the same moment. Look at it again, then repeat what you did.", stale);
  if (response.status != 200) return ask_.pass(std::move(response));
  std::vector<Json> out;
  auto answer = Json::parse(response.body, nullptr, false);
  if (answer.is_object() && answer.contains("entry"))
    for (std::size_t i = 0; i < answer["entry"].size(); ++i)
      if (text_at(entries_[i], "resource/resourceType") != "Provenance") out.push_back(answer["entry"][i].value("resource", Json::object()));
  return out;
}

}  // namespace joinedup::casework
