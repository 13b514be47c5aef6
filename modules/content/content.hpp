// What the house ships as data: questionnaires and pathways, each a FHIR resource in a file; and what a place adds or puts in their stead.
//
//   JOINEDUP_TRY(const auto all, content_of(place));        // shipped, then PLACE/content/*.json, which wins by type and id
//   for (const auto& one : all.pieces) use(one.type, one.id, one.body);
//   for (const auto& note : all.notes) say(note);           // a file that could not be taken, and why
//   JOINEDUP_TRY(const auto published, publish(place, *store));   // published.written == 0 the second time
//
// Nothing here is about anybody.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "fhir/fhir.hpp"
#include "place/place.hpp"

namespace joinedup::content {

struct Piece {
  std::string type, id, body;
  std::string from;  // "data/pathways/copd.json", or the file in the place's folder
};
struct Content {
  std::vector<Piece> pieces;       // by type and id
  std::vector<std::string> notes;  // sentences for an administrator
};
// A file of the place that is no valid resource of these kinds is passed over, with a note; what is shipped then stands.
Result<Content> content_of(const place::Place& place);

struct Published {
  std::uint64_t written = 0;  // new or changed
  std::uint64_t retired = 0;  // published once, no longer among the files: kept, with the status `retired`
  std::vector<std::string> notes;
};
// Idempotent; all of it or nothing. For the process that holds the store.
Result<Published> publish(const place::Place& place, fhir::Store& store);

}  // namespace joinedup::content
