#include "casework/score.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace joinedup::casework {

namespace {

constexpr std::string_view ordinal = "http://hl7.org/fhir/StructureDefinition/ordinalValue";

const Json* value_of(const Json& answer) {
  for (const auto& [key, value] : answer.items())
    if (key.starts_with("value")) return &value;
  return nullptr;
}

// The answers to each question, wherever in the form it stands.
using Answers = std::map<std::string, std::vector<Json>>;
void collect(const Json& items, Answers& out) {
  if (!items.is_array()) return;
  for (const auto& item : items) {
    if (const auto* answers = node_at(item, "answer"))
      for (const auto& answer : *answers) {
        if (value_of(answer) != nullptr) out[text_at(item, "linkId")].push_back(answer);
        if (const auto* nested = node_at(answer, "item")) collect(*nested, out);
      }
    if (const auto* nested = node_at(item, "item")) collect(*nested, out);
  }
}

bool same(const Json& a, const Json& b) {
  if (a.is_object() && b.is_object() && a.contains("code") && b.contains("code"))
    return text_at(a, "code") == text_at(b, "code") && (text_at(a, "system").empty() || text_at(b, "system").empty() || text_at(a, "system") == text_at(b, "system"));
  if (a.is_number() && b.is_number()) return a.get<double>() == b.get<double>();
  return a == b;
}

// -1, 0, 1; nothing where the two cannot be compared.
std::optional<int> compared(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.get<double>() < b.get<double>() ? -1 : a.get<double>() > b.get<double>() ? 1 : 0;
  if (a.is_string() && b.is_string()) return a.get<std::string>().compare(b.get<std::string>()) < 0 ? -1 : a == b ? 0 : 1;  // dates of one precision
  if (a.is_object() && b.is_object() && a.contains("value") && b.contains("value")) return compared(a["value"], b["value"]);
  return {};
}

class FormReader {
 public:
  FormReader(const Json& questionnaire, const Json& response) : questionnaire_(questionnaire) {
    if (const auto* items = node_at(response, "item")) collect(*items, answers_);
    if (const auto* items = node_at(questionnaire, "item")) look(*items, true);
  }

  Form read() {
    if (const auto* extensions = node_at(questionnaire_, "extension"))
      for (const auto& one : *extensions)
        if (text_at(one, "url") == "urn:joinedup:score") score(one);
    return std::move(form_);
  }

 private:
  struct Question {
    Json item;
    bool asked = true;
  };

  bool holds(const Json& condition) const {
    const auto found = answers_.find(text_at(condition, "question"));
    const auto op = text_at(condition, "operator");
    const Json* wanted = nullptr;
    for (const auto& [key, value] : condition.items())
      if (key.starts_with("answer")) wanted = &value;
    // What is not asked has no answer.
    const auto question = questions_.find(text_at(condition, "question"));
    const bool answered = found != answers_.end() && (question == questions_.end() || question->second.asked);
    if (wanted == nullptr) return false;
    if (op == "exists") return answered == (wanted->is_boolean() && wanted->get<bool>());
    if (!answered) return false;
    const auto any = [&](auto fits) {
      return std::any_of(found->second.begin(), found->second.end(), [&](const Json& answer) { return fits(*value_of(answer)); });
    };
    if (op == "=") return any([&](const Json& value) { return same(value, *wanted); });
    if (op == "!=") return !any([&](const Json& value) { return same(value, *wanted); });
    return any([&](const Json& value) {
      const auto order = compared(value, *wanted);
      return order && ((op == ">" && *order > 0) || (op == "<" && *order < 0) || (op == ">=" && *order >= 0) || (op == "<=" && *order <= 0));
    });
  }

  bool is_asked(const Json& item) const {
    const auto* conditions = node_at(item, "enableWhen");
    if (conditions == nullptr || conditions->empty()) return true;
    const auto fits = [&](const Json& one) { return holds(one); };
    return text_at(item, "enableBehavior") == "any" ? std::any_of(conditions->begin(), conditions->end(), fits) : std::all_of(conditions->begin(), conditions->end(), fits);
  }

