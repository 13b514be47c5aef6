#include "rest/ndjson.hpp"

#include <unordered_set>

#include "fhirpath/fhirpath.hpp"
#include "rest/call.hpp"

namespace joinedup::rest {

namespace {

// Whether a resource is in some patient's compartment: one of the compartment's parameters leads to a Patient.
class PatientCompartment {
 public:
  PatientCompartment(const std::string& type, const std::vector<std::string>& members) : type_(type), members_(members.begin(), members.end()) {
    const auto& r4 = fhir::Definitions::r4();
    for (const auto& code : r4.compartment(type)) {
      const auto* parameter = r4.find(type, code);
      if (parameter == nullptr) continue;
      if (auto expression = fhirpath::Expression::compile(parameter->expression)) expressions_.push_back(std::move(*expression));
    }
    context_.unresolved = fhirpath::Context::Unresolved::typed;
    context_.several_as = fhirpath::Context::SeveralAs::filter;
  }
  bool any() const { return type_ == "Patient" || !expressions_.empty(); }
  bool holds(std::string_view body) {
    if (type_ == "Patient" && members_.empty()) return true;
    if (!document_.parse(body)) return false;
    if (type_ == "Patient") return is_member(document_.text_of(document_.root(), "id"));
    for (const auto& expression : expressions_) {
      context_.clear();
      const auto found = expression.evaluate(document_.root_value(), context_);
      if (!found) continue;
      for (const auto& value : *found) {
        if (!value.is_node() || value.node() == fhirpath::no_node) continue;
        const auto reference = document_.text_of(value.node(), "reference");
        const auto at = reference.starts_with("Patient/") ? 8 : reference.find("/Patient/") == reference.npos ? reference.npos : reference.find("/Patient/") + 9;
        if (at == reference.npos) continue;
        const auto id = reference.substr(at);
        if (is_member(id.substr(0, id.find('/')))) return true;
      }
    }
    return false;
  }

 private:
  bool is_member(std::string_view id) const { return members_.empty() || members_.contains(std::string(id)); }
  std::string type_;
  std::unordered_set<std::string> members_;
  std::vector<fhirpath::Expression> expressions_;
  fhirpath::Context context_;
  fhirpath::Document document_;
};

}  // namespace

Result<std::uint64_t> write_lines(fhir::Store& store, const LineOptions& options, const fhir::Permit& permit,
                                  const std::function<Result<bool>(std::string_view line)>& sink) {
  std::uint64_t count = 0;
  PatientCompartment compartment(options.type, options.members);
  if (options.of == LineOptions::Of::patients && !compartment.any()) return count;
  const std::string text = "_count=1000" + (options.since.empty() ? std::string() : "&_lastUpdated=ge" + percent_encoded(options.since));
  JOINEDUP_TRY(auto query, fhir::parse_query(options.type, text, fhir::Handling::strict));
  do {
    JOINEDUP_TRY(auto page, store.search(query, permit));
    for (auto& entry : page.entries) {
      std::string& line = entry.version.body;
      if (options.of == LineOptions::Of::patients && !compartment.holds(line)) continue;
      // Line ends in JSON stand between tokens only: a space is as good.
      for (char& c : line)
        if (c == '\n' || c == '\r') c = ' ';
      line += '\n';
      ++count;
      JOINEDUP_TRY(const bool more, sink(line));
      if (!more) return count;
    }
    query.cursor = page.next;
  } while (!query.cursor.empty());
  return count;
}

}  // namespace joinedup::rest
