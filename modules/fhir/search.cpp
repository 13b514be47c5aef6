#include "fhir/search.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <deque>
#include <set>

#include "base/hash.hpp"

namespace joinedup::fhir {

using fhirpath::Document;

Version to_version(StoredVersion stored) {
  Version out{std::move(stored.type), std::move(stored.id), stored.version, stored.instant, stored.method, {}};
  if (!stored.text.empty()) out.body = with_meta(stored.text, stored.splice, stored.version, stored.instant);
  return out;
}

// What a request asks of the index; the first drives.
Result<std::vector<Lookup>> Search::plan(const Request& request) {
  std::vector<Lookup> all;
  for (const Criterion* criterion : request.criteria) JOINEDUP_CHECK(lookups(request.type, *criterion, all));
  const auto drives = [](const Lookup& lookup) { return lookup.sense == Lookup::Sense::holds && lookup.kind != Lookup::Kind::instants; };
  if (std::none_of(all.begin(), all.end(), drives)) {
    Lookup type;
    type.tokens = {keys_.of_type(request.type)};
    type.what = "type";
    all.push_back(std::move(type));
  }
  {
    const Index::View view = index_.view();
    for (Lookup& lookup : all) estimate(lookup, view);
  }
  const auto driver = std::min_element(all.begin(), all.end(), [&](const Lookup& a, const Lookup& b) {
    return drives(a) != drives(b) ? drives(a) : a.estimate < b.estimate;
  });
  std::swap(*driver, all.front());
  if (trace_ != nullptr)
    for (const Lookup& lookup : all) trace_->steps.push_back({lookup.what, lookup.estimate});
  return all;
}

namespace {
bool all_exact(const std::vector<Lookup>& all) {
  return std::all_of(all.begin(), all.end(), [](const Lookup& lookup) { return lookup.exact; });
}
}  // namespace

tl::unexpected<Error> Search::too_many() const {
  return fail(ErrorCode::too_large, "The search would have to look at more than " + std::to_string(limits_.candidates) +
                                        " resources. Add a parameter that narrows it.");
}

Result<std::vector<Search::Found>> Search::find(const Request& request) {
  JOINEDUP_TRY(const auto all, plan(request));
  const bool exact = all_exact(all);
  const bool bodies = request.bodies == Request::Bodies::wanted || !exact;
  const Gate gate = this->gate(request.action, request.type);
  std::vector<Found> out;
  std::vector<Candidate> rows;
  Row after = request.after;
  for (bool ended = false; !ended;) {
    rows.clear();
    const std::size_t wanted = request.most - out.size();
    const std::size_t most = exact ? wanted : std::max<std::size_t>(wanted * 2, 64);
    {
      const Index::View view = index_.view();
      ended = candidates(view, all, gate, most, after, rows);
    }
    if (looked_at_ >= limits_.candidates) return too_many();
    for (const Candidate& candidate : rows) {
      Found found{.row = candidate.row};
      if (bodies || candidate.asked) {
        JOINEDUP_TRY(const bool good, check(request, exact, candidate.asked, found));
        if (!good) continue;
        if (request.action == Action::search) held_ += found.version->text.size(), let_go(found);
        if (request.action == Action::include) JOINEDUP_CHECK(count_included(found.version->text.size()));
      }
      out.push_back(std::move(found));
      if (out.size() == request.most) return out;
    }
  }
  return out;
}

// How many there are: rows are counted as they come, none is kept.
Result<std::uint64_t> Search::count(const Request& request) {
  JOINEDUP_TRY(const auto all, plan(request));
  const bool exact = all_exact(all);
  const Gate gate = this->gate(request.action, request.type);
  std::uint64_t sum = 0;
  std::vector<Candidate> rows;
  Row after = no_row;
  for (bool ended = false; !ended;) {
    rows.clear();
    {
      const Index::View view = index_.view();
      ended = candidates(view, all, gate, 65536, after, rows, exact ? &sum : nullptr);
    }
    if (looked_at_ >= limits_.candidates) return too_many();
    for (const Candidate& candidate : rows) {
      bool good = true;
      if (!exact || candidate.asked) {
        Found found{.row = candidate.row};
        JOINEDUP_TRY(good, check(request, exact, candidate.asked, found));
      }
      sum += good ? 1U : 0U;
    }
  }
  return sum;
}

// Of several types: each on its own, in the order of rows. Bodies are read for what is shown only.
Result<std::vector<Search::Found>> Search::find_several(const std::vector<Request>& requests) {
  if (requests.size() == 1) return find(requests[0]);
  std::vector<std::pair<Found, const Request*>> order;
  for (const Request& request : requests) {
    JOINEDUP_TRY(auto found, find(request));
    for (Found& one : found) order.emplace_back(std::move(one), &request);
  }
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first.row < b.first.row; });
  std::vector<Found> out;
  for (auto& [found, request] : order) {
    if (out.size() == request->most) break;
    bool good = true;
    if (!found.version && !found.checked) {
      JOINEDUP_TRY(good, check(*request, true, false, found));
      if (good) held_ += found.version->text.size(), let_go(found);
    }
    if (good) out.push_back(std::move(found));
  }
  return out;
}

