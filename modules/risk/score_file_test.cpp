#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"
#include "risk/reference/naive_score.hpp"
#include "risk/test_support.hpp"

namespace joinedup::risk {
namespace {

// Codes drawn from every group of a score, and others; people in no order, some more than once.
struct RandomPeople {
  std::string text = "person_id,code\n";
  std::map<std::string, std::vector<std::string>> codes;
};

RandomPeople random_people(const PublishedScore& score, std::size_t people, std::size_t rows, std::uint64_t seed) {
  std::vector<std::string> pool = {"Z000", "I10X", "R05", "A000", "T814", "E10", "F20", "K25"};
  for (const auto& term : score.terms)
    for (const auto& code : term.codes) {
      pool.push_back(code);
      pool.push_back(code.substr(0, 3) + "." + (code.size() > 3 ? code.substr(3) : "9"));
    }
  RandomPeople made;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto person = "p" + std::to_string(mix64(seed, 2 * i) % people);
    const auto& code = pool[mix64(seed, 2 * i + 1) % pool.size()];
    made.text += person + "," + code + "\n";
    made.codes[person].push_back(code);
  }
  return made;
}

}  // namespace

TEST(ScoreFile, EqualsTheNaiveTwinOnRandomPeople) {
  for (const auto* model : {"hfrs", "charlson_quan2011", "elixhauser_vw", "acsc"}) {
    const auto score = *published_score(model);
    const auto made = random_people(score, 500, 3000, 11);
    const auto scored = score_text(model, made.text);
    ASSERT_TRUE(scored.done) << scored.done.error().text();
    ASSERT_EQ(scored.score.size(), made.codes.size());
    for (const auto& [person, codes] : made.codes) EXPECT_EQ(scored.score.at(person), format_number(reference::naive_coded_score(score, codes))) << model << " " << person;
    for (const auto& [person, points] : scored.points) {
      double sum = 0;
      for (const auto& [term, value] : points) sum += std::stod(value);
      EXPECT_NEAR(sum, std::stod(scored.score.at(person)), 1e-9) << "the breakdown must add up";
    }
  }
}

TEST(ScoreFile, TheSameBytesOnAnyNumberOfThreads) {
  const auto score = *published_score("hfrs");
  const auto made = random_people(score, 60000, 400000, 5);  // over four mebibytes, so that it is read in pieces
  ASSERT_GT(made.text.size(), 4u << 20);
  const auto one = score_text("hfrs", made.text, {.threads = 1});
  ASSERT_TRUE(one.done) << one.done.error().text();
  for (const unsigned threads : {2u, 3u}) EXPECT_EQ(score_text("hfrs", made.text, {.threads = threads}).bytes, one.bytes) << threads;
}

TEST(ScoreFile, APersonWithoutCodesScoresTheBase) {
  const auto scored = score_text("charlson_quan2011", "person_id,code\na,\nb,C50.9\n");
  ASSERT_TRUE(scored.done);
  EXPECT_EQ(scored.score.at("a"), "0");
  EXPECT_EQ(scored.score.at("b"), "2");
}

TEST(ScoreFile, OneEventOnlyIsAPersonLikeAnother) {
  const auto scored = score_text("hfrs", "person_id,code\nonly,F00.1");
  ASSERT_TRUE(scored.done);
  EXPECT_EQ(scored.score.at("only"), "7.1");
}

TEST(ScoreFile, CodesInNoGroupAreCounted) {
  const auto scored = score_text("hfrs", "person_id,code\na,I10X\na,F00\nb,I10X\n");
  ASSERT_TRUE(scored.done);
  EXPECT_EQ(scored.done->codes_in_no_group, 1u);
  EXPECT_EQ(scored.done->events_in_no_group, 2u);
  ASSERT_EQ(scored.done->notes.size(), 1u);
  EXPECT_NE(scored.done->notes[0].find("add nothing"), std::string::npos);
}

