#include "place/shipped.hpp"

#include "place_embedded.hpp"

namespace joinedup::place {

std::optional<std::string_view> shipped_file(std::string_view name) { return find_embedded(embedded_place(), name); }

}  // namespace joinedup::place
