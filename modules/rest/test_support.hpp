// A store in a folder of its own, and an Api over it. For tests of this room only.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "fhir/fhir.hpp"
#include "rest/json_tree.hpp"
#include "rest/rest.hpp"

namespace joinedup::rest {

inline std::string shared_data(const std::string& below) {
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  return (given != nullptr ? std::string(given) : std::string(JOINEDUP_SOURCE_DIR "/../shared/data")) + "/" + below;
}

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static int count = 0;
    folder_ = std::filesystem::temp_directory_path() / ("joinedup-rest-" + std::to_string(getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(folder_);
    auto opened = fhir::open_store({.path = (folder_ / "record.sqlite").string(), .base_url = base, .clock = {}, .new_id = {}});
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
    api_ = std::make_unique<Api>(*store_, options());
  }
  void TearDown() override {
    api_.reset();
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  virtual ApiOptions options() const {
    ApiOptions out;
    out.base_url = base;
    out.export_folder = (folder_ / "exports").string();
    return out;
  }

  // "GET /Patient?name=smith" with headers "Name: value".
  Response send(std::string_view line, const std::string& body = {}, const std::vector<Header>& headers = {}) const {
    Request request;
    const auto space = line.find(' ');
    request.method = line.substr(0, space);
    std::string_view address = line.substr(space + 1);
    const auto mark = address.find('?');
    request.path = address.substr(0, mark);
    if (mark != address.npos) request.query = address.substr(mark + 1);
    request.body = body;
    request.headers = headers;
    request.permit = permit_;
    request.principal = principal_;
    return api_->handle(request);
  }
  static Json json(const Response& response) {
    auto read = Json::parse(response.body);
    EXPECT_TRUE(read) << response.status << " " << response.body;
    return read ? *read : Json::object();
  }
  // The text at a path of names and numbers: "entry/0/resource/id".
  static std::string at(const Json& json, std::string_view path) {
    const Json* here = &json;
    while (!path.empty() && here != nullptr) {
      const auto slash = path.find('/');
      const std::string name(path.substr(0, slash));
      path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
      if (here->is_list()) {
        const auto place = static_cast<std::size_t>(std::stoi(name));
        here = place < here->items.size() ? &here->items[place] : nullptr;
      } else here = here->find(name);
    }
    if (here == nullptr) return "(none)";
    return here->kind == fhirpath::NodeKind::string ? here->string() : here->text();
  }
  static std::string at(const Response& response, std::string_view path) { return at(json(response), path); }
  static std::size_t entries(const Response& response) {
    const Json bundle = json(response);
    const Json* list = bundle.find("entry");
    return list == nullptr ? 0 : list->items.size();
  }

  static constexpr const char* base = "http://here/fhir";
  std::filesystem::path folder_;
  std::unique_ptr<fhir::DurableStore> store_;
  std::unique_ptr<Api> api_;
  fhir::PermitAll everything_;
  const fhir::Permit* permit_ = &everything_;
  std::string principal_;
};

}  // namespace joinedup::rest
