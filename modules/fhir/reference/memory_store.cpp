#include "fhir/reference/memory_store.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "fhir/body.hpp"
#include "fhirpath/fhirpath.hpp"
#include "fhirpath/quantity.hpp"

namespace joinedup::fhir {

namespace {

using Json = nlohmann::json;
using fhirpath::Collection;
using fhirpath::Context;
using fhirpath::Decimal;
using fhirpath::Document;
using fhirpath::Expression;
using fhirpath::Value;

struct Element {  // one value of a parameter
  std::string type, text;
  Json json;
};

struct Kept {
  std::uint64_t row = 0;
  Version version;
  std::shared_ptr<Document> document;
};

std::string string_of(const Json& json, const char* name) {
  return json.is_object() && json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

const Expression& compiled(const std::string& text) {
  static std::map<std::string, Expression> all;
  auto found = all.find(text);
  if (found == all.end()) found = all.emplace(text, *Expression::compile(text)).first;
  return found->second;
}

std::vector<Element> evaluate(const std::string& expression, const Value& from, const Value& resource) {
  Context context;
  context.unresolved = Context::Unresolved::typed;
  context.several_as = Context::SeveralAs::filter;
  context.resource = resource;
  std::vector<Element> out;
  const auto found = compiled(expression).evaluate(from, context);
  if (!found) return out;
  for (const Value& value : *found) {
    Element element{std::string(value.type_name()), value.to_text(), {}};
    element.json = Json::parse(value.to_json(), nullptr, false);
    out.push_back(std::move(element));
  }
  return out;
}

struct Token {
  std::string system, code, display;
  bool has_system = true;
};

std::vector<Token> tokens_of(const Element& element) {
  const Json& json = element.json;
  if (element.type == "CodeableConcept") {
    std::vector<Token> out;
    if (json.contains("coding"))
      for (const auto& coding : json["coding"]) out.push_back({string_of(coding, "system"), string_of(coding, "code"), string_of(coding, "display")});
    if (json.contains("text")) out.push_back({"", "", string_of(json, "text")});
    return out;
  }
  if (element.type == "Coding") return {{string_of(json, "system"), string_of(json, "code"), string_of(json, "display")}};
  if (element.type == "Identifier")
    return {{string_of(json, "system"), string_of(json, "value"), json.contains("type") ? string_of(json["type"], "text") : ""}};
  if (element.type == "ContactPoint") return {{"", string_of(json, "value"), ""}};
  return {{"", element.text, ""}};
}

bool token_is(const SearchValue& asked, const Token& has) {
  if (has.code.empty() || (!asked.code.empty() && asked.code != has.code)) return false;
  if (asked.system_is == SearchValue::System::none) return has.system.empty();
  return asked.system_is == SearchValue::System::any || asked.system == has.system;
}

std::vector<std::string> texts_of(const Element& element) {
  std::vector<std::string> out;
  if (element.type != "HumanName" && element.type != "Address") return {element.text};
  const std::set<std::string> parts = element.type == "HumanName"
      ? std::set<std::string>{"text", "family", "given", "prefix", "suffix"}
      : std::set<std::string>{"text", "line", "city", "district", "state", "postalCode", "country"};
  for (const auto& [name, value] : element.json.items()) {
    if (!parts.contains(name)) continue;
    if (value.is_array()) {
      for (const auto& item : value)
        if (item.is_string()) out.push_back(item);
    } else if (value.is_string()) {
      out.push_back(value);
    }
  }
  return out;
}

std::optional<Period> period_of(const Element& element) {
  if (element.type != "Period" && element.type != "Timing") return date_period(element.text);
  if (element.type == "Timing") {
    Period all{latest, earliest};
    if (element.json.contains("event"))
      for (const auto& event : element.json["event"])
        if (const auto one = date_period(event.get<std::string>())) all = {std::min(all.low, one->low), std::max(all.high, one->high)};
    if (element.json.contains("repeat") && element.json["repeat"].contains("boundsPeriod"))
      if (const auto one = period_of({"Period", "", element.json["repeat"]["boundsPeriod"]})) all = {std::min(all.low, one->low), std::max(all.high, one->high)};
    return all.low <= all.high ? std::optional(all) : std::nullopt;
  }
  const auto low = date_period(string_of(element.json, "start")), high = date_period(string_of(element.json, "end"));
  if (!low && !high) return std::nullopt;
  return Period{low ? low->low : earliest, high ? high->high : latest};
}

// compare(a): where a number of the resource stands against another, -1, 0, 1.
bool quantity_is(const SearchValue& asked, const Element& element) {
  std::string value = element.text, unit, system, name;
  if (element.type == "Money") value = element.json["value"].dump(), unit = string_of(element.json, "currency"), system = "urn:iso:std:iso:4217";
  else if (element.json.is_object()) {
    if (!element.json.contains("value")) return false;
    value = element.json["value"].dump(), unit = string_of(element.json, "code"), system = string_of(element.json, "system"), name = string_of(element.json, "unit");
  }
  const auto has = Decimal::parse(value);
  if (!has) return false;
  bool convert = false;
  if (!asked.system.empty()) {
    if (system != asked.system) return false;
    if (unit != asked.code) convert = true;
  } else if (!asked.code.empty() && unit != asked.code && name != asked.code) {
    return false;
  }
  const auto compare = [&](const Decimal& other) -> std::optional<int> {
    if (!convert) return has->compare(other);
    if (system != "http://unitsofmeasure.org") return std::nullopt;
    return fhirpath::compare_quantities({*has, unit}, {other, asked.code});
  };
  const auto at = compare(asked.number->value), low = compare(asked.number->low), high = compare(asked.number->high);
  if (!at || !low || !high) return false;
  switch (asked.prefix) {
    case Prefix::eq: return *low >= 0 && *high < 0;
    case Prefix::ne: return !(*low >= 0 && *high < 0);
    case Prefix::gt: case Prefix::sa: return *at > 0;
    case Prefix::lt: case Prefix::eb: return *at < 0;
    case Prefix::ge: return *at >= 0;
    case Prefix::le: return *at <= 0;
    case Prefix::ap: {  // ten times the distance is at most the number
      const auto distance = has->subtract(asked.number->value)->multiply(Decimal::of(10));
      return distance->compare(asked.number->value) <= 0 && distance->compare(asked.number->value.negated()) >= 0;
    }
  }
  return false;
}

bool reference_is(const SearchValue& asked, const Parameter& parameter, const std::string& target, std::string has, const std::string& base) {
  const auto local = [&](std::string text) {
    if (!base.empty() && text.rfind(base + "/", 0) == 0) text = text.substr(base.size() + 1);
    return text.substr(0, text.find("/_history/"));
  };
  has = local(has);
  const std::string wanted = local(asked.reference);
  const auto same = [&](const std::string& other) { return has == other || has.rfind(other + "|", 0) == 0; };
  if (wanted.find('/') != std::string::npos || wanted.find(':') != std::string::npos) return same(wanted);
  if (!target.empty()) return has == target + "/" + wanted;
  for (const auto& type : parameter.targets)
    if (has == type + "/" + wanted) return true;
  return same(wanted);
}

bool element_is(const Parameter& parameter, Modifier modifier, const std::string& target, const SearchValue& asked, const Element& has, const std::string& base) {
  const auto any = [](const auto& list, const auto& test) { return std::any_of(list.begin(), list.end(), test); };
  switch (parameter.kind) {
    case ParameterKind::token:
      if (modifier == Modifier::text) return any(tokens_of(has), [&](const Token& t) { return !asked.folded.empty() && fold(t.display).rfind(asked.folded, 0) == 0; });
      return any(tokens_of(has), [&](const Token& t) { return token_is(asked, t); });
    case ParameterKind::string:
      return any(texts_of(has), [&](const std::string& text) {
        if (text.empty()) return false;
        if (modifier == Modifier::exact) return text == asked.text;
        if (modifier == Modifier::contains) return fold(text).find(asked.folded) != std::string::npos;
        return fold(text).rfind(asked.folded, 0) == 0;
      });
    case ParameterKind::uri:
      if (modifier == Modifier::below) return has.text.rfind(asked.text, 0) == 0;
      if (modifier == Modifier::above) return asked.text.rfind(has.text, 0) == 0;
      return has.text == asked.text;
    case ParameterKind::reference: {
      if (modifier == Modifier::identifier)
        return has.json.is_object() && has.json.contains("identifier") && token_is(asked, tokens_of({"Identifier", "", has.json["identifier"]})[0]);
      const std::string to = has.json.is_object() ? string_of(has.json, "reference") : has.text;
      return !to.empty() && to[0] != '#' && reference_is(asked, parameter, target, to, base);
    }
    case ParameterKind::date: {
      const auto period = period_of(has);
      return period && prefix_holds(asked.prefix, *period, asked.period);
    }
    case ParameterKind::number: case ParameterKind::quantity: return quantity_is(asked, has);
    default: return false;
  }
}

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const StoreOptions& options) : options_(options) {}

