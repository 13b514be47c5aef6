// What every interaction shares, and the interactions by family. Inside this room only.
#pragma once
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "rest/call.hpp"

namespace joinedup::rest {



class Exports;
struct OwnRoutes;

// A write that first looks whether something is there has the record for itself, so that no other write makes what it did not
// find; all others share it. Each waits its turn at the gate, so that many plain writes do not keep a looking one out.
class WritingTurns {
 public:
  std::unique_lock<std::shared_mutex> alone() {
    const std::lock_guard turn(gate_);
    return std::unique_lock(record_);
  }
  std::shared_lock<std::shared_mutex> shared() {
    const std::lock_guard turn(gate_);
    return std::shared_lock(record_);
  }

 private:
  std::mutex gate_;
  std::shared_mutex record_;
};

struct Api::State {
  fhir::Store& store;
  ApiOptions options;
  mutable WritingTurns turns;
  std::unique_ptr<OwnRoutes> own_routes;
  std::unique_ptr<Exports> exports;  // none where there is no folder for them
  std::string capability, openapi;

  State(fhir::Store& to, ApiOptions with);
  ~State();
  std::string address(std::string_view type, std::string_view id) const {
    return options.base_url + "/" + std::string(type) + "/" + std::string(id);
  }
};

using State = Api::State;

// Resource types of R4.
bool is_type(std::string_view type);

// interactions.cpp
Response read(const State& state, const Call& call);
Response read_version(const State& state, const Call& call);
Response create(const State& state, const Call& call);
Response update(const State& state, const Call& call);
Response patch(const State& state, const Call& call);
Response remove(const State& state, const Call& call);
// The same where the caller has its turn already.
Response patch_one(const State& state, const Call& call);
Response remove_one(const State& state, const Call& call);

// conditional.cpp
Response conditional_create(const State& state, const Call& call);
Response conditional_update(const State& state, const Call& call);
Response conditional_patch(const State& state, const Call& call);
Response conditional_remove(const State& state, const Call& call);
// The ids of up to `most` resources that match; unknown parameters and an empty query are errors.
Result<std::vector<std::string>> matching_ids(const State& state, std::string_view type, std::string_view query, std::size_t most, const fhir::Permit& permit);

// history.cpp
Response history(const State& state, const Call& call);
Response changes(const State& state, const Call& call);

// search_bundle.cpp
Response search(const State& state, const Call& call);
Response search_by_post(const State& state, const Call& call);
Response search_compartment(const State& state, const Call& call);
Response explain(const State& state, const Call& call);

// bundle.cpp, transaction.cpp
Response post_bundle(const State& state, const Call& call);

// capability.cpp, openapi.cpp
Response capability_statement(const State& state, const Call& call);
Response openapi_document(const State& state, const Call& call);
std::string make_capability(const ApiOptions& options, const OwnRoutes& own);
std::string make_openapi(const ApiOptions& options, const OwnRoutes& own);

// operations.cpp
Response expand(const State& state, const Call& call);
Response validate(const State& state, const Call& call);
Response everything(const State& state, const Call& call);

// bulk.cpp
Response start_export(const State& state, const Call& call);
Response export_status(const State& state, const Call& call);
Response export_file(const State& state, const Call& call);
Response export_delete(const State& state, const Call& call);

// What several families use (interactions.cpp).
Shown shown(const fhir::Version& version);
// The Patient itself, and whoever the text refers to as Patient/id; found without reading the text as JSON, each once.
std::vector<std::string> patients_named(std::string_view type, std::string_view id, std::string_view body);
Response version_response(int status, const fhir::Version& version, const Shape& shape);
// Asks the permit for a write of this text.
Result<void> may_write(const State& state, std::string_view type, std::string_view id, std::string_view body, const fhir::Permit& permit);
// What validation finds in a text, as the policy asks for it: nothing where it asks for none.
std::vector<Issue> faults(const State& state, std::string_view body);
// The text with NHS numbers that fail their check marked, where the policy validates at all.
std::string marked(const State& state, std::string body);
// The answer to a write that the policy refuses; `place` stands before each element's path.
std::optional<Response> refuse_invalid(const State& state, const std::vector<Issue>& issues, const std::string& place);
// Asks the permit for what is there now.
Result<void> may_change(const fhir::Version& now, const fhir::Permit& permit, fhir::Action action = fhir::Action::write);
// Marks and checks what is to be written, as the policy asks: the answer where it is refused, and what was found.
std::optional<Response> prepare_write(const State& state, const Call& call, fhir::Write& write, std::vector<Issue>& found);
Response written_response(const State& state, const Call& call, const fhir::Written& done, std::string_view body, std::vector<Issue> found);
// Both, with the write between them: one resource, answered as `Prefer` asks.
Response write_one(const State& state, const Call& call, fhir::Write write);
// The text of `now` with the call's patch applied.
Result<std::string> patched(const State& state, const Call& call, const fhir::Version& now);
// The id that a body gives itself; an error where it is no resource of this type.
Result<std::string> id_of_body(std::string_view body, std::string_view type);
std::string random_uuid();
// The current version as the store itself sees it, whoever asks; nothing where there is none or it is deleted.
Result<std::optional<fhir::Version>> current(const State& state, std::string_view type, std::string_view id);

}  // namespace joinedup::rest
