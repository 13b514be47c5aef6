#include "linkage/sql_functions.hpp"

namespace joinedup::linkage {
namespace {

const FunctionTable& known_functions() {
  static const FunctionTable functions = [] {
    FunctionTable all;
    enter_numbers(all);
    enter_text(all);
    enter_patterns(all);
    enter_times(all);
    enter_lists(all);
    return all;
  }();
  return functions;
}

}  // namespace

Function find_function(std::string_view name, std::size_t arguments, std::string& why_not) {
  const auto& functions = known_functions();
  const auto found = functions.find(name);
  if (found == functions.end()) {
    why_not = "The function '" + std::string(name) + "' is not known here.";
    return nullptr;
  }
  if (arguments < found->second.least || arguments > found->second.most) {
    why_not = "The function '" + std::string(name) + "' does not take " + std::to_string(arguments) + " arguments.";
    return nullptr;
  }
  return found->second.function;
}

}  // namespace joinedup::linkage
