#include "fhirpath/evaluate.hpp"

#include <chrono>

namespace joinedup::fhirpath {

void evaluation_fault(std::string why) {
  throw EvaluationFault{std::move(why)};
}

// --- reading operands ---

const Value* Evaluator::single(const Collection& values, const char* what) {
  if (values.empty()) return nullptr;
  if (values.size() > 1) evaluation_fault(std::string(what) + " has several values where one is wanted");
  return &values[0];
}

std::optional<bool> Evaluator::boolean(const Collection& values) {
  const Value* one = single(values, "a condition");
  if (one == nullptr) return std::nullopt;
  Value v = system(*one);
  return v.kind() == ValueKind::boolean ? v.boolean() : true;
}

std::optional<bool> Evaluator::strict_boolean(const Collection& values) {
  const Value* one = single(values, "a condition");
  if (one == nullptr) return std::nullopt;
  Value v = system(*one);
  if (v.kind() != ValueKind::boolean) evaluation_fault("a condition is not a boolean");
  return v.boolean();
}

std::optional<std::string_view> Evaluator::string(const Collection& values, const char* what) {
  const Value* one = single(values, what);
  if (one == nullptr) return std::nullopt;
  Value v = system(*one);
  if (v.kind() == ValueKind::string) return v.string();
  // A date, code or number element reads as its text; a System value of another type, or an object, does not.
  if (one->is_node() && !v.is_node() && one->node() != no_node && v.kind() != ValueKind::quantity)
    return one->document()->text(one->node());
  evaluation_fault(std::string(what) + " is not a text");
}

std::optional<std::int64_t> Evaluator::integer(const Collection& values, const char* what) {
  const Value* one = single(values, what);
  if (one == nullptr) return std::nullopt;
  Value v = system(*one);
  if (v.kind() != ValueKind::integer) evaluation_fault(std::string(what) + " is not an integer");
  return v.integer();
}

std::optional<Decimal> Evaluator::number(const Value& value) {
  if (value.kind() == ValueKind::integer) return Decimal::of(value.integer());
  if (value.kind() == ValueKind::decimal) return Cell::decimal(value);
  return std::nullopt;
}

std::optional<QuantityData> Evaluator::quantity(const Value& value) {
  if (value.kind() == ValueKind::quantity) return Cell::quantity(value);
  if (auto n = number(value)) return QuantityData{*n, "1", UnitKind::ucum};
  return std::nullopt;
}

// --- elements as System values ---

Value Evaluator::read_primitive(const Value& value) {
  const Document& document = *value.document();
  std::string_view text = document.text(value.node());
  NodeKind kind = document.kind(value.node());
  Reading reading = model_.info(value.type()).reading;
  if (kind == NodeKind::boolean) return Value::of(text == "true");
  if (kind == NodeKind::number) {
    auto d = Decimal::parse(text);
    if (!d) evaluation_fault("a number has more digits than can be computed with");
    if (reading != Reading::decimal && d->decimals == 0)
      if (auto i = d->to_integer()) return Value::of(*i);
    return make(*d);
  }
  switch (reading) {
    case Reading::date:
      if (auto t = Temporal::parse_date(text)) return make(*t, ValueKind::date);
      break;
    case Reading::date_time:
      if (auto t = Temporal::parse_date_time(text)) return make(*t, ValueKind::date_time);
      break;
    case Reading::time:
      if (auto t = Temporal::parse_time(text)) return make(*t, ValueKind::time);
      break;
    default: break;
  }
  return Value::of_string(text);
}

Value Evaluator::system(const Value& value) {
  if (!value.is_node() || value.node() == no_node) return value;
  const Document& document = *value.document();
  NodeKind kind = document.kind(value.node());
  if (kind != NodeKind::object && kind != NodeKind::array && kind != NodeKind::null) return read_primitive(value);
  if (kind != NodeKind::object || !model_.is_a(value.type(), model_.quantity_type)) return value;
  NodeIndex number_at = document.find(value.node(), model_.value_name);
  if (number_at == no_node || document.find(value.node(), model_.comparator_name) != no_node) return value;
  auto d = Decimal::parse(document.text(number_at));
  if (!d) return value;
  NodeIndex code = document.find(value.node(), model_.code_name), unit = document.find(value.node(), model_.unit_name);
  NodeIndex space = document.find(value.node(), model_.system_name);
  std::string_view text = "1";
  if (code != no_node && (space == no_node || document.text(space) == "http://unitsofmeasure.org"))
    text = document.text(code);
  else if (unit != no_node)
    text = document.text(unit);
  else if (code != no_node)
    text = document.text(code);
  return make(QuantityData{*d, text, UnitKind::ucum});
}

// --- navigation ---

void Evaluator::emit_one(const Document* document, NodeIndex node, NodeIndex shadow, TypeId type, Collection& out) {
  step();
  if (node != no_node) {
    const Node& n = document->node(node);
    if (n.kind == NodeKind::null) node = no_node;
    else if (n.kind == NodeKind::object) {
      if (n.type != 0 && (type == unknown_type || type == model_.resource_type || type == model_.domain_resource_type)) {
        TypeId own = model_.type(document->text(n.type));
        if (own != unknown_type) type = own;
      }
    } else if (type == unknown_type) {
      if (n.kind == NodeKind::string) type = model_.string_type;
      else if (n.kind == NodeKind::boolean) type = model_.boolean_type;
      else if (n.kind == NodeKind::number)
        type = document->text(node).find_first_of(".eE") == std::string_view::npos ? model_.integer_type : model_.decimal_type;
    }
  }
  if (shadow != no_node && document->kind(shadow) != NodeKind::object) shadow = no_node;
  if (node == no_node && shadow == no_node) return;
  out.push_back(Value::of_node(document, node, shadow, type));
}

void Evaluator::emit(const Document* document, NodeIndex node, NodeIndex shadow, TypeId type, Collection& out) {
  bool list = node != no_node && document->kind(node) == NodeKind::array;
  bool shadow_list = shadow != no_node && document->kind(shadow) == NodeKind::array;
  if (!list && !shadow_list) return emit_one(document, node, shadow, type, out);
  NodeIndex at = list ? node + 1 : no_node, end = list ? document->node(node).end : no_node;
  NodeIndex beside = shadow_list ? shadow + 1 : no_node, beside_end = shadow_list ? document->node(shadow).end : no_node;
  while (at != end || beside != beside_end) {
    emit_one(document, at != end ? at : no_node, beside != beside_end ? beside : no_node, type, out);
    if (at != end) at = document->node(at).end;
    if (beside != beside_end) beside = document->node(beside).end;
  }
}

void Evaluator::child(const Value& value, NameId name, std::string_view text, Collection& out) {
  if (!value.is_node()) {
    if (value.kind() == ValueKind::type) {
      bool is_system = model_.is_system(value.type());
      if (text == "namespace") out.push_back(Value::of_string(is_system ? "System" : "FHIR"));
      if (text == "name") out.push_back(Value::of_string(model_.info(value.type()).name));
    } else if (value.kind() == ValueKind::quantity) {
      if (text == "value") out.push_back(make(Cell::quantity(value).value));
      if (text == "unit") out.push_back(Value::of_string(Cell::quantity(value).unit));
    }
    return;
  }
  const Document* document = value.document();
  NodeIndex object = value.node();
  if (object == no_node || document->kind(object) != NodeKind::object) object = value.shadow();
  if (object == no_node) return;
  NodeIndex at = object + 1;
  const NodeIndex end = document->node(object).end;
  NodeIndex found = no_node, shadow = no_node;
  if (name == 0) {  // a name that R4 does not know: compare its text
    for (; at != end; at = document->node(at).end) {
      NameId id = document->node(at).name;
      if (document->name_text(id) != text) continue;
      ((id & shadow_bit) != 0 ? shadow : found) = at;
    }
    if (found != no_node || shadow != no_node) emit(document, found, shadow, unknown_type, out);
    return;
  }
  const Element* element = model_.element(value.type(), name);
  TypeId type = element != nullptr && !element->choice ? element->types[0] : unknown_type;
  if (element != nullptr && element->choice) {
    for (; at != end; at = document->node(at).end) {
      NameId id = document->node(at).name;
      const Model::Variant& variant = model_.variant(id & ~shadow_bit);
      if (variant.base != name) continue;
      ((id & shadow_bit) != 0 ? shadow : found) = at;
      type = variant.type;
    }
  } else if (element == nullptr && value.type() != unknown_type && model_.variant(name).base != 0 &&
             model_.element(value.type(), model_.variant(name).base) != nullptr) {
    return;  // Observation.valueQuantity is not FHIRPath: it is Observation.value
  } else {
    for (; at != end; at = document->node(at).end) {
      NameId id = document->node(at).name;
      if (id == name) found = at;
      else if (id == (name | shadow_bit)) shadow = at;
      else if (value.type() == unknown_type && model_.variant(id & ~shadow_bit).base == name && found == no_node) {
        found = at;
        type = model_.variant(id).type;
      }
    }
  }
  if (found != no_node || shadow != no_node) emit(document, found, shadow, type, out);
}

void Evaluator::children(const Value& value, Collection& out) {
  if (!value.is_node()) return;
  const Document* document = value.document();
  NodeIndex object = value.node();
  if (object == no_node || document->kind(object) != NodeKind::object) object = value.shadow();
  if (object == no_node) return;
  for (NodeIndex at : document->children(object)) {
    NameId id = document->node(at).name, plain = id & ~shadow_bit;
    if (plain == model_.resource_type_name) continue;
    NodeIndex found = at, shadow = no_node;
    if ((id & shadow_bit) != 0) {
      if (document->find(object, plain) != no_node) continue;  // given beside its value
      found = no_node;
      shadow = at;
    } else {
      shadow = document->find(object, plain | shadow_bit);
    }
    TypeId type = unknown_type;
    if (const Element* element = model_.element(value.type(), plain); element != nullptr && !element->choice)
      type = element->types[0];
    else if (model_.variant(plain).base != 0)
      type = model_.variant(plain).type;
    emit(document, found, shadow, type, out);
  }
}

void Evaluator::descendants(const Value& value, Collection& out, int depth) {
  if (depth > 250) return;
  Collection found;
  children(value, found);
  out.append(found);
  for (const Value& one : found) descendants(one, out, depth + 1);
}

// --- types ---

bool Evaluator::is_type(const Value& value, const TypeName& type) {
  if (value.kind() == ValueKind::type) return false;
  if (model_.is_system(value.type())) return type.system != unknown_type && value.type() == type.system;
  return type.fhir != unknown_type && model_.is_a(value.type(), type.fhir);
}

bool Evaluator::is_exact_type(const Value& value, const TypeName& type) {
  if (!is_type(value, type)) return false;
  return value.type() == type.fhir || model_.is_system(value.type()) ||
         model_.info(value.type()).kind != Type::Kind::primitive;
}

// --- the walk ---

void Evaluator::member(const Tree& tree, const Scope& scope, Collection& out) {
  auto apply = [&](const Collection& input) {
    for (const Value& value : input) {
      if (!tree.left && tree.root_type != unknown_type && value.is_node() && model_.is_a(value.type(), tree.root_type)) {
        out.push_back(value);
        continue;
      }
      child(value, tree.name_id, tree.name, out);
    }
  };
  if (tree.left) apply(evaluate(*tree.left, scope));
  else apply(*scope.self);
}

void Evaluator::variable(const Tree& tree, Collection& out) {
  const std::string& name = tree.name;
  if (auto found = context_.variables.find(name); found != context_.variables.end()) return out.append(found->second);
  if (name == "context") return out.push_back(input_);
  if (name == "resource") return out.push_back(context_.resource.value_or(input_));
  if (name == "rootResource") return out.push_back(context_.root_resource.value_or(context_.resource.value_or(input_)));
  if (name == "sct") return out.push_back(Value::of_string("http://snomed.info/sct"));
  if (name == "loinc") return out.push_back(Value::of_string("http://loinc.org"));
  if (name == "ucum") return out.push_back(Value::of_string("http://unitsofmeasure.org"));
  if (name.rfind("vs-", 0) == 0) return out.push_back(make_string("http://hl7.org/fhir/ValueSet/" + name.substr(3)));
  if (name.rfind("ext-", 0) == 0)
    return out.push_back(make_string("http://hl7.org/fhir/StructureDefinition/" + name.substr(4)));
  evaluation_fault("nothing is named %" + name);
}

void Evaluator::function(const Tree& tree, const Scope& scope, Collection& out) {
  Collection made;
  const Collection* input = scope.self;
  if (tree.left) {
    evaluate(*tree.left, scope, made);
    input = &made;
  }
  if (collection_function(tree, *input, scope, out) || text_function(tree, *input, scope, out) ||
      conversion_function(tree, *input, scope, out) || number_function(tree, *input, scope, out) ||
      fhir_function(tree, *input, scope, out))
    return;
  throw EvaluationFault{"the function " + tree.name + " is not supported", ErrorCode::unsupported};
}

void Evaluator::walk(const Tree& tree, const Scope& scope, Collection& out) {
  switch (tree.op) {
    case Op::literal: return out.push_back(tree.value);
    case Op::empty: return;
    case Op::this_: return out.append(*scope.self);
    case Op::index_:
      if (scope.index >= 0) out.push_back(Value::of(scope.index));
      return;
    case Op::total_:
      if (scope.total != nullptr) out.append(*scope.total);
      return;
    case Op::variable: return variable(tree, out);
    case Op::member: return member(tree, scope, out);
    case Op::function: return function(tree, scope, out);
    case Op::and_:
    case Op::or_:
    case Op::xor_:
    case Op::implies: return logic(tree, scope, out);
    default: return operation(tree, scope, out);
  }
}

void Evaluator::logic(const Tree& tree, const Scope& scope, Collection& out) {
  auto left = boolean(evaluate(*tree.left, scope));
  // What the left side settles alone is not asked of the right side.
  if (tree.op == Op::and_ && left && !*left) return out.push_back(Value::of(false));
  if (tree.op == Op::or_ && left && *left) return out.push_back(Value::of(true));
  if (tree.op == Op::implies && left && !*left) return out.push_back(Value::of(true));
  auto right = boolean(evaluate(*tree.right, scope));
  std::optional<bool> answer;
  switch (tree.op) {
    case Op::and_:
      if (right && !*right) answer = false;
      else if (left && right) answer = true;
      break;
    case Op::or_:
      if (right && *right) answer = true;
      else if (left && right) answer = false;
      break;
    case Op::implies:
      if (right && *right) answer = true;
      else if (left && right) answer = false;
      break;
    default:
      if (left && right) answer = *left != *right;
  }
  if (answer) out.push_back(Value::of(*answer));
}

void Evaluator::operation(const Tree& tree, const Scope& scope, Collection& out) {
  Collection left = evaluate(*tree.left, scope);
  auto put = [&](std::optional<bool> answer) {
    if (answer) out.push_back(Value::of(*answer));
  };
  switch (tree.op) {
    case Op::negate:
    case Op::plus_sign: {
      const Value* one = single(left, "a signed value");
      if (one == nullptr) return;
      Value v = system(*one);
      if (v.kind() == ValueKind::integer) {
        if (tree.op == Op::plus_sign) return out.push_back(v);
        std::int64_t negated = 0;
        if (!__builtin_sub_overflow(std::int64_t{0}, v.integer(), &negated)) out.push_back(Value::of(negated));
        return;
      }
      if (v.kind() == ValueKind::decimal)
        return out.push_back(tree.op == Op::negate ? make(Cell::decimal(v).negated()) : v);
      if (v.kind() == ValueKind::quantity) {
        QuantityData q = Cell::quantity(v);
        if (tree.op == Op::negate) q.value = q.value.negated();
        return out.push_back(make(q));
      }
      evaluation_fault("a sign stands before something that is no number");
    }
    case Op::is: {
      const Value* one = single(left, "what is asked for its type");
      if (one != nullptr) out.push_back(Value::of(is_type(*one, tree.type)));
      return;
    }
    case Op::as:
      // Of several, those of the type: the published search parameters write (Observation.component.value as Quantity).
      // A type that derives from it counts: (ConceptMap.source as uri) means the canonical too.
      for (const Value& value : left)
        if (is_type(value, tree.type)) out.push_back(value);
      return;
    default: break;
  }
  Collection right = evaluate(*tree.right, scope);
  switch (tree.op) {
    case Op::indexer: {
      auto at = integer(right, "an index");
      if (at && *at >= 0 && static_cast<std::size_t>(*at) < left.size()) out.push_back(left[static_cast<std::size_t>(*at)]);
      return;
    }
    case Op::union_: {
      Members both(*this);
      for (const Collection* side : {&left, &right})
        for (const Value& v : *side)
          if (both.add_new(v)) out.push_back(v);
      return;
    }
    case Op::equal: return put(equal(left, right));
    case Op::not_equal: {
      auto same = equal(left, right);
      if (same) out.push_back(Value::of(!*same));
      return;
    }
    case Op::equivalent: return put(equivalent(left, right));
    case Op::not_equivalent: return put(!equivalent(left, right));
    case Op::in: {
      const Value* one = single(left, "the left side of in");
      if (one != nullptr) put(holds(right, *one));
      return;
    }
    case Op::contains: {
      const Value* one = single(right, "the right side of contains");
      if (one != nullptr) put(holds(left, *one));
      return;
    }
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal: {
      const Value *a = single(left, "a comparison's left side"), *b = single(right, "a comparison's right side");
      if (a == nullptr || b == nullptr) return;
      auto order = compare(*a, *b);
      if (!order) return;
      return put(tree.op == Op::less         ? *order < 0
                 : tree.op == Op::less_equal ? *order <= 0
                 : tree.op == Op::greater    ? *order > 0
                                             : *order >= 0);
    }
    default: return arithmetic(tree.op, left, right, out);
  }
}

std::int64_t Evaluator::now() {
  if (context_.now_micros) return *context_.now_micros;
  if (!context_.clock_micros)
    context_.clock_micros = std::chrono::duration_cast<std::chrono::microseconds>(
                              std::chrono::system_clock::now().time_since_epoch()).count();
  return *context_.clock_micros;
}

// --- the room's edge ---

Result<Expression> Expression::compile(std::string_view text, const Options& options) {
  JOINEDUP_TRY(auto tree, parse_expression(text, options));
  Expression out;
  out.tree_ = std::move(tree);
  out.text_ = text;
  return out;
}

Result<Expression> Expression::compile(std::string_view text) {
  return compile(text, Options{});
}

Result<void> Expression::evaluate_into(const Value& input, Context& context, Collection& out) const {
  out.clear();
  try {
    Evaluator(context, input).run(*tree_, out);
    return {};
  } catch (const EvaluationFault& fault) {
    return fail(fault.code, "A FHIRPath expression cannot be evaluated: " + fault.why + ".", text_);
  }
}

Result<Collection> Expression::evaluate(const Value& input, Context& context) const {
  Collection out;
  JOINEDUP_CHECK(evaluate_into(input, context, out));
  return out;
}

Result<std::optional<bool>> as_boolean(const Collection& collection) {
  if (collection.empty()) return std::optional<bool>{};
  const Value& v = collection[0];
  if (collection.size() == 1) {
    if (v.kind() == ValueKind::boolean) return std::optional<bool>{v.boolean()};
    if (v.is_node() && v.node() != no_node && v.document()->kind(v.node()) == NodeKind::boolean)
      return std::optional<bool>{v.document()->text(v.node()) == "true"};
  }
  return fail(ErrorCode::invalid_input, "A condition gives something else than one boolean.");
}

}  // namespace joinedup::fhirpath
