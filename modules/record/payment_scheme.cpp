#include "record/price_list.hpp"
#include "base/file.hpp"
namespace joinedup::record {
Result<PriceList> import_payment_scheme_csv(const std::string& path) {
  JOINEDUP_TRY(const auto text, read_file(path));
  return parse_payment_scheme_csv(text, path);
}
Result<PriceList> parse_payment_scheme_csv(std::string_view, const std::string& file) {
  return fail(ErrorCode::unsupported, "not yet", file);
}
}
