#include "fhir/extract.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "base/text.hpp"
#include "fhir/read_element.hpp"
#include "fhirpath/model.hpp"

namespace joinedup::fhir {

using fhirpath::Document;
using fhirpath::Model;
using fhirpath::NameId;
using fhirpath::no_node;
using fhirpath::NodeIndex;
using fhirpath::NodeKind;
using fhirpath::TypeId;

namespace {

// Parts of `text` between separators that stand outside parentheses and quotes.
std::vector<std::string_view> split_outside(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  int depth = 0;
  bool quoted = false;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == separator && depth == 0 && !quoted)) {
      out.push_back(trim(text.substr(from, i - from)));
      from = i + 1;
      continue;
    }
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    depth += text[i] == '(';
    depth -= text[i] == ')';
  }
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// "x" of "as(x)", given "as(".
std::optional<std::string_view> argument(std::string_view text, std::string_view call) {
  if (!text.starts_with(call) || !text.ends_with(')')) return std::nullopt;
  return trim(text.substr(call.size(), text.size() - call.size() - 1));
}

struct Guard {
  NameId name = 0;
  std::string value;
  bool operator==(const Guard&) const = default;
};
struct Leaf {
  std::uint32_t slot = 0;
  ElementReader read = nullptr;  // nothing: only nodes() is asked
  std::string target;            // a reference's type, where only that is meant
};
struct Edge {
  NameId name = 0;
  std::uint32_t to = 0;
  Guard guard;
};
struct Step {
  std::vector<Edge> edges;
  std::vector<Leaf> leaves;
};
struct State {
  std::uint32_t step = 0;
  TypeId type = 0;
};

}  // namespace

struct ExtractionPlan::Parts {
  struct ByExpression {
    std::uint32_t slot;
    ParameterKind kind;
    fhirpath::Expression expression;
  };
  std::vector<Step> steps{1};
  std::vector<ByExpression> expressions;

  // Where a path leads, or nothing where the text is no simple path.
  struct End {
    std::vector<State> states;
    std::string target;
  };
  std::optional<End> path(std::string_view text, std::string_view type);
  bool segment(std::string_view text, const Guard& guard, std::vector<State>& states);
  static void keep_type(std::string_view type, std::vector<State>& states);
  std::uint32_t edge(std::uint32_t from, NameId name, const Guard& guard);
  bool add_path(std::uint32_t slot, ParameterKind kind, std::string_view text, std::string_view type);

  template <class OnLeaf>
  void walk(const Document& document, NodeIndex node, std::uint32_t step, const OnLeaf& on_leaf) const {
    for (const Leaf& leaf : steps[step].leaves) on_leaf(leaf, node);
    const auto& edges = steps[step].edges;
    if (edges.empty() || document.kind(node) != NodeKind::object) return;
    for (NodeIndex child : document.children(node)) {
      const NameId name = document.node(child).name;
      for (const Edge& edge : edges)
        if (edge.name == name) follow(document, child, edge, on_leaf);
    }
  }
  template <class OnLeaf>
  void follow(const Document& document, NodeIndex node, const Edge& edge, const OnLeaf& on_leaf) const {
    if (document.kind(node) == NodeKind::null) return;
    if (document.kind(node) == NodeKind::array) {
      for (NodeIndex item : document.children(node)) follow(document, item, edge, on_leaf);
      return;
    }
    if (edge.guard.name != 0) {
      const NodeIndex said = document.find(node, edge.guard.name);
      if (said == no_node || document.text(said) != edge.guard.value) return;
    }
    walk(document, node, edge.to, on_leaf);
  }
};

std::uint32_t ExtractionPlan::Parts::edge(std::uint32_t from, NameId name, const Guard& guard) {
  for (const Edge& edge : steps[from].edges)
    if (edge.name == name && edge.guard == guard) return edge.to;
  const auto to = static_cast<std::uint32_t>(steps.size());
  steps[from].edges.push_back({name, to, guard});
  steps.emplace_back();
  return to;
}

void ExtractionPlan::Parts::keep_type(std::string_view type, std::vector<State>& states) {
  const Model& model = Model::r4();
  std::erase_if(states, [&](const State& state) { return !model.is_a(state.type, model.type(type)); });
}

bool ExtractionPlan::Parts::segment(std::string_view text, const Guard& guard, std::vector<State>& states) {
  const Model& model = Model::r4();
  std::vector<State> next;
  for (const State& state : states) {
    const NameId name = model.name(text);
    const auto* element = name == 0 ? nullptr : model.element(state.type, name);
    if (element == nullptr) return false;
    for (TypeId type : element->types) {
      NameId written = name;
      if (element->choice) {
        std::string joined(text);
        joined += model.info(type).name;
        joined[text.size()] = static_cast<char>(joined[text.size()] & ~0x20);
        written = model.name(joined);
      }
      next.push_back({edge(state.step, written, guard), type});
      if (!element->choice) break;
    }
  }
  states = std::move(next);
  return true;
}

