#include "backup/manifest.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace joinedup::backup {
namespace {

using Json = nlohmann::ordered_json;

std::string sum_of_text(const std::string& text) {
  Sha256 sum;
  sum.update(text);
  return sum.finish_hex();
}

Json json_of(const AuditState& audit) {
  if (!audit.is_there) return nullptr;
  Json out = {{"ok", audit.ok}, {"events", audit.events}, {"first_bad", nullptr}};
  if (!audit.first_bad.empty()) out["first_bad"] = audit.first_bad;
  return out;
}

}  // namespace

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos) return false;
  const auto parts = split(path, '/');
  return std::none_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

Result<std::string> write_manifest(const std::string& folder, const Manifest& manifest) {
  Json out = {{"format", manifest_format}, {"program", manifest.program}, {"taken", manifest.taken}, {"files", Json::array()}, {"left_out", Json::array()}, {"audit", json_of(manifest.audit)}};
  std::string sums;
  for (const auto& file : manifest.files) {
    out["files"].push_back({{"path", file.path}, {"sha256", file.sha256}, {"bytes", file.bytes}, {"kind", file.is_sqlite ? "sqlite" : "file"}, {"key", file.is_key}});
    sums += file.sha256 + "  " + file.path + "\n";
  }
  for (const auto& one : manifest.left_out) out["left_out"].push_back({{"path", one.path}, {"because", one.because}});
  const std::string text = out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  const auto sum = sum_of_text(text);
  JOINEDUP_CHECK(write_file(folder + "/manifest.json", text, FileMode::secret));
  JOINEDUP_CHECK(write_file(folder + "/SHA256SUMS", sums + sum + "  manifest.json\n", FileMode::secret));
  return sum;
}

Result<Manifest> read_manifest(const std::string& folder) {
  const std::string file = folder + "/manifest.json";
  const auto text = read_file(file), sums = read_file(folder + "/SHA256SUMS");
  if (!text || !sums) return fail(ErrorCode::not_found, "There is no whole backup in this folder: manifest.json or SHA256SUMS is missing.", folder);
  const Error changed{ErrorCode::invalid_input, "The backup is damaged: its manifest is not as it was written; nothing was changed. Take an older one.", file};
  if (sums->find(sum_of_text(*text) + "  manifest.json\n") == std::string::npos) return tl::unexpected(changed);
  const auto json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("format") || !json["format"].is_number_integer()) return tl::unexpected(changed);
  if (json["format"].get<int>() > manifest_format) return fail(ErrorCode::unsupported, "The backup was taken by a newer version of this program; nothing was changed.", file);
  Manifest out;
  try {
    out.program = json.at("program").get<std::string>();
    out.taken = json.at("taken").get<std::string>();
    for (const auto& one : json.at("files")) {
      Entry entry{one.at("path").get<std::string>(), one.at("sha256").get<std::string>(), one.at("bytes").get<std::uint64_t>(), one.at("kind") == "sqlite", one.at("key").get<bool>()};
      if (!is_plain_path(entry.path)) return tl::unexpected(changed);
      out.files.push_back(std::move(entry));
    }
    for (const auto& one : json.at("left_out")) out.left_out.push_back({one.at("path").get<std::string>(), one.at("because").get<std::string>()});
    if (const auto& audit = json.at("audit"); audit.is_object()) {
      out.audit = {true, audit.at("ok").get<bool>(), audit.at("events").get<std::uint64_t>(), {}};
      if (audit.at("first_bad").is_string()) out.audit.first_bad = audit.at("first_bad").get<std::string>();
    }
  } catch (const nlohmann::json::exception&) {
    return tl::unexpected(changed);
  }
  return out;
}

}  // namespace joinedup::backup
