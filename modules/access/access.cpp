#include "access/access.hpp"

#include <algorithm>
#include <filesystem>

#include "access/state.hpp"

namespace joinedup::access {

namespace {

constexpr std::int64_t hour = 3'600'000'000;
constexpr std::size_t least_reason = 10, longest_comment = 1000;

class PolicyPermit final : public fhir::Permit {
 public:
  PolicyPermit(const State& state, std::shared_ptr<const View> view) : state_(state), view_(std::move(view)) {}
  bool everything() const override { return false; }
  bool allows(fhir::Action action, const fhir::Asked& asked) const override { return state_.decide(*view_, action, asked).allowed; }
  std::optional<fhir::Narrowing> narrowing(fhir::Action action, std::string_view type) const override { return state_.narrowing(*view_, action, type); }

 private:
  const State& state_;
  std::shared_ptr<const View> view_;
};

bool has_role(const Subject& subject, std::string_view role) {
  return subject.kind == Subject::Kind::worker && std::find(subject.roles.begin(), subject.roles.end(), role) != subject.roles.end();
}

class PolicyAccess final : public Access {
 public:
  PolicyAccess(fhir::Store& store, const place::Place& place, AccessOptions options, Policies policies, std::unique_ptr<Ledger> ledger)
      : store_(store), options_(options), ledger_(std::move(ledger)), state_(store, std::move(policies), place, std::move(options), *ledger_) {}

  Result<void> load() {
    JOINEDUP_CHECK(state_.load());
    JOINEDUP_CHECK(state_.read_objections());
    return state_.reload_ledger();
  }

  Result<std::unique_ptr<fhir::Permit>> permit(const Subject& subject) override {
    JOINEDUP_CHECK(state_.catch_up());
    JOINEDUP_TRY(auto view, state_.view(subject));
    return std::unique_ptr<fhir::Permit>(std::make_unique<PolicyPermit>(state_, std::move(view)));
  }

  Result<Decision> explain(const Subject& subject, fhir::Action action, std::string_view type, std::string_view id) override {
    JOINEDUP_CHECK(state_.catch_up());
    JOINEDUP_TRY(const auto view, state_.view(subject));
    Verdict verdict;
    fhirpath::Document document;
    std::string body;
    if (action == fhir::Action::everything_export) {
      verdict = state_.decide(*view, action, {});
    } else if (auto there = store_.read(type, id, fhir::PermitAll()); there) {
      body = std::move(there->body);
      JOINEDUP_CHECK(document.parse(body));
      verdict = state_.decide(*view, action, {type, id, &document});
    } else if (there.error().code == ErrorCode::not_found) {
      verdict = state_.refused("no-such-resource");
    } else {
      return tl::unexpected<Error>(there.error());
    }
    Decision out{verdict.allowed, std::string(verdict.rule), *verdict.because};
    if (verdict.label != nullptr) out.rule += ":" + verdict.label->name, out.because = verdict.label->sentence;
    return out;
  }

  Result<Emergency> emergency(const Subject& subject, std::string_view patient, const std::string& reason) override {
    static constexpr std::string_view clinical[] = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead"};
    const bool may = std::any_of(std::begin(clinical), std::end(clinical), [&](std::string_view role) { return has_role(subject, role); });
    if (!may || subject.user.empty() || subject.purpose != Purpose::direct_care || subject.scopes)
      return fail(ErrorCode::forbidden, "Emergency access is for workers who care for people, signed in themselves.");
    if (reason.size() < least_reason || reason.size() > 2000)
      return fail(ErrorCode::invalid_input, "Say why the record is needed now, in a sentence of at least 10 letters; the reason is reviewed.");
    JOINEDUP_CHECK(state_.catch_up());
    if (!state_.knows_patient(patient)) return fail(ErrorCode::not_found, "There is no such person in the shared record.");
    Emergency e;
    e.user = subject.user, e.practitioner = subject.practitioner, e.organisation = subject.organisation, e.patient = patient, e.reason = reason;
    e.from = state_.now(), e.until = e.from + options_.emergency_hours * hour, e.review_due = e.from + options_.review_hours * hour;
    JOINEDUP_TRY(e.id, ledger_->begin_emergency(e));
    JOINEDUP_CHECK(state_.reload_ledger());
    return e;
  }
  Result<std::vector<Emergency>> emergencies() override { return ledger_->emergencies(); }
  Result<void> review_emergency(const Subject& guardian, std::int64_t id, const std::string& outcome, const std::string& comment) override {
    if (!has_role(guardian, "guardian")) return fail(ErrorCode::forbidden, "Emergency access is reviewed by the guardian.");
    if (outcome != "justified" && outcome != "not_justified") return fail(ErrorCode::invalid_input, "The outcome of a review is justified or not_justified.");
    if (comment.size() > longest_comment) return fail(ErrorCode::invalid_input, "The comment is too long: at most 1,000 letters.", "comment");
    JOINEDUP_CHECK(ledger_->review(id, {.reviewer = guardian.user, .practitioner = guardian.practitioner, .outcome = outcome, .comment = comment}, state_.now()));
    if (outcome == "not_justified") JOINEDUP_CHECK(ledger_->end_emergency(id, state_.now()));
    return state_.reload_ledger();
  }
  Result<void> end_emergency(const Subject& subject, std::int64_t id) override {
    JOINEDUP_TRY(const auto all, ledger_->emergencies());
    const auto found = std::find_if(all.begin(), all.end(), [&](const Emergency& e) { return e.id == id; });
    if (found == all.end() || (found->user != subject.user && !has_role(subject, "guardian"))) return fail(ErrorCode::not_found, "There is no emergency of this number that you may end.");
    JOINEDUP_CHECK(ledger_->end_emergency(id, state_.now()));
    return state_.reload_ledger();
  }

