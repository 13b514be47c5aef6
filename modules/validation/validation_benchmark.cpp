// Resources a second through the validator, one core, over the Synthea bundles unpacked in memory.
//   validation_benchmark [folder of bundles] [rounds]      --list FOLDER [PROFILES] prints every issue of a folder's files
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/processor_time.hpp"
#include "fhirpath/fhirpath.hpp"
#include "fhirpath/xml_to_json.hpp"
#include "validation/test_support.hpp"
#include "validation/validation.hpp"

using namespace joinedup;
using namespace joinedup::validation;

namespace {

int list(const std::string& folder, const std::string& profiles) {
  auto loaded = profiles.empty() ? Result<Validator>(Validator::r4()) : Validator::with_profiles(profiles);
  if (!loaded) {
    std::printf("%s\n", loaded.error().text().c_str());
    return 1;
  }
  for (const auto& note : loaded->notes()) std::printf("note\t%s\n", note.c_str());
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder))
    if (file.path().extension() == ".json" || file.path().extension() == ".xml") files.push_back(file.path().string());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    auto name = std::filesystem::path(file).filename().string();
    auto text = read_file(file);
    if (file.ends_with(".xml"))
      if (auto json = fhirpath::xml_to_json(*text)) *text = *json;
    auto document = fhirpath::parse_document(*text);
    if (!document) {
      std::printf("%s\tfatal\tparse\t\t%s\n", name.c_str(), document.error().text().c_str());
      continue;
    }
    for (const auto& issue : loaded->validate(*document))
      std::printf("%s\t%s\t%s\t%s\t%s\n", name.c_str(), severity_name(issue.severity), issue.rule.c_str(), issue.expression.c_str(), issue.sentence.c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::string(argv[1]) == "--list") return list(argv[2], argc > 3 ? argv[3] : "");
  std::string folder = argc > 1 ? argv[1] : shared_data("fhir/synthea");
  int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  if (!present(folder)) {
    std::puts("The Synthea bundles are not beside the source tree; nothing was measured.");
    return 0;
  }
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    (void)fhirpath::read_fhir_file(file.path(), {.on_resource = [&](const fhirpath::FhirResource& r) {
      lines.emplace_back(r.document->text(r.node));
      bytes += lines.back().size();
    }});
  const Validator& validator = Validator::r4();
  std::map<std::string, std::size_t> found;
  fhirpath::Document document;
  for (const auto& line : lines) {
    if (!document.parse(line)) continue;
    for (const auto& issue : validator.validate(document))
      ++found[std::string(severity_name(issue.severity)) + " " + issue.rule + " " + issue.expression.substr(0, issue.expression.find('['))];
  }
  for (const auto& [what, count] : found) std::printf("%8zu %s\n", count, what.c_str());
  auto seconds = [](auto&& work) {
    const double start = processor_seconds();
    work();
    return processor_seconds() - start;
  };
  double parse = 1e9, errors = 1e9, everything = 1e9;
  for (int round = 0; round < rounds; ++round) {
    std::size_t bad = 0, issues = 0;
    parse = std::min(parse, seconds([&] {
      for (const auto& line : lines) (void)document.parse(line);
    }));
    errors = std::min(errors, seconds([&] {
      for (const auto& line : lines)
        if (document.parse(line)) bad += validator.is_valid(document) ? 0U : 1U;
    }));
    everything = std::min(everything, seconds([&] {
      for (const auto& line : lines)
        if (document.parse(line)) issues += validator.validate(document).size();
    }));
    if (round == 0) std::printf("not valid %zu, issues %zu\n", bad, issues);
  }
  auto n = static_cast<double>(lines.size());
  std::printf("resources %zu, %.1f MB of JSON, best of %d rounds, processor time of one core\n", lines.size(), static_cast<double>(bytes) / 1e6, rounds);
  std::printf("parse only                 %8.0f resources/s\n", n / parse);
  std::printf("parse, is_valid            %8.0f resources/s   (validation alone %.0f)\n", n / errors, n / (errors - parse));
  std::printf("parse, every issue         %8.0f resources/s   (validation alone %.0f)\n", n / everything, n / (everything - parse));
  return 0;
}
