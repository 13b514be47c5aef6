#include "ingest/convert.hpp"

#include <algorithm>
#include <cstring>

#include "base/hash.hpp"
#include "ingest/values.hpp"

namespace joinedup::ingest {
namespace {

using place::FieldType;

constexpr std::size_t most_sample_bytes = 80;

bool is_missing(const std::string_view value) { return value.empty() || (value.size() == 4 && value == "NULL"); }

// field_value for the usual field: no quotes, nothing to trim.
inline std::string_view value_of(const char* data, const Slice& slice, std::string& scratch) {
  const std::string_view raw(data + slice.at, slice.size);
  if (raw.empty()) return raw;
  const auto first = static_cast<unsigned char>(raw.front()), final_byte = static_cast<unsigned char>(raw.back());
  if (first > ' ' && first != '"' && final_byte > ' ') return raw;
  return field_value(raw, scratch);
}

std::string sample_text(std::string_view value) {
  value = value.substr(0, most_sample_bytes);
  std::string text = is_valid_utf8(value) ? std::string(value) : replace_invalid_utf8(value);
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

// Days that systems write where they know none.
const std::int32_t sentinel_days[] = {Date::from_civil(1800, 1, 1).days, Date::from_civil(1801, 1, 1).days,
                                      Date::from_civil(1900, 1, 1).days};
bool is_sentinel_day(const std::int64_t day) { return day == sentinel_days[0] || day == sentinel_days[1] || day == sentinel_days[2]; }

// The month (from PeriodCounts::first_year) of each day since 1970-01-01.
const std::vector<std::uint16_t> month_of_day = [] {
  std::vector<std::uint16_t> months;
  for (int month = 0; month < PeriodCounts::years * 12; ++month)
    months.insert(months.end(), static_cast<std::size_t>(days_in_month(PeriodCounts::first_year + month / 12, month % 12 + 1)),
                  static_cast<std::uint16_t>(month));
  return months;
}();

const char* unreadable_rule(const FieldType type) {
  switch (type) {
    case FieldType::date: return "date.unreadable";
    case FieldType::time: return "time.unreadable";
    case FieldType::integer: return "integer.unreadable";
    case FieldType::decimal: return "decimal.unreadable";
    case FieldType::pounds: return "pounds.unreadable";
    case FieldType::flag: return "flag.unreadable";
    default: return "value.unreadable";
  }
}

}  // namespace

void PeriodCounts::add(const PeriodCounts& other) {
  dates += other.dates;
  in_period += other.in_period;
  after_period += other.after_period;
  with_birth_date += other.with_birth_date;
  before_birth += other.before_birth;
  implausible_age += other.implausible_age;
  if (months.size() < other.months.size()) months.resize(other.months.size());
  for (std::size_t i = 0; i < other.months.size(); ++i) months[i] += other.months[i];
}

void RangeFindings::add(const int field, const Severity severity, const QualityCategory category, const char* rule,
                        const std::uint64_t row, const std::string_view value) {
  Entry* entry = nullptr;
  for (auto& one : entries)
    if (one.field == field && one.severity == severity && (one.rule == rule || std::strcmp(one.rule, rule) == 0)) entry = &one;
  if (!entry) entry = &entries.emplace_back(Entry{field, severity, category, rule, 0, {}});
  ++entry->count;
  // Columns are read block by block, rows rising within each, so the first samples are the lowest rows.
  if (entry->samples.size() < 5) entry->samples.push_back({row, sample_text(value)});
}

TableLayout table_layout(const place::TableSpec& table) {
  TableLayout layout;
  int at = 1;
  if (!table.row_id.empty() && table.stage_row_id) layout.row_id = at++;
  layout.identity_key = at++;
  if (!table.reference.empty()) layout.person_ref = at++;
  layout.first_column = at;
  layout.columns = at + static_cast<int>(table.columns.size());
  return layout;
}

std::string create_table_sql(const place::TableSpec& table) {
  std::string sql = "CREATE TABLE " + engine::sql_name(table.name) + "(source_row BIGINT";
  if (!table.row_id.empty() && table.stage_row_id) sql += ", row_id VARCHAR";
  sql += ", identity_key BIGINT";
  if (!table.reference.empty()) sql += ", person_ref BIGINT";
  for (const auto& column : table.columns) sql += ", " + engine::sql_name(column.name) + " " + place::field_sql_type(column.type);
  return sql + ")";
}

int main_date_column(const place::TableSpec& table) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const auto& column = table.columns[i];
    if (column.type == FieldType::date && column.required && column.on_bad == place::OnBad::reject) return static_cast<int>(i);
  }
  return -1;
}

