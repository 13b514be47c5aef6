#include "linkage/report.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/text.hpp"

namespace joinedup::linkage {
namespace {

std::string fixed(double value, int places) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", places, value);
  return buffer;
}
std::string count(std::uint64_t value) { return with_commas(static_cast<std::int64_t>(value)); }
std::string percent(double share) { return fixed(100 * share, 2) + "%"; }

constexpr const char* style = R"(<style>
body{font:16px/1.5 system-ui,sans-serif;color:#212b32;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.8rem}h2{margin-top:2.5rem;border-bottom:1px solid #d8dde0}
table{border-collapse:collapse;margin:1rem 0}th,td{padding:.2rem .8rem;text-align:left;border-bottom:1px solid #d8dde0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}figure{margin:1rem 0}figcaption{color:#4c6272}
.for{fill:#005eb8}.against{fill:#c05a00}.bar{fill:#41789e}text{font:12px system-ui,sans-serif;fill:#212b32}text.small{font-size:10px}.grid{stroke:#d8dde0}.mark{stroke:#768692;stroke-dasharray:2 3}polyline{fill:none;stroke-width:2}.precision{stroke:#005eb8}.recall{stroke:#c05a00;stroke-dasharray:6 3}
.precision-key{color:#005eb8;font-weight:600}.recall-key{color:#a14b00;font-weight:600}.wide{overflow-x:auto}small{color:#4c6272}.note{background:#fff9e6;border-left:4px solid #c8a000;padding:.5rem 1rem}
</style>)";

std::string significant(double share) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.3g", share);
  return buffer;
}
// A label that fits beside its bar, cut between characters.
std::string shortened(const std::string& label) {
  constexpr std::size_t longest = 56;
  if (label.size() <= longest) return label;
  std::size_t end = longest - 3;
  while (end > 0 && (static_cast<unsigned char>(label[end]) & 0xC0) == 0x80) --end;
  return label.substr(0, end) + "…";
}

// Bars to the right for evidence that two records are one person, to the left for evidence against; words beside them.
// A bar that does not start at 0 stands where the ones before it have led: a waterfall.
struct Bar {
  std::string label;
  double value;
  double start = 0;
};
constexpr double words_end = 390, bars_begin = 460, bars_width = 370;

std::string bars(const std::vector<Bar>& data, const std::string& title) {
  double low = 0, high = 1e-9;
  for (const auto& bar : data) low = std::min({low, bar.start, bar.start + bar.value}), high = std::max({high, bar.start, bar.start + bar.value});
  const auto across = [&](double value) { return bars_begin + bars_width * (value - low) / (high - low); };
  const int height = static_cast<int>(data.size()) * 20 + 10;
  std::string out = "<svg role=\"img\" aria-label=\"" + html_text(title) + "\" viewBox=\"0 0 900 " + std::to_string(height) + "\" width=\"100%\"><line x1=\"" + fixed(across(0), 1) + "\" x2=\"" + fixed(across(0), 1) + "\" y1=\"0\" y2=\"" +
                    std::to_string(height) + "\" stroke=\"#768692\"/>";
  int y = 4;
  for (const auto& bar : data) {
    const double from = across(std::min(bar.start, bar.start + bar.value)), to = across(std::max(bar.start, bar.start + bar.value));
    const bool against = bar.value < 0;
    out += "<text x=\"" + fixed(words_end, 0) + "\" y=\"" + std::to_string(y + 13) + "\" text-anchor=\"end\">" + html_text(shortened(bar.label)) + "</text><rect class=\"" + (against ? "against" : "for") + "\" x=\"" + fixed(from, 1) + "\" y=\"" +
           std::to_string(y + 2) + "\" width=\"" + fixed(std::max(1.0, to - from), 1) + "\" height=\"14\"/><text x=\"" + fixed(against ? from - 5 : to + 5, 1) + "\" y=\"" + std::to_string(y + 13) + "\"" + (against ? " text-anchor=\"end\"" : "") + ">" +
           fixed(bar.value, 2) + "</text>";
    y += 20;
  }
  return out + "</svg>";
}

// For each level the share of it among pairs of one person (m) and of two (u).
std::string shares(const Comparison& comparison) {
  int y = 4;
  std::string rows;
  for (const auto& level : comparison.levels) {
    if (level.is_null) continue;
    rows += "<text x=\"" + fixed(words_end, 0) + "\" y=\"" + std::to_string(y + 15) + "\" text-anchor=\"end\">" + html_text(shortened(level.label)) + "</text>";
    for (const auto& [share, style_of, down] : {std::tuple{level.m.value_or(0), "for", 0}, std::tuple{level.u.value_or(0), "against", 10}}) {
      const double width = std::max(1.0, bars_width * share);
      rows += std::string("<rect class=\"") + style_of + "\" x=\"" + fixed(bars_begin, 0) + "\" y=\"" + std::to_string(y + down) + "\" width=\"" + fixed(width, 1) + "\" height=\"9\"/><text class=\"small\" x=\"" + fixed(bars_begin + width + 5, 1) + "\" y=\"" +
              std::to_string(y + down + 9) + "\">" + significant(share) + "</text>";
    }
    y += 26;
  }
  return "<svg role=\"img\" aria-label=\"m and u of " + html_text(comparison.name) + "\" viewBox=\"0 0 900 " + std::to_string(y + 4) + "\" width=\"100%\">" + rows + "</svg>";
}

std::string model_section(const Model& model) {
  std::string out = "<h2>What the model says</h2><p>Each level adds its match weight, log2(m ÷ u): m is its share among pairs of one person, u among pairs of two. "
                    "The prior, one pair in " + format_number(std::round(1 / model.prior)) + ", starts every pair at " + fixed(probability_to_weight(model.prior), 2) + ".</p>";
  for (const auto& comparison : model.comparisons) {
    std::vector<Bar> data;
    std::string rows;
    for (const auto& level : comparison.levels) {
      if (level.is_null) continue;
      data.push_back({level.label, match_weight(level)});
      rows += "<tr><td>" + html_text(level.label) + "</td><td class=\"n\">" + format_number(level.m.value_or(0)) + "</td><td class=\"n\">" + format_number(level.u.value_or(0)) +
              "</td><td class=\"n\">" + fixed(match_weight(level), 3) + "</td><td>" + html_text(level.frequency_column) + "</td></tr>";
    }
    out += "<h3>" + html_text(comparison.name) + "</h3><figure>" + bars(data, "Match weights of " + comparison.name) +
           "</figure><figure>" + shares(comparison) + "<figcaption><span class=\"key precision-key\">m</span>: share of the level among pairs of one person. <span class=\"key recall-key\">u</span>: among pairs of two.</figcaption></figure><details><summary>As a table</summary><table><tr><th>Level</th><th class=\"n\">m</th><th class=\"n\">u</th><th class=\"n\">Match weight</th><th>Adjusted by the frequency of</th></tr>" + rows + "</table></details>";
  }
  return out;
}

std::string histogram_section(const RunNotes& notes) {
  std::size_t first = notes.histogram.size(), last = 0;
  std::uint64_t most = 1;
  for (std::size_t i = 0; i < notes.histogram.size(); ++i)
    if (notes.histogram[i]) first = std::min(first, i), last = i, most = std::max(most, notes.histogram[i]);
  if (first > last) return "<h2>Match weights of the pairs</h2><p>No pair was scored.</p>";
  const double width = 860.0 / static_cast<double>(last - first + 1);
  std::string out = "<h2>Match weights of the pairs</h2><figure><svg role=\"img\" aria-label=\"Histogram of match weights\" viewBox=\"0 0 900 240\" width=\"100%\">";
  for (std::size_t i = first; i <= last; ++i) {
    if (!notes.histogram[i]) continue;
    const double height = 200 * std::log1p(static_cast<double>(notes.histogram[i])) / std::log1p(static_cast<double>(most));
    out += "<rect class=\"bar\" x=\"" + fixed(20 + width * static_cast<double>(i - first), 1) + "\" y=\"" + fixed(210 - height, 1) + "\" width=\"" + fixed(width * 0.9, 1) + "\" height=\"" +
           fixed(height, 1) + "\"><title>" + std::to_string(static_cast<int>(i) + RunNotes::lowest) + ": " + count(notes.histogram[i]) + " pairs</title></rect>";
    if ((static_cast<int>(i) + RunNotes::lowest) % 10 == 0)
      out += "<text x=\"" + fixed(20 + width * static_cast<double>(i - first), 1) + "\" y=\"228\">" + std::to_string(static_cast<int>(i) + RunNotes::lowest) + "</text>";
  }
  return out + "</svg><figcaption>Pairs by match weight, a bit a bar, heights on a log scale. A weight of 0 is even odds; each 10 is a factor of about a thousand.</figcaption></figure>";
}

std::string probability_words(double weight) {  // digits enough to tell the near-certain apart
  const double probability = weight_to_probability(weight);
  if (probability > 0.999) return "1 − " + significant(weight_to_probability(-weight));
  return significant(probability);
}

std::string waterfall_section(const ReportInput& input) {
  std::string out = "<h2>Why pairs scored as they did</h2>";
  const Records& records = *input.compiled.records;
  PairScorer scorer(input.compiled);
  for (const auto& pair : input.notes.shown) {
    if (!pair.found) continue;
    const std::vector<std::uint32_t> left{pair.left}, right{pair.right};
    scorer.score(left, right);
    std::vector<Bar> data{{"prior", input.compiled.prior_weight}};
    const auto next = [&](std::string label, double value) { data.push_back({std::move(label), value, data.back().start + data.back().value}); };
    for (std::size_t c = 0; c < input.model.comparisons.size(); ++c) {
      if (pair.levels[c] == PairScorer::no_level) continue;
      const auto& level = input.model.comparisons[c].levels[pair.levels[c]];
      next(input.model.comparisons[c].name + ": " + level.label, match_weight(level));
      if (const double adjusted = scorer.frequency_weight(c, 0); adjusted != 0) next("… how common the value is", adjusted);
    }
    data.push_back({"match weight", pair.weight});
    out += "<h3>" + std::string(pair.why) + ": " + html_text(records.shown_id(pair.left)) + " and " + html_text(records.shown_id(pair.right)) + "</h3><figure>" +
           bars(data, "Evidence for and against this pair") + "<figcaption>Each bar starts where the one above it ends. Probability " + probability_words(pair.weight) + ".</figcaption></figure>";
  }
  return out;
}

// A record compared with itself shows the most evidence it can ever give.
std::string unlinkables_section(const ReportInput& input) {
  const Records& records = *input.compiled.records;
  PairScorer scorer(input.compiled);
  static constexpr double thresholds[] = {0.5, 0.9, 0.95, 0.99, 0.999, 0.9999};
  std::uint64_t below[std::size(thresholds)] = {};
  constexpr std::uint32_t chunk = 65536, most = 2000000;
  const auto looked = static_cast<std::uint32_t>(std::min<std::size_t>(records.size(), most));
  std::vector<std::uint32_t> rows;
  for (std::uint32_t start = 0; start < looked; start += chunk) {
    rows.clear();
    for (std::uint32_t row = start; row < std::min(looked, start + chunk); ++row) rows.push_back(row);
    scorer.score(rows, rows);
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t t = 0; t < std::size(thresholds); ++t) below[t] += !(weight_to_probability(scorer.weight(i)) >= thresholds[t]);
  }
  std::string out = "<h2>Records that cannot be linked</h2><p>Even compared with itself, a record with little in it stays under a threshold: no other record can link to it.</p><table><tr><th class=\"n\">Threshold</th><th class=\"n\">Records under it</th><th class=\"n\">Share</th></tr>";
  for (std::size_t t = 0; t < std::size(thresholds); ++t)
    out += "<tr><td class=\"n\">" + format_number(thresholds[t]) + "</td><td class=\"n\">" + count(below[t]) + "</td><td class=\"n\">" + percent(static_cast<double>(below[t]) / std::max(1u, looked)) + "</td></tr>";
  return out + "</table>";
}

std::string rate_cell(std::uint64_t part, std::uint64_t of) {
  if (of == 0) return "<td class=\"n\">–</td>";
  const double share = static_cast<double>(part) / static_cast<double>(of);
  const auto [low, high] = wilson(share, static_cast<double>(of));
  return "<td class=\"n\">" + percent(share) + " <small>(" + percent(low) + " to " + percent(high) + ")</small></td>";
}

// Linkage bias hides in groups: fewer links for some, more false ones for others.
std::string groups_section(const ReportInput& input) {
  if (input.groups.size() < 2) return "";
  std::string out = "<h3>By group</h3><p>At the clusters' threshold, probability " + format_number(input.summary.cluster_probability) +
                    ", with 95% intervals. A pair counts in the group of either of its records.</p><div class=\"wide\"><table><tr><th>Group</th><th class=\"n\">Records</th><th class=\"n\">Linked to another</th>" +
                    (input.tally ? "<th class=\"n\">Links</th><th class=\"n\">Precision</th><th class=\"n\">True pairs</th><th class=\"n\">Recall</th>" : "") + "</tr>";
  std::string column;
  for (const auto& group : input.groups) {
    if (group.column != column) {
      column = group.column;
      out += "<tr><th colspan=\"" + std::to_string(input.tally ? 7 : 3) + "\">" + html_text(column) + "</th></tr>";
    }
    out += "<tr><td>" + html_text(group.column.empty() ? "All records" : group.value) + "</td><td class=\"n\">" + count(group.records) + "</td>" + rate_cell(group.linked, group.records);
    if (input.tally)
      out += "<td class=\"n\">" + count(group.links) + "</td>" + rate_cell(group.true_links, group.links) + "<td class=\"n\">" + count(group.true_pairs) + "</td>" + rate_cell(group.true_links, group.true_pairs);
    out += "</tr>";
  }
  return out + "</table></div>";
}

std::string curve_figure(const std::vector<ThresholdPoint>& curve, double cluster_weight) {
  double low = INFINITY, high = -INFINITY;
  for (const auto& point : curve) low = std::min(low, point.weight), high = std::max(high, point.weight);
  const auto across = [&](double weight) { return 50 + 820 * (weight - low) / std::max(1e-9, high - low); };
  const auto up = [](double share) { return 215 - 200 * share; };
  std::string precision, recall, out = "<figure><svg role=\"img\" aria-label=\"Precision and recall by threshold\" viewBox=\"0 0 900 270\" width=\"100%\">";
  const std::size_t stride = std::max<std::size_t>(1, curve.size() / 400);
  for (std::size_t i = 0; i < curve.size(); i += stride) {
    precision += fixed(across(curve[i].weight), 1) + "," + fixed(up(curve[i].precision), 1) + " ";
    recall += fixed(across(curve[i].weight), 1) + "," + fixed(up(curve[i].recall), 1) + " ";
  }
  for (int tenth = 0; tenth <= 10; tenth += 2)
    out += "<line class=\"grid\" x1=\"50\" x2=\"870\" y1=\"" + fixed(up(tenth / 10.0), 1) + "\" y2=\"" + fixed(up(tenth / 10.0), 1) + "\"/><text x=\"44\" y=\"" + fixed(up(tenth / 10.0) + 4, 1) +
           "\" text-anchor=\"end\">" + std::to_string(tenth * 10) + "%</text>";
  const double step = high - low > 60 ? 20 : high - low > 25 ? 10 : 5;
  for (double tick = std::ceil(low / step) * step; tick <= high; tick += step) out += "<text x=\"" + fixed(across(tick), 1) + "\" y=\"235\" text-anchor=\"middle\">" + fixed(tick, 0) + "</text>";
  out += "<text x=\"460\" y=\"258\" text-anchor=\"middle\">match weight from which pairs are links</text>";
  if (cluster_weight > low && cluster_weight < high)
    out += "<line class=\"mark\" x1=\"" + fixed(across(cluster_weight), 1) + "\" x2=\"" + fixed(across(cluster_weight), 1) + "\" y1=\"10\" y2=\"215\"/><text x=\"" + fixed(across(cluster_weight) + 4, 1) + "\" y=\"205\">threshold of the clusters</text>";
  return out + "<polyline class=\"precision\" points=\"" + precision + "\"/><polyline class=\"recall\" points=\"" + recall +
         "\"/></svg><figcaption><span class=\"key precision-key\">precision</span>: of the links, the true ones. <span class=\"key recall-key\">recall</span>: of the true pairs, those linked.</figcaption></figure>";
}

std::string quality_section(const ReportInput& input) {
  if (!input.tally)
    return "<h2>Quality</h2><p>No truth was given, so that precision and recall are not known. Name a truth column in the specification, or give pairs decided by hand with --labels.</p>" + groups_section(input);
  const auto curve = input.tally->curve();
  const auto best = input.tally->best();
  const bool labelled = input.tally->truth().person.empty();
  std::string out = labelled ? "<h2>Quality by the labelled pairs</h2><p>Over the " + count(input.tally->labels().same.size()) + " labelled pairs alone, as they are: a sample chosen by weight is not a picture of all pairs. Of "
                             : "<h2>Quality against the known truth</h2><p>Over pairs, without following links from record to record. Of ";
  out += count(input.tally->true_pairs()) + " true pairs, blocking kept " + count(input.tally->true_pairs_seen()) + "; those it missed count against recall. Best F1: <strong>" + fixed(best.f1, 4) + "</strong> at match weight " +
         fixed(best.weight, 2) + ".</p>";
  if (!curve.empty()) out += curve_figure(curve, probability_to_weight(input.summary.cluster_probability));
  out += "<table><tr><th class=\"n\">Probability</th><th class=\"n\">Precision (95% interval)</th><th class=\"n\">Recall (95% interval)</th><th class=\"n\">F1</th></tr>";
  for (const double threshold : {0.5, 0.9, 0.95, 0.99, 0.999, 0.9999}) {
    const double weight = probability_to_weight(threshold);
    const auto at = std::find_if(curve.begin(), curve.end(), [&](const ThresholdPoint& point) { return point.weight >= weight - 5e-4; });
    if (at == curve.end()) continue;
    out += "<tr><td class=\"n\">" + format_number(threshold) + "</td>" + rate_cell(at->true_links, at->true_links + at->false_links) + rate_cell(at->true_links, input.tally->true_pairs()) + "<td class=\"n\">" + fixed(at->f1, 4) + "</td></tr>";
  }
  return out + "</table>" + groups_section(input);
}

std::string cluster_section(const ReportInput& input) {
  const Records& records = *input.compiled.records;
  std::vector<std::uint32_t> sizes(input.cluster_of.size(), 0);
  for (const auto cluster : input.cluster_of) ++sizes[cluster];
  std::map<std::uint32_t, std::uint64_t> by_size;
  for (const auto size : sizes)
    if (size) ++by_size[size];
  std::string out = "<h2>Clusters</h2><p>Connected components at probability " + format_number(input.summary.cluster_probability) + ".</p><table><tr><th class=\"n\">Records in a cluster</th><th class=\"n\">Clusters</th></tr>";
  int lines = 0;
  for (const auto& [size, number] : by_size) {
    if (++lines > 25) break;
    out += "<tr><td class=\"n\">" + std::to_string(size) + "</td><td class=\"n\">" + count(number) + "</td></tr>";
  }
  out += "</table>";
  struct Doubt {
    std::uint32_t cluster = 0, size = 0;
    std::uint64_t links = 0;
    float weakest = INFINITY;
    double density() const { return static_cast<double>(links) / (0.5 * size * (size - 1.0)); }
  };
  std::map<std::uint32_t, Doubt> doubts;
  for (const auto& edge : input.edges) {
    const auto cluster = input.cluster_of[edge.left];
    if (sizes[cluster] < 3) continue;
    auto& doubt = doubts[cluster];
    doubt.cluster = cluster;
    doubt.size = sizes[cluster];
    ++doubt.links;
    doubt.weakest = std::min(doubt.weakest, edge.weight);
  }
  std::vector<Doubt> worst;
  for (const auto& [cluster, doubt] : doubts)
    if (doubt.density() < 1) worst.push_back(doubt);
  std::sort(worst.begin(), worst.end(), [](const Doubt& a, const Doubt& b) { return a.density() != b.density() ? a.density() < b.density() : a.cluster < b.cluster; });
  if (worst.size() > 20) worst.resize(20);
  if (worst.empty()) return out + "<p>Every cluster of three or more is linked all round: none looks like two people joined by one weak link.</p>";
  out += "<h3>The most suspicious</h3><p>Few of the possible links hold these together: perhaps two people joined by one.</p><table><tr><th>Cluster</th><th class=\"n\">Records</th><th class=\"n\">Links</th><th class=\"n\">Of those possible</th><th class=\"n\">Weakest link</th></tr>";
  for (const auto& doubt : worst)
    out += "<tr><td>" + html_text(records.shown_id(doubt.cluster)) + "</td><td class=\"n\">" + std::to_string(doubt.size) + "</td><td class=\"n\">" + std::to_string(doubt.links) + "</td><td class=\"n\">" + percent(doubt.density()) +
           "</td><td class=\"n\">" + fixed(doubt.weakest, 2) + "</td></tr>";
  return out + "</table>";
}

}  // namespace

RunNotes::RunNotes(const CompiledModel& compiled, double cluster_weight) : histogram(highest - lowest + 1, 0), compiled_(compiled) {
  shown = {{"The surest pair", 1e9, 0, 0, 0, {}, false}, {"Just about at the threshold", cluster_weight, 0, 0, 0, {}, false},
           {"Even odds", 0, 0, 0, 0, {}, false}, {"The unlikeliest pair looked at", -1e9, 0, 0, 0, {}, false}};
}

void RunNotes::take(const PairBatch& batch) {
  for (std::size_t i = 0; i < batch.left.size(); ++i) {
    const double weight = batch.weight[i];
    if (std::isnan(weight)) continue;
    ++histogram[static_cast<std::size_t>(std::clamp(static_cast<int>(std::floor(weight)), lowest, highest) - lowest)];
    for (auto& pair : shown) {
      if (pair.found && std::fabs(weight - pair.target) >= std::fabs(pair.weight - pair.target)) continue;
      pair.found = true;
      pair.weight = weight;
      pair.left = batch.left[i];
      pair.right = batch.right[i];
      pair.levels.clear();
      for (const auto& levels : batch.levels) pair.levels.push_back(levels[i]);
    }
  }
}

std::string write_report(const ReportInput& input) {
  const auto& s = input.summary;
  std::string out = "<!doctype html><html lang=\"en-GB\"><head><meta charset=\"utf-8\"><title>Record linkage report</title><meta name=\"viewport\" content=\"width=device-width\">" + std::string(style) +
                    "</head><body><h1>Record linkage report</h1><p>" + count(s.records) + " records. " + count(s.pairs_scored) + " pairs scored, " + count(s.pairs_written) + " written. " + count(s.clusters) +
                    " clusters at probability " + format_number(s.cluster_probability) + "; " + count(s.linked_records) + " records share theirs with another.</p>";
  for (const auto& warning : input.warnings) out += "<p class=\"note\">" + html_text(warning) + "</p>";
  out += quality_section(input) + cluster_section(input) + histogram_section(input.notes) + waterfall_section(input) + unlinkables_section(input) + model_section(input.model);
  out += "<h2>Blocking</h2><ol start=\"0\">";
  for (const auto& rule : input.model.blocking_rules) out += "<li><code>" + html_text(rule.sql) + "</code></li>";
  return out + "</ol><p>A pair's match_key is the number of the first rule that makes it.</p></body></html>\n";
}

}  // namespace joinedup::linkage
