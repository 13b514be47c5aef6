#include "messages/apply.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/nhs_number.hpp"
#include "base/text.hpp"

namespace joinedup::messages {
namespace {

using Json = nlohmann::json;

const fhir::PermitAll everybody;  // a hospital's feed is taken in as itself; who reads is asked elsewhere

std::string nhs_text(std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 10 - std::min<std::size_t>(10, digits.size()), '0');
  return digits;
}

constexpr const char* columns = "m.id, m.received, m.instant, m.sender, m.partner, m.control_id, m.digest, m.trigger, m.person, m.visit, m.code, m.reason, m.raw";

KeptMessage row_of(const SqliteStatement& row) {
  return {.id = row.integer(0), .received = row.integer(1), .instant = row.integer(2), .sender = row.text(3), .partner = row.text(4), .control_id = row.text(5), .digest = row.text(6),
          .trigger = row.text(7), .person = row.text(8), .visit = row.text(9), .code = row.text(10), .reason = row.text(11), .raw = row.text(12)};
}

}  // namespace

Result<std::unique_ptr<Applier>> Applier::open(const InboxOptions& options, fhir::Store& store) {
  std::unique_ptr<Applier> out(new Applier(options, store));
  JOINEDUP_TRY(out->file_, open_applied(options.place->folder, OpenFor::writing));
  SqliteStatement attach(out->file_.get(), "ATTACH DATABASE ? AS kept", applied_file);
  attach.bind(1, options.place->folder + "/" + kept_file.path);
  JOINEDUP_CHECK(attach.run("be opened"));
  SqliteStatement secret(out->file_.get(), "SELECT bytes FROM secret", applied_file);
  if (!secret.row()) return fail(ErrorCode::invalid_input, "The messages' file has lost its secret; restore it from a backup.", applied_file.path);
  out->key_ = std::make_unique<HmacKey>(secret.text(0));
  SqliteStatement seen(out->file_.get(), "SELECT coalesce((SELECT max(message) FROM outcome), 0), coalesce((SELECT max(id) FROM kept.message), 0)", applied_file);
  if (seen.row()) out->last_seen_ = seen.integer(0), out->unsure_until_ = seen.integer(1);
  return out;
}

std::string Applier::name(std::string_view type, std::string_view key) const {
  const auto digest = key_->of(std::string(type) + "\x1D" + std::string(key));
  const auto hex = to_hex({digest.data(), 16});
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" + hex.substr(20, 12);
}

Result<std::vector<KeptMessage>> Applier::next(std::size_t most) {
  // What is tried again goes first: it came first.
  for (const char* which : {"m.id IN (SELECT message FROM outcome WHERE state = 0) AND ?1 = ?1", "m.id > ?1"}) {
    const std::string sql = std::string("SELECT ") + columns + " FROM kept.message m WHERE m.code = 'AA' AND " + which + " ORDER BY m.id LIMIT ?2";
    SqliteStatement rows(file_.get(), sql.c_str(), applied_file);
    rows.bind(1, last_seen_);
    rows.bind(2, static_cast<std::int64_t>(most));
    std::vector<KeptMessage> out;
    while (rows.row()) out.push_back(row_of(rows));
    if (rows.failed()) return tl::unexpected<Error>(sqlite_error(file_.get(), applied_file, "be read"));
    if (!out.empty()) return out;
  }
  return std::vector<KeptMessage>();
}

Result<std::size_t> Applier::waiting() {
  SqliteStatement count(file_.get(), "SELECT (SELECT count(*) FROM outcome WHERE state = 0) + (SELECT count(*) FROM kept.message WHERE code = 'AA' AND id > ?)", applied_file);
  count.bind(1, last_seen_);
  return count.row() ? static_cast<std::size_t>(count.integer(0)) : 0;
}

Result<std::size_t> Applier::apply_waiting(std::size_t most) {
  JOINEDUP_TRY(const auto batch, next(most));
  if (batch.empty()) return 0;
  auto done = apply_batch(batch);
  // One that the record refuses must not keep the others waiting: each by itself, then.
  if (!done && batch.size() > 1) {
    for (const auto& one : batch) JOINEDUP_CHECK(apply_batch({one}));
    return batch.size();
  }
  if (!done) return tl::unexpected<Error>(done.error());
  return batch.size();
}

