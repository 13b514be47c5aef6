#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <set>

#include "base/text.hpp"
#include "linkage/bounds.hpp"
#include "linkage/compiled.hpp"
#include "linkage/kernels.hpp"

namespace joinedup::linkage {
namespace {

// The text of a tree with its sides: two atoms with the same text are the same question.
std::string signature(const NodePtr& node) {
  std::string sides;
  visit(node, [&](const Node& part) {
    if (part.op == Op::column) sides += part.side == Side::left ? 'l' : 'r';
  });
  return canonical(*node) + "|" + sides;
}

bool is_connective(const Node& node) { return node.op == Op::all_of || node.op == Op::any_of || node.op == Op::negate; }

constexpr std::size_t most_inputs = 32;

bool has_free_variable(const Node& node, std::vector<std::string>& bound) {
  if (node.op == Op::variable) return std::find(bound.begin(), bound.end(), node.name) == bound.end();
  if (node.op == Op::lambda) bound.push_back(node.name);
  const bool found = std::any_of(node.children.begin(), node.children.end(), [&](const NodePtr& child) { return has_free_variable(*child, bound); });
  if (node.op == Op::lambda) bound.pop_back();
  return found;
}

enum class Reach { none, left, right, both };
Reach reach(const NodePtr& node) {
  const auto columns = columns_of(node);
  if (columns.left.empty()) return columns.right.empty() ? Reach::none : Reach::right;
  return columns.right.empty() ? Reach::left : Reach::both;
}

struct Key {
  std::vector<std::string> left, right;
  auto operator<=>(const Key&) const = default;
};
bool within(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

}  // namespace

class Compiler {
 public:
  Compiler(CompiledModel& out, const Records& records, unsigned threads) : out_(out), records_(records), threads_(threads) {}

  void announce(const NodePtr& tree) {  // first pass: which pairs of column sets there are
    if (is_connective(*tree)) {
      for (const auto& child : tree->children) announce(child);
      return;
    }
    const auto columns = columns_of(tree);
    keys_.insert({columns.left, columns.right});
  }

  Result<Truth> compile(const NodePtr& tree) {
    Truth truth;
    if (is_connective(*tree)) {
      truth.op = tree->op == Op::all_of ? Truth::all_of : tree->op == Op::any_of ? Truth::any_of : Truth::negate;
      for (const auto& child : tree->children) {
        JOINEDUP_TRY(auto part, compile(child));
        truth.children.push_back(std::move(part));
      }
      return truth;
    }
    if (reach(tree) == Reach::none) {
      const Value value = to_truth(evaluate(*tree, Scope{}));
      truth.value = value.is_null() ? 2 : value.is_true();
      return truth;
    }
    // IS NOT NULL and <> are the negations of atoms, so that they share them.
    Node plain = *tree;
    const bool inverted = (tree->op == Op::is_null && tree->flag) || (tree->op == Op::compare && tree->compare == Compare::unequal);
    if (inverted && tree->op == Op::is_null) plain.flag = false;
    if (inverted && tree->op == Op::compare) plain.compare = Compare::equal;
    JOINEDUP_TRY(auto leaf, atom(std::make_shared<const Node>(std::move(plain))));
    if (!inverted) return leaf;
    truth.op = Truth::negate;
    truth.children.push_back(std::move(leaf));
    return truth;
  }

 private:
  // A question about one side only joins a feature that looks at that column on both sides anyway.
  Key home(const Key& key) const {
    if (!key.left.empty() && !key.right.empty()) return key;
    for (const auto& other : keys_)
      if (other.left.size() == 1 && other.right.size() == 1 && within(key.left, other.left) && within(key.right, other.right)) return other;
    return key;
  }

  std::shared_ptr<Coding> coding(const std::vector<std::string>& columns) {
    auto& slot = codings_[columns];
    if (!slot) slot = make_coding(records_, columns);
    return slot;
  }

  std::size_t feature(const Key& key) {
    auto& list = by_key_[key];
    if (!list.empty() && out_.features[list.back()]->atoms.size() < 32) return list.back();
    auto made = std::make_unique<Feature>();
    made->left = coding(key.left);
    made->right = coding(key.right);
    made->same_coding = made->left == made->right && key.left.size() > 0;
    out_.features.push_back(std::move(made));
    list.push_back(out_.features.size() - 1);
    return list.back();
  }

