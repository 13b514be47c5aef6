#include "validation/rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <unordered_map>

#include "base/embedded.hpp"
#include "base/text.hpp"
#include "validation_embedded.hpp"

namespace joinedup::validation {

namespace {

// A native check stands in for one expression only: where the definitions say something else, FHIRPath runs.
struct Known {
  std::string_view key, expression;
  Native native;
};
constexpr std::array<Known, 15> known_constraints{{
    {"ele-1", "hasValue() or (children().count() > id.count())", Native::element_has_content},
    {"ext-1", "extension.exists() != value.exists()", Native::extension_or_value},
    {"per-1", "start.hasValue().not() or end.hasValue().not() or (start <= end)", Native::period_in_order},
    {"ref-1", "reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))",
     Native::reference_to_contained},
    {"dom-2", "contained.contained.empty()", Native::no_nested_contained},
    {"dom-3", {}, Native::contained_is_referenced},
    {"dom-4", "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()", Native::contained_without_version},
    {"dom-5", "contained.meta.security.empty()", Native::contained_without_security},
    {"dom-6", "text.`div`.exists()", Native::narrative_present},
    {"txt-1", "htmlChecks()", Native::narrative_sound},
    {"txt-2", "htmlChecks()", Native::narrative_said},
    {"sqty-1", "comparator.empty()", Native::no_comparator},
    {"qty-3", "code.empty() or system.exists()", Native::code_has_system},
    {"cpt-2", "value.empty() or system.exists()", Native::value_has_system},
    {"att-1", "data.empty() or contentType.exists()", Native::data_has_type},
}};

Native native_of(std::string_view key, std::string_view expression) {
  for (const auto& one : known_constraints)
    if (one.key == key && (one.expression.empty() || one.expression == expression)) return one.native;
  return Native::none;
}

std::vector<std::size_t> numbers(std::string_view text) {
  std::vector<std::size_t> out;
  if (text == "-") return out;
  for (auto part : split(text, ' ')) {
    std::size_t value = 0;
    std::from_chars(part.data(), part.data() + part.size(), value);
    out.push_back(value);
  }
  return out;
}

void place_slots(TypeRule& rule, const Model& model) {
  std::vector<TypeRule::Slot> all;
  for (const auto& element : rule.elements) {
    if (!element.choice) {
      all.push_back({element.name, element.place, element.types[0]});
      continue;
    }
    for (TypeId type : element.types) {
      std::string joined(model.name_text(element.name));
      std::string tail = model.info(type).name;
      tail[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(tail[0])));
      all.push_back({model.name(joined + tail), element.place, type});
    }
  }
  std::size_t size = 8;
  while (size < all.size() * 2 + 1) size *= 2;
  rule.mask = static_cast<std::uint32_t>(size - 1);
  rule.slots.assign(size, {});
  for (const auto& slot : all) {
    std::uint32_t at = slot.name * 0x9E3779B1U >> 16;
    while (rule.slots[at & rule.mask].name != 0) ++at;
    rule.slots[at & rule.mask] = slot;
  }
}

}  // namespace

const Rules& Rules::r4() {
  static const Rules rules(Natives::used);
  return rules;
}

std::unique_ptr<const Rules> Rules::slow_twin() {
  return std::unique_ptr<const Rules>(new Rules(Natives::unused));
}

