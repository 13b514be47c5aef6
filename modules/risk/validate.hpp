// validate: a model's performance on a file, by columns of its own or trained here over folds of clusters.
//
//   ValidateJob job{.data = "encounters.csv", .outcome = "readmitted=<30", .cluster = "patient_nbr", .seed = 0, .out = "out"};
//   JOINEDUP_TRY(const Validation seen, validate_file(job));      // writes metrics.json, predictions.csv, report.html
//
// With `predict` the column is measured as it stands. Without, a model is trained on the other columns, each fold's
// predictions made by a model that saw none of its clusters, recalibrated on rows that neither was fitted on.
#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "risk/metrics.hpp"

namespace joinedup::risk {

enum class ModelKind { xgboost, logistic, blend };  // blend: the mean of both on the scale of log odds
const char* model_kind_name(ModelKind kind);

// What the maker of a file knows and the file does not say: shown in the report where it is given.
struct Study {
  std::string title, purpose;
  struct Step {
    std::string text;
    bool left_out = false;
  };
  std::vector<Step> flow;             // of people, before the rows of the file
  std::vector<std::string> methods;   // a sentence each
  std::string outcome, predictors, missing;
};

struct ValidateJob {
  std::string data, outcome, predict, cluster, out;
  std::vector<std::string> compare;  // columns of other predictions, measured on the same rows
  std::string order;  // a column that runs in time; "none"; empty: a running number of the source system, if there is one
  std::vector<std::string> groups, drop;
  std::vector<std::size_t> top_n;   // empty: 1%, 2%, 5% and 10% of the rows
  std::vector<double> thresholds;   // for reclassification; empty: the share of events
  ModelKind model = ModelKind::xgboost;
  std::uint64_t seed = 1;
  std::size_t folds = 5, replicates = 200;
  unsigned threads = 2;
  Study study;
};

struct FoldResult {
  std::size_t rows = 0, events = 0;
  Performance performance;
  double recalibration_intercept = 0, recalibration_slope = 1;
};

struct MissingColumn {
  std::string column;
  std::size_t rows = 0;
};

struct Comparison {
  std::string column;
  Performance performance;
  Difference auroc_difference;  // compared less first
  std::vector<Reclassification> reclassification;
  std::vector<NetBenefit> curve;
};

struct Validation {
  ValidateJob job;
  std::string outcome_column, event;
  bool trained = false;
  std::string order_column;  // the one used
  std::size_t rows_in_file = 0, rows_without_outcome = 0, rows_without_prediction = 0;
  std::vector<std::string> features, left_out;  // left out: "column: why"
  std::vector<MissingColumn> missing;
  std::vector<std::pair<std::string, double>> importance;  // share of the trees' gain
  Performance performance;
  std::vector<FoldResult> folds;
  std::vector<GroupPerformance> groups;
  double flagged_from = 0;
  std::size_t flagged_n = 0;
  std::vector<CurvePoint> curve;
  std::vector<Decile> deciles;
  std::vector<NetBenefit> decision;
  std::vector<Comparison> comparisons;
  std::vector<std::string> notes;
};

Result<Validation> validate_file(const ValidateJob& job);
std::string metrics_json(const Validation& validation);
std::string validation_report(const Validation& validation);
int validate_command(std::span<const std::string> arguments);

}  // namespace joinedup::risk
