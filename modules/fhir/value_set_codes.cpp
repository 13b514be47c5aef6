// :in and :not-in: the codes of a ValueSet that is kept here, as far as it lists them.
#include <algorithm>

#include "fhir/search.hpp"

namespace joinedup::fhir {

namespace {

using fhirpath::Document;
using fhirpath::no_node;
using fhirpath::NodeIndex;

constexpr std::size_t most_codes = 10'000;
constexpr int deepest_import = 5;

tl::unexpected<Error> not_listed(const std::string& named, const std::string& why) {
  return fail(ErrorCode::unsupported, "The ValueSet " + named + " " + why + ", so it cannot be searched by: put the codes into it (compose or expansion).");
}

template <class Each>
void each_of(const Document& document, NodeIndex object, std::string_view name, const Each& each) {
  const NodeIndex list = document.find(object, name);
  if (list == no_node || document.kind(list) != fhirpath::NodeKind::array) return;
  for (const NodeIndex item : document.children(list)) each(item);
}

SearchValue one_code(std::string_view system, std::string_view code) {
  SearchValue value;
  value.system = system, value.code = code;
  value.system_is = system.empty() ? SearchValue::System::any : SearchValue::System::given;
  return value;
}

void expansion_codes(const Document& document, NodeIndex parent, std::vector<SearchValue>& out) {
  each_of(document, parent, "contains", [&](NodeIndex item) {
    if (const auto code = document.text_of(item, "code"); !code.empty() && document.text_of(item, "abstract") != "true")
      out.push_back(one_code(document.text_of(item, "system"), code));
    expansion_codes(document, item, out);
  });
}

bool same_code(const SearchValue& a, const SearchValue& b) { return a.system == b.system && a.code == b.code; }

}  // namespace

bool needs_resolving(const Criterion& criterion) {
  if (criterion.modifier == Modifier::in || criterion.modifier == Modifier::not_in) return true;
  if (criterion.has != nullptr && needs_resolving(*criterion.has)) return true;
  return std::any_of(criterion.chain.begin(), criterion.chain.end(), [](const Linked& step) { return needs_resolving(*step.criterion); });
}

Result<Criterion> Search::resolved(const Criterion& criterion) {
  Criterion out = criterion;
  if (out.has != nullptr && needs_resolving(*out.has)) {
    JOINEDUP_TRY(auto inner, resolved(*out.has));
    out.has = std::make_shared<const Criterion>(std::move(inner));
  }
  for (Linked& step : out.chain) {
    JOINEDUP_TRY(auto inner, resolved(*step.criterion));
    step.criterion = std::make_shared<const Criterion>(std::move(inner));
  }
  if (out.modifier != Modifier::in && out.modifier != Modifier::not_in) return out;
  out.values.clear();
  for (const SearchValue& asked : criterion.values) {
    JOINEDUP_TRY(auto codes, value_set_codes(asked.text, 0));
    std::move(codes.begin(), codes.end(), std::back_inserter(out.values));
  }
  if (out.values.size() > most_codes)
    return fail(ErrorCode::too_large, "The value sets asked for hold more than " + std::to_string(most_codes) + " codes.");
  return out;
}

Result<std::vector<SearchValue>> Search::value_set_codes(const std::string& named, int depth) {
  if (depth > deepest_import) return not_listed(named, "imports others too deeply");
  const auto local = plain_reference(named, keys_.base_url());
  std::optional<StoredVersion> found;
  if (local.starts_with("ValueSet/")) {
    JOINEDUP_TRY(found, current("ValueSet", local.substr(9)));
  } else {
    const auto bar = named.find('|');
    Criterion by_url, by_version;
    by_url.type = by_version.type = "ValueSet";
    by_url.parameter = Definitions::r4().find("ValueSet", "url");
    by_url.values.emplace_back().text = named.substr(0, bar);
    by_version.parameter = Definitions::r4().find("ValueSet", "version");
    Request request{.type = "ValueSet", .criteria = {&by_url}, .most = 100, .action = Action::chain};
    if (bar != named.npos) {
      by_version.values.emplace_back().code = named.substr(bar + 1);
      request.criteria.push_back(&by_version);
    }
    JOINEDUP_TRY(auto all, find(request));
    if (!all.empty()) found = std::move(all.back().version);  // the one written last
  }
  Document document;
  if (!found || !document.parse(found->text) || (!permit_.everything() && !permit_.allows(Action::chain, {found->type, found->id, &document})))
    return fail(ErrorCode::wrong_usage, "The ValueSet " + named + " is not kept here.");
  std::vector<SearchValue> out, without;
  const NodeIndex root = document.root(), compose = document.find(root, "compose"), expansion = document.find(root, "expansion");
  if (expansion != no_node && document.find(expansion, "contains") != no_node) {
    if (document.find(expansion, "total") != no_node) {
      expansion_codes(document, expansion, out);
      if (std::to_string(out.size()) != document.text_of(expansion, "total")) {
        out.clear();  // a part of it only
        if (compose == no_node) return not_listed(named, "holds a part of its expansion only");
      }
    } else {
      expansion_codes(document, expansion, out);
    }
    if (!out.empty()) return out;
  }
  if (compose == no_node) return not_listed(named, "lists no codes");
  std::optional<Error> error;
  std::vector<std::string> imports;
  const auto read = [&](NodeIndex part, std::vector<SearchValue>& to) {
    const auto system = document.text_of(part, "system");
    bool listed = false;
    if (document.find(part, "filter") != no_node) error = not_listed(named, "describes its codes by a filter").value();
    each_of(document, part, "concept", [&](NodeIndex item) { listed = true, to.push_back(one_code(system, document.text_of(item, "code"))); });
    const bool imported = document.find(part, "valueSet") != no_node;
    if (imported && (listed || !system.empty() || &to == &without)) error = not_listed(named, "cuts other value sets down").value();
    each_of(document, part, "valueSet", [&](NodeIndex item) { imports.emplace_back(document.text(item)); });
    if (!listed && !imported && !system.empty()) to.push_back(one_code(system, {}));  // all of a system
  };
  each_of(document, compose, "include", [&](NodeIndex part) { read(part, out); });
  each_of(document, compose, "exclude", [&](NodeIndex part) { read(part, without); });
  if (error) return tl::unexpected(*error);
  for (const auto& import : imports) {
    JOINEDUP_TRY(auto more, value_set_codes(import, depth + 1));
    std::move(more.begin(), more.end(), std::back_inserter(out));
  }
  for (const SearchValue& gone : without) {
    if (std::any_of(out.begin(), out.end(), [&](const SearchValue& v) { return v.code.empty() && v.system == gone.system; }) && !gone.code.empty())
      return not_listed(named, "leaves single codes out of a whole system");
    std::erase_if(out, [&](const SearchValue& v) { return same_code(v, gone) || (gone.code.empty() && v.system == gone.system); });
  }
  return out;
}

}  // namespace joinedup::fhir
