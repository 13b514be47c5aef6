// Features: atoms over pairs of codes, and the signatures that answer most of them without reading a text.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "linkage/compiled.hpp"
#include "linkage/kernels.hpp"

namespace joinedup::linkage {

bool compares(double value, Compare how, double threshold) {
  switch (how) {
    case Compare::equal: return value == threshold;
    case Compare::unequal: return value != threshold;
    case Compare::less: return value < threshold;
    case Compare::at_most: return value <= threshold;
    case Compare::greater: return value > threshold;
    case Compare::at_least: return value >= threshold;
  }
  return false;
}

namespace {

double measure(const Measured& what, std::string_view a, std::string_view b) {
  switch (what.measure) {
    case Measure::jaro_winkler: return jaro_winkler_similarity(a, b);
    case Measure::jaro: return jaro_similarity(a, b);
    case Measure::jaccard: return jaccard(a, b);
    case Measure::levenshtein: return static_cast<double>(what.limit < 0 ? levenshtein(a, b) : levenshtein_within(a, b, what.limit));
    case Measure::damerau_levenshtein:
      return static_cast<double>(what.limit < 0 ? damerau_levenshtein(a, b) : damerau_levenshtein_within(a, b, what.limit));
  }
  return 0;
}

}  // namespace

Signature sign(std::string_view text) {
  Signature signature;
  for (const char c : text) {
    const auto bit = 2 * (static_cast<unsigned char>(c) & 31);
    if (!(signature.classes >> bit & 1)) signature.classes |= std::uint64_t{1} << bit;
    else if (!(signature.classes >> bit & 2)) signature.classes |= std::uint64_t{2} << bit;
    else if (signature.more < 65535) ++signature.more;
  }
  signature.length = static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), 65535));
  for (std::size_t i = 0; i < std::min<std::size_t>(4, text.size()); ++i) signature.start |= static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) << (8 * i);
  return signature;
}

void Feature::prepare() {
  plain = same_coding && left->columns.size() == 1;
  for (auto& atom : atoms) {
    const bool simple = ((atom.kind == AtomKind::equal || atom.kind == AtomKind::null_left || atom.kind == AtomKind::null_right) && !atom.left_ids && !atom.right_ids) ||
                        (atom.kind == AtomKind::similarity && !measured[atom.measured]->left && !measured[atom.measured]->right);
    plain = plain && (simple || atom.kind == AtomKind::difference);
  }
  for (std::size_t bit = 0; bit < atoms.size(); ++bit) {
    if (atoms[bit].kind == AtomKind::difference) differences.push_back(bit);
    if (atoms[bit].kind == AtomKind::similarity) similarities.push_back(bit);
  }
  one_measure = plain && measured.size() == 1 && differences.empty();
  for (std::size_t i = 0; i < measured.size(); ++i) {
    Measured& one = *measured[i];
    const bool distance = one.measure == Measure::levenshtein || one.measure == Measure::damerau_levenshtein;
    double least = 2;
    bool bounded = one.measure != Measure::jaccard && (!distance || one.limit >= 0);
    for (const auto& atom : atoms) {
      if (atom.kind != AtomKind::similarity || atom.measured != i) continue;
      if (distance) continue;  // the limit says it
      if (atom.compare != Compare::at_least && atom.compare != Compare::greater) bounded = false;
      least = std::min(least, atom.threshold);
    }
    if (!bounded) continue;
    for (std::size_t prefix = 0; prefix < one.needed.size(); ++prefix) {
      const double bonus = 0.1 * static_cast<double>(prefix);  // Winkler's, which counts above 0.7 only
      const double jaro = std::max((least - bonus) / (1 - bonus), std::min(least, 0.7));
      one.needed[prefix] = 3 * (one.measure == Measure::jaro_winkler ? jaro : least) - 1 - 1e-9;
    }
    for (const auto text : *one.left_views) one.left_signatures.push_back(sign(text));
    if (one.left_views != one.right_views)
      for (const auto text : *one.right_views) one.right_signatures.push_back(sign(text));
  }
}

std::uint64_t Feature::evaluate_close(std::uint32_t l, std::uint32_t r) const {
  const double value = measure(*measured[0], (*measured[0]->left_views)[l], (*measured[0]->right_views)[r]);
  std::uint64_t mask = 0;
  for (const auto bit : similarities) mask |= static_cast<std::uint64_t>(compares(value, atoms[bit].compare, atoms[bit].threshold)) << (2 * bit);
  return mask;
}

std::uint64_t Feature::evaluate(std::uint32_t l, std::uint32_t r) const {
  std::uint64_t mask = 0;
  std::array<double, 32> measures;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    if (!measured[i]->left_signatures.empty() && measured[i]->dull(l, r)) {
      measures[i] = measured[i]->limit >= 0 ? static_cast<double>(measured[i]->limit) + 1 : 0;
      continue;
    }
    const auto a = (*measured[i]->left_views)[l], b = (*measured[i]->right_views)[r];
    measures[i] = a.data() == nullptr || b.data() == nullptr ? NAN : measure(*measured[i], a, b);
  }
  for (std::size_t bit = 0; bit < atoms.size(); ++bit) {
    const Atom& atom = atoms[bit];
    unsigned char answer = 0;
    switch (atom.kind) {
      case AtomKind::equal: {
        const std::uint32_t a = atom.left_ids ? atom.left_ids[l] : l, b = atom.right_ids ? atom.right_ids[r] : r;
        answer = a == 0 || b == 0 ? 2 : a == b;
        break;
      }
      case AtomKind::null_left: answer = (atom.left_ids ? atom.left_ids[l] : l) == 0; break;
      case AtomKind::null_right: answer = (atom.right_ids ? atom.right_ids[r] : r) == 0; break;
      case AtomKind::similarity:
        answer = std::isnan(measures[atom.measured]) ? 2 : compares(measures[atom.measured], atom.compare, atom.threshold);
        break;
      case AtomKind::difference: {
        const double gap = std::fabs(atom.left->numbers[l] - atom.right->numbers[r]);
        answer = std::isnan(gap) ? 2 : compares(gap, atom.compare, atom.threshold);
        break;
      }
      case AtomKind::generic: {
        std::array<const Value*, most_inputs> inputs{};
        for (std::size_t i = 0; i < atom.inputs.size(); ++i)
          inputs[i] = &atom.inputs[i]->values[atom.input_sides[i] == Side::left ? l : r];
        Scope scope;
        scope.inputs = inputs.data();
        const Value value = to_truth(linkage::evaluate(*atom.tree, scope));
        answer = value.is_null() ? 2 : value.is_true();
        break;
      }
    }
    mask |= static_cast<std::uint64_t>(answer) << (2 * bit);
  }
  return mask;
}

unsigned char truth(const Truth& condition, const std::uint64_t* masks) {
  switch (condition.op) {
    case Truth::atom: return (masks[condition.feature] >> (2 * condition.bit)) & 3;
    case Truth::constant: return condition.value;
    case Truth::negate: {
      const auto inner = truth(condition.children[0], masks);
      return inner == 2 ? 2 : !inner;
    }
    case Truth::all_of:
    case Truth::any_of: {
      const unsigned char decisive = condition.op == Truth::any_of;
      bool unknown = false;
      for (const auto& child : condition.children) {
        const auto inner = truth(child, masks);
        if (inner == decisive) return decisive;
        unknown = unknown || inner == 2;
      }
      return unknown ? 2 : !decisive;
    }
  }
  return 2;
}

}  // namespace joinedup::linkage
