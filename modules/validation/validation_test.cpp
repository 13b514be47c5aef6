// Faults drawn by hand: each is found, at its element, and said without repeating what somebody wrote.
#include "validation/validation.hpp"

#include <gtest/gtest.h>

#include <array>
#include <ctime>
#include <set>
#include <thread>

#include "fhirpath/fhirpath.hpp"

namespace joinedup::validation {
namespace {

std::vector<Issue> issues_of(const std::string& json, const Options& options = {}) {
  auto document = fhirpath::parse_document(json);
  EXPECT_TRUE(document) << json;
  return document ? Validator::r4().validate(*document, options) : std::vector<Issue>{};
}

// "error rule expression" of all issues but dom-6.
std::string told(const std::string& json) {
  std::string out;
  for (const auto& issue : issues_of(json))
    if (issue.rule != "dom-6")
      out += (out.empty() ? "" : "; ") + std::string(severity_name(issue.severity)) + " " + issue.rule + " " + issue.expression;
  return out;
}

std::string patient(const std::string& more) { return R"({"resourceType":"Patient")" + (more.empty() ? "" : "," + more) + "}"; }

}  // namespace

TEST(Validation, SoundResourcesHaveNoErrors) {
  EXPECT_EQ(told(patient("")), "");
  EXPECT_EQ(told(patient(R"("id":"a","active":true,"name":[{"family":"A","given":["B",null],"_given":[null,{"extension":[{"url":"http://x","valueString":"y"}]}]}],)"
                         R"("birthDate":"1974-12-25","_birthDate":{"id":"z","extension":[{"url":"http://x","valueDateTime":"1974-12-25T14:35:45-05:00"}]},)"
                         R"("deceasedBoolean":false,"multipleBirthInteger":2)")), "");
}

TEST(Validation, StructureIsCheckedAtItsElement) {
  EXPECT_EQ(told(patient(R"("colour":"blue")")), "error unknown-element Patient.colour");
  EXPECT_EQ(told(patient(R"("name":[{"given":["A"],"middle":"B"}])")), "error unknown-element Patient.name[0].middle");
  EXPECT_EQ(told(patient(R"("name":{"family":"A"})")), "error list Patient.name");
  EXPECT_EQ(told(patient(R"("birthDate":["1974"])")), "error list Patient.birthDate");
  EXPECT_EQ(told(patient(R"("name":[])")), "error list Patient.name");
  EXPECT_EQ(told(patient(R"("name":[{}])")), "error ele-1 Patient.name[0]");
  EXPECT_EQ(told(patient(R"("name":[{"id":"x"}])")), "error ele-1 Patient.name[0]");
  EXPECT_EQ(told(patient(R"("name":["A"])")), "error type Patient.name[0]");
  EXPECT_EQ(told(patient(R"("active":"true")")), "error type Patient.active");
  EXPECT_EQ(told(patient(R"("active":null)")), "error null Patient.active");
  EXPECT_EQ(told(patient(R"("multipleBirthInteger":1.5)")), "error format Patient.multipleBirth");
  EXPECT_EQ(told(patient(R"("birthDate":"1974-02-30")")), "error format Patient.birthDate");
  EXPECT_EQ(told(patient(R"("id":"a b")")), "error format Patient.id");
  EXPECT_EQ(told(patient(R"("deceasedBoolean":true,"deceasedDateTime":"2020")")), "error choice Patient.deceased");
  EXPECT_EQ(told(patient(R"("deceasedString":"yes")")), "error unknown-element Patient.deceasedString");
  EXPECT_EQ(told(R"({"resourceType":"Observation"})"), "error cardinality Observation.status; error cardinality Observation.code");
  EXPECT_EQ(told(R"({"resourceType":"Pattient"})"), "error resourceType Resource");
  EXPECT_EQ(told(R"({"a":1})"), "error resourceType Resource");
  EXPECT_EQ(told("[]"), "error resource Resource");
  EXPECT_EQ(told(R"({"resourceType":"DomainResource"})"), "error resourceType Resource");
}

TEST(Validation, ValuesAndTheirExtensionsStandSideBySide) {
  EXPECT_EQ(told(patient(R"("name":[{"given":["A",null]}])")), "error null Patient.name[0].given[1]");
  EXPECT_EQ(told(patient(R"("name":[{"given":["A"],"_given":[null,{"id":"x"}]}])")), "error list Patient.name[0].given[1]");
  EXPECT_EQ(told(patient(R"("name":[{"_given":[null]}])")), "error null Patient.name[0].given[0]");
  EXPECT_EQ(told(patient(R"("_name":[{"id":"x"}])")), "error unknown-element Patient.name");
  EXPECT_EQ(told(patient(R"("_birthDate":{"extension":[{"url":"http://x"}]})")), "error ext-1 Patient.birthDate.extension[0]");
  EXPECT_EQ(told(patient(R"("_birthDate":{"family":"x"})")), "error unknown-element Patient.birthDate.family; error ele-1 Patient.birthDate");
  EXPECT_EQ(told(patient(R"("extension":[{"url":"http://x","valueString":"a","extension":[{"url":"b","valueString":"c"}]}])")), "error ext-1 Patient.extension[0]");
  EXPECT_EQ(told(patient(R"("active":true,"_active":{"id":"x"})")), "") << "a value may have an id and nothing more";
  EXPECT_EQ(told(patient(R"("_active":{"id":"x"})")), "error ele-1 Patient.active");
  EXPECT_EQ(told(patient(R"("name":[{"given":["A",null],"_given":[{"id":"x"},{"id":"y"}]}])")), "error ele-1 Patient.name[0].given[1]");
  EXPECT_EQ(told(patient(R"("_gender":{"extension":[{"url":"http://x","valueCode":"a"}]})")), "");
}

TEST(Validation, CodesAreLookedUp) {
  EXPECT_EQ(told(patient(R"("gender":"woman")")), "error binding Patient.gender");
  EXPECT_EQ(told(patient(R"("language":"not a language")")), "error binding Patient.language");
  EXPECT_EQ(told(patient(R"("language":"en-GB")")), "");
  EXPECT_EQ(told(patient(R"("photo":[{"contentType":"image/png","data":"AAAA"}])")), "");
  EXPECT_EQ(told(patient(R"("photo":[{"contentType":"picture","data":"AAAA"}])")), "error binding Patient.photo[0].contentType");
  const std::string condition = R"({"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":{"coding":[{"system":")";
  EXPECT_EQ(told(condition + R"(http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}})"), "");
  EXPECT_EQ(told(condition + R"(http://terminology.hl7.org/CodeSystem/condition-clinical","code":"busy"}]}})"), "error binding Condition.clinicalStatus");
  EXPECT_EQ(told(condition + R"(http://example.org","code":"active"}]}})"), "error binding Condition.clinicalStatus");
  EXPECT_EQ(told(R"({"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":{"text":"active"}})"), "error binding Condition.clinicalStatus");
  EXPECT_EQ(told(patient(R"("identifier":[{"type":{"coding":[{"system":"http://x","code":"y"}]},"value":"1"}])")), "warning binding Patient.identifier[0].type");
}

TEST(Validation, ReferencesNameTheTypesAllowed) {
  EXPECT_EQ(told(patient(R"("managingOrganization":{"reference":"Organization/1"})")), "");
  EXPECT_EQ(told(patient(R"("managingOrganization":{"reference":"Patient/1"})")), "error reference-target Patient.managingOrganization");
  EXPECT_EQ(told(patient(R"("managingOrganization":{"reference":"https://a.b/fhir/Patient/1/_history/2"})")), "error reference-target Patient.managingOrganization");
  EXPECT_EQ(told(patient(R"("managingOrganization":{"reference":"Patient?identifier=a|b"})")), "error reference-target Patient.managingOrganization");
  EXPECT_EQ(told(patient(R"("managingOrganization":{"type":"Patient","identifier":{"value":"x"}})")), "error reference-target Patient.managingOrganization");
  EXPECT_EQ(told(patient(R"("managingOrganization":{"reference":"#o"})")), "error ref-1 Patient.managingOrganization");
  EXPECT_EQ(told(patient(R"("contained":[{"resourceType":"Organization","id":"o","name":"x"}],"managingOrganization":{"reference":"#o"})")), "");
  EXPECT_EQ(told(patient(R"("contained":[{"resourceType":"Patient","id":"o"}],"managingOrganization":{"reference":"#o"})")), "error reference-target Patient.managingOrganization");
  EXPECT_EQ(told(R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":{"resourceType":"Patient",)"
                 R"("managingOrganization":{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239521"}}},{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239521",)"
                 R"("resource":{"resourceType":"Group","type":"person","actual":true}}]})"),
            "error reference-target Bundle.entry[0].resource.managingOrganization");
}

TEST(Validation, AddressesAgree) {
  auto entry = [](const std::string& url) {
    return told(R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":")" + url + R"(","resource":{"resourceType":"Patient","id":"a"}}]})");
  };
  EXPECT_EQ(entry("http://x/Patient/a"), "");
  EXPECT_EQ(entry("urn:uuid:c757873d-ec9a-4326-a141-556f43239520"), "");
  EXPECT_EQ(entry("http://x/Patient/b"), "error full-url Bundle.entry[0].fullUrl");
  EXPECT_EQ(told(patient(R"("meta":{"profile":["StructureDefinition/x"]})")), "warning canonical Patient.meta.profile[0]");
}

TEST(Validation, ContainedResourcesKeepTheRules) {
  const std::string organization = R"({"resourceType":"Organization","id":"o","name":"x")";
  EXPECT_EQ(told(patient(R"("contained":[)" + organization + "}]")), "error dom-3 Patient");
  EXPECT_EQ(told(patient(R"("contained":[)" + organization + R"(,"meta":{"versionId":"1"}}],"managingOrganization":{"reference":"#o"})")), "error dom-4 Patient");
  EXPECT_EQ(told(patient(R"("contained":[)" + organization + R"(,"meta":{"security":[{"code":"R"}]}}],"managingOrganization":{"reference":"#o"})")),
            "warning binding Patient.contained[0].meta.security[0]; error dom-5 Patient");
  EXPECT_EQ(told(patient(R"("contained":[{"resourceType":"Organization","name":"x"}],"managingOrganization":{"reference":"Organization/o"})")), "error contained-id Patient.contained[0]");
  EXPECT_EQ(told(patient(R"("contained":[{"resourceType":"Provenance","id":"p","target":[{"reference":"#"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}])")), "");
}

TEST(Validation, InvariantsAreEvaluated) {
  EXPECT_EQ(told(patient(R"("contact":[{"gender":"male"}])")), "error pat-1 Patient.contact[0]");
  EXPECT_EQ(told(patient(R"("name":[{"family":"A","period":{"start":"2021","end":"2020"}}])")), "error per-1 Patient.name[0].period");
  EXPECT_EQ(told(patient(R"("name":[{"family":"A","period":{"start":"2020-05","end":"2020"}}])")), "");
  EXPECT_EQ(told(patient(R"("telecom":[{"value":"1"}])")), "error cpt-2 Patient.telecom[0]");
  EXPECT_EQ(told(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueString":"y","dataAbsentReason":{"text":"z"}})"), "error obs-6 Observation");
  EXPECT_EQ(told(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"referenceRange":[{"appliesTo":[{"text":"z"}]}]})"), "error obs-3 Observation.referenceRange[0]");
  EXPECT_EQ(told(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"referenceRange":[{"low":{"value":1,"comparator":"<"}}]})"), "error sqty-1 Observation.referenceRange[0].low");
  EXPECT_EQ(told(R"({"resourceType":"Bundle","type":"collection","total":1})"), "error bdl-1 Bundle");
}

TEST(Validation, NarrativesRunNothingAndSaySomething) {
  auto narrative = [](const std::string& div) { return told(patient(R"("text":{"status":"generated","div":")" + div + "\"}")); };
  EXPECT_EQ(narrative("<div xmlns='http://www.w3.org/1999/xhtml'>x<br/>&nbsp;<b>y</b></div>"), "");
  EXPECT_EQ(narrative("<div xmlns='http://www.w3.org/1999/xhtml'> <p> </p></div>"), "error txt-2 Patient.text.div");
  for (const std::string bad : {"<div>x<script>y</script></div>", "<p>x</p>", "x", "<div>x", "<div>x</p></div>", "<div onclick='y'>x</div>", "<div><a href='javascript:y'>x</a></div>",
                                "<div><a href=' JaVaScRiPt:y'>x</a></div>", "<div><a href='&#106;avascript:y'>x</a></div>", "<div>x</div><div>y</div>", "<div><iframe/>x</div>",
                                "<div xmlns='http://other'>x</div>", "<div>x & y</div>", "<div><!-- x</div>"})
    EXPECT_TRUE(narrative(bad).find("error txt-1 Patient.text.div") != std::string::npos) << bad << " " << narrative(bad);
}

TEST(Validation, NhsNumbersThatFailAreWarnedOfNotRefused) {
  auto number = [](const std::string& text) { return told(patient(R"("identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":")" + text + "\"}]")); };
  EXPECT_EQ(number("9990000018"), "");
  EXPECT_EQ(number("9990000019"), "warning nhs-number Patient.identifier[0].value");
  EXPECT_EQ(number("abc"), "warning nhs-number Patient.identifier[0].value");
}

TEST(Validation, NhsNumbersThatFailAreMarked) {
  auto marked = [](const std::string& json) {
    auto document = fhirpath::parse_document(json);
    return mark_failing_nhs_numbers(*document);
  };
  const std::string system = R"("system":"https://fhir.nhs.uk/Id/nhs-number","value":")";
  EXPECT_FALSE(marked(patient("\"identifier\":[{" + system + "9990000018\"}]")));
  auto text = marked("  " + patient(R"("multipleBirthInteger":1.50,"identifier":[{"value":"\u0041"},{)" + system + "9990000019\"}]") + "  ");
  ASSERT_TRUE(text);
  EXPECT_NE(text->find(R"("multipleBirthInteger":1.50,"identifier":[{"value":"\u0041"},{"extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus")"), std::string::npos);
  EXPECT_NE(text->find(system + "9990000019\"}]}"), std::string::npos);
  EXPECT_FALSE(marked(*text)) << "a second time adds nothing";
  auto beside = marked(patient("\"identifier\":[{\"extension\":[{\"url\":\"http://x\",\"valueString\":\"y\"}]," + system + "9990000019\"}]"));
  ASSERT_TRUE(beside);
  EXPECT_EQ(told(*beside), "warning nhs-number Patient.identifier[0].value");
}

TEST(Validation, NothingThatSomebodyWroteIsRepeated) {
  const std::string secret = "Secretperson";
  std::set<std::string> rules;
  for (const auto& json : {patient(R"("gender":"Secretperson","birthDate":"Secretperson","name":[{"given":[{"Secretperson":1}]}],"telecom":[{"value":"Secretperson"}],"id":"Secretperson/x",)"
                                   R"("managingOrganization":{"reference":"Patient/Secretperson"},"contact":[{"id":"Secretperson"}],"text":{"status":"Secretperson","div":"Secretperson"})"),
                           patient(R"("9990000018":"x","Ann Secretperson":1,"maritalStatus":{"coding":[{"system":"Secretperson","code":"Secretperson"}]})"),
                           std::string(R"({"resourceType":"Secretperson"})")})
    for (const auto& issue : issues_of(json)) {
      rules.insert(issue.rule);
      EXPECT_EQ((issue.expression + issue.sentence).find(secret), std::string::npos) << issue.sentence;
      EXPECT_EQ((issue.expression + issue.sentence).find("9990000018"), std::string::npos) << issue.sentence;
    }
  EXPECT_GT(rules.size(), 6U);
}

TEST(Validation, HostileInputIsAnsweredWithinBounds) {
  std::string many = patient(R"("name":[)");
  many.pop_back();
  for (int i = 0; i < 5000; ++i) many += R"({"x":1},)";
  many.back() = ']';
  many += '}';
  auto issues = issues_of(many);
  EXPECT_EQ(issues.size(), 101U);
  EXPECT_EQ(issues.back().code, std::string("too-costly"));
  std::string deep = patient(R"("extension":[)");
  deep.pop_back();
  for (int i = 0; i < 60; ++i) deep += R"({"url":"http://u","extension":[)";
  deep += R"({"url":"u","valueString":"x"})";
  for (int i = 0; i < 60; ++i) deep += "]}";
  deep += "]}";
  EXPECT_FALSE(has_errors(issues_of(deep)));
  EXPECT_TRUE(has_errors(issues_of(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":)" + std::string(5000, '9') + "}}")));
  EXPECT_TRUE(has_errors(issues_of(R"({"resourceType":"Patient","id":")" + std::string(5'000'000, 'x') + "\"}")));
}

TEST(Validation, TimeGrowsWithTheTextNotWithItsSquare) {
  auto seconds = [](const std::string& json) {
    auto document = fhirpath::parse_document(json);
    EXPECT_TRUE(document) << (document ? "" : document.error().text());
    std::clock_t start = std::clock();
    (void)Validator::r4().validate(*document);
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  const std::size_t n = 60000;
  std::string held, referring, team, entries;
  for (std::size_t i = 0; i < n; ++i) {
    std::string id = "c" + std::to_string(i);
    held += (i == 0 ? "" : ",") + std::string(R"({"resourceType":"Basic","id":")") + id + R"(","code":{"text":"x"}})";
    referring += (i == 0 ? "" : ",") + std::string(R"({"item":{"reference":"#)") + id + "\"}}";
  }
  EXPECT_LT(seconds(R"({"resourceType":"List","status":"current","mode":"working","contained":[)" + held + R"(],"entry":[)" + referring + "]}"), 5.0);
  // ctm-1 resolves each member in the Bundle, which looks through all entries.
  for (std::size_t i = 0; i < 20000; ++i) {
    team += (i == 0 ? "" : ",") + std::string(R"({"member":{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239521"},"onBehalfOf":{"reference":"Organization/1"}})");
    entries += R"(,{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-0000000)" + std::to_string(10000 + i) + R"(","resource":{"resourceType":"Basic","code":{"text":"x"}}})";
  }
  EXPECT_LT(seconds(R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"CareTeam","participant":[)" + team + "]}}" + entries + "]}"), 10.0);
}

TEST(Validation, OneValidatorServesManyThreads) {
  const std::string good = patient(R"("contact":[{"name":{"family":"A"}}],"active":true)"), bad = patient(R"("contact":[{"gender":"male"}],"active":1)");
  std::vector<std::thread> threads;
  std::array<int, 4> wrong{};
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      auto a = fhirpath::parse_document(good), b = fhirpath::parse_document(bad);
      for (int i = 0; i < 500; ++i) {
        wrong[t] += Validator::r4().is_valid(*a) ? 0 : 1;
        wrong[t] += Validator::r4().validate(*b).size() == 3 ? 0 : 1;  // pat-1, type, dom-6
      }
    });
  for (auto& thread : threads) thread.join();
  for (int count : wrong) EXPECT_EQ(count, 0);
}

}  // namespace joinedup::validation
