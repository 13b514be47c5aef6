// What is kept of accounts, apps and tokens: a SQLite file, and all of it in memory, where requests look. Inside this room only.
//
//   JOINEDUP_TRY(auto book, Book::open(folder));
//   book->save(account);                               // on the disk first; what its tokens were good for ends where its epoch rose
//   const std::string token = book->issue(ticket);     // the secret leaves; its fingerprint stays
//   if (auto ticket = book->find(token, Ticket::Kind::session, now)) …
//
// Another process that saves raises a number in a shared page of memory; every look-up compares it, and reads anew where it rose.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.hpp"
#include "identity/identity.hpp"

struct sqlite3;

namespace joinedup::identity {

struct Stored : Account {
  std::string password_hash, sealed_totp;
  std::int64_t last_step = 0;                // of TOTP: each is used once
  std::vector<std::string> recovery;         // keyed hashes of unused codes
  std::uint64_t epoch = 1;                   // risen: every token of before is void
};

struct Ticket {
  enum class Kind : std::uint8_t { session, half_way, invitation, code, access, refresh, launch } kind = Kind::session;
  std::string account, client, family;       // family: a sign-in of an app, all refresh tokens of it
  std::uint64_t epoch = 0;                   // the account's when this was issued
  std::int64_t created = 0, expires = 0;
  std::atomic<std::int64_t> last_seen{0};    // of a session
  std::string assurance, scopes, patient, redirect_uri, challenge, nonce, secret;  // secret: a TOTP secret not yet confirmed
  std::int64_t signed_in = 0;
  std::string id;                            // names it in the audit log; no secret
  std::string csrf;                          // of a session
  std::atomic<bool> used{false};             // of a refresh token or code: seen again, its family ends
  std::shared_ptr<const access::Subject> subject;  // of sessions and access tokens: what who() gives
  Ticket() = default;
  Ticket(const Ticket& other);
};

class Book {
 public:
  static Result<std::unique_ptr<Book>> open(const std::string& folder);
  ~Book();
  const std::string& key() const { return key_; }              // 32 bytes, in its own file (0600)

  std::shared_ptr<const Stored> by_user(const std::string& user);
  std::shared_ptr<const Stored> by_id(const std::string& id);
  std::shared_ptr<const Stored> by_provider(const std::string& issuer, const std::string& subject);
  std::vector<Stored> all();
  Result<void> save(const Stored& account);                    // new or changed; conflict where another has its name
  // Reads, changes and saves as one step: two codes of one step cannot both be taken.
  Result<void> change(const std::string& id, const std::function<Result<void>(Stored&)>& how);
  Result<void> link(const std::string& account, const std::string& issuer, const std::string& subject);

  Result<void> save_client(const Client& client);
  Result<void> remove_client(const std::string& id);
  std::shared_ptr<const Client> client(const std::string& id);
  std::vector<Client> all_clients();

  Result<std::string> issue(const Ticket& ticket);
  std::shared_ptr<Ticket> find(std::string_view token, Ticket::Kind kind, std::int64_t now);
  std::shared_ptr<Ticket> take(std::string_view token, Ticket::Kind kind, std::int64_t now);  // found once, by one caller
  bool spend(Ticket& ticket, std::string_view token);          // a refresh token: false where it was spent before
  void end(std::string_view token);
  void end_where(const std::function<bool(const Ticket&)>& which);
  void sweep(std::int64_t now);
  std::int64_t sessions_of(const std::string& account, std::int64_t now);
  void touch(Ticket& session, std::int64_t now) {              // who() saw it in use
    session.last_seen.store(now, std::memory_order_relaxed);
    touched_.store(true, std::memory_order_relaxed);
  }
  // False where this client has used this id before.
  Result<bool> first_use(const std::string& client, const std::string& jti, std::int64_t expires);

 private:
  struct Hasher {
    std::size_t operator()(const Digest& d) const {
      std::size_t out = 0;
      for (std::size_t i = 0; i < sizeof out; ++i) out = (out << 8) | d[i];
      return out;
    }
  };
  Book() = default;
  Result<void> begin(const std::string& folder);
  Result<void> read_all();
  void fresh() {
    if (changes_->load(std::memory_order_acquire) != seen_.load(std::memory_order_acquire)) reread();
  }
  void reread();
  void told();                                                 // after a change of ours
  void drop_void();                                            // tickets of who is no more; the lock is held
  Result<void> write_account(const Stored& account);
  void show_account(const Stored& account);
  Result<void> execute(const char* sql);
  bool is_good(const Ticket& ticket) const;

  sqlite3* database_ = nullptr;
  std::string key_;
  std::atomic<std::uint64_t>* changes_ = nullptr;
  std::atomic<std::uint64_t> seen_{0};
  std::atomic<bool> touched_{false};
  std::mutex writing_;                                         // the database's; taken before the other
  mutable std::shared_mutex mutex_;                            // the maps'
  std::map<std::string, std::shared_ptr<const Stored>> accounts_;
  std::map<std::string, std::string> users_;
  std::map<std::pair<std::string, std::string>, std::string> links_;
  std::map<std::string, std::shared_ptr<const Client>> clients_;
  std::unordered_map<Digest, std::shared_ptr<Ticket>, Hasher> tickets_;
};

access::Subject subject_of(const Stored& account);

}  // namespace joinedup::identity
