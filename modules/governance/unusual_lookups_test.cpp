// Names, areas and employers are compared, and never shown.
#include "governance/unusual_lookups.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace joinedup::governance {
namespace {

class Unusual : public testing::Test {
 protected:
  void SetUp() override {
    resources_ = {{"Practitioner/p1", R"({"resourceType":"Practitioner","id":"p1","name":[{"family":"O'Neill-Zyx"}]})"},
                  {"Practitioner/p2", R"({"resourceType":"Practitioner","id":"p2","name":[{"family":"Other"}]})"},
                  {"Patient/same", R"({"resourceType":"Patient","id":"same","name":[{"use":"old","family":"Wyz"},{"use":"official","family":"ONEILL ZYX"}],"address":[{"postalCode":"ZZ9 9ZZ"}]})"},
                  {"Patient/near", R"({"resourceType":"Patient","id":"near","name":[{"family":"Qqq"}],"address":[{"postalCode":"ZZ1 1AB"}]})"},
                  {"Patient/own", R"({"resourceType":"Patient","id":"own","name":[{"family":"O'Neill Zyx"}],"address":[{"use":"home","postalCode":"zz11aa"}]})"},
                  {"Patient/mate", R"({"resourceType":"Patient","id":"mate","name":[{"family":"Vvv"}],"address":[{"postalCode":"ZZ5 5ZZ"}]})"},
                  {"Patient/dead", R"({"resourceType":"Patient","id":"dead","name":[{"family":"Www"}],"deceasedDateTime":"2020-01-01T10:00:00Z"})"}};
    log_ = *audit::Log::open({.folder = folder_.file("audit"), .writer = "serve"});
    for (const char* patient : {"same", "near", "own", "mate", "dead", "gone"})
      ASSERT_TRUE(log_->append_and_wait({.kind = "read", .outcome = "allowed", .user = "u-1", .organisation = "RX1", .roles = {"nurse"}, .patients = {patient}}));
    reader_ = *audit::Reader::open(folder_.file("audit"));
  }
  UnusualSources sources() {
    return {.read = [this](const std::string& type, const std::string& id) -> Result<std::optional<std::string>> {
              const auto at = resources_.find(type + "/" + id);
              return at == resources_.end() ? std::optional<std::string>() : std::optional(at->second);
            },
            .patients_of = [this](const std::string& number) -> Result<std::vector<std::string>> {
              if (number == "9990000018") return std::vector{resources_["Patient/own"]};
              return number == "9990000026" ? std::vector{resources_["Patient/mate"]} : std::vector<std::string>{};
            },
            .area_of = [](const std::string& postcode) { return postcode.starts_with("ZZ11") ? std::string("E01000001") : std::string(); }};
  }
  std::map<std::string, std::vector<std::string>> rules(const audit::UnusualReport& report) {
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& one : report.found) out[one.rule] = one.patients;
    return out;
  }
  std::map<std::string, std::string> resources_;
  TestFolder folder_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<audit::Reader> reader_;
};

TEST_F(Unusual, NamesakesNeighboursColleaguesAndTheDeadAreFound) {
  const auto lookups = UnusualLookups::open({{"u-1", "p1", "RX1", "9990000018", ""}, {"u-2", "p2", "RX1", "9990000026", ""}}, sources());
  ASSERT_TRUE(lookups);
  EXPECT_TRUE((*lookups)->not_checked().empty());
  const auto report = audit::unusual_access(*reader_, (*lookups)->options(0, 0));
  ASSERT_TRUE(report);
  const auto found = rules(*report);
  EXPECT_EQ(found.at("own_record"), std::vector<std::string>{"own"});
  EXPECT_EQ(found.at("own_family_name"), std::vector<std::string>{"same"}) << "the official name, whatever its apostrophes";
  EXPECT_EQ(found.at("own_neighbour"), std::vector<std::string>{"near"}) << "another postcode of the same LSOA";
  EXPECT_EQ(found.at("colleague"), std::vector<std::string>{"mate"});
  EXPECT_EQ(found.at("deceased"), std::vector<std::string>{"dead"});
  // Nothing of a name, number, postcode or area stands in what the guardian is given.
  const auto text = audit::unusual_csv(*report);
  for (const char* secret : {"Neill", "NEILL", "neill", "Qqq", "ZZ1", "zz1", "E01000001", "9990000018"}) EXPECT_EQ(text.find(secret), std::string::npos) << secret;
}

TEST_F(Unusual, WithoutAListOfWorkersTheRestIsCheckedAndTheGapIsSaid) {
  const auto lookups = UnusualLookups::open({{"u-1", "p1", "RX1", "", ""}, {"u-3", "", "RX1", "", ""}}, sources());
  ASSERT_TRUE(lookups);
  const auto found = rules(*audit::unusual_access(*reader_, (*lookups)->options(0, 0)));
  EXPECT_EQ(found.at("own_family_name"), (std::vector<std::string>{"own", "same"})) << "without their number, their own record is a namesake's";
  EXPECT_FALSE(found.contains("own_record") || found.contains("own_neighbour") || found.contains("colleague"));
  ASSERT_EQ((*lookups)->not_checked().size(), 3U);
  EXPECT_EQ((*lookups)->not_checked()[0], "own_family_name of 1 of 2 workers: no family name is known");
  EXPECT_EQ((*lookups)->not_checked()[1], "own_neighbour of 2 of 2 workers: say NHS numbers or postcodes with --workers");
}

TEST_F(Unusual, APostcodeGivenForThisRunFindsTheNeighbours) {
  const auto lookups = UnusualLookups::open({{"u-1", "p1", "RX1", "", "ZZ1 1AC"}}, sources());
  const auto found = rules(*audit::unusual_access(*reader_, (*lookups)->options(0, 0)));
  EXPECT_EQ(found.at("own_neighbour"), (std::vector<std::string>{"near", "own"}));
}

TEST_F(Unusual, HashesOfTwoRunsAreNotComparable) {
  const std::vector<KnownWorker> workers{{"u-1", "p1", "RX1", "9990000018", ""}};
  const auto a = *UnusualLookups::open(workers, sources()), b = *UnusualLookups::open(workers, sources());
  const auto first = a->options(0, 0).worker("u-1"), second = b->options(0, 0).worker("u-1");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->family_name_hash.size(), 64U);
  EXPECT_NE(first->family_name_hash, second->family_name_hash);
  EXPECT_NE(first->area, second->area);
}

}  // namespace
}  // namespace joinedup::governance