Result<void> Applier::apply_batch(const std::vector<KeptMessage>& batch) {
  writes_.clear();
  at_.clear();
  std::vector<Receipt> receipts;
  JOINEDUP_CHECK(run_sql(file_.get(), "BEGIN IMMEDIATE", applied_file, "begin"));
  const auto all = [&]() -> Result<void> {
    for (const auto& message : batch) {
      JOINEDUP_TRY(const auto became, apply_one(message));
      const auto caret = message.trigger.find('^');
      receipts.push_back({.message = message.id, .origin = became.origin, .trigger = message.trigger.substr(caret == std::string::npos ? 0 : caret + 1), .state = became.state, .patient = became.patient, .resources = targets_});
      SqliteStatement outcome(file_.get(), "INSERT INTO outcome VALUES (?, ?, ?) ON CONFLICT (message) DO UPDATE SET state = excluded.state, reason = excluded.reason", applied_file);
      outcome.bind(1, message.id);
      outcome.bind(2, static_cast<std::int64_t>(became.state));
      outcome.bind(3, became.reason);
      JOINEDUP_CHECK(outcome.run("note what became of a message"));
    }
    if (writes_.empty()) return {};
    JOINEDUP_TRY(const auto written, store_.write(writes_));
    return {};
  };
  auto done = all();
  if (done) done = run_sql(file_.get(), "COMMIT", applied_file, "be written");
  if (done) {
    last_seen_ = std::max(last_seen_, batch.back().id);
    if (options_.note) options_.note(receipts);
    return {};
  }
  JOINEDUP_CHECK(run_sql(file_.get(), "ROLLBACK", applied_file, "go back"));
  // What the record will never take is for a person to look at; anything else (a full disk) passes, and the message waits.
  if (batch.size() == 1 && (done.error().code == ErrorCode::invalid_input || done.error().code == ErrorCode::too_large)) {
    SqliteStatement outcome(file_.get(), "INSERT INTO outcome VALUES (?, 2, ?) ON CONFLICT (message) DO UPDATE SET state = 2, reason = excluded.reason", applied_file);
    outcome.bind(1, batch[0].id);
    outcome.bind(2, "The record refuses what this message would write: " + done.error().sentence);
    JOINEDUP_CHECK(outcome.run("note what became of a message"));
    last_seen_ = std::max(last_seen_, batch[0].id);
    return {};
  }
  return done;
}

Result<Applier::Became> Applier::apply_one(const KeptMessage& message) {
  targets_.clear();
  JOINEDUP_TRY(const auto parsed, parse(message.raw));
  const EventSource source{.partner = message.partner, .received = message.received, .sequence = message.id};
  JOINEDUP_TRY(const auto event, read_event(parsed, source));
  if (!options_.place->agreements.empty() && !options_.place->may_write(event.origin, today()))
    return Became{State::held, "No agreement for direct care that lets the sender write is in force; it is applied once there is one (joinedup messages retry).", {}, event.origin};
  // A program that ended after the record had this message and before that was noted: the record's word counts.
  skip_writes_ = message.id <= unsure_until_ && store_.read("Provenance", name("Provenance", message.digest), everybody).has_value();
  return apply_event(message, event);
}

Result<Applier::Became> Applier::apply_event(const KeptMessage& message, const Event& event) {
  JOINEDUP_TRY(const auto person, resolve(event, message.id));
  if (!person.problem.empty()) return Became{State::review, person.problem, {}, event.origin};
  Became became{State::applied, {}, person.patient, event.origin};
  // The fold reads what was applied; this message is, from here on.
  SqliteStatement outcome(file_.get(), "INSERT INTO outcome VALUES (?, 1, '') ON CONFLICT (message) DO UPDATE SET state = 1, reason = ''", applied_file);
  outcome.bind(1, message.id);
  JOINEDUP_CHECK(outcome.run("note what became of a message"));
  if (person.is_own) JOINEDUP_CHECK(write_patient(person.patient));
  if (event.trigger == "A40") {
    if (event.merged_ids.empty()) became.reason = "MRG-1 does not say which number was merged into the person's.";
    else {
      JOINEDUP_TRY(const auto problem, merge(event, person, message.id));
      if (!problem.empty()) became.state = State::review, became.reason = problem;
    }
  } else if (event.visit && !event.visit->key.empty()) {
    JOINEDUP_CHECK(write_visit(message, event, person));
  } else if (event.trigger != "A08" && !(event.trigger == "A04" && !event.visit)) {
    became.reason = "The message has neither a visit number (PV1-19) nor a time of admission (PV1-44): its visit cannot be told from others and was not written.";
  }
  if (event.has_bad_nhs_number && became.reason.empty()) became.reason = "The NHS number fails its check and was not used.";
  if (!targets_.empty()) JOINEDUP_CHECK(write_provenance(message, event));
  return became;
}

