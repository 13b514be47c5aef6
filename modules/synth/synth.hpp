// A synthetic English place: people, households, practices and partners, and years of activity, written as the extracts
// that sites really receive. Nobody in it exists. Same options, same bytes, on any number of threads.
//
//   SynthOptions options{.people = 60000, .seed = 1, .folder = "demo"};
//   JOINEDUP_TRY(const auto summary, generate_place(options));
//   summary.files[0].rows           // feeds/<feed>/<file>
//   // demo/place.toml, demo/feeds/…, demo/reference/postcode.csv, demo/keys/, and demo/truth/, never read by the product
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"

namespace joinedup::synth {

// A known effect of case management: a share of the people at highest risk is enrolled on a day; from then on their rate of
// emergency admission is multiplied by `effect`. truth/programmes.csv says who.
struct ProgrammeEffect {
  double share = 0;      // of people, those at highest risk first with some chance in it; 0: no programme
  double effect = 1.0;   // 0.8: a fifth fewer emergency admissions
  int months_before_end = 18;
};

struct SynthOptions {
  std::uint64_t people = 60000;
  std::uint64_t seed = 1;
  std::string folder;           // the place's folder; made if absent
  unsigned threads = 2;
  int years = 3;                // of activity, ending on data_to
  Date data_to = Date::from_civil(2026, 3, 31);
  double error_multiplier = 1;  // 2: every error rate of identities is doubled
  ProgrammeEffect programme;
  double under_coding = 0;      // share of conditions that no practice and no hospital ever codes
  double case_finding_objections = .004;  // share of registered adults who object to being looked for
  double national_opt_outs = 0;           // share of registered people with a national data opt-out: they are withheld from the warehouse
  std::vector<std::string> feeds;  // empty: all of them
};

struct FileSummary {
  std::string file;  // below the place's folder
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

struct SynthSummary {
  std::vector<FileSummary> files;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::uint64_t people = 0;
};

Result<SynthSummary> generate_place(const SynthOptions& options);

// The rows of the feeds for people [first, first + count) alone, file by file (name below feeds/, text without header):
// the same bytes as those people have in the whole place. `first` and `count` are whole blocks of people_per_block.
inline constexpr std::uint64_t people_per_block = 1024;
struct FilePart {
  std::string file;
  std::string text;
};
Result<std::vector<FilePart>> generate_people(const SynthOptions& options, std::uint64_t first, std::uint64_t count);

// joinedup synth --place DIR [--people N] [--seed S] [--years Y] [--threads N] [--error-rate-multiplier X]
//                [--programme-share P] [--programme-effect E] [--under-coding U] [--national-opt-outs P] [--json]
int synth_command(std::span<const std::string> arguments);

}  // namespace joinedup::synth
