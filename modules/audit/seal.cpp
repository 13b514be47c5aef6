#include "audit/seal.hpp"

#include <sodium.h>

#include <filesystem>

#include "audit/files.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup::audit {
namespace {

constexpr std::string_view secret_title = "joinedup audit guardian key 1\n", public_title = "joinedup audit guardian public key 1\n";
constexpr std::size_t box_size = crypto_box_SEALBYTES + crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string to_hex_text(const std::string& data) {
  std::string out(data.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes(std::string_view(data)), data.size());
  out.pop_back();
  return out;
}

Result<std::string> read_key(const std::string& file, std::string_view title) {
  JOINEDUP_TRY(const auto text, read_file(file));
  std::string key(crypto_box_PUBLICKEYBYTES, '\0');
  std::size_t size = 0;
  const auto hex = trim(std::string_view(text).substr(std::min(title.size(), text.size())));
  if (!text.starts_with(title) || sodium_hex2bin(bytes(key), key.size(), hex.data(), hex.size(), nullptr, &size, nullptr) != 0 || size != key.size())
    return fail(ErrorCode::invalid_input, "This is not a guardian's key of the audit log.", file);
  return key;
}

}  // namespace

Result<std::unique_ptr<Sealer>> Sealer::open(const std::string& folder, const std::string& secret_file) {
  if (sodium_init() < 0) return fail(ErrorCode::internal, "The system gives no random numbers.");
  JOINEDUP_TRY(const auto lock, FileLock::take(folder + "/keys.lock", FileLock::Wait::yes));
  const auto public_file = folder + "/guardian.pub";
  if (!std::filesystem::exists(public_file)) {
    std::string open(crypto_box_PUBLICKEYBYTES, '\0'), secret(crypto_box_SECRETKEYBYTES, '\0');
    crypto_box_keypair(bytes(open), bytes(secret));
    JOINEDUP_CHECK(write_file(secret_file, std::string(secret_title) + to_hex_text(secret) + "\n", FileMode::secret));
    JOINEDUP_CHECK(write_file(public_file, std::string(public_title) + to_hex_text(open) + "\n", FileMode::secret));
    sodium_memzero(secret.data(), secret.size());
  }
  auto sealer = std::make_unique<Sealer>();
  JOINEDUP_TRY(sealer->guardian_, read_key(public_file, public_title));
  return sealer;
}

void Sealer::renew() {
  key_.assign(crypto_aead_xchacha20poly1305_ietf_KEYBYTES, '\0');
  randombytes_buf(key_.data(), key_.size());
  box_.assign(box_size, '\0');
  crypto_box_seal(bytes(box_), bytes(std::string_view(key_)), key_.size(), bytes(std::string_view(guardian_)));
  until_ = std::chrono::steady_clock::now() + std::chrono::hours(1);
}

std::string Sealer::seal(std::string_view query, std::string_view reason) {
  std::string key, out(1, '\1');
  {
    const std::lock_guard lock(mutex_);
    if (std::chrono::steady_clock::now() >= until_) renew();
    key = key_;
    out += box_;
  }
  std::string plain(query);
  plain += '\0';
  plain += reason;
  std::string nonce(nonce_size, '\0'), sealed(plain.size() + tag_size, '\0');
  randombytes_buf(nonce.data(), nonce.size());
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(sealed), nullptr, bytes(std::string_view(plain)), plain.size(), nullptr, 0, nullptr, bytes(std::string_view(nonce)), bytes(std::string_view(key)));
  sodium_memzero(key.data(), key.size());
  return out + nonce + sealed;
}

Result<Unsealed> unseal(std::string_view sealed, const std::string& secret) {
  const auto wrong = fail(ErrorCode::invalid_input, "What is sealed in this event does not open with this guardian's key.");
  if (sealed.size() < 1 + box_size + nonce_size + tag_size || sealed[0] != '\1' || secret.size() != crypto_box_SECRETKEYBYTES) return wrong;
  std::string open(crypto_box_PUBLICKEYBYTES, '\0'), key(crypto_aead_xchacha20poly1305_ietf_KEYBYTES, '\0');
  crypto_scalarmult_base(bytes(open), bytes(std::string_view(secret)));
  if (crypto_box_seal_open(bytes(key), bytes(sealed.substr(1)), box_size, bytes(std::string_view(open)), bytes(std::string_view(secret))) != 0) return wrong;
  const auto nonce = sealed.substr(1 + box_size, nonce_size), rest = sealed.substr(1 + box_size + nonce_size);
  std::string plain(rest.size() - tag_size, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes(plain), nullptr, nullptr, bytes(rest), rest.size(), nullptr, 0, bytes(nonce), bytes(std::string_view(key))) != 0) return wrong;
  const auto end = plain.find('\0');
  if (end == std::string::npos) return wrong;
  return Unsealed{plain.substr(0, end), plain.substr(end + 1)};
}

Result<std::string> read_guardian_secret(const std::string& file) { return read_key(file, secret_title); }

std::string shape_of(std::string_view query) {
  const auto mark = query.find('?');
  // What stands before the mark is a path; without a mark nothing says that it is one.
  std::string out(query.substr(0, mark == std::string_view::npos ? query.find('=') == std::string_view::npos ? query.size() : 0 : mark));
  if (mark == std::string_view::npos && query.find('=') == std::string_view::npos) return out;
  out += '?';
  bool first = true;
  for (const auto part : split(mark == std::string_view::npos ? query : query.substr(mark + 1), '&')) {
    if (!first) out += '&';
    first = false;
    const auto name = part.substr(0, part.find('='));
    // A name of no parameter's form may itself be a value that slipped.
    const bool is_name = name.size() <= 64 && part.size() > name.size() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-:.") == std::string_view::npos;
    out += is_name ? name : std::string_view("?");
  }
  return out;
}

}  // namespace joinedup::audit
