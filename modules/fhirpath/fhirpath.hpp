// FHIR resources as data: a compact JSON document, FHIRPath (R4) over it, SQL on FHIR views, and a reader of files.
//
//   auto document = parse_document(R"({"resourceType":"Patient","id":"a","name":[{"given":["Ann"]}]})");
//   auto given = Expression::compile("name.given.first()");
//   Context context;
//   auto found = given->evaluate(document->root_value(), context);   // Result<Collection>
//   found->front().to_text() == "Ann";
//
// Compile once, evaluate many times: an Expression is immutable and may be shared by threads; a Context and a
// Document belong to one thread. A Value points into its Document and its Context: neither may go before it.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "fhirpath/document.hpp"
#include "fhirpath/expression.hpp"
#include "fhirpath/feed.hpp"
#include "fhirpath/view.hpp"
