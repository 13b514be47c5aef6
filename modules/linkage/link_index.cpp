#include "linkage/link_index.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace joinedup::linkage {
namespace {

constexpr const char* base_name = "linkage.index";
constexpr const char* added_name = "linkage.added";

std::string of(const char* what, std::size_t at) { return std::string(what) + "." + std::to_string(at); }

std::vector<LinkIndex::Rule::Slot> key_table(const std::vector<std::pair<std::uint64_t, std::uint32_t>>& keys) {
  std::size_t size = 16;
  while (size < keys.size() * 2) size *= 2;
  std::vector<LinkIndex::Rule::Slot> slots(size);
  for (const auto& [hash, key] : keys) {
    std::size_t slot = hash & (size - 1);
    while (slots[slot].key != 0 && slots[slot].hash != hash) slot = (slot + 1) & (size - 1);
    slots[slot] = {hash, key, 0};
  }
  return slots;
}

Result<void> put_rule(SectionWriter& out, std::size_t at, const JoinRule& rule, const Records& records) {
  const std::size_t keys = rule.left_start.size() < 2 ? 0 : rule.left_start.size() - 2;
  std::vector<std::uint64_t> hash(keys + 1, 0);
  for (const Side side : {Side::left, Side::right}) {
    if (side == Side::right && rule.symmetric) break;
    JOINEDUP_TRY(const auto hashes, key_hashes(rule, records, side));
    const auto& ids = side == Side::left ? rule.left_key : rule.right_key;
    for (std::size_t row = 0; row < ids.size(); ++row) hash[ids[row]] = hashes[row];
  }
  std::vector<std::pair<std::uint64_t, std::uint32_t>> table;
  for (std::uint32_t key = 1; key <= keys; ++key)
    if (hash[key] != 0) table.emplace_back(hash[key], key);
  out.put(of("rule.slots", at), key_table(table));
  out.put(of("rule.left_start", at), rule.left_start);
  out.put(of("rule.left_rows", at), rule.left_rows);
  if (rule.right_rows == rule.left_rows && rule.right_start == rule.left_start) return {};
  out.put(of("rule.right_start", at), rule.right_start);
  out.put(of("rule.right_rows", at), rule.right_rows);
  return {};
}

void put_column(SectionWriter& out, std::size_t at, const DataColumn& column, const CompiledModel& compiled) {
  out.put_texts(of("column.values", at), column.values());
  out.put(of("column.slots", at), column.dictionary.slots());
  for (const auto& feature : compiled.features) {
    if (!feature->plain || feature->left->columns[0] != &column) continue;
    const auto found = std::find_if(feature->measured.begin(), feature->measured.end(), [](const auto& one) { return !one->left_signatures.empty(); });
    if (found == feature->measured.end()) continue;
    out.put(of("column.signatures", at), (*found)->left_signatures);
    break;
  }
  if (const auto found = compiled.frequencies.find(column.name); found != compiled.frequencies.end()) out.put(of("column.log_frequencies", at), *found->second);
}

}  // namespace

Result<std::vector<std::uint64_t>> key_hashes(const JoinRule& rule, const Records& records, Side side) {
  std::vector<std::uint64_t> hashes(records.size(), 1);
  for (const auto& [left, right] : rule.key_trees) {
    const NodePtr& tree = side == Side::left ? left : right;
    const auto columns = columns_of(tree);
    const auto coding = make_coding(records, side == Side::left ? columns.left : columns.right);
    std::vector<std::uint64_t> by_code(coding->distinct, 0);
    if (tree->op == Op::column && rule.symmetric) {
      const auto& values = coding->columns[0]->values();
      for (std::size_t code = 1; code < values.size(); ++code) by_code[code] = hash64(values[code]);
    } else {
      JOINEDUP_TRY(const auto derived, derive(*coding, tree, 1));
      for (std::size_t code = 0; code < by_code.size(); ++code) {
        const Value& value = derived->values[code];
        if (!value.is_null()) by_code[code] = hash64(value.kind == Kind::text ? value.text : number_key(value.number));
      }
    }
    for (std::size_t row = 0; row < hashes.size(); ++row) {
      const std::uint64_t part = by_code[coding->code(static_cast<std::uint32_t>(row))];
      if (hashes[row] != 0) hashes[row] = part == 0 ? 0 : std::max<std::uint64_t>(1, mix64(hashes[row], part));
    }
  }
  return hashes;
}

