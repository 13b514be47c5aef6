// Rows as CSV, fast enough to sum a whole warehouse at each publication: no allocation and no locale in the inner loop.
#include <array>
#include <charconv>
#include <cstring>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"

namespace joinedup::engine {
namespace {

constexpr std::size_t widest_plain_field = 32;  // any field but a text

char* put_two(char* at, int value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
  return at + 2;
}

char* put_date(char* at, std::int32_t days) {
  const auto c = Date{days}.civil();
  if (c.year < 0 || c.year > 9999) {
    const auto text = Date{days}.to_iso();
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }
  at = put_two(at, c.year / 100);
  at = put_two(at, c.year % 100);
  *at++ = '-';
  at = put_two(at, c.month);
  *at++ = '-';
  return put_two(at, c.day);
}

bool needs_quotes(std::string_view text) {
  for (const char c : text)
    if (c == ',' || c == '"' || c == '\n' || c == '\r') return true;
  return false;
}

// One column of a batch, with the last date rendered kept: neighbours are often the same day.
class Writer {
 public:
  explicit Writer(const std::vector<Column>& columns) : columns_(columns), last_day_(columns.size(), INT32_MIN), last_text_(columns.size()) {}

  void rows(const Batch& batch, std::string& out) {
    const auto width = columns_.size();
    // Room for the batch's widest conceivable rows, once; texts may double where they are quoted.
    std::size_t room = batch.rows() * (width * (widest_plain_field + 1) + 1);
    for (std::size_t column = 0; column < width; ++column)
      if (columns_[column].type == ColumnType::text)
        for (std::size_t row = 0; row < batch.rows(); ++row)
          if (!batch.is_null(column, row)) room += 2 * batch.text(column, row).size() + 2;
    const auto used = out.size();
    out.resize(used + room);
    char* const begin = out.data();
    char* at = begin + used;
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      for (std::size_t column = 0; column < width; ++column) {
        if (column) *at++ = ',';
        if (!batch.is_null(column, row)) at = field(batch, column, row, at);
      }
      *at++ = '\n';
    }
    out.resize(static_cast<std::size_t>(at - begin));
  }

 private:
  char* field(const Batch& batch, std::size_t column, std::size_t row, char* at) {
    switch (columns_[column].type) {
      case ColumnType::text: {
        const auto value = batch.text(column, row);
        if (needs_quotes(value)) {
          const auto quoted = csv_field(value);
          std::memcpy(at, quoted.data(), quoted.size());
          return at + quoted.size();
        }
        std::memcpy(at, value.data(), value.size());
        return at + value.size();
      }
      case ColumnType::boolean: {
        const std::string_view value = static_cast<const bool*>(batch.data(column))[row] ? "true" : "false";
        std::memcpy(at, value.data(), value.size());
        return at + value.size();
      }
      case ColumnType::date: {
        const auto days = static_cast<const std::int32_t*>(batch.data(column))[row];
        if (days != last_day_[column]) {
          last_day_[column] = days;
          char* end = put_date(last_text_[column].data(), days);
          last_length_ = static_cast<std::size_t>(end - last_text_[column].data());
          if (last_length_ != 10) {
            last_day_[column] = INT32_MIN;
            std::memcpy(at, last_text_[column].data(), last_length_);
            return at + last_length_;
          }
        }
        std::memcpy(at, last_text_[column].data(), 10);
        return at + 10;
      }
      case ColumnType::int64: return std::to_chars(at, at + widest_plain_field, static_cast<const std::int64_t*>(batch.data(column))[row]).ptr;
      case ColumnType::int32: return std::to_chars(at, at + widest_plain_field, static_cast<const std::int32_t*>(batch.data(column))[row]).ptr;
      case ColumnType::int16: return std::to_chars(at, at + widest_plain_field, static_cast<const std::int16_t*>(batch.data(column))[row]).ptr;
      default: {
        scratch_.clear();
        batch.append_csv(column, row, scratch_);
        std::memcpy(at, scratch_.data(), scratch_.size());
        return at + scratch_.size();
      }
    }
  }

  const std::vector<Column>& columns_;
  std::vector<std::int32_t> last_day_;
  std::vector<std::array<char, widest_plain_field>> last_text_;
  std::size_t last_length_ = 0;
  std::string scratch_;
};

// Rows that arrive must each lie after the one before, by the key's columns; compared in place, the last row kept between batches.
class OrderCheck {
 public:
  OrderCheck(const std::vector<Column>& columns, const std::vector<std::string>& key) {
    for (const auto& name : key)
      for (std::size_t i = 0; i < columns.size(); ++i)
        if (columns[i].name == name) places_.push_back(i);
    known_ = places_.size() == key.size();
    last_.resize(places_.size());
  }
  bool keeps(const Batch& batch) {
    if (!known_) return false;
    if (started_ && !after_last(batch)) return false;
    for (std::size_t row = 1; row < batch.rows(); ++row)
      if (!after(batch, row)) return false;
    started_ = true;
    remember(batch, batch.rows() - 1);
    return true;
  }

