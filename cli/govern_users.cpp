// joinedup govern users …, joinedup govern clients …: accounts and apps, by whoever may read the place's folder. Sessions that a running
// server holds end with the command.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/cli.hpp"
#include "cli/govern.hpp"
#include "identity/identity.hpp"

namespace joinedup::cli {

namespace {

using nlohmann::json;

constexpr const char* users_usage =
    "joinedup govern users list --place DIR [--json]\n"
    "joinedup govern users invite NAME --role R[,R…] [--kind worker|person|proxy] [--practitioner ID] [--patient ID] [--related-person ID] [--organisation CODE] [--base-url URL]\n"
    "joinedup govern users disable|reset|sign-out NAME\n"
    "joinedup govern users role NAME R[,R…]\n"
    "joinedup govern users link NAME ISSUER SUB      sign-in by a provider of place.toml, as whom it knows as SUB\n"
    "joinedup govern users demo                     one account of each role, in a synthetic place: demo-users.json\n\n"
    "An invitation's link works once, for three days. add is another word for invite: nobody's password is chosen by another.";
constexpr const char* clients_usage =
    "joinedup govern clients list --place DIR [--json]\n"
    "joinedup govern clients add FILE       a JSON object: client_id, name, kind (public, confidential, backend), redirect_uris, launch_uri,\n"
    "                                       scope, jwks or jwks_uri, organisation, roles, purpose\n"
    "joinedup govern clients remove ID";

struct Words {
  Common common;
  std::vector<std::string> positional;
  std::string role, kind = "worker", practitioner, patient, related_person, organisation, base_url;
};

Result<Words> read_words(std::span<const std::string> arguments) {
  Words out;
  JOINEDUP_TRY(out.common, read_common(arguments, {"--role", "--kind", "--practitioner", "--patient", "--related-person", "--organisation", "--base-url"}));
  const auto& rest = out.common.rest;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (!rest[i].starts_with("--")) {
      out.positional.push_back(rest[i]);
      continue;
    }
    std::string* to = rest[i] == "--role" ? &out.role : rest[i] == "--kind" ? &out.kind : rest[i] == "--practitioner" ? &out.practitioner : rest[i] == "--patient" ? &out.patient
                      : rest[i] == "--related-person" ? &out.related_person : rest[i] == "--organisation" ? &out.organisation : rest[i] == "--base-url" ? &out.base_url : nullptr;
    if (to == nullptr || i + 1 == rest.size()) return fail(ErrorCode::wrong_usage, rest[i] + " is not known here, or lacks its value.");
    *to = rest[++i];
  }
  if (out.common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  return out;
}

std::vector<std::string> roles_of(const std::string& text) {
  std::vector<std::string> out;
  for (const auto word : split(text, ','))
    if (!word.empty()) out.emplace_back(word);
  return out;
}

Result<identity::NewAccount> account_of(const Words& words) {
  identity::NewAccount out;
  out.user = words.positional[1], out.practitioner = words.practitioner, out.patient = words.patient, out.related_person = words.related_person, out.organisation = words.organisation;
  out.roles = roles_of(words.role);
  if (words.kind == "person") out.kind = access::Subject::Kind::person;
  else if (words.kind == "proxy") out.kind = access::Subject::Kind::proxy;
  else if (words.kind != "worker") return fail(ErrorCode::wrong_usage, "--kind takes worker, person or proxy.");
  return out;
}

// Only links need the address of the server; without it they are of the path alone.
const std::string nowhere = "https://joinedup.invalid";
std::string address_of(const Words& words) { return words.base_url.empty() ? nowhere + "/fhir" : words.base_url; }
std::string link_of(const std::string& link) { return link.starts_with(nowhere) ? link.substr(nowhere.size()) : link; }

int say(const Words& words, const json& document, const std::string& text) {
  std::puts((words.common.json ? document.dump() : text).c_str());
  return 0;
}

Result<int> users(const Words& words) {
  JOINEDUP_TRY(const auto identity, identity::Identity::open({.place = words.common.place, .fhir_url = address_of(words)}));
  const auto& verb = words.positional[0];
  const auto count = words.positional.size();
  if (verb == "list" && count == 1) {
    static constexpr const char* states[] = {"invited", "active", "disabled"};
    json all = json::array();
    std::string text;
    for (const auto& account : identity->accounts()) {
      std::string roles;
      for (const auto& role : account.roles) roles += (roles.empty() ? "" : ",") + role;
      const char* state = states[static_cast<int>(account.state)];
      all.push_back({{"id", account.id}, {"user", account.user}, {"state", state}, {"roles", account.roles}, {"practitioner", account.practitioner}, {"patient", account.patient}, {"related_person", account.related_person},
                     {"organisation", account.organisation}, {"second_factor", account.has_second_factor}, {"sessions", account.sessions}, {"last_sign_in", account.last_sign_in}});
      text += account.id + "  " + account.user + "  " + state + "  " + roles + "  " + std::to_string(account.sessions) + " signed in\n";
    }
    if (!text.empty()) text.pop_back();
    return say(words, all, text);
  }
  if ((verb == "invite" || verb == "add") && count == 2) {
    JOINEDUP_TRY(const auto account, account_of(words));
    JOINEDUP_TRY(const auto link, identity->invite(account));
    return say(words, {{"user", account.user}, {"link", link_of(link)}}, link_of(link));
  }
  if (verb == "reset" && count == 2) {
    JOINEDUP_TRY(const auto link, identity->reset(words.positional[1]));
    return say(words, {{"user", words.positional[1]}, {"link", link_of(link)}}, link_of(link));
  }
  if (verb == "disable" && count == 2) {
    JOINEDUP_CHECK(identity->disable(words.positional[1]));
  } else if (verb == "sign-out" && count == 2) {
    JOINEDUP_CHECK(identity->end_sessions(words.positional[1]));
  } else if (verb == "role" && count == 3) {
    JOINEDUP_CHECK(identity->set_roles(words.positional[1], roles_of(words.positional[2])));
  } else if (verb == "link" && count == 4) {
    JOINEDUP_CHECK(identity->link_provider(words.positional[1], words.positional[2], words.positional[3]));
  } else {
    return fail(ErrorCode::wrong_usage, users_usage);
  }
  return say(words, {{"user", words.positional[1]}, {"done", verb}}, "Done; " + words.positional[1] + " is signed out everywhere.");
}

Result<int> clients(const Words& words) {
  JOINEDUP_TRY(const auto identity, identity::Identity::open({.place = words.common.place, .fhir_url = address_of(words)}));
  const auto& verb = words.positional[0];
  if (verb == "list" && words.positional.size() == 1) {
    json all = json::array();
    std::string text;
    for (const auto& client : identity->clients()) {
      all.push_back(json::parse(identity::client_text(client)));
      text += client.id + "  " + client.name + "  " + client.scopes + "\n";
    }
    if (!text.empty()) text.pop_back();
    return say(words, all, text);
  }
  if (words.positional.size() != 2) return fail(ErrorCode::wrong_usage, clients_usage);
  if (verb == "add") {
    JOINEDUP_TRY(const auto text, read_file(words.positional[1]));
    JOINEDUP_TRY(const auto client, identity::read_client(text));
    JOINEDUP_CHECK(identity->add_client(client));
    return say(words, {{"client_id", client.id}, {"done", verb}}, "Registered " + client.id + ".");
  }
  if (verb != "remove") return fail(ErrorCode::wrong_usage, clients_usage);
  JOINEDUP_CHECK(identity->remove_client(words.positional[1]));
  return say(words, {{"client_id", words.positional[1]}, {"done", verb}}, "Removed; its tokens are void.");
}

int run(std::span<const std::string> arguments, const char* usage, Result<int> (*work)(const Words&)) {
  if (arguments.empty() || arguments[0] == "--help") {
    std::puts(usage);
    return arguments.empty() ? 2 : 0;
  }
  const auto words = read_words(arguments);
  if (!words) return report_error(words.error());
  if (words->positional.empty()) return report_error(Error{ErrorCode::wrong_usage, usage, {}});
  const auto done = work(*words);
  return done ? *done : report_error(done.error());
}

}  // namespace

int govern_users(std::span<const std::string> arguments) {
  if (!arguments.empty() && arguments[0] == "demo") return govern_demo(arguments.subspan(1));
  return run(arguments, users_usage, users);
}
int govern_clients(std::span<const std::string> arguments) { return run(arguments, clients_usage, clients); }

}  // namespace joinedup::cli