  Result<std::vector<Written>> write(const std::vector<Write>& writes) override {
    const auto rows_before = rows_;
    const auto current_before = current_;
    const std::int64_t instant = std::max(last_instant_, options_.clock());
    std::vector<Written> out;
    for (const Write& write : writes) {
      auto done = write_one(write, instant);
      if (!done) {
        rows_ = rows_before, current_ = current_before;
        return tl::unexpected(done.error());
      }
      out.push_back(*done);
    }
    last_instant_ = instant;
    return out;
  }

  Result<Version> read(std::string_view type, std::string_view id, const Permit& permit) override {
    const Kept* found = current(std::string(type) + "/" + std::string(id));
    if (found == nullptr || found->version.method == Method::remove || !permit.allows(Action::read, {type, id, found->document.get()})) return absent();
    return found->version;
  }

  Result<Version> read_version(std::string_view type, std::string_view id, std::uint64_t version, const Permit& permit) override {
    for (const Kept& kept : rows_)
      if (kept.version.type == type && kept.version.id == id && kept.version.version == version && permit.allows(Action::history, {type, id, kept.document.get()}))
        return kept.version;
    return absent();
  }

  Result<HistoryPage> history(const HistoryRequest& request, const Permit& permit) override {
    HistoryPage page;
    bool any = request.id.empty();
    std::uint64_t last = 0;
    for (auto kept = rows_.rbegin(); kept != rows_.rend(); ++kept) {
      const Version& v = kept->version;
      if ((!request.type.empty() && v.type != request.type) || (!request.id.empty() && v.id != request.id)) continue;
      any = true;
      if (!request.cursor.empty() && kept->row >= std::stoull(request.cursor)) continue;
      if (request.since && v.instant < *request.since) break;
      if (page.versions.size() == request.count) {
        page.next = std::to_string(last);
        break;
      }
      last = kept->row;
      if (permit.allows(Action::history, {v.type, v.id, kept->document.get()})) page.versions.push_back(v);
    }
    if (!any) return absent();
    return page;
  }

