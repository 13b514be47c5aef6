#include "linkage/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"

namespace joinedup::linkage {
namespace {

namespace fs = std::filesystem;

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) return;
  char buffer[40];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 10).ptr);
}
void append_integer(std::string& out, std::int64_t value) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}
void append_field(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) out += text;
  else out += csv_field(text);
}
void append_id(std::string& out, const Records& records, std::uint32_t row) {
  if (records.id_in_both.empty() || !records.id_in_both[row]) append_field(out, records.ids[row]);
  else append_field(out, records.shown_id(row));
}

std::vector<const DataColumn*> retained(const CompiledModel& compiled) {
  std::vector<const DataColumn*> columns;
  for (const auto& name : compiled.model->retained_columns) columns.push_back(compiled.records->find(lower_ascii(name)));
  return columns;
}

class CsvPairs : public PairWriter {
 public:
  CsvPairs(std::FILE* file, std::string path, const CompiledModel& compiled)
      : file_(file), path_(std::move(path)), compiled_(compiled), retained_(retained(compiled)) {}
  ~CsvPairs() override {
    if (file_) std::fclose(file_);
  }
  Result<void> header() {
    std::string line = "id_l,id_r,match_weight,match_probability";
    for (const auto& comparison : compiled_.model->comparisons) line += "," + csv_field(compiled_.model->gamma_prefix + comparison.name);
    line += ",match_key";
    for (const auto& name : compiled_.model->retained_columns) line += "," + csv_field(name + "_l") + "," + csv_field(name + "_r");
    return put(line + "\n");
  }
  void render(PairBatch& batch) const override {
    const Records& records = *compiled_.records;
    std::string& out = batch.text;
    out.reserve(batch.left.size() * 64);
    for (std::size_t i = 0; i < batch.left.size(); ++i) {
      if (batch.weight[i] < least_weight) continue;
      append_id(out, records, batch.left[i]);
      out += ',';
      append_id(out, records, batch.right[i]);
      out += ',';
      append_number(out, batch.weight[i]);
      out += ',';
      append_number(out, weight_to_probability(batch.weight[i]));
      for (const auto& gamma : batch.gammas) {
        out += ',';
        if (gamma[i] != -2) append_integer(out, gamma[i]);
      }
      out += ',';
      append_integer(out, batch.match_key[i]);
      for (const auto* column : retained_)
        for (const auto row : {batch.left[i], batch.right[i]}) {
          out += ',';
          append_field(out, column->values()[column->codes[row]]);
        }
      out += '\n';
    }
  }
  Result<void> write(PairBatch& batch) override {
    rows += static_cast<std::uint64_t>(std::count_if(batch.weight.begin(), batch.weight.end(), [&](double weight) { return !(weight < least_weight); }));
    return put(batch.text);
  }
  Result<void> close() override {
    std::FILE* file = file_;
    file_ = nullptr;
    if (std::fclose(file) != 0) return tl::unexpected(system_error("Cannot write", path_));
    return {};
  }

 private:
  Result<void> put(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) return tl::unexpected(system_error("Cannot write", path_));
    return {};
  }
  std::FILE* file_;
  std::string path_;
  const CompiledModel& compiled_;
  std::vector<const DataColumn*> retained_;
};

class ParquetPairs : public PairWriter {
 public:
  ParquetPairs(engine::Database database, engine::Connection connection, std::string path, std::string scratch, const CompiledModel& compiled)
      : database_(std::move(database)), connection_(std::move(connection)), path_(std::move(path)), scratch_(std::move(scratch)),
        compiled_(compiled), retained_(retained(compiled)) {}
  Result<void> begin() {
    std::string sql = "CREATE TABLE pairs(id_l VARCHAR, id_r VARCHAR, match_weight DOUBLE, match_probability DOUBLE";
    for (const auto& comparison : compiled_.model->comparisons) sql += ", " + engine::sql_name(compiled_.model->gamma_prefix + comparison.name) + " INTEGER";
    sql += ", match_key INTEGER";
    for (const auto& name : compiled_.model->retained_columns)
      sql += ", " + engine::sql_name(name + "_l") + " VARCHAR, " + engine::sql_name(name + "_r") + " VARCHAR";
    JOINEDUP_CHECK(connection_.run(sql + ")"));
    JOINEDUP_TRY(auto appender, connection_.append_to("pairs"));
    appender_ = std::make_unique<engine::Appender>(std::move(appender));
    return {};
  }
  void render(PairBatch&) const override {}
  Result<void> write(PairBatch& batch) override {
    const Records& records = *compiled_.records;
    for (std::size_t i = 0; i < batch.left.size(); ++i) {
      if (batch.weight[i] < least_weight) continue;
      ++rows;
      std::size_t column = 0;
      for (const auto row : {batch.left[i], batch.right[i]}) {
        if (records.id_in_both.empty() || !records.id_in_both[row]) appender_->set_text(column++, filled_, records.ids[row]);
        else appender_->set_text(column++, filled_, records.shown_id(row));
      }
      if (std::isfinite(batch.weight[i])) {
        appender_->set_number(column++, filled_, batch.weight[i]);
        appender_->set_number(column++, filled_, weight_to_probability(batch.weight[i]));
      } else {
        appender_->set_null(column++, filled_);
        appender_->set_null(column++, filled_);
      }
      for (const auto& gamma : batch.gammas) {
        if (gamma[i] == -2) appender_->set_null(column++, filled_);
        else appender_->set_integer(column++, filled_, gamma[i]);
      }
      appender_->set_integer(column++, filled_, batch.match_key[i]);
      for (const auto* kept : retained_)
        for (const auto row : {batch.left[i], batch.right[i]}) {
          if (kept->codes[row] == 0) appender_->set_null(column++, filled_);
          else appender_->set_text(column++, filled_, kept->values()[kept->codes[row]]);
        }
      if (++filled_ < engine::Appender::capacity) continue;
      JOINEDUP_CHECK(appender_->flush(filled_));
      filled_ = 0;
    }
    return {};
  }
  Result<void> close() override {
    if (filled_) JOINEDUP_CHECK(appender_->flush(filled_));
    JOINEDUP_CHECK(appender_->close());
    appender_.reset();
    JOINEDUP_CHECK(connection_.run("COPY pairs TO " + engine::sql_text(path_) + " (FORMAT parquet)"));
    std::error_code ignored;
    for (const char* ending : {"", ".wal"}) fs::remove(scratch_ + ending, ignored);
    return {};
  }

