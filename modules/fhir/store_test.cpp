#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <set>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "fhir/body.hpp"
#include "fhir/extract.hpp"
#include "fhir/reference/memory_store.hpp"
#include "fhir/test_support.hpp"
#include "fhir/version_log.hpp"

namespace joinedup::fhir {
namespace {

using Json = nlohmann::json;

std::vector<Write> one(Write::Kind kind, const std::string& id, const std::string& body, std::optional<std::uint64_t> if_match = {}) {
  return {{.kind = kind, .type = "Patient", .id = id, .body = body, .if_match = if_match}};
}

TEST(Definitions, EveryTypeAndParameterIsThere) {
  const auto& r4 = Definitions::r4();
  EXPECT_EQ(r4.types().size(), 146U);  // of the 148 codes of http://hl7.org/fhir/resource-types (R4), all but the abstract two
  EXPECT_EQ(r4.find("Patient", "name")->kind, ParameterKind::string);
  EXPECT_EQ(r4.find("Observation", "_id")->type, "Resource");
  EXPECT_EQ(r4.find("Patient", "colour"), nullptr);
  EXPECT_EQ(r4.compartment("Observation"), (std::vector<std::string>{"subject", "performer"}));
  for (const auto& type : r4.types())
    for (const Parameter* parameter : r4.parameters(type))
      for (const auto& component : parameter->components) EXPECT_NE(component.definition, nullptr) << type << " " << parameter->code;
}

TEST(Definitions, NearlyAllExpressionsAreWalks) {
  std::map<std::string, std::size_t> by_expression;
  for (const auto& type : Definitions::r4().types())
    if (const auto count = ExtractionPlan::of_type(type).by_expression(); count > 0) by_expression[type] = count;
  // DeviceDefinition.classification, which a published parameter names, is no element of R4.
  EXPECT_EQ(by_expression, (std::map<std::string, std::size_t>{{"Bundle", 2}, {"DeviceDefinition", 1}, {"Patient", 1}}));
}

TEST(Values, FoldsCaseAccentsAndLigatures) {
  EXPECT_EQ(fold("Zoë ÅNGSTRÖM"), "zoe angstrom");
  EXPECT_EQ(fold("Straße Łódź Ørsted Æ"), "strasse lodz orsted ae");
  EXPECT_EQ(fold("e\xCC\x81"), "e");  // e with a combining acute
  EXPECT_EQ(fold("李"), "李");
  EXPECT_EQ(fold("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
}

TEST(Values, DatesArePeriods) {
  const auto february = date_period("2024-02");
  ASSERT_TRUE(february);
  EXPECT_EQ(instant_text(february->low), "2024-02-01T00:00:00.000Z");
  EXPECT_EQ(instant_text(february->high), "2024-02-29T23:59:59.999Z");
  EXPECT_EQ(instant_text(date_period("2024-01-01T00:30:00+01:00")->low), "2023-12-31T23:30:00.000Z");
  EXPECT_FALSE(date_period("2024-02-30"));
}

// R4 3.1.1.4.5 gives these ranges.
TEST(Values, NumbersStandForTheRangeOfTheirDigits) {
  const auto text = [](const char* number) {
    const auto read = NumberText::parse(number);
    return std::pair(read->low.to_double(), read->high.to_double());
  };
  EXPECT_EQ(text("100"), std::pair(99.5, 100.5));
  EXPECT_EQ(text("100.00"), std::pair(99.995, 100.005));
  EXPECT_EQ(text("1e2"), std::pair(50.0, 150.0));
  EXPECT_FALSE(NumberText::parse("ten"));
}

TEST(Values, SortableKeepsTheOrderOfNumbers) {
  const std::vector<double> ordered{-HUGE_VAL, -1e300, -1.5, -1e-300, 0, 1e-300, 1.5, 2, 1e300, HUGE_VAL};
  for (std::size_t i = 1; i < ordered.size(); ++i) EXPECT_LT(sortable(ordered[i - 1]), sortable(ordered[i]));
  EXPECT_EQ(sortable(-0.0), sortable(0.0));
}

// R4 3.1.1.4.6's examples of dates.
TEST(Values, PrefixesAsTheStandardSays) {
  const Period day = *date_period("2013-01-14"), later = *date_period("2013-01-14T10:00");
  EXPECT_TRUE(prefix_holds(Prefix::eq, later, day));
  EXPECT_FALSE(prefix_holds(Prefix::ne, later, day));
  EXPECT_FALSE(prefix_holds(Prefix::eq, day, later));
  EXPECT_TRUE(prefix_holds(Prefix::lt, *date_period("2013-01-14"), later));   // it includes the part before 10:00
  EXPECT_TRUE(prefix_holds(Prefix::gt, day, later));                          // and the part after
  EXPECT_TRUE(prefix_holds(Prefix::ge, *date_period("2013-03-15"), *date_period("2013-03-14")));
  EXPECT_FALSE(prefix_holds(Prefix::sa, Period{*&later.low, latest}, day));   // it began during the day
  EXPECT_TRUE(prefix_holds(Prefix::eb, *date_period("2013-03-13"), *date_period("2013-03-14")));
}

TEST(Body, IsKeptAsReceivedButForIdAndMeta) {
  fhirpath::Document document;
  const auto through = [&](const std::string& text) {
    const auto kept = keep_body(text, "Observation", "new", document);
    return kept ? with_meta(kept->text, kept->splice, 3, 1'700'000'000'123'000) : kept.error().sentence;
  };
  const std::string stamp = R"("versionId":"3","lastUpdated":"2023-11-14T22:13:20.123Z")";
  EXPECT_EQ(through(R"({"resourceType":"Observation","valueDecimal": 1.10e+2 })"),
            R"({"resourceType":"Observation","id":"new","meta":{)" + stamp + R"(},"valueDecimal": 1.10e+2 })");
  EXPECT_EQ(through(R"({"id":"old","resourceType":"Observation"})"), R"({"id":"new","meta":{)" + stamp + R"(},"resourceType":"Observation"})");
  EXPECT_EQ(through(R"({"resourceType":"Observation","meta":{"versionId":"9", "profile" : ["x"],"lastUpdated":"2020-01-01T00:00:00Z"},"id":"a"})"),
            R"({"resourceType":"Observation","meta":{)" + stamp + R"(,"profile" : ["x"]},"id":"new"})");
  EXPECT_EQ(through(R"({"resourceType":"Observation","meta":{ },"id":"newer"})"), R"({"resourceType":"Observation","meta":{)" + stamp + R"(},"id":"new"})");
  EXPECT_EQ(through(R"({"resourceType":"Observation","id":"longer-than-new","meta":{"tag":[]}})"),
            R"({"resourceType":"Observation","id":"new","meta":{)" + stamp + R"(,"tag":[]}})");
  for (const char* wrong : {R"({"resourceType":"Patient"})", R"({"resourceType":"Observation","id":"a","id":"b"})", "{}", "[]", "{",
                            R"({"resourceType":"Observation","meta":[]})", R"({"resourceType":"Observation","id":7})"})
    EXPECT_FALSE(keep_body(wrong, "Observation", "new", document)) << wrong;
}

TEST(Store, CreatesReadsUpdatesAndDeletes) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  const auto made = store->write(one(Write::Kind::create, "", R"({"resourceType":"Patient","active":true})"));
  ASSERT_TRUE(made);
  const std::string id = (*made)[0].id;
  auto read = store->read("Patient", id, PermitAll());
  ASSERT_TRUE(read);
  EXPECT_EQ(Json::parse(read->body)["meta"]["versionId"], "1");
  EXPECT_FALSE(store->read("Patient", "nobody", PermitAll()));

  EXPECT_EQ(store->write(one(Write::Kind::update, id, R"({"resourceType":"Patient","active":false})", 7)).error().code, ErrorCode::conflict);
  ASSERT_TRUE(store->write(one(Write::Kind::update, id, R"({"resourceType":"Patient","active":false})", 1)));
  EXPECT_EQ(Json::parse(store->read("Patient", id, PermitAll())->body)["active"], false);
  EXPECT_EQ(Json::parse(store->read_version("Patient", id, 1, PermitAll())->body)["active"], true);
  EXPECT_EQ(all_ids(*store, "Patient", "active=true")->size(), 0U);
  EXPECT_EQ(all_ids(*store, "Patient", "active=false")->size(), 1U);

  ASSERT_TRUE(store->write(one(Write::Kind::remove, id, "")));
  EXPECT_EQ(store->read("Patient", id, PermitAll()).error().code, ErrorCode::not_found);
  EXPECT_EQ(all_ids(*store, "Patient", "")->size(), 0U);
  const auto history = store->history({.type = "Patient", .id = id}, PermitAll());
  ASSERT_TRUE(history);
  ASSERT_EQ(history->versions.size(), 3U);
  EXPECT_EQ(history->versions[0].method, Method::remove);
  EXPECT_EQ(history->versions[2].version, 1U);
  ASSERT_TRUE(store->write(one(Write::Kind::update, id, R"({"resourceType":"Patient"})")));
  EXPECT_EQ(store->read("Patient", id, PermitAll())->version, 4U);
}

TEST(Store, AFailedPartLeavesNothingOfTheWhole) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  const auto failed = store->write({{.kind = Write::Kind::create, .type = "Patient", .id = "a", .body = R"({"resourceType":"Patient"})"},
                                    {.kind = Write::Kind::update, .type = "Patient", .id = "b", .body = R"({"resourceType":"Patient"})", .if_match = 4}});
  EXPECT_EQ(failed.error().code, ErrorCode::conflict);
  EXPECT_FALSE(store->read("Patient", "a", PermitAll()));
  EXPECT_EQ(store->figures().rows, 0U);
}

TEST(Store, DeniedAndAbsentAreTheSameAnswer) {
  struct Nobody final : Permit {
    bool everything() const override { return false; }
    bool allows(Action, const Asked& asked) const override { return asked.id == "open"; }
  };
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  for (const char* id : {"open", "shut"}) ASSERT_TRUE(store->write(one(Write::Kind::create, id, R"({"resourceType":"Patient","gender":"male"})")));
  const auto denied = store->read("Patient", "shut", Nobody()), never = store->read("Patient", "never", Nobody());
  EXPECT_EQ(denied.error().sentence, never.error().sentence);
  EXPECT_EQ(denied.error().code, never.error().code);
  const auto page = store->search(*parse_query("Patient", "gender=male&_total=accurate"), Nobody());
  EXPECT_EQ(ids_of(*page), std::vector<std::string>{"Patient/open"});
  EXPECT_EQ(page->total, 1U);
  EXPECT_EQ(store->history({}, Nobody())->versions.size(), 1U);
}

TEST(Store, UnknownParameterIsSaidOrRefused) {
  const auto lenient = parse_query("Patient", "gender=male&colour=red");
  ASSERT_TRUE(lenient);
  EXPECT_EQ(lenient->self(), "gender=male");
  EXPECT_EQ(lenient->warnings.size(), 1U);
}

TEST(Store, StrictRefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_query("Patient", "colour=red", Handling::strict).error().code, ErrorCode::wrong_usage);
  EXPECT_FALSE(parse_query("Patient", "birthdate=2024-02-31"));
  EXPECT_FALSE(parse_query("Patient", "gender:exact=male"));  // a modifier that does not fit would change the answer
  EXPECT_FALSE(parse_query("Patient", "name:sounds=x"));
  EXPECT_FALSE(parse_query("Nothing", ""));
}

TEST(Store, ACursorOfAnotherSearchIsRefused) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->write(one(Write::Kind::create, "", R"({"resourceType":"Patient","gender":"male"})")));
  auto query = *parse_query("Patient", "gender=male&_count=2");
  const auto page = store->search(query, PermitAll());
  ASSERT_FALSE(page->next.empty());
  auto other = *parse_query("Patient", "active=true&_count=2");
  other.cursor = page->next;
  EXPECT_FALSE(store->search(other, PermitAll()));
  query.cursor = "3" + page->next.substr(1);
  EXPECT_FALSE(store->search(query, PermitAll()));
}

