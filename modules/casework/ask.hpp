// One operation that is asked for: its parameters, reading under the asker's permit, and how it is refused. Inside this room only.
//
//   Result<rest::Response> hold(Ask& ask) {
//     JOINEDUP_TRY(const auto reason, ask.text("reason", "Say why the case is put on hold."));
//     JOINEDUP_TRY(const auto episode, ask.target());
//     if (text_at(episode.json, "status") != "active") return fail(ErrorCode::conflict, "…");
//   }
//
// An Error's context is the name of the parameter that it is about; empty: the operation as a whole.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/percent.hpp"
#include "base/date.hpp"
#include "base/result.hpp"
#include "place/place.hpp"
#include "rest/rest.hpp"

namespace joinedup::casework {

using Json = nlohmann::ordered_json;  // members stay in their order

class Drafts;
class Deprivation;

// What the room knows beside the record.
struct Room {
  const place::Place* place = nullptr;
  std::function<std::int64_t()> clock;
  std::shared_ptr<Drafts> drafts;
  std::shared_ptr<Deprivation> deprivation;
};

struct Found {
  Json json;
  std::uint64_t version = 0;
  std::string reference() const;
};

enum class Reading : std::uint8_t { shown, tallied };  // tallied: only totals leave the operation

class Ask {
 public:
  Ask(const Room& room, const rest::OperationCall& call);

  const Room& room;
  const rest::OperationCall& call;
  std::string now;  // "2026-11-22T18:00:00Z"
  Date today;

  // What is wrong with the body as a whole.
  Result<void> readable() const;
  // A parameter's value, trimmed: `missing` is the sentence where it is not given. At most 10,000 characters.
  Result<std::string> text(const std::string& name, const std::string& missing) const;
  Result<std::string> text_or_none(const std::string& name) const;
  Result<Date> date(const std::string& name, const std::string& missing) const;
  Result<std::int64_t> integer(const std::string& name, const std::string& missing, std::int64_t least, std::int64_t most) const;
  Result<std::string> code(const std::string& name, const std::string& missing, const std::vector<std::string>& any_of) const;
  // A local reference to something of one of the types that the asker can read.
  Result<Found> reference(const std::string& name, const std::string& missing, const std::vector<std::string>& types) const;
  Result<std::optional<Found>> reference_or_none(const std::string& name, const std::vector<std::string>& types) const;
  // A parameter that may be given several times: local references.
  Result<std::vector<std::string>> references(const std::string& name) const;
  const Json* parameter(const std::string& name) const;  // the whole entry; null: not given
  bool says_yes(const std::string& name) const;

  // What the address names; held to the If-Match of the request.
  Result<Found> target() const;
  Result<Found> read(const std::string& reference) const;
  // The resources that a search finds, includes too, over all of its pages; more than `most` is an error.
  Result<std::vector<Found>> search(const std::string& type_and_query, Reading reading = Reading::shown, std::size_t most = 20'000) const;

  Json by() const;                     // a Reference to who asks
  bool signs() const { return !call.request.author.empty(); }

  // An answer of the Api that is the operation's own answer: kept until the operation returns its error.
  tl::unexpected<Error> pass(rest::Response response) const;
  mutable std::optional<rest::Response> passed;

 private:
  const Json* value(const std::string& name) const;
  Json parameters_;
  std::string fault_;
};

// Where a path of names and numbers leads ("period/start", "team/0/reference"); empty text where it leads nowhere.
std::string text_at(const Json& json, std::string_view path);
const Json* node_at(const Json& json, std::string_view path);
std::string local(const std::string& reference);     // "Type/id" of any reference to this record
bool is_reference(std::string_view text);            // "Type/id" and nothing else
std::string reference_at(const Json& json, std::string_view path);
bool has_code(const Json& concept_or_list, std::string_view system, std::string_view code);
const Json* extension(const Json& element, std::string_view url);  // the last of this url
Json extension_of(std::string_view url, std::string_view kind, Json value);  // {"url":…,"valueString":…}
Json nested_extension(std::string_view url, std::vector<Json> parts);
void set_extension(Json& element, Json one);         // in the place of those of the same url
void add_extension(Json& element, Json one);
Json reference_to(std::string_view reference);
Json coded(std::string_view system, std::string_view code, std::string_view text = {});
std::string instant_text(std::int64_t microseconds);
std::string plural(std::size_t count, const std::string& one, const std::string& many);

rest::Response answer_json(int status, const Json& json);
rest::Response refusal(int status, const std::string& code, const std::string& sentence, const std::string& parameter = {});

inline constexpr std::string_view open_task_statuses = "draft,requested,received,accepted,ready,in-progress,on-hold";
bool is_open_task(const Json& task);
std::string due_of(const Json& task);  // "2026-11-30"; empty: no date set

}  // namespace joinedup::casework
