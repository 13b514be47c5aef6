// One pass over a resource: every element met with its rule. Inside this room only.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhirpath/expression.hpp"
#include "validation/rules.hpp"

namespace joinedup::validation {

// Where the walk is, linked up the stack: no path is written until something is wrong there.
struct Frame {
  const Frame* up = nullptr;
  std::string_view name;  // an element's; of the outermost frame the resource's type
  std::int32_t index = -1;
};
std::string path_of(const Frame* frame);
// A property's name as it may be shown: names are somebody's input too.
std::string shown_name(std::string_view name);

// The resource that the walk is in, and what it stands in.
struct Scope {
  const Scope* up = nullptr;
  NodeIndex resource = no_node;
  TypeId type = fhirpath::unknown_type;
  int contained = -1;         // its place in its container's list, or -1
  std::size_t local_from = 0; // where its container's local references begin
  const Scope* container() const { return contained >= 0 && up != nullptr ? up : this; }
};

// What outlives one walk, so that the common path allocates nothing. One a thread.
struct Scratch {
  fhirpath::Context context;
  fhirpath::Collection found;
  struct Local {  // a reference to "#…"
    std::string_view text;
    int contained;
  };
  std::vector<Local> locals;
  std::unordered_map<std::string_view, TypeId> bundled;  // fullUrl → type, of a Bundle whose references are urn:uuid:
  bool bundled_read = false;
  std::size_t profile_steps = 0;
  std::uint64_t steps = 0;  // of FHIRPath, over the whole document
  std::unordered_map<std::string_view, NodeIndex> contained;  // id → resource, of the container last asked about
  NodeIndex contained_of = no_node;
};

class Profiles;

class Walk {
 public:
  Walk(const Rules& rules, const Profiles* profiles, const Document& document, const Options& options, Scratch& scratch, std::vector<Issue>& issues)
      : rules_(rules), profiles_(profiles), model_(Model::r4()), document_(document), options_(options), scratch_(scratch), issues_(issues) {}

  void run(NodeIndex resource);
  void stop_at_first_error() { stop_at_first_ = true; }
  bool found_errors() const { return errors_ > 0; }

  // --- faults ---
  void report(Severity severity, const char* code, const Frame* at, std::string_view rule, std::string sentence);
  void error(const char* code, const Frame* at, std::string_view rule, std::string sentence) {
    report(Severity::error, code, at, rule, std::move(sentence));
  }
  bool wants(Severity severity) const {
    return severity <= Severity::error || options_.report == Options::Report::everything;
  }
  bool stopped() const { return stopped_; }

 private:
  // --- structure (walk.cpp) ---
  void resource(NodeIndex node, const Frame* at, const Scope* up, int contained);
  enum class Content : std::uint8_t { none, some };  // beside it: a plain value, which may have nothing more than an id
  void object(NodeIndex node, const TypeRule& rule, const Frame* at, const Scope& scope, Content beside = Content::none);
  void required(NodeIndex node, const TypeRule& rule, const std::uint64_t* seen, const Frame* at);
  void property(NodeIndex object, NodeIndex node, const ElementRule& element, TypeId type, const Frame* at, const Scope& scope);
  void item(NodeIndex node, NodeIndex shadow, const ElementRule& element, TypeId type, const Frame* at, const Scope& scope);
  void primitive(NodeIndex node, const TypeRule& rule, const Frame* at, const Scope& scope);
  void shadow_property(NodeIndex object, NodeIndex node, const ElementRule& element, TypeId type, const Frame* at, const Scope& scope);
  void shadow_item(NodeIndex node, const Frame* at, const Scope& scope, Content beside);
  void shape(const ElementRule& element, const Frame* at, NodeKind kind);
  void repeated(NodeIndex object, NodeIndex node, const ElementRule& element, const Frame* at);

  // --- codes and references (terms.cpp) ---
  void binding(NodeIndex node, const ElementRule& element, TypeId type, const Frame* at);
  void outside(const ElementRule& element, const Frame* at, bool no_code);
  void reference_target(NodeIndex node, const ElementRule& element, const Frame* at, const Scope& scope);
  TypeId referenced_type(NodeIndex node, const Scope& scope) const;
  NodeIndex contained_resource(std::string_view id, const Scope& scope) const;  // no_node: none has it
  TypeId bundled_type(std::string_view reference) const;
  void identifier(NodeIndex node, const Frame* at);
  void entry_address(NodeIndex node, const Frame* at);

  // --- constraints (invariants.cpp) ---
  void constraints(const std::vector<const Constraint*>& list, NodeIndex node, NodeIndex shadow, TypeId type, const Frame* at,
                   const Scope& scope);
  bool holds(const Constraint& constraint, NodeIndex node, NodeIndex shadow, TypeId type, const Scope& scope, bool& failed);
  bool native(const Constraint& constraint, NodeIndex node, const Scope& scope) const;
  bool evaluate(const Constraint& constraint, NodeIndex node, NodeIndex shadow, TypeId type, const Scope& scope, bool& failed);
  bool contained_are_referenced(NodeIndex node, const Scope& scope) const;
  bool in_order(NodeIndex period) const;
  bool has(NodeIndex object, NameId name) const {
    return document_.find(object, name) != no_node || document_.find(object, name | shadow_bit) != no_node;
  }

  // --- profiles (claims.cpp) ---
  void claimed(NodeIndex node, TypeId type, const Frame* at, const Scope& scope, bool outermost);
  void hooks();
  void known_extension(NodeIndex node, const Frame* at, const Scope& scope, bool modifier);

  friend class ProfileCheck;
  const Rules& rules_;
  const Profiles* profiles_;
  const Model& model_;
  const Document& document_;
  const Options& options_;
  Scratch& scratch_;
  std::vector<Issue>& issues_;
  std::size_t errors_ = 0, warnings_ = 0;
  bool stop_at_first_ = false, stopped_ = false, too_costly_ = false;
  int quiet_ = 0;                 // above 0: faults are counted, not told: somebody only asks whether there are any
  std::size_t quiet_errors_ = 0;
  int profile_depth_ = 0, evaluating_ = 0;
};

}  // namespace joinedup::validation
