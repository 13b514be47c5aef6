// The validation report: one self-contained page in the order of TRIPOD+AI (Collins 2024, doi:10.1136/bmj-2023-078378).
#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "risk/plot.hpp"
#include "risk/validate.hpp"

namespace joinedup::risk {
namespace {

constexpr std::size_t fewest_shown = 10;  // a group of fewer rows is named, not measured

constexpr const char* style = R"(<style>
body{font:16px/1.5 Arial,Helvetica,sans-serif;color:#212b32;background:#fff;max-width:64rem;margin:0 auto;padding:1rem 1rem 4rem}
h1{font-size:1.9rem;line-height:1.2}h2{margin-top:2.6rem;border-bottom:2px solid #003087;padding-bottom:.2rem}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}caption{text-align:left;font-weight:bold;padding:.3rem 0}
th,td{padding:.25rem .7rem;text-align:left;border-bottom:1px solid #d8dde0;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
figure{margin:1rem 0}figure svg{width:100%;max-width:46rem;height:auto}figcaption,.small{color:#4c6272;font-size:.92rem}
.lead{font-size:1.15rem}.note{background:#fff9e6;border-left:4px solid #c8a000;padding:.5rem 1rem}.never{background:#fbe9e7;border-left:4px solid #b3261e;padding:.5rem 1rem}
.flow{list-style:none;padding:0}.flow li{border:1px solid #768692;padding:.4rem .8rem;margin:.3rem 0;max-width:34rem}.flow li.out{margin-left:3rem;border-style:dashed}
svg text{font:12px Arial,Helvetica,sans-serif;fill:#212b32}.grid{stroke:#e3e7ea}.model{fill:none;stroke:#003087;stroke-width:2.4}.other{fill:none;stroke:#b5500b;stroke-width:2.4;stroke-dasharray:7 4}
.ideal{fill:none;stroke:#768692;stroke-dasharray:3 4;stroke-width:1.6}.all{fill:none;stroke:#5c6f7b;stroke-width:1.6}.band{fill:#003087;opacity:.14}.dot{fill:#003087}.whisker{stroke:#003087}
</style>)";

std::string count(std::size_t value) { return with_commas(static_cast<std::int64_t>(value)); }
std::string percent(Maybe share) { return share ? fixed_text(100 * *share, 1) + "%" : "–"; }
std::string shown(Maybe value, int places = 3) { return value ? fixed_text(*value, places) : "–"; }
std::string with_interval(const Estimate& e, int places = 3) {
  if (!e.value) return "does not exist here";
  return shown(e.value, places) + (e.low && e.high ? " (" + shown(e.low, places) + " to " + shown(e.high, places) + ")" : "");
}
std::string share_with_interval(const Estimate& e) {
  if (!e.value) return "–";
  return percent(e.value) + (e.low && e.high ? " (" + percent(e.low) + " to " + percent(e.high) + ")" : "");
}

struct TableText {
  std::string text;
  TableText(const std::string& caption, std::initializer_list<const char*> headings, std::size_t words = 1) {
    text = "<table><caption>" + html_text(caption) + "</caption><tr>";
    std::size_t at = 0;
    for (const auto* heading : headings) text += std::string("<th scope=\"col\"") + (at++ >= words ? " class=\"n\">" : ">") + heading + "</th>";
    text += "</tr>";
    words_ = words;
  }
  void row(std::initializer_list<std::string> cells) {
    text += "<tr>";
    std::size_t at = 0;
    for (const auto& cell : cells) text += std::string("<td") + (at++ >= words_ ? " class=\"n\">" : ">") + html_text(cell) + "</td>";
    text += "</tr>";
  }
  std::string done() const { return text + "</table>"; }

 private:
  std::size_t words_ = 1;
};

std::string summary(const Validation& v) {
  const auto& p = v.performance;
  std::string out = v.job.study.purpose.empty() ? "" : "<p>" + html_text(v.job.study.purpose) + "</p>";
  out += "<p class=\"lead\">" + std::string(v.trained ? "A model was trained and tested" : "Predictions were tested") + " on " + count(p.rows) + " rows, of which " + count(p.events) +
                    " (" + percent(p.rows ? Maybe(static_cast<double>(p.events) / static_cast<double>(p.rows)) : Maybe()) + ") had the outcome. ";
  if (p.auroc.value)
    out += "Of one row with and one without it, the model ranks the right one higher " + percent(p.auroc.value) + " of the time (AUROC " + with_interval(p.auroc) + "). ";
  if (p.oe.value)
    out += *p.oe.value > 1.05 ? "It promises too few events: " : *p.oe.value < .95 ? "It promises too many events: " : "On the whole it promises about as many events as happened: ";
  if (p.oe.value) out += "observed over expected is " + with_interval(p.oe) + ". ";
  if (p.slope.value)
    out += std::string(*p.slope.value < .9 ? "Its probabilities are too extreme" : *p.slope.value > 1.1 ? "Its probabilities are not spread enough" : "The spread of its probabilities is right") + " (slope " + with_interval(p.slope) + ").";
  out += "</p>";
  for (const auto& note : v.notes) out += "<p class=\"note\">" + html_text(note) + "</p>";
  return out;
}

std::string flow(const Validation& v) {
  std::string out = "<h2 id=\"participants\">Participants</h2><p>How rows came in and went out.</p><ul class=\"flow\">";
  for (const auto& step : v.job.study.flow) out += std::string(step.left_out ? "<li class=\"out\">" : "<li>") + html_text(step.text) + "</li>";
  out += "<li>" + count(v.rows_in_file) + " rows in the file</li>";
  if (v.rows_without_outcome) out += "<li class=\"out\">" + count(v.rows_without_outcome) + " left out: no outcome recorded</li>";
  if (v.rows_without_prediction) out += "<li class=\"out\">" + count(v.rows_without_prediction) + " left out: no prediction</li>";
  out += "<li>" + count(v.performance.rows) + " rows measured, in " + count(v.performance.clusters) + (v.job.cluster.empty() ? " clusters of one" : " clusters of " + html_text(v.job.cluster)) + "</li><li>" +
         count(v.performance.events) + " with the outcome, " + count(v.performance.rows - v.performance.events) + " without</li></ul>";
  if (!v.job.study.flow.empty()) return out;
  return out + "<p class=\"small\">Who was chosen for the file, from where and when, the file does not say: the author of the study adds it here (TRIPOD+AI items 5 and 6).</p>";
}

std::string methods(const Validation& v) {
  std::string out = "<h2 id=\"outcome\">Outcome</h2><p>Column <strong>" + html_text(v.outcome_column) + "</strong>" + (v.event.empty() ? "" : ", event <strong>" + html_text(v.event) + "</strong>") + "." + (v.job.study.outcome.empty() ? "" : " " + html_text(v.job.study.outcome)) + "</p><h2 id=\"predictors\">Predictors</h2>";
  if (!v.trained && !v.job.study.predictors.empty()) {
    out += "<p>" + html_text(v.job.study.predictors) + "</p>";
  } else if (!v.trained) {
    out += "<p>The predictions are those of column <strong>" + html_text(v.job.predict) + "</strong>, as they stand; how they were made, their author knows.</p>";
  } else {
    out += "<p>" + count(v.features.size()) + " columns were used:</p><p class=\"small\">";
    for (std::size_t i = 0; i < v.features.size(); ++i) out += (i ? ", " : "") + html_text(v.features[i]);
    out += "</p>";
    if (!v.order_column.empty())
      out += "<p>Of the order of " + html_text(v.order_column) + " one thing is used: how many earlier rows of the same cluster the file holds. Later rows are never counted.</p>";
    if (!v.left_out.empty()) {
      out += "<p>Left out:</p><ul>";
      for (const auto& reason : v.left_out) out += "<li>" + html_text(reason) + "</li>";
      out += "</ul>";
    }
    if (!v.importance.empty()) {
      TableText table("What the trees used most: share of the gain over all splits (single columns; pairs of columns share the rest)", {"Feature", "Share"});
      for (std::size_t i = 0; i < v.importance.size() && i < 20; ++i) table.row({v.importance[i].first, percent(v.importance[i].second)});
      out += table.done() + "<p class=\"small\">What a model uses is not what causes the outcome, and not what could be changed.</p>";
    }
  }
  out += "<h2 id=\"missing\">Missing data</h2>";
  if (!v.job.study.missing.empty()) out += "<p>" + html_text(v.job.study.missing) + "</p>";
  else if (!v.trained || v.missing.empty()) out += "<p>" + std::string(v.trained ? "No value of the predictors is missing." : "Rows without a prediction are left out, and counted above.") + "</p>";
  else {
    TableText table("Missing is a value of its own: trees learn a direction for it, logistic regression an indicator. Nothing is imputed.", {"Column", "Rows missing", "Share"});
    for (const auto& m : v.missing) table.row({m.column, count(m.rows), percent(static_cast<double>(m.rows) / static_cast<double>(v.rows_in_file))});
    out += table.done();
  }
  if (!v.job.study.methods.empty()) {
    out += "<h2 id=\"analysis\">How it was trained and tested</h2><ol>";
    for (const auto& sentence : v.job.study.methods) out += "<li>" + html_text(sentence) + "</li>";
    return out + "<li>AUROC: DeLong's interval" + (v.job.cluster.empty() ? "" : ", with sums by cluster (Obuchowski)") + "; the others: percentiles of " + std::to_string(v.job.replicates) + " bootstrap samples of " +
           (v.job.cluster.empty() ? "rows" : "clusters") + ".</li></ol>";
  }
  if (!v.trained) return out;
  return out + "<h2 id=\"analysis\">How it was trained and tested</h2><ol><li>Model: " + model_kind_name(v.job.model) + ".</li><li>" + std::to_string(v.job.folds) + " folds of " +
         (v.job.cluster.empty() ? "rows" : "clusters (" + html_text(v.job.cluster) + "), so that nobody is in training and testing at once") + "; the fold is a function of the cluster and the seed (" + std::to_string(v.job.seed) +
         ").</li><li>Outcome rates by value (and by pairs of the strongest columns) are learned inside the training folds only; a training row's rate is made without its own cluster's part.</li>"
         "<li>A second model, trained on four fifths of the training clusters, predicts the other fifth; the logistic recalibration fitted there, drawn back where chance may explain it, is applied to the test fold. No test row takes part in it.</li>"
         "<li>No row was weighted or drawn again for being rare; settings were fixed beforehand, the same for every file.</li><li>Measures are over all test rows together. AUROC: DeLong's interval" +
         (v.job.cluster.empty() ? "" : ", with sums by cluster (Obuchowski)") + "; the others: percentiles of " + std::to_string(v.job.replicates) + " bootstrap samples of " + (v.job.cluster.empty() ? "rows" : "clusters") + ".</li></ol>";
}

std::string calibration_picture(const Validation& v) {
  if (v.deciles.empty()) return "";
  double reach = .02;
  for (const auto& d : v.deciles) reach = std::max({reach, d.predicted, d.high});
  for (const auto& p : v.curve) reach = std::max(reach, std::max(p.predicted, p.observed));
  reach = std::min(1.0, reach * 1.05);
  Plot plot({"Calibration curve", "Observed against predicted probability: a smooth curve with its 95% band, and tenths of the rows as points with intervals, against the line of perfect agreement.", "Predicted probability", "Observed share", 0, reach, 0, reach, true});
  std::vector<Point> low, high, curve;
  for (const auto& p : v.curve) {
    low.push_back({p.predicted, p.low});
    high.push_back({p.predicted, p.high});
    curve.push_back({p.predicted, p.observed});
  }
  plot.band(low, high);
  plot.line({{0, 0}, {reach, reach}}, "ideal", "perfect");
  plot.line(curve, "model", "the model");
  for (const auto& d : v.deciles) plot.dot({d.predicted, d.observed}, d.low, d.high);
  TableText table("Tenths of the rows by predicted probability", {"Tenth", "Rows", "Predicted", "Observed (95% interval)"});
  std::size_t number = 0;
  for (const auto& d : v.deciles) table.row({std::to_string(++number), count(d.rows), percent(d.predicted), share_with_interval({d.observed, d.low, d.high})});
  return "<figure>" + plot.svg() + "<figcaption>Curve: logistic regression on a restricted cubic spline of the log odds, four knots. Points: tenths of the rows, Wilson's intervals.</figcaption></figure>" + table.done();
}

std::string decision_picture(const Validation& v) {
  if (v.decision.empty()) return "";
  double top = 0.001;
  for (const auto& at : v.decision) top = std::max(top, at.model);
  Plot plot({"Decision curve", "Net benefit by threshold probability for the model, for reviewing everybody and for reviewing nobody.", "Threshold: the probability from which one would act", "Net benefit", 0, v.decision.back().threshold, -top / 5, top * 1.08, false});
  std::vector<Point> model, all, other;
  for (const auto& at : v.decision) {
    model.push_back({at.threshold, at.model});
    all.push_back({at.threshold, at.all});
  }
  plot.line({{0, 0}, {v.decision.back().threshold, 0}}, "ideal", "nobody");
  plot.line(all, "all", "everybody");
  plot.line(model, "model", "the model");
  for (const auto& c : v.comparisons) {
    other.clear();
    for (const auto& at : c.curve) other.push_back({at.threshold, at.model});
    if (!other.empty()) plot.line(other, "other", c.column);
  }
  TableText table("Net benefit: true positives less false positives weighed by the odds of the threshold, per row", {"Threshold", "The model", "Everybody", "Compared"});
  for (std::size_t i = 4; i < v.decision.size(); i += 5) {
    std::string compared;
    for (const auto& c : v.comparisons)
      if (i < c.curve.size()) compared += (compared.empty() ? "" : "; ") + c.column + " " + fixed_text(c.curve[i].model, 4);
    table.row({percent(v.decision[i].threshold), fixed_text(v.decision[i].model, 4), fixed_text(v.decision[i].all, 4), compared.empty() ? "–" : compared});
  }
  return "<h2 id=\"decision\">Decision curve</h2><p>Where the model's line is the highest, acting on it does more good than reviewing everybody or nobody, for those who hold that threshold right.</p><figure>" + plot.svg() + "</figure>" + table.done();
}

std::string results(const Validation& v) {
  const auto& p = v.performance;
  TableText table("Performance over all test rows", {"Measure", "Value (95% interval)", "Ideal"});
  table.row({"AUROC", with_interval(p.auroc), "1"});
  table.row({"AUPRC (average precision)", with_interval(p.auprc), "1; by chance " + percent(p.rows ? Maybe(static_cast<double>(p.events) / static_cast<double>(p.rows)) : Maybe())});
  table.row({"Observed over expected events", with_interval(p.oe), "1"});
  table.row({"Calibration slope", with_interval(p.slope), "1"});
  table.row({"Calibration intercept (with the slope)", with_interval(p.intercept), "0"});
  table.row({"Calibration-in-the-large (slope held at 1)", with_interval(p.in_the_large), "0"});
  table.row({"Brier score", with_interval(p.brier, 4), "0"});
  table.row({"Brier score, scaled", shown(p.scaled_brier), "1"});
  std::string out = "<h2 id=\"performance\">Performance</h2>" + table.done();
  if (!v.folds.empty()) {
    TableText folds("Each fold by itself", {"Fold", "Rows", "Events", "AUROC", "O/E", "Slope", "Brier", "Recalibrated by (intercept, slope)"});
    std::size_t number = 0;
    for (const auto& f : v.folds)
      folds.row({std::to_string(++number), count(f.rows), count(f.events), shown(f.performance.auroc.value), shown(f.performance.oe.value), shown(f.performance.slope.value), shown(f.performance.brier.value, 4),
                 fixed_text(f.recalibration_intercept, 3) + ", " + fixed_text(f.recalibration_slope, 3)});
    out += folds.done();
  }
  TableText lists("Lists of the N highest: what a team that reviews them would find", {"N", "Lowest score on it", "PPV", "Sensitivity", "Reviewed for one found", "False-positive rate", "False-negative rate"}, 0);
  for (const auto& top : p.top_n)
    lists.row({count(top.n), shown(top.threshold), share_with_interval(top.ppv), share_with_interval(top.sensitivity), shown(top.number_needed_to_review.value, 1), percent(top.false_positive_rate.value), percent(top.false_negative_rate.value)});
  out += lists.done();
  if (!v.deciles.empty()) out += "<h2 id=\"calibration\">Calibration</h2>" + calibration_picture(v);
  return out + decision_picture(v);
}

std::string groups(const Validation& v) {
  std::string out = "<h2 id=\"groups\">By group</h2>";
  if (v.groups.empty()) return out + "<p class=\"note\">No group was asked for (--group). A model that is right on the whole may be wrong for some: ask for age, sex, deprivation, ethnicity and practice before it is used.</p>";
  out += "<p>False positives and negatives are those of one list for all: the " + count(v.flagged_n) + " highest scores (" + shown(v.flagged_from) + " and over; ties included).</p>";
  for (std::size_t begin = 0; begin < v.groups.size();) {
    const auto& column = v.groups[begin].column;
    TableText table("By " + column, {"Group", "Rows", "Events", "AUROC", "O/E", "Slope", "Brier", "On the list", "False-positive rate", "False-negative rate", "PPV"});
    std::size_t at = begin;
    for (; at < v.groups.size() && v.groups[at].column == column; ++at) {
      const auto& g = v.groups[at];
      const auto& p = g.performance;
      if (p.rows < fewest_shown) table.row({g.group, "fewer than " + std::to_string(fewest_shown), "", "", "", "", "", "", "", "", ""});
      else
        table.row({g.group, count(p.rows), count(p.events), p.auroc.value ? with_interval(p.auroc) : "–", p.oe.value ? with_interval(p.oe, 2) : "–", p.slope.value ? with_interval(p.slope, 2) : "–", shown(p.brier.value, 4), percent(g.flagged_share.value), share_with_interval(g.false_positive_rate),
                   share_with_interval(g.false_negative_rate), share_with_interval(g.ppv)});
    }
    out += table.done();
    begin = at;
  }
  return out + "<p class=\"small\">– : the measure does not exist (one class only, or nobody on the list). Groups with fewer than 100 events have wide intervals; a difference between groups may be chance. Equal error rates and equal calibration cannot both hold where rates differ.</p>";
}

std::string comparison(const Validation& v) {
  std::string out;
  for (const auto& c : v.comparisons) {
    out += "<h2 id=\"comparison-" + html_text(c.column) + "\">Beside column " + html_text(c.column) + "</h2><p>The same rows, the same outcome.</p>";
    TableText table("Two models on the same people", {"Measure", "The model", "Column " });
    const auto& a = v.performance;
    const auto& b = c.performance;
    table.row({"AUROC", with_interval(a.auroc), with_interval(b.auroc)});
    table.row({"AUPRC", with_interval(a.auprc), with_interval(b.auprc)});
    table.row({"Observed over expected", with_interval(a.oe), with_interval(b.oe)});
    table.row({"Calibration slope", with_interval(a.slope), with_interval(b.slope)});
    table.row({"Brier score", with_interval(a.brier, 4), with_interval(b.brier, 4)});
    out += table.done() + "<p>AUROC of the column less that of the model: " + with_interval(c.auroc_difference.difference, 4) +
           (c.auroc_difference.p_value ? ", p = " + format_number(std::round(*c.auroc_difference.p_value * 1e4) / 1e4) : "") + " (DeLong, paired).</p>";
    if (c.reclassification.empty()) continue;
    TableText moved("Moving from the model to the column: net reclassification beside net benefit at the same threshold", {"Threshold", "Events up / down", "Others up / down", "Net among events", "Net among others", "Net reclassification", "Net benefit of the model", "of the column", "Difference of net benefit"}, 0);
    for (const auto& r : c.reclassification)
      moved.row({percent(r.threshold), format_number(r.events_up) + " / " + format_number(r.events_down), format_number(r.others_up) + " / " + format_number(r.others_down), percent(r.among_events), percent(r.among_others), shown(r.total), fixed_text(r.first_net_benefit, 5), fixed_text(r.second_net_benefit, 5), with_interval({r.net_benefit_difference, r.difference_low, r.difference_high}, 5)});
    out += moved.done() + "<p class=\"small\">Net reclassification gives a missed event and a false alarm the same weight per head of each class, and can rise for a model that is only badly calibrated. Net benefit weighs them by the threshold; judge by it.</p>";
  }
  return out;
}

std::string limits(const Validation& v) {
  std::string out = "<h2 id=\"limits\">What this report does not show</h2><ul>";
  if (!v.job.study.methods.empty())
    out += "<li>Performance is on people, coding and services of this place. It is not a test in another one.</li>";
  else if (v.trained)
    out += "<li>Performance is that of models trained on this file: people, coding and services like those here. It is not a test in another place, nor in a later year.</li>"
           "<li>Whether a column was known at the moment of prediction, the file cannot say. A column that tells the outcome almost alone is left out and named; a lesser leak is not found.</li>";
  else out += "<li>If the predictions were trained on these rows, everything above is too good.</li>";
  out += "<li>Predicting well is not helping: giving general practitioners risk scores raised emergency admissions in the PRISMATIC trial (230,099 patients). What is done with a list has to be evaluated by itself.</li>"
         "<li>Those at highest risk are not those who can be helped most.</li></ul>"
         "<p class=\"never\">Never use a score of death or of care-home entry, or any score here, to decide eligibility, resuscitation or rationing. A person decides, who knows the person; the score only orders a list to look at.</p>"
         "<p class=\"small\">Software that informs a clinical decision about one person is a medical device in UK law (UK MDR 2002), with duties this program has not been through.</p>";
  TableText items("TRIPOD+AI items, and where they are answered", {"Item", "Where"}, 2);
  items.row({"1, 2 Title, abstract", "top of this page"});
  items.row({"3, 4 Background, aims, health inequalities", "for the author"});
  items.row({"5, 6 Source of data, participants", "Participants; the rest for the author"});
  items.row({"7 Data preparation; 8 Outcome; 9 Predictors", "Outcome, Predictors"});
  items.row({"10 Sample size; 11 Missing data", "Participants, Missing data"});
  items.row({"12 Analytical methods; 13 Class imbalance; 14 Fairness; 15 Output", v.trained || !v.job.study.methods.empty() ? "How it was trained and tested; By group" : "for the author; By group"});
  items.row({"17 Ethics; 18 Open science", "for the author"});
  items.row({"20, 21, 22 Participants, development, specification", "Participants, Predictors"});
  items.row({"23 Performance; 24 Updating", "Performance, Calibration, Decision curve, By group"});
  items.row({"25, 26, 27 Interpretation, limitations, usability", "this section; the rest for the author"});
  return out + items.done();
}

}  // namespace

std::string validation_report(const Validation& v) {
  const std::string title = !v.job.study.title.empty() ? v.job.study.title : "Validation of a prediction of " + v.outcome_column + (v.event.empty() || v.event == "1" ? "" : " = " + v.event);
  return "<!doctype html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>" + html_text(title) + "</title>" + style + "</head><body><main><h1>" + html_text(title) +
         "</h1>" + summary(v) + flow(v) + methods(v) + results(v) + groups(v) + comparison(v) + limits(v) + "</main></body></html>\n";
}

}  // namespace joinedup::risk
