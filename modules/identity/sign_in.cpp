// /login, /login/totp, /logout, /session: names, passwords and codes of our own.
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "identity/book_json.hpp"
#include "identity/providers.hpp"
#include "identity/invitation.hpp"
#include "identity/secrets.hpp"
#include "identity/state.hpp"

namespace joinedup::identity {

namespace {

using nlohmann::json;

constexpr const char* wrong_words = "The user name or the password is not right";
constexpr const char* wrong_code = "That code is not right, or has been used already";
constexpr const char* assurance_password_totp = "password+totp";

std::string wait_sentence(std::int64_t seconds) {
  return "Too many tries. Wait " + (seconds < 120 ? std::to_string(seconds) + " seconds" : std::to_string((seconds + 59) / 60) + " minutes") + " and try again";
}

struct Asked {
  std::string user, password, code, next;
  bool is_json = false;
};

struct Verdict {
  enum class Kind { good, wrong, wait, busy } kind = Kind::wrong;
  std::int64_t seconds = 0;
  std::shared_ptr<const Stored> account;
  std::string sentence;
};

void note_sign_in(const State& state, const rest::Request& request, const char* outcome, const std::string& user, const char* rule) {
  audit::Event event;
  event.kind = "sign_in", event.outcome = outcome, event.user = user, event.rule = rule;
  state.note(std::move(event), request);
}

// The same work and the same words for a name that is nobody's, for one that is disabled and for a wrong password.
Verdict check_password(State& state, const rest::Request& request, const Asked& asked) {
  const auto now = state.now();
  const auto name = lower_ascii(trim(asked.user));
  const auto address = address_key(request.peer);
  if (const auto wait = std::max(state.addresses->begin(address, now), state.names->begin(name, now)); wait > 0) return {Verdict::Kind::wait, wait, nullptr, {}};
  const auto account = state.book->by_user(name);
  const bool is_real = account && account->state == Account::State::active && !account->password_hash.empty();
  const auto matches = password_matches(is_real ? account->password_hash : state.dummy_hash, asked.password);
  if (!matches) {
    state.addresses->give_back(address), state.names->give_back(name);
    return {Verdict::Kind::busy, 0, nullptr, matches.error().sentence};
  }
  if (!*matches || !is_real) {
    note_sign_in(state, request, "denied", account ? account->id : "", "password");
    return {};
  }
  state.addresses->give_back(address), state.names->give_back(name);
  return {Verdict::Kind::good, 0, account, {}};
}

std::string recovery_hash(const State& state, const std::string& id, std::string_view code) {
  std::string plain;
  for (const char c : code)
    if (c != ' ' && c != '-') plain += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return to_hex(hmac_sha256(state.book->key(), "recovery " + id + " " + plain));
}

// A code of the app, once; or a recovery code, once.
Verdict check_code(State& state, const rest::Request& request, const std::shared_ptr<const Stored>& account, const std::string& code) {
  const auto now = state.now();
  const auto key = "code " + account->id;
  if (const auto wait = state.names->begin(key, now); wait > 0) return {Verdict::Kind::wait, wait, nullptr, {}};
  bool is_good = false;
  std::string digits;
  for (const char c : code)
    if (c != ' ') digits += c;
  const auto changed = state.book->change(account->id, [&](Stored& stored) -> Result<void> {
    const auto secret = unseal(state.book->key(), stored.sealed_totp);
    if (digits.size() == 6 && secret) {
      if (const auto step = matching_step(*secret, digits, now, stored.last_step)) stored.last_step = *step, is_good = true;
    } else if (digits.size() >= 16 && digits.size() <= 32) {
      const auto hash = recovery_hash(state, stored.id, digits);
      is_good = std::erase_if(stored.recovery, [&](const std::string& one) { return equal_secrets(one, hash); }) > 0;
    }
    if (!is_good) return fail(ErrorCode::unauthenticated, wrong_code);
    stored.last_sign_in = now;
    return {};
  });
  if (is_good && !changed) return {Verdict::Kind::busy, 0, nullptr, changed.error().sentence};
  if (!is_good) {
    note_sign_in(state, request, "denied", account->id, "second_factor");
    return {};
  }
  state.names->worked(key);
  state.names->worked(account->user);
  return {Verdict::Kind::good, 0, state.book->by_id(account->id), {}};
}

rest::Response login_page(const State& state, const rest::Request& request, int status, const std::string& next, const std::string& user, const std::vector<Fault>& faults) {
  std::string held(cookie(request, state.form_cookie()));
  const bool is_new = held.size() != 43;
  if (is_new) held = random_token();
  std::string main = faults_html(faults) + "<form method=\"post\" action=\"/login\" novalidate>" + hidden("token", form_token(state, held)) + hidden("next", next) +
                     field_html({"user", "User name", "", "text", "username", user}, faults) + field_html({"password", "Password", "", "password", "current-password", ""}, faults) +
                     "<button type=\"submit\">Sign in</button></form>";
  main += provider_links(state, next);
  auto out = page(status, faults.empty() ? "Sign in" : "Error: Sign in", main);
  if (is_new) out.headers.push_back({"Set-Cookie", state.set_cookie(state.form_cookie(), held, 0, "Strict")});
  return out;
}

rest::Response code_page(const State& state, const rest::Request& request, int status, const std::string& next, const std::vector<Fault>& faults) {
  const std::string held(cookie(request, state.form_cookie()));
  return page(status, faults.empty() ? "Enter your security code" : "Error: Enter your security code",
              faults_html(faults) + "<form method=\"post\" action=\"/login/totp\" novalidate>" + hidden("token", form_token(state, held)) + hidden("next", next) +
                  field_html({"code", "Security code", "The 6 digits that your authenticator app shows now, or one of your recovery codes", "text", "one-time-code", ""}, faults) +
                  "<button type=\"submit\">Continue</button></form><p><a href=\"/login\">Start again</a></p>");
}

std::string session_text(const State& state, const Ticket& session) {
  const auto& s = *session.subject;
  const auto account = state.book->by_id(session.account);  // what they type to sign in: pages ask for it again in place
  return json{{"signed_in", true}, {"user", s.user}, {"sign_in_name", account ? account->user : ""}, {"kind", kind_name(s.kind)}, {"roles", s.roles}, {"practitioner", s.practitioner}, {"patient", s.patient},
              {"related_person", s.related_person}, {"organisation", s.organisation}, {"csrf", session.csrf}, {"assurance", s.assurance},
              {"expires_in", std::min(session.expires - state.now(), state.options.times.session_idle)}}.dump();
}

rest::Response json_refusal(int status, const char* code, const std::string& sentence, std::int64_t wait = 0) {
  auto out = json_answer(status, json{{"error", code}, {"sentence", sentence}}.dump());
  if (wait > 0) out.headers.push_back({"Retry-After", std::to_string(wait)});
  return out;
}

// Everything was right: the browser has a session of a new name.
rest::Response let_in(State& state, const rest::Request& request, const Asked& asked, const std::shared_ptr<const Stored>& account) {
  auto headers = begin_session(state, request, {account, assurance_password_totp});
  if (!headers) return asked.is_json ? json_refusal(503, "unavailable", headers.error().sentence) : page(503, "Sorry, sign-in does not work now", "<p>" + html_text(headers.error().sentence) + "</p>");
  rest::Response out;
  if (asked.is_json) {
    rest::Request next;
    const auto& set = headers->front().value;
    next.headers.push_back({"Cookie", set.substr(0, set.find(';'))});
    const auto session = session_of(state, next);
    out = json_answer(200, session ? session_text(state, *session) : "{}");
  } else {
    out = send_to(is_local_path(asked.next) ? asked.next : "/");
  }
  out.headers.insert(out.headers.end(), headers->begin(), headers->end());
  return out;
}

std::optional<Asked> read_asked(const rest::Request& request) {
  Asked out;
  const auto type = lower_ascii(request.header("Content-Type").substr(0, request.header("Content-Type").find(';')));
  if (type == "application/json") {
    const auto body = json::parse(request.body, nullptr, false);
    if (!body.is_object() || request.body.size() > 64 * 1024) return {};
    for (const auto& [name, value] : body.items())
      if (!value.is_string()) return {};
    out.is_json = true;
    out.user = body.value("user", ""), out.password = body.value("password", ""), out.code = body.value("code", ""), out.next = body.value("next", "");
    return out;
  }
  const auto form = read_form(request.body);
  if (type != "application/x-www-form-urlencoded" || !form.is_sound()) return {};
  out.user = form.text("user"), out.password = form.text("password"), out.code = form.text("code"), out.next = form.text("next");
  return out;
}

bool has_form_token(const State& state, const rest::Request& request) {
  const std::string held(cookie(request, state.form_cookie()));
  return held.size() == 43 && is_own_origin(state, request) && equal_secrets(read_form(request.body).text("token"), form_token(state, held));
}

rest::Response post_login(State& state, const rest::Request& request) {
  auto asked = read_asked(request);
  if (!asked) return json_refusal(400, "invalid", "Send a form, or a JSON object of texts.");
  if (asked->is_json ? !is_own_origin(state, request) : !has_form_token(state, request))
    return asked->is_json ? json_refusal(403, "forbidden", "Sign in from this site's own pages.")
                          : login_page(state, request, 403, asked->next, "", {{"", "This page was open for a long time, or cookies are off. Sign in again"}});
  asked->is_json = asked->is_json || wants_json(request);
  std::vector<Fault> faults;
  if (trim(asked->user).empty()) faults.push_back({"user", "Enter your user name"});
  if (asked->password.empty()) faults.push_back({"password", "Enter your password"});
  if (asked->user.size() > 200 || asked->password.size() > 1000) faults.push_back({"password", wrong_words});
  if (!faults.empty()) return asked->is_json ? json_refusal(400, "invalid", faults[0].sentence) : login_page(state, request, 400, asked->next, asked->user.substr(0, 200), faults);
  const auto verdict = check_password(state, request, *asked);
  switch (verdict.kind) {
    case Verdict::Kind::wait: {
      auto out = asked->is_json ? json_refusal(429, "throttled", wait_sentence(verdict.seconds)) : login_page(state, request, 429, asked->next, asked->user, {{"", wait_sentence(verdict.seconds)}});
      out.headers.push_back({"Retry-After", std::to_string(verdict.seconds)});
      return out;
    }
    case Verdict::Kind::busy: return asked->is_json ? json_refusal(503, "unavailable", verdict.sentence) : login_page(state, request, 503, asked->next, asked->user, {{"", verdict.sentence}});
    case Verdict::Kind::wrong: return asked->is_json ? json_refusal(401, "wrong", wrong_words) : login_page(state, request, 401, asked->next, asked->user, {{"password", wrong_words}});
    default: break;
  }
  if (!asked->code.empty()) {
    const auto coded = check_code(state, request, verdict.account, asked->code);
    if (coded.kind == Verdict::Kind::good) return let_in(state, request, *asked, coded.account);
    if (coded.kind == Verdict::Kind::wait) return json_refusal(429, "throttled", wait_sentence(coded.seconds), coded.seconds);
    return json_refusal(coded.kind == Verdict::Kind::busy ? 503 : 401, "wrong_code", coded.kind == Verdict::Kind::busy ? coded.sentence : wrong_code);
  }
  Ticket half;
  half.kind = Ticket::Kind::half_way, half.account = verdict.account->id, half.epoch = verdict.account->epoch;
  half.created = state.now(), half.expires = state.now() + state.options.times.half_way;
  const auto token = state.book->issue(half);
  if (!token) return login_page(state, request, 503, asked->next, asked->user, {{"", token.error().sentence}});
  auto out = asked->is_json ? json_refusal(401, "code_needed", "Enter the security code of your authenticator app.") : send_to("/login/totp" + (asked->next.empty() ? "" : "?next=" + percent_encoded(asked->next)));
  out.headers.push_back({"Set-Cookie", state.set_cookie(state.half_cookie(), *token, state.options.times.half_way, "Strict")});
  return out;
}

rest::Response post_code(State& state, const rest::Request& request) {
  auto asked = read_asked(request);
  if (!asked) return json_refusal(400, "invalid", "Send a form, or a JSON object of texts.");
  if (asked->is_json ? !is_own_origin(state, request) : !has_form_token(state, request)) return asked->is_json ? json_refusal(403, "forbidden", "Sign in from this site's own pages.") : send_to("/login");
  asked->is_json = asked->is_json || wants_json(request);
  const std::string held(cookie(request, state.half_cookie()));
  const auto half = state.book->find(held, Ticket::Kind::half_way, state.now());
  const auto account = half ? state.book->by_id(half->account) : nullptr;
  if (!account) return asked->is_json ? json_refusal(401, "start_again", "Sign in again from the start.") : send_to("/login");
  const auto verdict = asked->code.empty() ? Verdict{} : check_code(state, request, account, asked->code);
  if (verdict.kind == Verdict::Kind::good) {
    if (!state.book->take(held, Ticket::Kind::half_way, state.now())) return send_to("/login");
    auto out = let_in(state, request, *asked, verdict.account);
    out.headers.push_back({"Set-Cookie", state.set_cookie(state.half_cookie(), "", -1, "Strict")});
    return out;
  }
  const std::string sentence = asked->code.empty() ? "Enter your security code" : verdict.kind == Verdict::Kind::wait ? wait_sentence(verdict.seconds) : verdict.kind == Verdict::Kind::busy ? verdict.sentence : wrong_code;
  const int status = asked->code.empty() ? 400 : verdict.kind == Verdict::Kind::wait ? 429 : verdict.kind == Verdict::Kind::busy ? 503 : 401;
  auto out = asked->is_json ? json_refusal(status, status == 429 ? "throttled" : "wrong_code", sentence) : code_page(state, request, status, asked->next, {{"code", sentence}});
  if (status == 429) out.headers.push_back({"Retry-After", std::to_string(verdict.seconds)});
  return out;
}

rest::Response log_out(State& state, const rest::Request& request) {
  const auto session = session_of(state, request);
  if (!session) return wants_json(request) ? json_answer(200, R"({"signed_in":false})") : send_to("/login");
  if (request.method == "GET")
    return page(200, "Sign out", "<form method=\"post\" action=\"/logout\">" + hidden("csrf", session->csrf) + "<button type=\"submit\">Sign out</button></form><p><a href=\"/\">Stay signed in</a></p>");
  const auto given = request.header("X-CSRF-Token").empty() ? read_form(request.body).text("csrf") : std::string(request.header("X-CSRF-Token"));
  if (!is_own_origin(state, request) || !equal_secrets(given, session->csrf)) return json_refusal(403, "forbidden", "Sign out from this site's own pages.");
  audit::Event event;
  event.kind = "sign_out", event.outcome = "allowed", event.user = session->account, event.session = session->id;
  state.book->end(cookie(request, state.session_cookie()));
  state.note(std::move(event), request);
  auto out = wants_json(request) ? json_answer(200, R"({"signed_in":false})") : page(200, "You are signed out", "<p><a href=\"/login\">Sign in again</a></p>");
  out.headers.push_back({"Set-Cookie", state.set_cookie(state.session_cookie(), "", -1, "Lax")});
  out.headers.push_back({"Clear-Site-Data", "\"cache\", \"storage\""});
  return out;
}

}  // namespace

std::optional<rest::Response> sign_in_pages(State& state, const rest::Request& request) {
  const bool is_get = request.method == "GET" || request.method == "HEAD", is_post = request.method == "POST";
  if (request.path != "/login" && request.path != "/login/totp" && request.path != "/logout" && request.path != "/session") return {};
  if (!is_get && !is_post) {
    auto out = json_refusal(405, "not_supported", "This address takes GET and POST.");
    out.headers.push_back({"Allow", "GET, POST"});
    return out;
  }
  if (request.path == "/logout") return log_out(state, request);
  if (request.path == "/session") {
    const auto session = session_of(state, request);
    return session && session->subject ? json_answer(200, session_text(state, *session)) : json_answer(401, R"({"signed_in":false})");
  }
  if (is_post) return request.path == "/login" ? post_login(state, request) : post_code(state, request);
  const auto next = read_form(request.query).text("next");
  if (request.path == "/login") return login_page(state, request, 200, is_local_path(next) ? next : "", "", {});
  if (!state.book->find(cookie(request, state.half_cookie()), Ticket::Kind::half_way, state.now())) return send_to("/login");
  return code_page(state, request, 200, is_local_path(next) ? next : "", {});
}

std::optional<std::string> prove_again(State& state, const rest::Request& request, const Stored& account, const std::string& password, const std::string& code) {
  Asked asked;
  asked.user = account.user, asked.password = password;
  auto verdict = check_password(state, request, asked);
  if (verdict.kind == Verdict::Kind::good) verdict = check_code(state, request, verdict.account, code);
  switch (verdict.kind) {
    case Verdict::Kind::good: return {};
    case Verdict::Kind::wait: return wait_sentence(verdict.seconds);
    case Verdict::Kind::busy: return verdict.sentence;
    default: return "The password or the code is not right";
  }
}

std::string recovery_code_hash(const State& state, const std::string& id, const std::string& code) { return recovery_hash(state, id, code); }

}  // namespace joinedup::identity
