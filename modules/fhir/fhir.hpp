// The shared record: FHIR R4 resources kept, versioned and searched. The only header of this room that others include.
//
//   auto store = open_store({.path = "place/shared-record.sqlite"});
//   auto made = (*store)->write({{.kind = Write::Kind::create, .type = "Patient", .body = R"({"resourceType":"Patient"})"}});
//   auto query = parse_query("Patient", "family=smith&birthdate=1970-01-02");
//   auto page = (*store)->search(*query, PermitAll());
//   for (const auto& entry : page->entries) use(entry.version.body);
#pragma once
#include "fhir/definitions.hpp"
#include "fhir/people.hpp"
#include "fhir/permit.hpp"
#include "fhir/query.hpp"
#include "fhir/store.hpp"
