#include "risk/boosted.hpp"

#include <xgboost/c_api.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>

#include "base/text.hpp"

namespace joinedup::risk {
namespace {

Result<void> checked(int status, const char* doing) {
  if (status == 0) return {};
  const std::string said = XGBGetLastError();
  return fail(ErrorCode::internal, std::string("XGBoost could not ") + doing + ": " + said.substr(0, said.find('\n')));
}

struct MatrixHandle {
  DMatrixHandle handle = nullptr;
  MatrixHandle() = default;
  MatrixHandle(MatrixHandle&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  MatrixHandle& operator=(MatrixHandle&&) = delete;
  ~MatrixHandle() {
    if (handle) XGDMatrixFree(handle);
  }
};

Result<MatrixHandle> take_matrix(const Matrix& x, unsigned threads, std::size_t first = 0, std::size_t rows = std::numeric_limits<std::size_t>::max()) {
  MatrixHandle matrix;
  JOINEDUP_CHECK(checked(XGDMatrixCreateFromMat_omp(x.value.data() + first * x.columns, std::min(rows, x.rows - first), x.columns, __builtin_nanf(""), &matrix.handle, static_cast<int>(threads)), "take the features"));
  return matrix;
}

Result<std::vector<float>> predict_with(BoosterHandle booster, const Matrix& x, const char* type) {
  const std::string settings = std::string("{\"type\": ") + type + ", \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, \"strict_shape\": false}";
  // XGBoost keeps a copy of what it predicts, twice the size: of many rows a part at a time.
  constexpr std::size_t rows_at_once = 100'000;
  std::vector<float> all;
  for (std::size_t first = 0; first < x.rows; first += rows_at_once) {
    JOINEDUP_TRY(const auto matrix, take_matrix(x, 1, first, rows_at_once));
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* result = nullptr;
    JOINEDUP_CHECK(checked(XGBoosterPredictFromDMatrix(booster, matrix.handle, settings.c_str(), &shape, &dimensions, &result), "predict"));
    std::size_t size = 1;
    for (bst_ulong i = 0; i < dimensions; ++i) size *= shape[i];
    all.insert(all.end(), result, result + size);
  }
  return all;
}

}  // namespace

struct BoostedTrees::State {
  BoosterHandle booster = nullptr;
  ~State() {
    if (booster) XGBoosterFree(booster);
  }
};

BoostedTrees::BoostedTrees(std::unique_ptr<State> state) : state_(std::move(state)) {}
BoostedTrees::BoostedTrees(BoostedTrees&&) noexcept = default;
BoostedTrees& BoostedTrees::operator=(BoostedTrees&&) noexcept = default;
BoostedTrees::~BoostedTrees() = default;

Result<BoostedTrees> BoostedTrees::train(const Matrix& x, std::span<const float> outcome, const BoostedOptions& options) {
  if (x.rows == 0 || x.columns == 0) return fail(ErrorCode::invalid_input, "There is nothing to train on: no rows or no features.");
  JOINEDUP_TRY(const auto matrix, take_matrix(x, options.threads));
  JOINEDUP_CHECK(checked(XGDMatrixSetFloatInfo(matrix.handle, "label", outcome.data(), outcome.size()), "take the outcome"));
  auto state = std::make_unique<State>();
  JOINEDUP_CHECK(checked(XGBoosterCreate(&matrix.handle, 1, &state->booster), "begin"));
  double mean = 0;
  for (const float y : outcome) mean += static_cast<double>(y);
  mean /= static_cast<double>(outcome.size());
  const std::pair<const char*, std::string> settings[] = {
      {"booster", "gbtree"},
      {"tree_method", "hist"},
      {"verbosity", "0"},
      {"objective", options.is_amount ? "reg:tweedie" : "binary:logistic"},
      {"base_score", format_number(options.is_amount ? std::max(mean, 1e-3) : std::min(std::max(mean, 1e-6), 1 - 1e-6))},
      {"max_depth", std::to_string(options.depth)},
      {"eta", format_number(options.learning_rate)},
      {"subsample", format_number(options.row_share)},
      {"colsample_bytree", format_number(options.column_share)},
      {"min_child_weight", format_number(options.least_child_weight)},
      {"lambda", format_number(options.ridge)},
      {"seed", std::to_string(options.seed % 2147483647)},
      {"nthread", std::to_string(options.threads)}};
  for (const auto& [name, value] : settings)
    JOINEDUP_CHECK(checked(XGBoosterSetParam(state->booster, name, value.c_str()), "take its settings"));
  for (int round = 0; round < options.rounds; ++round)
    JOINEDUP_CHECK(checked(XGBoosterUpdateOneIter(state->booster, round, matrix.handle), "train"));
  return BoostedTrees(std::move(state));
}

Result<BoostedTrees> BoostedTrees::from_json(std::string_view text) {
  auto state = std::make_unique<State>();
  JOINEDUP_CHECK(checked(XGBoosterCreate(nullptr, 0, &state->booster), "begin"));
  JOINEDUP_CHECK(checked(XGBoosterLoadModelFromBuffer(state->booster, text.data(), text.size()), "read the model"));
  JOINEDUP_CHECK(checked(XGBoosterSetParam(state->booster, "nthread", "1"), "take its settings"));
  return BoostedTrees(std::move(state));
}

Result<std::vector<double>> BoostedTrees::predict(const Matrix& x) const {
  if (x.rows == 0) return std::vector<double>{};
  JOINEDUP_TRY(const auto values, predict_with(state_->booster, x, "0"));
  return std::vector<double>(values.begin(), values.end());
}

Result<std::vector<float>> BoostedTrees::contributions(const Matrix& x) const {
  if (x.rows == 0) return std::vector<float>{};
  return predict_with(state_->booster, x, "2");
}

Result<std::string> BoostedTrees::json() const {
  bst_ulong size = 0;
  const char* text = nullptr;
  JOINEDUP_CHECK(checked(XGBoosterSaveModelToBuffer(state_->booster, "{\"format\": \"json\"}", &size, &text), "write the model"));
  return std::string(text, size);
}

Result<std::vector<double>> BoostedTrees::gain(std::size_t columns) const {
  bst_ulong features = 0, dimensions = 0;
  const char** names = nullptr;
  const bst_ulong* shape = nullptr;
  const float* scores = nullptr;
  JOINEDUP_CHECK(checked(XGBoosterFeatureScore(state_->booster, "{\"importance_type\": \"total_gain\"}", &features, &names, &dimensions, &shape, &scores), "weigh its features"));
  std::vector<double> gain(columns);
  for (bst_ulong i = 0; i < features; ++i) {
    const std::string_view name = names[i];  // "f12"
    std::size_t column = 0;
    if (name.size() > 1 && std::from_chars(name.data() + 1, name.data() + name.size(), column).ec == std::errc{} && column < columns)
      gain[column] = static_cast<double>(scores[i]);
  }
  return gain;
}

std::string xgboost_version() {
  int major = 0, minor = 0, patch = 0;
  XGBoostVersion(&major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

}  // namespace joinedup::risk
