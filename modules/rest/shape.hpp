// How much of a resource an answer holds: _summary and _elements. Inside this room only.
//
//   JOINEDUP_TRY(const Shape shape, read_shape("true", ""));     // _summary, _elements
//   shaped(body, shape)                                          // a part, tagged SUBSETTED; the body itself where all is asked for
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::rest {

struct Shape {
  enum class Mode : std::uint8_t { whole, summary, text, data, elements, count } mode = Mode::whole;
  std::vector<std::string> elements;  // names; "Patient.name" counts for patients only
  bool whole() const { return mode == Mode::whole || mode == Mode::count; }
};

Result<Shape> read_shape(std::string_view summary, std::string_view elements);
std::string shaped(std::string body, const Shape& shape);

}  // namespace joinedup::rest