FileContext make_context(const place::TableSpec& table, ColumnMap map) {
  FileContext file;
  file.table = &table;
  file.map = std::move(map);
  file.layout = table_layout(table);
  file.identity_seed = hash64(table.name);
  file.main_date = main_date_column(table);
  file.track_row_ids = !table.row_id.empty() && table.row_id_unique;
  return file;
}

engine::RowBatch BatchPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto batch = std::move(free_.back());
      free_.pop_back();
      return batch;
    }
  }
  return appender_->make_batch();
}

void BatchPool::give(engine::RowBatch batch) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(batch));
}

struct Converter::Block {
  const char* data;
  const SlicedRows& rows;
  RangeResult& result;
  engine::RowBatch& batch;
  bool any_rejected = false;
  std::uint64_t record(std::size_t row) const { return rows.record[row]; }
};

Converter::Converter(const FileContext& file, BatchPool& pool) : file_(file), pool_(pool), rejected_(SlicedRows::capacity) {}

void Converter::refuse(const std::size_t column, Block& block, const std::size_t row, const char* rule, const QualityCategory category,
                       const std::string_view value, const bool must_reject) {
  const auto& spec = file_.table->columns[column];
  const bool reject = must_reject || spec.on_bad == place::OnBad::reject;
  block.batch.set_null(static_cast<std::size_t>(file_.layout.first_column) + column, row);
  // A row is rejected once, for the first reason; what else is wrong with it is noted.
  const auto severity = !reject ? Severity::repaired : rejected_[row] ? Severity::note : Severity::rejected;
  block.result.findings.add(static_cast<int>(column), severity, category, rule, block.record(row),
                            spec.identifying ? std::string_view() : value);
  if (reject) {
    rejected_[row] = 1;
    block.any_rejected = true;
  }
}

std::string_view Converter::decoded(const std::string_view value, const int field, Block& block, const std::size_t row) {
  if (is_plain_ascii(value)) return value;
  const auto note = [&](const Severity severity, const char* rule) {
    block.result.findings.add(field, severity, QualityCategory::conformance, rule, block.record(row), {});
  };
  decoded_.assign(value);
  if (decoded_.find('\0') != std::string::npos) {
    note(Severity::repaired, "text.nul_byte");
    std::erase(decoded_, '\0');
  }
  if (file_.table->encoding == place::Encoding::windows_1252) decoded_ = windows_1252_to_utf8(decoded_);
  else if (!is_valid_utf8(decoded_)) {
    if (file_.table->encoding == place::Encoding::automatic) {
      note(Severity::note, "encoding.windows_1252");
      decoded_ = windows_1252_to_utf8(decoded_);
    } else {
      note(Severity::repaired, "encoding.invalid_utf8");
      decoded_ = replace_invalid_utf8(decoded_);
    }
  }
  return decoded_;
}

