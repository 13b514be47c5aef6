// FHIR's RESTful interactions over a store: a request in, a response out, no sockets. The only header that others include.
//
//   Api api(*store, {.base_url = "http://127.0.0.1:8080/fhir"});
//   fhir::PermitAll permit;
//   Response made = api.handle({.method = "POST", .path = "/Patient", .body = json, .permit = &permit});
//   made.status == 201;  made.header("Location");  made.body;
//   Response page = api.handle({.method = "GET", .path = "/Patient", .query = "name=smith", .permit = &permit});
//
// One route table (routes.hpp) yields the router, the CapabilityStatement and the OpenAPI document. handle() may be called by
// any thread and never throws; every fault is an OperationOutcome with the status of its ErrorCode, and says nothing of a person.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "fhir/fhir.hpp"

namespace joinedup::validation {
class Validator;
}

namespace joinedup::rest {

struct Header {
  std::string name, value;
};

struct Request {
  std::string method;           // GET, HEAD, POST, PUT, PATCH, DELETE
  std::string path;             // below the base, still percent-encoded: "/Patient/1", "" and "/" are the system
  std::string query;            // after the "?", still percent-encoded
  std::vector<Header> headers;
  std::string body;
  const fhir::Permit* permit = nullptr;  // who asks; nothing: refused
  std::string principal;        // a name of theirs that outlives the request: their exports are theirs alone
  std::string author;           // "Practitioner/3": who asks, as the record names them; empty where it does not
  std::string organisation;     // code of the partner for whom they ask; empty: none
  std::string peer;             // network address of who is connected; empty: this machine's own socket
  std::string id;               // that the server gave the request; stands in its log
  std::string_view header(std::string_view name) const;  // whatever its case; empty where absent
};

// A version of a resource that an answer gives away, whole or in part, or that a request wrote: what an audit of who looked names.
struct Shown {
  std::string type, id;
  std::uint64_t version = 0;
  std::vector<std::string> patients;  // ids of every Patient that it is or refers to
};

struct Response {
  int status = 200;
  std::vector<Header> headers;  // Content-Type among them; not Content-Length
  std::string body;
  // Where set, the body comes in pieces: it fills `piece` and says whether there may be more. Bulk export and long pages.
  std::function<Result<bool>(std::string& piece)> more;
  // Where set, with `more`: each further piece is asked for once `ready` is called, and no thread waits meanwhile; `more` must be quick then,
  // and the pieces are not packed. Event streams. May be called by any thread; an error ends the connection.
  std::function<void(std::function<void(Result<void>)> ready)> wait;
  // Where set, the answer goes out only once `resume` is called without error: its audit event is on the disk. May be called by any thread.
  std::function<void(std::function<void(Result<void>)> resume)> hold;
  // Every resource whose content is in the body, or (304) is confirmed to be what the asker holds: matches and includes, versions
  // of a history, entries of a Bundle, what is validated or expanded. The files of a bulk export are not broken down.
  std::vector<Shown> shown;
  std::vector<Shown> written;  // every version that the request made
  std::string_view header(std::string_view name) const;
};

// What is done on a write with the faults that validation finds.
enum class Validation : std::uint8_t { none, warn, reject };

// What an operation of another room is given: the parts of its address, and the Api again under the asker's own permit. It has no
// other way to the record, so it can read and write nothing that the asker could not by themself.
struct OperationCall {
  const Request& request;
  std::string type, id;                                          // "EpisodeOfCare", "7"; empty where the address names none
  std::vector<std::pair<std::string, std::string>> parameters;   // of the query, decoded
  // The permit, principal, author and organisation are filled in. What the answer shows and writes is named in the operation's own answer.
  std::function<Response(Request)> handle;
  // The same, where only totals leave the operation: what is read so is not named as shown to the asker.
  std::function<Response(Request)> tally;
  std::string base_url;                                          // where clients see the record
};

struct Operation {
  std::string method;   // POST where it changes anything; GET otherwise
  std::string pattern;  // "/EpisodeOfCare/{id}/$accept", "/Appointment/$plan-meeting", "/$drafts"
  std::string name;     // "accept"
  std::string summary;  // one line, for the CapabilityStatement and the OpenAPI document
  enum class Effect : std::uint8_t { reads, changes } effect = Effect::reads;
  std::function<Response(const OperationCall&)> handler;  // any thread; may throw
};

struct ApiOptions {
  std::string base_url;       // where clients see us, no slash at its end
  Validation validation = Validation::none;
  const validation::Validator* validator = nullptr;  // with a place's profiles, outliving the Api; null: the base definitions of R4
  std::string export_folder;  // bulk export writes here (files of people's data, 0600); empty: no bulk export
  // What whoever began an export may see, asked when its files are written, after a restart too; an error ends the export. Where
  // absent, exports hold everything.
  std::function<Result<std::unique_ptr<fhir::Permit>>(const std::string& principal)> export_permit = {};
  std::vector<Operation> operations = {};  // of other rooms
  std::size_t most_entries = 20'000;     // of a Bundle that is posted
  std::size_t most_patch_steps = 1'000;  // operations of one patch
};

class Api {
 public:
  Api(fhir::Store& store, ApiOptions options);
  ~Api();
  Response handle(const Request& request) const;
  struct State;  // for this room only

 private:
  std::unique_ptr<State> state_;
};

// The words of HTTP for a status: "Not Found".
std::string_view status_text(int status);

}  // namespace joinedup::rest
