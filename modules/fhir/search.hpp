// How a search runs over the index: the rarest criterion drives, the others are looked up row by row. Inside this room only.
//
//   Search search(view, keys, log reader, permit, trace);
//   JOINEDUP_TRY(auto page, search.run(query, cursor));
//
// Rows come in the order in which they were committed, or by _sort. What the index proposes is checked on the resource.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fhir/gate.hpp"
#include "fhir/index.hpp"
#include "fhir/keys.hpp"
#include "fhir/match.hpp"
#include "fhir/store.hpp"
#include "fhir/version_log.hpp"

namespace joinedup::fhir {

// One criterion as the index sees it: any of the keys, or any of the columns' ranges, or exactly these rows.
struct Lookup {
  enum class Kind : std::uint8_t { tokens, columns, rows, instants } kind = Kind::tokens;
  enum class Sense : std::uint8_t { holds, fails } sense = Sense::holds;  // fails: rows for which none of it is so
  struct Range {
    std::uint64_t column = 0;
    Prefix prefix = Prefix::eq;
    Period asked;
  };
  std::vector<std::uint64_t> tokens;
  std::vector<Range> ranges;      // columns, instants
  std::vector<Row> rows;          // ascending
  bool exact = true;              // but for hashes that meet
  std::uint64_t estimate = 0;
  std::string what;
};

// Of a page of a search or a history: it ends after the resource that goes beyond.
inline constexpr std::size_t most_page_bytes = 32U << 20;

struct SearchLimits {
  std::uint64_t candidates = 2'000'000;  // rows looked at
  std::uint64_t at_once = 20'000;        // of them without letting a writer in
  std::uint64_t checked = 50'000;        // resources read to be checked, beyond those returned
  std::uint64_t linked = 50'000;         // resources that a chain or _has may pass on
  std::uint64_t sorted = 50'000;         // matches that _sort puts in order
  std::size_t included = 2'000;          // resources that one page may include
  std::size_t page_bytes = most_page_bytes;  // of the matches of a page: it ends after the one that goes beyond
  std::size_t included_bytes = 64U << 20;    // of what one page includes
};

class Search {
 public:
  Search(const Index& index, const Keys& keys, VersionLog& log, const Permit& permit, SearchTrace* trace)
      : index_(index), keys_(keys), log_(log), permit_(permit), trace_(trace), matcher_(keys.base_url()) {}
  Result<SearchPage> run(const Query& query);

 private:
  struct SortValue {
    bool absent = true;
    std::int64_t number = 0;
    std::string text;
  };
  struct Candidate {
    Row row = no_row;
    bool asked = false;  // the permit has not decided yet
  };
  Gate gate(Action action, std::string_view type) const { return gate_of(permit_, action, type, keys_, log_.store()); }
  struct Found {
    Row row = no_row;
    std::vector<SortValue> sort;
    std::optional<StoredVersion> version;
    bool checked = false;  // whether it fits was asked of the resource itself, whose text may have been let go since
  };
  // What a criterion list finds: rows after `after`, checked, at most `most`.
  struct Request {
    std::string_view type;
    std::vector<const Criterion*> criteria;
    Row after = no_row;  // no_row: from the beginning
    std::size_t most = 0;
    enum class Bodies : std::uint8_t { wanted, if_inexact } bodies = Bodies::wanted;
    Action action = Action::search;
  };
  Result<std::vector<Found>> find(const Request& request);
  Result<std::uint64_t> count(const Request& request);
  Result<std::vector<Lookup>> plan(const Request& request);  // the first drives
  Result<std::vector<Found>> find_several(const std::vector<Request>& requests);
  Result<void> load(Found& found);
  void let_go(Found& found);  // of its text, where more is held than a page shows
  Result<void> count_included(std::size_t bytes);
  Result<VersionLog::Reader*> reader();
  tl::unexpected<Error> too_many() const;
  // :in and :not-in as the codes that their value sets hold.
  Result<Criterion> resolved(const Criterion& criterion);
  Result<std::vector<SearchValue>> value_set_codes(const std::string& named, int depth);
  Result<void> union_lookup(std::string_view type, const Criterion& criterion, std::vector<Lookup>& out);
  Result<void> list_lookup(std::string_view type, const Criterion& criterion, std::vector<Lookup>& out);
  Result<void> lookups(std::string_view type, const Criterion& criterion, std::vector<Lookup>& out);
  Result<void> chain_lookup(const Criterion& criterion, std::vector<Lookup>& out);
  Result<void> has_lookup(const Criterion& criterion, std::vector<Lookup>& out);
  void value_lookup(const Criterion& criterion, const Parameter& parameter, const SearchValue& value, Lookup& out);
  void estimate(Lookup& lookup, const Index::View& view);
  // Rows after `reached`, and how far it came; false: there may be more. With `allowed`, what need not be asked is counted there only.
  bool candidates(const Index::View& view, const std::vector<Lookup>& all, const Gate& gate, std::size_t most, Row& reached,
                  std::vector<Candidate>& out, std::uint64_t* allowed = nullptr);
  Result<bool> check(const Request& request, bool exact, bool asked, Found& found);
  Result<void> include(const Query& query, SearchPage& page, std::vector<Row> rows);
  Gate::Verdict verdict_of(Row row, const std::string& type);  // of what is included
  Result<std::optional<StoredVersion>> current(std::string_view type, std::string_view id, Row* at = nullptr);
  Row current_row(const Index::View& view, std::uint64_t self) const;
  Result<void> sort_values(const Query& query, Found& found);
  static bool sorts_before(const Query& query, const Found& a, const Found& b);
  std::string cursor_text(const Query& query, Row last) const;
  Result<Row> read_cursor(const Query& query) const;
  Result<std::vector<Found>> sorted_page(const Query& query, std::vector<Request> requests, Row after);
  using Addresses = std::set<std::string, std::less<>>;  // "Patient/1"
  struct Pointed {
    Row row = no_row;
    StoredVersion version;
  };
  Result<void> follow(const Include& include, std::string_view plain, Addresses& there, std::vector<Pointed>& out);
  Result<void> include_referred(const Include& include, const Version& from, Addresses& there, std::vector<Pointed>& out);
  Result<bool> include_standing(const Include& include, const Version& from, Row row, Addresses& there, std::vector<Pointed>& out);
  Result<void> include_referring(const Include& include, const Version& to, std::vector<Pointed>& out);

  const Index& index_;
  const Keys& keys_;
  VersionLog& log_;
  const Permit& permit_;
  SearchTrace* trace_;
  Matcher matcher_;
  SearchLimits limits_;
  VersionLog::ReaderHandle reader_;
  fhirpath::Document document_;
  std::size_t held_ = 0, included_ = 0;  // bytes
  std::map<std::string, Gate> included_gates_;
  std::uint64_t looked_at_ = 0, checked_ = 0;
};

Version to_version(StoredVersion stored);
bool needs_resolving(const Criterion& criterion);  // it, or one within it, names a value set

}  // namespace joinedup::fhir