// Reads every row's field by `read(value, number)` into the column's own width, and applies the declared rules.
template <class Read>
void Converter::typed_column(const std::size_t column, Block& block, Read read) {
  using Value = typename Read::Value;
  const auto& spec = file_.table->columns[column];
  const int slot = file_.map.column[column];
  const auto target = static_cast<std::size_t>(file_.layout.first_column) + column;
  auto* out = static_cast<Value*>(block.batch.data(target));
  auto& counts = block.result.fields[column];
  const Slice* slices = &block.rows.slices[static_cast<std::size_t>(slot) * SlicedRows::capacity];
  const bool bounded = spec.minimum || spec.maximum || spec.type == FieldType::date;
  for (std::size_t row = 0; row < block.rows.rows; ++row) {
    const auto value = value_of(block.data, slices[row], scratch_);
    if (is_missing(value)) {
      ++counts.missing;
      if (spec.required) refuse(column, block, row, "required.missing", QualityCategory::completeness, value, true);
      else block.batch.set_null(target, row);
      continue;
    }
    Value number{};
    const auto state = read(value, number);
    if (state != ValueState::good) {
      ++counts.unreadable;
      refuse(column, block, row, state == ValueState::no_such_day ? "date.no_such_day" : unreadable_rule(spec.type),
             QualityCategory::conformance, value, spec.required);
      continue;
    }
    if (bounded) {
      const auto measure = static_cast<double>(number);
      const bool below = spec.minimum && measure < *spec.minimum, above = spec.maximum && measure > *spec.maximum;
      if (spec.type == FieldType::date && is_sentinel_day(static_cast<std::int64_t>(number)) && (!spec.minimum || below)) {
        ++counts.missing;
        refuse(column, block, row, "date.sentinel", QualityCategory::completeness, value, spec.required);
        continue;
      }
      if (below || above) {
        ++counts.out_of_range;
        refuse(column, block, row, below ? "value.below_minimum" : "value.above_maximum", QualityCategory::plausibility, value, false);
        continue;
      }
    }
    out[row] = number;
  }
  counts.rows += block.rows.rows;
}

namespace {
struct ReadDate {
  using Value = std::int32_t;
  ValueState operator()(const std::string_view text, Value& value) const { return read_date(text, value); }
};
struct ReadInteger {
  using Value = std::int64_t;
  ValueState operator()(const std::string_view text, Value& value) const { return read_integer(text, value); }
};
struct ReadPounds {
  using Value = std::int64_t;
  ValueState operator()(const std::string_view text, Value& value) const { return read_pounds(text, value); }
};
struct ReadReference {
  using Value = std::int64_t;
  ValueState operator()(const std::string_view text, Value& value) const {
    value = static_cast<std::int64_t>(hash64(text) >> 1);
    return ValueState::good;
  }
};
struct ReadDecimal {
  using Value = double;
  ValueState operator()(const std::string_view text, Value& value) const { return read_decimal(text, value); }
};
struct ReadTime {
  using Value = std::int32_t;
  ValueState operator()(const std::string_view text, Value& value) const {
    std::int64_t minutes = 0;
    const auto state = read_time(text, minutes);
    value = static_cast<Value>(minutes);
    return state;
  }
};
struct ReadFlag {
  using Value = bool;
  ValueState operator()(const std::string_view text, Value& value) const {
    std::int64_t number = 0;
    const auto state = read_flag(text, number);
    value = number != 0;
    return state;
  }
};
}  // namespace

void Converter::text_column(const std::size_t column, Block& block) {
  const auto& spec = file_.table->columns[column];
  const int slot = file_.map.column[column];
  const auto target = static_cast<std::size_t>(file_.layout.first_column) + column;
  auto& counts = block.result.fields[column];
  const Slice* slices = &block.rows.slices[static_cast<std::size_t>(slot) * SlicedRows::capacity];
  const bool code = spec.type == FieldType::code;
  std::string upper;
  for (std::size_t row = 0; row < block.rows.rows; ++row) {
    auto value = value_of(block.data, slices[row], scratch_);
    if (is_missing(value)) {
      ++counts.missing;
      if (spec.required) refuse(column, block, row, "required.missing", QualityCategory::completeness, value, true);
      else block.batch.set_null(target, row);
      continue;
    }
    value = decoded(value, static_cast<int>(column), block, row);
    if (code && std::any_of(value.begin(), value.end(), [](const char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; })) {
      upper = upper_case(value);
      value = upper;
    }
    if (!spec.codes.empty() && std::find(spec.codes.begin(), spec.codes.end(), value) == spec.codes.end()) {
      ++counts.unknown_code;
      block.result.findings.add(static_cast<int>(column), Severity::note, QualityCategory::conformance, "code.unknown", block.record(row),
                                spec.identifying ? std::string_view() : value);
    }
    block.batch.set_text(target, row, value);
  }
  counts.rows += block.rows.rows;
}

