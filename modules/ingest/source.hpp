// Sources: a feed's file as UTF-8-or-8-bit text, whatever it was packed in. gzip and zstd are unpacked and UTF-16 is
// decoded on the way, in bounded memory; the SHA-256 is of the bytes as received and is taken in the same pass.
//
//   JOINEDUP_TRY(auto source, open_source("feeds/deaths/deaths_2024.csv.gz"));
//   JOINEDUP_TRY(const auto got, source->read(buffer, size));     // 0: the end
//   source->sha256()                                              // after the end
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace joinedup::ingest {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;  // fills `into` unless the end comes first
  virtual std::string sha256() = 0;                                    // of the received bytes, once read returned less than asked
};

enum class FileKind { text, parquet };
struct OpenedFile {
  FileKind kind = FileKind::text;
  std::unique_ptr<ByteSource> source;  // text only
};

// A file that is no table (PDF, zip, a spreadsheet, an image, …) is one sentence that names what it is.
Result<OpenedFile> open_source(const std::string& path);

}  // namespace joinedup::ingest
