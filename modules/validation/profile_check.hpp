// A resource or extension against one profile's tree. Inside this room only.
#pragma once
#include <string>
#include <vector>

#include "validation/profile.hpp"
#include "validation/walk.hpp"

namespace joinedup::validation {

class ProfileCheck {
 public:
  ProfileCheck(Walk& walk, const Profiles& profiles, const Profile& profile, const Scope& scope)
      : walk_(walk), document_(walk.document_), model_(walk.model_), profiles_(profiles), profile_(&profile), scope_(scope) {}

  void run(NodeIndex node, TypeId type, const Frame* at);

 private:
  struct Item {
    NodeIndex node = no_node, shadow = no_node;
    TypeId type = fhirpath::unknown_type;
    std::int32_t index = -1;
  };
  using Items = std::vector<Item>;

  // profile_check.cpp
  void children(const ProfileElement& rule, const Item& parent, const Frame* at);
  void element(const ProfileElement& rule, const Items& items, const Item& parent, const Frame* at);
  void one(const ProfileElement& rule, const Item& item, const Frame* at);
  void count(const ProfileElement& rule, std::size_t found, const Frame* at);
  bool type_allowed(const ProfileElement& rule, const Item& item, const Frame* at);
  Items items_of(const Item& parent, NameId name) const;
  Items items_of(const Item& parent, std::string_view name) const;
  bool equal(NodeIndex ours, const Document& theirs, NodeIndex wanted) const;
  bool contains(NodeIndex ours, const Document& theirs, NodeIndex wanted) const;
  bool wanted_holds(const Wanted& wanted, const Item& item) const;
  std::string by_profile() const { return " (profile " + profile_->name + ")."; }

  // slicing.cpp
  void slicing(const ProfileElement& rule, const Items& items, const Frame* at);
  bool in_slice(const ProfileElement& slice, const Slicing& slicing, const Item& item);
  bool discriminates(const ProfileElement& rule, const std::vector<std::string>& path, std::size_t step, const Item& item, bool& told);
  bool discriminated_value(const ProfileElement& rule, const Item& item, bool& told);
  Items at_path(const std::vector<std::string>& path, std::size_t step, const Item& item) const;
  const ProfileElement* rule_at(const ProfileElement& rule, const std::vector<std::string>& path) const;
  Item resolved(const Item& item) const;
  bool conforms(std::string_view profile, const Item& item);

  Walk& walk_;
  const Document& document_;
  const Model& model_;
  const Profiles& profiles_;
  const Profile* profile_;
  const Scope& scope_;
};

}  // namespace joinedup::validation
