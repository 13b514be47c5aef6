#include "casework/drafts.hpp"

#include <sys/stat.h>

#include "base/sqlite.hpp"
#include "casework/handlers.hpp"

namespace joinedup::casework {

namespace {

constexpr SqliteFile file{"The drafts", "drafts.sqlite", "another program is writing it; try again"};
constexpr std::size_t longest_content = 512 * 1024, longest_form = 300;
constexpr int most_drafts = 200, days_kept = 90;

// What is deleted is overwritten: a draft that was sent or discarded leaves nothing behind.
constexpr const char* set_up =
    "PRAGMA secure_delete = ON; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS draft(account TEXT NOT NULL, form TEXT NOT NULL, about TEXT NOT NULL, content TEXT NOT NULL, saved TEXT NOT NULL, PRIMARY KEY(account, form)) STRICT, WITHOUT ROWID;"
    "PRAGMA user_version = 1";

}  // namespace

Result<std::shared_ptr<Drafts>> Drafts::open(const std::string& path) {
  const mode_t before = ::umask(0077);
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::shared_ptr<Drafts> drafts(new Drafts(handle));
  sqlite3_busy_timeout(handle, 5000);
  const bool good = opened == SQLITE_OK && sqlite3_exec(handle, set_up, nullptr, nullptr, nullptr) == SQLITE_OK;
  ::umask(before);
  if (!good) return tl::unexpected<Error>(sqlite_error(handle, file, "be opened"));
  ::chmod(path.c_str(), 0600);
  return drafts;
}

Drafts::~Drafts() { sqlite3_close_v2(handle_); }

Result<void> Drafts::save(const std::string& account, const Draft& draft, const std::string& forget_before) {
  const std::lock_guard lock(mutex_);
  SqliteStatement old(handle_, "DELETE FROM draft WHERE account = ?1 AND saved < ?2", file);
  old.bind(1, account), old.bind(2, forget_before);
  JOINEDUP_CHECK(old.run("forget old drafts"));
  SqliteStatement counted(handle_, "SELECT count(*) FROM draft WHERE account = ?1 AND form <> ?2", file);
  counted.bind(1, account), counted.bind(2, draft.form);
  if (counted.row() && counted.integer(0) >= most_drafts) return fail(ErrorCode::conflict, "You have 200 unfinished forms. Send or discard some first.");
  SqliteStatement insert(handle_, "INSERT INTO draft VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET about = excluded.about, content = excluded.content, saved = excluded.saved", file);
  insert.bind(1, account), insert.bind(2, draft.form), insert.bind(3, draft.about), insert.bind(4, draft.content), insert.bind(5, draft.saved);
  return insert.run("keep a draft");
}

Result<void> Drafts::discard(const std::string& account, const std::string& form) {
  const std::lock_guard lock(mutex_);
  SqliteStatement remove(handle_, "DELETE FROM draft WHERE account = ?1 AND form = ?2", file);
  remove.bind(1, account), remove.bind(2, form);
  return remove.run("discard a draft");
}

Result<std::vector<Draft>> Drafts::of(const std::string& account, const std::string& form) const {
  const std::lock_guard lock(mutex_);
  SqliteStatement asked(handle_, "SELECT form, about, content, saved FROM draft WHERE account = ?1 AND (?2 = '' OR form = ?2) ORDER BY saved DESC, form", file);
  asked.bind(1, account), asked.bind(2, form);
  std::vector<Draft> out;
  while (asked.row()) out.push_back({asked.text(0), asked.text(1), asked.text(2), asked.text(3)});
  if (asked.failed()) return tl::unexpected<Error>(sqlite_error(handle_, file, "be read"));
  return out;
}

namespace {

// Drafts outlive nobody's access: one about a person whom they may no longer read is not given.
bool may_still_read(const Ask& ask, const std::string& about) {
  return about.empty() || (is_reference(about) && ask.call.tally({.method = "GET", .path = "/" + about, .query = "_summary=true"}).status == 200);
}

Json as_parameters(const Draft& draft) {
  Json out = Json::array();
  out.push_back({{"name", "form"}, {"valueString", draft.form}});
  if (!draft.about.empty()) out.push_back({{"name", "about"}, {"valueReference", {{"reference", draft.about}}}});
  out.push_back({{"name", "content"}, {"valueString", draft.content}});
  out.push_back({{"name", "saved"}, {"valueInstant", draft.saved}});
  return out;
}

Result<std::string> form_of(const Ask& ask) {
  JOINEDUP_TRY(const auto form, ask.text("form", "Say which form it is."));
  if (form.size() > longest_form) return fail(ErrorCode::invalid_input, "The form's key is too long.", "form");
  return form;
}

Result<void> are_kept(const Ask& ask) {
  if (ask.room.drafts == nullptr) return fail(ErrorCode::unsupported, "This server keeps no drafts.");
  return {};
}

}  // namespace

Result<rest::Response> give_drafts(Ask& ask) {
  JOINEDUP_CHECK(are_kept(ask));
  JOINEDUP_TRY(const auto form, ask.text_or_none("form"));
  JOINEDUP_TRY(const auto drafts, ask.room.drafts->of(ask.call.request.principal, form));
  Json out{{"resourceType", "Parameters"}};
  Json parameters = Json::array();
  for (const auto& draft : drafts) {
    if (!may_still_read(ask, draft.about)) continue;
    if (!form.empty()) parameters = as_parameters(draft);
    else parameters.push_back({{"name", "draft"}, {"part", as_parameters(draft)}});
  }
  if (!parameters.empty()) out["parameter"] = std::move(parameters);
  return answer_json(200, out);
}

Result<rest::Response> save_draft(Ask& ask) {
  JOINEDUP_CHECK(are_kept(ask));
  JOINEDUP_TRY(const auto form, form_of(ask));
  const auto* given = ask.parameter("content");
  const auto content = given == nullptr ? std::string() : text_at(*given, "valueString");
  if (given == nullptr) return fail(ErrorCode::invalid_input, "There is nothing to keep.", "content");
  if (content.size() > longest_content) return fail(ErrorCode::too_large, "A draft holds at most 512 KB.", "content");
  std::string about;
  if (const auto* named = ask.parameter("about")) {
    about = local(text_at(*named, "valueReference/reference"));
    if (about.empty()) about = local(text_at(*named, "valueString"));
    if (!about.empty() && !may_still_read(ask, about)) return fail(ErrorCode::invalid_input, "There is nothing of this name that you can read.", "about");
  }
  const Draft draft{form, about, content, ask.now};
  JOINEDUP_CHECK(ask.room.drafts->save(ask.call.request.principal, draft, (ask.today - days_kept).to_iso()));
  Json out{{"resourceType", "Parameters"}};
  out["parameter"] = Json::array({Json{{"name", "form"}, {"valueString", form}}, Json{{"name", "saved"}, {"valueInstant", ask.now}}});
  return answer_json(200, out);
}

Result<rest::Response> discard_draft(Ask& ask) {
  JOINEDUP_CHECK(are_kept(ask));
  JOINEDUP_TRY(const auto form, form_of(ask));
  JOINEDUP_CHECK(ask.room.drafts->discard(ask.call.request.principal, form));
  return answer_json(200, Json{{"resourceType", "Parameters"}});
}

}  // namespace joinedup::casework
