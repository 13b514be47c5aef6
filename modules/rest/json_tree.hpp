// JSON as a tree that can be changed: what patches and summaries work on. Scalars stay as they were written. Inside this room only.
//
//   JOINEDUP_TRY(auto tree, Json::parse(text));          // UTF-8, at most 200 levels
//   tree.find("name")->items[0];                         // nullptr where there is none
//   std::string out = tree.text();                       // 1.10 is still 1.10
//
// For places in a text rather than a tree, see links.hpp.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fhirpath/document.hpp"

namespace joinedup::rest {

struct Json {
  struct Member;
  fhirpath::NodeKind kind = fhirpath::NodeKind::null;
  std::string scalar;           // a number, true, false, null or a string with its quotes: as written
  std::vector<Json> items;      // of a list
  std::vector<Member> members;  // of an object, in their order

  static Result<Json> parse(std::string_view text);
  static Json of(const fhirpath::Document& document, fhirpath::NodeIndex node);
  static Json of_string(std::string_view text);
  static Json object();
  static Json list();

  bool is_object() const { return kind == fhirpath::NodeKind::object; }
  bool is_list() const { return kind == fhirpath::NodeKind::array; }
  Json* find(std::string_view name);
  const Json* find(std::string_view name) const { return const_cast<Json*>(this)->find(name); }
  Json& member(std::string_view name);  // made where there is none
  bool erase(std::string_view name);
  std::string string() const;           // of a string: its characters; else empty
  void write(std::string& out) const;
  void write_pretty(std::string& out, std::size_t indent = 0) const;
  std::string text() const;
};

struct Json::Member {
  std::string name;
  Json value;
};

// As RFC 6902 compares for "test": numbers by value, objects whatever their order.
bool same_json(const Json& a, const Json& b);

std::string json_text(std::string_view text);  // with its quotes; what is not UTF-8 is replaced

}  // namespace joinedup::rest
