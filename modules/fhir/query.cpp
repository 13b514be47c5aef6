#include "fhir/query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/text.hpp"

namespace joinedup::fhir {

namespace {

constexpr std::size_t most_values = 1000, deepest_chain = 6;

int hex(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Parts between separators that no backslash stands before; the backslashes stay.
std::vector<std::string_view> split_escaped(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '\\') {
      ++i;
      continue;
    }
    if (i >= text.size() || text[i] == separator) {
      out.push_back(text.substr(from, std::min(i, text.size()) - from));
      from = i + 1;
    }
  }
  return out;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

tl::unexpected<Error> wrong(std::string_view name, const std::string& why) {
  return fail(ErrorCode::wrong_usage, "The search parameter " + std::string(name) + " " + why + ".");
}

struct Name {
  std::string_view code, modifier, rest;  // rest: what follows the first point (a chain)
};
Name split_name(std::string_view text) {
  Name name;
  const auto point = text.find('.');
  if (point != text.npos) name.rest = text.substr(point + 1), text = text.substr(0, point);
  const auto colon = text.find(':');
  name.code = text.substr(0, colon);
  if (colon != text.npos) name.modifier = text.substr(colon + 1);
  return name;
}

Result<Modifier> modifier_of(std::string_view text, const Parameter& parameter, std::string& target_type) {
  static constexpr std::array<std::pair<std::string_view, Modifier>, 12> known = {
      {{"", Modifier::none}, {"exact", Modifier::exact}, {"contains", Modifier::contains}, {"not", Modifier::negated},
       {"missing", Modifier::missing}, {"text", Modifier::text}, {"identifier", Modifier::identifier}, {"above", Modifier::above}, {"below", Modifier::below},
       {"of-type", Modifier::of_type}, {"in", Modifier::in}, {"not-in", Modifier::not_in}}};
  if (parameter.kind == ParameterKind::reference && Definitions::r4().is_resource(text)) {
    target_type = text;
    return Modifier::type;
  }
  for (const auto& [name, modifier] : known) {
    if (name != text) continue;
    const auto kind = parameter.kind;
    const bool fits = modifier == Modifier::none || (modifier == Modifier::missing && kind != ParameterKind::composite) ||
                      ((modifier == Modifier::exact || modifier == Modifier::contains) && kind == ParameterKind::string) ||
                      ((modifier == Modifier::negated || modifier == Modifier::text || modifier == Modifier::in || modifier == Modifier::not_in) &&
                       kind == ParameterKind::token) ||
                      (modifier == Modifier::of_type && kind == ParameterKind::token && parameter.code == "identifier") ||
                      (modifier == Modifier::identifier && kind == ParameterKind::reference) ||
                      ((modifier == Modifier::above || modifier == Modifier::below) && kind == ParameterKind::uri);
    if (fits) return modifier;
  }
  if (parameter.kind == ParameterKind::token && (text == "above" || text == "below"))
    return wrong(parameter.code, "cannot be asked :" + std::string(text) + ": that needs a terminology server, which knows what lies above a code; name the codes, or use :in with a ValueSet kept here");
  return wrong(parameter.code, "does not know the modifier :" + std::string(text) + " here");
}

void read_token(std::string_view raw, SearchValue& value) {
  const auto parts = split_escaped(raw, '|');
  if (parts.size() < 2) {
    value.code = unescape(raw);
    return;
  }
  value.system = unescape(parts[0]);
  value.system_is = value.system.empty() ? SearchValue::System::none : SearchValue::System::given;
  value.code = unescape(raw.substr(parts[0].size() + 1));
}

Result<void> read_date(std::string_view name, std::string_view raw, SearchValue& value) {
  value.prefix = take_prefix(raw);
  auto period = date_period(raw);
  if (!period) return wrong(name, "is not given as a date: 2024, 2024-02, 2024-02-29 or 2024-02-29T10:00:00Z");
  value.period = *period;
  if (value.prefix == Prefix::ap) {  // R4: ten percent of the gap between now and the date
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const std::int64_t slack = std::abs(now - period->low) / 10;
    value.period = {period->low - slack, period->high + slack};
  }
  return {};
}

Result<void> read_number(std::string_view name, std::string_view raw, SearchValue& value) {
  const auto parts = split_escaped(raw, '|');
  std::string_view digits = parts[0];
  value.prefix = take_prefix(digits);
  value.number = NumberText::parse(digits);
  if (!value.number) return wrong(name, "is not given as a number");
  if (parts.size() > 1) {
    if (parts.size() != 3) return wrong(name, "is not given as number|system|code");
    value.system = unescape(parts[1]), value.code = unescape(parts[2]);
  }
  return {};
}

// type's system|type's code|value: the value stands in `code`, the type in `parts`.
Result<void> read_of_type(std::string_view name, std::string_view raw, SearchValue& value) {
  const auto parts = split_escaped(raw, '|');
  if (parts.size() != 3 || parts[1].empty() || parts[2].empty()) return wrong(name, "with :of-type is system|code|value, of the type and of the identifier");
  value.code = unescape(parts[2]);
  SearchValue type;
  type.system = unescape(parts[0]), type.code = unescape(parts[1]);
  type.system_is = type.system.empty() ? SearchValue::System::any : SearchValue::System::given;
  value.parts.push_back(std::move(type));
  return {};
}

Result<SearchValue> read_value(const Parameter& parameter, Modifier modifier, std::string_view raw) {
  SearchValue value;
  value.text = unescape(raw);
  if (value.text.empty()) return wrong(parameter.code, "has no value");
  switch (parameter.kind) {
    case ParameterKind::token:
      if (modifier == Modifier::text) {
        value.folded = fold(value.text);
      } else if (modifier == Modifier::of_type) {
        JOINEDUP_CHECK(read_of_type(parameter.code, raw, value));
      } else if (modifier != Modifier::in && modifier != Modifier::not_in) {
        read_token(raw, value);
      }
      break;
    case ParameterKind::string: value.folded = fold(value.text); break;
    case ParameterKind::uri: break;
    case ParameterKind::reference:
      if (modifier == Modifier::identifier) read_token(raw, value);
      else value.reference = value.text;
      break;
    case ParameterKind::date: JOINEDUP_CHECK(read_date(parameter.code, value.text, value)); break;
    case ParameterKind::number: case ParameterKind::quantity: JOINEDUP_CHECK(read_number(parameter.code, raw, value)); break;
    case ParameterKind::composite: {
      const auto parts = split_escaped(raw, '$');
      if (parts.size() != parameter.components.size())
        return wrong(parameter.code, "asks for " + std::to_string(parameter.components.size()) + " values parted by $");
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parameter.components[i].definition == nullptr) return wrong(parameter.code, "cannot be searched here");
        JOINEDUP_TRY(auto part, read_value(*parameter.components[i].definition, Modifier::none, parts[i]));
        value.parts.push_back(std::move(part));
      }
      break;
    }
    case ParameterKind::special: return fail(ErrorCode::unsupported, "The search parameter " + parameter.code + " is not offered here.");
  }
  return value;
}

