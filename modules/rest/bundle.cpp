#include "rest/bundle.hpp"

#include <openssl/evp.h>

#include <set>

#include "fhir/values.hpp"

namespace joinedup::rest {

namespace {

// Entries of a batch, one after the other, that create a resource or put one under its id with no condition: written together, so
// that they share a flush of the disk. Where the store refuses them together each is written alone, and answered for itself.
class PlainWrites {
 public:
  PlainWrites(const State& state, const Call& call, BundleWriter& answers) : state_(state), call_(call), answers_(answers) {
    call_.prefer.returns = call.prefer.returns == Prefer::Return::representation ? Prefer::Return::representation : Prefer::Return::minimal;
  }

  bool takes(const BundleEntry& entry) const {
    if (entry.resource.empty() || !entry.query.empty() || !entry.if_none_exist.empty() || !entry.if_match.empty() || !entry.if_none_match.empty()) return false;
    if (!is_type(entry.resource_type)) return false;
    if (entry.method == "POST") return entry.path == entry.resource_type;
    // Under a narrower permit what is replaced must be asked of too: not here.
    return entry.method == "PUT" && call_.permit.everything() && entry.path == entry.resource_type + "/" + entry.resource_id;
  }

  void add(const BundleEntry& entry) {
    const bool put = entry.method == "PUT";
    if (held_.size() == most_held || bytes_ > most_bytes || (put && !ids_.insert(entry.path).second)) {
      flush();
      if (put) ids_.insert(entry.path);
    }
    Held one;
    fhir::Write write{.kind = put ? fhir::Write::Kind::update : fhir::Write::Kind::create, .type = entry.resource_type, .id = put ? entry.resource_id : "",
                      .body = std::string(entry.resource), .if_match = {}};
    if (auto may = may_write(state_, write.type, write.id, write.body, call_.permit); !may) one.refused = outcome_response(may.error());
    else one.refused = prepare_write(state_, call_, write, one.found);
    if (!one.refused) {
      bytes_ += write.body.size();
      writes_.push_back(std::move(write));
    }
    held_.push_back(std::move(one));
  }

