// Lines: values over time, and the Lorenz curve.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.hpp"
#include "report/chart.hpp"
#include "report/svg.hpp"

namespace joinedup::report {
namespace {

// The smallest of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 × a power of ten that is not below the value.
double round_up(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : {1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0})
    if (step * power >= value * 0.999999) return step * power;
  return 10 * power;
}

struct Plot {
  double left, right, top, bottom, largest;
  std::size_t points;
  double x(std::size_t i) const { return left + (points > 1 ? (right - left) * static_cast<double>(i) / static_cast<double>(points - 1) : 0); }
  double y(double value) const { return bottom - value / largest * (bottom - top); }
};

// A line through the values, broken where one is kept back.
std::string trace(const Plot& plot, const std::vector<Value>& values) {
  std::string d;
  bool pen_down = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) {
      pen_down = false;
      continue;
    }
    d += (pen_down ? "L" : "M") + fixed(plot.x(i)) + " " + fixed(plot.y(*values[i]));
    pen_down = true;
  }
  return d;
}

}  // namespace

std::string line_chart(const Frame& frame, const std::vector<Series>& series, const LineOptions& options) {
  const auto format = options.format ? options.format : [](double value) { return with_commas(std::llround(value)); };
  double largest = 0;
  std::size_t points = 0;
  for (const auto& one : series) {
    points = std::max(points, one.values.size());
    for (const auto& value : one.values) largest = std::max(largest, value.value_or(0));
  }
  largest = round_up(largest);
  double ends = 0;
  for (const auto& one : series)
    if (!one.values.empty() && one.values.back())
      ends = std::max(ends, text_width(format(*one.values.back()) + (one.name.empty() ? "" : " " + one.name), 12.5));
  const Plot plot{1, frame.width - ends - 12, 20, options.height - 22, largest, points};
  Svg svg(frame, options.height);
  svg.line(plot.left, plot.top, plot.right, plot.top, "rule");
  svg.text(plot.left, plot.top - 5, format(largest), Anchor::start, "small quiet");
  svg.line(plot.left, plot.y(largest / 2), plot.right, plot.y(largest / 2), "rule");
  svg.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis");
  for (const auto& one : series) {
    svg.path(trace(plot, one.values), std::string("line ") + tone_class(one.tone) + "-line");
    if (one.values.empty() || !one.values.back()) continue;
    const double x = plot.x(one.values.size() - 1), y = plot.y(*one.values.back());
    svg.circle(x, y, 3.5, tone_class(one.tone));
    svg.text(x + 8, y + 4.5, format(*one.values.back()) + (one.name.empty() ? "" : " " + one.name), Anchor::start, "small strong");
  }
  if (!options.labels.empty()) {
    svg.text(plot.left, options.height - 5, options.labels.front(), Anchor::start, "small quiet");
    if (options.labels.size() > 1) svg.text(plot.right, options.height - 5, options.labels.back(), Anchor::end, "small quiet");
  }
  return svg.finish();
}

std::string lorenz_chart(const Frame& frame, const std::vector<Lorenz>& curves, const std::string& people, const std::string& amount) {
  // The upper curve's name stands to its left, the lower one's to its right.
  const double left = 42, side = frame.width - left - (curves.size() > 1 ? 58 : 8), top = 12, height = top + side + 48;
  Svg svg(frame, height);
  const auto x = [&](double share) { return left + share * side; };
  const auto y = [&](double share) { return top + (1 - share) * side; };
  for (const int percent : {0, 25, 50, 75, 100}) {
    const double share = percent / 100.0;
    const auto words = std::to_string(percent) + "%";
    svg.line(x(0), y(share), x(1), y(share), percent ? "rule" : "axis");
    svg.text(left - 6, y(share) + 4, words, Anchor::end, "small quiet");
    svg.text(x(share), y(0) + 18, words, percent == 0 ? Anchor::start : percent == 100 ? Anchor::end : Anchor::middle, "small quiet");
  }
  svg.text(x(0.5), y(0) + 40, people, Anchor::middle, "small");
  svg.text(x(0.02), y(1) + 16, amount, Anchor::start, "small");
  svg.line(x(0), y(0), x(1), y(1), "reference");
  const char* equal = "if everybody cost the same";
  svg.rotated(x(0.33) - 4, y(0.33) - 8, -45, equal, "small quiet");
  std::size_t upper = 0;
  for (std::size_t i = 1; i < curves.size(); ++i)
    if (std::accumulate(curves[i].shares.begin(), curves[i].shares.end(), 0.0) > std::accumulate(curves[upper].shares.begin(), curves[upper].shares.end(), 0.0)) upper = i;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const auto& curve = curves[i];
    std::string d;
    const double steps = static_cast<double>(curve.shares.size() - 1);
    for (std::size_t point = 0; point < curve.shares.size(); ++point)
      d += (point ? "L" : "M") + fixed(x(static_cast<double>(point) / steps), 2) + " " + fixed(y(curve.shares[point]), 2);
    svg.path(d, std::string("line ") + tone_class(curve.tone) + "-line");
    const double height_at = i == upper ? 0.10 : 0.055;
    const auto past = std::find_if(curve.shares.begin(), curve.shares.end(), [&](double share) { return share >= height_at; });
    const double at = x(static_cast<double>(past - curve.shares.begin()) / steps);
    svg.text(i == upper ? at - 12 : at + 9, y(height_at) + (i == upper ? -2 : 4), curve.name, i == upper ? Anchor::end : Anchor::start, std::string("strong small ") + tone_class(curve.tone) + "-text");
  }
  return svg.finish();
}

}  // namespace joinedup::report
