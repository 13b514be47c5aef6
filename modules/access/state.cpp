// What is kept in memory, and how it follows the record.
#include "access/state.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "base/file.hpp"
#include "base/nhs_number.hpp"
#include "base/text.hpp"

namespace joinedup::access {

State::State(fhir::Store& store, Policies policies, const place::Place& place, AccessOptions options, Ledger& ledger)
    : store_(store), policies_(std::move(policies)), options_(std::move(options)), ledger_(ledger), place_(place) {}

std::int64_t State::now() const {
  if (options_.clock) return options_.clock();
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

namespace {

constexpr std::size_t most_touches = 1000;

template <class Map>
void drop(Map& map, const std::string& key, const std::string& address) {
  const auto found = map.find(key);
  if (found == map.end()) return;
  found->second.erase(address);
  if (found->second.empty()) map.erase(found);
}

}  // namespace

void State::forget(const std::string& address) {
  const auto found = facts_.find(address);
  if (found == facts_.end()) return;
  const Facts& old = found->second;
  for (const auto& grant : old.grants) {
    drop(by_holder_, grant.holder, address);
    if (grant.patient != address) drop(granted_of_, grant.patient, address);
  }
  for (const auto& refusal : old.refusals) drop(refusing_, refusal.patient, address);
  for (const auto& member : old.members) drop(teams_of_, member, address);
  for (const auto& identifier : old.identifiers) drop(by_identifier_, identifier, address);
  for (const auto& person : old.people) drop(labelled_, person, address);
  if (!old.practitioner.empty()) drop(roles_of_, old.practitioner, address);
  for (const auto& service : old.services) drop(staff_of_, service, address);
  if (!old.provider.empty()) drop(provided_by_, old.provider, address);
  if (address.starts_with("Patient/")) patients_.erase(address.substr(8));
  facts_.erase(found);
}

void State::put(std::string_view type, std::string_view id, Facts facts) {
  const std::string address = std::string(type) + "/" + std::string(id);
  forget(address);
  if (facts.empty()) return;
  if (type == "Patient") patients_[std::string(id)] = {facts.identifiers, facts.born};
  for (const auto& grant : facts.grants) {
    by_holder_[grant.holder].insert(address);
    if (grant.patient != address) granted_of_[grant.patient].insert(address);
  }
  for (const auto& refusal : facts.refusals) refusing_[refusal.patient].insert(address);
  for (const auto& member : facts.members) teams_of_[member].insert(address);
  for (const auto& identifier : facts.identifiers) by_identifier_[identifier].insert(address);
  for (const auto& person : facts.people) labelled_[person].insert(address);
  if (!facts.practitioner.empty()) roles_of_[facts.practitioner].insert(address);
  for (const auto& service : facts.services) staff_of_[service].insert(address);
  if (!facts.provider.empty()) provided_by_[facts.provider].insert(address);
  facts_.emplace(address, std::move(facts));
}

void State::note(Touch touch) {
  touch.generation = ++generation_;
  if (touches_.size() == most_touches) touches_.pop_front();
  touches_.push_back(std::move(touch));
}

// What is known of one resource becomes `facts`. What says the same as before changes nothing.
void State::change(std::string_view type, std::string_view id, Facts facts) {
  const std::string address = std::string(type) + "/" + std::string(id);
  static const Facts nothing;
  const auto found = facts_.find(address);
  const Facts& before = found == facts_.end() ? nothing : found->second;
  if (facts == before) return;
  Touch touch;
  touch.everything = before.members != facts.members || before.practitioner != facts.practitioner || before.services != facts.services || before.provider != facts.provider ||
                     before.patient != facts.patient || before.identifiers != facts.identifiers || before.born != facts.born;
  if (!touch.everything)
    for (const Facts* one : {&before, &std::as_const(facts)}) {
      for (const Grant& grant : one->grants) touch.grants.emplace_back(grant.holder, grant.patient);
      for (const Refusal& refusal : one->refusals) touch.people.push_back(refusal.patient);
      touch.people.insert(touch.people.end(), one->people.begin(), one->people.end());
    }
  put(type, id, std::move(facts));
  note(std::move(touch));
}

void State::apply(const fhir::Version& version) {
  const bool gone = version.method == fhir::Method::remove || version.body.empty();
  if (gone || (!is_telling(version.type) && version.body.find("\"security\"") == version.body.npos)) return change(version.type, version.id, {});
  thread_local fhirpath::Document document;
  if (!document.parse(version.body)) return change(version.type, version.id, {});
  change(version.type, version.id, read_facts(policies_, version.type, version.id, document, version.instant, options_.base_url));
}

Result<void> State::read_all(const std::string& type, const std::string& query) {
  std::string cursor;
  do {
    JOINEDUP_TRY(auto asked, fhir::parse_query(type, query, fhir::Handling::strict));
    asked.cursor = cursor;
    asked.count = fhir::most_per_page;
    JOINEDUP_TRY(const auto page, store_.search(asked, fhir::PermitAll()));
    for (const auto& entry : page.entries) apply(entry.version);
    cursor = page.next;
  } while (!cursor.empty());
  return {};
}

// Everything that tells something, by type; labels wherever they are. What is committed meanwhile is followed from where we began.
Result<void> State::load() {
  const std::unique_lock lock(mutex_);
  JOINEDUP_TRY(const auto where, store_.changes(0, 0, fhir::PermitAll()));
  followed_ = where.last;
  files_changed();
  for (const auto type : telling_types) JOINEDUP_CHECK(read_all(std::string(type), ""));
  for (const auto& type : fhir::Definitions::r4().types())
    if (!is_telling(type)) JOINEDUP_CHECK(read_all(type, "_security:missing=false"));
  return {};
}

Result<void> State::catch_up() {
  const std::lock_guard one(following_);
  for (;;) {
    JOINEDUP_TRY(const auto page, store_.changes(followed_, 1000, fhir::PermitAll()));
    if (!page.changes.empty()) {
      const std::unique_lock lock(mutex_);
      for (const auto& change : page.changes) apply(change.version);
    }
    followed_ = page.next;
    if (page.next >= page.last) break;
  }
  // What others write (the command line, an editor) is looked for ten times a second: the record itself is followed at every request.
  const auto moment = std::chrono::steady_clock::now();
  if (moment < look_again_) return {};
  look_again_ = moment + std::chrono::milliseconds(100);
  if (ledger_.changed()) JOINEDUP_CHECK(reload_ledger());
  // place.toml is the register of agreements: what it says now counts. One that cannot be read leaves the terms as they were.
  if (files_changed()) {
    if (auto place = place::read_place(place_.folder)) {
      const std::unique_lock lock(mutex_);
      place_ = std::move(*place);
      note({.everything = true});
    }
    JOINEDUP_CHECK(read_objections());
  }
  return {};
}

bool State::files_changed() {
  if (place_.folder.empty()) return false;
  std::string now;
  for (const auto& path : {place_.path("place.toml"), place_.path(place_.objections_file)}) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) continue;
    now += std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec) + "/" + std::to_string(found.st_size) + "/" + std::to_string(found.st_ino) + ";";
  }
  return now != std::exchange(files_, now);
}

