// What one subject may see, as far as it does not depend on a resource.
#include <algorithm>

#include "access/state.hpp"
#include "fhir/values.hpp"

namespace joinedup::access {

namespace {

constexpr std::size_t most_views = 2000;
constexpr std::size_t most_renewed = 64;  // people read anew before all are
constexpr std::int64_t micros_of_day = 86'400'000'000;

std::string key_of(const Subject& s) {
  std::string key;
  const auto add = [&](std::string_view text) { key.append(text).push_back('\n'); };
  add(s.user), add(s.practitioner), add(s.patient), add(s.related_person), add(s.organisation), add(s.launch_patient);
  key += static_cast<char>('0' + static_cast<int>(s.kind)), key += static_cast<char>('0' + static_cast<int>(s.purpose));
  for (const auto& role : s.roles) add(role);
  if (s.scopes) {
    add("scopes");
    for (const auto& one : *s.scopes) {
      add(one.type), add(one.constraint);
      const int letters = (one.create ? 1 : 0) + (one.read ? 2 : 0) + (one.update ? 4 : 0) + (one.remove ? 8 : 0) + (one.search ? 16 : 0) + 32 * static_cast<int>(one.level);
      key += static_cast<char>(letters + 1);
    }
  }
  return key;
}

Grant grant_of(const Emergency& e) {
  Grant grant{"Patient/" + e.patient, "", relation::emergency};
  grant.from = e.from, grant.until = e.until, grant.since = e.from;
  return grant;
}

std::vector<View::OfScope> read_scopes(const std::vector<Scope>& scopes) {
  std::vector<View::OfScope> out;
  for (const Scope& scope : scopes) {
    View::OfScope one{scope, {}, false};
    if (!scope.constraint.empty()) {
      auto query = fhir::parse_query(scope.type, scope.constraint, fhir::Handling::strict);
      // A constraint on every type, or that asks for more than the resource itself can tell, is not one that we can hold to.
      if (scope.type == "*" || !query || query->criteria.empty() || !query->sort.empty() || !query->includes.empty()) one.broken = true;
      else one.constraint = std::move(*query);
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

// The practitioner and their roles, the organisation, and every team that any of them belongs to.
void State::find_holders(View& view) const {
  const Subject& s = view.subject;
  auto& holders = view.holders;
  const auto add = [&](std::string holder) {
    if (std::find(holders.begin(), holders.end(), holder) == holders.end()) holders.push_back(std::move(holder));
  };
  if (s.kind == Subject::Kind::worker) {
    if (!s.practitioner.empty()) {
      add("Practitioner/" + s.practitioner);
      if (const auto found = roles_of_.find(holders.back()); found != roles_of_.end())
        for (const auto& role : found->second) {
          add(role);
          for (const auto& service : facts_.find(role)->second.services) add(service);
        }
    }
    if (!s.organisation.empty()) {
      const std::string code = "ods:" + s.organisation;
      add(code);
      if (const auto found = by_identifier_.find(code); found != by_identifier_.end())
        for (const auto& address : found->second)
          if (address.starts_with("Organization/")) add(address);
    }
    // A service in which nobody is said to work is answered by its organisation.
    for (std::size_t i = 0, many = holders.size(); i < many; ++i) {
      const auto found = provided_by_.find(holders[i]);
      if (found == provided_by_.end()) continue;
      for (const auto& service : found->second)
        if (!staff_of_.contains(service)) add(service);
    }
    for (std::size_t i = 0; i < holders.size(); ++i) {  // teams of teams too; each is added once
      const auto found = teams_of_.find(holders[i]);
      if (found == teams_of_.end()) continue;
      const std::vector<std::string> teams(found->second.begin(), found->second.end());
      for (const auto& team : teams) add(team);
    }
  } else if (s.kind == Subject::Kind::person) {
    if (!s.patient.empty()) add("Patient/" + s.patient);
  } else if (s.kind == Subject::Kind::proxy && !s.related_person.empty()) {
    const std::string address = "RelatedPerson/" + s.related_person;
    const auto found = facts_.find(address);
    // Not there, or not active any more: nobody's proxy.
    if (found == facts_.end() || found->second.patient.empty()) return;
    add(address);
    for (const auto& identifier : found->second.identifiers) add(identifier);
  }
}

// What one grant gives of one of the people that it names; false: nothing.
bool State::join_one(View& view, const Grant& grant, const std::string& id, Joined& person) const {
  const auto at = now();
  if (grant.until != always_until && grant.until >= at) view.good_until = std::min(view.good_until, grant.until + 1);
  if (grant.from > at) view.good_until = std::min(view.good_until, grant.from);
  if (grant.from > at || grant.until < at || grant.relation == 0) return false;
  std::uint32_t authorities = 0;
  if (grant.relation == relation::proxy) {
    const Authority& authority = policies_.authorities[static_cast<std::size_t>(grant.authority)];
    if (authority.until_age > 0) {
      const auto found = patients_.find(id);
      if (found == patients_.end() || found->second.born == always_from) return false;  // nobody can say how old
      const Date born{static_cast<std::int32_t>((found->second.born - (found->second.born < 0 ? micros_of_day - 1 : 0)) / micros_of_day)};
      const auto civil = born.civil();
      const auto birthday = make_date(civil.year + authority.until_age, civil.month, civil.day).value_or(Date::from_civil(civil.year + authority.until_age, 3, 1));
      const auto ends = static_cast<std::int64_t>(birthday.days) * micros_of_day;
      if (ends <= at) return false;
      view.good_until = std::min(view.good_until, ends);
    }
    authorities = 1U << grant.authority;
  }
  if (!grant.resource.empty()) view.only[grant.resource].push_back({id, grant.relation});
  person.relations |= grant.relation;
  person.authorities |= authorities;
  if (grant.resource.empty()) person.since = std::min(person.since, grant.since);
  return true;
}

void State::join(View& view, const Grant& grant, ByText<Joined>& people) const {
  for (const auto& id : patients_of(grant.patient))
    if (Joined person; join_one(view, grant, id, person)) {
      auto& kept = people[id];
      kept.relations |= person.relations, kept.authorities |= person.authorities, kept.since = std::min(kept.since, person.since);
    }
}

Covered State::covered(const std::string& partner, const std::string& purpose, Date day, const std::string& feed, const std::string& reader) const {
  place::Place terms;
  terms.agreements = place_.agreements;
  if (terms.agreements.empty()) return {};
  std::erase_if(terms.agreements, [&](const place::Agreement& a) {
    return !reader.empty() && reader != partner && !a.with.empty() && std::find(a.with.begin(), a.with.end(), reader) == a.with.end();
  });
  Covered out{terms.cover(partner, purpose, day, feed), always_until};
  if (out.cover == place::Cover::winding_down) {
    out.ended = always_from;
    for (const auto& a : terms.agreements)
      if (a.partner == partner && a.purpose == purpose && a.until) out.ended = std::max(out.ended, (static_cast<std::int64_t>(a.until->days) + 1) * micros_of_day - 1);
  }
  return out;
}

void State::read_agreements(View& view) const {
  const auto at = now();
  const Date day{static_cast<std::int32_t>(at / micros_of_day)};
  view.good_until = std::min(view.good_until, (static_cast<std::int64_t>(day.days) + 1) * micros_of_day);
  const auto& all = place_.agreements;
  if (all.empty()) return;
  const Subject& s = view.subject;
  const std::string purpose = s.purpose == Purpose::secondary_use ? "secondary_use" : "direct_care";
  const bool personal = s.kind == Subject::Kind::person || s.kind == Subject::Kind::proxy;
  if (!personal) {
    const bool is_partner = std::any_of(place_.partners.begin(), place_.partners.end(), [&](const place::Partner& p) { return p.code == s.organisation; });
    const bool has_any = std::any_of(all.begin(), all.end(), [&](const place::Agreement& a) { return a.partner == s.organisation; });
    // A practice that is no partner by itself is under the agreement of whoever sends its register; others are strangers.
    if (is_partner || has_any) view.reader = covered(s.organisation, purpose, day, "", "");
    else if (!by_identifier_.contains("ods:" + s.organisation)) view.reader.cover = place::Cover::none;
    if (is_partner || has_any) {
      view.may_write = std::any_of(all.begin(), all.end(), [&](const place::Agreement& a) {
        return a.partner == s.organisation && a.purpose == "direct_care" && a.access == place::Agreement::Access::write && a.from <= day && (!a.until || day <= *a.until);
      });
    }
  }
  // What a partner's messages wrote is under its agreement for care as its feeds are. One that never had any could send nothing.
  for (const auto& partner : place_.partners) {
    const bool had_any = std::any_of(all.begin(), all.end(), [&](const place::Agreement& a) { return a.partner == partner.code && a.purpose == "direct_care"; });
    if (!had_any || (!personal && partner.code == s.organisation)) continue;
    const Covered terms = covered(partner.code, purpose, day, "", personal ? "" : s.organisation);
    if (terms.cover != place::Cover::in_force) view.feeds["messages:" + partner.code] = terms;
  }
  for (const auto& [feed, settings] : place_.feeds) {
    if (!personal && settings.partner == s.organisation) continue;  // their own
    const Covered terms = covered(settings.partner, purpose, day, feed, personal ? "" : s.organisation);
    if (terms.cover != place::Cover::in_force) view.feeds[feed] = terms;
  }
}

std::shared_ptr<View> State::make_view(const Subject& subject) const {
  auto view = std::make_shared<View>();
  view->subject = subject;
  view->generation = generation_;
  view->purpose = 1U << static_cast<unsigned>(subject.purpose);
  for (const auto& role : subject.roles) view->roles |= Policies::role_bit(role);
  // A role is of a kind of subject: an account of a worker is never `person`, whatever is written in it.
  const auto personal = Policies::role_bit("person"), proxy = Policies::role_bit("proxy"), backend = Policies::role_bit("backend");
  switch (subject.kind) {
    case Subject::Kind::person: view->roles = personal; break;
    case Subject::Kind::proxy: view->roles = proxy; break;
    case Subject::Kind::backend: view->roles &= backend; break;
    case Subject::Kind::worker: view->roles &= ~(personal | proxy | backend); break;
  }
  for (const Rule& rule : policies_.rules)
    if ((rule.roles & view->roles) != 0 && (rule.purposes & view->purpose) != 0) view->rules.push_back(&rule);
  if (subject.scopes) view->scopes = read_scopes(*subject.scopes);
  find_holders(*view);
  ByText<Joined> people;
  for (const auto& holder : view->holders) {
    const auto found = by_holder_.find(holder);
    if (found == by_holder_.end()) continue;
    for (const auto& address : found->second)
      for (const Grant& grant : facts_.find(address)->second.grants)
        if (grant.holder == holder) join(*view, grant, people);
  }
  if (subject.kind == Subject::Kind::proxy) {  // of the one person whom this RelatedPerson is related to
    const auto found = facts_.find("RelatedPerson/" + subject.related_person);
    const auto whose = found == facts_.end() ? std::vector<std::string>() : patients_of(found->second.patient);
    const auto at = now();
    const bool over = found == facts_.end() || std::any_of(found->second.grants.begin(), found->second.grants.end(), [&](const Grant& g) { return g.relation == 0 && (g.from > at || g.until < at); });
    std::erase_if(people, [&](const auto& one) { return over || std::find(whose.begin(), whose.end(), one.first) == whose.end(); });
  }
  if (subject.kind == Subject::Kind::worker && subject.purpose == Purpose::direct_care)
    for (const Emergency& e : emergencies_)
      if (e.user == subject.user && !e.user.empty()) join(*view, grant_of(e), people);
  read_agreements(*view);
  std::vector<std::string> plain, special, all;
  constexpr auto lasting = relation::registered_practice | relation::care_team | relation::accepted_referral;
  const bool simple = subject.kind == Subject::Kind::worker && subject.purpose == Purpose::direct_care;
  std::uint32_t hidden_labels = unknown_label;
  for (std::size_t i = 0; i < policies_.labels.size(); ++i)
    if ((policies_.labels[i].roles & view->roles) == 0) hidden_labels |= 1U << i;
  for (const auto& [id, person] : people) {
    all.push_back(id);
    (simple && (person.relations & lasting) != 0 && !is_special(id, hidden_labels) ? plain : special).push_back(id);
  }
  view->plain = std::make_shared<const fhir::PatientSet>(std::move(plain));
  view->special = std::make_shared<const fhir::PatientSet>(std::move(special));
  view->all = std::make_shared<const fhir::PatientSet>(std::move(all));
  view->none = std::make_shared<const fhir::PatientSet>(std::vector<std::string>());
  view->people = std::make_shared<const ByText<Joined>>(std::move(people));
  return view;
}

std::optional<std::set<std::string>> State::outdated(const View& view) const {
  const std::uint64_t since = view.generation;
  std::set<std::string> people;
  if (since == generation_) return people;
  if (touches_.empty() || touches_.front().generation > since + 1) return std::nullopt;
  for (auto touch = touches_.begin() + static_cast<std::ptrdiff_t>(since + 1 - touches_.front().generation); touch != touches_.end(); ++touch) {
    if (touch->everything) return std::nullopt;
    for (const auto& [holder, person] : touch->grants)
      if (std::find(view.holders.begin(), view.holders.end(), holder) != view.holders.end())
        for (auto& id : patients_of(person)) people.insert(std::move(id));
    for (const auto& person : touch->people)
      for (auto& id : patients_of(person))
        if (view.person(id) != nullptr) people.insert(std::move(id));
  }
  return people;
}

// The same view, with what joins the subject to these few read again. They are asked about one by one from then on.
std::shared_ptr<View> State::renewed(const View& view, const std::set<std::string>& people) const {
  auto out = std::make_shared<View>();
  out->subject = view.subject, out->roles = view.roles, out->purpose = view.purpose, out->holders = view.holders, out->rules = view.rules, out->scopes = view.scopes;
  out->reader = view.reader, out->may_write = view.may_write, out->feeds = view.feeds, out->good_until = view.good_until, out->generation = generation_;
  out->people = view.people, out->since = view.since, out->plain = view.plain, out->all = view.all, out->none = view.none;
  for (const auto& [resource, joined] : view.only)
    for (const auto& one : joined)
      if (!people.contains(one.patient)) out->only[resource].push_back(one);
  auto special = view.special->ids();
  for (const auto& id : people) {
    if (!view.since.contains(id)) special.push_back(id);
    Joined person;
    bool is_joined = false;
    const auto take = [&](const std::string& address, const std::string& key) {
      const auto found = facts_.find(address);
      if (found == facts_.end()) return;
      for (const Grant& grant : found->second.grants)
        if (grant.patient == key && std::find(out->holders.begin(), out->holders.end(), grant.holder) != out->holders.end()) is_joined |= join_one(*out, grant, id, person);
    };
    const auto take_all = [&](const std::string& key) {
      if (const auto found = granted_of_.find(key); found != granted_of_.end())
        for (const auto& address : found->second) take(address, key);
    };
    const std::string own = "Patient/" + id;
    take(own, own), take_all(own);
    if (const auto found = patients_.find(id); found != patients_.end())
      for (const auto& key : found->second.identifiers) take_all(key);
    for (const Emergency& e : emergencies_)
      if (out->subject.purpose == Purpose::direct_care && e.patient == id && e.user == out->subject.user && !e.user.empty()) is_joined |= join_one(*out, grant_of(e), id, person);
    out->since[id] = is_joined ? std::optional(person) : std::nullopt;
  }
  out->special = std::make_shared<const fhir::PatientSet>(std::move(special));
  return out;
}

Result<std::shared_ptr<const View>> State::view(const Subject& subject) {
  std::string key = key_of(subject);
  const std::shared_lock reading(mutex_);
  std::shared_ptr<const View> kept;
  {
    const std::lock_guard lock(views_mutex_);
    if (const auto found = views_.find(key); found != views_.end() && found->second->good_until > now()) kept = found->second;
  }
  std::shared_ptr<const View> made;
  if (kept) {
    const auto people = outdated(*kept);
    if (people && people->empty()) {
      kept->generation = generation_;
      return kept;
    }
    if (people && subject.kind == Subject::Kind::worker && kept->since.size() + people->size() <= most_renewed) made = renewed(*kept, *people);
  }
  if (!made) made = make_view(subject);
  const std::lock_guard lock(views_mutex_);
  if (views_.size() >= most_views) views_.clear();
  views_[std::move(key)] = made;
  return made;
}

// Which people's resources of a type can be shown without reading, and which are read first.
std::optional<fhir::Narrowing> State::narrowing(const View& view, fhir::Action action, std::string_view type) const {
  const auto kind = policies_.kind(type);
  if (kind.group != Group::record) return std::nullopt;
  if (view.subject.kind == Subject::Kind::backend) return std::nullopt;  // by the source of each resource
  if (deed_of(action, "x") != deed::read) return std::nullopt;
  constexpr auto lasting = relation::registered_practice | relation::care_team | relation::accepted_referral;
  std::uint32_t relations = 0;
  for (const Rule* rule : view.rules)
    if (rule->group == Group::record && (rule->deeds & deed::read) != 0 && rule->types.holds(type)) relations |= rule->relations;
  if (relations == 0 || view.reader.cover == place::Cover::none) return fhir::Narrowing{view.none.get(), fhir::Narrowing::OfThese::asked, nullptr};
  // A Provenance is as open as what it tells of.
  const bool asked = (relations & lasting) != lasting || type == "Provenance" || view.scopes || !view.subject.launch_patient.empty() || !view.feeds.empty() ||
                     view.reader.cover != place::Cover::in_force;
  if (asked) return fhir::Narrowing{view.all.get(), fhir::Narrowing::OfThese::asked, view.special.get()};
  return fhir::Narrowing{view.plain.get(), fhir::Narrowing::OfThese::allowed, view.special.get()};
}

}  // namespace joinedup::access
