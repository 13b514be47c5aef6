#include "linkage/link_added.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "linkage/finder.hpp"
#include "linkage/linker.hpp"

namespace joinedup::linkage {
namespace {

Result<void> check_job(const LinkFiles& job, const LinkIndex& index, const std::string& spec_hash, double probability) {
  if (job.train == Train::always) return fail(ErrorCode::wrong_usage, "--train makes a new model, and --previous keeps the earlier run's: run in full, or leave one out.");
  if (!job.frequencies.empty()) return fail(ErrorCode::wrong_usage, "With --previous term frequencies are those of the earlier run: leave --frequencies out.");
  if (spec_hash != index.spec_hash)
    return fail(ErrorCode::invalid_input, "The specification is not the one of the earlier run: give that one, or run in full, without --previous.", job.spec);
  if (format_number(probability) != index.cluster_probability)
    return fail(ErrorCode::invalid_input, "The earlier run made its clusters at probability " + index.cluster_probability + ": give --cluster-probability " + index.cluster_probability + ", or run in full, without --previous.");
  if (std::to_string(job.inputs.size()) != index.inputs)
    return fail(ErrorCode::wrong_usage, "The earlier run had " + index.inputs + " inputs: give as many, in the same order.");
  return {};
}

// The number of a row's source in the index.
Result<std::uint16_t> source_in(const LinkIndex& index, const Model& model, const Records& fresh, std::size_t row, const std::string& path) {
  if (index.source_names.empty()) return fresh.source[row];
  const auto* column = fresh.find(lower_ascii(model.source_column));
  const auto found = std::find(index.source_names.begin(), index.source_names.end(), std::string(column->values()[column->codes[row]]));
  if (found == index.source_names.end()) return fail(ErrorCode::invalid_input, "A new record comes from a source that the earlier run did not have: run in full, without --previous.", path);
  return static_cast<std::uint16_t>(found - index.source_names.begin());
}

Result<void> take(const LinkFiles& job, const LinkIndex& index, const Model& model, const Records& fresh, AddedRecords& all) {
  std::vector<const DataColumn*> columns;
  for (const auto& wanted : index.columns) {
    columns.push_back(fresh.find(wanted.name));
    if (!columns.back()) return fail(ErrorCode::invalid_input, "The index has a column that the specification does not use; run in full, without --previous.");
    if (columns.back()->kind != wanted.kind)
      return fail(ErrorCode::invalid_input, "Column '" + wanted.name + "' holds another kind of value than in the earlier run (text, number, date): cast it, or run in full.", job.inputs[0]);
  }
  std::set<std::pair<std::uint16_t, std::string_view>> earlier;
  for (std::size_t i = 0; i < all.ids.size(); ++i) earlier.emplace(all.sources[i], all.ids[i]);
  const std::size_t sources = std::max(job.inputs.size(), index.source_names.size());
  for (std::size_t row = 0; row < fresh.size(); ++row) {
    const std::string& path = job.inputs[std::min<std::size_t>(fresh.source[row], job.inputs.size() - 1)];
    JOINEDUP_TRY(const auto source, source_in(index, model, fresh, row, path));
    bool elsewhere = !fresh.id_in_both.empty() && fresh.id_in_both[row];
    for (std::uint16_t other = 0; other < sources; ++other)
      elsewhere = elsewhere || (other != source && (index.row_of(other, fresh.ids[row]) || earlier.count({other, fresh.ids[row]})));
    if (elsewhere)
      return fail(ErrorCode::unsupported, "A new record's id occurs in two sources: ids written so far would need their source's name in front. Run in full, without --previous.", path);
    all.ids.push_back(fresh.ids[row]);
    all.sources.push_back(source);
    for (const auto* column : columns) all.values.push_back(column->values()[column->codes[row]]);
  }
  return {};
}

// Added records, or those with the old ones that they may match, as a file of them would have given.
class Gathered {
 public:
  explicit Gathered(const LinkIndex& index) : index_(index), builder_(names(index)) {}
  void add(std::string_view id, std::span<const std::string_view> values, std::uint16_t source) { builder_.add(id, values, source); }
  Result<Records> finish(unsigned threads) {
    JOINEDUP_TRY(auto records, builder_.finish(threads, index_.ids_are_numbers ? IdOrder::as_typed : IdOrder::as_text, index_.id_kind));
    for (std::size_t i = 0; i < records.columns.size(); ++i) records.columns[i]->kind = index_.columns[i].kind;
    records.id_in_both.assign(index_.id_in_both.empty() ? 0 : records.size(), 0);
    records.source_names = index_.source_names;
    return records;
  }

