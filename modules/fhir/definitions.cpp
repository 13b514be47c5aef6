#include "fhir/definitions.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "fhir_embedded.hpp"

namespace joinedup::fhir {

namespace {

constexpr std::array<const char*, 9> kind_names = {"number", "date", "string", "token", "reference",
                                                   "composite", "quantity", "uri", "special"};

std::vector<std::string> words(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (auto word : split(text, separator))
    if (!word.empty()) out.emplace_back(word);
  return out;
}

}  // namespace

const char* parameter_kind_name(ParameterKind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}

const Definitions& Definitions::r4() {
  static const Definitions definitions;
  return definitions;
}

Definitions::Definitions() {
  const auto text = find_embedded(embedded_fhir(), "data/search_parameters.txt").value_or("");
  for (auto line : split(text, '\n')) {
    auto fields = split(line, '\t');
    if (fields.size() >= 4 && fields[0] == "compartment") compartment_[std::string(fields[2])] = words(fields[3], ' ');
    if (fields.size() == 2 && fields[0] == "resource") types_.emplace_back(fields[1]);
    if (fields.size() < 7 || fields[0] != "parameter") continue;
    Parameter parameter;
    parameter.type = fields[1], parameter.code = fields[2], parameter.expression = fields[4];
    const auto kind = std::find(kind_names.begin(), kind_names.end(), fields[3]);
    if (kind == kind_names.end()) continue;
    parameter.kind = static_cast<ParameterKind>(kind - kind_names.begin());
    parameter.targets = words(fields[5], ' ');
    for (const auto& component : words(fields[6], ';')) {
      const auto at = component.find('=');
      parameter.components.push_back({nullptr, component.substr(0, at), component.substr(at + 1)});
    }
    all_.emplace(parameter.type + "/" + parameter.code, std::move(parameter));
  }
  std::sort(types_.begin(), types_.end());
  for (std::size_t i = 0; i < types_.size(); ++i) {
    by_type_[types_[i]];
    numbers_[types_[i]] = static_cast<int>(i);
  }
  for (auto& [key, parameter] : all_) {
    for (auto& component : parameter.components) component.definition = find(parameter.type, component.code);
    if (parameter.type != "Resource") by_type_[parameter.type].push_back(&parameter);
    else
      for (const auto& type : types_) by_type_[type].push_back(&parameter);
  }
}

const Parameter* Definitions::find(std::string_view type, std::string_view code) const {
  auto found = all_.find(std::string(type) + "/" + std::string(code));
  if (found == all_.end()) found = all_.find("Resource/" + std::string(code));
  return found == all_.end() ? nullptr : &found->second;
}

const std::vector<const Parameter*>& Definitions::parameters(std::string_view type) const {
  static const std::vector<const Parameter*> none;
  const auto found = by_type_.find(std::string(type));
  return found == by_type_.end() ? none : found->second;
}

int Definitions::type_number(std::string_view type) const {
  const auto found = numbers_.find(type);
  return found == numbers_.end() ? -1 : found->second;
}

const std::vector<std::string>& Definitions::compartment(std::string_view type) const {
  static const std::vector<std::string> none;
  const auto found = compartment_.find(std::string(type));
  return found == compartment_.end() ? none : found->second;
}

}  // namespace joinedup::fhir
