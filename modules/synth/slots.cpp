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
constexpr std::string_view consultation_columns[] = {"ConsultationGuid", "PatientGuid", "OrganisationGuid", "EffectiveDate", "EnteredDate", "ConsultationType", "Deleted"};
constexpr std::string_view observation_columns[] = {"ObservationGuid", "PatientGuid", "OrganisationGuid", "EffectiveDate", "EnteredDate", "CodeId", "Value", "NumericUnit", "Deleted"};
constexpr std::string_view issue_columns[] = {"IssueRecordGuid", "PatientGuid", "OrganisationGuid", "EffectiveDate", "EnteredDate", "CodeId", "Quantity", "QuantityUnit",
                                              "CourseDurationInDays", "EstimatedNhsCost", "Deleted"};
constexpr std::string_view clinical_code_columns[] = {"CodeId", "Term", "SnomedCTConceptId", "EmisCodeCategoryDescription"};
constexpr std::string_view drug_code_columns[] = {"CodeId", "Term", "BNFChapterRef"};
constexpr std::string_view outpatient_columns[] = {
    "Generated Record ID", "Local Patient Identifier", "Org Code Local Patient Identifier", "NHS Number", "NHS Number Status Indicator", "Birth Date",
    "Gender Code", "Ethnic Category Code", "Postcode Of Usual Address", "Attended Or Did Not Attend", "First Attendance", "Outcome Of Attendance",
    "Appointment Date", "Organisation Code (Code Of Provider)", "Provider Site Code", "Main Specialty Code", "Treatment Function Code", "GP Practice Code",
    "Core HRG", "Source Of Referral For Outpatients", "ActivityDate", "Attendance Identifier"};
constexpr std::string_view ae_columns[] = {
    "Generated Record ID", "Local Patient Identifier", "Org Code Local Patient Identifier", "NHS Number", "NHS Number Status Indicator", "Birth Date",
    "Gender Code", "Ethnic Category Code", "Postcode Of Usual Address", "EM Attendance Number", "EM Mode Of Arrival", "EM Attendance Category",
    "EM Attendance Disposal", "Arrival Date", "Arrival Time", "EM Departure Time", "Organisation Code (Code Of Provider)", "Provider Site Code",
    "GP Practice Code", "Core HRG", "ICD 10 Primary Diagnosis", "EM Department Type", "ActivityDate", "Age At CDS Activity Date"};
constexpr std::string_view ecds_columns[] = {
    "EC_Ident", "Der_Pseudo_NHS_Number", "Year_of_Birth", "Month_of_Birth", "Sex", "Der_Postcode_LSOA_Code", "Index_Of_Multiple_Deprivation_Decile",
    "Local_Patient_ID", "Org_Code_Local_Patient_ID", "Provider_Code", "Site_Code_of_Treatment", "EC_Attendance_Number", "EC_Department_Type",
    "EC_AttendanceCategory", "Arrival_Date", "Arrival_Time", "EC_Arrival_Mode_SNOMED_CT", "EC_Acuity_SNOMED_CT", "EC_Chief_Complaint_SNOMED_CT",
    "EC_Discharge_Status_SNOMED_CT", "Discharge_Destination_SNOMED_CT", "GP_Practice_Code", "Ethnic_Category", "SUS_HRG_Code", "Age_At_Arrival",
    "EC_Departure_Date", "EC_Departure_Time", "Der_Financial_Year"};
constexpr std::string_view ecds_diagnosis_columns[] = {"EC_Ident", "EC_Diagnosis_01", "EC_Diagnosis_02", "EC_Diagnosis_03"};
constexpr std::string_view csds_person_columns[] = {"LocalPatientID", "OrgID_LocalPatientID", "NHSNumber", "NHSNumber_Status", "DateOfBirth", "Postcode", "Gender",
                                                    "EthnicCategory", "DateOfDeath", "UniqueID_CYP001", "OrgID_Provider", "Person_ID"};
constexpr std::string_view csds_referral_columns[] = {"ServiceRequestID", "LocalPatientID", "ReferralRequest_ReceivedDate", "SourceOfReferral", "Discharge_Date",
                                                      "UniqueID_CYP101", "OrgID_Provider", "Person_ID", "Unique_ServiceRequestID"};
constexpr std::string_view csds_contact_columns[] = {"CareContactID", "ServiceRequestID", "TeamID_Local", "Contact_Date", "CareContact_Duration", "ConsMechanism",
                                                     "Activity_LocationType", "AttendanceStatus", "UniqueID_CYP201", "OrgID_Provider", "Person_ID", "Unique_ServiceRequestID"};
constexpr std::string_view mhsds_person_columns[] = {"LocalPatientID", "OrgIDLocalPatientID", "NHSNumber", "NHSNumberStatus", "PersonBirthDate", "Postcode", "Gender",
                                                     "EthnicCategory", "PersDeathDate", "MHS001UniqID", "OrgIDProv", "Person_ID"};
constexpr std::string_view mhsds_referral_columns[] = {"ServiceRequestID", "LocalPatientID", "ReferralRequestReceivedDate", "SourceOfReferralMH", "PrimReasonReferralMH",
                                                       "ServDischDate", "MHS101UniqID", "OrgIDProv", "Person_ID", "UniqServReqID"};
