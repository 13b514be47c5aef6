// The evaluator's door to a Value's parts, and text helpers shared in this room. Inside this room only.
#pragma once
#include "fhirpath/decimal.hpp"
#include "fhirpath/expression.hpp"
#include "fhirpath/model.hpp"
#include "fhirpath/quantity.hpp"
#include "fhirpath/temporal.hpp"

namespace joinedup::fhirpath {

void append_utf8(std::string& out, unsigned code);

struct Cell {
  static const Decimal& decimal(const Value& v) { return *v.decimal_; }
  static const Temporal& temporal(const Value& v) { return *v.temporal_; }
  static const QuantityData& quantity(const Value& v) { return *v.quantity_; }
  static Value of(const Decimal* d) {
    Value v;
    v.kind_ = ValueKind::decimal;
    v.type_ = system_type::decimal;
    v.decimal_ = d;
    return v;
  }
  static Value of(const Temporal* t, ValueKind kind) {
    Value v;
    v.kind_ = kind;
    v.type_ = kind == ValueKind::date ? system_type::date : kind == ValueKind::time ? system_type::time : system_type::date_time;
    v.temporal_ = t;
    return v;
  }
  static Value of(const QuantityData* q) {
    Value v;
    v.kind_ = ValueKind::quantity;
    v.type_ = system_type::quantity;
    v.quantity_ = q;
    return v;
  }
};

}  // namespace joinedup::fhirpath
