// Fuzz entry: any bytes as our specification, as Splink's JSON, as a condition (parsed, told back, and evaluated), as a CSV
// file, as a file of labels and as a file of CLKs. The first byte chooses. Built by clang with -fsanitize=fuzzer,address,undefined.
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/file.hpp"
#include "linkage/clk.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/kernels.hpp"
#include "linkage/model.hpp"
#include "linkage/phonetic.hpp"
#include "linkage/quality.hpp"
#include "linkage/sql_expression.hpp"

using namespace joinedup;
using namespace joinedup::linkage;

namespace {

void try_condition(const std::string& text) {
  const Value values[] = {Value{}, Value::of(std::string("anna")), Value::of(std::string("Zo\xC3\xAB 1999-12-31")), Value::whole(3), Value::decimal(2.5, 1),
                          Value::of(-1e300), Value::rounded_to_single(0.1), Value::date(86400.0 * 10957), Value::instant(1e9 + 0.5), Value::truth(true),
                          Value::of(std::vector<Value>{Value::of(std::string("a")), Value{}, Value::whole(7)}), Value::of(std::vector<Value>{})};
  for (const auto names : {Names::suffixed, Names::prefixed, Names::plain}) {
    const auto tree = parse_condition(text, names);
    if (!tree) {
      if (tree.error().sentence.empty()) std::abort();
      continue;
    }
    canonical(**tree);
    columns_of(*tree);
    std::size_t draw = text.size();
    Scope scope;
    scope.column = [&](Side, const std::string& name) { return values[(draw += 7 + name.size()) % std::size(values)]; };
    for (int round = 0; round < 4; ++round) to_text(to_truth(evaluate(**tree, scope)));
  }
}

std::string on_disk(const std::string& text) {
  static const std::string path = "/tmp/linkage_fuzz_" + std::to_string(::getpid());
  if (!write_file(path, text)) std::abort();
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: {
      const auto model = read_specification(text, "fuzz.toml");
      if (model && !read_splink_model(write_model(*model), "again")) std::abort();  // what is written can be read
      break;
    }
    case 1: {
      const auto model = read_splink_model(text, "fuzz.json");
      if (model && !read_splink_model(write_model(*model), "again")) std::abort();
      break;
    }
    case 2:
    case 3: try_condition(text); break;
    case 4: {
      const auto path = on_disk(text);
      std::size_t fields = 0;
      (void)read_csv(path, [&](const CsvRow& row) -> Result<void> { fields = row.size(); return {}; },
                     [&](const CsvRow& row) -> Result<void> {
                       if (row.size() != fields) std::abort();
                       for (const auto field : row) soundex(field), refined_soundex(field), double_metaphone(field), nicknames_match(field, row[0]), damerau_levenshtein(field, row[0]), jaro_winkler_similarity(field, row[0]);
                       return {};
                     });
      Records none;
      (void)read_pair_labels(path, none);
      break;
    }
    default: (void)read_clks(on_disk(text)); break;
  }
  return 0;
}
