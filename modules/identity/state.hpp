// What the parts of this room share, and what each answers. Inside this room only.
#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "identity/book.hpp"
#include "identity/form.hpp"
#include "identity/identity.hpp"
#include "identity/pages.hpp"
#include "identity/throttle.hpp"

namespace joinedup::identity {

class Providers;
class Keys;

struct State {
  Options options;
  std::string origin;                    // "https://care.example"
  std::string fhir_url;
  bool is_tls = false;
  std::unique_ptr<Book> book;
  std::unique_ptr<Throttle> names, addresses, apps;
  std::shared_ptr<Providers> providers;  // OpenID Connect
  std::shared_ptr<Keys> keys;            // ours, and those of apps
  std::string dummy_hash;                // of no password: an unknown name takes as long as a known one
  std::atomic<std::int64_t> swept{0};

  std::int64_t now() const;
  std::string session_cookie() const { return is_tls ? "__Host-joinedup" : "joinedup"; }
  std::string form_cookie() const { return is_tls ? "__Host-joinedup-form" : "joinedup-form"; }
  std::string half_cookie() const { return is_tls ? "__Host-joinedup-half" : "joinedup-half"; }
  std::string away_cookie() const { return is_tls ? "__Host-joinedup-away" : "joinedup-away"; }
  std::string set_cookie(const std::string& name, const std::string& value, std::int64_t seconds, const char* same_site) const;
  void note(audit::Event event, const rest::Request& request) const;
};

// The session of the request's cookie, whatever the request does; nothing where there is none. Its idle time begins anew.
std::shared_ptr<Ticket> session_of(const State& state, const rest::Request& request);
// A page elsewhere did not make this request, as far as the browser tells.
bool is_own_origin(const State& state, const rest::Request& request);
bool wants_json(const rest::Request& request);
std::string form_token(const State& state, const std::string& cookie);
std::string address_key(const std::string& peer);

// Ends the browser's old session, begins one under a new name, and sends the browser on.
struct SignedIn {
  std::shared_ptr<const Stored> account;
  std::string assurance;
};
Result<std::vector<rest::Header>> begin_session(State& state, const rest::Request& request, const SignedIn& who);

Result<void> check_account(const NewAccount& account);
std::optional<std::string> password_fault(const std::string& password, const std::string& user);

// Password and code once more, of somebody who is signed in: a sentence where they are wrong.
std::optional<std::string> prove_again(State& state, const rest::Request& request, const Stored& account, const std::string& password, const std::string& code);

// Each answers its own paths, or nothing.
std::optional<rest::Response> sign_in_pages(State& state, const rest::Request& request);
std::optional<rest::Response> account_pages(State& state, const rest::Request& request);
std::optional<rest::Response> invitation_pages(State& state, const rest::Request& request);
std::optional<rest::Response> provider_pages(State& state, const rest::Request& request);
std::optional<rest::Response> smart_endpoints(State& state, const rest::Request& request);

}  // namespace joinedup::identity