// What a crash leaves: the records, and an index that is older, gone or broken.
TEST(Store, TheIndexIsMadeAgainFromTheRecords) {
  TestFolder folder;
  Fixed fixed;
  const auto options = fixed.options(folder.file("r.sqlite"), 16);
  const auto expect = [&](Store& store) {
    EXPECT_EQ(all_ids(store, "Patient", "gender=female")->size(), 50U);
    EXPECT_EQ(all_ids(store, "Patient", "gender=male")->size(), 49U);
  };
  {
    auto store = *open_store(options);
    for (int i = 0; i < 100; ++i)
      ASSERT_TRUE(store->write(one(Write::Kind::create, "p" + std::to_string(i), R"({"resourceType":"Patient","gender":"male"})")));
    for (int i = 0; i < 50; ++i)
      ASSERT_TRUE(store->write(one(Write::Kind::update, "p" + std::to_string(i), R"({"resourceType":"Patient","gender":"female"})")));
    ASSERT_TRUE(store->write(one(Write::Kind::remove, "p99", "")));
    expect(*store);
    store->settle();
    EXPECT_LT(store->figures().segments, 8U);  // 151 rows in segments of 16 are joined
  }
  expect(**open_store(options));
  ASSERT_TRUE(write_file(folder.file("r.sqlite.index/manifest"), "something else"));
  expect(**open_store(options));
  std::filesystem::remove_all(folder.file("r.sqlite.index"));
  expect(**open_store(options));
}

