#include "access/facts.hpp"

#include <algorithm>

#include "fhir/values.hpp"

namespace joinedup::access {

namespace {

using fhirpath::Document;
using fhirpath::NodeIndex;
using fhirpath::no_node;
using fhirpath::NodeKind;

// Every item of a list, or the one value that stands in its place.
template <class Do>
void each(const Document& document, NodeIndex node, const Do& act) {
  if (node == no_node) return;
  if (document.kind(node) != NodeKind::array) return act(node);
  for (const NodeIndex item : document.children(node)) act(item);
}
template <class Do>
void each(const Document& document, NodeIndex object, std::string_view name, const Do& act) {
  each(document, document.find(object, name), act);
}

class Reader {
 public:
  Reader(const Policies& policies, std::string_view type, std::string_view id, const Document& document, std::int64_t instant, const std::string& base_url)
      : policies_(policies), document_(document), instant_(instant), base_url_(base_url), address_(std::string(type) + "/" + std::string(id)) {}

  Facts read(std::string_view type, std::string_view id) {
    out_.labels = labels_of(policies_, document_);
    if (out_.labels != 0) read_people(type, id);
    if (type == "Patient") patient();
    else if (type == "Organization") identifiers();
    else if (type == "PractitionerRole") practitioner_role();
    else if (type == "HealthcareService") out_.provider = active() ? reference(document_.find(root(), "providedBy")) : "";
    else if (type == "CareTeam") care_team();
    else if (type == "EpisodeOfCare") episode();
    else if (type == "Task") task();
    else if (type == "ServiceRequest") service_request();
    else if (type == "RelatedPerson") related_person();
    else if (type == "Consent") consent();
    return std::move(out_);
  }

 private:
  NodeIndex root() const { return document_.root(); }
  std::string_view text(std::string_view name) const { return document_.text_of(root(), name); }
  bool active() const { return text("active") != "false"; }
  bool status(std::initializer_list<std::string_view> any_of) const {
    return std::find(any_of.begin(), any_of.end(), text("status")) != any_of.end();
  }
  // "Practitioner/3", "nhs:9000000009", or nothing.
  std::string reference(NodeIndex node) const {
    if (node == no_node || document_.kind(node) != NodeKind::object) return {};
    if (const auto written = document_.text_of(node, "reference"); !written.empty()) return std::string(fhir::local_reference(written, base_url_));
    const auto identifier = document_.find(node, "identifier");
    if (identifier == no_node) return {};
    return identifier_key(document_.text_of(identifier, "system"), document_.text_of(identifier, "value"));
  }
  std::vector<std::string> references(NodeIndex object, std::string_view name) const {
    std::vector<std::string> all;
    each(document_, object, name, [&](NodeIndex node) {
      if (auto one = reference(node); !one.empty()) all.push_back(std::move(one));
    });
    return all;
  }
  void period(NodeIndex object, std::string_view name, std::int64_t& from, std::int64_t& until) const {
    const auto node = object == no_node ? no_node : document_.find(object, name);
    if (node == no_node) return;
    // What cannot be read as a time opens nothing.
    if (const auto start = document_.text_of(node, "start"); !start.empty()) {
      const auto read = fhir::date_period(start);
      from = read ? read->low : always_until;
    }
    if (const auto end = document_.text_of(node, "end"); !end.empty()) {
      const auto read = fhir::date_period(end);
      until = read ? read->high : always_from;
    }
  }
  void grant(const std::string& patient, const std::string& holder, std::uint32_t relation) {
    if (patient.empty() || holder.empty()) return;
    Grant one{patient, holder, relation};
    one.from = from_, one.until = until_, one.since = from_ == always_from ? instant_ : from_;
    out_.grants.push_back(std::move(one));
  }
  void identifiers() {
    each(document_, root(), "identifier", [&](NodeIndex node) {
      if (document_.text_of(node, "use") == "old") return;
      if (auto key = identifier_key(document_.text_of(node, "system"), document_.text_of(node, "value")); !key.empty()) out_.identifiers.push_back(std::move(key));
    });
  }
  void read_people(std::string_view type, std::string_view id) {
    fhir::People people;
    fhir::people_of(type, id, document_, base_url_, people);
    for (const auto one : people.ids) out_.people.push_back("Patient/" + std::string(one));
    for (const auto& one : people.identifiers)
      if (auto key = identifier_key(one.system, one.value); !key.empty()) out_.people.push_back(std::move(key));
  }

