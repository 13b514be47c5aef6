// joinedup govern: who may see what, and who did.
#include "cli/govern.hpp"

#include <cstdio>
#include <vector>

#include "cli/cli.hpp"

namespace joinedup::cli {
namespace {

struct Part {
  const char* name;
  const char* what;
  int (*run)(std::span<const std::string>);
};

const std::vector<Part>& parts() {
  static const std::vector<Part> all = {
      {"agreements", "what each partner agreed to share, what is missing, what soon ends: [--on DATE]", govern_agreements},
      {"audit", "who looked, who changed: verify, heads, unusual, rotate-key", govern_audit},
      {"reidentify", "who a found person is, for the team or practice that a released list gave them to", govern_reidentify},
      {"users", "who may sign in: list, invite, disable, reset, role, sign-out, link", govern_users},
      {"caseload", "of a synthetic place, to try the workspace with: demo", govern_caseload},
      {"clients", "apps and services: list, add, remove", govern_clients},
      {"explain", "may this account see this resource, and which rule decides", govern_explain},
      {"emergency", "who opened a record in an emergency: list, review", govern_emergency},
  };
  return all;
}

int usage(FILE* to) {
  std::fputs("joinedup govern <part> … --place DIR [--json]\n\n", to);
  for (const auto& part : parts()) std::fprintf(to, "  %-12s %s\n", part.name, part.what);
  return to == stdout ? 0 : 2;
}

}  // namespace

int govern_command(std::span<const std::string> arguments) {
  if (arguments.empty()) return usage(stderr);
  if (arguments[0] == "--help" || arguments[0] == "help") return usage(stdout);
  for (const auto& part : parts())
    if (arguments[0] == part.name) return part.run(arguments.subspan(1));
  std::fprintf(stderr, "joinedup govern: there is no part \"%s\".\n\n", arguments[0].c_str());
  return usage(stderr);
}

}  // namespace joinedup::cli
