// Writes that first look what is there. One lock for all of them: two never both find nothing and both create.
#include "rest/state.hpp"

namespace joinedup::rest {

namespace {

Response several() {
  return outcome_response(412, {{"error", "multiple-matches", "More than one resource matches the condition. Give one that names a single resource.", {}}});
}

// The call as one on the resource with this id.
Call on(const Call& call, std::string id) {
  Call out = call;
  out.id = std::move(id);
  return out;
}

}  // namespace

Result<std::vector<std::string>> matching_ids(const State& state, std::string_view type, std::string_view query_text, std::size_t most, const fhir::Permit& permit) {
  JOINEDUP_TRY(auto query, fhir::parse_query(type, query_text, fhir::Handling::strict));
  if (query.criteria.empty()) return fail(ErrorCode::wrong_usage, "The condition has no search parameter.");
  query.count = most;
  query.total = fhir::Total::none;
  query.summary = fhir::Summary::none;
  query.includes.clear();
  query.reverse_includes.clear();
  JOINEDUP_TRY(const auto page, state.store.search(query, permit));
  std::vector<std::string> out;
  for (const auto& entry : page.entries) out.push_back(entry.version.id);
  return out;
}

Response conditional_create(const State& state, const Call& call) {
  if (auto id = id_of_body(call.request.body, call.type); !id) return outcome_response(id.error());
  std::string_view condition = call.request.header("If-None-Exist");
  if (const auto mark = condition.find('?'); mark != condition.npos) condition.remove_prefix(mark + 1);
  if (auto may = may_write(state, call.type, "", call.request.body, call.permit); !may) return outcome_response(may.error());
  const auto turn = state.turns.alone();
  auto found = matching_ids(state, call.type, condition, 2, call.permit);
  if (!found) return outcome_response(found.error());
  if (found->size() > 1) return several();
  if (found->empty()) return write_one(state, call, {.kind = fhir::Write::Kind::create, .type = call.type, .id = {}, .body = call.request.body, .if_match = {}});
  auto there = state.store.read(call.type, found->front(), call.permit);
  if (!there) return outcome_response(there.error());
  Response response = version_response(200, *there, call.shape);
  if (call.prefer.returns == Prefer::Return::minimal) response.body.clear(), response.shown.clear();
  response.headers.push_back({"Location", state.address(call.type, there->id) + "/_history/" + std::to_string(there->version)});
  return response;
}

// R4 3.1.0.4.3. No match and no id: created. No match and an id: created under it. One: updated. An id that disagrees: 400.
Response conditional_update(const State& state, const Call& call) {
  auto given = id_of_body(call.request.body, call.type);
  if (!given) return outcome_response(given.error());
  const auto turn = state.turns.alone();
  auto found = matching_ids(state, call.type, call.request.query, 2, call.permit);
  if (!found) return outcome_response(found.error());
  if (found->size() > 1) return several();
  if (found->empty() && given->empty()) {
    if (auto may = may_write(state, call.type, "", call.request.body, call.permit); !may) return outcome_response(may.error());
    return write_one(state, call, {.kind = fhir::Write::Kind::create, .type = call.type, .id = {}, .body = call.request.body, .if_match = {}});
  }
  if (!found->empty() && !given->empty() && *given != found->front())
    return outcome_response({ErrorCode::wrong_usage, "The resource that matches has another id than the one given.", {}});
  const std::string id = found->empty() ? *given : found->front();
  if (auto may = may_write(state, call.type, id, call.request.body, call.permit); !may) return outcome_response(may.error());
  auto now = current(state, call.type, id);
  if (!now) return outcome_response(now.error());
  // A new resource may not take the place of one that does not match.
  if (found->empty() && *now) return outcome_response({ErrorCode::conflict, "A resource with this id is there already, and does not match.", {}});
  if (*now)
    if (auto may = may_change(**now, call.permit); !may) return outcome_response(may.error());
  std::optional<std::uint64_t> wanted;
  if (const auto match = call.request.header("If-Match"); !match.empty()) wanted = read_etag(match);
  else if (!call.permit.everything()) wanted = *now ? (*now)->version : 0;  // what the permit was asked of
  return write_one(state, call, {.kind = fhir::Write::Kind::update, .type = call.type, .id = id, .body = call.request.body, .if_match = wanted});
}

Response conditional_patch(const State& state, const Call& call) {
  const auto turn = state.turns.alone();
  auto found = matching_ids(state, call.type, call.request.query, 2, call.permit);
  if (!found) return outcome_response(found.error());
  if (found->size() > 1) return several();
  if (found->empty()) return outcome_response({ErrorCode::not_found, "No resource matches the condition.", {}});
  return patch_one(state, on(call, found->front()));
}

Response conditional_remove(const State& state, const Call& call) {
  const auto turn = state.turns.alone();
  auto found = matching_ids(state, call.type, call.request.query, 2, call.permit);
  if (!found) return outcome_response(found.error());
  if (found->size() > 1) return several();
  if (found->empty()) return empty_response(204);
  return remove_one(state, on(call, found->front()));
}

}  // namespace joinedup::rest