  Result<ChangesPage> changes(std::uint64_t after, std::size_t count, const Permit& permit) override {
    ChangesPage page;
    page.last = rows_.size();
    page.next = std::min(after, page.last);
    while (page.next < page.last && page.changes.size() < count) {
      const Kept& kept = rows_[page.next++];
      if (permit.allows(Action::history, {kept.version.type, kept.version.id, kept.document.get()})) page.changes.push_back({page.next, kept.version});
    }
    return page;
  }

  Result<SearchPage> search(const Query& query, const Permit& permit, SearchTrace*) override {
    std::vector<const Kept*> found;
    for (const Kept& kept : rows_) {
      const std::vector<Criterion>* criteria = kept.version.type == query.type ? &query.criteria : nullptr;
      for (const auto& one : query.several)
        if (one.type == kept.version.type) criteria = &one.criteria;
      if (!is_current(kept) || criteria == nullptr || !permit.allows(Action::search, {kept.version.type, kept.version.id, kept.document.get()})) continue;
      if (std::all_of(criteria->begin(), criteria->end(), [&](const Criterion& c) { return matches(c, kept); })) found.push_back(&kept);
    }
    SearchPage page;
    page.warnings = query.warnings;
    if (query.total == Total::accurate || query.summary == Summary::count) page.total = found.size();
    if (query.summary == Summary::count) return page;
    const auto before = [&](const Kept* a, const Kept* b) { return sorts_before(query, *a, *b); };
    std::sort(found.begin(), found.end(), before);
    if (!query.cursor.empty()) {
      const Kept* last = &rows_[std::stoull(query.cursor)];
      std::erase_if(found, [&](const Kept* one) { return !before(last, one); });
    }
    for (const Kept* kept : found) {
      if (page.entries.size() == query.count) {
        page.next = std::to_string(last_row_);
        break;
      }
      page.entries.push_back({kept->version, SearchEntry::Mode::match});
      last_row_ = kept->row;
    }
    include(query, page);
    return page;
  }

