// Who asks: accounts and sessions of our own, sign-in by OpenID Connect, SMART apps and backend services. No policy: a Subject comes out.
//
//   JOINEDUP_TRY(auto identity, Identity::open({.place = dir, .fhir_url = server->base_url()}));
//   if (auto page = identity->handle(request)) return *page;              // /login, /oauth/token, … by their whole paths
//   const Result<access::Subject> subject = identity->who(request);       // unauthenticated: 401; forbidden: a forged request, 403
//   JOINEDUP_TRY(const auto link, identity->invite({.user = "gp.one", .roles = {"gp"}}));
//
// Its file is place/identity/accounts.sqlite (0600); another program that changes it (`joinedup govern users`) is heard at the next
// request: a disabled account is signed out at once. handle() may take as long as Argon2id does: not for threads that serve reads.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/subject.hpp"
#include "audit/audit.hpp"
#include "base/result.hpp"
#include "rest/rest.hpp"

namespace joinedup::identity {

enum class Cost : std::uint8_t { normal, least };     // of Argon2id; `least` is for tests
enum class Network : std::uint8_t { outside, this_machine };  // where providers and keys may be fetched; `this_machine`: http on loopback too, for tests

struct Times {  // seconds
  std::int64_t session_idle = 30 * 60, session_whole = 12 * 3600;
  std::int64_t invitation = 72 * 3600, access_token = 300, refresh_token = 30 * 86400, code = 60, half_way = 600;
};

struct Options {
  std::string place;                        // its folder
  std::string fhir_url;                     // where clients see the record: "https://care.example/fhir"
  std::function<std::int64_t()> clock = {}; // seconds UTC; nothing: the system's
  std::function<void(audit::Event)> note = {};  // sign_in, sign_out, administer: allowed or refused; called by any thread
  // For a GP system that opens us in a person's context: the id of the Patient with this NHS number and birth date, if the subject may see them; else empty.
  std::function<std::string(const access::Subject&, const std::string& nhs_number, const std::string& birth_date)> person_here = {};
  Cost cost = Cost::normal;
  Network network = Network::outside;
  Times times = {};
};

struct NewAccount {
  std::string user;                         // what they sign in as: letters, digits, . _ - @
  access::Subject::Kind kind = access::Subject::Kind::worker;
  std::string practitioner, patient, related_person, organisation;  // ids, as in access::Subject
  std::vector<std::string> roles;
};

struct Account : NewAccount {
  enum class State : std::uint8_t { invited, active, disabled } state = State::invited;
  std::string id;                           // "u-…": what logs and audit hold
  bool has_second_factor = false;
  std::int64_t created = 0, last_sign_in = 0, sessions = 0;
};

// An app or a backend service, registered by an administrator.
struct Client {
  std::string id, name;
  enum class Kind : std::uint8_t { public_app, confidential_app, backend } kind = Kind::public_app;
  std::vector<std::string> redirect_uris;   // exact
  std::string launch_uri;                   // of an app that our pages launch
  std::string scopes;                       // the most it may have, apart by spaces
  std::string jwks_uri, jwks;               // its public keys: by address, or as a JSON Web Key Set
  std::string organisation;                 // for whom a backend acts
  std::vector<std::string> roles;           // of a backend; none: "backend"
  std::string purpose = "direct_care";      // of a backend: direct_care, administration, secondary_use
};

std::string client_text(const Client& client);         // JSON, as `joinedup govern clients` reads and lists them
Result<Client> read_client(const std::string& text);   // strict: an unknown member is an error

struct DemoAccount {
  std::string role, user, password, totp_secret;
};

class Identity {
 public:
  static Result<std::unique_ptr<Identity>> open(Options options);
  virtual ~Identity() = default;

  virtual Result<access::Subject> who(const rest::Request& request) const = 0;
  virtual std::optional<rest::Response> handle(const rest::Request& request) = 0;  // path is the whole path; nothing: not ours

  // Accounts, for administrators. Errors: conflict (the name is taken), not_found, wrong_usage.
  virtual Result<std::string> invite(const NewAccount& account) = 0;               // gives the link, used once
  virtual Result<Account> add(const NewAccount& account, const std::string& password, const std::string& totp_secret) = 0;  // base32
  // The demonstration's: the account as asked for, with a new password and secret; signed out everywhere.
  virtual Result<void> renew(const NewAccount& account, const std::string& password, const std::string& totp_secret) = 0;
  virtual Result<std::string> reset(const std::string& user) = 0;                  // signs out, forgets password and factors; gives a link
  virtual Result<void> disable(const std::string& user) = 0;
  virtual Result<void> set_roles(const std::string& user, const std::vector<std::string>& roles) = 0;
  virtual Result<void> link_provider(const std::string& user, const std::string& issuer, const std::string& subject) = 0;
  virtual Result<void> end_sessions(const std::string& user) = 0;
  virtual std::vector<Account> accounts() const = 0;                               // by user
  virtual Result<void> add_client(const Client& client) = 0;
  virtual Result<void> remove_client(const std::string& id) = 0;
  virtual std::vector<Client> clients() const = 0;
  // For our own pages: a launch of an app in one person's context (SMART, EHR launch): its address, with `launch` and `iss`.
  virtual Result<std::string> launch(const access::Subject& subject, const std::string& client, const std::string& patient) = 0;
};

// Accounts of the demonstration place, with random passwords and TOTP secrets; written to place/demo-users.json (0600). An account that
// exists already gets a new password. demo_people() names one of each role; put ids of Practitioners and Patients in before.
std::vector<NewAccount> demo_people();
Result<std::string> demo_code(const DemoAccount& account, std::int64_t seconds);  // what its authenticator app would show then
Result<std::vector<DemoAccount>> make_demo_accounts(Identity& identity, const std::string& place, const std::vector<NewAccount>& people);

}  // namespace joinedup::identity