Result<void> write_index(const OutputFolder& folder, const IndexSource& from) {
  const Records& records = from.records;
  JOINEDUP_TRY(auto out, SectionWriter::create(folder.path(base_name), index_format));
  out.put_texts("ids", records.ids);
  out.put("source", records.source);
  out.put("id_in_both", records.id_in_both);
  std::vector<const std::vector<std::uint32_t>*> columns;
  std::map<std::string, std::string> facts;
  for (std::size_t i = 0; i < records.columns.size(); ++i) {
    const DataColumn& column = *records.columns[i];
    put_column(out, i, column, from.compiled);
    columns.push_back(&column.codes);
    facts[of("column", i)] = column.name;
    facts[of("kind", i)] = std::to_string(static_cast<int>(column.kind));
    std::size_t filled = 0;
    for (const auto code : column.codes) filled += code != 0;
    const auto unseen = from.compiled.unseen_log_frequency.find(column.name);
    facts[of("unseen", i)] = format_number(unseen != from.compiled.unseen_log_frequency.end() ? unseen->second : -std::log2(std::max<double>(1, static_cast<double>(filled))));
  }
  for (std::size_t r = 0; r < from.plan.rules.size(); ++r) {
    const JoinRule& rule = from.plan.rules[r];
    JOINEDUP_CHECK(put_rule(out, r, rule, records));
    facts[of("symmetric", r)] = rule.symmetric ? "1" : "0";
    columns.push_back(&rule.left_key);
    if (!rule.symmetric) columns.push_back(&rule.right_key);
  }
  std::vector<std::uint32_t> packed(records.size() * columns.size());
  for (std::size_t begin = 0; begin < records.size(); begin += 4096)
    for (std::size_t at = 0; at < columns.size(); ++at)
      for (std::size_t row = begin; row < std::min(records.size(), begin + 4096); ++row) packed[row * columns.size() + at] = (*columns[at])[row];
  out.put("packed", packed);
  facts["columns"] = std::to_string(records.columns.size());
  facts["rules"] = std::to_string(from.plan.rules.size());
  facts["model"] = write_model(from.model);
  facts["spec_hash"] = from.spec_hash;
  facts["cluster_probability"] = from.cluster_probability;
  facts["ids_are_numbers"] = ids_as_numbers(from.id_order, records.id_kind) ? "1" : "0";
  facts["id_kind"] = std::to_string(static_cast<int>(records.id_kind));
  facts["inputs"] = std::to_string(from.inputs);
  facts["sources"] = std::to_string(records.source_names.size());
  for (std::size_t i = 0; i < records.source_names.size(); ++i) facts[of("source", i)] = records.source_names[i];
  JOINEDUP_CHECK(out.finish(facts));
  return write_added(folder, {}, from.cluster_of);
}

Result<void> write_added(const OutputFolder& folder, const AddedRecords& added, std::span<const std::uint32_t> cluster_of) {
  JOINEDUP_TRY(auto out, SectionWriter::create(folder.path(added_name), index_format));
  out.put_texts("ids", added.ids);
  out.put("sources", added.sources);
  out.put_texts("values", added.values);
  out.put("cluster_of", cluster_of);
  return out.finish({});
}

bool LinkIndex::exists(const std::string& folder) { return std::filesystem::exists(folder + "/" + base_name) && std::filesystem::exists(folder + "/" + added_name); }