  Result<Truth> atom(const NodePtr& tree) {
    const auto columns = columns_of(tree);
    const Key key = home({columns.left, columns.right});
    const std::string text = signature(tree);
    Truth truth;
    truth.op = Truth::atom;
    for (const auto at : by_key_[key])
      for (std::size_t bit = 0; bit < out_.features[at]->atoms.size(); ++bit)
        if (out_.features[at]->atoms[bit].text == text) {
          truth.feature = at;
          truth.bit = bit;
          return truth;
        }
    truth.feature = feature(key);
    auto& owner = *out_.features[truth.feature];
    truth.bit = owner.atoms.size();
    Atom made;
    made.text = text;
    JOINEDUP_TRY(const bool done, special(tree, owner, made));
    if (!done) {
      made.kind = AtomKind::generic;
      JOINEDUP_TRY(made.tree, bind(tree, owner, made));
      owner.cheap = false;
    }
    owner.atoms.push_back(std::move(made));
    return truth;
  }

  Result<std::shared_ptr<Derived>> derived(const std::shared_ptr<Coding>& from, const NodePtr& expression) {
    auto& slot = derived_[{from.get(), canonical(*expression)}];
    if (!slot) {
      JOINEDUP_TRY(slot, derive(*from, expression, threads_));
    }
    return slot;
  }

  static bool plain_column(const NodePtr& node, const Coding& coding) { return node->op == Op::column && coding.columns.size() == 1; }

  // True where the atom has one of the fast forms.
  Result<bool> special(const NodePtr& tree, Feature& owner, Atom& made) {
    if (tree->op == Op::is_null) return null_test(tree->children[0], owner, made);
    if (tree->op != Op::compare) return false;
    const auto& a = tree->children[0];
    const auto& b = tree->children[1];
    if (tree->compare == Compare::equal && reach(a) != reach(b) && reach(a) != Reach::both && reach(b) != Reach::both && reach(a) != Reach::none && reach(b) != Reach::none)
      return equality(reach(a) == Reach::left ? a : b, reach(a) == Reach::left ? b : a, owner, made);
    const bool literal_last = reach(b) == Reach::none, literal_first = reach(a) == Reach::none;
    if (!literal_last && !literal_first) return false;
    const Value threshold = to_number(evaluate(literal_last ? *b : *a, Scope{}));
    if (threshold.is_null()) return false;
    made.threshold = threshold.number;
    made.compare = tree->compare;
    if (literal_first) {
      static constexpr std::pair<Compare, Compare> mirrored[] = {{Compare::less, Compare::greater}, {Compare::at_most, Compare::at_least}, {Compare::greater, Compare::less}, {Compare::at_least, Compare::at_most}};
      for (const auto& [from, to] : mirrored)
        if (tree->compare == from) made.compare = to;
    }
    const NodePtr& subject = literal_last ? a : b;
    if (subject->op != Op::call) return false;
    if (subject->children.size() == 2 && reach(subject->children[0]) == Reach::left && reach(subject->children[1]) == Reach::right)
      return similarity(subject, owner, made);
    if (subject->name == "abs" && subject->children[0]->op == Op::subtract) {
      const auto& x = subject->children[0]->children[0];
      const auto& y = subject->children[0]->children[1];
      if (reach(x) == Reach::left && reach(y) == Reach::right) return difference(x, y, owner, made);
      if (reach(x) == Reach::right && reach(y) == Reach::left) return difference(y, x, owner, made);
    }
    return false;
  }

  Result<bool> null_test(const NodePtr& child, Feature& owner, Atom& made) {
    const Reach side = reach(child);
    if (side != Reach::left && side != Reach::right) return false;
    made.kind = side == Reach::left ? AtomKind::null_left : AtomKind::null_right;
    const auto& from = side == Reach::left ? owner.left : owner.right;
    if (plain_column(child, *from)) return true;
    JOINEDUP_TRY(auto values, derived(from, child));
    auto present = std::make_shared<Derived>();
    present->ids.resize(values->values.size());
    for (std::size_t i = 0; i < present->ids.size(); ++i) present->ids[i] = !values->values[i].is_null();
    made.left = present;  // keeps the ids alive
    (side == Reach::left ? made.left_ids : made.right_ids) = present->ids.data();
    return true;
  }

  Result<bool> equality(const NodePtr& on_left, const NodePtr& on_right, Feature& owner, Atom& made) {
    made.kind = AtomKind::equal;
    if (owner.same_coding && plain_column(on_left, *owner.left) && plain_column(on_right, *owner.right) && !is_list(owner.left->columns[0]->kind)) return true;
    JOINEDUP_TRY(const auto left, derived(owner.left, on_left));
    JOINEDUP_TRY(const auto right, derived(owner.right, on_right));
    auto ids_left = std::make_shared<Derived>(), ids_right = std::make_shared<Derived>();
    ids_left->values = left->values;
    ids_right->values = right->values;
    if (!give_ids(*ids_left, *ids_right)) return false;
    ids_left->values.clear();
    ids_right->values.clear();
    made.left = ids_left;
    made.right = ids_right;
    made.left_ids = ids_left->ids.data();
    made.right_ids = ids_right->ids.data();
    return true;
  }

