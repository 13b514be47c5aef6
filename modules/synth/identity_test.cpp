// The bars on identities: read back from the files and compared with truth/people.csv, not with what the generator counted.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>
#include <unordered_map>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/nhs_number.hpp"
#include "base/text.hpp"
#include "synth/synth.hpp"

namespace joinedup::synth {
namespace {

// No file of the generator quotes a field with a line end in it; those with a comma in quotes are few.
std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    else if (c == ',' && !quoted) fields.emplace_back();
    else fields.back() += c;
  }
  return fields;
}

struct Csv {
  std::map<std::string, std::size_t> column;
  std::vector<std::vector<std::string>> rows;
  std::string at(std::size_t row, const std::string& name) const { return rows[row][column.at(name)]; }
};

Csv read_csv(const std::string& path) {
  Csv csv;
  const auto text = read_file(path);
  EXPECT_TRUE(text) << path;
  bool header = true;
  for (const auto line : split(*text, '\n')) {
    if (line.empty()) continue;
    auto fields = fields_of(line);
    if (header)
      for (std::size_t i = 0; i < fields.size(); ++i) csv.column[fields[i]] = i;
    else csv.rows.push_back(std::move(fields));
    header = false;
  }
  for (const auto& row : csv.rows) EXPECT_EQ(row.size(), csv.column.size()) << path;
  return csv;
}

struct Truth {
  std::string nhs, birth, surname, given;
};

class SynthIdentity : public testing::Test {
 public:
  static void SetUpTestSuite() {
    folder_ = (std::filesystem::temp_directory_path() / ("joinedup_synth_identity_" + std::to_string(::getpid()))).string();
    std::filesystem::remove_all(folder_);
    SynthOptions options;
    options.people = 20480;
    options.folder = folder_;
    options.feeds = {"gp_registration", "hes_apc_sus", "hes_op_sus", "ae_sus", "ecds", "csds", "mhsds", "asc_cld", "deaths", "housing", "voluntary"};
    const auto summary = generate_place(options);
    ASSERT_TRUE(summary) << summary.error().text();
    for (const auto& file : summary->files) files_.push_back(file.file);
    const Csv people = read_csv(folder_ + "/truth/people.csv");
    for (std::size_t i = 0; i < people.rows.size(); ++i)
      truth_[people.at(i, "true_person_id")] = {people.at(i, "nhs_number"), people.at(i, "birth_date"), people.at(i, "surname"), people.at(i, "given_name")};
    const Csv person = read_csv(folder_ + "/truth/person.csv");
    for (std::size_t i = 0; i < person.rows.size(); ++i) person_[person.at(i, "feed") + "|" + person.at(i, "row_id")] = person.at(i, "true_person_id");
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }

  struct Shares {
    double rows = 0, bad_number = 0;
    std::set<std::string> people, misnamed;
  };
  static Shares shares(const std::string& feed, const std::string& stem, const std::string& id, const std::string& nhs, const std::string& surname, const std::string& given) {
    Shares out;
    for (const auto& file : files_) {
      if (!file.starts_with("feeds/" + feed + "/" + stem)) continue;
      const Csv csv = read_csv(folder_ + "/" + file);
      for (std::size_t i = 0; i < csv.rows.size(); ++i) {
        const auto found = person_.find(feed + "|" + csv.at(i, id));
        EXPECT_NE(found, person_.end()) << feed << ": a row that truth does not know";
        if (found == person_.end()) return out;
        const Truth& truth = truth_.at(found->second);
        out.rows += 1;
        if (!nhs.empty() && csv.at(i, nhs) != truth.nhs) out.bad_number += 1;
        if (surname.empty()) continue;
        out.people.insert(found->second);
        if (lower_ascii(csv.at(i, surname)) != lower_ascii(truth.surname) || lower_ascii(csv.at(i, given)) != lower_ascii(truth.given)) {
          bool plain = true;  // an accent in another coding is no error
          for (const char c : truth.surname + truth.given) plain = plain && static_cast<unsigned char>(c) < 0x80;
          if (plain) out.misnamed.insert(found->second);
        }
      }
    }
    EXPECT_GT(out.rows, 50) << feed;
    return out;
  }

  static std::string folder_;
  static std::vector<std::string> files_;
  static std::unordered_map<std::string, Truth> truth_;
  static std::unordered_map<std::string, std::string> person_;
};
std::string SynthIdentity::folder_;
std::vector<std::string> SynthIdentity::files_;
std::unordered_map<std::string, Truth> SynthIdentity::truth_;
std::unordered_map<std::string, std::string> SynthIdentity::person_;

