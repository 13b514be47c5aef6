#include "identity/book.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "base/sqlite.hpp"
#include "identity/book_json.hpp"
#include "identity/secrets.hpp"

namespace joinedup::identity {

namespace {

constexpr SqliteFile file{"The list of accounts", "identity/accounts.sqlite", "another program is writing it; try again"};
constexpr std::int64_t format = 1;

constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, user TEXT NOT NULL UNIQUE, body TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS provider_link (issuer TEXT, subject TEXT, account TEXT NOT NULL, PRIMARY KEY (issuer, subject));"
    "CREATE TABLE IF NOT EXISTS client (id TEXT PRIMARY KEY, body TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS ticket (fingerprint TEXT PRIMARY KEY, expires INTEGER NOT NULL, body TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS assertion (client TEXT, jti TEXT, expires INTEGER NOT NULL, PRIMARY KEY (client, jti));";

// What outlives this process. Codes and access tokens are good for minutes: after a restart an app asks again.
bool is_kept(Ticket::Kind kind) { return kind == Ticket::Kind::session || kind == Ticket::Kind::refresh || kind == Ticket::Kind::invitation; }

Digest digest_of(const std::string& hex) {
  Digest out{};
  for (std::size_t i = 0; i < out.size() && 2 * i + 1 < hex.size(); ++i) out[i] = static_cast<std::uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  return out;
}

}  // namespace

Ticket::Ticket(const Ticket& o)
    : kind(o.kind), account(o.account), client(o.client), family(o.family), epoch(o.epoch), created(o.created), expires(o.expires), last_seen(o.last_seen.load()),
      assurance(o.assurance), scopes(o.scopes), patient(o.patient), redirect_uri(o.redirect_uri), challenge(o.challenge), nonce(o.nonce), secret(o.secret),
      signed_in(o.signed_in), id(o.id), csrf(o.csrf), used(o.used.load()), subject(o.subject) {}

access::Subject subject_of(const Stored& a) {
  access::Subject out;
  out.user = a.id, out.kind = a.kind, out.practitioner = a.practitioner, out.patient = a.patient, out.related_person = a.related_person;
  out.organisation = a.organisation, out.roles = a.roles;
  out.purpose = a.kind == access::Subject::Kind::person || a.kind == access::Subject::Kind::proxy ? access::Purpose::own_record : access::Purpose::direct_care;
  return out;
}

Result<std::unique_ptr<Book>> Book::open(const std::string& folder) {
  start_sodium();
  auto book = std::unique_ptr<Book>(new Book());
  JOINEDUP_CHECK(book->begin(folder));
  return book;
}

Book::~Book() {
  if (database_ != nullptr) {
    // When somebody was last seen is kept at the end: after a restart idle time goes on from there.
    sqlite3_exec(database_, "BEGIN", nullptr, nullptr, nullptr);
    for (const auto& [digest, ticket] : tickets_) {
      if (!touched_ || ticket->kind != Ticket::Kind::session) continue;
      SqliteStatement update(database_, "UPDATE ticket SET body = ? WHERE fingerprint = ?", file);
      update.bind(1, ticket_text(*ticket));
      update.bind(2, to_hex(digest));
      (void)update.run("keep a session");
    }
    sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr);
    sqlite3_close(database_);
  }
  if (changes_ != nullptr) ::munmap(changes_, sizeof(std::uint64_t));
}

Result<void> Book::execute(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return tl::unexpected<Error>(sqlite_error(database_, file, "be changed"));
  return {};
}

