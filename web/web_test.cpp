#include "web/web.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/text.hpp"
#include "web_embedded.hpp"

namespace joinedup::web {
namespace {

rest::Request asked(std::string path, std::string encoding = {}) {
  rest::Request out;
  out.method = "GET", out.path = std::move(path);
  if (!encoding.empty()) out.headers.push_back({"Accept-Encoding", std::move(encoding)});
  return out;
}

std::string_view embedded(std::string_view name) {
  for (const auto& file : embedded_web())
    if (file.name == name) return file.text;
  return {};
}

bool has_pages() { return !embedded("dist/index.html").empty(); }

// What the shell names: every src="…" and href="…" of ours.
std::set<std::string> named_by_the_shell() {
  std::set<std::string> out;
  const std::string html(embedded("dist/index.html"));
  for (const std::string mark : {"src=\"", "href=\""})
    for (auto at = html.find(mark); at != html.npos; at = html.find(mark, at + 1)) {
      const auto begin = at + mark.size();
      out.insert(html.substr(begin, html.find('"', begin) - begin));
    }
  return out;
}

TEST(Web, TheShellStandsAtThePagesAddressesAndNowhereElse) {
  for (const auto* path : {"/my-day", "/cases", "/cases/find", "/person/12", "/person/12/plan", "/meeting/3", "/meeting", "/referrals", "/team", "/me", "/me/messages", "/guardian", "/guardian/record/7", "/office"}) {
    const auto found = page(asked(path));
    ASSERT_TRUE(found) << path;
    EXPECT_EQ(found->status, has_pages() ? 200 : 503) << path;
  }
  for (const auto* path : {"/", "", "/my-day/x", "/cases/else", "/person", "/person/", "/menu", "/teams", "/index.html", "/assets", "/assets/none.js", "/fhir/Patient", "/login", "/assets/../web.hpp"})
    EXPECT_FALSE(page(asked(path))) << path;
}

TEST(Web, NothingIsTakenButGet) {
  auto request = asked("/my-day");
  request.method = "POST";
  EXPECT_EQ(page(request)->status, 405);
}

TEST(Web, ABuildWithoutPagesSaysSo) {
  if (has_pages()) GTEST_SKIP() << "This build has its pages";
  EXPECT_NE(page(asked("/my-day"))->body.find("./run build"), std::string::npos);
}

TEST(Web, NothingInlineRunsAndThePolicyForbidsIt) {
  if (!has_pages()) GTEST_SKIP() << "web/dist was not built; ./run build makes it";
  const auto shell = page(asked("/my-day"));
  const std::string policy(shell->header("Content-Security-Policy"));
  EXPECT_NE(policy.find("default-src 'none'"), policy.npos);
  EXPECT_NE(policy.find("script-src 'self'"), policy.npos);
  EXPECT_EQ(policy.find("unsafe"), policy.npos);
  EXPECT_EQ(shell->header("Cache-Control"), "no-cache");
  for (auto at = shell->body.find("<script"); at != std::string::npos; at = shell->body.find("<script", at + 1)) {
    const auto end = shell->body.find('>', at);
    EXPECT_NE(shell->body.substr(at, end - at).find("src="), std::string::npos) << "a script without src is inline";
    EXPECT_EQ(shell->body.substr(end + 1, 9), "</script>");
  }
  EXPECT_EQ(shell->body.find("style="), std::string::npos);
  EXPECT_EQ(shell->body.find("<style"), std::string::npos);
  for (const auto& file : embedded_web()) {
    EXPECT_EQ(file.text.find("Frutiger"), std::string_view::npos) << file.name << ": the typeface needs permission";
    EXPECT_EQ(file.text.find("assets.nhs.uk"), std::string_view::npos) << file.name << ": nothing is fetched from elsewhere";
  }
}

TEST(Web, PiecesAreForEverAndComePacked) {
  if (!has_pages()) GTEST_SKIP() << "web/dist was not built; ./run build makes it";
  const auto names = named_by_the_shell();
  std::string script;
  for (const auto& name : names)
    if (name.starts_with("/assets/") && name.ends_with(".js")) script = name;
  ASSERT_FALSE(script.empty());
  EXPECT_TRUE(names.contains("/begin.js"));
  EXPECT_EQ(page(asked("/begin.js"))->header("Cache-Control"), "no-cache") << "its name holds no hash";
  const auto plain = page(asked(script)), gzip = page(asked(script, "gzip, deflate")), brotli = page(asked(script, "gzip, deflate, br")), refused = page(asked(script, "br;q=0, gzip;q=0"));
  EXPECT_EQ(plain->header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(plain->header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(plain->header("Content-Encoding"), "");
  EXPECT_EQ(refused->body, plain->body);
  EXPECT_EQ(gzip->header("Content-Encoding"), "gzip");
  EXPECT_EQ(gzip->body.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(brotli->header("Content-Encoding"), "br");
  EXPECT_LT(brotli->body.size(), gzip->body.size());
  EXPECT_LT(gzip->body.size(), plain->body.size());
}

// The bar: what a browser fetches before the first page stands is under 300 KB, packed. Counted: the shell, all that it names, and the
// largest page's own piece, which comes after.
TEST(Web, TheFirstLoadIsUnder300Kilobytes) {
  if (!has_pages()) GTEST_SKIP() << "web/dist was not built; ./run build makes it";
  std::size_t bytes = page(asked("/my-day", "gzip"))->body.size(), largest = 0;
  const auto names = named_by_the_shell();
  for (const auto& name : names) {
    const auto piece = page(asked(name, "gzip"));
    ASSERT_TRUE(piece) << name;
    bytes += piece->body.size();
  }
  for (const auto& file : embedded_web()) {
    const std::string_view name = file.name;
    if (name.ends_with(".js.gz") && !names.contains(std::string(name.substr(4, name.size() - 7)))) largest = std::max(largest, file.text.size());
  }
  RecordProperty("first_load_bytes", std::to_string(bytes + largest));
  EXPECT_LT(bytes + largest, 300'000u);
  EXPECT_GT(bytes, 10'000u) << "this did not count the pages";
}

}  // namespace
}  // namespace joinedup::web
