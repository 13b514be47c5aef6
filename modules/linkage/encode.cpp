// Encoding: a record's n-grams, each set at `bits_a_token` places of a Bloom filter. The places come from HMAC-SHA256 under
// the secret (not from two hashes added, which is easier to break: Niedermeyer et al. 2014).
#include <toml++/toml.h>

#include <algorithm>
#include <unordered_map>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "linkage/clk.hpp"
#include "linkage/commands.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/linkage.hpp"
#include "linkage/output.hpp"

namespace joinedup::linkage {
namespace {

constexpr std::size_t shortest_secret = 16;

struct Field {
  std::string column;
  std::size_t ngram = 2, bits_a_token = 15;
  bool positional = false;  // for dates and numbers: where a character stands matters
  std::string kind = "text";
  std::size_t at = std::string::npos;
};

struct Encoding {
  std::size_t bits = 1024;
  bool fold = false;        // halve by exclusive or: hardening
  std::string salt_column;  // its value joins the key: only records that agree on it can match; hardening
  std::size_t salt_at = std::string::npos;
  std::vector<Field> fields;
};

Result<Encoding> read_encoding(const std::string& path) {
  JOINEDUP_TRY(const auto text, joinedup::read_file(path));
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_input, "Line " + std::to_string(error.source().begin.line) + ": " + std::string(error.description()), path);
  }
  Encoding encoding;
  for (const auto& [key, value] : table)
    if (const auto name = key.str(); name != "bits" && name != "fold" && name != "salt" && name != "field" && name != "format")
      return fail(ErrorCode::invalid_input, "'" + std::string(name) + "' is not a setting of an encoding.", path);
  encoding.bits = static_cast<std::size_t>(table["bits"].value_or(std::int64_t{1024}));
  encoding.fold = table["fold"].value_or(false);
  encoding.salt_column = lower_ascii(table["salt"].value_or<std::string>(""));
  if (encoding.bits < 128 || encoding.bits > 65536 || encoding.bits % 128 != 0) return fail(ErrorCode::invalid_input, "bits must be a multiple of 128, from 128 to 65536.", path);
  const auto* fields = table["field"].as_array();
  if (!fields || fields->empty()) return fail(ErrorCode::invalid_input, "There is no [[field]].", path);
  for (const auto& item : *fields) {
    const auto* one = item.as_table();
    if (!one) return fail(ErrorCode::invalid_input, "Write each field as [[field]].", path);
    Field field;
    field.column = lower_ascii((*one)["column"].value_or<std::string>(""));
    field.kind = (*one)["kind"].value_or<std::string>("text");
    if (field.kind != "text" && field.kind != "digits") return fail(ErrorCode::invalid_input, "A field's kind is text or digits.", path);
    field.ngram = static_cast<std::size_t>((*one)["ngram"].value_or(std::int64_t{field.kind == "digits" ? 1 : 2}));
    field.positional = (*one)["positional"].value_or(field.kind == "digits");
    field.bits_a_token = static_cast<std::size_t>((*one)["bits_a_token"].value_or(std::int64_t{15}));
    if (field.column.empty() || field.ngram < 1 || field.ngram > 4 || field.bits_a_token < 1 || field.bits_a_token > 200)
      return fail(ErrorCode::invalid_input, "A field needs a column, an ngram of 1 to 4 and bits_a_token of 1 to 200.", path);
    encoding.fields.push_back(std::move(field));
  }
  return encoding;
}

std::string normal(std::string_view value, const std::string& kind) {
  std::string out;
  for (const char c : lower_ascii(trim(value))) {
    if (kind == "digits" ? c >= '0' && c <= '9' : c != ' ' && c != '-' && c != '\'' && c != '.') out += c;
  }
  return out;
}

