#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "base/program.hpp"
#include "caseload/caseload.hpp"
#include "cli/cli.hpp"
#include "linkage/linkage.hpp"
#include "risk/risk.hpp"
#include "synth/synth.hpp"

namespace {

struct Verb {
  const char* name;
  const char* what;
  std::function<int(std::span<const std::string>)> run;
};

const std::vector<Verb>& verbs() {
  using namespace joinedup;
  static const std::vector<Verb> all = {
      {"init", "begin a place: place.toml and a folder for extracts", cli::init_command},
      {"synth", "write a synthetic place: extracts with a known truth", synth::synth_command},
      {"refresh", "the loop, once round: ingest, link, record, report, publish", cli::refresh_command},
      {"status", "what is published: feeds, tables, costs, whether it reconciles", cli::status_command},
      {"table", "a published table as CSV", cli::table_command},
      {"link", "how people were linked, by feed and step; --export for checks against a truth", cli::link_command},
      {"serve", "the shared record over HTTP: FHIR R4, health, metrics", cli::serve_command},
      {"cases", "whom a team should offer care next, and why: find, release, outcome, history, fairness", caseload::cases_command},
      {"link-files", "link or deduplicate any CSV or Parquet files", linkage::link_files_command},
      {"encode", "names and dates to Bloom filters, at a partner who may not share them", linkage::encode_command},
      {"link-clks", "link two files of Bloom filters", linkage::link_clks_command},
      {"score", "published risk scores over any CSV or Parquet file, every point explained", risk::score_command},
      {"validate", "how well predictions agree with outcomes, or a model trained here: a TRIPOD+AI report", risk::validate_command},
      {"fhir", "files into the shared record and out of it: fhir import, fhir export", cli::fhir_command},
      {"messages", "hospitals' HL7 v2 messages: import, review, retry, undo-merge, send", cli::messages_command},
      {"subscriptions", "what partners who asked to be told could not be told: subscriptions dead", cli::subscriptions_command},
      {"care", "open one person's care record for somebody who cares for them", cli::care_command},
      {"govern", "who may see what, who did: audit verify, audit heads, …", cli::govern_command},
      {"backup", "the whole place, put away whole, also while it is served", cli::backup_command},
      {"restore", "a backup put back, after every file of it was checked", cli::restore_command},
      {"upgrade", "files of older formats brought up, and back: --back", cli::upgrade_command},
      {"version", "versions of the program and its engines", cli::version_command},
  };
  return all;
}

int usage(FILE* to) {
  std::fputs("joinedup <verb> --place DIR [--json] [--threads N]\n\n", to);
  for (const auto& verb : verbs()) std::fprintf(to, "  %-13s %s\n", verb.name, verb.what);
  return to == stdout ? 0 : 2;
}

int run(std::vector<std::string> arguments) {
  if (arguments.empty()) return usage(stderr);
  if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") return usage(stdout);
  if (arguments[0] == "--version") arguments[0] = "version";
  for (const auto& verb : verbs())
    if (arguments[0] == verb.name) return verb.run({arguments.data() + 1, arguments.size() - 1});
  std::fprintf(stderr, "joinedup: there is no verb \"%s\".\n\n", arguments[0].c_str());
  return usage(stderr);
}

}  // namespace

int main(int count, char** words) {
  joinedup::begin_program();
  return joinedup::end_program(run(std::vector<std::string>(words + 1, words + count)));
}
