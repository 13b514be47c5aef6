// How many requests a second one core can find the sender of: by a session's cookie and by an app's token, among 2,000 of each.
//   build/release/bin/who_benchmark
#include <time.h>

#include <ctime>
#include <cstdio>
#include <cstdlib>

#include "base/file.hpp"
#include "identity/book.hpp"
#include "identity/form.hpp"
#include "identity/identity.hpp"
#include "identity/jose.hpp"
#include "identity/secrets.hpp"

using namespace joinedup;
using namespace joinedup::identity;

namespace {

double processor_seconds() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + 1e-9 * static_cast<double>(at.tv_nsec);
}

}  // namespace

int main() {
  char name[] = "/tmp/joinedup-who-XXXXXX";
  if (::mkdtemp(name) == nullptr) return 1;
  const std::string place = name;
  auto opened = Identity::open({.place = place, .fhir_url = "https://care.example/fhir", .cost = Cost::least});
  if (!opened) return 1;
  auto& identity = **opened;
  NewAccount account;
  account.user = "gp.one", account.practitioner = "p-1", account.organisation = "A81001", account.roles = {"gp", "team_lead"};
  if (!identity.add(account, "three odd words together", base32(random_bytes(20)))) return 1;
  const auto key = *make_key("P-384");
  Client client;
  client.id = "backend", client.name = "B", client.kind = Client::Kind::backend, client.scopes = "system/*.rs", client.jwks = jwks_text({key});
  if (!identity.add_client(client)) return 1;
  std::vector<rest::Request> requests[2];
  {
    // Sessions by the file, as another process would make them; tokens by asking for them.
    auto book = Book::open(place + "/identity");
    if (!book) return 1;
    const auto stored = (*book)->by_user("gp.one");
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    for (int i = 0; i < 2'000; ++i) {
      Ticket session;
      session.kind = Ticket::Kind::session, session.account = stored->id, session.epoch = stored->epoch, session.id = "s-" + std::to_string(i), session.created = now, session.expires = now + 3600, session.last_seen = now;
      const auto token = (*book)->issue(session);
      if (!token) return 1;
      requests[0].push_back({.method = "GET", .path = "/Patient/1", .headers = {{"Host", "care.example"}, {"Accept", "application/fhir+json"}, {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"}, {"Cookie", "__Host-joinedup=" + *token}}});
      const std::string claims = R"({"iss":"backend","sub":"backend","aud":"https://care.example/oauth/token","jti":")" + random_token() + R"(","exp":)" + std::to_string(now + 200) + "}";
      const auto answer = identity.handle({.method = "POST", .path = "/oauth/token", .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                           .body = with_query("?", {{"grant_type", "client_credentials"}, {"scope", "system/*.rs"}, {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, {"client_assertion", *sign_jwt(key, "ES384", "JWT", claims)}}).substr(2)});
      if (!answer || answer->status != 200) return 1;
      const auto at = answer->body.find("\"access_token\":\"") + 16;
      requests[1].push_back({.method = "GET", .path = "/Patient/1", .headers = {{"Host", "care.example"}, {"Accept", "application/fhir+json"}, {"Authorization", "Bearer " + answer->body.substr(at, 43)}}});
    }
  }
  int good = 0;
  for (int kind = 0; kind < 2; ++kind) {
    for (int round = 0; round < 3; ++round) {
      const double begin = processor_seconds();
      for (int i = 0; i < 300'000; ++i) good += identity.who(requests[kind][static_cast<std::size_t>(i) * 7919 % requests[kind].size()]).has_value();
      const double rate = 300'000 / (processor_seconds() - begin);
      std::printf("BENCH who_%s %.0f requests/s of one core's processor time (bar: >= 200000) %s\n", kind == 0 ? "session" : "token", rate, rate >= 200'000 ? "met" : "missed");
    }
  }
  std::system(("rm -rf " + place).c_str());
  return good == 1'800'000 ? 0 : 1;
}
