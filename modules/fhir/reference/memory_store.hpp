// The slow, obvious twin of the store: everything in a list, every search evaluates the parameters' expressions by FHIRPath
// over every resource. It shares the reading of queries and of dates with the real store, and nothing of its index.
//
//   auto twin = make_memory_store({.new_id = ids, .clock = clock});
//   twin->search(*parse_query("Patient", "name=smith"), PermitAll());
#pragma once
#include <memory>

#include "fhir/store.hpp"

namespace joinedup::fhir {

std::unique_ptr<Store> make_memory_store(const StoreOptions& options);

}  // namespace joinedup::fhir