 private:
  static tl::unexpected<Error> absent() { return fail(ErrorCode::not_found, "There is no such resource."); }
  const Kept* current(const std::string& key) const {
    const auto found = current_.find(key);
    return found == current_.end() ? nullptr : &rows_[found->second];
  }
  bool is_current(const Kept& kept) const {
    return kept.version.method != Method::remove && current_.at(kept.version.type + "/" + kept.version.id) == kept.row;
  }

  Result<Written> write_one(const Write& write, std::int64_t instant) {
    const std::string id = write.id.empty() ? options_.new_id() : write.id;
    const std::string key = write.type + "/" + id;
    const Kept* now = current(key);
    const bool gone = now == nullptr || now->version.method == Method::remove;
    if (write.kind == Write::Kind::create && now != nullptr) return fail(ErrorCode::conflict, "It is there already.");
    if (write.if_match && *write.if_match != (gone ? 0 : now->version.version)) return fail(ErrorCode::conflict, "It was changed.");
    if (write.kind == Write::Kind::remove && now == nullptr) return absent();
    if (write.kind == Write::Kind::remove && gone) return Written{write.type, id, now->version.version, instant, Method::remove};
    Kept kept;
    kept.row = rows_.size();
    kept.version = {write.type, id, now == nullptr ? 1 : now->version.version + 1, instant,
                    write.kind == Write::Kind::remove ? Method::remove : gone ? Method::create : Method::update, ""};
    if (write.kind != Write::Kind::remove) {
      auto json = nlohmann::ordered_json::parse(write.body, nullptr, false);
      if (!json.is_object() || json.value("resourceType", "") != write.type) return fail(ErrorCode::invalid_input, "It is no such resource.");
      json["id"] = id;
      json["meta"]["versionId"] = std::to_string(kept.version.version);
      json["meta"]["lastUpdated"] = instant_text(instant);
      kept.version.body = json.dump();
      kept.document = std::make_shared<Document>(*fhirpath::parse_document(kept.version.body));
    }
    current_[key] = rows_.size();
    rows_.push_back(kept);
    return Written{write.type, id, kept.version.version, instant, kept.version.method};
  }

  // "Type/id" of a reference that leads here.
  std::string local(const Element& element) const {
    const std::string text = string_of(element.json, "reference"), base = options_.base_url + "/";
    return text.rfind(base, 0) == 0 ? text.substr(base.size()) : text;
  }
  std::vector<Element> values(const Parameter& parameter, const Kept& kept) const {
    return evaluate(parameter.expression, kept.document->root_value(), kept.document->root_value());
  }