void Converter::convert_column(const std::size_t column, Block& block) {
  const auto& spec = file_.table->columns[column];
  if (file_.map.column[column] < 0) {  // the file does not have it
    const auto target = static_cast<std::size_t>(file_.layout.first_column) + column;
    for (std::size_t row = 0; row < block.rows.rows; ++row) block.batch.set_null(target, row);
    block.result.fields[column].rows += block.rows.rows;
    block.result.fields[column].missing += block.rows.rows;
    return;
  }
  switch (spec.type) {
    case FieldType::text:
    case FieldType::code: return text_column(column, block);
    case FieldType::date: return typed_column(column, block, ReadDate{});
    case FieldType::integer: return typed_column(column, block, ReadInteger{});
    case FieldType::pounds: return typed_column(column, block, ReadPounds{});
    case FieldType::reference: return typed_column(column, block, ReadReference{});
    case FieldType::decimal: return typed_column(column, block, ReadDecimal{});
    case FieldType::time: return typed_column(column, block, ReadTime{});
    case FieldType::flag: return typed_column(column, block, ReadFlag{});
  }
}

// Upper case, one space between words, no control characters.
std::string_view Converter::name_text(const int slot, Block& block, const std::size_t row, std::string& into) {
  into.clear();
  if (slot < 0) return into;
  auto value = value_of(block.data, block.rows.slice(static_cast<std::size_t>(slot), row), scratch_);
  if (value.empty()) return into;
  value = decoded(value, RangeFindings::identity, block, row);
  bool space = false, high = false;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ') {
      space = !into.empty();
      continue;
    }
    if (space) into += ' ';
    space = false;
    high = high || byte >= 0x80;
    into += static_cast<char>(byte >= 'a' && byte <= 'z' ? byte - 32 : byte);
  }
  if (high) into = upper_case(into);
  return into;
}