Result<void> Search::load(Found& found) {
  if (found.version) return {};
  JOINEDUP_TRY(auto* const reading, reader());
  JOINEDUP_TRY(found.version, reading->read(found.row));
  if (!found.version) return fail(ErrorCode::internal, "A resource that the search found is not there.");
  return {};
}

void Search::let_go(Found& found) {
  found.checked = true;
  if (held_ > limits_.page_bytes) found.version.reset();
}

Result<void> Search::count_included(std::size_t bytes) {
  included_ += bytes;
  if (included_ <= limits_.included_bytes) return {};
  return fail(ErrorCode::too_large, "What this page includes is over " + std::to_string(limits_.included_bytes >> 20) + " MB. Ask for fewer resources a page by _count.");
}

Result<VersionLog::Reader*> Search::reader() {
  if (reader_ == nullptr) {
    JOINEDUP_TRY(reader_, log_.reader());
    reader_->hold();
  }
  return reader_.get();
}

namespace {

// What an exact lookup found can be wrong only where two hashes meet: that the value stands in the text at all tells them apart,
// without reading the text as JSON. False: not told this way, so that the resource itself is asked.
bool plainly_matches(const std::vector<const Criterion*>& criteria, std::string_view text) {
  const auto stands = [&](std::string_view value) { return !value.empty() && memmem(text.data(), text.size(), value.data(), value.size()) != nullptr; };
  return std::all_of(criteria.begin(), criteria.end(), [&](const Criterion* criterion) {
    if (criterion->has != nullptr || !criterion->chain.empty() || !criterion->list.empty()) return true;  // the index alone decides these
    if (!criterion->any_of.empty() || criterion->modifier == Modifier::missing || criterion->modifier == Modifier::negated) return false;
    switch (criterion->parameter->kind) {
      case ParameterKind::date: case ParameterKind::string: return true;  // columns hold the value itself
      case ParameterKind::token:
        return std::any_of(criterion->values.begin(), criterion->values.end(), [&](const SearchValue& v) { return stands(v.code) && (v.system.empty() || stands(v.system)); });
      case ParameterKind::reference:
        return std::any_of(criterion->values.begin(), criterion->values.end(), [&](const SearchValue& v) {
          return stands(std::string_view(v.reference).substr(v.reference.rfind('/') + 1));
        });
      default: return false;
    }
  });
}

}  // namespace

Result<bool> Search::check(const Request& request, bool exact, bool asked, Found& found) {
  if (!exact && ++checked_ > limits_.checked)
    return fail(ErrorCode::too_large, "The search would have to read more than " + std::to_string(limits_.checked) +
                                          " resources. Add a parameter that narrows it.");
  JOINEDUP_TRY(auto* const reading, reader());
  JOINEDUP_TRY(found.version, reading->read(found.row));
  if (!found.version || found.version->text.empty() || found.version->type != request.type) return false;
  if (exact && !asked && plainly_matches(request.criteria, found.version->text)) return true;
  JOINEDUP_CHECK(document_.parse(found.version->text));
  for (const Criterion* criterion : request.criteria) {
    if (criterion->has != nullptr || !criterion->chain.empty() || !criterion->list.empty()) continue;
    if (!matcher_.matches(*criterion, document_, found.version->instant)) return false;
  }
  return !asked || permit_.allows(request.action, {found.version->type, found.version->id, &document_});
}

// --- order and pages ---