constexpr std::string_view mhsds_contact_columns[] = {"CareContactID", "ServiceRequestID", "OtherCareProfTeamLocalID", "CareContDate", "ClinContDurOfCareCont", "ConsMechanismMH",
                                                      "AttendStatus", "MHS201UniqID", "OrgIDProv", "Person_ID", "UniqServReqID"};
constexpr std::string_view death_columns[] = {"death_id", "nhs_number", "date_of_birth", "sex", "family_name", "given_name", "postcode", "date_of_death", "place_of_death",
                                              "underlying_cause", "contributory_cause_1", "contributory_cause_2", "contributory_cause_3", "registered_on"};
constexpr std::string_view housing_columns[] = {"event_id", "tenant_reference", "nhs_number", "family_name", "given_name", "date_of_birth", "sex", "address_line_1", "town",
                                                "postcode", "event_type", "event_date", "end_date", "tenure", "weekly_rent_pounds", "landlord"};
constexpr std::string_view voluntary_columns[] = {"contact_id", "client_reference", "organisation", "nhs_number", "family_name", "given_name", "date_of_birth", "sex",
                                                  "address_line_1", "town", "postcode", "contact_date", "service", "contact_type", "duration_minutes"};
static_assert(std::size(consultation_columns) == gp::c_slots && std::size(observation_columns) == gp::o_slots && std::size(issue_columns) == gp::i_slots);
static_assert(std::size(clinical_code_columns) == gp::cc_slots && std::size(drug_code_columns) == gp::dc_slots && std::size(outpatient_columns) == outpatient::slots);
static_assert(std::size(ae_columns) == ae::slots && std::size(ecds_columns) == ecds::slots && std::size(ecds_diagnosis_columns) == ecds::d_slots);
static_assert(std::size(csds_person_columns) == csds::p_slots && std::size(csds_referral_columns) == csds::r_slots && std::size(csds_contact_columns) == csds::c_slots);
static_assert(std::size(mhsds_person_columns) == mhsds::p_slots && std::size(mhsds_referral_columns) == mhsds::r_slots && std::size(mhsds_contact_columns) == mhsds::c_slots);
static_assert(std::size(death_columns) == deaths::slots && std::size(housing_columns) == housing::slots && std::size(voluntary_columns) == voluntary::slots);
static_assert(std::size(patient_columns) == patient::slots && std::size(inpatient_columns) == inpatient::slots &&
              std::size(social_care_columns) == social_care::slots);

}  // namespace

std::span<const std::string_view> slots_of(Table table) {
  switch (table) {
    case t_organisation: return organisation_columns;
    case t_patient: return patient_columns;
    case t_clinical_code: return clinical_code_columns;
    case t_drug_code: return drug_code_columns;
    case t_consultation: return consultation_columns;
    case t_observation: return observation_columns;
    case t_issue: return issue_columns;
    case t_inpatient: return inpatient_columns;
    case t_outpatient: return outpatient_columns;
    case t_ae: return ae_columns;
    case t_ecds: return ecds_columns;
    case t_ecds_diagnosis: return ecds_diagnosis_columns;
    case t_csds_person: return csds_person_columns;
    case t_csds_referral: return csds_referral_columns;
    case t_csds_contact: return csds_contact_columns;
    case t_mhsds_person: return mhsds_person_columns;
    case t_mhsds_referral: return mhsds_referral_columns;
    case t_mhsds_contact: return mhsds_contact_columns;
    case t_death: return death_columns;
    case t_housing: return housing_columns;
    case t_voluntary: return voluntary_columns;
    case t_social_care: return social_care_columns;
    default: return {};
  }
}

Constants constants_of(Table table) {
  switch (table) {
    case t_inpatient:
      return {{"SUS Version", "6.2"}, {"CDS Group Derived", "010"}, {"Pseudonymised Status", "0"}, {"Test Indicator", "0"},
              {"Diagnosis Scheme In Use", "02"}, {"Procedure Scheme In Use", "02"}, {"Grouping HRG Version", "4+"}, {"Country", "ENG"}};
    case t_consultation: return {{"EffectiveDatePrecision", "YMD"}, {"Complete", "true"}, {"IsConfidential", "false"}};
    case t_observation: return {{"EffectiveDatePrecision", "YMD"}, {"IsConfidential", "false"}};
    case t_issue: return {{"EffectiveDatePrecision", "YMD"}, {"IsConfidential", "false"}};
    case t_outpatient: return {{"SUS Version", "6.2"}, {"Pseudonymised Status", "0"}, {"Test Indicator", "0"}, {"Country", "ENG"}, {"Priority Type", "1"}};
    case t_ae: return {{"SUS Version", "6.2"}, {"Pseudonymised Status", "0"}, {"Test Indicator", "0"}, {"Country", "ENG"}};
    case t_ecds: return {{"CDS_Type", "011"}, {"Country", "ENG"}, {"Der_Dupe_Flag", "0"}, {"Finished_Indicator", "1"}};
    default: return {};
  }
}

}  // namespace joinedup::synth
