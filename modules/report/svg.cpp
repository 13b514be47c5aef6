#include "report/svg.hpp"

#include <cmath>
#include <cstdio>

#include "base/text.hpp"

namespace joinedup::report {

std::string decimals(double value, int places) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", places, value);
  return buffer;
}

std::string fixed(double value, int places) {
  std::string text = decimals(value, places);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

double text_width(std::string_view text, double size) {
  double ems = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;  // the rest of a UTF-8 character
    const std::string_view slim = "ijl.,:;'|! ()-ftrI", broad = "mwMW%";
    if (slim.find(c) != std::string_view::npos) ems += 0.31;
    else if (broad.find(c) != std::string_view::npos) ems += 0.85;
    else if (c >= 'A' && c <= 'Z') ems += 0.68;
    else ems += 0.556;
  }
  return ems * size;
}

const char* tone_class(Tone tone) {
  switch (tone) {
    case Tone::navy: return "navy";
    case Tone::teal: return "teal";
    case Tone::ochre: return "ochre";
    case Tone::rust: return "rust";
    case Tone::plum: return "plum";
    case Tone::grey: return "grey";
  }
  return "grey";
}

namespace {
std::string attribute(std::string_view css) { return css.empty() ? "" : " class=\"" + std::string(css) + "\""; }
}  // namespace

Svg::Svg(const Frame& frame, double height) {
  const auto size = fixed(frame.width) + " " + fixed(height);
  out_ = "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 " + size + "\" width=\"" + fixed(frame.width) + "\" height=\"" +
         fixed(height) + "\" aria-labelledby=\"" + frame.id + "-t " + frame.id + "-d\"><title id=\"" + frame.id + "-t\">" +
         html_text(frame.title) + "</title><desc id=\"" + frame.id + "-d\">" + html_text(frame.description) + "</desc>";
}

void Svg::rect(double x, double y, double width, double height, std::string_view css) {
  out_ += "<rect x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\" width=\"" + fixed(width) + "\" height=\"" + fixed(height) + "\"" +
          attribute(css) + "/>";
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view css) {
  out_ += "<line x1=\"" + fixed(x1) + "\" y1=\"" + fixed(y1) + "\" x2=\"" + fixed(x2) + "\" y2=\"" + fixed(y2) + "\"" +
          attribute(css) + "/>";
}

void Svg::circle(double x, double y, double radius, std::string_view css) {
  out_ += "<circle cx=\"" + fixed(x) + "\" cy=\"" + fixed(y) + "\" r=\"" + fixed(radius) + "\"" + attribute(css) + "/>";
}

void Svg::path(const std::string& d, std::string_view css) { out_ += "<path d=\"" + d + "\"" + attribute(css) + "/>"; }

void Svg::text(double x, double y, std::string_view words, Anchor anchor, std::string_view css) {
  const char* where = anchor == Anchor::middle ? " text-anchor=\"middle\"" : anchor == Anchor::end ? " text-anchor=\"end\"" : "";
  out_ += "<text x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\"" + where + attribute(css) + ">" + html_text(words) + "</text>";
}

void Svg::rotated(double x, double y, double degrees, std::string_view words, std::string_view css) {
  out_ += "<text transform=\"translate(" + fixed(x) + " " + fixed(y) + ") rotate(" + fixed(degrees) + ")\"" + attribute(css) + ">" +
          html_text(words) + "</text>";
}

std::string Svg::finish() { return out_ + "</svg>"; }

}  // namespace joinedup::report