  bool matches(const Criterion& c, const Kept& kept) const {
    if (!c.any_of.empty()) return std::any_of(c.any_of.begin(), c.any_of.end(), [&](const Criterion& one) { return matches(one, kept); });
    if (!c.list.empty()) return listed(c.list, kept);
    const Parameter& parameter = *c.parameter;
    if (c.has != nullptr) {
      for (const Kept& other : rows_) {
        if (other.version.type != c.has_type || !is_current(other) || !matches(*c.has, other)) continue;
        for (const auto& value : values(parameter, other))
          if (local(value) == kept.version.type + "/" + kept.version.id) return true;
      }
      return false;
    }
    if (!c.chain.empty()) {
      for (const auto& value : values(parameter, kept)) {
        const Kept* to = current(local(value));
        if (to == nullptr || !is_current(*to)) continue;
        for (const Linked& step : c.chain)
          if (step.type == to->version.type && matches(*step.criterion, *to)) return true;
      }
      return false;
    }
    if (parameter.kind == ParameterKind::composite) return composite(c, kept);
    const auto has = values(parameter, kept);
    if (c.modifier == Modifier::missing) return has.empty() == c.missing;
    bool found = false;
    if (c.modifier == Modifier::in || c.modifier == Modifier::not_in) {
      std::vector<Token> codes;
      for (const auto& asked : c.values) value_set(asked.text, codes);
      for (const auto& element : has)
        for (const Token& token : tokens_of(element))
          for (const Token& code : codes)
            found = found || (token.code == code.code && !token.code.empty() && (token.system == code.system || element.json.is_string()));
      return found == (c.modifier == Modifier::in);
    }
    if (c.modifier == Modifier::of_type) {
      for (const auto& element : has)
        for (const auto& asked : c.values) found = found || of_type(asked, element.json);
      return found;
    }
    for (const auto& element : has)
      for (const auto& asked : c.values) found = found || element_is(parameter, c.modifier, c.target_type, asked, element, options_.base_url);
    return found != (c.modifier == Modifier::negated);
  }

  bool listed(const std::string& list, const Kept& kept) const {
    const Kept* found = current("List/" + list);
    if (found == nullptr || !is_current(*found)) return false;
    const auto json = Json::parse(found->version.body);
    for (const auto& entry : json.value("entry", Json::array()))
      if (!entry.value("deleted", false) && local({"Reference", "", entry["item"]}) == kept.version.type + "/" + kept.version.id) return true;
    return false;
  }
  void value_set(const std::string& named, std::vector<Token>& out) const {
    for (const Kept& kept : rows_) {
      if (kept.version.type != "ValueSet" || !is_current(kept)) continue;
      const auto json = Json::parse(kept.version.body);
      if (named != "ValueSet/" + kept.version.id && named != string_of(json, "url")) continue;
      if (json.contains("expansion"))
        for (const auto& one : json["expansion"]["contains"]) out.push_back({string_of(one, "system"), string_of(one, "code"), ""});
      else
        for (const auto& part : json["compose"]["include"])
          for (const auto& one : part["concept"]) out.push_back({string_of(part, "system"), string_of(one, "code"), ""});
    }
  }
  static bool of_type(const SearchValue& asked, const Json& identifier) {
    if (string_of(identifier, "value") != asked.code || !identifier.contains("type") || !identifier["type"].contains("coding")) return false;
    for (const auto& coding : identifier["type"]["coding"])
      if (string_of(coding, "system") == asked.parts[0].system && string_of(coding, "code") == asked.parts[0].code) return true;
    return false;
  }

  bool composite(const Criterion& c, const Kept& kept) const {
    Context context;
    const Value root = kept.document->root_value();
    const auto bases = compiled(c.parameter->expression).evaluate(root, context);
    for (const auto& asked : c.values)
      for (const Value& base : *bases) {
        bool all = true;
        for (std::size_t i = 0; i < asked.parts.size(); ++i) {
          const auto& component = c.parameter->components[i];
          const auto has = evaluate(component.expression, base, root);
          all = all && std::any_of(has.begin(), has.end(), [&](const Element& e) {
            return element_is(*component.definition, Modifier::none, "", asked.parts[i], e, options_.base_url);
          });
        }
        if (all) return true;
      }
    return false;
  }