TEST(Store, ChangesComeInTheOrderOfCommits) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite"), 16));
  EXPECT_EQ(store->changes(0, 10, PermitAll())->next, 0U);
  std::vector<std::string> told;
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(store->write(one(i % 3 == 2 ? Write::Kind::remove : i % 3 == 1 ? Write::Kind::update : Write::Kind::create, "p" + std::to_string(i / 3),
                                 i % 3 == 2 ? "" : R"({"resourceType":"Patient"})")));
    told.push_back("p" + std::to_string(i / 3) + "/" + std::to_string(i % 3 + 1));
  }
  std::vector<std::string> got;
  for (std::uint64_t after = 0;;) {
    const auto page = *store->changes(after, 7, PermitAll());
    EXPECT_LE(page.changes.size(), 7U);
    EXPECT_EQ(page.last, 30U);
    if (page.changes.empty()) break;
    for (const auto& change : page.changes) {
      EXPECT_EQ(change.sequence, got.size() + 1);
      EXPECT_EQ(change.version.body.empty(), change.version.method == Method::remove);
      got.push_back(change.version.id + "/" + std::to_string(change.version.version));
    }
    after = page.next;
  }
  EXPECT_EQ(got, told);
  EXPECT_TRUE(store->wait_for_change(29, std::chrono::milliseconds(0)));
  EXPECT_FALSE(store->wait_for_change(30, std::chrono::milliseconds(1)));
  std::thread later([&] { EXPECT_TRUE(store->write(one(Write::Kind::create, "new", R"({"resourceType":"Patient"})"))); });
  EXPECT_TRUE(store->wait_for_change(30, std::chrono::seconds(20)));
  later.join();
}

