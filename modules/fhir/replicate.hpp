// The Synthea bundles copied as often as one likes, with fresh ids, names and dates and the same links. For benchmarks only.
//
//   const auto templates = load_templates(shared_data("fhir/synthea"));
//   copy_of(templates[3], 7);  fresh_id(templates[3].id, 7);      // resource 3 of copy 7 of the whole set; copy 0 is the set itself
#pragma once
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/hash.hpp"
#include "fhir/test_support.hpp"
#include "fhirpath/fhirpath.hpp"

namespace joinedup::fhir {

inline bool hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
inline bool uuid_at(std::string_view text, std::size_t at) {
  if (at + 36 > text.size()) return false;
  for (std::size_t i = 0; i < 36; ++i)
    if (i == 8 || i == 13 || i == 18 || i == 23 ? text[at + i] != '-' : !hex_digit(text[at + i])) return false;
  return true;
}

struct Template {
  std::string type, id, text;
  std::vector<std::size_t> ids, dates, families;
  std::string patient, code, date, family;  // what searches draw from
};

// Copy k of the whole set: the same links, other ids, names and dates.
inline std::string fresh_id(std::string id, std::uint64_t k) {
  if (k == 0) return id;
  const std::uint64_t mask = mix64(k, 17);
  static const char* digits = "0123456789abcdef";
  for (std::size_t i = 0, n = 0; i < 13; ++i) {
    if (id[i] == '-') continue;
    const int v = id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10;
    id[i] = digits[(static_cast<std::uint64_t>(v) ^ (mask >> (4 * n++))) & 15];
  }
  return id;
}
// All dates of one copy move back by the same number of days, up to thirty years: no period ends before it begins, no interval changes.
inline std::string fresh_date(std::string date, std::uint64_t k) {  // YYYY-MM-DD, and what follows
  constexpr std::uint64_t span = 10957, step = 2557;  // without a common divisor: copies differ
  const auto day = parse_iso_date(date.substr(0, 10));
  std::string all = day ? (*day - static_cast<int>(k % span * step % span)).to_iso() + date.substr(10) : date;
  if (const auto plus = all.find('+'); plus != all.npos) all.replace(plus, 1, "%2B");  // as a query string has it
  return all;
}
inline std::string fresh_family(std::string family, std::uint64_t k) {
  std::uint64_t random = mix64(k, hash64(family));
  for (std::size_t i = 0; i < 5 && i < family.size(); ++i, random /= 26)
    if (static_cast<unsigned char>(family[i]) < 0x80) family[i] = static_cast<char>((i == 0 ? 'A' : 'a') + random % 26);
  return family;
}
inline std::string copy_of(const Template& from, std::uint64_t k) {
  std::string out = from.text;
  for (auto at : from.ids) out.replace(at, 36, fresh_id(out.substr(at, 36), k));
  for (auto at : from.dates) out.replace(at, 10, fresh_date(out.substr(at, 10), k));
  for (auto at : from.families) {
    const auto size = out.find('"', at) - at;
    out.replace(at, size, fresh_family(out.substr(at, size), k));
  }
  return out;
}

inline std::vector<Template> load_templates(const std::string& folder) {
  std::vector<Template> all;
  std::map<std::string, std::string> types, by_identifier;
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(folder)) files.push_back(file.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    const auto counts = fhirpath::read_fhir_file(file, {.on_resource = [&](const fhirpath::FhirResource& r) {
      Template made;
      made.type = r.type, made.id = r.document->text_of(r.node, "id"), made.text = r.document->text(r.node);
      types[made.id] = made.type;
      const auto identifiers = r.document->find(r.node, "identifier");
      if (identifiers != fhirpath::no_node)
        for (auto one : r.document->children(identifiers))
          by_identifier[made.type + "?identifier=" + std::string(r.document->text_of(one, "system")) + "|" + std::string(r.document->text_of(one, "value"))] = made.id;
      all.push_back(std::move(made));
    }});
    if (!counts) std::fprintf(stderr, "%s\n", counts.error().text().c_str());
  }
  for (Template& t : all) {
    for (std::size_t at = 0; (at = t.text.find("\"reference\":", at)) != t.text.npos;) {
      const auto from = t.text.find('"', at + 12) + 1, to = t.text.find('"', from);
      std::string reference = t.text.substr(from, to - from);
      if (reference.starts_with("urn:uuid:")) reference = types[reference.substr(9)] + "/" + reference.substr(9);
      else if (const auto found = by_identifier.find(reference); found != by_identifier.end()) reference = types[found->second] + "/" + found->second;
      t.text.replace(from, to - from, reference);
      at = from;
    }
    for (std::size_t at = 0; at + 10 < t.text.size(); ++at) {
      if (uuid_at(t.text, at)) t.ids.push_back(at), at += 35;
      else if (t.text[at] == '"' && (t.text.compare(at + 1, 2, "19") == 0 || t.text.compare(at + 1, 2, "20") == 0) && t.text[at + 5] == '-' && t.text[at + 8] == '-')
        t.dates.push_back(at + 1);
    }
    if (t.type == "Patient")
      for (std::size_t at = 0; (at = t.text.find("\"family\":", at)) != t.text.npos; ++at) t.families.push_back(t.text.find('"', at + 9) + 1);
    const auto document = *fhirpath::parse_document(t.text);
    const auto word = [&](const char* key, std::size_t size) {
      const auto at = t.text.find(std::string("\"") + key + "\":");
      if (at == t.text.npos) return std::string();
      const auto from = t.text.find('"', at + std::string(key).size() + 3) + 1;
      return t.text.substr(from, size == 0 ? t.text.find('"', from) - from : size);
    };
    if (t.type == "Patient") t.family = word("family", 0), t.date = word("birthDate", 10);
    for (const char* key : {"subject", "patient"})
      if (const auto node = document.find(0, key); node != fhirpath::no_node) t.patient = document.text_of(node, "reference");
    if (t.type == "Observation") t.code = word("code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code", 0), t.date = word("effectiveDateTime", 0);
    if (const auto code = document.find(0, "code"); code != fhirpath::no_node)
      if (const auto codings = document.find(code, "coding"); codings != fhirpath::no_node) t.code = document.text_of(codings + 1, "code");
  }
  return all;
}

}  // namespace joinedup::fhir