std::optional<ExtractionPlan::Parts::End> ExtractionPlan::Parts::path(std::string_view text, std::string_view type) {
  End end;
  end.states = {{0, Model::r4().type(type)}};
  std::vector<std::string_view> segments;
  std::string_view as_type;
  if (text.starts_with('(')) {  // (a.b as T).c
    const auto close = text.find(')');
    if (close == text.npos) return std::nullopt;
    auto inside = path(trim(text.substr(1, close - 1)), type);
    if (!inside) return std::nullopt;
    end = *inside;
    auto rest = trim(text.substr(close + 1));
    if (rest.empty()) return end;
    if (rest[0] != '.') return std::nullopt;
    segments = split_outside(rest.substr(1), '.');
  } else {
    if (const auto as = text.find(" as "); as != text.npos) as_type = trim(text.substr(as + 4)), text = text.substr(0, as);
    segments = split_outside(text, '.');
    if (!segments.empty() && (segments[0] == type || segments[0] == "Resource")) segments.erase(segments.begin());
  }
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (auto kept = argument(segments[i], "as(")) {
      keep_type(*kept, end.states);
    } else if (auto target = argument(segments[i], "where(resolve() is ")) {
      end.target = *target;
    } else if (is_name(segments[i])) {
      Guard guard;
      if (i + 1 < segments.size())
        if (auto condition = argument(segments[i + 1], "where("); condition && !condition->starts_with("resolve()")) {
          const auto equals = condition->find('=');
          if (equals == condition->npos) return std::nullopt;
          auto value = trim(condition->substr(equals + 1));
          guard.name = Model::r4().name(trim(condition->substr(0, equals)));
          if (guard.name == 0 || value.size() < 2 || value[0] != '\'') return std::nullopt;
          guard.value = value.substr(1, value.size() - 2);
        }
      if (!segment(segments[i], guard, end.states)) return std::nullopt;
      if (guard.name != 0) ++i;
    } else {
      return std::nullopt;
    }
  }
  if (!as_type.empty()) keep_type(as_type, end.states);
  return end;
}

bool ExtractionPlan::Parts::add_path(std::uint32_t slot, ParameterKind kind, std::string_view text, std::string_view type) {
  auto end = path(text, type);
  if (!end) return false;
  for (const State& state : end->states) {
    const ElementReader reader = element_reader(kind, Model::r4().info(state.type).name);
    if (reader != nullptr || kind == ParameterKind::composite) steps[state.step].leaves.push_back({slot, reader, end->target});
  }
  return true;
}

ExtractionPlan::ExtractionPlan() : parts_(std::make_unique<Parts>()) {}
ExtractionPlan::~ExtractionPlan() = default;
ExtractionPlan::ExtractionPlan(ExtractionPlan&&) noexcept = default;

void ExtractionPlan::add(std::uint32_t slot, ParameterKind kind, std::string_view expression, std::string_view type) {
  for (auto branch : split_outside(expression, '|')) {
    if (branch.empty() || parts_->add_path(slot, kind, branch, type)) continue;
    if (auto compiled = fhirpath::Expression::compile(branch)) parts_->expressions.push_back({slot, kind, std::move(*compiled)});
  }
}

std::size_t ExtractionPlan::by_expression() const {
  return parts_->expressions.size();
}

void ExtractionPlan::run(const Document& document, NodeIndex at, std::vector<Extracted>& out) const {
  parts_->walk(document, at, 0, [&](const Leaf& leaf, NodeIndex node) {
    if (leaf.read == nullptr) return;
    const std::size_t before = out.size();
    leaf.read(document, node, leaf.slot, out);
    if (out.size() == before && leaf.target.empty()) out.push_back({.slot = leaf.slot, .shape = Shape::present});
    if (!leaf.target.empty() && out.size() > before) {
      const auto named = reference_type(out[before].code);
      if ((named.empty() ? out[before].text : named) != leaf.target) out.resize(before);
    }
  });
  if (parts_->expressions.empty()) return;
  thread_local fhirpath::Context context;
  context.clear();
  context.unresolved = fhirpath::Context::Unresolved::typed;
  context.several_as = fhirpath::Context::SeveralAs::filter;
  for (const auto& one : parts_->expressions) {
    auto found = one.expression.evaluate(document.value(at), context);
    if (!found) continue;
    for (const auto& value : *found) {
      if (value.kind() == fhirpath::ValueKind::boolean && one.kind == ParameterKind::token) {
        out.push_back({.slot = one.slot, .shape = Shape::token, .code = value.boolean() ? "true" : "false"});
      } else if (value.is_node() && value.node() != no_node && value.document() == &document) {
        if (auto reader = element_reader(one.kind, value.type_name())) reader(document, value.node(), one.slot, out);
      }
    }
  }
}

