// What is written must meet the profiles that it claims, where a place has a folder of them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.hpp"
#include "fhir/fhir.hpp"
#include "rest/rest.hpp"
#include "validation/validation.hpp"

namespace joinedup::rest {

TEST(RestProfiles, AWriteMustMeetTheProfileItClaims) {
  const auto folder = (std::filesystem::temp_directory_path() / ("joinedup_profiles_" + std::to_string(::getpid()))).string();
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(write_file(folder + "/born.json",
                         R"({"resourceType":"StructureDefinition","url":"urn:example:born","name":"Born","status":"active","kind":"resource","abstract":false,"type":"Patient",
"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint",
"differential":{"element":[{"id":"Patient","path":"Patient"},{"id":"Patient.birthDate","path":"Patient.birthDate","min":1}]}})"));
  const auto validator = validation::Validator::with_profiles(folder);
  ASSERT_TRUE(validator) << validator.error().text();
  ASSERT_EQ(validator->profiles().size(), 1u);
  auto opened = fhir::open_store({.path = folder + "/record.sqlite"});
  ASSERT_TRUE(opened) << opened.error().text();
  const auto& store = *opened;
  const Api with(*store, {.base_url = "http://test/fhir", .validation = Validation::reject, .validator = &*validator});
  const Api without(*store, {.base_url = "http://test/fhir", .validation = Validation::reject});
  const fhir::PermitAll permit;
  const auto create = [&](const Api& api, const std::string& rest) {
    return api.handle({.method = "POST", .path = "/Patient", .query = {}, .headers = {{"Content-Type", "application/fhir+json"}}, .body = R"({"resourceType":"Patient")" + rest + "}", .permit = &permit}).status;
  };
  const std::string claims = R"(,"meta":{"profile":["urn:example:born"]})";
  EXPECT_EQ(create(with, claims), 422);
  EXPECT_EQ(create(with, claims + R"(,"birthDate":"1950-01-02")"), 201);
  EXPECT_EQ(create(with, ""), 201) << "it claims nothing";
  EXPECT_EQ(create(without, claims), 201) << "a profile that nobody has here";
  std::filesystem::remove_all(folder);
}

}  // namespace joinedup::rest
