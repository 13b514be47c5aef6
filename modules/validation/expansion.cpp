#include "validation/expansion.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "validation/rules.hpp"

namespace joinedup::validation {

void Expansion::add_value_set(const std::string& url, std::shared_ptr<const Document> document, NodeIndex node) {
  sets_[url] = {std::move(document), node};
}

void Expansion::add_code_system(const std::string& url, std::shared_ptr<const Document> document, NodeIndex node) {
  systems_[url] = {std::move(document), node};
}

const ValueSet* Expansion::find(std::string_view url) {
  if (done_.contains(url)) return book_.find(url);
  auto source = sets_.find(url);
  if (source == sets_.end() || under_way_.contains(url)) return nullptr;
  under_way_.emplace(url);
  const Document& d = *source->second.document;
  ValueSet& out = book_.add(source->first);
  out.url = source->first;
  NodeIndex compose = d.find(source->second.node, "compose");
  if (compose == no_node) {
    out.open_to_all = true;
  } else {
    if (NodeIndex list = d.find(compose, "include"); list != no_node)
      for (NodeIndex one : d.children(list)) part(out, d, one);
    if (NodeIndex list = d.find(compose, "exclude"); list != no_node)
      for (NodeIndex one : d.children(list)) {
        ValueSet gone;
        part(gone, d, one);
        for (const auto& [system, codes] : gone.listed())
          for (const auto& code : codes) out.remove(system, code);
      }
  }
  under_way_.erase(source->first);
  done_.emplace(url);
  return &out;
}

void Expansion::include_set(ValueSet& out, const ValueSet& inner) {
  if (inner.kind != ValueSet::Kind::listed) out.open_to_all = true;
  out.open_to_all = out.open_to_all || inner.open_to_all;
  out.open_systems.insert(out.open_systems.end(), inner.open_systems.begin(), inner.open_systems.end());
  for (const auto& [system, codes] : inner.listed())
    for (const auto& code : codes) out.add(system, code);
}

void Expansion::part(ValueSet& out, const Document& d, NodeIndex node) {
  auto system = d.text_of(node, "system");
  NodeIndex sets = d.find(node, "valueSet"), concepts = d.find(node, "concept");
  if (sets != no_node) {
    // Several sets together, or a set and a system, mean what they share: that is not worked out here.
    bool one = d.node(sets).end == d.node(sets + 1).end && system.empty();
    const ValueSet* inner = nullptr;
    if (one) {
      auto url = d.text(sets + 1);
      url = url.substr(0, url.find('|'));
      inner = find(url);
      if (inner == nullptr) inner = Rules::r4().codes().find(url);
    }
    if (inner == nullptr) out.open_to_all = true;
    else include_set(out, *inner);
    return;
  }
  if (concepts != no_node) {
    for (NodeIndex one : d.children(concepts)) out.add(system, d.text_of(one, "code"));
    return;
  }
  whole_system(out, system, d, node);
}

// Every code of a system, or those that its filters let through.
void Expansion::whole_system(ValueSet& out, std::string_view system, const Document& d, NodeIndex part) {
  auto found = systems_.find(system);
  std::string_view content = found == systems_.end() ? "" : found->second.document->text_of(found->second.node, "content");
  NodeIndex filters = d.find(part, "filter");
  if (found == systems_.end() || content != "complete") {
    out.open_systems.emplace_back(system);
    return;
  }
  std::vector<std::pair<std::string_view, std::string_view>> rules;
  if (filters != no_node)
    for (NodeIndex one : d.children(filters)) {
      auto op = d.text_of(one, "op");
      if (op != "is-a" && op != "is-not-a" && op != "descendent-of") {
        out.open_systems.emplace_back(system);
        return;
      }
      rules.emplace_back(op, d.text_of(one, "value"));
    }
  const Document& s = *found->second.document;
  std::vector<std::string_view> above;
  std::function<void(NodeIndex)> walk = [&](NodeIndex list) {
    for (NodeIndex one : s.children(list)) {
      auto code = s.text_of(one, "code");
      bool in = true;
      for (const auto& [op, value] : rules) {
        bool below = std::find(above.begin(), above.end(), value) != above.end();
        in = in && (op == "is-a" ? below || code == value : op == "is-not-a" ? !below && code != value : below);
      }
      if (in) out.add(system, code);
      above.push_back(code);
      if (NodeIndex inner = s.find(one, "concept"); inner != no_node) walk(inner);
      above.pop_back();
    }
  };
  if (NodeIndex list = s.find(found->second.node, "concept"); list != no_node) walk(list);
}

}  // namespace joinedup::validation
