#include "synth/slots.hpp"

#include "synth/output.hpp"

namespace joinedup::synth {
namespace {

constexpr std::string_view patient_columns[] = {
    "PatientGuid", "OrganisationGuid", "Sex", "DateOfBirth", "DateOfDeath", "Title", "GivenName", "MiddleNames", "Surname",
    "DateOfRegistration", "NhsNumber", "PatientNumber", "PatientTypeDescription", "HouseNameFlatNumber", "NumberAndStreet", "Town",
    "Postcode", "NHSNumberStatus", "DateofDeactivation", "Deleted"};
constexpr std::string_view organisation_columns[] = {"OrganisationGuid", "OrganisationName", "ODSCode", "OrganisationType"};
constexpr std::string_view inpatient_columns[] = {
    "Generated Record ID", "Local Patient Identifier", "Org Code Local Patient Identifier", "NHS Number", "NHS Number Status Indicator",
    "Birth Date", "Gender Code", "Ethnic Category Code", "Postcode Of Usual Address", "Hospital Provider Spell No", "Spell Identifier",
    "Patient Classification", "Admission Method (Hospital Provider Spell)", "Source Of Admission (Hospital Provider Spell)",
    "Discharge Method (Hospital Provider Spell)", "Discharge Destination (Hospital Provider Spell)",
    "Start Date (Hospital Provider Spell)", "End Date (Hospital Provider Spell)", "Hospital Provider Spell Discharge Date",
    "Episode Number", "Last Episode In Spell Indicator", "Episode Start Date", "Episode End Date",
    "Organisation Code (Code Of Provider)", "Provider Site Code", "Organisation Code (Code Of Commissioner)", "Main Specialty Code",
    "Treatment Function Code", "GP Practice Code", "Spell Core HRG", "Core HRG (Calculated)", "Primary Diagnosis Code",
    "Secondary Diagnosis Code 1", "Secondary Diagnosis Code 2", "Secondary Diagnosis Code 3", "Secondary Diagnosis Code 4",
    "Secondary Diagnosis Code 5", "Secondary Diagnosis Code 6", "Secondary Diagnosis Code 7", "Secondary Diagnosis Code 8",
    "Secondary Diagnosis Code 9", "Critical Care Level2 Days", "Critical Care Level3 Days", "Delayed Discharged Days",
    "Length Of Stay (Hospital Provider Spell)", "Age At Start Of Spell", "ActivityDate", "NHS Number (Mother)", "Birth Date (Mother)",
    "NHS Number (Baby)", "Date Of Birth (Baby)", "Live Or Still Birth"};
constexpr std::string_view social_care_columns[] = {
    "LA Code", "Reporting Period Start Date", "Reporting Period End Date", "NHS Number", "LA Person Unique Identifier", "First Name",
    "Last Name", "GP Practice Code", "Gender", "Ethnicity", "Date of Birth", "Date of Death", "Client Type", "Primary Support Reason",
    "Postcode", "Accommodation Status", "Has Unpaid Carer", "Event Type", "Event Reference", "Event Start Date", "Event End Date",
    "Event Outcome", "Request: Route of Access", "Assessment Type", "Service Type", "Service Component", "Delivery Mechanism", "Unit Cost",
    "Cost Frequency (Unit Type)", "Planned units per week", "Review Reason", "Client Funding Status"};
static_assert(std::size(patient_columns) == patient::slots && std::size(inpatient_columns) == inpatient::slots &&
              std::size(social_care_columns) == social_care::slots);

}  // namespace

std::span<const std::string_view> slots_of(Table table) {
  switch (table) {
    case t_organisation: return organisation_columns;
    case t_patient: return patient_columns;
    case t_inpatient: return inpatient_columns;
    case t_social_care: return social_care_columns;
    default: return {};
  }
}

Constants constants_of(Table table) {
  switch (table) {
    case t_inpatient:
      return {{"SUS Version", "6.2"}, {"CDS Group Derived", "010"}, {"Pseudonymised Status", "0"}, {"Test Indicator", "0"},
              {"Diagnosis Scheme In Use", "02"}, {"Procedure Scheme In Use", "02"}, {"Grouping HRG Version", "4+"}, {"Country", "ENG"}};
    default: return {};
  }
}

}  // namespace joinedup::synth
