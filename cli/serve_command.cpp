// joinedup serve: the shared record on the network, until it is asked to stop.
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/clock.hpp"
#include "care_door/care_door.hpp"
#include "casework/casework.hpp"
#include "cli/cli.hpp"
#include "cli/signed_in.hpp"
#include "content/content.hpp"
#include "governance/governance.hpp"
#include "messages/messages.hpp"
#include "place/subscription_settings.hpp"
#include "server/server.hpp"
#include "subscriptions/subscriptions.hpp"
#include "validation/validation.hpp"

namespace joinedup::cli {

namespace {

struct Flags {
  server::ServerOptions options;
  rest::Validation validation = rest::Validation::reject;
  std::optional<messages::MllpOptions> mllp;  // nothing: no hospital sends here
  bool has_mllp_port = false;
};

Result<Flags> read_flags(const Common& common) {
  Flags flags;
  auto& options = flags.options;
  bool has_port = false;
  const auto& words = common.rest;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (word == "--insecure-no-auth") {
      options.access = server::Access::anyone_on_this_machine;
      continue;
    }
    if (!word.starts_with("--")) return fail(ErrorCode::wrong_usage, "joinedup serve takes flags only.");
    if (i + 1 == words.size()) return fail(ErrorCode::wrong_usage, word + " needs a value after it.");
    const auto& value = words[++i];
    if (word == "--port") {
      char* end = nullptr;
      const long port = std::strtol(value.c_str(), &end, 10);
      if (value.empty() || *end != '\0' || port < 0 || port > 65535) return fail(ErrorCode::wrong_usage, "--port takes a number from 0 (any that is free) to 65535.");
      options.port = static_cast<std::uint16_t>(port);
      has_port = true;
    } else if (word == "--mllp-port") {
      char* end = nullptr;
      const long port = std::strtol(value.c_str(), &end, 10);
      if (value.empty() || *end != '\0' || port < 0 || port > 65535) return fail(ErrorCode::wrong_usage, "--mllp-port takes a number from 0 (any that is free) to 65535.");
      flags.mllp.emplace(flags.mllp.value_or(messages::MllpOptions{})).port = static_cast<std::uint16_t>(port);
      flags.has_mllp_port = true;
    } else if (word.starts_with("--mllp-")) {
      if (!flags.mllp) flags.mllp.emplace();
      if (word == "--mllp-address") flags.mllp->address = value;
      else if (word == "--mllp-tls-cert") flags.mllp->tls_certificate_file = value;
      else if (word == "--mllp-tls-key") flags.mllp->tls_key_file = value;
      else flags.mllp->client_authority_file = value;
    } else if (word == "--tls-cert") options.tls_certificate_file = value;
    else if (word == "--tls-key") options.tls_key_file = value;
    else if (word == "--address") options.address = value;
    else if (word == "--base-url") options.base_url = value;
    else if (word == "--validation") {
      if (value != "none" && value != "warn" && value != "reject") return fail(ErrorCode::wrong_usage, "--validation takes none, warn or reject.");
      flags.validation = value == "none" ? rest::Validation::none : value == "warn" ? rest::Validation::warn : rest::Validation::reject;
    } else if (word == "--access-log") options.access_log = value == "none" ? "" : value;
  }
  if (!has_port) return fail(ErrorCode::wrong_usage, "Say at which port with --port N; 0 picks one that is free.");
  if (flags.mllp && !flags.has_mllp_port) return fail(ErrorCode::wrong_usage, "Say at which port messages come with --mllp-port N; 0 picks one that is free.");
  if (flags.mllp && flags.mllp->client_authority_file.empty() && !flags.mllp->address.starts_with("127.") && flags.mllp->address != "::1" && flags.mllp->address != "localhost")
    return fail(ErrorCode::wrong_usage, "From other machines messages are taken only from senders that show a certificate: give the authority that signs them with --mllp-client-ca FILE.");
  return flags;
}

// The base definitions, and the profiles that place.toml names.
Result<validation::Validator> validator_of(const place::Place& place) {
  if (place.shared_record_profiles.empty()) return validation::Validator::r4();
  JOINEDUP_TRY(auto validator, validation::Validator::with_profiles(place.path(place.shared_record_profiles)));
  for (const auto& note : validator.notes()) std::fprintf(stderr, "profiles: %s\n", note.c_str());
  std::fprintf(stderr, "Profiles that a resource may claim and must then meet: %zu.\n", validator.profiles().size());
  return validator;
}

Result<int> serve(const Common& common) {
  JOINEDUP_TRY(auto flags, read_flags(common));
  auto& options = flags.options;
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  if (!std::filesystem::is_directory(common.place))
    return fail(ErrorCode::not_found, "There is no place here. Begin one with joinedup init --place DIR.", common.place);
  options.reports_folder = common.place + "/reports/current";
  // Threads begun from here on leave these signals to the wait below.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A place is served to those who sign in; a folder without a place.toml to nobody.
  place::Place place;
  const bool is_place = std::filesystem::exists(common.place + "/place.toml");
  if (is_place) {
    JOINEDUP_TRY(place, place::read_place(common.place));
    if (options.access == server::Access::nobody) options.access = server::Access::handler_decides;
  }
  JOINEDUP_TRY(auto server, server::Server::listen(options));
  JOINEDUP_TRY(auto store, fhir::open_store({.path = common.place + "/shared-record.sqlite", .base_url = server->base_url()}));
  JOINEDUP_TRY(const auto validator, validator_of(place));
  std::unique_ptr<SignedIn> signed_in;
  rest::ApiOptions api_options{.base_url = server->base_url(), .validation = flags.validation, .validator = &validator, .export_folder = common.place + "/shared-record-exports"};
  if (options.access == server::Access::handler_decides) {
    JOINEDUP_TRY(signed_in, SignedIn::open(place, *store, server->base_url()));
    api_options.export_permit = signed_in->export_permit();
    if (const auto note = signed_in->notes(); !note.empty()) std::fprintf(stderr, "%s\n", note.c_str());
  }
  if (is_place) {
    JOINEDUP_TRY(const auto published, governance::publish(place, today(), *store));
    JOINEDUP_TRY(const auto forms, content::publish(place, *store));
    for (const auto& note : forms.notes) std::fprintf(stderr, "content: %s\n", note.c_str());
    if (published.told > 0) std::fprintf(stderr, "An agreement has ended: %llu co-ordinators are told.\n", static_cast<unsigned long long>(published.told));
  }
  // Its operations act under the permit of whoever asks; what it watches (alerts that nobody opens, reviews that are due) is the program's.
  std::unique_ptr<casework::Casework> casework;
  if (is_place) {
    JOINEDUP_TRY(casework, casework::Casework::open({.place = &place}));
    api_options.operations = casework->operations();
  }
  const rest::Api api(*store, std::move(api_options));
  // Pages that listen to what changes, each under the permit of who is signed in there; and partners that asked to be told, each under
  // the permit of the account that asked.
  const bool is_open = options.access == server::Access::anyone_on_this_machine;
  const auto anybody = [is_open]() -> std::unique_ptr<fhir::Permit> { return is_open ? std::make_unique<fhir::PermitAll>() : nullptr; };
  const auto events = subscriptions::Events::open(*store);
  subscriptions::HooksOptions hook_options{.place_folder = common.place, .permit_of = [anybody](const std::string&) { return anybody(); }, .note = {}, .allowed = {}, .authority_file = {}};
  if (signed_in) {
    hook_options.permit_of = [&signed_in](const std::string& id) { return signed_in->subscription_permit(id); };
    hook_options.note = [&signed_in](const std::string& id, const fhir::Version& version) { return signed_in->note_delivery(id, version); };
  }
  JOINEDUP_TRY(const auto settings, place::read_subscription_settings(common.place));
  hook_options.allowed = settings.receivers;
  hook_options.authority_file = settings.authority_file;
  JOINEDUP_TRY(const auto hooks, subscriptions::Hooks::open(std::move(hook_options), *store));
  const auto page_of_ours = signed_in ? signed_in->pages() : server::Server::Handler();
  const auto pages = [&](rest::Request& request) -> rest::Response {
    if (request.path == "/events" && signed_in) return signed_in->listen(request, *events);
    if (request.path == "/events" && is_open) return events->stream(request, anybody);
    if (page_of_ours) return page_of_ours(request);
    return {.status = 404, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = "There is nothing at this address.\n"};
  };
  // Whatever way this ends, nobody is answered out of what is gone.
  struct End {
    server::Server& server;
    subscriptions::Events& events;
    casework::Casework* casework;
    ~End() {
      if (casework != nullptr) casework->stop();
      events.stop();
      server.stop();
    }
  } const end{*server, *events, casework.get()};
  const server::Server::Handler everybody = [&api](const rest::Request& request) { return api.handle(request); };
  server->serve(signed_in ? signed_in->door(api) : everybody, [&store] { return store->figures(); }, pages);
  // A refresh reaches the record through this process while it serves.
  const fhir::PermitAll this_account;
  JOINEDUP_TRY(const auto backend, care_door::Backend::listen(common.place, [&](const std::string& method, const std::string& path, std::string body) {
    const auto mark = path.find('?');
    auto response = api.handle({.method = method, .path = path.substr(0, mark), .query = mark == std::string::npos ? std::string() : path.substr(mark + 1), .headers = {{"Content-Type", "application/fhir+json"}, {"Prefer", "return=minimal"}}, .body = std::move(body), .permit = &this_account});
    return std::pair(response.status, std::move(response.body));
  }));
  std::printf("Listening %s\n", server->base_url().c_str());
  // Hospitals' messages: taken in by this process, which has the record open.
  std::unique_ptr<messages::Inbox> inbox;
  std::unique_ptr<messages::MllpServer> mllp;
  if (flags.mllp) {
    if (!is_place) return fail(ErrorCode::not_found, "Messages are taken in for a place, and there is no place.toml here.", common.place);
    messages::InboxOptions inbox_options{.place = &place, .clock = {}};
    if (signed_in) inbox_options.note = [&signed_in](const std::vector<messages::Receipt>& receipts) { signed_in->received(receipts); };
    JOINEDUP_TRY(inbox, messages::Inbox::open(std::move(inbox_options), *store));
    JOINEDUP_TRY(mllp, messages::MllpServer::listen(*flags.mllp, *inbox));
    std::printf("Listening %s\n", mllp->address().c_str());
  }
  if (casework) casework->watch(api);
  if (signed_in) signed_in->watch_emergencies();
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // asked a second time, it ends at once
  if (mllp) mllp->stop();
  if (casework) casework->stop();
  if (signed_in) signed_in->stop_watching();
  hooks->stop();
  events->stop();
  server->stop();
  return 0;
}

}  // namespace