// The places of a token, remembered: names are made of few distinct n-grams, and an HMAC costs far more than a look-up.
class Places {
 public:
  const std::vector<std::uint32_t>& of(const std::string& key, const std::string& token, std::size_t count, std::size_t bits) {
    auto& places = known_[key + '\0' + token];
    if (!places.empty()) return places;
    for (std::size_t block = 0; places.size() < count; ++block) {
      const Digest digest = hmac_sha256(key, token + '\0' + std::to_string(block));
      for (std::size_t i = 0; i + 4 <= digest.size() && places.size() < count; i += 4) {
        std::uint64_t word = 0;
        for (std::size_t byte = 0; byte < 4; ++byte) word |= static_cast<std::uint64_t>(digest[i + byte]) << (8 * byte);
        places.push_back(static_cast<std::uint32_t>((word * bits) >> 32));
      }
    }
    return places;
  }

 private:
  std::unordered_map<std::string, std::vector<std::uint32_t>> known_;
};

void encode_row(const Encoding& encoding, const std::string& secret, const std::vector<std::string>& values, const std::string& salt, Places& places, std::uint64_t* filter) {
  for (std::size_t f = 0; f < encoding.fields.size(); ++f) {
    const Field& field = encoding.fields[f];
    const std::string value = normal(values[f], field.kind);
    if (value.empty()) continue;
    const std::string key = secret + '\0' + field.column + '\0' + salt;
    const std::string padded = field.ngram == 1 ? value : std::string(field.ngram - 1, '_') + value + std::string(field.ngram - 1, '_');
    std::vector<std::string> seen;
    for (std::size_t at = 0; at + field.ngram <= padded.size(); ++at) {
      std::string token = padded.substr(at, field.ngram);
      if (field.positional) token += '@' + std::to_string(at);
      const auto again = std::count(seen.begin(), seen.end(), token);  // the second "an" of "anan" is a token of its own
      seen.push_back(token);
      if (again) token += '#' + std::to_string(again);
      for (const auto place : places.of(key, token, field.bits_a_token, encoding.bits)) filter[place / 64] |= std::uint64_t{1} << (place % 64);
    }
  }
}

Result<std::string> encode(std::span<const std::string> arguments) {
  JOINEDUP_TRY(const auto flags, read_flags(arguments, {"--spec", "--secret-file", "--input", "--out", "--threads"}, {"--json", "--quiet"}));
  for (const char* needed : {"--spec", "--secret-file", "--input", "--out"})
    if (!flags.has(needed)) return fail(ErrorCode::wrong_usage, std::string(needed) + " is missing. Usage: encode --spec S --secret-file K --input F --out clks.json");
  JOINEDUP_TRY(const auto threads, flags.threads());
  JOINEDUP_TRY(const auto clks, encode_records(flags.text("--spec"), flags.text("--secret-file"), flags.text("--input"), threads));
  JOINEDUP_CHECK(write_file(flags.text("--out"), clks_json(clks), FileMode::secret));
  if (flags.has("--json")) return "{\"records\":" + std::to_string(clks.size()) + ",\"bits\":" + std::to_string(clks.words * 64) + "}\n";
  return with_commas(static_cast<std::int64_t>(clks.size())) + " records encoded: " + flags.text("--out") + "\n";
}