TEST(Store, WhoMaySeeNothingIsToldOfNoChangeAndStillGoesOn) {
  struct Nobody final : Permit {
    bool everything() const override { return false; }
    bool allows(Action, const Asked& asked) const override { return asked.id == "p2"; }
  };
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  for (const char* id : {"p1", "p2", "p3"}) ASSERT_TRUE(store->write(one(Write::Kind::create, id, R"({"resourceType":"Patient"})")));
  const auto page = *store->changes(0, 10, Nobody());
  ASSERT_EQ(page.changes.size(), 1U);
  EXPECT_EQ(page.changes[0].version.id, "p2");
  EXPECT_EQ(page.next, 3U);
}

TEST(Store, OneProcessHasItAtATime) {
  TestFolder folder;
  Fixed fixed;
  const auto options = fixed.options(folder.file("r.sqlite"));
  auto store = *open_store(options);
  const auto second = open_store(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_NE(second.error().sentence.find("process " + std::to_string(getpid())), std::string::npos) << second.error().sentence;
  EXPECT_EQ(restore_store(folder.file("r.sqlite"), folder.file("r.sqlite")).error().code, ErrorCode::conflict);
  store.reset();
  EXPECT_TRUE(open_store(options));
}

// While clients write, a backup is taken; restored, it is the record as it stood at one moment: what its twin says of that moment.
TEST(Store, ABackupTakenUnderWritesIsOneMomentAndRestoresToIt) {
  TestFolder folder;
  Fixed fixed, theirs;
  const auto options = fixed.options(folder.file("r.sqlite"), 64);
  auto store = *open_store(options);
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int n = 0; !stop; ++n, ++written) {
      const std::string id = "p" + std::to_string(n % 150), gender = n % 2 == 0 ? "male" : "female";
      EXPECT_TRUE(store->write({{.kind = Write::Kind::update, .type = "Patient", .id = id, .body = R"({"resourceType":"Patient","gender":")" + gender + R"("})"},
                                {.kind = Write::Kind::update, .type = "Basic", .id = id, .body = R"({"resourceType":"Basic","code":{"text":")" + gender + R"("}})"}}));
    }
  });
  while (written < 100) usleep(1000);
  std::vector<std::string> copies;
  for (int i = 0; i < 3; ++i) {
    copies.push_back(folder.file("copy" + std::to_string(i)));
    const auto done = store->backup(copies.back());
    EXPECT_TRUE(done) << done.error().text();
    const int then = written;
    while (written < then + 40) usleep(1000);
  }
  stop = true;
  writer.join();
  std::vector<Change> all;
  for (std::uint64_t after = 0;;) {
    auto page = *store->changes(after, 500, PermitAll());
    if (page.changes.empty()) break;
    after = page.next;
    std::move(page.changes.begin(), page.changes.end(), std::back_inserter(all));
  }
  store.reset();
  struct stat status {};
  ASSERT_EQ(stat(copies[0].c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  for (const auto& copy : copies) {
    const auto restored = restore_store(copy, options.path);
    ASSERT_TRUE(restored) << restored.error().text();
    auto again = *open_store(options);
    const auto last = again->changes(0, 0, PermitAll())->last;
    EXPECT_EQ(last % 2, 0U) << "half of a write";
    ASSERT_GE(last, 200U);
    ASSERT_LE(last, all.size());
    const auto twin = make_memory_store(theirs.options(""));
    for (std::uint64_t i = 0; i < last; ++i)
      ASSERT_TRUE(twin->write({{.kind = Write::Kind::update, .type = all[i].version.type, .id = all[i].version.id, .body = all[i].version.body}}));
    for (const char* text : {"gender=male", "gender=female", "", "gender:not=male&_count=7"})
      EXPECT_EQ(*all_ids(*again, "Patient", text), *all_ids(*twin, "Patient", text)) << text;
    for (int i = 0; i < 150; ++i) {
      const auto a = again->read("Patient", "p" + std::to_string(i), PermitAll()), b = twin->read("Patient", "p" + std::to_string(i), PermitAll());
      ASSERT_EQ(a.has_value(), b.has_value());
      if (a) {
        EXPECT_EQ(a->version, b->version);
      }
    }
    ASSERT_TRUE(again->write(one(Write::Kind::create, "after", R"({"resourceType":"Patient","gender":"other"})")));
    EXPECT_EQ(all_ids(*again, "Patient", "gender=other")->size(), 1U);
  }
}

// A file put back by hand, under an index that knows more: what later rows had superseded must be found again.
TEST(Store, AnIndexThatKnowsMoreThanTheRecordIsNotUsed) {
  TestFolder folder;
  Fixed fixed;
  const auto options = fixed.options(folder.file("r.sqlite"), 16);
  {
    auto store = *open_store(options);
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(store->write(one(Write::Kind::create, "p" + std::to_string(i), R"({"resourceType":"Patient","gender":"male"})")));
    ASSERT_TRUE(store->backup(folder.file("copy")));
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(store->write(one(Write::Kind::remove, "p" + std::to_string(i), "")));
    store->settle();
  }
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(options.path + end);
  std::filesystem::copy_file(folder.file("copy"), options.path);
  EXPECT_EQ(all_ids(**open_store(options), "Patient", "gender=male")->size(), 40U);
}

// One broken file in the middle: what it knew to be superseded must not come back from the files before it.
// Types have numbers there: those of other definitions would be other types.
TEST(Store, AnIndexMadeForOtherDefinitionsIsMadeAgain) {
  TestFolder folder;
  const auto path = folder.file("r.sqlite"), manifest = path + ".index/manifest";
  {
    const auto store = *open_store({.path = path, .segment_rows = 4});
    for (int i = 0; i < 12; ++i)
      ASSERT_TRUE(store->write({{.kind = Write::Kind::update, .type = "Task", .id = "t" + std::to_string(i), .body = R"({"resourceType":"Task","status":"draft","intent":"plan"})"}}));
    store->settle();
  }
  ASSERT_TRUE(read_file(manifest));
  auto text = *read_file(manifest);
  ASSERT_TRUE(text.starts_with("joinedup search index 2 for "));
  text[text.find('\n') - 1] ^= 1;
  ASSERT_TRUE(write_file(manifest, text));
  {
    const auto store = *open_store({.path = path, .segment_rows = 4});
    EXPECT_EQ(all_ids(*store, "Task", "status=draft")->size(), 12U);
    store->settle();
  }
  ASSERT_TRUE(read_file(manifest));
  EXPECT_NE(*read_file(manifest), text);
}

TEST(Store, ABrokenPartOfTheIndexBringsNothingSupersededBack) {
  TestFolder folder;
  Fixed fixed;
  const auto options = fixed.options(folder.file("r.sqlite"), 16);
  std::vector<std::string> lines;
  {
    auto store = *open_store(options);
    for (const char* gender : {"male", "female"})
      for (int i = 0; i < 10; ++i) ASSERT_TRUE(store->write(one(Write::Kind::update, "p" + std::to_string(i), std::string(R"({"resourceType":"Patient","gender":")") + gender + "\"}")));
    // How many files there are depends on when the joining ran: more is written until there are two.
    for (int turn = 0; turn < 20 && lines.size() < 2; ++turn) {
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(store->write(one(Write::Kind::create, "", R"({"resourceType":"Patient"})")));
      store->settle();
      lines.clear();
      std::istringstream manifest(*read_file(options.path + ".index/manifest"));
      for (std::string line; std::getline(manifest, line);)
        if (line.starts_with("rows ")) lines.push_back(line.substr(5));
    }
  }
  ASSERT_GT(lines.size(), 1U);
  ASSERT_TRUE(write_file(options.path + ".index/" + lines[1], "broken"));
  auto store = *open_store(options);
  EXPECT_EQ(all_ids(*store, "Patient", "gender=male")->size(), 0U);
  EXPECT_EQ(all_ids(*store, "Patient", "gender=female")->size(), 10U);
}

TEST(Store, ADamagedBackupIsNotRestored) {
  TestFolder folder;
  Fixed fixed;
  const auto options = fixed.options(folder.file("r.sqlite"));
  {
    auto store = *open_store(options);
    std::vector<Write> writes;
    for (int i = 0; i < 2000; ++i) writes.push_back(one(Write::Kind::create, "p" + std::to_string(i), R"({"resourceType":"Patient","gender":"male"})")[0]);
    ASSERT_TRUE(store->write(writes));
    ASSERT_TRUE(store->backup(folder.file("copy")));
  }
  auto text = *read_file(folder.file("copy"));
  for (std::size_t i = text.size() / 2; i < text.size() / 2 + 20000; ++i) text[i] = 'x';
  ASSERT_TRUE(write_file(folder.file("bad"), text));
  const auto refused = restore_store(folder.file("bad"), options.path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_input) << refused.error().text();
  EXPECT_FALSE(restore_store(folder.file("absent"), options.path));
  EXPECT_EQ((*open_store(options))->figures().rows, 2000U);
}

TEST(Store, AnotherFormatIsRefusedOrBroughtUp) {
  TestFolder folder;
  Fixed fixed;
  const auto options = fixed.options(folder.file("r.sqlite"));
  { ASSERT_TRUE((*open_store(options))->write(one(Write::Kind::create, "p", R"({"resourceType":"Patient"})"))); }
  EXPECT_EQ(*upgrade_store(options.path), 1);
  // To a format that does not exist yet, by a step that fails first, and then by one that does not.
  EXPECT_FALSE(migrate(options.path, 2, {{1, "CREATE TABLE note(text); INSERT INTO nothing VALUES(1)"}}));
  EXPECT_FALSE(migrate(options.path, 2, {}));
  EXPECT_TRUE(open_store(options));
  EXPECT_EQ(*migrate(options.path, 2, {{1, "CREATE TABLE note(text)"}}), 1);
  const auto newer = open_store(options);
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, ErrorCode::unsupported);
  EXPECT_FALSE(upgrade_store(options.path));
  ASSERT_TRUE(restore_store(options.path + ".format-1", options.path));
  EXPECT_EQ((*open_store(options))->figures().rows, 1U);
}