int serve_command(std::span<const std::string> arguments) {
  if (arguments.size() == 1 && arguments[0] == "--help") {
    std::puts("joinedup serve --place DIR --port N [--tls-cert F --tls-key F] [--address A] [--base-url URL] [--insecure-no-auth] [--validation none|warn|reject] [--access-log F|none]\n"
              "               [--mllp-port M [--mllp-address A] [--mllp-tls-cert F --mllp-tls-key F [--mllp-client-ca F]]]\n\n"
              "Serves the shared record at /fhir, the last report at /, health at /healthz and /readyz, figures at /metrics.\n"
              "Plain HTTP is for this machine only. --port 0 picks a free port. What validation refuses is not stored, unless --validation says otherwise.\n"
              "--mllp-port takes hospitals' HL7 v2 messages: plain on this machine, over TLS from others; --mllp-client-ca: senders show a certificate whose common name is the partner's code.\n"
              "/events tells pages what changes; Subscriptions (rest-hook) tell partners.\n"
              "SIGTERM ends it when open requests are answered.");
    return 0;
  }
  const auto common = read_common(arguments, {"--port", "--tls-cert", "--tls-key", "--address", "--base-url", "--insecure-no-auth", "--access-log", "--validation", "--mllp-port", "--mllp-address", "--mllp-tls-cert", "--mllp-tls-key", "--mllp-client-ca"});
  if (!common) return report_error(common.error());
  const auto done = serve(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
