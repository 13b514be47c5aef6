// Names and types of an expression against FHIR R4, before any resource is seen.
#include <algorithm>

#include "fhirpath/syntax.hpp"

namespace joinedup::fhirpath {

namespace {

struct CheckFault {
  std::string why;
};

// The types that a part of an expression may give. `any`: not known, so nothing can be said against it.
struct Shape {
  std::vector<TypeId> types;
  bool any = false;
  bool ordered = true;

  static Shape unknown() {
    Shape s;
    s.any = true;
    return s;
  }
  static Shape of(TypeId type) {
    Shape s;
    s.types.push_back(type);
    return s;
  }
  void add(TypeId type) {
    if (type == unknown_type) any = true;
    else if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  void add(const Shape& other) {
    any = any || other.any;
    ordered = ordered && other.ordered;
    for (TypeId t : other.types) add(t);
  }
};

}  // namespace

class Checker {
 public:
  explicit Checker(Expression::Ordering ordering) : ordering_(ordering), model_(Model::r4()) {}

  static const Tree& tree(const Expression& expression) { return *expression.tree_; }

  Shape check(const Tree& tree, const Shape& self) {
    switch (tree.op) {
      case Op::literal: return Shape::of(tree.value.type());
      case Op::empty: return {};
      case Op::this_: return self;
      case Op::index_: return Shape::of(system_type::integer);
      case Op::total_:
      case Op::variable: return Shape::unknown();
      case Op::member: return member(tree, self);
      case Op::function: return function(tree, self);
      case Op::negate:
      case Op::plus_sign: return check(*tree.left, self);
      case Op::indexer: {
        Shape left = check(*tree.left, self);
        check(*tree.right, self);
        needs_order(left, "[]");
        return left;
      }
      case Op::as: return narrowed(check(*tree.left, self), tree.type);
      case Op::is: check(*tree.left, self); return Shape::of(system_type::boolean);
      default: break;
    }
    Shape left = check(*tree.left, self), right = check(*tree.right, self);
    if (tree.op == Op::union_) {
      left.add(right);
      return left;
    }
    bool computes = tree.op >= Op::multiply && tree.op <= Op::concatenate;
    return computes ? Shape::unknown() : Shape::of(system_type::boolean);
  }

 private:
  void needs_order(const Shape& shape, std::string_view what) const {
    if (ordering_ == Expression::Ordering::checked && !shape.ordered)
      throw CheckFault{std::string(what) + " depends on an order that its input does not have"};
  }

  Shape narrowed(const Shape& input, const TypeName& type) const {
    Shape out = Shape::of(type.fhir != unknown_type ? type.fhir : type.system);
    if (type.fhir != unknown_type && type.system != unknown_type) out.add(type.system);
    out.ordered = input.ordered;
    return out;
  }

  Shape member(const Tree& tree, const Shape& self) {
    Shape input = tree.left ? check(*tree.left, self) : self;
    Shape out;
    out.ordered = input.ordered;
    if (!tree.left && tree.root_type != unknown_type) {
      for (TypeId type : input.types)
        if (model_.is_a(type, tree.root_type)) out.add(type);
      if (!out.types.empty()) return out;
    }
    if (input.any) return Shape::unknown();
    bool found = false;
    for (TypeId type : input.types) {
      if (type == model_.resource_type || type == model_.domain_resource_type || type == model_.element_type)
        return Shape::unknown();  // it may be anything that derives from these
      if (type == system_type::quantity && (tree.name == "value" || tree.name == "unit")) {
        out.add(tree.name == "value" ? system_type::decimal : system_type::string);
        found = true;
      }
      const Element* element = model_.element(type, tree.name_id);
      if (tree.name_id == 0 || element == nullptr) continue;
      found = true;
      for (TypeId one : element->types) {
        if (one == model_.resource_type) out.any = true;
        out.add(one);
      }
    }
    if (!found && !input.types.empty()) throw CheckFault{"there is no element " + tree.name + " here"};
    return out;
  }

  Shape repeat(const Tree& tree, const Shape& input) {
    Shape out = check(*tree.arguments[0], input);
    for (int i = 0; i < 8; ++i) {
      Shape more = out;
      try {
        more.add(check(*tree.arguments[0], out));
      } catch (const CheckFault&) {
        break;  // what is found need not repeat itself
      }
      if (more.types.size() == out.types.size() && more.any == out.any) break;
      out = more;
    }
    return out;
  }

  Shape function(const Tree& tree, const Shape& self) {
    using F = FunctionId;
    Shape input = tree.left ? check(*tree.left, self) : self;
    const F f = tree.function;
    bool over_items = f == F::where || f == F::exists || f == F::all || f == F::select || f == F::repeat || f == F::iif ||
                      f == F::aggregate || f == F::sort || (f == F::trace && tree.arguments.size() > 1);
    std::vector<Shape> arguments;
    if (f != F::repeat)
      for (const auto& argument : tree.arguments)
        arguments.push_back(argument ? check(*argument, over_items ? input : self) : Shape{});
    switch (f) {
      case F::first: case F::last: case F::tail: case F::skip: case F::take:
        needs_order(input, tree.name + "()");
        return input;
      case F::where: case F::single: case F::distinct: case F::intersect: case F::exclude: case F::trace: case F::sort:
      case F::checkModifiers:
        return input;
      case F::select: {
        Shape out = arguments[0];
        out.ordered = out.ordered && input.ordered;
        return out;
      }
      case F::repeat: return repeat(tree, input);
      case F::ofType: case F::as: return narrowed(input, tree.type);
      case F::union_: case F::combine: input.add(arguments[0]); return input;
      case F::iif: {
        Shape out = arguments[1];
        if (arguments.size() > 2) out.add(arguments[2]);
        return out;
      }
      case F::children: case F::descendants: {
        Shape out = Shape::unknown();
        out.ordered = false;
        return out;
      }
      case F::extension: return Shape::of(model_.extension_type);
      case F::resolve: case F::aggregate: case F::type: case F::getValue: return Shape::unknown();
      case F::is: return Shape::of(system_type::boolean);
      default: break;
    }
    if (f >= F::indexOf && f < F::join) text_input(tree, input);
    return Shape::unknown();
  }

  void text_input(const Tree& tree, const Shape& input) const {
    if (input.any || input.types.empty()) return;
    for (TypeId type : input.types) {
      auto kind = model_.info(type).kind;
      if (kind == Type::Kind::primitive || kind == Type::Kind::system) return;
    }
    throw CheckFault{tree.name + "() is asked of something that is no text"};
  }

  Expression::Ordering ordering_;
  const Model& model_;
};

Result<Expression> Expression::compile_for(std::string_view text, std::string_view type, Ordering ordering) {
  JOINEDUP_TRY(auto expression, compile(text));
  TypeId id = Model::r4().type(type);
  if (id == unknown_type) return fail(ErrorCode::invalid_input, "FHIR R4 has no type of the name that an expression is checked for.");
  try {
    Checker(ordering).check(Checker::tree(expression), Shape::of(id));
  } catch (const CheckFault& fault) {
    return fail(ErrorCode::invalid_input, "The FHIRPath expression does not fit its type: " + fault.why + ".", std::string(text));
  }
  return expression;
}

}  // namespace joinedup::fhirpath
