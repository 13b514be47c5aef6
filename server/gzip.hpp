// Packing of bodies, with a bound on what a packed body may become. Inside this room only.
//
//   auto text = gunzip(packed, 1 << 20);      // too_large where it would be more
//   Packer packer;  std::string out = packer.add(piece, Packer::Then::more);
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace joinedup::server {

Result<std::string> gunzip(std::string_view packed, std::size_t most);

class Packer {
 public:
  enum class Then { more, end };
  Packer();
  ~Packer();
  std::string add(std::string_view text, Then then);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace joinedup::server