  void patient() {
    identifiers();
    if (const auto born = fhir::date_period(text("birthDate"))) out_.born = born->low;
    for (const auto& who : references(root(), "generalPractitioner")) grant(address_, who, relation::registered_practice);
    grant(address_, address_, relation::own);
  }
  void practitioner_role() {
    if (!active()) return;
    out_.practitioner = reference(document_.find(root(), "practitioner"));
    if (!out_.practitioner.empty()) out_.services = references(root(), "healthcareService");
  }
  void care_team() {
    if (!status({"", "active", "proposed"}) || text("status") == "proposed") return;
    period(root(), "period", from_, until_);
    const auto whose = reference(document_.find(root(), "subject"));
    each(document_, root(), "participant", [&](NodeIndex participant) {
      auto from = from_, until = until_;
      period(participant, "period", from, until);
      const auto member = reference(document_.find(participant, "member"));
      const auto proper = member.starts_with("Practitioner/") || member.starts_with("PractitionerRole/") || member.starts_with("Organization/") ||
                          member.starts_with("CareTeam/") || member.starts_with("ods:");
      if (!proper) return;  // relatives and the person themself are no workers
      if (whose.empty()) {
        if (from <= instant_ && until > instant_) out_.members.push_back(member);
        return;
      }
      const auto kept_from = from_, kept_until = until_;
      from_ = std::max(from, from_), until_ = std::min(until, until_);
      grant(whose, member, relation::care_team);
      from_ = kept_from, until_ = kept_until;
    });
  }
  void episode() {
    const auto whose = reference(document_.find(root(), "patient"));
    // A case that is closed is still the team's to account for: the case, and nothing else of the person.
    const bool open = status({"planned", "waitlist", "active", "onhold"});
    if (!open && !status({"finished", "cancelled"})) return;
    if (open) period(root(), "period", from_, until_);
    const auto give = [&](const std::string& holder) {
      const auto before = out_.grants.size();
      grant(whose, holder, open ? relation::care_team : relation::past_case);
      if (!open && out_.grants.size() > before) out_.grants.back().resource = address_;
    };
    give(reference(document_.find(root(), "careManager")));
    for (const auto& team : references(root(), "team")) give(team);
  }
  void task() {
    const auto whose = reference(document_.find(root(), "for")), owner = reference(document_.find(root(), "owner"));
    if (owner.starts_with("Patient/") || owner.starts_with("RelatedPerson/")) return;
    if (status({"accepted", "in-progress", "on-hold"})) {
      grant(whose, owner, relation::accepted_referral);
    } else if (status({"requested", "received", "ready"})) {  // to be decided: what is asked, and nothing else
      const auto focus = reference(document_.find(root(), "focus"));
      for (const auto& only : {address_, focus}) {
        if (only.empty() || only.starts_with("Patient/")) continue;
        grant(whose, owner, relation::offered_referral);
        if (!out_.grants.empty()) out_.grants.back().resource = only;
      }
    }
  }
  // A package that is being provided: its performers provide it.
  void service_request() {
    if (!status({"active", "on-hold"}) || text("intent") == "proposal" || text("intent") == "plan") return;
    if (!source_of(document_).starts_with("urn:joinedup:feed:")) return;  // asked for by hand: the Task says whether it was accepted
    period(root(), "occurrencePeriod", from_, until_);
    for (const auto& who : references(root(), "performer"))
      if (!who.starts_with("Patient/") && !who.starts_with("RelatedPerson/")) grant(reference(document_.find(root(), "subject")), who, relation::accepted_referral);
  }
  void related_person() {
    if (!active()) return;
    std::int64_t from = always_from, until = always_until;
    period(root(), "period", from, until);
    out_.patient = reference(document_.find(root(), "patient"));
    identifiers();
    Grant one{out_.patient, address_, 0};  // opens nothing; says between when the relationship is
    one.from = from, one.until = until;
    out_.grants.push_back(std::move(one));
  }
  void consent() {
    if (!status({"active"})) return;
    const auto provision = document_.find(root(), "provision");
    const auto whose = reference(document_.find(root(), "patient"));
    if (provision == no_node || whose.empty()) return;
    period(provision, "period", from_, until_);
    if (is_proxy_consent(document_)) {
      const int authority = authority_of_consent(policies_, document_);
      if (authority < 0) return;
      each(document_, provision, "actor", [&](NodeIndex actor) {
        const auto who = reference(document_.find(actor, "reference"));
        if (!who.starts_with("RelatedPerson/") && !who.starts_with("nhs:")) return;
        grant(whose, who, relation::proxy);
        if (!out_.grants.empty()) out_.grants.back().authority = authority;
      });
      return;
    }
    if (document_.text_of(provision, "type") == "deny") refuse(whose, provision);
    each(document_, provision, "provision", [&](NodeIndex nested) {
      if (document_.text_of(nested, "type") == "deny") refuse(whose, nested);
    });
  }
  void refuse(const std::string& whose, NodeIndex provision) {
    Refusal one;
    one.patient = whose, one.from = from_, one.until = until_;
    period(provision, "period", one.from, one.until);
    each(document_, provision, "actor", [&](NodeIndex actor) {
      if (auto who = reference(document_.find(actor, "reference")); !who.empty()) one.actors.push_back(std::move(who));
    });
    each(document_, provision, "securityLabel", [&](NodeIndex label) {
      one.labels |= policies_.label_bit(document_.text_of(label, "system"), document_.text_of(label, "code"));
    });
    each(document_, provision, "class", [&](NodeIndex type) {
      one.types.all_but = false;
      one.types.named.emplace(document_.text_of(type, "code"));
    });
    each(document_, provision, "purpose", [&](NodeIndex purpose) {
      const auto code = document_.text_of(purpose, "code");
      if (code == "TREAT" || code == "ETREAT") one.purposes |= 1U << static_cast<unsigned>(Purpose::direct_care);
      else if (code == "HOPERAT" || code == "HPAYMT") one.purposes |= 1U << static_cast<unsigned>(Purpose::administration);
      else one.purposes |= 1U << static_cast<unsigned>(Purpose::secondary_use);
    });
    out_.refusals.push_back(std::move(one));
  }
  const Policies& policies_;
  const Document& document_;
  std::int64_t instant_;
  const std::string& base_url_;
  std::string address_;
  std::int64_t from_ = always_from, until_ = always_until;
  Facts out_;
};

}  // namespace

bool is_telling(std::string_view type) {
  return std::find(std::begin(telling_types), std::end(telling_types), type) != std::end(telling_types);
}

std::string identifier_key(std::string_view system, std::string_view value) {
  if (value.empty()) return {};
  if (system == "https://fhir.nhs.uk/Id/nhs-number") return "nhs:" + std::string(value);
  if (system == "https://fhir.nhs.uk/Id/ods-organization-code") return "ods:" + std::string(value);
  return {};
}

std::uint32_t labels_of(const Policies& policies, const Document& document) {
  const auto meta = document.find(document.root(), "meta");
  if (meta == no_node) return 0;
  std::uint32_t out = 0;
  each(document, meta, "security", [&](NodeIndex coding) {
    if (document.kind(coding) == NodeKind::object) out |= policies.label_bit(document.text_of(coding, "system"), document.text_of(coding, "code"));
  });
  return out;
}

std::string_view source_of(const Document& document) {
  const auto meta = document.find(document.root(), "meta");
  return meta == no_node ? std::string_view() : document.text_of(meta, "source");
}

bool is_proxy_consent(const Document& document) {
  const auto provision = document.find(document.root(), "provision");
  if (provision == no_node) return false;
  const auto type = document.text_of(provision, "type");
  return (type == "permit" || type.empty()) && document.find(provision, "actor") != no_node;
}

int authority_of_consent(const Policies& policies, const Document& document) {
  int out = -1;
  each(document, document.root(), "policyRule", [&](NodeIndex rule) {
    each(document, rule, "coding", [&](NodeIndex coding) {
      if (const int found = policies.authority_of(document.text_of(coding, "system"), document.text_of(coding, "code")); found >= 0) out = found;
    });
  });
  return out;
}

Facts read_facts(const Policies& policies, std::string_view type, std::string_view id, const Document& document, std::int64_t instant, const std::string& base_url) {
  if (document.kind(document.root()) != NodeKind::object) return {};
  return Reader(policies, type, id, document, instant, base_url).read(type, id);
}

}  // namespace joinedup::access
