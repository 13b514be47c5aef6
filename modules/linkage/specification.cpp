#include "linkage/model.hpp"
namespace joinedup::linkage {
Result<Model> read_specification(std::string_view, const std::string& name) { return fail(ErrorCode::unsupported, "Not yet.", name); }
}
