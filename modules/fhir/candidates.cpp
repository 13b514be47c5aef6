// From lookups to rows: one lookup drives, the others are asked of each row.
#include <algorithm>

#include "fhir/search.hpp"

namespace joinedup::fhir {

namespace {

// The entries of the sorted part whose low end lies where a range can be met.
struct Box {
  std::uint32_t from = 0, to = 0;
  bool wide = false;  // entries that reach far may be met from outside the box
};

std::int64_t minus_reach(std::int64_t at) { return at < earliest + column_reach ? earliest : at - column_reach; }

Box box_of(const ColumnView& column, const Lookup::Range& range) {
  std::int64_t low = earliest, high = latest;
  Box box;
  switch (range.prefix) {
    case Prefix::eq: low = range.asked.low, high = range.asked.high; break;
    case Prefix::ne: break;
    case Prefix::gt: low = minus_reach(range.asked.high), box.wide = true; break;
    case Prefix::ge: low = minus_reach(range.asked.low), box.wide = true; break;
    case Prefix::lt: case Prefix::eb: high = range.asked.low; break;
    case Prefix::le: high = range.asked.high; break;
    case Prefix::sa: low = range.asked.high; break;
    case Prefix::ap: low = minus_reach(range.asked.low), high = range.asked.high, box.wide = true; break;
  }
  const auto* begin = column.order;
  const auto* end = column.order + column.ordered;
  box.from = static_cast<std::uint32_t>(std::partition_point(begin, end, [&](std::uint32_t i) { return column.low[i] < low; }) - begin);
  box.to = static_cast<std::uint32_t>(std::partition_point(begin + box.from, end, [&](std::uint32_t i) { return column.low[i] <= high; }) - begin);
  return box;
}

bool holds(const ColumnView& column, std::uint32_t i, const Lookup::Range& range) {
  return prefix_holds(range.prefix, {column.low[i], column.high[i]}, range.asked);
}

bool column_has(const ColumnView& column, Row row, const Lookup::Range& range) {
  const auto* end = column.rows + column.count;
  for (const auto* at = std::lower_bound(column.rows, end, row); at != end && *at == row; ++at)
    if (holds(column, static_cast<std::uint32_t>(at - column.rows), range)) return true;
  return false;
}

// A lookup within one segment.
class Probe {
 public:
  Probe(const Lookup& lookup, const Segment& segment) : lookup_(lookup), segment_(segment) {
    if (lookup.kind == Lookup::Kind::tokens)
      for (const auto key : lookup.tokens)
        if (const Postings found = segment.tokens(key); found.count > 0) postings_.push_back(found);
    if (lookup.kind == Lookup::Kind::columns)
      for (const auto& range : lookup.ranges) columns_.push_back(segment.column(range.column));
    if (lookup.kind == Lookup::Kind::tokens && postings_.size() > 8) rows(segment.first(), listed_);
  }
  bool keeps(Row row) const { return contains(row) == (lookup_.sense == Lookup::Sense::holds); }
  const Postings* single() const { return lookup_.kind == Lookup::Kind::tokens && postings_.size() == 1 ? &postings_[0] : nullptr; }

  // Every row from `from` on that holds it, ascending.
  void rows(Row from, std::vector<Row>& out) const {
    out.clear();
    for (const Postings& postings : postings_) {
      PostingsCursor cursor(postings);
      for (Row row = cursor.seek(from); row != no_row; row = cursor.seek(row + 1)) out.push_back(row);
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) column_rows(columns_[i], lookup_.ranges[i], from, out);
    if (lookup_.kind == Lookup::Kind::rows)
      for (Row row : lookup_.rows)
        if (row >= from && row >= segment_.first() && row < segment_.end()) out.push_back(row);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
  }

 private:
  bool contains(Row row) const {
    switch (lookup_.kind) {
      case Lookup::Kind::tokens:
        if (!listed_.empty()) return std::binary_search(listed_.begin(), listed_.end(), row);
        return std::any_of(postings_.begin(), postings_.end(), [&](const Postings& p) { return p.contains(row); });
      case Lookup::Kind::columns:
        for (std::size_t i = 0; i < columns_.size(); ++i)
          if (column_has(columns_[i], row, lookup_.ranges[i])) return true;
        return false;
      case Lookup::Kind::rows: return std::binary_search(lookup_.rows.begin(), lookup_.rows.end(), row);
      case Lookup::Kind::instants:
        return std::any_of(lookup_.ranges.begin(), lookup_.ranges.end(), [&](const Lookup::Range& range) {
          return prefix_holds(range.prefix, {segment_.instant(row), segment_.instant(row)}, range.asked);
        });
    }
    return false;
  }

  static void column_rows(const ColumnView& column, const Lookup::Range& range, Row from, std::vector<Row>& out) {
    const auto put = [&](std::uint32_t i) {
      if (column.rows[i] >= from && holds(column, i, range)) out.push_back(column.rows[i]);
    };
    const Box box = box_of(column, range);
    if (box.to - box.from > column.count / 4) {  // most of it: in the order of rows, without hopping
      for (std::uint32_t i = 0; i < column.count; ++i) put(i);
      return;
    }
    for (std::uint32_t at = box.from; at < box.to; ++at) put(column.order[at]);
    for (std::uint32_t i = column.ordered; i < column.count; ++i) put(i);
    if (box.wide)
      for (std::uint32_t i = 0; i < column.wide_count; ++i) put(column.wide[i]);
  }

