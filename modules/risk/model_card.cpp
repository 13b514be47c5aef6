#include "risk/model_card.hpp"

#include "base/text.hpp"
#include "risk/plot.hpp"

namespace joinedup::risk {
namespace {

constexpr const char* style = R"(<style>body{font:16px/1.5 Arial,Helvetica,sans-serif;color:#212b32;max-width:56rem;margin:0 auto;padding:1rem}
table{border-collapse:collapse;margin:1rem 0}caption{text-align:left;font-weight:bold}th,td{padding:.25rem .7rem;border-bottom:1px solid #d8dde0;text-align:right}th:first-child,td:first-child{text-align:left}
.never{background:#fbe9e7;border-left:4px solid #b3261e;padding:.5rem 1rem}.small{color:#4c6272;font-size:.92rem}</style>)";

std::string shown(const Estimate& e, int places = 3) {
  if (!e.value) return "–";
  return fixed_text(*e.value, places) + (e.low && e.high ? " (" + fixed_text(*e.low, places) + " to " + fixed_text(*e.high, places) + ")" : "");
}

std::string row(std::initializer_list<std::string> cells) {
  std::string out = "<tr>";
  for (const auto& cell : cells) out += "<td>" + html_text(cell) + "</td>";
  return out + "</tr>";
}

std::string judged(const PlaceModel& model) {
  if (!model.has_held_out) return "<p>There were too few people with the outcome in other practices in a later year to judge it. Do not use it before somebody has.</p>";
  if (model.outcome == "cost_12m") return "<p>R² on people of other practices in a later year: " + fixed_text(model.held_out_r_squared, 3) + ".</p>";
  const auto& h = model.held_out;
  std::string out = "<p>On " + with_commas(static_cast<std::int64_t>(h.model.rows)) + " people of practices that it was not trained on, in a later year; " + with_commas(static_cast<std::int64_t>(h.model.events)) + " had the outcome.</p><table><caption>Held-out performance (95% interval)</caption><tr><th>Measure</th><th>This model</th><th>Age and sex only</th></tr>";
  out += row({"AUROC", shown(h.model.auroc), shown(h.age_and_sex.auroc)}) + row({"Average precision", shown(h.model.auprc), shown(h.age_and_sex.auprc)}) + row({"Observed over expected", shown(h.model.oe), shown(h.age_and_sex.oe)}) +
         row({"Calibration slope", shown(h.model.slope), shown(h.age_and_sex.slope)}) + row({"Brier score", shown(h.model.brier, 4), shown(h.age_and_sex.brier, 4)});
  for (std::size_t i = 0; i < h.curve.size(); ++i)
    out += row({"Net benefit at " + fixed_text(100 * h.curve[i].threshold, 1) + "%", fixed_text(h.curve[i].model, 5), fixed_text(h.age_and_sex_curve[i].model, 5)});
  if (h.has_parr30) {
    out += "</table><p>Beside PARR-30, on the " + with_commas(static_cast<std::int64_t>(h.parr30_rows)) + " of these discharges that end a continuous stay (PARR-30 without its hospital's term and the deprivation score of 2007, not recalibrated here):</p><table><caption>The same discharges</caption><tr><th>Measure</th><th>This model</th><th>PARR-30</th></tr>" +
           row({"AUROC", shown(h.model_beside_parr30.auroc), shown(h.parr30.auroc)}) + row({"AUROC, difference (DeLong)", shown(h.parr30_difference.difference), ""}) + row({"Observed over expected", shown(h.model_beside_parr30.oe), shown(h.parr30.oe)}) +
           row({"Calibration slope", shown(h.model_beside_parr30.slope), shown(h.parr30.slope)});
    for (const auto& r : h.beside_parr30) out += row({"Net benefit at " + fixed_text(100 * r.threshold, 0) + "%", fixed_text(r.second_net_benefit, 5), fixed_text(r.first_net_benefit, 5)});
  }
  out += "</table><table><caption>By deprivation fifth of the area</caption><tr><th>Fifth</th><th>People</th><th>Events</th><th>AUROC</th><th>Observed over expected</th><th>Calibration slope</th><th>False-negative rate of a list of one in 50</th></tr>";
  for (const auto& g : h.by_deprivation)
    out += g.performance.rows < 10 ? row({g.group, "fewer than 10", "", "", "", "", ""})
                                   : row({g.group, with_commas(static_cast<std::int64_t>(g.performance.rows)), g.performance.events < 10 ? "fewer than 10" : with_commas(static_cast<std::int64_t>(g.performance.events)), shown(g.performance.auroc), shown(g.performance.oe), shown(g.performance.slope), shown(g.false_negative_rate)});
  return out + "</table>";
}

}  // namespace

const char* card_style() { return style; }

std::string card_with_recalibrations(std::string card, const std::vector<std::string>& sentences) {
  const std::string open = "<section id=\"recalibrations\">", close = "</section>";
  const auto from = card.find(open), to = from == std::string::npos ? from : card.find(close, from);
  if (to == std::string::npos) return card;
  std::string text;
  for (const auto& sentence : sentences) text += "<p>" + html_text(sentence) + "</p>";
  card.replace(from + open.size(), to - from - open.size(), text);
  return card;
}

std::string model_card(const PlaceModel& model, const std::vector<std::string>& features) {
  std::string days;
  for (const auto& day : model.index_dates) days += (days.empty() ? "" : ", ") + day;
  std::string out = "<!doctype html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Model card: " + html_text(model.what) + "</title>" + style +
                    "</head><body><main><h1>Model card: " + html_text(model.what) + "</h1>"
                    "<p class=\"never\">Never use this score to decide eligibility, resuscitation or rationing. It orders a list that a clinician reads; a person who knows the person decides.</p>"
                    "<h2>What it was trained on</h2><p>" + with_commas(static_cast<std::int64_t>(model.rows)) + " people as of " + html_text(days) +
                    (model.events ? ", of whom " + with_commas(static_cast<std::int64_t>(model.events)) + " had the outcome" : "") + ". Rows are not weighted for rarity. Missing values keep a direction of their own; nothing is imputed. " +
                    std::string(model.outcome == "cost_12m" ? "Learner: gradient boosted trees." : "Learner: gradient boosted trees and penalised logistic regression, " + fixed_text(100 * model.weight_of_trees, 0) + "% and " + fixed_text(100 - 100 * model.weight_of_trees, 0) + "% of the log odds, chosen on people whom neither had seen.") + "</p>"
                    "<p class=\"small\">Inputs " + html_text(model.inputs_sha256) + ": scoring refuses the model where the steps that make its features have changed.</p><h2>How it did</h2>" + judged(model);
  out += "<section id=\"recalibrations\"></section><p class=\"small\">A whole validation, over all practices, with intervals by group: joinedup validate --place.</p><p class=\"small\">The model that is kept was then fitted on everybody, in the same way. What it will do elsewhere or later, this does not show.</p><h2>Features</h2><p class=\"small\">";
  for (std::size_t i = 0; i < features.size(); ++i) out += (i ? ", " : "") + html_text(features[i]);
  return out + "</p><p>Ethnicity is not a feature. Use of services is: whoever could not get care looks healthier than they are.</p></main></body></html>\n";
}

}  // namespace joinedup::risk