TEST(ScoreFile, AnotherCodeSystemStopsTheRunAndIsNotRepeated) {
  for (const auto* code : {"428.0", "44054006", "9434765919", "C10E."}) {
    const auto said = sentence_of("charlson_quan2011", std::string("person_id,code\na,I50.0\nb,") + code + "\n");
    EXPECT_NE(said.find("is not ICD-10"), std::string::npos) << said;
    EXPECT_NE(said.find("row 2"), std::string::npos) << said;
    EXPECT_EQ(said.find(code), std::string::npos) << "a value of the data is in a sentence";
  }
  EXPECT_NE(sentence_of("hfrs", "person_id,code,code_system\na,I50.0,snomed\n").find("code system"), std::string::npos);
  EXPECT_NE(sentence_of("hfrs", "person_id,code,code_system\na,I50.0,ICD-9-CM\n").find("code system"), std::string::npos);
  EXPECT_TRUE(score_text("hfrs", "person_id,code,code_system\na,I50.0,ICD-10\n").done);
}

// ICD-9's E codes have their dot a place later and go on where ICD-10 ends at E90; its V codes look like ICD-10's, but are common.
TEST(ScoreFile, Icd9CodesThatBeginWithALetterDoNotPassAsIcd10) {
  for (const auto* code : {"E878.8", "E849.0", "E9500", "E91", "E888.9"})
    EXPECT_NE(sentence_of("charlson_quan2011", std::string("person_id,code\na,I50.0\nb,") + code + "\n").find("is not ICD-10"), std::string::npos) << code;
  EXPECT_TRUE(score_text("charlson_quan2011", "person_id,code\na,E90\nb,E87.8\n").done);
  std::string text = "person_id,code\n";
  for (int i = 0; i < 100; ++i) text += "p" + std::to_string(i) + (i < 4 ? ",V45.81\n" : ",I50.0\n");
  const auto many = score_text("charlson_quan2011", text);
  ASSERT_TRUE(many.done);
  ASSERT_EQ(many.done->notes.size(), 2u);
  EXPECT_NE(many.done->notes[1].find("4 of 100 events have codes that begin with V"), std::string::npos) << many.done->notes[1];
  EXPECT_NE(many.done->notes[1].find("ICD-9"), std::string::npos);
  const auto few = score_text("charlson_quan2011", text + text.substr(text.find("p4")) + text.substr(text.find("p4")));
  ASSERT_TRUE(few.done);
  EXPECT_EQ(few.done->notes.size(), 1u) << "a transport accident now and then is ICD-10's";
}

TEST(ScoreFile, DatesOfTheFutureAndNoDatesAtAll) {
  const ScoreJob job{.as_of = *parse_iso_date("2025-03-31")};
  EXPECT_NE(sentence_of("hfrs", "person_id,code,date\na,F00,2025-03-31\na,F01,2025-04-01\n", job).find("row 2: The date is after 2025-03-31"), std::string::npos);
  EXPECT_NE(sentence_of("hfrs", "person_id,code,date\na,F00,2025-02-31\n", job).find("not a day"), std::string::npos);
  EXPECT_TRUE(score_text("hfrs", "person_id,code,date\na,F00,2025-03-31\nb,F00,\nc,F00,2025-01-01T10:00:00\n", job).done);
}

TEST(ScoreFile, ACohortOfNobody) {
  EXPECT_NE(sentence_of("hfrs", "person_id,code\n").find("nobody"), std::string::npos);
  EXPECT_NE(sentence_of("hfrs", "").find("empty"), std::string::npos);
  EXPECT_NE(sentence_of("lace", "person_id,length_of_stay_days,acute_admission,charlson,ed_visits_6m\n").find("nobody"), std::string::npos);
}

TEST(ScoreFile, AMisspeltColumnStopsTheRun) {
  const auto said = sentence_of("parr30", "person_id,age,emergency_admisions_last_year\na,50,1\n");
  EXPECT_NE(said.find("emergency_admisions_last_year"), std::string::npos);
  EXPECT_NE(said.find("Is \"emergency_admissions_last_year\" meant?"), std::string::npos) << said;
  EXPECT_NE(sentence_of("hfrs", "person_id,code,weight\na,F00,3\n").find("weight"), std::string::npos);
  EXPECT_NE(sentence_of("charlson_quan2011", "person_id,mi,hearth_failure\na,1,0\n").find("hearth_failure"), std::string::npos);
  EXPECT_NE(sentence_of("hfrs", "person,code\na,F00\n").find("none of the terms"), std::string::npos);
}

