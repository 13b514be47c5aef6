// The log as read: of a person, of a user, of a time; by page; while it is written; with its index and without.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "audit/audit.hpp"
#include "audit/files.hpp"
#include "base/test_folder.hpp"

namespace joinedup::audit {
namespace {

namespace fs = std::filesystem;

class Read : public testing::Test {
 protected:
  // Two writers, small files, known instants.
  void SetUp() override {
    std::mt19937 random(7);
    for (const char* writer : {"serve", "vault"}) {
      auto log = *Log::open({.folder = audit(), .writer = writer, .segment_bytes = 3000});
      for (int i = 0; i < 200; ++i) {
        Event event{.instant = 1'700'000'000'000'000 + static_cast<std::int64_t>(i) * 60'000'000 + (writer[0] == 'v' ? 30'000'000 : 0), .kind = i % 3 == 0 ? "search" : "read", .outcome = i % 5 == 0 ? "denied" : "allowed",
                    .user = "u-" + std::to_string(random() % 5), .practitioner = "p-1", .organisation = "A81001", .purpose = "direct_care", .roles = {"gp"}};
        for (auto k = random() % 3; k-- > 0;) event.patients.push_back(std::to_string(random() % 10));
        std::sort(event.patients.begin(), event.patients.end());
        event.patients.erase(std::unique(event.patients.begin(), event.patients.end()), event.patients.end());
        if (i % 3 == 0) event.query = "Patient?name=Smith";
        else event.resources = {"Observation/" + std::to_string(i) + "/_history/1"};
        all_.push_back({static_cast<std::uint64_t>(i + 1), writer, event});
        log->append(event, {});
      }
    }
    std::sort(all_.begin(), all_.end(), [](const Kept& a, const Kept& b) { return a.event.instant > b.event.instant; });
    reader_ = *Reader::open(audit());
  }
  std::string audit() const { return folder_.file("audit"); }
  std::vector<std::string> expected(const std::function<bool(const Event&)>& fits, std::size_t count = 1000) const {
    std::vector<std::string> out;
    for (const auto& kept : all_)
      if (fits(kept.event) && out.size() < count) out.push_back(event_id(kept));
    return out;
  }
  static std::vector<std::string> ids(const std::vector<Kept>& found) {
    std::vector<std::string> out;
    for (const auto& kept : found) out.push_back(event_id(kept));
    return out;
  }
  static bool is_of(const Event& event, const std::string& patient) { return std::find(event.patients.begin(), event.patients.end(), patient) != event.patients.end(); }
  TestFolder folder_;
  std::vector<Kept> all_;
  std::unique_ptr<Reader> reader_;
};

TEST_F(Read, FindsWhatALookAtEveryEventFinds) {
  ASSERT_GT(segments_of(audit(), "serve").size(), 4u);
  for (int p = 0; p < 10; ++p) {
    const auto patient = std::to_string(p);
    EXPECT_EQ(ids(*reader_->find({.patient = patient, .count = 1000})), expected([&](const Event& e) { return is_of(e, patient); })) << p;
    EXPECT_EQ(ids(*reader_->find({.patient = patient, .outcome = "denied", .count = 3})), expected([&](const Event& e) { return is_of(e, patient) && e.outcome == "denied"; }, 3));
  }
  EXPECT_EQ(ids(*reader_->find({.user = "u-3", .count = 1000})), expected([](const Event& e) { return e.user == "u-3"; }));
  const auto from = all_[150].event.instant, until = all_[20].event.instant;
  EXPECT_EQ(ids(*reader_->find({.from = from, .until = until, .count = 1000})), expected([&](const Event& e) { return e.instant >= from && e.instant < until; }));
  EXPECT_EQ(ids(*reader_->find({.kind = "search", .count = 1000})), expected([](const Event& e) { return e.kind == "search"; }));
  EXPECT_TRUE(reader_->find({.patient = "nobody"})->empty());
}

TEST_F(Read, PagesHoldEveryEventOnce) {
  for (const std::string patient : {"", "4"}) {
    std::vector<std::string> seen;
    Reader::Query query{.patient = patient, .count = 7};
    for (;;) {
      const auto page = *reader_->find(query);
      for (const auto& id : ids(page)) seen.push_back(id);
      if (page.size() < query.count) break;
      query.before = event_id(page.back());
    }
    EXPECT_EQ(seen, expected([&](const Event& e) { return patient.empty() || is_of(e, patient); }));
  }
}

TEST_F(Read, WhatIsAddedIsFoundAtOnceAndTheIndexIsMadeAgain) {
  auto log = *Log::open({.folder = audit(), .writer = "serve", .segment_bytes = 3000});
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(log->append_and_wait({.kind = "read", .outcome = "allowed", .user = "new", .patients = {"new"}}));
    if (i % 10 != 9) continue;
    const auto found = reader_->find({.patient = "new", .count = 1000});
    ASSERT_TRUE(found) << found.error().text();
    ASSERT_EQ(found->size(), static_cast<std::size_t>(i + 1));
  }
  std::size_t removed = 0;
  for (const auto& entry : fs::directory_iterator(audit() + "/serve"))
    if (entry.path().extension() == ".idx") fs::remove(entry.path()), ++removed;
  EXPECT_GT(removed, 4u);
  EXPECT_EQ(reader_->find({.patient = "new", .count = 1000})->size(), 100u);
  EXPECT_EQ((*Reader::open(audit()))->find({.patient = "new", .count = 1000})->size(), 100u);
}

TEST_F(Read, AnIndexThatHidesALookIsFoundByVerify) {
  ASSERT_TRUE(reader_->find({.patient = "4"}));
  EXPECT_TRUE(verify(audit())->ok) << verify(audit())->first_bad;
  std::string index;
  for (const auto& entry : fs::directory_iterator(audit() + "/serve"))
    if (entry.path().extension() == ".idx") index = entry.path().string();
  auto bytes = *read_file(index);
  bytes[bytes.size() - 16] = static_cast<char>(bytes[bytes.size() - 16] ^ 1);
  ASSERT_TRUE(write_file(index, bytes));
  EXPECT_FALSE(verify(audit())->ok);
  fs::remove(index);
  EXPECT_TRUE(verify(audit())->ok);
}

TEST_F(Read, OneByItsId) {
  for (const auto& kept : {all_[0], all_[111], all_.back()}) {
    const auto read = reader_->read(event_id(kept));
    ASSERT_TRUE(read) << event_id(kept);
    EXPECT_EQ(read->event.instant, kept.event.instant);
    EXPECT_EQ(read->event.query, "") << "sealed";
  }
  for (const char* id : {"", "serve", "serve-", "serve-0", "serve-201", "serve-01", "serve-99999999999999999999", "../serve-1", "nobody-1", "serve-1x", "-1"})
    EXPECT_EQ(reader_->read(id).error().code, ErrorCode::not_found) << id;
}

TEST_F(Read, TheGuardiansKeyOpensWhatIsSealed) {
  const auto secret = *read_guardian_key(audit() + "/guardian.key");
  auto found = *reader_->find({.kind = "search", .count = 1});
  EXPECT_EQ(found[0].event.shape, "Patient?name");
  ASSERT_TRUE(unseal_event(found[0].event, secret));
  EXPECT_EQ(found[0].event.query, "Patient?name=Smith");
  EXPECT_FALSE(unseal_event(found[0].event, std::string(32, 'x'))) << "another's key";
  found[0].event.sealed.back() = static_cast<char>(found[0].event.sealed.back() ^ 1);
  EXPECT_FALSE(unseal_event(found[0].event, secret)) << "changed";
}

nlohmann::json search(Reader& reader, const std::string& query, const Viewer& viewer = {}) {
  const auto bundle = search_audit_events(reader, query, viewer);
  EXPECT_TRUE(bundle) << (bundle ? "" : bundle.error().text());
  return bundle ? nlohmann::json::parse(*bundle) : nlohmann::json();
}

TEST_F(Read, AuditEventIsSearchedAndPaged) {
  const Viewer guardian{.base_url = "http://h/fhir"};
  auto bundle = search(*reader_, "patient=Patient/4&_count=5", guardian);
  std::vector<std::string> seen;
  for (;;) {
    for (const auto& entry : bundle["entry"]) seen.push_back(entry["resource"]["id"]);
    if (bundle["link"].size() < 2) break;
    const std::string next = bundle["link"][1]["url"];
    EXPECT_EQ(next.substr(0, 24), "http://h/fhir/AuditEvent");
    bundle = search(*reader_, next.substr(next.find('?') + 1), guardian);
  }
  EXPECT_EQ(seen, expected([](const Event& e) { return is_of(e, "4"); }));
  EXPECT_EQ(search(*reader_, "date=ge2023-11-14T22:20:00Z&date=lt2023-11-14T22%3A25:00Z&_count=1000")["entry"].size(), [&] {
    std::size_t count = 0;
    for (const auto& kept : all_)
      if (kept.event.instant >= 1'700'000'400'000'000 && kept.event.instant < 1'700'000'700'000'000) count += std::max<std::size_t>(1, kept.event.patients.size());
    return count;
  }());
  EXPECT_EQ(search(*reader_, "outcome=8&agent=u-1&_count=1000")["entry"].is_null(), false);
  for (const char* bad : {"name=smith", "date=yesterday", "_count=0", "_count=x", "date=zz2020", "patient", "patient=%zz", "date=2023-13-01", "date=ge", "_before=nonsense"})
    EXPECT_FALSE(search_audit_events(*reader_, bad, {})) << bad;
}

TEST_F(Read, APersonSeesTheirOwnLooksOnlyAndNeverThatSomeAreWithheld) {
  const auto is_withheld = [](const Kept& kept) { return kept.event.user == "u-2"; };
  const Viewer person{.patient = "4", .shows = [&](const Kept& kept) { return !is_withheld(kept); }, .base_url = "http://h/fhir"};
  const auto wanted = expected([](const Event& e) { return is_of(e, "4") && e.user != "u-2"; });
  auto bundle = search(*reader_, "_count=4", person);
  std::vector<std::string> seen;
  for (;;) {
    const bool has_next = bundle["link"].size() > 1;
    if (has_next) { EXPECT_EQ(bundle["entry"].size(), 4u) << "a page that is not full would show that something is withheld"; }
    EXPECT_FALSE(bundle.contains("total"));
    for (const auto& entry : bundle["entry"]) {
      seen.push_back(entry["resource"]["id"]);
      const auto text = entry.dump();
      for (int other = 0; other < 10; ++other)
        if (other != 4) { EXPECT_EQ(text.find("Patient/" + std::to_string(other)), std::string::npos) << "somebody else is named"; }
      EXPECT_EQ(text.find("10.0."), std::string::npos);
    }
    if (!has_next) break;
    const std::string next = bundle["link"][1]["url"];
    bundle = search(*reader_, next.substr(next.find('?') + 1), person);
  }
  EXPECT_EQ(seen, wanted);
  EXPECT_FALSE(search(*reader_, "patient=5", person).contains("entry")) << "somebody else's";
  // By id: withheld, somebody else's and absent are the same.
  std::set<std::string> says;
  for (const auto& id : {expected([](const Event& e) { return is_of(e, "4") && e.user == "u-2"; })[0], expected([](const Event& e) { return !is_of(e, "4"); })[0], std::string("serve-9999")})
    says.insert(read_audit_event(*reader_, id, person).error().text());
  EXPECT_EQ(says.size(), 1u);
  for (const auto& id : {expected([](const Event& e) { return is_of(e, "4") && e.user == "u-2"; })[0], std::string("serve-9999")})
    EXPECT_EQ(search_audit_events(*reader_, "_before=" + id, person).error().text(), *says.begin()) << "nor by paging from it";
  EXPECT_TRUE(read_audit_event(*reader_, wanted[0], person));
}

TEST_F(Read, TheOwnViewSaysWhoAndWhatForAndLeavesNoGap) {
  const auto is_withheld = [](const Kept& kept) { return kept.event.user == "u-2"; };
  std::vector<std::string> seen;
  for (std::int64_t until = 0;;) {
    const auto page = *own_view(*reader_, "4", until, 3, is_withheld);
    for (const auto& look : page.looks) {
      EXPECT_EQ(look.practitioner, "p-1");
      EXPECT_EQ(look.organisation, "A81001");
      EXPECT_EQ(look.purpose, "direct_care");
      seen.push_back(look.instant);
    }
    if (page.next == 0) break;
    EXPECT_EQ(page.looks.size(), 3u);
    until = page.next;
  }
  EXPECT_EQ(seen.size(), expected([](const Event& e) { return is_of(e, "4") && e.user != "u-2" && e.outcome == "allowed"; }).size());
}

}  // namespace
}  // namespace joinedup::audit