TEST_F(SynthIdentity, NumbersAreMissingOrWrongAsOftenAsTheBarAsks) {
  for (const auto& [feed, stem] : {std::pair("hes_apc_sus", "IP_"), std::pair("hes_op_sus", "OP_"), std::pair("ae_sus", "AE_")}) {
    const Shares s = shares(feed, stem, "Generated Record ID", "NHS Number", "", "");
    EXPECT_GE(s.bad_number / s.rows, .01) << feed;
    EXPECT_LE(s.bad_number / s.rows, .05) << feed;
  }
  const Shares council = shares("asc_cld", "asc_cld", "Event Reference", "NHS Number", "Last Name", "First Name");
  EXPECT_GE(council.bad_number / council.rows, .05);
  EXPECT_LE(council.bad_number / council.rows, .12);
  const Shares landlords = shares("housing", "housing", "event_id", "nhs_number", "family_name", "given_name");
  EXPECT_GE(landlords.bad_number / landlords.rows, .40);
  const Shares helpers = shares("voluntary", "voluntary", "contact_id", "nhs_number", "family_name", "given_name");
  EXPECT_GE(helpers.bad_number / helpers.rows, .40);
}

TEST_F(SynthIdentity, NamesAreWrongForATwentiethOfPeopleOrMore) {
  const auto check = [](const char* feed, const Shares& s) {
    const double share = static_cast<double>(s.misnamed.size()) / static_cast<double>(s.people.size());
    EXPECT_GE(share, .05) << feed << " of " << s.people.size();
    EXPECT_LE(share, .16) << feed;
  };
  check("gp_registration", shares("gp_registration", "Admin_Patient", "PatientGuid", "NhsNumber", "Surname", "GivenName"));
  check("asc_cld", shares("asc_cld", "asc_cld", "Event Reference", "NHS Number", "Last Name", "First Name"));
  check("housing", shares("housing", "housing", "event_id", "nhs_number", "family_name", "given_name"));
  check("voluntary", shares("voluntary", "voluntary", "contact_id", "nhs_number", "family_name", "given_name"));
}

TEST_F(SynthIdentity, EveryTrueNumberIsValidForTestsAndNobodysTwin) {
  std::set<std::string> seen;
  for (const auto& [id, truth] : truth_) {
    EXPECT_TRUE(read_nhs_number(truth.nhs).usable());
    EXPECT_TRUE(truth.nhs.starts_with("999"));
    EXPECT_TRUE(seen.insert(truth.nhs).second) << "two people share a number";
  }
}

TEST_F(SynthIdentity, HeadersAreWholeAndInOrder) {
  for (const auto& [file, layout] : {std::pair("feeds/hes_apc_sus/IP_pbr_preprocess_EP_2024-25.csv", "sus_ip_ep"), std::pair("feeds/ecds/tbl_Data_SUS_EC_2024-25.csv", "ecds"),
                                     std::pair("feeds/asc_cld/asc_cld_2023-24.csv", "asc_cld")}) {
    const auto text = read_file(folder_ + "/" + file);
    const auto names = read_file(std::string(JOINEDUP_SOURCE_DIR) + "/modules/place/layouts/" + layout + ".csv");
    ASSERT_TRUE(text && names);
    std::string header;
    bool source = true;
    for (const auto name : split(*names, '\n')) {
      if (!source && !trim(name).empty()) header += (header.empty() ? "" : ",") + csv_field(trim(name));
      source = false;
    }
    EXPECT_EQ(text->substr(0, text->find('\n')), header) << file;
  }
}

TEST_F(SynthIdentity, TheEmergencyFeedCarriesAPseudonymOfTheNumberAndNoNumber) {
  const auto key = read_file(folder_ + "/keys/ecds_pseudonym.key");
  ASSERT_TRUE(key);
  EXPECT_EQ(std::filesystem::status(folder_ + "/keys/ecds_pseudonym.key").permissions() & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const Csv csv = read_csv(folder_ + "/feeds/ecds/tbl_Data_SUS_EC_2025-26.csv");
  double rows = 0, right = 0;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    const Truth& truth = truth_.at(person_.at("ecds|" + csv.at(i, "EC_Ident")));
    rows += 1;
    right += csv.at(i, "Der_Pseudo_NHS_Number") == to_hex(hmac_sha256(*key, truth.nhs)).substr(0, 16) ? 1 : 0;
    for (const auto& field : csv.rows[i]) ASSERT_NE(field, truth.nhs);
  }
  EXPECT_GE(1 - right / rows, .01);
  EXPECT_LE(1 - right / rows, .05);
}

TEST(SynthIdentityRates, DoublingTheRatesDoublesTheErrors) {
  const auto missing = [](double multiplier) {
    SynthOptions options;
    options.people = 10240;
    options.error_multiplier = multiplier;
    options.feeds = {"hes_op_sus"};
    const auto parts = generate_people(options, 0, options.people);
    double rows = 0, empty = 0;
    for (const auto& part : *parts)
      for (const auto line : split(part.text, '\n')) {
        if (line.empty()) continue;
        rows += 1;
        empty += fields_of(line)[17].empty() ? 1 : 0;
      }
    return empty / rows;
  };
  EXPECT_NEAR(missing(2) / missing(1), 2.0, .35);
  EXPECT_EQ(missing(0), 0);
}

}  // namespace
}  // namespace joinedup::synth
