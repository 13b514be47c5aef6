// svg: the few marks that charts are made of. Inside this room only.
#pragma once
#include <string>
#include <string_view>

#include "report/chart.hpp"

namespace joinedup::report {

std::string fixed(double value, int places = 1);    // without trailing zeros
std::string decimals(double value, int places);    // with them

enum class Anchor { start, middle, end };

class Svg {
 public:
  Svg(const Frame& frame, double height);
  void rect(double x, double y, double width, double height, std::string_view css);
  void line(double x1, double y1, double x2, double y2, std::string_view css);
  void circle(double x, double y, double radius, std::string_view css);
  void path(const std::string& d, std::string_view css);
  void text(double x, double y, std::string_view words, Anchor anchor = Anchor::start, std::string_view css = {});
  void rotated(double x, double y, double degrees, std::string_view words, std::string_view css = {});
  std::string finish();

 private:
  std::string out_;
};

}  // namespace joinedup::report
