#include "rest/call.hpp"

#include <charconv>
#include <ctime>

#include "base/text.hpp"

namespace joinedup::rest {

Prefer read_prefer(std::string_view header) {
  Prefer out;
  std::string text = lower_ascii(header);
  for (char& c : text)
    if (c == ',') c = ';';
  for (auto part : split(text, ';')) {
    part = trim(part);
    if (part == "return=minimal") out.returns = Prefer::Return::minimal;
    else if (part == "return=representation") out.returns = Prefer::Return::representation;
    else if (part == "return=operationoutcome") out.returns = Prefer::Return::outcome;
    else if (part == "handling=strict") out.handling = fhir::Handling::strict;
    else if (part == "respond-async") out.answer = Prefer::Answer::later;
  }
  return out;
}

std::optional<std::string_view> Call::parameter(std::string_view wanted) const {
  for (const auto& [found, value] : parameters)
    if (found == wanted) return value;
  return {};
}

std::vector<std::pair<std::string, std::string>> read_parameters(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto pair : split(query, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    out.emplace_back(fhir::decode_query(pair.substr(0, equals)), equals == pair.npos ? "" : fhir::decode_query(pair.substr(equals + 1)));
  }
  return out;
}

std::string http_date(std::int64_t instant) {
  const std::time_t seconds = instant / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::optional<std::int64_t> read_http_date(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return {};
  return std::int64_t{timegm(&parts)} * 1'000'000;
}

std::optional<std::uint64_t> read_etag(std::string_view text) {
  text = trim(text);
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return version;
}

std::string etag(std::uint64_t version) {
  return "W/\"" + std::to_string(version) + '"';
}

}  // namespace joinedup::rest