Result<void> Search::sort_values(const Query& query, Found& found) {
  JOINEDUP_CHECK(load(found));
  JOINEDUP_CHECK(document_.parse(found.version->text));
  std::vector<Extracted> values;
  for (const SortKey& key : query.sort) {
    SortValue best;
    const auto offer = [&](std::int64_t number, std::string text) {
      const bool before = best.absent || number < best.number || (number == best.number && text < best.text);
      const bool behind = best.absent || number > best.number || (number == best.number && text > best.text);
      if (key.direction == SortKey::Direction::ascending ? before : behind) best = {false, number, std::move(text)};
    };
    values.clear();
    if (key.parameter->code == "_lastUpdated") offer(found.version->instant, "");
    else ExtractionPlan::of_parameter(found.version->type, *key.parameter).run(document_, document_.root(), values);
    for (const Extracted& value : values) {
      switch (value.shape) {
        case Shape::period: offer(key.direction == SortKey::Direction::ascending ? value.period.low : value.period.high, ""); break;
        case Shape::number: case Shape::quantity: {
          double number = 0;
          std::from_chars(value.code.data(), value.code.data() + value.code.size(), number);
          offer(sortable(number), "");
          break;
        }
        case Shape::range: case Shape::present: break;
        case Shape::text: offer(0, fold(value.text)); break;
        default: offer(0, std::string(value.code)); break;
      }
    }
    found.sort.push_back(std::move(best));
  }
  return {};
}

// What has no value comes last in either direction; ties by row.
bool Search::sorts_before(const Query& query, const Found& a, const Found& b) {
  for (std::size_t i = 0; i < query.sort.size(); ++i) {
    const SortValue &x = a.sort[i], &y = b.sort[i];
    if (x.absent != y.absent) return y.absent;
    if (x.number == y.number && x.text == y.text) continue;
    const bool less = x.number < y.number || (x.number == y.number && x.text < y.text);
    return less == (query.sort[i].direction == SortKey::Direction::ascending);
  }
  return a.row < b.row;
}

std::string Search::cursor_text(const Query& query, Row last) const {
  const std::string row = std::to_string(last);
  const Digest mark = hmac_sha256(log_.secret(), query.compartment + "/" + query.type + "?" + query.self() + "#" + row);
  return row + "-" + to_hex({mark.data(), 16});
}

Result<Row> Search::read_cursor(const Query& query) const {
  Row row = 0;
  const auto end = query.cursor.find('-');
  std::from_chars(query.cursor.data(), query.cursor.data() + std::min(end, query.cursor.size()), row);
  if (end == std::string::npos || cursor_text(query, row) != query.cursor)
    return fail(ErrorCode::wrong_usage, "The page address is not one that this server gave out for this search. Start the search again.");
  return row;
}

Result<std::vector<Search::Found>> Search::sorted_page(const Query& query, std::vector<Request> requests, Row after) {
  std::vector<Found> found;
  for (Request& request : requests) {
    request.most = limits_.sorted + 1 - found.size();
    request.after = no_row;
    request.bodies = Request::Bodies::wanted;
    JOINEDUP_TRY(auto more, find(request));
    std::move(more.begin(), more.end(), std::back_inserter(found));
    if (found.size() > limits_.sorted)
      return fail(ErrorCode::too_large, "More than " + std::to_string(limits_.sorted) + " resources would have to be sorted. Add a parameter that narrows the search.");
  }
  for (Found& one : found) {
    JOINEDUP_CHECK(sort_values(query, one));
    let_go(one);
  }
  const auto before = [&](const Found& a, const Found& b) { return sorts_before(query, a, b); };
  std::sort(found.begin(), found.end(), before);
  if (after != no_row) {  // the last one shown may be gone by now: its values stand in its row
    Found last{.row = after};
    JOINEDUP_CHECK(sort_values(query, last));
    found.erase(found.begin(), std::upper_bound(found.begin(), found.end(), last, before));
  }
  if (found.size() > query.count + 1) found.resize(query.count + 1);
  return found;
}