TEST(ScoreFile, WhatIsMissingIsNamed) {
  const auto said = sentence_of("lace", "person_id,length_of_stay_days,charlson\na,3,0\n");
  EXPECT_NE(said.find("acute_admission, ed_visits_6m"), std::string::npos) << said;
  const auto scored = score_text("hospital",
                                 "person_id,haemoglobin_discharge_g_dl,oncology_discharge,sodium_discharge_mmol_l,procedure_in_stay,index_admission_urgent,"
                                 "admissions_prev_year,length_of_stay_days\na,,0,,1,1,0,3\nb,13,0,140,1,1,0,3\n");
  ASSERT_TRUE(scored.done);
  EXPECT_EQ(scored.score.at("a"), "");
  EXPECT_EQ(scored.status.at("a"), "not scored: no value for haemoglobin_discharge_g_dl, sodium_discharge_mmol_l");
  EXPECT_EQ(scored.score.at("b"), "2");
  EXPECT_EQ(scored.done->people_not_scored, 1u);
}

TEST(ScoreFile, AbsentFlagsAreNeverASilentZero) {
  const auto scored = score_text("cambridge", "person_id,hyp,dem\na,1,\nb,1,1\n");
  ASSERT_TRUE(scored.done);
  EXPECT_EQ(scored.score.at("a"), "0.08");
  EXPECT_EQ(scored.status.at("a"), "transcribed second-hand; 19 inputs are absent: counted as not present");
  EXPECT_EQ(scored.status.at("b"), "transcribed second-hand; 18 inputs are absent: counted as not present");
  EXPECT_NE(scored.done->notes[0].find("anx_dep"), std::string::npos);
}

TEST(ScoreFile, ValuesThatCannotBe) {
  const std::string header = "person_id,length_of_stay_days,acute_admission,charlson,ed_visits_6m\n";
  EXPECT_NE(sentence_of("lace", header + "a,3,1,0,0\nb,-2,1,0,0\n").find("row 2: length_of_stay_days is -2, which is below 0"), std::string::npos);
  EXPECT_NE(sentence_of("lace", header + "a,3.5,1,0,0\n").find("whole number"), std::string::npos);
  EXPECT_NE(sentence_of("lace", header + "a,three,1,0,0\n").find("not a number"), std::string::npos);
  EXPECT_NE(sentence_of("lace", header + "a,3,2,0,0\n").find("1 or 0"), std::string::npos);
  EXPECT_NE(sentence_of("lace", header + "a,3,1,0,0\na,3,1,0,0\n").find("row 2: The person_id"), std::string::npos);
  EXPECT_NE(sentence_of("lace", header + "a,3,1,0\n").find("4 fields"), std::string::npos);
  EXPECT_NE(sentence_of("lace", header + ",3,1,0,0\n").find("person_id is empty"), std::string::npos);
  EXPECT_NE(sentence_of("hfrs", "person_id,code\na,\"F00\n").find("never closed"), std::string::npos);
  const std::string hospital = "person_id,haemoglobin_discharge_g_dl,oncology_discharge,sodium_discharge_mmol_l,procedure_in_stay,index_admission_urgent,admissions_prev_year,length_of_stay_days\n";
  EXPECT_NE(sentence_of("hospital", hospital + "a,118,0,140,0,0,0,1\n").find("look at its unit"), std::string::npos) << "g/L for g/dL";
}

