// The decision about one version of one resource. Every door leads here.
#include <algorithm>

#include "access/state.hpp"

namespace joinedup::access {

using fhirpath::Document;
using fhirpath::no_node;
using fhirpath::NodeIndex;

namespace {

constexpr std::string_view feed_prefix = "urn:joinedup:feed:", house_prefix = "urn:joinedup:";

// By which State::feeds of a view knows a source: "ecds" of a feed, "messages:RXX" of a hospital's messages; empty: of no partner.
std::string_view terms_key(std::string_view source) {
  if (source.starts_with(feed_prefix)) return source.substr(feed_prefix.size());
  return source.starts_with(message_source) ? source.substr(house_prefix.size()) : std::string_view();
}

// Where data came from, as far as it matters to policy.
std::string_view told_source(std::string_view source) { return source.starts_with("urn:joinedup:") ? source : std::string_view(); }

template <class Do>
void each_of(const Document& document, NodeIndex object, std::string_view name, const Do& act) {
  const auto node = document.find(object, name);
  if (node == no_node) return;
  if (document.kind(node) != fhirpath::NodeKind::array) return act(node);
  for (const NodeIndex one : document.children(node)) act(one);
}

// What a form adds up to: of our own scores, from an answered form, and from nothing else.
bool is_score(const Document& document, std::string_view base_url) {
  bool coded = false, derived = false, other = false;
  each_of(document, document.root(), "code", [&](NodeIndex code) {
    each_of(document, code, "coding", [&](NodeIndex coding) { (document.text_of(coding, "system") == "urn:joinedup:score" ? coded : other) = true; });
  });
  each_of(document, document.root(), "derivedFrom", [&](NodeIndex from) {
    (fhir::local_reference(document.text_of(from, "reference"), base_url).starts_with("QuestionnaireResponse/") ? derived : other) = true;
  });
  return coded && derived && !other;
}

bool says_home(const Document& document) {
  for (const auto name : {"address", "telecom"}) {
    const auto list = document.find(document.root(), name);
    if (list == no_node) continue;
    for (const NodeIndex item : document.children(list))
      if (document.text_of(item, "use") == "home") return true;
  }
  return document.find(document.root(), "birthDate") != no_node;
}

}  // namespace

std::uint32_t deed_of(fhir::Action action, std::string_view id) {
  switch (action) {
    case fhir::Action::write: return id.empty() ? deed::create : deed::change;
    case fhir::Action::remove: return deed::remove;
    case fhir::Action::everything_export: return deed::export_;
    default: return deed::read;
  }
}

Verdict State::refused(std::string_view rule) const {
  const auto found = policies_.refusals.find(rule);
  static const std::string unsaid = "The policy does not open it.";
  return {false, rule, found == policies_.refusals.end() ? &unsaid : &found->second, nullptr};
}

void State::find_people(Case& c) const {
  thread_local fhir::People people;
  fhir::people_of(c.type, c.id, *c.document, options_.base_url, people);
  c.people = people.ids;
  // Named by an identifier: whoever bears it. One that nobody bears, or that is of no person, is somebody we do not know.
  for (const auto& one : people.identifiers) {
    const auto key = identifier_key(one.system, one.value);
    if (key.starts_with("ods:")) continue;
    const auto found = by_identifier_.find(key);
    bool any = false;
    if (!key.empty() && found != by_identifier_.end())
      for (const auto& address : found->second)
        if (address.starts_with("Patient/")) c.people.push_back(std::string_view(address).substr(8)), any = true;
    if (!any && c.people.empty()) c.unknown_person = true;
  }
  if (!c.people.empty()) c.unknown_person = false;
  if (c.type == "Provenance")
    each_of(*c.document, c.document->root(), "target", [&](NodeIndex one) {
      const auto to = fhir::local_reference(c.document->text_of(one, "reference"), options_.base_url);
      c.targets.push_back(to.find(':') == to.npos ? to : std::string_view());  // elsewhere, or named by an identifier: empty
    });
}

bool State::in_scope(const View& view, const Case& c) const {
  if (!view.scopes) return true;
  return std::any_of(view.scopes->begin(), view.scopes->end(), [&](const View::OfScope& one) {
    const Scope& s = one.scope;
    if (one.broken || (s.type != "*" && s.type != c.type)) return false;
    bool letter = false;
    switch (c.deed) {
      case deed::create: letter = s.create; break;
      case deed::change: letter = s.update; break;
      case deed::remove: letter = s.remove; break;
      default: letter = c.action == fhir::Action::include ? s.read || s.search : c.action == fhir::Action::read || c.action == fhir::Action::history ? s.read : s.search;
    }
    if (!letter) return false;
    if (s.level == Scope::Level::system && view.subject.kind != Subject::Kind::backend) return false;
    if (s.level == Scope::Level::patient) {
      const std::string& whose = view.subject.launch_patient.empty() ? view.subject.patient : view.subject.launch_patient;
      // What is about nobody is no part of the patient's record, but may be needed to read it.
      if (std::any_of(c.people.begin(), c.people.end(), [&](std::string_view id) { return id != whose; }) || c.unknown_person) return false;
    }
    return !one.constraint || fhir::meets(*one.constraint, *c.document, options_.base_url);
  });
}

// To this one resource, or to one that a Provenance tells of.
bool State::is_only_joined(const View& view, const Case& c, std::string_view patient, std::uint32_t relation) const {
  const auto to = [&](std::string_view address) {
    const auto found = view.only.find(address);
    return found != view.only.end() && std::any_of(found->second.begin(), found->second.end(), [&](const View::Of& one) { return one.relation == relation && one.patient == patient; });
  };
  return to(c.address) || std::any_of(c.targets.begin(), c.targets.end(), to);
}

// Who wrote what is as open as what was written. Persons are joined by the rule itself.
bool State::sees_targets(const View& view, const Case& c) const {
  return std::all_of(c.targets.begin(), c.targets.end(), [&](std::string_view address) {
    const auto slash = address.find('/');
    if (slash == address.npos) return !c.people.empty();
    const auto type = address.substr(0, slash);
    if (type == "Patient") return true;
    if (type == "Provenance") return false;
    const auto there = store_.read(type, address.substr(slash + 1), fhir::PermitAll());
    Document document;
    return there && document.parse(there->body) && decide_locked(view, fhir::Action::read, {type, address.substr(slash + 1), &document}).allowed;
  });
}

// The refusal that stands against the relationships that a rule asks for; nothing: they are there.
const char* State::joined(const View& view, const Rule& rule, const Case& c, bool& emergency) const {
  if (rule.relations == 0) return nullptr;
  if ((rule.relations & relation::own_data) != 0) {
    const auto& own = view.subject.organisation;
    if (!own.empty() && c.source.starts_with(message_source) && c.source.substr(message_source.size()) == own) return nullptr;
    if (!c.source.starts_with(feed_prefix)) return "no-relationship";
    const auto feed = place_.feeds.find(std::string(c.source.substr(feed_prefix.size())));
    return feed != place_.feeds.end() && !own.empty() && feed->second.partner == own ? nullptr : "no-relationship";
  }
  if (c.people.empty() || c.unknown_person) return "no-relationship";
  for (const auto id : c.people) {
    const Joined* found = view.person(id);
    if (found == nullptr) return "no-relationship";
    auto has = found->relations & rule.relations;
    for (const auto one : {relation::offered_referral, relation::past_case})
      if ((has & one) != 0 && !is_only_joined(view, c, id, one)) has &= ~one;
    if (has == 0) return "no-relationship";
    if (has == relation::emergency) emergency = true;
    if ((has & relation::proxy) != 0 && rule.relations == relation::proxy) {
      bool reaches = false;
      for (std::size_t i = 0; i < policies_.authorities.size(); ++i)
        if ((found->authorities >> i & 1U) != 0 && policies_.authorities[i].types.holds(c.type)) reaches = true;
      if (!reaches) return "authority";
    }
    // Who comes after an agreement has ended comes too late.
    if (view.reader.cover == place::Cover::winding_down && found->since > view.reader.ended) return "new-relationship";
  }
  return nullptr;
}

const Label* State::label_against(const View& view, const Case& c, bool emergency, bool& unknown) const {
  unknown = (c.labels & unknown_label) != 0;
  if (unknown) return nullptr;
  for (std::size_t i = 0; i < policies_.labels.size(); ++i) {
    if ((c.labels >> i & 1U) == 0) continue;
    const Label& label = policies_.labels[i];
    switch (view.subject.kind) {
      case Subject::Kind::person:
        if (!label.person) return &label;
        break;
      case Subject::Kind::proxy: {
        std::uint32_t authorities = ~0U;
        for (const auto id : c.people)
          if (const Joined* found = view.person(id)) authorities &= found->authorities;
        if ((label.authorities & authorities) == 0) return &label;
        break;
      }
      case Subject::Kind::backend: break;  // the partner's own data, which it labelled
      case Subject::Kind::worker:
        if ((label.roles & view.roles) == 0 && !(emergency && label.emergency)) return &label;
        break;
    }
  }
  return nullptr;
}

bool State::refused_by_person(const View& view, const Case& c) const {
  if (view.subject.kind == Subject::Kind::person) return false;
  const auto at = now();
  const auto fits = [&](const Refusal& r) {
    if (r.from > at || r.until < at || !r.types.holds(c.type)) return false;
    if (r.labels != 0 && (r.labels & c.labels) == 0) return false;
    if (r.purposes != 0 && (r.purposes & view.purpose) == 0) return false;
    return r.actors.empty() || std::any_of(r.actors.begin(), r.actors.end(), [&](const std::string& actor) {
             return std::find(view.holders.begin(), view.holders.end(), actor) != view.holders.end();
           });
  };
  const auto by = [&](std::string_view key) {
    const auto found = refusing_.find(key);
    if (found == refusing_.end()) return false;
    for (const auto& address : found->second)
      for (const Refusal& refusal : facts_.find(address)->second.refusals)
        if (refusal.patient == key && fits(refusal)) return true;
    return false;
  };
  if (refusing_.empty()) return false;
  for (const auto id : c.people) {
    if (by("Patient/" + std::string(id))) return true;
    if (const auto found = patients_.find(id); found != patients_.end())
      for (const auto& identifier : found->second.identifiers)
        if (by(identifier)) return true;
  }
  return false;
}

bool State::is_withheld(const View& view, const Case& c) const {
  const bool person = view.subject.kind == Subject::Kind::person, proxy = view.subject.kind == Subject::Kind::proxy;
  if (!person && !proxy) return false;
  return std::any_of(withheld_.begin(), withheld_.end(), [&](const Withheld& w) {
    if (w.ended != 0) return false;
    if (person && w.from != Withheld::From::person_and_proxies) return false;
    if (w.from == Withheld::From::one_proxy && w.related_person != view.subject.related_person) return false;
    if (!w.resource.empty()) return w.resource == c.address;
    return w.type == c.type && std::find(c.people.begin(), c.people.end(), w.patient) != c.people.end();
  });
}

bool State::by_author(const View& view, const Rule& rule, const Case& c) const {
  if (rule.author == Rule::Author::any) return true;
  if (rule.author == Rule::Author::not_home) return !says_home(*c.document);
  // An app of somebody's may ask for less than they may see: it cannot be told in their stead.
  if (rule.author == Rule::Author::own_account)
    return (!view.scopes || view.subject.kind == Subject::Kind::backend) && !view.subject.user.empty() && subscriber_of(*c.document) == view.subject.user;
  // Whose words these are: everybody whom the elements below name is the writer.
  const bool worker = view.subject.kind == Subject::Kind::worker;
  const std::string self = view.subject.kind == Subject::Kind::proxy ? "RelatedPerson/" + view.subject.related_person : "Patient/" + view.subject.patient;
  const auto is_self = [&](std::string_view to) {
    if (!worker) return to == self;
    return to.starts_with("Practitioner") && std::find(view.holders.begin(), view.holders.end(), to) != view.holders.end();
  };
  bool any = false, others = false;
  const auto look = [&](NodeIndex one) {
    if (one != no_node) (is_self(fhir::local_reference(c.document->text_of(one, "reference"), options_.base_url)) ? any : others) = true;
  };
  for (const auto name : {"author", "source", "sender", "performer"}) each_of(*c.document, c.document->root(), name, look);
  if (c.type == "Provenance")  // programs that helped are named beside the writer
    each_of(*c.document, c.document->root(), "agent", [&](NodeIndex agent) {
      const auto who = c.document->find(agent, "who");
      if (who == no_node || !fhir::local_reference(c.document->text_of(who, "reference"), options_.base_url).starts_with("Device/")) look(who);
    });
  if (rule.author == Rule::Author::own_score) return !others && is_score(*c.document, options_.base_url);
  return any && !others;
}

// What stands against a version that somebody would write, compared with the one that is there; nothing: it may be written.
const char* State::written(const View& view, const Case& c, const Rule& rule) const {
  if (view.reader.cover != place::Cover::in_force) return "agreement-view-only";
  if (!view.may_write && rule.group != Group::subscription) return "agreement-view-only";
  if (c.deed == deed::remove) return nullptr;
  std::uint32_t labels_before = 0;
  std::string source_before;
  if (c.deed == deed::change) {
    const auto there = store_.read(c.type, c.id, fhir::PermitAll());
    if (!there) return "own-id";  // it would be made under an id of the writer's own: that would tell which ids are taken
    Document document;
    if (!document.parse(there->body)) return "own-id";
    Case before;
    before.type = c.type, before.id = c.id, before.document = &document;
    find_people(before);
    auto mine = c.people, theirs = before.people;
    std::sort(mine.begin(), mine.end()), std::sort(theirs.begin(), theirs.end());
    if (mine != theirs || c.unknown_person != before.unknown_person) return "moved-person";
    labels_before = labels_of(policies_, document);
    source_before = told_source(source_of(document));
  }
  const auto labels_now = labels_of(policies_, *c.document);
  for (std::uint32_t changed = labels_before ^ labels_now; changed != 0; changed &= changed - 1) {
    const auto i = static_cast<std::size_t>(__builtin_ctz(changed));
    if (i >= policies_.labels.size() || (policies_.labels[i].setters & view.roles) == 0) return "label-change";
  }
  const auto source = told_source(c.source);
  if (source != source_before && (c.deed == deed::change || (rule.relations & relation::own_data) == 0)) return "source-change";
  if (c.type == "Patient" && c.deed == deed::create) {
    const auto doctors = c.document->find(c.document->root(), "generalPractitioner");
    bool own = false;
    if (doctors != no_node)
      for (const NodeIndex one : c.document->children(doctors)) {
        const auto to = fhir::local_reference(c.document->text_of(one, "reference"), options_.base_url);
        own = own || std::find(view.holders.begin(), view.holders.end(), to) != view.holders.end();
      }
    if (!own && rule.relations == 0) return "own-practice";
  }
  if (c.type == "Consent" && view.subject.kind == Subject::Kind::person && is_proxy_consent(*c.document)) {
    const int authority = authority_of_consent(policies_, *c.document);
    if (authority < 0 || policies_.authorities[static_cast<std::size_t>(authority)].name != "chosen") return "authority-claimed";
  }
  return nullptr;
}

Verdict State::by_rule(const View& view, const Rule& rule, const Case& c) const {
  bool emergency = false;
  if (const char* against = joined(view, rule, c, emergency)) return refused(against);
  if (!by_author(view, rule, c)) return refused(rule.author == Rule::Author::not_home ? "staff-home" : "not-author");
  if (rule.group == Group::record || rule.group == Group::meeting || rule.group == Group::subscription || rule.group == Group::log) {
    bool unknown = false;
    const bool own = (rule.relations & relation::own_data) != 0;
    if (const Label* label = label_against(view, c, emergency, unknown)) {
      auto out = refused("label");
      out.label = label;
      return out;
    }
    if (unknown && !own) return refused("unknown-label");
    if (!emergency && refused_by_person(view, c)) return refused("consent");
    if (view.subject.purpose != Purpose::direct_care && view.subject.purpose != Purpose::own_record && !opted_out_.empty())
      for (const auto id : c.people)
        if (const auto found = patients_.find(id); found != patients_.end())
          for (const auto& identifier : found->second.identifiers)
            if (opted_out_.contains(identifier)) return refused("opt-out");
    if (is_withheld(view, c)) return refused("withheld");
    if (c.deed == deed::read && !own && !c.targets.empty() && !sees_targets(view, c)) return refused("target");
    if (view.reader.cover == place::Cover::none) return refused("agreement-reader");
    if (view.reader.cover == place::Cover::winding_down && own && view.subject.purpose == Purpose::secondary_use) return refused("agreement-reader");
    if (const auto key = terms_key(c.source); !own && !key.empty() && !view.feeds.empty()) {
      if (const auto terms = view.feeds.find(key); terms != view.feeds.end()) {
        if (terms->second.cover == place::Cover::none || c.deed != deed::read) return refused("agreement-source");
        for (const auto id : c.people)
          if (const Joined* found = view.person(id); found == nullptr || found->since > terms->second.ended) return refused("agreement-source");
      }
    }
  }
  if (c.deed != deed::read)
    if (const char* against = written(view, c, rule)) return refused(against);
  return {true, rule.id, &rule.sentence, nullptr};
}

Verdict State::decide(const View& view, fhir::Action action, const fhir::Asked& asked) const {
  const std::shared_lock lock(mutex_);
  return decide_locked(view, action, asked);
}

Verdict State::decide_locked(const View& view, fhir::Action action, const fhir::Asked& asked) const {
  Case c;
  c.action = action, c.deed = deed_of(action, asked.id), c.type = asked.type, c.id = asked.id, c.document = asked.document;
  if (c.deed == deed::export_ && c.type.empty()) {
    const bool scoped = !view.scopes || std::any_of(view.scopes->begin(), view.scopes->end(), [](const View::OfScope& one) {
      return one.scope.level == Scope::Level::system && one.scope.read && !one.broken;
    });
    if (!scoped) return refused("app-scope");
    for (const Rule* rule : view.rules)
      if ((rule->deeds & deed::export_) != 0 && view.reader.cover == place::Cover::in_force) return {true, rule->id, &rule->sentence, nullptr};
    return refused("default-deny");
  }
  if (c.deed == deed::export_) c.deed = deed::read;
  if (c.document == nullptr) return refused("deleted");
  c.address.reserve(c.type.size() + c.id.size() + 1);
  c.address.append(c.type).append("/").append(c.id);
  c.source = source_of(*c.document);
  c.labels = labels_of(policies_, *c.document);
  find_people(c);
  std::string kept;  // an older version is no more open than what became of it
  Document current;
  if (action == fhir::Action::history) {
    auto there = store_.read(c.type, c.id, fhir::PermitAll());
    if (!there || !current.parse(there->body)) return refused("deleted");
    kept = std::move(there->body);
    if (!current.parse(kept)) return refused("deleted");
    Case now = c;
    now.document = &current;
    now.unknown_person = false, now.targets.clear();
    find_people(now);
    c.labels |= labels_of(policies_, current);
    for (const auto id : now.people)
      if (std::find(c.people.begin(), c.people.end(), id) == c.people.end()) c.people.push_back(id);
    c.unknown_person = c.unknown_person || now.unknown_person;
    c.targets.insert(c.targets.end(), now.targets.begin(), now.targets.end());
  }
  const auto kind = policies_.kind(c.type);
  const Group group = c.people.empty() && !c.unknown_person ? kind.about_nobody : kind.group;
  if (group == Group::closed) return refused("default-deny");
  if (!in_scope(view, c)) return refused("app-scope");
  if (!view.subject.launch_patient.empty())
    for (const auto id : c.people)
      if (id != view.subject.launch_patient) return refused("app-context");
  std::optional<Verdict> first;
  Rule several;  // one person by one relationship, the next by another
  int fitting = 0;
  for (const Rule* rule : view.rules) {
    if (rule->group != group || (rule->deeds & c.deed) == 0 || !rule->types.holds(c.type)) continue;
    if (c.people.size() > 1 && rule->relations != 0 && (rule->relations & relation::own_data) == 0 && rule->author == Rule::Author::any) {
      if (fitting++ == 0) several = *rule;
      several.relations |= rule->relations;
    }
    const auto verdict = by_rule(view, *rule, c);
    if (verdict.allowed) return verdict;
    // The refusal that comes closest to being allowed is the one to be told.
    if (!first || first->rule == "no-relationship") first = verdict;
  }
  if (fitting > 1) {
    const auto verdict = by_rule(view, several, c);
    // What it says must outlive it.
    for (const Rule* rule : view.rules)
      if (verdict.allowed && rule->id == several.id) return {true, rule->id, &rule->sentence, nullptr};
    if (!verdict.allowed && first && first->rule == "no-relationship") first = verdict;
  }
  return first ? *first : refused("default-deny");
}

}  // namespace joinedup::access
