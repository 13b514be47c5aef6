// /invite: whoever holds the link, once, chooses a password and sets up an authenticator app.
#include "base/text.hpp"
#include "identity/invitation.hpp"
#include "identity/providers.hpp"
#include "identity/secrets.hpp"
#include "identity/state.hpp"

namespace joinedup::identity {

namespace {

std::string in_fours(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i > 0 && i % 4 == 0) out += ' ';
    out += text[i];
  }
  return out;
}

rest::Response no_longer() {
  return page(404, "This link does not work", "<p>It has been used, or its time is over. Ask the person who invited you for a new one.</p>");
}

rest::Response form_page(const State& state, int status, const std::string& token, const std::string& user, const std::string& secret, const std::vector<Fault>& faults) {
  const auto letters = base32(secret);
  const auto uri = "otpauth://totp/Joinedup:" + percent_encoded(user) + "?secret=" + letters + "&issuer=Joinedup";
  return page(status, faults.empty() ? "Set up your account" : "Error: Set up your account",
              faults_html(faults) + "<p>Your user name is <strong>" + html_text(user) + "</strong>.</p><form method=\"post\" action=\"/invite\" novalidate>" + hidden("token", token) +
                  "<input type=\"hidden\" name=\"user\" autocomplete=\"username\" value=\"" + html_text(user) + "\">" +
                  field_html({"password", "Choose a password", "12 characters or more. Three words that nobody would put together are good; a password manager is better", "password", "new-password", ""}, faults) +
                  field_html({"again", "The password again", "", "password", "new-password", ""}, faults) +
                  "<h2>Your authenticator app</h2><p>Add an account to the app by this key, or <a href=\"" + html_text(uri) + "\">open the app on this device</a>:</p><p><code>" + in_fours(letters) + "</code></p>" +
                  field_html({"code", "Security code", "The 6 digits that the app shows now", "text", "one-time-code", ""}, faults) + "<button type=\"submit\">Continue</button></form>" + provider_links(state, "", token));
}

}  // namespace

Result<std::string> invitation_link(State& state, const Stored& account) {
  Ticket ticket;
  ticket.kind = Ticket::Kind::invitation, ticket.account = account.id, ticket.epoch = account.epoch;
  ticket.created = state.now(), ticket.expires = state.now() + state.options.times.invitation;
  ticket.secret = seal(state.book->key(), random_bytes(20));
  JOINEDUP_TRY(const auto token, state.book->issue(ticket));
  return state.origin + "/invite?token=" + token;
}

std::vector<std::string> new_recovery_codes(State& state, Stored& account) {
  std::vector<std::string> codes;
  account.recovery.clear();
  for (int i = 0; i < 10; ++i) {
    codes.push_back(base32(random_bytes(15)));  // 120 bits: no search through them, whatever the hash
    account.recovery.push_back(recovery_code_hash(state, account.id, codes.back()));
  }
  return codes;
}

std::optional<rest::Response> invitation_pages(State& state, const rest::Request& request) {
  if (request.path != "/invite") return {};
  const bool is_post = request.method == "POST";
  const auto form = read_form(is_post ? request.body : request.query);
  const auto token = form.text("token");
  const auto now = state.now();
  const auto ticket = form.is_sound() ? state.book->find(token, Ticket::Kind::invitation, now) : nullptr;
  const auto account = ticket ? state.book->by_id(ticket->account) : nullptr;
  const auto secret = ticket ? unseal(state.book->key(), ticket->secret) : std::nullopt;
  if (!account || !secret || account->state != Account::State::invited) return no_longer();
  if (!is_post) return form_page(state, 200, token, account->user, *secret, {});
  if (!is_own_origin(state, request)) return page(403, "This form came from another site", "<p>Open the link again, and fill in the form there.</p>");
  std::vector<Fault> faults;
  const auto password = form.text("password");
  if (const auto fault = password_fault(password, account->user)) faults.push_back({"password", *fault});
  else if (form.text("again") != password) faults.push_back({"again", "The two passwords differ"});
  std::string digits;
  for (const char c : form.text("code"))
    if (c != ' ') digits += c;
  const auto step = matching_step(*secret, digits, now, 0);
  if (!step) faults.push_back({"code", "That code is not right. Enter the one that the app shows now"});
  if (!faults.empty()) return form_page(state, 400, token, account->user, *secret, faults);
  const auto hash = hash_password(password, state.options.cost);
  if (!hash) return form_page(state, 503, token, account->user, *secret, {{"", hash.error().sentence}});
  if (!state.book->take(token, Ticket::Kind::invitation, now)) return no_longer();
  std::vector<std::string> codes;
  const auto done = state.book->change(account->id, [&](Stored& stored) -> Result<void> {
    if (stored.state != Account::State::invited || stored.epoch != ticket->epoch) return fail(ErrorCode::conflict, "This link does not work any more.");
    stored.state = Account::State::active, stored.password_hash = *hash, stored.sealed_totp = seal(state.book->key(), *secret);
    stored.has_second_factor = true, stored.last_step = *step, ++stored.epoch;
    codes = new_recovery_codes(state, stored);
    return {};
  });
  if (!done) return no_longer();
  audit::Event event;
  event.kind = "administer", event.outcome = "allowed", event.user = account->id, event.rule = "invitation_accepted";
  state.note(std::move(event), request);
  std::string list;
  for (const auto& code : codes) list += "<li>" + in_fours(code) + "</li>";
  return page(200, "Your account is ready", "<p>Keep these recovery codes where nobody else finds them. Each signs you in once, should you lose your authenticator app. They are not shown again.</p><ol class=\"codes\">" +
                                                list + "</ol><p><a class=\"button\" href=\"/login\">Sign in</a></p>");
}

}  // namespace joinedup::identity