TEST(ScoreFile, Parr30IsIncompleteUntilTheHospitalsTermIsGiven) {
  const auto parr30 = *published_score("parr30");
  std::string header = "person_id";
  for (const auto& term : parr30.terms)
    if (term.rule != Rule::constant && term.rule != Rule::given) header += "," + term.name;
  // One person: age as given, the bands of deprivation named in `bands`, all else 0.
  const auto row = [&](const std::string& id, const std::string& age, const std::string& bands = " imd2007_lt10 ") {
    std::string line = id;
    for (const auto& term : parr30.terms)
      if (term.rule != Rule::constant && term.rule != Rule::given)
        line += "," + (term.name == "age_squared" ? age : bands.find(" " + term.name + " ") != std::string::npos ? "1" : "0");
    return line;
  };
  const auto without = score_text("parr30", header + "\n" + row("a", "2500") + "\n");
  ASSERT_TRUE(without.done) << without.done.error().text();
  EXPECT_NE(without.status.at("a").find("incomplete: hospital terms absent"), std::string::npos);
  const auto with = score_text("parr30", header + ",hospital\n" + row("a", "2500") + ",0.1\n" + row("b", "2500") + ",\n");
  ASSERT_TRUE(with.done) << with.done.error().text();
  EXPECT_EQ(with.status.at("a").find("incomplete"), std::string::npos);
  EXPECT_NE(with.status.at("b").find("incomplete"), std::string::npos);
  EXPECT_NEAR(std::stod(with.score.at("a")), 1 / (1 + std::exp(2.91821 - 0.1514525 - 0.1)), 1e-9);
  // By the trust's code, a site's code, a trust that the list of 2012 has not, and none.
  const auto by_trust = score_text("parr30", header + ",trust_code\n" + row("a", "2500") + ",RYJ\n" + row("b", "2500") + ",ryj02\n" + row("c", "2500") + ",R0A\n" + row("d", "2500") + ",\n");
  ASSERT_TRUE(by_trust.done) << by_trust.done.error().text();
  for (const auto* id : {"a", "b"}) EXPECT_NEAR(std::stod(by_trust.score.at(id)), 1 / (1 + std::exp(2.91821 - 0.1514525 + 0.1089)), 1e-9) << id;
  EXPECT_NEAR(std::stod(by_trust.score.at("c")), 1 / (1 + std::exp(2.91821 - 0.1514525 + 0.1155)), 1e-9);
  EXPECT_EQ(by_trust.status.at("c").find("incomplete"), std::string::npos);
  EXPECT_NE(by_trust.status.at("d").find("incomplete: hospital terms absent"), std::string::npos);
  EXPECT_TRUE(std::any_of(by_trust.done->notes.begin(), by_trust.done->notes.end(), [](const auto& note) { return note.starts_with("1 people have an organisation that is not in"); }));
  EXPECT_NE(sentence_of("parr30", header + ",trust_code\n" + row("a", "2500") + ",Imperial\n").find("row 1: trust_code must be an organisation's code"), std::string::npos);
  EXPECT_NE(sentence_of("parr30", header + ",hospital,trust_code\n" + row("a", "2500") + ",0.1,RYJ\n").find("are of the same term"), std::string::npos);
  auto by_age = header;
  by_age.replace(by_age.find("age_squared"), 11, "age");
  EXPECT_EQ(score_text("parr30", by_age + "\n" + row("a", "50") + "\n").score.at("a"), without.score.at("a")) << "age may stand for its square";
  EXPECT_NE(sentence_of("parr30", header + "\n" + row("a", "2500", " imd2007_lt10 imd2007_50plus ") + "\n").find("More than one of imd2007_lt10"), std::string::npos);
  const auto no_band = score_text("parr30", header + "\n" + row("a", "2500", "") + "\n");
  ASSERT_TRUE(no_band.done);
  EXPECT_NE(no_band.status.at("a").find("none of imd2007_lt10 to imd2007_50plus is set"), std::string::npos);
}