TEST(Search, EverythingOfAPatient) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  const auto put = [&](const char* type, const char* id, const char* rest) {
    ASSERT_TRUE(store->write({{.kind = Write::Kind::update, .type = type, .id = id, .body = std::string(R"({"resourceType":")") + type + "\"" + rest + "}"}}));
  };
  put("Organization", "org", "");
  put("Organization", "other", "");
  put("Patient", "a", R"(,"managingOrganization":{"reference":"Organization/org"})");
  put("Patient", "b", R"(,"managingOrganization":{"reference":"Organization/other"},"link":[{"other":{"reference":"Patient/a"},"type":"seealso"}])");
  put("Observation", "o1", R"(,"subject":{"reference":"Patient/a"})");
  put("Observation", "o2", R"(,"subject":{"reference":"Patient/b"})");
  put("Encounter", "e1", R"(,"subject":{"reference":"http://here/fhir/Patient/a"})");
  put("Communication", "c1", R"(,"recipient":[{"reference":"Patient/b"},{"reference":"Patient/a"}])");
  const auto ask = [&](EverythingRequest request) {
    std::set<std::string> got;
    do {
      const auto query = everything_query(request);
      if (!query) return std::set<std::string>{query.error().sentence};
      const auto page = store->search(*query, PermitAll());
      if (!page) return std::set<std::string>{page.error().sentence};
      EXPECT_LE(page->entries.size(), request.count + 2);
      for (const auto& id : ids_of(*page)) got.insert(id);
      request.cursor = page->next;
    } while (!request.cursor.empty());
    return got;
  };
  const std::set<std::string> all{"Patient/a", "Patient/b", "+Organization/org", "+Organization/other", "Observation/o1", "Encounter/e1", "Communication/c1"};
  EXPECT_EQ(ask({.patient = "a"}), all);
  EXPECT_EQ(ask({.patient = "a", .count = 1}), all);
  EXPECT_EQ(ask({.patient = "a", .types = {"Observation", "Organization"}}), (std::set<std::string>{"Observation/o1"}));
  EXPECT_EQ(ask({.patient = "a", .since = "2999-01-01T00:00:00+00:00"}), (std::set<std::string>{}));
  EXPECT_EQ(ask({.patient = "nobody"}), (std::set<std::string>{}));
  EXPECT_FALSE(in_compartment(*parse_query("Organization", ""), "Patient", "a"));
  EXPECT_FALSE(in_compartment(*parse_query("Observation", ""), "Device", "a"));
}

