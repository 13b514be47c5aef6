// The evaluator: walks a Tree over values. Inside this room only.
//
// Faults are thrown as EvaluationFault and become a Result at the room's edge (Expression::evaluate).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "fhirpath/cell.hpp"
#include "fhirpath/syntax.hpp"

namespace joinedup::fhirpath {

struct EvaluationFault {
  std::string why;
  ErrorCode code = ErrorCode::invalid_input;
};
[[noreturn]] void evaluation_fault(std::string why);

// What names mean at one place of an expression: $this (also what a bare name applies to), $index, $total.
struct Scope {
  const Collection* self = nullptr;
  std::int64_t index = -1;
  const Collection* total = nullptr;
};

class Evaluator {
 public:
  Evaluator(Context& context, const Value& input) : context_(context), model_(Model::r4()), input_(input) {}
  void run(const Tree& tree, Collection& out) {
    Collection self(input_);
    evaluate(tree, Scope{&self, -1, nullptr}, out);
  }
  // Appends what the tree gives.
  void evaluate(const Tree& tree, const Scope& scope, Collection& out) {
    std::size_t before = out.size();
    walk(tree, scope, out);
    step(1 + out.size() - before);
  }
  Collection evaluate(const Tree& tree, const Scope& scope) {
    Collection out;
    evaluate(tree, scope, out);
    return out;
  }

  // Navigation.
  void child(const Value& value, NameId name, std::string_view text, Collection& out);
  void children(const Value& value, Collection& out);
  void descendants(const Value& value, Collection& out, int depth);
  std::optional<Value> resolve(std::string_view reference);

  // Values.
  Value system(const Value& value);  // a primitive element as its System value, a Quantity element as a quantity
  Value make(const Decimal& d) { return Cell::of(keep(d)); }
  Value make(const Temporal& t, ValueKind kind) { return Cell::of(keep(t), kind); }
  Value make(const QuantityData& q) { return Cell::of(keep(q)); }
  Value make_string(std::string_view text) {
    room_for(text.size());
    return Value::of_string(context_.keep(text));
  }
  // Called before a text is made: long ones count as work, too long ones are a fault.
  void room_for(std::size_t size) {
    limit_text(size);
    step(size / 16);
  }
  static void limit_text(std::size_t size) {
    if (size > longest_text) throw EvaluationFault{"a text would be longer than 16 million bytes", ErrorCode::too_large};
  }
  std::optional<bool> equal(const Value& a, const Value& b);
  std::optional<bool> equal(const Collection& a, const Collection& b);
  bool equivalent(const Value& a, const Value& b);
  bool equivalent(const Collection& a, const Collection& b);
  std::optional<int> compare(const Value& a, const Value& b);  // fault where the types do not compare
  bool holds(const Collection& values, const Value& value);    // by equality
  std::uint64_t hash(const Value& system_value);  // equal values have equal hashes; not of dates and quantities
  bool is_type(const Value& value, const TypeName& type);        // the type or one that derives from it
  bool is_exact_type(const Value& value, const TypeName& type);  // as() and ofType(): of primitives the very type

  // Reading an argument or an input as one System value; nothing for the empty collection, a fault otherwise.
  std::optional<bool> boolean(const Collection& values);         // one value that is no boolean counts as true
  std::optional<bool> strict_boolean(const Collection& values);  // … is a fault
  std::optional<std::string_view> string(const Collection& values, const char* what);
  std::optional<std::int64_t> integer(const Collection& values, const char* what);
  std::optional<Decimal> number(const Value& value);             // integer or decimal; else nothing
  const Value* single(const Collection& values, const char* what);  // null where empty
  std::optional<QuantityData> quantity(const Value& value);

  void step(std::uint64_t n = 1) {
    context_.steps += n;
    if (context_.steps > context_.step_limit)
      throw EvaluationFault{"the evaluation visits more elements than its limit allows", ErrorCode::too_large};
  }

  // The functions, by family; each gives false where the function is not of its family.
  bool collection_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out);
  bool text_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out);
  bool conversion_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out);
  bool number_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out);
  bool fhir_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out);

 private:
  static constexpr std::size_t longest_text = 16 << 20;
  template <class T>
  const T* keep(const T& value) {
    return new (context_.arena.allocate(sizeof(T), alignof(T))) T(value);
  }
  void walk(const Tree& tree, const Scope& scope, Collection& out);
  void operation(const Tree& tree, const Scope& scope, Collection& out);
  void function(const Tree& tree, const Scope& scope, Collection& out);
  void variable(const Tree& tree, Collection& out);
  void member(const Tree& tree, const Scope& scope, Collection& out);
  void arithmetic(Op op, const Collection& left, const Collection& right, Collection& out);
  void temporal_arithmetic(Op op, const Value& left, const Value& right, Collection& out);
  void logic(const Tree& tree, const Scope& scope, Collection& out);
  void emit(const Document* document, NodeIndex node, NodeIndex shadow, TypeId type, Collection& out);
  void emit_one(const Document* document, NodeIndex node, NodeIndex shadow, TypeId type, Collection& out);
  bool same_nodes(const Document& a, NodeIndex x, const Document& b, NodeIndex y, bool loosely);
  std::uint64_t hash_node(const Document& document, NodeIndex node);
  bool same_elements(const Value& a, const Value& b, bool loosely);
  Value read_primitive(const Value& value);
  void sort(const Tree& tree, const Collection& input, Collection& out);
  std::int64_t now();
  std::optional<Value> convert(FunctionId to, const Value& value);
  void boundary(const Tree& tree, const Collection& input, const Scope& scope, Collection& out);
  Collection argument(const Tree& tree, std::size_t i, const Scope& scope) {
    return i < tree.arguments.size() ? evaluate(*tree.arguments[i], scope) : Collection{};
  }

  Context& context_;
  const Model& model_;
  Value input_;
};

// The members of a collection by equality, found by hash once there are many. Values whose equality may be open (dates)
// or reaches across kinds (quantities) are compared one by one.
class Members {
 public:
  explicit Members(Evaluator& evaluator) : evaluator_(evaluator) {}
  Members(Evaluator& evaluator, const Collection& values) : evaluator_(evaluator) {
    for (const Value& value : values) add(value);
  }
  bool has(const Value& value);
  void add(const Value& value);
  bool add_new(const Value& value) {  // false where it was there already
    if (has(value)) return false;
    add(value);
    return true;
  }

 private:
  static constexpr std::size_t few = 12;
  bool firm(const Value& system_value) const;
  Evaluator& evaluator_;
  Collection all_, loose_;
  std::unordered_multimap<std::uint64_t, Value> by_hash_;
};

std::string_view reference_key(std::string_view reference, std::string_view wanted_type);
bool html_is_sound(std::string_view xhtml);

}  // namespace joinedup::fhirpath
