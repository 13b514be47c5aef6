// What FHIR R4 says of its types: names of elements, their types, which are choices. Inside this room only.
//
//   const Model& model = Model::r4();
//   auto patient = model.type("Patient");
//   auto element = model.element(patient, model.name("deceased"));   // a choice of boolean and dateTime
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhirpath/document.hpp"

namespace joinedup::fhirpath {

using TypeId = std::uint16_t;
inline constexpr TypeId unknown_type = 0;

// The System types come first in the table, in this order.
namespace system_type {
inline constexpr TypeId boolean = 1, string = 2, integer = 3, decimal = 4, date = 5, date_time = 6, time = 7,
                        quantity = 8, last = 8;
}

// How a FHIR primitive reads as a System value.
enum class Reading : std::uint8_t { none, boolean, string, integer, decimal, date, date_time, time };

struct Element {
  NameId name = 0;
  bool many = false;
  bool choice = false;
  std::vector<TypeId> types;
};

struct Type {
  std::string name;  // "Patient", "Patient.contact", "string", "Boolean"
  TypeId base = unknown_type;
  enum class Kind : std::uint8_t { system, primitive, complex, backbone, resource } kind = Kind::complex;
  Reading reading = Reading::none;
  std::vector<Element> elements;  // own and inherited, in the order of the definition
};

class Model {
 public:
  static const Model& r4();

  NameId name(std::string_view text) const;  // 0: not a name of FHIR R4
  std::string_view name_text(NameId id) const { return names_[id & ~shadow_bit]; }
  std::size_t name_count() const { return names_.size(); }
  // valueQuantity is the Quantity form of value: its base's name and the type, or 0.
  struct Variant {
    NameId base = 0;
    TypeId type = unknown_type;
  };
  const Variant& variant(NameId id) const {
    return id < variants_.size() ? variants_[id] : variants_[0];
  }

  TypeId type(std::string_view name) const;         // a FHIR type
  TypeId system(std::string_view name) const;       // a System type
  const Type& info(TypeId id) const { return types_[id]; }
  TypeId resource(NameId name) const { return name < resources_.size() ? resources_[name] : unknown_type; }
  const Element* element(TypeId type, NameId name) const;
  bool is_a(TypeId type, TypeId ancestor) const;
  bool is_system(TypeId id) const { return id != unknown_type && id <= system_type::last; }

  TypeId element_type, resource_type, domain_resource_type, extension_type, quantity_type, boolean_type, string_type,
      integer_type, decimal_type, code_type, reference_type, id_type, uri_type, bundle_type, xhtml_type;
  NameId resource_type_name, extension_name, value_name, url_name, id_name, reference_name, system_name, code_name,
      unit_name, contained_name, comparator_name;

 private:
  Model();
  NameId intern(std::string_view text);
  void read(std::string_view table);
  std::vector<std::string_view> names_;
  std::vector<Variant> variants_;
  std::vector<TypeId> resources_;  // by name
  std::vector<Type> types_;
  std::unordered_map<std::string_view, TypeId> type_by_name_;
  std::unordered_map<std::uint64_t, const Element*> element_by_name_;
  std::vector<NameId> slots_;  // open addressing over names_
  std::vector<std::unique_ptr<std::string>> made_;
};

}  // namespace joinedup::fhirpath
