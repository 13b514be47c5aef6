#include "fhirpath/syntax.hpp"
namespace joinedup::fhirpath {
Result<Expression> Expression::compile_for(std::string_view text, std::string_view) { return compile(text); }
}
