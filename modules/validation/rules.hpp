// What FHIR R4 demands of each type, in memory: read once from data/r4_rules.txt. Inside this room only.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhirpath/expression.hpp"
#include "fhirpath/model.hpp"
#include "validation/codes.hpp"
#include "validation/primitive.hpp"
#include "validation/validation.hpp"

namespace joinedup::validation {

using fhirpath::Document;
using fhirpath::Model;
using fhirpath::NameId;
using fhirpath::no_node;
using fhirpath::Node;
using fhirpath::NodeIndex;
using fhirpath::NodeKind;
using fhirpath::shadow_bit;
using fhirpath::TypeId;
using fhirpath::Value;

// Constraints that are checked by code of our own: the most frequent ones. All others run as FHIRPath.
enum class Native : std::uint8_t {
  none, element_has_content, extension_or_value, period_in_order, reference_to_contained, no_nested_contained,
  contained_is_referenced, contained_without_version, contained_without_security, narrative_present, narrative_sound,
  narrative_said, no_comparator, code_has_system, value_has_system, data_has_type
};

struct Constraint {
  std::string key, human, text;
  Severity severity = Severity::error;
  Native native = Native::none;
  fhirpath::Expression expression;
};

enum class Strength : std::uint8_t { none, required, extensible, at_most };

struct ElementRule {
  NameId name = 0;
  std::uint8_t min = 0;
  bool many = false, choice = false;
  Strength strength = Strength::none;
  std::uint16_t place = 0;          // its bit among the seen
  const ValueSet* codes = nullptr;  // null: none, or not expandable here
  std::vector<TypeId> types;
  std::vector<TypeId> targets;      // empty: any resource
  std::vector<const Constraint*> constraints;
};

struct TypeRule {
  TypeId type = fhirpath::unknown_type;
  fhirpath::Type::Kind kind = fhirpath::Type::Kind::complex;
  Form form = Form::none;  // of a primitive
  bool known = false, is_domain_resource = false, ends_in_constraints = false;
  std::vector<ElementRule> elements;
  std::vector<const Constraint*> constraints;
  // Properties by name, open addressing; a choice has one slot a type.
  struct Slot {
    NameId name = 0;
    std::uint16_t element = 0;
    TypeId type = fhirpath::unknown_type;
  };
  std::vector<Slot> slots;
  std::uint32_t mask = 0;
  std::array<std::uint64_t, 2> required{};

  const Slot* find(NameId name) const {
    for (std::uint32_t at = name * 0x9E3779B1U >> 16;; ++at) {
      const Slot& slot = slots[at & mask];
      if (slot.name == name) return &slot;
      if (slot.name == 0) return nullptr;
    }
  }
};

class Rules {
 public:
  static const Rules& r4();
  // Its slow twin: every constraint by FHIRPath, none by code of our own. For tests.
  static std::unique_ptr<const Rules> slow_twin();
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  const TypeRule& type(TypeId which) const { return types_[which]; }
  const Constraint& ele_1() const { return *ele_1_; }
  const CodeBook& codes() const { return codes_; }

  // Names that the walk asks for.
  NameId meta, profile, div, reference, identifier, contained, text, start, end, system, value, url, id, entry, resource,
      full_url, coding, code, version_id, last_updated, security, type_name, extension, comparator, data, content_type,
      resource_type_name;
  TypeId codeable_concept, coding_type, reference_type, identifier_type, extension_type, resource_type, quantity_type, bundle_type,
      bundle_entry_type;

 private:
  enum class Natives : std::uint8_t { used, unused };
  explicit Rules(Natives natives);
  void read(std::string_view table, Natives natives);
  std::vector<std::unique_ptr<Constraint>> constraints_;
  std::vector<TypeRule> types_;
  const Constraint* ele_1_ = nullptr;
  CodeBook codes_;
};

}  // namespace joinedup::validation
