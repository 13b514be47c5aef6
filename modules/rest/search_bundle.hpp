// Bundles that answer searches and histories: links, entries, warnings. Inside this room only.
//
//   BundleWriter bundle("searchset");
//   bundle.link("self", base + "/Patient", "name=smith", "");
//   bundle.entry(json, shown(version));
//   return bundle.response();
#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "fhir/fhir.hpp"
#include "rest/state.hpp"

namespace joinedup::rest {

class BundleWriter {
 public:
  explicit BundleWriter(std::string_view type);
  void total(std::uint64_t count);
  void link(std::string_view relation, std::string_view address, std::string_view query, std::string_view cursor);
  void entry(std::string_view json);                          // that shows nothing of the record
  void entry(std::initializer_list<std::string_view> parts);  // the same, in pieces
  void entry(std::string_view json, Shown shown);
  void entry(std::initializer_list<std::string_view> parts, Shown shown);
  void entry_of(Response answered, Prefer::Return returns, bool is_read);  // how an entry of a posted Bundle was answered
  void expect(std::size_t bytes) { entries_.reserve(bytes); }
  std::size_t size() const { return entries_.size(); }
  Response response();

 private:
  std::string head_, links_, entries_;
  std::vector<Shown> shown_, written_;
};

std::string now_text();  // an instant

// A page of a search, of `address` without its query.
Response search_response(const State& state, const Call& call, const fhir::Query& query, fhir::SearchPage page, std::string_view address);

}  // namespace joinedup::rest
