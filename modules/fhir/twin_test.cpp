// The store and its slow twin, on random histories and on real data: the same answers, page by page.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "fhir/extract.hpp"
#include "fhir/reference/memory_store.hpp"
#include "fhir/test_support.hpp"
#include "fhirpath/fhirpath.hpp"

namespace joinedup::fhir {
namespace {

const std::vector<std::string> families{"Smith", "smithers", "Smithsonian-Jones", "Ängström", "O'Neil", "Li"};
const std::vector<std::string> dates{"1970", "1970-01", "1970-01-02", "1971-06-30", "1969-12-31", "2001-02-03"};

std::string pick(CounterRandom& random, const std::vector<std::string>& from) { return from[random.below(from.size())]; }

std::string random_patient(CounterRandom& random) {
  std::string out = R"({"resourceType":"Patient")";
  if (random.chance(0.8)) out += R"(,"name":[{"family":")" + pick(random, families) + R"(","given":["Ann","Zoë )" + pick(random, families) + R"("]}])";
  if (random.chance(0.7)) out += R"(,"gender":")" + pick(random, {"male", "female", "other"}) + '"';
  if (random.chance(0.7)) out += R"(,"birthDate":")" + pick(random, dates) + '"';
  if (random.chance(0.6)) out += R"(,"identifier":[{"type":{"coding":[{"system":"urn:t","code":"NH"},{"code":"MR"}]},"system":"urn:s)" + std::to_string(random.below(2)) + R"(","value":"v)" +
         std::to_string(random.below(6)) + R"("},{"value":"bare"}])";
  if (random.chance(0.3)) out += R"(,"telecom":[{"system":"phone","value":"123"},{"system":"email","value":"a@b"}])";
  if (random.chance(0.3)) out += random.chance(0.5) ? R"(,"deceasedBoolean":true)" : R"(,"deceasedDateTime":"2001-02-03T04:05:06Z")";
  if (random.chance(0.3)) out += R"(,"meta":{"tag":[{"system":"urn:t","code":"demo","display":"Demo"}],"profile":["http://p/)" + std::to_string(random.below(3)) + R"("]})";
  return out + "}";
}

std::string random_observation(CounterRandom& random) {
  std::string out = R"({"resourceType":"Observation","status":")" + pick(random, {"final", "amended"}) + R"(","code":{"coding":[{"system":"http://loinc.org","code":"c)" +
                    std::to_string(random.below(4)) + R"(","display":"Blood thing"}],"text":"Some text"})";
  if (random.chance(0.9)) {
    const std::string patient = "p" + std::to_string(random.below(12));
    out += R"(,"subject":{"reference":")" + std::string(random.chance(0.2) ? "http://here/fhir/" : "") + (random.chance(0.9) ? "Patient/" : "Group/") + patient + R"("})";
  }
  if (random.chance(0.5)) out += R"(,"effectiveDateTime":")" + pick(random, dates) + '"';
  else if (random.chance(0.6)) out += R"(,"effectivePeriod":{"start":")" + pick(random, dates) + '"' + (random.chance(0.5) ? R"(,"end":"2005-01-01")" : "") + "}";
  const std::string value = std::to_string(random.below(4)) + "." + std::to_string(random.below(10));
  if (random.chance(0.5)) out += R"(,"valueQuantity":{"value":)" + value + R"(,"unit":"gramme","system":"http://unitsofmeasure.org","code":")" + pick(random, {"g", "mg", "kg"}) + R"("})";
  else if (random.chance(0.4)) out += R"(,"valueString":"Positive indeed"})" + std::string();
  else if (random.chance(0.5)) out += R"(,"component":[{"code":{"coding":[{"code":"x"}]},"valueQuantity":{"value":)" + value + R"(}},{"code":{"coding":[{"code":"y"}]},"valueQuantity":{"value":7}}])";
  if (out.back() != '}' || out.find("valueString") == std::string::npos) out += "}";
  return out;
}

