// dense: penalised logistic regression over a full matrix of few columns. Newton's method with the whole information matrix, one
// thread: the same rows give the same coefficients everywhere. Inside this room.
//
//   const LogisticFit fit = fit_logistic_dense(x, rows, columns, outcome, 10);     // x: rows one after another
//   fit.intercept, fit.coefficient[3];
#pragma once
#include <cstdint>
#include <span>

#include "risk/sparse.hpp"

namespace joinedup::risk {

// Least of Σ loss + penalty/2 × Σ coefficient²; the intercept is free. As fit_logistic_ridge, which a test holds it equal to.
LogisticFit fit_logistic_dense(std::span<const float> x, std::size_t rows, std::size_t columns, std::span<const std::uint8_t> outcome, double penalty);

}  // namespace joinedup::risk