  void look(const Json& items, bool parents_asked) {
    for (const auto& item : items) {
      const bool asked = parents_asked && is_asked(item);
      const auto id = text_at(item, "linkId");
      questions_[id] = {item, asked};
      const auto* required = node_at(item, "required");
      const auto type = text_at(item, "type");
      if (asked && required != nullptr && *required == true && type != "group" && type != "display" && !answers_.contains(id)) form_.missing.push_back(id);
      if (const auto* nested = node_at(item, "item")) look(*nested, asked);
    }
  }

  // What an answer is worth: the ordinal value of the option that it is, or the number that it is.
  static std::optional<double> ordinal_of(const Json& element) {
    const auto* found = extension(element, ordinal);
    const auto* value = found == nullptr ? nullptr : node_at(*found, "valueDecimal");
    return value != nullptr && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
  }
  static std::optional<double> option_worth(const Json& option) {
    if (auto own = ordinal_of(option)) return own;
    const auto* value = value_of(option);
    return value != nullptr && value->is_object() ? ordinal_of(*value) : value != nullptr && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
  }
  static const Json* option_value(const Json& option) {
    for (const auto& [key, value] : option.items())
      if (key.starts_with("value")) return &value;
    return nullptr;
  }
  std::optional<double> worth(const Json& item, const Json& answer) const {
    const auto& value = *value_of(answer);
    if (const auto* options = node_at(item, "answerOption"))
      for (const auto& option : *options)
        if (const auto* offered = option_value(option); offered != nullptr && same(*offered, value))
          if (auto found = option_worth(option)) return found;
    if (value.is_number()) return value.get<double>();
    if (value.is_object()) return ordinal_of(value);
    return {};
  }
  static double most_of(const Json& item) {
    double most = 0;
    if (const auto* options = node_at(item, "answerOption"))
      for (const auto& option : *options)
        if (const auto found = option_worth(option)) most = std::max(most, *found);
    if (most == 0)
      if (const auto* limit = extension(item, "http://hl7.org/fhir/StructureDefinition/maxValue"))
        for (const auto& [key, value] : limit->items())
          if (key.starts_with("value") && value.is_number()) most = value.get<double>();
    return most;
  }

  void score(const Json& wanted) {
    Score one;
    std::string method;
    std::vector<std::string> items;
    if (!wanted.contains("extension")) return;
    for (const auto& part : wanted["extension"]) {
      const auto url = text_at(part, "url");
      if (url == "code") one.code = text_at(part, "valueCode");
      if (url == "title") one.title = text_at(part, "valueString");
      if (url == "method") method = text_at(part, "valueCode");
      if (url == "item") items.push_back(text_at(part, "valueString"));
    }
    double sum = 0, most = 0;
    int answered = 0;
    bool whole = !one.code.empty();
    for (const auto& id : items) {
      const auto question = questions_.find(id);
      if (question == questions_.end()) whole = false;
      else if (question->second.asked) {
        const auto found = answers_.find(id);
        std::optional<double> value;
        if (found != answers_.end())
          for (const auto& answer : found->second)
            if (const auto each = worth(question->second.item, answer)) value = value.value_or(0) + *each;
        if (!value) whole = false;
        else sum += *value, most += most_of(question->second.item), ++answered;
      }
    }
    if (!whole || answered == 0 || (method == "percent-of-max" && most <= 0)) {
      form_.not_scored.push_back(one.title);
      return;
    }
    one.is_percent = method == "percent-of-max";
    one.value = one.is_percent ? 100 * sum / most : method == "mean" ? sum / answered : sum;
    one.value = std::round(one.value * 100) / 100;
    form_.scores.push_back(std::move(one));
  }

  const Json& questionnaire_;
  Answers answers_;
  std::map<std::string, Question> questions_;
  Form form_;
};

}  // namespace

Form read_form(const Json& questionnaire, const Json& response) { return FormReader(questionnaire, response).read(); }

}  // namespace joinedup::casework