const std::vector<std::pair<std::string, std::vector<std::string>>> searches = {
    {"Patient",
     {"", "name=smith", "name=SMITHSON", "name=smithsonian", "family:exact=Smith", "family:contains=mith", "given=zoe", "name=ang", "name=nobody",
      "gender=male", "gender:not=male", "gender=male,female", "gender:missing=true", "gender:missing=false", "birthdate=1970", "birthdate=1970-01-02",
      "birthdate=lt1970-01-02", "birthdate=gt1970", "birthdate=ge1970-01", "birthdate=le1970-01", "birthdate=ne1970", "birthdate=sa1970-01-01",
      "birthdate=eb1970", "birthdate=ap1970-01", "identifier=urn:s0|v1", "identifier=v1", "identifier=|bare", "identifier=urn:s1|", "name=smith&birthdate=1970",
      "name=smith&gender=male&birthdate=ge1970", "phone=123", "email=a@b", "telecom=123", "deceased=true", "deceased=false", "death-date=ge2001",
      "_tag=urn:t|demo", "_tag:text=dem", "_profile=http://p/1", "_profile:below=http://p/", "_id=p1,p2,p3", "_id=p1&gender=male", "active:missing=true",
      "_has:Observation:patient:code=c1", "_has:Observation:subject:status=final&gender=female", "_sort=birthdate", "_sort=-birthdate,family", "_sort=family,-_id",
      "gender=male&_sort=-_lastUpdated", "_revinclude=Observation:subject&_count=3", "_lastUpdated=gt2000", "_lastUpdated=lt2000", "name=smith,ang",
      "identifier:of-type=urn:t|NH|v1", "identifier:of-type=urn:t|MR|v1", "gender:in=http://v/1", "gender:in=ValueSet/v2", "gender:not-in=http://v/1", "_list=l1", "_list=l1&gender=male",
      "_has:Observation:patient:code:in=http://v/3", "_has:Observation:patient:subject:Patient.gender=male", "_has:Observation:patient:_has:Provenance:target:_id=none"}},
    {"Observation",
     {"", "code=c1", "code=http://loinc.org|c2", "code:text=blood", "code:text=some", "status=final&code=c3", "patient=p1", "subject=Patient/p1",
      "subject=http://here/fhir/Patient/p1", "subject:Patient=p1", "subject:Group=p2", "patient:missing=true", "patient=Patient/p1&code=c1",
      "date=1970", "date=ge1970", "date=gt2003", "date=lt1970-01-02", "date=sa1999", "date=eb1999", "patient=p1&code=c1&date=ge1970", "value-quantity=2.0",
      "value-quantity=gt2", "value-quantity=le1.5", "value-quantity=2.0||g", "value-quantity=2000|http://unitsofmeasure.org|mg",
      "value-quantity=gt0.001|http://unitsofmeasure.org|kg", "value-quantity=lt2||gramme", "value-quantity=ne2.0", "value-quantity=ap2", "value-quantity=2e0",
      "value-string=posi", "code-value-quantity=c1$gt1", "code-value-quantity=http://loinc.org|c1$lt2,c2$gt3", "component-code-value-quantity=y$7", "component-code-value-quantity=x$7",
      "combo-code-value-quantity=y$7", "patient.name=smith", "subject:Patient.birthdate=1970&code=c1", "subject.gender=male", "patient._has:Observation:patient:code=c2",
      "patient.identifier=urn:s0|v1", "_include=Observation:subject&_count=5", "_include=Observation:patient&_include:iterate=Observation:subject",
      "status:not=final&code:not=c1", "_sort=date", "_sort=-date&_count=7", "_sort=value-quantity", "_total=accurate&_count=1&code=c1", "_summary=count&status=final",
      "code:in=http://v/3", "code:not-in=http://v/3", "subject:Patient.gender:in=http://v/1", "_summary=count&value-quantity=gt2"}},
    {"", {"_type=Patient,Observation", "_type=Patient,Observation&_count=4", "_type=Observation,Patient&_sort=-_lastUpdated", "_tag=urn:t|demo", "_id=p1,o2&_count=1",
          "_type=Patient&_total=accurate", "_lastUpdated=gt2000&_type=Patient,Observation,Encounter&_total=accurate&_count=5", "_type=Patient,Observation&_list=l1"}},
    {"Patient/p1/Observation", {"", "code=c1", "_count=2", "_sort=-date", "_total=accurate"}},
    {"Patient/p1/Patient", {"", "gender=male"}},
    {"Patient/p2/", {"", "_count=2", "_type=Observation,Patient", "_lastUpdated=gt2000&_summary=count"}}};