TEST(Search, AValueSetThatDoesNotListItsCodesIsRefusedByName) {
  TestFolder folder;
  Fixed fixed;
  auto store = *open_store(fixed.options(folder.file("r.sqlite")));
  const auto put = [&](const char* id, const std::string& compose) {
    ASSERT_TRUE(store->write({{.kind = Write::Kind::update, .type = "ValueSet", .id = id, .body = R"({"resourceType":"ValueSet","url":"http://v/)" + std::string(id) + R"(","compose":)" + compose + "}"}}));
  };
  put("filter", R"({"include":[{"system":"urn:s","filter":[{"property":"concept","op":"is-a","value":"1"}]}]})");
  put("whole", R"({"include":[{"system":"urn:s"}],"exclude":[{"system":"urn:t"}]})");
  put("cut", R"({"include":[{"system":"urn:s","concept":[{"code":"1"},{"code":"2"}]}],"exclude":[{"system":"urn:s","concept":[{"code":"2"}]}]})");
  put("loop", R"({"include":[{"valueSet":["http://v/loop"]}]})");
  put("import", R"({"include":[{"valueSet":["http://v/cut"]}]})");
  for (const char* code : {"1", "2"})
    ASSERT_TRUE(store->write({{.kind = Write::Kind::update, .type = "Observation", .id = std::string("o") + code, .body = R"({"resourceType":"Observation","code":{"coding":[{"system":"urn:s","code":")" + std::string(code) + R"("}]}})"}}));
  const auto ask = [&](const std::string& text) { return all_ids(*store, "Observation", text); };
  EXPECT_EQ(ask("code:in=http://v/filter").error().code, ErrorCode::unsupported);
  EXPECT_NE(ask("code:in=http://v/filter").error().sentence.find("filter"), std::string::npos);
  EXPECT_EQ(ask("code:in=http://v/loop").error().code, ErrorCode::unsupported);
  EXPECT_EQ(ask("code:in=http://v/absent").error().code, ErrorCode::wrong_usage);
  EXPECT_EQ(ask("code:in=http://v/whole")->size(), 2U);
  EXPECT_EQ(*ask("code:in=http://v/cut"), std::vector<std::string>{"Observation/o1"});
  EXPECT_EQ(*ask("code:not-in=http://v/import"), std::vector<std::string>{"Observation/o2"});
  EXPECT_NE(ask("code:below=urn:s|1").error().sentence.find("terminology"), std::string::npos);
  EXPECT_FALSE(parse_query("Location", "near=1|2|3", Handling::strict));
  EXPECT_TRUE(parse_query("", "_type=Patient,Person&gender=male", Handling::strict));
  EXPECT_FALSE(parse_query("", "_type=Patient,Observation&gender=male", Handling::strict));
}

}  // namespace
}  // namespace joinedup::fhir
