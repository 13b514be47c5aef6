#include "risk/plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.hpp"

namespace joinedup::risk {
namespace {

constexpr double width = 640, height = 420, left = 62, right = 500, top = 18, bottom = 366;

// Steps of 1, 2 or 5 of some power of ten, about five to an axis.
double step_of(double reach) {
  const double rough = reach / 5, power = std::pow(10.0, std::floor(std::log10(rough)));
  const double part = rough / power;
  return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

std::string tick_text(double value, double step, bool percent) {
  const double shown = percent ? 100 * value : value, apart = percent ? 100 * step : step;
  const int places = apart >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(apart) - 1e-9));
  return fixed_text(std::fabs(shown) < apart / 1000 ? 0.0 : shown, places) + (percent ? "%" : "");
}

}  // namespace

std::string fixed_text(double value, int places) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", places, value);
  return text;
}

Plot::Plot(PlotFrame frame) : frame_(std::move(frame)) {
  if (!(frame_.x_to > frame_.x_from)) frame_.x_to = frame_.x_from + 1;
  if (!(frame_.y_to > frame_.y_from)) frame_.y_to = frame_.y_from + 1;
}

double Plot::x_of(double x) const { return left + (right - left) * (x - frame_.x_from) / (frame_.x_to - frame_.x_from); }
double Plot::y_of(double y) const { return bottom - (bottom - top) * (y - frame_.y_from) / (frame_.y_to - frame_.y_from); }

void Plot::line(const std::vector<Point>& points, const char* css, const std::string& label) {
  std::string d;
  Point last{frame_.x_from, frame_.y_from};
  for (const auto& p : points) {
    if (p.x < frame_.x_from || p.x > frame_.x_to * 1.0001 || p.y > frame_.y_to * 1.0001 || p.y < frame_.y_from) continue;
    d += (d.empty() ? "M" : "L") + fixed_text(x_of(p.x), 1) + " " + fixed_text(y_of(p.y), 1);
    last = p;
  }
  if (d.empty()) return;
  marks_ += std::string("<path class=\"") + css + "\" d=\"" + d + "\"/>";
  if (label.empty()) return;
  double at = y_of(last.y) + 4;
  for (bool moved = true; moved;) {
    moved = false;
    for (const double other : labelled_)
      if (std::fabs(other - at) < 15) {
        at = other - 15;
        moved = true;
      }
  }
  labelled_.push_back(at);
  marks_ += "<text x=\"" + fixed_text(x_of(last.x) + 6, 1) + "\" y=\"" + fixed_text(at, 1) + "\">" + html_text(label) + "</text>";
}

void Plot::band(const std::vector<Point>& low, const std::vector<Point>& high) {
  std::string d;
  const auto add = [&](Point p) {
    d += (d.empty() ? "M" : "L") + fixed_text(x_of(std::clamp(p.x, frame_.x_from, frame_.x_to)), 1) + " " + fixed_text(y_of(std::clamp(p.y, frame_.y_from, frame_.y_to)), 1);
  };
  for (const auto& p : low) add(p);
  for (auto p = high.rbegin(); p != high.rend(); ++p) add(*p);
  if (!d.empty()) marks_ += "<path class=\"band\" d=\"" + d + "Z\"/>";
}

void Plot::dot(Point at, double low, double high) {
  if (at.x > frame_.x_to || at.y > frame_.y_to) return;
  const std::string x = fixed_text(x_of(at.x), 1);
  marks_ += "<line class=\"whisker\" x1=\"" + x + "\" x2=\"" + x + "\" y1=\"" + fixed_text(y_of(std::max(low, frame_.y_from)), 1) + "\" y2=\"" + fixed_text(y_of(std::min(high, frame_.y_to)), 1) +
            "\"/><circle class=\"dot\" cx=\"" + x + "\" cy=\"" + fixed_text(y_of(at.y), 1) + "\" r=\"4\"/>";
}

std::string Plot::svg() const {
  std::string out = "<svg role=\"img\" viewBox=\"0 0 " + fixed_text(width, 0) + " " + fixed_text(height, 0) + "\"><title>" + html_text(frame_.title) + "</title><desc>" + html_text(frame_.description) + "</desc>";
  const double x_step = step_of(frame_.x_to - frame_.x_from), y_step = step_of(frame_.y_to - frame_.y_from);
  for (double x = std::ceil(frame_.x_from / x_step - 1e-9) * x_step; x <= frame_.x_to * (1 + 1e-9); x += x_step)
    out += "<line class=\"grid\" x1=\"" + fixed_text(x_of(x), 1) + "\" x2=\"" + fixed_text(x_of(x), 1) + "\" y1=\"" + fixed_text(top, 0) + "\" y2=\"" + fixed_text(bottom, 0) + "\"/><text text-anchor=\"middle\" x=\"" +
           fixed_text(x_of(x), 1) + "\" y=\"" + fixed_text(bottom + 18, 0) + "\">" + tick_text(x, x_step, true) + "</text>";
  for (double y = std::ceil(frame_.y_from / y_step - 1e-9) * y_step; y <= frame_.y_to * (1 + 1e-9); y += y_step)
    out += "<line class=\"grid\" x1=\"" + fixed_text(left, 0) + "\" x2=\"" + fixed_text(right, 0) + "\" y1=\"" + fixed_text(y_of(y), 1) + "\" y2=\"" + fixed_text(y_of(y), 1) + "\"/><text text-anchor=\"end\" x=\"" +
           fixed_text(left - 6, 0) + "\" y=\"" + fixed_text(y_of(y) + 4, 1) + "\">" + tick_text(y, y_step, frame_.percent) + "</text>";
  out += marks_;
  out += "<text text-anchor=\"middle\" x=\"" + fixed_text((left + right) / 2, 0) + "\" y=\"" + fixed_text(bottom + 42, 0) + "\">" + html_text(frame_.x) + "</text>";
  out += "<text text-anchor=\"middle\" transform=\"translate(14 " + fixed_text((top + bottom) / 2, 0) + ") rotate(-90)\">" + html_text(frame_.y) + "</text>";
  return out + "</svg>";
}

}  // namespace joinedup::risk
