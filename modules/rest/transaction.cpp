// A transaction: every entry or none. Deletes, creates, updates and patches go to the store in one write; reads follow.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "rest/bundle.hpp"
#include "rest/links.hpp"
#include "rest/patch.hpp"

namespace joinedup::rest {

namespace {

// What becomes of an entry.
struct Plan {
  BundleEntry entry;
  enum class Kind : std::uint8_t { remove, create, update, read, nothing } kind = Kind::read;
  std::string type, id;
  std::optional<std::uint64_t> if_match;
  std::optional<fhir::Version> there;   // of a condition that something fulfils already; without its body
  std::string text;                     // to be written
  std::optional<std::size_t> written;   // its place in the list of writes
  std::vector<std::string> patients;    // whom it is about
};


class Transaction {
 public:
  Transaction(const State& state, const Call& call) : state_(state), call_(call) {}
  Response run(std::vector<BundleEntry> entries);

 private:
  Result<void> plan(Plan& plan);
  Result<void> plan_conditional(Plan& plan);
  Result<void> identify();
  Result<void> prepare(Plan& plan);
  Result<std::optional<std::string>> link(const Plan& plan, LinkPlace place, std::string_view text);
  Result<std::string> conditional_reference(std::string_view text);
  Result<std::vector<std::string>> matches(std::string_view type, const std::string& query);
  Response write();
  Response respond(const std::vector<fhir::Written>& done);
  Response refuse(const Plan& plan, const Error& error) const;