Result<SearchPage> Search::run(const Query& query) {
  SearchPage page;
  page.warnings = query.warnings;
  Row after = no_row;
  if (!query.cursor.empty()) {
    JOINEDUP_TRY(after, read_cursor(query));
  }
  std::deque<Criterion> kept;  // what had to be made of the query's own
  std::vector<Request> requests;
  const auto ask = [&](std::string_view type, const std::vector<Criterion>& criteria) -> Result<void> {
    Request request{.type = type, .criteria = {}, .after = after, .most = query.count + 1, .bodies = Request::Bodies::if_inexact};
    for (const Criterion& criterion : criteria) {
      if (needs_resolving(criterion)) {
        JOINEDUP_TRY(auto made, resolved(criterion));
        request.criteria.push_back(&kept.emplace_back(std::move(made)));
      } else {
        request.criteria.push_back(&criterion);
      }
    }
    requests.push_back(std::move(request));
    return {};
  };
  if (query.several.empty()) JOINEDUP_CHECK(ask(query.type, query.criteria));
  for (const auto& one : query.several) JOINEDUP_CHECK(ask(one.type, one.criteria));
  if (query.summary == Summary::count || query.total == Total::accurate) {
    page.total = 0;
    for (Request counting : requests) {
      counting.after = no_row;
      counting.action = Action::count;
      JOINEDUP_TRY(const auto some, count(counting));
      *page.total += some;
    }
    if (query.summary == Summary::count) return page;
    looked_at_ = checked_ = 0;
    if (trace_ != nullptr) trace_->steps.clear();
  }
  std::vector<Found> found;
  if (query.sort.empty()) {
    JOINEDUP_TRY(found, find_several(requests));
  } else {
    JOINEDUP_TRY(found, sorted_page(query, requests, after));
  }
  const Request* const requests_first = &requests.front();  // of several types everything has been read
  if (found.size() > query.count) {
    found.resize(query.count);
    page.next = cursor_text(query, found.back().row);
  }
  page.entries.reserve(found.size());
  std::vector<Row> rows;
  std::size_t bytes = 0;
  for (Found& one : found) {
    if (bytes > limits_.page_bytes) {
      page.next = cursor_text(query, rows.back());
      break;
    }
    if (!one.version && one.checked) JOINEDUP_CHECK(load(one));
    if (!one.version) {  // found by the index alone, so far
      JOINEDUP_TRY(const bool good, check(*requests_first, true, false, one));
      if (!good) continue;
    }
    bytes += one.version->text.size();
    page.entries.push_back({to_version(std::move(*one.version)), SearchEntry::Mode::match});
    rows.push_back(one.row);
  }
  if (trace_ != nullptr) trace_->candidates = looked_at_, trace_->read = checked_ + page.entries.size();
  if (!query.includes.empty() || !query.reverse_includes.empty() || query.linked != LinkedResources::leave) JOINEDUP_CHECK(include(query, page, std::move(rows)));
  return page;
}

// --- includes ---

Result<std::optional<StoredVersion>> Search::current(std::string_view type, std::string_view id, Row* at) {
  Row row = no_row;
  {
    const Index::View view = index_.view();
    row = current_row(view, keys_.self(type, id));
  }
  if (at != nullptr) *at = row;
  if (row == no_row) return std::optional<StoredVersion>();
  JOINEDUP_TRY(auto* const reading, reader());
  JOINEDUP_TRY(auto version, reading->read(row));
  if (version && (version->type != type || version->id != id || version->text.empty())) version.reset();
  return version;
}

// The current version of what a reference names, once; `there` holds what has been asked for.
Result<void> Search::follow(const Include& include, std::string_view plain, Addresses& there, std::vector<Pointed>& out) {
  const auto slash = plain.find('/');
  if (slash == plain.npos) return {};
  const auto type = plain.substr(0, slash), id = plain.substr(slash + 1);
  if (!include.target_type.empty() && type != include.target_type) return {};
  if (there.contains(plain) || !Definitions::r4().is_resource(type)) return {};
  Row row = no_row;
  JOINEDUP_TRY(auto version, current(type, id, &row));
  there.emplace(plain);  // whether it is there or not
  if (!version) return {};
  JOINEDUP_CHECK(count_included(version->text.size()));
  out.push_back({row, std::move(*version)});
  return {};
}

// The resources that `from`, which document_ holds, refers to by a parameter.
Result<void> Search::include_referred(const Include& include, const Version& from, Addresses& there, std::vector<Pointed>& out) {
  thread_local std::vector<Extracted> values;
  values.clear();
  if (include.parameter != nullptr) ExtractionPlan::of_parameter(from.type, *include.parameter).run(document_, document_.root(), values);
  else ExtractionPlan::of_type(from.type).run(document_, document_.root(), values);
  for (const Extracted& value : values)
    if (value.shape == Shape::reference) JOINEDUP_CHECK(follow(include, plain_reference(value.code, keys_.base_url()), there, out));
  return {};
}