Result<LinkIndex> LinkIndex::open(const std::string& folder) {
  JOINEDUP_TRY(auto base, SectionFile::open(folder + "/" + base_name, index_format));
  JOINEDUP_TRY(auto since, SectionFile::open(folder + "/" + added_name, index_format));
  LinkIndex index(std::move(base), std::move(since));
  const SectionFile& file = index.base_;
  const auto number = [&](const std::string& fact) { return static_cast<std::size_t>(std::strtoull(file.fact(fact).c_str(), nullptr, 10)); };
  for (std::size_t i = 0; i < number("columns"); ++i) {
    Column column;
    column.name = file.fact(of("column", i));
    column.kind = static_cast<ColumnKind>(number(of("kind", i)));
    column.values = file.texts(of("column.values", i));
    column.slots = file.array<Dictionary::Slot>(of("column.slots", i));
    column.signatures = file.array<Signature>(of("column.signatures", i));
    column.log_frequencies = file.array<double>(of("column.log_frequencies", i));
    column.unseen_log_frequency = std::strtod(file.fact(of("unseen", i)).c_str(), nullptr);
    index.columns.push_back(std::move(column));
  }
  index.width = index.columns.size();
  for (std::size_t r = 0; r < number("rules"); ++r) {
    Rule rule;
    rule.symmetric = file.fact(of("symmetric", r)) == "1";
    rule.slots = file.array<Rule::Slot>(of("rule.slots", r));
    rule.left_start = rule.right_start = file.array<std::uint32_t>(of("rule.left_start", r));
    rule.left_rows = rule.right_rows = file.array<std::uint32_t>(of("rule.left_rows", r));
    if (const auto start = file.array<std::uint32_t>(of("rule.right_start", r)); !start.empty()) {
      rule.right_start = start;
      rule.right_rows = file.array<std::uint32_t>(of("rule.right_rows", r));
    }
    rule.left_key_at = index.width++;
    rule.right_key_at = rule.symmetric ? rule.left_key_at : index.width++;
    index.rules.push_back(rule);
  }
  index.packed = file.array<std::uint32_t>("packed");
  index.ids = file.texts("ids");
  index.source = file.array<std::uint16_t>("source");
  index.id_in_both = file.array<std::uint8_t>("id_in_both");
  index.model = file.fact("model");
  index.spec_hash = file.fact("spec_hash");
  index.cluster_probability = file.fact("cluster_probability");
  index.inputs = file.fact("inputs");
  index.ids_are_numbers = file.fact("ids_are_numbers") == "1";
  index.id_kind = static_cast<ColumnKind>(number("id_kind"));
  for (std::size_t i = 0; i < number("sources"); ++i) index.source_names.push_back(file.fact(of("source", i)));
  const auto ids = index.added_.texts("ids"), values = index.added_.texts("values");
  for (std::size_t i = 0; i < ids.size(); ++i) index.added.ids.push_back(ids[i]);
  for (std::size_t i = 0; i < values.size(); ++i) index.added.values.push_back(values[i]);
  const auto sources = index.added_.array<std::uint16_t>("sources");
  index.added.sources.assign(sources.begin(), sources.end());
  index.cluster_of = index.added_.array<std::uint32_t>("cluster_of");
  const std::size_t all = index.rows() + index.added.ids.size();
  if (index.ids.size() != index.rows() || index.packed.size() != index.rows() * index.width || index.cluster_of.size() != all || index.added.sources.size() != index.added.ids.size() ||
      index.added.values.size() != index.added.ids.size() * index.columns.size())
    return fail(ErrorCode::invalid_input, "The two index files do not belong together; run in full, without --previous, to make them anew.", folder);
  return index;
}

std::uint32_t LinkIndex::Column::code(std::string_view text) const {
  const auto hash = static_cast<std::uint32_t>(hash64(text));
  const std::size_t mask = slots.size() - 1;
  for (std::size_t slot = hash & mask; slots[slot].code; slot = (slot + 1) & mask)
    if (slots[slot].hash == hash && values[slots[slot].code] == text) return slots[slot].code;
  return 0;
}

std::uint32_t LinkIndex::Rule::key(std::uint64_t hash) const {
  for (std::size_t slot = hash & (slots.size() - 1); slots[slot].key; slot = (slot + 1) & (slots.size() - 1))
    if (slots[slot].hash == hash) return slots[slot].key;
  return 0;
}

// Rows lie in the order of (source, id).
bool LinkIndex::before(std::string_view a, std::string_view b) const {
  if (!ids_are_numbers) return a < b;
  const auto x = number_bits(a), y = number_bits(b);
  return x != y ? x < y : a < b;
}

std::optional<std::uint32_t> LinkIndex::row_of(std::uint16_t from, std::string_view id) const {
  std::size_t low = 0, high = rows();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (source[middle] < from || (source[middle] == from && before(ids[middle], id))) low = middle + 1;
    else high = middle;
  }
  if (low < rows() && source[low] == from && ids[low] == id) return static_cast<std::uint32_t>(low);
  return std::nullopt;
}

std::vector<double> LinkIndex::log_frequencies(const DataColumn& of) const {
  std::vector<double> all(of.values().size(), NAN);
  for (const auto& column : columns) {
    if (column.name != of.name) continue;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::uint32_t code = i == 0 ? 0 : column.code(of.values()[i]);
      all[i] = code != 0 && code < column.log_frequencies.size() ? column.log_frequencies[code] : column.unseen_log_frequency;
    }
  }
  return all;
}

std::string_view LinkIndex::shown_id(std::uint32_t row, std::string& scratch) const {
  if (id_in_both.empty() || !id_in_both[row]) return ids[row];
  return scratch = (!source_names.empty() ? source_names[source[row]] + ":" : source[row] == 0 ? "A:" : "B:") + std::string(ids[row]);
}

std::string_view LinkIndex::value(std::uint32_t row, std::size_t column) const {
  const std::uint32_t code = packed[row * width + column];
  return code == 0 ? std::string_view() : columns[column].values[code];
}

}  // namespace joinedup::linkage
