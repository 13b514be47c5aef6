// Precision and recall: intervals, labels from a file, and by group.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "linkage/linkage.hpp"
#include "linkage/test_support.hpp"
#include "linkage/quality.hpp"

namespace joinedup::linkage {
namespace {

class QualityTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    put("spec.toml", specification("cluster_probability = 0.5"));
    // Two sisters and two neighbours; the third Lee is the first one, misspelt. The truth column names the person.
    put("input.csv", "id,name,town,sex,person\n1,Ann Lee,York,f,a\n2,Ann Lee,York,f,a\n3,Anne Lee,York,,a\n4,Bob Ray,Leeds,m,b\n5,Bob Ray,Leeds,m,c\n6,Cy Orr,Bath,m,d\n");
  }
  static std::string specification(const std::string& more) {
    return more + R"(
link_type = "dedupe_only"
id = "id"
prior = 0.2
blocking = [["town"]]
[[comparison]]
name = "name"
levels = [{ when = "name_l = name_r", m = 0.9, u = 0.01 }, { when = "ELSE", m = 0.1, u = 0.99 }]
)";
  }
  Result<LinkSummary> link(const std::string& labels = "") {
    std::filesystem::remove_all(folder_ + "/out");
    return link_files({.spec = folder_ + "/spec.toml", .inputs = {folder_ + "/input.csv"}, .out = folder_ + "/out", .train = Train::never, .labels = labels});
  }
  nlohmann::json quality() { return nlohmann::json::parse(*read_file(folder_ + "/out/quality.json")); }
  std::string refused(const std::string& labels) {
    const auto done = link(put("labels.csv", labels));
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/out"));
    return done ? "" : done.error().text();
  }
};

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

// Newcombe 1998, Statistics in Medicine 17:857, table I, method 3 (Wilson's score): 81 of 263, 15 of 148, 0 of 20, 1 of 29.
TEST(Wilson, IntervalsAsPublished) {
  const auto expect = [](double r, double n, double low, double high) {
    const auto [a, b] = wilson(r / n, n);
    EXPECT_NEAR(a, low, 5e-5);
    EXPECT_NEAR(b, high, 5e-5);
  };
  expect(81, 263, 0.2553, 0.3662);
  expect(15, 148, 0.0624, 0.1605);
  expect(0, 20, 0.0000, 0.1611);
  expect(1, 29, 0.0061, 0.1718);
}

TEST_F(QualityTest, ByGroupFromATruthColumn) {
  put("spec.toml", specification("truth = \"person\"\ncluster_probability = 0.5") + "[quality]\nby = [\"sex\", \"town\"]\n");
  ASSERT_TRUE(link());
  const auto groups = quality()["groups"];
  const auto find = [&](const std::string& column, const std::string& value) -> nlohmann::json {
    for (const auto& group : groups)
      if (group["column"] == column && group["value"] == value) return group;
    return {};
  };
  // Links: 1–2 (true) and 4–5 (two people). True pairs: 1–2, 1–3, 2–3.
  EXPECT_TRUE(groups[0]["column"].is_null());
  EXPECT_EQ(groups[0]["links"], 2);
  EXPECT_EQ(groups[0]["true_links"], 1);
  EXPECT_EQ(groups[0]["true_pairs"], 3);
  EXPECT_EQ(groups[0]["linked"], 4);
  EXPECT_EQ(find("sex", "f")["true_pairs"], 3) << "each has a record of the group on one side";
  EXPECT_EQ(find("sex", "f")["true_links"], 1);
  EXPECT_EQ(find("sex", "(empty)")["true_pairs"], 2);
  EXPECT_EQ(find("sex", "(empty)")["links"], 0);
  EXPECT_TRUE(find("sex", "(empty)")["precision"].is_null()) << "of no links nothing can be said";
  EXPECT_DOUBLE_EQ(find("town", "Leeds")["precision"]["value"], 0.0);
  EXPECT_NEAR(find("town", "York")["recall"]["value"].get<double>(), 1.0 / 3, 1e-12);
  EXPECT_TRUE(holds(*read_file(folder_ + "/out/quality.csv"), "sex,m,3,2,"));
  EXPECT_TRUE(holds(*read_file(folder_ + "/out/report.html"), "By group"));
}

TEST_F(QualityTest, WithoutTruthTheMatchRateIsStillTold) {
  put("spec.toml", specification("cluster_probability = 0.5") + "[quality]\nby = [\"sex\"]\n");
  ASSERT_TRUE(link());
  EXPECT_EQ(quality()["groups"][0]["linked"], 4);
  EXPECT_FALSE(quality()["groups"][0].contains("precision"));
}

TEST_F(QualityTest, LabelsAreAllThatIsCounted) {
  const auto done = link(put("labels.csv", "id_l,id_r,label\n2,1,same\n1,3,same\n4,5,different\n4,6,different\n1,6,unsure\n1,99,same\n"));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(done->has_truth);
  EXPECT_EQ(done->true_pairs, 2u);
  EXPECT_EQ(done->true_pairs_blocked, 2u);
  EXPECT_EQ(quality()["groups"][0]["links"], 2);
  EXPECT_EQ(quality()["groups"][0]["true_links"], 1);
  const auto report = *read_file(folder_ + "/out/report.html");
  EXPECT_TRUE(holds(report, "4 labelled pairs")) << "the label of an unknown record and the unsure one do not count";
  EXPECT_TRUE(holds(report, "1 labels name a record that is not among the input"));
}

TEST_F(QualityTest, SplinksLabelsFileIsReadAsItIs) {
  const auto done = link(put("labels.csv", "unique_id_l,source_dataset_l,unique_id_r,source_dataset_r,clerical_match_score\n1,x,2,x,1.0\n4,x,5,x,0.1\n"));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->true_pairs, 1u);
}

TEST_F(QualityTest, BadLabelsAreRefusedWithTheirNumber) {
  EXPECT_TRUE(holds(refused("a,b\n1,2\n"), "id_l and id_r"));
  EXPECT_TRUE(holds(refused("id_l,id_r,label\n1,2,perhaps\n"), "Label 1: the decision"));
  EXPECT_TRUE(holds(refused("id_l,id_r,label\n1,2,same\n2,1,different\n"), "Label 2: an earlier label"));
  EXPECT_TRUE(holds(refused("id_l,id_r\n1,1\n"), "paired with itself"));
  EXPECT_TRUE(holds(refused("id_l,id_r\n98,99\n"), "None of the labels"));
  EXPECT_TRUE(holds(refused("id_l,id_r\n"), "no labels"));
}

TEST_F(QualityTest, AColumnThatIsNoGroupingIsRefused) {
  put("spec.toml", specification("") + "[quality]\nby = [\"name\"]\n");
  std::string csv = "id,name,town\n";
  for (int i = 0; i < 60; ++i) csv += std::to_string(i) + ",Name" + std::to_string(i) + ",York\n";
  put("input.csv", csv);
  const auto done = link();
  ASSERT_FALSE(done);
  EXPECT_TRUE(holds(done.error().text(), "60 different values")) << done.error().text();
  put("spec.toml", specification("") + "[quality]\nbye = [\"name\"]\n");
  EXPECT_FALSE(link());
}

}  // namespace joinedup::linkage