Result<Criterion> read_criterion(std::string_view type, std::string_view name, std::string_view raw, std::size_t depth);

Result<Criterion> read_has(std::string_view type, std::string_view name, std::string_view raw, std::size_t depth) {
  // _has:Observation:patient:code, where code may be another _has or a chain.
  const auto first = name.find(':', 5), second = first == name.npos ? first : name.find(':', first + 1);
  if (second == name.npos) return wrong(name, "is not of the form _has:Type:reference:parameter");
  Criterion out;
  out.type = type;
  out.has_type = name.substr(5, first - 5);
  if (!Definitions::r4().is_resource(out.has_type)) return wrong(name, "names no type of resource");
  out.parameter = Definitions::r4().find(out.has_type, name.substr(first + 1, second - first - 1));
  if (out.parameter == nullptr || out.parameter->kind != ParameterKind::reference) return wrong(name, "names no reference of " + out.has_type);
  JOINEDUP_TRY(auto inner, read_criterion(out.has_type, name.substr(second + 1), raw, depth + 1));
  out.has = std::make_shared<const Criterion>(std::move(inner));
  return out;
}

Result<Criterion> read_chain(Criterion out, const Name& name, std::string_view raw, std::size_t depth) {
  if (out.parameter->kind != ParameterKind::reference) return wrong(name.code, "is no reference, so nothing can be asked of where it leads");
  std::vector<std::string> types;
  if (!name.modifier.empty()) types = {std::string(name.modifier)};
  else types = out.parameter->targets;
  std::optional<Error> why;
  for (const auto& target : types) {
    if (!Definitions::r4().is_resource(target)) return wrong(name.code, "names no type of resource");
    auto inner = read_criterion(target, name.rest, raw, depth + 1);
    if (inner) out.chain.push_back({target, std::make_shared<const Criterion>(std::move(*inner))});
    else why = inner.error();
  }
  if (out.chain.empty() && why) return tl::unexpected(*why);
  if (out.chain.empty()) return wrong(name.code, "leads nowhere");
  return out;
}