Identity Converter::read_identity(Block& block, const std::size_t row) {
  using place::IdentityField;
  Identity identity;
  const auto slot = [&](const IdentityField field) { return file_.map.identity[static_cast<std::size_t>(field)]; };
  const auto value = [&](const IdentityField field) {
    const int at = slot(field);
    return at < 0 ? std::string_view() : value_of(block.data, block.rows.slice(static_cast<std::size_t>(at), row), scratch_);
  };
  const auto note = [&](const Severity severity, const QualityCategory category, const char* rule) {
    block.result.findings.add(RangeFindings::identity, severity, category, rule, block.record(row), {});
  };
  const auto nhs_text = value(IdentityField::nhs_number);
  identity.nhs_number = read_nhs_number(is_missing(nhs_text) ? std::string_view() : nhs_text);
  if (identity.nhs_number.status == NhsNumberStatus::malformed) note(Severity::note, QualityCategory::conformance, "nhs_number.malformed");
  if (identity.nhs_number.status == NhsNumberStatus::bad_check) note(Severity::note, QualityCategory::conformance, "nhs_number.bad_check");
  if (identity.nhs_number.status == NhsNumberStatus::sentinel) note(Severity::note, QualityCategory::completeness, "nhs_number.sentinel");
  const auto birth = value(IdentityField::birth_date);
  if (!is_missing(birth)) {
    std::int32_t days = 0;
    const auto state = read_date(birth, days);
    if (state != ValueState::good)
      note(Severity::repaired, QualityCategory::conformance, state == ValueState::no_such_day ? "birth_date.no_such_day" : "birth_date.unreadable");
    else if (is_sentinel_day(days)) note(Severity::repaired, QualityCategory::completeness, "birth_date.sentinel");
    else {
      identity.birth_date = days;
      const auto civil = Date{days}.civil();
      identity.birth_year = civil.year;
      identity.birth_month = civil.month;
    }
  }
  std::int64_t number = 0;
  if (identity.birth_date == no_date) {
    if (read_integer(value(IdentityField::birth_year), number) == ValueState::good && number > 1800 && number < 2200)
      identity.birth_year = static_cast<std::int32_t>(number);
    if (read_integer(value(IdentityField::birth_month), number) == ValueState::good && number >= 1 && number <= 12)
      identity.birth_month = static_cast<std::int32_t>(number);
  }
  identity.sex = normal_sex(value(IdentityField::sex));
  static constexpr IdentityField texts[] = {IdentityField::nhs_pseudonym, IdentityField::family_name,    IdentityField::given_name,
                                            IdentityField::middle_names,  IdentityField::house,          IdentityField::address_line_1,
                                            IdentityField::town,          IdentityField::postcode,       IdentityField::lsoa,
                                            IdentityField::local_id,      IdentityField::local_id_organisation};
  for (std::size_t i = 0; i < identity_text_count; ++i) {
    name_text(slot(texts[i]), block, row, identity_text_[i]);
    if (texts[i] == IdentityField::postcode && !identity_text_[i].empty()) identity_text_[i] = normal_postcode(identity_text_[i]);
    if (texts[i] == IdentityField::nhs_pseudonym)
      for (auto& c : identity_text_[i])
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);  // hex digits as HMACs are written
    identity.text[i] = identity_text_[i];
  }
  return identity;
}

void Converter::keys(Block& block) {
  const auto rows = block.rows.rows;
  auto* source = static_cast<std::int64_t*>(block.batch.data(0));
  for (std::size_t row = 0; row < rows; ++row) source[row] = block.rows.record[row];
  const bool identity = file_.table->person == place::PersonSource::identity;
  const auto key_column = static_cast<std::size_t>(file_.layout.identity_key);
  auto* keys = static_cast<std::int64_t*>(block.batch.data(key_column));
  auto* references = file_.layout.person_ref < 0 ? nullptr : static_cast<std::int64_t*>(block.batch.data(static_cast<std::size_t>(file_.layout.person_ref)));
  for (std::size_t row = 0; row < rows; ++row) {
    const bool wanted = !rejected_[row];
    if (references) {
      std::string_view value;
      if (file_.map.reference >= 0) value = value_of(block.data, block.rows.slice(static_cast<std::size_t>(file_.map.reference), row), scratch_);
      if (is_missing(value)) {
        block.batch.set_null(static_cast<std::size_t>(file_.layout.person_ref), row);
        if (wanted) block.result.findings.add(RangeFindings::reference, Severity::note, QualityCategory::completeness, "reference.missing", block.record(row), {});
        references[row] = 0;
      } else {
        references[row] = static_cast<std::int64_t>(hash64(value) >> 1);
      }
    }
    if (!identity) block.batch.set_null(key_column, row);
    else if (wanted) {
      const auto who = read_identity(block, row);
      check_birth(block, row, who);
      keys[row] = block.result.identities.add(file_.identity_seed, who, static_cast<std::int64_t>(block.record(row)));
      if (references && references[row]) block.result.references.push_back({references[row], keys[row], static_cast<std::int64_t>(block.record(row))});
    }
    if (file_.layout.row_id < 0 && file_.track_row_ids && wanted && file_.map.row_id >= 0) {
      const auto value = value_of(block.data, block.rows.slice(static_cast<std::size_t>(file_.map.row_id), row), scratch_);
      if (!is_missing(value)) block.result.row_ids.push_back({hash64(value), static_cast<std::int64_t>(block.record(row))});
    }
    if (file_.layout.row_id >= 0) {
      std::string_view value;
      if (file_.map.row_id >= 0) value = value_of(block.data, block.rows.slice(static_cast<std::size_t>(file_.map.row_id), row), scratch_);
      const auto target = static_cast<std::size_t>(file_.layout.row_id);
      if (is_missing(value)) {
        block.batch.set_null(target, row);
        if (wanted) block.result.findings.add(RangeFindings::row_id, Severity::note, QualityCategory::completeness, "row_id.missing", block.record(row), {});
      } else {
        value = decoded(value, RangeFindings::row_id, block, row);
        block.batch.set_text(target, row, value);
        if (file_.track_row_ids && wanted) block.result.row_ids.push_back({hash64(value), static_cast<std::int64_t>(block.record(row))});
      }
    }
  }
}