std::string Applier::identity(const std::string& key) {
  SqliteStatement row(file_.get(), "SELECT patient FROM identity WHERE key = ?", applied_file);
  row.bind(1, key);
  return row.row() ? row.text(0) : std::string();
}

Result<void> Applier::set_identity(const std::string& key, const std::string& patient) {
  SqliteStatement row(file_.get(), "INSERT INTO identity VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET patient = excluded.patient", applied_file);
  row.bind(1, key);
  row.bind(2, patient);
  return row.run("remember a sender's number");
}

bool Applier::is_own(const std::string& patient) {
  SqliteStatement row(file_.get(), "SELECT 1 FROM own_patient WHERE patient = ? LIMIT 1", applied_file);
  row.bind(1, patient);
  return row.row();
}

// Patients of the record that this room did not make, by a search; those that another stands for are passed over.
Result<std::vector<std::string>> Applier::registered(const std::string& query) {
  JOINEDUP_TRY(auto asked, fhir::parse_query("Patient", query, fhir::Handling::strict));
  asked.count = 10;
  JOINEDUP_TRY(const auto page, store_.search(asked, everybody));
  std::vector<std::string> out;
  for (const auto& entry : page.entries)
    if (entry.version.body.find("\"replaced-by\"") == std::string::npos && !is_own(entry.version.id)) out.push_back(entry.version.id);
  return out;
}

Result<std::string> Applier::nhs_number_of(const std::string& patient) {
  std::string body;
  if (const auto pending = at_.find("Patient/" + patient); pending != at_.end()) body = writes_[pending->second].body;
  else if (const auto version = store_.read("Patient", patient, everybody)) body = version->body;
  const auto json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("identifier")) return std::string();
  for (const auto& one : json["identifier"])
    if (one.value("system", "") == nhs_number_system && read_nhs_number(one.value("value", "")).usable()) return one.value("value", "");
  return std::string();
}

// Whose message it is: the NHS number and the birth date together, or a number of the sender's that was seen before; never a number that
// fails its check, never a name. Who is neither has a Patient of the sender's own, linked to nobody.
Result<Applier::Person> Applier::resolve(const Event& event, std::int64_t message) {
  std::string known;
  for (const auto& id : event.ids)
    if (known.empty()) known = identity(key_text(event.origin, id));
  std::string named;
  if (event.nhs_number) {
    const std::string number = std::string("identifier=") + nhs_number_system + "%7C" + nhs_text(*event.nhs_number);
    JOINEDUP_TRY(const auto all, registered(number));
    if (!all.empty()) {
      if (!event.birth_date) return Person{.patient = {}, .problem = "The NHS number is in the record, but the message has no birth date to confirm it."};
      JOINEDUP_TRY(const auto same, registered(number + "&birthdate=" + *event.birth_date));
      if (same.empty()) return Person{.patient = {}, .problem = "The NHS number is in the record with another birth date."};
      if (same.size() > 1) return Person{.patient = {}, .problem = "More than one person of the record has this NHS number and birth date."};
      named = same[0];
    }
  }
  if (!named.empty() && !known.empty() && named != known) {
    if (!is_own(known)) return Person{.patient = {}, .problem = "The sender's number was another person's before: its NHS number now names somebody else."};
    JOINEDUP_CHECK(join(known, named, "matched", message, {}));
  } else if (named.empty() && !known.empty() && event.nhs_number) {
    JOINEDUP_TRY(const auto before, nhs_number_of(known));
    if (!before.empty() && before != nhs_text(*event.nhs_number)) return Person{.patient = {}, .problem = "The sender's number was used with another NHS number before."};
  }
  Person out{.patient = !named.empty() ? named : known, .problem = {}};
  if (out.patient.empty()) {
    if (event.ids.empty()) return Person{.patient = {}, .problem = "The NHS number is nobody's in the record, and the message has no number of the sender's own."};
    out.patient = name("Patient", event.person_key());
    out.is_own = true;
  } else {
    out.is_own = is_own(out.patient);
  }
  for (const auto& id : event.ids) {
    const auto key = key_text(event.origin, id);
    if (identity(key) != out.patient && (identity(key).empty() || &id == &event.ids.front())) JOINEDUP_CHECK(set_identity(key, out.patient));
    if (!out.is_own) continue;
    SqliteStatement own(file_.get(), "INSERT OR IGNORE INTO own_patient (patient, key) VALUES (?, ?)", applied_file);
    own.bind(1, out.patient);
    own.bind(2, key);
    JOINEDUP_CHECK(own.run("remember a sender's number"));
  }
  return out;
}

