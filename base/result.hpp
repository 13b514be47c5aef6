// Result<T>: what an operation that can fail returns. Never throws across a room's edge.
//
//   Result<Date> read(std::string_view text) {
//     auto date = parse_date(text);
//     if (!date) return fail(ErrorCode::invalid_input, "31 February is not a date.", "feeds/deaths/deaths.csv:12");
//     return *date;
//   }
//   JOINEDUP_TRY(auto day, read("2026-01-02"));   // gives the value, or returns the error to our caller
//
// Errors: the sentence is for a site administrator: what is wrong, where, what to do. Never a person's data.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace joinedup {

enum class ErrorCode {
  wrong_usage,      // the command line or a request is not of the form asked for
  invalid_input,    // a file or value cannot be read as what it should be
  not_found,        // no such file, table, person, resource
  conflict,         // somebody else changed it, holds the lock, or it exists already
  forbidden,        // not allowed, or not known to be allowed
  unauthenticated,  // nobody is signed in
  too_large,        // over a stated limit
  storage_full,     // no room on the disk
  unavailable,      // a part that this needs does not answer now
  unsupported,      // valid, but not something this program does
  rejected_data,    // done, but more rows were rejected than place.toml allows
  internal          // our fault
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string sentence;  // one sentence that a tired administrator can act on
  std::string context;   // file:line, feed, table; may be empty

  std::string text() const { return context.empty() ? sentence : context + ": " + sentence; }
};

// One table maps each code to the exit status, HTTP status and FHIR issue code.
struct ErrorChannel {
  int exit_status;
  int http_status;
  const char* fhir_issue;
  const char* name;
};
const ErrorChannel& error_channel(ErrorCode code);

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string sentence, std::string context = {}) {
  return tl::unexpected<Error>(Error{code, std::move(sentence), std::move(context)});
}

#define JOINEDUP_CONCAT_(a, b) a##b
#define JOINEDUP_CONCAT(a, b) JOINEDUP_CONCAT_(a, b)
#define JOINEDUP_TRY(declaration, expression) JOINEDUP_TRY_(JOINEDUP_CONCAT(result_, __LINE__), declaration, expression)
#define JOINEDUP_TRY_(holder, declaration, expression)                     \
  auto holder = (expression);                                             \
  if (!holder) return tl::unexpected<::joinedup::Error>(holder.error()); \
  declaration = std::move(*holder)
#define JOINEDUP_CHECK(expression)                                                          \
  if (auto JOINEDUP_CONCAT(checked_, __LINE__) = (expression); !JOINEDUP_CONCAT(checked_, __LINE__)) \
  return tl::unexpected<::joinedup::Error>(JOINEDUP_CONCAT(checked_, __LINE__).error())

// Programmer error only: prints and ends the program. Data faults are Findings, operational ones Results.
#define JOINEDUP_INVARIANT(condition, why)                                                              \
  do {                                                                                                 \
    if (!(condition)) {                                                                                \
      std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", __FILE__, __LINE__, why, #condition); \
      std::abort();                                                                                    \
    }                                                                                                  \
  } while (false)

}  // namespace joinedup
