// Bulk Data Access (HL7 FHIR uv/bulkdata STU 2): kick-off, status, files, deletion.
#include "rest/bulk.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "fhir/values.hpp"
#include "rest/state.hpp"

namespace joinedup::rest {

namespace {

constexpr std::size_t piece_size = 256 << 10;

// Who may take everything at once: asked with no resource named.
std::optional<Response> refuse(const State& state, const Call& call) {
  if (!call.permit.everything() && !call.permit.allows(fhir::Action::everything_export, {}))
    return outcome_response({ErrorCode::forbidden, "You are not allowed to export the record.", {}});
  if (state.exports == nullptr) return outcome_response({ErrorCode::unsupported, "This server has no folder for bulk exports.", {}});
  return {};
}

Result<void> read_kick_off(const std::string& name, const std::string& value, Export& job) {
  if (name == "_type") {
    for (const auto type : split(value, ',')) {
      if (!is_type(trim(type))) return fail(ErrorCode::wrong_usage, "_type names no type of resource.");
      job.types.emplace_back(trim(type));
    }
  } else if (name == "_since") {
    std::string instant = value;
    if (!fhir::date_period(instant)) std::replace(instant.begin(), instant.end(), ' ', '+');  // the zone's + in an address
    if (!fhir::date_period(instant)) return fail(ErrorCode::wrong_usage, "_since is not given as an instant.");
    job.since = instant;
  } else if (name == "_outputFormat") {
    std::string format = value;
    std::replace(format.begin(), format.end(), ' ', '+');
    if (format != "application/fhir+ndjson" && format != "application/ndjson" && format != "ndjson") return fail(ErrorCode::wrong_usage, "Exports are written as NDJSON only: _outputFormat=ndjson.");
  } else if (name != "_format" && name != "_pretty") {
    // Not to be passed over: the files would hold more than was asked for.
    return fail(ErrorCode::wrong_usage, "The parameter " + name + " is not offered for exports.");
  }
  return {};
}

// The patients that a Group names, but for those who have left it.
Result<std::vector<std::string>> members_of(const State& state, const Call& call) {
  JOINEDUP_TRY(const auto group, state.store.read("Group", call.id, call.permit));
  JOINEDUP_TRY(const auto tree, Json::parse(group.body));
  std::vector<std::string> out;
  const Json* list = tree.find("member");
  if (list == nullptr) return out;
  for (const Json& member : list->items) {
    const Json* inactive = member.find("inactive");
    const Json* entity = member.find("entity");
    const Json* reference = entity == nullptr ? nullptr : entity->find("reference");
    if (reference == nullptr || (inactive != nullptr && inactive->scalar == "true")) continue;
    const std::string to = reference->string();
    if (to.starts_with("Patient/")) out.push_back(to.substr(8, to.find('/', 8) - 8));
  }
  return out;
}

std::string status_address(const State& state, const std::string& id) {
  return state.options.base_url + "/$export-status/" + id;
}

// The export, to whoever began it.
std::optional<Export> own_export(const State& state, const Call& call) {
  auto job = state.exports->find(call.name);
  if (job && job->principal != call.request.principal) job.reset();
  return job;
}

}  // namespace

Response start_export(const State& state, const Call& call) {
  if (auto refused = refuse(state, call)) return std::move(*refused);
  if (call.prefer.answer != Prefer::Answer::later)
    return outcome_response({ErrorCode::wrong_usage, "An export is answered later only: send Prefer: respond-async.", {}});
  Export job;
  job.of = call.type.empty() ? LineOptions::Of::everybody : LineOptions::Of::patients;
  if (call.type == "Group") {
    auto members = members_of(state, call);
    if (!members) return outcome_response(members.error());
    if (members->empty()) return outcome_response({ErrorCode::invalid_input, "The Group names no patients.", {}});
    job.members = std::move(*members);
  }
  job.principal = call.request.principal;
  job.address = state.options.base_url + call.request.path + (call.request.query.empty() ? "" : "?" + call.request.query);
  for (const auto& [name, value] : call.parameters)
    if (auto read = read_kick_off(name, value, job); !read) return outcome_response(read.error());
  if (call.request.method == "POST" && !call.request.body.empty()) {
    auto body = Json::parse(call.request.body);
    if (!body) return outcome_response(body.error());
    if (const Json* list = body->find("parameter")) {
      for (const Json& one : list->items) {
        const Json* name = one.find("name");
        for (const auto& member : one.members)
          if (name != nullptr && member.name.starts_with("value"))
            if (auto read = read_kick_off(name->string(), member.value.string(), job); !read) return outcome_response(read.error());
      }
    }
  }
  if (job.types.empty())
    for (const auto& type : fhir::Definitions::r4().types())
      if (is_type(type) && (job.of == LineOptions::Of::everybody || type == "Patient" || !fhir::Definitions::r4().compartment(type).empty())) job.types.push_back(type);
  auto id = state.exports->start(std::move(job));
  if (!id) return outcome_response(id.error());
  Response response = outcome_response(202, {{"information", "informational", "The export has begun. Ask at the address in Content-Location how far it is.", {}}});
  response.headers.push_back({"Content-Location", status_address(state, *id)});
  return response;
}

Response export_status(const State& state, const Call& call) {
  if (auto refused = refuse(state, call)) return std::move(*refused);
  const auto job = own_export(state, call);
  if (!job) return outcome_response({ErrorCode::not_found, "There is no such export.", {}});
  if (job->state == Export::State::failed) return outcome_response(500, {{"error", "exception", job->fault, {}}});
  if (job->state == Export::State::waiting) {
    Response response = empty_response(202);
    response.headers = {{"X-Progress", std::to_string(job->files.size()) + " of " + std::to_string(job->types.size()) + " types of resource"}, {"Retry-After", "1"}};
    return response;
  }
  std::string out = R"({"transactionTime":)" + json_text(job->instant) + R"(,"request":)" + json_text(job->address) +
                    R"(,"requiresAccessToken":)" + (call.permit.everything() ? "false" : "true") + R"(,"output":[)";
  for (const auto& file : job->files) {
    if (file.count == 0) continue;
    if (out.back() != '[') out += ',';
    out += R"({"type":)" + json_text(file.type) + R"(,"url":)" + json_text(state.options.base_url + "/$export-file/" + job->id + "/" + file.name) + R"(,"count":)" + std::to_string(file.count) + "}";
  }
  Response response = json_response(200, out + R"(],"error":[]})");
  response.headers[0].value = "application/json";
  response.headers.push_back({"Expires", http_date((job->ended + 24 * 3600) * 1'000'000)});
  return response;
}

Response export_delete(const State& state, const Call& call) {
  if (auto refused = refuse(state, call)) return std::move(*refused);
  if (!own_export(state, call) || !state.exports->remove(call.name)) return outcome_response({ErrorCode::not_found, "There is no such export.", {}});
  return outcome_response(202, {{"information", "informational", "The export and its files are deleted.", {}}});
}

Response export_file(const State& state, const Call& call) {
  if (auto refused = refuse(state, call)) return std::move(*refused);
  const auto job = own_export(state, call);
  const bool known = job && std::any_of(job->files.begin(), job->files.end(), [&](const Export::File& file) { return file.name == call.version; });
  if (!known) return outcome_response({ErrorCode::not_found, "There is no such file.", {}});
  const std::string path = state.exports->file(job->id, call.version);
  auto stream = std::make_shared<std::ifstream>(path, std::ios::binary);
  std::error_code fault;
  const auto size = std::filesystem::file_size(path, fault);
  if (!*stream || fault) return outcome_response({ErrorCode::not_found, "There is no such file.", {}});
  Response response = empty_response(200);
  response.headers = {{"Content-Type", "application/fhir+ndjson"}, {"Accept-Ranges", "bytes"}};
  // A download that was cut goes on where it ended: bytes=N-
  if (const auto range = call.request.header("Range"); range.starts_with("bytes=") && range.ends_with('-')) {
    std::uint64_t from = 0;
    const auto digits = range.substr(6, range.size() - 7);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), from);
    if (error == std::errc() && end == digits.data() + digits.size() && !digits.empty()) {
      if (from >= size) {
        Response beyond = outcome_response(416, {{"error", "invalid", "The file ends before that.", {}}});
        beyond.headers.push_back({"Content-Range", "bytes */" + std::to_string(size)});
        return beyond;
      }
      stream->seekg(static_cast<std::streamoff>(from));
      response.status = 206;
      response.headers.push_back({"Content-Range", "bytes " + std::to_string(from) + "-" + std::to_string(size - 1) + "/" + std::to_string(size)});
    }
  }
  response.more = [stream](std::string& piece) -> Result<bool> {
    piece.resize(piece_size);
    stream->read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<std::size_t>(stream->gcount()));
    if (stream->bad()) return fail(ErrorCode::internal, "An export's file cannot be read.");
    return !stream->eof();
  };
  return response;
}

}  // namespace joinedup::rest
