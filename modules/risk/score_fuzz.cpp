// Fuzz entry: any bytes as a score's own file, as an ICD-10 code, as a code list, and as a file of people (long and wide, as it
// comes and below a header that is right). The first byte chooses. What is accepted must hold its promises: a score that is
// read is scored, every person of the file is in the output once, the points add up, a code written plainly stays as it is.
// Built by clang with -fsanitize=fuzzer,address,undefined.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "risk/csv.hpp"
#include "risk/evaluate.hpp"
#include "risk/risk.hpp"

using namespace joinedup;
using namespace joinedup::risk;

namespace {

void must(bool good) {
  if (!good) std::abort();
}

const std::string& folder() {
  static const std::string path = [] {
    std::string pattern = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/score_fuzz_XXXXXX" : "/tmp/score_fuzz_XXXXXX";
    must(::mkdtemp(pattern.data()) != nullptr);
    return pattern;
  }();
  return path;
}

std::string on_disk(const std::string& name, const std::string& text) {  // without the fsync of write_file
  const auto path = folder() + "/" + name;
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  must(file && std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fclose(file) == 0);
  return path;
}

void try_code(const std::string& text) {
  const auto plain = normalise_icd10(text);
  if (plain.empty()) return;
  must(normalise_icd10(plain) == plain);
  must(plain.size() >= 3 && plain.size() <= 7);
}

void try_score(const std::string& text) {
  const auto score = read_published_score("fuzz", text);
  if (!score) {
    must(!score.error().sentence.empty());
    return;
  }
  must(!score->terms.empty() && score->terms.size() <= 128);
  const Evaluator evaluator(*score);
  for (const auto* code : {"F00", "I50.0", "Z999", "1", "fuzz"}) (void)evaluator.terms_of(code);
  Evaluator::Values values(score->terms.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = parse_value(score->terms[i], i % 2 ? "1" : "0").value;
  Lines lines;
  TermSet present{};
  for (std::size_t i = 0; i < values.size(); i += 2) add(present, i);
  evaluator.append_flags("a", present, lines);
  (void)evaluator.append_values("b", values, lines);
}

// Columns `by` and `number` of a file that we wrote: the sum of the numbers by name.
std::map<std::string, double> sums(const std::string& path, std::size_t number, std::map<std::string, int>* rows = nullptr) {
  const auto file = MappedFile::open(path);
  must(file.has_value());
  CsvCursor cursor(file->text());
  std::vector<std::string_view> fields;
  must(cursor.split(fields) && fields.size() == 4);
  std::map<std::string, double> sum;
  while (cursor.split(fields)) {
    must(fields.size() == 4);
    const auto id = std::string(fields[0]);
    if (rows) ++(*rows)[id];
    sum[id] += fields[number].empty() ? 0 : std::strtod(std::string(fields[number]).c_str(), nullptr);
  }
  must(cursor.fault() == nullptr);
  return sum;
}

void try_people(const char* model, const std::string& text, const std::string& code_list = {}) {
  ScoreJob job{.model = model, .input = on_disk("in.csv", text), .out = folder() + "/out.csv", .threads = 1, .as_of = *parse_iso_date("2026-01-01")};
  if (!code_list.empty()) job.codes = on_disk("codes.csv", code_list);
  const auto done = score_file(job);
  if (!done) {
    must(!done.error().sentence.empty());
    must(::access((job.out + ".part").c_str(), F_OK) != 0);
    return;
  }
  std::map<std::string, int> rows;
  const auto scores = sums(job.out, 1, &rows), points = sums(done->breakdown, 3);
  must(rows.size() == done->people);
  for (const auto& [id, count] : rows) must(count == 1);
  if (published_score(model)->combine == Combine::sum)
    for (const auto& [id, sum] : points) must(std::fabs(sum - scores.at(id)) < 1e-6 * (1 + std::fabs(sum)));
  ::unlink(job.out.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const std::string one_term = "# source: x\n# title: x\n# version: 1\n# status: x\n# code_system: icd10\n# combine: sum\nterm,rule,at_least,below,points,codes,label\n";
  switch (data[0] % 12) {
    case 0: try_score(text); break;
    case 1: try_score(one_term + text); break;
    case 2: try_code(text); break;
    case 3: try_people("hfrs", text); break;
    case 4: try_people("charlson_quan2011", "person_id,code\n" + text); break;
    case 5: try_people("elixhauser_vw", "person_id,code,date,code_system\n" + text); break;
    case 6: try_people("lace", "person_id,length_of_stay_days,acute_admission,charlson,ed_visits_6m\n" + text); break;
    case 7: try_people("hospital", "person_id,haemoglobin_discharge_g_dl,oncology_discharge,sodium_discharge_mmol_l,procedure_in_stay,index_admission_urgent,admissions_prev_year,length_of_stay_days\n" + text); break;
    case 8: try_people("parr30", text); break;
    case 9: try_people("efi", "person_id,code\na,1\nb,2\n", "deficit,code\n" + text); break;
    case 10: try_people("efi", "person_id,code\n" + text, "deficit,code\nfalls,1\ndiabetes,2\n"); break;
    default: try_people("charlson_quan2011", "person_id,mi,canc,metacanc\n" + text); break;
  }
  return 0;
}