  const State& state_;
  const Call& call_;
  std::vector<Plan> plans_;
  std::unordered_map<std::string, std::string> by_full_url_;     // to "Type/id"
  std::set<std::string, std::less<>> canonical_;                 // addresses that resources of the transaction have for good
  std::map<std::string, std::string> created_if_none_exists_;    // "Type?query" to "Type/id"
  std::map<std::string, std::string, std::less<>> resolved_;     // conditional references seen
  int status_ = 0;  // of a fault that has one of its own
};

tl::unexpected<Error> malformed(const std::string& why) {
  return fail(ErrorCode::wrong_usage, why);
}

bool is_write(const BundleEntry& entry) {
  return entry.method != "GET" && entry.method != "HEAD";
}

// What a write's address names: "Patient", or "Patient/1".
Result<std::pair<std::string, std::string>> target(const BundleEntry& entry) {
  const auto slash = entry.path.find('/');
  std::pair<std::string, std::string> out(entry.path.substr(0, slash), slash == std::string::npos ? "" : entry.path.substr(slash + 1));
  if (!is_type(out.first) || out.second.find_first_of("/$_") != std::string::npos)
    return malformed("The entry's address is not one that a transaction can write to.");
  return out;
}

Result<std::vector<std::string>> Transaction::matches(std::string_view type, const std::string& query) {
  return matching_ids(state_, type, query, 2, call_.permit);
}

// A condition instead of an id: If-None-Exist of a create, or criteria in the address.
Result<void> Transaction::plan_conditional(Plan& plan) {
  const bool create = plan.kind == Plan::Kind::create;
  const std::string& query = create ? plan.entry.if_none_exist : plan.entry.query;
  if (query.empty()) return malformed("The entry's address has neither an id nor a condition.");
  JOINEDUP_TRY(const auto found, matches(plan.type, query));
  if (found.size() > 1) {
    status_ = 412;
    return fail(ErrorCode::conflict, "More than one resource matches the entry's condition.");
  }
  if (create) {
    if (found.empty()) {
      plan.id = random_uuid();
      const auto [there, first] = created_if_none_exists_.emplace(plan.type + "?" + query, plan.type + "/" + plan.id);
      if (first) return {};
      plan.kind = Plan::Kind::nothing;  // another entry of this transaction creates it
      plan.id = there->second.substr(plan.type.size() + 1);
      return {};
    }
    plan.kind = Plan::Kind::nothing;
    plan.id = found[0];
    JOINEDUP_TRY(plan.there, current(state_, plan.type, plan.id));
    if (plan.there) plan.there->body = std::string();  // many entries may name one large resource
    return {};
  }
  if (!found.empty()) {
    plan.id = found[0];
    if (plan.kind == Plan::Kind::update && plan.entry.method == "PUT" && !plan.entry.resource_id.empty() && plan.entry.resource_id != plan.id && !plan.entry.resource_id.starts_with("urn:"))
      return malformed("The resource that matches has another id than the one given.");
    return {};
  }
  if (plan.kind == Plan::Kind::remove) plan.kind = Plan::Kind::nothing;
  else if (plan.entry.method == "PATCH") return fail(ErrorCode::not_found, "No resource matches the entry's condition.");
  else if (plan.entry.resource_id.empty()) plan.kind = Plan::Kind::create, plan.id = random_uuid();
  else {
    plan.id = plan.entry.resource_id;
    plan.if_match = 0;
  }
  return {};
}

Result<void> Transaction::plan(Plan& plan) {
  const BundleEntry& entry = plan.entry;
  if (!is_write(entry)) return {};
  JOINEDUP_TRY(const auto names, target(entry));
  plan.type = names.first, plan.id = names.second;
  if (entry.method == "POST") plan.kind = Plan::Kind::create;
  else if (entry.method == "PUT" || entry.method == "PATCH") plan.kind = Plan::Kind::update;
  else if (entry.method == "DELETE") plan.kind = Plan::Kind::remove;
  else return malformed("The entry's method is none of GET, HEAD, POST, PUT, PATCH and DELETE.");
  if (entry.method != "DELETE" && entry.resource.empty()) return malformed("The entry has no resource.");
  if ((entry.method == "POST" || entry.method == "PUT") && entry.resource_type != plan.type) return malformed("The entry's resource is not of the type that its address names.");
  if (!entry.if_match.empty()) {
    plan.if_match = read_etag(entry.if_match);
    if (!plan.if_match) return malformed("The entry's ifMatch names no version of this server: it is of the form W/\"3\".");
  }
  if (entry.if_none_match == "*") plan.if_match = 0;
  if (plan.kind == Plan::Kind::create) {
    if (!plan.id.empty()) return malformed("A POST names a type, not a resource.");
    if (!entry.if_none_exist.empty()) return plan_conditional(plan);
    plan.id = random_uuid();
    return {};
  }
  if (plan.id.empty()) return plan_conditional(plan);
  if (entry.method == "PUT" && entry.resource_id != plan.id) return malformed("The resource's id is not the one in the entry's address.");
  return {};
}

// Who is who: no resource twice, and what each fullUrl will be.
Result<void> Transaction::identify() {
  std::set<std::string> written;
  for (const Plan& plan : plans_) {
    if (!is_write(plan.entry)) continue;
    if (!plan.entry.canonical.empty()) canonical_.insert(plan.entry.canonical);
    const std::string local = plan.type + "/" + plan.id;
    if (plan.kind != Plan::Kind::nothing && !written.insert(local).second)
      return tl::unexpected(at_entry({ErrorCode::wrong_usage, "Two entries of the transaction write the same resource.", {}}, plan.entry.number));
    if (plan.entry.full_url.empty() || plan.kind == Plan::Kind::remove || plan.id.empty()) continue;
    if (!by_full_url_.emplace(plan.entry.full_url, local).second && plan.kind != Plan::Kind::nothing)
      return tl::unexpected(at_entry({ErrorCode::wrong_usage, "Two entries of the transaction have the same fullUrl.", {}}, plan.entry.number));
  }
  return {};
}

Result<std::string> Transaction::conditional_reference(std::string_view text) {
  if (const auto known = resolved_.find(text); known != resolved_.end()) return known->second;
  std::string_view local = text;
  if (local.starts_with(state_.options.base_url + "/")) local.remove_prefix(state_.options.base_url.size() + 1);
  const auto mark = local.find('?');
  const std::string type(local.substr(0, mark)), query(local.substr(mark + 1));
  JOINEDUP_TRY(const auto found, matches(type, query));
  std::string out;
  if (found.size() == 1) out = type + "/" + found[0];
  else if (const auto created = created_if_none_exists_.find(type + "?" + query); found.empty() && created != created_if_none_exists_.end()) out = created->second;
  else {
    status_ = 412;
    return fail(ErrorCode::conflict, found.empty() ? "A conditional reference matches no resource." : "A conditional reference matches more than one resource.");
  }
  resolved_.emplace(text, out);
  return out;
}

// What a link of an entry becomes; nothing: it stays.
Result<std::optional<std::string>> Transaction::link(const Plan& plan, LinkPlace place, std::string_view text) {
  if (text.empty() || text[0] == '#') return std::optional<std::string>();
  std::string_view base = text, fragment;
  if (const auto hash = text.find('#'); hash != text.npos) base = text.substr(0, hash), fragment = text.substr(hash);
  auto found = by_full_url_.find(std::string(base));
  const bool relative = base.substr(0, base.find_first_of("/?")).find(':') == base.npos;
  if (found == by_full_url_.end() && relative && place == LinkPlace::reference) {
    // Relative to the server that the entry came from (R4, bundle.html#references).
    const std::string tail = "/" + plan.entry.resource_type + "/" + plan.entry.resource_id;
    if (plan.entry.full_url.starts_with("http") && plan.entry.full_url.ends_with(tail))
      found = by_full_url_.find(plan.entry.full_url.substr(0, plan.entry.full_url.size() - tail.size() + 1) + std::string(base));
  }
  if (found != by_full_url_.end()) {
    if (place != LinkPlace::reference && relative) return std::optional<std::string>();
    // What a definition calls itself, and is called by, is not where it is kept.
    if (place == LinkPlace::address && canonical_.contains(base)) return std::optional<std::string>();
    return std::optional(found->second + std::string(fragment));
  }
  if (place != LinkPlace::reference) return std::optional<std::string>();
  const auto mark = base.find('?');
  if (mark != base.npos && (relative || base.starts_with(state_.options.base_url + "/"))) {
    std::string_view type = base.substr(0, mark);
    if (!relative) type.remove_prefix(state_.options.base_url.size() + 1);
    if (is_type(type)) {
      JOINEDUP_TRY(auto resolved, conditional_reference(base));
      return std::optional(std::move(resolved));
    }
  }
  if (base.starts_with("urn:uuid:") || base.starts_with("urn:oid:"))
    return fail(ErrorCode::invalid_input, "A reference names no entry of the transaction: its urn is nobody's fullUrl.");
  return std::optional<std::string>();
}

// The text to be written, with its links as they will be; and may the caller write it?
Result<void> Transaction::prepare(Plan& plan) {
  if (plan.kind == Plan::Kind::read || plan.kind == Plan::Kind::nothing) return {};
  std::optional<fhir::Version> now;
  if (plan.kind != Plan::Kind::create) {
    if (plan.entry.method == "PUT") {
      JOINEDUP_TRY(now, current(state_, plan.type, plan.id));
    } else {  // what the caller may not see is not there to be patched or deleted
      auto seen = state_.store.read(plan.type, plan.id, call_.permit);
      if (seen) now = std::move(*seen);
      else if (seen.error().code != ErrorCode::not_found) return tl::unexpected(seen.error());
    }
    if (now) JOINEDUP_CHECK(may_change(*now, call_.permit, plan.kind == Plan::Kind::remove ? fhir::Action::remove : fhir::Action::write));
    if (now) plan.patients = patients_named(now->type, now->id, now->body);
    if (!call_.permit.everything() && !plan.if_match) plan.if_match = now ? now->version : 0;  // what the permit was asked of
  }
  if (plan.kind == Plan::Kind::remove) {
    if (!now) {
      if (!plan.entry.if_match.empty()) {
        status_ = 412;
        return fail(ErrorCode::conflict, "The resource is not there in the version that ifMatch names.");
      }
      plan.kind = Plan::Kind::nothing;
    }
    return {};
  }
  if (plan.entry.method == "PATCH") {
    if (!now) return fail(ErrorCode::not_found, "There is no such resource to patch.");
    if (!plan.if_match) plan.if_match = now->version;
    JOINEDUP_TRY(const auto request, entry_request(plan.entry, plan.entry.resource, call_));
    const Call patch{request, call_.permit, plan.type, plan.id, {}, {}, {}, {}, {}};
    JOINEDUP_TRY(plan.text, patched(state_, patch, *now));
  } else {
    JOINEDUP_TRY(plan.text, replace_links(plan.entry.resource, [&](LinkPlace place, std::string_view text) { return link(plan, place, text); }));
  }
  return may_write(state_, plan.type, plan.kind == Plan::Kind::create ? "" : plan.id, plan.text, call_.permit);
}

Response Transaction::refuse(const Plan& plan, const Error& error) const {
  const Error placed = at_entry(error, plan.entry.number);
  Response response = outcome_response(placed);
  if (status_ != 0) response.status = status_;
  else if (error.code == ErrorCode::not_found) response.status = 404;
  return response;
}

Response Transaction::write() {
  std::vector<fhir::Write> writes;
  for (const auto kind : {Plan::Kind::remove, Plan::Kind::create, Plan::Kind::update}) {
    for (Plan& plan : plans_) {
      if (plan.kind != kind) continue;
      plan.written = writes.size();
      for (auto& patient : patients_named(plan.type, plan.id, plan.text))
        if (std::find(plan.patients.begin(), plan.patients.end(), patient) == plan.patients.end()) plan.patients.push_back(std::move(patient));
      const auto what = kind == Plan::Kind::remove ? fhir::Write::Kind::remove : kind == Plan::Kind::create ? fhir::Write::Kind::create : fhir::Write::Kind::update;
      writes.push_back({.kind = what, .type = plan.type, .id = plan.id, .body = std::move(plan.text), .if_match = plan.if_match});
    }
  }
  std::vector<fhir::Written> done;
  if (!writes.empty()) {
    auto written = state_.store.write(writes);
    if (!written) {
      Response response = outcome_response(written.error());
      if (written.error().code == ErrorCode::conflict) response.status = 412;
      return response;
    }
    done = std::move(*written);
  }
  return respond(done);
}

Response Transaction::respond(const std::vector<fhir::Written>& done) {
  BundleWriter bundle("transaction-response");
  for (Plan& plan : plans_) {
    Response response;
    if (plan.kind == Plan::Kind::read) {
      auto request = entry_request(plan.entry, {}, call_);
      response = bundle.size() > most_answered ? too_much_answered() : request ? answer(state_, *request) : outcome_response(request.error());
    } else if (plan.written) {
      const auto& written = done[*plan.written];
      response.written.push_back({written.type, written.id, written.version, std::move(plan.patients)});
      response.status = written.method == fhir::Method::create ? 201 : written.method == fhir::Method::update ? 200 : 204;
      response.headers = {{"ETag", etag(written.version)}, {"Last-Modified", http_date(written.instant)}};
      if (written.method != fhir::Method::remove) {
        response.headers.push_back({"Location", state_.address(written.type, written.id) + "/_history/" + std::to_string(written.version)});
        if (call_.prefer.returns == Prefer::Return::representation && bundle.size() <= most_answered)
          if (auto kept = state_.store.read_version(written.type, written.id, written.version, call_.permit)) response.shown.push_back(shown(*kept)), response.body = std::move(kept->body);
      }
    } else {
      response.status = plan.entry.method == "DELETE" ? 204 : 200;
      if (!plan.there && plan.entry.method != "DELETE")
        if (auto kept = current(state_, plan.type, plan.id); kept) plan.there = std::move(*kept);
      if (plan.there) {
        response.headers = {{"ETag", etag(plan.there->version)}, {"Last-Modified", http_date(plan.there->instant)},
                            {"Location", state_.address(plan.type, plan.id) + "/_history/" + std::to_string(plan.there->version)}};
        if (call_.prefer.returns == Prefer::Return::representation && bundle.size() <= most_answered)
          if (auto kept = state_.store.read(plan.type, plan.id, call_.permit)) response.shown.push_back(shown(*kept)), response.body = std::move(kept->body);
      }
    }
    bundle.entry_of(std::move(response), call_.prefer.returns, plan.kind == Plan::Kind::read);
  }
  return bundle.response();
}

Response Transaction::run(std::vector<BundleEntry> entries) {
  bool looks = false;
  for (BundleEntry& entry : entries) {
    looks |= is_write(entry) && (!entry.if_none_exist.empty() || !entry.query.empty());
    plans_.push_back({.entry = std::move(entry)});
  }
  std::unique_lock<std::shared_mutex> alone;
  std::shared_lock<std::shared_mutex> shared;
  if (looks) alone = state_.turns.alone();
  else if (std::any_of(plans_.begin(), plans_.end(), [](const Plan& one) { return is_write(one.entry); })) shared = state_.turns.shared();
  for (Plan& one : plans_)
    if (auto planned = plan(one); !planned) return refuse(one, planned.error());
  if (auto identified = identify(); !identified) return outcome_response(identified.error());
  for (Plan& one : plans_) {
    if (auto prepared = prepare(one); !prepared) return refuse(one, prepared.error());
    if (one.text.empty()) continue;
    one.text = marked(state_, std::move(one.text));
    if (state_.options.validation != Validation::reject) continue;
    if (auto refused = refuse_invalid(state_, faults(state_, one.text), "Bundle.entry[" + std::to_string(one.entry.number) + "]")) return std::move(*refused);
  }
  return write();
}

}  // namespace

Response transaction(const State& state, const Call& call, std::vector<BundleEntry> entries) {
  return Transaction(state, call).run(std::move(entries));
}

}  // namespace joinedup::rest