TEST(ScoreFile, FrailtyIndexByACodeListGivenAtRunTime) {
  const TestFolder folder;
  ScoreJob job;
  job.codes = folder.write("list.csv", "deficit,code\nfalls,111\nfalls,112\ndiabetes,220\npolypharmacy (>=5 medicines),900\n");
  const auto scored = score_text("efi", "person_id,code\na,111\na,112\na,220\nb,999\nc,900\n", job);
  ASSERT_TRUE(scored.done) << scored.done.error().text();
  EXPECT_EQ(scored.score.at("a"), "0.05555555556");
  EXPECT_EQ(scored.score.at("b"), "0");
  EXPECT_EQ(scored.score.at("c"), "0.02777777778");
  EXPECT_NE(scored.status.at("a").find("incomplete: no codes supplied for 33 of 36 terms"), std::string::npos);
  EXPECT_EQ(scored.done->codes_in_no_group, 1u);
  EXPECT_TRUE(score_text("efi", "person_id,code,code_system\na,111,snomed\nb,220,snomed\n", job).done) << "the list says which codes they are";
  EXPECT_NE(sentence_of("efi", "person_id,code,code_system\na,111,snomed\nb,220,read2\n", job).find("row 2: The codes are of more than one code system"), std::string::npos);
  job.codes = folder.write("bad.csv", "deficit,code\nfals,111\n");
  EXPECT_NE(sentence_of("efi", "person_id,code\na,111\n", job).find("\"fals\" is none of the terms"), std::string::npos);
  EXPECT_NE(sentence_of("efi", "person_id,code\na,111\n").find("--codes"), std::string::npos);
  job.codes = folder.write("list.csv", "deficit,code\nfalls,111\n");
  EXPECT_NE(sentence_of("hfrs", "person_id,code\na,F00\n", job).find("takes no --codes"), std::string::npos);
}

TEST(ScoreFile, WideFlagsOfACodedScoreAndTheirHierarchy) {
  const auto scored = score_text("charlson_quan2011", "person_id,canc,metacanc,chf\na,1,1,0\nb,1,0,yes\nc,0.0,1.0,no\n");
  ASSERT_TRUE(scored.done) << scored.done.error().text();
  EXPECT_EQ(scored.score.at("a"), "6");
  EXPECT_EQ(scored.score.at("b"), "4");
  EXPECT_EQ(scored.score.at("c"), "6");
}

TEST(ScoreFile, QuotesLineEndsAndByteOrderMarks) {
  const auto scored = score_text("hfrs", "\xEF\xBB\xBFperson_id,code\r\n\"a,1\",F00\r\n\"b\"\"2\",\"G81\"\r\n\r\n");
  ASSERT_TRUE(scored.done) << scored.done.error().text();
  EXPECT_EQ(scored.score.at("a,1"), "7.1");
  EXPECT_EQ(scored.score.at("b\"2"), "4.4");
}

TEST(ScoreFile, ParquetInAndOutEqualsCsv) {
  const TestFolder folder;
  auto database = engine::Database::open("");
  auto connection = database->connect();
  const auto run = [&](const std::string& sql) {
    const auto done = connection->run(sql);
    ASSERT_TRUE(done) << done.error().text();
  };
  run("COPY (SELECT 'p' || (i % 50) AS person_id, ['F00','G81','I10','R29'][1 + i % 4] AS code, DATE '2024-01-01' AS date FROM range(400) t(i)) TO '" + folder.file("in.parquet") +
      "' (FORMAT parquet)");
  ASSERT_TRUE(score_file({.model = "hfrs", .input = folder.file("in.parquet"), .out = folder.file("out.parquet")}));
  ASSERT_TRUE(score_file({.model = "hfrs", .input = folder.file("in.parquet"), .out = folder.file("out.csv")}));
  run("CREATE TABLE a AS SELECT * FROM read_parquet('" + folder.file("out.parquet") + "')");
  run("CREATE TABLE b AS SELECT * FROM read_csv('" + folder.file("out.csv") + "')");
  EXPECT_EQ(*connection->count("SELECT count(*) FROM a"), 50);
  EXPECT_EQ(*connection->count("SELECT count(*) FROM a JOIN b USING (person_id, score, version, status)"), 50);
  EXPECT_GT(*connection->count("SELECT count(*) FROM read_parquet('" + folder.file("breakdown.parquet") + "')"), 0);
  EXPECT_FALSE(std::filesystem::exists(folder.file("out.csv.input.csv"))) << "what was written on the way is gone";
}

