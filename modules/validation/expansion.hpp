// Value sets of a folder, listed from their definitions and the code systems beside them. Inside this room only.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "validation/codes.hpp"
#include "fhirpath/document.hpp"

namespace joinedup::validation {

class Expansion {
 public:
  explicit Expansion(CodeBook& book) : book_(book) {}
  void add_value_set(const std::string& url, std::shared_ptr<const fhirpath::Document> document, fhirpath::NodeIndex node);
  void add_code_system(const std::string& url, std::shared_ptr<const fhirpath::Document> document, fhirpath::NodeIndex node);
  // The set as far as it can be listed; null where the folder does not have it.
  const ValueSet* find(std::string_view url);
  void all() {
    for (const auto& [url, source] : sets_) (void)find(url);
  }

 private:
  struct Source {
    std::shared_ptr<const fhirpath::Document> document;
    fhirpath::NodeIndex node;
  };
  void part(ValueSet& out, const fhirpath::Document& d, fhirpath::NodeIndex node);
  void whole_system(ValueSet& out, std::string_view system, const fhirpath::Document& d, fhirpath::NodeIndex part);
  void include_set(ValueSet& out, const ValueSet& inner);

  CodeBook& book_;
  std::map<std::string, Source, std::less<>> sets_, systems_;
  std::set<std::string, std::less<>> done_, under_way_;
};

}  // namespace joinedup::validation
