// Conditions fall apart into atoms, and atoms gather in features.
#include <algorithm>
#include <cmath>
#include <set>

#include "linkage/compiler.hpp"

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
      const Value number = to_number(value);
      if (number.is_null() && value.kind == Kind::text && !to_instant(value).is_null()) {  // a CSV file's dates
        values->numbers.clear();
        return std::shared_ptr<Derived>();
      }
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

ConditionCompiler::ConditionCompiler(CompiledModel& out, const Records& records, unsigned threads) : own_(std::make_unique<Compiler>(out, records, threads)) {}
ConditionCompiler::~ConditionCompiler() = default;
void ConditionCompiler::announce(const NodePtr& tree) { own_->announce(tree); }
Result<Truth> ConditionCompiler::compile(const NodePtr& tree) { return own_->compile(tree); }

}  // namespace joinedup::linkage
