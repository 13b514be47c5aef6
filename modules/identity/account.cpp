// /account: what somebody may do about their own sign-in: another password, sign out everywhere, take back what apps may do.
#include <set>

#include "base/text.hpp"
#include "identity/secrets.hpp"
#include "identity/state.hpp"

namespace joinedup::identity {

namespace {

rest::Response account_page(State& state, const Ticket& session, const Stored& account, int status, const std::vector<Fault>& faults, const std::string& done) {
  std::string main = faults_html(faults);
  if (!done.empty()) main += "<p role=\"status\"><strong>" + html_text(done) + "</strong></p>";
  main += "<p>You are signed in as <strong>" + html_text(account.user) + "</strong>.</p>";
  const auto form = [&](const char* what, const std::string& fields, const char* button) {
    return "<form method=\"post\" action=\"/account\" novalidate>" + hidden("csrf", session.csrf) + hidden("what", what) + fields + "<button type=\"submit\">" + button + "</button></form>";
  };
  if (!account.password_hash.empty())
    main += "<h2>Another password</h2>" + form("password", field_html({"current", "Your password now", "", "password", "current-password", ""}, faults) +
                                                               field_html({"code", "Security code", "The 6 digits that your authenticator app shows now", "text", "one-time-code", ""}, faults) +
                                                               field_html({"password", "New password", "12 characters or more", "password", "new-password", ""}, faults) +
                                                               field_html({"again", "The new password again", "", "password", "new-password", ""}, faults),
                                               "Change the password");
  const auto sessions = state.book->sessions_of(account.id, state.now());
  main += "<h2>Where you are signed in</h2><p>In " + std::to_string(sessions) + (sessions == 1 ? " place: here." : " places, here among them.") + "</p>" + form("sessions", "", "Sign out everywhere");
  std::set<std::string> apps;
  state.book->end_where([&](const Ticket& ticket) {
    if (ticket.account == account.id && !ticket.client.empty() && ticket.kind == Ticket::Kind::refresh) apps.insert(ticket.client);
    return false;
  });
  if (!apps.empty()) {
    main += "<h2>Apps that may use the record by your sign-in</h2><ul>";
    for (const auto& id : apps)
      if (const auto client = state.book->client(id)) main += "<li>" + html_text(client->name) + "</li>";
    main += "</ul>" + form("apps", "", "Take it back from all of them");
  }
  return page(status, faults.empty() ? "Your sign-in" : "Error: Your sign-in", main);
}

}  // namespace

std::optional<rest::Response> account_pages(State& state, const rest::Request& request) {
  if (request.path != "/account") return {};
  const auto session = session_of(state, request);
  const auto account = session ? state.book->by_id(session->account) : nullptr;
  if (!account) return send_to("/login?next=%2Faccount");
  if (request.method != "POST") return account_page(state, *session, *account, 200, {}, "");
  const auto form = read_form(request.body);
  if (!form.is_sound() || !is_own_origin(state, request) || !equal_secrets(form.text("csrf"), session->csrf)) return account_page(state, *session, *account, 403, {{"", "This page was open for a long time. Try again"}}, "");
  const auto what = form.text("what");
  const auto note = [&](const char* rule) {
    audit::Event event;
    event.kind = "administer", event.outcome = "allowed", event.user = account->id, event.session = session->id, event.rule = rule;
    state.note(std::move(event), request);
  };
  if (what == "apps") {
    state.book->end_where([&](const Ticket& ticket) { return ticket.account == account->id && !ticket.client.empty(); });
    note("apps_ended");
    return account_page(state, *session, *account, 200, {}, "No app may use the record by your sign-in any more.");
  }
  if (what == "sessions") {
    state.book->end_where([&](const Ticket& ticket) { return ticket.account == account->id && ticket.kind != Ticket::Kind::invitation; });
    note("own_sessions_ended");
    auto out = send_to("/login");
    out.headers.push_back({"Set-Cookie", state.set_cookie(state.session_cookie(), "", -1, "Lax")});
    return out;
  }
  if (what != "password" || account->password_hash.empty()) return account_page(state, *session, *account, 400, {{"", "Nothing was asked for"}}, "");
  std::vector<Fault> faults;
  if (const auto fault = password_fault(form.text("password"), account->user)) faults.push_back({"password", *fault});
  else if (form.text("again") != form.text("password")) faults.push_back({"again", "The two passwords differ"});
  if (form.text("current").empty()) faults.push_back({"current", "Enter your password now"});
  if (!faults.empty()) return account_page(state, *session, *account, 400, faults, "");
  // Whoever found a screen unlocked must not make it their own: the same proof, and the same waits, as at the door.
  if (const auto refused = prove_again(state, request, *account, form.text("current"), form.text("code"))) return account_page(state, *session, *account, 401, {{"current", *refused}}, "");
  const auto hash = hash_password(form.text("password"), state.options.cost);
  if (!hash) return account_page(state, *session, *account, 503, {{"", hash.error().sentence}}, "");
  const auto changed = state.book->change(account->id, [&](Stored& one) -> Result<void> {
    one.password_hash = *hash, ++one.epoch;
    return {};
  });
  if (!changed) return account_page(state, *session, *account, 503, {{"", changed.error().sentence}}, "");
  note("password_changed");
  auto headers = begin_session(state, request, {state.book->by_id(account->id), session->assurance});
  auto out = headers ? page(200, "Your password is changed", "<p>You are signed out everywhere but here.</p><p><a href=\"/account\">Back</a></p>") : send_to("/login");
  if (headers) out.headers.insert(out.headers.end(), headers->begin(), headers->end());
  return out;
}

}  // namespace joinedup::identity