Result<void> Book::begin(const std::string& folder) {
  JOINEDUP_CHECK(make_folder(folder, FileMode::secret));
  const std::string key_file = folder + "/key";
  if (!std::filesystem::exists(key_file)) {
    // A key made anew would make every authenticator app and recovery code useless, without a word.
    if (std::filesystem::exists(folder + "/accounts.sqlite")) return fail(ErrorCode::not_found, "The key of the accounts is gone though there are accounts; restore it from the backup of keys.", "identity/key");
    JOINEDUP_CHECK(write_file(key_file, random_bytes(32), FileMode::secret));
  }
  JOINEDUP_TRY(key_, read_file(key_file));
  if (key_.size() != 32) return fail(ErrorCode::invalid_input, "The key of the accounts is not 32 bytes long; restore it from a backup.", "identity/key");
  const std::string path = folder + "/accounts.sqlite";
  // Made 0600 before SQLite sees it; its side files take the same mode.
  if (const int made = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600); made < 0) return tl::unexpected<Error>(system_error("open the list of accounts", path));
  else ::close(made);
  if (sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr) != SQLITE_OK) return tl::unexpected<Error>(sqlite_error(database_, file, "be opened"));
  sqlite3_busy_timeout(database_, 10'000);
  JOINEDUP_CHECK(execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"));
  {
    SqliteStatement version(database_, "PRAGMA user_version", file);
    if (!version.row()) return tl::unexpected<Error>(sqlite_error(database_, file, "be read"));
    if (version.integer(0) > format) return fail(ErrorCode::invalid_input, "A newer version of this program wrote this file; use that version.", file.path);
  }
  JOINEDUP_CHECK(execute(schema));
  JOINEDUP_CHECK(execute("PRAGMA user_version = 1"));
  const std::string page = folder + "/changes";
  const int number = ::open(page.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (number < 0 || ::ftruncate(number, sizeof(std::uint64_t)) != 0) return tl::unexpected<Error>(system_error("open", page));
  void* at = ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, number, 0);
  ::close(number);
  if (at == MAP_FAILED) return tl::unexpected<Error>(system_error("map", page));
  changes_ = static_cast<std::atomic<std::uint64_t>*>(at);
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  const std::lock_guard lock(writing_);
  seen_ = changes_->load();
  return read_all();
}

Result<void> Book::read_all() {
  std::map<std::string, std::shared_ptr<const Stored>> accounts;
  std::map<std::string, std::string> users;
  std::map<std::pair<std::string, std::string>, std::string> links;
  std::map<std::string, std::shared_ptr<const Client>> clients;
  std::unordered_map<Digest, std::shared_ptr<Ticket>, Hasher> tickets;
  JOINEDUP_CHECK(execute("BEGIN"));
  const auto read = [&]() -> Result<void> {
    SqliteStatement account(database_, "SELECT body FROM account", file);
    while (account.row()) {
      JOINEDUP_TRY(auto stored, read_account(account.text(0)));
      users[stored.user] = stored.id;
      auto& place = accounts[stored.id];  // before it is moved from
      place = std::make_shared<const Stored>(std::move(stored));
    }
    SqliteStatement link(database_, "SELECT issuer, subject, account FROM provider_link", file);
    while (link.row()) links[{link.text(0), link.text(1)}] = link.text(2);
    SqliteStatement client(database_, "SELECT body FROM client", file);
    while (client.row()) {
      JOINEDUP_TRY(auto one, read_client(client.text(0)));
      auto& place = clients[one.id];
      place = std::make_shared<const Client>(std::move(one));
    }
    SqliteStatement ticket(database_, "SELECT fingerprint, body FROM ticket", file);
    while (ticket.row()) {
      JOINEDUP_TRY(auto one, read_ticket(ticket.text(1)));
      tickets[digest_of(ticket.text(0))] = std::move(one);
    }
    if (account.failed() || link.failed() || client.failed() || ticket.failed()) return tl::unexpected<Error>(sqlite_error(database_, file, "be read"));
    return {};
  };
  const auto done = read();
  (void)execute("COMMIT");
  JOINEDUP_CHECK(done);
  const std::unique_lock lock(mutex_);
  for (auto& [digest, ticket] : tickets_) {
    if (!is_kept(ticket->kind)) tickets[digest] = ticket;
    else if (const auto same = tickets.find(digest); same != tickets.end()) same->second = ticket;  // with what is in memory only
  }
  accounts_.swap(accounts), users_.swap(users), links_.swap(links), clients_.swap(clients), tickets_.swap(tickets);
  for (auto& [digest, ticket] : tickets_) {
    if (ticket->kind != Ticket::Kind::session || ticket->subject) continue;
    const auto account = accounts_.find(ticket->account);
    if (account == accounts_.end()) continue;
    auto subject = subject_of(*account->second);
    subject.session = ticket->id, subject.assurance = ticket->assurance;
    ticket->subject = std::make_shared<const access::Subject>(std::move(subject));
    ticket->csrf = base64url({reinterpret_cast<const char*>(hmac_sha256(key_, "csrf " + to_hex(digest)).data()), 32});
  }
  drop_void();
  return {};
}

bool Book::is_good(const Ticket& ticket) const {
  if (!ticket.client.empty() && !clients_.contains(ticket.client)) return false;
  if (ticket.account.empty()) return !ticket.client.empty();
  const auto account = accounts_.find(ticket.account);
  if (account == accounts_.end() || account->second->epoch != ticket.epoch) return false;
  return account->second->state == Account::State::active || (ticket.kind == Ticket::Kind::invitation && account->second->state == Account::State::invited);
}

void Book::drop_void() {
  std::erase_if(tickets_, [this](const auto& entry) { return !is_good(*entry.second); });
}

void Book::reread() {
  const std::lock_guard lock(writing_);
  const auto now = changes_->load(std::memory_order_acquire);
  if (now == seen_.load()) return;
  if (read_all()) {
    seen_.store(now, std::memory_order_release);
    return;
  }
  // Who was let in may have been shut out by what cannot be read: nobody is let in until it can.
  const std::unique_lock maps(mutex_);
  tickets_.clear();
}

void Book::told() {
  const auto before = changes_->fetch_add(1, std::memory_order_acq_rel);
  auto expected = before;
  seen_.compare_exchange_strong(expected, before + 1);  // where another wrote too, ours is read with theirs
}

std::shared_ptr<const Stored> Book::by_id(const std::string& id) {
  fresh();
  const std::shared_lock lock(mutex_);
  const auto found = accounts_.find(id);
  return found == accounts_.end() ? nullptr : found->second;
}

std::shared_ptr<const Stored> Book::by_user(const std::string& user) {
  fresh();
  const std::shared_lock lock(mutex_);
  const auto name = users_.find(user);
  return name == users_.end() ? nullptr : accounts_.at(name->second);
}

std::shared_ptr<const Stored> Book::by_provider(const std::string& issuer, const std::string& subject) {
  fresh();
  const std::shared_lock lock(mutex_);
  const auto link = links_.find({issuer, subject});
  if (link == links_.end()) return nullptr;
  const auto found = accounts_.find(link->second);
  return found == accounts_.end() ? nullptr : found->second;
}

std::vector<Stored> Book::all() {
  fresh();
  const std::shared_lock lock(mutex_);
  std::vector<Stored> out;
  for (const auto& [user, id] : users_) out.push_back(*accounts_.at(id));
  return out;
}

Result<void> Book::write_account(const Stored& account) {
  SqliteStatement other(database_, "SELECT 1 FROM account WHERE user = ? AND id <> ?", file);
  other.bind(1, account.user);
  other.bind(2, account.id);
  if (other.row()) return fail(ErrorCode::conflict, "There is an account of that name already.");
  SqliteStatement insert(database_, "INSERT INTO account VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET user = excluded.user, body = excluded.body", file);
  insert.bind(1, account.id);
  insert.bind(2, account.user);
  insert.bind(3, account_text(account));
  return insert.run("keep an account");
}

void Book::show_account(const Stored& account) {
  {
    const std::unique_lock maps(mutex_);
    if (const auto old = accounts_.find(account.id); old != accounts_.end()) users_.erase(old->second->user);
    users_[account.user] = account.id;
    accounts_[account.id] = std::make_shared<const Stored>(account);
    drop_void();
  }
  told();
}

Result<void> Book::save(const Stored& account) {
  fresh();
  const std::lock_guard lock(writing_);
  JOINEDUP_CHECK(write_account(account));
  show_account(account);
  return {};
}

Result<void> Book::change(const std::string& id, const std::function<Result<void>(Stored&)>& how) {
  fresh();
  const std::lock_guard lock(writing_);
  JOINEDUP_CHECK(execute("BEGIN IMMEDIATE"));  // another program may have changed it since: what is on the disk counts
  const auto work = [&]() -> Result<Stored> {
    SqliteStatement select(database_, "SELECT body FROM account WHERE id = ?", file);
    select.bind(1, id);
    if (!select.row()) return fail(ErrorCode::not_found, "There is no such account.");
    JOINEDUP_TRY(auto next, read_account(select.text(0)));
    JOINEDUP_CHECK(how(next));
    JOINEDUP_CHECK(write_account(next));
    return next;
  };
  auto next = work();
  if (!next) {
    (void)execute("ROLLBACK");
    return tl::unexpected<Error>(next.error());
  }
  JOINEDUP_CHECK(execute("COMMIT"));
  show_account(*next);
  return {};
}

Result<void> Book::link(const std::string& account, const std::string& issuer, const std::string& subject) {
  fresh();
  const std::lock_guard lock(writing_);
  SqliteStatement insert(database_, "INSERT INTO provider_link VALUES (?, ?, ?) ON CONFLICT (issuer, subject) DO NOTHING", file);
  insert.bind(1, issuer), insert.bind(2, subject), insert.bind(3, account);
  JOINEDUP_CHECK(insert.run("link an account"));
  if (sqlite3_changes(database_) == 0) return fail(ErrorCode::conflict, "That person of that provider is linked to an account already.");
  {
    const std::unique_lock maps(mutex_);
    links_[{issuer, subject}] = account;
  }
  told();
  return {};
}

Result<void> Book::save_client(const Client& client) {
  fresh();
  const std::lock_guard lock(writing_);
  SqliteStatement insert(database_, "INSERT INTO client VALUES (?, ?) ON CONFLICT (id) DO NOTHING", file);
  insert.bind(1, client.id), insert.bind(2, client_text(client));
  JOINEDUP_CHECK(insert.run("keep a client"));
  if (sqlite3_changes(database_) == 0) return fail(ErrorCode::conflict, "There is a client of that id already; remove it first.");
  {
    const std::unique_lock maps(mutex_);
    clients_[client.id] = std::make_shared<const Client>(client);
  }
  told();
  return {};
}

Result<void> Book::remove_client(const std::string& id) {
  fresh();
  const std::lock_guard lock(writing_);
  SqliteStatement erase(database_, "DELETE FROM client WHERE id = ?", file);
  erase.bind(1, id);
  JOINEDUP_CHECK(erase.run("remove a client"));
  if (sqlite3_changes(database_) == 0) return fail(ErrorCode::not_found, "There is no client of that id.");
  {
    const std::unique_lock maps(mutex_);
    clients_.erase(id);
    drop_void();
  }
  told();
  return {};
}

std::shared_ptr<const Client> Book::client(const std::string& id) {
  fresh();
  const std::shared_lock lock(mutex_);
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second;
}

std::vector<Client> Book::all_clients() {
  fresh();
  const std::shared_lock lock(mutex_);
  std::vector<Client> out;
  for (const auto& [id, client] : clients_) out.push_back(*client);
  return out;
}

Result<std::string> Book::issue(const Ticket& ticket) {
  auto token = random_token();
  const auto digest = fingerprint(token);
  auto made = std::make_shared<Ticket>(ticket);
  if (made->kind == Ticket::Kind::session) made->csrf = base64url({reinterpret_cast<const char*>(hmac_sha256(key_, "csrf " + to_hex(digest)).data()), 32});
  const std::lock_guard lock(writing_);
  if (is_kept(made->kind)) {
    SqliteStatement insert(database_, "INSERT INTO ticket VALUES (?, ?, ?)", file);
    insert.bind(1, to_hex(digest)), insert.bind(2, made->expires), insert.bind(3, ticket_text(*made));
    JOINEDUP_CHECK(insert.run("keep a session"));
  }
  {
    const std::unique_lock maps(mutex_);
    tickets_[digest] = std::move(made);
  }
  if (is_kept(ticket.kind)) told();
  return token;
}

std::shared_ptr<Ticket> Book::find(std::string_view token, Ticket::Kind kind, std::int64_t now) {
  fresh();
  const auto digest = fingerprint(token);
  const std::shared_lock lock(mutex_);
  const auto found = tickets_.find(digest);
  if (found == tickets_.end() || found->second->kind != kind || found->second->expires <= now) return nullptr;
  return found->second;
}

std::shared_ptr<Ticket> Book::take(std::string_view token, Ticket::Kind kind, std::int64_t now) {
  auto ticket = find(token, kind, now);
  if (!ticket || ticket->used.exchange(true)) return nullptr;
  end(token);
  return ticket;
}

bool Book::spend(Ticket& ticket, std::string_view token) {
  if (ticket.used.exchange(true)) return false;
  const std::lock_guard lock(writing_);
  SqliteStatement update(database_, "UPDATE ticket SET body = ? WHERE fingerprint = ?", file);
  update.bind(1, ticket_text(ticket)), update.bind(2, to_hex(fingerprint(token)));
  return update.run("spend a token").has_value();
}

void Book::end(std::string_view token) {
  const auto digest = fingerprint(token);
  const std::lock_guard lock(writing_);
  bool kept = false;
  {
    const std::unique_lock maps(mutex_);
    const auto found = tickets_.find(digest);
    if (found == tickets_.end()) return;
    kept = is_kept(found->second->kind);
    tickets_.erase(found);
  }
  if (!kept) return;
  SqliteStatement erase(database_, "DELETE FROM ticket WHERE fingerprint = ?", file);
  erase.bind(1, to_hex(digest));
  (void)erase.run("end a session");
  told();
}

void Book::end_where(const std::function<bool(const Ticket&)>& which) {
  const std::lock_guard lock(writing_);
  std::vector<Digest> gone;
  {
    const std::unique_lock maps(mutex_);
    std::erase_if(tickets_, [&](const auto& entry) {
      if (!which(*entry.second)) return false;
      if (is_kept(entry.second->kind)) gone.push_back(entry.first);
      return true;
    });
  }
  if (gone.empty()) return;
  (void)execute("BEGIN");
  for (const auto& digest : gone) {
    SqliteStatement erase(database_, "DELETE FROM ticket WHERE fingerprint = ?", file);
    erase.bind(1, to_hex(digest));
    (void)erase.run("end a session");
  }
  (void)execute("COMMIT");
  told();
}

void Book::sweep(std::int64_t now) {
  end_where([now](const Ticket& ticket) { return ticket.expires <= now; });
  const std::lock_guard lock(writing_);
  SqliteStatement old(database_, "DELETE FROM ticket WHERE expires <= ?", file);  // void ones among them
  old.bind(1, now);
  (void)old.run("forget old sessions");
  SqliteStatement erase(database_, "DELETE FROM assertion WHERE expires < ?", file);
  erase.bind(1, now);
  (void)erase.run("forget old assertions");
}

std::int64_t Book::sessions_of(const std::string& account, std::int64_t now) {
  const std::shared_lock lock(mutex_);
  return std::count_if(tickets_.begin(), tickets_.end(), [&](const auto& entry) { return entry.second->kind == Ticket::Kind::session && entry.second->account == account && entry.second->expires > now; });
}

Result<bool> Book::first_use(const std::string& client, const std::string& jti, std::int64_t expires) {
  const std::lock_guard lock(writing_);
  SqliteStatement insert(database_, "INSERT INTO assertion VALUES (?, ?, ?) ON CONFLICT DO NOTHING", file);
  insert.bind(1, client), insert.bind(2, jti), insert.bind(3, expires);
  JOINEDUP_CHECK(insert.run("remember an assertion"));
  return sqlite3_changes(database_) == 1;
}

}  // namespace joinedup::identity
