// Decisions about single pairs, from a file.
#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/quality.hpp"

namespace joinedup::linkage {
namespace {

class Ids {  // from an id, as it is shown or as it stands in the file, to its row
 public:
  explicit Ids(const Records& records) : records_(records) {
    for (std::uint32_t row = 0; row < records.size(); ++row) {
      rows_[std::string(records.ids[row])].push_back(row);
      if (!records.id_in_both.empty() && records.id_in_both[row]) rows_[records.shown_id(row)].push_back(row);
    }
  }
  // Where several sources hold the id: `source` decides if it names one, else the left record is the first source's.
  std::optional<std::uint32_t> find(std::string_view id, std::string_view source, bool left) const {
    const auto found = rows_.find(std::string(id));
    if (found == rows_.end()) return std::nullopt;
    const auto& rows = found->second;
    for (const auto row : rows) {
      const auto number = records_.source[row];
      const bool named = number < records_.source_names.size() ? records_.source_names[number] == source : source.size() == 1 && number == source[0] - 'A';
      if (named) return row;
    }
    return left ? rows.front() : rows.back();
  }

 private:
  const Records& records_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> rows_;
};

// 1 the same person, 0 two, -1 not decided; nothing where the word is not understood.
std::optional<int> decision(std::string_view text) {
  const auto word = lower_ascii(trim(text));
  for (const char* yes : {"true", "same", "match", "yes", "y", "t"})
    if (word == yes) return 1;
  for (const char* no : {"false", "different", "non-match", "nonmatch", "no", "n", "f"})
    if (word == no) return 0;
  if (word.empty() || word == "unsure" || word == "unknown") return -1;
  double score = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), score);
  if (error != std::errc{} || end != word.data() + word.size() || !(score >= 0 && score <= 1)) return std::nullopt;
  return score >= 0.5;
}

}  // namespace

std::uint64_t pair_key(std::uint32_t a, std::uint32_t b) { return static_cast<std::uint64_t>(std::min(a, b)) << 32 | std::max(a, b); }

Result<PairLabels> read_pair_labels(const std::string& path, const Records& records) {
  PairLabels labels;
  const Ids ids(records);
  constexpr auto none = std::string::npos;
  std::size_t left = none, right = none, score = none, source_left = none, source_right = none, number = 0;
  const auto header = [&](const CsvRow& names) -> Result<void> {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto name = lower_ascii(trim(names[i]));
      if (name == "id_l" || name == "unique_id_l") left = i;
      else if (name == "id_r" || name == "unique_id_r") right = i;
      else if (name == "source_dataset_l") source_left = i;
      else if (name == "source_dataset_r") source_right = i;
      else if (name == "clerical_match_score" || name == "label" || name == "match" || name == "decision") score = i;
    }
    if (left == none || right == none) return fail(ErrorCode::invalid_input, "A labels file has the columns id_l and id_r, and clerical_match_score or label.", path);
    return {};
  };
  const auto row = [&](const CsvRow& fields) -> Result<void> {
    const std::string where = "Label " + std::to_string(++number) + ": ";
    const auto decided = score == none ? std::optional<int>(1) : decision(fields[score]);
    if (!decided) return fail(ErrorCode::invalid_input, where + "the decision is not a number from 0 to 1, nor same, different or unsure.", path);
    if (*decided < 0) {
      ++labels.unsure;
      return {};
    }
    const auto a = ids.find(fields[left], source_left == none ? "" : fields[source_left], true);
    const auto b = ids.find(fields[right], source_right == none ? "" : fields[source_right], false);
    if (!a || !b) {
      ++labels.unknown_ids;
      return {};
    }
    if (*a == *b) return fail(ErrorCode::invalid_input, where + "a record is paired with itself.", path);
    const auto [at, fresh] = labels.same.try_emplace(pair_key(*a, *b), *decided == 1);
    if (!fresh && at->second != (*decided == 1)) return fail(ErrorCode::invalid_input, where + "an earlier label of the same two records says the opposite.", path);
    return {};
  };
  JOINEDUP_CHECK(read_csv(path, header, row));
  if (labels.same.empty())
    return fail(ErrorCode::invalid_input, number == 0 ? "The labels file has a header but no labels." : "None of the labels decides about two records of the input: are its ids those of the input's id column?", path);
  return labels;
}

}  // namespace joinedup::linkage