 private:
  engine::Database database_;
  engine::Connection connection_;
  std::unique_ptr<engine::Appender> appender_;
  std::string path_, scratch_;
  const CompiledModel& compiled_;
  std::vector<const DataColumn*> retained_;
  std::size_t filled_ = 0;
};

}  // namespace

OutputFolder::OutputFolder(std::string final_folder, std::string working) : final_(std::move(final_folder)), working_(std::move(working)) {}
OutputFolder::OutputFolder(OutputFolder&& other) noexcept : final_(std::move(other.final_)), working_(std::move(other.working_)) { other.working_.clear(); }
OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (!working_.empty()) fs::remove_all(working_, ignored);
}

Result<OutputFolder> OutputFolder::open(const std::string& folder) {
  std::string trimmed = folder;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  std::error_code error;
  if (fs::exists(trimmed, error) && !fs::is_directory(trimmed, error)) return fail(ErrorCode::wrong_usage, "The output must be a folder; a file of this name is in the way.", trimmed);
  const std::string working = trimmed + ".partial-" + std::to_string(getpid());
  JOINEDUP_CHECK(make_folder(working));
  return OutputFolder(trimmed, working);
}

Result<void> OutputFolder::publish() {
  std::error_code error;
  if (!fs::exists(final_, error)) {
    fs::rename(working_, final_, error);
    if (error) return fail(ErrorCode::storage_full, "The finished results could not be moved into place: " + error.message() + ".", final_);
    working_.clear();
    return {};
  }
  for (const auto& entry : fs::directory_iterator(working_, error)) {
    fs::rename(entry.path(), fs::path(final_) / entry.path().filename(), error);
    if (error) return fail(ErrorCode::storage_full, "The finished results could not be moved into place: " + error.message() + ".", final_);
  }
  return {};
}

Result<std::unique_ptr<PairWriter>> open_pair_writer(const OutputFolder& folder, Format format, const CompiledModel& compiled, double least_weight) {
  if (format == Format::csv) {
    const auto path = folder.path("pairs.csv");
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (!file) return tl::unexpected(system_error("Cannot write", path));
    auto writer = std::make_unique<CsvPairs>(file, path, compiled);
    writer->least_weight = least_weight;
    JOINEDUP_CHECK(writer->header());
    return std::unique_ptr<PairWriter>(std::move(writer));
  }
  const auto scratch = folder.path("pairs.scratch");
  JOINEDUP_TRY(auto database, engine::Database::open(scratch, {.threads = 2, .memory_limit_mib = 1024}));
  JOINEDUP_TRY(auto connection, database.connect());
  auto writer = std::make_unique<ParquetPairs>(std::move(database), std::move(connection), folder.path("pairs.parquet"), scratch, compiled);
  writer->least_weight = least_weight;
  JOINEDUP_CHECK(writer->begin());
  return std::unique_ptr<PairWriter>(std::move(writer));
}

Result<void> write_clusters(const OutputFolder& folder, Format format, const Records& records, const std::vector<std::uint32_t>& cluster_of) {
  if (format == Format::csv) {
    std::string text = "id,cluster_id\n";
    for (std::uint32_t row = 0; row < records.size(); ++row) {
      append_id(text, records, row);
      text += ',';
      append_id(text, records, cluster_of[row]);
      text += '\n';
    }
    return write_file(folder.path("clusters.csv"), text);
  }
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = 2}));
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_CHECK(connection.run("CREATE TABLE clusters(id VARCHAR, cluster_id VARCHAR)"));
  JOINEDUP_TRY(auto appender, connection.append_to("clusters"));
  std::size_t filled = 0;
  for (std::uint32_t row = 0; row < records.size(); ++row) {
    appender.set_text(0, filled, records.shown_id(row));
    appender.set_text(1, filled, records.shown_id(cluster_of[row]));
    if (++filled < engine::Appender::capacity) continue;
    JOINEDUP_CHECK(appender.flush(filled));
    filled = 0;
  }
  if (filled) JOINEDUP_CHECK(appender.flush(filled));
  JOINEDUP_CHECK(appender.close());
  return connection.run("COPY clusters TO " + engine::sql_text(folder.path("clusters.parquet")) + " (FORMAT parquet)");
}

}  // namespace joinedup::linkage