// Every message is folded with those of its visit, or person, that were applied before.
Result<std::vector<Event>> Applier::events_of(const char* sql, const std::string& key) {
  SqliteStatement rows(file_.get(), sql, applied_file);
  rows.bind(1, key);
  std::vector<Event> out;
  while (rows.row()) {
    const auto message = row_of(rows);
    const auto parsed = parse(message.raw);
    if (!parsed) continue;
    auto event = read_event(*parsed, {.partner = message.partner, .received = message.received, .sequence = message.id});
    if (event) out.push_back(std::move(*event));
  }
  if (rows.failed()) return tl::unexpected<Error>(sqlite_error(file_.get(), applied_file, "be read"));
  return out;
}

std::string Applier::partner_of(const Event& event) const {
  for (const auto& partner : options_.place->partners)
    if (partner.code == event.origin) return partner.code;
  return {};
}

Result<void> Applier::write_patient(const std::string& patient) {
  JOINEDUP_TRY(auto events, events_of((std::string("SELECT ") + columns + " FROM kept.message m JOIN outcome o ON o.message = m.id WHERE m.person IN (SELECT key FROM own_patient WHERE patient = ?1) AND m.person <> '' AND o.state = 1").c_str(), patient));
  PatientFacts facts{.id = patient, .links = {}};
  // A person of whom several hospitals' messages tell is nobody's own.
  const bool is_ones = !events.empty() && std::all_of(events.begin(), events.end(), [&](const Event& one) { return one.origin == events.front().origin; });
  if (is_ones) facts.organisation = partner_of(events.front());
  SqliteStatement links(file_.get(), "SELECT gone, stays FROM merge WHERE state <> 'undone' AND (gone = ?1 OR stays = ?1) ORDER BY id", applied_file);
  links.bind(1, patient);
  while (links.row()) {
    if (links.text(0) == patient) facts.links.push_back({links.text(1), "replaced-by"});
    else facts.links.push_back({links.text(0), "replaces"});
  }
  put("Patient", patient, patient_body(std::move(events), facts));
  return {};
}

Result<void> Applier::join(const std::string& gone, const std::string& stays, const char* why, std::int64_t message, const std::string& key) {
  SqliteStatement keys(file_.get(), "SELECT group_concat(key, char(30)) FROM identity WHERE patient = ?", applied_file);
  keys.bind(1, gone);
  std::string all = keys.row() ? keys.text(0) : key;
  SqliteStatement note(file_.get(), "INSERT INTO merge (message, key, gone, stays, state) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM merge WHERE gone = ?3 AND stays = ?4 AND state <> 'undone')", applied_file);
  note.bind(1, message);
  note.bind(2, all);
  note.bind(3, gone);
  note.bind(4, stays);
  note.bind(5, std::string(why));
  JOINEDUP_CHECK(note.run("note a merge"));
  SqliteStatement move(file_.get(), "UPDATE identity SET patient = ?2 WHERE patient = ?1", applied_file);
  move.bind(1, gone);
  move.bind(2, stays);
  JOINEDUP_CHECK(move.run("note a merge"));
  JOINEDUP_CHECK(write_patient(gone));
  if (is_own(stays)) JOINEDUP_CHECK(write_patient(stays));
  return {};
}

