#include "validation/validation.hpp"

#include "validation/profile.hpp"
#include "validation/walk.hpp"

namespace joinedup::validation {

namespace {

Scratch& scratch() {
  thread_local Scratch one;
  one.locals.clear();
  if (one.bundled_read) one.bundled.clear(), one.bundled_read = false;
  one.context.clear();
  one.context.step_limit = 3'000'000;
  one.profile_steps = 0, one.steps = 0;
  if (one.contained_of != fhirpath::no_node) one.contained.clear(), one.contained_of = fhirpath::no_node;
  return one;
}

}  // namespace

const char* severity_name(Severity severity) {
  switch (severity) {
    case Severity::fatal: return "fatal";
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::information: return "information";
  }
  return "error";
}

bool has_errors(const std::vector<Issue>& issues) {
  for (const auto& issue : issues)
    if (issue.severity <= Severity::error) return true;
  return false;
}

const Validator& Validator::r4() {
  static const Validator validator;
  return validator;
}

Result<Validator> Validator::with_profiles(const std::string& folder) {
  Validator out;
  JOINEDUP_TRY(out.profiles_, Profiles::load(folder));
  return out;
}

std::vector<std::string> Validator::profiles() const {
  return profiles_ == nullptr ? std::vector<std::string>{} : profiles_->urls();
}

std::vector<std::string> Validator::notes() const {
  return profiles_ == nullptr ? std::vector<std::string>{} : profiles_->notes();
}

std::vector<Issue> Validator::validate(const Document& document, const Options& options) const {
  return validate(document, document.root(), options);
}

std::vector<Issue> Validator::validate(const Document& document, NodeIndex resource, const Options& options) const {
  std::vector<Issue> issues;
  if (document.empty()) {
    issues.push_back({Severity::fatal, "structure", "", "empty", "There is nothing to validate."});
    return issues;
  }
  Walk walk(Rules::r4(), profiles_.get(), document, options, scratch(), issues);
  walk.run(resource);
  return issues;
}

bool Validator::is_valid(const Document& document) const {
  if (document.empty()) return false;
  static const Options options{Options::Report::errors_only, {}, 1};
  std::vector<Issue> issues;
  Walk walk(Rules::r4(), profiles_.get(), document, options, scratch(), issues);
  walk.stop_at_first_error();
  walk.run(document.root());
  return !walk.found_errors();
}

}  // namespace joinedup::validation
