#include "identity/book_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace joinedup::identity {

using nlohmann::json;

namespace {
constexpr const char* kinds[] = {"worker", "person", "proxy", "backend"};
constexpr const char* client_kinds[] = {"public", "confidential", "backend"};

Error broken() { return {ErrorCode::invalid_input, "The file of accounts holds an entry that this program cannot read; restore it from a backup.", "identity/accounts.sqlite"}; }

template <class Read>
auto careful(Read read) -> Result<decltype(read())> {
  try {
    return read();
  } catch (const std::exception&) {
    return tl::unexpected<Error>(broken());
  }
}
}  // namespace

const char* kind_name(access::Subject::Kind kind) { return kinds[static_cast<int>(kind)]; }
std::optional<access::Subject::Kind> kind_of(std::string_view name) {
  for (int i = 0; i < 4; ++i)
    if (name == kinds[i]) return static_cast<access::Subject::Kind>(i);
  return {};
}
const char* client_kind_name(Client::Kind kind) { return client_kinds[static_cast<int>(kind)]; }

std::string account_text(const Stored& a) {
  return json{{"id", a.id}, {"user", a.user}, {"kind", kinds[static_cast<int>(a.kind)]}, {"practitioner", a.practitioner}, {"patient", a.patient},
              {"related_person", a.related_person}, {"organisation", a.organisation}, {"roles", a.roles}, {"state", static_cast<int>(a.state)},
              {"created", a.created}, {"last_sign_in", a.last_sign_in}, {"password", a.password_hash}, {"totp", a.sealed_totp}, {"last_step", a.last_step},
              {"recovery", a.recovery}, {"epoch", a.epoch}}.dump();
}

Result<Stored> read_account(const std::string& text) {
  return careful([&] {
    const auto j = json::parse(text);
    Stored a;
    a.id = j.at("id"), a.user = j.at("user"), a.practitioner = j.at("practitioner"), a.patient = j.at("patient");
    a.related_person = j.at("related_person"), a.organisation = j.at("organisation");
    a.kind = kind_of(j.at("kind").get<std::string>()).value();
    a.roles = j.at("roles").get<std::vector<std::string>>();
    a.state = static_cast<Account::State>(j.at("state").get<int>());
    a.created = j.at("created"), a.last_sign_in = j.at("last_sign_in"), a.last_step = j.at("last_step");
    a.password_hash = j.at("password"), a.sealed_totp = j.at("totp");
    a.recovery = j.at("recovery").get<std::vector<std::string>>();
    a.epoch = j.at("epoch");
    a.has_second_factor = !a.sealed_totp.empty();
    return a;
  });
}

std::string client_text(const Client& c) {
  json out{{"client_id", c.id}, {"name", c.name}, {"kind", client_kinds[static_cast<int>(c.kind)]}, {"redirect_uris", c.redirect_uris}, {"launch_uri", c.launch_uri},
           {"scope", c.scopes}, {"jwks_uri", c.jwks_uri}, {"organisation", c.organisation}, {"roles", c.roles}, {"purpose", c.purpose}};
  if (!c.jwks.empty()) out["jwks"] = json::parse(c.jwks, nullptr, false);
  return out.dump();
}

Result<Client> read_client(const std::string& text) {
  const auto j = json::parse(text, nullptr, false);
  if (!j.is_object()) return fail(ErrorCode::invalid_input, "A client is registered by one JSON object.");
  Client c;
  for (const auto& [name, value] : j.items()) {
    std::string* word = name == "client_id" ? &c.id : name == "name" ? &c.name : name == "launch_uri" ? &c.launch_uri : name == "scope" ? &c.scopes
                        : name == "jwks_uri" ? &c.jwks_uri : name == "organisation" ? &c.organisation : name == "purpose" ? &c.purpose : nullptr;
    std::vector<std::string>* words = name == "redirect_uris" ? &c.redirect_uris : name == "roles" ? &c.roles : nullptr;
    if (word != nullptr && value.is_string()) *word = value.get<std::string>();
    else if (words != nullptr && value.is_array() && std::all_of(value.begin(), value.end(), [](const json& v) { return v.is_string(); })) *words = value.get<std::vector<std::string>>();
    else if (name == "jwks" && value.is_object()) c.jwks = value.dump();
    else if (name == "kind" && value.is_string()) {
      const auto at = std::find(std::begin(client_kinds), std::end(client_kinds), value.get<std::string>());
      if (at == std::end(client_kinds)) return fail(ErrorCode::invalid_input, "A client's kind is public, confidential or backend.");
      c.kind = static_cast<Client::Kind>(at - std::begin(client_kinds));
    } else return fail(ErrorCode::invalid_input, "\"" + name.substr(0, 40) + "\" is not a member of a client's registration, or not of its type.");
  }
  return c;
}

std::string ticket_text(const Ticket& t) {
  return json{{"kind", static_cast<int>(t.kind)}, {"account", t.account}, {"client", t.client}, {"family", t.family}, {"epoch", t.epoch}, {"created", t.created},
              {"expires", t.expires}, {"last_seen", t.last_seen.load()}, {"assurance", t.assurance}, {"scopes", t.scopes}, {"patient", t.patient},
              {"secret", t.secret}, {"signed_in", t.signed_in}, {"id", t.id}, {"used", t.used.load()}}.dump();
}

Result<std::shared_ptr<Ticket>> read_ticket(const std::string& text) {
  return careful([&] {
    const auto j = json::parse(text);
    auto t = std::make_shared<Ticket>();
    t->kind = static_cast<Ticket::Kind>(j.at("kind").get<int>());
    t->account = j.at("account"), t->client = j.at("client"), t->family = j.at("family"), t->epoch = j.at("epoch");
    t->created = j.at("created"), t->expires = j.at("expires"), t->signed_in = j.at("signed_in");
    t->last_seen = j.at("last_seen").get<std::int64_t>();
    t->assurance = j.at("assurance"), t->scopes = j.at("scopes"), t->patient = j.at("patient"), t->secret = j.at("secret"), t->id = j.at("id");
    t->used = j.at("used").get<bool>();
    return t;
  });
}

}  // namespace joinedup::identity
