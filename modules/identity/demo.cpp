#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "identity/secrets.hpp"

namespace joinedup::identity {

Result<std::vector<DemoAccount>> make_demo_accounts(Identity& identity, const std::string& place, const std::vector<NewAccount>& people) {
  start_sodium();
  std::vector<DemoAccount> out;
  nlohmann::json file = nlohmann::json::array();
  for (const auto& person : people) {
    DemoAccount made{person.roles.empty() ? "" : person.roles.front(), person.user, base64url(random_bytes(15)), base32(random_bytes(20))};
    if (const auto added = identity.add(person, made.password, made.totp_secret); !added && added.error().code == ErrorCode::conflict) {
      JOINEDUP_CHECK(identity.renew(person, made.password, made.totp_secret));
    } else if (!added) {
      return tl::unexpected<Error>(added.error());
    }
    file.push_back({{"role", made.role}, {"user", made.user}, {"password", made.password}, {"totp_secret", made.totp_secret}});
    out.push_back(std::move(made));
  }
  JOINEDUP_CHECK(write_file(place + "/demo-users.json", file.dump(2) + "\n", FileMode::secret));
  return out;
}

Result<std::string> demo_code(const DemoAccount& account, std::int64_t seconds) {
  const auto secret = from_base32(account.totp_secret);
  if (!secret) return fail(ErrorCode::invalid_input, "The secret of this account cannot be read.");
  return totp(*secret, totp_step(seconds));
}

std::vector<NewAccount> demo_people() {
  using Kind = access::Subject::Kind;
  std::vector<NewAccount> out;
  for (const char* role : {"co_ordinator", "gp", "social_worker", "team_lead", "analyst", "guardian", "administrator"}) {
    NewAccount one;
    one.user = std::string("demo.") + role, one.roles = {role};
    out.push_back(std::move(one));
  }
  NewAccount patient;
  patient.user = "demo.person", patient.kind = Kind::person, patient.roles = {"person"};
  out.push_back(patient);
  NewAccount carer;
  carer.user = "demo.carer", carer.kind = Kind::proxy, carer.roles = {"proxy"};
  out.push_back(carer);
  return out;
}

}  // namespace joinedup::identity