 private:
  static std::vector<std::string> names(const LinkIndex& index) {
    std::vector<std::string> all;
    for (const auto& column : index.columns) all.push_back(column.name);
    return all;
  }
  const LinkIndex& index_;
  RecordsBuilder builder_;
};

Result<Records> added_records(const LinkIndex& index, const AddedRecords& all, unsigned threads) {
  Gathered gathered(index);
  const std::size_t width = index.columns.size();
  for (std::size_t i = 0; i < all.ids.size(); ++i) gathered.add(all.ids[i], {all.values.data() + i * width, width}, all.sources[i]);
  return gathered.finish(threads);
}

// The added records and the old ones that a pair needs, with each row's place among all records.
struct Meeting {
  Records records;
  std::vector<std::uint32_t> place;     // by row: in the index, or after it
  std::vector<std::uint32_t> of_base;   // by position in `base`
  std::vector<std::uint32_t> of_added;  // by row of the added records
  std::vector<std::uint32_t> base;      // rows of the index, ascending
};

Result<Meeting> meet(const LinkIndex& index, const AddedRecords& all, const Records& added, const AddedPairs& pairs, unsigned threads) {
  Meeting meeting;
  for (const auto& rule : pairs.by_rule)
    for (const auto& pair : rule) meeting.base.push_back(pair.base);
  std::sort(meeting.base.begin(), meeting.base.end());
  meeting.base.erase(std::unique(meeting.base.begin(), meeting.base.end()), meeting.base.end());
  Gathered gathered(index);
  const std::size_t width = index.columns.size();
  std::vector<std::string_view> values(width);
  for (const auto row : meeting.base) {
    for (std::size_t i = 0; i < width; ++i) values[i] = index.value(row, i);
    gathered.add(index.ids[row], values, index.source[row]);
  }
  for (std::size_t row = 0; row < added.size(); ++row) {
    const std::size_t at = added.input_row[row] - 1;
    gathered.add(all.ids[at], {all.values.data() + at * width, width}, all.sources[at]);
  }
  JOINEDUP_TRY(meeting.records, gathered.finish(threads));
  meeting.of_base.resize(meeting.base.size());
  meeting.of_added.resize(added.size());
  for (std::uint32_t row = 0; row < meeting.records.size(); ++row) {
    const std::size_t at = meeting.records.input_row[row] - 1;
    const bool old = at < meeting.base.size();
    if (old) meeting.of_base[at] = row;
    else meeting.of_added[at - meeting.base.size()] = row;
    meeting.place.push_back(old ? meeting.base[at] : static_cast<std::uint32_t>(index.rows() + added.input_row[at - meeting.base.size()] - 1));
    if (old && !index.id_in_both.empty()) meeting.records.id_in_both[row] = index.id_in_both[meeting.base[at]];
  }
  return meeting;
}

// Frequencies of the values that meet: those of old records by their codes, those of added ones as found already.
std::vector<double> met_frequencies(const LinkIndex& index, const Meeting& meeting, const Records& added, const CompiledModel& compiled, const DataColumn& column) {
  std::size_t at = 0;
  while (index.columns[at].name != column.name) ++at;
  const auto& known = index.columns[at].log_frequencies;
  const double unseen = compiled.unseen_log_frequency.at(column.name);
  std::vector<double> all(column.values().size(), unseen);
  for (std::size_t i = 0; i < meeting.base.size(); ++i) {
    const std::uint32_t code = index.packed[meeting.base[i] * index.width + at];
    if (code != 0) all[column.codes[meeting.of_base[i]]] = known[code];
  }
  const auto& theirs = *compiled.frequencies.at(column.name);
  const auto& codes = added.columns[at]->codes;
  for (std::size_t row = 0; row < codes.size(); ++row)
    if (codes[row] != 0) all[column.codes[meeting.of_added[row]]] = theirs[codes[row]];
  all[0] = unseen;
  return all;
}

struct Candidates {  // rows of the meeting, by rule
  std::vector<std::vector<std::uint32_t>> left, right;
};

// A pair belongs to the first rule that makes it; rules with a filter are asked now that the values are there.
void apply_filters(const LinkIndex& index, const Meeting& meeting, const BlockingPlan& plan, std::size_t r, const std::vector<AddedPair>& pairs,
                   const std::vector<std::vector<std::uint32_t>>& keys_left, const std::vector<std::vector<std::uint32_t>>& keys_right, PairScorer& scorer, std::vector<std::uint8_t>& keep) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::uint32_t x = meeting.of_added[pairs[i].added];
    const auto at = std::lower_bound(meeting.base.begin(), meeting.base.end(), pairs[i].base) - meeting.base.begin();
    const std::uint32_t y = meeting.of_base[static_cast<std::size_t>(at)], left = std::min(x, y), right = std::max(x, y);
    const std::uint32_t* packed = index.packed.data() + std::size_t{pairs[i].base} * index.width;
    for (std::size_t e = 0; e < r && keep[i]; ++e) {
      if (plan.rules[e].filter < 0) continue;
      const std::uint32_t mine = x < y ? keys_left[e][pairs[i].added] : keys_right[e][pairs[i].added];
      const std::uint32_t its = packed[x < y ? index.rules[e].right_key_at : index.rules[e].left_key_at];
      if (mine != 0 && mine == its && scorer.passes(static_cast<std::size_t>(plan.rules[e].filter), left, right)) keep[i] = 0;
    }
    if (keep[i] && plan.rules[r].filter >= 0 && !scorer.passes(static_cast<std::size_t>(plan.rules[r].filter), left, right)) keep[i] = 0;
  }
}

}  // namespace

