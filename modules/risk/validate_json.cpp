// metrics.json: plain numbers by name, their 95% intervals under "intervals", null where a measure does not exist.
#include <cmath>

#include "base/text.hpp"
#include "risk/validate.hpp"

namespace joinedup::risk {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string number(Maybe value) { return value ? format_number(*value) : "null"; }
std::string number(std::size_t value) { return std::to_string(value); }

// An object, one member at a time.
struct Object {
  std::string text = "{";
  Object& add(const std::string& name, const std::string& json) {
    text += (text.size() > 1 ? ", " : "") + quoted(name) + ": " + json;
    return *this;
  }
  std::string done() const { return text + "}"; }
};

template <class Items, class Write>
std::string array(const Items& items, Write write) {
  std::string out = "[";
  for (const auto& item : items) out += (out.size() > 1 ? ", " : "") + write(item);
  return out + "]";
}

void add_estimates(Object& object, std::initializer_list<std::pair<const char*, const Estimate*>> estimates) {
  Object intervals;
  for (const auto& [name, estimate] : estimates) {
    object.add(name, number(estimate->value));
    intervals.add(name, "[" + number(estimate->low) + ", " + number(estimate->high) + "]");
  }
  object.add("intervals", intervals.done());
}

void add_performance(Object& object, const Performance& p) {
  object.add("n", number(p.rows)).add("events", number(p.events)).add("clusters", number(p.clusters));
  add_estimates(object, {{"auroc", &p.auroc}, {"auprc", &p.auprc}, {"oe", &p.oe}, {"slope", &p.slope}, {"intercept", &p.intercept},
                         {"calibration_in_the_large", &p.in_the_large}, {"brier", &p.brier}});
  object.add("scaled_brier", number(p.scaled_brier));
}

std::string top_json(const TopN& top) {
  Object object;
  object.add("n", number(top.n)).add("threshold", number(Maybe(top.threshold)));
  add_estimates(object, {{"ppv", &top.ppv}, {"sensitivity", &top.sensitivity}, {"number_needed_to_review", &top.number_needed_to_review},
                         {"false_positive_rate", &top.false_positive_rate}, {"false_negative_rate", &top.false_negative_rate}});
  return object.done();
}

std::string group_json(const GroupPerformance& g) {
  Object object;
  object.add("column", quoted(g.column)).add("group", quoted(g.group));
  add_performance(object, g.performance);
  Object list;
  add_estimates(list, {{"flagged_share", &g.flagged_share}, {"false_positive_rate", &g.false_positive_rate}, {"false_negative_rate", &g.false_negative_rate}, {"ppv", &g.ppv}});
  object.add("at_the_list", list.done()).add("false_positive_rate", number(g.false_positive_rate.value)).add("false_negative_rate", number(g.false_negative_rate.value));
  object.add("notes", array(g.performance.notes, quoted));
  return object.done();
}

std::string curve_json(const std::vector<NetBenefit>& curve) {
  return array(curve, [](const NetBenefit& at) {
    return Object().add("threshold", number(Maybe(at.threshold))).add("model", number(Maybe(at.model))).add("all", number(Maybe(at.all))).add("none", "0").done();
  });
}

std::string comparison_json(const Comparison& c) {
  Object object, difference;
  object.add("column", quoted(c.column));
  add_performance(object, c.performance);
  difference.add("value", number(c.auroc_difference.difference.value)).add("low", number(c.auroc_difference.difference.low));
  difference.add("high", number(c.auroc_difference.difference.high)).add("p_value", number(c.auroc_difference.p_value));
  object.add("auroc_difference", difference.done());
  object.add("reclassification", array(c.reclassification, [](const Reclassification& r) {
    Object out;
    out.add("threshold", number(Maybe(r.threshold))).add("events_up", number(Maybe(r.events_up))).add("events_down", number(Maybe(r.events_down)));
    out.add("others_up", number(Maybe(r.others_up))).add("others_down", number(Maybe(r.others_down))).add("among_events", number(r.among_events));
    out.add("among_others", number(r.among_others)).add("net_reclassification", number(r.total)).add("net_benefit", number(Maybe(r.second_net_benefit)));
    out.add("net_benefit_of_model", number(Maybe(r.first_net_benefit))).add("net_benefit_difference", number(Maybe(r.net_benefit_difference)));
    out.add("net_benefit_difference_interval", "[" + number(r.difference_low) + ", " + number(r.difference_high) + "]");
    return out.done();
  }));
  object.add("decision_curve", curve_json(c.curve));
  return object.done();
}

std::string fold_json(const FoldResult& fold) {
  Object object;
  add_performance(object, fold.performance);
  object.add("recalibration_intercept", number(Maybe(fold.recalibration_intercept))).add("recalibration_slope", number(Maybe(fold.recalibration_slope)));
  return object.done();
}

}  // namespace

std::string metrics_json(const Validation& v) {
  Object object;
  object.add("outcome", quoted(v.outcome_column)).add("event", quoted(v.event));
  object.add("model", quoted(v.trained ? model_kind_name(v.job.model) : "column " + v.job.predict)).add("seed", std::to_string(v.job.seed));
  object.add("rows_in_file", number(v.rows_in_file)).add("rows_without_outcome", number(v.rows_without_outcome)).add("rows_without_prediction", number(v.rows_without_prediction));
  add_performance(object, v.performance);
  object.add("top_n", array(v.performance.top_n, top_json));
  object.add("by_group", array(v.groups, group_json));
  object.add("list", Object().add("n", number(v.flagged_n)).add("from", number(Maybe(v.flagged_from))).done());
  object.add("folds", array(v.folds, fold_json));
  object.add("comparisons", array(v.comparisons, comparison_json));
  object.add("decision_curve", curve_json(v.decision));
  object.add("calibration_curve", array(v.curve, [](const CurvePoint& p) {
    return Object().add("predicted", number(Maybe(p.predicted))).add("observed", number(Maybe(p.observed))).add("low", number(Maybe(p.low))).add("high", number(Maybe(p.high))).done();
  }));
  object.add("calibration_deciles", array(v.deciles, [](const Decile& d) {
    return Object().add("n", number(d.rows)).add("predicted", number(Maybe(d.predicted))).add("observed", number(Maybe(d.observed))).add("low", number(Maybe(d.low))).add("high", number(Maybe(d.high))).done();
  }));
  object.add("features", array(v.features, quoted)).add("left_out", array(v.left_out, quoted)).add("notes", array(v.notes, quoted));
  return object.done() + "\n";
}

}  // namespace joinedup::risk