void Converter::check_birth(Block& block, const std::size_t row, const Identity& identity) {
  if (identity.birth_date == no_date) return;
  auto& period = block.result.period;
  const auto note = [&](const char* rule) {
    block.result.findings.add(RangeFindings::identity, Severity::note, QualityCategory::plausibility, rule, block.record(row), {});
  };
  ++period.with_birth_date;
  constexpr std::int32_t oldest = 120 * 366;
  const bool future = identity.birth_date > file_.period_to;
  if (future || (file_.period_to != INT32_MAX && file_.period_to - identity.birth_date > oldest)) {
    ++period.implausible_age;
    note(future ? "birth_date.after_period" : "birth_date.over_120_years");
  }
  if (file_.main_date < 0) return;
  const auto* days = static_cast<const std::int32_t*>(block.batch.data(static_cast<std::size_t>(file_.layout.first_column + file_.main_date)));
  if (days[row] < identity.birth_date) {
    ++period.before_birth;
    note("date.before_birth");
  }
}

void Converter::count_period(Block& block) {
  if (file_.main_date < 0 || file_.map.column[static_cast<std::size_t>(file_.main_date)] < 0) return;
  auto& period = block.result.period;
  period.months.resize(PeriodCounts::years * 12);
  const auto* days = static_cast<const std::int32_t*>(block.batch.data(static_cast<std::size_t>(file_.layout.first_column + file_.main_date)));
  for (std::size_t row = 0; row < block.rows.rows; ++row) {
    if (rejected_[row]) continue;  // required, so a kept row has it
    ++period.dates;
    period.in_period += days[row] >= file_.period_from && days[row] <= file_.period_to;
    period.after_period += days[row] > file_.period_to;
    const auto day = static_cast<std::size_t>(days[row]);
    if (day < month_of_day.size()) ++period.months[month_of_day[day]];
  }
}

void Converter::convert(const char* data, const SlicedRows& rows, RangeResult& result) {
  if (rows.rows == 0) return;
  if (result.fields.empty()) result.fields.resize(file_.table->columns.size());
  auto batch = pool_.take();
  Block block{data, rows, result, batch};
  std::fill_n(rejected_.begin(), rows.rows, std::uint8_t{0});
  for (std::size_t column = 0; column < file_.table->columns.size(); ++column) convert_column(column, block);
  keys(block);
  count_period(block);
  auto count = rows.rows;
  if (block.any_rejected) {
    std::array<std::uint16_t, SlicedRows::capacity> kept;
    count = 0;
    for (std::size_t row = 0; row < rows.rows; ++row)
      if (!rejected_[row]) kept[count++] = static_cast<std::uint16_t>(row);
    batch.keep(kept.data(), count);
  }
  result.kept += count;
  result.rejected += rows.rows - count;
  if (count > 0) result.batches.push_back({std::move(batch), count});
  else {
    batch.clear();
    pool_.give(std::move(batch));
  }
}

void Converter::reject_records(const std::vector<FaultyRecord>& faults, RangeResult& result) {
  for (const auto& fault : faults)
    result.findings.add(RangeFindings::record, Severity::rejected, QualityCategory::conformance, record_fault_rule(fault.fault), fault.record, {});
  result.rejected += faults.size();
}

}  // namespace joinedup::ingest