  Result<Withheld> withhold(const Subject& lead, Withheld what) override {
    if (!has_role(lead, "safeguarding_lead")) return fail(ErrorCode::forbidden, "Entries are withheld by a safeguarding lead.");
    if (what.reason.size() < least_reason) return fail(ErrorCode::invalid_input, "Say why the entry is withheld, in a sentence of at least 10 letters.");
    if (what.review_due <= state_.now()) return fail(ErrorCode::invalid_input, "Give the day on which this is looked at again.");
    if (what.from == Withheld::From::one_proxy && what.related_person.empty()) return fail(ErrorCode::invalid_input, "Say from which proxy it is withheld.");
    if (what.resource.empty() && (what.type.empty() || what.type == "Patient")) return fail(ErrorCode::invalid_input, "Say which entry, or which type of entries, is withheld.");
    // The lead must be able to see what they withhold.
    JOINEDUP_CHECK(may_see(lead, what.resource.empty() ? "Patient/" + what.patient : what.resource));
    JOINEDUP_CHECK(may_see(lead, "Patient/" + what.patient));
    what.by = lead.user, what.practitioner = lead.practitioner, what.at = state_.now(), what.ended = 0;
    JOINEDUP_TRY(what.id, ledger_->withhold(what));
    JOINEDUP_CHECK(state_.reload_ledger());
    return what;
  }
  Result<std::vector<Withheld>> withheld(const Subject& lead) override {
    if (!has_role(lead, "safeguarding_lead")) return fail(ErrorCode::forbidden, "What is withheld is told to safeguarding leads.");
    JOINEDUP_TRY(auto all, ledger_->withheld());
    std::erase_if(all, [&](const Withheld& w) { return !may_see(lead, "Patient/" + w.patient); });
    return all;
  }
  Result<void> show_again(const Subject& lead, std::int64_t id) override {
    JOINEDUP_TRY(const auto all, withheld(lead));
    if (std::none_of(all.begin(), all.end(), [&](const Withheld& w) { return w.id == id; })) return fail(ErrorCode::not_found, "Nothing of this number is withheld.");
    JOINEDUP_CHECK(ledger_->show_again(id, state_.now()));
    return state_.reload_ledger();
  }
  bool hides_entry(const Subject& subject, std::string_view type, std::string_view id) override {
    const auto decision = explain(subject, fhir::Action::read, type, id);
    if (!decision) return true;
    if (decision->allowed) return false;
    // By what agreements or relationships say now, nothing of the past is a secret; what is not there any more is none, unless it was one.
    const std::string_view rule = decision->rule;
    return rule.starts_with("label") || rule == "unknown-label" || rule == "withheld" || rule == "target" || state_.withholds(subject, std::string(type) + "/" + std::string(id));
  }
  bool hides_from_person(std::string_view user, std::string_view patient) override { return state_.hides(user, patient); }

 private:
  Result<void> may_see(const Subject& subject, const std::string& address) {
    const auto slash = address.find('/');
    if (slash == address.npos) return fail(ErrorCode::invalid_input, "An entry is named as Type/id.");
    JOINEDUP_TRY(const auto seen, permit(subject));
    JOINEDUP_TRY(const auto there, store_.read(std::string_view(address).substr(0, slash), std::string_view(address).substr(slash + 1), *seen));
    static_cast<void>(there);
    return {};
  }

  fhir::Store& store_;
  AccessOptions options_;
  std::unique_ptr<Ledger> ledger_;
  State state_;
};

}  // namespace

Result<std::unique_ptr<Access>> Access::open(fhir::Store& store, const place::Place& place, AccessOptions options) {
  if (options.policy_folder.empty() && !place.folder.empty()) options.policy_folder = place.folder + "/policy";
  if (options.ledger.empty()) options.ledger = place.folder + "/access.sqlite";
  JOINEDUP_TRY(auto policies, Policies::read(options.policy_folder));
  JOINEDUP_TRY(auto ledger, Ledger::open(options.ledger));
  auto access = std::make_unique<PolicyAccess>(store, place, std::move(options), std::move(policies), std::move(ledger));
  JOINEDUP_CHECK(access->load());
  return std::unique_ptr<Access>(std::move(access));
}

Result<std::vector<Emergency>> read_emergencies(const std::string& place_folder) {
  if (!std::filesystem::exists(place_folder + "/access.sqlite")) return std::vector<Emergency>();
  JOINEDUP_TRY(const auto ledger, Ledger::open(place_folder + "/access.sqlite"));
  return ledger->emergencies();
}

Result<void> review_emergency(const std::string& place_folder, std::int64_t id, const Review& review, std::int64_t at) {
  const auto& outcome = review.outcome;
  if (outcome != "justified" && outcome != "not_justified") return fail(ErrorCode::invalid_input, "The outcome of a review is justified or not_justified.");
  if (review.reviewer.empty()) return fail(ErrorCode::wrong_usage, "Say who reviews it.");
  if (review.comment.size() > longest_comment) return fail(ErrorCode::invalid_input, "The comment is too long: at most 1,000 letters.", "comment");
  JOINEDUP_TRY(const auto ledger, Ledger::open(place_folder + "/access.sqlite"));
  JOINEDUP_CHECK(ledger->review(id, review, at));
  if (outcome == "not_justified") return ledger->end_emergency(id, at);
  return {};
}

}  // namespace joinedup::access