std::uint64_t known_records(const LinkIndex& index, const Records& records) {
  // Sources that a column names are numbered anew in each file: there an id counts in whichever source it is.
  std::set<std::string_view> added(index.added.ids.begin(), index.added.ids.end());
  std::set<std::uint16_t> sources;
  for (std::size_t i = 0; i < std::max<std::size_t>(1, index.source_names.size()); ++i) sources.insert(static_cast<std::uint16_t>(i));
  std::uint64_t known = 0;
  for (std::size_t row = 0; row < records.size(); ++row) {
    bool found = added.count(records.ids[row]) != 0;
    if (index.source_names.empty()) found = found || index.row_of(records.source[row], records.ids[row]);
    else
      for (const auto source : sources) found = found || index.row_of(source, records.ids[row]);
    known += found;
  }
  return known;
}

Result<LinkSummary> link_added(const LinkFiles& job, const LinkIndex& index, const Records& fresh, const std::string& spec_hash) {
  LinkSummary summary;
  JOINEDUP_TRY(auto model, read_splink_model(index.model, "the earlier run's model"));
  summary.cluster_probability = job.cluster_probability.value_or(model.cluster_probability.value_or(default_cluster_probability));
  JOINEDUP_CHECK(check_job(job, index, spec_hash, summary.cluster_probability));
  AddedRecords all = index.added;
  const std::size_t earlier = all.ids.size();
  JOINEDUP_CHECK(take(job, index, model, fresh, all));
  const double cluster_weight = probability_to_weight(summary.cluster_probability), written_weight = probability_to_weight(job.least_probability);
  const double least = std::min(cluster_weight, written_weight);

  // Which pairs: among the added records, and between them and the old.
  JOINEDUP_TRY(const auto added, added_records(index, all, job.threads));
  std::vector<std::uint8_t> is_new;
  for (const auto at : added.input_row) is_new.push_back(at > earlier);
  JOINEDUP_TRY(auto plan, plan_blocking(model.blocking_rules, model, added, job.threads));
  const auto filters = take_filters(plan);
  JOINEDUP_TRY(const auto compiled, compile_model(model, added, filters, job.threads, [&](const DataColumn& column) { return index.log_frequencies(column); }));
  Candidates candidates;
  candidates.left.resize(plan.rules.size());
  candidates.right.resize(plan.rules.size());
  {
    const Finder finder(plan, compiled, least, job.threads);
    PairScorer scorer(compiled);
    Finder::Scratch scratch;
    const Finder::Only only = [&](std::uint32_t left, std::uint32_t right) { return is_new[left] || is_new[right]; };
    for (const auto& task : plan.tasks) {
      finder.find(task, scorer, earlier ? only : Finder::Only(), scratch);
      candidates.left[task.rule].insert(candidates.left[task.rule].end(), scratch.left.begin(), scratch.left.end());
      candidates.right[task.rule].insert(candidates.right[task.rule].end(), scratch.right.begin(), scratch.right.end());
      summary.pairs_scored += scratch.seen;
    }
  }
  JOINEDUP_TRY(const auto found, find_added(index, plan, compiled, is_new, least, job.threads));
  summary.pairs_scored += found.seen;

  // Their weights.
  JOINEDUP_TRY(const auto meeting, meet(index, all, added, found, job.threads));
  JOINEDUP_TRY(const auto scoring, compile_model(model, meeting.records, filters, job.threads,
                                                [&](const DataColumn& column) { return met_frequencies(index, meeting, added, compiled, column); }));
  JOINEDUP_TRY(auto folder, OutputFolder::open(job.out));
  JOINEDUP_TRY(const auto writer, open_pair_writer(folder, job.format, scoring, written_weight));
  std::vector<std::uint32_t> roots(index.cluster_of.begin(), index.cluster_of.end());
  while (roots.size() < index.rows() + all.ids.size()) roots.push_back(static_cast<std::uint32_t>(roots.size()));
  Components components(std::move(roots));
  PairScorer scorer(scoring);
  std::vector<std::vector<std::uint32_t>> keys_left, keys_right;
  const bool filtered = !filters.empty();
  if (filtered) {
    for (std::size_t r = 0; r < plan.rules.size(); ++r)
      for (const Side side : {Side::left, Side::right}) {
        JOINEDUP_TRY(const auto hashes, key_hashes(plan.rules[r], added, side));
        auto& keys = (side == Side::left ? keys_left : keys_right).emplace_back(hashes.size(), 0);
        for (std::size_t row = 0; row < hashes.size(); ++row)
          if (hashes[row] != 0) keys[row] = index.rules[r].key(hashes[row]);
      }
  }
  for (std::size_t r = 0; r < plan.rules.size(); ++r) {
    std::vector<std::uint32_t> left, right;
    for (std::size_t i = 0; i < candidates.left[r].size(); ++i) {
      const std::uint32_t a = meeting.of_added[candidates.left[r][i]], b = meeting.of_added[candidates.right[r][i]];
      left.push_back(std::min(a, b));
      right.push_back(std::max(a, b));
    }
    std::vector<std::uint8_t> keep(found.by_rule[r].size(), 1);
    if (filtered) {
      apply_filters(index, meeting, plan, r, found.by_rule[r], keys_left, keys_right, scorer, keep);
      summary.pairs_scored -= static_cast<std::uint64_t>(std::count(keep.begin(), keep.end(), 0));
    }
    for (std::size_t i = 0; i < keep.size(); ++i) {
      if (!keep[i]) continue;
      const auto at = std::lower_bound(meeting.base.begin(), meeting.base.end(), found.by_rule[r][i].base) - meeting.base.begin();
      const std::uint32_t a = meeting.of_added[found.by_rule[r][i].added], b = meeting.of_base[static_cast<std::size_t>(at)];
      left.push_back(std::min(a, b));
      right.push_back(std::max(a, b));
    }
    scorer.score(left, right);
    PairBatch batch;
    keep_scored(scorer, scoring, left, right, least, static_cast<std::uint16_t>(plan.rules[r].match_key), batch);
    writer->render(batch);
    for (std::size_t i = 0; i < batch.left.size(); ++i)
      if (batch.weight[i] >= cluster_weight) components.join(meeting.place[batch.left[i]], meeting.place[batch.right[i]]);
    JOINEDUP_CHECK(writer->write(batch));
  }
  JOINEDUP_CHECK(writer->close());
  summary.pairs_written = writer->rows;

  // Clusters of all records, and the index with the new ones.
  const std::size_t total = index.rows() + all.ids.size();
  summary.records = total;
  summary.prior = model.prior;
  std::vector<std::uint32_t> cluster_of(total), sizes(total, 0);
  for (std::uint32_t row = 0; row < total; ++row) {
    cluster_of[row] = components.root(row);
    summary.clusters += cluster_of[row] == row;
    ++sizes[cluster_of[row]];
  }
  for (const auto size : sizes) summary.linked_records += size > 1 ? size : 0;
  ShownIds shown;
  shown.reserve(total);
  std::string scratch;
  for (std::uint32_t row = 0; row < index.rows(); ++row) {
    if (index.id_in_both.empty() || !index.id_in_both[row]) shown.add(index.ids[row]);
    else shown.add_text(std::string(index.shown_id(row, scratch)));
  }
  for (const auto id : all.ids) shown.add(id);
  JOINEDUP_CHECK(write_clusters(folder, job.format, cluster_of, job.threads, shown.by_row()));
  JOINEDUP_CHECK(write_file(folder.path("model.json"), index.model));
  std::error_code error;
  std::filesystem::create_hard_link(job.previous + "/linkage.index", folder.path("linkage.index"), error);
  if (error) std::filesystem::copy_file(job.previous + "/linkage.index", folder.path("linkage.index"), error);
  if (error) return fail(ErrorCode::storage_full, "The index could not be carried over: " + error.message() + ".", job.out);
  JOINEDUP_CHECK(write_added(folder, all, cluster_of));
  JOINEDUP_CHECK(folder.publish());
  return summary;
}

}  // namespace joinedup::linkage
