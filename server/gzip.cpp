#include "server/gzip.hpp"

#include <zlib.h>

#include <algorithm>

namespace joinedup::server {

Result<std::string> gunzip(std::string_view packed, std::size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return fail(ErrorCode::unavailable, "There is no memory to unpack the body.");
  struct End {
    z_stream* stream;
    ~End() { inflateEnd(stream); }
  } end{&stream};
  std::string out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int status = Z_OK;
  std::size_t size = 0;
  while (status == Z_OK) {
    if (size == out.size()) out.resize(std::min(most + 1, std::max<std::size_t>(16 * 1024, out.size() * 2)));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(out.size() - size);
    status = inflate(&stream, Z_NO_FLUSH);
    size = out.size() - stream.avail_out;
    if (size > most) return fail(ErrorCode::too_large, "The body, unpacked, is larger than this server takes. Send it in parts.");
    if (status == Z_STREAM_END && stream.avail_in > 0 && inflateReset(&stream) == Z_OK) status = Z_OK;  // another member follows
    else if (status == Z_BUF_ERROR && size == out.size()) status = Z_OK;
  }
  if (status != Z_STREAM_END) return fail(ErrorCode::wrong_usage, "The body is not whole, or not of gzip's form.");
  out.resize(size);
  return out;
}

struct Packer::State {
  z_stream stream{};
};

Packer::Packer() : state_(new State) { deflateInit2(&state_->stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY); }
Packer::~Packer() { deflateEnd(&state_->stream); }

std::string Packer::add(std::string_view text, Then then) {
  auto& stream = state_->stream;
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  std::size_t size = 0;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(out.size() - size);
    const int status = deflate(&stream, then == Then::end ? Z_FINISH : Z_SYNC_FLUSH);
    size = out.size() - stream.avail_out;
    if (status == Z_STREAM_END || status == Z_STREAM_ERROR || stream.avail_out > 0) break;
    out.resize(out.size() * 2);
  }
  out.resize(size);
  return out;
}

}  // namespace joinedup::server
