// FHIRPath 2.0.0 with FHIR R4's additions: compile an expression once, evaluate it over many resources. Part of fhirpath.hpp.
//
//   auto expression = Expression::compile("Patient.name.where(use = 'official').family");
//   Context context;                                  // one a thread; clear() it between resources
//   JOINEDUP_TRY(auto names, expression->evaluate(document.root_value(), context));
//   for (const Value& name : names) use(name.to_text());
//
// Work is bounded: context.step_limit elements are visited at most, then the evaluation is an error.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fhirpath/document.hpp"

namespace joinedup::fhirpath {

enum class ValueKind : std::uint8_t {
  node,  // an element of a document
  boolean, integer, decimal, string, date, date_time, time, quantity,
  type  // what type() gives
};

struct Decimal;
struct Temporal;
struct QuantityData;

// 24 bytes, copied freely. It points into its Document or its Context.
class Value {
 public:
  Value() = default;
  static Value of(bool value);
  static Value of(std::int64_t value);
  static Value of_string(std::string_view text);  // the text must outlive the value: Context::keep
  static Value of_node(const Document* document, NodeIndex node, NodeIndex shadow, std::uint16_t type);
  static Value of_type(std::uint16_t type);

  ValueKind kind() const { return kind_; }
  bool is_node() const { return kind_ == ValueKind::node; }
  const Document* document() const { return document_; }
  NodeIndex node() const { return node_; }            // no_node where only a primitive's extension is given
  NodeIndex shadow() const { return shadow_; }        // the node of _name beside it, or no_node
  std::uint16_t type() const { return type_; }
  std::string_view type_name() const;                 // "HumanName", "string", "Integer"
  bool boolean() const { return integer_ != 0; }
  std::int64_t integer() const { return integer_; }
  std::string_view string() const { return {text_, size_}; }

  // The value as people and CSV write it: dates in ISO 8601, decimals with their digits, objects as their JSON text.
  std::string to_text() const;
  // The value as JSON.
  std::string to_json() const;

 private:
  friend struct Cell;  // the evaluator's door to the parts
  union {
    const Document* document_ = nullptr;
    const char* text_;
    const Decimal* decimal_;
    const Temporal* temporal_;
    const QuantityData* quantity_;
    std::int64_t integer_;
  };
  union {
    NodeIndex node_ = no_node;
    std::uint32_t size_;
  };
  NodeIndex shadow_ = no_node;
  std::uint16_t type_ = 0;
  ValueKind kind_ = ValueKind::node;
};

// A list of values with room for three on the spot.
class Collection {
 public:
  Collection() = default;
  Collection(std::initializer_list<Value> values) {
    for (const Value& value : values) push_back(value);
  }
  explicit Collection(const Value& value) { push_back(value); }
  Collection(Collection&& other) noexcept { take(other); }
  Collection(const Collection& other) { append(other); }
  Collection& operator=(Collection&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  Collection& operator=(const Collection& other) {
    if (this != &other) {
      clear();
      append(other);
    }
    return *this;
  }
  ~Collection() { release(); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Value* begin() const { return data_; }
  const Value* end() const { return data_ + size_; }
  Value* begin() { return data_; }
  Value* end() { return data_ + size_; }
  const Value& operator[](std::size_t i) const { return data_[i]; }
  Value& operator[](std::size_t i) { return data_[i]; }
  const Value& front() const { return data_[0]; }
  const Value& back() const { return data_[size_ - 1]; }
  void clear() { size_ = 0; }
  void push_back(const Value& value) {
    if (size_ == capacity_) grow(size_ + 1);
    data_[size_++] = value;
  }
  void append(const Collection& other) {
    for (const Value& value : other) push_back(value);
  }
  void resize_down(std::size_t size) { size_ = static_cast<std::uint32_t>(size); }

 private:
  static constexpr std::uint32_t on_the_spot = 3;
  void grow(std::size_t at_least);
  void release();
  void take(Collection& other) noexcept;
  Value* data_ = spot_;
  std::uint32_t size_ = 0, capacity_ = on_the_spot;
  Value spot_[on_the_spot];
};

// What an evaluation needs beside its input; owns the values it makes. Not safe for two threads at once.
class Context {
 public:
  Context();
  // Forgets all values made: call it once their last user is done, e.g. between resources.
  void clear();
  std::string_view keep(std::string_view text);  // a copy that lives until clear()

  void set_variable(std::string name, Collection value) { variables[std::move(name)] = std::move(value); }

  std::map<std::string, Collection, std::less<>> variables;  // %name
  std::optional<Value> resource, root_resource;              // %resource; the input where absent
  std::optional<std::int64_t> now_micros;                    // the instant of now(), UTC; the clock's where absent
  int zone_minutes = 0;                                      // the time zone of now() and today()
  std::uint64_t step_limit = 10'000'000;

  // Hooks. Without one: resolve() finds contained resources and entries of the Bundle only; memberOf is an error;
  // conformsTo knows the base definitions only.
  std::function<std::optional<Value>(std::string_view reference)> resolve;
  // What resolve() gives for Patient/1 when nobody has it: nothing, or a resource of that type with no content, so that
  // the published search parameters, which ask where(resolve() is Patient), need no fetching.
  enum class Unresolved : std::uint8_t { nothing, typed } unresolved = Unresolved::nothing;
  // as() of several values: an error, as FHIRPath says, or those of the type, as R4's invariant dom-3 assumes.
  enum class SeveralAs : std::uint8_t { error, filter } several_as = SeveralAs::error;
  std::function<std::optional<bool>(const Value&, std::string_view value_set)> member_of;
  std::function<std::optional<bool>(const Value&, std::string_view profile)> conforms_to;
  std::function<void(std::string_view name, const Collection&)> trace;

  std::uint64_t steps = 0;                 // the evaluator's count, until clear()
  std::optional<std::int64_t> clock_micros;  // what now() gave first, until clear()
  std::pmr::monotonic_buffer_resource arena;
};

struct Tree;  // the parsed expression

class Expression {
 public:
  // `variables`: the names that the context will give. A name that is neither among them nor FHIR's own is an error
  // here already.
  struct Options {
    std::vector<std::string> variables;
    bool any_variable = false;
  };
  static Result<Expression> compile(std::string_view text, const Options& options);
  static Result<Expression> compile(std::string_view text);
  // As compile, then checks names and types against R4 as seen from `type` ("Patient"): an unknown element is an error.
  // With Ordering::checked, so is first() and its kin after children(), whose order FHIRPath leaves open.
  enum class Ordering : std::uint8_t { free, checked };
  static Result<Expression> compile_for(std::string_view text, std::string_view type, Ordering ordering = Ordering::free);

  Result<Collection> evaluate(const Value& input, Context& context) const;
  // As evaluate, but the caller's collection is reused: no allocation on the common path.
  Result<void> evaluate_into(const Value& input, Context& context, Collection& out) const;
  const std::string& text() const { return text_; }

 private:
  friend class Checker;
  std::shared_ptr<const Tree> tree_;
  std::string text_;
};

// One value as a boolean: nothing for the empty collection, an error where it is no boolean.
Result<std::optional<bool>> as_boolean(const Collection& collection);

}  // namespace joinedup::fhirpath
