#include "linkage/bounds.hpp"

#include <algorithm>
#include <cmath>

namespace joinedup::linkage {
namespace {

// A set of possible answers, as bits: no, yes, NULL.
constexpr unsigned no = 1, yes = 2, null = 4, any = no | yes | null;

unsigned atom_answers(const Atom& atom, const Known& known) {
  switch (atom.kind) {
    case AtomKind::equal: return known.values == Known::equal ? yes : known.values == Known::different ? no : null;
    case AtomKind::null_left: return known.values == Known::both_null || known.values == Known::left_null ? yes : no;
    case AtomKind::null_right: return known.values == Known::both_null || known.values == Known::right_null ? yes : no;
    case AtomKind::similarity:
      if (known.values == Known::different) return known.dull ? no : no | yes;
      return known.values == Known::equal ? no | yes : null;
    default: return any;
  }
}

unsigned answers(const Truth& condition, const CompiledModel& compiled, const Known& known) {
  switch (condition.op) {
    case Truth::atom: return atom_answers(compiled.features[condition.feature]->atoms[condition.bit], known);
    case Truth::constant: return 1u << condition.value;
    case Truth::negate: {
      const unsigned inner = answers(condition.children[0], compiled, known);
      return (inner & no ? yes : 0) | (inner & yes ? no : 0) | (inner & null);
    }
    case Truth::all_of:
    case Truth::any_of: {
      const unsigned decisive = condition.op == Truth::any_of ? yes : no, other = decisive == yes ? no : yes;
      unsigned out = other;  // of no parts at all
      for (const auto& child : condition.children) {
        const unsigned part = answers(child, compiled, known);
        unsigned next = (out | part) & decisive;
        if ((out & null && part & (other | null)) || (part & null && out & (other | null))) next |= null;
        if (out & other && part & other) next |= other;
        out = next;
      }
      return out;
    }
  }
  return any;
}

double frequency_part(const CompiledLevel& level, double log_frequency) {
  if (std::isnan(log_frequency)) return 0;
  return level.frequency_weight * (level.log_u - std::fmax(log_frequency, level.least_log_frequency));
}

}  // namespace

double most_frequency_part(const CompiledLevel& level, double unseen_log_frequency) {
  if (!level.frequency_column) return 0;
  double least = unseen_log_frequency, largest = unseen_log_frequency;  // a value of another run may be as rare
  for (std::size_t code = 1; code < level.log_frequency->size(); ++code) {
    const double here = (*level.log_frequency)[code];
    if (std::isfinite(here)) least = std::min(least, here), largest = std::max(largest, here);
  }
  // The part is monotonic in the frequency; where neither side has one it is nothing.
  return std::max({0.0, frequency_part(level, least), frequency_part(level, largest)});
}

bool can_bound(const CompiledModel& compiled, const CompiledComparison& comparison) {
  return comparison.features.size() == 1 && compiled.features[comparison.features[0]]->plain;
}

double most(const CompiledModel& compiled, const CompiledComparison& comparison, const Known& known) {
  const DataColumn* column = compiled.features[comparison.features[0]]->left->columns[0];
  double out = -INFINITY;
  for (const auto& level : comparison.levels) {
    const unsigned possible = answers(level.condition, compiled, known);
    if (possible & yes) {
      const bool exact = known.values == Known::equal && level.frequency_column == column;
      out = std::max(out, level.weight + (exact ? frequency_part(level, (*level.log_frequency)[known.code]) : level.most_frequency_part));
    }
    if (possible == yes) break;  // nothing after it is tried
  }
  return out;
}

double most(const CompiledModel&, const CompiledComparison& comparison) {
  double out = -INFINITY;
  for (const auto& level : comparison.levels) out = std::max(out, level.weight + level.most_frequency_part);
  return out;
}

}  // namespace joinedup::linkage