void Rules::read(std::string_view table, Natives natives) {
  const Model& model = Model::r4();
  std::vector<std::string_view> open;
  struct Pending {
    TypeRule rule;
    TypeId base;
  };
  std::unordered_map<TypeId, Pending> pending;
  Pending* at = nullptr;
  for (auto line : split(table, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    auto f = split(line, '\t');
    if (f[0] == "O") {
      open = split(f[1], ' ');
    } else if (f[0] == "C") {
      auto one = std::make_unique<Constraint>();
      one->key = f[1], one->text = f[3], one->human = f[4];
      one->severity = f[2] == "warning" ? Severity::warning : Severity::error;
      one->native = native_of(f[1], f[3]);
      bool elsewhere = one->native == Native::element_has_content || one->native == Native::narrative_sound || one->native == Native::narrative_said;
      if (natives == Natives::unused && !elsewhere) one->native = Native::none;
      if (one->native == Native::none) {
        // A reference to the container itself, "#", is sound, and so is one that only displays or identifies: the published
        // rule forgot both (FHIR R5 has them).
        std::string expression(f[3]);
        if (one->key == "ref-1") expression = "reference.empty() or reference = '#' or (" + expression + ")";
        auto compiled = fhirpath::Expression::compile(expression);
        JOINEDUP_INVARIANT(compiled.has_value(), "a constraint of FHIR R4 is not FHIRPath");
        one->expression = std::move(*compiled);
      }
      if (one->native == Native::element_has_content) ele_1_ = one.get();
      constraints_.push_back(std::move(one));
    } else if (f[0] == "T") {
      TypeId type = model.type(f[1]);
      JOINEDUP_INVARIANT(type != fhirpath::unknown_type, "a type of the rules is unknown to the model");
      at = &pending[type];
      at->base = model.type(f[2]);
      at->rule.type = type, at->rule.known = true;
      at->rule.kind = model.info(type).kind;
      at->rule.form = at->rule.kind == fhirpath::Type::Kind::primitive ? form_of(f[1]) : Form::none;
      for (auto n : numbers(f[4])) at->rule.constraints.push_back(constraints_[n].get());
    } else {
      ElementRule element;
      auto name = f[1];
      element.choice = name.size() > 3 && name.substr(name.size() - 3) == "[x]";
      element.name = model.name(element.choice ? name.substr(0, name.size() - 3) : name);
      element.min = f[2] == "0" ? 0 : 1;
      element.many = f[3] == "*";
      auto types = f[4] == "open" ? open : split(f[4], ' ');
      for (auto type : types) element.types.push_back(model.type(type));
      if (f[5] != "-") {
        element.strength = f[5][0] == 'r' ? Strength::required : f[5][0] == 'e' ? Strength::extensible : Strength::at_most;
        element.codes = codes_.find(f[5].substr(2));
        if (element.codes == nullptr) element.strength = Strength::none;
      }
      if (f[6] != "-")
        for (auto target : split(f[6], ' '))
          if (TypeId type = model.type(target); type != fhirpath::unknown_type) element.targets.push_back(type);
      for (auto n : numbers(f[7])) element.constraints.push_back(constraints_[n].get());
      at->rule.elements.push_back(std::move(element));
    }
  }
  for (auto& [type, one] : pending) {
    TypeRule rule = one.rule;
    for (auto up = pending.find(one.base); up != pending.end(); up = pending.find(up->second.base)) {
      rule.elements.insert(rule.elements.begin(), up->second.rule.elements.begin(), up->second.rule.elements.end());
      rule.constraints.insert(rule.constraints.begin(), up->second.rule.constraints.begin(), up->second.rule.constraints.end());
      if (up->first == model.domain_resource_type) rule.is_domain_resource = true;
    }
    std::erase(rule.constraints, ele_1_);  // every element's: the walk itself sees to it
    JOINEDUP_INVARIANT(rule.elements.size() <= 128, "a type has more elements than the walk can count");
    for (std::size_t i = 0; i < rule.elements.size(); ++i) {
      rule.elements[i].place = static_cast<std::uint16_t>(i);
      if (rule.elements[i].min > 0) rule.required[i / 64] |= std::uint64_t{1} << (i % 64);
    }
    place_slots(rule, model);
    if (types_.size() <= type) types_.resize(type + std::size_t{1});
    types_[type] = std::move(rule);
  }
}

Rules::Rules(Natives natives) {
  const Model& model = Model::r4();
  codes_.read(find_embedded(embedded_validation(), "data/r4_codes.txt").value_or(""));
  read(find_embedded(embedded_validation(), "data/r4_rules.txt").value_or(""), natives);
  auto name = [&](std::string_view word) { return model.name(word); };
  meta = name("meta"), profile = name("profile"), div = name("div"), reference = name("reference");
  identifier = name("identifier"), contained = name("contained"), text = name("text"), start = name("start");
  end = name("end"), system = name("system"), value = name("value"), url = name("url"), id = name("id"), entry = name("entry");
  resource = name("resource"), full_url = name("fullUrl"), coding = name("coding"), code = name("code");
  version_id = name("versionId"), last_updated = name("lastUpdated"), security = name("security"), type_name = name("type");
  extension = name("extension"), comparator = name("comparator"), data = name("data"), content_type = name("contentType");
  resource_type_name = model.resource_type_name;
  codeable_concept = model.type("CodeableConcept"), coding_type = model.type("Coding"), reference_type = model.reference_type;
  identifier_type = model.type("Identifier"), extension_type = model.extension_type, resource_type = model.resource_type;
  quantity_type = model.quantity_type, bundle_type = model.bundle_type;
  bundle_entry_type = model.type("Bundle.entry");
}

}  // namespace joinedup::validation
