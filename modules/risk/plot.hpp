// plot: an x-y picture as inline SVG, for the validation report: lines, points with intervals, bands. Inside this room.
//
//   Plot plot({.title = "Calibration", .x = "Predicted", .y = "Observed", .x_to = .5, .y_to = .5});
//   plot.line({{0, 0}, {.5, .5}}, "ideal", "As predicted");
//   html += plot.svg();
#pragma once
#include <string>
#include <vector>

namespace joinedup::risk {

struct Point {
  double x = 0, y = 0;
};

struct PlotFrame {
  std::string title, description, x, y;
  double x_from = 0, x_to = 1, y_from = 0, y_to = 1;
  bool percent = true;
};

class Plot {
 public:
  explicit Plot(PlotFrame frame);
  void line(const std::vector<Point>& points, const char* css, const std::string& label = {});  // label at its right end
  void band(const std::vector<Point>& low, const std::vector<Point>& high);
  void dot(Point at, double low, double high);
  std::string svg() const;

 private:
  double x_of(double x) const;
  double y_of(double y) const;
  PlotFrame frame_;
  std::string marks_;
  std::vector<double> labelled_;  // heights of the labels so far
};

std::string fixed_text(double value, int places);

}  // namespace joinedup::risk