Result<std::string> Applier::merge(const Event& event, const Person& person, std::int64_t message) {
  for (const auto& id : event.merged_ids) {
    const auto key = key_text(event.origin, id);
    const auto gone = identity(key);
    if (gone == person.patient) continue;
    if (gone.empty()) {  // never seen: should it come after all, it is this person's
      JOINEDUP_CHECK(set_identity(key, person.patient));
    } else if (is_own(gone)) {
      JOINEDUP_CHECK(join(gone, person.patient, "linked", message, key));
    } else if (person.is_own) {  // the number that goes is known as a registered person's: so is the one that stays
      JOINEDUP_CHECK(join(person.patient, gone, "linked", message, key));
    } else {
      return std::string("The merge would join two people who are both in the record by themselves: that is for the identity vault's reviewers.");
    }
  }
  return std::string();
}

Result<void> Applier::write_visit(const KeptMessage& message, const Event& event, const Person& person) {
  JOINEDUP_TRY(auto events, events_of((std::string("SELECT ") + columns + " FROM kept.message m JOIN outcome o ON o.message = m.id WHERE m.visit = ?1 AND m.visit <> '' AND o.state = 1").c_str(), message.visit));
  const auto stay = fold_visit(std::move(events));
  if (stay.status.empty()) return {};
  const auto id = name("Encounter", event.visit->key);
  put("Encounter", id, encounter_body(stay, {.id = id, .patient = person.patient, .origin = event.origin, .facility = event.facility, .organisation = partner_of(event)}));
  return write_alert(event, stay, person.patient, id);
}

Result<void> Applier::write_alert(const Event& event, const Stay& stay, const std::string& patient, const std::string& encounter) {
  if (event.trigger == "A08" || event.trigger == "A02" || event.trigger == "A12" || stay.newest != event.sequence) return {};
  JOINEDUP_TRY(auto query, fhir::parse_query("EpisodeOfCare", "patient=Patient/" + patient + "&status=waitlist,active,onhold", fhir::Handling::strict));
  query.count = 50;
  JOINEDUP_TRY(const auto page, store_.search(query, everybody));
  if (page.entries.empty()) return {};
  Alert alert{.communication_id = name("Communication", event.visit->key + "\x1F" + std::to_string(event.sequence)), .flag_id = name("Flag", event.visit->key), .patient = patient, .encounter = encounter,
              .sent = instant_text(options_.clock()), .text = {}};
  std::set<std::string> recipients;
  for (const auto& entry : page.entries) {
    const auto episode = Json::parse(entry.version.body, nullptr, false);
    if (!episode.is_object()) continue;
    if (episode.contains("careManager") && episode["careManager"].contains("reference")) recipients.insert(episode["careManager"]["reference"].get<std::string>());
    if (episode.contains("team"))
      for (const auto& team : episode["team"])
        if (team.contains("reference")) recipients.insert(team["reference"].get<std::string>());
  }
  alert.recipients.assign(recipients.begin(), recipients.end());
  alert.raises_flag = is_in_hospital(stay);
  alert.is_late = options_.clock() - event.instant > 72LL * 3600 * 1'000'000;
  const bool is_emergency = stay.patient_class == "E";
  const auto& trigger = event.trigger;
  alert.text = trigger == "A01" ? "Admitted to hospital" : trigger == "A04" ? (is_emergency ? "Arrived in the emergency department" : "Arrived at the hospital")
               : trigger == "A03" ? (is_emergency ? "Left the emergency department" : "Discharged from hospital")
               : trigger == "A11" ? "The admission or arrival that was reported did not take place" : "The discharge that was reported did not take place: still in hospital";
  if (!event.facility.empty()) alert.text += " (" + event.facility + ")";
  if (!event.when.empty()) alert.text += ", recorded " + event.when;
  if (alert.is_late) alert.text += "; this came late";
  alert.text += ".";
  put("Communication", alert.communication_id, communication_body(alert));
  put("Flag", alert.flag_id, flag_body(alert, stay));
  return {};
}

