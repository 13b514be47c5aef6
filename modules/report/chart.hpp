// chart: pictures as inline SVG, for any report of the house. No script, no legend where a label can stand beside its mark.
//
//   bar_chart({"cost", "Cost by setting", "Ten bars; hospital stays are the longest.", 860},
//             {{"Hospital stays", 61.2, "£61.2 million"}, {"Housing", std::nullopt, "fewer than 10"}});
//
// A value that is kept back is drawn as its words, never as a length. Colours are CSS classes of style.css (safe for
// colour-blind readers, 3:1 against paper). A width under `narrow_below` gives the form for small screens.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joinedup::report {

constexpr double wide = 860, half = 420, third = 272, narrow = 288;
constexpr double narrow_below = 400;

enum class Tone { navy, teal, ochre, rust, plum, grey };
const char* tone_class(Tone tone);

struct Frame {
  std::string id;           // unique in the page
  std::string title;        // what the picture is
  std::string description;  // what it shows, for those who cannot see it
  double width = wide;
};

using Value = std::optional<double>;

struct Bar {
  std::string label;
  Value value;
  std::string text;  // the value in words and units, drawn beside the bar
  Tone tone = Tone::navy;
};
struct BarOptions {
  Value maximum;             // the value of a full bar; the largest value if absent
  Value reference;           // a dashed line across all bars
  std::string reference_text;
};
std::string bar_chart(const Frame& frame, const std::vector<Bar>& bars, const BarOptions& options = {});

struct Segment {
  std::string name;
  Tone tone = Tone::navy;
};
struct StackedBar {
  std::string label;
  std::vector<Value> values;  // one a segment
  std::string text;           // the whole, in words
};
enum class Stacking { absolute, shares };  // shares: every bar is as long as the frame allows
std::string stacked_bar_chart(const Frame& frame, const std::vector<Segment>& segments, const std::vector<StackedBar>& bars,
                              Stacking stacking = Stacking::absolute);

struct PyramidRow {
  std::string label;
  Value left, right;
  std::string left_text, right_text;
};
std::string pyramid_chart(const Frame& frame, const std::string& left, const std::string& right,
                          const std::vector<PyramidRow>& rows);

struct Series {
  std::string name;  // written at the line's end; may be empty where the panel has one line
  std::vector<Value> values;
  Tone tone = Tone::navy;
};
struct LineOptions {
  double height = 132;
  std::function<std::string(double)> format;     // values in words; whole numbers if absent
  std::vector<std::string> labels;               // one a point; the first and the last are drawn
};
std::string line_chart(const Frame& frame, const std::vector<Series>& series, const LineOptions& options);

struct Lorenz {
  std::string name;
  std::vector<double> shares;  // cumulative, of 100 equal steps: shares[0] = 0, shares[100] = 1
  Tone tone = Tone::navy;
};
std::string lorenz_chart(const Frame& frame, const std::vector<Lorenz>& curves, const std::string& people, const std::string& amount);

// Which sets a group belongs to, as dots, beside how many there are (the idea of an UpSet plot).
struct Combination {
  std::vector<bool> members;  // one a set; all false: `label` is written instead
  std::string label;
  Value value;
  std::string text;
};
std::string combination_chart(const Frame& frame, const std::vector<std::string>& sets, const std::vector<Combination>& rows);

// The width of a text in Arial or its metric twin, near enough to place labels.
double text_width(std::string_view text, double size);

}  // namespace joinedup::report
