// compiler: conditions → truths over features of a compiled model. All trees are announced before the first is compiled.
#pragma once
#include <memory>

#include "linkage/compiled.hpp"

namespace joinedup::linkage {

class Compiler;
class ConditionCompiler {
 public:
  ConditionCompiler(CompiledModel& out, const Records& records, unsigned threads);
  ~ConditionCompiler();
  void announce(const NodePtr& tree);
  Result<Truth> compile(const NodePtr& tree);

 private:
  std::unique_ptr<Compiler> own_;
};

}  // namespace joinedup::linkage