Result<void> Applier::write_provenance(const KeptMessage& message, const Event& event) {
  const auto id = name("Provenance", message.digest);
  Json out{{"resourceType", "Provenance"}, {"id", id}, {"meta", {{"source", source_mark}}}};
  for (const auto& target : targets_) out["target"].push_back({{"reference", target}});
  out["recorded"] = instant_text(message.received);
  out["activity"] = {{"coding", {{{"system", "http://terminology.hl7.org/CodeSystem/v2-0003"}, {"code", event.trigger}}}}};
  Json agent{{"type", {{"coding", {{{"system", "http://terminology.hl7.org/CodeSystem/provenance-participant-type"}, {"code", "author"}, {"display", "Author"}}}}}}};
  agent["who"] = {{"identifier", {{"system", "urn:joinedup:sender"}, {"value", event.origin.empty() ? std::string("unknown") : event.origin}}}};
  out["agent"].push_back(agent);
  Json source{{"role", "source"}};
  source["what"] = {{"identifier", {{"system", "urn:joinedup:message"}, {"value", std::to_string(message.id)}}}, {"display", "HL7 v2 ADT^" + event.trigger}};
  out["entity"].push_back(source);
  if (!skip_writes_) writes_.push_back({.kind = fhir::Write::Kind::update, .type = "Provenance", .id = id, .body = out.dump(-1, ' ', false, Json::error_handler_t::replace), .if_match = {}});
  return {};
}

// Nothing is written that the record was given alike before.
void Applier::put(const std::string& type, const std::string& id, Json body) {
  const std::string resource = type + "/" + id;
  auto text = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  Sha256 sum;
  sum.update(text);
  const auto digest = sum.finish_hex();
  SqliteStatement before(file_.get(), "SELECT digest FROM written WHERE resource = ?", applied_file);
  before.bind(1, resource);
  if (before.row() && before.text(0) == digest) return;
  SqliteStatement note(file_.get(), "INSERT INTO written VALUES (?, ?) ON CONFLICT (resource) DO UPDATE SET digest = excluded.digest", applied_file);
  note.bind(1, resource);
  note.bind(2, digest);
  static_cast<void>(note.run("note what was written"));  // without it the next is written once more than needed
  if (std::find(targets_.begin(), targets_.end(), resource) == targets_.end()) targets_.push_back(resource);
  if (skip_writes_) return;
  if (const auto there = at_.find(resource); there != at_.end()) {
    writes_[there->second].body = std::move(text);
    return;
  }
  at_[resource] = writes_.size();
  writes_.push_back({.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = std::move(text), .if_match = {}});
}

Result<std::size_t> Applier::retry() {
  SqliteStatement again(file_.get(), "UPDATE outcome SET state = 0 WHERE state IN (2, 3)", applied_file);
  JOINEDUP_CHECK(again.run("try messages again"));
  return static_cast<std::size_t>(sqlite3_changes(file_.get()));
}

Result<void> Applier::undo_merge(std::int64_t merge) {
  SqliteStatement row(file_.get(), "SELECT key, gone, stays FROM merge WHERE id = ? AND state <> 'undone'", applied_file);
  row.bind(1, merge);
  if (!row.row()) return fail(ErrorCode::not_found, "There is no merge of this number that could be undone; joinedup messages review lists them.");
  const std::string keys = row.text(0), gone = row.text(1), stays = row.text(2);
  writes_.clear();
  at_.clear();
  targets_.clear();
  skip_writes_ = false;
  JOINEDUP_CHECK(run_sql(file_.get(), "BEGIN IMMEDIATE", applied_file, "begin"));
  const auto all = [&]() -> Result<void> {
    for (const auto key : split(keys, '\x1E'))
      if (!key.empty()) JOINEDUP_CHECK(set_identity(std::string(key), gone));
    SqliteStatement undone(file_.get(), "UPDATE merge SET state = 'undone' WHERE id = ?", applied_file);
    undone.bind(1, merge);
    JOINEDUP_CHECK(undone.run("undo a merge"));
    JOINEDUP_CHECK(write_patient(gone));
    if (is_own(stays)) JOINEDUP_CHECK(write_patient(stays));
    if (!writes_.empty()) { JOINEDUP_TRY(const auto written, store_.write(writes_)); }
    return {};
  };
  auto done = all();
  if (done) return run_sql(file_.get(), "COMMIT", applied_file, "be written");
  JOINEDUP_CHECK(run_sql(file_.get(), "ROLLBACK", applied_file, "go back"));
  return done;
}

}  // namespace joinedup::messages