  const Lookup& lookup_;
  const Segment& segment_;
  std::vector<Postings> postings_;
  std::vector<ColumnView> columns_;
  std::vector<Row> listed_;
};

}  // namespace

void Search::estimate(Lookup& lookup, const Index::View& view) {
  lookup.estimate = lookup.kind == Lookup::Kind::rows ? lookup.rows.size() : lookup.kind == Lookup::Kind::instants ? view.end() : 0;
  if (lookup.kind == Lookup::Kind::tokens && lookup.tokens.size() > 256) {  // a chain: more hops than a count is worth
    lookup.estimate = lookup.tokens.size() * 16;
    return;
  }
  for (const auto& segment : view.segments()) {
    if (lookup.kind == Lookup::Kind::tokens)
      for (const auto key : lookup.tokens) lookup.estimate += segment->tokens(key).count;
    if (lookup.kind == Lookup::Kind::columns)
      for (const auto& range : lookup.ranges) {
        const ColumnView column = segment->column(range.column);
        const Box box = box_of(column, range);
        lookup.estimate += box.to - box.from + (column.count - column.ordered) / 8 + (box.wide ? column.wide_count : 0);
      }
  }
}

Gate gate_of(const Permit& permit, Action action, std::string_view type, const Keys& keys, std::uint64_t store) {
  Gate gate;
  gate.none_asked = permit.everything();
  if (gate.none_asked) return gate;
  const auto narrowing = permit.narrowing(action, type);
  if (!narrowing || narrowing->patients == nullptr) return gate;
  gate.one_asked = narrowing->of_these == Narrowing::OfThese::asked;
  const auto hash = [&](std::string_view id) { return keys.self("Patient", id); };
  gate.people = narrowing->patients->hashes(store, hash);
  if (narrowing->asked != nullptr && !narrowing->asked->ids().empty()) gate.some = narrowing->asked->hashes(store, hash);
  return gate;
}

PersonTable::PersonTable(const std::vector<std::uint64_t>& hashes) {
  std::size_t size = 2;
  while (size < hashes.size() * 2) size *= 2;
  slots_.resize(size);
  mask_ = size - 1;
  for (const auto hash : hashes) {
    auto at = hash & mask_;
    while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & mask_;
    slots_[at] = hash;
  }
}

std::shared_ptr<const PersonTable> PatientSet::hashes(std::uint64_t store, const std::function<std::uint64_t(std::string_view id)>& hash) const {
  const std::lock_guard lock(mutex_);
  if (hashes_ != nullptr && hashed_for_ == store) return hashes_;
  std::vector<std::uint64_t> made;
  made.reserve(ids_.size());
  for (const auto& id : ids_) made.push_back(hash(id));
  hashed_for_ = store;
  hashes_ = std::make_shared<const PersonTable>(made);
  return hashes_;
}

bool Search::candidates(const Index::View& view, const std::vector<Lookup>& all, const Gate& gate, std::size_t most, Row& reached,
                        std::vector<Candidate>& out, std::uint64_t* allowed) {
  const Row begin = reached == no_row ? 0 : reached + 1;
  const std::uint64_t pause = looked_at_ + limits_.at_once;
  std::vector<Row> listed;
  std::vector<Probe> probes;
  std::uint64_t person = nobody;  // of the row before: many rows of one person stand together
  auto verdict = gate.of(nobody);
  for (const auto& segment : view.segments()) {
    if (segment->end() <= begin) continue;
    const Row from = std::max(begin, segment->first());
    const Probe driver(all[0], *segment);
    probes.clear();
    for (std::size_t i = 1; i < all.size(); ++i) probes.emplace_back(all[i], *segment);
    const auto consider = [&](Row row) {
      ++looked_at_;
      reached = row;
      if (view.dead().has(row)) return true;
      for (const Probe& probe : probes)
        if (!probe.keeps(row)) return true;
      if (!gate.none_asked)
        if (const auto about = segment->person(row); about != person) person = about, verdict = gate.of(about);
      if (verdict == Gate::Verdict::withheld) return true;
      if (allowed != nullptr && verdict == Gate::Verdict::allowed) ++*allowed;
      else out.push_back({row, verdict == Gate::Verdict::asked});
      return out.size() < most && looked_at_ < limits_.candidates;
    };
    if (const Postings* single = driver.single()) {
      PostingsCursor cursor(*single);
      for (Row row = cursor.seek(from); row != no_row; row = cursor.seek(row + 1))
        if (!consider(row) || looked_at_ >= pause) return false;
    } else {
      driver.rows(from, listed);  // once gathered, gone through
      for (Row row : listed)
        if (!consider(row)) return false;
    }
  }
  return true;
}

Row Search::current_row(const Index::View& view, std::uint64_t self) const {
  const auto& segments = view.segments();
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    const Postings found = (*segment)->versions(self);
    if (found.count == 0) continue;
    Row last = no_row;
    if (found.kind == Postings::Kind::list) last = found.data[found.count - 1];
    else {
      PostingsCursor cursor(found);
      for (Row row = cursor.seek(0); row != no_row; row = cursor.seek(row + 1)) last = row;
    }
    return view.dead().has(last) ? no_row : last;
  }
  return no_row;
}

}  // namespace joinedup::fhir
