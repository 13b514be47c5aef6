#include "identity/identity.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>

#include "base/text.hpp"
#include "identity/invitation.hpp"
#include "identity/keys.hpp"
#include "identity/providers.hpp"
#include "identity/secrets.hpp"
#include "identity/state.hpp"

namespace joinedup::identity {

namespace {

bool is_safe_method(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

tl::unexpected<Error> nobody() { return fail(ErrorCode::unauthenticated, "Nobody is signed in. Sign in, or send an access token."); }

}  // namespace

std::int64_t State::now() const { return options.clock ? options.clock() : static_cast<std::int64_t>(std::time(nullptr)); }

std::string State::set_cookie(const std::string& name, const std::string& value, std::int64_t seconds, const char* same_site) const {
  std::string out = name + "=" + value + "; Path=/; HttpOnly; SameSite=" + same_site;
  if (is_tls) out += "; Secure";
  if (seconds != 0) out += "; Max-Age=" + std::to_string(std::max<std::int64_t>(0, seconds));
  return out;
}

void State::note(audit::Event event, const rest::Request& request) const {
  if (!options.note) return;
  event.address = request.peer, event.request = request.id;
  options.note(std::move(event));
}

std::string form_token(const State& state, const std::string& held) {
  const auto mac = hmac_sha256(state.book->key(), "form " + held);
  return base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

// Of IPv6 the first half names a household or a hospital; the second is anybody's to choose.
std::string address_key(const std::string& peer) {
  int colons = 0;
  for (std::size_t i = 0; i < peer.size(); ++i)
    if (peer[i] == ':' && ++colons == 4 && !peer.starts_with("::")) return peer.substr(0, i);
  return peer;
}

bool wants_json(const rest::Request& request) {
  const auto accept = request.header("Accept");
  return accept.find("application/json") != accept.npos && accept.find("text/html") == accept.npos;
}

bool is_own_origin(const State& state, const rest::Request& request) {
  const auto origin = request.header("Origin");
  const auto site = request.header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  if (origin.empty()) return true;
  if (origin == "null") return site == "same-origin";  // a form of a page without referrer
  if (origin == state.origin) return true;
  // On this machine the same server has several names.
  const auto host = request.header("Host");
  return !state.is_tls && !host.empty() && (host.starts_with("localhost:") || host.starts_with("127.0.0.1:") || host.starts_with("[::1]:")) && origin == "http://" + std::string(host);
}

std::shared_ptr<Ticket> session_of(const State& state, const rest::Request& request) {
  const auto token = cookie(request, state.session_cookie());
  if (token.size() != 43) return nullptr;
  const auto now = state.now();
  auto session = state.book->find(token, Ticket::Kind::session, now);
  if (!session || !session->subject) return nullptr;
  if (now - session->last_seen.load(std::memory_order_relaxed) >= state.options.times.session_idle) return nullptr;
  state.book->touch(*session, now);
  return session;
}

Result<std::vector<rest::Header>> begin_session(State& state, const rest::Request& request, const SignedIn& who) {
  if (!who.account) return nobody();
  if (const auto old = cookie(request, state.session_cookie()); !old.empty()) state.book->end(old);
  Ticket session;
  session.kind = Ticket::Kind::session, session.account = who.account->id, session.epoch = who.account->epoch;
  session.created = session.signed_in = state.now(), session.last_seen = session.created, session.expires = session.created + state.options.times.session_whole;
  session.assurance = who.assurance, session.id = "s-" + base64url(random_bytes(9));
  auto subject = subject_of(*who.account);
  subject.session = session.id, subject.assurance = who.assurance;
  session.subject = std::make_shared<const access::Subject>(std::move(subject));
  JOINEDUP_TRY(const auto token, state.book->issue(session));
  audit::Event event;
  event.kind = "sign_in", event.outcome = "allowed", event.user = who.account->id, event.session = session.id, event.roles = who.account->roles, event.organisation = who.account->organisation;
  state.note(std::move(event), request);
  return std::vector<rest::Header>{{"Set-Cookie", state.set_cookie(state.session_cookie(), token, 0, "Lax")}};
}

Result<void> check_account(const NewAccount& account) {
  if (account.user.empty() || account.user.size() > 100) return fail(ErrorCode::wrong_usage, "A user name has 1 to 100 characters.");
  for (const char c : account.user)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '@' || c == '+'))
      return fail(ErrorCode::wrong_usage, "A user name is of small letters, digits and . _ - + @ only.");
  if (account.roles.empty()) return fail(ErrorCode::wrong_usage, "An account needs at least one role.");
  for (const auto* id : {&account.practitioner, &account.patient, &account.related_person, &account.organisation})
    if (id->size() > 64 || id->find_first_of(" \t\r\n\"<>|") != id->npos) return fail(ErrorCode::wrong_usage, "That is not an id of a resource or an organisation.");
  for (const auto& role : account.roles)
    if (role.empty() || role.size() > 40 || !std::all_of(role.begin(), role.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }))
      return fail(ErrorCode::wrong_usage, "A role is a word such as gp or team_lead.");
  return {};
}