Result<Criterion> read_criterion(std::string_view type, std::string_view name_text, std::string_view raw, std::size_t depth) {
  if (depth > deepest_chain) return wrong(name_text, "is chained deeper than " + std::to_string(deepest_chain) + " steps");
  if (name_text.starts_with("_has:")) return read_has(type, name_text, raw, depth);
  if (name_text == "_list") {
    Criterion listed;
    listed.type = type;
    listed.list = raw.starts_with("List/") ? raw.substr(5) : raw;
    if (listed.list.empty() || listed.list[0] == '$') return wrong(name_text, "asks for the id of a List kept here");
    return listed;
  }
  const Name name = split_name(name_text);
  Criterion out;
  out.type = type;
  out.parameter = Definitions::r4().find(type, name.code);
  if (out.parameter == nullptr) return fail(ErrorCode::unsupported, "The search parameter " + std::string(name.code) + " is not known for " + std::string(type) + ".");
  if (!name.rest.empty()) return read_chain(std::move(out), name, raw, depth);
  JOINEDUP_TRY(out.modifier, modifier_of(name.modifier, *out.parameter, out.target_type));
  if (out.modifier == Modifier::missing) {
    if (raw != "true" && raw != "false") return wrong(name.code, "with :missing is true or false");
    out.missing = raw == "true";
    return out;
  }
  const auto values = split_escaped(raw, ',');
  if (values.size() > most_values) return wrong(name.code, "has more than " + std::to_string(most_values) + " values");
  for (auto value : values) {
    JOINEDUP_TRY(auto read, read_value(*out.parameter, out.modifier, value));
    out.values.push_back(std::move(read));
  }
  return out;
}

Result<void> read_sort(std::string_view type, std::string_view text, Query& query) {
  for (auto part : split(text, ',')) {
    SortKey key;
    if (part.starts_with('-')) key.direction = SortKey::Direction::descending, part.remove_prefix(1);
    key.parameter = Definitions::r4().find(type, part);
    if (key.parameter == nullptr) return wrong("_sort", "names no parameter of " + std::string(type));
    query.sort.push_back(key);
  }
  return {};
}

Result<Include> read_include(std::string_view name, std::string_view text) {
  const auto parts = split(text, ':');
  Include include;
  if (name.ends_with(":iterate") || name.ends_with(":recurse")) include.repeat = Include::Repeat::iterate;
  include.source_type = parts[0];
  if (!Definitions::r4().is_resource(include.source_type) || parts.size() < 2) return wrong(name, "is not of the form Type:parameter");
  if (parts[1] != "*") {
    include.parameter = Definitions::r4().find(include.source_type, parts[1]);
    if (include.parameter == nullptr || include.parameter->kind != ParameterKind::reference) return wrong(name, "names no reference of " + include.source_type);
  }
  if (parts.size() > 2) include.target_type = parts[2];
  return include;
}

// One of the parameters that steer the answer; false: it is a criterion.
Result<bool> read_control(std::string_view name, std::string_view value, Query& query) {
  const auto base = name.substr(0, name.find(':'));
  if (base == "_count") {
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    if (error != std::errc() || end != value.data() + value.size()) return wrong(name, "is not a number");
    query.count = std::min(count, most_per_page);
    if (count == 0) query.summary = Summary::count;
  } else if (base == "_sort") {
    JOINEDUP_CHECK(read_sort(query.type, value, query));
  } else if (base == "_include" || base == "_revinclude") {
    JOINEDUP_TRY(auto include, read_include(name, value));
    (base == "_include" ? query.includes : query.reverse_includes).push_back(std::move(include));
  } else if (base == "_total") {
    query.total = value == "none" ? Total::none : Total::accurate;
  } else if (base == "_summary") {
    if (value == "count") query.summary = Summary::count;
    else if (value == "true" || value == "text" || value == "data") query.shape = value;
    else if (value != "false") return wrong(name, "is one of true, text, data, count and false");
  } else if (base == "_elements") {
    for (auto element : split(value, ',')) query.elements.emplace_back(element);
  } else if (base == "_cursor") {
    query.cursor = value;
  } else if (base != "_format" && base != "_pretty" && (base != "_type" || query.several.empty())) {
    return false;
  }
  return true;
}

}  // namespace

std::string decode_query(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') out += ' ';
    else if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else out += text[i];
  }
  return out;
}

std::string Query::self() const {
  std::string out;
  for (const auto& one : used) out += (out.empty() ? "" : "&") + one;
  return out;
}