  struct SortValue {
    bool absent = true;
    double number = 0;
    std::string text;
    auto operator<=>(const SortValue&) const = default;
  };
  SortValue sort_value(const SortKey& key, const Kept& kept) const {
    std::vector<SortValue> all;
    const bool up = key.direction == SortKey::Direction::ascending;
    for (const auto& element : values(*key.parameter, kept)) {
      if (key.parameter->kind == ParameterKind::date) {
        if (const auto period = period_of(element)) all.push_back({false, static_cast<double>(up ? period->low : period->high), ""});
      } else if (key.parameter->kind == ParameterKind::quantity || key.parameter->kind == ParameterKind::number) {
        const auto text = element.json.is_object() && element.json.contains("value") ? element.json["value"].dump() : element.text;
        if (const auto number = Decimal::parse(text)) all.push_back({false, number->to_double(), ""});
      } else if (key.parameter->kind == ParameterKind::string) {
        for (const auto& text : texts_of(element)) all.push_back({false, 0, fold(text)});
      } else if (key.parameter->kind == ParameterKind::token) {
        for (const auto& token : tokens_of(element)) all.push_back({false, 0, token.code});
      } else {
        all.push_back({false, 0, element.json.is_object() ? string_of(element.json, "reference") : element.text});
      }
    }
    if (all.empty()) return {};
    return up ? *std::min_element(all.begin(), all.end()) : *std::max_element(all.begin(), all.end());
  }
  bool sorts_before(const Query& query, const Kept& a, const Kept& b) const {
    for (const SortKey& key : query.sort) {
      const SortValue x = sort_value(key, a), y = sort_value(key, b);
      if (x.absent != y.absent) return y.absent;
      if (x == y) continue;
      return (x < y) == (key.direction == SortKey::Direction::ascending);
    }
    return a.row < b.row;
  }

  void include(const Query& query, SearchPage& page) const {
    std::set<std::string> there;
    for (const auto& entry : page.entries) there.insert(entry.version.type + "/" + entry.version.id);
    const std::size_t matched = page.entries.size();
    for (std::size_t i = 0; i < page.entries.size(); ++i) {
      const std::string from = page.entries[i].version.type + "/" + page.entries[i].version.id;
      const bool first = i < matched;
      const Kept& kept = *current(from);
      const auto add = [&](const std::string& key) {
        const Kept* other = current(key);
        if (other != nullptr && is_current(*other) && there.insert(key).second) page.entries.push_back({other->version, SearchEntry::Mode::include});
      };
      for (const Include& one : query.includes) {
        if (one.source_type != kept.version.type || one.parameter == nullptr || (!first && one.repeat == Include::Repeat::once)) continue;
        for (const auto& value : values(*one.parameter, kept)) {
          const auto to = local(value);
          if (one.target_type.empty() || to.rfind(one.target_type + "/", 0) == 0) add(to);
        }
      }
      for (const Include& one : query.reverse_includes) {
        if (!first && one.repeat == Include::Repeat::once) continue;
        for (const Kept& other : rows_) {
          if (other.version.type != one.source_type || !is_current(other)) continue;
          for (const auto& value : values(*one.parameter, other))
            if (local(value) == from) add(other.version.type + "/" + other.version.id);
        }
      }
    }
  }

  StoreOptions options_;
  std::vector<Kept> rows_;
  std::map<std::string, std::uint64_t> current_;
  std::int64_t last_instant_ = 0;
  std::uint64_t last_row_ = 0;
};

}  // namespace

std::unique_ptr<Store> make_memory_store(const StoreOptions& options) {
  return std::make_unique<MemoryStore>(options);
}

}  // namespace joinedup::fhir