  Result<bool> similarity(const NodePtr& call, Feature& owner, Atom& made) {
    static const std::map<std::string, Measure> measures = {
        {"jaro_winkler_similarity", Measure::jaro_winkler}, {"jaro_winkler", Measure::jaro_winkler}, {"jaro_winkler_sim", Measure::jaro_winkler},
        {"jaro_winkler_udf", Measure::jaro_winkler}, {"jaro_similarity", Measure::jaro}, {"jaro", Measure::jaro}, {"jaro_sim", Measure::jaro},
        {"levenshtein", Measure::levenshtein}, {"editdist3", Measure::levenshtein}, {"damerau_levenshtein", Measure::damerau_levenshtein},
        {"damerau_lev", Measure::damerau_levenshtein}, {"jaccard", Measure::jaccard}, {"jaccard_sim", Measure::jaccard}};
    const auto found = measures.find(call->name);
    if (found == measures.end()) return false;
    made.kind = AtomKind::similarity;
    owner.cheap = false;
    const std::string key = signature(call);
    for (made.measured = 0; made.measured < owner.measured.size(); ++made.measured)
      if (owner.measured[made.measured]->key == key) break;
    if (made.measured == owner.measured.size()) {
      auto measured = std::make_unique<Measured>();
      measured->measure = found->second;
      measured->key = key;
      measured->limit = 0;
      JOINEDUP_TRY(measured->left, texts(owner.left, call->children[0], measured->own_left));
      JOINEDUP_TRY(measured->right, texts(owner.right, call->children[1], measured->own_right));
      measured->left_views = measured->left ? &measured->own_left : &owner.left->columns[0]->values();
      measured->right_views = measured->right ? &measured->own_right : &owner.right->columns[0]->values();
      owner.measured.push_back(std::move(measured));
    }
    auto& limit = owner.measured[made.measured]->limit;
    const bool capped = made.compare == Compare::at_most || made.compare == Compare::less;
    limit = limit < 0 || !capped ? -1 : std::max(limit, static_cast<std::int64_t>(made.threshold));
    return true;
  }

  // The texts an expression gives, as views; nothing for a plain column, whose dictionary serves.
  // A view with no data pointer is NULL.
  Result<std::shared_ptr<Derived>> texts(const std::shared_ptr<Coding>& from, const NodePtr& expression, std::vector<std::string_view>& views) {
    if (plain_column(expression, *from)) return std::shared_ptr<Derived>();
    JOINEDUP_TRY(const auto values, derived(from, expression));
    auto kept = std::make_shared<Derived>();
    kept->texts.resize(values->values.size());
    views.resize(values->values.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
      const Value text = to_text(values->values[i]);
      if (text.is_null()) continue;
      kept->texts[i] = text.text;
      views[i] = kept->texts[i];
    }
    return kept;
  }

  Result<bool> difference(const NodePtr& on_left, const NodePtr& on_right, Feature& owner, Atom& made) {
    JOINEDUP_TRY(const auto left, numbers(owner.left, on_left));
    JOINEDUP_TRY(const auto right, numbers(owner.right, on_right));
    if (!left || !right) return false;
    made.kind = AtomKind::difference;
    made.left = left;
    made.right = right;
    return true;
  }
  Result<std::shared_ptr<Derived>> numbers(const std::shared_ptr<Coding>& from, const NodePtr& expression) {
    JOINEDUP_TRY(auto values, derived(from, expression));
    if (values->numbers.size() == values->values.size()) return values;
    values->numbers.resize(values->values.size());
    for (std::size_t i = 0; i < values->values.size(); ++i) {
      const Value& value = values->values[i];  // what floats only: decimals and FLOAT have arithmetic of their own
      if (value.kind == Kind::instant || value.kind == Kind::interval || (value.kind == Kind::number && (value.form > 0 || value.form == Value::single))) {
        values->numbers.clear();
        return std::shared_ptr<Derived>();
      }
      const Value number = to_number(values->values[i]);
      values->numbers[i] = number.is_null() ? NAN : number.number;
    }
    return values;
  }

