#include "identity/subjects.hpp"

#include "identity/scope.hpp"

namespace joinedup::identity {

namespace {

using access::Purpose;
using access::Subject;

Subject of_client(const Client& client) {
  Subject out;
  out.kind = Subject::Kind::backend, out.user = "c-" + client.id, out.client = client.id, out.organisation = client.organisation;
  out.roles = client.roles.empty() ? std::vector<std::string>{"backend"} : client.roles;
  out.purpose = client.purpose == "secondary_use" ? Purpose::secondary_use : client.purpose == "administration" ? Purpose::administration : Purpose::direct_care;
  out.scopes = read_scopes(client.scopes).resources;
  return out;
}

Subject of_account(const Account& account) {
  Subject out;
  out.user = account.id, out.kind = account.kind, out.practitioner = account.practitioner, out.patient = account.patient, out.related_person = account.related_person;
  out.organisation = account.organisation, out.roles = account.roles;
  out.purpose = account.kind == Subject::Kind::person || account.kind == Subject::Kind::proxy ? Purpose::own_record : Purpose::direct_care;
  return out;
}

}  // namespace

Result<Subject> subject_of(const Identity& identity, const std::string& user) {
  if (user.starts_with("c-")) {
    for (const auto& one : identity.clients())
      if (one.kind == Client::Kind::backend && one.id == user.substr(2)) return of_client(one);
  } else {
    for (const auto& one : identity.accounts())
      if (one.id == user && one.state == Account::State::active) return of_account(one);
  }
  return fail(ErrorCode::forbidden, "There is no such account at work any more.");
}

}  // namespace joinedup::identity
