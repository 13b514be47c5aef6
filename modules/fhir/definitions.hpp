// Search parameters and compartments of FHIR R4, read from the published definitions. Inside this room only.
//
//   const Definitions& r4 = Definitions::r4();
//   const Parameter* code = r4.find("Observation", "code");      // token; nullptr: no such parameter
//   for (const Parameter* p : r4.parameters("Patient")) use(p->code);   // those of Resource too
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace joinedup::fhir {

enum class ParameterKind : std::uint8_t { number, date, string, token, reference, composite, quantity, uri, special };
const char* parameter_kind_name(ParameterKind kind);

struct Parameter {
  struct Component {
    const Parameter* definition = nullptr;  // its kind; and its own index holds a superset of the component's values
    std::string code, expression;
  };
  std::string type, code, expression;
  ParameterKind kind = ParameterKind::token;
  std::vector<std::string> targets;
  std::vector<Component> components;
};

class Definitions {
 public:
  static const Definitions& r4();
  bool is_resource(std::string_view type) const { return by_type_.contains(std::string(type)); }
  const Parameter* find(std::string_view type, std::string_view code) const;
  const std::vector<const Parameter*>& parameters(std::string_view type) const;
  const std::vector<std::string>& types() const { return types_; }
  int type_number(std::string_view type) const;  // its place in types(); -1: none
  // The parameters by which a resource of `type` is in a patient's compartment.
  const std::vector<std::string>& compartment(std::string_view type) const;

 private:
  Definitions();
  std::vector<std::string> types_;
  std::map<std::string, Parameter, std::less<>> all_;  // "Patient/name"
  std::unordered_map<std::string, std::vector<const Parameter*>> by_type_;
  std::unordered_map<std::string, std::vector<std::string>> compartment_;
  std::unordered_map<std::string_view, int> numbers_;
};

}  // namespace joinedup::fhir
