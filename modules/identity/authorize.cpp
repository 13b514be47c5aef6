// /oauth/authorize: an app asks, and the person who is signed in decides.
#include "base/text.hpp"
#include "identity/secrets.hpp"
#include "identity/smart.hpp"

namespace joinedup::identity {

namespace {

struct Asked {
  std::shared_ptr<const Client> client;
  std::string redirect_uri, state, challenge, nonce, launch;
  Scopes scopes;
  std::optional<rest::Response> refusal;     // where set, nothing else counts
};

rest::Response not_an_app(const std::string& sentence) { return page(400, "This app cannot be opened", "<p>" + html_text(sentence) + "</p><p>Tell whoever looks after the app.</p>"); }

rest::Response back(const State& state, const Asked& asked, std::vector<std::pair<std::string, std::string>> fields) {
  if (!asked.state.empty()) fields.emplace_back("state", asked.state);
  fields.emplace_back("iss", state.origin);  // RFC 9207
  auto out = send_to(with_query(asked.redirect_uri, fields));
  return out;
}

// Until the client and its address are known to be right, nobody is sent anywhere.
Asked read_asked(const State& state, std::string_view query) {
  Asked out;
  const auto form = read_form(query);
  const auto refuse = [&](rest::Response response) { out.refusal = std::move(response); };
  if (!form.is_sound()) {
    refuse(not_an_app("What it asks cannot be read, or says something twice."));
    return out;
  }
  out.client = state.book->client(form.text("client_id"));
  out.redirect_uri = form.text("redirect_uri");
  if (!out.client || out.client->kind == Client::Kind::backend) refuse(not_an_app("It is not registered here."));
  else if (std::find(out.client->redirect_uris.begin(), out.client->redirect_uris.end(), out.redirect_uri) == out.client->redirect_uris.end())
    refuse(not_an_app("It asks to send you to an address that is not registered for it."));
  if (out.refusal) return out;
  out.state = form.text("state"), out.challenge = form.text("code_challenge"), out.nonce = form.text("nonce"), out.launch = form.text("launch");
  const auto bad = [&](const char* error, const char* why) { refuse(back(state, out, {{"error", error}, {"error_description", why}})); };
  auto audience = form.text("aud");
  while (audience.ends_with("/")) audience.pop_back();
  if (out.state.size() > 1000 || out.nonce.size() > 500 || out.launch.size() > 100) out.state = out.state.substr(0, 1000), bad("invalid_request", "state, nonce or launch is too long");
  else if (form.text("response_type") != "code") bad("unsupported_response_type", "response_type is code");
  else if (form.text("code_challenge_method") != "S256" || out.challenge.size() != 43 || !from_base64url(out.challenge)) bad("invalid_request", "PKCE with S256 is required");
  else if (audience != state.fhir_url) bad("invalid_request", "aud is the address of this server's FHIR record");
  else if (form.has("request") || form.has("request_uri")) bad("request_not_supported", "request objects are not taken here");
  if (out.refusal) return out;
  out.scopes = narrowed(read_scopes(form.text("scope")), read_scopes(out.client->scopes));
  if (out.scopes.words.empty()) bad("invalid_scope", "none of the scopes asked for is one that this app may have");
  return out;
}

bool wants_patient(const Asked& asked) {
  if (asked.scopes.launch_patient || !asked.launch.empty()) return true;
  for (const auto& scope : asked.scopes.resources)
    if (scope.level == access::Scope::Level::patient) return true;
  return false;
}

// Of a person, their own record; of a launch from our pages, whose was open; else whoever is named on the page.
std::string known_patient(const State& state, const Asked& asked, const Stored& account) {
  if (account.kind == access::Subject::Kind::person) return account.patient;
  if (asked.launch.empty()) return {};
  const auto launch = state.book->find(asked.launch, Ticket::Kind::launch, state.now());
  return launch && launch->account == account.id && launch->client == asked.client->id ? launch->patient : std::string();
}

rest::Response consent_page(const State& state, const Asked& asked, const Ticket& session, const Stored& account, const std::string& query, const std::vector<Fault>& faults) {
  std::string list;
  for (const auto& word : asked.scopes.words)
    if (const auto words = scope_in_words(word); !words.empty()) list += "<li>" + html_text(words) + "</li>";
  const std::string how_long = asked.scopes.offline ? "For " + std::to_string(state.options.times.refresh_token / 86'400) + " days, or until you take it back on the page of your sign-in (/account)."
                                                    : "For " + std::to_string(state.options.times.access_token / 60) + " minutes; then it must ask you again.";
  std::string main = faults_html(faults) + "<p><strong>" + html_text(asked.client->name) + "</strong> asks to use the record by your sign-in. It would be able to:</p><ul>" + list + "</ul><p>" + how_long + "</p><form method=\"post\" action=\"/oauth/authorize\" novalidate>" +
                     hidden("csrf", session.csrf) + hidden("asked", query);
  if (wants_patient(asked) && known_patient(state, asked, account).empty())
    main += field_html({"patient", "Whose record", "The id of the person in the shared record", "text", "off", ""}, faults);
  main += "<button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button><button class=\"second\" type=\"submit\" name=\"decision\" value=\"deny\">Do not allow</button></form>";
  auto target = origin_of(asked.redirect_uri);
  if (target.empty()) target = asked.redirect_uri.substr(0, asked.redirect_uri.find(':') + 1);
  return page(faults.empty() ? 200 : 400, "Let this app use the record?", main, target);
}

rest::Response allowed(State& state, const Asked& asked, const Ticket& session, const Stored& account, std::string patient) {
  if (!asked.launch.empty()) (void)state.book->take(asked.launch, Ticket::Kind::launch, state.now());
  std::string scopes;
  for (const auto& word : asked.scopes.words) {
    const auto scope = read_scope(word);
    if (scope && scope->level == access::Scope::Level::patient && patient.empty()) continue;  // of nobody: nothing
    scopes += (scopes.empty() ? "" : " ") + word;
  }
  Ticket code;
  code.kind = Ticket::Kind::code, code.account = account.id, code.epoch = account.epoch, code.client = asked.client->id, code.family = "a-" + base64url(random_bytes(9));
  code.created = state.now(), code.expires = state.now() + state.options.times.code, code.signed_in = session.signed_in, code.assurance = session.assurance;
  code.redirect_uri = asked.redirect_uri, code.challenge = asked.challenge, code.nonce = asked.nonce, code.scopes = scopes, code.patient = std::move(patient);
  const auto issued = state.book->issue(code);
  if (!issued) return back(state, asked, {{"error", "temporarily_unavailable"}});
  return back(state, asked, {{"code", *issued}});
}

}  // namespace

rest::Response authorize(State& state, const rest::Request& request) {
  const bool is_decision = request.method == "POST";
  const auto form = read_form(is_decision ? request.body : std::string_view());
  const std::string query = is_decision ? form.text("asked") : request.query;
  auto asked = read_asked(state, query);
  if (asked.refusal) return std::move(*asked.refusal);
  const auto session = session_of(state, request);
  const auto account = session ? state.book->by_id(session->account) : nullptr;
  if (!account) {
    const auto here = "/oauth/authorize?" + query;
    return is_local_path(here) ? send_to("/login?next=" + percent_encoded(here)) : not_an_app("What it asks is too long.");
  }
  if (!is_decision) return consent_page(state, asked, *session, *account, query, {});
  if (!form.is_sound() || !is_own_origin(state, request) || !equal_secrets(form.text("csrf"), session->csrf)) return consent_page(state, asked, *session, *account, query, {{"", "This page was open for a long time. Decide again"}});
  audit::Event event;
  event.kind = "decision", event.user = account->id, event.session = session->id, event.client = asked.client->id, event.rule = "app_consent", event.query = asked.scopes.text();
  if (form.text("decision") != "allow") {
    event.outcome = "denied";
    state.note(std::move(event), request);
    return back(state, asked, {{"error", "access_denied"}});
  }
  auto patient = known_patient(state, asked, *account);
  if (patient.empty() && wants_patient(asked)) {
    patient = form.text("patient");
    if (!asked.launch.empty() && patient.empty()) return back(state, asked, {{"error", "invalid_request"}, {"error_description", "the launch is over, or was another's"}});
    if (!is_id(patient)) return consent_page(state, asked, *session, *account, query, {{"patient", "Enter the id of the person whose record it is"}});
  }
  event.outcome = "allowed";
  if (!patient.empty()) event.patients = {patient};
  state.note(std::move(event), request);
  return allowed(state, asked, *session, *account, patient);
}

}  // namespace joinedup::identity
