#include "fhir/keys.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/hash.hpp"
#include "fhirpath/quantity.hpp"

namespace joinedup::fhir {

namespace {

std::uint64_t salt(Keys::Part part) { return mix64(static_cast<std::uint64_t>(part) + 11); }
constexpr std::uint64_t column_salt = 0x636F6C756D6E0001ULL;

double to_double(std::string_view digits) {
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace

Keys::Keys(std::string_view secret, std::string base_url) : seed_(hash64(secret, 2)), base_url_(std::move(base_url)) {
  const auto& r4 = Definitions::r4();
  for (const auto& type : r4.types())
    for (const Parameter* one : r4.parameters(type)) {
      const auto& codes = r4.compartment(type);
      types_[type].parameters.push_back(parameter(type, one->code));
      types_[type].compartment.push_back(std::find(codes.begin(), codes.end(), one->code) != codes.end());
    }
}

std::uint64_t Keys::self(std::string_view type, std::string_view id) const {
  char buffer[128];
  if (type.size() + id.size() + 1 > sizeof buffer) return hash64(std::string(type) + '/' + std::string(id), seed_);
  auto end = std::copy(type.begin(), type.end(), buffer);
  *end++ = '/';
  end = std::copy(id.begin(), id.end(), end);
  return hash64({buffer, static_cast<std::size_t>(end - buffer)}, seed_);
}
std::uint64_t Keys::self(std::string_view reference) const { return hash64(plain_reference(reference, base_url_), seed_); }
std::uint64_t Keys::parameter(std::string_view type, std::string_view code) const {
  return hash64(code, hash64(type, seed_ ^ 0x5AFE));
}
std::uint64_t Keys::of_type(std::string_view type) const { return hash64(type, seed_ ^ 0x7E9E); }
std::uint64_t Keys::token(std::uint64_t parameter, Part part, std::string_view system, std::string_view code) const {
  std::uint64_t seed = parameter ^ salt(part);
  if (part != Part::code && part != Part::identifier_code) seed = hash64(system, seed);
  return hash64(code, seed);
}
std::uint64_t Keys::reference(std::uint64_t parameter, std::uint64_t self) const { return mix64(self ^ salt(Part::reference), parameter); }
std::uint64_t Keys::column(std::uint64_t parameter) const { return mix64(parameter, column_salt); }
std::uint64_t Keys::unit_column(std::uint64_t parameter, std::string_view system, std::string_view code) const {
  return hash64(code, hash64(system, parameter ^ column_salt));
}
std::uint64_t Keys::code_column(std::uint64_t parameter, std::string_view code) const { return hash64(code, mix64(parameter, column_salt + 1)); }

std::pair<std::int64_t, std::int64_t> Keys::text_range(std::string_view folded) {
  std::uint64_t low = 0, high = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto known = i < folded.size();
    low = (low << 8) | (known ? static_cast<unsigned char>(folded[i]) : 0U);
    high = (high << 8) | (known ? static_cast<unsigned char>(folded[i]) : 0xFFU);
  }
  constexpr std::uint64_t sign = 0x8000000000000000ULL;
  return {static_cast<std::int64_t>(low ^ sign), static_cast<std::int64_t>(high ^ sign)};
}

std::optional<CanonicalQuantity> canonical_quantity(double value, std::string_view system, std::string_view code) {
  if (system != ucum_system || code.empty()) return std::nullopt;
  const auto scale = fhirpath::unit_scale(code, fhirpath::UnitKind::ucum);
  if (!scale) return std::nullopt;
  CanonicalQuantity out;
  out.value = static_cast<double>((static_cast<long double>(value) + scale->offset) * scale->factor);
  for (auto part : scale->dimension) out.dimension = out.dimension * 257 + static_cast<std::uint8_t>(part);
  return out;
}

void Keys::index_one(std::uint64_t p, const Extracted& value, std::string& folded, IndexedRow& out) const {
  const auto put = [&](Part part, std::string_view system, std::string_view code) { out.tokens.push_back(token(p, part, system, code)); };
  switch (value.shape) {
    case Shape::present: return;
    case Shape::token:
      if (value.code.empty()) return;
      put(Part::code, {}, value.code);
      if (value.has_system || value.system.empty()) put(Part::system_code, value.system, value.code);
      if (!value.system.empty()) put(Part::system, value.system, {});
      return;
    case Shape::reference_identifier:
      put(Part::identifier_code, {}, value.code);
      put(Part::identifier_system_code, value.system, value.code);
      if (!value.system.empty()) put(Part::identifier_system, value.system, {});
      return;
    case Shape::text: {
      folded.clear();
      fold_into(value.text.substr(0, 32), folded);
      const auto low = text_range(folded).first;
      out.columns.push_back({column(p), low, low});
      return;
    }
    case Shape::reference: {
      const auto plain = plain_reference(value.code, base_url_);
      out.tokens.push_back(reference(p, hash64(plain, seed_)));
      if (const auto bar = plain.rfind('|'); bar != plain.npos) out.tokens.push_back(reference(p, hash64(plain.substr(0, bar), seed_)));
      return;
    }
    case Shape::uri: put(Part::uri, {}, value.code); return;
    case Shape::period: out.columns.push_back({column(p), value.period.low, value.period.high}); return;
    case Shape::number: {
      const auto at = sortable(to_double(value.code));
      out.columns.push_back({column(p), at, at});
      return;
    }
    case Shape::quantity: case Shape::range: {
      const bool point = value.shape == Shape::quantity;
      const double low = value.code.empty() ? -HUGE_VAL : to_double(value.code);
      const double high = point ? low : value.text.empty() ? HUGE_VAL : to_double(value.text);
      const auto put_column = [&](std::uint64_t key, double from, double to) { out.columns.push_back({key, sortable(from), sortable(to)}); };
      put_column(column(p), low, high);
      if (!value.unit.empty()) put_column(code_column(p, value.unit), low, high);
      if (point && !value.text.empty() && value.text != value.unit) put_column(code_column(p, value.text), low, high);
      const auto from = canonical_quantity(low, value.system, value.unit), to = canonical_quantity(high, value.system, value.unit);
      if (from && to) put_column(unit_column(p, ucum_system, std::to_string(from->dimension)), from->value, to->value);
      else if (!value.system.empty()) put_column(unit_column(p, value.system, value.unit), low, high);
      return;
    }
  }
}

void Keys::index(std::string_view type, const fhirpath::Document& document, std::vector<Extracted>& scratch, IndexedRow& out) const {
  out.tokens.clear();
  out.columns.clear();
  out.person = nobody;
  const auto found = types_.find(type);
  if (found == types_.end()) return;
  const bool is_person = type == "Patient";  // a link to another person is no part of what it is about
  if (is_person) out.person = out.self;
  scratch.clear();
  ExtractionPlan::of_type(type).run(document, document.root(), scratch);
  out.tokens.push_back(of_type(type));
  std::string folded;
  for (const Extracted& value : scratch) {
    const std::uint64_t p = found->second.parameters[value.slot];
    index_one(p, value, folded, out);
    // Somebody named by their number: who that is the index does not know.
    if (value.shape == Shape::reference_identifier && !is_person && found->second.compartment[value.slot] && value.system == "https://fhir.nhs.uk/Id/nhs-number")
      out.person = several_people;
    if (value.shape == Shape::reference && !is_person && found->second.compartment[value.slot]) {
      const auto plain = plain_reference(value.code, base_url_);
      if (plain.starts_with("Patient/")) {
        const auto person = hash64(plain, seed_);
        out.person = out.person == nobody || out.person == person ? person : several_people;
      }
    }
    out.tokens.push_back(token(p, Part::present, {}, {}));
  }
  std::sort(out.tokens.begin(), out.tokens.end());
  out.tokens.erase(std::unique(out.tokens.begin(), out.tokens.end()), out.tokens.end());
}

}  // namespace joinedup::fhir
