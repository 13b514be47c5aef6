// Accounts to measure with: as many as the lines of standard input, each an account as JSON. Their passwords and TOTP secrets are written to FOLDER/demo-users.json.
//   accounts_benchmark PLACE FOLDER < accounts.jsonl        {"user": "load.001", "practitioner": "…", "organisation": "ZC1", "roles": ["nurse"]}
// Only for a place whose people are invented; nothing serves it meanwhile.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "identity/identity.hpp"

int main(int count, char** words) {
  using namespace joinedup;
  if (count != 3) {
    std::fputs("accounts_benchmark PLACE FOLDER < accounts.jsonl\n", stderr);
    return 2;
  }
  std::ifstream mark(std::string(words[1]) + "/SYNTHETIC.txt");
  if (!mark) {
    std::fputs("This place is not marked as synthetic (SYNTHETIC.txt).\n", stderr);
    return 1;
  }
  std::vector<identity::NewAccount> accounts;
  for (std::string line; std::getline(std::cin, line);) {
    const auto one = nlohmann::json::parse(line);
    identity::NewAccount account;
    account.user = one.at("user"), account.roles = one.at("roles").get<std::vector<std::string>>();
    account.practitioner = one.value("practitioner", ""), account.organisation = one.value("organisation", "");
    accounts.push_back(std::move(account));
  }
  const auto identity = identity::Identity::open({.place = words[1], .fhir_url = "http://127.0.0.1/fhir"});
  if (!identity) {
    std::fprintf(stderr, "%s\n", identity.error().text().c_str());
    return 1;
  }
  const auto made = identity::make_demo_accounts(**identity, words[2], accounts);
  if (!made) {
    std::fprintf(stderr, "%s\n", made.error().text().c_str());
    return 1;
  }
  std::printf("%zu accounts\n", made->size());
  return 0;
}
