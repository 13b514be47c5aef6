// The functions of FHIRPath: names, how many arguments. Inside this room only.
#pragma once
#include <cstdint>
#include <string_view>

namespace joinedup::fhirpath {

#define JOINEDUP_FHIRPATH_FUNCTIONS(F)                                                                              \
  F(empty, 0, 0) F(exists, 0, 1) F(all, 1, 1) F(allTrue, 0, 0) F(anyTrue, 0, 0) F(allFalse, 0, 0) F(anyFalse, 0, 0)   \
  F(subsetOf, 1, 1) F(supersetOf, 1, 1) F(count, 0, 0) F(distinct, 0, 0) F(isDistinct, 0, 0) F(where, 1, 1)          \
  F(select, 1, 1) F(repeat, 1, 1) F(ofType, 1, 1) F(single, 0, 0) F(first, 0, 0) F(last, 0, 0) F(tail, 0, 0)         \
  F(skip, 1, 1) F(take, 1, 1) F(intersect, 1, 1) F(exclude, 1, 1) F(union_, 1, 1) F(combine, 1, 1) F(iif, 2, 3)      \
  F(toBoolean, 0, 0) F(convertsToBoolean, 0, 0) F(toInteger, 0, 0) F(convertsToInteger, 0, 0) F(toDate, 0, 0)        \
  F(convertsToDate, 0, 0) F(toDateTime, 0, 0) F(convertsToDateTime, 0, 0) F(toDecimal, 0, 0)                         \
  F(convertsToDecimal, 0, 0) F(toQuantity, 0, 1) F(convertsToQuantity, 0, 1) F(toString, 0, 0)                       \
  F(convertsToString, 0, 0) F(toTime, 0, 0) F(convertsToTime, 0, 0) F(indexOf, 1, 1) F(lastIndexOf, 1, 1)            \
  F(substring, 1, 2) F(startsWith, 1, 1) F(endsWith, 1, 1) F(contains, 1, 1) F(upper, 0, 0) F(lower, 0, 0)           \
  F(replace, 2, 2) F(matches, 1, 2) F(matchesFull, 1, 2) F(replaceMatches, 2, 3) F(length, 0, 0) F(toChars, 0, 0)    \
  F(encode, 1, 1) F(decode, 1, 1) F(escape, 1, 1) F(unescape, 1, 1) F(trim, 0, 0) F(split, 1, 1) F(join, 0, 1)       \
  F(abs, 0, 0) F(ceiling, 0, 0) F(exp, 0, 0) F(floor, 0, 0) F(ln, 0, 0) F(log, 1, 1) F(power, 1, 1) F(round, 0, 1)   \
  F(sqrt, 0, 0) F(truncate, 0, 0) F(children, 0, 0) F(descendants, 0, 0) F(trace, 1, 2) F(now, 0, 0)                 \
  F(timeOfDay, 0, 0) F(today, 0, 0) F(not_, 0, 0) F(is, 1, 1) F(as, 1, 1) F(aggregate, 1, 2) F(type, 0, 0)           \
  F(extension, 1, 1) F(hasValue, 0, 0) F(getValue, 0, 0) F(resolve, 0, 0) F(conformsTo, 1, 1) F(memberOf, 1, 1)      \
  F(htmlChecks, 0, 0) F(elementDefinition, 0, 0) F(slice, 2, 2) F(checkModifiers, 0, 9) F(getResourceKey, 0, 0)      \
  F(getReferenceKey, 0, 1) F(lowBoundary, 0, 1) F(highBoundary, 0, 1) F(precision, 0, 0) F(comparable, 1, 1)         \
  F(sort, 0, 9) F(sum, 0, 0) F(min, 0, 0) F(max, 0, 0) F(avg, 0, 0)

enum class FunctionId : std::uint8_t {
  none,
#define JOINEDUP_F(name, least, most) name,
  JOINEDUP_FHIRPATH_FUNCTIONS(JOINEDUP_F)
#undef JOINEDUP_F
};

struct FunctionInfo {
  FunctionId id = FunctionId::none;
  std::string_view name;
  int least = 0, most = 0;
};

const FunctionInfo* find_function(std::string_view name);
inline bool takes_type(FunctionId id) {
  return id == FunctionId::is || id == FunctionId::as || id == FunctionId::ofType || id == FunctionId::getReferenceKey;
}

}  // namespace joinedup::fhirpath