TEST(ScoreFile, SeveralModelsOfOneReadingEqualEachAlone) {
  const auto made = random_people(*published_score("elixhauser_vw"), 800, 4000, 3);
  const TestFolder folder;
  const auto input = folder.write("in.csv", made.text);
  const auto all = score_files({.model = "hfrs,charlson_quan2011,elixhauser_vw,acsc", .input = input, .out = folder.file("out/{model}.csv")});
  ASSERT_TRUE(all) << all.error().text();
  ASSERT_EQ(all->size(), 4u);
  for (const auto& done : *all) {
    EXPECT_EQ(done.scores, folder.file("out/" + done.model + ".csv"));
    EXPECT_EQ(done.people, made.codes.size());
    EXPECT_EQ(folder.read("out/" + done.model + ".csv") + folder.read("out/breakdown." + done.model + ".csv"), score_text(done.model, made.text).bytes) << done.model;
  }
}

TEST(ScoreFile, SeveralModelsAreAllWrittenOrNone) {
  const TestFolder folder;
  const auto input = folder.write("in.csv", "person_id,code\na,F00\n"), wide = folder.write("wide.csv", "person_id,mi\na,1\n");
  const auto said = [&](const std::string& model, const std::string& out, const std::string& from) {
    const auto done = score_files({.model = model, .input = from, .out = folder.file(out)});
    EXPECT_FALSE(done) << model;
    return done ? std::string{} : done.error().text();
  };
  EXPECT_NE(said("hfrs,acsc", "out.csv", input).find("write {model} into its name"), std::string::npos);
  EXPECT_NE(said("hfrs,hfrs", "{model}.csv", input).find("named twice"), std::string::npos);
  EXPECT_NE(said("hfrs,", "{model}.csv", input).find("There is no score \"\""), std::string::npos);
  EXPECT_NE(said("hfrs,lace", "{model}.csv", input).find("needs a wide file"), std::string::npos);
  EXPECT_NE(said("hfrs,charlson_quan2011", "{model}.csv", wide).find("name one model"), std::string::npos);
  EXPECT_NE(said("hfrs,cambridge", "{model}.csv", input).find("none of the terms of cambridge"), std::string::npos);
  for (const auto* file : {"hfrs.csv", "hfrs.csv.part", "breakdown.hfrs.csv"}) EXPECT_FALSE(std::filesystem::exists(folder.file(file))) << file;
}

TEST(ScoreFile, NothingIsLeftOfWhatIsWrittenOnTheWay) {
  const TestFolder folder;
  auto database = engine::Database::open("");
  ASSERT_TRUE(database->connect()->run("COPY (SELECT 'p' || i AS person_id, 'F00' AS code FROM range(2000) t(i)) TO '" + folder.file("in.parquet") + "' (FORMAT parquet)"));
  std::filesystem::create_directory(folder.file("out"));
  ASSERT_TRUE(score_file({.model = "hfrs", .input = folder.file("in.parquet"), .out = folder.file("out/scores.parquet")}));
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.file("out"))) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"breakdown.parquet", "scores.parquet"}));
}

TEST(ScoreFile, AFailedRunLeavesWhatWasThere) {
  const TestFolder folder;
  folder.write("out.csv", "before");
  const auto input = folder.write("in.csv", "person_id,code\na,F00\nb,???\n");
  EXPECT_FALSE(score_file({.model = "hfrs", .input = input, .out = folder.file("out.csv")}));
  EXPECT_EQ(folder.read("out.csv"), "before");
  EXPECT_FALSE(std::filesystem::exists(folder.file("out.csv.part")));
}

TEST(ScoreFile, WhatIsReadIsNeverOverwritten) {
  const TestFolder folder;
  const std::string text = "person_id,code\na,F00\n";
  const auto input = folder.write("breakdown.csv", text);
  for (const auto& out : {folder.file("out.csv"), input}) {
    const auto done = score_file({.model = "hfrs", .input = input, .out = out});
    ASSERT_FALSE(done) << out;
    EXPECT_NE(done.error().sentence.find("overwritten"), std::string::npos) << done.error().text();
  }
  EXPECT_EQ(folder.read("breakdown.csv"), text);
  EXPECT_TRUE(score_file({.model = "hfrs", .input = input, .out = folder.file("out.csv"), .breakdown = folder.file("points.csv")}));
}

}  // namespace joinedup::risk
