#include "linkage/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/file.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "linkage/parquet_file.hpp"

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
  bool plain = true;
  for (const char c : text) plain = plain && c != ',' && c != '"' && c != '\r' && c != '\n';
  if (plain) out += text;
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

std::string_view id_text(const Records& records, std::uint32_t row, std::string& scratch) {
  if (records.id_in_both.empty() || !records.id_in_both[row]) return records.ids[row];
  return scratch = records.shown_id(row);
}

class ParquetPairs : public PairWriter {
 public:
  ParquetPairs(ParquetFile file, const CompiledModel& compiled) : file_(std::move(file)), compiled_(compiled), retained_(retained(compiled)) {}
  static std::vector<std::pair<std::string, ParquetFile::Kind>> columns(const Model& model) {
    std::vector<std::pair<std::string, ParquetFile::Kind>> all{
        {"id_l", ParquetFile::text}, {"id_r", ParquetFile::text}, {"match_weight", ParquetFile::number}, {"match_probability", ParquetFile::number}};
    for (const auto& comparison : model.comparisons) all.emplace_back(model.gamma_prefix + comparison.name, ParquetFile::integer);
    all.emplace_back("match_key", ParquetFile::integer);
    for (const auto& name : model.retained_columns) {
      all.emplace_back(name + "_l", ParquetFile::text);
      all.emplace_back(name + "_r", ParquetFile::text);
    }
    return all;
  }
  void render(PairBatch&) const override {}
  Result<void> write(PairBatch& batch) override {
    const Records& records = *compiled_.records;
    std::string scratch;
    for (std::size_t i = 0; i < batch.left.size(); ++i) {
      if (batch.weight[i] < least_weight) continue;
      ++rows;
      std::size_t column = 0;
      for (const auto row : {batch.left[i], batch.right[i]}) file_.put_text(column++, id_text(records, row, scratch));
      if (std::isfinite(batch.weight[i])) {
        file_.put_number(column++, batch.weight[i]);
        file_.put_number(column++, weight_to_probability(batch.weight[i]));
      } else {
        file_.put_null(column++);
        file_.put_null(column++);
      }
      for (const auto& gamma : batch.gammas) {
        if (gamma[i] == -2) file_.put_null(column++);
        else file_.put_integer(column++, gamma[i]);
      }
      file_.put_integer(column++, batch.match_key[i]);
      for (const auto* kept : retained_)
        for (const auto row : {batch.left[i], batch.right[i]}) {
          if (kept->codes[row] == 0) file_.put_null(column++);
          else file_.put_text(column++, kept->values()[kept->codes[row]]);
        }
      JOINEDUP_CHECK(file_.end_row());
    }
    return {};
  }
  Result<void> close() override { return file_.close(); }

 private:
  ParquetFile file_;
  const CompiledModel& compiled_;
  std::vector<const DataColumn*> retained_;
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
  JOINEDUP_TRY(auto file, ParquetFile::create(folder.path("pairs.parquet"), ParquetPairs::columns(*compiled.model)));
  auto writer = std::make_unique<ParquetPairs>(std::move(file), compiled);
  writer->least_weight = least_weight;
  return std::unique_ptr<PairWriter>(std::move(writer));
}

ShownIds::ShownIds(const Records& records) {
  if (records.id_in_both.empty()) {
    all_ = &records.ids;
    return;
  }
  for (std::size_t row = 0; row < records.size(); ++row) {
    if (records.id_in_both[row]) add_text(records.shown_id(row));
    else add(records.ids[row]);
  }
}

Result<void> write_clusters(const OutputFolder& folder, Format format, std::span<const std::uint32_t> cluster_of, unsigned threads, std::span<const std::string_view> ids) {
  if (format == Format::parquet) {
    JOINEDUP_TRY(auto file, ParquetFile::create(folder.path("clusters.parquet"), {{"id", ParquetFile::text}, {"cluster_id", ParquetFile::text}}));
    std::vector<std::string_view> named(std::min<std::size_t>(cluster_of.size(), ParquetFile::group_rows));
    for (std::size_t begin = 0; begin < cluster_of.size(); begin += named.size()) {
      const std::size_t count = std::min(named.size(), cluster_of.size() - begin);
      for (std::size_t i = 0; i < count; ++i) named[i] = ids[cluster_of[begin + i]];
      file.put_texts(0, ids.subspan(begin, count));
      file.put_texts(1, std::span<const std::string_view>(named).first(count));
      JOINEDUP_CHECK(file.end_rows(count));
    }
    return file.close();
  }
  constexpr std::size_t rows_a_part = 1 << 16;
  const std::size_t parts = (cluster_of.size() + rows_a_part - 1) / rows_a_part;
  std::vector<std::string> texts(parts);
  JOINEDUP_CHECK(parallel_for(parts, threads, [&](std::size_t part) -> Result<void> {
    std::string& text = texts[part];
    text.reserve(rows_a_part * 24);
    for (std::size_t row = part * rows_a_part; row < std::min(cluster_of.size(), (part + 1) * rows_a_part); ++row) {
      append_field(text, ids[row]);
      text += ',';
      append_field(text, ids[cluster_of[row]]);
      text += '\n';
    }
    return {};
  }));
  const auto path = folder.path("clusters.csv");
  std::FILE* file = std::fopen(path.c_str(), "wb");
  bool written = file && std::fputs("id,cluster_id\n", file) >= 0;
  for (const auto& text : texts) written = written && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file) written = std::fclose(file) == 0 && written;
  if (!written) return tl::unexpected(system_error("Cannot write", path));
  return {};
}

}  // namespace joinedup::linkage