Result<void> State::reload_ledger() {
  JOINEDUP_TRY(auto emergencies, ledger_.emergencies());
  JOINEDUP_TRY(auto withheld, ledger_.withheld());
  const std::unique_lock lock(mutex_);
  emergencies_ = std::move(emergencies), withheld_ = std::move(withheld);
  note({.everything = true});
  return {};
}

void State::bump() {
  const std::unique_lock lock(mutex_);
  note({.everything = true});
}

// nhs_number,purpose,from,until: who opted out of uses beyond their own care.
Result<void> State::read_objections() {
  std::unordered_set<std::string, TextHash, std::equal_to<>> out;
  if (!place_.objections_file.empty()) {
    JOINEDUP_TRY(const auto text, read_file(place_.path(place_.objections_file)));
    const auto today = Date{static_cast<std::int32_t>(now() / 86'400'000'000)}.to_iso();
    bool header = true;
    for (const auto line : split(text, '\n')) {
      const auto columns = split(trim(line), ',');
      if (columns.size() < 2 || std::exchange(header, false)) continue;
      const auto purpose = trim(columns[1]);
      if (purpose != "national_data_opt_out" && purpose != "secondary_use") continue;
      const auto from = columns.size() > 2 ? trim(columns[2]) : std::string_view(), until = columns.size() > 3 ? trim(columns[3]) : std::string_view();
      if ((!from.empty() && today < from) || (!until.empty() && today > until)) continue;
      std::string digits;
      for (const char c : columns[0])
        if (c >= '0' && c <= '9') digits += c;
      out.insert("nhs:" + digits);
    }
  }
  const std::unique_lock lock(mutex_);
  opted_out_ = std::move(out);
  note({.everything = true});
  return {};
}

bool State::knows_patient(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  return patients_.contains(id);
}

bool State::hides(std::string_view user, std::string_view patient) const {
  const std::shared_lock lock(mutex_);
  return std::any_of(emergencies_.begin(), emergencies_.end(), [&](const Emergency& e) {
    return e.shown == Emergency::Shown::withheld && e.user == user && e.patient == patient;
  });
}

bool State::withholds(const Subject& subject, const std::string& address) const {
  const std::shared_lock lock(mutex_);
  return std::any_of(withheld_.begin(), withheld_.end(), [&](const Withheld& w) {
    if (w.ended != 0 || w.resource != address) return false;
    if (subject.kind == Subject::Kind::person) return w.from == Withheld::From::person_and_proxies;
    return w.from != Withheld::From::one_proxy || w.related_person == subject.related_person;
  });
}

std::vector<std::string> State::patients_of(std::string_view key) const {
  std::vector<std::string> out;
  if (key.starts_with("Patient/")) {
    out.emplace_back(key.substr(8));
  } else if (const auto found = by_identifier_.find(key); found != by_identifier_.end()) {
    for (const auto& address : found->second)
      if (address.starts_with("Patient/")) out.push_back(address.substr(8));
  }
  return out;
}

// Whether something about the person could be withheld from who may see the rest: a label that is none of theirs, a refusal, an entry withheld.
bool State::is_special(const std::string& patient, std::uint32_t hidden_labels) const {
  const auto has = [&](const std::string& key) {
    if (refusing_.contains(key)) return true;
    const auto found = labelled_.find(key);
    return found != labelled_.end() && std::any_of(found->second.begin(), found->second.end(), [&](const std::string& address) {
      return (facts_.find(address)->second.labels & hidden_labels) != 0;
    });
  };
  if (has("Patient/" + patient)) return true;
  const auto found = patients_.find(patient);
  return found != patients_.end() && std::any_of(found->second.identifiers.begin(), found->second.identifiers.end(), has);
}

}  // namespace joinedup::access
