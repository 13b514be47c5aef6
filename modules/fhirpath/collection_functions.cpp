// Existence, filtering, subsetting, combining, tree navigation.
#include <algorithm>
#include <numeric>

#include "fhirpath/evaluate.hpp"

namespace joinedup::fhirpath {

void Evaluator::sort(const Tree& tree, const Collection& input, Collection& out) {
  // A key that begins with a minus sorts downwards; an empty key comes last upwards, first downwards.
  std::size_t keys = std::max<std::size_t>(1, tree.arguments.size());
  std::vector<std::vector<std::optional<Value>>> rows(input.size());
  std::vector<bool> down(keys);
  for (std::size_t i = 0; i < input.size(); ++i) {
    Collection self(input[i]);
    Scope inner{&self, static_cast<std::int64_t>(i), nullptr};
    for (std::size_t k = 0; k < keys; ++k) {
      const Tree* key = k < tree.arguments.size() ? tree.arguments[k].get() : nullptr;
      if (key != nullptr && key->op == Op::negate) {
        down[k] = true;
        key = key->left.get();
      }
      Collection value = key != nullptr ? evaluate(*key, inner) : self;
      const Value* one = single(value, "a key to sort by");
      rows[i].push_back(one == nullptr ? std::optional<Value>{} : system(*one));
    }
  }
  std::vector<std::size_t> order(input.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
    step();
    for (std::size_t k = 0; k < keys; ++k) {
      const auto &a = rows[x][k], &b = rows[y][k];
      int way = 0;
      if (a && b) way = compare(*a, *b).value_or(0);
      else if (a || b) way = a ? -1 : 1;
      if (way != 0) return down[k] ? way > 0 : way < 0;
    }
    return false;
  });
  for (std::size_t i : order) out.push_back(input[i]);
}

