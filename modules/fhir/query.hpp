// A search as asked: read from its query string against the published parameters. Part of fhir.hpp.
//
//   JOINEDUP_TRY(auto query, parse_query("Patient", "name=smith&birthdate=ge1970&colour=red"));
//   query.warnings          // colour is no parameter of Patient; under Handling::strict that is an error
//   query.self()            // "name=smith&birthdate=ge1970": what was used
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fhir/definitions.hpp"
#include "fhir/values.hpp"

namespace joinedup::fhir {

// One of the values between commas.
struct SearchValue {
  std::string text;  // unescaped, without its prefix
  Prefix prefix = Prefix::eq;
  enum class System : std::uint8_t { any, none, given } system_is = System::any;  // code · |code · system|code
  std::string system, code;          // token; quantity: system and code of its unit
  std::string folded;                // string
  Period period;                     // date
  std::optional<NumberText> number;  // number, quantity
  std::string reference;             // "Patient/1", an absolute address, or a bare id
  std::vector<SearchValue> parts;    // composite
};

enum class Modifier : std::uint8_t { none, exact, contains, negated, missing, text, identifier, above, below, type, of_type, in, not_in };

struct Criterion;
struct Linked {  // a criterion on another type
  std::string type;
  std::shared_ptr<const Criterion> criterion;
};

struct Criterion {
  std::string type;                      // the type that is searched
  const Parameter* parameter = nullptr;  // of a chain: the reference; of _has: the reference of `has_type`
  Modifier modifier = Modifier::none;
  std::string target_type;               // subject:Patient=…
  bool missing = false;                  // what :missing asks for
  std::vector<SearchValue> values;       // any of them
  std::vector<Linked> chain;             // any of the types that the reference may lead to
  std::string has_type;                  // _has: who points at us
  std::shared_ptr<const Criterion> has;
  std::vector<Criterion> any_of;         // a compartment: one of these; nothing else is set
  std::string list;                      // _list: the List's id; nothing else is set
};

struct SortKey {
  const Parameter* parameter = nullptr;
  enum class Direction : std::uint8_t { ascending, descending } direction = Direction::ascending;
};

struct Include {
  std::string source_type;
  const Parameter* parameter = nullptr;  // nothing: every reference
  std::string target_type;               // empty: any
  enum class Repeat : std::uint8_t { once, iterate } repeat = Repeat::once;
};

enum class Total : std::uint8_t { none, accurate };
enum class Summary : std::uint8_t { none, count };
enum class Handling : std::uint8_t { lenient, strict };

// What `$everything` adds to a page: what its resources refer to and no patient's compartment holds (organisations, staff).
enum class LinkedResources : std::uint8_t { leave, outside_compartment };

struct Query {
  std::string type;                 // empty: several types, each with its criteria
  std::vector<Criterion> criteria;  // all of them
  struct OfType {
    std::string type;
    std::vector<Criterion> criteria;
  };
  std::vector<OfType> several;
  std::string compartment;          // "Patient/1", where the search is within one
  LinkedResources linked = LinkedResources::leave;
  std::vector<SortKey> sort;
  std::vector<Include> includes, reverse_includes;
  std::size_t count = 20;
  Total total = Total::none;
  Summary summary = Summary::none;
  std::string cursor;
  std::string shape;                  // _summary: true, text, data; for who shapes the answer
  std::vector<std::string> elements;  // _elements, likewise
  std::vector<std::string> warnings;  // parameters that were not used, each with the reason
  std::vector<std::string> used;      // name=value as received
  std::string self() const;
};

inline constexpr std::size_t most_per_page = 1000;

// An empty type searches several: those of _type, or all; then only parameters that every one of them has.
Result<Query> parse_query(std::string_view type, std::string_view query, Handling handling = Handling::lenient);
// /Patient/1/Observation?…, and /Patient/1/*?… with a query over several types, of which those outside the compartment fall away.
Result<Query> in_compartment(Query query, std::string_view compartment_type, std::string_view id);

// Patient/1/$everything as a search: the patient, the compartment, and what its resources refer to outside of it.
struct EverythingRequest {
  std::string patient;               // its id
  std::string since;                 // an instant; empty: from the beginning
  std::vector<std::string> types;    // empty: all of the compartment
  std::size_t count = 100;
  std::string cursor;
};
Result<Query> everything_query(const EverythingRequest& request);
std::string decode_query(std::string_view text);  // %20 and +

}  // namespace joinedup::fhir