  void flush() {
    if (held_.empty()) return;
    std::vector<Result<fhir::Written>> done;
    if (!writes_.empty()) {
      const auto turn = state_.turns.shared();
      if (auto all = state_.store.write(writes_)) done.assign(all->begin(), all->end());
      else if (writes_.size() == 1) done.push_back(tl::unexpected(all.error()));
      else
        for (const auto& write : writes_) {
          auto alone = state_.store.write({write});
          done.push_back(alone ? Result<fhir::Written>(alone->front()) : tl::unexpected(alone.error()));
        }
    }
    std::size_t next = 0;
    for (Held& one : held_) {
      Response response;
      if (one.refused) response = std::move(*one.refused);
      else if (const auto& written = done[next]; !written) response = outcome_response(written.error()), ++next;
      else response = written_response(state_, call_, *written, writes_[next++].body, {});
      if (answers_.size() > most_answered) response.body.clear(), response.shown.clear();
      answers_.entry_of(std::move(response), call_.prefer.returns, false);
    }
    held_.clear(), writes_.clear(), ids_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t most_held = 500, most_bytes = 16U << 20;
  struct Held {
    std::optional<Response> refused;
    std::vector<Issue> found;
  };
  const State& state_;
  Call call_;
  BundleWriter& answers_;
  std::vector<Held> held_;
  std::vector<fhir::Write> writes_;
  std::set<std::string> ids_;
  std::size_t bytes_ = 0;
};

Response batch(const State& state, const Call& call, const std::vector<BundleEntry>& entries) {
  BundleWriter bundle("batch-response");
  PlainWrites plain(state, call, bundle);
  for (const BundleEntry& entry : entries) {
    Response response;
    if (bundle.size() <= most_answered && plain.takes(entry)) {
      plain.add(entry);
      continue;
    }
    plain.flush();
    if (bundle.size() > most_answered) {
      bundle.entry_of(too_much_answered(), call.prefer.returns, false);
      continue;
    }
    auto request = entry_request(entry, entry.resource, call);
    if (!request) response = outcome_response(request.error());
    else if (entry.path.empty() && entry.method == "POST") response = outcome_response({ErrorCode::wrong_usage, "A Bundle cannot be an entry's request.", {}});
    else response = answer(state, *request);
    bundle.entry_of(std::move(response), call.prefer.returns, entry.method == "GET");
  }
  plain.flush();
  return bundle.response();
}

}  // namespace

Result<std::string> decode_base64(std::string_view text) {
  std::string clean;
  for (const char c : text)
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') clean += c;
  if (clean.empty() || clean.size() % 4 != 0 || clean.size() > (64U << 20)) return fail(ErrorCode::wrong_usage, "What is in the Binary is not base64.");
  std::string out(clean.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(clean.data()), static_cast<int>(clean.size()));
  if (size < 0) return fail(ErrorCode::wrong_usage, "What is in the Binary is not base64.");
  out.resize(out.size() - (clean.ends_with("==") ? 2U : clean.ends_with('=') ? 1U : 0U));
  return out;
}

Response too_much_answered() {
  return outcome_response({ErrorCode::too_large, "The entries before this one were answered with more than 64 MB. Ask for fewer in one Bundle.", {}});
}

Error at_entry(Error error, std::size_t number) {
  error.context = "Bundle.entry[" + std::to_string(number) + "]" + (error.context.empty() ? "" : " " + error.context);
  return error;
}

Result<std::vector<BundleEntry>> read_entries(const fhirpath::Document& document, const State& state) {
  std::vector<BundleEntry> out;
  const auto list = document.find(document.root(), "entry");
  if (list == fhirpath::no_node) return out;
  if (document.kind(list) != fhirpath::NodeKind::array) return fail(ErrorCode::invalid_input, "The Bundle's entry is not a list.");
  for (const auto node : document.children(list)) {
    BundleEntry entry;
    entry.number = out.size();
    if (out.size() == state.options.most_entries)
      return fail(ErrorCode::too_large, "The Bundle has more than " + std::to_string(state.options.most_entries) + " entries.");
    const auto request = document.kind(node) == fhirpath::NodeKind::object ? document.find(node, "request") : fhirpath::no_node;
    if (request == fhirpath::no_node) return tl::unexpected(at_entry({ErrorCode::invalid_input, "The entry has no request.", {}}, entry.number));
    entry.method = document.text_of(request, "method");
    std::string_view url = document.text_of(request, "url");
    if (url.starts_with(state.options.base_url)) url.remove_prefix(state.options.base_url.size());
    while (url.starts_with('/')) url.remove_prefix(1);
    const auto mark = url.find('?');
    entry.path = url.substr(0, mark);
    if (mark != url.npos) entry.query = url.substr(mark + 1);
    entry.full_url = document.text_of(node, "fullUrl");
    entry.if_none_exist = document.text_of(request, "ifNoneExist");
    entry.if_match = document.text_of(request, "ifMatch");
    entry.if_none_match = document.text_of(request, "ifNoneMatch");
    entry.if_modified_since = document.text_of(request, "ifModifiedSince");
    if (const auto resource = document.find(node, "resource"); resource != fhirpath::no_node) {
      if (document.kind(resource) != fhirpath::NodeKind::object) return tl::unexpected(at_entry({ErrorCode::invalid_input, "The entry's resource is not an object.", {}}, entry.number));
      entry.resource = document.text(resource);
      entry.resource_type = document.resource_type(resource);
      entry.resource_id = document.text_of(resource, "id");
      entry.canonical = document.text_of(resource, "url");
    }
    out.push_back(std::move(entry));
  }
  return out;
}

Result<Request> entry_request(const BundleEntry& entry, std::string_view body, const Call& call) {
  Request request;
  request.method = entry.method;
  request.path = "/" + entry.path;
  request.query = entry.query;
  request.permit = &call.permit;
  request.principal = call.request.principal;
  request.author = call.request.author;
  request.organisation = call.request.organisation;
  if (!entry.if_none_exist.empty()) request.headers.push_back({"If-None-Exist", entry.if_none_exist});
  if (!entry.if_match.empty()) request.headers.push_back({"If-Match", entry.if_match});
  if (!entry.if_none_match.empty()) request.headers.push_back({"If-None-Match", entry.if_none_match});
  if (!entry.if_modified_since.empty()) {
    if (const auto period = fhir::date_period(entry.if_modified_since)) request.headers.push_back({"If-Modified-Since", http_date(period->low)});
  }
  if (entry.method == "PATCH" && entry.resource_type == "Binary") {
    JOINEDUP_TRY(const auto binary, Json::parse(body));
    const Json* type = binary.find("contentType");
    const Json* data = binary.find("data");
    if (type == nullptr || data == nullptr) return fail(ErrorCode::wrong_usage, "The Binary of a patch has no contentType or no data.");
    request.headers.push_back({"Content-Type", type->string()});
    JOINEDUP_TRY(request.body, decode_base64(data->string()));
    return request;
  }
  request.body = body;
  if (!body.empty()) request.headers.push_back({"Content-Type", "application/fhir+json"});
  return request;
}

void BundleWriter::entry_of(Response answered, Prefer::Return returns, bool is_read) {
  const bool good = answered.status < 400;
  std::move(answered.written.begin(), answered.written.end(), std::back_inserter(written_));
  std::string out = "{";
  if (good && !answered.body.empty() && (is_read || returns == Prefer::Return::representation)) {
    out += R"("resource":)" + answered.body + ",";
    std::move(answered.shown.begin(), answered.shown.end(), std::back_inserter(shown_));
  }
  out += R"("response":{"status":")" + std::to_string(answered.status) + " " + std::string(status_text(answered.status)) + '"';
  if (const auto location = answered.header("Location"); !location.empty()) out += R"(,"location":)" + json_text(location);
  if (const auto tag = answered.header("ETag"); !tag.empty()) out += R"(,"etag":)" + json_text(tag);
  if (const auto instant = read_http_date(answered.header("Last-Modified"))) out += R"(,"lastModified":")" + fhir::instant_text(*instant) + '"';
  if (!good && !answered.body.empty()) out += R"(,"outcome":)" + answered.body;
  entry(out + "}}");
}

Response post_bundle(const State& state, const Call& call) {
  fhirpath::Document document;
  if (auto read = document.parse(call.request.body); !read) return outcome_response({ErrorCode::wrong_usage, read.error().sentence, read.error().context});
  const auto root = document.root();
  if (document.kind(root) != fhirpath::NodeKind::object || document.resource_type(root) != "Bundle")
    return outcome_response({ErrorCode::wrong_usage, "Only a Bundle can be posted to this address.", {}});
  const auto type = document.text_of(root, "type");
  if (type != "batch" && type != "transaction")
    return outcome_response({ErrorCode::wrong_usage, "Only a Bundle of the type batch or transaction can be posted.", {}});
  auto entries = read_entries(document, state);
  if (!entries) return outcome_response(entries.error());
  return type == "batch" ? batch(state, call, *entries) : transaction(state, call, std::move(*entries));
}

}  // namespace joinedup::rest