 private:
  struct Value {
    bool null = true;
    std::int64_t number = 0;
    std::string text;
  };
  bool after(const Batch& batch, std::size_t row) const {
    for (const auto place : places_) {
      const bool null = batch.is_null(place, row), before_null = batch.is_null(place, row - 1);
      if (null != before_null) return !null;
      if (null) continue;
      switch (batch.columns()[place].type) {
        case ColumnType::int64: {
          const auto* values = static_cast<const std::int64_t*>(batch.data(place));
          if (values[row] != values[row - 1]) return values[row] > values[row - 1];
          break;
        }
        case ColumnType::text: {
          const int order = batch.text(place, row).compare(batch.text(place, row - 1));
          if (order != 0) return order > 0;
          break;
        }
        default: {
          const auto value = batch.integer(place, row), before = batch.integer(place, row - 1);
          if (value != before) return value > before;
        }
      }
    }
    return true;  // equal keys: a key that is not unique keeps its stored order
  }
  bool after_last(const Batch& batch) const {
    for (std::size_t k = 0; k < places_.size(); ++k) {
      const bool null = batch.is_null(places_[k], 0);
      if (null != last_[k].null) return !null;
      if (null) continue;
      if (batch.columns()[places_[k]].type == ColumnType::text) {
        const int order = batch.text(places_[k], 0).compare(last_[k].text);
        if (order != 0) return order > 0;
      } else if (const auto value = batch.integer(places_[k], 0); value != last_[k].number) return value > last_[k].number;
    }
    return true;
  }
  void remember(const Batch& batch, std::size_t row) {
    for (std::size_t k = 0; k < places_.size(); ++k) {
      auto& value = last_[k];
      value.null = batch.is_null(places_[k], row);
      if (value.null) continue;
      if (batch.columns()[places_[k]].type == ColumnType::text) value.text = batch.text(places_[k], row);
      else value.number = batch.integer(places_[k], row);
    }
  }
  std::vector<std::size_t> places_;
  std::vector<Value> last_;
  bool known_ = false, started_ = false;
};

}  // namespace

Result<std::uint64_t> write_csv(Connection& connection, std::string_view sql,
                                const std::function<Result<void>(std::string_view)>& sink) {
  std::uint64_t rows = 0;
  std::string buffer;
  std::unique_ptr<Writer> writer;
  JOINEDUP_CHECK(connection.scan(sql, [&](const Batch& batch) -> Result<void> {
    if (!writer) writer = std::make_unique<Writer>(batch.columns());
    writer->rows(batch, buffer);
    rows += batch.rows();
    if (buffer.size() < (1 << 18)) return {};
    const auto done = sink(buffer);
    buffer.clear();
    return done;
  }));
  if (!buffer.empty()) JOINEDUP_CHECK(sink(buffer));
  return rows;
}

Result<CsvSum> csv_sum(Connection& connection, std::string_view sql) {
  CsvSum sum;
  Sha256 hash;
  JOINEDUP_TRY(sum.rows, write_csv(connection, sql, [&](std::string_view text) -> Result<void> {
                 hash.update(text);
                 sum.bytes += text.size();
                 return {};
               }));
  sum.sha256 = hash.finish_hex();
  return sum;
}

Result<CsvSum> csv_sum_in_key_order(Connection& connection, const KeyedTable& table) {
  CsvSum sum;
  Sha256 hash;
  std::string buffer;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<OrderCheck> order;
  bool ordered = true;
  const std::string sql = "SELECT * FROM " + table.name;
  const auto scanned = connection.scan(sql, [&](const Batch& batch) -> Result<void> {
    if (!writer) {
      writer = std::make_unique<Writer>(batch.columns());
      order = std::make_unique<OrderCheck>(batch.columns(), table.key);
    }
    ordered = order->keeps(batch);
    if (!ordered) return fail(ErrorCode::conflict, "The rows do not lie in key order.");
    writer->rows(batch, buffer);
    sum.rows += batch.rows();
    if (buffer.size() < (1 << 18)) return {};
    hash.update(buffer);
    sum.bytes += buffer.size();
    buffer.clear();
    return {};
  });
  if (!ordered) {
    std::string by;
    for (const auto& column : table.key) by += (by.empty() ? "" : ", ") + sql_name(column) + " NULLS FIRST";
    return csv_sum(connection, sql + " ORDER BY " + by);
  }
  if (!scanned) return tl::unexpected(scanned.error());
  hash.update(buffer);
  sum.bytes += buffer.size();
  sum.sha256 = hash.finish_hex();
  return sum;
}

}  // namespace joinedup::engine