namespace {

// The types that a search over several is about, from its _type.
Result<std::vector<Query::OfType>> asked_types(std::string_view text) {
  std::vector<Query::OfType> out;
  for (auto pair : split(text, '&')) {
    if (!pair.starts_with("_type=")) continue;
    const std::string named = decode_query(pair.substr(6));
    for (auto type : split(named, ',')) {
      if (!Definitions::r4().is_resource(type)) return wrong("_type", "names a type that FHIR R4 does not have");
      if (std::none_of(out.begin(), out.end(), [&](const auto& one) { return one.type == type; })) out.push_back({std::string(type), {}});
    }
  }
  if (out.empty())
    for (const auto& type : Definitions::r4().types()) out.push_back({type, {}});
  return out;
}

// Reads a parameter for one type or for each of several.
Result<void> add_criterion(Query& query, const std::string& name, const std::string& value) {
  if (query.several.empty()) {
    JOINEDUP_TRY(auto criterion, read_criterion(query.type, name, value, 0));
    query.criteria.push_back(std::move(criterion));
    return {};
  }
  std::vector<Criterion> read;
  for (const auto& one : query.several) {
    JOINEDUP_TRY(auto criterion, read_criterion(one.type, name, value, 0));
    read.push_back(std::move(criterion));
  }
  for (std::size_t i = 0; i < read.size(); ++i) query.several[i].criteria.push_back(std::move(read[i]));
  return {};
}

}  // namespace

Result<Query> parse_query(std::string_view type, std::string_view text, Handling handling) {
  if (!type.empty() && !Definitions::r4().is_resource(type)) return fail(ErrorCode::not_found, "There is no such type of resource in FHIR R4.");
  Query query;
  query.type = type;
  if (type.empty()) {
    JOINEDUP_TRY(query.several, asked_types(text));
  }
  for (auto pair : split(text, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const std::string name = decode_query(pair.substr(0, equals));
    const std::string value = equals == pair.npos ? "" : decode_query(pair.substr(equals + 1));
    if (value.empty()) continue;  // R4: a parameter without a value is as if not given
    JOINEDUP_TRY(const bool control, read_control(name, value, query));
    if (!control) {
      if (auto added = add_criterion(query, name, value); !added) {
        auto error = added.error();
        if (error.code != ErrorCode::unsupported || handling == Handling::strict) {
          if (error.code == ErrorCode::unsupported) error.code = ErrorCode::wrong_usage;
          return tl::unexpected(error);
        }
        query.warnings.push_back(error.sentence);
        continue;
      }
    }
    if (name != "_cursor") query.used.emplace_back(pair);
  }
  return query;
}

Result<Query> in_compartment(Query query, std::string_view compartment_type, std::string_view id) {
  if (compartment_type != "Patient") return fail(ErrorCode::unsupported, "Only a Patient's compartment can be searched here.");
  query.compartment = std::string(compartment_type) + "/" + std::string(id);
  const auto belongs = [&](const std::string& type) {
    Criterion member;
    member.type = type;
    for (const auto& code : Definitions::r4().compartment(type)) {
      Criterion one;
      one.type = type;
      one.parameter = Definitions::r4().find(type, code);
      if (one.parameter == nullptr || one.parameter->kind != ParameterKind::reference) continue;
      one.values.emplace_back().reference = query.compartment;
      member.any_of.push_back(std::move(one));
    }
    if (type == compartment_type) {  // the patient's own resource
      Criterion self;
      self.type = type;
      self.parameter = Definitions::r4().find(type, "_id");
      self.values.emplace_back().code = id;
      member.any_of.push_back(std::move(self));
    }
    return member;
  };
  if (query.several.empty()) {
    auto member = belongs(query.type);
    if (member.any_of.empty()) return fail(ErrorCode::wrong_usage, "A " + query.type + " is in no Patient's compartment.");
    query.criteria.push_back(std::move(member));
    return query;
  }
  for (auto& one : query.several) one.criteria.push_back(belongs(one.type));
  std::erase_if(query.several, [](const auto& one) { return one.criteria.back().any_of.empty(); });
  if (query.several.empty()) return fail(ErrorCode::wrong_usage, "None of the types asked for is in a Patient's compartment.");
  return query;
}

Result<Query> everything_query(const EverythingRequest& request) {
  std::string text = "_count=" + std::to_string(request.count);
  if (!request.types.empty()) text += "&_type=";
  for (std::size_t i = 0; i < request.types.size(); ++i) text += (i == 0 ? "" : ",") + request.types[i];
  std::string since;
  for (char c : request.since) since += c == '+' ? std::string("%2B") : c == '&' || c == '%' ? std::string() : std::string(1, c);
  if (!since.empty()) text += "&_lastUpdated=ge" + since;
  JOINEDUP_TRY(auto query, parse_query("", text, Handling::strict));
  JOINEDUP_TRY(query, in_compartment(std::move(query), "Patient", request.patient));
  query.linked = LinkedResources::outside_compartment;
  query.cursor = request.cursor;
  return query;
}

}  // namespace joinedup::fhir