// The same without reading the text as JSON: every string that could be a reference is shown to the index, which knows those that
// the parameter holds in this row. False: the text must be read, because strings may be written with escapes or the row was superseded.
Result<bool> Search::include_standing(const Include& include, const Version& from, Row row, Addresses& there, std::vector<Pointed>& out) {
  const std::string_view text = from.body;
  if (include.parameter == nullptr || row == no_row || text.find('\\') != text.npos) return false;
  const auto parameter = keys_.parameter(include.source_type, include.parameter->code);
  for (std::size_t at = text.find('/'); at != text.npos; at = text.find('/', at)) {
    const auto begin = text.rfind('"', at) + 1;
    at = std::min(text.find('"', at), text.size());
    const auto plain = plain_reference(text.substr(begin, at - begin), keys_.base_url());
    if (plain.empty() || plain[0] < 'A' || plain[0] > 'Z' || there.contains(plain)) continue;
    {
      const Index::View view = index_.view();
      if (view.dead().has(row)) return false;  // a join may have left it out
      if (!view.of(row).tokens(keys_.reference(parameter, keys_.self(plain))).contains(row)) continue;
    }
    JOINEDUP_CHECK(follow(include, plain, there, out));
  }
  return true;
}

// The resources that refer to `to`.
Result<void> Search::include_referring(const Include& include, const Version& to, std::vector<Pointed>& out) {
  if (include.parameter == nullptr) return {};
  Criterion criterion;
  criterion.type = include.source_type;
  criterion.parameter = include.parameter;
  criterion.values.emplace_back().reference = to.type + "/" + to.id;
  const Request request{.type = include.source_type, .criteria = {&criterion}, .most = limits_.included + 1, .action = Action::include};
  JOINEDUP_TRY(auto pointing, find(request));
  for (Found& pointer : pointing) out.push_back({pointer.row, std::move(*pointer.version)});
  return {};
}

Gate::Verdict Search::verdict_of(Row row, const std::string& type) {
  auto found = included_gates_.find(type);
  if (found == included_gates_.end()) found = included_gates_.emplace(type, gate(Action::include, type)).first;
  if (found->second.none_asked) return Gate::Verdict::allowed;
  if (row == no_row) return Gate::Verdict::asked;
  const Index::View view = index_.view();
  return found->second.of(view.of(row).person(row));
}

Result<void> Search::include(const Query& query, SearchPage& page, std::vector<Row> rows) {
  Addresses there, referred;
  for (const SearchEntry& entry : page.entries) there.insert(entry.version.type + "/" + entry.version.id);
  referred = there;
  const Include everything{.source_type = {}, .parameter = nullptr, .target_type = {}};
  Document document;
  std::size_t added = 0;
  for (std::size_t from = 0, end = page.entries.size(); from < end; from = end, end = page.entries.size()) {
    const bool first = from == 0;
    std::vector<Pointed> found;
    for (std::size_t i = from; i < end; ++i) {
      const Version& version = page.entries[i].version;
      const auto applies = [&](const Include& one) { return one.source_type == version.type && (first || one.repeat == Include::Repeat::iterate); };
      const bool outside = first && query.linked == LinkedResources::outside_compartment;
      bool parsed = false;
      const auto parse = [&]() -> Result<void> {
        if (!parsed) JOINEDUP_CHECK(document_.parse(version.body));
        parsed = true;
        return {};
      };
      for (const Include& one : query.includes) {
        if (!applies(one)) continue;
        JOINEDUP_TRY(const bool done, include_standing(one, version, rows[i], referred, found));
        if (done) continue;
        JOINEDUP_CHECK(parse());
        JOINEDUP_CHECK(include_referred(one, version, referred, found));
      }
      if (outside) {  // whatever it refers to that is in no patient's compartment: organisations, staff, places
        const std::size_t before = found.size();
        JOINEDUP_CHECK(parse());
        JOINEDUP_CHECK(include_referred(everything, version, referred, found));
        found.erase(std::remove_if(found.begin() + static_cast<std::ptrdiff_t>(before), found.end(),
                                   [](const Pointed& one) { return !Definitions::r4().compartment(one.version.type).empty(); }),
                    found.end());
      }
      for (const Include& one : query.reverse_includes)
        if (first || one.repeat == Include::Repeat::iterate) JOINEDUP_CHECK(include_referring(one, version, found));
    }
    for (auto& [row, version] : found) {
      if (!there.insert(version.type + "/" + version.id).second) continue;
      const auto verdict = verdict_of(row, version.type);
      if (verdict == Gate::Verdict::withheld) continue;
      if (verdict == Gate::Verdict::asked) {
        if (!document.parse(version.text) || !permit_.allows(Action::include, {version.type, version.id, &document})) continue;
      }
      if (++added > limits_.included)
        return fail(ErrorCode::too_large, "The page would include more than " + std::to_string(limits_.included) + " resources. Ask for a smaller page.");
      page.entries.push_back({to_version(std::move(version)), SearchEntry::Mode::include});
      rows.push_back(row);
    }
  }
  return {};
}

}  // namespace joinedup::fhir