  // Replaces the largest parts that look at one record only by inputs, computed once for each code.
  Result<NodePtr> bind(const NodePtr& node, Feature& owner, Atom& made) {
    const Reach side = reach(node);
    std::vector<std::string> bound;
    if ((side == Reach::left || side == Reach::right) && node->op != Op::lambda && !has_free_variable(*node, bound)) {
      if (made.inputs.size() == most_inputs) return fail(ErrorCode::unsupported, "A condition has more than 32 separate parts; split it into two levels.");
      JOINEDUP_TRY(auto values, derived(side == Reach::left ? owner.left : owner.right, node));
      Node input;
      input.op = Op::input;
      input.index = made.inputs.size();
      made.inputs.push_back(values);
      made.input_sides.push_back(side == Reach::left ? Side::left : Side::right);
      return NodePtr(std::make_shared<const Node>(std::move(input)));
    }
    if (side == Reach::none && node->op != Op::lambda) return node;
    Node copy = *node;
    for (auto& child : copy.children) {
      JOINEDUP_TRY(child, bind(child, owner, made));
    }
    return NodePtr(std::make_shared<const Node>(std::move(copy)));
  }

  CompiledModel& out_;
  const Records& records_;
  unsigned threads_;
  std::set<Key> keys_;
  std::map<Key, std::vector<std::size_t>> by_key_;
  std::map<std::vector<std::string>, std::shared_ptr<Coding>> codings_;
  std::map<std::pair<const Coding*, std::string>, std::shared_ptr<Derived>> derived_;
};

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

void features_of(const Truth& condition, std::set<std::size_t>& features) {
  if (condition.op == Truth::atom) features.insert(condition.feature);
  for (const auto& child : condition.children) features_of(child, features);
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
  for (std::size_t bit = 0; bit < atoms.size(); ++bit)
    if (atoms[bit].kind == AtomKind::difference) differences.push_back(bit);
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

namespace {

struct ParsedLevel {
  NodePtr tree;  // null: ELSE
};

// The column that a condition compares for equality and nothing else: name_l = name_r.
std::string exact_column(const NodePtr& tree) {
  if (!tree || tree->op != Op::compare || tree->compare != Compare::equal) return {};
  const auto &a = tree->children[0], &b = tree->children[1];
  return a->op == Op::column && b->op == Op::column && a->name == b->name && a->side != b->side ? a->name : std::string();
}

Result<std::vector<std::vector<NodePtr>>> parse_levels(const Model& model) {
  std::vector<std::vector<NodePtr>> all;
  for (const auto& comparison : model.comparisons) {
    all.emplace_back();
    for (const auto& level : comparison.levels) {
      NodePtr tree;
      if (!level.is_else) {
        auto parsed = parse_condition(level.condition, Names::suffixed);
        if (!parsed) return fail(parsed.error().code, parsed.error().sentence, "comparison " + comparison.name + ", " + parsed.error().context);
        tree = *parsed;
      }
      all.back().push_back(std::move(tree));
    }
  }
  return all;
}

const std::vector<double>& log_frequencies(CompiledModel& compiled, const DataColumn& column, const LogFrequency& frozen) {
  auto& slot = compiled.frequencies[column.name];
  if (slot) return *slot;
  if (frozen) {
    slot = std::make_unique<std::vector<double>>(1, NAN);
    for (std::size_t code = 1; code < column.values().size(); ++code) slot->push_back(frozen(column.name, column.values()[code]));
    compiled.unseen_log_frequency[column.name] = frozen(column.name, {});
    return *slot;
  }
  slot = std::make_unique<std::vector<double>>(column.values().size(), 0.0);
  double total = 0;
  for (const auto code : column.codes) (*slot)[code] += 1, total += code != 0;
  for (auto& count : *slot) count = std::log2(count / total);
  (*slot)[0] = NAN;
  compiled.unseen_log_frequency[column.name] = -std::log2(std::max(total, 1.0));
  return *slot;
}

}  // namespace

Result<void> set_weights(CompiledModel& compiled, const Model& model) {
  compiled.prior_weight = probability_to_weight(model.prior);
  JOINEDUP_TRY(const auto trees, parse_levels(model));
  for (std::size_t c = 0; c < model.comparisons.size(); ++c) {
    const auto& comparison = model.comparisons[c];
    for (std::size_t i = 0; i < comparison.levels.size(); ++i) {
      const Level& level = comparison.levels[i];
      CompiledLevel& out = compiled.comparisons[c].levels[i];
      out.weight = match_weight(level);
      if (!out.frequency_column) continue;
      double u = level.own_u_for_frequency ? level.u.value_or(0) : 0;
      for (std::size_t other = 0; other < comparison.levels.size() && u == 0; ++other)
        if (exact_column(trees[c][other]) == lower_ascii(level.frequency_column)) u = comparison.levels[other].u.value_or(0);
      if (u == 0)
        return fail(ErrorCode::invalid_input,
                    "The term-frequency adjustment by '" + level.frequency_column + "' needs a level that is an exact match on that column.",
                    "comparison " + comparison.name);
      out.log_u = std::log2(u);
      out.most_frequency_part = most_frequency_part(out, compiled.unseen_log_frequency[out.frequency_column->name]);
    }
  }
  return {};
}

Result<std::vector<std::string>> check_conditions(const Model& model) {
  JOINEDUP_TRY(const auto trees, parse_levels(model));
  std::set<std::string> columns;
  const auto see = [&](const NodePtr& tree) {
    const auto used = columns_of(tree);
    columns.insert(used.left.begin(), used.left.end());
    columns.insert(used.right.begin(), used.right.end());
  };
  for (const auto& comparison : trees)
    for (const auto& tree : comparison)
      if (tree) see(tree);
  for (const auto& comparison : model.comparisons)
    for (const auto& level : comparison.levels)
      if (!level.frequency_column.empty()) columns.insert(lower_ascii(level.frequency_column));
  std::vector<std::string> rules;
  for (const auto& rule : model.blocking_rules) rules.push_back(rule.sql);
  rules.insert(rules.end(), model.training.rules.begin(), model.training.rules.end());
  rules.insert(rules.end(), model.training.deterministic_rules.begin(), model.training.deterministic_rules.end());
  for (const auto& rule : rules) {
    JOINEDUP_TRY(const auto tree, parse_condition(rule, Names::prefixed));
    see(tree);
  }
  for (const auto& name : model.retained_columns) columns.insert(lower_ascii(name));
  return std::vector<std::string>(columns.begin(), columns.end());
}

namespace {
void pack_codes(CompiledModel& compiled, std::size_t rows) {
  std::vector<Feature*> plain;
  for (const auto& feature : compiled.features)
    if (feature->plain) plain.push_back(feature.get());
  auto packed = std::make_shared<std::vector<std::uint32_t>>(rows * plain.size());
  for (std::size_t at = 0; at < plain.size(); ++at) {
    plain[at]->packed_at = at;
    plain[at]->packed_width = plain.size();
    plain[at]->packed = packed;
    const auto& codes = *plain[at]->left->codes;
    for (std::size_t row = 0; row < rows; ++row) (*packed)[row * plain.size() + at] = codes[row];
  }
}
}  // namespace

Result<CompiledModel> compile_model(const Model& model, const Records& records, const std::vector<NodePtr>& filters, unsigned threads, const LogFrequency& frozen) {
  CompiledModel compiled;
  compiled.model = &model;
  compiled.records = &records;
  JOINEDUP_TRY(const auto trees, parse_levels(model));
  Compiler compiler(compiled, records, threads);
  for (const auto& comparison : trees)
    for (const auto& tree : comparison)
      if (tree) compiler.announce(tree);
  for (const auto& filter : filters) compiler.announce(filter);
  for (std::size_t c = 0; c < trees.size(); ++c) {
    CompiledComparison out;
    std::set<std::size_t> features;
    for (std::size_t i = 0; i < trees[c].size(); ++i) {
      const Level& level = model.comparisons[c].levels[i];
      CompiledLevel made;
      made.gamma = level.gamma;
      if (trees[c][i]) {
        JOINEDUP_TRY(made.condition, compiler.compile(trees[c][i]));
      }
      features_of(made.condition, features);
      if (!level.frequency_column.empty() && !level.is_null && !level.is_else && level.frequency_weight != 0) {
        made.frequency_column = records.find(lower_ascii(level.frequency_column));
        made.log_frequency = &log_frequencies(compiled, *made.frequency_column, frozen);
        made.frequency_weight = level.frequency_weight;
        made.least_log_frequency = level.least_frequency > 0 ? std::log2(level.least_frequency) : -INFINITY;
        out.has_frequency = true;
      }
      out.levels.push_back(std::move(made));
    }
    out.features.assign(features.begin(), features.end());
    compiled.comparisons.push_back(std::move(out));
  }
  for (const auto& filter : filters) {
    JOINEDUP_TRY(auto condition, compiler.compile(filter));
    std::set<std::size_t> features;
    features_of(condition, features);
    compiled.filters.push_back(std::move(condition));
    compiled.filter_features.emplace_back(features.begin(), features.end());
  }
  for (const auto& feature : compiled.features) feature->prepare();
  pack_codes(compiled, records.size());
  if (model.trained()) JOINEDUP_CHECK(set_weights(compiled, model));
  return compiled;
}

}  // namespace joinedup::linkage
