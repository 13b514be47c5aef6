// Files into the record and out of it: what `joinedup fhir import` and `joinedup fhir export` do. Part of what other rooms include.
//
//   JOINEDUP_TRY(auto done, import_files(store, api, {.form = ImportOptions::Form::ndjson, .folder = "extracts"}));
//   done.read == done.stored + done.rejected_count;
//   JOINEDUP_TRY(auto files, export_files(store, {.folder = "out"}));
//
// NDJSON: one resource a line, put under its own id (a new one where it has none). Bundles: transactions and batches are
// carried out as when they are posted; those whose conditional references wait for another file are tried again after it.
// Other Bundles are read as a list of resources. Packed files (gzip, bzip2, zstd) are read as they are.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "rest/rest.hpp"

namespace joinedup::rest {

struct ImportOptions {
  enum class Form : std::uint8_t { ndjson, bundles } form = Form::ndjson;
  std::string folder;             // or one file
  unsigned threads = 2;
  Validation validation = Validation::none;  // reject: what is not valid is not stored
};

struct ImportRejected {
  std::string file;
  std::uint64_t line = 0;  // or the entry of a Bundle, from 1; 0: the file as a whole
  std::string reason;      // never holds a value from the resource
};

struct ImportResult {
  std::uint64_t read = 0, stored = 0, rejected_count = 0;
  std::vector<ImportRejected> rejected;  // the first thousand
};

Result<ImportResult> import_files(fhir::Store& store, const Api& api, const ImportOptions& options);

struct ExportOptions {
  std::string folder;
  std::vector<std::string> types;  // empty: all
  std::string since;
};
struct ExportedFile {
  std::string type, name;
  std::uint64_t count = 0;
};
// TYPE.ndjson for each type that has resources; 0600.
Result<std::vector<ExportedFile>> export_files(fhir::Store& store, const ExportOptions& options, const fhir::Permit& permit);

}  // namespace joinedup::rest
