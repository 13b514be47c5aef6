// link_index: what a run leaves behind so that new records can be linked against its own without reading them again:
// the values of each column with their codes, frequencies and signatures, the rows under each blocking key, the clusters.
// Two files in the output folder, both for their owner alone, since they hold the records' values:
//   linkage.index   all records of the full run; never changed; a later run's folder holds the same file (a hard link)
//   linkage.added   the records added since, and the cluster of every record
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linkage/compiled.hpp"
#include "linkage/blocking.hpp"
#include "linkage/output.hpp"
#include "linkage/section_file.hpp"

namespace joinedup::linkage {

constexpr std::uint32_t index_format = 1;

// A hash of each row's blocking key under a rule, from the values alone; 0 where the row takes no part.
Result<std::vector<std::uint64_t>> key_hashes(const JoinRule& rule, const Records& records, Side side);

struct AddedRecords {  // in the order in which they were added, over all runs since the index was made
  std::vector<std::string_view> ids;
  std::vector<std::uint16_t> sources;
  std::vector<std::string_view> values;  // record after record, one a column of the index; NULL is empty
};

class LinkIndex {
 public:
  static bool exists(const std::string& folder);
  static Result<LinkIndex> open(const std::string& folder);

  void warm() const { base_.warm(); }  // takes some milliseconds that another thread can spend

  struct Column {
    std::string name;
    ColumnKind kind = ColumnKind::text;
    SectionFile::Texts values;
    std::span<const Dictionary::Slot> slots;
    std::span<const Signature> signatures;      // empty where no comparison needs them
    std::span<const double> log_frequencies;    // empty where no comparison needs them
    double unseen_log_frequency = 0;
    std::uint32_t code(std::string_view text) const;  // 0 where absent
  };
  struct Rule {
    bool symmetric = true;
    struct Slot {
      std::uint64_t hash = 0;
      std::uint32_t key = 0, spare = 0;
    };
    std::span<const Slot> slots;
    std::span<const std::uint32_t> left_start, left_rows, right_start, right_rows;
    std::size_t left_key_at = 0, right_key_at = 0;   // in a packed row
    std::uint32_t key(std::uint64_t hash) const;     // 0 where absent
  };
  std::vector<Column> columns;
  std::vector<Rule> rules;
  std::span<const std::uint32_t> packed;  // row after row: a code a column, then the rules' keys
  std::size_t width = 0;
  SectionFile::Texts ids;
  std::span<const std::uint16_t> source;
  std::span<const std::uint8_t> id_in_both;
  AddedRecords added;
  std::span<const std::uint32_t> cluster_of;  // of the index's rows, then of those added
  std::string model, spec_hash, cluster_probability, inputs;
  std::vector<std::string> source_names;
  bool ids_are_numbers = false;
  ColumnKind id_kind = ColumnKind::text;

  bool before(std::string_view a, std::string_view b) const;  // of two ids of one source
  std::string_view shown_id(std::uint32_t row, std::string& scratch) const;
  std::size_t rows() const { return source.size(); }
  std::optional<std::uint32_t> row_of(std::uint16_t from, std::string_view id) const;
  std::vector<double> log_frequencies(const DataColumn& of) const;               // as they were when the index was made
  std::string_view value(std::uint32_t row, std::size_t column) const;           // empty for NULL

 private:
  LinkIndex(SectionFile base, SectionFile since) : base_(std::move(base)), added_(std::move(since)) {}
  SectionFile base_, added_;
};

struct IndexSource {
  const Model& model;
  const Records& records;
  const BlockingPlan& plan;
  const CompiledModel& compiled;
  const std::vector<std::uint32_t>& cluster_of;
  std::string spec_hash, cluster_probability;
  std::size_t inputs = 1;
  IdOrder id_order = IdOrder::as_text;
};
Result<void> write_index(const OutputFolder& folder, const IndexSource& from);
Result<void> write_added(const OutputFolder& folder, const AddedRecords& added, std::span<const std::uint32_t> cluster_of);

}  // namespace joinedup::linkage