// Length first; composition is nobody's business (NIST SP 800-63B 5.1.1.2). What everybody tries first is refused.
std::optional<std::string> password_fault(const std::string& password, const std::string& user) {
  std::size_t letters = 0;
  for (const char c : password) letters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  if (letters < 12) return "Choose a password of 12 characters or more";
  if (password.size() > 1000) return "Choose a password of at most 1000 characters";
  const auto lower = lower_ascii(password);
  const auto name = user.substr(0, user.find('@'));
  if (name.size() >= 4 && lower.find(name) != lower.npos) return "Choose a password that does not hold your user name";
  std::string rest = lower;
  for (const char* common : {"password", "passw0rd", "p4ssword", "qwertyuiop", "qwerty", "asdfgh", "zxcvbn", "letmein", "welcome", "iloveyou", "admin", "joinedup", "monkey", "dragon", "sunshine", "princess", "football",
                             "liverpool", "arsenal", "chelsea", "summer", "winter", "spring", "autumn", "123456789", "1234567890", "12345", "1234", "123", "abc", "nhs"})
    for (auto at = rest.find(common); at != rest.npos; at = rest.find(common)) rest.erase(at, std::string(common).size());
  std::string kinds;
  for (const char c : rest)
    if (kinds.find(c) == kinds.npos) kinds += c;
  if (kinds.size() < 5) return "That password is too easy to guess. Choose three or more words that nobody would put together";
  return {};
}

namespace {

class House final : public Identity {
 public:
  State state;

  Result<void> begin(Options options) {
    state.options = std::move(options);
    state.fhir_url = state.options.fhir_url;
    state.origin = origin_of(state.fhir_url);
    if (state.origin.empty()) return fail(ErrorCode::wrong_usage, "Sign-in needs the address at which clients see this server.");
    state.is_tls = state.origin.starts_with("https://");
    JOINEDUP_TRY(state.book, Book::open(state.options.place + "/identity"));
    std::uint64_t seed = 0;
    std::memcpy(&seed, random_bytes(sizeof seed).data(), sizeof seed);
    state.names = std::make_unique<Throttle>(Throttle::Limits{}, seed);
    state.addresses = std::make_unique<Throttle>(Throttle::Limits{.free = 30}, mix64(seed));
    state.apps = std::make_unique<Throttle>(Throttle::Limits{.free = 30, .most = 60}, mix64(seed, 2));
    JOINEDUP_TRY(state.dummy_hash, hash_password(random_token(), state.options.cost));
    JOINEDUP_TRY(state.keys, open_keys(state));
    JOINEDUP_TRY(state.providers, open_providers(state));
    return {};
  }

  Result<access::Subject> who(const rest::Request& request) const override {
    if (const auto authorization = request.header("Authorization"); !authorization.empty()) {
      if (authorization.size() < 8 || lower_ascii(authorization.substr(0, 7)) != "bearer ") return nobody();
      const auto ticket = state.book->find(trim(authorization.substr(7)), Ticket::Kind::access, state.now());
      if (!ticket || !ticket->subject) return nobody();
      return *ticket->subject;
    }
    const auto session = session_of(state, request);
    if (!session) return nobody();
    if (!is_safe_method(request.method) && (!is_own_origin(state, request) || !equal_secrets(request.header("X-CSRF-Token"), session->csrf)))
      return fail(ErrorCode::forbidden, "This request did not come from this site's own pages.");
    return *session->subject;
  }

  std::optional<rest::Response> handle(const rest::Request& request) override {
    const auto now = state.now();
    if (auto last = state.swept.load(); now - last > 60 && state.swept.compare_exchange_strong(last, now)) state.book->sweep(now);
    try {
      for (auto* pages : {sign_in_pages, account_pages, invitation_pages, provider_pages, smart_endpoints})
        if (auto out = pages(state, request)) {
          if (request.method == "HEAD") out->body.clear();
          return out;
        }
      return {};
    } catch (const std::exception&) {  // of a library: whoever asked is not let in
      return page(500, "Sorry, there is a problem", "<p>Try again later.</p>");
    }
  }

  Result<std::string> invite(const NewAccount& account) override {
    JOINEDUP_TRY(const auto stored, keep_new(account));
    return invitation_link(state, stored);
  }

  Result<Account> add(const NewAccount& account, const std::string& password, const std::string& totp_secret) override {
    JOINEDUP_TRY(const auto made, credentials(account, password, totp_secret));
    JOINEDUP_TRY(const auto stored, keep_new(account));
    JOINEDUP_CHECK(state.book->change(stored.id, made));
    return static_cast<Account>(*state.book->by_id(stored.id));
  }

  Result<void> renew(const NewAccount& account, const std::string& password, const std::string& totp_secret) override {
    JOINEDUP_CHECK(check_account(account));
    JOINEDUP_TRY(const auto made, credentials(account, password, totp_secret));
    const auto stored = state.book->by_user(account.user);
    if (!stored) return fail(ErrorCode::not_found, "There is no account of that name.");
    note_change(stored->id, "renew");
    return state.book->change(stored->id, [&](Stored& one) -> Result<void> {
      static_cast<NewAccount&>(one) = account;
      return made(one);
    });
  }