bool Evaluator::collection_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out) {
  using F = FunctionId;
  const std::size_t n = input.size();
  auto put = [&](bool value) { out.push_back(Value::of(value)); };
  // For each item of the input with its own $this and $index.
  auto each = [&](const Tree& criteria, auto&& use) {
    Collection self{Value{}};
    Collection result;
    for (std::size_t i = 0; i < n; ++i) {
      self[0] = input[i];
      result.clear();
      evaluate(criteria, Scope{&self, static_cast<std::int64_t>(i), scope.total}, result);
      if (!use(input[i], result)) break;
    }
  };
  switch (tree.function) {
    case F::empty: put(n == 0); return true;
    case F::exists: {
      if (tree.arguments.empty()) {
        put(n != 0);
        return true;
      }
      bool found = false;
      each(*tree.arguments[0], [&](const Value&, const Collection& r) {
        found = boolean(r).value_or(false);
        return !found;
      });
      put(found);
      return true;
    }
    case F::all: {
      bool every = true;
      each(*tree.arguments[0], [&](const Value&, const Collection& r) {
        every = boolean(r).value_or(false);
        return every;
      });
      put(every);
      return true;
    }
    case F::allTrue:
    case F::anyTrue:
    case F::allFalse:
    case F::anyFalse: {
      bool wanted = tree.function == F::allTrue || tree.function == F::anyTrue;
      bool any = tree.function == F::anyTrue || tree.function == F::anyFalse, answer = !any;
      for (const Value& v : input) {
        Value s = system(v);
        if (s.kind() != ValueKind::boolean) evaluation_fault(tree.name + " meets a value that is no boolean");
        if (any && s.boolean() == wanted) answer = true;
        if (!any && s.boolean() != wanted) answer = false;
      }
      put(answer);
      return true;
    }
    case F::subsetOf:
    case F::supersetOf: {
      Collection other = argument(tree, 0, scope);
      const Collection &small = tree.function == F::subsetOf ? input : other, &large = tree.function == F::subsetOf ? other : input;
      Members members(*this, large);
      put(std::all_of(small.begin(), small.end(), [&](const Value& v) { return members.has(v); }));
      return true;
    }
    case F::count: out.push_back(Value::of(static_cast<std::int64_t>(n))); return true;
    case F::distinct:
    case F::isDistinct: {
      Members found(*this);
      bool every = true;
      for (const Value& v : input) {
        bool fresh = found.add_new(v);
        every = every && fresh;
        if (fresh && tree.function == F::distinct) out.push_back(v);
      }
      if (tree.function == F::isDistinct) put(every);
      return true;
    }
    case F::where:
      each(*tree.arguments[0], [&](const Value& v, const Collection& r) {
        if (boolean(r).value_or(false)) out.push_back(v);
        return true;
      });
      return true;
    case F::select:
      each(*tree.arguments[0], [&](const Value&, const Collection& r) {
        out.append(r);
        return true;
      });
      return true;
    case F::repeat: {
      Members found(*this);
      Collection wave = input;
      while (!wave.empty()) {
        Collection next;
        for (const Value& v : wave) {
          Collection self(v);
          for (const Value& r : evaluate(*tree.arguments[0], Scope{&self, -1, scope.total})) {
            if (!found.add_new(r)) continue;
            out.push_back(r);
            next.push_back(r);
          }
        }
        wave = std::move(next);
      }
      return true;
    }
    case F::ofType:
      for (const Value& v : input)
        if (is_exact_type(v, tree.type)) out.push_back(v);
      return true;
    case F::is: {
      const Value* one = single(input, "what is asked for its type");
      if (one != nullptr) put(is_type(*one, tree.type));
      return true;
    }
    case F::as: {
      if (context_.several_as == Context::SeveralAs::error) single(input, "the input of as()");
      for (const Value& v : input)
        if (is_exact_type(v, tree.type)) out.push_back(v);
      return true;
    }
    case F::single: {
      const Value* one = single(input, "the input of single()");
      if (one != nullptr) out.push_back(*one);
      return true;
    }
    case F::first:
      if (n > 0) out.push_back(input[0]);
      return true;
    case F::last:
      if (n > 0) out.push_back(input[n - 1]);
      return true;
    case F::tail:
      for (std::size_t i = 1; i < n; ++i) out.push_back(input[i]);
      return true;
    case F::skip:
    case F::take: {
      auto amount = integer(argument(tree, 0, scope), "the number to skip or take");
      if (!amount) return true;
      std::size_t at = *amount <= 0 ? 0 : std::min(n, static_cast<std::size_t>(*amount));
      std::size_t from = tree.function == F::skip ? at : 0, to = tree.function == F::skip ? n : at;
      for (std::size_t i = from; i < to; ++i) out.push_back(input[i]);
      return true;
    }
    case F::intersect: {
      Members other(*this, argument(tree, 0, scope)), found(*this);
      for (const Value& v : input)
        if (other.has(v) && found.add_new(v)) out.push_back(v);
      return true;
    }
    case F::exclude: {
      Members other(*this, argument(tree, 0, scope));
      for (const Value& v : input)
        if (!other.has(v)) out.push_back(v);
      return true;
    }
    case F::union_: {
      Members both(*this);
      Collection other = argument(tree, 0, scope);
      for (const Collection* side : {&input, &static_cast<const Collection&>(other)})
        for (const Value& v : *side)
          if (both.add_new(v)) out.push_back(v);
      return true;
    }
    case F::combine:
      out.append(input);
      evaluate(*tree.arguments[0], scope, out);
      return true;
    case F::iif: {
      if (n > 1) evaluation_fault("the input of iif() has several values where one is wanted");
      Scope inner{&input, scope.index, scope.total};
      bool chosen = strict_boolean(evaluate(*tree.arguments[0], inner)).value_or(false);
      if (chosen) evaluate(*tree.arguments[1], inner, out);
      else if (tree.arguments.size() > 2) evaluate(*tree.arguments[2], inner, out);
      return true;
    }
    case F::aggregate: {
      Collection total = argument(tree, 1, scope);
      for (std::size_t i = 0; i < n; ++i) {
        Collection self(input[i]);
        Collection next = evaluate(*tree.arguments[0], Scope{&self, static_cast<std::int64_t>(i), &total});
        total = std::move(next);
      }
      out.append(total);
      return true;
    }
    case F::children:
      for (const Value& v : input) children(v, out);
      return true;
    case F::descendants:
      for (const Value& v : input) descendants(v, out, 0);
      return true;
    case F::trace: {
      if (context_.trace) {
        auto name = string(argument(tree, 0, scope), "the name of trace()");
        Collection shown;
        if (tree.arguments.size() > 1) each(*tree.arguments[1], [&](const Value&, const Collection& r) {
          shown.append(r);
          return true;
        });
        context_.trace(name.value_or(""), tree.arguments.size() > 1 ? shown : input);
      }
      out.append(input);
      return true;
    }
    case F::not_: {
      auto value = boolean(input);
      if (value) put(!*value);
      return true;
    }
    case F::sort: sort(tree, input, out); return true;
    case F::now: out.push_back(make(Temporal::from_system_clock(now(), context_.zone_minutes), ValueKind::date_time)); return true;
    case F::today:
      out.push_back(make(Temporal::from_system_clock(now(), context_.zone_minutes).date_part(), ValueKind::date));
      return true;
    case F::timeOfDay: {
      Temporal t = Temporal::from_system_clock(now(), context_.zone_minutes);
      t.has_zone = false;
      t.micros -= t.date_part().micros;
      out.push_back(make(t, ValueKind::time));
      return true;
    }
    default: return false;
  }
}

}  // namespace joinedup::fhirpath
