// Codings and derived values: what can be computed once a distinct value, not once a pair.
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "linkage/compiled.hpp"

namespace joinedup::linkage {

Value Coding::value(std::uint32_t code, const std::string& column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i]->name != column) continue;
    const std::uint32_t part = columns.size() == 1 ? code : parts[code * columns.size() + i];
    return part == 0 ? Value{} : from_dictionary(columns[i]->values()[part], columns[i]->kind);
  }
  return {};
}

std::shared_ptr<Coding> make_coding(const Records& records, const std::vector<std::string>& columns) {
  auto coding = std::make_shared<Coding>();
  for (const auto& name : columns) coding->columns.push_back(records.find(name));
  if (columns.empty()) return coding;
  if (columns.size() == 1) {
    coding->codes = &coding->columns[0]->codes;
    coding->distinct = coding->columns[0]->values().size();
    return coding;
  }
  const std::size_t width = columns.size();
  std::unordered_map<std::string, std::uint32_t> known;
  std::string key(width * sizeof(std::uint32_t), '\0');
  coding->own_codes.resize(records.size());
  for (std::size_t row = 0; row < records.size(); ++row) {
    for (std::size_t i = 0; i < width; ++i) {
      const std::uint32_t code = coding->columns[i]->codes[row];
      std::memcpy(key.data() + i * sizeof code, &code, sizeof code);
    }
    const auto [at, fresh] = known.try_emplace(key, static_cast<std::uint32_t>(known.size()));
    if (fresh)
      for (std::size_t i = 0; i < width; ++i) coding->parts.push_back(coding->columns[i]->codes[row]);
    coding->own_codes[row] = at->second;
  }
  coding->codes = &coding->own_codes;
  coding->distinct = std::max<std::size_t>(1, known.size());
  return coding;
}

Result<std::shared_ptr<Derived>> derive(const Coding& coding, const NodePtr& expression, unsigned threads) {
  auto derived = std::make_shared<Derived>();
  derived->values.resize(coding.distinct);
  constexpr std::size_t chunk = 4096;
  JOINEDUP_CHECK(parallel_for((coding.distinct + chunk - 1) / chunk, threads, [&](std::size_t at) -> Result<void> {
    std::uint32_t code = 0;
    Scope scope;
    scope.column = [&](Side, const std::string& name) { return coding.value(code, name); };
    const std::size_t end = std::min(coding.distinct, (at + 1) * chunk);
    for (std::size_t i = at * chunk; i < end; ++i) {
      code = static_cast<std::uint32_t>(i);
      derived->values[i] = evaluate(*expression, scope);
    }
    return {};
  }));
  return derived;
}

namespace {
// The kind of the values, where all that are not NULL share one.
bool one_kind(const std::vector<Value>& values, Kind& kind) {
  for (const auto& value : values) {
    if (value.is_null()) continue;
    if (kind == Kind::null) kind = value.kind;
    else if (kind != value.kind) return false;
  }
  return true;
}
}  // namespace

bool give_ids(Derived& left, Derived& right) {
  Kind kind = Kind::null;
  if (!one_kind(left.values, kind) || !one_kind(right.values, kind) || kind == Kind::list || kind == Kind::interval) return false;
  std::unordered_map<std::string, std::uint32_t> known;
  const auto number = [&](Derived& derived) {
    derived.ids.resize(derived.values.size());
    for (std::size_t i = 0; i < derived.values.size(); ++i) {
      const auto& value = derived.values[i];
      derived.ids[i] = value.is_null() ? 0 : known.try_emplace(value.kind == Kind::text ? value.text : number_key(value.number), static_cast<std::uint32_t>(known.size() + 1)).first->second;
    }
  };
  number(left);
  if (&left != &right) number(right);
  return true;
}

}  // namespace joinedup::linkage
