#include "base/result.hpp"

#include <array>

namespace joinedup {

const ErrorChannel& error_channel(ErrorCode code) {
  static const std::array<ErrorChannel, 12> channels{{
      {2, 400, "invalid", "wrong_usage"},
      {1, 422, "invalid", "invalid_input"},
      {1, 404, "not-found", "not_found"},
      {1, 409, "conflict", "conflict"},
      {1, 403, "forbidden", "forbidden"},
      {1, 401, "login", "unauthenticated"},
      {1, 413, "too-long", "too_large"},
      {1, 507, "no-store", "storage_full"},
      {1, 503, "transient", "unavailable"},
      {1, 501, "not-supported", "unsupported"},
      {3, 422, "processing", "rejected_data"},
      {1, 500, "exception", "internal"},
  }};
  return channels[static_cast<std::size_t>(code)];
}

}  // namespace joinedup
