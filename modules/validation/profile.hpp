// Profiles: what a StructureDefinition asks for beyond the base definitions, as a tree over element names. Inside this room only.
//
// A profile's own elements are laid over a copy of its base profile's tree; the base definitions themselves are not in
// it, because the walk checks them anyway. So a differential is enough, and a snapshot does no harm.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "validation/rules.hpp"

namespace joinedup::validation {

struct Discriminator {
  enum class Kind : std::uint8_t { value, exists, type, profile } kind = Kind::value;
  std::vector<std::string> path;  // element names; "resolve()" among them; empty: $this
  bool readable = true;           // false: a path that this program does not follow
};

struct Slicing {
  std::vector<Discriminator> discriminators;
  enum class Rest : std::uint8_t { open, closed } rest = Rest::open;
};

struct WantedType {
  TypeId type = fhirpath::unknown_type;
  std::vector<std::string> profiles;
};

// Something that an element must equal, or contain: a node of a definition's own document.
struct Wanted {
  std::shared_ptr<const Document> document;
  NodeIndex node = no_node;
  bool whole = true;  // fixed; else a pattern
};

struct ProfileElement {
  std::string name, slice;
  NameId name_id = 0;
  std::optional<std::uint32_t> min, max;  // max absent: as the base says
  std::vector<WantedType> types;
  std::vector<const Constraint*> constraints;
  ElementRule binding;  // its codes and strength, its targets
  std::optional<Wanted> wanted;
  std::optional<Slicing> slicing;
  std::vector<ProfileElement> children, slices;

  bool is_choice_slice() const { return !types.empty(); }
};

struct Profile {
  std::string url, name;
  TypeId type = fhirpath::unknown_type;
  ProfileElement root;
};

class Profiles {
 public:
  static Result<std::shared_ptr<const Profiles>> load(const std::string& folder);

  const Profile* find(std::string_view url) const;  // with or without |version
  const ValueSet* codes(std::string_view url) const;
  std::vector<std::string> urls() const {
    std::vector<std::string> out;
    for (const auto& [url, profile] : profiles_) out.push_back(url);
    return out;
  }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  friend class ProfileLoader;
  std::map<std::string, std::unique_ptr<Profile>, std::less<>> profiles_;
  std::vector<std::unique_ptr<Constraint>> constraints_;
  CodeBook codes_;
  std::vector<std::string> notes_;  // what could not be used, and why
};

}  // namespace joinedup::validation