// Value sets and a list, which the searches above name.
std::vector<Write> definitional() {
  const auto create = [](const char* type, const char* id, const char* body) { return Write{.kind = Write::Kind::create, .type = type, .id = id, .body = body}; };
  return {create("ValueSet", "v1", R"({"resourceType":"ValueSet","url":"http://v/1","status":"active","compose":{"include":[{"system":"http://hl7.org/fhir/administrative-gender","concept":[{"code":"male"},{"code":"other"}]}]}})"),
          create("ValueSet", "v2", R"({"resourceType":"ValueSet","url":"http://v/2","status":"active","expansion":{"timestamp":"2024-01-01","contains":[{"system":"urn:g","code":"female"}]}})"),
          create("ValueSet", "v3", R"({"resourceType":"ValueSet","url":"http://v/3","status":"active","compose":{"include":[{"system":"http://loinc.org","concept":[{"code":"c1"},{"code":"c2"}]}]}})"),
          create("List", "l1", R"({"resourceType":"List","status":"current","mode":"working","entry":[{"item":{"reference":"Patient/p1"}},{"item":{"reference":"http://here/fhir/Patient/p3"}},{"deleted":true,"item":{"reference":"Patient/p2"}},{"item":{"reference":"Observation/o4"}}]})")};
}

void compare(Store& store, Store& twin, const std::string& type, const std::string& text) {
  const auto ours = all_ids(store, type, text), theirs = all_ids(twin, type, text);
  ASSERT_TRUE(ours) << type << "?" << text << ": " << ours.error().sentence;
  ASSERT_TRUE(theirs) << type << "?" << text;
  auto a = *ours, b = *theirs;
  if (text.find("include") != std::string::npos) {  // the order of what is included is open
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
  }
  EXPECT_EQ(a, b) << type << "?" << text;
  const auto query = *read_query(type, text);
  EXPECT_EQ(store.search(query, PermitAll())->total, twin.search(query, PermitAll())->total) << text;
}

// Two people's records are open, and what names several of them only where all are; it tells the searches so beforehand, or not.
struct SomePeople final : Permit {
  std::set<std::string> people{"p1", "p3", "p5", "p7"};
  PatientSet set{{"p1", "p3", "p5", "p7"}};
  std::optional<Narrowing::OfThese> tells;
  mutable std::size_t asked = 0;
  explicit SomePeople(std::optional<Narrowing::OfThese> how) : tells(how) {}
  bool everything() const override { return false; }
  bool allows(Action, const Asked& a) const override {
    ++asked;
    if (a.type == "Patient") return people.contains(std::string(a.id));
    if (a.document == nullptr) return false;
    const auto subject = a.document->find(a.document->root(), "subject");
    if (subject == fhirpath::no_node) return a.type == "ValueSet" || a.type == "List";
    const std::string to(a.document->text_of(subject, "reference"));
    return to.find("Patient/") != to.npos && people.contains(to.substr(to.rfind('/') + 1));
  }
  std::optional<Narrowing> narrowing(Action, std::string_view) const override {
    if (!tells) return std::nullopt;
    return Narrowing{&set, *tells};
  }
};

// Under a permit: the twin asks of everything, the store of what its index cannot tell; pages and totals are the same.
void compare_permitted(Store& store, Store& twin, const std::string& type, const std::string& text) {
  if (text.find("include") != text.npos || text.find(".") != text.npos || text.find("_has") != text.npos) return;  // the twin's hops ask nobody
  const SomePeople plain(std::nullopt);
  for (const SomePeople& permit : {SomePeople(std::nullopt), SomePeople(Narrowing::OfThese::asked), SomePeople(Narrowing::OfThese::allowed)}) {
    auto query = *read_query(type, text + (text.empty() ? "" : "&") + "_total=accurate&_count=1000");
    const auto ours = store.search(query, permit), theirs = twin.search(query, plain);
    ASSERT_TRUE(ours && theirs) << text;
    EXPECT_EQ(ids_of(*ours), ids_of(*theirs)) << type << "?" << text;
    EXPECT_EQ(ours->total, theirs->total) << type << "?" << text;
  }
}

// Under a permit, with hops: a record that holds only what the permit allows answers the same as the whole one does to who may see that.
void compare_with_less(Store& store, Store& twin, const std::vector<std::pair<std::string, std::vector<std::string>>>& all) {
  Fixed clock;
  const auto less = make_memory_store(clock.options(""));
  const SomePeople plain(std::nullopt);
  for (const char* type : {"Patient", "Observation", "ValueSet", "List"}) {
    const auto there = twin.search(*read_query(type, "_count=1000"), PermitAll());
    ASSERT_TRUE(there && there->next.empty());
    for (const auto& entry : there->entries) {
      const auto& version = entry.version;
      const auto document = *fhirpath::parse_document(version.body);
      if (!plain.allows(Action::search, {version.type, version.id, &document})) continue;
      ASSERT_TRUE(less->write({{.kind = Write::Kind::update, .type = version.type, .id = version.id, .body = version.body}}));
    }
  }
  std::size_t with_hops = 0, found = 0;
  for (const auto& [type, texts] : all)
    for (const auto& text : texts) {
      if (text.find("_lastUpdated") != text.npos || text.find("_count=0") != text.npos) continue;
      if (text.find('.') == text.npos && text.find("_has") == text.npos && text.find("include") == text.npos) continue;
      ++with_hops;
      auto query = *read_query(type, text + (text.empty() ? "" : "&") + "_total=accurate&_count=1000");
      const auto theirs = less->search(query, PermitAll());
      ASSERT_TRUE(theirs) << text;
      auto wanted = ids_of(*theirs);
      std::sort(wanted.begin(), wanted.end());
      found += wanted.size();
      for (const SomePeople& permit : {SomePeople(std::nullopt), SomePeople(Narrowing::OfThese::asked), SomePeople(Narrowing::OfThese::allowed)}) {
        const auto ours = store.search(query, permit);
        ASSERT_TRUE(ours) << text;
        auto got = ids_of(*ours);
        std::sort(got.begin(), got.end());
        EXPECT_EQ(got, wanted) << type << "?" << text;
        EXPECT_EQ(ours->total, theirs->total) << type << "?" << text;
      }
    }
  EXPECT_GT(with_hops, 10U);
  EXPECT_GT(found, 10U);
}

void random_history(std::uint64_t seed, int steps) {
  TestFolder folder;
  Fixed ours, theirs;
  std::unique_ptr<Store> store = *open_store(ours.options(folder.file("r.sqlite"), 24));
  const auto twin = make_memory_store(theirs.options(""));
  CounterRandom random(seed, 3, 5);
  for (int step = 0; step < steps; ++step) {
    std::vector<Write> writes;
    for (auto n = 1 + random.below(3); n > 0; --n) {
      Write write;
      write.type = random.chance(0.5) ? "Patient" : "Observation";
      const auto which = random.below(10);
      write.kind = which < 4 ? Write::Kind::create : which < 9 ? Write::Kind::update : Write::Kind::remove;
      if (write.kind != Write::Kind::create || random.chance(0.3)) write.id = (write.type == "Patient" ? "p" : "o") + std::to_string(random.below(12));
      if (write.kind != Write::Kind::remove) write.body = write.type == "Patient" ? random_patient(random) : random_observation(random);
      if (random.chance(0.1)) write.if_match = random.below(3);
      writes.push_back(std::move(write));
    }
    if (step == 0) writes = definitional();
    const auto a = store->write(writes), b = twin->write(writes);
    ASSERT_EQ(a.has_value(), b.has_value()) << "step " << step << " " << (a ? "" : a.error().sentence) << (b ? "" : b.error().sentence);
    ours.next = theirs.next = std::max(ours.next, theirs.next);
    ours.now = theirs.now = std::max(ours.now, theirs.now);
    if (!a) {
      EXPECT_EQ(a.error().code, b.error().code);
    }
    if (a)
      for (std::size_t i = 0; i < a->size(); ++i) {
        EXPECT_EQ((*a)[i].version, (*b)[i].version);
        EXPECT_EQ((*a)[i].method, (*b)[i].method);
        EXPECT_EQ((*a)[i].instant, (*b)[i].instant);
      }
    for (int i = 0; i < 2; ++i) {
      const auto& [type, texts] = searches[random.below(searches.size())];
      compare(*store, *twin, type, texts[random.below(texts.size())] + (random.chance(0.3) ? "&_count=3" : ""));
    }
    if (random.chance(0.03)) {
      store.reset();
      store = *open_store(ours.options(folder.file("r.sqlite"), 24));
    }
  }
  for (const auto& [type, texts] : searches)
    for (const auto& text : texts) {
      compare(*store, *twin, type, text);
      compare_permitted(*store, *twin, type, text);
    }
  compare_with_less(*store, *twin, searches);
  // What is about one person is counted without being read.
  const SomePeople telling(Narrowing::OfThese::allowed);
  const auto counted = store->search(*parse_query("Patient", "gender=male&_summary=count"), telling);
  ASSERT_TRUE(counted);
  EXPECT_EQ(telling.asked, 0U);
  // Reads, whatever the permit tells beforehand; of what is about one of its people it is not asked.
  const SomePeople plain(std::nullopt);
  for (const SomePeople& permit : {SomePeople(std::nullopt), SomePeople(Narrowing::OfThese::asked), SomePeople(Narrowing::OfThese::allowed)})
    for (const std::string type : {"Patient", "Observation"})
      for (int n = 0; n < 12; ++n) {
        const auto id = (type == "Patient" ? "p" : "o") + std::to_string(n);
        const auto a = store->read(type, id, permit), b = twin->read(type, id, plain);
        ASSERT_EQ(a.has_value(), b.has_value()) << type << "/" << id;
        if (a) {
          EXPECT_EQ(a->version, b->version);
          EXPECT_EQ(a->instant, b->instant);
        }
      }
  const SomePeople unasked(Narrowing::OfThese::allowed);
  static_cast<void>(store->read("Patient", "p3", unasked));
  EXPECT_EQ(unasked.asked, 0U);
  for (const char* type : {"Patient", "Observation", ""}) {
    std::string a_cursor, b_cursor;
    do {
      const auto a = store->history({.type = type, .count = 17, .cursor = a_cursor}, PermitAll());
      const auto b = twin->history({.type = type, .count = 17, .cursor = b_cursor}, PermitAll());
      ASSERT_TRUE(a && b);
      ASSERT_EQ(a->versions.size(), b->versions.size());
      for (std::size_t i = 0; i < a->versions.size(); ++i) {
        EXPECT_EQ(a->versions[i].id, b->versions[i].id);
        EXPECT_EQ(a->versions[i].version, b->versions[i].version);
        EXPECT_EQ(a->versions[i].method, b->versions[i].method);
        EXPECT_EQ(a->versions[i].body.empty(), b->versions[i].body.empty());
      }
      a_cursor = a->next, b_cursor = b->next;
    } while (!a_cursor.empty() && !b_cursor.empty());
    EXPECT_EQ(a_cursor.empty(), b_cursor.empty());
  }
}

TEST(Twin, RandomHistoriesGiveTheSameAnswers) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) random_history(seed, 120);
}

// Searches whose values come from the data, by every parameter that has a value in it.
TEST(Twin, SyntheaBundlesAreFoundByEveryParameterTheyUse) {
  const std::string folder = shared_data("fhir/synthea");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "The Synthea bundles are not beside the source tree.";
  TestFolder place;
  Fixed ours, theirs;
  const auto store = *open_store(ours.options(place.file("r.sqlite"), 300));
  const auto twin = make_memory_store(theirs.options(""));
  std::map<std::string, int> taken;
  std::map<std::string, std::set<std::string>> asked;  // type → searches
  std::vector<Write> writes;
  const auto take = [&](const std::string& file) {
    ASSERT_TRUE(fhirpath::read_fhir_file(folder + "/" + file, {.on_resource = [&](const fhirpath::FhirResource& r) {
      const std::string type(r.type);
      if (++taken[type] > 40) return;
      std::string text(r.document->text(r.node));
      for (std::size_t at; (at = text.find("urn:uuid:")) != text.npos;) text.replace(at, 9, "Patient/");  // any target will do
      writes.push_back({.kind = Write::Kind::create, .type = type, .id = std::string(r.document->text_of(r.node, "id")), .body = text});
    }}));
  };
  take("8a4c9c04-1524-9f1c-d65b-9b17e4520fef.json.bz2");
  take("0-practitionerInformation1625911868739.json.bz2");
  take("d1193889-ebd9-4e35-bf1b-8a73ecbfc00b.json.bz2");
  ASSERT_GT(writes.size(), 200U);
  for (const Write& write : writes) {
    ASSERT_TRUE(store->write({write}));
    ASSERT_TRUE(twin->write({write}));
  }
  const auto escaped = [](std::string_view text) {
    std::string out;
    for (char c : text) {
      if (c == ',' || c == '|' || c == '$' || c == '\\') out += '\\';
      if (c == '&' || c == '+' || c == '%' || c == '#') {
        static const char* digits = "0123456789ABCDEF";
        out += std::string{'%', digits[(c >> 4) & 15], digits[c & 15]};
      } else {
        out += c;
      }
    }
    return out;
  };
  std::vector<Extracted> values;
  for (const Write& write : writes) {
    const auto document = *fhirpath::parse_document(write.body);
    const auto& parameters = Definitions::r4().parameters(write.type);
    values.clear();
    ExtractionPlan::of_type(write.type).run(document, 0, values);
    for (const Extracted& v : values) {
      const std::string code = parameters[v.slot]->code;
      auto& list = asked[write.type + "/" + code];
      if (list.size() >= 3 || code == "_lastUpdated") continue;
      if (v.shape == Shape::token && !v.code.empty()) list.insert(code + "=" + (v.system.empty() ? "" : escaped(v.system) + "|") + escaped(v.code));
      if (v.shape == Shape::text) list.insert(code + "=" + escaped(v.text.substr(0, 12)));
      if (v.shape == Shape::reference) list.insert(code + "=" + escaped(v.code));
      if (v.shape == Shape::uri) list.insert(code + "=" + escaped(v.code));
      if (v.shape == Shape::period && v.period.low != earliest) {
        list.insert(code + "=" + instant_text(v.period.low).substr(0, 10));
        list.insert(code + "=ge" + instant_text(v.period.low).substr(0, 10));
      }
      if (v.shape == Shape::quantity || v.shape == Shape::number) list.insert(code + "=" + std::string(v.code.substr(0, 8)));
    }
  }
  int compared = 0, found = 0;
  for (const auto& [key, list] : asked)
    for (const auto& text : list) {
      const std::string type = key.substr(0, key.find('/'));
      compare(*store, *twin, type, text);
      ++compared;
      found += !all_ids(*store, type, text)->empty();
    }
  EXPECT_GT(compared, 300);
  EXPECT_GT(found, compared * 9 / 10);  // numbers cut short may miss
}

}  // namespace
}  // namespace joinedup::fhir
