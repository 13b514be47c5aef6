#include "synth/marginals.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/text.hpp"
#include "synth/tables.hpp"

namespace joinedup::synth {

void tally_person(Writer&, const Person&, const Care&) {}
Result<void> write_marginals(const World&, const Tally&, const std::string& path) { return write_file(path, "measure,group,published,generated\n"); }

}  // namespace joinedup::synth
