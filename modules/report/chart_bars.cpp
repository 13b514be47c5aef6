// Bars: plain, stacked, back to back, and beside a matrix of dots.
#include <algorithm>
#include <cmath>

#include "report/chart.hpp"
#include "report/svg.hpp"

namespace joinedup::report {
namespace {

constexpr double text_size = 14, small_size = 12.5, gap = 8;

// Where labels and bars go: beside each other, or label above bar where there is little room.
struct Layout {
  bool stacked_labels;  // the label has a line of its own above its bar
  double bars_at, bars_width, step, thickness;
};

template <class Rows>
Layout lay_out(const Frame& frame, const Rows& rows) {
  double labels = 0, texts = 0;
  for (const auto& row : rows) {
    labels = std::max(labels, text_width(row.label, text_size));
    texts = std::max(texts, text_width(row.text, text_size));
  }
  Layout layout{};
  layout.stacked_labels = labels > frame.width * 0.45 || labels + texts + 70 > frame.width;
  layout.bars_at = layout.stacked_labels ? 1 : labels + gap;
  layout.bars_width = std::max(30.0, frame.width - layout.bars_at - texts - gap - 2);
  const bool small = frame.width < narrow_below;
  layout.thickness = layout.stacked_labels ? 12 : small ? 16 : 20;
  layout.step = layout.stacked_labels ? 40 : layout.thickness + (small ? 7 : 8);
  return layout;
}

double top_of_bar(const Layout& layout, double row_top) { return layout.stacked_labels ? row_top + 19 : row_top; }

// The text, or as much of it as there is room for. The whole is in the table.
std::string fitted(const std::string& text, double width) {
  if (text_width(text, text_size) <= width) return text;
  std::string shorter = text;
  while (!shorter.empty() && text_width(shorter + "…", text_size) > width) {
    while (!shorter.empty() && (static_cast<unsigned char>(shorter.back()) & 0xC0) == 0x80) shorter.pop_back();
    if (!shorter.empty()) shorter.pop_back();
  }
  return shorter + "…";
}

void label_row(Svg& svg, const Frame& frame, const Layout& layout, double row_top, const std::string& label) {
  if (layout.stacked_labels) svg.text(0, row_top + 13, fitted(label, frame.width), Anchor::start);
  else svg.text(layout.bars_at - gap, row_top + layout.thickness / 2 + 5, label, Anchor::end);
}

// A key above stacked bars: swatch and name, wrapped; gives the height used.
double draw_key(Svg* svg, const Frame& frame, double left, const std::vector<Segment>& segments) {
  double x = left, y = 14;
  for (const auto& segment : segments) {
    const double width = 18 + text_width(segment.name, small_size + 0.5) + 18;
    if (x > left && x + width - 18 > frame.width) x = left, y += 22;
    if (svg) {
      svg->rect(x, y - 11, 13, 13, tone_class(segment.tone));
      svg->text(x + 18, y, segment.name, Anchor::start, "small");
    }
    x += width;
  }
  return y + 14;
}

}  // namespace

std::string bar_chart(const Frame& frame, const std::vector<Bar>& bars, const BarOptions& options) {
  const auto layout = lay_out(frame, bars);
  double largest = options.maximum.value_or(0);
  if (!options.maximum)
    for (const auto& bar : bars) largest = std::max(largest, bar.value.value_or(0));
  const double head = options.reference ? 24 : 2;
  const double height = head + layout.step * static_cast<double>(bars.size()) + 2;
  Svg svg(frame, height);
  const auto scale = [&](double value) { return largest > 0 ? value / largest * layout.bars_width : 0; };
  const auto row_top = [&](std::size_t row) { return head + layout.step * static_cast<double>(row); };
  for (std::size_t row = 0; row < bars.size(); ++row)
    if (const auto& value = bars[row].value)
      svg.rect(layout.bars_at, top_of_bar(layout, row_top(row)), std::max(scale(*value), *value > 0 ? 1.0 : 0.0), layout.thickness, tone_class(bars[row].tone));
  if (!layout.stacked_labels) svg.line(layout.bars_at, head - 2, layout.bars_at, height - 6, "axis");
  if (options.reference) {
    const double x = layout.bars_at + scale(*options.reference);
    svg.line(x, head - 4, x, height - 6, "reference");
    const bool right = x + text_width(options.reference_text, small_size) / 2 > frame.width;
    const bool left = x - text_width(options.reference_text, small_size) / 2 < 0;
    svg.text(right ? frame.width : left ? 0 : x, 13, options.reference_text, right ? Anchor::end : left ? Anchor::start : Anchor::middle,
             "small");
  }
  for (std::size_t row = 0; row < bars.size(); ++row) {  // words last, so that no line runs over them
    const auto& bar = bars[row];
    label_row(svg, frame, layout, row_top(row), bar.label);
    const double top = top_of_bar(layout, row_top(row)), length = bar.value ? scale(*bar.value) : 0;
    svg.text(layout.bars_at + length + 6, top + layout.thickness / 2 + 5, bar.text, Anchor::start, bar.value ? "value" : "kept");
  }
  return svg.finish();
}

std::string stacked_bar_chart(const Frame& frame, const std::vector<Segment>& segments, const std::vector<StackedBar>& bars,
                              Stacking stacking) {
  const auto layout = lay_out(frame, bars);
  const auto whole = [](const StackedBar& bar) {
    double sum = 0;
    for (const auto& value : bar.values) sum += value.value_or(0);
    return sum;
  };
  double largest = 0;
  for (const auto& bar : bars) largest = std::max(largest, whole(bar));
  const double left = layout.stacked_labels || frame.width < narrow_below ? 0 : layout.bars_at;
  const double head = draw_key(nullptr, frame, left, segments);
  const double height = head + layout.step * static_cast<double>(bars.size()) + 2;
  Svg svg(frame, height);
  draw_key(&svg, frame, left, segments);
  double y = head;
  for (const auto& bar : bars) {
    label_row(svg, frame, layout, y, bar.label);
    const double full = stacking == Stacking::shares ? whole(bar) : largest, top = top_of_bar(layout, y);
    double x = layout.bars_at;
    for (std::size_t i = 0; i < bar.values.size(); ++i) {
      const double length = full > 0 ? bar.values[i].value_or(0) / full * layout.bars_width : 0;
      if (length > 0) svg.rect(x, top, length, layout.thickness, std::string(tone_class(segments[i].tone)) + " seam");
      x += length;
    }
    svg.text(x + 6, top + layout.thickness / 2 + 5, bar.text, Anchor::start, whole(bar) > 0 ? "value" : "kept");
    y += layout.step;
  }
  if (!layout.stacked_labels) svg.line(layout.bars_at, head - 2, layout.bars_at, height - 6, "axis");
  return svg.finish();
}

std::string pyramid_chart(const Frame& frame, const std::string& left, const std::string& right, const std::vector<PyramidRow>& rows) {
  const bool small = frame.width < narrow_below;
  double largest = 0, labels = 0, texts = 0;
  for (const auto& row : rows) {
    largest = std::max({largest, row.left.value_or(0), row.right.value_or(0)});
    labels = std::max(labels, text_width(row.label, small_size));
    texts = std::max({texts, text_width(row.left_text, small_size), text_width(row.right_text, small_size)});
  }
  if (small) texts = 0;  // lengths only: the numbers are in the table
  const double middle = labels + 14, side = (frame.width - middle) / 2, full = side - texts - (small ? 2 : 8);
  const double step = small ? 16 : 20, thick = step - 3, head = 28, height = head + step * static_cast<double>(rows.size()) + 2;
  Svg svg(frame, height);
  svg.text(small ? 0 : side - 2, 14, left, small ? Anchor::start : Anchor::end, "strong");
  svg.text(small ? frame.width : side + middle + 2, 14, right, small ? Anchor::end : Anchor::start, "strong");
  double y = head;
  for (const auto& row : rows) {
    const double baseline = y + thick / 2 + 4.5;
    const auto draw = [&](const Value& value, const std::string& words, double direction, Tone tone) {
      const double length = largest > 0 ? value.value_or(0) / largest * full : 0;
      const double base = direction < 0 ? side : side + middle;
      svg.rect(direction < 0 ? base - length : base, y, length, thick, tone_class(tone));
      if (!small) svg.text(base + direction * (length + 6), baseline, words, direction < 0 ? Anchor::end : Anchor::start, value ? "small" : "small kept");
    };
    draw(row.left, row.left_text, -1, Tone::teal);
    draw(row.right, row.right_text, 1, Tone::navy);
    svg.text(side + middle / 2, baseline, row.label, Anchor::middle, "small");
    y += step;
  }
  return svg.finish();
}

std::string combination_chart(const Frame& frame, const std::vector<std::string>& sets, const std::vector<Combination>& rows) {
  const bool small = frame.width < narrow_below;
  const double pitch = small ? 16 : 30, radius = small ? 4 : 5.5, step = small ? 25 : 27;
  double longest = 0, texts = 0, largest = 0;
  for (const auto& set : sets) longest = std::max(longest, text_width(set, small_size));
  for (const auto& row : rows) {
    texts = std::max(texts, text_width(row.text, small ? small_size : text_size));
    largest = std::max(largest, row.value.value_or(0));
  }
  const double slope = small ? -90 : -45, rise = small ? longest : longest * 0.72;
  const double head = rise + 14, dots = pitch * static_cast<double>(sets.size()), bars_at = dots + 12;
  const double full = frame.width - bars_at - texts - 10, height = head + step * static_cast<double>(rows.size()) + 4;
  Svg svg(frame, height);
  for (std::size_t i = 0; i < sets.size(); ++i)
    svg.rotated(pitch * (static_cast<double>(i) + 0.5) + 4, head - 8, slope, sets[i], "small");
  double y = head;
  for (const auto& row : rows) {
    const double middle = y + step / 2;
    if (std::any_of(row.members.begin(), row.members.end(), [](bool member) { return member; })) {
      double first = -1, last = -1;
      for (std::size_t i = 0; i < sets.size(); ++i) {
        const double x = pitch * (static_cast<double>(i) + 0.5);
        if (row.members[i]) first = first < 0 ? x : first, last = x;
      }
      svg.line(first, middle, last, middle, "link");
      for (std::size_t i = 0; i < sets.size(); ++i)
        svg.circle(pitch * (static_cast<double>(i) + 0.5), middle, radius, row.members[i] ? "dot" : "hole");
    } else {
      svg.text(dots, middle + 4.5, row.label, Anchor::end, "small");
    }
    const double length = largest > 0 ? row.value.value_or(0) / largest * full : 0;
    svg.rect(bars_at, middle - 9, length, 18, "navy");
    svg.text(bars_at + length + 6, middle + 5, row.text, Anchor::start, row.value ? (small ? "small" : "value") : "kept small");
    y += step;
  }
  svg.line(bars_at, head - 2, bars_at, height - 4, "axis");
  return svg.finish();
}

}  // namespace joinedup::report
