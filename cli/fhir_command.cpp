// joinedup fhir import | export: files into the shared record and out of it, while no server has it open.
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "cli/cli.hpp"
#include "rest/bulk_files.hpp"

namespace joinedup::cli {

namespace {

constexpr const char* help =
    "joinedup fhir import --place DIR (--ndjson D | --bundles D) [--validate] [--threads N] [--json]\n"
    "joinedup fhir export --place DIR --out D [--type T,T] [--since INSTANT] [--json]\n\n"
    "import  puts resources from NDJSON files, or carries out transaction and batch Bundles; packed files (gzip, bzip2, zstd) too.\n"
    "        --validate: what does not fit FHIR's definitions is rejected.\n"
    "export  writes TYPE.ndjson for each type; the files hold people's data and are for their owner only (0600).";

struct FhirFlags {
  std::string ndjson, bundles, out, types, since;
  rest::Validation validation = rest::Validation::none;
};

Result<FhirFlags> read_flags(const Common& common) {
  FhirFlags flags;
  const auto& words = common.rest;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto& word = words[i];
    if (word == "--validate") {
      flags.validation = rest::Validation::reject;
      continue;
    }
    if (!word.starts_with("--")) return fail(ErrorCode::wrong_usage, "joinedup fhir does not know what to do with this word.", word);
    if (i + 1 == words.size()) return fail(ErrorCode::wrong_usage, word + " needs a value after it.");
    const auto& value = words[++i];
    if (word == "--ndjson") flags.ndjson = value;
    else if (word == "--bundles") flags.bundles = value;
    else if (word == "--out") flags.out = value;
    else if (word == "--type") flags.types = value;
    else if (word == "--since") flags.since = value;
  }
  return flags;
}

Result<int> import_command(const Common& common, const FhirFlags& flags, fhir::Store& store) {
  if (flags.ndjson.empty() == flags.bundles.empty()) return fail(ErrorCode::wrong_usage, "Say what to import: --ndjson D or --bundles D.");
  const rest::Api api(store, {.base_url = "http://localhost/fhir", .validation = flags.validation, .export_folder = {}});
  rest::ImportOptions options;
  options.form = flags.ndjson.empty() ? rest::ImportOptions::Form::bundles : rest::ImportOptions::Form::ndjson;
  options.folder = flags.ndjson.empty() ? flags.bundles : flags.ndjson;
  options.threads = common.threads;
  options.validation = flags.validation;
  JOINEDUP_TRY(const auto done, rest::import_files(store, api, options));
  if (common.json) {
    nlohmann::json out{{"read", done.read}, {"stored", done.stored}, {"rejected_count", done.rejected_count}, {"rejected", nlohmann::json::array()}};
    for (const auto& one : done.rejected) out["rejected"].push_back({{"file", one.file}, {"line", one.line}, {"reason", one.reason}});
    std::puts(out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::printf("%s read, %s stored, %s rejected\n", with_commas(static_cast<std::int64_t>(done.read)).c_str(), with_commas(static_cast<std::int64_t>(done.stored)).c_str(),
                with_commas(static_cast<std::int64_t>(done.rejected_count)).c_str());
    for (const auto& one : done.rejected) std::printf("%s:%llu: %s\n", one.file.c_str(), static_cast<unsigned long long>(one.line), one.reason.c_str());
  }
  double limit = 1;  // percent, as where place.toml says nothing
  if (const auto place = place::read_place(common.place)) limit = place->rejected_percent;
  return static_cast<double>(done.rejected_count) * 100 > limit * static_cast<double>(done.read) ? 3 : 0;
}

Result<int> export_command(const Common& common, const FhirFlags& flags, fhir::Store& store) {
  if (flags.out.empty()) return fail(ErrorCode::wrong_usage, "Say where to: --out D.");
  rest::ExportOptions options{.folder = flags.out, .types = {}, .since = flags.since};
  for (const auto type : split(flags.types, ','))
    if (!type.empty()) options.types.emplace_back(type);
  JOINEDUP_TRY(const auto files, rest::export_files(store, options, fhir::PermitAll()));
  std::uint64_t all = 0;
  for (const auto& file : files) all += file.count;
  if (common.json) {
    nlohmann::json out{{"resources", all}, {"files", nlohmann::json::array()}};
    for (const auto& file : files) out["files"].push_back({{"type", file.type}, {"file", file.name}, {"count", file.count}});
    std::puts(out.dump().c_str());
  } else {
    std::printf("%s resources in %zu files\n", with_commas(static_cast<std::int64_t>(all)).c_str(), files.size());
  }
  return 0;
}

Result<int> run(const Common& common) {
  const std::string verb = common.rest.empty() ? "" : common.rest[0];
  if (verb != "import" && verb != "export") return fail(ErrorCode::wrong_usage, "joinedup fhir import or joinedup fhir export; --help says how.");
  JOINEDUP_TRY(const auto flags, read_flags(common));
  if (common.place.empty()) return fail(ErrorCode::wrong_usage, "Say which place with --place DIR.");
  if (!std::filesystem::is_directory(common.place)) return fail(ErrorCode::not_found, "There is no place here. Begin one with joinedup init --place DIR.", common.place);
  JOINEDUP_TRY(auto store, fhir::open_store({.path = common.place + "/shared-record.sqlite", .base_url = {}, .clock = {}, .new_id = {}}));
  return verb == "import" ? import_command(common, flags, *store) : export_command(common, flags, *store);
}

}  // namespace

int fhir_command(std::span<const std::string> arguments) {
  if (arguments.size() == 1 && arguments[0] == "--help") {
    std::puts(help);
    return 0;
  }
  const auto common = read_common(arguments, {"--ndjson", "--bundles", "--out", "--type", "--since", "--validate"});
  if (!common) return report_error(common.error());
  set_progress_quiet(common->json);
  const auto done = run(*common);
  return done ? *done : report_error(done.error());
}

}  // namespace joinedup::cli