  Result<std::string> reset(const std::string& user) override {
    JOINEDUP_TRY(const auto stored, change(user, "reset", [](Stored& one) {
      one.state = Account::State::invited, one.password_hash.clear(), one.sealed_totp.clear(), one.recovery.clear(), one.has_second_factor = false;
    }));
    return invitation_link(state, stored);
  }

  Result<void> disable(const std::string& user) override { return done(change(user, "disable", [](Stored& one) { one.state = Account::State::disabled; })); }
  Result<void> end_sessions(const std::string& user) override { return done(change(user, "end_sessions", [](Stored&) {})); }
  Result<void> set_roles(const std::string& user, const std::vector<std::string>& roles) override {
    NewAccount shape;
    shape.user = "x", shape.roles = roles;
    JOINEDUP_CHECK(check_account(shape));
    return done(change(user, "set_roles", [&](Stored& one) { one.roles = roles; }));
  }

  Result<void> link_provider(const std::string& user, const std::string& issuer, const std::string& subject) override {
    const auto account = state.book->by_user(lower_ascii(user));
    if (!account) return fail(ErrorCode::not_found, "There is no account of that name.");
    if (issuer.empty() || subject.empty()) return fail(ErrorCode::wrong_usage, "A link needs the provider's issuer and the person's sub there.");
    JOINEDUP_CHECK(state.book->link(account->id, issuer, subject));
    // Whoever signs in elsewhere needs no password here.
    if (account->state == Account::State::invited) JOINEDUP_CHECK(done(change(user, "link", [](Stored& one) { one.state = Account::State::active; })));
    return {};
  }

  std::vector<Account> accounts() const override {
    std::vector<Account> out;
    for (auto& one : state.book->all()) {
      out.push_back(one);
      out.back().sessions = state.book->sessions_of(one.id, state.now());
    }
    return out;
  }

  Result<void> add_client(const Client& client) override {
    JOINEDUP_CHECK(check_client(state, client));
    return state.book->save_client(client);
  }
  Result<void> remove_client(const std::string& id) override { return state.book->remove_client(id); }
  std::vector<Client> clients() const override { return state.book->all_clients(); }
  Result<std::string> launch(const access::Subject& subject, const std::string& client, const std::string& patient) override { return launch_address(state, subject, client, patient); }

 private:
  using Change = std::function<Result<void>(Stored&)>;
  Result<Change> credentials(const NewAccount& account, const std::string& password, const std::string& totp_secret) {
    if (const auto fault = password_fault(password, account.user)) return fail(ErrorCode::wrong_usage, *fault + ".");
    const auto secret = from_base32(totp_secret);
    if (!secret || secret->size() < 16) return fail(ErrorCode::wrong_usage, "A TOTP secret is 26 or more characters of base 32.");
    JOINEDUP_TRY(const auto hash, hash_password(password, state.options.cost));
    return [hash, sealed = seal(state.book->key(), *secret)](Stored& one) -> Result<void> {
      one.state = Account::State::active, one.password_hash = hash, one.sealed_totp = sealed, one.has_second_factor = true, one.last_step = 0, ++one.epoch;
      return {};
    };
  }

  Result<Stored> keep_new(const NewAccount& account) {
    NewAccount asked = account;
    asked.user = lower_ascii(asked.user);
    JOINEDUP_CHECK(check_account(asked));
    if (state.book->by_user(asked.user)) return fail(ErrorCode::conflict, "There is an account of that name already.");
    Stored stored;
    static_cast<NewAccount&>(stored) = asked;
    stored.id = "u-" + base64url(random_bytes(9)), stored.created = state.now();
    JOINEDUP_CHECK(state.book->save(stored));
    note_change(stored.id, "invite");
    return stored;
  }

  void note_change(const std::string& id, const char* what) {
    audit::Event event;
    event.kind = "administer", event.outcome = "allowed", event.rule = what, event.reason = id;
    state.note(std::move(event), {});
  }

  // Whatever changes about an account ends what it was signed in to.
  template <class How>
  Result<Stored> change(const std::string& user, const char* what, How how) {
    const auto account = state.book->by_user(lower_ascii(user));
    if (!account) return fail(ErrorCode::not_found, "There is no account of that name.");
    JOINEDUP_CHECK(state.book->change(account->id, [&](Stored& one) -> Result<void> {
      how(one);
      ++one.epoch;
      return {};
    }));
    note_change(account->id, what);
    return *state.book->by_id(account->id);
  }
  static Result<void> done(const Result<Stored>& changed) {
    if (!changed) return tl::unexpected<Error>(changed.error());
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<Identity>> Identity::open(Options options) {
  auto house = std::make_unique<House>();
  JOINEDUP_CHECK(house->begin(std::move(options)));
  return std::unique_ptr<Identity>(std::move(house));
}

}  // namespace joinedup::identity