Result<std::string> link_clks(std::span<const std::string> arguments) {
  JOINEDUP_TRY(const auto flags, read_flags(arguments, {"--out", "--threshold", "--threads"}, {"--one-to-one", "--json", "--quiet"}));
  if (flags.words.size() != 2 || !flags.has("--out") || !flags.has("--threshold"))
    return fail(ErrorCode::wrong_usage, "Usage: link-clks A.json B.json --out DIR --threshold T [--one-to-one]");
  JOINEDUP_TRY(const auto threshold, flags.number("--threshold", 0, 0, 1));
  JOINEDUP_TRY(const auto threads, flags.threads());
  JOINEDUP_TRY(const auto a, read_clks(flags.words[0]));
  JOINEDUP_TRY(const auto b, read_clks(flags.words[1]));
  JOINEDUP_TRY(auto pairs, match_clks(a, b, threshold, threads));
  if (flags.has("--one-to-one")) keep_one_to_one(pairs);
  JOINEDUP_TRY(auto folder, OutputFolder::open(flags.text("--out")));
  std::string text = "id_l,id_r,similarity\n";  // ids are positions in the files, from 0, as in anonlink's results
  for (const auto& pair : pairs) text += std::to_string(pair.left) + "," + std::to_string(pair.right) + "," + format_number(pair.dice) + "\n";
  JOINEDUP_CHECK(write_file(folder.path("pairs.csv"), text));
  JOINEDUP_CHECK(folder.publish());
  if (flags.has("--json"))
    return "{\"records_l\":" + std::to_string(a.size()) + ",\"records_r\":" + std::to_string(b.size()) + ",\"pairs\":" + std::to_string(pairs.size()) + "}\n";
  return with_commas(static_cast<std::int64_t>(pairs.size())) + " pairs: " + flags.text("--out") + "/pairs.csv\n";
}

}  // namespace

Result<Clks> encode_records(const std::string& specification, const std::string& secret_file, const std::string& input, unsigned threads) {
  JOINEDUP_TRY(auto encoding, read_encoding(specification));
  JOINEDUP_TRY(auto secret, joinedup::read_file(secret_file));
  secret = std::string(trim(secret));
  if (secret.size() < shortest_secret)
    return fail(ErrorCode::wrong_usage, "The secret is shorter than 16 characters, and could be guessed: agree a longer one with the partner.", secret_file);
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> salts;
  JOINEDUP_CHECK(read_csv(
      input,
      [&](const CsvRow& header) -> Result<void> {
        for (std::size_t i = 0; i < header.size(); ++i) {
          const auto name = lower_ascii(trim(header[i]));
          if (!encoding.salt_column.empty() && name == encoding.salt_column) encoding.salt_at = i;
          for (auto& field : encoding.fields)
            if (field.column == name) field.at = i;
        }
        for (const auto& field : encoding.fields)
          if (field.at == std::string::npos) return fail(ErrorCode::invalid_input, "The specification uses a column that the file lacks: '" + field.column + "'.", input);
        if (!encoding.salt_column.empty() && encoding.salt_at == std::string::npos)
          return fail(ErrorCode::invalid_input, "The salt's column is not in the file: '" + encoding.salt_column + "'.", input);
        return {};
      },
      [&](const CsvRow& row) -> Result<void> {
        rows.emplace_back();
        for (const auto& field : encoding.fields) rows.back().emplace_back(row[field.at]);
        salts.push_back(encoding.salt_at == std::string::npos ? std::string() : normal(row[encoding.salt_at], "text"));
        return {};
      }));
  Clks clks;
  const std::size_t full = encoding.bits / 64;
  clks.words = encoding.fold ? full / 2 : full;
  clks.bits.assign(rows.size() * clks.words, 0);
  constexpr std::size_t chunk = 4096;
  JOINEDUP_CHECK(parallel_for((rows.size() + chunk - 1) / chunk, threads, [&](std::size_t job) -> Result<void> {
    std::vector<std::uint64_t> filter(full);
    Places places;
    for (std::size_t row = job * chunk; row < std::min(rows.size(), (job + 1) * chunk); ++row) {
      std::fill(filter.begin(), filter.end(), 0);
      encode_row(encoding, secret, rows[row], salts[row], places, filter.data());
      for (std::size_t word = 0; word < clks.words; ++word) clks.bits[row * clks.words + word] = encoding.fold ? filter[word] ^ filter[word + full / 2] : filter[word];
    }
    return {};
  }));
  return clks;
}

int encode_command(std::span<const std::string> arguments) { return finish("encode", encode(arguments)); }
int link_clks_command(std::span<const std::string> arguments) { return finish("link-clks", link_clks(arguments)); }

}  // namespace joinedup::linkage
