// A reader of FHIR files: Bundles (.json) and NDJSON, plain or packed by gzip, bzip2 or zstd. Part of fhirpath.hpp.
//
//   auto counts = read_fhir_file("bundle.json.bz2", {
//       .on_resource = [&](const FhirResource& r) { view.run(r.value(), context, sink); },
//       .on_fault = [&](const FeedFault& f) { findings.add(…f.number, f.reason…); }});
//   counts->read == counts->resources + counts->rejected      // nothing is dropped silently
//
// NDJSON (.ndjson, .jsonl) is read line by line: memory is one line. A Bundle is read whole, up to a limit; a .json file
// that turns out to be NDJSON is read as such.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "fhirpath/document.hpp"
#include "fhirpath/expression.hpp"

namespace joinedup::fhirpath {

struct FhirResource {
  const Document* document = nullptr;
  NodeIndex node = 0;
  std::string_view type;      // "Patient"
  std::string_view full_url;  // of a Bundle's entry: what its other entries refer to
  std::uint64_t number = 0;   // the line of an NDJSON file, or the entry of a Bundle, from 1
  Value value() const { return document->value(node); }
};

struct FeedFault {
  std::string_view file;
  std::uint64_t number = 0;  // line or entry; 0: the file as a whole
  std::string reason;        // never holds a value from the resource
};

struct FeedHandler {
  std::function<void(const FhirResource&)> on_resource;
  std::function<void(const FeedFault&)> on_fault;
};

struct FeedLimits {
  std::uint64_t longest_line = 256ULL << 20;  // a longer one is a fault, and the next is read
  std::uint64_t largest_file = 1ULL << 30;    // unpacked; of files that are read whole
};

struct FeedCounts {
  std::uint64_t read = 0;       // lines that are not blank, entries, or 1 for a single resource
  std::uint64_t resources = 0;  // handed on
  std::uint64_t rejected = 0;   // reported as faults
  std::uint64_t bytes = 0;      // unpacked
};

// An error where the file cannot be read (absent, cut short, no JSON at all); what was handed on before stands.
Result<FeedCounts> read_fhir_file(const std::string& path, const FeedHandler& handler, const FeedLimits& limits = {});

}  // namespace joinedup::fhirpath