void ExtractionPlan::nodes(const Document& document, NodeIndex at, std::vector<NodeIndex>& out) const {
  parts_->walk(document, at, 0, [&](const Leaf&, NodeIndex node) { out.push_back(node); });
}

namespace {

// Plans are made once and kept for the life of the program.
template <class Made, class Make>
const Made& kept(std::map<std::string, std::unique_ptr<Made>>& plans, std::mutex& mutex, const std::string& key, const Make& make) {
  const std::lock_guard lock(mutex);
  auto& plan = plans[key];
  if (plan == nullptr) plan = std::make_unique<Made>(make());
  return *plan;
}

}  // namespace

const ExtractionPlan& ExtractionPlan::of_type(std::string_view type) {
  // One plan a type, all made at the first use: the hot path then takes no lock. _id is the store's own.
  static const auto plans = [] {
    std::map<std::string, ExtractionPlan, std::less<>> all;
    const auto& r4 = Definitions::r4();
    for (const auto& name : r4.types()) {
      ExtractionPlan& plan = all[name];
      const auto& parameters = r4.parameters(name);
      for (std::uint32_t i = 0; i < parameters.size(); ++i)
        if (parameters[i]->kind != ParameterKind::composite && parameters[i]->code != "_id") plan.add(i, parameters[i]->kind, parameters[i]->expression, name);
    }
    return all;
  }();
  static const ExtractionPlan none;
  const auto found = plans.find(type);
  return found == plans.end() ? none : found->second;
}

const ExtractionPlan& ExtractionPlan::of_parameter(std::string_view type, const Parameter& parameter) {
  static std::map<std::string, std::unique_ptr<ExtractionPlan>> plans;
  static std::mutex mutex;
  return kept(plans, mutex, std::string(type) + "/" + parameter.code, [&] {
    ExtractionPlan plan;
    plan.add(0, parameter.kind, parameter.expression, type);
    return plan;
  });
}

const ExtractionPlan::Composite& ExtractionPlan::of_composite(std::string_view type, const Parameter& parameter) {
  static std::map<std::string, std::unique_ptr<Composite>> plans;
  static std::mutex mutex;
  return kept(plans, mutex, std::string(type) + "/" + parameter.code, [&] {
    Composite made;
    std::vector<std::string> base_types;
    for (auto branch : split_outside(parameter.expression, '|')) {
      made.bases.add(0, ParameterKind::composite, branch, type);
      if (auto end = made.bases.parts_->path(branch, type))
        for (const auto& state : end->states) base_types.push_back(Model::r4().info(state.type).name);
    }
    for (const auto& component : parameter.components) {
      ExtractionPlan below, resource;
      for (auto branch : split_outside(component.expression, '|')) {
        if (branch.starts_with("%resource.")) resource.add(0, component.definition->kind, branch.substr(10), type);
        else
          for (const auto& base : base_types) below.add(0, component.definition->kind, branch, base);
      }
      made.components.push_back(std::move(below));
      made.from_resource.push_back(std::move(resource));
    }
    return made;
  });
}

std::string_view plain_reference(std::string_view reference, std::string_view base_url) {
  if (!base_url.empty() && reference.starts_with(base_url)) {
    auto rest = reference.substr(base_url.size());
    if (base_url.back() == '/' || rest.starts_with('/')) reference = rest.starts_with('/') ? rest.substr(1) : rest;
  }
  if (const auto history = reference.find("/_history/"); history != reference.npos) reference = reference.substr(0, history);
  return reference;
}

std::string_view reference_type(std::string_view reference) {
  if (const auto history = reference.find("/_history/"); history != reference.npos) reference = reference.substr(0, history);
  if (const auto question = reference.find('?'); question != reference.npos) {
    reference = reference.substr(0, question);
  } else {
    const auto slash = reference.rfind('/');
    if (slash == reference.npos) return {};
    reference = reference.substr(0, slash);
  }
  if (const auto slash = reference.rfind('/'); slash != reference.npos) reference = reference.substr(slash + 1);
  return Definitions::r4().is_resource(reference) ? reference : std::string_view{};
}

}  // namespace joinedup::fhir
