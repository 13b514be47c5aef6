// Value sets that can be listed, and the few that are a form of writing (languages, media types). Inside this room only.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace joinedup::validation {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

class ValueSet {
 public:
  enum class Kind : std::uint8_t { listed, mime, language, currency };
  enum class Answer : std::uint8_t { inside, outside, unknown };
  std::string url;
  Kind kind = Kind::listed;
  // Systems that belong to the set whole or in part but cannot be listed here: a code of theirs is unknown.
  std::vector<std::string> open_systems;
  bool open_to_all = false;  // some part could not be read at all

  void add(std::string_view system, std::string_view code);
  void remove(std::string_view system, std::string_view code);
  Answer has(std::string_view system, std::string_view code) const;
  Answer has_code(std::string_view code) const;  // a code element: the system is the set's own
  bool empty() const { return listed_.empty(); }
  const auto& listed() const { return listed_; }

 private:
  using Codes = std::unordered_set<std::string, TextHash, std::equal_to<>>;
  std::map<std::string, Codes, std::less<>> listed_;
};

class CodeBook {
 public:
  void read(std::string_view table);  // data/r4_codes.txt
  const ValueSet* find(std::string_view url) const;  // with or without |version
  ValueSet& add(const std::string& url) { return sets_[url]; }

 private:
  std::map<std::string, ValueSet, std::less<>> sets_;
};

}  // namespace joinedup::validation
