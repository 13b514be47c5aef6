#include "engine/dialect.hpp"

#include <gtest/gtest.h>

namespace joinedup::engine {

TEST(Dialect, OneStepTwoEngines) {
  constexpr auto step = "SELECT {{half_up(price * {{days_between(a; b)}}; 7)}} FROM t";
  EXPECT_EQ(render_sql(step, Dialect::duckdb),
            "SELECT ((2 * (price * date_diff('day', a, b)) + (7)) // (2 * (7))) FROM t");
  EXPECT_EQ(render_sql(step, Dialect::spark), "SELECT ((2 * (price * datediff(b, a)) + (7)) div (2 * (7))) FROM t");
}

}  // namespace joinedup::engine
